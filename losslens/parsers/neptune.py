"""Neptune's folders of operations that were not sent: ``.neptune/offline/run__ID/`` with ``data-N.log``.

An operation a line: a number or more for a path, a value for a path, a piece of what was printed. An online run whose
connection was lost keeps the same under ``.neptune/async/``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Damage, Log, LogEvent, Setting
from losslens.parsers.endings import ended_as
from losslens.parsers.json_reading import Json, number_of
from losslens.parsers.opening import LogFile, peeked, placed_lines
from losslens.parsers.points import Points, take_lines
from losslens.parsers.settings import flat_settings
from losslens.parsers.stored_output import StoredOutput
from losslens.patterns import compiled, compiled_bytes

NAME = "neptune"

_DATA = compiled(r"data-(\d+)\.log")
_OWN = frozenset(["last_ack_version", "last_put_version", "metadata.json", "upload_path"])
_FIRST = compiled_bytes(rb'\{"obj": ?\{"type": ?"\w+", ?"path": ?\[')
#: What Neptune notes of its own accord.
_SYSTEM = frozenset(["sys", "monitoring", "source_code"])
_ASSIGNED = frozenset(["AssignFloat", "AssignInt", "AssignBool", "AssignString"])
#: Neptune has no NaN: it leaves out what is not finite, and says so.
_SKIPPED = compiled(r"trying to log \(`(-?(?:nan|inf))`\) will be skipped")


def sniff(path: Path, head: bytes) -> bool:
    """No file of the folder is the whole log."""
    return False


def claims(path: Path, names: Sequence[str]) -> bool:
    return any(_FIRST.match(peeked(path / name)) for name in names if _DATA.fullmatch(name))


def owns(path: Path, name: str) -> bool:
    return name in _OWN or _DATA.fullmatch(name) is not None


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one run. Raises NotALogError when it holds no number."""
    reader = _Reader(path)
    files = sorted((int(match[1]), file) for file in path.iterdir() if (match := _DATA.fullmatch(file.name)))
    for _, file in files:
        reader.read(file)
    points = reader.points
    series = points.series()
    if not series:
        raise NotALogError(f"{path}: a Neptune run without a number")
    return (
        Log(
            str(path),
            NAME,
            series,
            tuple(reader.settings.values()),
            (*reader.output.events(points.step_before), *reader.events),
            tuple(reader.damage),
            (*points.warnings(), *reader.output.warnings()),
            # The rows of a run that left numbers out tell which ones: those that always came with the others.
            points.table() if reader.left_out else None,
            trainer=NAME,
            group_hint=reader.name,
        ),
    )


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.points = Points()
        self.output = StoredOutput(path)
        self.settings: dict[str, Setting] = {}
        self.events: list[LogEvent] = []
        self.damage: list[Damage] = []
        self.name: str | None = None
        self.left_out = False

    def read(self, path: Path) -> None:
        file = LogFile(path)
        self.damage += take_lines(placed_lines(file), self._take, str(path), "an operation", self.points)
        last = self.points.last_step()
        self.damage.extend(replace(damage, after_step=last) for damage in file.damage)

    def _take(self, record: Json) -> None:
        operation = record.get("obj") if isinstance(record, dict) else None
        path = operation.get("path") if isinstance(operation, dict) else None
        if not isinstance(operation, dict) or not isinstance(path, list) or not path:
            raise ValueError("no operation")
        kind, parts = operation.get("type"), [str(part) for part in path]
        if kind == "LogFloats" and parts[0] not in _SYSTEM:
            self._floats("/".join(parts), operation)
        elif kind == "LogStrings" and parts[-1] in ("stdout", "stderr"):
            self._strings(parts[-1], operation)
        elif kind in _ASSIGNED and parts[0] not in _SYSTEM:
            for setting in flat_settings({".".join(parts): operation.get("value")}, self.path):
                self.settings[setting.name] = setting
        elif parts == ["sys", "name"]:
            self.name = str(operation.get("value"))
        elif parts == ["sys", "failed"] and operation.get("value") is True:
            self.events.append(ended_as("the run failed", self.path, self.points.last_step()))

    def _floats(self, tag: str, operation: Mapping[str, Json]) -> None:
        for point in _values(operation):
            try:
                step, value = number_of(point.get("step")), number_of(point.get("value"))
            except ValueError:
                self.points.leave_out(tag)
                continue
            self.points.add(tag, step, value, _moment(point))

    def _strings(self, stream: str, operation: Mapping[str, Json]) -> None:
        for point in _values(operation):
            text, time = str(point.get("value") or ""), _moment(point)
            skipped = _SKIPPED.search(text)
            if skipped:
                self.left_out = True
                said = f"Neptune leaves out the values that are {skipped[1]}"
                self.events.append(LogEvent("nan-message", said, str(self.path), self.points.last_step(), time))
            else:
                self.output.take(stream, text, time, len(self.points))


def _values(operation: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    values = operation.get("values")
    return [point for point in values if isinstance(point, dict)] if isinstance(values, list) else []


def _moment(point: Mapping[str, Json]) -> float:
    """Seconds UTC."""
    time = point.get("ts")
    return float(time) if isinstance(time, int | float) else float("nan")
