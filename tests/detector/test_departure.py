"""The coarse search for a rise at the end, on series whose medians are counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.detector.departure import end_width, find_rise, first_crossing, last_crossing, left_first, rise_at
from losslens.detector.grid import reduce
from losslens.detector.rise import Rise

pytestmark = pytest.mark.filterwarnings("error")


def series(*values: float) -> np.ndarray:
    return np.array(values)


@pytest.mark.parametrize(("points", "width"), [(1, 1), (2, 2), (3, 3), (60, 3), (100, 5), (1000, 50)])
def test_the_end_is_a_twentieth_of_the_points_and_at_least_three(points: int, width: int) -> None:
    assert end_width(points) == width


def test_a_rise_is_the_last_window_against_the_best_one_before_it() -> None:
    # Medians of three: 1 1 1 4 4; the last window begins at point 4, so that the best is among the first two.
    assert rise_at(series(5, 1, 1, 1, 4, 4, 4), 3) == Rise(best=2, base=1.0, top=4.0, width=3, habit=0.0)


def test_a_rise_that_came_back_before_is_what_the_next_must_exceed() -> None:
    # The level went up by 4 and back before its best point, once: 0.8 of that is habit.
    found = rise_at(series(1, 5, 0, 0, 0, 3), 1)
    assert found is not None
    assert found.size == 3.0
    assert found.habit >= 0.8 * 4.0


@pytest.mark.parametrize("width", [1, 3])
def test_a_constant_and_a_fall_have_no_rise(width: int) -> None:
    assert rise_at(np.full(20, 2.0), width) is None
    assert rise_at(np.arange(20.0)[::-1], width) is None
    assert rise_at(series(1, 1, 2), width, least=1.0) is None  # a rise of 1 is not above 1


def test_too_few_points_for_two_windows_have_no_rise() -> None:
    assert rise_at(series(3), 1) is None
    assert rise_at(series(1, 2, 9), 3) is None


def test_the_last_crossing_is_where_the_last_stretch_above_begins() -> None:
    assert last_crossing(series(0, 0, 5, 0, 5, 5), 1.0, 1) == 4
    assert last_crossing(series(5, 5), 1.0, 1) == 0
    assert last_crossing(series(5, 1), 1.0, 1) == 2  # the level itself is not above it
    assert last_crossing(np.repeat([0.0, 5.0], 5), 1.0, 3) == 5  # the lag of the median is taken off
    assert last_crossing(series(7), 1.0, 3) == 0


def test_the_first_crossing_is_sought_from_a_point_on() -> None:
    assert first_crossing(series(0, 5, 0, 5), 1.0, 1, 0) == 1
    assert first_crossing(series(0, 5, 0, 5), 1.0, 1, 2) == 3
    assert first_crossing(series(0, 1, 1, 1), 1.0, 1, 0) == 4
    assert first_crossing(np.repeat([0.0, 5.0], 5), 1.0, 3, 0) == 5
    assert first_crossing(series(7), 9.0, 3, 0) == 1


@pytest.mark.parametrize("urgent", [False, True])
@pytest.mark.parametrize("z", [series(2), np.full(3, 2.0), np.full(200, 2.0)], ids=["one", "three", "constant"])
def test_nothing_is_found_in_one_point_or_a_constant(z: np.ndarray, urgent: bool) -> None:
    assert find_rise(reduce(z, 0, z.size, 1024), 0.01, urgent=urgent) is None


def test_the_rise_of_a_step_is_its_height_however_high_the_series_stands() -> None:
    z = np.repeat([0.0, 2.0], [80, 20])
    for level in (0.0, -7.0):
        found = find_rise(reduce(z + level, 0, 100, 1024), 0.01, urgent=False)
        assert found is not None
        assert (found.base, found.top, found.width) == (level, level + 2.0, 5)
        assert found.best < 80


def test_a_last_point_alone_counts_from_twelve_widths_on_and_before_a_nan_from_eight() -> None:
    def found(height: float, urgent: bool) -> bool:
        z = np.append(np.zeros(99), height)
        return find_rise(reduce(z, 0, 100, 1024), 0.1, urgent=urgent) is not None

    assert [found(height, False) for height in (1.1, 1.3)] == [False, True]
    assert [found(height, True) for height in (0.7, 0.9)] == [False, True]


def test_a_series_that_never_came_near_its_first_point_again_left_it_at_once() -> None:
    z = np.append(0.0, np.full(99, 2.0))
    assert left_first(z, 0.01) == Rise(0, 0.0, 2.0, 1, 0.0)
    assert left_first(z[:24], 0.01) is None
    assert left_first(np.full(100, 2.0), 0.01) is None
    assert left_first(z[::-1], 0.01) is None
