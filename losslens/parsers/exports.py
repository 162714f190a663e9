"""What a tracker exports of one run, a zip with a few files of known names or a folder with the same: read in place.

A zip is a stranger's: only the members asked for are opened, and what they may expand to is bounded while they are
read, whatever the zip says of itself.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from losslens.errors import ParseError
from losslens.model import Damage
from losslens.parsers.opening import (
    BLOCK_BYTES,
    FREE_BYTES,
    HEAD_BYTES,
    MAX_GZIP_RATIO,
    LogFile,
    placed_lines,
    text_encoding,
)

ZIP = b"PK\x03\x04"
_END = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
#: The table of contents of a larger archive is not read to look for an export: members, bytes.
MOST_MEMBERS, MOST_TABLE = 10_000, 1 << 20
#: What a broken member makes zipfile raise.
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
)


def members(path: Path) -> frozenset[str]:
    """The names in a zip; none of a cut or broken one, and none of one with more in it than an export."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - HEAD_BYTES))
            tail = file.read()
        at = tail.rfind(_END_MARK)
        if at < 0 or len(tail) - at < _END.size:
            return frozenset()
        _, _, _, _, count, table, _, _ = _END.unpack_from(tail, at)
        if count > MOST_MEMBERS or table > MOST_TABLE:
            return frozenset()
        with zipfile.ZipFile(path) as archive:
            return frozenset(archive.namelist())
    except BROKEN_ZIP:
        return frozenset()


class Export:
    """The files of one export by name; what could not be read of them is in ``damage`` afterwards."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: list[Damage] = []
        self._names = members(path) if not path.is_dir() else None

    def __contains__(self, name: str) -> bool:
        return (self.path / name).is_file() if self._names is None else name in self._names

    def source(self, name: str) -> Path:
        """Where a file lies, for what is said of it."""
        return self.path / name if self._names is None else self.path

    def lines(self, name: str) -> Iterator[tuple[str, int]]:
        """The lines of a file, each with the byte it begins at in it. Raises ParseError."""
        file = LogFile(self.path / name) if self._names is None else _Member(self.path, name)
        yield from placed_lines(file)
        self.damage.extend(file.damage)

    def text(self, name: str) -> str:
        """The whole of a small file; "" where there is none. Raises ParseError."""
        if name not in self:
            return ""
        file = LogFile(self.path / name) if self._names is None else _Member(self.path, name)
        return file.document()


class _Member(LogFile):
    """One file in a zip; bytes of damage count from its beginning."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.damage = []
        self.gzipped = False
        self.ends_with_newline = True
        self.offset = 0
        self._name = name
        self.head = next(self._bytes(), b"")[:HEAD_BYTES]
        self.encoding = text_encoding(self.head) or "latin-1"

    def _bytes(self) -> Iterator[bytes]:
        done, size = 0, self.path.stat().st_size
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self._name) as file:
                while chunk := file.read(BLOCK_BYTES):
                    done += len(chunk)
                    if done > FREE_BYTES and done > MAX_GZIP_RATIO * size:
                        words = f"expands more than {MAX_GZIP_RATIO}-fold, as no log does; unpack it yourself"
                        raise ParseError(f"{self.path}: {self._name} {words}")
                    yield chunk
        except BROKEN_ZIP as error:
            reason = f"{self._name} in the archive is damaged ({str(error)[:100]})"
            self.damage.append(Damage(str(self.path), done, done, reason))
