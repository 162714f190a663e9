"""Lines of MLPerf's logger, the unusual ones; a whole log of it is read in test_printed.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from losslens.parsers.printed.mllog import as_printed
from tests.parsers.printing import falling, printed


def told(key: str, value: object, **metadata: object) -> str:
    said = {"namespace": "", "time_ms": None, "event_type": "POINT_IN_TIME", "key": key, "value": value}
    return f":::MLLOG {json.dumps({**said, 'metadata': {'file': 'train.py', 'lineno': 12, **metadata}})}"


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        (told("eval_accuracy", 0.7, epoch_num=3), "epoch 3, eval_accuracy: 0.7"),
        (told("train_loss", 2.5, samples_count=1024), "samples 1024, train_loss: 2.5"),
        (told("train_loss", float("nan"), step_num=7, epoch_num=1), "step 7, train_loss: nan"),
        (told("tracked_stats", {"throughput": 3.0, "unit": "s"}, step=30), "step 30, throughput: 3.0"),
        (told("seed", 1), "seed: 1"),
        (told("run_start", None), "run_start"),
        ("3: " + told("seed", 1), "seed: 1"),
        ("loss 0.5", "loss 0.5"),
        (':::MLLOG {"key": ', ':::MLLOG {"key": '),
        (':::MLLOG {"value": 1}', ':::MLLOG {"value": 1}'),
    ],
)
def test_a_line_says_what_its_object_holds(line: str, plain: str) -> None:
    assert as_printed(line) == plain


def test_a_moment_that_no_calendar_holds_is_left_out() -> None:
    assert as_printed(told("seed", 1).replace("null", "1e30", 1)) == "seed: 1"


def test_losses_of_epochs_between_other_lines_are_one_series(tmp_path: Path) -> None:
    lines = [told("train_loss", falling(i), epoch_num=i + 1) + f"\nsaving model {i}" for i in range(9)]
    series = printed(tmp_path, "\n".join(lines) + "\n").series["train_loss"]
    assert series.axis == "epoch"
    assert series.step.tolist() == list(range(1, 10))
