"""SQLite files of trackers: opened read-only, and nothing in them is run."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

#: What a broken database raises; what SQLite says of it may hold any bytes.
BROKEN = (sqlite3.Error, UnicodeError)
MAGIC = b"SQLite format 3\0"


def opened(path: Path) -> sqlite3.Connection:
    """The database, plain tables only. Raises sqlite3.Error."""
    # Without a write-ahead log beside it the file is complete, and "immutable" keeps SQLite from making files there.
    mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"
    db = sqlite3.connect(f"file:{quote(str(path.resolve()))}?{mode}", uri=True, timeout=1.0)
    db.execute("PRAGMA trusted_schema = OFF")
    db.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return db


def is_one(path: Path, head: bytes, told_by: Callable[[sqlite3.Connection], bool]) -> bool:
    """Whether a file is a database, not broken, of which ``told_by`` is true."""
    if not head.startswith(MAGIC):
        return False
    try:
        with contextlib.closing(opened(path)) as db:
            return told_by(db)
    except BROKEN:
        return False


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))}
