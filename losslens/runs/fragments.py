"""What a file that is nearly a copy of another still adds: points that the other lacks, and a start of the job.

Hugging Face's trainer saves its state before it evaluates: after a resume the state lacks the evaluation of that step,
which the event files of the first start hold. And a state goes on over a resume without a trace of it, while the job
wrote another event file and another output from there on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Log, RawSeries

if TYPE_CHECKING:
    from losslens.model import BoolArray, IntArray

#: Share of its points that must stand in the other series for the rest to be missing there.
FEWEST_COMMON = 0.5


def holes(small: RawSeries, large: RawSeries, found: BoolArray) -> IntArray | None:
    """Positions of the points of ``small`` that ``large`` lacks, where the two agree on every step they share.

    ``found``, shape ``(len(small),)``, says which points stand in both. A point is lacking when it lies between those
    of ``large``, or ends the course in a value that is not finite. None when ``large`` cannot be completed.
    """
    if small.axis != large.axis or small.axis == "row" or found.mean() < FEWEST_COMMON:
        return None
    if np.any(np.diff(large.step) <= 0) or np.any(np.diff(small.step) <= 0):
        return None
    lacking = np.flatnonzero(~found)
    steps = small.step[lacking]
    inside = (steps > large.step[0]) & (steps < large.step[-1]) & np.isfinite(small.value[lacking])
    last = (steps > large.step[-1]) & ~np.isfinite(small.value[lacking])
    if not lacking.size or not np.all(inside | last) or np.isin(steps, large.step).any():
        return None
    return lacking


def completed(large: RawSeries, small: RawSeries, lacking: IntArray, last_row: int) -> RawSeries:
    """``large`` with these points of ``small``, each in the row of the point before it; ``last_row`` is behind all."""
    at = np.searchsorted(large.step, small.step[lacking])
    rows = np.where(at < large.row.size, large.row[np.maximum(at - 1, 0)], last_row)
    return RawSeries(
        large.tag,
        np.insert(large.step, at, small.step[lacking]),
        np.insert(large.value, at, small.value[lacking]),
        np.insert(large.wall_time, at, small.wall_time[lacking]),
        np.insert(large.row, at, rows),
        large.axis,
    )


@dataclass(frozen=True, slots=True)
class Fragment:
    """The fullest series of a log that is a ``copy`` of some of the ``whole`` one in another."""

    format: str
    copy: RawSeries
    whole: RawSeries


def with_starts(log: Log, parts: Iterable[Fragment]) -> Log:
    """``log``, with the restarts of the job that the logs show which hold parts of it.

    Where one file ends and another of its kind begins, later than the first one did and no later than it ended, the
    job was started again; the log that holds it all shows no sign of it.
    """
    rows = set(log.restarts)
    by_format: dict[str, list[Fragment]] = {}
    for part in parts:
        if part.format != log.format and part.copy.axis == part.whole.axis and part.copy.step.size:
            by_format.setdefault(part.format, []).append(part)
    for alike in by_format.values():
        alike.sort(key=lambda part: int(part.copy.step[0]))
        for before, after in pairwise(alike):
            first = int(after.copy.step[0])
            if int(before.copy.step[0]) < first <= _next(before.copy) and np.all(np.diff(after.whole.step) > 0):
                rows.add(int(after.whole.row[np.searchsorted(after.whole.step, first)]))
    return replace(log, restarts=tuple(sorted(rows))) if len(rows) > len(log.restarts) else log


def _next(part: RawSeries) -> float:
    """The step that would follow the last of a series."""
    usual = float(np.median(np.diff(part.step))) if part.step.size > 1 else 0.0
    return float(part.step[-1]) + 1.5 * usual


def told_copies(names: Sequence[str]) -> str:
    """Some names of files, the first few of many."""
    most = 3
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
