"""The stretches a resume left behind, each with the history that led to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from losslens.model import Series


def abandoned_branches(series: Series) -> tuple[Series, ...]:
    """For every segment that was overwritten in part: what the log looked like when that segment stopped.

    A branch holds the segment's own points and, of earlier segments, the points before its first step. O(n) a branch.
    """
    if series.abandoned is None or not series.abandoned.any():
        return ()
    segments = np.unique(series.segment[series.abandoned]).tolist()
    return tuple(_until(series, int(segment)) for segment in segments)


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
