"""MLflow's SQLite store ``mlflow.db``: every run in it is a Log of its own. Opened read-only, plain tables only."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import defaultdict
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Log, RawSeries, Setting
from losslens.parsers.databases import BROKEN, is_one, opened, tables
from losslens.parsers.endings import ended_as
from losslens.parsers.settings import plain_setting

NAME = "mlflow-db"

_TABLES = frozenset(["runs", "metrics", "params"])
#: SQLite has no infinities: MLflow writes the largest double instead.
_LARGEST = 1.7976931348623157e308


def sniff(path: Path, head: bytes) -> bool:
    return is_one(path, head, lambda db: tables(db) >= _TABLES)


def parse(path: Path) -> tuple[Log, ...]:
    """A Log for every run with metrics. Raises NotALogError when there is none, ParseError for a broken database."""
    try:
        with contextlib.closing(opened(path)) as db:
            if not tables(db) >= _TABLES:
                raise NotALogError(f"{path}: a database, but not one of MLflow's")
            logs = _logs(path, db)
    except BROKEN as error:
        raise ParseError(f"{path}: cannot be read as an MLflow database: {error}") from error
    if not logs:
        raise NotALogError(f"{path}: an MLflow database without a metric")
    return logs


def _logs(path: Path, db: sqlite3.Connection) -> tuple[Log, ...]:
    settings: dict[str, list[Setting]] = defaultdict(list)
    for run, key, value in db.execute("SELECT run_uuid, key, value FROM params ORDER BY key"):
        settings[run].append(Setting(key, plain_setting(str(value)), f"{path}:{run}:params"))
    logs: list[Log] = []
    names: set[str] = set()
    for run, name, status in db.execute(
        "SELECT run_uuid, name, status FROM runs ORDER BY start_time, run_uuid"
    ).fetchall():
        series = _series(db, run)
        if not series:
            continue
        hint = f"{name}-{run[:8]}" if not name or name in names else name
        names.add(hint)
        events = (ended_as(f"the run is {status}", path),) if status in ("FAILED", "KILLED") else ()
        log = Log(str(path), NAME, series, tuple(settings[run]), events, trainer="mlflow", group_hint=hint)
        logs.append(log)
    return tuple(logs)


def _series(db: sqlite3.Connection, run: str) -> dict[str, RawSeries]:
    import numpy as np

    points: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    query = "SELECT key, step, value, is_nan, timestamp FROM metrics WHERE run_uuid = ? ORDER BY timestamp, step, rowid"
    for key, step, value, is_nan, time_ms in db.execute(query, (run,)):
        number = float("nan") if is_nan else float(value)
        if abs(number) >= _LARGEST:
            number = float("inf") if number > 0 else float("-inf")
        points[key].append((int(step), number, float(time_ms) / 1000))
    series: dict[str, RawSeries] = {}
    for key, rows in points.items():
        steps, values, times = zip(*rows, strict=True)
        row = np.arange(len(rows), dtype=np.int64)
        series[key] = RawSeries(key, np.array(steps, np.int64), np.array(values), np.array(times), row)
    return series
