"""trackio's SQLite store ``PROJECT.db``: a row a call of ``log``, its numbers as JSON; a Log for every run in it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Damage, Log, LogEvent, Setting
from losslens.parsers.databases import BROKEN, columns, is_one, opened, tables
from losslens.parsers.json_reading import Json, flatten, loads, number_of
from losslens.parsers.points import Points
from losslens.parsers.settings import flat_settings
from losslens.parsers.swanlab import moment

NAME = "trackio"

_COLUMNS = frozenset(["run_name", "step", "timestamp", "metrics"])


def sniff(path: Path, head: bytes) -> bool:
    return is_one(path, head, _is_trackio)


def parse(path: Path) -> tuple[Log, ...]:
    """A Log for every run with numbers. Raises NotALogError when there is none, ParseError for a broken database."""
    try:
        with contextlib.closing(opened(path)) as db:
            if not _is_trackio(db):
                raise NotALogError(f"{path}: a database, but not one of trackio's")
            logs = _logs(path, db)
    except BROKEN as error:
        raise ParseError(f"{path}: cannot be read as a trackio database: {error}") from error
    if not logs:
        raise NotALogError(f"{path}: a trackio database without a number")
    return logs


def _is_trackio(db: sqlite3.Connection) -> bool:
    return "metrics" in tables(db) and columns(db, "metrics") >= _COLUMNS


def _logs(path: Path, db: sqlite3.Connection) -> tuple[Log, ...]:
    # Before it gave runs an id, trackio knew them by their name.
    key = "run_id" if "run_id" in columns(db, "metrics") else "run_name"
    runs = db.execute(f"SELECT {key}, run_name FROM metrics GROUP BY {key} ORDER BY min(timestamp), min(id)").fetchall()
    logs: list[Log] = []
    names: set[str] = set()
    for run, name in runs:
        points, broken = _points(db, key, run)
        series = points.series()
        if not series:
            continue
        hint = f"{name}-{str(run)[:8]}" if not name or name in names else str(name)
        names.add(hint)
        # SQLite keeps a row anywhere in the file.
        damage = (Damage(str(path), 0, 0, "rows whose numbers are no JSON", broken),) if broken else ()
        log = Log(
            str(path),
            NAME,
            series,
            _settings(path, db, key, run),
            _alerts(path, db, key, run),
            damage,
            tuple(points.warnings()),
            trainer=NAME,
            group_hint=hint,
        )
        logs.append(log)
    return tuple(logs)


def _points(db: sqlite3.Connection, key: str, run: str) -> tuple[Points, int]:
    """The points of a run in the order they were written, and how many rows were broken."""
    points, broken = Points(), 0
    query = f"SELECT step, timestamp, metrics FROM metrics WHERE {key} = ? ORDER BY id"
    for step, time, text in db.execute(query, (run,)):
        try:
            record = loads(_text(text))
            if not isinstance(record, dict):
                raise ValueError("no record")
            at = number_of(step)
        except ValueError:
            broken += 1
            continue
        wall = moment(time)
        for tag, value in flatten({k: v for k, v in record.items() if not (isinstance(v, dict) and "_type" in v)}):
            with contextlib.suppress(ValueError):  # a word
                if (number := number_of(value)) is not None:
                    points.add(tag, at, number, wall)
    return points, broken


def _settings(path: Path, db: sqlite3.Connection, key: str, run: str) -> tuple[Setting, ...]:
    if "configs" not in tables(db) or key not in columns(db, "configs"):
        return ()
    for (text,) in db.execute(f"SELECT config FROM configs WHERE {key} = ?", (run,)):
        try:
            config: Json = loads(_text(text))
        except ValueError:
            return ()
        # What begins with "_" trackio notes of its own accord: who, when.
        own = {k: v for k, v in config.items() if not k.startswith("_")} if isinstance(config, dict) else {}
        return flat_settings(own, path)
    return ()


def _alerts(path: Path, db: sqlite3.Connection, key: str, run: str) -> tuple[LogEvent, ...]:
    """What the program asked trackio to warn of."""
    if "alerts" not in tables(db) or not columns(db, "alerts") >= {key, "title", "text", "step", "timestamp"}:
        return ()
    query = f"SELECT title, text, step, timestamp FROM alerts WHERE {key} = ? ORDER BY id LIMIT 100"
    return tuple(
        LogEvent("message", (f"{title}: {text}" if text else str(title))[:300], str(path), step, moment(time))
        for title, text, step, time in db.execute(query, (run,))
    )


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
