"""What the other signals of a run did around the onset: which moved, which did not, which cannot be asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from losslens.causes.facts.nouns import Extent, Start
from losslens.causes.facts.numerics import broke_at, departure, is_usual, median, rank_correlation
from losslens.model import Role, Run, Series
from losslens.patterns import compiled

MOST = 60
"""Other series looked at for a move around the onset."""

MOST_TOLD = 12

NOT_SIGNALS = (Role.EPOCH, Role.SAMPLES, Role.LEARNING_RATE, Role.THROUGHPUT, Role.STEP_TIME)
"""Counters, the schedule, which has facts of its own, and the speed of the job, which is no reason of anything."""

BEFORE, POINTS, LEAST = 6, 8, 3
"""Points of the loss before the onset, and of a series, without which no move of it is seen; and those of a series that
was logged at all."""

NEAR = 10.0
"""Points of the loss behind the onset that its interval may reach for a move there to be one at the onset."""

ALIKE = 0.95
"""Rank correlation with the loss from which a series is the loss once more."""

SAME = compiled(
    r"(?:^|[^a-z])(?:ppl|perplexity)(?:$|[^a-z])|(?=.*loss).*(?:^|[^a-z])(?:av[gr]|average|mean|ema|smooth|running)"
)
"""Names of what is computed from the loss alone."""

PER = compiled(r"[ _/-]\(?(?:per[ _])?(?:step|batch|iter|iteration|epoch)\)?$")
"""What a name ends on where one loss is logged more and less often: "loss (per epoch)", "train_loss_step"."""

CLOCK = compiled(r"(?:^|[^a-z])(?:time|elapsed|eta|seconds?|secs?|duration|mem|memory)(?:$|[^a-z])")
"""Names of what measures the machine and not the training."""


@dataclass(frozen=True, slots=True)
class Others:
    moved: tuple[tuple[str, int, float], ...] = ()
    """Tag, first step and factor of those that left their course around the onset, the earliest first."""
    still: tuple[str, ...] = ()
    between: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Between which values those moved that are not above 0 throughout."""
    unasked: tuple[str, ...] = ()
    """Logged, with too few points before the onset to tell a move by."""
    echoes: tuple[str, ...] = ()
    """The loss itself once more: its running mean, its exponential, whatever goes exactly as it does."""


def others_of(run: Run, leading: Series, start: Start | None, extent: Extent) -> Others:
    """What is the loss itself once more is no other signal."""
    if start is None:
        return Others()
    between: dict[str, tuple[float, float]] = {}
    moved: list[tuple[str, int, float]] = []
    still: list[str] = []
    unasked: list[str] = []
    echoes: list[str] = []
    reach = int(min(start.high, start.step + NEAR * extent.interval) + 2 * extent.interval)
    for tag, role in _signals(run, leading.tag):
        s = run.series[tag].current()
        if not s.step.size or int(s.step[-1]) < start.low:  # only an abandoned branch may hold it
            continue
        if _echoes(s, role, run, leading):
            echoes.append(tag)
            continue
        if start.points_before < BEFORE or np.isfinite(s.value).sum() < POINTS:
            unasked.append(tag)
            continue
        broke = broke_at(s.step, s.value, start.low - extent.interval, reach)
        if broke is not None:
            moved.append((tag, int(s.step[broke]), math.inf))
            continue
        found = departure(s.step, s.value, start.step, reach)
        if found is None or is_usual(s.step, s.value, found.step):
            still.append(tag)
        else:
            moved.append((tag, found.step, float(np.exp(np.clip(found.move, -60, 60)))))
            if np.nanmin(s.value) <= 0:
                between[tag] = _ends(s, found.step, start.step if found.step <= start.low else reach)
    moved.sort(key=lambda m: m[1])
    told = (tuple(tags[:MOST_TOLD]) for tags in (unasked, echoes))
    return Others(tuple(moved[:MOST_TOLD]), tuple(still[:MOST_TOLD]), between, *told)


def _signals(run: Run, leading: str) -> list[tuple[str, Role]]:
    """Tag and role of the series that may tell something; no counter and no clock."""
    out = []
    for choice in run.roles[:MOST]:
        s = run.series.get(choice.tag)
        if s is None or s.tag == leading or choice.role in NOT_SIGNALS or np.isfinite(s.value).sum() < LEAST:
            continue
        counts = bool((np.diff(s.value) >= 0).all()) or CLOCK.search(s.tag.lower())
        if choice.role is not Role.OTHER or not counts:
            out.append((choice.tag, choice.role))
    return out


def _echoes(series: Series, role: Role, run: Run, leading: Series) -> bool:
    """Whether a series is the loss itself once more."""
    mine = next((c.role for c in run.roles if c.tag == leading.tag), Role.TRAIN_LOSS)
    if role is Role.LOSS_COMPONENT:  # a part is not the whole, however much of it
        return np.array_equal(series.step, leading.step) and np.array_equal(series.value, leading.value)
    if role in (mine, Role.OTHER) and SAME.search(series.tag.lower()):
        return True
    if role is mine and PER.sub("", series.tag.lower()) == PER.sub("", leading.tag.lower()):
        return True
    _, at, beside = np.intersect1d(series.step, leading.step, return_indices=True)
    one, two = series.value[at], leading.value[beside]
    good = np.isfinite(one) & np.isfinite(two)
    alike = rank_correlation(one[good], two[good]) if good.sum() >= POINTS else None
    return alike is not None and alike > ALIKE


def _ends(series: Series, at: int, reach: int) -> tuple[float, float]:
    """The level before the step ``at``, and the value up to ``reach`` that is farthest from it."""
    past = series.value[series.step < at]
    level = median(past[-20:]) or 0.0
    later = series.value[(series.step >= at) & (series.step <= reach)]
    later = later[np.isfinite(later)]
    return level, float(later[np.argmax(np.abs(later - level))]) if later.size else level
