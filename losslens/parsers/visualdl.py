"""``vdlrecords.*.log`` of VisualDL, which PaddlePaddle's trainers write: scalars as protobuf messages.

A file is a row of records: eight bytes with the length of a message, least first, and the message. Of a file that was
cut, what comes before the cut is read.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from losslens.errors import NotALogError
from losslens.model import Damage, Log, RawSeries, Warning
from losslens.parsers.event_files.events import BYTES, FIXED32, VARINT, MalformedEvent, fields, signed, text_of

NAME = "visualdl"

_SIZE = 8
#: Fields of a record's value. What else it may hold is pictures, texts and the like.
_STEP, _TAG, _TIME, _NUMBER, _NUMBERS = 1, 2, 3, 4, 14


def sniff(path: Path, head: bytes) -> bool:
    """True when the first record is a value with a tag."""
    if not path.name.startswith("vdlrecords.") or len(head) <= _SIZE:
        return False
    size = int.from_bytes(head[:_SIZE], "little")
    return 2 < size <= len(head) - _SIZE and head[_SIZE] == 1 << 3 | BYTES


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one file, wall times in s UTC. Raises NotALogError when no record of it is a number."""
    data = path.read_bytes()
    points: dict[str, list[tuple[int, float, float, int]]] = defaultdict(list)
    damage: list[Damage] = []
    at = row = 0
    while at < len(data):
        end = at + _SIZE + int.from_bytes(data[at : at + _SIZE], "little")
        if end > len(data) or at + _SIZE > len(data):
            damage.append(Damage(str(path), at, len(data) - 1, "the last record is cut off"))
            break
        try:
            for number, wire, start, stop in fields(data, at + _SIZE, end):
                if number == 1 and wire == BYTES:
                    _take(data, start, stop, row, points)
        except MalformedEvent as error:
            damage.append(Damage(str(path), at, end - 1, str(error)))
        at, row = end, row + 1
    if not points:
        raise NotALogError(f"{path}: no number in it")
    series, warnings = _with_places({tag: _series(tag, found) for tag, found in points.items()})
    times = [time for found in points.values() for _, _, time, _ in found if time == time]
    first = min(times, default=None)
    return (Log(str(path), NAME, series, damage=tuple(damage), warnings=warnings, trainer="paddle", first_time=first),)


def _with_places(series: dict[str, RawSeries]) -> tuple[dict[str, RawSeries], tuple[Warning, ...]]:
    """Evaluations at the step of the training that they were written behind.

    The callback of Paddle's ``Model.fit`` counts its training in steps and its evaluations in epochs.
    """
    training = [s for tag, s in series.items() if tag.startswith("train/")]
    main = max(training, key=lambda s: s.step.size, default=None)
    if main is None:
        return series, ()
    placed = {}
    for tag, one in series.items():
        before = np.searchsorted(main.row, one.row) - 1
        counts_epochs = (np.diff(one.step) == 1).all() and one.step[0] in (0, 1) and (before >= 0).all()
        if tag.startswith("eval/") and counts_epochs and (main.step[before] > 2 * one.step + 2).all():
            placed[tag] = replace(one, step=main.step[before])
    if not placed:
        return series, ()
    text = (
        f"{', '.join(sorted(placed))}: counted in epochs, placed at the training's steps that they were written behind"
    )
    return series | placed, (Warning("evaluations-counted-apart", text),)


def _take(data: bytes, at: int, end: int, row: int, points: dict[str, list[tuple[int, float, float, int]]]) -> None:
    """The numbers of one value, under its tag or, of several at once, under tag and name."""
    step, tag, time = 0, "", float("nan")
    numbers: list[tuple[str, float]] = []
    for number, wire, x, y in fields(data, at, end):
        if number == _STEP and wire == VARINT:
            step = signed(x)
        elif number == _TAG and wire == BYTES:
            tag = text_of(data, (x, y))
        elif number == _TIME and wire == VARINT:
            time = x / 1000
        elif number == _NUMBER and wire == FIXED32:
            numbers.append(("", _float(data, x)))
        elif number == _NUMBERS and wire == BYTES:
            numbers.append(_named(data, x, y))
    for name, value in numbers:
        points[f"{tag}/{name}" if name else tag].append((step, value, time, row))


def _named(data: bytes, at: int, end: int) -> tuple[str, float]:
    name, value = "", 0.0
    for number, wire, x, y in fields(data, at, end):
        if number == 1 and wire == BYTES:
            name = text_of(data, (x, y))
        elif wire == FIXED32:
            value = _float(data, x)
    return name, value


def _float(data: bytes, at: int) -> float:
    (value,) = struct.unpack_from("<f", data, at)
    return float(value)


def _series(tag: str, points: list[tuple[int, float, float, int]]) -> RawSeries:
    step, value, time, row = zip(*points, strict=True)
    return RawSeries(
        tag,
        np.array(step, dtype=np.int64),
        np.array(value, dtype=np.float64),
        np.array(time, dtype=np.float64),
        np.array(row, dtype=np.int64),
    )
