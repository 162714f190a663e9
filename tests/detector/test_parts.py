"""The small parts of the detector: scales, grids, medians, the falling course."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.detector import examine
from losslens.detector.grid import centred_median, falling_course, reduce, spread, trailing_median
from losslens.detector.kink import locate
from losslens.detector.transform import choose


def test_positive_losses_are_seen_in_logs_and_others_in_asinh() -> None:
    assert choose(np.array([3.0, 2.0, 1.0])).kind == "log"
    assert choose(np.array([3.0, 0.0, 1.0, 2.0])).kind == "log"
    assert choose(np.array([3.0, -2.0, 1.0])).kind == "asinh"
    assert choose(np.zeros(5)).kind == "asinh"


def test_a_scale_and_its_inverse_agree() -> None:
    for y in (np.array([0.5, 20.0, 3.0]), np.array([-4.0, 0.1, 7.0, 2.0])):
        t = choose(y)
        assert np.allclose([t.back(z) for z in t.forward(y)], y)


def test_an_explosion_does_not_set_the_scale_of_the_calm_before_it() -> None:
    rng = np.random.default_rng(0)
    calm = rng.standard_normal(100)
    assert choose(np.concatenate([calm, 1e9 * np.ones(300)])).scale < 5.0


def test_block_medians_cover_the_series_once() -> None:
    grid = reduce(np.arange(1000.0), 0, 1000, 64)
    assert grid.value.size <= 64
    assert grid.start(0) == 0
    assert grid.start(grid.value.size) <= 1000
    assert np.all(np.diff(grid.value)[:-1] == grid.block)


def test_running_medians_ignore_a_single_point() -> None:
    z = np.zeros(50)
    z[20] = 100.0
    assert centred_median(z, 2).max() == 0.0
    assert centred_median(z, 2).size == 50
    assert trailing_median(z, 5).size == 46


def test_a_falling_course_is_flat_over_a_rise() -> None:
    assert falling_course(np.array([3.0, 1.0, 2.0, 0.0])).tolist() == [3.0, 1.5, 1.5, 0.0]


def test_spread_is_the_standard_deviation_of_normal_noise_and_zero_of_nothing() -> None:
    assert abs(spread(np.random.default_rng(1).standard_normal(20_000)) - 1.0) < 0.05
    assert spread(np.zeros(0)) == 0.0


def test_the_kink_of_a_line_is_found_without_noise() -> None:
    z = np.concatenate([np.zeros(80), 0.2 * np.arange(1, 21)])
    kink = locate(z, 70, 99, 0.01)
    assert abs(kink.onset - 80) <= 1
    assert kink.low <= 80 <= kink.high


@pytest.mark.filterwarnings("error")
def test_a_downward_run_from_zero_to_the_digit_divides_by_nothing() -> None:
    y = -np.concatenate([np.zeros(60), np.expm1(np.arange(200) / 12.0) / 1000.0])
    fit = examine(np.arange(260), y)
    assert fit.runaway is not None
    assert fit.runaway.onset >= 55
