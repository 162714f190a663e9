"""Offline sessions of ClearML, as the library left them: a folder, and the zip of it beside."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import losslens
from losslens import parsers, runs
from losslens.errors import NotALogError
from tests.parsers.offline_truth import DATA, TRUTH

(ZIP,) = (DATA / "clearml").glob("*.zip")
FOLDER = ZIP.with_suffix("")


def named(tag: str) -> str:
    return "/".join(reversed(tag.split("/")))


def session(folder: Path, values: list[float], printed: str = "") -> Path:
    folder.mkdir()
    sent = [
        {"type": "training_stats_scalar", "task": "t", "iter": at, "metric": "loss", "variant": "loss", "value": value}
        for at, value in enumerate(values)
    ]
    (folder / "metrics.jsonl").write_text(json.dumps(sent) + "\n")
    (folder / "task.json").write_text("{}")
    (folder / "log.jsonl").write_text(json.dumps([{"type": "log", "msg": printed}]) + "\n")
    return folder


@pytest.mark.parametrize("path", [FOLDER, ZIP], ids=["folder", "zip"])
def test_every_scalar_is_read_and_the_hyperparameters(path: Path) -> None:
    (log,) = parsers.parse(path)
    assert log.format == "clearml"
    assert log.group_hint == "too-hot"
    assert {setting.name: setting.value for setting in log.settings} == {
        "lr": 0.05,
        "optimizer": "sgd",
        "model.width": 4,
    }
    for tag in ("train/loss", "train/grad_norm", "val/loss"):
        # What was infinite and what was NaN was reported alike.
        truth = [row[tag] for row in TRUTH if tag in row]
        np.testing.assert_allclose(
            log.series[named(tag)].value,
            [x if np.isfinite(x) else np.nan for x in truth],
            rtol=1e-6,
            equal_nan=True,
        )
    assert log.series["lr/train"].step.tolist() == list(range(len(TRUTH)))


def test_numbers_that_stand_for_nan_are_said_to() -> None:
    (log,) = parsers.parse(FOLDER)
    said = [warning.text for warning in log.warnings if warning.code == "not-finite-replaced"]
    assert len(said) == 3
    assert said[0].startswith("'loss/train': 14 points of exactly 0.0 (from step 34)")


def test_a_zero_stays_a_zero_where_no_output_says_that_one_was_replaced(tmp_path: Path) -> None:
    values = [1.0, 0.5, 0.25, 0.0, 0.0]
    (log,) = parsers.parse(session(tmp_path / "plain", values))
    assert log.series["loss"].value.tolist() == values
    said = "2026-11-22 05:30:16,861 - clearml - INFO - NaN value encountered. Reporting it as '0.0'. Use clearml.Logger"
    (log,) = parsers.parse(session(tmp_path / "said", values, said))
    assert np.isnan(log.series["loss"].value[3:]).all()
    (log,) = parsers.parse(session(tmp_path / "slow", [1.0, 0.5, 1e-5, 0.0], said))
    assert log.series["loss"].value.tolist() == [1.0, 0.5, 1e-5, 0.0]


def test_one_kind_that_was_replaced_is_known_by_its_name(tmp_path: Path) -> None:
    said = "inf value encountered. Reporting it as '-1.0'."
    (log,) = parsers.parse(session(tmp_path / "said", [1.0, -1.0, 0.5], said))
    assert log.series["loss"].value.tolist() == [1.0, np.inf, 0.5]


def test_the_folder_and_its_zip_are_one_run() -> None:
    (report,) = losslens.analyze(DATA / "clearml").runs
    assert report.id == "too-hot"
    assert report.verdict == "nan"
    assert report.onset is not None
    assert report.onset.step in (24, 25)


def test_measurements_of_the_machine_are_left_out(tmp_path: Path) -> None:
    folder = session(tmp_path / "run", [1.0, 0.5])
    machine = {"type": "training_stats_scalar", "task": "t", "iter": 0, "metric": ":monitor:machine", "value": 3.0}
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps([machine | {"variant": "cpu"}]) + "\n")
    (log,) = parsers.parse(folder)
    assert list(log.series) == ["loss"]


def test_a_list_cut_off_in_the_middle_is_read_up_to_there(tmp_path: Path) -> None:
    run = shutil.copytree(FOLDER, tmp_path / "run")
    metrics = run / "metrics.jsonl"
    metrics.write_text(metrics.read_text()[:15_000])
    (log,) = parsers.parse(run)
    loss = log.series["loss/train"]
    assert 10 < loss.step.size < len(TRUTH)
    np.testing.assert_allclose(loss.value, [row["train/loss"] for row in TRUTH][: loss.step.size], rtol=1e-6)
    (damage,) = log.damage
    assert "cut off" in damage.reason
    assert damage.after_step == loss.step[-1]


def test_a_session_without_a_scalar_is_no_log(tmp_path: Path) -> None:
    folder = session(tmp_path / "run", [])
    with pytest.raises(NotALogError):
        parsers.parse(folder, "clearml")


def test_a_zip_without_its_metrics_is_no_log(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("task.json", "{}")
    with pytest.raises(NotALogError):
        parsers.parse(tmp_path / "x.zip", "clearml")


def test_a_folder_of_ones_own_with_files_of_these_names_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("".join(f'{{"step": {i}, "loss": {3 / (i + 1)}}}\n' for i in range(30)))
    (tmp_path / "task.json").write_text('{"name": "sorting"}')
    (job,) = runs.find([tmp_path]).jobs
    assert [source.format for source in job.sources] == ["jsonl"]
