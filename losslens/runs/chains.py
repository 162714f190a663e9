"""Which stretches of which logs follow each other: the starts of a job, found in its files.

A new stretch begins with a new file, with a session start or repeated header that the parser saw, and where the steps
of a series go back for good. Logs that hold different tags (training and validation in folders of their own) run
beside each other, in chains of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Log, RawSeries

if TYPE_CHECKING:
    from losslens.model import IntArray

#: Two files are one stretch when the second goes on within this many usual logging intervals: a rotated file.
ROTATED = 5.0
#: Share of the smaller log's tags that two logs must share to follow each other.
SAME_TAGS = 0.5


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows ``first_row <= row < end_row`` of one log, written between two starts of the job."""

    log: int
    first_row: int
    end_row: int
    how: str
    first_time: float | None = None
    last_time: float | None = None

    def of(self, series: RawSeries) -> RawSeries:
        """The points of ``series`` that were written in this stretch."""
        if self.first_row <= 0 and self.end_row >= _NO_END:
            return series
        mine = (series.row >= self.first_row) & (series.row < self.end_row)
        return RawSeries(
            series.tag, series.step[mine], series.value[mine], series.wall_time[mine], series.row[mine], series.axis
        )


@dataclass(frozen=True, slots=True)
class Chain:
    """Stretches of logs with the same tags, in the order they were written."""

    stretches: tuple[Stretch, ...]


_NO_END = 2**62


def chains_of(logs: Sequence[Log]) -> tuple[Chain, ...]:
    """The stretches of all logs, chained: logs with the same tags follow each other, others run beside."""
    chains: list[tuple[set[str], list[Stretch]]] = []
    for i, log in enumerate(logs):
        tags = {t for t, s in log.series.items() if s.step.size}
        mine = _stretches(i, log)
        for known, stretches in chains:
            if tags and len(tags & known) >= SAME_TAGS * min(len(tags), len(known)):
                if _goes_on(logs[stretches[-1].log], log, tags & known):
                    mine[0] = replace(mine[0], how="continued")
                stretches.extend(mine)
                known |= tags
                break
        else:
            chains.append((set(tags), mine))
    return tuple(Chain(tuple(stretches)) for _, stretches in chains)


def _stretches(i: int, log: Log) -> list[Stretch]:
    restarts = dict.fromkeys(log.restarts, "session start" if log.table is None else "repeated header")
    rows = dict(restarts)
    first_rows = [int(s.row[0]) for s in log.series.values() if s.row.size]
    start = min(first_rows, default=0)
    for row in steps_go_back(log.series.values()):
        if not any(abs(row - r) <= 0 for r in restarts) and not _explained(row, restarts, log):
            rows.setdefault(row, "step went back")
    edges = [-1, *sorted(r for r in rows if r > start), _NO_END]
    out = []
    for first, end in zip(edges[:-1], edges[1:], strict=True):
        times = _times(log, first, end)
        out.append(Stretch(i, first, end, rows.get(first, "new file"), *times))
    return out


def _explained(row: int, restarts: Iterable[int], log: Log) -> bool:
    """Whether a restart the parser saw lies just before ``row``: nothing that goes back was written in between."""
    for restart in restarts:
        if restart <= row:
            between = any(
                bool(((s.row >= restart) & (s.row < row)).sum() > 1) for s in log.series.values() if s.row.size
            )
            if not between:
                return True
    return False


def steps_go_back(series: Iterable[RawSeries]) -> list[int]:
    """Rows at which steps go back for good, the first of each restart.

    A single late point is no restart: the steps must stay below where they were for at least two points, or to the end.
    """
    found: list[tuple[int, int]] = []
    for one in series:
        step, row = one.step, one.row
        if step.size < 2:
            continue
        top = np.maximum.accumulate(step)
        for k in np.flatnonzero(np.diff(step) < 0) + 1:
            if step[k] < step[k - 1] and _for_good(step, top, int(k)):
                found.append((int(row[k]), int(row[k - 1])))
    rows: list[int] = []
    for row_back, row_before in sorted(found):
        if not any(row_before < r <= row_back for r in rows):
            rows.append(row_back)
    return rows


def _for_good(step: IntArray, top: IntArray, k: int) -> bool:
    if k == step.size - 1:
        return bool(step[k - 1] == top[k - 1])
    return bool(step[k] < top[k - 1] and step[k + 1] < top[k - 1] and step[k + 1] >= step[k])


def _times(log: Log, first: int, end: int) -> tuple[float | None, float | None]:
    low, high = np.inf, -np.inf
    for s in log.series.values():
        times = s.wall_time[(s.row >= first) & (s.row < end)]
        times = times[np.isfinite(times)]
        if times.size:
            low, high = min(low, float(times.min())), max(high, float(times.max()))
    if not np.isfinite(low):
        return (log.first_time if first < 0 else None, None)
    return (low, high)


def _goes_on(before: Log, after: Log, tags: set[str]) -> bool:
    """Whether ``after`` is the next file of the same stretch: steps and time go on as if nothing had happened."""
    tag = max(tags, key=lambda t: before.series[t].step.size if t in before.series else 0)
    if tag not in before.series or tag not in after.series:
        return False
    a, b = before.series[tag], after.series[tag]
    if a.step.size < 3 or not b.step.size or b.step[0] <= a.step[-1]:
        return False
    gaps = np.diff(a.wall_time)
    gaps = gaps[np.isfinite(gaps)]
    if not gaps.size or not np.isfinite(b.wall_time[0]):
        return False
    return bool(0 <= b.wall_time[0] - a.wall_time[-1] <= ROTATED * max(float(np.median(gaps)), 1e-9))
