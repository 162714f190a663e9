"""An event file as windows of intact records, and the damage between them.

The file is read in windows of a few MiB, whatever its size. Both checksums of every record are checked. A payload that
fails costs its own record; a length that fails costs what lies before the next header that can be found.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import FileIO

import numpy as np
from numpy.typing import NDArray

from losslens.parsers.event_files.chain import (
    FOOTER,
    HEADER,
    Data,
    Places,
    chain,
    header_of,
    headers_in,
    intact,
    trusted,
)
from losslens.parsers.event_files.crc32c import crc32c, mask
from losslens.parsers.event_files.files import Stretch

WINDOW = 8 << 20
"""Bytes read at a time. A record that does not fit is checked and decoded from the file itself."""
SMALL = 1 << 11
"""Bytes of a file up to which it is read whole, one record at a time."""
BATCH = 1 << 15
"""Records given out at a time, so that the columns made of them stay in the processor's cache."""
MARGIN = 256
"""Bytes of the buffer behind the window, so that a reader of columns may look past the last record."""

_NEAR = 1 << 16
"""Bytes first looked at behind damage."""
_FAILED = "record failed its checksum"


@dataclass(frozen=True, slots=True)
class Window:
    """Intact records that lie in one stretch of the file. ``data`` is overwritten by the next window.

    ``start`` and ``length`` place the payloads in ``data``; ``row`` numbers the records in the file.
    """

    data: Data
    offset: int
    """Position of ``data[0]`` in the file."""
    start: Places
    length: Places
    row: Places


