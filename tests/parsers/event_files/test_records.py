"""Damage costs what it covers, is reported byte by byte, and never makes a point that was not written."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from losslens.model import Damage
from losslens.parsers import tensorboard
from losslens.parsers.event_files import chain, columns, records
from losslens.parsers.event_files.crc32c import crc32c, mask
from tests.parsers.event_files import oracle
from tests.parsers.event_files.streams import field, varint


def event(step: int) -> bytes:
    tag = ("loss", "train/learning_rate", "g" * 80)[step % 3]
    value = field(1, tag.encode()) + b"\x15" + struct.pack("<f", step / 7)
    return b"\x09" + struct.pack("<d", 1.7e9 + step) + b"\x10" + varint(step) + field(5, field(1, value))


PAYLOADS = [event(step) for step in range(1, 1001)]
RECORDS = [oracle.record(payload) for payload in PAYLOADS]
STARTS = [sum(map(len, RECORDS[:i])) for i in range(len(RECORDS))]
WHOLE = b"".join(RECORDS)
SHORT = b"".join(RECORDS[:200])


def read(path: Path, data: bytes) -> tuple[list[int], tuple[Damage, ...]]:
    """The steps of the points that were returned, each checked against the point that was written."""
    path.write_bytes(data)
    (log,) = tensorboard.parse(path)
    found = oracle.points_of(log.series)
    true = {point[2]: point for point in oracle.points(PAYLOADS)}
    for tag, _, step, wall_time, value in found:
        assert (tag, wall_time, value) == (true[step][0], true[step][3], true[step][4])
    return sorted(point[2] for point in found), log.damage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.out.tfevents.1700000000.host"


def flip(data: bytes, at: int, bit: int = 3) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def without(*lost: int) -> list[int]:
    return [step for step in range(1, 1001) if step not in lost]


def test_an_undamaged_file_has_no_damage(path: Path) -> None:
    assert read(path, WHOLE) == (without(), ())


@pytest.mark.parametrize("place", [0, 5, 12, 20, -1], ids=["first", "time", "summary", "tag", "checksum"])
def test_a_flipped_bit_in_a_payload_costs_one_record(path: Path, place: int) -> None:
    at = STARTS[500] + 12 + place if place >= 0 else STARTS[501] - 1
    steps, (damage,) = read(path, flip(WHOLE, at))
    assert steps == without(501)
    assert (damage.first_byte, damage.last_byte, damage.records_lost) == (STARTS[500], STARTS[501] - 1, 1)
    assert damage.after_step == 500


def test_a_record_whose_length_is_unreadable_is_found_between_its_neighbours(path: Path) -> None:
    steps, (damage,) = read(path, flip(WHOLE, STARTS[500]))
    assert steps == without()
    assert (damage.first_byte, damage.last_byte, damage.records_lost) == (STARTS[500], STARTS[500] + 11, 0)


def test_an_unreadable_length_and_payload_cost_that_record_alone(path: Path) -> None:
    steps, (damage,) = read(path, flip(flip(WHOLE, STARTS[500]), STARTS[500] + 20))
    assert steps == without(501)
    assert (damage.first_byte, damage.last_byte) == (STARTS[500], STARTS[501] - 1)
    assert damage.after_step == 500


def test_a_length_of_a_terabyte_is_not_followed(path: Path) -> None:
    length = struct.pack("<Q", 1 << 40)
    data = WHOLE[: STARTS[500]] + length + WHOLE[STARTS[500] + 8 :]
    assert read(path, data)[0] == without()


def test_a_terabyte_with_a_valid_checksum_is_not_followed_either(path: Path) -> None:
    header = struct.pack("<Q", 1 << 40)
    header += struct.pack("<I", mask(crc32c(header)))
    steps, damage = read(path, WHOLE[: STARTS[500]] + header + WHOLE[STARTS[500] + 12 :])
    assert steps == without()
    assert len(damage) == 1


def test_zeros_in_the_middle_cost_the_records_they_cover(path: Path) -> None:
    first, last = STARTS[500] + 7, STARTS[509] + 3
    steps, damage = read(path, WHOLE[:first] + bytes(last - first) + WHOLE[last:])
    assert steps == without(*range(501, 511))
    assert damage[0].first_byte == STARTS[500]
    assert damage[-1].last_byte == STARTS[510] - 1


def test_a_file_cut_in_a_record_loses_that_record_and_says_where(path: Path) -> None:
    for cut in (1, 8, 11, 12, 30, len(RECORDS[999]) - 1):
        steps, (damage,) = read(path, WHOLE[: STARTS[999] + cut])
        assert steps == without(1000)
        assert (damage.first_byte, damage.last_byte) == (STARTS[999], STARTS[999] + cut - 1)
        assert "cut off" in damage.reason
        assert damage.after_step == 999


@pytest.mark.parametrize("zeros", [1, 3, 16, 4096, 100_000])
def test_a_tail_of_zeros_is_named_as_such(path: Path, zeros: int) -> None:
    steps, (damage,) = read(path, WHOLE + bytes(zeros))
    assert steps == without()
    assert damage.reason == "zero-filled tail"
    assert (damage.first_byte, damage.last_byte) == (len(WHOLE), len(WHOLE) + zeros - 1)


def test_two_files_written_into_one_after_a_crash_are_both_read(path: Path) -> None:
    cut = STARTS[500] + 25
    steps, (damage,) = read(path, WHOLE[:cut] + WHOLE[STARTS[600] :])
    assert steps == without(*range(501, 601))
    assert (damage.first_byte, damage.last_byte) == (STARTS[500], cut - 1)


def test_a_payload_that_is_no_event_is_damage(path: Path) -> None:
    data = WHOLE[: STARTS[500]] + oracle.record(b"\x0f not an event") + WHOLE[STARTS[500] :]
    steps, (damage,) = read(path, data)
    assert steps == without()
    assert "not an event" in damage.reason
    assert damage.first_byte == STARTS[500]


def test_an_empty_record_is_an_empty_event(path: Path) -> None:
    assert read(path, WHOLE[: STARTS[500]] + oracle.record(b"") * 3 + WHOLE[STARTS[500] :]) == (without(), ())


def test_a_record_larger_than_a_window_is_checked_and_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "WINDOW", 4096)
    large = event(1) + field(100, bytes(range(256)) * 40)
    data = WHOLE[: STARTS[1]] + oracle.record(large) + WHOLE[STARTS[1] :]
    assert read(path, data)[0] == [1, *without()]
    steps, (damage,) = read(path, flip(data, STARTS[1] + 5000))
    assert steps == without()
    assert (damage.first_byte, damage.last_byte) == (STARTS[1], STARTS[1] + len(large) + 15)


@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_792, 1 << 20])
def test_headers_of_every_length_are_found(length: int) -> None:
    import numpy as np

    noise = np.random.default_rng(length).integers(1, 256, 1000, dtype=np.uint8).tobytes()
    header = struct.pack("<Q", length)
    header += struct.pack("<I", mask(crc32c(header)))
    for shift in range(4):
        block = np.frombuffer(noise[: 100 + shift] + header + noise, np.uint8)
        place, found = chain.headers_in(block)
        assert place.tolist() == [100 + shift]
        assert found.tolist() == [length]


damages = st.lists(
    st.tuples(
        st.sampled_from(["overwrite", "zero", "delete", "cut"]),
        st.integers(0, len(SHORT) - 1),
        st.binary(min_size=1, max_size=300),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=damages)
def test_any_damage_leaves_every_record_it_did_not_touch(
    path: Path, monkeypatch: pytest.MonkeyPatch, done: list[tuple[str, int, bytes]]
) -> None:
    monkeypatch.setattr(records, "WINDOW", 4_000)
    monkeypatch.setattr(columns, "FEW", 4)
    octets: list[tuple[int, int]] = [(octet, place) for place, octet in enumerate(SHORT)]
    for kind, at, content in done:
        stop = at + len(content)
        if kind == "delete":
            del octets[at:stop]
        elif kind == "cut":
            del octets[max(at, len(octets) - 200) :]
        else:
            new = content if kind == "overwrite" else bytes(len(content))
            octets[at:stop] = [(octet, -1) for octet in new[: len(octets[at:stop])]]
    data = bytes(octet for octet, _ in octets)
    kept = {place: i for i, (_, place) in enumerate(octets) if place >= 0}
    untouched = []
    for i, start in enumerate(STARTS[:200]):
        places = [kept.get(at, -2) for at in range(start, start + len(RECORDS[i]))]
        if places[0] >= 0 and places == list(range(places[0], places[0] + len(places))):
            untouched.append(i + 1)
    steps, damage = read(path, data)
    assert set(untouched) <= set(steps)
    assert len(steps) == len(set(steps))
    if len(steps) < 200 and data != SHORT[: len(data)]:
        assert damage
    for one in damage:
        assert 0 <= one.first_byte <= one.last_byte < len(data)
