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
