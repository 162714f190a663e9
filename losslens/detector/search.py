"""From a transformed series to its noise and the rise at its end; where the rise began is ``placing``'s work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.detector import apart, reversal
from losslens.detector import departure as dep
from losslens.detector import jump as jp
from losslens.detector.grid import (
    SECOND_DIFFERENCE,
    centred_median,
    falling_course,
    reduce,
    reduce_end,
    spread,
    trailing_median,
)
from losslens.detector.rise import Rise

if TYPE_CHECKING:
    from losslens.detector.grid import Grid
    from losslens.model import FloatArray

GRID_POINTS = 1024
"""Points of the coarse search."""

COURSE_SHARE = 40
"""The smooth course is a running median over 1/20 of the grid, at most 51 and at least 5 points."""

SHORT = 24
"""Below this many points the noise is taken about a falling course, and widened for being so few."""

MIN_NOISE = 1e-3
"""Noise of a curve without any, on the transformed scale: losses are printed with a few digits."""

SHORT_NOISE = 0.01
"""Noise that a short series without any visible is taken to have."""

NEAR_NOISE_POINTS = 400
"""The noise before a departure is measured on so many points before it."""

NOISE_POINTS = 5
"""With fewer points before it the noise of the whole series is used."""

STEEP_POINTS = 60
"""Below this many points a steep course is told from noise by second differences and a falling course."""

FEW_POINTS = 4.0
"""A noise width from m points is taken wider by 1 + this / m."""

SHORTEST = 4
"""Fewer points show no rise."""

COARSER = 2
"""A rise that has only begun is looked for in medians of so many times as many points, up to a block of the grid."""

FEWEST_BLOCKS = 130
"""… and beyond it, as long as so many medians are left: what single points hide, levels of hundreds of them show."""

LASTING_RISE = 0.4
"""Medians of many points that stand apart from those before tell a rise of this on the transformed scale (half as much
again for a log)."""

FEW_BEFORE = 3
"""Fewest points of a short series, up to its best one, that say anything of its noise."""

WIDEST = 0.3
"""Noise told from the points behind the best is no wider (a third of the level): what leaps by orders there is none."""

SPIKE_WIDTHS = 8.0
"""A step that nothing else shows must be as high as a spike …"""

STILL_UP = 0.25
"""… and this share of it be left at the end and all the way there."""


def course_and_noise(z: FloatArray) -> tuple[FloatArray, float]:
    """Smooth course, same shape as ``z``, and the width of single points about it."""
    if z.size < SHORT:
        course = falling_course(z)
        return course, SHORT_NOISE
    grid = reduce(z, 0, z.size, GRID_POINTS)
    half = min(max(grid.value.size // COURSE_SHARE, 2), 25)
    smooth = centred_median(grid.value, half)
    course = smooth if grid.block == 1 else _stretch(smooth, grid.block, z.size)
    return course, max(spread(z - course), MIN_NOISE)


def _stretch(coarse: FloatArray, block: int, size: int) -> FloatArray:
    """Block values drawn out to single points by straight lines between the middles of the blocks."""
    middle = np.arange(coarse.size) * block + (block - 1) / 2.0
    return np.interp(np.arange(size), middle, coarse)


def _short_noise(z: FloatArray) -> float:
    """Noise of a short series about its falling course up to its best point, widened for the few points.

    One or two points up to it say nothing of it: then those behind the best point count as well, about a course that
    rises.
    """
    best = int(np.argmin(z))
    part = z[: best + 1]
    residual = part - falling_course(part)
    widest = np.inf
    if part.size < FEW_BEFORE:
        behind = z[best:]
        residual = np.concatenate([residual[:-1], behind - falling_course(behind[::-1])[::-1]])
        widest = WIDEST
    if residual.size < 3:
        return SHORT_NOISE
    return max(min(spread(residual) * (1.0 + 6.0 / residual.size), widest), SHORT_NOISE)


def _near_noise(part: FloatArray, residual: FloatArray) -> float:
    """Noise of the stretch before a departure; a short and steep one is not called noisy for being steep."""
    noise = spread(residual)
    if part.size < STEEP_POINTS:
        bends = spread(np.diff(part, 2)) / SECOND_DIFFERENCE
        noise = min(noise, max(bends, spread(part - falling_course(part))))
    return max(noise * (1.0 + FEW_POINTS / part.size), MIN_NOISE)


def find_rise(
    z: FloatArray, course: FloatArray, noise: float, *, urgent: bool, first_counts: bool = False
) -> tuple[Rise | None, float]:
    """The rise at the end and the noise before it: found once with the noise of all, then of the calm part.

    ``first_counts``: the first point alone can be the level that the series has left.
    """
    if z.size < SHORTEST and not (urgent and z.size >= 2):
        return None, noise
    if z.size < SHORT:
        noise = _short_noise(z)
        grid = reduce(z, 0, z.size, GRID_POINTS)
        return dep.find_rise(grid, noise, urgent=urgent), noise
    if first_counts and (at_once := dep.left_first(z, noise)) is not None:
        return at_once, noise
    grid = reduce(z, 0, z.size, GRID_POINTS)
    first = dep.find_rise(grid, 0.0, urgent=urgent)
    if first is not None:
        before = min(grid.start(first.best + 1), z.size)
        near = slice(max(0, before - NEAR_NOISE_POINTS * grid.block), before)
        if before - near.start >= NOISE_POINTS:
            noise = _near_noise(z[near], (z - course)[near])
        else:
            noise = min(noise, max(spread(np.diff(grid.value[:SHORT], 2)) / SECOND_DIFFERENCE, SHORT_NOISE))
    found = dep.find_rise(grid, noise, urgent=urgent)
    if found is None:
        found = _kept_step(z, grid, noise)
    if found is None and first_counts and grid.block == 1 and not urgent:
        found = reversal.find(z)
    if found is None and not urgent:
        found = _begun(z, grid)
    if found is None and first_counts and grid.block == 1 and not urgent:
        found = apart.lasting(z)
    return found, noise


def _begun(z: FloatArray, grid: Grid) -> Rise | None:
    """A rise that has only begun, sought among the last points and among medians of ever more of them, or one that has
    lasted and that single points hide in their noise.

    Five points are nothing in a block of a long series; the rise is given on its grid all the same. O(n).
    """
    block = 1
    while block <= max(grid.block, z.size // FEWEST_BLOCKS):
        coarse = reduce_end(z, min(GRID_POINTS, z.size // block), block)
        found = apart.begun(coarse.value)
        if found is None and block > 1:
            found = apart.lasting(coarse.value, LASTING_RISE)
        if found is not None:
            last = coarse.start(found.best + 1) - 1
            return replace(found, best=last // grid.block, width=max(found.width * block // grid.block, 1))
        block *= COARSER
    return None


def _kept_step(z: FloatArray, grid: Grid, noise: float) -> Rise | None:
    """A step as high as a spike that had not come back at the end, though the end is hardly above the noise."""
    width = dep.end_width(grid.value.size)
    lowest = np.minimum.accumulate(trailing_median(grid.value, width))
    jump = jp.find(z, grid, width, None, np.inf, width, noise, widths=SPIKE_WIDTHS, kept=STILL_UP)
    if jump is None:
        return None
    at = jump.onset // grid.block
    level = float(lowest[max(at - width, 0)])
    top = float(np.median(grid.value[-width:]))
    if top - level < STILL_UP * jump.step or jump.before - level > 0.5 * jump.step:
        return None
    return Rise(max(at - 1, 0), jump.before, top, width, 0.0, True)


def best_level(z: FloatArray) -> float:
    """Lowest median of any window of the end's width."""
    grid = reduce(z, 0, z.size, GRID_POINTS)
    width = dep.end_width(grid.value.size)
    return float(trailing_median(grid.value, width).min())


def highest_level(z: FloatArray) -> float:
    """Highest median of any window of the end's width; minus infinity of nothing."""
    if z.size == 0:
        return -np.inf
    grid = reduce(z, 0, z.size, GRID_POINTS)
    return float(trailing_median(grid.value, dep.end_width(grid.value.size)).max())
