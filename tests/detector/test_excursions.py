"""Spikes that come back."""

from __future__ import annotations

import numpy as np

from losslens.detector import examine


def test_a_spike_at_the_last_points_that_is_half_way_back_ends_the_search() -> None:
    rng = np.random.default_rng(5)
    for last in (0.02, 0.05, 0.14, 0.3, 0.6):
        z = -1.8 - np.linspace(0.0, 0.1, 198) + 0.005 * rng.normal(size=198)
        z[10] += 0.4
        z[-2:] += (1.0, last)
        assert examine(np.arange(198), np.exp(z)).n_finite == 198


def test_a_spike_of_a_short_log_is_not_its_own_tail() -> None:
    found = 0
    for seed in range(8):
        noise = np.random.default_rng(seed).standard_normal(33)
        calm = (1.25 + 3.2 * np.exp(-np.arange(33) / 6.0)) * np.exp(0.05 * noise)
        assert examine(np.arange(33), calm).excursions == ()
        spiky = calm.copy()
        spiky[26:30] *= (5.0, 1.9, 1.4, 1.3)
        found += any(e.peak == 26 for e in examine(np.arange(33), spiky).excursions)
    assert found >= 7
