"""Folders with a file a tag and no header: d3rlpy writes ``epoch,step,value`` to ``loss.csv``, TorchRL ``step,value``.

d3rlpy keeps mean, deviation, minimum and maximum of each layer's gradient in one file.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from losslens.errors import NotALogError, ParseError
from losslens.model import Log, RawSeries, Setting, Warning
from losslens.parsers.opening import LogFile, lines_of

NAME = "scalar-csv"

#: What the columns of a file are, by their number; the first of a row that is no place has the tag of the file.
_COLUMNS: dict[int, tuple[str, ...]] = {
    2: ("step", ""),
    3: ("epoch", "step", ""),
}
_SETTINGS = "params.json"
_GRADIENTS = "epoch,step,"


def sniff(path: Path, head: bytes) -> bool:
    """One file says too little of itself: a data set without a header looks like it."""
    return False


def claims(path: Path, names: Sequence[str]) -> bool:
    if _SETTINGS in names and "time_step.csv" in names:
        return True
    files = [name for name in names if name.endswith(".csv")]
    return path.name == "scalars" and bool(files) and len(files) == len(names) and _without_header(path / files[0])


def owns(path: Path, name: str) -> bool:
    return name == _SETTINGS or (name.endswith(".csv") and _without_header(path / name))


def _without_header(file: Path) -> bool:
    """Whether a file begins with a place and a number, or as d3rlpy begins those of gradients."""
    try:
        with file.open("rb") as opened:
            line = opened.readline(200).decode("ascii")
        cells = line.split(",")
        return line.startswith(_GRADIENTS) or (
            len(cells) in _COLUMNS and cells[0].isdigit() and float(cells[-1]) is not None
        )
    except (OSError, ValueError):
        return False


def parse(path: Path) -> tuple[Log, ...]:
    """One Log of all tags. Raises NotALogError when no file of the folder can be read."""
    series: dict[str, RawSeries] = {}
    warnings: list[Warning] = []
    for file in sorted(path.glob("*.csv")):
        if not _without_header(file):
            continue
        try:
            series.update(_read(file, warnings))
        except ParseError as error:
            warnings.append(Warning(error.code, str(error)))
    if not series:
        raise NotALogError(f"{path}: no file of it holds rows of a step and a number")
    trainer = "d3rlpy" if (path / _SETTINGS).is_file() else "torchrl"
    return (Log(str(path), NAME, series, _settings(path), warnings=tuple(warnings), trainer=trainer),)


def _read(file: Path, warnings: list[Warning]) -> dict[str, RawSeries]:
    places: tuple[str, ...] = ()
    columns: list[array[float]] = []
    odd = 0
    for block in LogFile(file).blocks():
        for line in lines_of(block):
            try:
                numbers = [float(cell) for cell in line.split(",")]
            except ValueError:
                if not places and line.startswith(_GRADIENTS):  # only the files of gradients have a header
                    places = tuple(line.split(","))
                    columns = [array("d") for _ in places]
                else:
                    odd += bool(line.strip())
                continue
            if not places and len(numbers) in _COLUMNS:
                places = _COLUMNS[len(numbers)]
                columns = [array("d") for _ in places]
            if len(numbers) != len(places):
                odd += 1
                continue
            for column, number in zip(columns, numbers, strict=True):
                column.append(number)
    if odd:
        warnings.append(Warning("unread-cells", f"{file.name}: {odd} rows were no step and number, and left out"))
    if not places:
        return {}
    table = dict(zip(places, (np.frombuffer(column) for column in columns), strict=True))
    step = table.pop("step").astype(np.int64)
    epoch = table.pop("epoch", None)
    row, never = np.arange(step.size), np.full(step.size, np.nan)
    found = {f"{file.stem}/{name}" if name else file.stem: values for name, values in table.items()}
    series = {tag: RawSeries(tag, step, values, never, row) for tag, values in found.items()}
    if epoch is not None and "" in table:
        series["epoch"] = RawSeries("epoch", step, epoch, never, row)
    return series


def _settings(path: Path) -> tuple[Setting, ...]:
    from losslens.parsers import settings

    return settings.kept_in(path / _SETTINGS)
