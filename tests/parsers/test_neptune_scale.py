"""Runs that Neptune's newer client kept offline, in a SQLite file of protobuf messages."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from losslens import parsers, runs
from losslens.errors import NotALogError, ParseError
from losslens.parsers import neptune_scale
from tests.parsers.offline_truth import DATA, TRUTH, assert_true

(DATABASE,) = (DATA / "neptune_scale").glob("*/*.sqlite3")


def test_every_point_is_read_with_nan_and_the_settings() -> None:
    assert parsers.recognise(DATABASE) == "neptune-scale"
    (log,) = parsers.parse(DATABASE)
    assert_true(log)
    assert log.group_hint == "too-hot"
    assert log.series["train/loss"].wall_time[0] > 1.7e9
    assert {setting.name: setting.value for setting in log.settings} == {
        "parameters.lr": 0.05,
        "parameters.optimizer": "sgd",
        "parameters.model.width": 4,
    }


def test_it_is_a_run_wherever_it_lies(tmp_path: Path) -> None:
    shutil.copytree(DATABASE.parent, tmp_path / ".neptune" / DATABASE.parent.name)
    (job,) = runs.find([tmp_path]).jobs
    (run,) = runs.load(job)
    assert len(run.series["train/loss"]) == len(TRUTH)


def test_a_broken_update_costs_that_update(tmp_path: Path) -> None:
    path = shutil.copy(DATABASE, tmp_path / "run_operations.sqlite3")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE run_operations SET operation = ? WHERE sequence_id = 20", (b"\xff\xff\xff",))
    db.close()
    (log,) = parsers.parse(Path(path))
    assert log.series["train/loss"].step.size == len(TRUTH) - 1
    assert [damage.records_lost for damage in log.damage] == [1]


def test_a_cut_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "run_operations.sqlite3"
    path.write_bytes(DATABASE.read_bytes()[:12_000])
    with pytest.raises((ParseError, NotALogError)):
        neptune_scale.parse(path)
