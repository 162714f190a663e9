"""A series reduced for showing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Curve, Level, Role, Series

if TYPE_CHECKING:
    from losslens.model import BoolArray, FloatArray, IntArray


AROUND = 20
"""Points before and after the onset that are kept one and all: they are what is looked at most closely."""
STRETCHES, LEAST_STRETCHES, LEAST_IN_STRETCH = 160, 40, 8
"""A level has at most so many stretches, and none where fewer, or fewer points in each, would tell of noise instead."""


def reduce(series: Series, role: Role, *, limit: int = 4000, around: int | None = None) -> Curve:
    """At most ``limit`` points of ``series`` that look like all of them.

    The series is cut into buckets of equal numbers of points; each keeps its smallest and its largest finite value and
    its first non-finite one. Kept besides: first and last point, first and last finite point, first non-finite point,
    every point near the step ``around``, the ends of each non-finite stretch as far as there is room, first and last
    point of each segment. Linear time.
    """
    n = len(series)
    keep = np.arange(n) if n <= limit else _chosen(series, limit, around)
    abandoned = series.abandoned
    gone: tuple[int, ...] = ()
    if abandoned is not None and abandoned.any():
        segments = np.unique(series.segment[abandoned])
        gone = tuple(int(series.step[abandoned & (series.segment == s)].min()) for s in segments)
    return Curve(
        tag=series.tag,
        role=role,
        axis=series.axis,
        step=tuple(series.step[keep].tolist()),
        value=tuple(series.value[keep].tolist()),
        points=n,
        abandoned_from=gone,
        segment=tuple(series.segment[keep].tolist()),
        level=level_of(series),
    )


def level_of(series: Series) -> Level | None:
    """Medians over up to 160 stretches of the current branch's finite points; None for fewer than 320. Linear time.

    The last stretch holds what is left over as well, so that no point of the end is passed over.
    """
    current = series.current()
    finite = np.isfinite(current.value)
    step, value = current.step[finite], current.value[finite]
    stretches = min(STRETCHES, value.size // LEAST_IN_STRETCH)
    if stretches < LEAST_STRETCHES:
        return None
    size = value.size // stretches
    whole = (stretches - 1) * size
    medians = np.append(np.median(value[:whole].reshape(-1, size), axis=1), np.median(value[whole:]))
    middle = np.append(step[size // 2 : whole : size], step[whole + (value.size - whole) // 2])
    return Level(tuple(middle.tolist()), tuple(medians.tolist()), size)


def _chosen(series: Series, limit: int, around: int | None) -> IntArray:
    value = series.value
    n = value.size
    must = _must_keep(series, around)[: limit // 4]
    buckets = max(1, (limit - must.size) // 3)
    edges = np.linspace(0, n, buckets + 1).astype(np.int64)[:-1]
    finite = np.isfinite(value)
    low = _first_extreme(np.where(finite, value, np.inf), edges, np.minimum)
    high = _first_extreme(np.where(finite, value, -np.inf), edges, np.maximum)
    broken = _first_true(~finite, edges)
    chosen = np.unique(np.concatenate([must, low, high, broken]))
    return chosen.astype(np.int64)


def _must_keep(series: Series, around: int | None) -> IntArray:
    """Indices that tell the story, most important first."""
    n = len(series)
    finite = np.isfinite(series.value)
    story = [0, n - 1]
    if finite.any():
        story += [int(np.argmax(finite)), n - 1 - int(np.argmax(finite[::-1]))]
    if not finite.all():
        story.append(int(np.argmin(finite)))
    if around is not None:
        branch = np.arange(n) if series.abandoned is None else np.flatnonzero(~series.abandoned)
        at = int(np.searchsorted(series.step[branch], around))
        story += branch[max(0, at - AROUND) : at + AROUND + 1].tolist()
    starts = np.flatnonzero(np.diff(series.segment)) + 1
    flips = np.flatnonzero(np.diff(finite.astype(np.int8))) + 1
    rest = np.concatenate([starts, starts - 1, flips, flips - 1])
    everything = np.concatenate([np.asarray(story, dtype=np.int64), rest.astype(np.int64)])
    _, first = np.unique(everything, return_index=True)
    return everything[np.sort(first)]


def _first_extreme(value: FloatArray, edges: IntArray, ufunc: np.ufunc) -> IntArray:
    """Index of the first smallest (or largest) value of each bucket."""
    best = ufunc.reduceat(value, edges)
    size = np.diff(np.append(edges, value.size))
    return _first_true(value == np.repeat(best, size), edges)


def _first_true(mask: BoolArray, edges: IntArray) -> IntArray:
    """Index of the first True of each bucket that has one."""
    hits = np.flatnonzero(mask)
    bucket = np.searchsorted(edges, hits, side="right")
    _, first = np.unique(bucket, return_index=True)
    return hits[first].astype(np.int64)
