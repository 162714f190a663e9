"""Weights & Biases offline runs: ``run-ID.wandb``, protobuf records in LevelDB's log framing, and what is in them.

The file starts with ``:W&B``, a magic number and a version; then come blocks of 32 KiB with chunks of records, each
with CRC-32 (IEEE), length and kind (whole, first, middle, last). A history record is one call of ``log``: keys with
JSON values. Field numbers are those of the client's ``wandb_internal.proto``.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Damage, Log, LogEvent, Setting
from losslens.parsers.assemble import Assembly
from losslens.parsers.columns import Columns
from losslens.parsers.event_files.events import MalformedEvent, fields, text_of
from losslens.parsers.json_reading import Json, flatten, loads
from losslens.parsers.settings import flat_settings
from losslens.parsers.text_events import Messages
from losslens.parsers.text_lines import clean

NAME = "wandb"

_IDENT = b":W&B"
_HEADER_BYTES = 7
_BLOCK_BYTES = 32_768
_CHUNK = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
#: A record longer than this is no call of ``log``; a length that large comes from damage.
_MAX_RECORD_BYTES = 64 << 20

_BYTES = 2
_RECORD_HISTORY, _RECORD_CONFIG, _RECORD_RUN, _RECORD_EXIT = 2, 5, 17, 18
_RECORD_OUTPUT, _RECORD_OUTPUT_RAW = 4, 13
_HISTORY_ITEM, _HISTORY_STEP = 1, 2
_CONFIG_UPDATE = 1
_RUN_ID, _RUN_CONFIG, _RUN_NAME = 1, 4, 8
_ITEM_KEY, _ITEM_NESTED, _ITEM_VALUE = 1, 2, 16
_OUTPUT_KIND, _OUTPUT_TIME, _OUTPUT_TEXT = 1, 2, 3
#: A line that was printed in longer pieces than this is a progress bar without an end.
_MAX_LINE = 64 << 10


def sniff(path: Path, head: bytes) -> bool:
    return head.startswith(_IDENT) or path.suffix == ".wandb"


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one offline run. Raises NotALogError when it holds no history."""
    reader = _Reader(path)
    reader.read()
    if not reader.columns.n_rows and reader.damage:
        raise ParseError(f"{path}: damaged from byte {reader.damage[0].first_byte} on: no history record can be read")
    if not reader.columns.n_rows:
        raise NotALogError(f"{path}: the run logged nothing: no history record was found")
    assembly = Assembly(path, NAME, reader.columns, wanted_axis="_step")
    return assembly.logs(
        settings=tuple(reader.settings.values()),
        events=reader.dated_events(),
        damage=reader.damage,
        group_hint=reader.name or reader.run_id,
    )


