"""Blank cells that were NaN.

``DataFrame.to_csv`` writes NaN as an empty cell, so the table of a run that went NaN shows blanks where its loss should
be; a logger that writes training and validation on separate rows leaves blanks where nothing was logged. The rest of
the row tells which: where columns that always came with the loss go on without it, it was NaN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Log, RawSeries, Repair, Role, RoleChoice, Table
from losslens.patterns import compiled
from losslens.runs.formats import NEPTUNE, TEXT

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
#: Roles whose values never turn NaN: a row without one that always came with the loss is no row of the loss.
NEVER_NAN = frozenset(
    {
        Role.LEARNING_RATE,
        Role.BATCH_SIZE,
        Role.LOSS_SCALE,
        Role.SKIPPED_STEPS,
        Role.EPOCH,
        Role.SAMPLES,
        Role.THROUGHPUT,
        Role.STEP_TIME,
    }
)
_LOSSES = frozenset({Role.TRAIN_LOSS, Role.VAL_LOSS, Role.LOSS_COMPONENT, Role.VAL_COMPONENT})
_WHOLE = {Role.LOSS_COMPONENT: Role.TRAIN_LOSS, Role.VAL_COMPONENT: Role.VAL_LOSS}
#: A column is dense among some rows when this share of its values is followed by one in the very next of these rows.
#: A logger that writes it every so often has nearly none that are, one that writes it always nearly all.
DENSE = 0.5
#: A column fills the rows of another kind when at most this share of its cells stand beside the column in question.
APART = 0.05
#: Share of a column's cells beside which another must stand to come with it.
TOGETHER = 0.95
#: Share of the columns that come with a loss that must be there for a row to be one of its rows.
MOST = 0.5
#: Empty rows that come so often between rows with a value, in a table of several kinds of rows, are another kind.
CALLS = 12
#: Where so many columns of a group of names come with a loss, a row without any of them was not logged by its trainer.
GROUP = 2
#: A sparse column logged at a steady distance is missed once it has failed to come this often.
MISSED = 2
#: An accuracy of fewer points does not say that something was learned.
LEARNS = 6
#: Records of a text log beyond which no table is made of it.
MOST_ROWS = 5_000_000


@dataclass(frozen=True, slots=True)
class _Column:
    tag: str
    present: BoolArray
    choice: RoleChoice | None

    @property
    def held_back(self) -> bool:
        return self.choice is not None and self.choice.split in ("val", "test")


def with_table(log: Log) -> Log:
    """A text log with the table that its records make: a trainer that leaves a field out leaves a cell blank.

    Megatron-LM drops the loss from its line when the average is NaN; the line itself goes on. Each record is a row; a
    row in which a tag is missing is a blank cell of it.
    """
    rows = (
        np.unique(np.concatenate([s.row for s in log.series.values()])) if log.series else np.empty(0, dtype=np.int64)
    )
    if log.table is not None or not rows.size or int(rows[-1]) > MOST_ROWS:
        return log
    n = int(rows[-1]) + 1
    step, wall = np.zeros(n, dtype=np.int64), np.full(n, np.nan)
    exists = np.zeros(n, dtype=bool)
    exists[rows] = True
    blank = {}
    for tag, series in log.series.items():
        step[series.row], wall[series.row] = series.step, series.wall_time
        missing = exists.copy()
        missing[series.row] = False
        if missing.any():
            blank[tag] = np.flatnonzero(missing)
    return replace(log, table=Table(step, wall, blank))


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
        if not column.present.any() and _learns(log, others):
            text = "no value in any record, while an accuracy rose: it was not logged"
            repairs.append(Repair("never-logged", text, column.tag))
            continue
        rows = _missing_rows(column, others, table, missing_train)
        if column.choice.role in _WHOLE:
            rows = rows[~_with_whole(log, column, others)[rows]]
        if log.format == TEXT:
            rows = _left_out(rows[~np.isin(rows, log.cut)], column, others, table)
        if _ended(column, others, rows):
            continue
        if column.choice.role is Role.TRAIN_LOSS:
            missing_train[rows] = True
        if rows.size:
            series[column.tag] = _with_nan(series.get(column.tag), column.tag, rows, table)
            repairs.append(_repair(column.tag, rows, table, log.format))
    return (replace(log, series=series), tuple(repairs)) if repairs else (log, ())


def blank_columns(log: Log) -> dict[str, RawSeries]:
    """Columns that never have a value, as empty series: a loss that was NaN from the first row has no point at all."""
    if log.table is None:
        return {}
    empty = np.empty(0)
    whole = np.empty(0, dtype=np.int64)
    axis = next((s.axis for s in log.series.values()), "epoch" if log.trainer == "keras" else "step")
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
    present = column.present
    blank = np.zeros(table.step.size, dtype=bool)
    blank[table.blank[column.tag]] = True
    if not present.any():
        return _never_there(column, others, blank)
    rows = np.arange(table.step.size)
    first, last = int(np.argmax(present)), int(rows[present][-1])
    apart, unknown, together = _kinds_of_row(column, others, last)
    own = (~apart & ~_unlogged(together, last)) | present
    together = [d for d in together if not _counts(d)]
    robust = [d for d in together if d.choice is None or d.choice.role not in CAN_BE_NAN]
    if column.held_back:  # a row of the validation has its accuracy: where both are blank, it was not evaluated
        robust = [d for d in robust if d.held_back] or robust
    dense = [d for d in robust or together if _is_dense(present, (d.present | present) & own)]
    empty = ~np.logical_or.reduce([present, *(d.present for d in others if not _counts(d))])
    if dense:
        there = np.sum([d.present for d in dense], axis=0)
        missing = own & (there >= (MOST * len(dense) if robust else 1))
    else:
        missing = _due(present, own & ~unknown & ~empty)
    if _owns_empty_rows(column, others):
        among = own & ~unknown
        if apart.any():
            empty &= ~_of_other_calls(present, empty & among)
        missing |= empty & among if _is_dense(present, among) else _due(present, among) & empty
    missing &= blank & (rows > first)
    if len(group := [d.present for d in together if _is_of_group(d, column)]) >= GROUP:
        missing &= np.logical_or.reduce(group)
    if column.held_back and (int(present.sum()) == 1 or _ended_unevaluated(missing, others)):
        missing &= missing_train
    return np.flatnonzero(missing)


def _ended_unevaluated(missing: BoolArray, others: Sequence[_Column]) -> bool:
    """Whether validation is missing in the last row alone, with all other measures of held-back data: the job ended
    before that evaluation."""
    rows = np.flatnonzero(missing)
    filled = np.flatnonzero(np.logical_or.reduce([d.present for d in others])) if others else rows
    if rows.size != 1 or not filled.size or int(rows[0]) < int(filled[-1]):
        return False
    return not any(d.held_back and bool(d.present[rows[0]]) for d in others)


def _is_of_group(other: _Column, column: _Column) -> bool:
    """Whether a column that no NaN empties stands in the same folder of names: "train/n_updates" of "train/loss"."""
    folder = column.tag.rpartition("/")[0]
    return (
        bool(folder)
        and other.tag.rpartition("/")[0] == folder
        and (other.choice is None or other.choice.role not in CAN_BE_NAN)
    )


def _with_whole(log: Log, column: _Column, others: Sequence[_Column]) -> BoolArray:
    """Rows in which the loss that a part belongs to is finite: a part that is NaN makes the whole NaN.

    A part of the batch that no sample fell into, such as a quartile of the diffusion's time, has no mean and is blank.
    """
    assert column.choice is not None
    finite = np.zeros(column.present.size, dtype=bool)
    for other in others:
        if other.choice is not None and other.choice.role is _WHOLE[column.choice.role] and other.tag in log.series:
            series = log.series[other.tag]
            finite[series.row[np.isfinite(series.value)]] = True
    return finite


def _ended(column: _Column, others: Sequence[_Column], rows: IntArray) -> bool:
    """Whether the loss of one of several things that were trained, or one of several terms without a whole, stops for
    good while another goes on: models side by side in one table, of which one was trained for less long.

    A NaN of a part is a NaN of all that is trained with it from the next step on, which a last row alone does not show.
    """
    mine = column.choice
    if mine is None or rows.size < 2 or column.present[int(rows[0]) :].any():
        return False
    losses = [
        o for o in others if o.choice is not None and o.choice.role in _LOSSES and o.held_back == column.held_back
    ]
    if mine.group:
        beside = [o for o in losses if o.choice is not None and o.choice.group not in ("", mine.group)]
    else:
        beside = [o for o in losses if _numbered_alike(o.tag, column.tag)]
    if any(o.choice is not None and not o.choice.group and o not in beside for o in losses):
        return False
    return any(o.present[rows].mean() > MOST for o in beside)


def _numbered_alike(tag: str, other: str) -> bool:
    """ "loss-1" and "loss-3", "loss 64 channels" and "loss 256 channels": alike but for a number."""
    return tag != other and _NUMBER.search(tag) is not None and _NUMBER.sub("0", tag) == _NUMBER.sub("0", other)


_NUMBER = compiled(r"\d+(?:\.\d+)?")


def _left_out(rows: IntArray, column: _Column, others: Sequence[_Column], table: Table) -> IntArray:
    """Of the printed lines without this field those from which a NaN was left out, not lines that never had it.

    A line at whose step the field stands once was printed twice, and one of the two copies left out.
    A line that leaves one field out has the others still: one lone field ("lr: 0.1" among the settings of a new
    start) is no such line. And a stretch that begins anew is another program's as long as it does not have the field:
    an evaluation at the end, the first phase of the next training. So is a line with a measure of held-back data that
    never stood on a line with this field: the test at the end, counted on as one epoch more; and where nothing is
    missing but at the steps of such lines, they are what is left of them when what is printed twice is gone.
    """
    same = [d.present for d in others if _words(d.tag) == _words(column.tag)]  # printed in another form from there on
    if same:
        rows = rows[~np.logical_or.reduce(same)[rows]]
    full = np.sum([d.present for d in others], axis=0) if others else np.zeros(table.step.size, dtype=np.int64)
    usual = float(np.median(full[column.present])) if column.present.any() else 0.0
    printed = np.flatnonzero(column.present | (full > 0))
    stretch = np.zeros(table.step.size, dtype=np.int64)
    stretch[printed[1:]] = np.cumsum(np.diff(table.step[printed]) < 0)
    place = stretch * (int(table.step.max()) + 1) + table.step
    rows = rows[~np.isin(place[rows], place[column.present])]  # the step's number stands on another line
    begun, there = np.unique(stretch[column.present], return_index=True)
    since = np.full(int(stretch.max(initial=0)) + 1, table.step.size)
    since[begun] = np.flatnonzero(column.present)[there]
    evaluated, near = np.zeros(table.step.size, dtype=bool), np.zeros(table.step.size, dtype=bool)
    for other in others if not column.held_back else ():
        if other.held_back and not (other.present & column.present).any():
            evaluated |= other.present
            near |= np.isin(table.step, table.step[other.present])
    left = rows[(rows > since[stretch[rows]]) & (full[rows] >= max(2.0, MOST * usual)) & ~evaluated[rows]]
    return left[:0] if near[left].all() else left


def _words(tag: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", tag.lower())


def _kinds_of_row(column: _Column, others: Sequence[_Column], last: int) -> tuple[BoolArray, BoolArray, list[_Column]]:
    """Rows filled by what comes apart from ``column``, rows filled by what came later only, and what comes with it.

    Judged on the rows up to ``last``, the last that has a value: after it a run in NaN looks different.
    """
    apart = np.zeros(column.present.size, dtype=bool)
    unknown = np.zeros(column.present.size, dtype=bool)
    together = []
    points = int(column.present.sum())
    for other in others:
        seen = int(other.present[: last + 1].sum())
        both = int((other.present & column.present).sum())
        if not seen:
            unknown |= other.present
        elif both <= APART * seen:
            apart |= other.present
        elif both >= TOGETHER * points:
            together.append(other)
    return apart, unknown, together


def _unlogged(together: Sequence[_Column], last: int) -> BoolArray | np.bool_:
    """Rows without a learning rate or a throughput that always came with the loss: a closing row, a sum of the job.

    Nothing makes these NaN, so where one is blank the trainer logged nothing of this kind.
    """
    sure = [d for d in together if d.choice is not None and d.choice.role in NEVER_NAN and d.present[last]]
    return np.logical_or.reduce([~d.present for d in sure]) if sure else np.False_


def _counts(column: _Column) -> bool:
    """Epochs, samples and clocks go on in any row: they do not make it a row of something."""
    return column.choice is not None and column.choice.role in (Role.EPOCH, Role.SAMPLES)


def _owns_empty_rows(column: _Column, others: Sequence[_Column]) -> bool:
    """Whether a row without any value is this column's: not that of one logged far more rarely than its neighbours."""
    rivals = [int(o.present.sum()) for o in others if o.choice is not None and o.choice.role in CAN_BE_NAN]
    return int(column.present.sum()) >= MOST * max(rivals, default=0)


