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
