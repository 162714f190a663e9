"""Trainings one after the other under one count of steps: the folds of a cross-validation, logged as a single run.

The tracker counts its calls on, but the epochs begin anew, and the loss does so at the level of a new model.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Log, RawSeries

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

#: Points of the loss that each training but the last must have, and epochs it must have counted.
LEAST_POINTS, LEAST_EPOCHS = 8, 3
#: In log: two levels closer than this do not say which of them a third is near.
TOO_CLOSE = 0.1
#: More trainings than this under one count are an epoch counter of another kind.
MOST = 100


def new_trainings(logs: Sequence[Log], leading: str, epoch: str | None) -> tuple[tuple[int, int], ...]:
    """Where trainings begin anew though the steps run on: the log by its number, and the row of the first loss.

    Empty unless the epochs go back to their first at each of these places, and the loss from its low level back to
    near that of its very first points.
    """
    found: list[tuple[int, int]] = []
    for i, log in enumerate(logs):
        loss, count = log.series.get(leading), log.series.get(epoch) if epoch else None
        if loss is None or count is None or log.restarts:
            continue
        found.extend((i, row) for row in _begun_anew(loss, count))
    return tuple(found)


def _begun_anew(loss: RawSeries, epoch: RawSeries) -> list[int]:
    if loss.value.size < 2 * LEAST_POINTS or np.any(np.diff(loss.step) < 0) or np.any(np.diff(epoch.step) < 0):
        return []
    number = epoch.value
    if not np.isfinite(number).all():
        return []
    back = np.flatnonzero(np.diff(number) < 0) + 1
    if not 0 < back.size <= MOST or np.any(number[back] > number[0]):
        return []
    starts = [0, *(_first_of(loss, epoch.row, int(k)) for k in back)]
    trainings = np.split(np.arange(loss.value.size), starts[1:])
    epochs = np.split(number, back)
    if any(part.size < LEAST_POINTS for part in trainings[:-1]) or not trainings[-1].size:
        return []
    if any(np.unique(part).size < LEAST_EPOCHS for part in epochs[:-1]):
        return []
    levels = [loss.value[part] for part in trainings]
    if not all(_is_new(levels[0], before, after) for before, after in pairwise(levels)):
        return []
    return [int(loss.row[at]) for at in starts[1:]]


def _first_of(loss: RawSeries, rows: IntArray, k: int) -> int:
    """The first point of the loss of a training whose first epoch was written in row ``rows[k]``.

    Between the last epoch of the one training and the first of the next lie the losses of both: it is where they jump.
    """
    low, high = np.searchsorted(loss.row, (rows[k - 1], rows[k]), side="right")
    between = np.arange(max(int(low), 1), min(int(high), loss.value.size - 1) + 1)
    if not between.size:
        return int(high)
    before, here = loss.value[between - 1], loss.value[between]
    jump = np.where(np.isfinite(here), np.where(np.isfinite(before), here - before, np.inf), -np.inf)
    return int(between[np.argmax(jump)])


def _is_new(first: FloatArray, before: FloatArray, after: FloatArray) -> bool:
    """Whether a training starts where the first did, away from where the one before it ended."""
    few = max(1, min(3, first.size // 10))
    level = np.asarray([np.median(first[:few]), np.median(before[-few:]), np.median(after[:few])])
    if not np.isfinite(level[[0, 2]]).all():
        return False
    if not np.isfinite(level[1]):
        return True
    if np.all(level > 0):
        start, end, again = np.log(level)
    else:
        start, end, again = level / max(float(np.ptp(first[np.isfinite(first)])), 1e-300)
    return bool(start - end > TOO_CLOSE and abs(again - start) < abs(again - end))
