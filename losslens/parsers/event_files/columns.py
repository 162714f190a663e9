"""A window of records -> columns of scalars, many at a time in NumPy.

Nearly all events have one shape: wall time, step, and values that differ from others of their tag only in the bytes of
one number. So the fields are read column by column over all events of a window; values are grouped by a hash of their
bytes up to the end of the tag; one value of each group is decoded by ``events``; and the others are taken to be like
it only where *all* their bytes but the number's are equal to its bytes. Whatever does not fit is left for ``events``,
record by record.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from losslens.parsers.event_files.chain import unaligned
from losslens.parsers.event_files.events import MalformedEvent, Value, value_of
from losslens.parsers.event_files.records import MARGIN, Window

if TYPE_CHECKING:
    from losslens.model import BoolArray, FloatArray, IntArray
    from losslens.parsers.event_files.chain import Data

FEW = 32
"""Records or values below which a round of NumPy calls costs more than decoding them one by one."""
NARROW, WIDE = 64, MARGIN
"""Values of up to so many bytes are compared as the rows of a matrix, narrow and wide ones apart; longer ones go one
by one."""
_ROUNDS = 4
"""Attempts at grouping values before the rest goes one by one."""

_WALL_TIME, _STEP, _SUMMARY = 0x09, 0x10, 0x2A
_VALUE = 0x0A
_TAG, _SIMPLE, _TENSOR, _METADATA = 0x0A, 0x15, 0x42, 0x4A
_NOT_SCALAR = np.zeros(256, bool)
_NOT_SCALAR[[0x1A, 0x22, 0x2A, 0x32]] = True
"""Whether a key is that of a value's obsolete histogram, image, histogram or audio."""


class Kind(NamedTuple):
    """What a group of values has in common, learnt from the first of them."""

    example: Value
    at: int
    """Where in the value the number lies."""
    dtype: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The scalars of a window that were read as columns, one entry each, in file order."""

    record: IntArray
    """Which record of the window."""
    place: IntArray
    """Where in the window's data the value begins."""
    step: IntArray
    wall_time: FloatArray
    number: FloatArray
    kind: IntArray
    """Which of ``kinds``."""
    kinds: list[Kind]
    unusual: BoolArray
    """One entry a record of the window: True where none of it was read and it must be decoded by itself."""


@dataclass(frozen=True, slots=True)
class _Values:
    """Where values lie in the window's data, one entry each."""

    record: IntArray
    start: IntArray
    end: IntArray

    def __getitem__(self, chosen: IntArray | BoolArray) -> _Values:
        return _Values(self.record[chosen], self.start[chosen], self.end[chosen])


def read_columns(window: Window) -> Columns:
    """Read all scalars of the usual shape from a window of records."""
    data, start, end = window.data, window.start, window.start + window.length
    step_at = start + 9
    has_step = data[step_at] == _STEP
    step, after, whole = _varints(data, step_at + 1)
    if not has_step.all():  # protobuf leaves out a step of zero
        step, after, whole = np.where(has_step, step, 0), np.where(has_step, after, step_at), whole | ~has_step
    size, body, whole_size = _varints(data, after + 1)
    unusual = (data[start] != _WALL_TIME) | (data[after] != _SUMMARY) | ~whole | ~whole_size
    unusual |= (size <= 0) | (body + size != end)

    values = _split(data, body, end, unusual)
    candidates, tag_end = _scalars_among(data, values, unusual)
    columns = _group(data, candidates, tag_end, unusual)
    wall_time = unaligned(data, "<f8")[start + 1]
    record, place, number, kind = columns.values.record, columns.values.start, columns.number, columns.kind
    if unusual.any():
        kept = ~unusual[record]
        record, place, number, kind = record[kept], place[kept], number[kept], kind[kept]
    wall_times = wall_time[record].astype(np.float64, copy=False)
    return Columns(record, place, step[record], wall_times, number, kind, columns.kinds, unusual)


