"""One event, two witnesses: the sharper of training and validation says when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from losslens.model import Judgement, Log, RawSeries, Verdict
from losslens.runs import build
from losslens.verdict import judge

EVERY_VAL = 10
EVERY_TRAIN = 40
N = 4000


def judged(train: NDArray[np.float64], val: NDArray[np.float64]) -> Judgement:
    """The judgement on a run that logs a noisy training loss every 40 steps and validation every 10."""
    series = {}
    for tag, y, every in (("loss", train, EVERY_TRAIN), ("val_loss", val, EVERY_VAL)):
        step = np.arange(0, N, every)
        series[tag] = RawSeries(tag, step, y[step], np.full(step.size, np.nan), np.arange(step.size))
    return judge(build([Log("log.csv", "csv", series)], name="run")[0])


def growing(since: int, tau: float, width: float, seed: int) -> NDArray[np.float64]:
    """A fall to 0.5, then growth by a factor of e every ``tau`` steps."""
    t = np.arange(N)
    clean = (0.5 + 2.0 * np.exp(-t / 300.0)) * np.exp(np.maximum(t - since, 0) / tau)
    return clean * np.exp(width * np.random.default_rng(seed).standard_normal(N))


def test_slow_growth_in_a_noisy_training_loss_is_dated_by_its_validation() -> None:
    alone, both = [], []
    for seed in range(6):
        train = growing(2400, 500.0, 0.35, seed)
        calm = judged(train, growing(N, 1.0, 0.003, seed + 50)).onset
        said = judged(train, growing(2400, 500.0, 0.003, seed + 50))
        assert calm is not None
        assert said.onset is not None
        assert said.loss == "loss"
        assert said.onset.low <= said.onset.step <= said.onset.high
        alone.append(abs(calm.step - 2400))
        both.append(abs(said.onset.step - 2400))
    assert np.median(alone) > 100
    assert max(both) <= 30


def test_the_reason_says_which_loss_dated_it() -> None:
    said = judged(growing(2400, 500.0, 0.35, 0), growing(2400, 500.0, 0.003, 50))
    assert said.onset is not None
    assert said.onset.series == "val_loss"
    assert "dated by val_loss" in said.reason
    assert said.point_of_no_return is not None
    assert said.point_of_no_return >= said.onset.step - EVERY_TRAIN


def test_validation_that_rose_long_before_dates_no_explosion_of_training() -> None:
    train = growing(3600, 40.0, 0.05, 1)
    said = judged(train, growing(1000, 1500.0, 0.003, 2))
    assert said.onset is not None
    assert said.onset.series == "loss"
    assert abs(said.onset.step - 3600) <= 2 * EVERY_TRAIN


def test_a_validation_loss_logged_seldom_is_dated_by_the_jump_of_training_within_its_gap() -> None:
    rng = np.random.default_rng(3)
    step, seldom = np.arange(0, 4000, 10), np.arange(0, 4000, 400)
    fall = 0.3 + 2.0 * np.exp(-step / 400.0)
    train = fall * np.exp(0.05 * rng.standard_normal(step.size))
    train *= np.where(step >= 2210, np.exp(2.0 * np.exp(-np.maximum(step - 2210, 0) / 100.0)), 1.0)
    val = np.where(seldom > 2210, 15.0, 0.4 + 2.0 * np.exp(-seldom / 400.0))
    series = {
        tag: RawSeries(tag, s, y, np.full(s.size, np.nan), np.arange(s.size))
        for tag, s, y in (("loss", step, train), ("val_loss", seldom, val))
    }
    said = judge(build([Log("log.csv", "csv", series)], name="run")[0])
    assert said.loss == "val_loss"
    assert said.onset is not None
    assert abs(said.onset.step - 2210) <= 10
    assert said.onset.low <= 2210 <= said.onset.high == 2400


def test_validation_thrown_out_with_training_is_no_overfitting() -> None:
    n = np.arange(24)
    train, val = 2.2 * np.exp(-n / 4.0), 0.35 + 1.7 * np.exp(-n / 3.0)
    train[12:] += 4.0 * np.exp(-(n[12:] - 12) / 3.0)
    val[12:] += 1.0 - 0.8 * np.exp(-(n[12:] - 12) / 3.0)
    series = {
        tag: RawSeries(tag, n, y, np.full(24, np.nan), n, "epoch") for tag, y in (("loss", train), ("val_loss", val))
    }
    said = judge(build([Log("log.csv", "csv", series)], name="run")[0])
    assert said.loss == "loss"
    assert said.onset is not None
    assert said.onset.step == 12


def test_a_spike_of_training_after_most_of_the_rise_of_validation_does_not_date_it() -> None:
    rng = np.random.default_rng(4)
    n = np.arange(60)
    train = (0.05 + np.exp(-n / 8.0)) * np.exp(0.05 * rng.standard_normal(60))
    train[36:40] = 3.0, 1.0, 0.5, 0.2
    val = 1.3 * np.exp(5.0 * (1.0 - np.exp(-n / 6.0))) * np.exp(0.7 * rng.standard_normal(60))
    val[36:40] = 2.5, 4.0, 9.0, 30.0
    series = {
        tag: RawSeries(tag, n, y, np.full(60, np.nan), n, "epoch") for tag, y in (("loss", train), ("val_loss", val))
    }
    said = judge(build([Log("log.csv", "csv", series)], name="run")[0])
    assert said.verdict is Verdict.VAL_DIVERGED
    assert said.loss == "val_loss"
    assert said.onset is not None
    assert said.onset.series == "val_loss"
    assert said.onset.step < 30
