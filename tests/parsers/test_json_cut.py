"""Documents that end in their middle: what is whole is read, and nothing is invented at any cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from losslens import parsers
from losslens.errors import NotALogError
from losslens.model import Log
from losslens.parsers.json_cut import whole_part

LOSS = [round(2 / (n + 1), 4) for n in range(12)]
DOCUMENTS = {
    "history": {"loss": LOSS, "val_loss": [round(1.1 * v, 4) for v in LOSS], "lr": [0.1] * 12},
    "nested": {"history": {"loss": LOSS, "acc": LOSS}, "params": {"epochs": 12}},
    "records": [{"step": n, "loss": v} for n, v in enumerate(LOSS)],
    "state": {"log_history": [{"loss": v, "epoch": n / 3, "step": n} for n, v in enumerate(LOSS)], "max_steps": 12},
    "download": [[1.7e9 + n, n, v] for n, v in enumerate(LOSS)],
    "by epoch": {str(n): {"loss": v} for n, v in enumerate(LOSS)},
}


def points(logs: tuple[Log, ...]) -> set[tuple[str, int, float]]:
    return {
        (tag, step, value)
        for log in logs
        for tag, series in log.series.items()
        for step, value in zip(series.step.tolist(), series.value.tolist(), strict=True)
    }


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_whatever_the_cut_no_point_is_invented_and_the_loss_of_bytes_is_said(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "history.json"
    text = json.dumps(DOCUMENTS[kind])
    path.write_text(text)
    truth = points(parsers.parse(path))
    most = 0
    for cut in range(len(text) // 3, len(text) - 1):
        path.write_text(text[:cut])
        try:
            logs = parsers.parse(path)
        except NotALogError:
            continue  # too little is left to know it
        found = points(logs)
        assert found <= truth
        (damage,) = logs[-1].damage
        assert damage.last_byte == cut - 1
        assert "cut off" in damage.reason
        most = max(most, len(found))
    assert most >= len(truth) - 3  # nothing but the record at the cut is given up


def test_the_damage_begins_behind_the_last_whole_value(tmp_path: Path) -> None:
    text = '{"loss": [2.5, 1.25, 0.625], "val_loss": [3, 2'
    (tmp_path / "history.json").write_text(text)
    (log,) = parsers.parse(tmp_path / "history.json")
    assert log.series["loss"].value.tolist() == [2.5, 1.25, 0.625]
    assert log.series["val_loss"].value.tolist() == [3.0]  # the 2 may have lost its digits
    assert (log.damage[0].first_byte, log.damage[0].last_byte) == (text.index(", 2"), len(text) - 1)
    assert {series.axis for series in log.series.values()} == {"epoch"}
    assert log.trainer == "keras"


def test_a_record_at_the_cut_is_left_out_whole_since_it_may_lack_its_step(tmp_path: Path) -> None:
    text = '[{"loss": 2.0, "step": 10}, {"loss": 1.0, "step": 20}, {"loss": 0.5, "st'
    (tmp_path / "log.json").write_text(text)
    (log,) = parsers.parse(tmp_path / "log.json")
    assert log.series["loss"].step.tolist() == [10, 20]
    assert "record" in log.damage[0].reason


def test_a_cut_inside_a_string_with_brackets_and_commas_is_no_more_than_a_cut() -> None:
    part = whole_part('{"loss": [1, 2], "note": "a, [b')
    assert part is not None
    assert json.loads(part.text) == {"loss": [1, 2]}


def test_a_document_that_is_whole_or_closed_wrongly_is_not_cut() -> None:
    assert whole_part('{"loss": [1, 2]}') is None
    assert whole_part('{"loss": 1]}') is None


def test_a_zero_filled_tail_of_a_document_is_said(tmp_path: Path) -> None:
    (tmp_path / "history.json").write_bytes(b'{"loss": [2.5, 1.25, 0.5]}' + b"\0" * 100)
    (log,) = parsers.parse(tmp_path / "history.json")
    assert [damage.reason for damage in log.damage] == ["a zero-filled tail"]
