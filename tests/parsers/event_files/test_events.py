"""One record at a time, exactly as protobuf reads it."""

from __future__ import annotations

import math
import struct

import pytest

from losslens.parsers.event_files.events import CHECKPOINT, MalformedEvent, decode
from tests.parsers.event_files.streams import field, varint

FLOAT = struct.pack("<f", 1.5)


def summary(*values: bytes) -> bytes:
    return field(5, b"".join(field(1, value) for value in values))


def test_a_scalar_and_where_its_bytes_lie() -> None:
    record = b"\x09" + struct.pack("<d", 12.5) + b"\x10\x07" + summary(field(1, b"loss") + b"\x15" + FLOAT)
    event = decode(record)
    assert (event.wall_time, event.step) == (12.5, 7)
    (value,) = event.values
    assert (value.tag, value.number.value if value.number else None) == ("loss", 1.5)
    assert value.number is not None
    assert record[value.number.at : value.number.at + 4] == FLOAT
    assert value.number.dtype == "<f4"


def test_the_last_member_of_a_oneof_counts() -> None:
    (value,) = decode(summary(field(1, b"a") + b"\x15" + FLOAT + field(4, b""))).values
    assert value.number is None
    assert decode(summary(field(1, b"a") + b"\x15" + FLOAT) + field(3, b"brain.Event:2")).values == ()


def test_pieces_of_a_message_are_merged() -> None:
    event = decode(summary(field(1, b"a") + b"\x15" + FLOAT) + summary(field(1, b"b") + b"\x15" + FLOAT))
    assert [value.tag for value in event.values] == ["a", "b"]
    (value,) = decode(summary(field(1, b"a") + field(8, b"\x08\x01") + field(8, field(4, FLOAT)))).values
    assert value.number is not None
    assert value.number.value == 1.5


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (b"\x08\x01" + field(4, FLOAT), 1.5),
        (b"\x08\x02" + field(6, struct.pack("<d", 1e300)), 1e300),
        (b"\x08\x13" + field(13, varint(0x3E00)), 1.5),
        (b"\x08\x0e" + field(4, b"\xc0\x3f"), 1.5),
        (b"\x08\x0e" + varint(13 << 3) + varint(0x7FC0), math.nan),
        (b"\x08\x09" + field(10, varint(-5)), -5.0),
        (b"\x08\x17" + field(17, varint((1 << 64) - 1)), float((1 << 64) - 1)),
        (b"\x08\x0a" + field(11, b"\x01"), 1.0),
        (b"\x08\x01" + field(2, field(2, b"\x08\x02")) + field(4, FLOAT * 2), None),
        (b"\x08\x01" + field(5, FLOAT * 2), None),
        (b"\x08\x01", None),
        (b"\x08\x08" + field(4, bytes(8)), None),
    ],
    ids=[
        "float",
        "double",
        "half",
        "bfloat16",
        "bfloat16-nan",
        "int64",
        "uint64",
        "bool",
        "pair",
        "listed-pair",
        "empty",
        "complex",
    ],
)
def test_numbers_of_every_type_are_read(tensor: bytes, expected: float | None) -> None:
    (value,) = decode(summary(field(1, b"a") + field(8, tensor))).values
    got = value.number.value if value.number else None
    assert got == expected or (got is not None and math.isnan(got) and expected is not None and math.isnan(expected))


def test_strings_of_a_text_are_read() -> None:
    (value,) = decode(
        summary(
            field(1, b"t")
            + field(8, b"\x08\x07" + field(8, b"one") + field(8, b"two"))
            + field(9, field(1, field(1, b"text")))
        )
    ).values
    assert (value.plugin, value.texts, value.number) == ("text", (b"one", b"two"), None)


def test_a_session_log_tells_of_a_checkpoint() -> None:
    event = decode(b"\x10\x05" + field(7, b"\x08\x03" + field(2, b"model.ckpt-5")))
    assert (event.session_status, event.text, event.step) == (CHECKPOINT, "model.ckpt-5", 5)


def test_a_negative_step_takes_ten_bytes() -> None:
    assert decode(b"\x10" + varint(-1)).step == -1


def test_a_tag_that_is_not_utf_8_stays_visible() -> None:
    (value,) = decode(summary(field(1, b"caf\xe9") + b"\x15" + FLOAT)).values
    assert value.tag == "caf\\xe9"


@pytest.mark.parametrize(
    "record",
    [
        b"\x09\x00",
        b"\x10",
        b"\x10" + b"\x80" * 10 + b"\x01",
        b"\x2a\x05\x0a",
        b"\x00\x01",
        b"\x0f",
        b"\x0c",
        b"\x0b",
        b"\x0b\x10",
    ],
    ids=[
        "cut-double",
        "cut-varint",
        "long-varint",
        "cut-bytes",
        "field-0",
        "wire-type-7",
        "end-group",
        "open-group",
        "cut-group",
    ],
)
def test_what_is_no_event_is_refused(record: bytes) -> None:
    with pytest.raises(MalformedEvent):
        decode(record)
