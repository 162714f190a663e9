"""The truth of simple curves is what anyone would say of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.zoo.truth import Floats, Truth, judge_train, judge_val

N = 600


def healthy(seed: int, noise: float = 0.03) -> Floats:
    t = np.arange(N)
    rng = np.random.default_rng(seed)
    return np.asarray((0.1 + np.exp(-t / 80)) * np.exp(noise * rng.normal(size=N)))


def judged(y: Floats, *, start: int = 0, is_healthy: bool = False) -> Truth:
    return judge_train(y, healthy(0), healthy(1), start, healthy=is_healthy, wander=False, planned=False)


def test_a_run_like_its_twin_is_healthy() -> None:
    assert judged(healthy(0)).words[0] == "healthy"
    assert judged(healthy(2), is_healthy=True).words[0] == "healthy"


@pytest.mark.parametrize("at", [200, 400, 550])
def test_exponential_growth_explodes_and_starts_where_the_twin_was_left(at: int) -> None:
    y = healthy(0)
    y[at:] *= np.exp(np.arange(N - at) / 10)
    truth = judged(y, start=at)
    assert truth.words[0] == "exploded"
    assert truth.onset is not None
    assert 0 <= truth.onset - at <= 4


def test_a_step_up_that_stays_is_a_shift_and_one_point_is_a_recovered_spike() -> None:
    up = healthy(0)
    up[300:] *= 2.5
    assert "shifted" in judged(up, start=300).words
    spike = healthy(0)
    spike[300] *= 20
    truth = judged(spike, start=300)
    assert truth.words[0] == "spike-recovered"
    assert truth.onset == 300


def test_nan_at_the_end_is_nan_from_its_first_point() -> None:
    y = healthy(0)
    y[420:] = np.nan
    truth = judged(y, start=420)
    assert truth.words[0] == "nan"
    assert truth.onset == 420


def test_an_onset_is_never_before_the_fault() -> None:
    y = healthy(0)
    y[300:] = np.nan
    assert judged(y, start=310).onset == 310


def test_a_flat_loss_is_a_plateau() -> None:
    y = 2.3 * np.exp(0.01 * np.random.default_rng(3).normal(size=N))
    assert judged(y).words[0] == "plateau"


def test_validation_that_leaves_its_minimum_is_overfit() -> None:
    t = np.arange(60)
    v = 1 + np.exp(-t / 6) + np.where(t > 25, 0.02 * (t - 25), 0)
    truth = judge_val(v)
    assert truth.words[0] == "overfit"
    assert truth.onset is not None
    assert 15 <= truth.onset <= 35


def test_validation_that_had_turned_before_the_fault_begins_where_it_parted_from_its_twin() -> None:
    t = np.arange(60)
    twin = 1 + np.exp(-t / 6) + np.where(t > 25, 0.02 * (t - 25), 0)
    v = twin + np.where(t >= 40, 0.1 * (t - 39), 0)
    truth = judge_val(v, twin, 40)
    assert truth.words[0] in ("overfit", "val-diverged")
    assert truth.onset is not None
    assert 40 <= truth.onset <= 42
    assert not truth.as_twin


def test_validation_that_turned_as_its_twin_did_is_not_blamed_on_the_fault() -> None:
    t = np.arange(60)
    twin = 1 + np.exp(-t / 6) + np.where(t > 25, 0.02 * (t - 25), 0)
    assert judge_val(twin + 0.002 * np.sin(t), twin, 40).as_twin


def test_a_wild_end_does_not_date_a_validation_loss_late() -> None:
    t = np.arange(400)
    v = 0.05 + np.exp(-t / 10) + 0.03 * np.exp(np.maximum(t - 60, 0) / 30)
    v[200:] *= np.exp(np.random.default_rng(0).normal(size=200))
    truth = judge_val(v)
    assert truth.onset is not None
    assert truth.onset <= 110


def test_a_wild_end_does_not_date_a_training_loss_late() -> None:
    y = healthy(0)
    y[300:] *= 30
    y[400:560] *= np.exp(27 * np.random.default_rng(1).random(160) ** 2)
    y[560:] *= 1e12
    truth = judged(y, start=300)
    assert truth.onset is not None
    assert abs(truth.onset - 300) <= 3


def test_a_loss_that_ran_away_downward_into_nan_begins_where_it_lost_its_floor() -> None:
    y = healthy(0)
    y[300:] -= 0.01 * np.exp(np.minimum(np.arange(N - 300) / 12, 50))
    y[420:] = np.nan
    truth = judged(y, start=300)
    assert truth.words[0] == "nan"
    assert truth.onset is not None
    assert 300 <= truth.onset <= 350


def test_a_game_explodes_when_it_leaves_all_that_its_twin_did_and_not_when_it_settles_a_little_above() -> None:
    t = np.arange(N)
    rng = np.random.default_rng(5)
    twin, other, run = (1 + 2 * (1 - np.exp(-t / 100)) + 0.05 * rng.normal(size=N) for _ in range(3))

    def word(y: Floats) -> tuple[str, ...]:
        return judge_train(y, twin, other, 0, healthy=False, wander=True).words

    assert "healthy" in word(run + np.where(t > 200, 0.9, 0.0))
    assert word(run + np.where(t > 200, 8.0, 0.0)) == ("exploded",)


def test_a_run_as_noisy_as_its_highest_point_may_be_healthy() -> None:
    y = healthy(0) * np.exp(0.8 * np.random.default_rng(2).normal(size=N) * (np.arange(N) > 50))
    truth = judged(y, start=50)
    assert truth.words[0] not in ("nan", "exploded")
    assert "healthy" in truth.words
