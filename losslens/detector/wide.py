"""Bumps many points wide in a noise about as wide as they are high: seen as levels, dated in the points.

A single batch says little, twenty of them say much. Where the height is within a few noise widths of single points, the
level of a window is compared with the level before it, by what the difference of two such levels is worth: from the
noise, or from how those differences scatter in this run, which holds heavy tails and the likeness of neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.detector.excursions import Excursion
from losslens.detector.grid import MEDIAN_OF_BLOCK, spread, trailing_median

if TYPE_CHECKING:
    from losslens.model import FloatArray

WINDOWS = (10, 20, 40)
"""Points of the window; the level before it is that of twice as many."""

LEAST = 8
"""A series holds so many windows at least."""

MOST_POINTS = 20_000
"""In longer series the smooth course of the ordinary look is a level already."""

NOISY = 0.1
"""Below this noise width of single points nothing hides in it."""

SURE = 6.0
"""A step up in level is so many standard errors high …"""

ALONE = 1.5
"""… and so many times any other that is not part of it: a level that wanders has stepped before."""

LEAST_HEIGHT = 0.7
"""It is this high on the transformed scale (a factor of two of a positive loss)."""

BACK = 2 / 3
"""It has ended where the level is down by this share of it."""


def find(z: FloatArray, noise: float) -> Excursion | None:
    """The bump of ``z`` (shape ``(n,)``, transformed) that stands out most, None where none does or it did not end.

    ``noise``: width of single points. Levels are medians of windows. O(n).
    """
    if noise < NOISY or z.size > MOST_POINTS:
        return None
    best: tuple[float, int, int, float, float] | None = None
    for width in WINDOWS:
        if z.size < LEAST * width:
            break
        level = trailing_median(z, width)
        before = trailing_median(z, 2 * width)[: z.size - 3 * width + 1]
        step = level[2 * width :] - before  # from the 2 * width points before index i + 2 * width to the width after it
        white = MEDIAN_OF_BLOCK * noise * (1.5 / width) ** 0.5
        i = int(np.argmax(step))
        apart = np.abs(np.arange(step.size) - i) > 3 * width  # nearer ones are parts of it, and of its way back
        others = step[apart]
        error = max(white, spread(others - float(np.median(others))) if others.size else 0.0)
        if step[i] < max(SURE * error, LEAST_HEIGHT, ALONE * float(others.max(initial=0.0))):
            continue
        sure = float(step[i]) / error
        if best is None or sure > best[0]:
            best = sure, i + 2 * width, width, float(before[i]), float(level[i + 2 * width])
    return None if best is None else _bump(z, *best[1:])


def _bump(z: FloatArray, near: int, width: int, before: float, top: float) -> Excursion | None:
    """The bump that begins near an index, from its first point to where the level is back; None where it is not."""
    low, high = max(near - width, 0), min(near + width, z.size)
    up = np.clip((z[low:high] - before) / (top - before), -1.0, 2.0) - 0.5
    first = min(low + int(np.argmin(np.concatenate([[0.0], np.cumsum(up)]))), high - 1)
    if z.size - first < 2 * width:
        return None
    level = trailing_median(z[first:], width)
    down = np.flatnonzero(level <= before + (1.0 - BACK) * (top - before))
    if down.size == 0 or level[-1] > before + (1.0 - BACK) * (top - before):
        return None
    last = min(first + int(down[0]) + width // 2, z.size - 2)
    peak = first + int(np.argmax(z[first : last + 1]))
    after = float(np.median(z[last + 1 : last + 1 + width]))
    return Excursion(first, peak, last, before, top, after, width)
