"""Tables whose columns have no names: which of them may be the loss, and what to ask when that is not clear."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Role, RoleChoice, Series

if TYPE_CHECKING:
    from losslens.model import FloatArray

_NO_NAME = re.compile(r"column_\d+")
#: A course has at least this many points, and falls by this share of its range from its first to its lowest stretch.
FEWEST, FALLS, BLOCKS = 10, 0.5, 10
#: Successive points of a course differ by less than this share of its spread; those of a data set's column do not.
STEADY = 0.5
#: A table of more columns is a data set.
MOST_COLUMNS = 12


def without_names(series: Mapping[str, Series]) -> bool:
    """Whether the columns of a table were numbered because it names none."""
    return bool(series) and all(_NO_NAME.fullmatch(tag) for tag in series)


def objective(series: Mapping[str, Series]) -> RoleChoice | None:
    """The one column that falls like a loss, or that stops being a number; None when there is none or several."""
    if len(series) > MOST_COLUMNS:
        return None
    falling = _falling(series)
    if len(falling) != 1:
        return None
    other = next((tag for tag in series if tag != falling[0]), falling[0])
    why = f"the table names nothing; only this column falls like a loss (--role loss={other} takes another)"
    return RoleChoice(falling[0], Role.TRAIN_LOSS, why, sure=False)


def question(series: Mapping[str, Series]) -> str:
    """What to ask of a user whose table names no column."""
    falling = _falling(series) if len(series) <= MOST_COLUMNS else []
    if len(falling) > 1:
        which = (
            f"{' and '.join(falling[:4])} both fall like a loss"
            if len(falling) == 2
            else f"{', '.join(falling[:4])} fall"
        )
        return f"a table without names, and {which}: say which is the loss, such as --role loss={falling[0]}"
    return f"a table without names, and no column falls like a loss: say which is it, such as --role loss={min(series)}"


def _falling(series: Mapping[str, Series]) -> list[str]:
    return [tag for tag, one in series.items() if _falls(one.value)]


def _falls(value: FloatArray) -> bool:
    finite = value[np.isfinite(value)]
    if finite.size < FEWEST or np.ptp(finite) == 0:
        return False
    if not np.isfinite(value[-1]):
        return True
    blocks = np.array_split(finite, BLOCKS)
    lowest = int(np.argmin([float(np.median(block)) for block in blocks]))
    # What comes from the lowest stretch on may be how it failed: a loss that blew up has been one.
    course = finite[: sum(block.size for block in blocks[:lowest])]
    fall = float(np.median(blocks[0]) - np.median(blocks[lowest]))
    if lowest == 0 or fall < FALLS * float(np.ptp(course)):
        return False
    return float(np.median(np.abs(np.diff(course)))) <= STEADY * float(np.std(course))
