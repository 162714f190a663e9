"""Archives that were cut off, by a full disk or a broken download: what stands ahead of the cut is read as it came.

A zip says at its end where its members are. Where that is gone, each says of itself where it begins and, mostly, how
long it is; one that does not is as long as its compressed stream.
"""

from __future__ import annotations

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_HEADER = struct.Struct("<4s5H3L2H")
BEGINNING, _DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
_STORED, _DEFLATED = 0, 8
_LOCKED, _SIZES_BEHIND, _UTF8 = 1, 8, 0x800
_ZIP64, _IN_ZIP64 = 1, 0xFFFFFFFF
#: Bytes read at once; and where a larger read failed, so that nothing ahead of the cut is lost but less than this.
CHUNK, _LITTLE = 1 << 20, 256


class CutError(Exception):
    """A member that ends in its middle, of which all that is there was given."""


def chunks(file: IO[bytes] | CutMember) -> Iterator[bytes]:
    """The content of a member. Raises CutError behind the last byte of one that is cut off."""
    done = 0
    try:
        while chunk := file.read(CHUNK):
            done += len(chunk)
            yield chunk
    except (EOFError, tarfile.ReadError) as error:
        if not isinstance(file, CutMember):
            bare: IO[bytes] = getattr(file, "raw", file)
            bare.seek(done)
            yield from _little(bare)
        raise CutError(str(error)) from error


def _little(file: IO[bytes]) -> Iterator[bytes]:
    while True:
        try:
            chunk = file.read(_LITTLE)
        except (EOFError, tarfile.ReadError):
            return
        if not chunk:
            return
        yield chunk


class CutMember:
    """One member of a zip without its end; raises EOFError where the file ends in it."""

    def __init__(self, file: IO[bytes], method: int, size: int | None, crc: int | None) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(-15) if method == _DEFLATED else None
        self._left = size
        self._crc = crc
        self._sum = 0
        self.ended = size == 0 and method == _STORED

    def read(self, n: int) -> bytes:
        while not self.ended:
            taken = self._file.read(n if self._left is None else min(n, self._left))
            if not taken and self._left != 0:
                raise EOFError("the archive is cut off")
            if self._left is not None:
                self._left -= len(taken)
            if self._inflate is None:
                out, self.ended = taken, self._left == 0
            else:
                out = self._inflate.decompress(taken)
                self.ended = self._inflate.eof
                if self.ended and self._left is None:
                    self._file.seek(-len(self._inflate.unused_data), 1)
                elif not taken:
                    raise EOFError("the archive is cut off")
            self._sum = zlib.crc32(out, self._sum)
            if self.ended and self._crc is not None and self._crc != self._sum:
                raise zipfile.BadZipFile("bad checksum")
            if out:
                return out
        return b""


def members_of_cut_zip(path: Path) -> Iterator[tuple[str, CutMember]]:
    """Name and content of the files of a zip whose table of contents is lost, up to what is no file's beginning."""
    with path.open("rb") as file:
        while len(head := file.read(_HEADER.size)) == _HEADER.size and head.startswith(BEGINNING):
            _, _, flags, method, _, _, crc, size, whole, n_name, n_more = _HEADER.unpack(head)
            name = file.read(n_name).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
            more = file.read(n_more)
            if _IN_ZIP64 in (size, whole):
                size = _long_size(more, both=whole == _IN_ZIP64)
            behind = bool(flags & _SIZES_BEHIND)
            if method not in (_STORED, _DEFLATED) or (behind and method == _STORED):
                return
            member = CutMember(file, method, None if behind else size, None if behind else crc)
            begun = file.tell()
            if not name.endswith("/") and not flags & _LOCKED:
                yield name, member
            if not behind:
                file.seek(begun + size)
                continue
            try:
                while member.read(CHUNK):
                    pass
            except (EOFError, zlib.error):
                return
            _pass_over_sizes(file)


def _long_size(more: bytes, *, both: bool) -> int:
    """The compressed size that stands in the fields behind the name, where it is too long for its own."""
    at = 0
    while at + 4 <= len(more):
        kind, length = struct.unpack_from("<2H", more, at)
        if kind == _ZIP64 and length >= (16 if both else 8):
            return int(struct.unpack_from("<Q", more, at + 4 + (8 if both else 0))[0])
        at += 4 + length
    return 0


def _pass_over_sizes(file: IO[bytes]) -> None:
    """The checksum and the sizes behind a member, of 4 or 8 bytes each, with or without a mark."""
    at = file.tell()
    behind = file.read(28)
    for length in (16, 12, 24, 20):
        marked = behind.startswith(_DESCRIPTOR) == (length in (16, 24))
        if marked and behind[length : length + 2] == b"PK":
            file.seek(at + length)
            return
    file.seek(at + (16 if behind.startswith(_DESCRIPTOR) else 12))
