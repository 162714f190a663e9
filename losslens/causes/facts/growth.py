"""How the loss rose from its onset on: by which law, how high, how fast, and whether its peak stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.ascent import MOSTLY_DOWN, fell_without_floor
from losslens.causes.facts.nouns import Growth
from losslens.causes.facts.numerics import (
    bins,
    line_fit,
    log_like,
    ratio,
    scatter,
)
from losslens.verdict.downward import FLOORLESS

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

DECADES = 4.0
"""Powers of ten over which no rise is called linear."""

STRAIGHT = 0.9
"""R² of the line on the logarithm from which a rise follows one, …"""

ALIKE = float(np.log(3.0))
"""… which makes as much of it as it was, up to this factor (a spike on top is none of the line), …"""

BESIDE = 3
"""Points beside a leap whose median is the level there."""

LED_UP, LEAPED, AT_ONCE = 4, 3.0, 0.6
"""A leap so many points after the onset or later, by this factor, of whose height (log) one move made this share."""

HALFWAY = (0.3, 0.7)
"""… and this share of it in the first half of its steps: a curve that bends has another pace at each point."""


def growth_of(
    step: IntArray,
    future: FloatArray,
    before: float | None,
    noise: float | None,
    start: float | None,
    past: FloatArray,
) -> Growth:
    """Class of the growth on [onset, first non-finite value or end]."""
    broken = np.flatnonzero(~np.isfinite(future))
    stop = int(broken[0]) if broken.size else future.size
    y, x = future[:stop], step[:stop]
    if before is None and stop > 1 and y[0] < 0.0 and y[-1] <= FLOORLESS * y[0]:
        before = float(y[0])  # below zero from its first point on, and ever farther
    if stop == 0 or before is None:
        return Growth("none", 0, 0, None, None, None, None, None, None)
    if _bottomless(y, before, noise, start) or fell_without_floor(y, np.append(past, before)):
        low = int(np.argmin(y))
        depth = abs(float(y[low]) - before)
        return Growth("downward", stop, int(x[-1] - x[0]), depth, None, None, None, float(y[low]), int(x[low]))
    y = _without_stray(y, before)
    peak = int(np.argmax(y))
    top = float(y[peak])
    height = top - before
    if height <= 0:
        return Growth("none", stop, int(x[-1] - x[0]), None, None, None, None, top, int(x[peak]))
    scale = log_like(np.concatenate([[before], y]))
    near = np.flatnonzero(scale[1:] >= scale[0] + 0.9 * (scale[1 + peak] - scale[0]))
    rise = int(near[0]) + 1
    size = ratio(top, before) if before > 0 else (height / max(abs((start or 0.0) - before), noise or 1e-12))
    kind, fit, tau = _law(x[:rise], y[:rise], before)
    after = y[rise:]
    turns = _turns(scale[1 : rise + 1], noise, before)
    line = _line(x, y, before, rise, peak, fit, tau)
    if rise <= 2:
        kind, fit, tau, line = "jump", None, None, None
    if kind != "exponential" and _stays_high(after, before, start) and rise <= max(3, stop // 2):
        kind = "plateau-high" if kind != "jump" or after.size >= 5 else kind
    alone = _stands_alone(scale, peak)
    leap = _leap(y, before)
    reached = ratio(float(y[:rise].max()), before) if before > 0 else None
    made = int(x[rise - 1] - x[0])
    later = _later_leap(x, y, before)
    return Growth(kind, rise, made, size, tau, fit, turns, top, int(x[peak]), alone, leap, line, reached, later)


STRAY = 0.5
"""Share of the height (log) of the highest point that its neighbours lack where it stands alone, …"""

STAYS_UP = 0.5
"""… and that the end of a rise has which it is no part of; …"""

WITHIN_REACH = 3
"""… one of so many first points is the onset itself."""


def _without_stray(y: FloatArray, before: float) -> FloatArray:
    """The course of a rise that lasts, without points that stand alone above it on its way: neither is its peak."""
    if y.size < 4 * BESIDE or before <= 0 or y.min() <= 0:
        return y
    level = np.array(y)
    log = np.log(y / before)
    lasting = float(np.median(log[-max(BESIDE, y.size // 5) :]))
    for _ in range(BESIDE):
        at = int(np.argmax(log))
        if at < WITHIN_REACH or at >= y.size - BESIDE or lasting < STAYS_UP * log[at]:
            break
        near = np.concatenate([log[max(0, at - BESIDE) : at], log[at + 1 : at + 1 + BESIDE]])
        if near.max() > STRAY * log[at]:
            break
        log[at] = float(np.median(near))
        level[at] = before * float(np.exp(log[at]))
    return level


def _bottomless(y: FloatArray, before: float, noise: float | None, start: float | None) -> bool:
    """The loss ended below zero, farther down than it had come from its start and than any rise since the onset."""
    fall = before - float(y.min())
    if y.min() >= min(before - 10 * max(noise or 0.0, 1e-12), 0.0) or fall <= MOSTLY_DOWN * (y.max() - before):
        return False
    if np.median(y[-max(1, y.size // 10) :]) >= before:
        return False
    return bool(fall > 2 * abs((start if start is not None else before) - before) and abs(y[-1]) > 2 * abs(before))


def _leap(y: FloatArray, before: float) -> float | None:
    """Largest factor between two neighbours from the level before to the third point."""
    near = np.concatenate([[before], y[:3]])
    return float((near[1:] / near[:-1]).max()) if near.min() > 0 else None


def _later_leap(x: IntArray, y: FloatArray, before: float) -> tuple[int, float, float] | None:
    """Step of the leap that made most of a rise, and the levels on its two sides; None where there is none so late."""
    if before <= 0 or y.size < 2 * BESIDE + LED_UP or y.min() <= 0:
        return None
    log = np.log(y)
    level = np.median(np.lib.stride_tricks.sliding_window_view(log, BESIDE), axis=1)
    moved = level[BESIDE:] - level[:-BESIDE]  # from the points before i to those from i on
    found = BESIDE + int(np.argmax(moved))
    at = found + int(np.argmax(np.diff(log)[found - 1 : found + BESIDE - 1]))  # two of three points make a median
    low, high = float(level[at - BESIDE]), float(level[min(at, level.size - 1)])
    height = high - low
    if at < LED_UP or height < np.log(LEAPED) or height < low - np.log(before):
        return None
    climbed = np.diff(np.append(np.log(before), log[:at])).max()
    at_once = float(log[at] - log[at - 1]) >= AT_ONCE * height and climbed < height / 2
    lasted = float(np.median(log[at:])) >= (low + high) / 2
    return (int(x[at]), float(np.exp(low)), float(np.exp(high))) if at_once and lasted else None


def _stands_alone(scale: FloatArray, peak: int) -> float | None:
    """Share of the height of the peak (on the logarithm) that is gone at the next point and stays so for three.

    ``scale`` holds the level before and then the values from the onset on. Only a peak at one of the first two points
    can stand alone; None where fewer than three points follow.
    """
    after = scale[2 + peak : 5 + peak]
    height = scale[1 + peak] - scale[0]
    if peak > 1 or after.size < 3 or height <= 0:
        return None
    return float((scale[1 + peak] - after.max()) / height)


def _law(x: IntArray, y: FloatArray, before: float) -> tuple[str, float | None, float | None]:
    """Which of three laws the rise follows best: exponential, power (both on log y), or linear."""
    if y.size < 3:
        return "jump", None, None
    bx, by = bins(x, y, 40)
    if bx.size < 3:
        return "jump", None, None
    t = bx - float(x[0])
    gap = float(np.median(np.diff(bx)))
    candidates: dict[str, tuple[float, float]] = {"linear": line_fit(t, by)}
    if by.min() > 0:
        candidates["exponential"] = line_fit(t, np.log(by))
        candidates["power"] = line_fit(np.log(t + gap), np.log(by))
    positive = by[by > 0]
    span = float(np.log10(positive.max() / positive.min())) if positive.size else 0.0
    if span > DECADES:  # a straight line through its last point alone fits such a rise, and says nothing
        candidates.pop("linear")
        if not candidates:
            shifted = np.log(np.maximum(by, positive.min()))
            candidates["exponential"] = line_fit(t, shifted)
    kind = max(candidates, key=lambda k: candidates[k][1])
    slope, fit = candidates[kind]
    factor = float(by.max() / max(by.min(), 1e-300)) if by.min() > 0 else 1.0
    if kind != "exponential" and factor > 10 and candidates.get("exponential", (0, 0))[1] > fit - 0.05:
        kind, (slope, fit) = "exponential", candidates["exponential"]
    return kind, fit, (1.0 / slope if kind == "exponential" and slope > 0 else None)


def _line(
    x: IntArray, y: FloatArray, before: float, rise: int, peak: int, fit: float | None, tau: float | None
) -> float | None:
    """Factor of a rise along a straight line on the logarithm; None where it is none.

    From the level before, or from the first point where that lies farther off, to the peak, or to where the rise was
    nearly complete where the peak is none of the line.
    """
    if fit is None or tau is None or fit < STRAIGHT or before <= 0 or rise < 3 or y[: peak + 1].min() <= 0:
        return None
    log, t = np.log(np.append(before, y)), np.append(2.0 * x[0] - x[1], x).astype(np.float64)
    for begin, end in ((0, peak + 1), (0, rise), (1, peak + 1), (1, rise)):
        climbed, made = float(log[end] - log[begin]), float(t[end] - t[begin]) / tau
        half = float(np.interp((t[begin] + t[rise]) / 2.0, t[begin : rise + 1], log[begin : rise + 1]) - log[begin])
        evenly = HALFWAY[0] <= half / max(float(log[rise] - log[begin]), 1e-9) <= HALFWAY[1]
        if evenly and abs(climbed - made) <= ALIKE:
            return float(np.exp(climbed))
    return None


def _turns(y: FloatArray, noise: float | None, before: float) -> float | None:
    """Share of turns among the moves on the way that are larger than the noise."""
    if y.size < 6:
        return None
    unit = (noise or 0.0) / max(abs(before), 1e-12)
    moves = np.diff(y)
    moves = moves[np.abs(moves) > max(2 * min(unit, 0.5), 0.02)]
    if moves.size < 4:
        return 0.0
    return float(np.mean(np.sign(moves[1:]) != np.sign(moves[:-1])))


def _stays_high(after: FloatArray, before: float, start: float | None) -> bool:
    """What follows the rise holds one level, at most a few times the starting level: chance, not a runaway."""
    if after.size < 5:
        return False
    tail = after[after.size // 3 :]
    level = float(np.median(tail))
    if level <= before:
        return False
    spread = scatter(tail) or 0.0
    bounded = start is None or level <= 3 * max(abs(start), abs(before))
    third = max(1, tail.size // 3)
    drift = abs(float(np.median(tail[-third:])) - float(np.median(tail[:third])))
    return bounded and spread < 0.5 * abs(level - before) + 0.1 * abs(level) and drift < 0.35 * (level - before)
