"""Jupyter notebooks: what their cells printed, and the tables that trainers draw in them.

The output of each cell is read as a job's output is. Hugging Face's Trainer and fastai print no lines in a notebook but
draw a table, which is kept as HTML. Nothing of a notebook is run; of its code only plain assignments ahead of the
training are taken, as settings.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from math import isfinite
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Log, RawSeries, Setting
from losslens.parsers import dumped, text
from losslens.parsers.assemble import Assembly
from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.parsers.cells import is_number_or_blank
from losslens.parsers.columns import Columns
from losslens.parsers.json_reading import Json, loads
from losslens.parsers.opening import HeldOutput, LogFile
from losslens.parsers.printed.windows import records_in
from losslens.parsers.python_settings import assigned
from losslens.patterns import compiled, compiled_bytes

NAME = "notebook"

MAX_BYTES = 256 << 20
"""A larger one is refused: notebooks of this size are full of pictures, and have to be held whole."""
#: What a notebook with a training in it holds somewhere; most notebooks are passed over by this alone.
_PROMISING = compiled_bytes(rb"loss|epoch|iter|perplexity|reward", re.IGNORECASE)
_NOTEBOOK = compiled_bytes(rb'"(?:cells|worksheets)"\s*:|"cell_type"\s*:|"nbformat"\s*:')
#: So much of a cell's output shows whether it is one of a training.
LOOKED_AT = 1 << 18
_TAG = compiled(r"<[^<>]*>")
#: What Hugging Face's Trainer writes where nothing was logged yet.
_NOTHING = frozenset(["no log", ""])
#: Hugging Face's Trainer writes the last training loss again in every row of an evaluation until it has another.
CARRIED = "Training Loss"
MOST_CELLS_OF_A_ROW = 200
#: A loss by its name and nothing else: a frame of results has names of more words.
_LOSS = compiled(r"(?:(?:train|training|val|valid|validation|test)_)?loss(?:es)?(?:_(?:train|val|valid|test))?")
#: What the code of a cell ends with: "losses", "print(history.history)".
_SHOWN = compiled(r"(?:^|\n)(?:print\()?(?:\w+\.)*(?P<name>[A-Za-z_]\w*)\)?;?\s*\Z")
_DOTS = frozenset(["...", "…", "⋮"])
LEAST_ROWS = 5
"""Of a frame that is a course: `head()` shows as many."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """One cell of code: its place among all cells from 1, its code, what it printed, its tables as HTML, its values."""

    number: int
    source: str
    printed: str
    tables: tuple[str, ...]
    values: tuple[str, ...] = ()


def sniff(path: Path, head: bytes) -> bool:
    """A notebook with a cell whose output holds numbers of a training."""
    if path.suffix.lower() != ".ipynb" or not _NOTEBOOK.search(head):
        return False
    try:
        if path.stat().st_size > MAX_BYTES or not _PROMISING.search(path.read_bytes()):
            return False
        cells = _cells(path)
    except (OSError, ParseError):
        return False
    if any(records_in(cell.printed[:LOOKED_AT]) or _table(cell) is not None for cell in cells):
        return True
    return any(any(_frames(cell)) or _of_lists(path, cell) for cell in cells)


def parse(path: Path) -> tuple[Log, ...]:
    """A Log for each training, named after the cell that printed it where there are several.

    Raises NotALogError when no cell printed numbers of a training, ParseError for a broken notebook.
    """
    logs: list[Log] = []
    settings: dict[str, Setting] = {}
    for cell in _cells(path):
        place = Path(f"{path}[cell {cell.number}]")
        settings |= {one.name: one for one in assigned(cell.source, place)}
        for log in _logs(path, place, cell):
            hint = f"cell {cell.number}" + (f", {log.group_hint}" if log.group_hint else "")
            own = {one.name for one in log.settings}
            given = tuple(one for name, one in settings.items() if name not in own)
            log = replace(log, path=str(path), format=NAME, settings=(*log.settings, *given), group_hint=hint)
            if logs and _goes_on(logs[-1], log):
                logs[-1] = _joined_logs(logs[-1], log)
            else:
                logs.append(log)
    logs = logs or _of_frames(path) or _of_longest_lists(path)
    if not logs:
        raise NotALogError(f"{path}: no cell of it printed numbers of a training")
    if len({log.group_hint for log in logs}) == 1:
        return tuple(replace(log, group_hint=None) for log in logs)
    return tuple(logs)


def _logs(path: Path, place: Path, cell: _Cell) -> Iterator[Log]:
    table = _table(cell)
    events: tuple[Log, ...] = ()
    if cell.printed and (table is not None or records_in(cell.printed[:LOOKED_AT])):
        try:
            events = text.read_output(place, partial(HeldOutput, path, cell.printed))
        except NotALogError:
            events = ()
    if table is not None:
        trainer = "hf" if {"Training Loss", "Validation Loss"} & table.by_name.keys() else None
        yield from Assembly(path, NAME, table, trainer=trainer).logs()
        events = tuple(log for log in events if _speaks(log))
    yield from events


def _goes_on(before: Log, after: Log) -> bool:
    """Whether the cell behind trained on: the same numbers, counted from where the one above ended."""
    if not before.series or before.series.keys() != after.series.keys() or after.table is not None:
        return False
    pairs = [(before.series[tag], after.series[tag]) for tag in before.series]
    return all(a.axis == b.axis != "row" and int(b.step[0]) == int(a.step[-1]) + _interval(a) for a, b in pairs)


def _interval(series: RawSeries) -> int:
    return int(series.step[-1] - series.step[-2]) if series.step.size > 1 else 1


def _joined_logs(before: Log, after: Log) -> Log:
    """Two logs of which the second goes on with the first."""
    import numpy as np

    rows = max(int(series.row[-1]) for series in before.series.values()) + 1
    series = {
        tag: replace(
            one,
            step=np.concatenate([one.step, after.series[tag].step]),
            value=np.concatenate([one.value, after.series[tag].value]),
            wall_time=np.concatenate([one.wall_time, after.series[tag].wall_time]),
            row=np.concatenate([one.row, after.series[tag].row + rows]),
        )
        for tag, one in before.series.items()
    }
    return replace(
        before,
        series=series,
        events=(*before.events, *after.events),
        warnings=(*before.warnings, *after.warnings),
        restarts=(*before.restarts, rows),
    )


def _speaks(log: Log) -> bool:
    """Whether what was printed beside a table has a course of its own."""
    return any(is_known_name(tag) and series.step.size > 2 for tag, series in log.series.items())


# ---------------------------------------------------------------- the notebook


def _cells(path: Path) -> list[_Cell]:
    """The cells of code with an output. Raises ParseError where the notebook is no JSON."""
    try:
        document = loads(LogFile(path).document().lstrip("\ufeff"))
    except ValueError as error:
        raise ParseError(f"{path}: not a notebook that can be read: {error}") from error
    if not isinstance(document, dict):
        raise ParseError(f"{path}: not a notebook")
    cells = document.get("cells")
    if not isinstance(cells, list):  # before 2014 they stood on sheets
        sheets = document.get("worksheets")
        found = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)] if isinstance(sheets, list) else []
        cells = [cell for part in found if isinstance(part, list) for cell in part]
    return [
        _cell(n, cell) for n, cell in enumerate(cells, 1) if isinstance(cell, dict) and cell.get("cell_type") == "code"
    ]


def _cell(number: int, cell: Mapping[str, Json]) -> _Cell:
    printed: list[str] = []
    tables: list[str] = []
    values: list[str] = []
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream":
            printed.append(_joined(output.get("text")))
        elif kind in ("error", "pyerr"):
            said = _joined(output.get("evalue")).strip().splitlines() or [""]
            printed.append(f"\nTraceback (most recent call last):\n{_joined(output.get('ename'))}: {said[-1]}\n")
        else:
            data = output.get("data")
            shown = _joined(data.get("text/html") if isinstance(data, dict) else output.get("html"))
            if "<table" in shown:
                tables.append(shown)
            elif isinstance(data, dict) or "text" in output:
                values.append(_joined(data.get("text/plain") if isinstance(data, dict) else output.get("text")))
    source = _joined(cell.get("source") or cell.get("input"))
    return _Cell(number, source, "".join(printed), tuple(tables), tuple(values))


def _joined(value: Json) -> str:
    if isinstance(value, list):
        return "".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) else ""


# ---------------------------------------------------------------- tables


def _table(cell: _Cell) -> Columns | None:
    """The rows of the tables of trainings that a cell shows; None where it shows none.

    A table that is drawn again while it grows counts once; one that begins anew is another start.
    """
    found: list[tuple[tuple[str, ...], list[tuple[str, ...]]]] = []
    for shown in cell.tables:
        for header, rows in _tables_in(shown):
            if found and found[-1][0] == header and rows[: len(found[-1][1])] == found[-1][1]:
                found[-1] = header, rows
            elif rows:
                found.append((header, rows))
    columns = Columns()
    for header, rows in found:
        if columns.n_rows:
            columns.restarts.append(columns.n_rows)
        before: dict[str, str] = {}
        for row in rows:
            told = {name: value for name, value in zip(header, row, strict=False) if value.lower() not in _NOTHING}
            again = told.get(CARRIED) if told.get(CARRIED) == before.get(CARRIED) else None
            before = told
            if again is not None and _is_some_number(again):
                told = {name: value for name, value in told.items() if name != CARRIED}
            columns.add_record(told)
    return columns if columns.n_rows else None


def _is_some_number(cell: str) -> bool:
    """A number, and none that a training that failed prints again and again."""
    try:
        return isfinite(float(cell)) and float(cell) != 0.0
    except ValueError:
        return False


def _tables_in(shown: str) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Header and rows of each table that names a place and a loss; a frame of pandas numbers its rows and is none."""
    for part in shown.split("<table")[1:]:
        rows = [_row(piece.partition("</tr")[0]) for piece in part.partition("</table")[0].split("<tr")[1:]]
        rows = [row for row in rows if row]
        if len(rows) < 1 or not rows[0][0] or not _is_header(rows[0]):
            continue
        yield rows[0], rows[1:]


