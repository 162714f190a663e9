"""Logs that end soon after the loss left its course: people look when it happens."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from losslens.detector import apart, examine
from losslens.model import Log, RawSeries, Verdict
from losslens.runs import build
from losslens.verdict import judge

Values = NDArray[np.float64]


def falling(points: int, width: float, seed: int, decades: float = 1.0) -> Values:
    """A loss that falls by so many decades under noise of this width (log)."""
    rng = np.random.default_rng(seed)
    fall = np.log(10.0) * decades * (np.exp(-np.arange(points) / (points / 4)) - 1.0)
    return np.asarray(np.exp(fall + width * rng.standard_normal(points)))


def verdict_on(value: Values) -> Verdict:
    row = np.arange(value.size)
    raw = RawSeries("loss", row, value, np.full(value.size, np.nan), row)
    return judge(build([Log("log.csv", "csv", {"loss": raw}, ())], name="run")[0]).verdict


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("last", [5, 7, 11, 16])
def test_last_points_above_all_that_were_before_are_a_rise_though_noise_is_as_wide(seed: int, last: int) -> None:
    loss = falling(400, 0.7, seed)
    loss[-last:] *= 300.0
    found = examine(np.arange(400), loss)
    assert found.departure is not None
    assert 400 - last - 2 <= found.departure.onset <= 400 - last + 1
    assert verdict_on(loss) is Verdict.EXPLODED


@pytest.mark.parametrize("seed", range(20))
def test_neither_noise_nor_a_level_that_wanders_stands_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wandering = np.zeros(500)
    for i in range(1, 500):
        wandering[i] = 0.97 * wandering[i - 1] + 0.2 * rng.standard_normal()
    assert apart.begun(wandering) is None
    assert apart.begun(rng.standard_normal(500)) is None
    assert apart.begun(rng.standard_t(2.0, 500)) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_step_into_wild_noise_is_not_hidden_by_that_noise(seed: int) -> None:
    loss = falling(180, 0.25, seed)
    after = np.random.default_rng(50 + seed).standard_normal(67)
    loss[-67:] *= 3.5 * np.exp(0.55 * after)
    assert verdict_on(loss) is not Verdict.HEALTHY


def test_a_climb_to_ten_times_the_best_matters_after_a_fall_by_four_decades() -> None:
    loss = 40.0 * falling(120, 0.3, 3, decades=4.1)
    loss[-10:] = loss[60:110].mean() * np.geomspace(1.5, 19.0, 10)
    assert verdict_on(loss) is Verdict.EXPLODED
    small = loss.copy()
    small[-10:] = loss[60:110].mean() * 2.0
    assert verdict_on(small) is not Verdict.EXPLODED


@pytest.mark.parametrize("last", [2, 3, 4])
def test_two_points_far_above_all_before_them_are_a_rise(last: int) -> None:
    loss = falling(140, 0.2, 7)
    loss[-last:] *= 8.0
    assert verdict_on(loss).blew_up
    calm = falling(140, 0.2, 7)
    calm[-last:] *= 1.5
    assert verdict_on(calm) is Verdict.HEALTHY


@pytest.mark.parametrize("seed", range(4))
def test_single_points_that_strayed_before_hide_no_rise_of_the_last(seed: int) -> None:
    loss = falling(380, 0.3, seed)
    loss[-7:] *= 5.0
    loss[[-31, -52]] *= 12.0
    assert verdict_on(loss) not in (Verdict.HEALTHY, Verdict.SPIKE_RECOVERED)


@pytest.mark.parametrize("dead", [25, 60, 90])
def test_a_loss_that_died_far_above_its_wild_course_is_lost_however_long_ago(dead: int) -> None:
    rng = np.random.default_rng(1)
    wild = np.exp(-4.0 + 1.5 * rng.standard_normal(90))
    wild[:15] = np.linspace(1.2, 0.05, 15)
    level = 1.1 * np.exp(0.01 * rng.standard_normal(dead))
    assert verdict_on(np.concatenate([wild, [9.0, 2.0], level])).blew_up
    assert verdict_on(wild) is not Verdict.EXPLODED


@pytest.mark.parametrize("points", [3000, 20_000])
@pytest.mark.parametrize("last", [10, 40, 160])
def test_in_a_long_noisy_log_a_rise_of_the_last_points_is_seen_and_dated_in_points(points: int, last: int) -> None:
    loss = falling(points, 0.3, 2, decades=1.3)
    assert verdict_on(loss) is Verdict.HEALTHY
    loss[-last:] *= 10.0
    found = examine(np.arange(points), loss).departure
    assert found is not None
    assert abs(found.onset - (points - last)) <= 3
    assert verdict_on(loss) is not Verdict.HEALTHY
