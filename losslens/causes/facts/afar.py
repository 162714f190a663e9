"""A run seen from afar: medians of many points, where single ones scatter as widely as the loss rose.

A loss of single batches may double within its noise. Point by point it is then back inside its old band at every second
one, peaks where chance has it, and leaves its course nowhere; so does every other signal that was logged with it. From
afar the rise is plain, and so is what moved with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.axes import SET_AHEAD
from losslens.model import Verdict

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray, Judgement, LossVerdict, Onset, Run, Series

HIDDEN = 6.0
"""A rise of fewer noise widths of single points hides in them …"""

PLAIN = 12.0
"""… and one of so many is plain: as many points go into a median as bring it there, …"""

MEDIAN = 1.25
"""… whose noise is so many times that of a mean of them."""

LEAST_POINTS = 4
"""Fewer points than this in a median change little."""

BEFORE, AFTER = 24, 6
"""Medians that must be left on the two sides of the onset for a course to be seen in them."""

HEAD, HERE = 0.05, 3
"""Share of the points before the onset that are its first, and points from there on that are at it."""

TOWERS = 3.0
"""Times all before it that a point must be where its place is not known to the point."""

DENSE = 2.0
"""Points of a series in each stretch from which it is reduced; a sparser one is as it is."""

RISES = (Verdict.EXPLODED, Verdict.DIVERGED, Verdict.SHIFTED, Verdict.VAL_DIVERGED, Verdict.OVERFIT)


def from_afar(run: Run, leading: Series, judgement: Judgement) -> tuple[Run, Judgement, int]:
    """The run in medians, the judgement on them, and the points of each; run, judgement and 1 where none is needed.

    ``leading`` is the loss that the judgement speaks of (current branch). The onset begins a stretch, so that nothing
    from before it stands behind it. O(n log n).
    """
    judged, onset = judgement.leading, judgement.onset
    points = 1 if judged is None else _points(leading, judged)
    if onset is None or points < LEAST_POINTS:
        return run, judgement, 1
    at = int(np.searchsorted(leading.step, onset.step))
    starts = leading.step[at % points :: points]
    if starts.size < 2 or np.any(np.diff(starts) <= 0):
        return run, judgement, 1
    exact = {choice.tag for choice in run.roles if choice.role in SET_AHEAD}  # what is set has no noise
    series = {
        tag: s if tag in exact or s.axis != leading.axis else _reduced(s.current(), starts)
        for tag, s in run.series.items()
    }
    moved = replace(onset, index=int(np.searchsorted(series[leading.tag].step, onset.step)))
    losses = tuple(replace(one, noise=None, onset=moved if one is judged else one.onset) for one in judgement.losses)
    return replace(run, series=series), replace(judgement, losses=losses, onset=moved), points


def _points(series: Series, judged: LossVerdict) -> int:
    """How many points make a median in which the rise is plain; 1 where it is so already, or never would be."""
    onset, end = judged.onset, judged.end_level
    if judged.verdict not in RISES or onset is None or onset.from_start or onset.level is None or end is None:
        return 1
    if not judged.noise or not np.isfinite(end) or end <= onset.level:
        return 1
    height = (end - onset.level) / judged.noise
    if height >= HIDDEN:
        return 1
    at = int(np.searchsorted(series.step, onset.step))
    if _is_record(series, onset, at):
        return 1
    most = min(at // BEFORE, (len(series) - at) // AFTER)
    return max(1, min(int(np.ceil((MEDIAN * PLAIN / height) ** 2)), most))


def _is_record(series: Series, onset: Onset, at: int) -> bool:
    """Whether a point at the onset is higher than all before it but the first ones: what threw it shows by itself.

    Of the many points of the interval one may be higher by chance, where the level has risen, but not by far.
    """
    low, high = (int(np.searchsorted(series.step, step)) for step in (onset.low, onset.high))
    past = series.value[int(HEAD * at) : max(min(low, at - 1), 0)]
    past = past[np.isfinite(past)]
    if past.size == 0:
        return False
    here, around = series.value[max(at - 1, 0) : at + HERE], series.value[low : high + HERE]
    most = float(past.max())
    towers = most > 0 and np.nanmax(around, initial=-np.inf) > TOWERS * most
    return bool(towers or np.nanmax(here, initial=-np.inf) > most)


def _reduced(series: Series, starts: IntArray) -> Series:
    """Medians of the stretches that begin at these steps, each at the first step of its own; as it is where sparse."""
    stretch = np.searchsorted(starts, series.step, side="right")
    filled = np.unique(stretch)
    if not len(series) or len(series) < DENSE * filled.size or np.any(np.diff(stretch) < 0):
        return series
    first = np.searchsorted(stretch, filled)
    reduced = series.where(np.isin(np.arange(len(series)), first))
    step = np.where(filled > 0, starts[np.maximum(filled - 1, 0)], series.step[first])
    return replace(reduced, step=step, value=_medians(series.value, first))


def _medians(value: FloatArray, first: IntArray) -> FloatArray:
    """The median of each stretch; NaN where most of it is not finite."""
    out = np.full(first.size, np.nan)
    for place, part in enumerate(np.split(value, first[1:])):
        finite = part[np.isfinite(part)]
        if 2 * finite.size >= part.size:
            out[place] = np.median(finite)
    return out
