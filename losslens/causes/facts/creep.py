"""Whether a loss that hardly falls does so evenly, as under a rate that is too small, or does not move at all."""

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


FEWEST_EVEN, LATELY = 5, 30
"""Values from which it can be told whether they scatter, and the last ones that are asked."""


def even_of(past: FloatArray) -> tuple[float, float] | None:
    """Share of the moves before an onset that turn back, and how far a value lies off the middle of its neighbours, as
    a share of the level: both are near 0 where no batches are drawn."""
    y = past[np.isfinite(past)][-LATELY:]
    if y.size < FEWEST_EVEN:
        return None
    level, moves = float(np.median(np.abs(y))), np.diff(y)
    if level <= 0 or not moves.any():
        return None
    off = float(np.median(np.abs(y[1:-1] - (y[:-2] + y[2:]) / 2)))
    return float(np.mean(moves[1:] * moves[:-1] < 0)), off / level


FEWEST_STILL = 4
"""Values from which it can be said that they do not move."""


def still_of(value: FloatArray) -> float | None:
    """Range of the last half of the values over their level: next to 0 where every epoch or batch gives the same."""
    late = value[value.size // 2 :]
    if late.size < FEWEST_STILL or not np.isfinite(late).all():
        return None
    level = float(np.median(np.abs(late)))
    return float(late.max() - late.min()) / level if level > 0 else None
