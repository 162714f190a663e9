"""Columns as they grow: numbers, blanks and words, each with the row it stood in.

The one store behind every table-like format (CSV, lists of records, JSON lines). Compact arrays, so that a million rows
cost 16 bytes a number and not a Python object each.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from losslens.parsers.axes import STEP_RANK, TIMES, normalise
from losslens.parsers.cells import read_number

if TYPE_CHECKING:
    from losslens.model import BoolArray, FloatArray, IntArray

MAX_WORDS = 4_096
"""Different words a column may hold before it is free text that nobody groups by."""
MAX_DATES = 1 << 24
"""The same for a column of dates, where every row has its own."""


class Column:
    """One column: ``values[i]`` stood in row ``rows[i]`` of ``numbers()``; ``blanks`` are rows with an empty cell.

    The rows are kept as stretches: a column without gaps costs 8 bytes a number, not 16.
    """

    __slots__ = (
        *("_stretches", "blanks", "codes", "max_words", "name", "said_missing", "text_rows", "unread", "values"),
        "words",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.values = array("d")
        self._stretches: list[range | array[int]] = []
        self.blanks = array("q")
        self.words: dict[str, int] = {}
        self.max_words = MAX_DATES if normalise(name) in TIMES or normalise(name) in STEP_RANK else MAX_WORDS
        self.text_rows = array("q")
        self.codes = array("q")
        self.unread = 0
        """Cells of text that came after the column's words grew too many to keep."""
        self.said_missing = False
        """A blank was written as a word, such as NA: nothing was there, where an empty cell may have been a NaN."""

    def add(self, row: int, value: float) -> None:
        self.values.append(value)
        last = self._stretches[-1] if self._stretches else None
        if isinstance(last, array):
            last.append(row)
        else:
            self._stretches.append(array("q", (row,)))

    def add_stretch(self, first_row: int, values: array[float]) -> None:
        """Numbers of consecutive rows."""
        if not len(values):
            return
        self.values.extend(values)
        last = self._stretches[-1] if self._stretches else None
        if isinstance(last, range) and last.stop == first_row:
            self._stretches[-1] = range(last.start, first_row + len(values))
        else:
            self._stretches.append(range(first_row, first_row + len(values)))

    def add_rows(self, rows: array[int], values: array[float]) -> None:
        """Numbers of the rows given."""
        if len(values):
            self.values.extend(values)
            self._stretches.append(rows)

    def add_text(self, row: int, text: str) -> None:
        code = self.words.get(text)
        if code is None:
            if len(self.words) >= self.max_words:
                self.unread += 1
                return
            code = self.words[text] = len(self.words)
        self.text_rows.append(row)
        self.codes.append(code)

    def add_cell(self, row: int, cell: str, decimal: str) -> None:
        """Read one cell of text and keep what it is."""
        try:
            value = read_number(cell, decimal)
        except (ValueError, OverflowError):
            self.add_text(row, cell.strip().strip('"'))
            return
        if value is None:
            self.blanks.append(row)
            self.said_missing |= bool(cell.strip())
        else:
            self.add(row, value)

    def add_cells(self, first_row: int, cells: Sequence[str], decimal: str, *, plain: bool) -> None:
        """Read the cells of consecutive rows.

        A column of numbers takes the short way where ``plain`` says that float() reads no cell otherwise than a person
        would (it takes 2024_01_01 for a number).
        """
        if plain:
            try:
                self.add_stretch(first_row, array("d", map(float, cells)))
            except ValueError:
                pass
            else:
                return
        values, rows, blanks = array("d"), array("q"), self.blanks
        for row, cell in enumerate(cells, first_row):
            if not cell:
                blanks.append(row)
                continue
            try:
                value: float | None = float(cell) if plain else self._odd(row, cell, decimal)
            except ValueError:
                value = self._odd(row, cell, decimal)
            if value is None:
                continue
            values.append(value)
            rows.append(row)
        self.add_rows(rows, values)

    def _odd(self, row: int, cell: str, decimal: str) -> float | None:
        """The number in a cell that float() does not read; None after keeping the cell as a blank or as text."""
        try:
            value = read_number(cell, decimal)
        except (ValueError, OverflowError):
            self.add_text(row, cell.strip().strip('"'))
            return None
        if value is None:
            self.blanks.append(row)
            self.said_missing |= bool(cell.strip())
        return value

    @property
    def n_texts(self) -> int:
        return len(self.codes) + self.unread

    @property
    def is_numeric(self) -> bool:
        """A column of numbers may hold a few words that could not be read; they are counted, not dropped silently."""
        return len(self.values) > 0 and self.n_texts <= 0.1 * len(self.values) + 1 and len(self.values) > self.n_texts

    @property
    def is_blank(self) -> bool:
        return not len(self.values) and not self.n_texts

    def row_list(self) -> list[int]:
        return [row for stretch in self._stretches for row in stretch]

    def keep(self, pairs: Sequence[tuple[int, float]]) -> None:
        """Forget all numbers but these (row, value)."""
        self.values = array("d", (value for _, value in pairs))
        self._stretches = [array("q", (row for row, _ in pairs))]

    def blanks_are_nan(self) -> None:
        """Take empty cells for NaN, where none of them was written as a word that says that nothing is there."""
        if not self.said_missing and len(self.blanks):
            pairs = [*zip(self.row_list(), self.values, strict=True), *((row, float("nan")) for row in self.blanks)]
            self.keep(sorted(pairs, key=lambda pair: pair[0]))
            self.blanks = array("q")

    def numbers(self) -> tuple[IntArray, FloatArray]:
        """Rows (int64) and values (float64) of the numbers, shape ``(n,)`` each."""
        import numpy as np

        rows = np.empty(len(self.values), dtype=np.int64)
        at = 0
        for stretch in self._stretches:
            if isinstance(stretch, range):
                rows[at : at + len(stretch)] = np.arange(stretch.start, stretch.stop)
            else:
                rows[at : at + len(stretch)] = stretch
            at += len(stretch)
        # A view, not a copy: the columns of a large file are its memory.
        return rows, np.frombuffer(self.values, dtype=np.float64) if len(self.values) else np.empty(0)

    def blank_rows(self) -> IntArray:
        import numpy as np

        return np.array(self.blanks, dtype=np.int64)

    def dense(self, n_rows: int) -> FloatArray:
        """One value a row, shape ``(n_rows,)``; NaN where the cell held no number."""
        import numpy as np

        filled = np.full(n_rows, np.nan)
        rows, values = self.numbers()
        filled[rows] = values
        return filled

    def part(self, name: str, rows: BoolArray, number: IntArray) -> Column:
        """What stands in these ``rows``, under another name; ``number`` is what each row is called then."""
        import numpy as np

        part = Column(name)
        part.words, part.unread = dict(self.words), self.unread
        at, values = self.numbers()
        keep = rows[at]
        part.add_rows(array("q", number[at[keep]].tobytes()), array("d", values[keep].tobytes()))
        blank = self.blank_rows()
        part.blanks.frombytes(number[blank[rows[blank]]].tobytes())
        text, codes = np.array(self.text_rows, dtype=np.int64), np.array(self.codes, dtype=np.int64)
        part.text_rows.frombytes(number[text[rows[text]]].tobytes())
        part.codes.frombytes(codes[rows[text]].tobytes())
        return part

    def texts(self) -> list[tuple[int, str]]:
        """(row, text) of every word kept."""
        by_code = list(self.words)
        return [(row, by_code[code]) for row, code in zip(self.text_rows, self.codes, strict=True)]

    @property
    def constant_text(self) -> str | None:
        """The one word that all filled cells hold, or None."""
        if len(self.words) == 1 and not self.unread and not len(self.values):
            return next(iter(self.words))
        return None


