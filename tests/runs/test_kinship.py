"""Logs of one folder that follow each other, and those that only look so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from losslens.runs import find


def written(folder: Path, name: str, first: int, last: int) -> None:
    records = [{"step": step, "train/loss": 5.0 / (step + 20)} for step in range(first, last, 10)]
    (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.mark.parametrize(("begun", "runs"), [(750, 1), (1235, 2)])
def test_a_log_of_another_name_goes_on_only_where_the_one_before_ended(tmp_path: Path, begun: int, runs: int) -> None:
    written(tmp_path, "train_log.json", 10, 750)
    written(tmp_path, "train_log_resume_20260510.json", begun, begun + 700)
    assert len(find([tmp_path]).jobs) == runs


def test_numbered_parts_of_which_one_is_missing_are_one_run(tmp_path: Path) -> None:
    written(tmp_path, "train_log_1.json", 10, 750)
    written(tmp_path, "train_log_3.json", 1500, 2200)
    assert len(find([tmp_path]).jobs) == 1
