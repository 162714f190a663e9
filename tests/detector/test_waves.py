"""Rises that a series has shown before and recovered from."""

from __future__ import annotations

import numpy as np

from losslens.detector import examine
from tests.detector.curves import noisy


def test_the_teeth_of_a_moving_target_are_no_departure() -> None:
    tooth = np.geomspace(1.0, 0.12, 80)
    y = noisy(np.concatenate([np.geomspace(0.8, 0.1, 120), np.tile(tooth, 4), tooth[:12]]), 0.1, 1)
    assert examine(np.arange(y.size), y).departure is None


def test_a_great_rise_that_went_back_counts_also_where_the_best_was_early() -> None:
    n = np.arange(260)
    y = noisy(1.7 + 11.0 * np.exp(-(((n - 120) / 45.0) ** 2)), 0.02, 2)
    y[250:] *= 1.6
    assert examine(n, y).departure is None


def test_a_rise_beyond_all_teeth_is_one() -> None:
    tooth = np.geomspace(1.0, 0.12, 80)
    away = np.geomspace(0.12, 1e5, 40)
    y = noisy(np.concatenate([np.geomspace(0.8, 0.1, 120), np.tile(tooth, 4), away]), 0.1, 3)
    departure = examine(np.arange(y.size), y).departure
    assert departure is not None
    assert 436 <= departure.onset <= 444
