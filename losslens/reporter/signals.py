"""Which curves a report shows, in which order, and what is marked on them.

Chosen from the analysis alone: the loss the verdict speaks of, then what precursors and evidence name, then what
every reader asks for (learning rate, gradient norm, validation loss), then the rest.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from losslens.model import Curve, Level, Role, RunReport
from losslens.reporter import scale as scales

#: What a reader looks for when nothing is named, most wanted first.
WANTED = (
    Role.TRAIN_LOSS,
    Role.LEARNING_RATE,
    Role.GRAD_NORM,
    Role.VAL_LOSS,
    Role.GRAD_NORM_CLIPPED,
    Role.LOSS_SCALE,
    Role.UPDATE_RATIO,
    Role.WEIGHT_NORM,
    Role.LOGIT_SCALE,
    Role.LOSS_COMPONENT,
    Role.VAL_COMPONENT,
    Role.KL,
    Role.ENTROPY,
    Role.REWARD,
    Role.BATCH_SIZE,
    Role.ACCURACY,
    Role.VAL_ACCURACY,
)


#: Weight in evidence that the return of an agent counts as: its losses say little of whether it learns, and who trains
#: one looks at nothing else first. Below that of a precursor.
RETURN = 5.0

#: A closer look shows so many points to each side of the onset, when that is less than this share of the curve.
CLOSE, CLOSER, FEW = 24, 0.4, 100
#: The loss gets at least this share of the common steps; fewer finite points than this make no curve beside it.
SLIVER, FEWEST = 0.5, 3


#: The level of a curve is drawn over it where its points lie so far from it, as a share of the picture's height: there
#: they are a band in which nothing is seen.
BAND = 0.03


@dataclass(frozen=True, slots=True)
class Mark:
    """One piece of evidence at the place where it happened; ``number`` is its cause's rank from 1, 0 a precursor."""

    number: int
    series: str
    first_step: int
    last_step: int
    text: str
    speaks_for: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """An unbroken stretch of a curve: the current one, or one that a resume left behind."""

    points: tuple[tuple[int, float], ...]
    abandoned: bool


def loss_curve(run: RunReport) -> Curve | None:
    """The curve of the loss that the verdict speaks of, else any loss, else nothing."""
    by_tag = {curve.tag: curve for curve in run.curves}
    if run.judgement.loss in by_tag:
        return by_tag[run.judgement.loss]
    losses = [c for c in run.curves if c.role in (Role.TRAIN_LOSS, Role.VAL_LOSS)]
    return losses[0] if losses else None


def others(run: RunReport, most: int, *, same_axis: bool = True) -> list[Curve]:
    """Up to ``most`` further curves worth showing; ``same_axis`` leaves out those that count something else."""
    leading = loss_curve(run)
    named: dict[str, float] = {}
    for precursor in run.judgement.precursors:
        named[precursor.series] = named.get(precursor.series, 0.0) + 10.0
    for cause in run.causes:
        for evidence in cause.evidence:
            if evidence.series is not None:
                named[evidence.series] = named.get(evidence.series, 0.0) + abs(evidence.weight) * cause.probability
    rest = [c for c in run.curves if leading is None or c.tag != leading.tag]
    if same_axis and leading is not None:
        rest = [c for c in rest if c.axis == leading.axis]
    rest = [c for c in rest if c.tag in named or c.role in WANTED]
    for curve in [c for c in rest if c.role is Role.REWARD][:1]:
        named[curve.tag] = named.get(curve.tag, 0.0) + RETURN
    seen: Counter[Role] = Counter([leading.role] if leading is not None else [])
    keys: dict[str, tuple[float, int, int]] = {}
    for curve in rest:
        # The first of every role comes before the second of any: two evaluations say less than one and a rate.
        place = WANTED.index(curve.role) if curve.role in WANTED else len(WANTED)
        keys[curve.tag] = (-named.get(curve.tag, 0.0), seen[curve.role], place)
        seen[curve.role] += 1
    return sorted(rest, key=lambda curve: keys[curve.tag])[:most]


def panels(run: RunReport, most: int) -> list[Curve]:
    """The loss and up to ``most`` further curves to show on the same steps; empty without a loss.

    Some loggers count evaluations in other steps than the training: where the other curves reach so far that the loss
    would be a sliver, all are cut to the loss's own steps.
    """
    leading = loss_curve(run)
    if leading is None or not leading.step:
        return []
    rest = others(run, len(run.curves))
    first, last = domain([leading])
    whole = domain([leading, *rest])
    if last - first < SLIVER * (whole[1] - whole[0]):
        rest = [cut(curve, first, last) for curve in rest]
    return [leading, *[curve for curve in rest if _telling(curve)][:most]]