def _of_frames(path: Path) -> list[Log]:
    """The frame of pandas with the most rows that shows the course of a training, where no cell printed one."""
    frames = [(cell.number, frame) for cell in _cells(path) for frame in _frames(cell)]
    if not frames:
        return []
    _, columns = max(frames, key=lambda item: item[1].n_rows)
    return list(Assembly(path, NAME, columns).logs())


def _of_longest_lists(path: Path) -> list[Log]:
    """The course that the longest lists tell which a cell shows, such as ``history.history``; none where none does."""
    found = [logs for cell in _cells(path) if (logs := _of_lists(path, cell))]
    longest = max(found, key=lambda logs: max(one.step.size for log in logs for one in log.series.values()), default=())
    return [replace(log, format=NAME) for log in longest]


def _of_lists(path: Path, cell: _Cell) -> tuple[Log, ...]:
    """The lists that a cell printed or has as its value; those without a name are called as what its code ends with."""
    name = match["name"] if (match := _SHOWN.search(cell.source)) else ""
    for shown in (cell.printed[:LOOKED_AT], *(value[:LOOKED_AT] for value in cell.values)):
        if "[" in shown and (shown.lstrip()[0] not in "[{" or name):
            text = f"{name} = {shown.lstrip()}" if shown.lstrip()[0] in "[{" else shown
            if logs := dumped.logs_in(path, text):
                return logs
    return ()


