"""What is said of a loss that did not leave its course: how far it fell, and how far up it was in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Verdict
from losslens.verdict.flat import fell_at_once
from losslens.verdict.word import NEAR, Word, number

if TYPE_CHECKING:
    from losslens.detector import SeriesFit

PARTS = 40
"""A level is that of so small a part of the run."""

WENT_BACK = 0.5
"""A loss went up again whose level undid this share of its fall so far, whatever brought it down after that, …"""

BEYOND_NOISE = 2.0
"""… by so many widths of its noise."""

ABOVE_BEST = 0.1
"""A loss that ends this share above its best level, and beyond its noise, fell further than to its end."""


def uneventful(fit: SeriesFit) -> Word:
    """The word for a loss to which nothing happened."""
    if fit.end >= fit.start:
        began = f"began at {number(fit.start)} and ends at {number(fit.end)}"
        return Word(Verdict.HEALTHY, f"{began}: it did not fall, but nothing shows where it would have left its course")
    fell = f"fell from {number(fit.start)} to {number(fit.end)}"
    again = _went_back(fit)
    if fit.transform.kind == "log" and (points := fell_at_once(fit.z)):
        first = f"{points} points" if points > 1 else "point"
        if again or fit.end - fit.best > max(ABOVE_BEST * fit.best, fit.noise_level):
            best = f", most of it within its first {first}; its best level was {number(fit.best)}"
            return Word(Verdict.HEALTHY, fell + best, NEAR, Verdict.PLATEAU)
        text = f"{fell} within its first {first} and no further: either all there was to learn, or nothing"
        return Word(Verdict.HEALTHY, text, NEAR, Verdict.PLATEAU)
    return Word(Verdict.HEALTHY, f"{fell}, {again}" if again else f"{fell} and did not leave its course")


def _went_back(fit: SeriesFit) -> str:
    """Where the level of a loss stood far above its lowest before; "" where it never did."""
    if fit.n_finite < PARTS:
        return ""
    level = np.asarray([float(np.median(part)) for part in np.array_split(fit.z, PARTS)])
    lowest = np.minimum.accumulate(level)
    rose = level - lowest
    at = int(np.argmax(rose))
    first = max(float(fit.z[0]), float(level[0]))
    if rose[at] < WENT_BACK * (first - lowest[at]) or rose[at] <= BEYOND_NOISE * fit.noise:
        return ""
    back = fit.transform.back
    place = fit.place(int((at + 0.5) * fit.n_finite / PARTS))
    low, high = (number(back(float(one[at]))) for one in (lowest, level))
    return f"though it went up again in between, from {low} to {high} at {place}"
