"""Weights & Biases offline runs: ``run-ID.wandb``, protobuf records in LevelDB's log framing, and what is in them.

The file starts with ``:W&B``, a magic number and a version; then come the records. A history record is one call of
``log``: keys with JSON values. Field numbers are those of the client's ``wandb_internal.proto``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Log, LogEvent, Setting
from losslens.parsers.assemble import Assembly
from losslens.parsers.columns import Columns
from losslens.parsers.endings import ended_with
from losslens.parsers.event_files.events import MalformedEvent, fields, signed, text_of
from losslens.parsers.framed_records import FramedRecords
from losslens.parsers.json_reading import Json, flatten, loads
from losslens.parsers.settings import flat_settings
from losslens.parsers.stored_output import StoredOutput

NAME = "wandb"

_IDENT = b":W&B"
_BYTES = 2
_RECORD_HISTORY, _RECORD_CONFIG, _RECORD_RUN, _RECORD_EXIT = 2, 5, 17, 18
_RECORD_OUTPUT, _RECORD_OUTPUT_RAW = 4, 13
_HISTORY_ITEM, _HISTORY_STEP = 1, 2
_CONFIG_UPDATE = 1
_RUN_ID, _RUN_CONFIG, _RUN_NAME = 1, 4, 8
_ITEM_KEY, _ITEM_NESTED, _ITEM_VALUE = 1, 2, 16
_OUTPUT_KIND, _OUTPUT_TIME, _OUTPUT_TEXT = 1, 2, 3


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
    run_id: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        self._output = StoredOutput(self.path)
        self._records = FramedRecords(self.path, self._last_step)
        self.damage = self._records.damage

    def read(self) -> None:
        for offset, record in self._records:
            try:
                self._take(record)
            except (MalformedEvent, ValueError):
                self._records.lost(offset, offset + len(record) - 1, "a record that is no W&B record", 1)

    def dated_events(self) -> list[LogEvent]:
        """The printed messages with the step of the history record before them, and how the run ended."""
        steps = self.columns.by_name["_step"].dense(self.columns.n_rows) if "_step" in self.columns.by_name else ()

        def step_before(row: int) -> int | None:
            return int(steps[row - 1]) if 0 < row <= len(steps) and steps[row - 1] >= 0 else None

        return [*self._output.events(step_before), *self.events]

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
                self._take_output(record, start, end)
            elif number == _RECORD_EXIT:
                code = next((x for n, w, x, _ in fields(record, start, end) if n == 1 and w == 0), 0)
                self.events.append(ended_with(signed(code), self.path))

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

    def _take_output(self, record: bytes, start: int, end: int) -> None:
        """What the program printed, piece by piece: its messages are kept, its numbers stand in the history."""
        kind, time, text = 0, None, ""
        for number, wire, x, y in fields(record, start, end):
            if number == _OUTPUT_KIND and wire == 0:
                kind = 1 if x else 0
            elif number == _OUTPUT_TIME and wire == _BYTES:
                time = next((float(s) for n, w, s, _ in fields(record, x, y) if n == 1 and w == 0), None)
            elif number == _OUTPUT_TEXT and wire == _BYTES:
                text = text_of(record, (x, y))
        self._output.take(str(kind), text, time, self.columns.n_rows)

    def _last_step(self) -> int | None:
        if "_step" in self.columns.by_name and len(self.columns["_step"].values):
            return int(self.columns["_step"].values[-1])
        return None


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
