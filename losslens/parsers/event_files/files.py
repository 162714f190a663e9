"""Event files as files: unpacked where they are gzip'd, and read in pieces where they are large."""

from __future__ import annotations

from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import overload


def open_events(path: Path) -> tuple[FileIO, bool]:
    """An event file, unpacked to a temporary file if it is gzip'd; and whether that stopped short."""
    file = open(path, "rb", buffering=0)  # noqa: SIM115 - the caller closes it
    magic = file.read(2)
    file.seek(0)
    if magic != b"\x1f\x8b":
        return file, False
    import tempfile  # imported only here: it costs more than reading a small file

    unpacked: FileIO = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
    with file:
        cut = not _unpack(file, unpacked)
    unpacked.seek(0)
    return unpacked, cut


def _unpack(packed: FileIO, unpacked: FileIO) -> bool:
    """Unpack as much of a gzip file as can be; whether that was all of it."""
    import zlib

    stream = zlib.decompressobj(wbits=31)
    while block := packed.read(1 << 16):
        while block:
            try:
                unpacked.write(stream.decompress(block, 1 << 20))
            except zlib.error:
                return False
            block = stream.unconsumed_tail
            if stream.eof:
                block = stream.unused_data.lstrip(b"\0")
                if block:  # files that were appended to each other
                    stream = zlib.decompressobj(wbits=31)
    return stream.eof


_PAGE = 1 << 16


class Stretch(Sequence[int]):
    """The bytes of a file between two positions, read a page at a time where they are looked at."""

    def __init__(self, file: FileIO, first: int, stop: int) -> None:
        self.file, self.first, self.stop = file, first, stop
        self._page = -1
        self._held = b""

    def __len__(self) -> int:
        return self.stop - self.first

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: int | slice) -> int | bytes:
        if isinstance(key, slice):
            self.file.seek(self.first + key.start)
            return self.file.read(key.stop - key.start)
        page, place = divmod(key, _PAGE)
        if page != self._page:
            self.file.seek(self.first + page * _PAGE)
            self._page, self._held = page, self.file.read(_PAGE)
        return self._held[place]
