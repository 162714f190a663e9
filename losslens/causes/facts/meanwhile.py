"""What was learned meanwhile: another loss of the run that fell, where the leading one does not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from losslens.model import Role, Run, Series

FELL = 0.5
"""Share of its first level below which a loss has surely fallen."""

FEWEST, ENDS = 12, 0.1
"""Points that show a course, and share of them that makes up a level at either end."""

LOSSES = (Role.LOSS_COMPONENT, Role.TRAIN_LOSS, Role.VAL_LOSS, Role.VAL_COMPONENT)


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
