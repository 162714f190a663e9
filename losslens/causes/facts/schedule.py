"""The learning rate: what it was at the onset, and what it had done before."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from losslens.causes.facts.nouns import Extent, Start
from losslens.causes.facts.numerics import value_at
from losslens.causes.facts.rises import ABRUPT, SAME_RATE, harmless_rises, rises_after_warmup
from losslens.causes.facts.signals import Rate, Recipe
from losslens.model import Series

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

JUMP_REACH, MOST_POINTS = 20, 400
"""Logged points of the loss before the onset in which a jump is looked for, of so many at most: where single steps are
logged, as many of them as a point would hold of a log with so many points up to the onset."""

RISE = 1.15
"""Factor from which a rate has risen, and its rise is followed to where it began."""

STILL_RISES = 1.005
"""Factor between two logged points by which a rise goes on."""

PART_OF_A_JUMP = 1.05
"""Factor between two points beside a jump from which the rise there is a part of it, seen through a running mean …"""

BESIDE_A_JUMP = 3
"""… at most so many points away, itself included."""

CALM_SHARE, CALM_POINTS, CALM_BEFORE = 0.1, 20, 0.5
"""A rate was borne where the run stayed calm at it for this share of its length, or for so many points, or for this
share of what came before the onset if that is less."""

LIKE_THE_LARGEST = 0.6
"""Share of the largest rise (on the logarithm) from which a later rise is preferred to it."""

STEEPER = 2.0
"""A rise whose end is steeper than its beginning by this factor grows ever faster."""

FEWEST_OF_A_CLIMB = 10
"""Logged points that a climb must have …"""

CLIMBED = 1.5
"""… the factor by which it must have raised the rate …"""

STILL_CLIMBS = 1.03
"""… that of its last points before the onset …"""

STEADILY = 0.8
"""… and the share of its moves that lead upward."""

PRINTED_ALIKE = 3
"""Points within which a rise shows although two of them are printed with the same digits."""

PROPORTION = (0.05, 0.3)
"""Growth of the step (on the logarithm) from which a rate in proportion to it shows, and the share of it by which the
rate of a step may vary, which is printed to two or three digits."""

ALL_THE_WAY = 1.25
"""Times the growth of the steps that a rate which began at 0 with them may have grown: trainers log it a step late."""

TRIFLE = 0.01
"""Share of the highest rate that a fall must make: a schedule ends at nothing."""

UNLIKE_THE_LAST = 3.0
"""Times the move before it (on the logarithm) that an abrupt fall must exceed."""

FIRST_MOVES, LONG_SINCE = 2, 6
"""A rise within so many moves of the first logged rate is a warm-up seen coarsely, where the onset came more than so
many logged points after the beginning."""

BORNE = 3
"""Logged points at a rate or above it, all calm, from which it counts as borne."""

_Jump: TypeAlias = tuple[float | None, int | None, float | None, float | None]


def rate_of(
    series: Series | None,
    recipe: Recipe,
    start: Start | None,
    extent: Extent,
    loss: Series | None,
    peak_step: int | None = None,
) -> Rate | None:
    """Facts of the schedule; from the settings alone where no learning rate was logged."""
    if series is None or not np.isfinite(series.value).any():
        if recipe.lr is None:
            return None
        return _from_settings(recipe)
    good = np.isfinite(series.value)
    step, value = series.step[good], series.value[good]
    peak = float(value.max())
    onset = start.step if start is not None else extent.last_step
    here = value_at(step, value, onset)
    warm = _warmup_end(step, value, peak)
    if warm is None and extent.unseen.begins_late:
        warm = _later_warmup_end(step, value)
    if warm is None and recipe.warmup_steps and value.size >= 2 and value[1] > value[0]:
        warm = int(recipe.warmup_steps)  # too short in the log to be seen, but the settings say so
    jump = _jump(step, value, start, extent, warm)
    ramp = _ramp(step, value, jump, start, warm)
    if jump[0] is not None and jump[0] < RISE:
        climb = _climb(step, value, start, extent, warm)
        if climb is not None:
            jump, ramp = (climb[0], onset, climb[2], climb[3]), climb
    stable = _stable_rate(step, value, start, extent)
    rises, hurt = rises_after_warmup(step, value, loss, warm)
    harmless = harmless_rises(step, value, loss, warm, start, ramp[1], here)
    return Rate(
        source="logged",
        tag=series.tag,
        first=float(value[0]),
        peak=peak,
        at_onset=here,
        last=float(value[-1]),
        constant=bool(value.max() <= value.min() * 1.0001) if value.min() >= 0 else None,
        warmup_end=warm,
        rises_to_its_end=warm is not None and warm >= int(step[-1]),
        in_warmup=None if start is None else bool(warm is not None and onset <= warm),
        jump=ramp[0],
        jump_step=ramp[1],
        jump_lag_points=_lag(step, value, jump, ramp, start, extent),
        jump_from=ramp[2],
        jump_to=ramp[3],
        jump_last=ramp[4],
        stable_ratio=None if stable is None or here is None or stable <= 0 else here / stable,
        stable_rate=stable,
        steps_at_rate=_share_at(step, value, here, onset, extent),
        zero_from=_zero_from(step, value, peak),
        rises=rises,
        rises_hurt=hurt,
        tiny_until=_tiny_until(step, value, peak),
        rises_harmless=harmless,
        at_peak=None if peak_step is None else value_at(step, value, peak_step),
        fall=_fall(step, value, start, extent),
        calm_points=_points_at(step, value, here, start, loss),
        borne=_borne(step, value, start, extent),
        usual=_usual(step, value, start, loss),
    )


UNCHANGING = frozenset({"const", "constant", "constantlr", "constant_with_warmup", "fixed", "none", "off", "false"})
"""Schedules that leave the rate as it is, once it is warmed up."""


def _from_settings(recipe: Recipe) -> Rate:
    assert recipe.lr is not None
    return Rate(
        source="settings",
        tag="learning rate (settings)",
        first=None,
        peak=recipe.lr,
        at_onset=None,
        last=None,
        constant=True if recipe.scheduler in UNCHANGING and not recipe.warmup_steps else None,
        warmup_end=None,
        in_warmup=None,
        jump=None,
        jump_step=None,
        jump_lag_points=None,
        jump_from=None,
        jump_to=None,
        stable_ratio=None,
        stable_rate=None,
        steps_at_rate=None,
        zero_from=None,
        rises=0,
        rises_hurt=0,
    )


def _warmup_end(step: IntArray, value: FloatArray, peak: float) -> int | None:
    """Last step of the initial unbroken rise, where it at least doubled the rate in three moves or more."""
    moves = np.diff(value)
    stop = np.flatnonzero(moves <= 0)
    for at in stop:  # of a slow rise neighbours may be the same once they are printed: it goes on a few points later
        soon = value[at + 1 : at + 1 + PRINTED_ALIKE]
        if moves[at] < 0 or soon.size < PRINTED_ALIKE or not (np.diff(soon) >= 0).all() or soon[-1] <= value[at]:
            break
        stop = stop[1:]
    last = int(stop[0]) if stop.size else value.size - 1
    if last == 1 and _warms_at_first(step, value):
        return int(step[1])
    if last < 2 or (value[0] <= 0 and value[last] <= 0):
        return None
    if value[0] > 0 and value[last] < 2 * value[0]:
        return None
    if not stop.size and _accelerates(step, value):
        return None
    return int(step[last]) if last >= 3 or value[last] >= 0.5 * peak else None


def _warms_at_first(step: IntArray, value: FloatArray) -> bool:
    """Whether the only rise, from the first logged rate to the second, is one in proportion to the steps made: the log
    is so coarse that a warm-up is one move of it."""
    if step[0] <= 0 or value[0] <= 0 or (np.diff(value[1:]) > 0).any():
        return False
    return bool(value[1] / value[0] <= ALL_THE_WAY * step[1] / step[0])


def _later_warmup_end(step: IntArray, value: FloatArray) -> int | None:
    """Last step of a warm-up whose beginning the log does not hold: the rate grows in proportion to the step."""
    falls = np.flatnonzero(np.diff(value) < 0)
    last = int(falls[0]) if falls.size else value.size - 1
    if last < 3 or step[0] <= 0 or value[0] <= 0:
        return None
    per_step = value[: last + 1] / step[: last + 1]
    grown = np.log(step[last] / step[0])
    even = np.log(per_step.max() / per_step.min())
    return int(step[last]) if grown >= PROPORTION[0] and even <= PROPORTION[1] * grown else None


def _accelerates(step: IntArray, value: FloatArray) -> bool:
    """Whether a rise gets ever steeper: a warm-up approaches its peak evenly, or ever more slowly.

    A rate that is multiplied again and again and never stops growing is a search for a rate, or a mistake.
    """
    slope = np.diff(value) / np.maximum(np.diff(step), 1)
    third = max(1, slope.size // 3)
    return bool(slope[-third:].mean() > STEEPER * slope[:third].mean() and slope[-1] >= slope.max())


def _jump(step: IntArray, value: FloatArray, start: Start | None, extent: Extent, warm: int | None) -> _Jump:
    """(ratio, step, from, to) of the largest single rise in the window before the onset; ratio None if none logged."""
    if start is None or value.size < 2:
        return None, None, None, None
    low = start.step - JUMP_REACH * _spacing(start, extent)
    high = start.until(1.5 * extent.interval)  # the rate may be logged a point later
    inside = np.flatnonzero((step[1:] >= low) & (step[1:] <= high))
    if warm is not None:
        inside = inside[step[inside + 1] > warm]
    if start.points_before > LONG_SINCE:
        inside = inside[inside >= FIRST_MOVES]
    if inside.size == 0:
        return None, None, None, None
    was, now = value[inside], value[inside + 1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        moves = np.where(was > 0, now / np.where(was > 0, was, 1.0), np.where(now > 0, 1e6, 1.0))
    k = int(np.argmax(moves))
    if moves[k] > 1:  # of several rises alike (warm restarts) the last one before the onset counts
        k = int(np.flatnonzero(moves >= moves[k] ** LIKE_THE_LARGEST)[-1])
    total, k = _merge(moves, k)  # a move spread over two logged points (the value in between) is one move
    return total, int(step[inside[k] + 1]), float(was[k]), float(value[inside[k] + 1])


def _ramp(
    step: IntArray, value: FloatArray, jump: _Jump, start: Start | None, warm: int | None
) -> tuple[float | None, int | None, float | None, float | None, int | None]:
    """(ratio, first step, from, to, last step) of the unbroken rise that the largest move belongs to.

    A schedule seldom rises in one move: the ratio is what the rate had risen by when the loss left its course, from
    where the rise began, and the last step is where it ended.
    """
    total, at, was, _ = jump
    if total is None or at is None or was is None or start is None or total < RISE:
        return *jump, at
    low = high = max(int(np.flatnonzero(step == at)[-1]), 1)  # steps may repeat after a resume: no bisection
    while low > 1 and value[low - 1] > STILL_RISES * value[low - 2] and (warm is None or step[low - 2] >= warm):
        low -= 1
    while high + 1 < value.size and value[high + 1] > STILL_RISES * value[high]:
        high += 1
    by_then = np.flatnonzero(step[: high + 1] <= start.step)
    reached = max(int(by_then[-1]) if by_then.size else low, low)  # the rate may be logged a point later than the loss
    began, to = float(value[low - 1]), float(value[reached])
    rose = to / began if began > 0 else total
    return max(rose, 1.0), int(step[low]), began, to, int(step[high])


def _climb(
    step: IntArray, value: FloatArray, start: Start | None, extent: Extent, warm: int | None
) -> tuple[float, int, float, float, int] | None:
    """(ratio, first step, from, to, last step) of a steady climb that leads to the onset; None where there is none.

    No single move of it is large where the rate is logged often: it is measured from the last lowest value on.
    """
    if start is None:
        return None
    stop = int(np.searchsorted(step, start.step, side="right"))
    begin = 0 if warm is None else int(np.searchsorted(step, warm))
    past = value[begin:stop]
    if past.size < FEWEST_OF_A_CLIMB or past.min() <= 0:
        return None
    low = begin + int(past.size - 1 - np.argmin(past[::-1]))
    rise = value[low:stop]
    near = rise[step[low:stop] >= start.step - JUMP_REACH * _spacing(start, extent)]
    if rise.size < FEWEST_OF_A_CLIMB or rise[-1] < CLIMBED * rise[0] or near[-1] < STILL_CLIMBS * near[0]:
        return None
    if float(np.mean(np.diff(rise) > 0)) < STEADILY:
        return None
    last = stop - 1
    while last + 1 < value.size and value[last + 1] > value[last]:
        last += 1
    return float(rise[-1] / rise[0]), int(step[low + 1]), float(rise[0]), float(rise[-1]), int(step[last])


def _lag(
    step: IntArray, value: FloatArray, jump: _Jump, ramp: tuple[object, ...], start: Start | None, extent: Extent
) -> float | None:
    """Logged points between the largest move and the onset; of a rise that leads on to the onset those since the rate
    was last less than two thirds of what it is there: where each move is small, which is the largest says nothing."""
    if jump[1] is None or start is None:
        return None
    spacing = max(_spacing(start, extent), 1e-9)
    lag = (start.step - jump[1]) / spacing
    first, last = ramp[1], ramp[4]
    if not isinstance(first, int) or not isinstance(last, int) or not first < start.step <= last:
        return lag
    inside = (step >= first) & (step <= start.step)
    if not inside.any():
        return lag
    below = np.flatnonzero(value[inside] < value[inside][-1] / ABRUPT)
    since = step[inside][below[-1]] if below.size else first
    held = (start.step - float(since)) / spacing
    return min(lag, held) if lag >= 0 else held


def _spacing(start: Start, extent: Extent) -> float:
    """Steps between two points of the log, or of one as dense as needs be."""
    return max(extent.interval, (start.step - extent.first_step) / MOST_POINTS)


def _merge(moves: FloatArray, k: int) -> tuple[float, int]:
    """A jump seen through a running mean takes several points: multiply the neighbouring rises into it."""
    total, first = float(moves[k]), k
    for j in range(k + 1, min(k + BESIDE_A_JUMP, moves.size)):
        if moves[j] <= PART_OF_A_JUMP:
            break
        total *= float(moves[j])
    for j in range(k - 1, max(-1, k - BESIDE_A_JUMP), -1):
        if moves[j] <= PART_OF_A_JUMP:
            break
        total *= float(moves[j])
        first = j
    return total, first


def _stable_rate(step: IntArray, value: FloatArray, start: Start | None, extent: Extent) -> float | None:
    """The highest rate at which the run stayed calm for a tenth of its length (or 20 points) before the onset."""
    if start is None or start.points_before < 5:
        return None
    before = step < start.low - 2 * extent.interval
    if before.sum() < 2:
        return None
    need = max(
        CALM_SHARE * (extent.last_step - extent.first_step),
        min(CALM_POINTS * extent.interval, CALM_BEFORE * (start.step - extent.first_step)),
    )
    span = np.diff(np.append(step[before], start.low)).astype(np.float64)
    order = np.argsort(value[before])[::-1]
    held = np.cumsum(span[order])
    enough = np.flatnonzero(held >= need)
    return float(value[before][order][enough[0]]) if enough.size else None


def _share_at(step: IntArray, value: FloatArray, here: float | None, onset: int, extent: Extent) -> float | None:
    if here is None or here <= 0:
        return None
    before = step <= onset
    if before.sum() < 2:
        return 0.0
    near = (value[before] >= here / SAME_RATE) & (value[before] <= here * SAME_RATE)
    span = np.diff(np.append(step[before], onset)).astype(np.float64)
    return float(span[near].sum() / max(1.0, extent.last_step - extent.first_step))


def _borne(step: IntArray, value: FloatArray, start: Start | None, extent: Extent) -> float | None:
    """The highest rate of the course before the onset, but for its two highest points."""
    if start is None:
        return None
    before = np.sort(value[step < start.low - extent.interval])
    return float(before[-BORNE]) if before.size >= BORNE else None


def _usual(step: IntArray, value: FloatArray, start: Start | None, loss: Series | None) -> float | None:
    """The rate at which half of the logged points before the onset were made, or a lower one."""
    if start is None or loss is None:
        return None
    points = loss.step[loss.step < start.low]
    if points.size < FEWEST_OF_A_CLIMB:
        return None
    return float(np.median(value[np.clip(np.searchsorted(step, points, side="right") - 1, 0, value.size - 1)]))


def _points_at(
    step: IntArray, value: FloatArray, here: float | None, start: Start | None, loss: Series | None
) -> float | None:
    """Logged points of the loss before the onset while the rate was about what it is there, or higher."""
    if here is None or here <= 0 or start is None or loss is None:
        return None
    points = loss.step[loss.step < start.low]
    if points.size == 0:
        return 0.0
    held = value[np.clip(np.searchsorted(step, points, side="right") - 1, 0, value.size - 1)]
    return float((held >= here / SAME_RATE).sum())


def _fall(step: IntArray, value: FloatArray, start: Start | None, extent: Extent) -> tuple[int, float, float] | None:
    """(step, from, to) of the largest abrupt fall within the interval of the onset; None where there is none."""
    if start is None or start.from_start or value.size < 2:
        return None
    high = start.high + 0.5 * extent.interval
    with np.errstate(divide="ignore", invalid="ignore"):
        down = -np.diff(np.log(np.maximum(value, 0.0)))
    down[np.isnan(down)] = 0.0
    ordinary = np.concatenate([[0.0], np.abs(down[:-1])])  # a schedule that decays steeply falls like this each time
    near = (step[1:] >= start.low) & (step[1:] <= high) & (-np.diff(value) > TRIFLE * np.nanmax(value))
    inside = np.flatnonzero(near & (down > np.log(ABRUPT)) & (down > UNLIKE_THE_LAST * ordinary))
    if inside.size == 0:
        return None
    k = int(inside[np.argmax(down[inside])])
    return int(step[k + 1]), float(value[k]), float(value[k + 1])


def _zero_from(step: IntArray, value: FloatArray, peak: float) -> int | None:
    nothing = value <= 1e-6 * peak if peak > 0 else np.ones(value.size, dtype=bool)
    if not nothing[-1]:
        return None
    last = np.flatnonzero(~nothing)
    first = int(last[-1]) + 1 if last.size else 0
    return int(step[first]) if value.size - first >= max(3, value.size // 50) or first == 0 else None


def _tiny_until(step: IntArray, value: FloatArray, peak: float) -> int | None:
    grown = np.flatnonzero(value >= 0.01 * peak)
    if grown.size == 0 or grown[0] == 0 or peak <= 0:
        return None
    until = int(step[grown[0]])
    return until if until - int(step[0]) >= 0.5 * (int(step[-1]) - int(step[0])) else None
