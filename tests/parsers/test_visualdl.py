"""VisualDL's records, as the callback of Paddle's ``Model.fit`` wrote them beside one real training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens.errors import NotALogError
from losslens.parsers import parse, recognise
from tests.parsers import truth

FILE = truth.DATA / "printed" / "visualdl" / "vdlrecords.1700000000.log"


def test_every_number_stands_at_the_step_of_the_training_that_it_was_measured_at() -> None:
    assert recognise(FILE) == "visualdl"
    (log,) = parse(FILE)
    expected = truth.load(FILE)
    assert set(log.series) == set(expected) == {"train/loss", "eval/loss"}
    for tag, points in expected.items():
        series = log.series[tag]
        assert series.step.tolist() == [step for step, _ in points]
        np.testing.assert_allclose(series.value, [value for _, value in points], rtol=1e-6)
        assert (series.wall_time > 1.7e9).all()
    # The callback counts its evaluations in epochs.
    assert [warning.code for warning in log.warnings] == ["evaluations-counted-apart"]


def test_a_file_that_was_cut_is_read_up_to_the_cut(tmp_path: Path) -> None:
    path = tmp_path / FILE.name
    path.write_bytes(FILE.read_bytes()[:-7])
    (log,) = parse(path)
    whole = parse(FILE)[0]
    assert sum(s.step.size for s in log.series.values()) == sum(s.step.size for s in whole.series.values()) - 1
    assert [damage.reason for damage in log.damage] == ["the last record is cut off"]


def test_a_record_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    data = bytearray(FILE.read_bytes())
    second = 8 + int.from_bytes(data[:8], "little") + 8
    data[second + 1] = 0xFF  # the length of its value
    path = tmp_path / FILE.name
    path.write_bytes(data)
    (log,) = parse(path)
    assert log.series["train/loss"].step.tolist() == list(range(2, 161))
    assert len(log.damage) == 1


def test_several_numbers_under_one_tag_are_told_apart(tmp_path: Path) -> None:
    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    def record(step: int) -> bytes:
        pair = field(1, b"real") + bytes([2 << 3 | 5]) + np.float32(step / 2).tobytes()
        message = field(1, bytes([1 << 3, step]) + field(2, b"d_loss") + field(14, pair))
        return len(message).to_bytes(8, "little") + message

    path = tmp_path / "vdlrecords.1.log"
    path.write_bytes(b"".join(map(record, range(5))))
    assert recognise(path) == "visualdl"
    (log,) = parse(path)
    assert log.series["d_loss/real"].value.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_records_without_numbers_are_no_log(tmp_path: Path) -> None:
    path = tmp_path / FILE.name
    path.write_bytes(FILE.read_bytes()[: 8 + FILE.read_bytes()[0]])
    with pytest.raises(NotALogError):
        parse(path)
