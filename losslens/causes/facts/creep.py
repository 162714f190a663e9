"""Whether a loss that hardly falls does so evenly, as under a rate that is too small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.numerics import width

if TYPE_CHECKING:
    from losslens.model import FloatArray

FEWEST = 12
"""Points from which the thirds of a course can be compared."""

PIECES = 12
"""Stretches of the course whose medians are compared."""

CLEAR = 3.0
"""Fall over the noise of such a median, from which there is a fall at all."""


def creep_of(value: FloatArray) -> tuple[float, float, float] | None:
    """Shares of the whole fall that fell to each third of the course; None where nothing clearly fell.

    A net that is moved too little goes straight down its slope, a third in each third, or ever faster as a warm-up
    goes on. What learns only the mean of the targets, or dies, has fallen in the first third.
    """
    finite = value[np.isfinite(value)]
    if finite.size < FEWEST:
        return None
    size = max(1, finite.size // PIECES)
    count = finite.size // size
    levels = np.median(finite[: count * size].reshape(count, size), axis=1)
    noise = 1.25 * (width(finite) or 0.0) / np.sqrt(size)  # of a median of ``size`` points
    fall = float(levels[0] - levels[-1])
    if not fall > max(CLEAR * noise, 1e-6 * abs(float(levels[0]))):
        return None
    a, b = float(levels[count // 3]), float(levels[2 * count // 3])
    return (float(levels[0]) - a) / fall, (a - b) / fall, (b - float(levels[-1])) / fall
