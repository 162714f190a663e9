"""Where training and validation left their course together: the sharper of two witnesses of one event says when.

The leading loss is often the noisier or the more coarsely logged of the two. Where the other one left its course within
the interval of the first, and was seen to do so much more sharply, that is when it happened.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Verdict
from losslens.verdict.losses import Judged, departure_onset, spike_onset
from losslens.verdict.words import matters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from losslens.model import Onset, Run

SHARPER = 1 / 8
"""The other loss must say when within this share of the leading one's interval."""

SMALL = 1.5
"""A rise to less than this factor of the best level is small."""

LAST_FEW, MOST = 5, 0.5
"""A loss whose last so many points are up by this share of its rise has left its course before them."""

ALONE = 0.5
"""A spike that came back is an event of its own when no other reaches this share of its height."""


def together(run: Run, leading: Judged, others: Sequence[Judged]) -> Onset | None:
    """The onset of the leading loss, put where another says it much more sharply within its interval.

    ``others``: validation losses for a training loss, the training loss for a validation loss. The interval ends no
    earlier than the leading loss was logged again: only there could it be seen in it. None where there is no onset.
    """
    mine = leading.verdict.onset
    if mine is None or mine.from_start:
        return mine
    slow = leading.verdict.verdict is Verdict.OVERFIT
    same = [other for other in others if other.series.axis == leading.series.axis]
    blown = leading.verdict.verdict in (Verdict.NAN, Verdict.EXPLODED)
    lefts = [_left(run, other, blown) or (None if slow else _thrown(run, other)) for other in same]
    found = [left for left in lefts if left is not None and mine.low < left.step <= mine.high]
    found = [left for left in found if not _out_before(leading, left.low)]
    sharp = min(found, key=lambda left: left.high - left.low, default=None)
    if sharp is None or sharp.high - sharp.low > SHARPER * (mine.high - mine.low):
        return mine
    step = leading.fit.step
    seen = int(step[min(int(np.searchsorted(step, sharp.high)), step.size - 1)])
    return replace(sharp, low=min(max(mine.low, sharp.low), sharp.step), high=max(sharp.high, seen))


def _out_before(leading: Judged, step: int) -> bool:
    """Whether the leading loss had most of its rise behind it before a step: then that is not where it began."""
    fit, d = leading.fit, leading.word.departure
    before = fit.z[fit.step < step][-LAST_FEW:]
    if d is None or d is fit.runaway or d is fit.swing or before.size < LAST_FEW:
        return False
    base, top = (float(fit.transform.forward(np.array([x]))[0]) for x in (d.base, d.top))
    return float(np.median(before)) > base + MOST * (top - base)


def no_return(leading: Judged, onset: Onset | None) -> int | None:
    """The leading loss's point of no return, no earlier than its last point before an onset that was put later."""
    said = leading.verdict.point_of_no_return
    if said is None or onset is None:
        return said
    before = leading.fit.step[leading.fit.step < onset.step]
    return max(said, int(before[-1])) if before.size else said


def _left(run: Run, other: Judged, blown: bool) -> Onset | None:
    """Where another loss left its course, if that matters, whatever it was called.

    ``blown``: it is to date an explosion, of which a small rise, as of overfitting, says nothing.
    """
    fit, d = other.fit, other.fit.departure
    if d is None or d.from_start or not matters(fit, d):
        return None
    if blown and fit.transform.kind == "log" and d.peak < SMALL * d.base:
        return None
    return departure_onset(run, other.series, fit, d)


def _thrown(run: Run, other: Judged) -> Onset | None:
    """Where another loss was thrown out of its course and came back, if that happened once.

    A slow turn, as overfitting is, has nothing to do with it.
    """
    fit = other.fit
    heights = sorted((e.top - e.before for e in fit.excursions), reverse=True)
    if not heights or (len(heights) > 1 and heights[1] > ALONE * heights[0]):
        return None
    return spike_onset(run, other.series, fit)
