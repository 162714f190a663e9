"""Where a spike that came back began."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import Log, RawSeries, Verdict
from losslens.runs import build
from losslens.verdict import judge
from losslens.verdict.back import back_at


def test_a_spike_begins_where_it_shot_up_not_at_the_bump_before_it() -> None:
    rng = np.random.default_rng(0)
    y = (0.2 + 1.5 * np.exp(-np.arange(120) / 15.0)) * np.exp(0.01 * rng.standard_normal(120))
    y[80:86] *= 1.3
    y[86:96] *= 60.0
    n = np.arange(120)
    log = Log("log.csv", "csv", {"loss": RawSeries("loss", 10 * n, y, np.full(120, np.nan), n)})
    said = judge(build([log], name="run")[0])
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert said.onset is not None
    assert (said.onset.low, said.onset.step) == (850, 860)


def test_a_factor_of_two_is_no_spike_in_a_loss_that_fell_by_a_thousand() -> None:
    rng = np.random.default_rng(1)
    n = np.arange(400)
    for peak, verdict in ((2.5, Verdict.HEALTHY), (40.0, Verdict.SPIKE_RECOVERED)):
        y = (1e-3 + 0.9 * np.exp(-n / 20)) * np.exp(0.03 * rng.standard_normal(400))
        y[300:304] *= peak
        log = Log("log.csv", "csv", {"loss": RawSeries("loss", n, y, np.full(400, np.nan), n)})
        assert judge(build([log], name="run")[0]).verdict is verdict


def test_a_player_that_leaps_again_and_again_does_so_by_its_nature() -> None:
    rng = np.random.default_rng(2)
    n = np.arange(2000)
    series = {}
    for tag in ("d_loss", "g_loss"):
        y = 0.7 * np.exp(0.02 * rng.standard_normal(2000))
        y[rng.integers(200, 2000, 40)] *= 3.0
        series[tag] = RawSeries(tag, n, y, np.full(2000, np.nan), n)
    assert judge(build([Log("log.csv", "csv", series)], name="run")[0]).verdict is Verdict.HEALTHY


def of(y: np.ndarray) -> Log:
    n = np.arange(y.size)
    return Log("log.csv", "csv", {"loss": RawSeries("loss", n, y, np.full(y.size, np.nan), n)})


def test_of_spikes_as_high_as_each_other_the_first_is_where_it_began() -> None:
    rng = np.random.default_rng(3)
    y = (0.2 + 1.5 * np.exp(-np.arange(400) / 40.0)) * np.exp(0.01 * rng.standard_normal(400))
    y[[200, 260, 320, 360]] = [50.0, 52.0, 51.0, 53.0]
    said = judge(build([of(y)], name="run")[0])
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert said.onset is not None
    assert said.onset.step == 200


def test_a_height_that_a_loss_reaches_all_the_time_later_on_was_no_spike() -> None:
    rng = np.random.default_rng(4)
    y = 0.01 * 5.0 ** np.minimum(np.arange(140) / 25.0, 4.0) * np.exp(0.9 * rng.standard_normal(140))
    y[2] = 5.0
    assert judge(build([of(y)], name="run")[0]).verdict is not Verdict.SPIKE_RECOVERED


def test_a_spike_stays_one_where_the_loss_is_thrown_out_once_more_after_a_calm() -> None:
    rng = np.random.default_rng(5)
    y = (0.2 + 1.5 * np.exp(-np.arange(400) / 40.0)) * np.exp(0.01 * rng.standard_normal(400))
    y[200:210] *= 10.0
    y[330:380] *= 90.0
    said = judge(build([of(y)], name="run")[0])
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert said.reason.endswith("; one of several such spikes")


def test_what_the_weights_did_after_one_bad_batch_is_no_second_spike() -> None:
    rng = np.random.default_rng(7)
    y = (0.02 + 1.5 * np.exp(-np.arange(1200) / 60.0)) * np.exp(0.05 * rng.standard_normal(1200))
    y[700] *= 1e8
    y[702:800] += 2.0 * np.exp(-np.arange(98) / 20.0)
    said = judge(build([of(y)], name="run")[0])
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert "such spikes" not in said.reason
    assert "at step 700" in said.reason
    assert "fell back at the next point, but was out again from step 702" in said.reason


def test_a_spike_a_thousandth_as_high_is_not_another_such_one() -> None:
    rng = np.random.default_rng(8)
    y = (0.5 + 1.5 * np.exp(-np.arange(800) / 40.0)) * np.exp(0.05 * rng.standard_normal(800))
    y[400:404] *= 50_000.0
    y[600:604] *= 30.0
    said = judge(build([of(y)], name="run")[0])
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert "such spikes" not in said.reason


@pytest.mark.parametrize("after", [2, 5, 12])
def test_a_spike_that_is_not_surely_back_when_the_log_ends_is_told(after: int) -> None:
    rng = np.random.default_rng(4)
    loss = (0.06 + 0.5 * np.exp(-np.arange(530) / 60.0)) * np.exp(0.18 * rng.standard_normal(530))
    loss[520:] *= 1.0 + 170.0 * np.exp(-np.arange(10) / 1.5)
    loss = loss[: 520 + after]
    n = np.arange(loss.size)
    log = Log("log.csv", "csv", {"loss": RawSeries("loss", n, loss, np.full(loss.size, np.nan), n)})
    said = judge(build([log], name="run")[0])
    assert said.verdict is not Verdict.HEALTHY
    assert said.onset is not None
    assert abs(said.onset.index - 520) <= 1


def test_spikes_that_recur_began_with_the_first_of_them() -> None:
    rng = np.random.default_rng(4)
    y = (0.3 + 2.0 * np.exp(-np.arange(600) / 40.0)) * np.exp(0.05 * rng.standard_normal(600))
    y[120::60] *= 20.0
    y[420] *= 1.4
    said = judge(build([of(y)], name="run")[0])
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert said.onset is not None
    assert said.onset.step == 120
    assert "such spikes" in said.reason


def test_spikes_of_another_order_are_not_of_a_kind_with_the_largest() -> None:
    y = 1e-3 * np.exp(0.1 * np.random.default_rng(2).standard_normal(400))
    y[[40, 90, 150, 210]], y[300] = 30.0, 2_000.0
    found = judge(build([of(y)], name="run")[0])
    assert found.verdict is Verdict.SPIKE_RECOVERED
    assert found.onset is not None
    assert found.onset.index == 300


def test_a_spike_is_back_where_two_points_of_the_loss_are_in_its_band() -> None:
    rng = np.random.default_rng(6)
    y = 0.5 * np.exp(0.01 * rng.standard_normal(400))
    y[200:230] += np.geomspace(300.0, 0.2, 30)
    y[230:240] = [0.61, 0.5, 0.6, 0.58, 0.56, 0.57, 0.5, 0.49, 0.5, 0.5]
    assert "and came back by step 236" in judge(build([of(y)], name="run")[0]).reason


@pytest.mark.parametrize("points", [30, 100])
def test_a_wide_spike_in_much_noise_is_told_with_its_highest_point_and_back_where_its_level_is(points: int) -> None:
    rng = np.random.default_rng(1)
    y = (0.2 + 2.0 * np.exp(-np.arange(900) / 60)) * np.exp(0.6 * rng.standard_normal(900))
    y[600 : 600 + points] *= 3.0
    y[600] *= 6.0
    reason = judge(build([of(y)], name="run")[0]).reason
    assert "left 0.1751 at step 600, rose to 3.086 and lay at 0." in reason
    back = int(reason.rsplit(" ", 1)[1])
    assert abs(back - 600 - points) <= 5


def test_a_spike_on_a_bump_is_told_where_it_came_with_the_height_it_had() -> None:
    rng = np.random.default_rng(3)
    y = 4.0 * np.exp(0.1 * rng.standard_normal(240))
    y[43:50] = [5.0, 5.4, 5.8, 6.1, 6.0, 6.1, 5.9]
    y[50] = 60.0
    found = judge(build([of(y)], name="run")[0])
    assert found.onset is not None
    assert found.onset.step == 50
    assert "for 60 at step 50" in found.reason


def test_nothing_is_back_that_was_never_out_or_never_came_in() -> None:
    assert back_at(np.array([0.4, 0.5, 0.4]), 0.5, 0.01) is None
    assert back_at(np.array([5.0, 4.0, 3.0, 2.0]), 0.5, 0.01) is None
    assert back_at(np.array([5.0, 0.5, 4.0, 0.5, 0.5]), 0.5, 0.01) == 3
    assert back_at(np.array([-5.0, 5.0, -5.0, -5.1]), -5.0, 0.1) == 2
    assert back_at(np.array([5.0, 4.0, 0.5]), 0.5, 0.0) == 2
