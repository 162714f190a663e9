"""From columns to Logs: which column is the x, which the time, which are series, and how many runs the file holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from losslens.model import Damage, Log, LogEvent, RawSeries, Setting, Table, Warning
from losslens.parsers.axes import RUN_COLUMNS, SPLIT_COLUMNS, SPLIT_WORDS, TAG_COLUMNS, VALUE_COLUMNS, normalise
from losslens.parsers.columns import Column, Columns
from losslens.parsers.keyed import trainings_below_each_other
from losslens.parsers.steps import choose_axis, choose_time, read_counted_words
from losslens.parsers.writers import who_wrote
from losslens.patterns import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from losslens.model import BoolArray, IntArray

_T = TypeVar("_T", bound="np.generic")
_TRAIN_WORDS = frozenset(["train", "training", "tr"])

#: Columns that say of each row whether it is of one kind of data, and what it is of then, and else.
_FLAGS = dict.fromkeys(("train", "training", "is_train", "is_training", "train_mode"), ("train", "val"))
_FLAGS |= dict.fromkeys(("val", "valid", "validation", "eval", "is_val", "is_valid", "is_eval"), ("val", "train"))


#: How Aim writes the context of a metric: subset="val".
_CONTEXT = compiled(r"""\W*subset["']?\s*[=:]\s*["']?(\w+)\W*""")


def _name_splits(columns: Columns) -> None:
    """Call the rows of a flag by the data that they are of: "train" with True and False."""
    for column in columns:
        if normalise(column.name) == "context":
            column.words = {_CONTEXT.sub(r"\1", word): code for word, code in column.words.items()}
        names = _FLAGS.get(normalise(column.name))
        if names is None or len(column.values):
            continue
        if {word.lower() for word in column.words} == {"true", "false"}:
            column.words = {names[word.lower() != "true"]: code for word, code in column.words.items()}


class Assembly:
    """Turns the columns of one file into Logs; its series share their step, time and row arrays (read-only)."""

    def __init__(
        self,
        path: Path,
        format: str,
        columns: Columns,
        *,
        wanted_axis: str | None = None,
        counts: str = "row",
        trainer: str | None = None,
    ) -> None:
        self.path = path
        self.format = format
        self.columns = columns
        read_counted_words(columns)
        _name_splits(columns)
        self.axis = choose_axis(columns, wanted=wanted_axis, otherwise=counts)
        self.wall, time_columns, naive = choose_time(columns, self.axis.columns)
        self.used = {*self.axis.columns, *time_columns}
        self.trainer = trainer or who_wrote(list(columns.by_name))
        self.warnings: list[Warning] = list(self.axis.warnings)
        if naive:
            self.warnings.append(Warning("no-time-zone", f"'{time_columns[0]}' names no time zone: taken as UTC"))
        if self.axis.counts == "row" and columns.n_rows and not self.axis.columns:
            self.warnings.append(Warning("no-step", "no column counts steps or epochs: rows are counted instead"))

    def logs(
        self,
        *,
        settings: Sequence[Setting] = (),
        events: Sequence[LogEvent] = (),
        damage: Sequence[Damage] = (),
        warnings: Sequence[Warning] = (),
        group_hint: str | None = None,
    ) -> tuple[Log, ...]:
        """One Log, or several when a column names several runs."""
        import numpy as np

        split = self._word_column(SPLIT_COLUMNS | _FLAGS.keys(), SPLIT_WORDS)
        tag = self._tag_column()
        all_rows = np.ones(self.columns.n_rows, dtype=bool)
        runs: list[tuple[str | None, BoolArray, tuple[Setting, ...]]] = [(group_hint, all_rows, ())]
        run = self._run_column()
        below = trainings_below_each_other(self.columns, self.axis, self.used) if run is None and tag is None else ()
        if run is not None:
            runs = [(word, rows, ()) for word, rows in self._rows_by_word(run).items()]
        elif below:
            self.used.update(name for name, _ in below[0].said)
            runs = [(one.name, one.rows, one.settings(str(self.path))) for one in below]
        constants = self._constants()
        if split is not None or tag is not None:
            self.warnings.extend(self._unread())
        logs: list[Log] = []
        for hint, rows, of_this in runs:
            if tag is not None:
                series = self._long_series(tag, split, rows)
                table = None
            else:
                series = self._wide_series(split, rows)
                table = self._table(split, rows)
            if split is None and tag is None and not logs:
                self.warnings.extend(self._unread())
            restarts = np.asarray(self.columns.restarts, dtype=np.int64)
            if len(runs) > 1 and restarts.size:
                restarts = np.unique(np.searchsorted(np.flatnonzero(rows), restarts))
            logs.append(
                Log(
                    path=str(self.path),
                    format=self.format,
                    series=series,
                    settings=(*settings, *constants, *of_this),
                    events=tuple(events),
                    damage=tuple(damage),
                    warnings=(*self.warnings, *warnings),
                    table=table,
                    restarts=tuple(int(row) for row in restarts),
                    trainer=self.trainer,
                    group_hint=hint,
                    first_time=self._first_time(rows),
                )
            )
        return tuple(logs)

    def _first_time(self, rows: BoolArray) -> float | None:
        import numpy as np

        wall = self.wall[rows]
        finite = wall[np.isfinite(wall)]
        return float(finite.min()) if finite.size else None

    def _numeric(self) -> list[Column]:
        return [column for column in self.columns if column.name not in self.used and column.is_numeric]

    def _wide_series(self, split: Column | None, rows: BoolArray) -> dict[str, RawSeries]:
        import numpy as np

        renumber = np.cumsum(rows) - 1
        whole = bool(rows.all())
        shared = (_frozen(self.axis.step[rows]), _frozen(self.wall[rows]), _frozen(renumber[rows]))
        parts = [("", rows)] if split is None else self._split_rows(split, rows)
        series: dict[str, RawSeries] = {}
        for prefix, part in parts:
            plain = part is rows
            for column in self._numeric():
                at, values = column.numbers()
                if not (whole and plain):
                    keep = part[at]
                    at, values = at[keep], values[keep]
                if not at.size:
                    continue
                if plain and at.size == shared[0].size:
                    step, wall, row = shared
                else:
                    step, wall, row = self.axis.step[at], self.wall[at], renumber[at]
                series[prefix + column.name] = RawSeries(
                    prefix + column.name, step, values, wall, row, axis=self.axis.counts
                )
        return series

    def _split_rows(self, split: Column, rows: BoolArray) -> list[tuple[str, BoolArray]]:
        """The rows of each split with the prefix of its tags; the training rows keep the names as written."""
        import numpy as np

        named = np.zeros(len(rows), dtype=bool)
        parts: list[tuple[str, BoolArray]] = []
        for word, where in self._rows_by_word(split).items():
            named |= where
            if word.lower() not in _TRAIN_WORDS:
                parts.append((f"{word}/", rows & where))
            else:
                parts.insert(0, ("", rows & where))
        rest = rows & ~named
        if rest.any():
            parts = [("", part | rest) if not prefix else (prefix, part) for prefix, part in parts]
            if not any(not prefix for prefix, _ in parts):
                parts.insert(0, ("", rest))
        return parts

    def _long_series(self, tag: tuple[Column, Column], split: Column | None, rows: BoolArray) -> dict[str, RawSeries]:
        """One row a point: the tag in one column, its value in another."""
        import numpy as np

        tags, numbers = tag
        renumber = np.cumsum(rows) - 1
        numbers.blanks_are_nan()  # there is no row without a point: pandas leaves a NaN out
        values = numbers.dense(self.columns.n_rows)
        has_value = np.zeros(self.columns.n_rows, dtype=bool)
        has_value[numbers.numbers()[0]] = True
        parts = [("", rows)] if split is None else self._split_rows(split, rows)
        series: dict[str, RawSeries] = {}
        by_tag = self._rows_by_word(tags)
        for prefix, part in parts:
            for word, where in by_tag.items():
                at = np.flatnonzero(part & where & has_value)
                if at.size:
                    name = prefix + word
                    series[name] = RawSeries(
                        name, self.axis.step[at], values[at], self.wall[at], renumber[at], axis=self.axis.counts
                    )
        return series

    def _table(self, split: Column | None, rows: BoolArray) -> Table:
        import numpy as np

        renumber = np.cumsum(rows) - 1
        whole = bool(rows.all())
        parts = [("", rows)] if split is None else self._split_rows(split, rows)
        blank: dict[str, IntArray] = {}
        for column in self.columns:
            if column.name in self.used or not (column.is_numeric or column.is_blank) or not len(column.blanks):
                continue
            at = column.blank_rows()
            for prefix, part in parts:
                mine = at if whole and part is rows else renumber[at[part[at]]]
                if mine.size:
                    blank[prefix + column.name] = mine
        return Table(step=_frozen(self.axis.step[rows]), wall_time=_frozen(self.wall[rows]), blank=blank)

    def _rows_by_word(self, column: Column) -> dict[str, BoolArray]:
        import numpy as np

        codes = np.full(self.columns.n_rows, -1, dtype=np.int64)
        codes[np.array(column.text_rows, dtype=np.int64)] = np.array(column.codes, dtype=np.int64)
        return {word: codes == code for word, code in column.words.items()}

    def _word_column(self, names: frozenset[str], words: frozenset[str]) -> Column | None:
        for column in self.columns:
            if normalise(column.name) in names and column.n_texts and not len(column.values) and not column.unread:
                found = {word.lower() for word in column.words}
                if found <= words and not found <= _TRAIN_WORDS:
                    self.used.add(column.name)
                    return column
        return None

    def _run_column(self) -> Column | None:
        """A column that names the run of each row: text, a few words, each on several rows."""
        for column in self.columns:
            words = len(column.words)
            if normalise(column.name) not in RUN_COLUMNS or len(column.values) or column.unread or words < 2:
                continue
            if len(column.codes) >= 3 * words and len(column.codes) == self.columns.n_rows:
                self.used.add(column.name)
                return column
        return None

    def _tag_column(self) -> tuple[Column, Column] | None:
        """The tag and the value column of a long table."""
        tags = [
            c
            for c in self.columns
            if normalise(c.name) in TAG_COLUMNS and c.n_texts and not len(c.values) and not c.unread
        ]
        values = [c for c in self.columns if normalise(c.name) in VALUE_COLUMNS and c.is_numeric]
        if not tags or not values:
            return None
        others = [c for c in self._numeric() if c is not values[0]]
        if any(not c.is_blank and normalise(c.name).endswith("loss") for c in others):
            return None
        self.used.update((tags[0].name, values[0].name))
        return tags[0], values[0]

    def _constants(self) -> list[Setting]:
        """Text that is the same in every row describes the run."""
        settings = []
        for column in self.columns:
            word = column.constant_text
            if word is not None and column.name and column.name not in self.used and len(word) <= 200:
                settings.append(Setting(column.name, word, f"{self.path}:{column.name}"))
        return settings

    def _unread(self) -> list[Warning]:
        """Cells of text inside columns of numbers."""
        warnings = []
        for column in self._numeric():
            if column.n_texts:
                word = next(iter(column.words), "")
                plural = "cells were" if column.n_texts > 1 else "cell was"
                text = f"'{column.name}': {column.n_texts} {plural} no number (such as '{word[:40]}') and left out"
                warnings.append(Warning("unread-cells", text))
        return warnings


def _frozen(array: NDArray[_T]) -> NDArray[_T]:
    """A view that cannot be written: many series share it."""
    array.flags.writeable = False
    return array
