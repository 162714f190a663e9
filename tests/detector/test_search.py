"""Course, noise and the rise at the end of a whole series, counted by hand where that is possible."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.detector import examine
from losslens.detector.search import (
    MIN_NOISE,
    SHORT,
    SHORT_NOISE,
    best_level,
    course_and_noise,
    find_rise,
    highest_level,
)

pytestmark = pytest.mark.filterwarnings("error")


def test_a_constant_is_its_own_course_with_the_least_noise() -> None:
    course, noise = course_and_noise(np.full(60, 2.0))
    assert course.tolist() == [2.0] * 60
    assert noise == MIN_NOISE


@pytest.mark.parametrize("z", [[2.0], [3.0, 1.0, 2.0, 0.0]])
def test_a_short_series_falls_and_its_noise_is_taken_for_granted(z: list[float]) -> None:
    course, noise = course_and_noise(np.array(z))
    assert course.tolist() == ([2.0] if len(z) == 1 else [3.0, 1.5, 1.5, 0.0])
    assert noise == SHORT_NOISE


def test_the_course_of_a_line_is_the_line() -> None:
    z = np.arange(60.0)
    course, noise = course_and_noise(z)
    assert course.tolist() == z.tolist()
    assert noise == MIN_NOISE


def test_noise_is_measured_about_the_course() -> None:
    z = np.tile([0.1, -0.1], 2000)
    _, noise = course_and_noise(z)
    # Every point is 0.1 off a course of about 0; the median of |0.1| is 1.4826 of a width.
    assert noise == pytest.approx(0.1 * 1.4826, rel=0.05)


def test_the_best_and_the_highest_level_are_medians_of_the_end_window() -> None:
    z = np.array([9.0, 1.0, 2.0, 3.0, 8.0, 8.0, 0.0])  # medians of three: 2 2 3 8 8
    assert best_level(z) == 2.0
    assert highest_level(z) == 8.0
    assert (best_level(np.array([4.0])), highest_level(np.array([4.0]))) == (4.0, 4.0)
    assert highest_level(np.zeros(0)) == -np.inf


@pytest.mark.parametrize("urgent", [False, True])
@pytest.mark.parametrize("size", [1, 3, SHORT - 1, SHORT, 500, 5000])
def test_a_constant_of_any_length_has_no_rise(size: int, urgent: bool) -> None:
    z = np.full(size, 1.5)
    rise, _ = find_rise(z, *course_and_noise(z), urgent=urgent, first_counts=True)
    assert rise is None


@pytest.mark.parametrize("size", [100, 5000])
def test_a_step_is_a_rise_of_its_height(size: int) -> None:
    z = np.repeat([0.5, 3.0], [size // 2, size // 2])
    rise, noise = find_rise(z, *course_and_noise(z), urgent=False)
    assert rise is not None
    assert (rise.base, rise.top) == (0.5, 3.0)
    assert MIN_NOISE <= noise <= SHORT_NOISE


def test_what_is_not_finite_is_left_out_of_course_noise_and_rise() -> None:
    y = np.repeat([1.0, 20.0], [60, 40]) + 0.01 * np.random.default_rng(0).standard_normal(100)
    plain = examine(np.arange(100), y)
    holed = examine(np.arange(103), np.insert(y, [20, 20, 90], [np.nan, np.inf, -np.inf]))
    assert plain.departure is not None
    assert holed.departure is not None
    assert plain.departure.onset == holed.departure.onset == 60  # among the finite points
    assert holed.index[60] == 62
    assert (holed.departure.base, holed.departure.top) == (plain.departure.base, plain.departure.top)
    assert list(holed.nonfinite) == [(20, 21), (92, 92)]
