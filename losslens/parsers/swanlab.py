"""SwanLab's run folders: ``run-TIME-ID/`` with ``run-ID.swanlab``, before version 0.8 ``backup.swanlab``.

The file starts with ``:SWL``, a magic number and a version; then come the records: protobuf messages, before 0.8 JSON
objects. Field numbers are those of the client's ``swanlab/record/v1``. ``files/config.yaml`` holds the settings; the
``logs/`` and ``console/`` of local mode say again what the file says.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Log, LogEvent, Setting
from losslens.parsers.endings import ended_as
from losslens.parsers.event_files.events import BYTES, FIXED64, VARINT, MalformedEvent, fields, signed, text_of
from losslens.parsers.framed_records import FramedRecords
from losslens.parsers.json_reading import Json, loads, number_of
from losslens.parsers.opening import peeked
from losslens.parsers.points import Points
from losslens.parsers.stored_output import StoredOutput

NAME = "swanlab"

_IDENT, _SUFFIX = b":SWL", ".swanlab"
#: What SwanLab writes into the folder of a run, beside the file itself.
OWN = frozenset(["console", "debug", "files", "logs", "media"])

_START, _FINISH, _SCALAR, _LOG = 10, 11, 13, 16
_START_NAME, _START_ID = 4, 10
_KEY, _STEP, _TIME, _VALUE = 1, 2, 4, 5
_LINE, _LINE_TIME = 1, 3
#: RunState of a run that did not end well.
_STATES = {2: "the run crashed", 3: "the run was aborted"}
SYSTEM = "__swanlab__"
"""How the tags of the machine's own measurements begin."""


def sniff(path: Path, head: bytes) -> bool:
    return head.startswith(_IDENT)


def claims(path: Path, names: Sequence[str]) -> bool:
    return any(peeked(path / name).startswith(_IDENT) for name in names if name.endswith(_SUFFIX))


def owns(path: Path, name: str) -> bool:
    return name in OWN or (name.endswith(_SUFFIX) and peeked(path / name).startswith(_IDENT))


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of a run's folder or of its one file. Raises NotALogError when it holds no number."""
    if not path.is_dir():
        return (_log(path, path),)
    stores = sorted(file for file in path.glob(f"*{_SUFFIX}") if peeked(file).startswith(_IDENT))
    if not stores:
        raise NotALogError(f"{path}: a SwanLab folder without its record ({_SUFFIX})")
    return tuple(_log(path, store) for store in stores)


def _log(path: Path, store: Path) -> Log:
    reader = _Reader(store)
    reader.read()
    series = reader.points.series()
    if not series and reader.records.damage:
        first = reader.records.damage[0].first_byte
        raise ParseError(f"{store}: damaged from byte {first} on: no number can be read")
    if not series:
        raise NotALogError(f"{store}: the run logged nothing: no number was found")
    return Log(
        str(path),
        NAME,
        series,
        settings_in(store.parent),
        events=(*reader.output.events(reader.points.step_before), *reader.ended),
        damage=tuple(reader.records.damage),
        warnings=(*reader.points.warnings(), *reader.output.warnings()),
        trainer=NAME,
        group_hint=reader.name or reader.run_id or None,
        first_time=reader.began,
    )


