"""What is special about the moment of the onset: a round step, a checkpoint, a number that is changed by steps.

A training meets round steps, checkpoints and the ends of passes all the time. One of them at the onset tells something
only where the interval is narrow against their distance, so each carries the share of all places that lie so near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Role, Run, Series

if TYPE_CHECKING:
    from losslens.causes.facts.nouns import Extent, Start

MOST_BY_CHANCE = 1 / 20
"""Share of all places from which on lying so near is no news: one in twenty runs would show it for no reason."""

FEWEST_CHECKPOINTS = 3
"""Checkpoints whose usual distance is known."""

SELDOM = 0.1
"""Share of its points, at most, at which a series changes that is set and not measured, …"""

A_FEW = 4
"""… and how often, at most: what changes again and again counts something. A loss scale may."""

MOST_LOOKED_AT = 60

NEAR = 20.0
"""Logged points before the onset within which a change is worth saying."""


@dataclass(frozen=True, slots=True)
class Coincidence:
    """Something that comes again and again, and lies within the onset's interval."""

    kind: str
    """"round step", "checkpoint" or "epoch boundary"."""
    step: int
    spacing: float
    """Steps from one to the next."""
    chance: float
    """Share of all places whose interval, as wide as this one, holds one of them."""


@dataclass(frozen=True, slots=True)
class Switched:
    """A series that keeps one value for long and changed it near the onset."""

    tag: str
    step: int
    before: float
    after: float
    lead_points: float
    """Logged points of the loss from the change to the onset; negative where it came after."""
    earlier: int
    """Changes before this one."""


def coincidences_of(run: Run, start: Start | None, extent: Extent) -> tuple[Coincidence, ...]:
    """What lies within the onset's interval and would seldom do so by chance, the least likely first."""
    if start is None or start.from_start or extent.axis in ("row", "rows"):
        return ()
    low, high = start.low, max(start.high, start.step)
    width = high - low + extent.interval  # where things are logged every ten steps, round steps are met by one in ten
    found = [_round_step(low, high, width, extent), _checkpoint(run, low, high, width), _boundary(start, width, extent)]
    near = [c for c in found if c is not None and c.chance <= MOST_BY_CHANCE]
    return tuple(sorted(near, key=lambda c: c.chance))


def _round_step(low: int, high: int, width: float, extent: Extent) -> Coincidence | None:
    """The roundest step within the interval: a multiple of the highest power of ten."""
    spacing = 10 ** int(np.log10(max(high, 1)))
    while spacing >= 10:
        step = high // spacing * spacing
        if step >= low and step > extent.origin:
            return Coincidence("round step", int(step), float(spacing), min(1.0, width / spacing))
        spacing //= 10
    return None


def _checkpoint(run: Run, low: int, high: int, width: float) -> Coincidence | None:
    steps = sorted(
        {e.step for e in run.events if e.kind == "checkpoint" and e.step is not None}
        | {c.step for c in run.checkpoints}
    )
    inside = [step for step in steps if low <= step <= high]
    if len(steps) < FEWEST_CHECKPOINTS or not inside:
        return None
    spacing = float(np.median(np.diff(steps)))
    return Coincidence("checkpoint", inside[-1], spacing, min(1.0, width / spacing))


def _boundary(start: Start, width: float, extent: Extent) -> Coincidence | None:
    """The end of a pass over the data, where one is known and lies within a logged point of the interval."""
    each = extent.steps_per_epoch
    if not each or start.boundary_points is None or start.epoch is None:
        return None
    step = extent.epoch_zero + round((start.step - extent.epoch_zero) / each) * each
    if not start.low - extent.interval <= step <= start.high + extent.interval or step <= extent.epoch_zero:
        return None
    return Coincidence("epoch boundary", round(step), each, min(1.0, (width + 2 * extent.interval) / each))


def switched_of(run: Run, start: Start | None, extent: Extent) -> tuple[Switched, ...]:
    """Series that are set and not measured, and were changed up to ``NEAR`` points before the onset; latest first.

    Learning rate and batch size have facts of their own.
    """
    if start is None or start.from_start:
        return ()
    roles = [c for c in run.roles if c.role in (Role.LOSS_SCALE, Role.OTHER) and c.tag in run.series]
    found = [_switched(run.series[c.tag].current(), c.role, start, extent) for c in roles[:MOST_LOOKED_AT]]
    return tuple(sorted((s for s in found if s is not None), key=lambda s: -s.step))


def _switched(series: Series, role: Role, start: Start, extent: Extent) -> Switched | None:
    good = np.isfinite(series.value) & (series.step <= start.high)
    step, value = series.step[good], series.value[good]
    moves = np.flatnonzero(np.diff(value) != 0) + 1
    if not moves.size or moves.size > SELDOM * value.size or (role is Role.OTHER and moves.size > A_FEW):
        return None
    at = int(moves[-1])
    lead = (start.step - int(step[at])) / max(extent.interval, 1e-9)
    if lead > NEAR:
        return None
    return Switched(series.tag, int(step[at]), float(value[at - 1]), float(value[at]), lead, int(moves.size) - 1)
