"""What a series left its band for and came back from: spikes, bumps and stretches above the course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losslens.detector.grid import reduce, trailing_median

if TYPE_CHECKING:
    from losslens.model import FloatArray

SPIKE_WIDTHS = 8.0
"""A spike leaves the course by more than so many noise widths (the definition of the verdict)."""

BAND_WIDTHS = 3.0
"""It ends where the series is back inside so many."""

SETTLING = 0.02
"""Share of the points (at least 5) before which nothing counts: the course is not known yet."""

SETTLING_POINTS = 5

COURSE_POINTS = 9
"""Width of the trailing median whose running minimum is the course left behind."""

TAIL_QUANTILE = 0.98
"""Residuals up to this quantile are the run's ordinary tail …"""

TAIL_FACTOR = 3.0
"""… which a spike must exceed by this factor, or it is noise that the run has all the time."""

GRID_POINTS = 4096


@dataclass(frozen=True, slots=True)
class Excursion:
    """Indices (inclusive) in the series; levels on the transformed scale.

    ``first``: first point above the band. ``peak``: index of the highest point. ``last``: last point before the series
    is back for good.
    ``before``, ``top``, ``after``: levels. ``rise``: points from ``first`` to the first beyond 8 widths.
    """

    first: int
    peak: int
    last: int
    before: float
    top: float
    after: float
    rise: int


def find(z: FloatArray, residual: FloatArray, noise: float, end: int) -> tuple[Excursion, ...]:
    """Excursions of ``z[:end]`` by more than 8 noise widths that ended before ``end``, in order.

    ``residual``: shape as ``z``: distance from the smooth course. ``noise``: width of single points. The band lies
    above the best level so far, so that the recovery of a long bump is not mistaken for the course. O(n).
    """
    start = max(SETTLING_POINTS, int(SETTLING * end))
    if end - start < 3:
        return ()
    tail = float(np.quantile(np.abs(residual[start:end]), TAIL_QUANTILE))
    limit = max(SPIKE_WIDTHS * noise, TAIL_FACTOR * tail)
    if limit <= 0.0:
        return ()
    course = _best_so_far(z, end)
    above = z[:end] - course
    high = above > limit
    high[:start] = False
    if not high.any():
        return ()
    out_of_band = above > BAND_WIDTHS * noise
    out: list[Excursion] = []
    at = start
    hits = np.flatnonzero(high)
    inside = np.flatnonzero(~out_of_band)
    while True:
        j = int(np.searchsorted(hits, at))
        if j == hits.size:
            break
        hit = int(hits[j])
        left = int(np.searchsorted(inside, hit))
        first = int(inside[left - 1]) + 1 if left else 0
        last = int(inside[left]) - 1 if left < inside.size else end - 1
        if first >= start and last < end - 1:
            peak = first + int(np.argmax(z[first : last + 1]))
            after = float(np.median(z[last + 1 : min(end, last + 1 + COURSE_POINTS)]))
            out.append(Excursion(first, peak, last, float(course[first]), float(z[peak]), after, hit - first + 1))
        at = last + 1
    return tuple(out)


def _best_so_far(z: FloatArray, end: int) -> FloatArray:
    """Lowest trailing median up to each point, excluding the point itself; shape ``(end,)``."""
    grid = reduce(z, 0, end, GRID_POINTS)
    width = min(COURSE_POINTS if grid.block == 1 else 3, grid.value.size)
    level = trailing_median(grid.value, width)
    lowest = np.minimum.accumulate(level)
    padded = np.concatenate([np.full(width, lowest[0]), lowest])[: grid.value.size]
    course = np.repeat(padded, grid.block)
    if course.size < end:
        course = np.concatenate([course, np.full(end - course.size, lowest[-1])])
    return course[:end]
