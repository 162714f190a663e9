"""How a table of text is written: delimiter, decimal sign, lines before the header, the header itself.

Judged from the head of the file alone, by what a person would look at: which delimiter splits the lines into the same
number of cells, and leaves numbers in them.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from losslens.parsers.axes import NAME_OF_TWO, TAG_COLUMNS, VALUE_COLUMNS, is_known_name, normalise
from losslens.parsers.cells import BLANKS, is_number, is_number_or_blank
from losslens.parsers.opening import lines_of
from losslens.parsers.shared_names import names_of_lists
from losslens.patterns import compiled

SAMPLE_LINES = 120
DELIMITERS = (",", "\t", ";", "|", " ")
COMMENTS = ("#", "//", "%")
MIN_REGULAR = 0.6
"""Share of the sampled lines that must have the table's width."""
MIN_STRANGERS_SCORE = 0.85
"""The same for a table of strange names that holds text beside its numbers."""
LEAST_BELOW = 3
"""Rows that tell by their numbers whether the one above is of their kind."""
MAX_PREAMBLE = 60
"""Lines that may come before the header."""
MAX_BETWEEN = 6
"""Lines below a header among which its first row is looked for: a program may print a word or two between."""
MAX_STRANGERS = 4
"""A table of more columns than this, none of which has a name that training logs use, is a data set."""
_WIDE_BLANKS = compiled(r" {2,}|\t+")
_QUOTED = compiled(r'"[^"]*"')
_NAME = compiled(r"[^\W\d]")
_FRACTION = compiled(r"[.,eEn]")
_ONE_WORD = compiled(r"[A-Za-z][\w/.-]*")
_SIGNS = ",;|"

_NUMBERED = compiled(r"(?P<letters>x|V|Column)(?P<number>\d+)")


@dataclass(frozen=True)
class Dialect:
    """``header`` is None when the table has no names; ``skip`` lines come before the first row of cells."""

    delimiter: str
    decimal: str
    header: tuple[str, ...] | None
    width: int
    skip: int
    preamble: tuple[str, ...] = ()
    written: str = ""
    """The header as it stands in the file, where it is cut otherwise than the rows."""

    def split(self, line: str) -> list[str]:
        return split_line(line, self.delimiter)


def split_line(line: str, delimiter: str) -> list[str]:
    """The cells of one line."""
    if delimiter == " ":
        return line.split()
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except (csv.Error, StopIteration):
        return line.split(delimiter)


def is_comment(line: str) -> bool:
    return line.lstrip().startswith(COMMENTS)