def _of_other_calls(present: BoolArray, empty: BoolArray) -> BoolArray:
    """Empty rows of a table with a row a call that are calls of something else: an image, a histogram.

    They come between rows with a value again and again; a stretch longer than those before is the column's.
    """
    rows = np.flatnonzero(empty)
    stretch = np.searchsorted(np.flatnonzero(present), rows)
    between, length = np.unique(stretch[stretch < int(present.sum())], return_counts=True)
    out = np.zeros(empty.size, dtype=bool)
    if between.size < CALLS:
        return out
    _, of, sizes = np.unique(stretch, return_inverse=True, return_counts=True)
    out[rows[sizes[of] <= int(length.max())]] = True
    return out


def _is_dense(present: BoolArray, among: BoolArray) -> bool:
    """Whether the column was there in nearly every row of its kind, as long as it came at all."""
    gaps = np.diff(np.flatnonzero(present[among]))
    return not gaps.size or float(np.mean(gaps == 1)) >= DENSE


def _due(present: BoolArray, among: BoolArray) -> BoolArray:
    """Rows after its last value in which a column that came at a steady distance should have come again."""
    missing = np.zeros(present.size, dtype=bool)
    kind = np.flatnonzero(among | present)
    there = np.flatnonzero(present[kind])
    gaps = np.diff(there)
    if gaps.size < 3:
        return missing
    gap = int(np.median(gaps))
    if gap < 2 or float(np.mean(gaps == gap)) < TOGETHER:
        return missing
    due = np.arange(there[-1] + gap, kind.size, gap)
    if due.size >= MISSED:
        missing[kind[due]] = True
    return missing


