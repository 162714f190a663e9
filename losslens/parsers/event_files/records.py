"""An event file as windows of intact records, and the damage between them.

A record is ``length: u64, crc(length): u32, payload, crc(payload): u32``, little-endian. The file is read in windows of
a few MiB, whatever its size. Both checksums of every record are checked. A payload that fails costs its own record; a
length that fails costs what lies before the next header that can be found.

Source: ``tensorflow/tsl/lib/io/record_writer.h``.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from losslens.parsers.event_files.crc32c import ONES, RESET, crc32c, mask, masked_length_crc, residue, unmask

Data: TypeAlias = NDArray[np.uint8]
Places: TypeAlias = NDArray[np.int64]

WINDOW = 8 << 20
"""Bytes read at a time. A record that does not fit is checked and decoded from the file itself."""
SMALL = 1 << 11
"""Bytes of a file up to which it is read whole, one record at a time."""
BATCH = 1 << 15
"""Records given out at a time, so that the columns made of them stay in the processor's cache."""
MARGIN = 256
"""Bytes of the buffer behind the window, so that a reader of columns may look past the last record."""

HEADER, FOOTER = 12, 4
_header = struct.Struct("<QI").unpack_from
_NEAR = 1 << 16
"""Bytes first looked at behind damage."""
_FAILED = "record failed its checksum"
_FAR = 1 << 24
"""Records from this length on are found by following the chain, not by looking for their headers."""


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
                n = _trusted(data, start, length, good)
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
        length, stored = _header(header)
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
        found = self._find_header(at + 1)
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

    def _find_header(self, at: int) -> int:
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
        length, stored = _header(data, at)
        payload = data[start : start + length]
        at = start + length + FOOTER
        if at > len(data) or mask(crc32c(data[start - HEADER : start - FOOTER])) != stored:
            return None
        if mask(crc32c(payload)).to_bytes(4, "little") != data[at - FOOTER : at]:
            return None
        found.append((len(found), start, payload))
    return found


# --------------------------------------------------------------------------- the chain of records in a window

_STRIDE = 64
"""Records followed one by one before their size is judged."""
_DENSE = 256
"""Mean bytes a record below which it is quicker to look for all headers of a region at once."""
_REGION = 1 << 20


def chain(data: Data) -> tuple[Places, Places, int]:
    """The records that lie whole in a window that begins with a header.

    Returns where the payloads start, their lengths, and where the chain stops: at a record that is not whole or a
    header that is not valid. Every header up to there is.
    """
    starts, lengths = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at = 0
    while True:
        start, length, after = _follow(data, at)
        starts.append(start)
        lengths.append(length)
        dense, at = after - at < _DENSE * _STRIDE, after
        if start.size < _STRIDE:
            break
        if dense:
            start, length, at = _leap(data, at)
            starts.append(start)
            lengths.append(length)
        if at + HEADER > data.size:
            break
    return np.concatenate(starts), np.concatenate(lengths), at


def _follow(data: Data, at: int) -> tuple[Places, Places, int]:
    """The next records, at most a stride of them, from one length to the next."""
    start, length, stored = list[int](), list[int](), list[int]()
    octets, end = data.data, data.size
    first = at
    while at + HEADER <= end and len(start) < _STRIDE:
        size, crc = _header(octets, at)
        after = at + HEADER + size + FOOTER
        if after > end:
            break
        start.append(at + HEADER)
        length.append(size)
        stored.append(crc)
        at = after
    sizes = np.array(length, np.int64)
    wrong = np.flatnonzero(masked_length_crc(sizes) != np.array(stored, np.uint32))
    if wrong.size:
        n = int(wrong[0])
        at = start[n - 1] + length[n - 1] + FOOTER if n else first
        return np.array(start[:n], np.int64), sizes[:n], at
    return np.array(start, np.int64), sizes, at