@dataclass
class _Reader:
    path: Path
    columns: Columns = field(default_factory=Columns)
    settings: dict[str, Setting] = field(default_factory=dict)
    events: list[LogEvent] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    run_id: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        self._messages = Messages(self.path)
        self._printed = {0: "", 1: ""}
        self._lines = 0

    def read(self) -> None:
        for offset, record in self._records():
            try:
                self._take(record)
            except (MalformedEvent, ValueError):
                self._lost(offset, offset + len(record) - 1, "a record that is no W&B record", 1)

    def dated_events(self) -> list[LogEvent]:
        """The printed messages with the step of the history record before them, and how the run ended."""
        steps = self.columns.by_name["_step"].dense(self.columns.n_rows) if "_step" in self.columns.by_name else ()
        dated = []
        for event, before in self._messages.events:
            step = int(steps[before - 1]) if 0 < before <= len(steps) and steps[before - 1] >= 0 else None
            dated.append(replace(event, step=step, line=None))
        return [*dated, *self.events]

    def _take(self, record: bytes) -> None:
        for number, wire, start, end in fields(record, 0, len(record)):
            if wire != _BYTES:
                continue
            if number == _RECORD_HISTORY:
                self._history(record, start, end)
            elif number == _RECORD_CONFIG:
                self._config(record, start, end)
            elif number == _RECORD_RUN:
                self._run(record, start, end)
            elif number in (_RECORD_OUTPUT, _RECORD_OUTPUT_RAW):
                self._output(record, start, end)
            elif number == _RECORD_EXIT:
                code = next((x for n, w, x, _ in fields(record, start, end) if n == 1 and w == 0), 0)
                kind, text = ("finished", "finished") if code == 0 else ("killed", f"exit code {code}")
                self.events.append(LogEvent(kind, text, str(self.path)))

    def _history(self, record: bytes, start: int, end: int) -> None:
        values: dict[str, object] = {}
        for number, wire, x, y in fields(record, start, end):
            if number == _HISTORY_ITEM and wire == _BYTES:
                key, value = _item(record, x, y)
                if isinstance(value, dict) and "_type" in value:
                    continue  # an image, a table, a histogram
                values.update({name: v for name, v in flatten({key: value}) if not isinstance(v, list)})
            elif number == _HISTORY_STEP and wire == _BYTES:
                step = next((s for n, w, s, _ in fields(record, x, y) if n == 1 and w == 0), None)
                if step is not None:
                    values.setdefault("_step", step)
        if values:
            self.columns.add_record({key: _number(value) for key, value in values.items()})

    def _config(self, record: bytes, start: int, end: int) -> None:
        for number, wire, x, y in fields(record, start, end):
            if number == _CONFIG_UPDATE and wire == _BYTES:
                key, value = _item(record, x, y)
                if key and not key.startswith("_wandb"):
                    for setting in flat_settings({key: value}, self.path):
                        self.settings[setting.name] = setting

    def _run(self, record: bytes, start: int, end: int) -> None:
        for number, wire, x, y in fields(record, start, end):
            if wire != _BYTES:
                continue
            if number == _RUN_ID:
                self.run_id = text_of(record, (x, y))
            elif number == _RUN_NAME:
                self.name = text_of(record, (x, y))
            elif number == _RUN_CONFIG:
                self._config(record, x, y)

    def _output(self, record: bytes, start: int, end: int) -> None:
        """What the program printed, piece by piece: its messages are kept, its numbers stand in the history."""
        kind, time, text = 0, None, ""
        for number, wire, x, y in fields(record, start, end):
            if number == _OUTPUT_KIND and wire == 0:
                kind = 1 if x else 0
            elif number == _OUTPUT_TIME and wire == _BYTES:
                time = next((float(s) for n, w, s, _ in fields(record, x, y) if n == 1 and w == 0), None)
            elif number == _OUTPUT_TEXT and wire == _BYTES:
                text = text_of(record, (x, y))
        *whole, rest = re.split(r"[\r\n]+", self._printed[kind] + text)
        self._printed[kind] = rest[-_MAX_LINE:]
        for raw in whole:
            self._lines += 1
            if raw.strip():
                self._messages.take(raw, clean(raw).text, self._lines, time, self.columns.n_rows)

    def _records(self) -> Iterator[tuple[int, bytes]]:
        """Records with the byte they begin at, put together from their chunks; a block is read at a time."""
        parts: list[bytes] = []
        began = 0
        for offset, kind, data in self._chunks():
            if kind in (_WHOLE, _FIRST):
                if parts:
                    self._lost(began, offset - 1, "a record without its end", 1)
                parts, began = [data], offset
            elif parts:
                parts.append(data)
            else:
                self._lost(offset, offset + len(data) - 1, "a record without its beginning", 1)
                continue
            if kind in (_WHOLE, _LAST):
                yield began, b"".join(parts)
                parts = []
            elif sum(map(len, parts)) > _MAX_RECORD_BYTES:
                self._lost(began, offset + len(data) - 1, "a record longer than any log call", 1)
                parts = []
        if parts:
            self._lost(began, began + sum(map(len, parts)) - 1, "the last record is cut off", None)

    def _chunks(self) -> Iterator[tuple[int, int, bytes]]:
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise ParseError(f"{self.path}: cannot be read: {error.strerror or error}") from error
        with file:
            base = 0
            while block := file.read(_BLOCK_BYTES):
                yield from self._chunks_of(block, base, _HEADER_BYTES if base == 0 else 0)
                base += len(block)

    def _chunks_of(self, block: bytes, base: int, at: int) -> Iterator[tuple[int, int, bytes]]:
        while at + _CHUNK.size <= len(block):
            crc, length, kind = _CHUNK.unpack_from(block, at)
            data = block[at + _CHUNK.size : at + _CHUNK.size + length]
            if kind == 0 and length == 0:
                return  # the padding at the end of a block
            if len(data) < length or not _WHOLE <= kind <= _LAST:
                cut = len(block) < _BLOCK_BYTES and kind <= _LAST
                reason = "the last record is cut off" if cut else "a broken length: the rest of its block is lost"
                self._lost(base + at, base + len(block) - 1, reason, None)
                return
            if zlib.crc32(data, zlib.crc32(bytes([kind]))) != crc:
                self._lost(base + at, base + at + _CHUNK.size + length - 1, "a record whose checksum is wrong", 1)
            else:
                yield base + at, kind, data
            at += _CHUNK.size + length

    def _lost(self, first: int, last: int, reason: str, records: int | None) -> None:
        step: int | None = None
        if "_step" in self.columns.by_name and len(self.columns["_step"].values):
            step = int(self.columns["_step"].values[-1])
        self.damage.append(Damage(str(self.path), first, last, reason, records, step))


def _item(record: bytes, start: int, end: int) -> tuple[str, Json]:
    key = ""
    nested: list[str] = []
    value: Json = None
    for number, wire, x, y in fields(record, start, end):
        if wire != _BYTES:
            continue
        if number == _ITEM_KEY:
            key = text_of(record, (x, y))
        elif number == _ITEM_NESTED:
            nested.append(text_of(record, (x, y)))
        elif number == _ITEM_VALUE:
            value = loads(text_of(record, (x, y)))
    return key or "/".join(nested), value


def _number(value: object) -> object:
    """W&B writes NaN and infinities as words in quotes."""
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    return value
