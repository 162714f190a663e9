"""A table lying on its side: a line a metric, a number an epoch, as ``writer.writerow([name, *values])`` leaves it."""

from __future__ import annotations

from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.parsers.cells import is_number_or_blank
from losslens.parsers.columns import Columns
from losslens.parsers.dialect import is_comment, split_line
from losslens.parsers.opening import lines_of
from losslens.patterns import compiled

MIN_NUMBERS = 3
MAX_LINES = 500
_NAME = compiled(r"[^\W\d]")
#: ``print("losses =", losses)``: the list of Python behind its name.
_LIST = compiled(r"\s*['\"]?([A-Za-z_][\w./ -]{0,60}?)['\"]?\s*[:=]\s*(?:(?:np\.)?array\()?[\[(](.*?)[\])]*;?\s*")


def lies_on_its_side(text: str, *, whole: bool) -> str | None:
    """The delimiter of a table whose lines are its series, or None. The last line may be cut unless ``whole``."""
    lines = [line for line in lines_of(text.lstrip("\ufeff").replace("\r\n", "\n")) if line.strip()]
    lines = [_opened(line) for line in lines if not is_comment(line)]
    if not lines or len(lines) > MAX_LINES:
        return None
    for delimiter in (",", ";", "\t"):
        rows = [split_line(line, delimiter) for line in lines]
        if not whole:
            rows[-1] = rows[-1][:-1]
        if all(_is_series(row) for row in rows) and any(_is_metric(row[0]) for row in rows):
            return delimiter
    return None


def read_sideways(text: str, delimiter: str) -> Columns:
    """The columns of such a table: the n-th number of each line stands in row n."""
    columns = Columns()
    for line in lines_of(text.lstrip("\ufeff").replace("\r\n", "\n")):
        if not line.strip() or is_comment(line):
            continue
        name, *cells = split_line(_opened(line), delimiter)
        columns[name.strip().strip("\"'")].add_cells(0, cells, ".", plain=False)
        columns.n_rows = max(columns.n_rows, len(cells))
    return columns


def _opened(line: str) -> str:
    """ "losses = [1.8, 1.7]" as the line "losses, 1.8, 1.7"; any other line as it is."""
    found = _LIST.fullmatch(line) if "[" in line or "(" in line else None
    return f"{found[1]}, {found[2].strip().rstrip(',')}" if found else line


def _is_series(row: list[str]) -> bool:
    if len(row) <= MIN_NUMBERS or not _NAME.search(row[0]) or is_number_or_blank(row[0]):
        return False
    if row[0].count("[") != row[0].count("]"):
        return False  # a list behind more than its name
    return all(is_number_or_blank(cell) for cell in row[1 : 1 + 50])


def _is_metric(name: str) -> bool:
    return is_known_name(name) and normalise(name) not in STEP_RANK
