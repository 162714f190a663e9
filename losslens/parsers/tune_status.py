"""The table of its trials that Ray Tune prints every few seconds, where an output holds nothing else of them.

"== Status ==" above a table between bars (until 2.6), "Trial status: 2 RUNNING" above a frame since: a row a trial with
its name, its settings, how many iterations it has done ("iter") and what it reported last. A trial has a point for each
iteration at which a table was printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Log, Setting
from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.parsers.cells import read_number
from losslens.parsers.opening import LogFile, decode_head, lines_of
from losslens.parsers.points import Points
from losslens.parsers.settings import plain_setting
from losslens.patterns import compiled

NAME = "tune-status"

_NAME = "Trial name"
_HEADER = compiled(r"^\s*[|│]\s*Trial name\s", re.MULTILINE)
_SIDE = compiled(r"[|│]")
_WIDE = compiled(r"\s{2,}")
_ITERATION = "iter"
#: Columns that are neither a setting nor a measure.
_OF_THE_TRIAL = frozenset(["status", "loc", "total time (s)", "ts", _ITERATION, _NAME.lower()])
#: Rows of an output beyond which its trials are told by their own files.
MOST_ROWS = 200_000


def sniff(path: Path, head: bytes) -> bool:
    text = decode_head(head)
    if not _HEADER.search(text):
        return False
    return any(map(_measures, (names for names, _ in _rows(lines_of(text)))))


def parse(path: Path) -> tuple[Log, ...]:
    """A Log a trial. Raises NotALogError where none reported a number of a training, ParseError for too many rows."""
    file, taken = LogFile(path), 0
    trials: dict[str, dict[float, dict[str, str]]] = {}
    for names, cells in _rows(line for block in file.blocks() for line in lines_of(block)):
        row = dict(zip(names, cells, strict=True))
        iteration = _number(row.get(_ITERATION, ""))
        if iteration is None:
            continue
        taken += iteration not in trials.setdefault(row[_NAME], {})
        trials[row[_NAME]][iteration] = row
        if taken > MOST_ROWS:
            raise ParseError(f"{path}: more than {MOST_ROWS} rows of trials; give the folders of the trials instead")
    logs = [log for name, rows in trials.items() if (log := _log(path, name, rows)) is not None]
    if not logs:
        raise NotALogError(f"{path}: tables of trials that reported no number of a training")
    return tuple(logs)


def _rows(lines: Iterator[str] | list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """The rows of trials, each with the names above it."""
    names: list[str] = []
    wide = False
    for line in lines:
        if _SIDE.match(line.lstrip()[:1]) is None:
            names = names if line.lstrip()[:1] in "+├╰╭-" and line.strip() else []
            continue
        inner = line.strip().strip("|│").strip()
        if _HEADER.match(line):
            wide = len(_SIDE.findall(line)) <= 2
            names = _cells(inner, wide=wide)
        elif names and len(cells := _cells(inner, wide=wide)) == len(names):
            yield names, cells


def _cells(inner: str, *, wide: bool) -> list[str]:
    return [cell.strip() for cell in (_WIDE.split(inner) if wide else _SIDE.split(inner))]


def _measures(names: list[str]) -> bool:
    return _ITERATION in names and any(is_known_name(name) and normalise(name) not in STEP_RANK for name in names)


def _log(path: Path, trial: str, rows: dict[float, dict[str, str]]) -> Log | None:
    points = Points()
    first = next(iter(rows.values()))
    varied = [name for name in first if len({row.get(name) for row in rows.values()}) > 1 or is_known_name(name)]
    for iteration, row in sorted(rows.items()):
        for name in varied:
            if name.lower() not in _OF_THE_TRIAL and (number := _number(row.get(name, ""))) is not None:
                points.add(name, iteration, number, float("nan"), axis="iteration")
    series = points.series()
    if not any(is_known_name(tag) for tag in series):
        return None
    settings = tuple(
        Setting(name, plain_setting(cell), f"{path}:{trial}")
        for name, cell in first.items()
        if name.lower() not in _OF_THE_TRIAL and (name not in varied or normalise(name) == "lr")
    )
    return Log(str(path), NAME, series, settings=settings, group_hint=trial)


def _number(cell: str) -> float | None:
    try:
        return read_number(cell)
    except ValueError:
        return None
