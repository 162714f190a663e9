"""Records in LevelDB's log framing, as W&B and SwanLab keep those of an offline run.

After a header of seven bytes the file is blocks of 32 KiB with chunks of records, each with CRC-32 (IEEE), length and
kind (whole, first, middle, last). A block is read at a time; what could not be read is in ``damage`` afterwards.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from losslens.errors import ParseError
from losslens.model import Damage

_HEADER_BYTES = 7
_BLOCK_BYTES = 32_768
_CHUNK = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
#: A record longer than this is no call of ``log``; a length that large comes from damage.
_MAX_RECORD_BYTES = 64 << 20


@dataclass
class FramedRecords:
    path: Path
    last_step: Callable[[], int | None]
    """The last step read so far, for what is said of damage."""
    damage: list[Damage] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Records with the byte they begin at, put together from their chunks. Raises ParseError."""
        parts: list[bytes] = []
        began = 0
        for offset, kind, data in self._chunks():
            if kind in (_WHOLE, _FIRST):
                if parts:
                    self.lost(began, offset - 1, "a record without its end", 1)
                parts, began = [data], offset
            elif parts:
                parts.append(data)
            else:
                self.lost(offset, offset + len(data) - 1, "a record without its beginning", 1)
                continue
            if kind in (_WHOLE, _LAST):
                yield began, b"".join(parts)
                parts = []
            elif sum(map(len, parts)) > _MAX_RECORD_BYTES:
                self.lost(began, offset + len(data) - 1, "a record longer than any log call", 1)
                parts = []
        if parts:
            self.lost(began, began + sum(map(len, parts)) - 1, "the last record is cut off", None)

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
                self.lost(base + at, base + len(block) - 1, reason, None)
                return
            if zlib.crc32(data, zlib.crc32(bytes([kind]))) != crc:
                self.lost(base + at, base + at + _CHUNK.size + length - 1, "a record whose checksum is wrong", 1)
            else:
                yield base + at, kind, data
            at += _CHUNK.size + length

    def lost(self, first: int, last: int, reason: str, records: int | None) -> None:
        self.damage.append(Damage(str(self.path), first, last, reason, records, self.last_step()))
