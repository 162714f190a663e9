"""The rows of a CSV file into columns: ragged rows, headers in the middle and cut-off ends included."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from losslens.model import Damage
from losslens.parsers.axes import STEP_RANK, normalise
from losslens.parsers.cells import is_number_or_blank
from losslens.parsers.columns import Column, Columns
from losslens.parsers.csv_blocks import Block, read_block
from losslens.parsers.dialect import COMMENTS, Dialect, looks_like_header
from losslens.parsers.opening import LogFile, lines_of
from losslens.patterns import compiled

MAX_QUOTED_CHARACTERS = 4 << 20
"""A quote that is still open after this much text was never meant as one."""
MANY_HEADERS, MOST_ROWS_A_HEADER = 3, 3
"""Headers this often, with at most so many rows each, are no sign that a job was started again."""
_UNDERSCORE = compiled(r"\d_\d")
_EVALUATION = ("eval_", "val_", "valid_", "test_")


class TableReader:
    """Reads one CSV file. ``columns`` holds the table, the counters what was not plain."""

    def __init__(self, path: Path, dialect: Dialect) -> None:
        self.file = LogFile(path)
        self.dialect = dialect
        self.columns = Columns()
        self.header_changed = False
        self.habitual_headers = 0
        """How often the header came again where it does so every few rows."""
        self.short = 0
        self.long = 0
        self.without_evaluation = 0
        self.not_rows = 0
        self.texts: list[str] = []
        """The first lines that are no rows of the table, to show one in the warning."""
        self.last_row_cut = False
        names = dialect.header if dialect.header is not None else tuple(unnamed(dialect.width))
        self._plain = True
        self._plain_blocks = dialect.decimal == "." and dialect.delimiter != " " and dialect.width > 1
        self._take_header(names)

    def read(self) -> Columns:
        skip = self.dialect.skip
        held = ""
        for text in self._whole_quotes():
            if skip:
                lines = text.split("\n", skip)
                skip = max(0, skip - len(lines) + 1)
                text = "" if skip else lines[-1]
            if held:
                self._take_text(held)
            held = text
        if held:
            self._end(held)
        self._see_habit()
        return self.columns

    def _see_habit(self) -> None:
        """Headers every few rows, while the steps go on, say that the writer opens its file anew for each row."""
        restarts = self.columns.restarts
        if len(restarts) < MANY_HEADERS or len(restarts) * MOST_ROWS_A_HEADER < self.columns.n_rows:
            return
        counters = [c for c in self.columns if normalise(c.name) in STEP_RANK and c.is_numeric]
        if any(before >= after for c in counters for before, after in pairwise(c.values)):
            return
        self.habitual_headers = len(restarts)
        restarts.clear()

    def _end(self, text: str) -> None:
        """The last block. Its last row needs a second look: was it cut?"""
        if self.file.ends_with_newline:
            self._take_text(text)
            return
        rows = self._cells(lines_of(text))
        last = rows.pop() if rows else []
        self._take(rows)
        if len(last) < self.width and self.columns.n_rows:
            self.last_row_cut = True
            last = last[:-1]  # the number in the last cell may be cut in its middle
            at = max(0, self.file.path.stat().st_size - 1)
            self.file.damage.append(Damage(str(self.file.path), at, at, "the last row is cut off in its middle", 1))
        if last:
            self._take([last])

    def _take_text(self, text: str) -> None:
        if self._plain_blocks and self.columns.n_rows:
            block = read_block(text, self.dialect.delimiter, self.width)
            if block is not None:
                self._take_plain(block)
                return
        # float() takes 2024_01_01 for a number: where such a thing may stand, cells are read one by one.
        self._plain = self.dialect.decimal == "." and not ("_" in text and _UNDERSCORE.search(text))
        self._take(self._cells(lines_of(text)))

    def _take_plain(self, block: Block) -> None:
        """Append a block of numbers column by column."""
        first = self.columns.n_rows
        for n, column in enumerate(self._current):
            values = block.values[:, n]
            blank = block.blank[:, n] if block.blank is not None else None
            if blank is None or not blank.any():
                column.add_stretch(first, array("d", values.tobytes()))
                continue
            present = (~blank).nonzero()[0] + first
            column.blanks.frombytes((blank.nonzero()[0] + first).tobytes())
            column.add_rows(array("q", present.tobytes()), array("d", values[~blank].tobytes()))
        self.columns.n_rows += len(block.values)

    def _whole_quotes(self) -> Iterator[str]:
        """Blocks that do not end inside a quoted cell."""
        open_text = ""
        for text in self.file.blocks():
            text = open_text + text if open_text else text
            open_text = ""
            if '"' in text and text.count('"') % 2 and len(text) < MAX_QUOTED_CHARACTERS:
                open_text = text
                continue
            yield text
        if open_text:
            yield open_text

    def _cells(self, lines: list[str]) -> list[list[str]]:
        delimiter = self.dialect.delimiter
        if (written := self.dialect.written) and self.dialect.header is not None:
            header = delimiter.join(self.dialect.header)
            lines = [header if line.strip() == written else line for line in lines]
        if delimiter == " ":
            return [line.split() for line in lines if line.strip() and not line.lstrip().startswith(COMMENTS)]
        kept = [line for line in lines if line and not line.startswith(COMMENTS) and not line.isspace()]
        if not any('"' in line for line in kept):
            return [line.split(delimiter) for line in kept]
        whole = "\n".join(kept)
        if whole.count('"') % 2:  # a stray quote: no cell spans lines then
            return [line.replace('"', "").split(delimiter) for line in kept]
        limit = csv.field_size_limit(MAX_QUOTED_CHARACTERS)
        try:
            with_newlines = [line + "\n" for line in kept]
            return [row for row in csv.reader(with_newlines, delimiter=delimiter, skipinitialspace=True) if row]
        except csv.Error:
            return [line.replace('"', "").split(delimiter) for line in kept]
        finally:
            csv.field_size_limit(limit)

    @property
    def width(self) -> int:
        return len(self._current)

    def _take_header(self, names: tuple[str, ...]) -> None:
        self.names = unique_names(names)
        self._current: list[Column] = [self.columns[name] for name in self.names]

    def _take(self, rows: list[list[str]]) -> None:
        """Runs of rows of the right width go column by column; everything else one by one."""
        start = 0
        for at, row in enumerate(rows):
            if len(row) == self.width and not self._may_be_header(row):
                continue
            self._take_block(rows[start:at])
            beside = [*rows[max(0, at - 1) : at], *rows[at + 1 : at + 2]]
            self._take_odd(row, alone=all(len(other) != len(row) for other in beside))
            start = at + 1
        self._take_block(rows[start:])

    def _may_be_header(self, row: list[str]) -> bool:
        first = row[0].strip().lstrip('"')[:1]
        return (first.isalpha() or first in "_#" or not first) and self._is_header(row)

    def _is_header(self, row: list[str]) -> bool:
        """A line of names in the middle: the header again (perhaps with other columns), written by a resumed job."""
        if not looks_like_header(row, self.dialect.decimal):
            return False
        known = set(self.names)
        names = [cell.strip().strip('"') for cell in row]
        return sum(name in known for name in names if name) >= min(2, max(1, len(names) // 2))

    def _take_block(self, rows: list[list[str]]) -> None:
        if not rows:
            return
        first = self.columns.n_rows
        for column, cells in zip(self._current, zip(*rows, strict=True), strict=True):
            column.add_cells(first, cells, self.dialect.decimal, plain=self._plain)
        self.columns.n_rows += len(rows)

    def _take_odd(self, row: list[str], *, alone: bool) -> None:
        """Take a row that is not as wide as the header; ``alone``: nor are its neighbours as wide as it is."""
        if self._is_header(row):
            names = tuple(cell.strip().strip('"') for cell in row)
            self.header_changed |= names != tuple(self.names)
            self._take_header(names)
            self.columns.restarts.append(self.columns.n_rows)
            return
        readable = [cell for cell in row if cell.strip() and is_number_or_blank(cell, self.dialect.decimal)]
        if not readable:
            if any(cell.strip(" -:=+") for cell in row):  # a rule of a drawn table is no row
                self.not_rows += 1
                if len(self.texts) < 3:
                    self.texts.append(self.dialect.delimiter.join(row)[:80])
            return
        if not self._is_aligned(row) or (alone and self._is_glued(row)):
            self.not_rows += 1
            return
        number = self.columns.n_rows
        self.columns.n_rows += 1
        present = self._current
        if len(row) < self.width:
            without = self._without_evaluation()
            if len(row) == len(without):
                present = without
                self.without_evaluation += 1
            else:
                self.short += 1
        elif any(cell.strip() for cell in row[self.width :]):
            self.long += 1
        for column, cell in zip(present, row, strict=False):
            column.add_cell(number, cell, self.dialect.decimal)

    def _without_evaluation(self) -> list[Column]:
        """The columns of a row written in an epoch without evaluation: timm leaves these cells out, not blank."""
        return [column for column in self._current if not column.name.lower().startswith(_EVALUATION)]

    def _is_glued(self, row: list[str]) -> bool:
        """Whether a row too long is half a row and the next one: a job was killed in a write and another appended.

        Of "12,0.3" and "12,0.31,0.5" becomes "12,0.312,0.31,0.5": the number at the seam never was one. It is told by
        its end, a step that the first column had before or is about to have.
        """
        seam = len(row) - self.width
        if not 1 <= seam < self.width or normalise(self.names[0]) not in STEP_RANK:
            return False
        cell = row[seam].strip()
        steps = self._current[0].values
        seen = {int(step) for step in steps[-5_000:] if step == step and abs(step) < 2**53}
        return any(
            cell[at:].isdigit() and (int(cell[at:]) in seen or int(cell[at:]) - 1 in seen) for at in range(1, len(cell))
        )

    def _is_aligned(self, row: list[str]) -> bool:
        """Whether the cells of a row of odd width can be told to stand under their own names."""
        if len(row) == self.width:
            return True
        if self.dialect.delimiter == " ":
            return False  # a blank between two cells leaves no trace
        if not any(cell.strip() for cell in row[self.width :]):
            return True
        for column, cell in zip(self._current, row, strict=False):
            if column.is_numeric and not is_number_or_blank(cell, self.dialect.decimal):
                return False
        return True


def unnamed(width: int) -> list[str]:
    """Names for the columns of a table without a header."""
    return [f"column_{n}" for n in range(1, width + 1)]


def unique_names(names: tuple[str, ...]) -> list[str]:
    """The names of a header, a nameless column numbered and a repeated one told apart as pandas does."""
    seen: dict[str, int] = {}
    unique: list[str] = []
    for at, name in enumerate(names):
        base = name.strip() or ("" if at == 0 else f"column_{at + 1}")
        count = seen.get(base, 0)
        seen[base] = count + 1
        unique.append(f"{base}.{count}" if count else base)
    return unique
