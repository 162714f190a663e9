"""Offline experiments of Comet, as the library left them: a zip, and the folder that it is made of."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import losslens
from losslens import parsers, runs
from losslens.errors import NotALogError, ParseError
from losslens.parsers import opening
from tests.parsers.offline_truth import DATA, TRUTH, assert_true

(ZIP,) = (DATA / "comet").glob("*.zip")


def named(tag: str) -> str:
    return tag.replace("val/", "validate/")


def unpacked(folder: Path) -> Path:
    with zipfile.ZipFile(ZIP) as archive:
        archive.extractall(folder)
    return folder


def zipped(path: Path, messages: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("experiment.json", "{}")
        archive.writestr("messages.json", messages)
    return path


def metric(value: object, step: int | None = None, epoch: int | None = None, name: str = "loss") -> str:
    told = {"metricName": name, "metricValue": value, "step": step, "epoch": epoch}
    return json.dumps({"payload": {"context": "train", "metric": told}, "type": "metric_msg"}) + "\n"


def test_the_zip_is_read_where_it_lies() -> None:
    assert parsers.recognise(ZIP) == "comet"
    (log,) = parsers.parse(ZIP)
    assert_true(log, named)
    assert log.group_hint == "too-hot"
    assert {setting.name: setting.value for setting in log.settings} == {
        "lr": 0.05,
        "optimizer": "sgd",
        "model.width": 4,
    }
    assert log.series["train/loss"].wall_time[0] > 1.7e9


def test_the_folder_it_is_made_of_is_the_same_run(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "left")
    assert parsers.claim_folder(folder, [path.name for path in folder.iterdir()]) == "comet"
    (log,) = parsers.parse(folder)
    assert_true(log, named)


def test_what_a_killed_run_leaves_is_read(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "left")
    (folder / "experiment.json").unlink()
    (job,) = runs.find([tmp_path]).jobs
    assert [source.format for source in job.sources] == ["comet"]
    (run,) = runs.load(job)
    assert len(run.series["train/loss"]) == len(TRUTH)


def test_the_contexts_are_told_apart_and_the_run_has_its_name() -> None:
    (report,) = losslens.analyze(ZIP).runs
    assert report.id == "too-hot"
    assert {role.tag: role.role for role in report.roles}["validate/loss"] == "val_loss"
    assert report.verdict == "nan"


def test_two_experiments_of_one_folder_are_two_runs(tmp_path: Path) -> None:
    for name, start in (("a" * 32, 3.0), ("b" * 32, 2.0)):
        zipped(tmp_path / f"{name}.zip", "".join(metric(start / (step + 1), step) for step in range(40)))
    assert len(runs.find([tmp_path]).jobs) == 2


def test_a_metric_that_counts_epochs_alone_keeps_them(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", "".join(metric(1.0 / epoch, None, epoch) for epoch in range(1, 9)))
    (log,) = parsers.parse(path)
    loss = log.series["train/loss"]
    assert loss.axis == "epoch"
    assert loss.step.tolist() == list(range(1, 9))


def test_what_no_number_is_and_half_a_line_are_counted(tmp_path: Path) -> None:
    lines = "".join(metric(value, step) for step, value in enumerate([1.0, "NaN", "Infinity", "cat", None, 0.5]))
    (log,) = parsers.parse(zipped(tmp_path / "x.zip", lines + metric(0.1, 6)[:40]))
    np.testing.assert_array_equal(log.series["train/loss"].value, [1.0, np.nan, np.inf, 0.5])
    assert ["2 points" in warning.text for warning in log.warnings] == [True]
    (damage,) = log.damage
    assert damage.after_step == 5


def test_what_was_printed_is_kept_as_messages(tmp_path: Path) -> None:
    said = [
        "Traceback (most recent call last):\n",
        '  File "a.py"\n',
        "torch.OutOfMemoryError: CUDA out of memory.\n",
    ]
    printed = [
        json.dumps({"payload": {"output": text, "stderr": True}, "type": "standard_output"}) + "\n" for text in said
    ]
    (log,) = parsers.parse(zipped(tmp_path / "x.zip", metric(1.0, 0) + metric(0.5, 1) + "".join(printed)))
    assert [(event.kind, event.step) for event in log.events] == [("out-of-memory", 1)]


def test_a_cut_zip_is_one_clear_line(tmp_path: Path) -> None:
    cut = tmp_path / "x.zip"
    cut.write_bytes(ZIP.read_bytes()[:-2000])
    (skipped,) = runs.find([cut]).skipped
    assert "cut off" in skipped.reason


def test_a_zip_bomb_is_not_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("losslens.parsers.exports.FREE_BYTES", 1 << 20)
    bomb = zipped(tmp_path / "x.zip", metric(1.0, 0) + " " * (opening.BLOCK_BYTES * 40))
    with pytest.raises(ParseError, match="expands more"):
        parsers.parse(bomb)


def test_an_experiment_without_a_metric_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(NotALogError):
        parsers.parse(zipped(tmp_path / "x.zip", '{"payload": {"key": "Name", "value": "a"}, "type": "log_other"}\n'))


def test_other_zips_of_a_folder_stay_closed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("metrics.csv", "step,loss\n1,2\n")
    found = runs.find([tmp_path])
    assert not found.jobs
    assert [item.code for item in found.skipped] == ["archive"]
