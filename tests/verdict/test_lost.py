"""Losses that were lost at once, right after a spike, for few noisy points, or below zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from losslens.model import Judgement, Log, RawSeries, Setting, Verdict
from losslens.runs import build
from losslens.verdict import judge


def judged(settings: tuple[Setting, ...] = (), **values: NDArray[np.float64]) -> Judgement:
    """The judgement on a run of these series, a point every ten steps."""
    series = {}
    for tag, y in values.items():
        n = np.arange(y.size)
        series[tag] = RawSeries(tag, 10 * n, y, np.full(y.size, np.nan), n)
    return judge(build([Log("log.csv", "csv", series, settings)], name="run")[0])


def test_a_spike_does_not_hide_that_all_was_lost_after_it() -> None:
    noise = np.random.default_rng(2).standard_normal(150)
    y = (0.25 + 1.2 * np.exp(-np.arange(150) / 40.0)) * np.exp(0.25 * noise)
    y[135:] = 1.4 * np.exp(0.02 * noise[135:])
    y[[135, 137, 139]] = 2000.0, 300.0, 40.0
    said = judged(loss=y)
    assert said.verdict.blew_up
    assert said.onset is not None
    assert abs(said.onset.step - 1350) <= 20


def test_a_loss_that_falls_below_zero_late_has_lost_its_floor() -> None:
    noise = np.random.default_rng(3).standard_normal(120)
    t = np.arange(120)
    late = 0.7 + 0.8 * np.exp(-t / 30.0) - 0.06 * np.maximum(t - 60, 0) + 0.02 * noise
    said = judged(loss=late)
    assert said.verdict is Verdict.EXPLODED
    assert said.onset is not None
    assert 500 <= said.onset.step <= 800
    density = -2.4 + 4.0 * np.exp(-t / 15.0) + 0.02 * noise
    assert judged(loss=density).verdict is Verdict.HEALTHY
