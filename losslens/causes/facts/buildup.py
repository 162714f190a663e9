"""Signals that build up over a run: weight norm, update ratio, logits; and the loss scale of mixed precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.nouns import Extent, Start
from losslens.causes.facts.numerics import departure, median, rank_correlation, ratio, value_at
from losslens.causes.facts.signals import Gradient, Scale, Trend
from losslens.model import Series

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

FULL_SCALE = 65536.0
"""Where PyTorch's GradScaler and most others begin."""

COLLAPSE = 2.0**8
"""Fall of the loss scale that no healthy run shows: eight halvings with no doubling between."""


def trend_of(series: Series | None, start: Start | None, extent: Extent, loss: Series | None) -> Trend | None:
    """How a slowly changing signal went up to the onset, and around it."""
    if series is None or np.isfinite(series.value).sum() < 3:
        return None
    series = series.current()
    onset = start.step if start is not None else extent.last_step + 1
    value, step = np.abs(series.value), series.step
    past = value[step < onset]
    after = value[step >= onset]
    skip = max(1, past.size // 20)
    early = median(past[: max(2, skip)]) if past.size else None
    before = median(past[-max(2, skip) :]) if past.size else None
    near = value[(step >= onset - 1.5 * extent.interval) & (step <= onset + 10 * extent.interval)]
    near = near[np.isfinite(near)]
    own = departure(step, value, onset, int(onset + 10 * extent.interval)) if start is not None else None
    return Trend(
        tag=series.tag,
        points=len(series),
        first=early,
        before=before,
        growth=ratio(before, early),
        late_growth=_between(past, 2 / 3, 1.0),
        monotone=rank_correlation(past) if past.size else None,
        acceleration=_acceleration(past),
        at_onset=ratio(float(near.max()), before) if near.size else None,
        after=ratio(median(after[-max(2, after.size // 10) :]), before) if after.size else None,
        lead_points=_lead(own.step if own else None, loss, start, extent),
        largest_step=_largest_step(near),
        maximum=float(np.nanmax(np.where(np.isfinite(value), value, np.nan))),
    )


def _largest_step(near: FloatArray) -> float | None:
    positive = near[near > 0]
    return float((positive[1:] / positive[:-1]).max()) if positive.size >= 2 else None


def _lead(own: int | None, loss: Series | None, start: Start | None, extent: Extent) -> float | None:
    if own is None or start is None:
        return None
    reference = start.step
    if loss is not None:
        theirs = departure(loss.step, loss.value, start.step, int(start.step + 10 * extent.interval), sign=1)
        if theirs is not None:
            reference = min(max(theirs.step, start.low), start.step)
    return (reference - own) / max(extent.interval, 1e-9)


def _between(past: FloatArray, low: float, high: float) -> float | None:
    if past.size < 9:
        return None
    part = past[int(low * past.size) : int(high * past.size)]
    third = max(1, part.size // 3)
    return ratio(median(part[-third:]), median(part[:third]))


def _acceleration(past: FloatArray) -> float | None:
    middle, late = _between(past, 1 / 3, 2 / 3), _between(past, 2 / 3, 1.0)
    if middle is None or late is None or middle <= 0 or late <= 0:
        return None
    slow, fast = float(np.log(middle)), float(np.log(late))
    return fast / slow if slow > 1e-3 else (None if fast <= 0.01 else 10.0)


def scale_of(series: Series | None, start: Start | None, extent: Extent, gradient: Gradient | None) -> Scale | None:
    """Facts of the loss scale; log2 scales (some trainers log the exponent) are turned back."""
    if series is None:
        return None
    good = np.isfinite(series.value)
    if good.sum() < 2:
        return None
    step, value = series.step[good], series.value[good]
    if value.min() < 0 or ("lg" in series.tag.lower() and value.max() < 64):
        value = np.asarray(np.exp2(np.clip(value, -1000, 1000)), dtype=np.float64)
    onset = start.step if start is not None else extent.last_step + 1
    fall, halvings, _ = _longest_fall(step, value, start)
    moves = np.diff(value)
    began = int(step[fall]) if fall is not None and halvings >= 2 else None
    interval = max(extent.interval, 1e-9)
    grad_onset = gradient.onset_step if gradient is not None else None
    reset = np.flatnonzero((value[1:] >= FULL_SCALE) & (value[:-1] <= FULL_SCALE / 4))
    late = (step[1:] >= onset - 0.1 * max(1, onset - extent.first_step)) & (step[1:] <= onset) & (moves < 0)
    return Scale(
        tag=series.tag,
        first=float(value[0]),
        at_onset=value_at(step, value, onset),
        lowest=float(value.min()),
        last=float(value[-1]),
        halvings=halvings,
        fall_step=began,
        lead_points=None if began is None or start is None else (start.step - began) / interval,
        grad_lead_points=None if began is None or grad_onset is None else (grad_onset - began) / interval,
        collapsed=bool(halvings >= np.log2(COLLAPSE) or value.min() < 1.0),
        reset_step=int(step[reset[-1] + 1]) if reset.size else None,
        record_points=_since_record(step, value, onset, interval),
        falls_before=int(late.sum()),
    )


def _since_record(step: IntArray, value: FloatArray, onset: int, interval: float) -> float | None:
    """Logged points of the loss between the rise to the highest scale so far and the onset."""
    past = value[step <= onset]
    if past.size < 2 or past.max() <= past[0]:
        return None
    return float((onset - int(step[int(np.argmax(past))])) / interval)


def _longest_fall(step: IntArray, value: FloatArray, start: Start | None) -> tuple[int | None, int, float | None]:
    """The deepest fall without a rise between: (index before it, halvings, lowest value)."""
    best: tuple[int | None, int, float | None] = (None, 0, None)
    top = 0
    for k in range(1, value.size) if value.size <= 20_000 else _corners(value):
        if value[k] > value[k - 1]:
            top = k
        elif value[k] < value[k - 1]:
            depth = round(np.log2(value[top] / value[k])) if value[k] > 0 else 64
            if depth > best[1]:
                best = (_fall_begins(value, top, k), depth, float(value[k]))
    return best


def _fall_begins(value: FloatArray, top: int, bottom: int) -> int:
    """Index of the first lower value after ``top``."""
    lower = np.flatnonzero(value[top : bottom + 1] < value[top])
    return top + int(lower[0]) if lower.size else top


def _corners(value: FloatArray) -> list[int]:
    return (np.flatnonzero(np.diff(value) != 0) + 1).tolist()