def _varints(data: Data, at: IntArray) -> tuple[IntArray, IntArray, BoolArray]:
    """The varints at many positions as signed integers, the positions after them, and which end within ten bytes."""
    byte = data[at]
    value = (byte & 0x7F).astype(np.int64)
    after = at + 1
    more = byte > 127
    for shift in range(7, 70, 7):
        if not more.any():
            break
        byte = np.where(more, data[after], 0)
        value |= (byte & 0x7F).astype(np.int64) << shift
        after += more
        more = byte > 127
    return value, after, ~more


def _split(data: Data, body: IntArray, end: IntArray, unusual: BoolArray) -> _Values:
    """The values of each summary, in file order. Each round takes the next value of every summary that has one."""
    record = np.flatnonzero(~unusual)
    at, stop = body[record], end[record]
    rounds = list[_Values]()
    while record.size:
        size, start, whole = _varints(data, at + 1)
        fits = (data[at] == _VALUE) & whole & (size > 0) & (size <= stop - start)
        if not fits.all():
            unusual[record[~fits]] = True
            record, start, size, stop = record[fits], start[fits], size[fits], stop[fits]
        at = start + size
        rounds.append(_Values(record, start, at))
        more = at < stop
        record, at, stop = record[more], at[more], stop[more]
        if record.size < FEW:
            unusual[record] = True
            break
    return _in_file_order(rounds)


def _in_file_order(parts: list[_Values]) -> _Values:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return _Values(*(np.zeros(0, np.int64) for _ in range(3)))
    merged = _Values(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("record", "start", "end")))
    return merged[np.argsort(merged.start)]


def _scalars_among(data: Data, values: _Values, unusual: BoolArray) -> tuple[_Values, IntArray]:
    """The values that may be scalars, and where their tags end; images, histograms and audio are passed over."""
    size, tag, whole = _varints(data, values.start + 1)
    has_tag = (data[values.start] == _TAG) & whole & (size >= 0) & (size < values.end - tag)
    tag_end = np.where(has_tag, tag + size, values.start)
    key = data[tag_end]
    scalar = has_tag & ((key == _SIMPLE) | (key == _TENSOR)) & (values.end - values.start <= WIDE)
    if scalar.all():
        return values, tag_end
    others = np.flatnonzero(~scalar)
    skipped = has_tag[others] & _holds_other(data, tag_end[others], values.end[others])
    unusual[values.record[others[~skipped]]] = True
    return values[scalar], tag_end[scalar]


def _holds_other(data: Data, at: IntArray, end: IntArray) -> BoolArray:
    """Whether from the end of its tag a value holds an image, histogram or audio and at most metadata after it."""
    other: BoolArray = _NOT_SCALAR[data[at]]
    size, start, whole = _varints(data, at + 1)
    other &= whole & (size >= 0) & (size <= end - start)
    after = np.where(other, start + size, at)
    size, start, whole = _varints(data, after + 1)
    metadata = (data[after] == _METADATA) & whole & (start + size == end)
    other &= (after == end) | metadata
    return other


class _Grouped(NamedTuple):
    values: _Values
    number: FloatArray
    kind: IntArray
    kinds: list[Kind]


def _group(data: Data, values: _Values, tag_end: IntArray, unusual: BoolArray) -> _Grouped:
    """Group the values by what they have in common and read their numbers."""
    kinds = list[Kind]()
    parts = list[_Values]()
    numbers, kind = [np.zeros(0)], [np.zeros(0, np.int64)]
    named = tag_end - values.start + 1
    narrow = values.end - values.start <= NARROW
    widths = [(values, named)] if narrow.all() else [(values[some], named[some]) for some in (narrow, ~narrow)]
    for rest, rest_named in widths:
        for attempt in range(_ROUNDS):
            if rest.start.size < FEW:
                break
            size = rest.end - rest.start
            rows = _rows(data, rest.start, int(size.max()))
            group, examples = _hashed(rows, rest_named, size, attempt)
            group_kinds = [_learn(data, int(rest.start[i]), int(rest.end[i])) for i in examples]
            readable = np.array([found is not None for found in group_kinds])[group]
            alike = _alike(rows, size, group, examples, group_kinds)
            taken = alike & readable
            left = readable ^ taken
            unusual[rest.record[~readable]] = True
            part, group = (rest, group) if taken.all() else (rest[taken], group[taken])
            parts.append(part)
            numbers.append(_numbers(data, part.start, group, group_kinds))
            index = np.cumsum([found is not None for found in group_kinds]) - 1 + len(kinds)
            kind.append(index[group])
            kinds += [found for found in group_kinds if found is not None]
            rest, rest_named = rest[left], rest_named[left]
        unusual[rest.record] = True
    if len(parts) < 2:
        return _Grouped(_in_file_order(parts), numbers[-1], kind[-1], kinds)
    order = np.argsort(np.concatenate([part.start for part in parts]))
    return _Grouped(_in_file_order(parts), np.concatenate(numbers)[order], np.concatenate(kind)[order], kinds)


