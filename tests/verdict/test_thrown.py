"""A training loss thrown up at one point that learns its way back: what it and its validation are called."""

from __future__ import annotations

import numpy as np

from losslens.model import Log, RawSeries, Verdict
from losslens.runs import build
from losslens.verdict import judge


def series(tag: str, step: np.ndarray, y: np.ndarray) -> RawSeries:
    return RawSeries(tag, step, y, np.full(y.size, np.nan), np.arange(y.size))


def course(n: int, at: int, height: float, back: float, seed: int) -> np.ndarray:
    i = np.arange(n)
    thrown = np.where(i >= at, height * np.exp(-(i - at) / back), 0.0)
    return (0.5 + 0.25 * np.exp(-i / 15.0) + thrown) * np.exp(0.06 * np.random.default_rng(seed).standard_normal(n))


def test_a_jump_at_once_that_heals_over_many_points_is_told_though_the_noise_is_wide() -> None:
    y = course(160, 100, 0.28, 10.0, 0)
    said = judge(build([Log("log.csv", "csv", {"loss": series("loss", 3 * np.arange(160), y)})], name="run")[0])
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert said.onset is not None
    assert said.onset.step == 300


def test_the_same_loss_without_the_jump_is_healthy() -> None:
    y = course(160, 100, 0.0, 10.0, 0)
    said = judge(build([Log("log.csv", "csv", {"loss": series("loss", 3 * np.arange(160), y)})], name="run")[0])
    assert said.verdict is Verdict.HEALTHY


def test_validation_that_jumped_where_training_did_is_no_overfitting() -> None:
    y = course(160, 102, 0.28, 10.0, 1)
    v = 0.55 + 0.2 * np.exp(-np.arange(16) / 2.0)
    v[4:] = 0.55 + 0.002 * np.arange(12)
    v[10:] += 0.25
    log = {
        "train_loss": series("train_loss", np.arange(160), y),
        "val_loss": series("val_loss", 10 * np.arange(16) + 9, v),
    }
    said = judge(build([Log("log.csv", "csv", log)], name="run")[0])
    assert said.loss == "train_loss"
    assert said.verdict is Verdict.SPIKE_RECOVERED


def test_validation_that_turned_long_before_a_jump_of_training_is_overfitting() -> None:
    y = course(160, 102, 0.28, 10.0, 1)
    v = 0.55 + 0.2 * np.exp(-np.arange(16) / 2.0) + 0.03 * np.maximum(np.arange(16) - 4, 0)
    log = {
        "train_loss": series("train_loss", np.arange(160), y),
        "val_loss": series("val_loss", 10 * np.arange(16) + 9, v),
    }
    said = judge(build([Log("log.csv", "csv", log)], name="run")[0])
    assert said.loss == "val_loss"
    assert said.verdict is Verdict.OVERFIT
