"""Robust measures: what noise, gaps, short arrays and smooth trends do to them."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes.facts.numerics import (
    departure,
    line_fit,
    longest_runs,
    median,
    rank_correlation,
    ratio,
    scatter,
    smooth,
    value_at,
    width,
)
from tests.causes import make_runs as m

STEP = np.arange(400, dtype=np.int64) * 10


def test_width_of_white_noise_is_its_standard_deviation_even_on_a_trend() -> None:
    y = 0.01 * np.arange(5000) + m.rng(0).standard_normal(5000)
    assert width(y) == pytest.approx(1.0, rel=0.05)


def test_scatter_ignores_a_few_outliers() -> None:
    y = m.rng(1).standard_normal(1000)
    y[::100] = 1e6
    assert scatter(y) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_nothing_finite_gives_none(values: list[float]) -> None:
    array = np.array(values, dtype=np.float64)
    assert median(array) is None
    assert width(array) is None
    assert scatter(array) is None


def test_ratio_needs_positive_finite_numbers() -> None:
    assert ratio(3.0, 2.0) == 1.5
    assert ratio(3.0, 0.0) is None
    assert ratio(np.nan, 1.0) is None
    assert ratio(None, 1.0) is None


def test_rank_correlation_with_time_is_one_for_any_increase_and_none_for_a_constant() -> None:
    assert rank_correlation(np.exp(np.arange(10.0))) == pytest.approx(1.0)
    assert rank_correlation(np.ones(10)) is None


def test_a_line_is_fitted_exactly() -> None:
    x = np.arange(10.0)
    assert line_fit(x, 3 * x + 1) == (pytest.approx(3.0), pytest.approx(1.0))


def test_smooth_keeps_the_length_and_carries_over_gaps() -> None:
    y = np.array([1.0, 1.0, np.nan, 1.0, 50.0, 1.0, 1.0])
    assert smooth(y, 3).tolist() == [1.0] * 7


def test_unbroken_stretches_are_found_at_both_ends() -> None:
    assert longest_runs([True, False, True, True]) == [(0, 1), (2, 4)]


def test_the_value_at_a_step_is_the_last_one_logged_before_it() -> None:
    assert value_at(np.array([0, 10, 20]), np.array([1.0, np.nan, 3.0]), 15) == 1.0


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
@pytest.mark.parametrize("lead", [0, 3, 12])
def test_a_departure_begins_where_the_signal_left_its_course_at_any_scale(lead: int, scale: float) -> None:
    y = scale * m.grown_signal(400, 300, 4.0, lead=lead)
    found = departure(STEP, y, 3000, 3100)
    assert found is not None
    assert abs(found.index - (300 - lead)) <= 2


def test_pure_noise_has_no_departure_but_rarely() -> None:
    found = [departure(STEP, m.steady(seed=k), 3000, 3050) for k in range(200)]
    assert sum(f is not None for f in found) <= 4


def test_a_decay_that_flattens_is_no_departure() -> None:
    found = [departure(STEP, m.learning(seed=k, pace=0.3), 3000, 3050, sign=1) for k in range(50)]
    assert sum(f is not None for f in found) <= 1


def test_a_linear_trend_is_the_course_and_not_a_departure() -> None:
    y = m.noisy(np.exp(0.005 * np.arange(400)), 0.05, 2)
    assert departure(STEP, y, 3000, 3050) is None


def test_fewer_than_six_points_before_give_none() -> None:
    assert departure(STEP[:6], np.array([1, 1, 1, 9, 9, 9.0]), 30, 50) is None
