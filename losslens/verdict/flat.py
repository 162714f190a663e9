"""Whether a noisy loss learned anything: levels of many points compared by what such levels are worth.

The best of many noisy windows is better than the first by luck, so 5 % say nothing where single batches were logged.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from losslens.detector.grid import MEDIAN_OF_BLOCK, reduce, spread, trailing_median

if TYPE_CHECKING:
    from losslens.model import FloatArray

LEAST = 60
"""Points below which levels of many points are not to be had."""

GAIN = 0.05
"""A gain on the log scale below this is none (the definition of a plateau) …"""

SURE = 3.0
"""… nor is the gain of the best of many windows below so many standard errors …"""

TREND = 1.5
"""… or that of the last third of the run over its first below so many, or …"""

TREND_LEAST = 0.01
"""… below this."""

UNSURE, FEW_IN_THIRD = 2.0, 7
"""A fall from the first third to the last below so many standard errors is none to speak of, each of so many points."""

BLIND = 0.25
"""Where only a larger gain than this could be seen, nothing is said."""

GRID_POINTS = 1024
"""Longer series are looked at in medians of blocks."""

WINDOWS = (8, 4)
"""Windows are these parts of the series."""

AT_ONCE = 0.03
"""A fall within this share of the points is one at once."""

HUGE = math.log(5.0)
"""A first value so far above all that came after …"""

STILL_AFTER = 0.1
"""… this share of the points, at least one, …"""

STILL, STILL_POINTS = 0.02, 12
"""… where the levels of the first and the last third differ by less than this, says the same of so few points."""

FIRST = ((10, 1.5), (3, 2.0))
"""The mean of so many first points is above the rest by less than so many of its standard errors: no fall at once."""


def flat(z: FloatArray) -> bool:
    """Whether nothing was learned: no stretch is lower than the first, beyond what noise gives, and none fell at once.

    ``z``: shape ``(n,)``, logarithms of a loss. False where there are too few points to see a gain, or too noisy ones.
    O(n log n).
    """
    n = z.size
    if n < LEAST:
        return False
    level = float(np.median(z))
    noise = spread(z - level)
    if SURE * _error(noise, n // WINDOWS[0]) > BLIND:
        return False
    for count, widths in FIRST:
        if float(z[:count].mean()) - level > max(GAIN, widths * noise / count**0.5):
            return False
    third = n // 3
    trend = float(np.median(z[:third]) - np.median(z[-third:]))
    if trend > max(TREND_LEAST, TREND * _error(noise, third)):
        return False
    return not gained(z)


def within_noise(z: FloatArray) -> bool:
    """Whether a loss neither moved nor began higher beyond what its noise gives, however little that lets see.

    ``z`` as for ``flat``, on any scale. False where there are too few points to say so.
    """
    third = z.size // 3
    if third < FEW_IN_THIRD:
        return False
    level = float(np.median(z))
    noise = spread(z - level)
    if any(float(z[:count].mean()) - level > widths * noise / count**0.5 for count, widths in FIRST):
        return False
    if abs(float(np.median(z[:third]) - np.median(z[-third:]))) > UNSURE * _error(noise, third):
        return False
    return not gained(z)


def fell_at_once(z: FloatArray) -> int:
    """Points within which a loss made all of its fall, where these are next to none; else 0. ``z`` as for ``flat``.

    What is convex is learned so, and so is nothing but the mean of the targets.
    """
    points = max(1, int(AT_ONCE * z.size))
    return points if flat(z[points:]) else stood_still(z)


def stood_still(z: FloatArray) -> int:
    """Points after which a loss that began far higher did not move any more; 0 where it did."""
    points = max(1, int(STILL_AFTER * z.size))
    rest = z[points:]
    third = rest.size // 3
    if z.size < STILL_POINTS or float(z[0] - np.median(rest)) < HUGE:
        return 0
    moved = abs(float(np.median(rest[:third]) - np.median(rest[-third:])))
    return points if moved < STILL and not gained(rest) else 0


def gained(z: FloatArray) -> bool:
    """Whether some stretch is lower than the first one by more than 5 % and more than its noise gives."""
    noise = spread(z - float(np.median(z)))
    coarse = reduce(z, 0, z.size, GRID_POINTS).value  # a window is a share of the series: all of them cost its square
    for part in WINDOWS:
        width, wide = max(z.size // part, 1), max(coarse.size // part, 1)
        first, best = float(np.median(z[:width])), float(trailing_median(coarse, wide).min())
        if first - best > max(GAIN, SURE * _error(noise, width)):
            return True
    return False


def _error(noise: float, width: int) -> float:
    """Standard error of the difference of two medians of ``width`` points."""
    return float(MEDIAN_OF_BLOCK * noise * np.sqrt(2.0 / width))