def _never_there(column: _Column, others: Sequence[_Column], blank: BoolArray) -> IntArray:
    """A loss column without a single value, in a table whose other columns go on: NaN from the first row.

    Not so when another loss of the same split has values: then this column was declared and never used. Nor is it a
    training loss beside a validation loss with values: a model in NaN has none on any data, so only the latter was
    logged.
    """
    assert column.choice is not None
    nothing = np.empty(0, dtype=np.int64)
    if column.choice.role not in (Role.TRAIN_LOSS, Role.VAL_LOSS):
        return nothing
    same = [o for o in others if o.choice is not None and o.choice.role in CAN_BE_NAN and o.present.any()]
    if any(o.held_back == column.held_back for o in same) or (same and not column.held_back):
        return nothing
    alive = [o.present for o in others if o.held_back == column.held_back and o.present.any()]
    if alive:
        return np.flatnonzero(blank & np.logical_or.reduce(alive))
    return nothing if any(o.present.any() for o in others) else np.flatnonzero(blank)


def _learns(log: Log, columns: Sequence[_Column]) -> bool:
    """Whether an accuracy ends above all of its first third: a net in NaN gives one answer to everything."""
    accuracies = [c for c in columns if c.choice is not None and c.choice.role in (Role.ACCURACY, Role.VAL_ACCURACY)]
    values = [s.value[np.isfinite(s.value)] for c in accuracies if (s := log.series.get(c.tag)) is not None]
    return any(
        value.size >= LEARNS and float(np.median(value[-(value.size // 3) :])) > float(value[: value.size // 3].max())
        for value in values
    )


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


def _repair(tag: str, rows: IntArray, table: Table, format: str) -> Repair:
    n = int(rows.size)
    first, last = int(table.step[rows].min()), int(table.step[rows].max())
    if format == TEXT:
        lines = "1 line" if n == 1 else f"{n} lines"
        text = f"{lines} without {tag} (from {first}) read as NaN: the line goes on, and trainers leave a NaN out"
        return Repair("omitted-is-nan", text, tag, n, first, last)
    if format == NEPTUNE:
        text = (
            f"{n} {'point' if n == 1 else 'points'} of {tag} (from {first}) that are missing beside the others read as "
        )
        text += "NaN: Neptune leaves out what is not finite, and its output says that it did"
        return Repair("omitted-is-nan", text, tag, n, first, last)
    cells = "1 empty cell" if n == 1 else f"{n} empty cells"
    text = f"{cells} of {tag} (from {first}) read as NaN: the row goes on without it, and pandas writes NaN as nothing"
    return Repair("blank-is-nan", text, tag, n, first, last)
