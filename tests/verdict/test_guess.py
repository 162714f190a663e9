"""Runs whose loss fell from a huge first value to a guess, or did not fall at all, have not learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from losslens.model import Verdict
from tests.verdict.judging import said

if TYPE_CHECKING:
    from losslens.model import FloatArray


def guessed(points: int, seed: int = 0, share: float = 0.1) -> FloatArray:
    """An accuracy of one in ten, counted in 360 samples."""
    return np.random.default_rng(seed).binomial(360, share, points) / 360.0


@pytest.mark.parametrize("seed", range(4))
def test_an_accuracy_that_hops_about_one_in_ten_outvotes_the_fall_from_the_first_value(seed: int) -> None:
    loss = 2.35 + 0.1 * np.abs(np.random.default_rng(seed).standard_normal(48))
    loss[0] = 27.7
    found = said(train_loss=loss, val_accuracy=guessed(12, seed))
    assert found.verdict is Verdict.PLATEAU
    assert "that of a guess" in found.reason


def test_a_running_mean_that_still_falls_from_a_huge_first_value_is_told_by_validation() -> None:
    n = np.arange(15)
    val = 2.6 + 0.15 * np.sin(3.0 * n)
    found = said(train_loss=322_172.0 * 0.6**n + 2.5, valid_loss=val, accuracy=guessed(15))
    assert found.verdict is Verdict.PLATEAU


def test_an_accuracy_that_is_the_same_at_every_evaluation_is_one_answer_to_everything() -> None:
    n = np.arange(40)
    loss = np.where(n == 0, 3297.0, 0.921 + 0.001 * np.cos(n))
    val = 1.3 + 1.2 * (1.0 - np.exp(-n / 3.0))
    found = said(loss=loss, val_loss=val, accuracy=np.where(n == 0, 0.4507, 0.5), val_accuracy=np.zeros(40))
    assert found.verdict is Verdict.PLATEAU
    assert "one answer" in found.reason


def test_a_net_that_learned_is_not_told_by_an_accuracy_that_rose() -> None:
    n = np.arange(60)
    rising = 0.1 + 0.15 * (1.0 - np.exp(-n / 20.0))
    assert said(train_loss=2.3 - 0.004 * n, val_accuracy=rising).verdict is Verdict.HEALTHY


def test_an_accuracy_that_rose_at_once_to_one_in_two_of_many_classes_is_no_guess() -> None:
    n = np.arange(200)
    loss = 0.72 + 1.0 * np.exp(-n / 8.0) + 0.01 * np.cos(n)
    accuracy = 0.5 + 0.02 * np.sin(n)
    accuracy[:10] = np.linspace(0.15, 0.5, 10)
    assert said(loss=loss, val_accuracy=accuracy[::4]).verdict is Verdict.HEALTHY


@pytest.mark.parametrize("end", [2.30, 2.45])
def test_a_loss_that_ends_no_lower_than_it_began_is_not_healthy(end: float) -> None:
    n = np.arange(120)
    loss = np.interp(n, [0, 30, 60, 119], [2.29, 2.17, end, end]) + 0.004 * np.cos(5.0 * n)
    assert said(loss=loss).verdict is not Verdict.HEALTHY


def test_in_wide_noise_the_ends_of_a_loss_say_little() -> None:
    rng = np.random.default_rng(2)
    loss = 4.0 * np.exp(0.6 * rng.standard_normal(500))
    loss[:5] = 3.9
    assert said(loss=loss).verdict is Verdict.HEALTHY


def test_a_loss_that_comes_down_a_little_from_beyond_reason_has_not_arrived() -> None:
    n = np.arange(30)
    loss = 1.9e31 * np.exp(-0.08 * n)
    loss[0] = 1.7e35
    assert said(loss=loss).verdict is Verdict.EXPLODED
    assert said(loss=loss / 1e29).verdict is Verdict.HEALTHY


def test_a_net_that_learned_for_three_epochs_and_died_did_not_guess_throughout() -> None:
    rng = np.random.default_rng(4)
    loss = np.r_[1.79, 1.48, 1.08, 1.55, 1.80, 1.793 + 0.002 * rng.standard_normal(21)]
    accuracy = np.r_[0.18, 0.41, 0.56, 0.43, 0.18, 0.165 + 0.004 * rng.standard_normal(21)]
    held_out = np.r_[0.23, 0.57, 0.47, 0.15, 0.14, 0.16 + 0.02 * rng.standard_normal(21)]
    found = said(loss=loss, acc=accuracy, val_acc=held_out)
    assert found.verdict is not Verdict.PLATEAU
    assert "throughout" not in found.reason


def still(level: float, first: float, n: int, width: float, seed: int) -> np.ndarray:
    """A loss that is huge at first and next to still from its third point on."""
    y = level * np.exp(width * np.random.default_rng(seed).standard_normal(n))
    y[:2] = first, 3.0 * level
    return y


def test_train_and_validation_that_stand_still_at_one_level_after_a_huge_first_loss_learned_nothing() -> None:
    judged = said(loss=still(0.67, 27.0, 20, 1e-3, 0), val_loss=still(0.66, 3.0, 20, 3e-4, 1))
    assert judged.verdict is Verdict.PLATEAU
    assert "one answer to everything" in judged.reason


@pytest.mark.parametrize(
    ("loss", "val_loss"),
    [
        (still(0.67, 27.0, 20, 1e-3, 0), still(0.9, 3.0, 20, 3e-4, 1)),  # at another level: it has learned something
        (still(0.67, 27.0, 20, 1e-3, 0), still(0.66, 3.0, 20, 3e-2, 1)),  # still moving
        (still(0.67, 2.0, 20, 1e-3, 0), still(0.66, 1.0, 20, 3e-4, 1)),  # nothing huge at first
        (np.geomspace(27.0, 0.6, 20), still(0.66, 3.0, 20, 3e-4, 1)),  # still falling
    ],
)
def test_a_loss_that_stands_still_otherwise_is_healthy(loss: np.ndarray, val_loss: np.ndarray) -> None:
    assert said(loss=loss, val_loss=val_loss).verdict is not Verdict.PLATEAU


def test_a_loss_far_below_what_one_answer_has_did_learn_whatever_the_accuracy_says() -> None:
    n = np.arange(40)
    settled = np.where(n < 8, 0.78 * 0.7**n + 0.05, 0.05 + 0.001 * np.cos(n))
    assert said(train_loss=settled, val_accuracy=np.full(40, 0.4)).verdict is not Verdict.PLATEAU


def test_an_accuracy_that_was_never_counted_does_not_speak_against_a_loss_that_fell() -> None:
    n = np.arange(40)
    fallen = 1.1 + 1.9 * np.exp(-n / 12.0) + 0.01 * np.random.default_rng(3).standard_normal(40)
    assert said(train_loss=fallen, val_accuracy=np.zeros(40)).verdict is Verdict.HEALTHY
    one = 0.92 + 3_000.0 * (n == 0) + 0.001 * np.random.default_rng(3).standard_normal(40)
    assert said(train_loss=one, val_accuracy=np.zeros(40)).verdict is Verdict.PLATEAU


def test_a_convex_loss_that_comes_down_by_and_by_has_learned_though_validation_ends_beside_it() -> None:
    course = 0.0877 + 0.825 * 0.1 ** np.arange(25)
    steady = 1e-5 * np.random.default_rng(5).standard_normal(25)
    assert said(train_loss=course + steady, val_loss=0.95 * (course + steady)).verdict is Verdict.HEALTHY
    course[1:] = 0.0877
    assert said(train_loss=course + steady, val_loss=0.95 * (course + steady)).verdict is Verdict.PLATEAU


def test_the_accuracy_of_a_regression_is_no_answer_to_everything() -> None:
    regression = said(loss=0.02 + 0.001 * np.sin(np.arange(12.0)) - 0.0004 * np.arange(12), acc=np.full(12, 0.0056))
    assert "one answer" not in regression.reason


def test_an_accuracy_of_nothing_beside_an_error_of_numbers_is_no_answer() -> None:
    loss = np.array([0.0127, 0.0121, 0.0117, 0.0109, 0.0118, 0.0112, 0.0105, 0.0109, 0.0103, 0.0099, 0.0092])
    val = 0.0082 + 0.0003 * np.cos(np.arange(11))
    assert said(train_loss=loss, val_loss=val, accuracy=np.zeros(11)).verdict is Verdict.HEALTHY
    judged = said(train_loss=150.0 * loss, val_loss=150.0 * val, accuracy=np.zeros(11))
    assert judged.verdict is Verdict.PLATEAU


def test_an_accuracy_that_crept_up_from_a_guess_is_told_with_both_ends() -> None:
    n = np.arange(33)
    loss = 0.69 + 0.04 * np.exp(-n / 2.0)
    found = said(loss=loss, val_loss=0.6931 - 0.0003 * n, accuracy=0.505 + 0.001 * n + 0.003 * np.cos(3.0 * n))
    assert found.verdict is Verdict.PLATEAU
    assert "accuracy went from 0.5" in found.reason
    assert "throughout" not in found.reason
