"""Runs that SwanLab kept on disk: its record of today, and the one it wrote before version 0.8."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from losslens import parsers, runs
from losslens.errors import NotALogError, ParseError
from tests.parsers.offline_truth import DATA, TRUTH, assert_true

(TODAY,) = (DATA / "swanlab").glob("run-*")
(OLDER,) = (DATA / "swanlab_older").glob("run-*")
(LOCAL,) = (DATA / "swanlab_local").glob("run-*")
STORES = {"today": next(TODAY.glob("*.swanlab")), "older": OLDER / "backup.swanlab"}


@pytest.mark.parametrize("folder", [TODAY, OLDER], ids=["today", "older"])
def test_every_point_is_read_with_its_time_and_the_settings(folder: Path) -> None:
    (log,) = parsers.parse(folder)
    assert log.format == "swanlab"
    assert log.group_hint == "too-hot"
    assert_true(log)
    assert {setting.name: setting.value for setting in log.settings} == {
        "lr": 0.05,
        "optimizer": "sgd",
        "model.width": 4,
    }
    wall = log.series["train/loss"].wall_time
    assert (np.diff(wall) >= 0).all()
    assert wall[0] > 1.7e9


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_the_file_alone_is_the_run_as_well(store: Path) -> None:
    assert parsers.recognise(store) == "swanlab"
    (log,) = parsers.parse(store)
    assert_true(log)


def test_the_folder_of_local_mode_has_its_tags_from_the_database_beside() -> None:
    assert parsers.claim_folder(LOCAL, [path.name for path in LOCAL.iterdir()]) == "swanlab-local"
    (log,) = parsers.parse(LOCAL)
    assert_true(log)
    assert log.group_hint == "too-hot"
    assert {setting.name: setting.value for setting in log.settings}["model.width"] == 4
    assert log.series["val/loss"].row.tolist() == log.series["val/loss"].step.tolist()


def test_without_the_database_the_folders_name_the_tags(tmp_path: Path) -> None:
    run = shutil.copytree(LOCAL, tmp_path / LOCAL.name)
    (run / "logs" / "0").rename(run / "logs" / "train%2Floss")
    with (run / "logs" / "train%2Floss" / "1000.log").open("a") as file:
        file.write('{"index": 48, "da')
    (job,) = runs.find([tmp_path]).jobs
    assert [source.format for source in job.sources] == ["swanlab-local"]
    (log,) = parsers.parse(run)
    assert log.series["train/loss"].step.tolist() == list(range(len(TRUTH)))
    assert [damage.after_step for damage in log.damage] == [47]


def test_what_is_logged_in_one_call_is_one_row() -> None:
    (log,) = parsers.parse(TODAY)
    loss, val = log.series["train/loss"], log.series["val/loss"]
    assert loss.row.tolist() == list(range(len(TRUTH)))
    assert val.row.tolist() == val.step.tolist()


def test_the_folder_is_one_run_and_a_log_of_ones_own_in_it_is_kept(tmp_path: Path) -> None:
    run = shutil.copytree(TODAY, tmp_path / TODAY.name)
    (run / "logs" / "1").mkdir(parents=True)  # what local mode writes again
    (run / "logs" / "1" / "1000.log").write_text('{"index": 0, "data": 1.0}\n{"index": 1, "data": 0.5}\n')
    (run / "mine.csv").write_text("step,loss\n" + "".join(f"{s},{r['train/loss']}\n" for s, r in enumerate(TRUTH)))
    (job,) = runs.find([tmp_path]).jobs
    assert sorted(source.format for source in job.sources) == ["csv", "swanlab"]
    (one,) = runs.load(job)
    assert len(one.series["train/loss"]) == len(TRUTH)


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_a_cut_file_is_read_up_to_the_cut(store: Path, tmp_path: Path) -> None:
    cut = tmp_path / "run-cut.swanlab"
    cut.write_bytes(store.read_bytes()[: store.stat().st_size // 2])
    (log,) = parsers.parse(cut)
    loss = log.series["train/loss"]
    assert 10 < loss.step.size < len(TRUTH)
    np.testing.assert_allclose(loss.value, [row["train/loss"] for row in TRUTH][: loss.step.size], rtol=1e-6)
    assert log.damage[-1].reason == "the last record is cut off"
    assert log.damage[-1].after_step == loss.step[-1]


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_a_flipped_bit_costs_one_point(store: Path, tmp_path: Path) -> None:
    data = bytearray(store.read_bytes())
    at = data.index(b"train/loss", len(data) // 2)
    data[at] ^= 1
    bad = tmp_path / "run-bad.swanlab"
    bad.write_bytes(data)
    (log,) = parsers.parse(bad)
    assert log.series["train/loss"].step.size == len(TRUTH) - 1
    assert [damage.records_lost for damage in log.damage] == [1]


def test_a_store_without_a_number_is_no_log(tmp_path: Path) -> None:
    empty = tmp_path / "run-empty.swanlab"
    empty.write_bytes(STORES["today"].read_bytes()[:7])
    with pytest.raises(NotALogError):
        parsers.parse(empty)
    empty.write_bytes(STORES["today"].read_bytes()[:7] + b"\xff" * 200)
    with pytest.raises(ParseError):
        parsers.parse(empty)
