"""Whether the losses of two workers of one job, logged side by side, went together and then parted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.numerics import scatter, smooth
from losslens.model import Role
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.causes.facts.nouns import Start
    from losslens.model import Run, Series

WORKER = compiled(r"[\[(]?(?<![a-z])(?:rank|gpu|worker|replica|device)[ _/-]?\d+[\])]?", re.IGNORECASE)
"""Names the loss of one of several workers."""

TOGETHER = 8
"""Points that both had before they parted, at least."""

APART, WIDTHS, FOR_POINTS = 2.0, 6.0, 3
"""They part where one is this many times the other, by so many widths of what they differed by before, for so many
points."""

MOST_WORKERS = 16


@dataclass(frozen=True, slots=True)
class Parting:
    """The two workers whose losses lie farthest apart after they had gone together."""

    higher: str
    lower: str
    step: int
    """First step at which they are apart."""
    ratio: float
    """The higher over the lower, at most (median of three points)."""
    values: tuple[float, float]
    """Both where that is so."""
    points: int
    """Logged points for which they had gone together."""


def parting_of(run: Run, start: Start | None) -> Parting | None:
    """None where there are no two workers, or they never went together, or never parted.

    A loss beside which that of one worker alone is logged is taken for the loss of another one: the first rank writes
    it without saying so.
    """
    if start is None:
        return None
    found: Parting | None = None
    for members in _workers(run).values():
        tags = list(members)[:MOST_WORKERS]
        for tag in tags[1:]:
            one = _parting(tags[0], members[tags[0]], tag, members[tag])
            if one is not None and (found is None or one.ratio > found.ratio):
                found = one
    return found


def _workers(run: Run) -> Mapping[str, Mapping[str, Series]]:
    """Name of a loss without the worker to the losses of the workers; at least two of each."""
    groups: dict[str, dict[str, Series]] = {}
    for tag in run.tags(Role.TRAIN_LOSS, Role.LOSS_COMPONENT, Role.OTHER):
        if WORKER.search(tag):
            groups.setdefault(WORKER.sub("", tag).strip(" _/-."), {})[tag] = run.series[tag].current()
    for name, members in groups.items():
        if len(members) == 1 and name in run.series:
            members[name] = run.series[name].current()
    return {name: members for name, members in groups.items() if len(members) > 1}


def _parting(one: str, a: Series, two: str, b: Series) -> Parting | None:
    shared, i, j = np.intersect1d(a.step, b.step, return_indices=True)
    x, y = a.value[i], b.value[j]
    good = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
    shared, x, y = shared[good], x[good], y[good]
    if shared.size < TOGETHER + FOR_POINTS:
        return None
    differ = smooth(np.log(x / y), FOR_POINTS)
    early = differ[: max(TOGETHER, shared.size // 4)]
    usual = float(np.median(early))
    bound = max(np.log(APART), WIDTHS * (scatter(early) or 0.0))
    if abs(usual) > np.log(APART) / 2:
        return None
    out = np.abs(differ - usual) > bound
    runs = np.convolve(out, np.ones(FOR_POINTS), "valid") >= FOR_POINTS
    if not runs.any() or int(np.argmax(runs)) < TOGETHER:
        return None
    first = int(np.argmax(runs))
    most = first + int(np.argmax(np.abs(differ[first:])))
    high, low = (one, two) if differ[most] > 0 else (two, one)
    pair = (float(max(x[most], y[most])), float(min(x[most], y[most])))
    return Parting(high, low, int(shared[first]), float(np.exp(min(abs(differ[most]), 50.0))), pair, first)
