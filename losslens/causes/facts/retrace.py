"""Whether a loss learns again what it had learned: from its first level, in the course and speed of its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.nouns import Start
from losslens.causes.facts.numerics import median
from losslens.causes.facts.signals import Retrace
from losslens.model import Series

if TYPE_CHECKING:
    from losslens.model import FloatArray

FEWEST = 6
"""Points of both courses that are held against each other, at least."""

ON_THE_WAY, MIDDLE = 3, (0.1, 0.9)
"""So many points of each must lie in this part of the fall: two drops in one point are alike whatever made them."""

LEARNED = 0.9
"""Share of the fall after which the first course is over; as much again is compared."""

AROUND = 2
"""Logged points around the onset in which the second course may begin."""


def retrace_of(loss: Series, start: Start | None) -> Retrace | None:
    """The course of a loss of n points from the onset on, held against that from its beginning.

    None where there is no onset, the course before has not fallen, or either course is too short or too steep to have
    a form. Values that are not finite are left out.
    """
    if start is None or start.from_start:
        return None
    finite = np.isfinite(loss.value)
    step, value = loss.step[finite], loss.value[finite]
    at = int(np.searchsorted(step, start.step))
    if at < FEWEST or value.size - at < FEWEST:
        return None
    scaled = np.log(value) if value.min() > 0 else value
    low, high = max(at - AROUND, FEWEST), min(at + AROUND, value.size - FEWEST)
    at = low + int(np.argmax(scaled[low : high + 1]))
    width = max(1, at // 40)
    first = float(np.median(scaled[:width]))
    base = median(scaled[max(0, at - 5 * width - AROUND) : max(1, at - AROUND)])
    if base is None or first - base <= 0:
        return None
    one = _progress(scaled[:at], first, base, width)
    over = np.flatnonzero(one >= LEARNED)
    end = min(2 * int(over[0]) + 2 if over.size else at, at, value.size - at)
    if end < FEWEST:
        return None
    one, again = one[:end], _progress(scaled[at : at + end], first, base, width)
    if min(_on_the_way(one), _on_the_way(again)) < ON_THE_WAY + width - 1:
        return None
    halves = [int(np.argmax(course >= 0.5)) + 1 for course in (one, again) if (course >= 0.5).any()]
    return Retrace(
        step=int(step[at]),
        points=end,
        level=float(np.median(value[at : at + width]) / np.median(value[:width])) if value[:width].min() > 0 else None,
        offset=float(again[:width].mean() - one[:width].mean()),
        distance=float(np.abs(one - again).mean()),
        speed=halves[0] / halves[1] if len(halves) == 2 else None,
    )


def _progress(values: FloatArray, first: float, base: float, width: int) -> FloatArray:
    """Which share of the fall from ``first`` to ``base`` lies behind each point, smoothed over ``width`` points."""
    share = (first - values) / (first - base)
    if width < 2:
        return share
    padded = np.concatenate([share, np.full(width - 1, share[-1])])
    total = np.concatenate([[0.0], np.cumsum(padded)])  # a convolution would cost n * width, and width grows with n
    return np.asarray((total[width:] - total[:-width]) / width, dtype=np.float64)


def _on_the_way(course: FloatArray) -> int:
    return int(((course > MIDDLE[0]) & (course < MIDDLE[1])).sum())
