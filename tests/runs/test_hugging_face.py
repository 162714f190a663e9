"""An output folder of Hugging Face's Trainer: states, checkpoints, event files and results are one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from losslens import parsers
from losslens.runs import find, load
from tests.runs.test_discover import write_events, write_trainer_state

RESULTS = {
    "epoch": 6.0,
    "eval_loss": 1.3359,
    "train_loss": 1.9382,
    "train_runtime": 0.2521,
    "train_samples": 48,
    "train_samples_per_second": 761.693,
}


def trained(folder: Path) -> Path:
    for step in (10, 20, 30):
        write_trainer_state(folder / f"checkpoint-{step * 10}" / "trainer_state.json", step)
    write_trainer_state(folder / "trainer_state.json", 30)
    write_events(folder / "runs" / "Nov21_09-05-51_host", ["train/loss"], n=10)
    for name in ("all_results.json", "train_results.json", "eval_results.json"):
        (folder / name).write_text(json.dumps(RESULTS, indent=4))
    return folder


def test_the_whole_output_folder_is_one_run(tmp_path: Path) -> None:
    (job,) = find([trained(tmp_path / "out")]).jobs
    (run,) = load(job)
    assert len(run.series["loss"]) == 30
    assert [c.step for c in run.checkpoints] == [100, 200]  # the log ends at 290
    assert {Path(f).name for f in run.files} >= {"all_results.json", "train_results.json", "trainer_state.json"}
    assert "holds the results of the job" in job.why


def test_results_are_neither_settings_nor_points(tmp_path: Path) -> None:
    (job,) = find([trained(tmp_path / "out")]).jobs
    (run,) = load(job)
    assert not set(RESULTS) & {name.rpartition(".")[2] for name in run.settings}
    assert not {"train_loss", "train_samples_per_second"} & set(run.series)


@pytest.mark.parametrize("name", ["all_results.json", "train_results.json", "eval_results.json", "wandb-summary.json"])
def test_results_alone_are_named_with_what_to_give_instead(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(RESULTS))
    found = find([tmp_path])
    assert not found.jobs
    (skipped,) = found.skipped
    assert skipped.code == "results-only"
    assert "trainer_state.json" in skipped.reason


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train_results.json", '{"loss": [2.0, 1.0, 0.5, 0.4]}'),
        ("eval_results.json", '{"epoch": 1, "loss": 2.0}\n{"epoch": 2, "loss": 1.0}\n{"epoch": 3, "loss": 0.5}\n'),
    ],
)
def test_a_course_in_a_file_called_results_is_read_as_one(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert parsers.recognise(tmp_path / name) in ("keras-json", "jsonl")
