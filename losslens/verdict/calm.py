"""Whether a loss was on its course right before it was no longer finite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from losslens.model import FloatArray

LOOK_BACK = 8
"""Last finite points that are asked, and those before each of them that are its course …"""

OFF_COURSE, NOISE_WIDTHS = 0.5, 3.0
"""… on which it is within this share of their level, or so many noise widths where there are twice as many points …"""

CLIMB = 4
"""… and not on a climb of so many moves in a row, which noise makes once in a hundred times."""

FEWEST_CALM = 4
"""Points in a row on course from which a loss is called calm."""


def calm_points(past: FloatArray, noise: float | None) -> int:
    """Points in a row (at most 8), up to the last finite one, that went on as the loss had gone, and not on a climb.

    ``noise`` in units of the loss; that of few points is none to measure by. A loss that falls goes its course, unless
    it has no floor: below zero it may lie no farther below its level than above it.
    """
    finite = past[np.isfinite(past)][-2 * LOOK_BACK :]
    if finite.size < 2:
        return int(finite.size)
    widths = NOISE_WIDTHS * (noise or 0.0) if finite.size >= 2 * LOOK_BACK else 0.0
    held = 0
    for at in range(finite.size - 1, max(-1, finite.size - 1 - LOOK_BACK), -1):
        before = finite[max(0, at - LOOK_BACK) : at] if at else finite[:1]
        level = float(np.median(before))
        band = max(OFF_COURSE * abs(level), widths)
        if finite[at] > level + band or (finite[at] < min(0.0, level - band)):
            break
        held += 1
    turns = np.flatnonzero(np.diff(finite) <= 0)
    climb = int(finite.size - 1 - (turns[-1] + 1 if turns.size else 0))
    return max(0, held - climb) if climb >= CLIMB else held


FELL_TO, FELL_WIDTHS, FELL_OF = 0.8, 6.0, 5
"""A last value below this share of the level of so many before it, by more than so many of their moves, fell there."""


def fell_from(before: FloatArray) -> float | None:
    """The level that the last finite value had fallen from at once; None where it went on as the loss had gone."""
    past = before[-FELL_OF - 1 : -1]
    if past.size < FELL_OF or past.min() <= 0:
        return None
    level, move = float(np.median(past)), float(np.median(np.abs(np.diff(past))))
    fell = before[-1] < FELL_TO * level and level - float(before[-1]) > FELL_WIDTHS * move
    return level if fell else None
