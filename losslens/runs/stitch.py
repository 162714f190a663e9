"""The logs of one job put end to end: segments, abandoned branches, duplicates.

A job that was resumed writes its steps again from its last checkpoint on. All points are kept: a point that a later
segment overwrote is marked as abandoned, and every series is in the order in which it was written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from losslens.model import Log, RawSeries, Repair, Segment, Series
from losslens.runs.chains import Chain, Stretch, chains_of, main_chain, numbers_after

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from losslens.model import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Stitched:
    """All series of one job, its segments, and what was set right on the way."""

    series: dict[str, Series]
    segments: tuple[Segment, ...]
    repairs: tuple[Repair, ...]
    stretches: tuple[Stretch, ...] = ()
    """Where each segment was written, by its index."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """The points of one tag from one log, with the segment of each."""

    series: RawSeries
    segment: IntArray


def stitch(logs: Sequence[Log], leading: str | None, told: Collection[tuple[int, int]] = ()) -> Stitched:
    """One job from its ``logs``, in time order; ``leading`` is the tag whose steps say where a resume began.

    ``told`` are starts that the steps do not show any more: the number of the log, and the row.
    """
    chains = chains_of(logs, told)
    if not chains:
        return Stitched({}, (), ())
    main = main_chain(chains, logs, leading)
    repairs: list[Repair] = []
    pieces: dict[str, list[_Piece]] = {}
    for chain in chains:
        numbers = list(range(len(chain.stretches))) if chain is main else numbers_after(chain, main)
        for stretch, number in zip(chain.stretches, numbers, strict=True):
            for tag, raw in logs[stretch.log].series.items():
                part = stretch.of(raw)
                if part.step.size or tag not in pieces:
                    segment = np.full(part.step.size, number, dtype=np.int64)
                    pieces.setdefault(tag, []).append(_Piece(part, segment))
    joined = {tag: _joined(tag, parts, repairs) for tag, parts in pieces.items()}
    starts = _starts(joined.get(leading) if leading else None, len(main.stretches))
    axis = joined[leading].axis if leading in joined else None
    series = {tag: _with_abandoned(s, starts if s.axis == axis else None) for tag, s in joined.items()}
    return Stitched(series, _segments(series, leading, main, starts), tuple(repairs), main.stretches)


def _joined(tag: str, parts: Sequence[_Piece], repairs: list[Repair]) -> Series:
    """One series from its pieces; points that two files hold alike are kept once, late ones put in their place."""
    step = _end_to_end([p.series.step for p in parts]).astype(np.int64, copy=False)
    value = _end_to_end([p.series.value for p in parts]).astype(np.float64, copy=False)
    wall = _end_to_end([p.series.wall_time for p in parts]).astype(np.float64, copy=False)
    row = _end_to_end([p.series.row for p in parts]).astype(np.int64, copy=False)
    segment = _end_to_end([p.segment for p in parts])
    keep = ~_written_twice(step, value, wall)
    if not keep.all():
        n = int((~keep).sum())
        first, last = int(step[~keep].min()), int(step[~keep].max())
        text = f"{n} points of {tag} were written twice with the same step, value and time; one of each was kept"
        repairs.append(Repair("duplicate-points", text, tag, n, first, last))
        step, value, wall, row, segment = step[keep], value[keep], wall[keep], row[keep], segment[keep]
    if not _in_order(step, segment):
        order = np.lexsort((step, segment))
        moved = int((order != np.arange(step.size)).sum())
        text = f"{moved} points of {tag} were written out of order; they were put in the order of their steps"
        repairs.append(Repair("out-of-order", text, tag, moved, int(step.min()), int(step.max())))
        step, value, wall, row, segment = step[order], value[order], wall[order], row[order], segment[order]
    return Series(tag, step, value, wall, row, segment, parts[0].series.axis)


def _end_to_end(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _in_order(step: IntArray, segment: IntArray) -> bool:
    """Whether segments follow each other and steps never fall within one."""
    next_segment = segment[1:] > segment[:-1]
    if not next_segment.any() and segment.size and segment[0] == segment[-1]:
        return not bool((step[1:] < step[:-1]).any())
    return bool(np.all(next_segment | ((segment[1:] == segment[:-1]) & (step[1:] >= step[:-1]))))


def _written_twice(step: IntArray, value: FloatArray, wall: FloatArray) -> BoolArray:
    """True for every later point of the same step, value and wall time; where no time was logged nothing is."""
    twice = np.zeros(step.size, dtype=bool)
    if step.size < 2 or step.min() == step.max() or not np.isfinite(wall).all():
        return twice
    if np.all((step[1:] > step[:-1]) | (wall[1:] > wall[:-1])):
        return twice
    bits = value.view(np.int64)
    order = np.lexsort((np.arange(step.size), wall, bits, step))
    same = (np.diff(step[order]) == 0) & (np.diff(bits[order]) == 0) & (np.diff(wall[order]) == 0)
    twice[order[1:][same]] = True
    return twice


def _starts(leading: Series | None, segments: int) -> dict[int, int]:
    """segment -> first step of the leading series in it."""
    if leading is None:
        return {}
    out = {}
    for k in range(segments):
        mine = leading.step[leading.segment == k]
        if mine.size:
            out[k] = int(mine[0])
    return out


def _with_abandoned(series: Series, starts: Mapping[int, int] | None) -> Series:
    one_segment = not len(series) or series.segment.max() == series.segment.min()
    if not len(series) or (one_segment and (starts is None or len(starts) < 2)):
        return series
    own = starts or {int(k): int(series.step[series.segment == k].min()) for k in np.unique(series.segment)}
    abandoned = np.zeros(len(series), dtype=bool)
    for k, first in own.items():
        abandoned |= (series.segment < k) & (series.step >= first)
    if not abandoned.any():
        return series
    return Series(
        series.tag, series.step, series.value, series.wall_time, series.row, series.segment, series.axis, abandoned
    )


def _segments(
    series: Mapping[str, Series], leading: str | None, main: Chain, starts: Mapping[int, int]
) -> tuple[Segment, ...]:
    """The segments in the steps of the leading series; of the longest where the leading one has no point."""
    longest = max(series.values(), key=len, default=None)
    lead = series.get(leading) if leading else longest
    out = []
    for k, stretch in enumerate(main.stretches):
        steps = [s.step[s.segment == k] for s in (lead, longest) if s is not None]
        here = next((s for s in steps if s.size), None)
        if here is None:
            continue
        first, last = int(here[0]), int(here.max())
        later = [starts[j] for j in starts if j > k]
        overwritten = min(later) if later and min(later) <= last else None
        out.append(Segment(k, first, last, stretch.first_time, stretch.last_time, overwritten, stretch.how))
    return tuple(out)
