"""Tables whose columns have no names: which of them may be the loss, and what to ask when that is not clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Role, RoleChoice, Series
from losslens.patterns import compiled
from losslens.roles.sums import plain_sum, rounding, whole_of
from losslens.roles.unnamed import levels_off

if TYPE_CHECKING:
    from losslens.model import FloatArray

_NO_NAME = compiled(r"column_\d+")
#: A course has at least this many points, and falls by this share of its range from its first to its lowest stretch.
FEWEST, FALLS, BLOCKS = 10, 0.5, 10
#: It falls by this share of its level at least: of what hardly moves nobody could tell what it is.
LEAST_FALL = 0.01
#: A loss that falls by this factor is judged by its logarithm too: single jumps far below where it began count little.
DECADES = 100.0
#: The exponential of a larger loss is no perplexity that anyone logs; a printed one agrees to this share.
LARGEST_IN_NATS, CLOSE = 50.0, 1e-3
#: Successive points of a course differ by less than this share of its spread; those of a data set's column do not.
STEADY = 0.5
#: A table of more columns is a data set.
MOST_COLUMNS = 12
#: One of so many columns behind a counter is still a log that someone wrote without a header.
MOST_BEHIND = 4
#: The losses of training and of validation are within this factor while both fall.
ON_ONE_SCALE = 3.0
#: A rate that goes down in steps has at most this share of its points on levels of their own; one that goes down all
#: the time begins at most so high, and goes down by such a share of that.
MOST_LEVELS, LARGEST_RATE, LEAST_WAY = 1 / 3, 0.1, 0.2
#: A fall is measured against the range of a course without this share of its highest and lowest values.
WILD = 0.01
#: A schedule is met to so many units of the last digit written and at most such a share of its top, or to a small one.
WRITTEN, ROUNDED, EXACT = 4.0, 5e-3, 1e-6
#: A correlation of successive numbers above this many standard errors is none by chance.
CHANCE = 4.0


def without_names(series: Mapping[str, object]) -> bool:
    """Whether the columns of a table were numbered because it names none."""
    return bool(series) and all(_NO_NAME.fullmatch(tag) for tag in series)


def objective(series: Mapping[str, Series]) -> RoleChoice | None:
    """The column that may be the loss, and why it is taken for one; None when there is none or several.

    It is the one column that falls like a loss, or stops being a number, or falls and is the sum of the others, or of
    which another is the perplexity, or the first of two that fall alike; and none that a schedule brings down. Where
    none does, the table may be brought because its loss does not fall: behind a column that counts, the first one that
    keeps a course is taken.
    """
    if len(series) > MOST_COLUMNS:
        return None
    everything, series = series, _measured(series)
    falling = _falling(series)
    told = [(_total(series, falling), "is the sum of the others"), (_of_a_perplexity(series), "has its exp beside it")]
    for tag, what in told:
        if tag is not None:
            other = next(one for one in series if one != tag)
            why = f"the table names nothing; this column {what} (--role loss={other} takes another)"
            return RoleChoice(tag, Role.TRAIN_LOSS, why, sure=False)
    if _alike(series, falling):
        why = "the table names nothing; of two columns that fall alike the first is taken"
        why += f" (--role loss={falling[1]} takes the other)"
        return RoleChoice(falling[0], Role.TRAIN_LOSS, why, sure=False)
    if len(falling) > 1:
        return None
    if falling:
        other = next((tag for tag in series if tag != falling[0]), falling[0])
        why = f"the table names nothing; only this column falls like a loss (--role loss={other} takes another)"
        return RoleChoice(falling[0], Role.TRAIN_LOSS, why, sure=False)
    first = _behind_the_counter(series, beside_a_rate=len(series) < len(everything))
    if first is None:
        return None
    other = next((tag for tag in series if tag != first), "")
    why = "the table names nothing, and no column falls like a loss: the first behind the steps is taken"
    why += f" (--role loss={other} takes another)" if other else ""
    return RoleChoice(first, Role.TRAIN_LOSS, why, sure=False)


def _alike(series: Mapping[str, Series], falling: Sequence[str]) -> bool:
    """Whether two columns, and none beside them, fall as the losses of training and of validation do: on one scale."""
    if len(series) != 2 or len(falling) != 2:
        return False
    a, b = (series[tag].value for tag in falling)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = np.abs(a[both]), np.abs(b[both])
    if a.size < FEWEST:
        return False
    larger, smaller = np.quantile(np.maximum(a, b), 0.9), np.quantile(np.minimum(a, b), 0.9)
    return bool(larger <= ON_ONE_SCALE * smaller)


def with_steps(series: Mapping[str, Series]) -> dict[str, Series]:
    """The series of a table without names, counted in steps where its first column counts."""
    if not _is_counted(series):
        return dict(series)
    return {tag: replace(one, axis="step") for tag, one in series.items()}


def _is_counted(series: Mapping[str, Series]) -> bool:
    return without_names(series) and "column_1" not in series and all(one.axis == "row" for one in series.values())


def _behind_the_counter(series: Mapping[str, Series], *, beside_a_rate: bool) -> str | None:
    """The column right behind one that counts, where its numbers are measured; a column of a data set is none.

    The rows of a data set are counted one by one and do not hang together: a log that skips steps, or numbers each of
    which says something of the next. A learning rate beside them says that this is a log, and may stand ahead.
    """
    if len(series) > MOST_BEHIND or not _is_counted(series):
        return None
    first = next(iter(series)) if beside_a_rate else "column_2"
    if first not in series:
        return None
    one = series[first]
    finite = one.value[np.isfinite(one.value)]
    if finite.size < FEWEST or np.ptp(finite) == 0 or bool(np.all(finite == np.floor(finite))):
        return None
    if float(finite.min()) < 0.0 and float(np.median(finite[-finite.size // BLOCKS :])) > float(finite[0]):
        return None  # scores and rewards begin below zero and rise
    if levels_off(finite):
        return None  # an accuracy
    skips = float(np.median(np.diff(one.step))) > 1
    around = finite - np.median(finite)
    clipped = np.clip(around, *np.quantile(around, (0.05, 0.95)))
    power = float(np.dot(clipped, clipped))
    hangs_together = power > 0 and float(np.dot(clipped[1:], clipped[:-1])) > CHANCE * power / np.sqrt(finite.size)
    return first if skips or hangs_together or beside_a_rate else None


def question(series: Mapping[str, Series]) -> str:
    """What to ask of a user whose table names no column."""
    falling = _falling(_measured(series)) if len(series) <= MOST_COLUMNS else []
    if len(falling) > 1:
        which = (
            f"{' and '.join(falling[:4])} both fall like a loss"
            if len(falling) == 2
            else f"{', '.join(falling[:4])} fall"
        )
        return f"a table without names, and {which}: say which is the loss, such as --role loss={falling[0]}"
    return f"a table without names, and no column falls like a loss: say which is it, such as --role loss={min(series)}"


def _total(series: Mapping[str, Series], falling: Sequence[str]) -> str | None:
    """The falling column that is the sum of all others, or of the others that fall, or a weighted sum of some."""
    by_size: dict[int, dict[str, FloatArray]] = {}
    for tag, one in series.items():
        by_size.setdefault(one.value.size, {})[tag] = one.value
    for columns in by_size.values():
        for some in (columns, {tag: value for tag, value in columns.items() if tag in falling}):
            total = plain_sum(some)
            if total in falling:
                return total
    weighted = whole_of(series)
    # Of columns that are multiples of one another each is a sum of the rest: then the order decides, and none is told.
    told = weighted is not None and weighted == whole_of({tag: series[tag] for tag in reversed(list(series))})
    return weighted if weighted is not None and told and _ends_lower(series[weighted].value) else None


def _ends_lower(value: FloatArray) -> bool:
    finite = value[np.isfinite(value)]
    tenth = max(1, finite.size // BLOCKS)
    return finite.size >= FEWEST and float(np.median(finite[-tenth:])) < float(np.median(finite[:tenth]))


def _of_a_perplexity(series: Mapping[str, Series]) -> str | None:
    """The only column whose exponential is another one: a loss in nats and its perplexity."""
    found = []
    for tag, one in series.items():
        finite = np.isfinite(one.value)
        if finite.sum() < FEWEST or np.ptp(one.value[finite]) == 0 or np.max(one.value[finite]) > LARGEST_IN_NATS:
            continue
        same = [o.value for o in series.values() if o is not one and o.value.size == one.value.size]
        if any(np.allclose(np.exp(one.value[finite]), value[finite], rtol=CLOSE) for value in same):
            found.append(tag)
    return found[0] if len(found) == 1 else None


def _measured(series: Mapping[str, Series]) -> Mapping[str, Series]:
    """The columns that no schedule says beforehand; all where none is left."""
    left = {tag: one for tag, one in series.items() if not _is_scheduled(one.value)}
    return left or series


def _is_scheduled(value: FloatArray) -> bool:
    """Whether numbers are a learning rate's: they never rise behind their top, and go down in a few steps or, to the
    digits that were written, along a line, an exponential or a cosine.

    Of all three, and of nothing that is measured, the two neighbours of a number add up to a multiple of it and a
    constant.
    """
    if value.size < FEWEST or not np.isfinite(value).all() or float(value.min()) < 0.0 or float(value.max()) > 1.0:
        return False
    down = value[int(value.argmax()) :]
    if down.size < FEWEST or np.ptp(down) == 0 or bool(np.any(np.diff(down) > 0)):
        return False
    if np.unique(down).size <= MOST_LEVELS * down.size:
        return True
    if float(down[0]) > LARGEST_RATE or float(np.ptp(down)) < LEAST_WAY * float(down[0]):
        return False
    around, known = down[:-2] + down[2:], np.c_[down[1:-1], np.ones(down.size - 2)]
    found, *_ = np.linalg.lstsq(known, around, rcond=None)
    off = np.abs(known @ found - around)
    allowed = np.minimum(WRITTEN * rounding(down), ROUNDED * down[0]) + EXACT * down[0]
    return bool(np.all(off <= allowed[1:-1]))


def _falling(series: Mapping[str, Series]) -> list[str]:
    return [tag for tag, one in series.items() if _falls(one.value)]


def _falls(value: FloatArray) -> bool:
    finite = value[np.isfinite(value)]
    if finite.size < FEWEST or np.ptp(finite) == 0:
        return False
    if not np.isfinite(value[-1]):
        return True
    # Of a loss before the first step the size says nothing: it may be many times that of all others.
    finite = np.minimum(finite, float(finite[1:].max()))
    decades = float(finite.min()) > 0.0 and float(finite.max()) >= DECADES * float(finite.min())
    blocks = [float(np.median(block)) for block in np.array_split(finite, BLOCKS)]
    if blocks[0] - min(blocks) < LEAST_FALL * abs(blocks[0]):
        return False
    return _falls_evenly(finite) or (decades and _falls_evenly(np.log(finite)))


def _falls_evenly(finite: FloatArray) -> bool:
    blocks = np.array_split(finite, BLOCKS)
    lowest = int(np.argmin([float(np.median(block)) for block in blocks]))
    # What comes from the lowest stretch on may be how it failed: a loss that blew up has been one.
    course = finite[: sum(block.size for block in blocks[:lowest])]
    fall = float(np.median(blocks[0]) - np.median(blocks[lowest]))
    if lowest == 0 or course.size < 2:
        return False
    low, high = np.quantile(course, (WILD, 1.0 - WILD))
    if fall < FALLS * float(high - low):
        return False
    return float(np.median(np.abs(np.diff(course)))) <= STEADY * float(np.std(course))
