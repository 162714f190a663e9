"""The fast path gives what protobuf gives, point by point, for anything a writer may write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from losslens.parsers import tensorboard
from losslens.parsers.event_files import columns, records
from tests.parsers.event_files import oracle
from tests.parsers.event_files.streams import field, numbered, streams, varint


@pytest.fixture(params=[1, 32])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many records go one by one: 1 puts everything it can into columns."""
    monkeypatch.setattr(columns, "FEW", request.param)
    monkeypatch.setattr(records, "SMALL", 0)
    return int(request.param)


def read(path: Path, payloads: list[bytes]) -> list[oracle.Point]:
    path.write_bytes(b"".join(map(oracle.record, payloads)))
    (log,) = tensorboard.parse(path)
    assert not log.damage
    return oracle.points_of(log.series)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payloads=streams())
def test_any_valid_stream_reads_as_protobuf_reads_it(tmp_path: Path, few: int, payloads: list[bytes]) -> None:
    payloads = [numbered(payload, i) for i, payload in enumerate(payloads)]
    got = read(tmp_path / "e.tfevents.1", payloads)
    assert oracle.same(got, oracle.points(payloads))


def simple(tag: str, number: bytes) -> bytes:
    return field(1, field(1, tag.encode()) + b"\x15" + number)


def event(step: int, *values: bytes) -> bytes:
    return b"\x09" + bytes(8) + b"\x10" + varint(step) + field(5, b"".join(values))


def test_tags_that_differ_in_one_letter_stay_apart(tmp_path: Path, few: int) -> None:
    tags = [f"layer_{i:03d}/gradient_norm_before_clipping" for i in range(200)]
    payloads = [event(step, simple(tag, bytes([step, i, 0, 64]))) for step in range(20) for i, tag in enumerate(tags)]
    got = read(tmp_path / "e.tfevents.1", payloads)
    assert oracle.same(got, oracle.points(payloads))
    assert len({point[0] for point in got}) == 200


def test_tags_whose_hashes_collide_stay_apart(tmp_path: Path, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    monkeypatch.setattr(columns, "_factors", lambda n, attempt: np.zeros(n, np.uint64))
    tags = [f"tag{i}" for i in range(10)]
    payloads = [event(step, simple(tag, bytes([step, i, 0, 64]))) for step in range(40) for i, tag in enumerate(tags)]
    assert oracle.same(read(tmp_path / "e.tfevents.1", payloads), oracle.points(payloads))


def test_many_values_in_one_event_keep_their_order(tmp_path: Path, few: int) -> None:
    payloads = [event(step, *(simple("same", bytes([k, step, 0, 64])) for k in range(40))) for step in range(50)]
    got = read(tmp_path / "e.tfevents.1", payloads)
    assert [point[4] for point in got] == [point[4] for point in oracle.points(payloads)]


@pytest.mark.parametrize("window", [512, 5_000])
def test_windows_and_batches_do_not_show(tmp_path: Path, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "WINDOW", window)
    monkeypatch.setattr(records, "BATCH", 7)
    monkeypatch.setattr(columns, "FEW", 2)
    image = field(1, field(1, b"picture") + field(4, field(4, bytes(700))))
    payloads = [event(i, image if i % 10 == 3 else simple("loss", bytes([i % 256, 1, 2, 64]))) for i in range(400)]
    payloads.insert(200, event(7, image, simple("behind a picture", b"\x00\x00\x80\x3f")))
    got = read(tmp_path / "e.tfevents.1", payloads)
    assert oracle.same(got, oracle.points(payloads))
    assert any(point[0] == "behind a picture" for point in got)


def test_a_signalling_nan_is_a_nan_without_a_warning(tmp_path: Path, few: int) -> None:
    payloads = [event(i, simple("loss", b"\x01\x00\xa0\x7f")) for i in range(100)]
    got = read(tmp_path / "e.tfevents.1", payloads)
    assert len(got) == 100
    assert all(point[4] != point[4] for point in got)
