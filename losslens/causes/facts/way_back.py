"""How a loss comes back after its peak: how fast, and whether it leaves again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.numerics import log_like, smooth

if TYPE_CHECKING:
    from losslens.model import FloatArray

LEAST_HEIGHT = 0.2
"""Height of the peak (log) below which the way back is lost in the noise of most runs."""

HIGH, LOW = 0.5, 0.2
"""Shares of the height above which the loss is out and below which it is back."""

FEWEST_AFTER = 3


@dataclass(frozen=True, slots=True)
class WayBack:
    half_points: int | None
    """Points from the peak until half of its height (on the logarithm) was gone for good measure (a median of three);
    None if that never happened."""
    excursions: int
    """Times the loss went above half of the height and came back below a fifth, or stayed, from the onset on."""


def way_back_of(future: FloatArray, before: float | None) -> WayBack | None:
    """From the values from the onset on and the level before; None without a clear peak and three points after it."""
    finite = future[np.isfinite(future)]
    if before is None or finite.size < 2 + FEWEST_AFTER:
        return None
    y = log_like(np.concatenate([[before], finite]))
    level, y = float(y[0]), y[1:]
    peak = int(np.argmax(y))
    height = float(y[peak]) - level
    if not height > LEAST_HEIGHT:
        return None
    after = smooth(y[peak + 1 :], 3)
    back = np.flatnonzero(after <= level + (1.0 - HIGH) * height)
    half = int(back[0]) + 1 if back.size and after.size >= FEWEST_AFTER else None
    return WayBack(half, _excursions(y > level + HIGH * height, y < level + LOW * height))


def _excursions(out: np.ndarray, back: np.ndarray) -> int:
    """How often ``out`` came true for the first time or since ``back`` was last true."""
    moves = np.where(out, 1, np.where(back, -1, 0))
    moves = moves[moves != 0]
    return int((moves[:1] == 1).sum() + ((moves[1:] == 1) & (moves[:-1] == -1)).sum())