def _telling(curve: Curve) -> bool:
    """Whether a further curve has enough points to be worth a panel, or is all NaN, which says something too."""
    finite = sum(math.isfinite(value) for value in curve.value)
    return finite >= FEWEST or (bool(curve.value) and finite == 0)


def marks(run: RunReport) -> tuple[Mark, ...]:
    """Where on which series each piece of evidence happened, strongest cause first."""
    out = [
        Mark(0, p.series, p.first_step, p.first_step + max(0, p.lead_steps), p.text, True)
        for p in run.judgement.precursors
    ]
    for rank, cause in enumerate(run.causes, start=1):
        for e in cause.evidence:
            if e.series is not None and e.first_step is not None:
                last = e.first_step if e.last_step is None else e.last_step
                out.append(Mark(rank, e.series, e.first_step, last, e.text, e.weight >= 0))
    return tuple(out)


def branches(curve: Curve) -> Iterator[Branch]:
    """The stretches of a curve between two restarts, in the order they were written; non-finite points included."""
    if not curve.segment:
        yield Branch(tuple(zip(curve.step, curve.value, strict=True)), False)
        return
    by_segment: dict[int, list[tuple[int, float]]] = {}
    for segment, step, value in zip(curve.segment, curve.step, curve.value, strict=True):
        by_segment.setdefault(segment, []).append((step, value))
    starts = {segment: points[0][0] for segment, points in by_segment.items()}
    current: list[tuple[int, float]] = []
    for segment, points in by_segment.items():
        later = min((start for other, start in starts.items() if other > segment), default=None)
        kept = [p for p in points if later is None or p[0] < later]
        left = points[len(kept) :] if later is not None else []
        current += kept
        if left:
            # One kept point leads into the abandoned stretch, so that the picture shows where it parted.
            yield Branch((*kept[-1:], *left), True)
    yield Branch(tuple(current), False)


def current_points(curve: Curve) -> tuple[tuple[int, float], ...]:
    """The points of the branch the job ended on."""
    return next(branch.points for branch in branches(curve) if not branch.abandoned)


def level(curve: Curve) -> Level | None:
    """The level to draw over a curve whose points scatter so widely that they hide it; None where they do not."""
    found = curve.level
    if found is None:
        return None
    scale = scales.of(curve)
    at = [scale.unit(value) for value in found.value]
    apart = sorted(
        abs(scale.unit(value) - at[min(bisect_left(found.step, step), len(at) - 1)])
        for step, value in current_points(curve)
        if math.isfinite(value)
    )
    return found if apart and apart[len(apart) // 2] >= BAND else None


def restarts(run: RunReport) -> tuple[int, ...]:
    """The steps at which the job started again."""
    return tuple(dict.fromkeys(segment.first_step for segment in run.segments[1:]))


def around_onset(run: RunReport, curve: Curve) -> tuple[int, int] | None:
    """First and last step of a closer look at the onset; None where the whole curve is close enough already."""
    onset = run.onset
    if onset is None or onset.from_start:
        return None
    steps = [step for step, _ in current_points(curve)]
    if len(steps) < FEW:
        return None
    left, right = bisect_left(steps, onset.low), bisect_right(steps, onset.high)
    reach = max(CLOSE, 2 * (right - left))
    low, high = max(0, left - reach), min(len(steps) - 1, right + reach)
    return (steps[low], steps[high]) if high - low < CLOSER * len(steps) else None


def nonfinite_stretches(curve: Curve) -> list[tuple[int, int]]:
    """First and last step of every stretch of NaN or Inf on the current branch."""
    out: list[tuple[int, int]] = []
    inside = False
    for step, value in current_points(curve):
        if math.isfinite(value):
            inside = False
        elif inside:
            out[-1] = (out[-1][0], step)
        else:
            out.append((step, step))
            inside = True
    return out


def cut(curve: Curve, first: int, last: int) -> Curve:
    """The current branch of a curve between two steps, inclusive."""
    points = [(step, value) for step, value in current_points(curve) if first <= step <= last]
    steps, values = tuple(step for step, _ in points), tuple(value for _, value in points)
    return replace(curve, step=steps, value=values, segment=(), abandoned_from=(), level=None)


def domain(curves: list[Curve]) -> tuple[int, int]:
    """First and last step of all these curves; (0, 1) when there is none."""
    steps = [s for c in curves for s in (min(c.step, default=None), max(c.step, default=None)) if s is not None]
    return (min(steps), max(steps)) if steps else (0, 1)
