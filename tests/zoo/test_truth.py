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
    truth = judge_val(v, ("healthy",), True)
    assert truth.words[0] == "overfit"
    assert truth.onset is not None
    assert 15 <= truth.onset <= 35
