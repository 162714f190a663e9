"""Random but valid streams of events, as hypothesis strategies: what any writer of the format may write."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import strategies as st

TAGS = ("loss", "lr", "train/loss", "train/lose", "a" * 70, "b" * 200, "каша/損失", "x", "")
PLUGINS = ("", "", "", "scalars", "scalars", "text", "histograms")


def varint(number: int, padding: int = 0) -> bytes:
    """A varint; with padding, a longer spelling of the same number."""
    number &= (1 << 64) - 1
    groups = [number & 127]
    while number := number >> 7:
        groups.append(number & 127)
    groups += [0] * min(padding, 10 - len(groups))
    return bytes([group | 128 for group in groups[:-1]] + groups[-1:])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


floats = st.one_of(st.floats(width=32), st.sampled_from([0.0, -0.0, float("nan"), float("inf"), 1.5]))
steps = st.one_of(
    st.integers(0, 300),
    st.sampled_from([0, 127, 128, 16_383, 16_384, 1 << 21, 1 << 35, (1 << 62) + 1, (1 << 63) - 1, -1, -(1 << 63)]),
)
unknown = st.sampled_from(
    [b"", b"", b"", varint(100 << 3) + b"\x07", field(101, b"future"), varint(102 << 3 | 5) + b"abcd",
     varint(103 << 3 | 1) + b"abcdefgh", varint(104 << 3 | 3) + varint(1 << 3) + b"\x01" + varint(104 << 3 | 4)]
)  # fmt: skip


@st.composite
def tensors(draw: st.DrawFn) -> bytes:
    """A TensorProto, serialised: one number in any type and form, or something else."""
    number = draw(floats)
    whole = draw(st.integers(-(1 << 31), (1 << 31) - 1))
    half = struct.pack("<e", draw(st.floats(width=16)))
    data_type, content = draw(
        st.sampled_from(
            [
                (1, field(4, struct.pack("<f", number))),
                (1, field(5, struct.pack("<f", number))),
                (1, varint(5 << 3 | 5) + struct.pack("<f", number)),
                (1, b""),
                (1, field(4, struct.pack("<2f", number, number))),
                (2, field(4, struct.pack("<d", number))),
                (2, field(6, struct.pack("<d", number))),
                (3, field(4, struct.pack("<i", whole))),
                (3, field(7, varint(whole))),
                (9, varint(10 << 3) + varint(whole)),
                (9, field(4, struct.pack("<q", whole))),
                (10, field(11, b"\x01")),
                (14, field(4, half)),
                (14, field(13, varint(struct.unpack("<H", half)[0]))),
                (19, field(4, half)),
                (19, field(13, varint(struct.unpack("<H", half)[0]))),
                (22, field(16, varint(whole & 0xFFFFFFFF))),
                (7, field(8, b"text")),
                (8, field(4, bytes(8))),
                (0, b""),
            ]
        )
    )
    shape = draw(
        st.sampled_from([b"", field(2, b""), field(2, field(2, b"\x08\x01")), field(2, field(2, b"\x08\x02"))])
    )
    parts = [varint(1 << 3) + varint(data_type), shape, content]
    return b"".join(draw(st.permutations(parts)) if draw(st.booleans()) else parts)


@st.composite
def values(draw: st.DrawFn) -> bytes:
    """A Summary.Value, serialised."""
    tag = draw(st.sampled_from(TAGS))
    simple = varint(2 << 3 | 5) + struct.pack("<f", draw(floats))
    content = draw(
        st.one_of(
            st.just(simple),
            st.just(simple),
            st.just(simple),
            tensors().map(lambda tensor: field(8, tensor)),
            tensors().map(lambda tensor: field(8, tensor)),
            st.just(field(4, b"\x22\x04PNG!")),
            st.just(field(5, b"\x09" + bytes(8))),
            st.just(field(3, b"old")),
            st.just(b""),
            st.just(simple + field(4, b"")),
            st.just(field(8, b"\x08\x01") + simple),
        )
    )
    plugin = draw(st.sampled_from(PLUGINS))
    metadata = field(9, field(1, field(1, plugin.encode()))) if plugin else b""
    parts = [field(1, tag.encode()) if tag else b"", content, metadata, draw(unknown)]
    return b"".join(draw(st.permutations(parts)) if draw(st.integers(0, 9)) == 0 else parts)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """An Event, serialised."""
    wall_time = b"\x09" + struct.pack("<d", draw(st.sampled_from([1.7e9, 1.7e9 + 0.25, -1.0, 0.0])))
    step = draw(steps)
    padding = draw(st.sampled_from([0, 0, 0, 0, 1, 9]))
    step_field = b"\x10" + varint(step, padding) if step or draw(st.booleans()) else b""
    number = draw(st.sampled_from([1, 1, 1, 1, 1, 1, 2, 3, 0]))
    summary = b"".join(field(1, draw(values())) for _ in range(number))
    parts = [wall_time, step_field, field(5, summary), draw(unknown)]
    kind = draw(st.integers(0, 19))
    if kind == 0:
        parts = draw(st.permutations(parts))
    elif kind == 1:
        parts[2] = field(5, summary) + field(5, field(1, draw(values())))  # one summary in two pieces
    elif kind == 2:
        parts[2] += field(3, b"brain.Event:2")  # of a oneof, the last member counts
    elif kind == 3:
        parts[2] = field(7, b"\x08\x01")
    elif kind == 4:
        parts = []
    return b"".join(parts)


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """The payloads of a file: some events many times over with other numbers, as trainings write them."""
    found: list[bytes] = []
    for _ in range(draw(st.integers(1, 6))):
        found += draw(st.lists(events(), min_size=1, max_size=6)) * draw(st.sampled_from([1, 1, 2, 5]))
    return found


def numbered(payload: bytes, i: int) -> bytes:
    """The payload with another wall time, if it begins with one: repeated events differ as real ones do."""
    if not payload.startswith(b"\x09"):
        return payload
    return b"\x09" + struct.pack("<d", 1.7e9 + i) + payload[9:]


Payloads = list[Any]
