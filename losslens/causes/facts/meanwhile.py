"""What was learned meanwhile: another loss of the run that fell, where the leading one does not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from losslens.causes.facts.held_out import IS_RIGHT
from losslens.model import Role, Run, Series

FELL = 0.5
"""Share of its first level below which a loss has surely fallen."""

FEWEST, ENDS = 12, 0.1
"""Points that show a course, and share of them that makes up a level at either end."""

LOSSES = (Role.LOSS_COMPONENT, Role.TRAIN_LOSS, Role.VAL_LOSS, Role.VAL_COMPONENT)


MOSTLY_RIGHT = 0.9
"""Share of right answers from which a net has learned, whatever the level of its loss says …"""

ONE_ANSWER = 0.02
"""… where more than one accuracy shows it, or one that moved by more than this: one answer to everything may be as
often right."""


class Learned(NamedTuple):
    """A loss that fell, with its levels at both ends."""

    tag: str
    first: float
    end: float


def learned_meanwhile(run: Run, leading: Series) -> Learned | None:
    """Of the other losses the one that fell by the largest factor, to half or less; None where none did."""
    found = [level for tag in run.tags(*LOSSES) if tag != leading.tag and (level := _levels(run.series[tag].current()))]
    return min(found, key=lambda one: one.end / one.first, default=None)


def _levels(series: Series) -> Learned | None:
    if series.value.size < FEWEST or not np.isfinite(series.value).all() or series.value.min() <= 0:
        return None
    part = max(3, int(ENDS * series.value.size))
    fell = float(np.median(series.value[-part:])) < FELL * float(np.median(series.value[:part]))
    return Learned(series.tag, float(series.value[0]), float(series.value[-1])) if fell else None


def answers_of(run: Run) -> tuple[str, float] | None:
    """The highest accuracy that was logged, where it says that much was learned; a score beside it shows so too."""
    found = []
    for tag in run.tags(Role.VAL_ACCURACY, Role.ACCURACY):
        value = run.series[tag].current().value
        value = value[np.isfinite(value)]
        if value.size and value.min() >= 0 and value.max() <= 100:
            value = value / 100 if value.max() > 1.5 else value
            found.append((tag, float(value[-1]), float(np.ptp(value))))
    best = max((one for one in found if IS_RIGHT.search(one[0])), key=lambda one: one[1], default=None)
    if best is None or best[1] < MOSTLY_RIGHT:
        return None
    others = [one for one in found if not IS_RIGHT.search(one[0]) and one[1] > 0.5]
    return best[:2] if others or best[2] > ONE_ANSWER else None
