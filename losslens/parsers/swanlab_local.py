"""SwanLab's local mode before 0.6: ``run-TIME-ID/logs/N/1000.log`` with a line a point; which tag a number is of stands
in ``runs.swanlab`` beside the folder of the run, a SQLite file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from losslens.errors import NotALogError
from losslens.model import Damage, Log, RawSeries, Warning
from losslens.parsers import messages
from losslens.parsers.databases import BROKEN, MAGIC, opened, tables
from losslens.parsers.endings import ended_as
from losslens.parsers.json_reading import Json, number_of
from losslens.parsers.opening import LogFile, peeked, placed_lines
from losslens.parsers.points import Points, take_lines
from losslens.parsers.swanlab import OWN, SYSTEM, moment, settings_in
from losslens.patterns import compiled

NAME = "swanlab-local"

_RUN = compiled(r"run-\d{8}_\d{6}-\w+")
_PART = compiled(r"(\d+)\.log")
_STATES = {-1: "the run crashed"}


def sniff(path: Path, head: bytes) -> bool:
    """No file of the folder is the whole log."""
    return False


def claims(path: Path, names: Sequence[str]) -> bool:
    if "logs" not in names or not _RUN.fullmatch(path.name):
        return False
    first = next((parts[0] for _, parts in _tags(path) if parts), None)
    head = peeked(first) if first is not None else b""
    return head.startswith(b'{"index"') and b'"create_time"' in head


def owns(path: Path, name: str) -> bool:
    return name in OWN


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one run. Raises NotALogError when it holds no number."""
    told = _told(path)
    series: dict[str, RawSeries] = {}
    damage: list[Damage] = []
    warnings: list[Warning] = []
    for folder, parts in _tags(path):
        # Before it numbered them, SwanLab called the folders after their tags.
        tag = told.names.get(folder, unquote(folder))
        if tag.startswith(SYSTEM):
            continue
        points = Points()
        for part in parts:
            _read(part, tag, points, damage)
        series.update(points.series())
        warnings.extend(points.warnings())
    if not series:
        raise NotALogError(f"{path}: a SwanLab folder without a number")
    console = sorted((path / "console").glob("*.log")) if (path / "console").is_dir() else []
    events = [event for file in console if file.is_file() for event in messages.parse(file)[0].events]
    said = (ended_as(told.state, path),) if told.state else ()
    return (
        Log(
            str(path),
            NAME,
            _in_rows(series),
            settings_in(path),
            (*events, *said),
            tuple(damage),
            tuple(warnings),
            trainer="swanlab",
            group_hint=told.name,
        ),
    )


def _tags(path: Path) -> list[tuple[str, list[Path]]]:
    """The folder of each tag and its files, a thousand points each."""
    found = []
    for folder in sorted((path / "logs").iterdir()) if (path / "logs").is_dir() else ():
        if folder.is_dir() and not folder.is_symlink():
            parts = [(int(match[1]), file) for file in folder.iterdir() if (match := _PART.fullmatch(file.name))]
            found.append((folder.name, [file for _, file in sorted(parts) if file.is_file()]))
    return found


def _read(path: Path, tag: str, points: Points, damage: list[Damage]) -> None:
    def take(record: Json) -> None:
        if not isinstance(record, dict):
            raise ValueError("no record")
        points.add(
            tag, number_of(record.get("index")), number_of(record.get("data")), moment(record.get("create_time"))
        )

    file = LogFile(path)
    damage += take_lines(placed_lines(file), take, str(path), "a point", points)
    damage.extend(file.damage)


def _in_rows(series: dict[str, RawSeries]) -> dict[str, RawSeries]:
    """What has one step was logged together."""
    import numpy as np

    steps = np.unique(np.concatenate([one.step for one in series.values()]))
    rows = {tag: np.searchsorted(steps, one.step).astype(np.int64) for tag, one in series.items()}
    return {tag: RawSeries(tag, one.step, one.value, one.wall_time, rows[tag], one.axis) for tag, one in series.items()}


@dataclass(slots=True)
class _Told:
    """What the database beside a run says of it."""

    names: dict[str, str] = field(default_factory=dict)
    """The tag of each folder."""
    name: str | None = None
    state: str = ""


def _told(path: Path) -> _Told:
    told = _Told()
    database = path.parent / "runs.swanlab"
    try:
        if not peeked(database).startswith(MAGIC):
            return told
        with contextlib.closing(opened(database)) as db:
            if not tables(db) >= {"experiment", "tag"}:
                return told
            query = "SELECT id, name, status FROM experiment WHERE run_id = ?"
            for run, name, status in db.execute(query, (path.name,)).fetchall():
                told.name, told.state = str(name), _STATES.get(status, "")
                tags = db.execute("SELECT folder, name FROM tag WHERE experiment_id = ? ORDER BY id", (run,))
                told.names = {str(folder): str(tag) for folder, tag in tags if folder is not None}
    except BROKEN:
        return told
    return told
