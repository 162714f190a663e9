"""Runs that stand side by side in one table, each with columns of its own.

A tracker's chart of several runs is downloaded with a column a run under one x, a sweep is saved with a column a
setting, and people paste one table beside the other. Such runs share rows, not a length: below its last value the
column of a run is empty because the run had ended, not because its loss was NaN.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from losslens.model import Log, RawSeries, Table
from losslens.parsers.axes import SPLIT_WORDS, STEP_RANK, TIMES, is_known_name, normalise
from losslens.parsers.columns import Column, Columns
from losslens.parsers.printed.swept import SWEPT
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.model import BoolArray, IntArray

#: What W&B puts between a run and its metric, and behind them for the least and the greatest of a smoothed point.
_BETWEEN, _TWINS = " - ", ("__MIN", "__MAX")
#: Names of parts of one training that may stand where a chart has its runs.
_PARTS = frozenset(
    ["total", "all", "sum", "mean", "average", "generator", "discriminator", "actor", "critic", "policy", "value"]
)
_COUNTED = compiled(r"[._ -]?\d+$")
_NUMBER = r"\d+(?:\.\d+)?(?:e[-+]?\d+)?"
#: What tells the columns of a sweep apart: an optimiser, a number of a training, a setting with its value. Widths and
#: depths of "dim1_loss" may be those of parts of one model: what else is swept has a fraction or a sign of equality.
_TRIED = compiled(
    r"(?<![A-Za-z0-9])(?:"
    r"adam(?:w|ax)?|sgd|rmsprop|ada(?:grad|delta|factor)|nadam|lion|lamb|muon|nesterov"
    rf"|(?:lr|learning[ _-]?rate|batch[ _-]?size|bsz?|dropout|weight[ _-]?decay|wd|momentum|seed|run|trial|fold"
    rf"|exp(?:eriment)?)[ _=:-]*{_NUMBER}"
    rf"|(?:{SWEPT})(?:[ _]*[=:][ _]*{_NUMBER}|[ _-]*\d+\.\d+)"
    r")(?![A-Za-z0-9]|\.\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Side:
    """The columns of one run of several."""

    name: str
    columns: Columns
    trainer: str | None = None


def runs_beside(columns: Columns) -> list[Side]:
    """The runs whose columns stand side by side; none where the table is that of one run."""
    sides = _charted(columns) or _swept(columns) or _tables_of_runs(columns)
    return [side for side in sides if side.columns.n_rows]


def tables_beside(columns: Columns) -> list[Columns]:
    """The tables of one run that stand side by side, such as those of training and of validation, each with steps of
    its own; none where there is one table."""
    tables = _tables(columns)
    counts = [table[0] for table in tables]
    if not tables or all(_same(counts[0], count) for count in counts):
        return []
    return [_of_its_rows(columns, table) for table in tables]


def one_log(logs: Sequence[Log]) -> Log:
    """One Log of tables that stand side by side; their rows are no rows of each other."""
    import numpy as np

    series: dict[str, RawSeries] = {}
    blank: dict[str, IntArray] = {}
    behind = 0
    tables = [log.table for log in logs if log.table is not None]
    for log in logs:
        series |= {tag: replace(one, row=one.row + behind) for tag, one in log.series.items()}
        if log.table is not None:
            blank |= {tag: rows + behind for tag, rows in log.table.blank.items()}
            behind += log.table.step.size
    step, wall = (np.concatenate(part) for part in zip(*((t.step, t.wall_time) for t in tables), strict=True))
    warnings = tuple(dict.fromkeys(warning for log in logs for warning in log.warnings))
    return replace(logs[0], series=series, table=Table(step, wall, blank), warnings=warnings)


# ---------------------------------------------------------------- a chart of several runs


def _charted(columns: Columns) -> list[Side]:
    """The runs of a chart that W&B exports: columns "run - metric", one x for all.

    With "__MIN" and "__MAX" twins it is known by these; where somebody took them away, by a metric of several runs.
    What is NaN is written as a word there: an empty cell is a step that this run did not log.
    """
    names = list(columns.by_name)
    mine = [name for name in names if all(f"{name}{twin}" in columns.by_name for twin in _TWINS)]
    if not mine:
        mine = _of_runs(columns)
    if not mine or any(_BETWEEN not in name for name in mine):
        return []
    axis = columns.by_name[names[0]]
    runs: dict[str, dict[str, Column]] = defaultdict(dict)
    for name in mine:
        run, _, metric = name.rpartition(_BETWEEN)
        if metric not in (axis.name, "_step"):
            runs[run.removeprefix("Group: ")][metric] = columns.by_name[name]
    sides = []
    for run, metrics in runs.items():
        rows = _filled(metrics.values(), columns.n_rows)
        part = columns.part({axis.name: axis, **metrics}, rows)
        for name in metrics:
            del part.by_name[name].blanks[:]
        sides.append(Side(run, part, "wandb"))
    return sides


def _of_runs(columns: Columns) -> list[str]:
    """The columns "run - metric" of a table that holds nothing else beside its x and times, a metric of each run."""
    first, *others = columns
    others = [c for c in others if normalise(c.name) not in STEP_RANK.keys() | TIMES and not c.is_blank]
    told = [c.name.rpartition(_BETWEEN) for c in others]
    named = all(run and c.is_numeric for (run, *_), c in zip(told, others, strict=True))
    if not named or _BETWEEN in first.name or not first.is_numeric:
        return []
    runs = {run for run, _, _ in told}
    if any(normalise(run) in SPLIT_WORDS | _PARTS for run in runs):
        return []
    return [c.name for c in others] if _are_runs([(run, metric) for run, _, metric in told]) else []


def _are_runs(told: Sequence[tuple[str, str]]) -> bool:
    """Whether pairs of a name and a metric are those of several runs: one metric of a training is told of two."""
    by_metric: dict[str, set[str]] = defaultdict(set)
    for name, metric in told:
        by_metric[metric].add(name)
    return any(len(names) > 1 and is_known_name(metric) for metric, names in by_metric.items())


# ---------------------------------------------------------------- a column a setting


def _swept(columns: Columns) -> list[Side]:
    """The runs of a table with a column a setting: "epoch, lr0.1_loss, lr0.01_loss"."""
    counts = [c for c in columns if normalise(c.name) in STEP_RANK.keys() | TIMES]
    others = [c for c in columns if c not in counts and not c.is_blank]
    told = [_told(column.name) for column in others]
    if not all(name for name, _ in told) or not all(c.is_numeric for c in others) or not _are_runs(told):
        return []
    runs: dict[str, dict[str, Column]] = defaultdict(dict)
    for (name, metric), column in zip(told, others, strict=True):
        runs[name].setdefault(metric, column)
    shared = {column.name: column for column in counts}
    return [
        Side(run, columns.part(shared | metrics, _up_to_its_end(metrics.values(), columns.n_rows)))
        for run, metrics in runs.items()
    ]


def _told(name: str) -> tuple[str, str]:
    """What a column's name says that was tried, and what it says without that."""
    tried = " ".join(match[0] for match in _TRIED.finditer(name))
    rest = re.sub(r"[\s_\-/.,:()\[\]=]{2,}", "_", _TRIED.sub("", name)).strip(" _-/.,:()[]=")
    return tried, rest


