"""The training loss where a validation loss leads."""

from __future__ import annotations

import numpy as np

from losslens.causes.facts.beside import BEFORE, _rises
from losslens.model import Role, Verdict
from tests.causes import make_runs as m


def led_by_validation(train: m.Values, at: int = 200) -> m.Made:
    val = m.learning(400)
    val[at:] *= 4.0
    return m.made(
        val,
        Verdict.VAL_DIVERGED,
        at,
        others={("train/loss", Role.TRAIN_LOSS): train},
        tag="val/loss",
        role=Role.VAL_LOSS,
    )


def relearned(at: int = 200) -> m.Values:
    train = m.learning(400)
    train[at:] *= 1.0 + 3.0 * np.exp(-np.arange(400 - at) / 25.0)
    return train


def test_a_step_of_training_at_the_onset_is_found_with_its_place_and_its_way_back() -> None:
    beside = led_by_validation(relearned()).facts().beside
    assert beside is not None
    assert beside.step is not None
    assert abs(beside.step - 20_000) <= 200
    assert beside.rise is not None
    assert beside.rise > 3.0
    assert beside.novelty is not None
    assert beside.novelty > 5.0
    assert beside.regained is not None
    assert beside.regained > 0.8


def test_noise_of_training_at_the_onset_is_nothing_new() -> None:
    for seed in range(20):
        beside = led_by_validation(m.noisy(m.learning(400), 0.3, seed)).facts().beside
        assert beside is not None
        assert beside.novelty is not None
        assert beside.novelty < 1.6


def test_a_saw_tooth_at_epoch_ends_is_nothing_new() -> None:
    train = m.learning(400) * (1.0 + 0.4 * (np.arange(400) % 20 < 2))
    beside = led_by_validation(train).facts().beside
    assert beside is not None
    assert beside.novelty is not None
    assert beside.novelty < 1.2


def test_training_that_was_not_logged_after_the_onset_is_not_known() -> None:
    facts = led_by_validation(m.learning(400), at=399).facts()
    assert facts.beside is not None
    assert facts.beside.points_after == 1
    assert "only-validation" not in m.names(facts, "train-eval-mismatch", +1)


def test_where_training_leads_there_is_none() -> None:
    assert m.made(m.exploding(), Verdict.EXPLODED, 320).facts().beside is None


def test_rises_are_medians_after_over_medians_before() -> None:
    y = np.r_[np.zeros(BEFORE), np.ones(6)]
    assert _rises(y)[BEFORE] == 1.0
    assert np.isnan(_rises(np.zeros(4))).all()


def test_a_wide_onset_is_not_compared_with_the_few_points_before_it() -> None:
    val = m.learning(400)
    val[60:] *= np.linspace(1.0, 1.8, 340)
    for seed in range(10):
        train = m.noisy(m.learning(400, floor=0.2), 0.3, seed)
        made = m.made(
            val,
            Verdict.OVERFIT,
            60,
            others={("train/loss", Role.TRAIN_LOSS): train},
            tag="val/loss",
            role=Role.VAL_LOSS,
            uncertain=300,
        )
        beside = made.facts().beside
        assert beside is not None
        assert beside.novelty is None or beside.novelty < 1.8
