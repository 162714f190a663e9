"""The way back from a peak."""

from __future__ import annotations

import numpy as np

from losslens.causes.facts.way_back import way_back_of


def test_the_half_way_back_is_counted_from_the_peak() -> None:
    y = np.exp(3.0 * np.exp(-np.arange(100) / 14.0))
    back = way_back_of(y, 1.0)
    assert back is not None
    assert back.half_points is not None
    assert abs(back.half_points - 10) <= 1  # the logarithm halves after ln 2 · 14 points


def test_a_level_that_is_held_is_never_half_way_back() -> None:
    back = way_back_of(np.full(50, 5.0), 1.0)
    assert back is not None
    assert back.half_points is None
    assert back.excursions == 1


def test_each_return_to_the_old_level_ends_an_excursion() -> None:
    y = np.ones(60)
    y[::10] = 50.0
    y[1::10] = 20.0
    back = way_back_of(y, 1.0)
    assert back is not None
    assert back.excursions == 6


def test_noise_without_a_peak_has_no_way_back() -> None:
    assert way_back_of(np.exp(0.03 * np.random.default_rng(0).standard_normal(50)), 1.0) is None
    assert way_back_of(np.array([3.0, np.nan, np.nan]), 1.0) is None
    assert way_back_of(np.full(9, 4.0), None) is None
