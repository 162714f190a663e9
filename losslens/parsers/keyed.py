"""Whose each row of a table is where no column is called a run: told by what changes where the count begins anew.

"variant,seed,agent_steps,critic_loss": a study writes all its trainings below each other and says of each row which it
is of, under names that may be anything. That such a column holds one value as long as a training lasts, and changes
nowhere but where the steps begin anew, is no chance.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Setting
from losslens.parsers.axes import normalise
from losslens.parsers.columns import Column, Columns

if TYPE_CHECKING:
    from losslens.model import BoolArray, IntArray
    from losslens.parsers.steps import Axis

FEWEST_ROWS = 3
"""A training of fewer rows is none that a table keeps below others."""

ANEW = 0.1
"""A training that begins later than this share of how far the one before had come may be that one, resumed."""

NUMBERED = frozenset(["seed", "fold", "trial", "repeat", "repetition", "replicate"])
"""What trainings of one kind are numbered by."""

LONGEST = 60
"""A text of more letters is a note and no name."""


@dataclass(frozen=True, eq=False)
class OneOf:
    """One training of several in a table: its name, what the columns say of it, and its rows (a bool each)."""

    name: str
    said: tuple[tuple[str, str | int | float], ...]
    rows: BoolArray

    def settings(self, path: str) -> tuple[Setting, ...]:
        return tuple(Setting(column, value, f"{path}:{column}") for column, value in self.said)


def trainings_below_each_other(columns: Columns, axis: Axis, taken: Collection[str]) -> tuple[OneOf, ...]:
    """The trainings of a table whose steps begin anew wherever one of its columns changes; empty where none says so.

    At least one must say it in words, or be called a seed or a fold: any other number that changes there may be a pass
    over the data, a task or a learning rate.
    """
    if axis.counts == "row" or columns.n_rows < 2 * FEWEST_ROWS:
        return ()
    falls = np.flatnonzero(np.diff(axis.step) < 0) + 1
    if not falls.size:
        return ()
    keys = [
        (c, row) for c in columns if c.name not in taken and (row := _changes(c, falls, columns.n_rows)) is not None
    ]
    if not any(_names_a_training(column) for column, _ in keys):
        return ()
    begins = np.unique(np.concatenate([rows for _, rows in keys]))
    ends = np.append(begins[1:], columns.n_rows)
    lowest, before = int(axis.step.min()), axis.step[begins - 1]
    late = axis.step[begins] - lowest > ANEW * (before - lowest)
    if late.any() or min(int(begins[0]), int((ends - begins).min())) < FEWEST_ROWS:
        return ()
    found = []
    for first, last in zip([0, *begins.tolist()], [int(begins[0]), *ends.tolist()], strict=True):
        rows = np.zeros(columns.n_rows, dtype=bool)
        rows[first:last] = True
        said = tuple((column.name, _value(column, first)) for column, _ in keys)
        found.append(OneOf(", ".join(v if isinstance(v, str) else f"{n}={v:g}" for n, v in said), said, rows))
    return tuple(found) if len({one.name for one in found}) == len(found) else ()


def _changes(column: Column, falls: IntArray, n_rows: int) -> IntArray | None:
    """The rows at which a column changes; None unless these are rows in which the steps fall, and it is never empty."""
    if column.unread or column.blanks or not column.name:
        return None
    if len(column.codes) == n_rows and not len(column.values):
        value = np.array(column.codes, dtype=np.float64)
        if any(not word or len(word) > LONGEST for word in column.words):
            return None
    elif len(column.values) == n_rows and not column.n_texts:
        value = column.dense(n_rows)
    else:
        return None
    rows = np.flatnonzero(np.diff(value) != 0) + 1
    return rows if rows.size and np.isin(rows, falls).all() else None


def _value(column: Column, row: int) -> str | int | float:
    if column.codes:
        return list(column.words)[column.codes[row]]
    value = float(column.values[row])
    return int(value) if value.is_integer() else value


def _names_a_training(column: Column) -> bool:
    """Whether a column says in words whose its rows are, or by a number that is called so."""
    return bool(column.codes) or normalise(column.name).rpartition("_")[2] in NUMBERED