def _rows(data: Data, start: IntArray, longest: int) -> NDArray[np.uint64]:
    """The bytes at many positions as rows of words, at least as many as the longest value has."""
    words = -(-longest // 8)
    rows: NDArray[np.uint64] = unaligned(data, f"V{8 * words}")[start].view("<u8").reshape(-1, words)
    return rows


def _hashed(rows: NDArray[np.uint64], named: IntArray, size: IntArray, attempt: int) -> tuple[IntArray, IntArray]:
    """Group rows by a 16-bit hash of their first ``named`` bytes and their size: the group of each row, and the first
    row of each group. Different rows may share a group; ``_alike`` tells them apart."""
    factors = _factors(rows.shape[1], attempt)
    name = _leading(rows.shape[1]).take(named, 0)
    name &= rows
    key = ((name @ factors + size.view(np.uint64) * factors[0]) >> np.uint64(48)).astype(np.uint16)
    order = key.argsort(kind="stable")
    ordered = key[order]
    opens = np.ones(key.size, bool)
    opens[1:] = ordered[1:] != ordered[:-1]
    group = np.empty(key.size, np.int64)
    group[order] = np.cumsum(opens) - 1
    return group, order[opens]


@cache
def _factors(n: int, attempt: int) -> NDArray[np.uint64]:
    """Odd factors that spread each word of a row over the upper bits; others at each attempt."""
    golden = 0x9E3779B97F4A7C15
    return np.array([pow(golden, 1 + i + n * attempt, 1 << 64) for i in range(n)], np.uint64)


@cache
def _leading(words: int) -> NDArray[np.uint64]:
    """Masks of the first 0, 1, 2, … bytes of a row."""
    octets = np.tril(np.ones((8 * words + 1, 8 * words), np.uint8), -1) * np.uint8(0xFF)
    return octets.view("<u8")


def _learn(data: Data, start: int, end: int) -> Kind | None:
    """What the value between two positions is, if it holds one number of fixed width."""
    try:
        value = value_of(data[start:end].tobytes(), 0, end - start)
    except MalformedEvent:
        return None
    if value.number is None or not value.number.dtype:
        return None
    value.at = start
    return Kind(value, value.number.at, value.number.dtype)


def _alike(
    rows: NDArray[np.uint64], size: IntArray, group: IntArray, examples: IntArray, kinds: list[Kind | None]
) -> BoolArray:
    """Which rows are equal to the example of their group in size and in every byte but the number's."""
    leading = _leading(rows.shape[1])
    first = np.array([kind.at if kind else 0 for kind in kinds])
    width = np.array([np.dtype(kind.dtype).itemsize if kind else 0 for kind in kinds])
    fixed = leading[size[examples]] & ~(leading[first + width] ^ leading[first])
    differs = rows[examples].take(group, 0)
    differs ^= rows
    differs &= fixed.take(group, 0)
    alike: BoolArray = size == size[examples][group]
    for word in differs.T:
        alike &= word == 0
    return alike


def _numbers(data: Data, start: IntArray, group: IntArray, kinds: list[Kind | None]) -> FloatArray:
    at = start + np.array([kind.at if kind else 0 for kind in kinds])[group]
    dtypes = {kind.dtype for kind in kinds if kind}
    number = np.zeros(start.size)
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
        if len(dtypes) == 1:
            number[:] = unaligned(data, *dtypes)[at]
            return number
        for dtype in dtypes:
            of_type = np.array([kind is not None and kind.dtype == dtype for kind in kinds])[group]
            number[of_type] = unaligned(data, dtype)[at[of_type]]
    return number
