"""Blank cells that were NaN.

``DataFrame.to_csv`` writes NaN as an empty cell, so the table of a run that went NaN shows blanks where its loss should
be; a logger that writes training and validation on separate rows leaves blanks where nothing was logged. The rest of
the row tells which: where columns that always came with the loss go on without it, it was NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Log, RawSeries, Repair, Role, RoleChoice, Table

if TYPE_CHECKING:
    from losslens.model import BoolArray, IntArray

#: Roles whose values turn NaN with a run; a learning rate or a clock does not.
CAN_BE_NAN = frozenset(
    {
        Role.TRAIN_LOSS,
        Role.VAL_LOSS,
        Role.LOSS_COMPONENT,
        Role.VAL_COMPONENT,
        Role.GRAD_NORM,
        Role.GRAD_NORM_CLIPPED,
        Role.LAYER_GRAD_NORM,
        Role.WEIGHT_NORM,
    }
)
#: A column is dense among some rows when this share of its values is followed by one in the very next of these rows.
DENSE = 0.8
#: A column fills the rows of another kind when at most this share of its cells stand beside the column in question.
APART = 0.05
#: Cells that came with the column in question, of all of that column's, for them to be of one kind.
TOGETHER = 0.95
#: A sparse column logged at a steady distance is missed once it has failed to come this often.
MISSED = 2


@dataclass(frozen=True, slots=True)
class _Column:
    tag: str
    present: BoolArray
    choice: RoleChoice | None

    @property
    def held_back(self) -> bool:
        return self.choice is not None and self.choice.split in ("val", "test")


def fill(log: Log, choices: Sequence[RoleChoice]) -> tuple[Log, tuple[Repair, ...]]:
    """``log`` with a NaN point for every blank cell that was one, and what was done.

    ``choices`` are the roles of the log's series; only losses, gradient and weight norms are looked at. Logs without a
    table come back as they are. Time and memory grow with rows times columns.
    """
    table = log.table
    if table is None or not table.step.size:
        return log, ()
    roles = {c.tag: c for c in choices}
    columns = _columns(log, table, roles)
    series = dict(log.series)
    repairs = []
    missing_train = np.zeros(table.step.size, dtype=bool)
    for column in sorted(columns, key=lambda c: c.held_back):
        if column.choice is None or column.choice.role not in CAN_BE_NAN or column.tag not in table.blank:
            continue
        others = [c for c in columns if c.tag != column.tag]
        rows = _missing_rows(column, others, table, missing_train)
        if column.choice.role is Role.TRAIN_LOSS:
            missing_train[rows] = True
        if rows.size:
            series[column.tag] = _with_nan(series.get(column.tag), column.tag, rows, table)
            repairs.append(_repair(column.tag, rows, table))
    return (replace(log, series=series), tuple(repairs)) if repairs else (log, ())


def blank_columns(log: Log) -> dict[str, RawSeries]:
    """Columns that never have a value, as empty series: a loss that was NaN from the first row has no point at all."""
    if log.table is None:
        return {}
    empty = np.empty(0)
    whole = np.empty(0, dtype=np.int64)
    axis = next((s.axis for s in log.series.values()), "step")
    return {t: RawSeries(t, whole, empty, empty, whole, axis) for t in log.table.blank if t not in log.series}


def _columns(log: Log, table: Table, roles: Mapping[str, RoleChoice]) -> list[_Column]:
    columns = []
    for tag in dict.fromkeys([*log.series, *table.blank]):
        present = np.zeros(table.step.size, dtype=bool)
        if tag in log.series:
            present[log.series[tag].row] = True
        columns.append(_Column(tag, present, roles.get(tag)))
    return columns


def _missing_rows(column: _Column, others: Sequence[_Column], table: Table, missing_train: BoolArray) -> IntArray:
    """The rows in which this column was NaN."""
    blank = np.zeros(table.step.size, dtype=bool)
    blank[table.blank[column.tag]] = True
    if not column.present.any():
        return _never_there(column, others, blank)
    rows = np.arange(table.step.size)
    first, last = int(np.argmax(column.present)), int(rows[column.present][-1])
    lived = rows <= last
    of_another_kind = np.zeros(table.step.size, dtype=bool)
    bases: list[BoolArray] = []
    unknown = np.zeros(table.step.size, dtype=bool)
    for other in others:
        seen = int((other.present & lived).sum())
        both = int((other.present & column.present).sum())
        if seen and both <= APART * seen:
            of_another_kind |= other.present
        elif not seen:
            unknown |= other.present
        elif both >= TOGETHER * int(column.present.sum()):
            bases.append(other.present)
    bases.append(~unknown)
    missing = np.zeros(table.step.size, dtype=bool)
    for base in bases:
        eligible = (base | column.present) & ~(of_another_kind & ~column.present)
        missing |= _missing_among(column.present, eligible, rows)
    missing &= blank & (rows > first)
    if column.held_back and int(column.present.sum()) == 1:
        missing &= missing_train
    return np.flatnonzero(missing)


def _missing_among(present: BoolArray, eligible: BoolArray, rows: IntArray) -> BoolArray:
    """Rows of one kind in which the column should have been: all of them if it was dense, else those where it was due."""
    missing = np.zeros(present.size, dtype=bool)
    kind = rows[eligible]
    there = np.flatnonzero(present[eligible])
    gaps = np.diff(there)
    if not gaps.size or float(np.mean(gaps == 1)) >= DENSE:
        missing[kind] = ~present[kind]
        return missing
    gap = int(np.median(gaps))
    if float(np.mean(gaps == gap)) < TOGETHER or gaps.size < 3:
        return missing
    due = np.arange(there[-1] + gap, kind.size, gap)
    if due.size >= MISSED:
        missing[kind[due]] = True
    return missing


def _never_there(column: _Column, others: Sequence[_Column], blank: BoolArray) -> IntArray:
    """A loss column without a single value, in a table whose other columns go on: NaN from the first row.

    Not so when another loss of the same split has values: then this column was declared and never used.
    """
    assert column.choice is not None
    nothing = np.empty(0, dtype=np.int64)
    if column.choice.role not in (Role.TRAIN_LOSS, Role.VAL_LOSS):
        return nothing
    same = [o for o in others if o.choice is not None and o.choice.role in CAN_BE_NAN and o.present.any()]
    if any(o.held_back == column.held_back for o in same):
        return nothing
    alive = [o.present for o in others if o.held_back == column.held_back and o.present.any()]
    if alive:
        return np.flatnonzero(blank & np.logical_or.reduce(alive))
    return nothing if any(o.present.any() for o in others) else np.flatnonzero(blank)


def _with_nan(series: RawSeries | None, tag: str, rows: IntArray, table: Table) -> RawSeries:
    step, wall = table.step[rows], table.wall_time[rows]
    value = np.full(rows.size, np.nan)
    if series is None or not series.row.size:
        return RawSeries(tag, step, value, wall, rows.astype(np.int64), series.axis if series is not None else "step")
    order = np.argsort(np.concatenate([series.row, rows]), kind="stable")
    return RawSeries(
        tag,
        np.concatenate([series.step, step])[order],
        np.concatenate([series.value, value])[order],
        np.concatenate([series.wall_time, wall])[order],
        np.concatenate([series.row, rows])[order].astype(np.int64),
        series.axis,
    )


def _repair(tag: str, rows: IntArray, table: Table) -> Repair:
    n = int(rows.size)
    first, last = int(table.step[rows].min()), int(table.step[rows].max())
    cells = "1 empty cell" if n == 1 else f"{n} empty cells"
    return Repair(
        "blank-is-nan",
        f"{cells} of {tag} (from {first}) read as NaN: the rest of the row goes on, and pandas writes NaN as nothing",
        tag,
        n,
        first,
        last,
    )
