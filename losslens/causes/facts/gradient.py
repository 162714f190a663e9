"""The gradient norm: level, spikes, clipping, and whether it moved before the loss did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.nouns import Extent, Start
from losslens.causes.facts.numerics import (
    broke_at,
    carry,
    departure,
    log_like,
    longest_runs,
    median,
    rank_correlation,
    ratio,
    scatter,
)
from losslens.causes.facts.signals import Gradient, Layers
from losslens.causes.facts.spikes import block_course
from losslens.model import Role, Run, Series
from losslens.runs.effects import filled_at

if TYPE_CHECKING:
    from losslens.model import BoolArray, FloatArray, IntArray

REACH = 10
"""Logging intervals behind the onset in which the norm still belongs to it …"""

AROUND = 20
"""… and those before it in which its peak is looked for."""

LEVEL_POINTS = 50
"""Points before the onset whose median is the level of the norm."""

FLAT_TOP_SHARE = 0.2
"""Share of values on the maximum from which a norm counts as cut off by clipping."""

HELD = 0.08
"""Share of a norm's values on one and the same value from which that is a ceiling."""

BEYOND = 1.02
"""Factor beyond a ceiling at which it no longer holds."""

DEAD = 1e-7
"""A gradient norm below this moves nothing (the threshold other tools use for vanished gradients)."""

NOTHING = 1e-6
"""Share of the largest layer's norm below which a layer gets nothing."""

THROUGHOUT = 0.9
"""Share of the points at which a dead layer is dead."""

MOST_LAYERS = 200

MOST_NORMS = 6

CLIMB_STRETCH = 60
"""Points before the onset in which a climb is looked for."""

STEADILY = 0.8
"""Rank correlation with time from which a climb is steady."""

MOST_RISES = 64

ATTENTION = frozenset({"attention", "attn", "attentions", "mha", "qkv", "query", "wq"})
RECURRENT = frozenset({"rnn", "lstm", "gru", "hh", "recurrent"})
CONVOLUTION = frozenset({"conv", "convs", "convolution", "downsample"})
"""Words in the names of layers that tell the kind of net."""

LEAST_BEFORE = 3
"""Points of a layer before the onset that give its level."""

CLEARLY = 1.5
"""Factor by which a second norm must stand out more than the first to be taken instead."""

LAST_STRETCH = 400
"""Points before the onset among which a single high point must be a record."""

CLEAR_RECORD = 3.0
"""Factor by which it must exceed the largest of them."""

LARGEST = 3.0
"""Times its usual level that a norm must reach in its first points to be largest there."""

LEAST_QUIET = 10
"""Points on either side of a step that the norm took and kept."""

DISTURBED = 3.0
"""Factor by which it must have stepped up for the stretch before to be the quiet one."""

HEAD = 0.02
"""Share of the points before the onset, two at least, that are the first: a norm is high there in most runs."""

LAST, WARNING = 10, 4.0
"""Points before the onset at which a norm so many times its level would have been a warning."""

SPIKE_RATIO = 5.0
"""A point this many times above its surroundings is a spike of the gradient norm."""