@dataclass(frozen=True, slots=True)
class LargeRecord:
    """One intact record that is larger than a window."""

    payload: Stretch
    offset: int
    """Position of the payload in the file."""
    row: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that gave no record, and the number that the next record got."""

    first_byte: int
    last_byte: int
    reason: str
    row: int
    records_lost: int | None = None


@dataclass(slots=True)
class RecordReader:
    """Reads the records of one file from front to back; ``gaps`` grows as damage is met."""

    file: FileIO
    gaps: list[Gap] = field(default_factory=list)
    size: int = 0
    _buffer: Data = field(default_factory=lambda: np.zeros(0, np.uint8))

    def __post_init__(self) -> None:
        self.size = os.fstat(self.file.fileno()).st_size
        self._buffer = np.zeros(min(WINDOW, self.size) + MARGIN, np.uint8)
        if self.size > WINDOW:
            # One large block given back makes glibc keep later ones on its heap: half the page faults in the columns.
            np.empty(WINDOW // 2, np.uint8)

    def __iter__(self) -> Iterator[Window | LargeRecord]:
        at = row = 0
        reach = WINDOW
        while at < self.size:
            data = self._fill(at, reach)
            start, length, stop = chain(data)
            reach = min(2 * reach, WINDOW)
            if start.size:
                good = intact(data, start, length)
                n = trusted(data, start, length, good)
                yield from self._windows(at, row, start[:n], length[:n], good[:n])
                row += n
                if n == start.size:
                    at += stop
                    continue
                at += int(start[n]) - HEADER
            payload = self._payload_at(at)
            if payload is not None and self._is_intact(payload):
                yield LargeRecord(payload, payload.first, row)
                row += 1
                at = payload.stop + FOOTER
            else:
                at, row, recovered = self._next_record(at, payload, row)
                if recovered is not None:
                    yield recovered
                reach = _NEAR  # more damage may be near: do not read a whole window for each

    def _windows(self, at: int, row: int, start: Places, length: Places, good: NDArray[np.bool_]) -> Iterator[Window]:
        """The good records of the window that begins at a position, in batches."""
        rows = np.arange(row, row + start.size)
        for bad in np.flatnonzero(~good).tolist():
            first = at + int(start[bad]) - HEADER
            self.gaps.append(Gap(first, first + HEADER + int(length[bad]) + FOOTER - 1, _FAILED, row + bad, 1))
        if not good.all():
            start, length, rows = start[good], length[good], rows[good]
        for first in range(0, start.size, BATCH):
            piece = slice(first, first + BATCH)
            yield Window(self._buffer, at, start[piece], length[piece], rows[piece])

    def _fill(self, at: int, most: int) -> Data:
        """The window of the file that begins at a position."""
        size = min(most, self._buffer.size - MARGIN, self.size - at)
        window = self._buffer[:size].data
        self.file.seek(at)
        filled = 0
        while filled < size:
            n = self.file.readinto(window[filled:])
            if not n:
                self.size = at + filled  # the file was cut while it was read
                break
            filled += n
        return self._buffer[:filled]

    def _payload_at(self, at: int) -> Stretch | None:
        """The payload of the record whose header is at a position, if the header is valid and the file holds it all."""
        self.file.seek(at)
        header = self.file.read(HEADER)
        if len(header) < HEADER:
            return None
        length, stored = header_of(header)
        if mask(crc32c(header[:8])) != stored or at + HEADER + length + FOOTER > self.size:
            return None
        return Stretch(self.file, at + HEADER, at + HEADER + length)

    def _is_intact(self, payload: Stretch) -> bool:
        crc = 0
        at = payload.first
        while at < payload.stop:
            block = self._fill(at, payload.stop - at)
            if not block.size:
                return False
            crc = crc32c(block, crc)
            at += block.size
        self.file.seek(payload.stop)
        return self.file.read(FOOTER) == mask(crc).to_bytes(4, "little")

    def _next_record(self, at: int, payload: Stretch | None, row: int) -> tuple[int, int, Window | None]:
        """Where the chain goes on after a record that cannot be trusted, and with which number.

        The next header is looked for inside the record too, which may be shorter than it says. Where the length is
        what cannot be read, the bytes up to that header are the record if they agree with its checksum: the third
        result.
        """
        found = self._findheader_of(at + 1)
        if payload is not None and found == payload.stop + FOOTER:
            self.gaps.append(Gap(at, found - 1, _FAILED, row, 1))
            return found, row + 1, None
        recovered = self._recover(at, found, row) if payload is None and found < self.size else None
        if recovered is not None:
            self.gaps.append(Gap(at, at + HEADER - 1, "record length unreadable, record recovered", row, 0))
            return found, row + 1, recovered
        if self._is_zero(at, found):
            reason = "zero-filled tail" if found == self.size else "zero-filled"
        elif found == self.size:
            cut = self.size - at < HEADER or self._has_valid_length(at)
            reason = "cut off in the middle of a record" if cut else "unreadable to the end"
        else:
            reason = "unreadable up to the next record"
        self.gaps.append(Gap(at, found - 1, reason, row))
        return found, row, None

    def _has_valid_length(self, at: int) -> bool:
        self.file.seek(at)
        header = self.file.read(HEADER)
        return mask(crc32c(header[:8])).to_bytes(4, "little") == header[8:]

    def _recover(self, at: int, found: int, row: int) -> Window | None:
        """The record between an unreadable length and the next header, if its payload checksum holds."""
        start, stop = at + HEADER, found - FOOTER
        if not 0 < stop - start <= self._buffer.size - MARGIN - FOOTER:
            return None
        length = stop - start
        data = self._fill(start, length + FOOTER)
        if mask(crc32c(data[:length])).to_bytes(4, "little") != data[length : length + FOOTER].tobytes():
            return None
        return Window(self._buffer, start, np.zeros(1, np.int64), np.array([length]), np.array([row]))

    def _findheader_of(self, at: int) -> int:
        """The first valid header from a position on whose record the file holds whole; else the file's end."""
        reach = _NEAR
        while at < self.size:
            data = self._fill(at, reach)
            reach *= 2
            place, length = headers_in(data)
            whole = at + place + length <= self.size - HEADER - FOOTER
            if whole.any():
                return at + int(place[whole][0])
            at += max(data.size - 2 * HEADER, HEADER)
        return self.size

    def _is_zero(self, at: int, end: int) -> bool:
        while at < end:
            block = self._fill(at, end - at)
            if not block.size or block.any():
                return False
            at += block.size
        return True


def whole_file(file: FileIO) -> list[tuple[int, int, bytes]] | None:
    """``(row, position, payload)`` of every record of a small file, or None if it is large or damaged.

    A few hundred records cost less one by one than the reader's windows do.
    """
    if os.fstat(file.fileno()).st_size > SMALL:
        return None
    data = file.read()
    found = list[tuple[int, int, bytes]]()
    at = 0
    while at < len(data):
        start = at + HEADER
        if start > len(data):
            return None
        length, stored = header_of(data, at)
        payload = data[start : start + length]
        at = start + length + FOOTER
        if at > len(data) or mask(crc32c(data[start - HEADER : start - FOOTER])) != stored:
            return None
        if mask(crc32c(payload)).to_bytes(4, "little") != data[at - FOOTER : at]:
            return None
        found.append((len(found), start, payload))
    return found