def _leap(data: Data, at: int) -> tuple[Places, Places, int]:
    """The next records, found by their headers all at once and kept where they form a chain."""
    begin = at & ~1  # aligned words compare faster
    place, length = headers_in(data[begin : at + _REGION])
    place += begin
    after = place + length + (HEADER + FOOTER)
    place, length, after = (column[after <= data.size] for column in (place, length, after))
    kept = np.zeros(place.size, bool)
    breaks = [*(np.flatnonzero(after[:-1] != place[1:]) + 1).tolist(), place.size]
    while True:
        first = int(np.searchsorted(place, at))
        if first == place.size or place[first] != at:
            return place[kept] + HEADER, length[kept], at
        last = breaks[int(np.searchsorted(breaks, first, side="right"))]
        kept[first:last] = True
        at = int(after[last - 1])


def headers_in(data: Data) -> tuple[Places, Places]:
    """Every place in a block that holds a valid header, in order, and the lengths they give (below 16 MiB).

    The upper five bytes of such a length are zero, so only the first zero byte of each run of zeros needs a look: the
    header begins there or up to three bytes before it. The four length bytes' checksum then decides.
    """
    words = data[: data.size & ~1].view("<u2")
    zero = words == 0
    pair = zero[:-1] & zero[1:]
    opens = pair.copy()
    np.greater(pair[1:], pair[:-1], out=opens[1:])
    run = 2 * opens.nonzero()[0]
    run -= data[run - 1] == 0
    places, lengths = list[Places](), list[Places]()
    run = run[run <= data.size - HEADER]
    for before in (1, 2, 3, 0):  # most records are shorter than 256 bytes
        place = run - before
        length = unaligned(data, "<u8")[place].astype(np.int64)
        valid = (place >= 0) & (length >= 0) & (length < _FAR)
        valid &= masked_length_crc(length) == unaligned(data, "<u4")[place + 8]
        places.append(place[valid])
        lengths.append(length[valid])
        run = run[~valid]
        if not run.size:
            break
    if len(places) == 1:
        return places[0], lengths[0]
    place = np.concatenate(places)
    order = place.argsort()
    return place[order], np.concatenate(lengths)[order]


_RESET = np.frombuffer(struct.pack("<QI", 0, RESET), f"V{HEADER}")[0]


def intact(data: Data, start: Places, length: Places) -> NDArray[np.bool_]:
    """Which payloads of a chain of records agree with their checksums. Overwrites everything but the payloads.

    One pass over the whole chain: each header is replaced by bytes that take the checksum register from zero to all
    ones, and each stored checksum by the register that the payload must leave behind, which takes it back to zero. So
    a chain of good records leaves zero, one bad record always leaves something, and several leave zero by accident
    once in 2**32, as with a checksum of each. Where something is left, halving finds the bad ones.
    """
    header, end = start - HEADER, start + length
    unaligned(data, f"V{HEADER}")[header] = _RESET
    words = unaligned(data, "<u4")
    words[end] = unmask(words[end]) ^ np.uint32(ONES)
    good = np.ones(start.size, bool)
    unsure = [(0, start.size)]
    while unsure:
        first, last = unsure.pop()
        if residue(data[header[first] : end[last - 1] + FOOTER]) == 0:
            continue
        if last - first == 1:
            good[first] = False
        else:
            middle = (first + last) // 2
            unsure += [(first, middle), (middle, last)]
    return good


def _trusted(data: Data, start: Places, length: Places, good: NDArray[np.bool_]) -> int:
    """How many records come before the first bad one whose length cannot be trusted either: it has a header inside, or
    the chain ends behind it."""
    for bad in np.flatnonzero(~good).tolist():
        inside = data[start[bad] : start[bad] + length[bad]]
        if bad == good.size - 1 or headers_in(inside)[0].size:
            return int(bad)
    return good.size


def unaligned(data: Data, dtype: str) -> NDArray[Any]:
    """A view of the items of a type that begin at every single byte."""
    kind = np.dtype(dtype)
    return np.ndarray((max(data.size - kind.itemsize + 1, 0),), kind, data, 0, (1,))


# --------------------------------------------------------------------------- files


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