def gradient_of(run: Run, loss: Series | None, start: Start | None, extent: Extent) -> Gradient | None:
    """Facts of the best gradient norm logged: before clipping if there is one, else after."""
    series, clipped = _choose(run, start, extent)
    if series is None:
        return None
    series = series.current()
    value, step = series.value, series.step
    finite = np.isfinite(value)
    if not len(series):
        return None
    onset = start.step if start is not None else extent.last_step + 1
    past = value[step < onset]
    after = value[step >= onset]
    reach = int((start.step if start else extent.last_step) + REACH * extent.interval)
    near = np.flatnonzero((step >= onset - AROUND * extent.interval) & (step <= reach) & finite)
    top = int(near[np.argmax(value[near])]) if near.size else None
    peak = float(value[top]) if top is not None else None
    own = departure(step, value, onset, reach) if start is not None else None
    before = median(past[-LEVEL_POINTS:]) if past.size else None
    if own is not None and np.isfinite(own.before):
        before = own.before  # the last points may already hold the rise
    lead_points, lead_steps = _lead(own.step if own else None, loss, start, extent)
    flash = _flash(step, value, start, extent) if own is None else None
    if flash is not None and start is not None:
        lead_steps = max(0, start.step - flash)
        lead_points = lead_steps / max(extent.interval, 1e-9)
    begin, at_onset = _at_onset(step, value, start, extent)
    moved_from = min(s for s in (begin, own.step if own else flash) if s is not None)
    bad = np.flatnonzero(~finite)
    bad_step = int(step[bad[0]]) if bad.size else None
    flat_top, share = _flat_top(value[finite])
    spikes, growing = _spikes(past)
    first = float(value[finite][0]) if finite.any() else None
    tiny = after[np.isfinite(after)]
    head = _head(step, value, start)
    quiet, quiet_until = _quiet(step[step < onset], past)
    broke, share_broken = _broke(step, value, start, reach, extent)
    return Gradient(
        tag=series.tag,
        points=len(series),
        clipped=clipped,
        before=before,
        peak=peak,
        peak_step=None if top is None else int(step[top]),
        at_onset=at_onset,
        top_before=_top(value[step < moved_from]),
        warned=spikes > 0 or (before is not None and (_top(value[step < begin][-LAST:], 0) or 0.0) > WARNING * before),
        ratio=ratio(peak, before),
        lead_points=lead_points,
        lead_steps=lead_steps,
        onset_step=own.step if own else flash,
        moved=flash is not None if own is None else own.move > 0,
        excursion_points=own.points if own else (None if flash is None else 1),
        decline=_decline(past),
        first_ratio=ratio(first, before),
        first=first,
        largest_at_start=_largest_at_start(value, head, step <= reach),
        zero_share=float(np.mean(value[finite] == 0)) if finite.any() else 0.0,
        tiny_after=bool(tiny.size >= 2 and np.median(tiny) < max(DEAD, 1e-6 * (first or 0.0))),
        alive=ratio(median(after), median(value[: max(3, value.size // 20)])),
        nonfinite_step=bad_step,
        nonfinite_lead=_nonfinite_lead(run, loss, start, extent, bad_step),
        level=median(tiny),
        outlived=_outlived(loss, bad_step),
        flat_top=flat_top,
        flat_top_share=share,
        spikes_before=spikes,
        spikes_growing=growing,
        level_after=ratio(median(after[max(1, after.size // 10) :]), before) if after.size >= 5 else None,
        climb=_climb(value[step < start.low]) if start is not None else None,
        let_go=_let_go(run),
        head=float(head.max()) if head.size else None,
        usual=median(value),
        early=median(past[: max(5, past.size // 5)]) if past.size else None,
        last=median(past[-3:]) if past.size else None,
        quiet=quiet,
        quiet_until=quiet_until,
        broke_step=broke,
        broken_share=share_broken,
    )


def _at_onset(step: IntArray, value: FloatArray, start: Start | None, extent: Extent) -> tuple[int, float | None]:
    """Where the points around the onset begin (one before it, on the sparser of the two grids), and the highest."""
    if start is None:
        return extent.last_step + 1, None
    own = np.diff(step[np.searchsorted(step, start.step) :][:3])
    reach = max(extent.interval, float(own.max()) if own.size else 0.0)
    near = value[(step >= start.step - reach) & (step <= start.step + reach)]
    near = near[np.isfinite(near)]
    return int(start.step - reach), float(near.max()) if near.size else None


def _top(past: FloatArray, aside: float = HEAD) -> float | None:
    """The highest value, less those of the first points."""
    rest = past[max(2, int(aside * past.size)) if aside else 0 :]
    rest = rest[np.isfinite(rest)]
    return float(rest.max()) if rest.size else None


def _flash(step: IntArray, value: FloatArray, start: Start | None, extent: Extent) -> int | None:
    """Step of a single point at the onset that towers over all of the last stretch before.

    A norm whose noise spans decades leaves no course within one point by its widths; a record by ``CLEAR_RECORD`` among
    some hundred points at this very place is no chance either.
    """
    if start is None or start.from_start:
        return None
    slack = 1.5 * extent.interval
    past = value[step < start.low - slack][-LAST_STRETCH:]
    past = past[np.isfinite(past)]
    near = np.flatnonzero((step >= start.low - slack) & (step <= start.high + slack) & np.isfinite(value))
    if past.size < 20 or near.size == 0:
        return None
    top = int(near[np.argmax(value[near])])
    record, usual = float(past.max()), float(np.median(past))
    return int(step[top]) if value[top] > CLEAR_RECORD * record and value[top] > SPIKE_RATIO * usual else None


def _choose(run: Run, start: Start | None, extent: Extent) -> tuple[Series | None, bool]:
    """The norm before clipping; of several (a mean and a maximum, one a network) the one that stands out most."""
    norms = [run.series[t].current() for t in run.tags(Role.GRAD_NORM)[:MOST_NORMS]]
    norms = [s for s in norms if len(s)]
    if not norms:
        return run.first(Role.GRAD_NORM_CLIPPED), True
    if start is None or len(norms) == 1:
        return norms[0], False
    heights = [_height(s, start, extent) for s in norms]
    best = max(range(len(norms)), key=lambda k: heights[k])
    return norms[best if heights[best] > CLEARLY * heights[0] else 0], False


def _height(series: Series, start: Start, extent: Extent) -> float:
    """Peak around the onset over the level before; 0 where it cannot be said."""
    past = median(series.value[series.step < start.low][-50:])
    near = (series.step >= start.low) & (series.step <= start.step + REACH * extent.interval)
    finite = series.value[near & np.isfinite(series.value)]
    return ratio(float(finite.max()), past) or 0.0 if finite.size else 0.0


def _lead(own: int | None, loss: Series | None, start: Start | None, extent: Extent) -> tuple[float | None, int | None]:
    """Lead of the norm's departure over the loss's, both by the same measure (or over the onset's low end)."""
    if own is None or start is None or loss is None:
        return None, None
    theirs = departure(loss.step, loss.value, start.step, int(start.step + REACH * extent.interval), sign=1)
    reference = theirs.step if theirs is not None else start.step
    reference = min(max(reference, start.low), start.step)
    return (reference - own) / max(extent.interval, 1e-9), int(reference - own)


def _nonfinite_lead(
    run: Run, loss: Series | None, start: Start | None, extent: Extent, bad_step: int | None
) -> float | None:
    """Logged points from the first norm that is not finite to the first such loss; None where no order is known.

    None is known where a filter of the trainer filled the loss of that row, and the norm broke nothing where the loss
    had left its course before.
    """
    bad = np.flatnonzero(~np.isfinite(loss.value)) if loss is not None else np.empty(0, dtype=np.int64)
    if loss is None or bad_step is None or not bad.size or filled_at(run, loss.tag, bad_step):
        return None
    if start is not None and bad_step > start.high:
        return None
    return float(loss.step[bad[0]] - bad_step) / max(extent.interval, 1e-9)


def _outlived(loss: Series | None, bad_step: int | None) -> float | None:
    """Logged points of the loss, finite all, from the first gradient norm that is not finite on."""
    if loss is None or bad_step is None:
        return None
    after = np.isfinite(loss.value[loss.step >= bad_step])
    return float(after.size if after.all() else int(np.argmin(after)))


def _flat_top(value: FloatArray) -> tuple[float | None, float | None]:
    """The clip value when many values sit on the maximum within 0.1 %."""
    if value.size < 8:
        return None, None
    top = float(np.percentile(value, 99))
    if top <= 0:
        return None, None
    share = float(np.mean(np.abs(value / top - 1.0) < 1e-3))
    return (top, share) if share >= FLAT_TOP_SHARE and value.min() < 0.99 * top else (None, share)


def _let_go(run: Run) -> tuple[int, float] | None:
    """(step, ceiling) from which a norm logged after clipping went beyond the value that had held it until then."""
    for tag in (*run.tags(Role.GRAD_NORM_CLIPPED)[:MOST_NORMS], *run.tags(Role.GRAD_NORM)[:MOST_NORMS]):
        series = run.series[tag].current()
        good = np.isfinite(series.value) & (series.value > 0)
        step, value = series.step[good], series.value[good]
        if value.size < 20:
            continue
        level, count = np.unique(np.round(np.log(value), 3), return_counts=True)
        top = float(np.exp(level[int(np.argmax(count))]))
        if count.max() < max(5, HELD * value.size):
            continue
        over = np.flatnonzero(value > BEYOND * top)
        held = np.flatnonzero(np.abs(value / top - 1.0) < 2e-3)
        if over.size >= 3 and held.size and over[0] > held[-1]:
            return int(step[over[0]]), top
    return None


def _spikes(past: FloatArray) -> tuple[int, float | None]:
    if np.isfinite(past).sum() < 12:
        return 0, None
    y = carry(log_like(past))
    rest = y - block_course(y, int(np.clip(y.size // 40, 7, 201)))
    limit = max(np.log(SPIKE_RATIO), 6 * (scatter(rest) or 0.0))
    found = longest_runs(rest > limit)
    tops = np.array([float(rest[a:b].max()) for a, b in found])
    return len(found), rank_correlation(tops) if tops.size >= 4 else None


def _quiet(step: IntArray, past: FloatArray) -> tuple[float | None, int | None]:
    """Median of the norm before the one step up that it kept until the onset, and where it went up; else (None, None).

    The split is the one that leaves the least squared error on the logarithm; a rise that creeps is none.
    """
    good = np.isfinite(past) & (past > 0)
    y, at = np.log(past[good]), step[good]
    side = max(LEAST_QUIET, y.size // 10)
    if y.size < 2 * side:
        return None, None
    total, n = np.cumsum(y), np.arange(1, y.size + 1)
    means, rest = total[:-1] / n[:-1], (total[-1] - total[:-1]) / (y.size - n[:-1])
    split = side + int(np.argmax((n[:-1] * (y.size - n[:-1]) * (rest - means) ** 2)[side - 1 : y.size - side]))
    before, after = float(np.median(y[:split])), float(np.median(y[split:]))
    near = float(np.median(y[split : split + side]) - np.median(y[split - side : split]))
    if min(after - before, near) < np.log(DISTURBED):
        return None, None
    return float(np.exp(before)), int(at[split])


def _decline(past: FloatArray) -> float | None:
    """Last fifth before the onset (less its last two points) over the second fifth."""
    if past.size < 15:
        return None
    fifth = past.size // 5
    return ratio(median(past[-fifth - 2 : -2]), median(past[fifth : 2 * fifth]))


def _climb(past: FloatArray) -> float | None:
    """Last level over that of the stretch's first half, for a second half that rises all the way."""
    near = past[np.isfinite(past)][-CLIMB_STRETCH:]
    if near.size < 12:
        return None
    half = near.size // 2
    order = rank_correlation(near[half:])
    if order is None or order < STEADILY:
        return None
    return ratio(median(near[-3:]), median(near[:half]))


def _head(step: IntArray, value: FloatArray, start: Start | None) -> FloatArray:
    """Its first points, before the loss moved."""
    first = np.arange(value.size) < max(2, value.size // 20)
    if start is not None and not start.from_start and bool((step < start.step).any()):
        first &= step < start.step
    return np.asarray(value[first & np.isfinite(value)], dtype=np.float64)


def _largest_at_start(value: FloatArray, head: FloatArray, until_rise: BoolArray) -> bool | None:
    """The first points tower over what is usual, and over all that came up to the rise of the loss, its peak included.

    ``until_rise`` marks the points up to the end of the rise; a norm that peaked higher there was not largest at first.
    """
    good = value[np.isfinite(value)]
    if good.size < 10 or head.size == 0:
        return None
    if not np.isfinite(value[until_rise]).all():
        return False
    top, later = float(head.max()), value[until_rise]
    return bool(
        top >= LARGEST * np.median(good)
        and top >= 0.9 * np.percentile(good, 99)
        and (not later.size or top >= 0.9 * later.max())
    )


def _broke(
    step: IntArray, value: FloatArray, start: Start | None, reach: int, extent: Extent
) -> tuple[int | None, float]:
    """First step around the onset at which the norm is not finite, and the share of such points from there on.

    (None, 0) where it had been so before: then it says nothing of this moment.
    """
    if start is None or start.from_start:
        return None, 0.0
    begin = start.low - extent.interval
    first = broke_at(step, value, begin, reach, whole_to=begin)
    if first is None:
        return None, 0.0
    return int(step[first]), float(np.mean(~np.isfinite(value[first:])))


def layers_of(run: Run, start: Start | None, extent: Extent) -> Layers | None:
    """Facts of the per-layer norms, beside the norm of the whole model where that was logged; None without any."""
    onset = start.step if start is not None and not start.from_start else extent.last_step
    levels: dict[str, float] = {}
    for tag in run.tags(Role.LAYER_GRAD_NORM)[:MOST_LAYERS]:
        series = run.series[tag].current()
        level = median(series.value[series.step <= onset])
        if level is not None and level >= 0:
            levels[tag] = level
    whole = run.first(Role.GRAD_NORM)
    total = median(whole.current().value) if whole is not None else None
    if not levels or (len(levels) == 1 and total is None):
        return None
    smallest = min(levels, key=lambda t: levels[t])
    largest = max(*levels.values(), total or 0.0)
    floor = max(DEAD, NOTHING * largest)
    dead = []
    for tag in levels:
        value = run.series[tag].current().value
        value = np.abs(value[np.isfinite(value)])
        if value.size >= 3 and float(np.mean(value <= floor)) >= THROUGHOUT:
            dead.append(tag)
    spread = largest / levels[smallest] if levels[smallest] > 0 else (float("inf") if largest > 0 else None)
    return Layers(
        len(levels), spread, smallest, tuple(dead[:8]), _rises(run, list(levels), start, extent), _kind(list(levels))
    )


def _kind(tags: list[str]) -> str | None:
    """What the names say the net is made of. "layers.3" says nothing: it may be a whole block."""
    words = [set(re.split(r"[^a-z]+", t.lower())) for t in tags]
    if any(w & ATTENTION for w in words):
        return "transformer"
    if any(w & RECURRENT for w in words):
        return "recurrent"
    return "convolutional" if sum(bool(w & CONVOLUTION) for w in words) * 2 >= len(words) else None


def _rises(run: Run, tags: list[str], start: Start | None, extent: Extent) -> tuple[tuple[str, float, float], ...]:
    """Per layer: peak around the onset over the level before, and that level."""
    if start is None or start.from_start:
        return ()
    out = []
    for tag in tags[:MOST_RISES]:
        series = run.series[tag].current()
        past = series.value[series.step < start.low]
        past = past[np.isfinite(past)]
        near = (series.step >= start.low - extent.interval) & (series.step <= start.step + REACH * extent.interval)
        around = series.value[near & np.isfinite(series.value)]
        if past.size < LEAST_BEFORE or around.size == 0:
            continue
        level, peak = float(np.median(past[-20:])), float(around.max())
        out.append((tag, peak / level if level > 0 else float("inf") if peak > 0 else 1.0, level))
    return tuple(out)
