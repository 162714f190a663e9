"""A loss that fell for a short while, rose to where it came from or above, and stayed: seen through its noise.

The best stretch of such a loss is a few per cent of the run, and where single batches were logged its noise is as wide
as the fall. The windows of ``losslens.detector.departure`` ask for several widths of single points there; here levels
of many points are compared by what such levels are worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.detector.grid import MEDIAN_OF_BLOCK, spread, start_level, trailing_median
from losslens.detector.rise import Rise

if TYPE_CHECKING:
    from losslens.model import FloatArray

LEAST = 60
"""Points below which a level of many points is not to be had."""

NARROWEST = 10
"""Points of the narrowest window for the best level …"""

WIDEST_SHARE = 4
"""… and the widest is this part of the series."""

LATE_SHARE = 5
"""The level at the end is that of the last 1/5 …"""

HALF = 0.5
"""… and no window as wide after the rise was below this share of it again."""

SURE = 5.0
"""Standard errors between the two levels: the best of many windows is some three below by luck alone."""

BELIEVED = 3.0
"""Points farther out count as so many widths where the likeness of neighbours is measured …"""

MOST_ALIKE = 0.9
"""… which is at most this."""

LEAST_SCATTER = 0.5
"""The best window is no quieter than this share of the late one: it was chosen for being low …"""

LEAST_ERROR = 1e-3
"""… and no error is less than losses are printed with."""

UNDONE = 1.0
"""It undid this share of what had been learned, and more …"""

LEAST_RISE = 0.1
"""… and is so high on the transformed scale."""


def find(z: FloatArray) -> Rise | None:
    """The rise from the best early level to the level of the last fifth, or None.

    ``z``: shape ``(n,)``, on the transformed scale. O(n log n).
    """
    n = z.size
    if n < LEAST:
        return None
    late = n // LATE_SHARE
    top = float(np.median(z[-late:]))
    start = start_level(z)
    best: tuple[float, Rise] | None = None
    width = NARROWEST
    while width <= n // WIDEST_SHARE:
        level = trailing_median(z[: n - late], width)
        at = int(np.argmin(level))
        base = float(level[at])
        sure = (top - base) / _error(z[at : at + width], z[-late:])
        if sure > SURE and (best is None or sure > best[0]):
            best = sure, Rise(at + width - 1, base, top, width, 0.0)
        width *= 2
    if best is None:
        return None
    rise = best[1]
    if rise.size < max(LEAST_RISE, UNDONE * (start - rise.base)) or not _stays(z[rise.best :], rise):
        return None
    return rise


def _error(best: FloatArray, late: FloatArray) -> float:
    """Standard error of the difference of the medians of two windows, from the scatter in each.

    The points of the late one, about a straight line, say how many of them count: noise that is alike from point to
    point is worth fewer.
    """
    line = np.arange(late.size) - (late.size - 1) / 2.0
    about = late - float(np.median(late))
    about = about - line * float((about * line).sum() / (line * line).sum())
    wide = spread(about)
    clipped = np.clip(about, -BELIEVED * wide, BELIEVED * wide)
    power = float((clipped * clipped).sum())
    alike = float((clipped[1:] * clipped[:-1]).sum()) / power if power > 0.0 else 0.0
    alike = min(max(alike, 0.0), MOST_ALIKE)
    narrow = max(spread(best - float(np.median(best))), LEAST_SCATTER * wide)
    error = MEDIAN_OF_BLOCK * np.sqrt(narrow**2 / best.size + wide**2 / late.size)
    return max(float(error * np.sqrt((1.0 + alike) / (1.0 - alike))), LEAST_ERROR)


def _stays(after: FloatArray, rise: Rise) -> bool:
    """Whether the series rose once: above half of the rise for good after it, for most of what is left."""
    width = max(rise.width, NARROWEST)
    if after.size < 3 * width:
        return False
    below = np.flatnonzero(trailing_median(after, width) < rise.base + HALF * rise.size)
    last = int(below[-1]) + width if below.size else 0
    return last < after.size - max(2 * width, after.size // LATE_SHARE)
