"""Blows: a loss thrown up within two points, that comes down again.

Where blows by powers of ten recur they are most of what a log holds, and its noise, measured by how far points lie from
their neighbours, hides them. Their shape tells them: noise falls as suddenly as it rises, and a net that was thrown out
has to learn its way back. In a log of few points one blow does the same; that nothing else in it rises tells it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from losslens.detector.excursions import MOST, Excursion

if TYPE_CHECKING:
    from losslens.model import FloatArray

LEAST_POINTS = 20

HEIGHT = math.log(10.0)
"""A blow throws a loss up by this factor …"""

MOVES = 37.0
"""… and by so many times the median move from point to point (25 widths of normal ones), …"""

REACH = 2
"""… within so many points, …"""

CALM_POINTS = 5
"""… from so many before that …"""

CALM_MOST = 1 / 3
"""… were no higher than by this share of it."""

RELAXING = 3
"""So many points from its top on are still above half of it, and no single step takes it below that."""

REVERSED = 1 / 3
"""Of blows there are fewer than this share when the series is read backwards: noise has as many."""

BACK = 0.75
"""A blow is over when so much of its height is gone."""

ONE = math.log(3.0)
"""A single blow throws a loss up by this factor …"""

ONLY = 4.0
"""… and rises so many times as high (on the log scale) as anything else within two points, …"""

KNOWN, KNOWN_SHARE = 5, 0.02
"""… behind so many points and this share of all, in a log …"""

FEWEST, SHORT = 12, 2000
"""… of so many points, and no more than so many."""

HALFWAY = 0.6
"""It was over when so much of its height was gone."""


def find(z: FloatArray) -> list[Excursion]:
    """The blows of ``z`` that were over before the series ended or the next one fell, in order.

    ``z``: shape ``(n,)``, logarithms of a loss. O(n).
    """
    return (_recurring(z) if z.size >= LEAST_POINTS else []) or (_only_one(z) if FEWEST <= z.size <= SHORT else [])


def _recurring(z: FloatArray) -> list[Excursion]:
    rises = _rises(z)
    if float(rises.max()) <= HEIGHT:
        return []  # the medians of a million points cost more than this look
    move = np.diff(z)
    least = max(HEIGHT, MOVES * float(np.median(np.abs(move - np.median(move)))))
    blows = _blows(z, rises, least)
    if not blows or len(_blows(z[::-1], _rises(z[::-1]), least)) > REVERSED * len(blows):
        return []
    out: list[Excursion] = []
    for (foot, top), (end, _) in zip(blows, [*blows[1:], (z.size - 1, 0)], strict=True):
        before, height = float(z[foot]), float(z[top] - z[foot])
        back = np.flatnonzero(z[top:end] <= before + (1.0 - BACK) * height)
        if back.size:
            out.append(
                Excursion(foot + 1, top, top + int(back[0]) - 1, before, float(z[top]), float(z[end]), top - foot)
            )
    return out


def _blows(z: FloatArray, rises: FloatArray, least: float) -> list[tuple[int, int]]:
    """Indices of the point before and of the top of each."""
    out: list[tuple[int, int]] = []
    at = 0
    for hit in np.flatnonzero(rises > least):
        if hit < at or len(out) >= MOST:
            continue
        foot, top = _foot_and_top(z, int(hit))
        if _is_blow(z, foot, top, least):
            out.append((foot, top))
            at = top + RELAXING
    return out


def _rises(z: FloatArray) -> FloatArray:
    """How far each point is outdone within ``REACH`` points; shape as ``z``, the last one by nothing."""
    reached = np.full(z.size, -np.inf)
    for gap in range(1, REACH + 1):
        reached[:-gap] = np.maximum(reached[:-gap], z[gap:] - z[:-gap])
    return reached


def _foot_and_top(z: FloatArray, hit: int) -> tuple[int, int]:
    foot = hit
    while foot + 2 < z.size and z[foot + 1] < z[foot]:  # the rise begins one point later
        foot += 1
    return foot, foot + 1 + int(np.argmax(z[foot + 1 : foot + 1 + REACH]))


def _only_one(z: FloatArray) -> list[Excursion]:
    """The one sudden rise of a loss that hardly rises elsewhere, where it came most of the way back."""
    rises = _rises(z)
    known = max(KNOWN, int(KNOWN_SHARE * z.size))
    foot, top = _foot_and_top(z, known + int(np.argmax(rises[known:])))
    height = float(z[top] - z[foot])
    others = np.delete(rises[:-1], slice(max(foot - REACH, 0), top + 1))
    back = np.flatnonzero(z[top:-1] <= z[top] - HALFWAY * height)
    if height < ONE or height < ONLY * float(others.max(initial=0.0)) or not back.size:
        return []
    last = top + int(back[0]) - 1
    after = float(np.median(z[last + 1 : last + 1 + CALM_POINTS]))
    return [Excursion(foot + 1, top, last, float(z[foot]), float(z[top]), after, top - foot)]


def _is_blow(z: FloatArray, foot: int, top: int, least: float) -> bool:
    height, half = float(z[top] - z[foot]), float(z[top] + z[foot]) / 2.0
    before, after = z[max(foot - CALM_POINTS, 0) : foot + 1], z[top : top + RELAXING]
    if height <= least or before.size < RELAXING or after.size < RELAXING:
        return False
    if float(before.max()) - float(z[foot]) > CALM_MOST * height or float(after.min()) < half:
        return False
    down = np.flatnonzero(z[top:] <= half)
    return down.size == 0 or float(z[top + down[0] - 1] - z[top + down[0]]) <= height / 2.0
