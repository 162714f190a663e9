"""Records of JSON lines that stand inside the envelope of a logger."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from losslens.parsers import parse, recognise

ENVELOPES: dict[str, Callable[[int, float], dict[str, object]]] = {
    "an event and its data": lambda n, loss: {
        "ts": "2026-01-02T10:00:00",
        "event": "m",
        "data": {"step": n, "loss": loss},
    },
    "the payload of a cloud": lambda n, loss: {"severity": "INFO", "jsonPayload": {"step": n, "loss": loss}},
    "a part of the data inside": lambda n, loss: {"event": "m", "data": {"global_step": n, "train": {"loss": loss}}},
    "two envelopes": lambda n, loss: {"level": "info", "fields": {"kind": "m", "body": {"iter": n, "loss": loss}}},
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_the_object_that_says_a_step_is_the_record(name: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [json.dumps(ENVELOPES[name](4 * n, 2.0 * 0.9**n)) for n in range(12)]
    path.write_text("\n".join(lines) + "\n")
    assert recognise(path) == "jsonl"
    (log,) = parse(path)
    (course,) = [s for tag, s in log.series.items() if tag.endswith("loss")]
    assert course.axis == "step"
    assert course.step.tolist() == [4 * n for n in range(12)]


def test_parts_of_the_data_that_say_a_step_each_keep_their_names(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    records = [{split: {"step": n, "loss": 0.9**n}} for n in range(12) for split in ("train", "val")]
    path.write_text("\n".join(map(json.dumps, records)) + "\n")
    (log,) = parse(path)
    assert log.series["train/loss"].step.tolist() == log.series["val/loss"].step.tolist() == list(range(12))


def test_a_record_with_a_step_of_its_own_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    records = [{"step": n, "loss": 0.9**n, "eval": {"epoch": 7, "loss": 1.0}} for n in range(12)]
    path.write_text("\n".join(map(json.dumps, records)) + "\n")
    (log,) = parse(path)
    assert log.series["loss"].step.tolist() == list(range(12))
    assert "eval/loss" in log.series