class Columns:
    """The columns of one file by name, in the order they were met, and how many rows it has."""

    def __init__(self) -> None:
        self.by_name: dict[str, Column] = {}
        self.n_rows = 0
        self.restarts: list[int] = []
        self.titles: dict[str, str] = {}
        """What stands above the name of a column."""

    def __getitem__(self, name: str) -> Column:
        column = self.by_name.get(name)
        if column is None:
            column = self.by_name[name] = Column(name)
        return column

    def __iter__(self) -> Iterator[Column]:
        return iter(self.by_name.values())

    def part(self, columns: Mapping[str, Column], rows: BoolArray) -> Columns:
        """Some of the columns under names of their own, in these ``rows`` (a bool each)."""
        import numpy as np

        part = Columns()
        number = np.cumsum(rows) - 1
        part.n_rows = int(rows.sum())
        part.by_name = {name: column.part(name, rows, number) for name, column in columns.items()}
        part.restarts = sorted({int(number[row]) + (not rows[row]) for row in self.restarts if row < rows.size})
        return part

    def add_record(self, record: Mapping[str, object]) -> None:
        """One record of already typed values: numbers, words, None for a blank."""
        row = self.n_rows
        self.n_rows += 1
        for name, value in record.items():
            column = self[name]
            if value is None:
                column.blanks.append(row)
            elif isinstance(value, bool):
                column.add_text(row, str(value))
            elif isinstance(value, int | float):
                try:
                    column.add(row, float(value))
                except OverflowError:
                    column.add(row, float("inf") if value > 0 else float("-inf"))
            else:
                column.add_cell(row, str(value), ".")
