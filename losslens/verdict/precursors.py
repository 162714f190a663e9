"""What changed in the other logged signals before the loss left its course."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.detector import examine
from losslens.detector.departure import BAND_WIDTHS
from losslens.model import Onset, Precursor, Role, Run, Series
from losslens.runs.effects import filled_at
from losslens.verdict.word import number

if TYPE_CHECKING:
    from losslens.model import FloatArray

ROLES = (
    Role.GRAD_NORM,
    Role.GRAD_NORM_CLIPPED,
    Role.WEIGHT_NORM,
    Role.UPDATE_RATIO,
    Role.LOSS_SCALE,
    Role.LOGIT_SCALE,
    Role.LEARNING_RATE,
    Role.LOSS_COMPONENT,
    Role.LAYER_GRAD_NORM,
    Role.BATCH_SIZE,
    Role.KL,
    Role.ENTROPY,
)
"""Signals that can lead a loss, the telling ones first."""

MOST = 12
"""Precursors of one run at most, the earliest first; a net can log hundreds of layers."""

CHANGE = 2.0
"""A signal has changed when it rose (or fell) by this factor, beyond its noise."""

MIN_POINTS = 6


LATELY = 20
"""A gradient norm that is not finite within so many points before the loss is not either has to do with it."""


def broken_gradient(run: Run, first_nonfinite: int | None, loss: str) -> str:
    """What to add to ``loss``, not finite from a step: that a gradient norm was not shortly before it."""
    if first_nonfinite is None:
        return ""
    for tag in run.tags(Role.GRAD_NORM):
        norm = run.series[tag].current()
        before = norm.value[norm.step < first_nonfinite][-LATELY:]
        bad = np.flatnonzero(~np.isfinite(before))
        if bad.size:
            step = int(norm.step[norm.step < first_nonfinite][-LATELY:][bad[0]])
            if filled_at(run, loss, step):
                continue  # that loss may not have been finite either
            said = "NaN" if np.isnan(before[bad[0]]) else "infinite"
            return f"; {tag} was {said} already at {(run.axis or 'step').removesuffix('s')} {step:,}"
    return ""


def find(run: Run, onset: Onset, loss_tag: str) -> tuple[Precursor, ...]:
    """Unrecovered changes of other series that began before ``onset.step``.

    Each series is cut where the loss was surely gone (``onset.high`` and one more point) and examined as a loss is;
    a fall is looked for in the mirrored log as well. Earliest first within the order of ``ROLES``.
    """
    out: list[Precursor] = []
    for role in ROLES:
        for tag in run.tags(role):
            if tag == loss_tag or tag not in run.series:
                continue
            found = _change(run.series[tag].current(), role, onset, (run.axis or "step").removesuffix("s"))
            if found is not None:
                out.append(found)
            if len(out) >= MOST:
                return tuple(out)
    return tuple(out)


def _change(series: Series, role: Role, onset: Onset, unit: str) -> Precursor | None:
    end = int(np.searchsorted(series.step, onset.high, side="right")) + 1
    step, value = series.step[:end], series.value[:end]
    finite = np.isfinite(value)
    if int(finite.sum()) < MIN_POINTS:
        return None
    best: Precursor | None = None
    for mirrored in (False, True):
        y = value
        if mirrored:
            if not np.all(value[finite] > 0):
                continue
            y = 1.0 / value
        candidate = _rise(series.tag, role, step, y, onset, mirrored, unit)
        if candidate is not None and (best is None or candidate.lead_steps > best.lead_steps):
            best = candidate
    return best


def _rise(
    tag: str, role: Role, step: np.ndarray, y: FloatArray, onset: Onset, mirrored: bool, unit: str
) -> Precursor | None:
    fit = examine(step, y)
    d = fit.departure
    if d is None or d.from_start or d.widths < BAND_WIDTHS:
        return None  # what hides in the noise of single points is dated too coarsely to have come first
    first = fit.step_of(d.onset)
    lead = onset.step - first
    if lead <= 0:
        return None
    before, after = d.level, d.peak
    if mirrored:
        if not before or not after:
            return None
        before, after = 1.0 / before, 1.0 / after
    ratio = after / before if before else None
    if ratio is None or not (ratio >= CHANGE or 0 < ratio <= 1.0 / CHANGE):
        return None
    verb = "rose" if ratio > 1 else "fell"
    by = ratio if ratio > 1 else 1.0 / ratio
    text = (
        f"{tag} {verb} {number(by)}x, from {number(before)} to {number(after)}, beginning at {unit} {first:,}, "
        f"{lead:,} {unit}s before the loss left its course"
    )
    return Precursor(tag, role, first, lead, before, after, ratio, text)
