"""What only counts: losses added up, over the steps so far or over an epoch, and counters under the name of a loss.

Both grow with what was counted, whatever the training does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import RawSeries, Role, RoleChoice, Series
from losslens.roles.losses import FEW_POINTS, Candidate
from losslens.roles.names import words, words_of

if TYPE_CHECKING:
    from losslens.model import FloatArray

#: Words of a sum, and of one that is kept while a training goes on.
_SUMS = words("sum sums")
_SO_FAR = words("cum cumsum cumul cumulative cumulated accum accumulated running")
#: A sum begins anew with each epoch: no more than this share of its points is below the one before, …
_BEGINS_ANEW = 0.25
#: … and no growth is more than so many times as large as what is added at first.
_EVENLY = 3.0
#: What is added between two points is this many times the mean over them at least, …
_OF_ITS_MEAN = 0.9
#: … and as many times that mean as anywhere, to this share.
_ALIKE = 0.25

#: A counter goes up by the same whole number at this share of its points; where lines were lost it skips some.
_BY_THE_SAME = 0.5


def counters(
    series: Mapping[str, RawSeries] | Mapping[str, Series], candidates: Mapping[str, Candidate]
) -> dict[str, RoleChoice]:
    """``Train loss 12001`` above ``Train loss 12002``: whole numbers that go up evenly are no losses."""
    why = "only whole numbers, which go up evenly: a counter under the name of a loss"
    return {
        tag: RoleChoice(tag, Role.OTHER, why, split=c.split)
        for tag, c in candidates.items()
        if (c.named_loss or c.objective) and _counts(series[tag].value)
    }


def _counts(value: FloatArray) -> bool:
    if value.size < FEW_POINTS or not np.isfinite(value).all() or np.any(value != np.rint(value)):
        return False
    change = np.diff(value)
    usual = float(np.median(change))
    # A loss that is printed as a whole number may climb as evenly, by much of what it is.
    evenly = np.mean(change == usual) >= _BY_THE_SAME and usual <= float(value[0])
    return bool(change.min() > 0.0 and evenly)


def sums_of_losses(
    series: Mapping[str, RawSeries] | Mapping[str, Series], candidates: Mapping[str, Candidate]
) -> dict[str, RoleChoice]:
    """``loss_sum`` beside ``loss``, a ``running_loss`` that grows within each epoch: no course of a training."""
    out: dict[str, RoleChoice] = {}
    for tag, c in candidates.items():
        if not c.named_loss:
            continue
        named, value = set(words_of(tag)), series[tag].value
        added = bool(named & (_SUMS | _SO_FAR))
        means = [o for o in candidates.values() if o is not c and _is_mean_beside(o, c)]
        if added and _adds_up(value) and (means or not c.broken):
            why = "only grows, by about as much at each point: a sum of the losses so far"
        elif named & _SUMS and means:
            why = f"a sum beside {means[0].tag}"
        elif not added and any(_is_sum_of(series[tag], series[o.tag]) for o in means):
            why = "grows by as many times the mean beside it at each point: a sum of the losses so far"
        else:
            continue
        out[tag] = RoleChoice(tag, Role.OTHER, why, split=c.split)
    return out


def _is_mean_beside(o: Candidate, c: Candidate) -> bool:
    """Whether a loss is of the same data and of the same part as one that may be its sum, and has a course as fine."""
    held = ("val", "test")
    same = (o.split in held) is (c.split in held) and _part(o) == _part(c)
    sums = _SUMS | _SO_FAR
    return o.named_loss and same and not o.best and not sums & set(words_of(o.tag)) and 2 * o.points >= c.points


def _part(c: Candidate) -> tuple[str, ...]:
    return tuple(word for word in c.qualifier if word not in _SO_FAR)


def _adds_up(value: FloatArray) -> bool:
    """Whether a series goes up by about as much at each point, but where it begins anew."""
    finite = value[np.isfinite(value)]
    if finite.size < FEW_POINTS or finite[0] < 0.0:
        return False
    change = np.diff(finite)
    up = change[change >= 0.0]
    if up.size < FEW_POINTS - 1 or change.size - up.size > _BEGINS_ANEW * change.size:
        return False
    first = float(np.median(up[: max(3, up.size // 4)]))
    low = max(float(finite[0]), first)
    begun = finite[1:][change < 0.0]
    return bool(first > 0.0 and up.max() <= _EVENLY * first and np.all(begun <= _EVENLY * low))


def _is_sum_of(total: RawSeries | Series, mean: RawSeries | Series) -> bool:
    """Whether what is added between two points is as many times the mean logged there, everywhere."""
    if total.step.size != mean.step.size or not np.array_equal(total.step, mean.step) or not _adds_up(total.value):
        return False
    change, there = np.diff(total.value), mean.value[1:]
    known = (change >= 0.0) & np.isfinite(change) & np.isfinite(there) & (there > 0.0)
    times = change[known] / there[known]
    usual = float(np.median(times)) if times.size >= FEW_POINTS - 1 else 0.0
    return usual >= _OF_ITS_MEAN and float(np.median(np.abs(times - usual))) <= _ALIKE * usual
