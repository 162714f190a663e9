"""What a later start of the job was set to otherwise: the settings in force at the onset, and what had just changed."""

from __future__ import annotations

from collections.abc import Mapping

from losslens.causes.facts.levers import lever_of
from losslens.causes.facts.nouns import Extent, Start
from losslens.causes.facts.recipe import number
from losslens.causes.facts.signals import Changed
from losslens.model import Run, Setting

NEAR = 20.0
"""Logged points between a start and the onset beyond which what the start changed is no news any more."""

BEFORE = 1.5
"""A start may lie this many logged points behind the onset: windows and the steps it repeated blur the place."""


def settings_at(run: Run, start: Start | None) -> Mapping[str, Setting]:
    """The settings under which the onset came; those of the last start where there is none."""
    held = dict(run.settings)
    for change in run.setting_changes:
        if change.step is not None and (start is None or change.step <= start.high):
            held[change.name] = Setting(change.name, change.after, change.source)
    return held


def changed_of(run: Run, start: Start | None, extent: Extent) -> tuple[Changed, ...]:
    """What the start nearest before the onset changed, in the order of its settings."""
    if start is None or start.from_start:
        return ()
    interval = max(extent.interval, 1e-9)
    found = []
    for change in run.setting_changes:
        if change.step is None:
            continue
        lag = (start.step - change.step) / interval
        if not -BEFORE <= lag <= NEAR:
            continue
        before, after = number(change.before), number(change.after)
        ratio = after / before if before is not None and after is not None and before > 0 and after > 0 else None
        lever = lever_of(change.name)
        found.append(Changed(change.name, lever, change.before, change.after, ratio, change.step, lag))
    nearest = min((max(one.lag_points, 0.0) for one in found), default=0.0)
    return tuple(one for one in found if max(one.lag_points, 0.0) <= nearest)
