"""The chain of records in a window of an event file: where each begins, and whether it is whole.

A record is ``length: u64, crc(length): u32, payload, crc(payload): u32``, little-endian.
Source: ``tensorflow/tsl/lib/io/record_writer.h``.
"""

from __future__ import annotations

import struct
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losslens.parsers.event_files.crc32c import ONES, RESET, masked_length_crc, residue, unmask

Data: TypeAlias = NDArray[np.uint8]
Places: TypeAlias = NDArray[np.int64]

HEADER, FOOTER = 12, 4
header_of = struct.Struct("<QI").unpack_from
_FAR = 1 << 24
"""Records from this length on are found by following the chain, not by looking for their headers."""
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
        size, crc = header_of(octets, at)
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


def trusted(data: Data, start: Places, length: Places, good: NDArray[np.bool_]) -> int:
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
