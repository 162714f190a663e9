"""The SQLite file of one run that Neptune's newer client, ``neptune-scale``, kept: ``run_operations.sqlite3``.

A row an update of the run, as protobuf: a step, and the numbers and texts that were logged at it or set for good. Field
numbers are those of the client's ``neptune_pb/ingest/v1/common.proto``.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Damage, Log, Setting, SettingValue
from losslens.parsers.databases import BROKEN, is_one, opened, tables
from losslens.parsers.event_files.events import BYTES, FIXED64, VARINT, MalformedEvent, fields, signed, text_of
from losslens.parsers.json_reading import Json
from losslens.parsers.points import Points
from losslens.parsers.settings import flat_settings
from losslens.parsers.stored_output import StoredOutput

NAME = "neptune-scale"

_TABLES = frozenset(["run_operations", "metadata"])
_UPDATE = 0
_STEP, _TIME, _ASSIGN, _APPEND = 1, 2, 4, 8
_KEY, _VALUE = 1, 2
_FLOAT, _INT, _BOOL, _STRING = 1, 3, 5, 6
#: What Neptune notes of its own accord.
_SYSTEM = ("sys/", "runtime/", "monitoring/", "source_code/")
_STREAMS = ("/stdout", "/stderr")


def sniff(path: Path, head: bytes) -> bool:
    return is_one(path, head, lambda db: tables(db) >= _TABLES)


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one run. Raises NotALogError when it holds no number, ParseError for a broken database."""
    reader = _Reader(path)
    try:
        with contextlib.closing(opened(path)) as db:
            reader.read(db)
    except BROKEN as error:
        raise ParseError(f"{path}: cannot be read as a database of Neptune's: {error}") from error
    series = reader.points.series()
    if not series:
        raise NotALogError(f"{path}: a Neptune run without a number")
    # SQLite keeps a row anywhere in the file.
    lost = reader.broken
    damage = (Damage(str(path), 0, 0, "updates that cannot be read", lost),) if lost else ()
    return (
        Log(
            str(path),
            NAME,
            series,
            tuple(reader.settings.values()),
            tuple(reader.output.events(reader.points.step_before)),
            damage,
            (*reader.points.warnings(), *reader.output.warnings()),
            trainer="neptune",
            group_hint=reader.name,
        ),
    )


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.points = Points()
        self.output = StoredOutput(path)
        self.settings: dict[str, Setting] = {}
        self.name: str | None = None
        self.broken = 0

    def read(self, db: sqlite3.Connection) -> None:
        for (run,) in db.execute("SELECT run_id FROM metadata LIMIT 1"):
            self.name = str(run)
        query = "SELECT operation FROM run_operations WHERE operation_type = ? ORDER BY sequence_id"
        for (record,) in db.execute(query, (_UPDATE,)):
            try:
                if not isinstance(record, bytes):
                    raise MalformedEvent("no message")
                self._update(record)
            except (MalformedEvent, struct.error):
                self.broken += 1

    def _update(self, record: bytes) -> None:
        step: int | None = None
        time = float("nan")
        assigned: dict[str, SettingValue] = {}
        appended: dict[str, SettingValue] = {}
        for number, wire, x, y in fields(record, 0, len(record)):
            if wire != BYTES:
                continue
            if number == _STEP:
                whole, micro = _two(record, x, y)
                step = whole if not micro else None  # a step between two others is no number of a step
            elif number == _TIME:
                seconds, nanos = _two(record, x, y)
                time = seconds + nanos / 1e9
            elif number in (_ASSIGN, _APPEND):
                key, value = _entry(record, x, y)
                (assigned if number == _ASSIGN else appended)[key] = value
        self._assign(assigned)
        for key, value in appended.items():
            if isinstance(value, str):
                if key.endswith(_STREAMS):
                    self.output.take(key, value, time, len(self.points))
            elif value is not None and not key.startswith(_SYSTEM):
                self.points.add(key, step, float(value), time)

    def _assign(self, assigned: dict[str, SettingValue]) -> None:
        own: dict[str, Json] = {
            key.replace("/", "."): value for key, value in assigned.items() if not key.startswith(_SYSTEM)
        }
        for setting in flat_settings(own, self.path):
            self.settings[setting.name] = setting
        if isinstance(name := assigned.get("sys/name"), str):
            self.name = name


def _entry(record: bytes, start: int, end: int) -> tuple[str, SettingValue]:
    """A key and its value; None for a value that is neither a number nor a text."""
    key, value = "", None
    for number, wire, x, y in fields(record, start, end):
        if wire == BYTES and number == _KEY:
            key = text_of(record, (x, y))
        elif wire == BYTES and number == _VALUE:
            value = _value(record, x, y)
    return key, value


def _value(record: bytes, start: int, end: int) -> SettingValue:
    for number, wire, x, y in fields(record, start, end):
        if number == _FLOAT and wire == FIXED64:
            return float(struct.unpack("<d", record[x:y])[0])
        if number == _INT and wire == VARINT:
            return signed(x)
        if number == _BOOL and wire == VARINT:
            return bool(x)
        if number == _STRING and wire == BYTES:
            return text_of(record, (x, y))
    return None


def _two(record: bytes, start: int, end: int) -> tuple[int, int]:
    """Both numbers of a Step or a Timestamp; 0 where one is not written."""
    found = {number: signed(x) for number, wire, x, _ in fields(record, start, end) if wire == VARINT}
    return found.get(1, 0), found.get(2, 0)
