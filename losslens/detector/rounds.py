"""Points that stand out once in every round: one sample among the data of each epoch does that.

Noise with a tail as long has a high point in some rounds and two or none in others. The places may wander from round
to round, as they do where the data are shuffled; what stands at the seam of two rounds is the seam's own doing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from losslens.model import BoolArray, FloatArray, IntArray

LEAST_ROUNDS = 8
"""Rounds that must have been seen …"""

LEAST_POINTS = 8
"""… with so many points in each; one with fewer, as the last of a run, does not count."""

WIDTHS = 4.0
"""The highest point of a round is so many noise widths above the level before it …"""

ALONE = 0.5
"""… and the next highest, neighbours apart, no more than this share of that …"""

IN_MOST = 0.8
"""… in this share of the rounds, …"""

SEAM = 1
"""… fewer than half of them within so many points of the beginning or the end of their round."""


def once_each(above: FloatArray, width: float, rounds: IntArray) -> BoolArray:
    """Which points are the one high point of their round, where nearly every round has one; else none.

    ``above``: shape ``(n,)``, points above the level before them. ``width``: that of the noise. ``rounds``: shape
    ``(n,)``, the number of the round of each point. O(n).
    """
    out = np.zeros(above.size, bool)
    edges = np.flatnonzero(np.diff(rounds)) + 1
    parts = [(a, b) for a, b in zip(np.append(0, edges), np.append(edges, above.size), strict=True)]
    parts = [(int(a), int(b)) for a, b in parts if b - a >= LEAST_POINTS]
    if len(parts) < LEAST_ROUNDS:
        return out
    at_seam = 0
    for first, end in parts:
        top = first + int(np.argmax(above[first:end]))
        others = np.delete(above[first:end], slice(max(top - 1 - first, 0), top + 2 - first))
        if above[top] > WIDTHS * width and float(others.max()) <= ALONE * above[top]:
            out[top] = True
            at_seam += min(top - first, end - 1 - top) < SEAM
    found = int(out.sum())
    if found < IN_MOST * len(parts) or 2 * at_seam >= found:
        out[:] = False
    return out
