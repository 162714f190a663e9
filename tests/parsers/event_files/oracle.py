"""The plain way to read an event file, which the reader must equal: record after record through protobuf."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from losslens.model import RawSeries
from losslens.parsers.event_files.crc32c import crc32c, mask

Point = tuple[str, int, int, float, float]
"""tag, row, step, wall time, value"""


def record(payload: bytes) -> bytes:
    """One record, as a writer would frame it."""
    header = struct.pack("<Q", len(payload))
    return header + struct.pack("<I", mask(crc32c(header))) + payload + struct.pack("<I", mask(crc32c(payload)))


def payloads(data: bytes) -> Iterator[bytes]:
    """The payloads of an undamaged file."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        yield data[at + 12 : at + 12 + length]
        at += 16 + length


def points(records: Iterable[bytes]) -> list[Point]:
    """Every scalar of a stream of records, in file order, by tensorboard's own protobuf classes."""
    from tensorboard.compat.proto.event_pb2 import Event

    plugins: dict[str, str] = {}
    found: list[Point] = []
    for row, payload in enumerate(records):
        event = Event.FromString(payload)
        for value in event.summary.value:
            kind = value.WhichOneof("value")
            if kind == "simple_value":
                found.append((value.tag, row, event.step, event.wall_time, value.simple_value))
            elif kind == "tensor":
                plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
                number = _number(value.tensor)
                if plugin in ("", "scalars") and number is not None:
                    found.append((value.tag, row, event.step, event.wall_time, number))
    return found


_NUMBERS = {1, 2, 3, 4, 5, 6, 9, 10, 14, 17, 19, 22, 23}


def _number(tensor: Any) -> float | None:
    """The one number of a TensorProto, by tensorboard's own conversion."""
    from tensorboard.util import tensor_util

    if tensor.dtype not in _NUMBERS:
        return None
    if tensor.dtype in (14, 22, 23):  # make_ndarray knows no bfloat16 and no unsigned integers of this width
        return _unsupported(tensor)
    try:
        array = tensor_util.make_ndarray(tensor)
    except ValueError:
        return None
    return float(array.reshape(-1)[0]) if array.size == 1 else None


def _unsupported(tensor: Any) -> float | None:
    if int(np.prod([d.size for d in tensor.tensor_shape.dim])) != 1:
        return None
    form, listed = {14: ("<H", tensor.half_val), 22: ("<I", tensor.uint32_val), 23: ("<Q", tensor.uint64_val)}[
        tensor.dtype
    ]
    raw = tensor.tensor_content or (struct.pack(form, listed[0]) if len(listed) == 1 else b"")
    if len(raw) != struct.calcsize(form):
        return None
    return float(struct.unpack("<f", b"\0\0" + raw)[0] if tensor.dtype == 14 else struct.unpack(form, raw)[0])


def points_of(series: dict[str, RawSeries]) -> list[Point]:
    """The same list from what the reader returned, ordered by row."""
    found = [
        (tag, int(r), int(s), float(w), float(v))
        for tag, one in series.items()
        for r, s, w, v in zip(one.row, one.step, one.wall_time, one.value, strict=True)
    ]
    return sorted(found, key=lambda point: (point[1], point[0]))


def same(left: list[Point], right: list[Point]) -> bool:
    """Equal point by point, NaN equal to NaN."""
    left = sorted(left, key=lambda point: (point[1], point[0]))
    right = sorted(right, key=lambda point: (point[1], point[0]))
    return repr(left) == repr(right)
