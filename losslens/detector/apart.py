"""A rise that has only begun: the last few points lie above all the points of a long while before them.

People look at a log when it happens, not three hundred steps later. So few points move no window of the end's width,
and the noise, taken over a run that fell by decades, may be as wide as the rise. Ranks need neither: that all of the
last points are above all of many before them is no accident of white noise, and where the level wanders it has happened
before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.detector import departure as dep

if TYPE_CHECKING:
    from losslens.model import FloatArray

LEAST, MOST = 5, 40
"""The last so many points, at least and at most, …"""

BEFORE = 4
"""… against so many times as many before them …"""

MORE = 20
"""… and so many more."""

LEAST_RISE = 0.4
"""Their median is so much above that of those before, on the transformed scale (half as much again), …"""

NOISE_WIDTHS = 2.0
"""… by so many widths of the points before …"""

ONCE = 1.5
"""… and the gap between both is so many times the widest of any earlier points: a level that wanders has shown it."""


def find(z: FloatArray) -> dep.Rise | None:
    """The rise of the last points, or None. ``z``: shape ``(n,)``, on the transformed scale. O(n)."""
    for width in range(min(MOST, z.size // 10), LEAST - 1, -1):
        past = BEFORE * width + MORE
        if z.size < 2 * past + width:
            continue
        before, last = z[-past - width : -width], z[-width:]
        gap = float(last.min() - before.max())
        base, top = float(np.median(before)), float(np.median(last))
        scatter = float(np.quantile(before, 0.84)) - base
        if gap > 0.0 and top - base > max(LEAST_RISE, NOISE_WIDTHS * scatter) and gap > ONCE * _before(z, width, past):
            return dep.Rise(z.size - width - 1, base, top, width, 0.0)
    return None


def _before(z: FloatArray, width: int, past: int) -> float:
    """By how much, at most, ``width`` points were above all of the ``past`` before them, ahead of the last ones."""
    lows = _windows(z[: -width - past], width).min(1)[past:]
    highs = _windows(z[: -width - past], past).max(1)[: lows.size]
    return float((lows - highs).max(initial=0.0))


def _windows(z: FloatArray, width: int) -> FloatArray:
    return np.lib.stride_tricks.sliding_window_view(z, width)
