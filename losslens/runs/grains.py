"""Tables of one job that its trainer keeps apart: metrics_epoch.csv beside metrics_batch_train.csv, and what an agent's
episodes brought beside what the updates of its nets lost.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePath

import numpy as np

from losslens.model import Log
from losslens.parsers.axes import STEP_RANK, normalise
from losslens.roles.names import split_of, words, words_of

_BY_EPOCH, _BY_BATCH = words("epoch epochs"), words("batch batches step steps iter iters iteration iterations")
#: Words that say no more than that it is a table.
_EACH = words("per by every each level wise")
#: By their epochs two tables end together: what is written at the end of an epoch may lack the last.
TOGETHER = 1.0


@lru_cache(maxsize=4096)
def _named(name: str) -> tuple[str, tuple[str, ...]]:
    """Whether a name says "epoch" or "batch", as one of these words, and what else it says but the split."""
    said = words_of(PurePath(name).name.split(".")[0])
    if any(word in _BY_EPOCH | _BY_BATCH and after.isdigit() for word, after in pairwise(said)):
        return "", ()  # a size, or one epoch of many
    grains = {"epoch" if word in _BY_EPOCH else "batch" for word in said if word in _BY_EPOCH | _BY_BATCH}
    rest = tuple(w for w in said if w not in _BY_EPOCH | _BY_BATCH | _EACH and not split_of(w))
    return (grains.pop() if len(grains) == 1 else "", rest)


def named_by_grain(a: str, b: str) -> bool:
    """Whether the names of two files differ in "epoch" and "batch", and else at most in the split."""
    (one, mine), (other, theirs) = _named(a), _named(b)
    return bool(one and other) and one != other and mine == theirs


def halves_of_one(mine: Collection[str], theirs: Collection[str]) -> bool:
    """Whether two tables hold what the updates of a job lost and what its episodes brought.

    Of their columns those of one alone name losses, both have the same count, and each says mostly what the other does
    not.
    """
    shared = set(mine) & set(theirs)
    counted = {name for name in shared if normalise(name) in STEP_RANK}
    lose = [any("loss" in words_of(name) for name in names) for names in (mine, theirs)]
    fewer = min(len(mine), len(theirs)) - len(counted)
    return bool(counted) and lose[0] != lose[1] and 2 * len(shared - counted) < fewer


def of_one_job(a: Log, b: Log) -> bool:
    """Whether two tables so named end at the same epoch, where both say it."""
    if a.format != b.format or not named_by_grain(a.path, b.path):
        return False
    ends = [_last_epoch(log) for log in (a, b)]
    return ends[0] is None or ends[1] is None or abs(ends[0] - ends[1]) <= TOGETHER


def _last_epoch(log: Log) -> float | None:
    by_epoch = [float(s.step.max()) for s in log.series.values() if s.axis == "epoch" and s.step.size]
    counted = [s.value for tag, s in log.series.items() if words_of(tag)[-1:] == ("epoch",) and s.value.size]
    told = [float(np.nanmax(value)) for value in counted if np.isfinite(value).any()]
    return max([*by_epoch, *told], default=None)
