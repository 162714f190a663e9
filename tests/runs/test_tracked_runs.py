"""Run folders of W&B and mmengine: one run a job, whatever files it left, and however often it was started."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from losslens.model import Role, Run
from losslens.runs import find, load
from tests.runs.make_logs import falling

PARSERS = Path(__file__).parents[1] / "parsers"
DATA = PARSERS / "data" / "wandb_runs"


def runs_in(path: Path) -> list[Run]:
    return [run for job in find([path]).jobs for run in load(job)]


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA / "crashed", tmp_path / "project"))


def test_a_crashed_run_says_at_which_step_it_died_of_what(crashed: Path) -> None:
    (run,) = runs_in(crashed)
    assert len(run.series["train/loss"]) == 40
    assert {"train/loss", "lr", "grad_norm"} <= set(run.series)
    assert "loss" not in run.series  # the printed copy
    (died,) = [e for e in run.events if e.kind == "out-of-memory"]
    assert died.step in (38, 39)  # the client writes a step when the next one begins
    assert "CUDA out of memory" in died.text
    assert [e.text for e in run.events if e.kind == "failed"] == ["exit code 1"]


def test_settings_of_a_tracked_run_say_where_they_are_from(crashed: Path) -> None:
    (run,) = runs_in(crashed)
    assert run.settings["optimizer.name"].value == "sgd"
    assert run.settings["lr"].source.endswith(".wandb:lr")


def test_a_run_whose_own_file_is_lost_still_tells_what_it_printed(crashed: Path) -> None:
    (record,) = crashed.rglob("*.wandb")
    record.unlink()
    (run,) = runs_in(crashed)
    assert len(run.series["loss"]) == 40
    assert [e.kind for e in run.events if e.kind == "out-of-memory"] == ["out-of-memory"]


def test_a_run_whose_own_file_is_ruined_says_so_and_tells_what_it_printed(crashed: Path) -> None:
    (record,) = crashed.rglob("*.wandb")
    record.write_bytes(np.random.default_rng(0).bytes(20_000))
    (run,) = runs_in(crashed)
    assert len(run.series["loss"]) == 40
    assert any(w.code == "unreadable-file" and "damaged" in w.text for w in run.warnings)


def test_a_run_whose_own_file_is_empty_is_named(crashed: Path) -> None:
    (record,) = crashed.rglob("*.wandb")
    record.write_bytes(b"")
    found = find([crashed])
    assert [(Path(s.path).suffix, s.code) for s in found.skipped] == [(".wandb", "empty")]


def test_a_summary_alone_is_no_run_of_one_point(tmp_path: Path) -> None:
    folder = tmp_path / "wandb" / "run-20240101_120000-abcdefgh" / "files"
    folder.mkdir(parents=True)
    (folder / "wandb-summary.json").write_text(json.dumps({"loss": 0.3, "_step": 99, "_runtime": 12.5, "lr": 0.1}))
    found = find([tmp_path])
    assert not found.jobs
    (skipped,) = found.skipped
    assert skipped.code == "results-only"
    assert "last values" in skipped.reason


def test_histograms_make_no_course_of_a_summary(tmp_path: Path) -> None:
    folder = tmp_path / "wandb" / "run-20240101_120000-abcdefgh"
    folder.mkdir(parents=True)
    rows = ({"_step": i, "loss": float(v)} for i, v in enumerate(falling(30)))
    (folder / "wandb-history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    histogram = {"_type": "histogram", "values": [1, 2, 3], "bins": [0.0, 0.1, 0.2, 0.3]}
    summary = {"loss": 0.2, "_step": 29, "gradients/fc.weight": histogram}
    (folder / "wandb-summary.json").write_text(json.dumps(summary))
    (run,) = runs_in(tmp_path)
    assert len(run.series["loss"]) == 30


@pytest.mark.parametrize("name", ["latest-run", "latest-run.4711"])
def test_the_latest_run_is_no_other_run_where_it_is_a_copy_and_no_link(name: str, crashed: Path) -> None:
    (record,) = crashed.rglob("*.wandb")
    latest = record.parent.parent / name
    shutil.copytree(record.parent, latest)
    assert len(runs_in(crashed)) == 1
    assert len(runs_in(latest)) == 1
    shutil.rmtree(record.parent)
    (run,) = runs_in(crashed)  # the copy is all that is left
    assert len(run.series["train/loss"]) == 40
    assert "loss" not in run.series  # what was printed is in files/ below it


def test_a_resumed_run_is_one_run_with_the_steps_it_went_over_again(tmp_path: Path) -> None:
    shutil.copytree(DATA / "resumed", tmp_path / "project")
    (job,) = find([tmp_path]).jobs
    assert "the run was resumed" in job.why
    (run,) = load(job)
    loss = run.series["train/loss"]
    assert len(loss) == 80
    assert loss.current().step.tolist() == list(range(70))
    assert [s.first_step for s in run.segments] == [0, 30]


def test_a_run_of_the_old_client_is_read_from_its_history_with_its_config(tmp_path: Path) -> None:
    shutil.copytree(DATA / "old", tmp_path / "project")
    (run,) = runs_in(tmp_path)
    assert len(run.series["train/loss"]) == 40
    assert run.settings["optimizer.momentum"].value == 0
    assert not any("wandb" in name or "cli_version" in name for name in run.settings)


def test_two_runs_in_one_project_stay_two(tmp_path: Path) -> None:
    shutil.copytree(DATA / "crashed", tmp_path / "project")
    shutil.copytree(DATA / "resumed", tmp_path / "project", dirs_exist_ok=True)
    assert len(find([tmp_path]).jobs) == 2


def started(folder: Path, first: int, n: int, seed: int = 0) -> Path:
    """A folder as mmengine makes one at each start, named by the moment."""
    values = falling(first + n, seed=seed)
    rows = [{"lr": 0.1, "loss": float(values[i]), "iter": 10 * i, "step": 10 * i} for i in range(first, first + n)]
    rows.insert(n // 2, {"mse": 0.5, "step": 1})
    (folder / "vis_data").mkdir(parents=True)
    for name in (f"{folder.name}.json", "scalars.json"):
        (folder / "vis_data" / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_folders_named_by_their_start_are_one_job_where_the_second_goes_on(tmp_path: Path) -> None:
    started(tmp_path / "work" / "20240101_120000", 1, 30)
    started(tmp_path / "work" / "20240101_130000", 21, 30)
    (job,) = find([tmp_path]).jobs
    assert job.name.endswith("work")
    assert "resumed" in job.why
    (run,) = load(job)
    assert run.series["loss"].current().step.tolist() == [10 * i for i in range(1, 51)]
    assert len(run.series["loss"]) == 60


def test_folders_named_by_their_start_are_two_runs_where_both_begin_at_the_beginning(tmp_path: Path) -> None:
    started(tmp_path / "work" / "20240101_120000", 1, 30)
    started(tmp_path / "work" / "20240101_130000", 1, 30, seed=1)
    assert len(find([tmp_path]).jobs) == 2


def test_a_resumed_job_of_mmengine_is_one_run_without_anything_counted_twice(tmp_path: Path) -> None:
    shutil.copytree(PARSERS / "data" / "mmengine_resumed", tmp_path / "work")
    first, second = json.loads((PARSERS / "expected" / "mmengine_resumed.json").read_text())
    (run,) = runs_in(tmp_path)
    assert len(run.files) == 6
    for tag, role in (("loss", Role.TRAIN_LOSS), ("val/mse", Role.VAL_LOSS)):
        series = run.series[tag]
        points = [*first[tag], *second[tag]]
        assert series.step.tolist() == [step for step, _ in points]
        np.testing.assert_allclose(series.value, [value for _, value in points], rtol=1e-12)
        assert run.tags(role) == (tag,)
    assert [s.first_step for s in run.segments] == [5, 65]
    assert run.series["loss"].current().step.tolist() == list(range(5, 101, 5))
    assert not any(tag.startswith("printed/") for tag in run.series)
