"""One record of an event file, decoded exactly as protobuf would, in plain Python.

This is the slow and certain path: it reads every layout that protobuf allows (fields in any order, repeated, unknown
or missing) and decides what counts as a scalar. The fast path in ``columns`` asks it about one record of each kind
and sends it everything unusual.

Field numbers: ``tensorflow/core/util/event.proto`` and ``tensorflow/core/framework/{summary,tensor}.proto``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol, overload

VARINT, FIXED64, BYTES, GROUP, END_GROUP, FIXED32 = range(6)

START, STOP, CHECKPOINT = 1, 2, 3
"""SessionLog.status"""


class MalformedEvent(ValueError):
    """The bytes of a record are not an Event message."""


class Octets(Protocol):
    """What a record can be read from: ``bytes``, or a stretch of a file too large to hold."""

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __len__(self) -> int: ...


class Number(NamedTuple):
    """A scalar and, where its bytes lie in one piece, where: what the fast path needs to read others like it."""

    value: float
    at: int = -1
    """Position of the bytes in the record; -1 where the number is not stored as fixed-width bytes."""
    dtype: str = ""
    """NumPy spelling of these bytes."""


@dataclass(slots=True)
class Value:
    """One ``Summary.Value``. ``number`` is None for what is not one number: an image, a histogram, a text."""

    tag: str
    at: int
    """Position in the record."""
    number: Number | None = None
    is_tensor: bool = False
    plugin: str = ""
    """Who the value is for, as its metadata says ("scalars", "text", "hparams", …); "" where it does not say."""
    content: bytes = b""
    """The plugin's own data (hyper-parameters)."""
    texts: tuple[bytes, ...] = ()
    """The strings of a text summary."""


@dataclass(slots=True)
class Event:
    wall_time: float = 0.0
    step: int = 0
    values: Sequence[Value] = ()
    file_version: str = ""
    session_status: int = 0
    text: str = ""
    """Checkpoint path or message of a SessionLog, or the text of a LogMessage."""


def decode(record: Octets) -> Event:
    """Decode one record; :class:`MalformedEvent` if it is not an Event message."""
    event = Event()
    what, spans = 0, list[tuple[int, int]]()
    for number, wire, x, y in fields(record, 0, len(record)):
        if number == 1 and wire == FIXED64:
            (event.wall_time,) = struct.unpack("<d", record[x:y])
        elif number == 2 and wire == VARINT:
            event.step = signed(x)
        elif 3 <= number <= 9 and wire == BYTES:  # the oneof ``what``: the last member wins, a repeated one is merged
            if number != what:
                what, spans = number, []
            spans.append((x, y))
    if what == 3:
        event.file_version = text_of(record, spans[-1])
    elif what == 5:
        event.values = [value_of(record, x, y) for start, end in spans for x, y in values_in(record, start, end)]
    elif what == 6:
        for number, wire, x, y in spans_fields(record, spans):
            if number == 2 and wire == BYTES:
                event.text = text_of(record, (x, y))
    elif what == 7:
        for number, wire, x, y in spans_fields(record, spans):
            if number == 1 and wire == VARINT:
                event.session_status = x
            elif number in (2, 3) and wire == BYTES:
                event.text = text_of(record, (x, y))
    return event


