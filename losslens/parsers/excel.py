"""Excel workbooks (``.xlsx``) in which a sheet is the table of a training: a zip of XML, read without Excel's library.

A workbook is a stranger's: what it may expand to is bounded, and one whose XML declares entities is not read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, pairwise
from pathlib import Path, PurePosixPath
from typing import IO, cast
from xml.etree import ElementTree

from losslens.errors import LosslensError, NotALogError, ParseError
from losslens.model import Log, RawSeries
from losslens.parsers.axes import SPLIT_WORDS, STEP_RANK, TIMES, is_known_name, normalise
from losslens.parsers.cells import is_float
from losslens.parsers.columns import Columns
from losslens.parsers.exports import BROKEN_ZIP, ZIP, members
from losslens.patterns import compiled

NAME = "excel"

_WORKBOOK, _STRINGS = "xl/workbook.xml", "xl/sharedStrings.xml"
#: Most bytes of XML a sheet, or the texts of all sheets, may expand to, and most texts kept.
MOST_XML, MOST_STRINGS = 256 << 20, 1 << 20
#: Texts read to see whether a workbook is a log: those of the header come first.
FEW_STRINGS = 4096
#: Rows above the names of the columns: titles, settings, blank rows.
MOST_ABOVE = 40
#: Rows of numbers without a header that are a course.
LEAST_BARE = 10
MOST_COLUMNS, LONGEST = 4096, 1000
_CELL = compiled(r"([A-Z]{1,3})\d+")
#: Excel counts days from 1900 on; this many are between that and 1970.
DAYS_TO_1970 = 25_569
#: Numbers in a column of times that are such days: 1982 to 2118.
_DAYS = (30_000, 80_000)

_BROKEN = (*BROKEN_ZIP, ElementTree.ParseError)

Row = dict[int, str]


def sniff(path: Path, head: bytes) -> bool:
    """Whether a sheet has columns named as those of a training."""
    if not head.startswith(ZIP) or _WORKBOOK not in members(path):
        return False
    try:
        return any(_table(rows, _called(path, name))[0] is not None for name, rows in _sheets(path, FEW_STRINGS))
    except LosslensError:
        return False


def parse(path: Path) -> tuple[Log, ...]:
    """A Log for each sheet that is a table of a training; one, where sheets are called as the splits of one.

    Raises NotALogError when there is none, ParseError for a broken workbook.
    """
    from losslens.parsers import csv

    logs: list[tuple[str, Log]] = []
    for name, rows in _sheets(path, MOST_STRINGS):
        columns = _columns(rows, _called(path, name))
        if columns is not None and columns.n_rows:
            logs.extend((name, log) for log in csv.logs_of(path, columns, format=NAME))
    if not logs:
        raise NotALogError(f"{path}: no sheet of it is a table of a training")
    if len(logs) > 1 and all(name.lower() in SPLIT_WORDS for name, _ in logs):
        return (_of_splits(logs),)
    return tuple(replace(log, group_hint=log.group_hint or name) if len(logs) > 1 else log for name, log in logs)


def _of_splits(logs: Sequence[tuple[str, Log]]) -> Log:
    """One Log of sheets called ``train`` and ``val``; their rows are no rows of each other."""
    series: dict[str, RawSeries] = {}
    behind = 0
    for name, log in logs:
        rows = [int(one.row[-1]) + 1 for one in log.series.values() if one.row.size]
        for tag, one in log.series.items():
            series[f"{name}/{tag}"] = replace(one, tag=f"{name}/{tag}", row=one.row + behind)
        behind += max(rows, default=0)
    return replace(logs[0][1], series=series, table=None, restarts=())


@dataclass
class _Table:
    """The names of the columns of a sheet, by their place."""

    names: dict[int, str] = field(default_factory=dict)
    above: Row = field(default_factory=dict)
    """The row above them."""


def _table(rows: Iterator[Row], called: str = "") -> tuple[_Table | None, Iterator[Row]]:
    """The header among the first rows, one name of which is that of a metric, and the rows behind it.

    It has two texts or more, or one above a column of numbers. Numbers without a header are those that the sheet is
    ``called`` after, beside their steps if these are there.
    """
    head = list(islice(rows, MOST_ABOVE))
    above: Row = {}
    for n, row in enumerate(head):
        names = {at: text.strip() for at, text in row.items() if text.strip() and not is_float(text)}
        metrics = [name for name in names.values() if normalise(name) not in STEP_RANK and is_known_name(name)]
        whole = len(names) > 1 or (row.keys() == names.keys() and _is_of_numbers(head[n + 1 : n + 2], row))
        if names and whole and len(names) >= 0.5 * len(row) and metrics and all(len(m) < 100 for m in metrics):
            return _Table(names, above), chain(head[n + 1 :], rows)
        above = row
    return (_bare(head, called) if called and len(head) >= LEAST_BARE else None), chain(head, rows)


def _is_of_numbers(rows: Sequence[Row], like: Row) -> bool:
    """Whether there are rows, with numbers in the cells of one and in no others."""
    return bool(rows) and all(row.keys() == like.keys() and all(map(is_float, row.values())) for row in rows)


def _bare(head: Sequence[Row], called: str) -> _Table | None:
    places = sorted(head[0])
    if not 0 < len(places) <= 2 or not _is_of_numbers(head, head[0]):
        return None
    steps = [float(row[places[0]]) for row in head]
    if len(places) == 2 and (steps[1] <= steps[0] or any(b - a != steps[1] - steps[0] for a, b in pairwise(steps))):
        return None
    return _Table(dict(zip(places, [called] if len(places) == 1 else ["step", called], strict=True)))


def _called(path: Path, sheet: str) -> str:
    """The metric that a file or a sheet is called after."""
    return next((name for name in (path.name.split(".")[0], sheet) if is_known_name(name)), "")


def _columns(rows: Iterator[Row], called: str) -> Columns | None:
    table, rows = _table(rows, called)
    if table is None:
        return None
    columns = Columns()
    names: dict[int, str] = {}
    for at, name in table.names.items():
        names[at] = name if name not in names.values() else f"{name}.{at + 1}"
    columns.titles = {names[at]: text.strip() for at, text in table.above.items() if at in names and text.strip()}
    for row in rows:
        cells = {at: text for at, text in row.items() if at in names and text.strip()}
        if not cells:
            continue
        if all(text.strip() == table.names[at] for at, text in cells.items()):
            columns.restarts.append(columns.n_rows)  # the header again, as appended by another start
            continue
        for at, name in names.items():
            columns[name].add_cell(columns.n_rows, _dated(name, cells.get(at, "")), ".")
        columns.n_rows += 1
    return columns


def _dated(name: str, text: str) -> str:
    """A cell; of a column of times in days since 1900, as seconds since 1970."""
    if normalise(name) in TIMES and is_float(text) and _DAYS[0] < float(text) < _DAYS[1]:
        return repr((float(text) - DAYS_TO_1970) * 86_400)
    return text


# ---------------------------------------------------------------- the zip of XML


def _sheets(path: Path, most_strings: int) -> Iterator[tuple[str, Iterator[Row]]]:
    """Name and rows of each sheet, the rows as they are read. Raises ParseError."""
    try:
        with zipfile.ZipFile(path) as archive:
            strings = _strings(archive, most_strings)
            for name, member in _members(archive):
                yield name, _rows(path, archive, member, strings)
    except _BROKEN as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> ParseError:
    return ParseError(f"{path}: not a readable workbook: {str(error)[:200]}")


def _opened(archive: zipfile.ZipFile, member: str) -> IO[bytes]:
    if archive.getinfo(member).file_size > MOST_XML:  # zipfile reads no more than that
        raise ValueError(f"{member} expands to more than tables of a training do")
    return cast(IO[bytes], _Plain(archive.open(member)))


class _Plain:
    """A file of XML that declares nothing: entities can stand for more than any table holds."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._before = b""

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        seen = self._before + data
        if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen or b"\0" in data:
            raise ValueError("its XML declares what tables do not have")
        self._before = seen[-9:]
        return data

    def __enter__(self) -> _Plain:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _members(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Name and place of each sheet, in the order of the workbook."""
    with _opened(archive, "xl/_rels/workbook.xml.rels") as file:
        targets = {e.get("Id"): e.get("Target", "") for e in ElementTree.parse(file).getroot()}
    with _opened(archive, _WORKBOOK) as file:
        sheets = [e for e in ElementTree.parse(file).getroot().iter() if _local(e.tag) == "sheet"]
    found = []
    for sheet in sheets:
        key = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
        target = targets.get(key, "")
        member = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl", target))
        if member in archive.namelist() and "worksheets" in member:
            found.append((sheet.get("name", ""), member))
    return found


def _strings(archive: zipfile.ZipFile, most: int) -> list[str]:
    """The texts that cells refer to by number."""
    if _STRINGS not in archive.namelist():
        return []
    found: list[str] = []
    with _opened(archive, _STRINGS) as file:
        for element in _ends_of(file, "si"):
            found.append("".join(e.text or "" for e in element.iter() if _local(e.tag) == "t")[:LONGEST])
            if len(found) >= most:
                break
    return found


def _rows(path: Path, archive: zipfile.ZipFile, member: str, strings: Sequence[str]) -> Iterator[Row]:
    """The filled cells of each row as text, by the number of their column. Raises ParseError."""
    try:
        with _opened(archive, member) as file:
            for element in _ends_of(file, "row"):
                yield _row(element, strings)
    except _BROKEN as error:
        raise _broken(path, error) from error


def _row(element: ElementTree.Element, strings: Sequence[str]) -> Row:
    row: Row = {}
    for at, cell in enumerate(e for e in element if _local(e.tag) == "c"):
        place = _CELL.fullmatch(cell.get("r", ""))
        column = _number_of(place[1]) if place else at
        text = _text(cell, strings)
        if text and column < MOST_COLUMNS:
            row[column] = text
    return row


def _ends_of(file: IO[bytes], name: str) -> Iterator[ElementTree.Element]:
    """The elements of one name, one at a time: what was read is forgotten."""
    above: list[ElementTree.Element] = []
    for event, element in ElementTree.iterparse(file, ("start", "end")):
        if event == "start":
            above.append(element)
            continue
        above.pop()
        if _local(element.tag) == name:
            yield element
            if above:
                above[-1].clear()


def _text(cell: ElementTree.Element, strings: Sequence[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(e.text or "" for e in cell.iter() if _local(e.tag) == "t")[:LONGEST]
    value = next((e.text or "" for e in cell if _local(e.tag) == "v"), "")
    if kind == "s":
        return strings[int(value)] if value.isdigit() and int(value) < len(strings) else ""
    return value[:LONGEST]


def _number_of(letters: str) -> int:
    """0 for A, 26 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