def _frames(cell: _Cell) -> Iterator[Columns]:
    """The frames of pandas that a cell shows with a loss in them: numbers alone, in rows that are counted.

    Of a long frame pandas shows both ends, with a row of dots between them.
    """
    for shown in cell.tables:
        for part in shown.split("<table")[1:]:
            pieces = part.partition("</table")[0].split("<tr")[1:]
            header, *rows = [_row(piece.partition("</tr")[0]) for piece in pieces] or [()]
            if len(header) < 2 or header[0] or not any(_LOSS.fullmatch(normalise(name)) for name in header[1:]):
                continue
            counted = rows[0][0] if rows and rows[0] and not any(rows[0][1:]) else "step"
            if any(normalise(name) in STEP_RANK for name in header[1:]):
                counted = ""
            rows = [row for row in rows if any(row[1:]) and not set(row) <= _DOTS]
            if len(rows) < LEAST_ROWS or not all(_is_counted(row, len(header)) for row in rows):
                continue
            if all(int(a[0]) < int(b[0]) for a, b in pairwise(rows)):
                columns = Columns()
                for row in rows:
                    columns.add_record(dict(zip((counted, *header[1:]), row, strict=True)))
                if not counted:
                    del columns.by_name[counted]
                yield columns


def _is_counted(row: Sequence[str], width: int) -> bool:
    return len(row) == width and row[0].isdecimal() and all(is_number_or_blank(one) for one in row[1:])


def _is_header(names: Sequence[str]) -> bool:
    return normalise(names[0]) in STEP_RANK and any("loss" in name.lower() for name in names[1:])


def _row(piece: str) -> tuple[str, ...]:
    cells = re.split(r"<t[hd]\b", piece)[1 : MOST_CELLS_OF_A_ROW + 1]
    return tuple(html.unescape(_TAG.sub("", re.sub(r"^[^>]*>", "", cell, count=1))).strip() for cell in cells)
