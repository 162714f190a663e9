"""Runs that Neptune kept because it was offline, as the library left them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import losslens
from losslens import parsers, runs
from losslens.errors import NotALogError
from losslens.parsers import neptune
from tests.parsers.offline_truth import DATA, TAGS, TRUTH

(RUN,) = (DATA / "neptune" / "offline").iterdir()


def finite(tag: str) -> list[tuple[int, float]]:
    """What Neptune keeps of a series: it has no NaN."""
    return [(step, row[tag]) for step, row in enumerate(TRUTH) if tag in row and np.isfinite(row[tag])]


def test_every_point_that_neptune_kept_is_read_with_the_settings() -> None:
    assert parsers.claim_folder(RUN, [path.name for path in RUN.iterdir()]) == "neptune"
    (log,) = parsers.parse(RUN)
    assert log.group_hint == "too-hot"
    assert sorted(log.series) == sorted(TAGS)
    for tag in TAGS:
        assert log.series[tag].step.tolist() == [step for step, _ in finite(tag)]
        np.testing.assert_allclose(log.series[tag].value, [value for _, value in finite(tag)], rtol=1e-6)
    assert {setting.name: setting.value for setting in log.settings} == {
        "parameters.lr": 0.05,
        "parameters.optimizer": "sgd",
        "parameters.model.width": 4,
    }


def test_what_neptune_left_out_is_nan_again_because_its_output_says_so() -> None:
    (job,) = runs.find([RUN]).jobs
    (run,) = runs.load(job)
    for tag in ("train/loss", "train/grad_norm", "val/loss"):
        truth = [row[tag] for row in TRUTH if tag in row]
        assert np.isfinite(run.series[tag].value).tolist() == np.isfinite(truth).tolist()
    assert "Neptune leaves out" in run.repairs[0].text
    (report,) = losslens.analyze(RUN).runs
    assert report.verdict == "nan"
    assert report.id == "too-hot"
    assert [event.kind for event in report.events] == ["nan-message", "nan-message"]


def test_without_that_message_nothing_is_put_in(tmp_path: Path) -> None:
    run = shutil.copytree(RUN, tmp_path / RUN.name)
    data = run / "data-1.log"
    data.write_text("".join(line for line in data.open() if "will be skipped" not in line))
    (job,) = runs.find([run]).jobs
    (one,) = runs.load(job)
    assert np.isfinite(one.series["train/loss"].value).all()


def test_the_parts_of_a_long_run_are_read_in_order(tmp_path: Path) -> None:
    run = shutil.copytree(RUN, tmp_path / RUN.name)
    lines = (run / "data-1.log").read_text().splitlines(keepends=True)
    (run / "data-1.log").write_text("".join(lines[:50]))
    (run / "data-51.log").write_text("".join(lines[50:120]))
    (run / "data-121.log").write_text("".join(lines[120:]))
    (log,) = parsers.parse(run)
    assert log.series["train/loss"].step.tolist() == [step for step, _ in finite("train/loss")]


def test_a_cut_operation_is_damage_and_what_comes_before_is_read(tmp_path: Path) -> None:
    run = shutil.copytree(RUN, tmp_path / RUN.name)
    data = run / "data-1.log"
    data.write_bytes(data.read_bytes()[:15_000])
    (log,) = parsers.parse(run)
    loss = log.series["train/loss"]
    assert 5 < loss.step.size < len(TRUTH)
    (damage,) = log.damage
    assert damage.after_step == loss.step[-1]
    assert damage.last_byte == 14_999


def test_a_run_that_failed_says_so(tmp_path: Path) -> None:
    run = shutil.copytree(RUN, tmp_path / RUN.name)
    failed = {"obj": {"type": "AssignBool", "path": ["sys", "failed"], "value": True}, "version": 999, "at": 1.0}
    with (run / "data-1.log").open("a") as file:
        file.write(json.dumps(failed) + "\n")
    (log,) = parsers.parse(run)
    assert ("failed", "the run failed") in [(event.kind, event.text) for event in log.events]


def test_a_run_without_a_number_is_no_log(tmp_path: Path) -> None:
    said = {"obj": {"type": "AssignString", "path": ["sys", "name"], "value": "a"}, "version": 1, "at": 1.0}
    (tmp_path / "data-1.log").write_text(json.dumps(said) + "\n")
    assert parsers.claim_folder(tmp_path, ["data-1.log"]) == "neptune"
    with pytest.raises(NotALogError):
        neptune.parse(tmp_path)


def test_a_log_of_ones_own_of_that_name_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "data-1.log").write_text("".join(f"step {i} loss {3 / (i + 1):.4f}\n" for i in range(30)))
    assert parsers.claim_folder(tmp_path, ["data-1.log"]) is None
