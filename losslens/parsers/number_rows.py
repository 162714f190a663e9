"""Losses in one row: ``0.693,0.688,0.671,…`` or the same between blanks, as ``" ".join(map(str, losses))`` writes them.

A few rows of one length are as many courses: what ``numpy.savetxt`` makes of a list of lists. Weights, pixels and token
ids are written so as well; a row is a course where its numbers follow each other closely.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from losslens.errors import NotALogError
from losslens.model import Log
from losslens.parsers import csv
from losslens.parsers.axes import is_known_name
from losslens.parsers.columns import Columns
from losslens.parsers.opening import LogFile, decode_head
from losslens.patterns import compiled

NAME = "number-rows"

#: Numbers of a row in a file named after a loss, and of one in a file that says nothing.
FEWEST_NAMED, FEWEST = 8, 50
MOST_ROWS = 6
MOST = 1 << 24
"""Characters of a file that is a log."""
#: Mean square of the changes by the variance, of ranks: 2 for numbers without an order, 0 for a line.
ORDERED_NAMED, ORDERED = 1.5, 0.5
#: A loss of which nothing else tells is positive, and falls by this share at least over some blocks of so many, mostly
#: from one to the next.
BLOCKS, FEWEST_FALLING, LEAST_FALL, MOSTLY = 10, 3, 0.05, 0.75
_NUMBER = r"[\"']?[-+]?(?:\d+(?:[.,]\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf(?:inity)?)[\"']?"
_BEGINS = compiled(rf"\s*\[?\s*(?:{_NUMBER}\s*[,;\t |]\s*){{{FEWEST_NAMED - 1}}}", re.IGNORECASE)
_SEPARATOR = compiled(r"[\s,;|]+")
_ARRAY = compiled(r"\[[^][,]*\]")
_DECIMAL_COMMAS = compiled(r"\d,\d+\s*[;\t|]")


def sniff(path: Path, head: bytes) -> bool:
    text = decode_head(head)
    few = text.count("\n") <= MOST_ROWS or text.lstrip().startswith("[")
    return few and _BEGINS.match(text) is not None and bool(_courses(path))


def parse(path: Path) -> tuple[Log, ...]:
    """One Log with a series a row; that of a single row is named after its file."""
    rows = _courses(path)
    if not rows:
        raise NotALogError(f"{path}: rows of numbers, and no course of a training")
    columns = Columns()
    for number, row in enumerate(rows, 1):
        columns[f"column_{number}"].add_stretch(0, array("d", row))
        columns.n_rows = len(row)
    return csv.logs_of(path, columns, format=NAME, named=False)


def _courses(path: Path) -> list[list[float]]:
    """The rows of a file that holds nothing else; none where one of them is no course, or their lengths differ."""
    text = ""
    for block in LogFile(path).blocks():
        text += block
        if len(text) > MOST:
            return []
    text = text.strip()
    if _ARRAY.fullmatch(text):
        text = " ".join(text[1:-1].split())  # as NumPy prints an array: over several lines; with commas it is JSON
    lines = [line for line in text.splitlines() if line.strip()]
    if not 0 < len(lines) <= MOST_ROWS:
        return []
    named = says_a_loss(path)
    try:
        rows = [_numbers(line) for line in lines]
    except ValueError:
        return []
    alike = len({len(row) for row in rows}) == 1 and len(rows[0]) >= (FEWEST_NAMED if named else FEWEST)
    return rows if alike and all(is_course(row, named=named) for row in rows) else []


def says_a_loss(path: Path) -> bool:
    """Whether a file is named after a loss."""
    return is_known_name(path.name.split(".")[0]) or "loss" in path.stem.lower()


def _numbers(line: str) -> list[float]:
    """Raises ValueError where something else stands on the line."""
    line = line.strip().replace('"', "").replace("'", "")
    if _DECIMAL_COMMAS.search(line):
        line = line.replace(",", ".")
    return [float(cell) for cell in _SEPARATOR.split(line) if cell]


def is_course(row: Sequence[float], *, named: bool, printed: bool = False) -> bool:
    """Whether numbers follow each other closely, and fall where no name says that they are those of a loss.

    Those that fall from each to the next may have been sorted, but where a program ``printed`` them.
    """
    values = np.asarray(row, dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.size < FEWEST_NAMED or values.min() == values.max():
        return False
    ranks = np.unique(values, return_inverse=True)[1].astype(np.float64)
    ratio = float(np.mean(np.square(np.diff(ranks))) / np.var(ranks))
    if named:
        return ratio < ORDERED_NAMED
    blocks = np.asarray([np.median(block) for block in np.array_split(values, min(BLOCKS, values.size))])
    lowest = int(np.argmin(blocks))
    falls = lowest >= FEWEST_FALLING and np.mean(np.diff(blocks[: lowest + 1]) < 0) >= MOSTLY
    measured = values.min() >= 0 and not np.all(values == np.round(values))
    measured = measured and (printed or not np.all(np.diff(values) <= 0))
    return bool(ratio < ORDERED and measured and falls and blocks[lowest] < (1.0 - LEAST_FALL) * blocks[0])
