"""A loss that learns its first course once more, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes.signs.restarts import retraces
from losslens.model import Verdict
from tests.causes import make_runs as m

CAUSE = "bad-resume"


def learned(points: int, *, start: float = 2.3, end: float = 0.1, tau: float = 20.0, seed: int = 0) -> m.Values:
    """An exponential learning curve with 3 % noise."""
    course = end + (start - end) * np.exp(-np.arange(points) / tau)
    return course * (1 + 0.03 * m.rng(seed).standard_normal(points))


def made(again: m.Values, at: int = 200, **first: float) -> m.Made:
    return m.made(np.concatenate([learned(at, **first), again]), Verdict.SPIKE_RECOVERED, at)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
def test_weights_that_were_not_loaded_learn_the_first_course_again(seed: int) -> None:
    run = made(learned(120, seed=seed + 1))
    assert retraces(run.facts()) > 0.8
    assert "retraced-its-start" in m.names(run, CAUSE, +1)
    assert "not-restarted" not in m.names(run, CAUSE, -1)
    assert m.place(run, CAUSE) == 0


@pytest.mark.parametrize(
    "again",
    [
        learned(120, start=0.9),  # a warm restart of the rate loses part of what was learned
        learned(120, tau=5.0),  # harmed weights are mended sooner
        learned(120, start=5.0),  # another task begins above a uniform guess
        learned(120, start=2.3, tau=90.0),  # harder data
        np.full(120, 2.3),  # nothing is learned again
    ],
    ids=["warm restart", "faster", "another task", "slower", "dead"],
)
def test_another_level_or_another_speed_is_no_second_beginning(again: m.Values) -> None:
    assert retraces(made(again).facts()) < 0.2


def test_a_third_of_a_first_level_decades_above_the_rest_is_not_that_level() -> None:
    first = 0.15 + 8.4 * np.exp(-np.arange(80) / 1.5) + 0.3 * np.exp(-np.arange(80) / 8.0)
    again = 0.15 + (first[:40] - 0.15) * 0.2
    run = m.made(np.concatenate([first, again]), Verdict.SPIKE_RECOVERED, 80)
    assert retraces(run.facts()) < 0.2


def test_two_drops_within_a_point_say_nothing_of_a_course() -> None:
    run = made(learned(120, tau=0.3), tau=0.3)
    assert run.facts().retrace is None


def test_a_few_points_after_the_onset_say_nothing() -> None:
    assert made(learned(4)).facts().retrace is None


def test_a_run_that_never_fell_has_no_course_to_come_again() -> None:
    run = m.made(m.noisy(np.full(300, 2.3)), Verdict.SPIKE_RECOVERED, 200)
    assert run.facts().retrace is None