def values_in(record: Octets, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the values of a Summary lie."""
    for number, wire, x, y in fields(record, start, end):
        if number == 1 and wire == BYTES:
            yield x, y


_OTHER_KINDS = {3, 4, 5, 6}
"""obsolete histogram, image, histogram, audio"""


def value_of(record: Octets, start: int, end: int) -> Value:
    """Decode the ``Summary.Value`` between two positions of a record."""
    value = Value("", start)
    tensor = list[tuple[int, int]]()
    metadata = list[tuple[int, int]]()
    for number, wire, x, y in fields(record, start, end):
        if number == 1 and wire == BYTES:
            value.tag = text_of(record, (x, y))
        elif number == 2 and wire == FIXED32:
            (simple,) = struct.unpack("<f", record[x:y])
            value.number, tensor = Number(simple, x, "<f4"), []
        elif number == 8 and wire == BYTES:
            value.number = None
            tensor.append((x, y))
        elif number in _OTHER_KINDS and wire == BYTES:
            value.number, tensor = None, []
        elif number == 9 and wire == BYTES:
            metadata.append((x, y))
    if metadata:
        value.plugin, value.content = plugin_of(record, metadata)
    if tensor:
        value.is_tensor = True
        data_type, value.number = tensor_of(record, tensor)
        if data_type == _STRING and value.plugin == "text":
            value.texts = strings_of(record, tensor)
    return value


def plugin_of(record: Octets, metadata: Sequence[tuple[int, int]]) -> tuple[str, bytes]:
    """Name and data of the plugin that a SummaryMetadata names."""
    name, content = "", b""
    plugin = [(x, y) for number, wire, x, y in spans_fields(record, metadata) if (number, wire) == (1, BYTES)]
    for number, wire, x, y in spans_fields(record, plugin):
        if number == 1 and wire == BYTES:
            name = text_of(record, (x, y))
        elif number == 2 and wire == BYTES:
            content = record[x:y]
    return name, content


class _Kind(NamedTuple):
    """One ``DataType`` of a tensor: its bytes in ``tensor_content``, and the field that lists its values instead."""

    dtype: str
    field: int


_FLOATS, _DOUBLES, _INTS, _STRINGS, _INT64S, _BOOLS, _HALVES, _UINT32S, _UINT64S = 5, 6, 7, 8, 10, 11, 13, 16, 17
_STRING = 7
_BFLOAT16 = "bfloat16"
_KINDS = {
    1: _Kind("<f4", _FLOATS),
    2: _Kind("<f8", _DOUBLES),
    3: _Kind("<i4", _INTS),
    4: _Kind("<u1", _INTS),
    5: _Kind("<i2", _INTS),
    6: _Kind("<i1", _INTS),
    9: _Kind("<i8", _INT64S),
    10: _Kind("<u1", _BOOLS),
    14: _Kind(_BFLOAT16, _HALVES),
    17: _Kind("<u2", _INTS),
    19: _Kind("<f2", _HALVES),
    22: _Kind("<u4", _UINT32S),
    23: _Kind("<u8", _UINT64S),
}
_STRUCT = {
    "<f4": "<f", "<f8": "<d", "<f2": "<e", "<i1": "<b", "<i2": "<h", "<i4": "<i", "<i8": "<q",
    "<u1": "<B", "<u2": "<H", "<u4": "<I", "<u8": "<Q", _BFLOAT16: "<H",
}  # fmt: skip
MOST_STRINGS = 4096
"""Strings kept of one text tensor."""


def tensor_of(record: Octets, spans: Sequence[tuple[int, int]]) -> tuple[int, Number | None]:
    """The data type of a TensorProto, and its number if it holds exactly one."""
    data_type = 0
    elements = 1
    content = (0, 0)
    listed = list[tuple[int, int, int, int]]()
    for number, wire, x, y in spans_fields(record, spans):
        if number == 1 and wire == VARINT:
            data_type = x
        elif number == 2 and wire == BYTES:
            elements *= elements_of(record, x, y)
        elif number == 4 and wire == BYTES:
            content = (x, y)
        elif number >= 5:
            listed.append((number, wire, x, y))
    kind = _KINDS.get(data_type)
    if kind is None or elements != 1:
        return data_type, None
    if content[1] == content[0]:
        return data_type, _only_listed(record, kind, [entry for entry in listed if entry[0] == kind.field])
    if content[1] - content[0] != struct.calcsize(_STRUCT[kind.dtype]):
        return data_type, None
    return data_type, _fixed(record, content[0], kind.dtype)


def strings_of(record: Octets, spans: Sequence[tuple[int, int]]) -> tuple[bytes, ...]:
    """The strings in a TensorProto."""
    strings = (record[x:y] for number, wire, x, y in spans_fields(record, spans) if (number, wire) == (_STRINGS, BYTES))
    return tuple(islice(strings, MOST_STRINGS))


def elements_of(record: Octets, start: int, end: int) -> int:
    """How many elements a TensorShapeProto describes (negative or unknown sizes count as none)."""
    elements = 1
    for number, wire, x, y in fields(record, start, end):
        if number == 2 and wire == BYTES:
            size = 0
            for inner, inner_wire, n, _ in fields(record, x, y):
                if inner == 1 and inner_wire == VARINT:
                    size = signed(n)
            elements *= max(size, 0)
    return elements


def _only_listed(record: Octets, kind: _Kind, entries: Sequence[tuple[int, int, int, int]]) -> Number | None:
    """The number in a typed list, packed or not, if it is the only one."""
    width = {_FLOATS: 4, _DOUBLES: 8}.get(kind.field, 0)
    found = list[Number]()
    for _, wire, x, y in entries:
        if width and (wire == BYTES or wire == (FIXED32 if width == 4 else FIXED64)):
            found += [_fixed(record, at, kind.dtype) for at in range(x, min(y, x + 2 * width), width)]
        elif not width and wire == VARINT:
            found.append(Number(_from_integer(x, kind)))
        elif not width and wire == BYTES:
            while x < y and len(found) < 2:
                integer, x = varint(record, x, y)
                found.append(Number(_from_integer(integer, kind)))
    return found[0] if len(found) == 1 else None


def _from_integer(x: int, kind: _Kind) -> float:
    if kind.field == _HALVES:
        return _unpack(struct.pack("<H", x & 0xFFFF), kind.dtype)
    if kind.field == _BOOLS:
        return float(x != 0)
    if kind.field in (_UINT32S, _UINT64S):
        return float(x & (0xFFFFFFFF if kind.field == _UINT32S else 0xFFFFFFFFFFFFFFFF))
    return float(signed(x))


def _fixed(record: Octets, at: int, dtype: str) -> Number:
    raw = record[at : at + struct.calcsize(_STRUCT[dtype])]
    return Number(_unpack(raw, dtype), at, "" if dtype == _BFLOAT16 else dtype)


def _unpack(raw: bytes, dtype: str) -> float:
    if dtype == _BFLOAT16:
        return float(struct.unpack("<f", b"\0\0" + raw)[0])
    return float(struct.unpack(_STRUCT[dtype], raw)[0])


# --------------------------------------------------------------------------- the wire format


def fields(record: Octets, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of the message between two positions: ``(number, wire type, x, y)``.

    ``x`` is the value of a varint; for every other wire type ``x`` and ``y`` bound the field's bytes. Groups, which
    no event uses, are passed over whole.
    """
    while at < end:
        key = record[at]
        at += 1
        if key > 127:
            key, at = varint(record, at - 1, end)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise MalformedEvent("field number 0")
        if wire == BYTES:
            if at >= end:
                raise MalformedEvent("cut length")
            size = record[at]
            at += 1
            if size > 127:
                size, at = varint(record, at - 1, end)
            start, at = at, at + size
            if at > end:
                raise MalformedEvent("field longer than its message")
            yield number, wire, start, at
        elif wire == VARINT:
            x, at = varint(record, at, end)
            yield number, wire, x, at
        elif wire in (FIXED32, FIXED64):
            start, at = at, at + (4 if wire == FIXED32 else 8)
            if at > end:
                raise MalformedEvent("field longer than its message")
            yield number, wire, start, at
        elif wire == GROUP:
            at = _after_group(record, at, end, number)
        else:
            raise MalformedEvent(f"wire type {wire}")


def spans_fields(record: Octets, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message that was written in several pieces: protobuf merges them in order."""
    for start, end in spans:
        yield from fields(record, start, end)


def varint(record: Octets, at: int, end: int) -> tuple[int, int]:
    """The unsigned 64-bit varint at a position, and the position after it."""
    result = shift = 0
    while True:
        if at >= end or shift > 63:
            raise MalformedEvent("cut or overlong varint")
        byte = record[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 128:
            return result & 0xFFFFFFFFFFFFFFFF, at
        shift += 7


def signed(x: int) -> int:
    """An unsigned varint read as a two's complement int64."""
    return x - (1 << 64) if x >> 63 else x


def text_of(record: Octets, span: tuple[int, int]) -> str:
    """A string field; bytes that are not UTF-8 stay visible as escapes."""
    return record[span[0] : span[1]].decode("utf-8", "backslashreplace")


_DEEPEST_GROUP = 32


def _after_group(record: Octets, at: int, end: int, number: int) -> int:
    open_groups = [number]
    while open_groups:
        if len(open_groups) > _DEEPEST_GROUP:
            raise MalformedEvent("groups nested too deep")
        key, at = varint(record, at, end)
        wire = key & 7
        if wire == VARINT:
            _, at = varint(record, at, end)
        elif wire == BYTES:
            size, at = varint(record, at, end)
            at += size
        elif wire in (FIXED32, FIXED64):
            at += 4 if wire == FIXED32 else 8
        elif wire == GROUP:
            open_groups.append(key >> 3)
        elif wire == END_GROUP and open_groups.pop() == key >> 3:
            continue
        else:
            raise MalformedEvent("group not closed")
        if at > end:
            raise MalformedEvent("field longer than its message")
    return at