def settings_in(folder: Path) -> tuple[Setting, ...]:
    """The settings that SwanLab keeps beside a run; none where they are not there or cannot be read."""
    from losslens.parsers import settings

    return settings.kept_in(folder / "files" / "config.yaml")


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.points = Points()
        self.output = StoredOutput(path)
        self.records = FramedRecords(path, self.points.last_step)
        self.name = self.run_id = ""
        self.began: float | None = None
        self.ended: list[LogEvent] = []

    def read(self) -> None:
        for offset, record in self.records:
            try:
                if record.startswith(b"{"):
                    self._take_json(loads(record.decode("utf-8", "replace")))
                else:
                    self._take(record)
            except (MalformedEvent, ValueError):
                self.records.lost(offset, offset + len(record) - 1, "a record that is none of SwanLab's", 1)

    def _take(self, record: bytes) -> None:
        for number, wire, start, end in fields(record, 0, len(record)):
            if wire != BYTES:
                continue
            if number == _SCALAR:
                self._scalar(record, start, end)
            elif number == _LOG:
                line, time = "", None
                for n, w, x, y in fields(record, start, end):
                    if n == _LINE and w == BYTES:
                        line = text_of(record, (x, y))
                    elif n == _LINE_TIME and w == BYTES:
                        time = _moment(record, x, y)
                self.output.take("", line + "\n", time, len(self.points))
            elif number == _START:
                for n, w, x, y in fields(record, start, end):
                    if w == BYTES and n == _START_NAME:
                        self.name = text_of(record, (x, y))
                    elif w == BYTES and n == _START_ID:
                        self.run_id = text_of(record, (x, y))
            elif number == _FINISH:
                self._finish(record, start, end)

    def _scalar(self, record: bytes, start: int, end: int) -> None:
        key, step, time, value = "", 0, float("nan"), 0.0
        for number, wire, x, y in fields(record, start, end):
            if number == _KEY and wire == BYTES:
                key = text_of(record, (x, y))
            elif number == _STEP and wire == VARINT:
                step = signed(x)
            elif number == _TIME and wire == BYTES:
                time = _moment(record, x, y)
            elif number == _VALUE and wire == BYTES:
                # A value of zero is an empty message, as protobuf has it.
                for n, w, at, stop in fields(record, x, y):
                    if n == 1 and w == FIXED64:
                        (value,) = struct.unpack("<d", record[at:stop])
        self._add(key, step, value, time)

    def _finish(self, record: bytes, start: int, end: int) -> None:
        state, error = 0, ""
        for number, wire, x, y in fields(record, start, end):
            if number == 1 and wire == VARINT:
                state = x
            elif number == 2 and wire == BYTES:
                error = text_of(record, (x, y))
        self._end(_STATES.get(state, ""), error)

    def _take_json(self, value: Json) -> None:
        """A record as SwanLab wrote them before 0.8: the kind and what it holds."""
        if not isinstance(value, dict) or not isinstance(data := value.get("data"), dict):
            raise ValueError("no record")
        kind = value.get("model_type")
        if kind == "Scalar" and isinstance(metric := data.get("metric"), dict):
            step = number_of(data.get("step"))
            self._add(str(data.get("key")), step, number_of(metric.get("data")), moment(metric.get("create_time")))
        elif kind == "Log":
            self.output.take("", f"{data.get('message')}\n", moment(data.get("create_time")), len(self.points))
        elif kind == "Experiment":
            self.name, self.run_id = str(data.get("name") or ""), str(data.get("id") or "")
        elif kind == "Footer":
            self._end("" if data.get("success", True) else "the run crashed", "")

    def _add(self, key: str, step: float | None, value: float | None, time: float) -> None:
        if not key.startswith(SYSTEM):
            self.points.add(key, step, value, time)
            if self.began is None and time == time:
                self.began = time

    def _end(self, said: str, error: str) -> None:
        if said:
            lines = [line for line in error.strip().splitlines() if line.strip()]
            text = f"{said}: {lines[-1]}" if lines else said
            self.ended.append(ended_as(text, self.path, self.points.last_step()))


def _moment(record: bytes, start: int, end: int) -> float:
    """A protobuf Timestamp in s UTC."""
    seconds = nanos = 0
    for number, wire, x, _ in fields(record, start, end):
        if wire == VARINT and number == 1:
            seconds = signed(x)
        elif wire == VARINT and number == 2:
            nanos = signed(x)
    return seconds + nanos / 1e9


def moment(time: Json) -> float:
    """An ISO time in s UTC; NaN for anything else. One without a zone is UTC."""
    try:
        at = datetime.fromisoformat(str(time))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return float("nan")