# ---------------------------------------------------------------- a table beside the other


def _tables_of_runs(columns: Columns) -> list[Side]:
    """The runs of tables of the same columns that stand side by side in one sheet, by the titles above them."""
    tables = _tables(columns)
    measured = [(str(n), _base(c.name)) for n, table in enumerate(tables) for c in table[1:]]
    if not _are_runs(measured):
        return []
    titles = [next((columns.titles[c.name] for c in table if c.name in columns.titles), "") for table in tables]
    named = all(titles) and len(set(titles)) == len(titles)
    return [
        Side(titles[n] if named else f"table {n + 1}", _of_its_rows(columns, table)) for n, table in enumerate(tables)
    ]


def _tables(columns: Columns) -> list[list[Column]]:
    """The columns of each of several tables, its count of steps first; none where there is one table.

    A table begins with the name of the first column again, numbered or not, or with a count of steps behind an empty
    column.
    """
    tables: list[list[Column]] = []
    behind_gap = False
    for column in columns:
        if column.is_blank and re.fullmatch(r"column_\d+|Unnamed.*|", column.name):
            behind_gap = True
            continue
        again = bool(tables) and _base(column.name) == _base(tables[0][0].name)
        if not tables or again or (behind_gap and _counts(column)):
            tables.append([])
        tables[-1].append(column)
        behind_gap = False
    whole = all(_counts(first) and any(c.is_numeric for c in rest) for first, *rest in tables)
    return tables if len(tables) > 1 and whole else []


def _base(name: str) -> str:
    """A name without the number that tells it from the same one further left, or from that of another table."""
    return _COUNTED.sub("", name) or name


def _counts(column: Column) -> bool:
    return normalise(_base(column.name)) in STEP_RANK and column.is_numeric


def _same(one: Column, other: Column) -> bool:
    return one.values == other.values and one.row_list() == other.row_list()


def _of_its_rows(columns: Columns, table: Sequence[Column]) -> Columns:
    """The rows of a table in which its own steps go on."""
    bases = [_base(column.name) for column in table]
    names = [base if bases.count(base) == 1 else c.name for base, c in zip(bases, table, strict=True)]
    return columns.part(dict(zip(names, table, strict=True)), _filled(table[:1], columns.n_rows))


def _filled(columns: Iterable[Column], n_rows: int) -> BoolArray:
    """The rows in which one of the columns has something."""
    import numpy as np

    filled = np.zeros(n_rows, dtype=bool)
    for column in columns:
        filled[column.numbers()[0]] = True
        filled[np.array(column.text_rows, dtype=np.int64)] = True
    return filled


def _up_to_its_end(columns: Iterable[Column], n_rows: int) -> BoolArray:
    """The rows up to the last in which one of the columns has something."""
    import numpy as np

    filled = np.flatnonzero(_filled(columns, n_rows))
    rows = np.zeros(n_rows, dtype=bool)
    rows[: int(filled[-1]) + 1 if filled.size else 0] = True
    return rows
