"""Coarse views of a long series: block medians, trailing medians, and the noise about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from losslens.model import FloatArray

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation of a normal variable to its standard deviation."""

Q90_TO_SIGMA = 1.0 / 1.645
"""90 % quantile of the absolute deviation of a normal variable to its standard deviation."""

SECOND_DIFFERENCE = 6.0**0.5
"""Standard deviation of the second difference of white noise, in widths of the noise."""

MEDIAN_OF_BLOCK = 1.25
"""Standard deviation of a median of many normal values, in those of their mean."""


START_SHARE = 100
"""The level at the start is the median of the first 1 % …"""

START_POINTS = 10
"""… but that of so many points where it is higher: one or two noisy points may be low by luck …"""

START_FROM = 100
"""… in a series of so many points and more."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Block medians of ``z[first:last]``: block i covers ``first + i * block`` and the ``block - 1`` points after it.

    ``value``: shape ``(m,)``. The last block may be shorter; with ``block == 1`` the grid is the series itself.
    """

    value: FloatArray
    first: int
    last: int
    block: int

    def start(self, i: int) -> int:
        """Index in the series of the first point of block ``i``."""
        return min(self.first + i * self.block, self.last)


def reduce(z: FloatArray, first: int, last: int, limit: int) -> Grid:
    """At most ``limit`` block medians of ``z[first:last]``. O(last - first)."""
    size = last - first
    block = max(1, -(-size // limit))
    if block == 1:
        return Grid(z[first:last], first, last, 1)
    whole = size // block
    value = row_medians(z[first : first + whole * block].reshape(whole, block))
    if whole * block < size:
        rest = z[first + whole * block : last]
        if rest.size * 2 >= block:
            value = np.append(value, np.median(rest))
    return Grid(np.asarray(value, np.float64), first, last, block)


def reduce_end(z: FloatArray, count: int, block: int) -> Grid:
    """Medians of the last ``count`` whole blocks; what is left over lies before the first. O(n)."""
    first = z.size - count * block
    value = z[first:] if block == 1 else np.median(z[first:].reshape(count, block), axis=1)
    return Grid(np.asarray(value, np.float64), first, z.size, block)


def trailing_median(z: FloatArray, width: int) -> FloatArray:
    """Median of each full window of ``width`` points.

    ``z``: shape ``(n,)`` with n >= width. Entry j of the result, shape ``(n - width + 1,)``, is the window
    ``z[j : j + width]``, inclusive of its last point ``j + width - 1``. O(n * width): for grids, not for raw series.
    """
    if width <= 1:
        return z
    return row_medians(np.lib.stride_tricks.sliding_window_view(z, width))


def row_medians(rows: FloatArray) -> FloatArray:
    """Median of each row of ``rows``, shape ``(m, width)`` without NaN, width >= 1; shape ``(m,)``.

    The values of ``np.median``, by sorting: for rows of some dozens that takes a fifth of its time.
    """
    middle, odd = divmod(rows.shape[1], 2)
    ordered = np.sort(rows, axis=1)
    upper: FloatArray = ordered[:, middle]
    return upper if odd else (ordered[:, middle - 1] + upper) / 2


def centred_median(z: FloatArray, half: int) -> FloatArray:
    """Running median of ``2 * half + 1`` points, narrower towards the ends; shape as ``z``. O(n * half)."""
    half = min(half, (z.size - 1) // 2)
    if half < 1:
        return z
    left = [float(np.median(z[: 2 * i + 1])) for i in range(half)]
    right = [float(np.median(z[-2 * i - 1 :])) for i in range(half - 1, -1, -1)]
    return np.concatenate([left, trailing_median(z, 2 * half + 1), right])


def spread(residual: FloatArray) -> float:
    """Robust standard deviation: the larger of what the median and the 90 % quantile of |residual| say.

    The quantile keeps a heavy tail from being called narrow. NaN-free input; empty gives 0. O(n).
    """
    if residual.size == 0:
        return 0.0
    size = np.abs(residual)
    half, tail = np.quantile(size, [0.5, 0.9])
    return float(max(half * MAD_TO_SIGMA, tail * Q90_TO_SIGMA))


def falling_course(z: FloatArray) -> FloatArray:
    """Non-increasing least-squares course through ``z`` (pool adjacent violators; Barlow et al. 1972). O(n).

    For grids and short series: the loop is Python.
    """
    level: list[float] = []
    weight: list[int] = []
    for x in z.tolist():
        level.append(x)
        weight.append(1)
        while len(level) > 1 and level[-2] < level[-1]:
            w = weight[-2] + weight[-1]
            level[-2] = (level[-2] * weight[-2] + level[-1] * weight[-1]) / w
            weight[-2] = w
            level.pop()
            weight.pop()
    return np.repeat(np.asarray(level), np.asarray(weight))


def start_level(y: FloatArray, before: int | None = None) -> float:
    """Level of the first 1 %, or of the first ten points where it is higher: a loss that falls at once keeps its first.

    ``y``: shape ``(n,)``, n >= 1, on any scale. ``before``: index of a departure, whose points are no start.
    """
    first = float(np.median(y[: max(1, y.size // START_SHARE)]))
    few = START_POINTS if before is None else min(START_POINTS, before)
    if y.size < START_FROM or few < START_POINTS:
        return first
    return max(first, float(np.median(y[:few])))
