"""The part of a run that the user asked for: an inclusive range of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.errors import LosslensError
from losslens.model import Role, Run, Series
from losslens.model import Warning as LogWarning

if TYPE_CHECKING:
    from losslens.model import BoolArray

Steps = tuple[int | None, int | None]
LOSSES = (Role.TRAIN_LOSS, Role.LOSS_COMPONENT, Role.VAL_LOSS)


def within(runs: Sequence[Run], steps: Steps) -> tuple[Run, ...]:
    """Each of ``runs`` cut to ``steps``; one that has no point there is left out, which is a warning of the others.

    Only series on the run's own axis are cut. Raises ``LosslensError`` ("no-points") when no run has a point there.
    """
    kept: list[Run] = []
    empty: list[tuple[str, str]] = []
    for run in runs:
        cut = _cut(run, steps)
        if _has_points(run, cut):
            kept.append(cut)
        else:
            empty.append((run.name, f"no points {_named(steps, run.axis)}; the run has {_span(run)}"))
    if not kept and empty:
        raise LosslensError(empty[0][1], code="no-points")
    others = tuple(LogWarning("no-points", f"{name} is left out: {why}") for name, why in empty)
    return tuple(replace(run, warnings=(*run.warnings, *others)) for run in kept)


def _cut(run: Run, steps: Steps) -> Run:
    cut = {tag: _within(s, steps) if s.axis == run.axis else s for tag, s in run.series.items()}
    series = {tag: s for tag, s in cut.items() if len(s)}
    return replace(run, series=series, roles=tuple(c for c in run.roles if c.tag in series))


def _has_points(run: Run, cut: Run) -> bool:
    """Whether a loss is left, or any series where no loss was logged."""
    wanted = _counted(run)
    return not wanted or any(tag in cut.series for tag in wanted)


def _counted(run: Run) -> list[str]:
    """The losses on the run's axis; all series on it where there is no loss."""
    alike = [tag for tag, s in run.series.items() if s.axis == run.axis]
    return [tag for tag in run.tags(*LOSSES) if tag in alike] or alike


def _span(run: Run) -> str:
    steps = [s for tag in _counted(run) for s in (run.series[tag].step.min(), run.series[tag].step.max())]
    return f"{min(steps)}–{max(steps)}"


def _named(steps: Steps, axis: str) -> str:
    low, high = steps
    unit = axis if axis in ("step", "epoch", "iteration") else "step"
    if low is None:
        return f"up to {unit} {high}"
    if high is None:
        return f"from {unit} {low} on"
    return f"at {unit} {low}" if low == high else f"between {unit}s {low} and {high}"


def _within(series: Series, steps: Steps) -> Series:
    low, high = steps
    keep: BoolArray = np.ones(len(series), dtype=bool)
    if low is not None:
        keep &= series.step >= low
    if high is not None:
        keep &= series.step <= high
    return series.where(keep)
