"""Losses without a floor are dated where they bend, not where they pass zero."""

from __future__ import annotations

import numpy as np

from losslens.detector import examine


def test_a_fall_that_begins_above_zero_is_dated_where_it_bends() -> None:
    errors, held = [], 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        t = np.arange(400)
        y = 0.4 + 1.5 * np.exp(-t / 20.0) + 0.02 * rng.standard_normal(400)
        y -= 0.004 * np.maximum(t - 140, 0) ** 1.9
        found = examine(t, y).runaway
        assert found is not None
        errors.append(abs(found.onset - 140))
        held += found.low <= 140 <= found.high
    assert np.median(errors) <= 6
    assert held >= 7


def test_a_loss_that_falls_without_end_from_its_first_points_on_is_dated_there() -> None:
    t = np.arange(1500.0)
    y = -17.0 * (1.0 + 8.0 * t) ** 2 * np.exp(0.1 * np.random.default_rng(0).standard_normal(1500))
    found = examine(t.astype(np.int64), y).runaway
    assert found is not None
    assert found.low <= found.onset <= found.high <= 3


def test_a_step_down_that_holds_is_no_flight_and_one_that_goes_on_is() -> None:
    rng = np.random.default_rng(4)
    t = np.arange(225)
    y = 0.9 * np.exp(-t / 30.0) + 0.2 * rng.standard_normal(225)
    stepped = np.where(t >= 160, -5.0 + 0.9 * rng.standard_normal(225), y)
    assert examine(t, stepped).runaway is None
    assert examine(t, stepped).swing is None
    fleeing = y - np.where(t >= 160, 0.005 * (t - 160.0) ** 2, 0.0)
    assert examine(t, fleeing).runaway is not None


def test_a_step_down_by_more_than_ten_times_everything_before_is_a_flight() -> None:
    t = np.arange(120)
    y = 0.1 + 2.2 * np.exp(-t / 15.0)
    y[70:] = -32.0 + 24.0 * np.exp(-(t[70:] - 70.0))
    assert examine(t, y).runaway is not None


def test_swings_that_widen_to_both_sides_are_seen_whatever_their_middle() -> None:
    rng = np.random.default_rng(6)
    calm = 0.3 * rng.standard_normal(320)
    wide = calm * np.where(np.arange(320) < 220, 1.0, 20.0)
    found = examine(np.arange(320), wide).swing
    assert found is not None
    assert abs(found.onset - 220) <= 5
    assert examine(np.arange(320), calm).swing is None
    assert examine(np.arange(320), calm * 4.0 ** (np.arange(320) / 320)).swing is None
