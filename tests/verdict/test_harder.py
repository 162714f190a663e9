"""Training losses that rise by plan, beside a validation loss that gets better."""

from __future__ import annotations

import numpy as np

from losslens.model import Verdict
from tests.verdict.judging import said

N = np.arange(300)


def noisy(course: np.ndarray, seed: int = 0, width: float = 0.02) -> np.ndarray:
    return np.asarray(course * np.exp(width * np.random.default_rng(seed).standard_normal(course.size)))


RISING = noisy(3e-4 + 0.027 * N / 300)
"""Ever harder data."""
BETTER = noisy(0.012 + 0.022 * np.exp(-N / 60), 1, 0.005)


def test_a_loss_that_rises_by_and_by_while_validation_gets_better_to_the_end_is_no_failure() -> None:
    assert said(train_loss=RISING).verdict is Verdict.EXPLODED
    told = said(train_loss=RISING, val_loss=BETTER)
    assert told.verdict is Verdict.HEALTHY
    assert told.loss == "train_loss"
    assert "val_loss fell from" in told.reason


def test_validation_that_stands_still_or_rises_in_the_end_excuses_nothing() -> None:
    assert said(train_loss=RISING, val_loss=noisy(np.full(300, 0.02), 1)).verdict is Verdict.EXPLODED
    turned = BETTER * (1.0 + np.clip(N - 200, 0, None) / 50)
    assert said(train_loss=RISING, val_loss=turned).verdict is not Verdict.HEALTHY


def test_validation_that_was_better_only_before_the_rise_excuses_nothing() -> None:
    late = noisy(0.1 + 2.0 * np.exp(-N / 20))
    late[200:] *= np.exp((N[200:] - 200) / 15)
    best = noisy(0.1 + 2.0 * np.exp(-N / 20), 1)
    assert said(train_loss=late, val_loss=best).verdict is Verdict.EXPLODED


def test_a_jump_of_the_training_loss_is_not_excused() -> None:
    jumped = noisy(0.1 + 2.0 * np.exp(-N / 20))
    jumped[60:] += 30.0
    assert said(train_loss=jumped, val_loss=BETTER).verdict.blew_up


def test_in_a_game_of_two_nets_no_validation_speaks_for_the_other_player() -> None:
    other = noisy(np.full(300, 0.7), 3)
    told = said(g_loss=RISING, d_loss=other, val_loss=BETTER)
    assert told.verdict is said(g_loss=RISING, d_loss=other).verdict
