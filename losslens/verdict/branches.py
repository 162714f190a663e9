"""The stretches a resume left behind, each with the history that led to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from losslens.model import Series

#: A job is started again now and then; hundreds of starts in one output are those of many jobs at once.
MOST = 32


def abandoned_branches(series: Series) -> tuple[Series, ...]:
    """For every segment that was overwritten in part: what the log looked like when that segment stopped.

    A branch holds the segment's own points and, of earlier segments, the points before its first step. O(n) a branch;
    of more than ``MOST`` segments those that left the most points behind are looked at.
    """
    if series.abandoned is None or not series.abandoned.any():
        return ()
    segments, points = np.unique(series.segment[series.abandoned], return_counts=True)
    longest = np.sort(np.argsort(-points, kind="stable")[:MOST])
    return tuple(_until(series, int(segment)) for segment in segments[longest])


def _until(series: Series, segment: int) -> Series:
    keep = np.zeros(len(series), bool)
    ceiling = np.iinfo(np.int64).max
    for s in range(segment, -1, -1):
        own = series.segment == s
        if not own.any():
            continue
        keep |= own & (series.step < ceiling)
        ceiling = min(ceiling, int(series.step[own].min()))
    return replace(series.where(keep), abandoned=None)