def sniff_dialect(text: str, *, whole: bool) -> Dialect | None:
    """The dialect of the table at the head of a text; None when it is no table of numbers.

    ``whole`` says that ``text`` is the entire file; otherwise its last line may be cut and is not judged.
    """
    lines = lines_of(text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    separator = _excel_separator(lines)
    if not whole and len(lines) > 1:
        lines.pop()
    lines = lines[: SAMPLE_LINES + 40]
    content = [line for line in lines if line.strip() and not is_comment(line)]
    if not content:
        return None
    if len(content) == 1:
        return _header_only(lines) if whole else None
    unquoted = [_QUOTED.sub("", line) if '"' in line else line for line in content]
    best: tuple[float, Dialect] | None = None
    for delimiter in (separator,) if separator else DELIMITERS:
        if not _may_delimit(unquoted, delimiter):
            continue
        for decimal in _decimals(lines, delimiter):
            found = _judge(lines, delimiter, decimal)
            if found is not None and (best is None or found[0] > best[0] + 1e-9):
                best = found
    if best is None:
        return _one_column(lines)
    return best[1]


def share_of_rows(text: str, dialect: Dialect) -> float:
    """Share of the lines of a text that are rows of numbers of this dialect; 1 for a text without lines."""
    content = [line for line in lines_of(text) if line.strip() and not is_comment(line)]
    return sum(_is_row(line, dialect) for line in content) / len(content) if content else 1.0


def has_rows(text: str, dialect: Dialect) -> bool:
    """Whether lines of a text beside the header are cut into as many cells as the dialect has."""
    wide = (len(_without_trailing_blank(dialect.split(line))) == dialect.width for line in lines_of(text))
    return sum(islice(filter(None, wide), 2)) > 1


def lines_between(text: str, dialect: Dialect) -> list[str]:
    """The lines of a text that are no rows of numbers of this dialect."""
    return [line for line in lines_of(text) if line.strip() and not _is_row(line, dialect)]


def _is_row(line: str, dialect: Dialect) -> bool:
    cells = _without_trailing_blank(dialect.split(line))
    return len(cells) == dialect.width and all(is_number_or_blank(cell, dialect.decimal) for cell in cells)


def _may_delimit(content: list[str], delimiter: str) -> bool:
    """A quick look that turns prose and code away: a delimiter stands equally often in many lines."""
    if delimiter == " ":
        counts = Counter(len(line.split()) - 1 for line in content)
    else:
        counts = Counter(line.count(delimiter) for line in content)
    counts.pop(0, None)
    return max(counts.values(), default=0) >= 0.4 * len(content)


def _header_only(lines: list[str]) -> Dialect | None:
    """One line of names: the log of a job that died before its first row."""
    at = next(n for n, line in enumerate(lines) if line.strip() and not is_comment(line))
    for delimiter in DELIMITERS[:-1]:
        cells = [cell.strip().strip("\"'") for cell in split_line(lines[at], delimiter)]
        if len(cells) < 2 or not looks_like_header(cells, ".") or any(len(cell) > 60 for cell in cells):
            continue
        if sum(is_known_name(cell) for cell in cells) >= 2 and all(" " not in cell or len(cell) < 30 for cell in cells):
            return Dialect(delimiter, ".", tuple(cells), len(cells), at + 1)
    return None


def _excel_separator(lines: list[str]) -> str:
    """The delimiter that a spreadsheet wrote into a first line such as ``sep=;``."""
    match = re.fullmatch(r'"?sep=(.)"?\s*', lines[0]) if lines else None
    return match.group(1) if match else ""


def _decimals(lines: list[str], delimiter: str) -> tuple[str, ...]:
    """Which decimal signs are worth trying: a comma only where cells can hold one."""
    if delimiter == ",":
        return (".", ",") if any(re.search(r'"-?\d+,\d+"', line) for line in lines) else (".",)
    return (".", ",") if any("," in line for line in lines) else (".",)


def _judge(lines: list[str], delimiter: str, decimal: str) -> tuple[float, Dialect] | None:
    """A score (share of regular rows times share of numeric cells) and the dialect, for one way to cut the lines."""
    rows = [(n, split_line(line, delimiter)) for n, line in enumerate(lines) if line.strip() and not is_comment(line)]
    rows = [(n, _without_trailing_blank(cells)) for n, cells in rows][:SAMPLE_LINES]
    widths = Counter(len(cells) for _, cells in rows if len(cells) > 1)
    if not widths:
        return None
    width, _ = max(widths.items(), key=lambda item: (item[1], item[0]))
    # Sparse rows end in blank cells, which some writers leave out: the widest frequent width is the table's.
    width = max(w for w, n in widths.items() if w == width or n >= max(2, 0.2 * len(rows)))
    first = _first_row(rows, width, decimal, delimiter)
    if first is None:
        return None
    header_at, body_at = first
    header = rows[header_at][1] if header_at is not None else None
    if header is not None:
        rows = [row for at, row in enumerate(rows) if at <= body_at or row[1] != header]  # written again by each start
    start = rows[header_at][0] if header_at is not None else rows[body_at][0]
    below = [cells for _, cells in rows[body_at:]]
    above = _header_above(lines[: rows[body_at][0]], width, delimiter, below) if header is None else None
    written = ""
    if above is not None:
        header, start = above[1], above[0]
        written = lines[start].strip()
    elif header is not None and header_at:
        if delimiter == " " and rows[header_at - 1][0] == start - 1 and _stand_alike(lines[start - 1], lines[start]):
            header = [f"{upper} {name}" for upper, name in zip(rows[header_at - 1][1], header, strict=True)]
        else:
            header = _two_lines(rows[header_at - 1][1], header)
    body = [cells for _, cells in rows[body_at:]]
    width = max(width, len(header or ()))
    score = _score(body, width, decimal, delimiter)
    if score is None:
        return None
    strange = header is not None and not any(map(is_known_name, header)) and not _is_long(header, body)
    if strange and (width > MAX_STRANGERS or score < MIN_STRANGERS_SCORE):
        return None
    names = None if header is None else tuple(name.strip().strip("\"'").strip() for name in header)
    if names is not None and delimiter == " " and all(name[-1:] in _SIGNS for name in names[:-1]):
        names, written = tuple(name.rstrip(_SIGNS) for name in names), lines[start].strip()
    skip = start + 1 if names is not None else start
    if names is not None and _only_numbered(names):
        names = None
    return score, Dialect(delimiter, decimal, names, width, skip, tuple(lines[: min(start, 40)]), written)


def _is_long(header: list[str], body: list[list[str]]) -> bool:
    """Whether one column names what another holds: "timestamp,metric_name,value" above "0.0,train:loss,2.31"."""
    names = [normalise(name.strip("\"' ")) for name in header]
    tag = next((at for at, name in enumerate(names) if name in TAG_COLUMNS), None)
    if tag is None or not VALUE_COLUMNS.intersection(names):
        return False
    return any(is_known_name(row[tag]) for row in body if len(row) > tag)


def _only_numbered(names: tuple[str, ...]) -> bool:
    """Whether a header names nothing: what the tables of Julia and R call columns that were given no name."""
    found = [_NUMBERED.fullmatch(name) for name in names]
    letters = {match["letters"] for match in found if match}
    return len(letters) == 1 and [match and int(match["number"]) for match in found] == list(range(1, len(names) + 1))


def _two_lines(above: list[str], header: list[str]) -> list[str]:
    """The names of a header of two lines, as pandas writes columns of two levels: "train/loss" from "train", "loss"."""
    if (
        len(above) != len(header)
        or len({name.strip() for name in header}) == len(header)
        or not looks_like_header(above, ".")
    ):
        return header
    return ["/".join(filter(None, (upper.strip(), name.strip()))) for upper, name in zip(above, header, strict=True)]


def _stand_alike(above: str, header: str) -> bool:
    """Whether each word of a line stands, left or right, on the edge of the one below, as names on two lines do."""
    upper, lower = (list(re.finditer(r"\S+", line)) for line in (above, header))
    if not 1 < len(upper) == len(lower):
        return False
    edges = zip(upper, lower, strict=True)
    return all(a[0].isalpha() and (a.start() == b.start() or a.end() == b.end()) for a, b in edges)


def _without_trailing_blank(cells: list[str]) -> list[str]:
    return cells[:-1] if len(cells) > 1 and not cells[-1].strip() else cells


def _first_row(
    rows: list[tuple[int, list[str]]], width: int, decimal: str, delimiter: str
) -> tuple[int | None, int] | None:
    """Positions of the header (None without one) and of the first row of data."""
    for at, (_, cells) in enumerate(rows[:MAX_PREAMBLE]):
        if len(cells) < 2 or not width / 2 <= len(cells) <= width + 1:
            continue
        if looks_like_header(cells, decimal):
            below = [(n, row) for n, (_, row) in enumerate(rows[at + 1 : at + 1 + MAX_BETWEEN], at + 1)]
            if len(cells) == width:
                below = [(n, row) for n, row in below if len(row) > 1]  # a line of prose between is no row
            if _is_followed_by_data([row for _, row in below[:2]], decimal):
                return at, below[0][0]
        elif _are_numbered([cell.strip().strip("\"'") for cell in cells], [row for _, row in rows[at + 1 :]]):
            return None, at + 1
        elif _has_numbers(cells, decimal) and len(cells) >= width - 1:
            named = all(is_number_or_blank(cell, decimal) for cell in cells)
            return (None, at) if named else None
    return None


def _is_followed_by_data(rows: list[list[str]], decimal: str) -> bool:
    """Whether numbers follow a header at once, or after one line of units or blanks."""
    if not rows or _has_numbers(rows[0], decimal):
        return bool(rows)
    return len(rows) > 1 and not looks_like_header(rows[0], decimal) and _has_numbers(rows[1], decimal)


def looks_like_header(cells: list[str], decimal: str) -> bool:
    """Names and no numbers: at least one name, and every filled cell is text (a blank first name is an index)."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled or len(filled) < len(cells) / 2:
        return False
    return all(_NAME.search(cell) and not is_number_or_blank(cell, decimal) for cell in filled)


def _are_numbered(cells: list[str], below: list[list[str]]) -> bool:
    """Whether the first row numbers the columns from 0 on, as pandas does where they have no names.

    In front of the numbers stands a blank where the index is written. Without it the row could be one of data, and is
    none where whole numbers never come again: no column but the first holds any, and that does not count on from here.
    """
    named = cells[1:] if not cells[0] else cells
    if len(below) < LEAST_BELOW or named != [str(n) for n in range(len(named))]:
        return False
    if not cells[0]:
        return len(named) > 0 and all(row[0].strip() for row in below)
    first = [row[0].strip() for row in below]
    measured = list(zip(*(row[1:] for row in below if len(row) == len(cells)), strict=True))
    if not all(_FRACTION.search(cell) for column in measured for cell in column):
        return False
    return all(map(_FRACTION.search, first)) or (len(cells) > 1 and first[0] == "0")


def _has_numbers(cells: list[str], decimal: str) -> bool:
    return any(is_number(cell, decimal) for cell in cells)


def _header_above(lines: list[str], width: int, delimiter: str, below: list[list[str]]) -> tuple[int, list[str]] | None:
    """A header behind a comment sign, as numpy.savetxt writes it, one whose names have blanks in them, or one that is
    cut by another sign than its rows: "epoch,step,loss" above rows between tabs."""
    for at in range(len(lines) - 1, -1, -1):
        if not lines[at].strip(" \t-="):
            continue
        commented = is_comment(lines[at])
        line = lines[at].lstrip().lstrip("#/%").strip() if commented else lines[at].strip()
        ways = [split_line(line, way) for way in dict.fromkeys((delimiter, ",", "\t", " "))] if commented else []
        of_two = NAME_OF_TWO.findall(line)
        if delimiter != " " or not all(map(is_known_name, of_two)):
            of_two = []
        for cells in [*ways, _WIDE_BLANKS.split(line), of_two]:
            if len(cells) == width > 1 and looks_like_header(cells, "."):
                return at, [cell.rstrip(",") for cell in cells]
            if commented and (shared := names_of_lists(cells, below, width)) is not None:
                return at, shared
        return (at, names) if (names := _cut_otherwise(line, width)) else None
    return None


def _cut_otherwise(line: str, width: int) -> list[str]:
    """The names of a header whatever sign cuts it; none where it is a line of words."""
    for way in DELIMITERS:
        cells = [cell.strip() for cell in _without_trailing_blank(split_line(line, way))]
        known = sum(map(is_known_name, cells))
        enough = known and (way != " " or (2 * known >= len(cells) and all(map(_ONE_WORD.fullmatch, cells))))
        if len(cells) == width > 1 and enough and looks_like_header(cells, "."):
            return cells
    return []


def _score(body: list[list[str]], width: int, decimal: str, delimiter: str) -> float | None:
    regular = [cells for cells in body if width - 1 <= len(cells) <= width + 1]
    ragged_ok = [cells for cells in body if 2 <= len(cells) < width - 1 and _has_numbers(cells, decimal)]
    if len(regular) + 0.5 * len(ragged_ok) < MIN_REGULAR * len(body):
        return None
    filled = numbers = 0
    numeric_columns = 0
    for column in range(width):
        cells = [row[column] for row in regular if column < len(row) and row[column].strip().lower() not in BLANKS]
        good = sum(is_number(cell, decimal) for cell in cells)
        filled += len(cells)
        numbers += good
        numeric_columns += bool(cells) and good >= 0.8 * len(cells)
    if not numeric_columns or not filled:
        return None
    share = numbers / filled
    # Words between blanks are prose or a text log; a table cut by white space holds numbers only.
    if share < (0.95 if delimiter == " " else 0.3):
        return None
    if delimiter == " " and len(regular) < 3:
        return None
    return share * len(regular) / len(body) + 0.001 * numeric_columns / (numeric_columns + 1)


def _one_column(lines: list[str]) -> Dialect | None:
    """A list of numbers, one a line, with a name above it or with fractions in it."""
    rows = [(n, line.strip()) for n, line in enumerate(lines) if line.strip() and not is_comment(line)]
    decimal = "," if any(re.fullmatch(r"[+-]?\d+,\d+", cell) for _, cell in rows) else "."
    if not rows:
        return None
    header: tuple[str, ...] | None = None
    if len(rows) > 1 and looks_like_header([rows[0][1]], decimal) and len(rows[0][1]) <= 80:
        header = (rows[0][1].strip("\"'"),)
    numbered = header is None and _are_numbered([rows[0][1]], [[cell] for _, cell in rows[1:]])
    body = rows[1:] if header or numbered else rows
    if len(body) < LEAST_BELOW or not all(is_number_or_blank(cell, decimal) for _, cell in body):
        return None
    if header is None and not any(is_number(cell, decimal) and _FRACTION.search(cell) for _, cell in body):
        return None
    if header is not None and not (is_known_name(header[0]) or any(_FRACTION.search(cell) for _, cell in body)):
        return None
    start = rows[0][0]
    return Dialect("\t", decimal, header, 1, start + 1 if header or numbered else start, tuple(lines[: min(start, 40)]))
