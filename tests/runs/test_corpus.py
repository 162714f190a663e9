"""Logs that real trainers and loggers wrote: runs, leading losses and point counts, found without a flag."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from losslens.model import Role, Run
from losslens.runs import find, load

DATA = Path(__file__).parents[1] / "parsers" / "data"

#: folder -> (runs, role of the leading loss, its tag, points of all segments)
EXPECTED = {
    "deepspeed": (1, Role.TRAIN_LOSS, "Train/Samples/train_loss", 14),
    "detectron2": (1, Role.TRAIN_LOSS, "total_loss", 18),
    "fastai": (1, Role.TRAIN_LOSS, "train_loss", 8),
    "hf/healthy": (1, Role.TRAIN_LOSS, "loss", 9),
    "hf/nan_filtered": (1, Role.TRAIN_LOSS, "loss", 9),
    "lightning": (1, Role.TRAIN_LOSS, "train_loss_step", 32),
    "llama_factory": (1, Role.TRAIN_LOSS, "loss", 20),
    "mmengine": (1, Role.TRAIN_LOSS, "loss", 20),
    "mmengine_resumed": (1, Role.TRAIN_LOSS, "loss", 23),
    "processes/ranks": (1, Role.TRAIN_LOSS, "loss", 240),
    "rllib": (1, Role.TRAIN_LOSS, "info/learner/default_policy/learner_stats/total_loss", 12),
    "sb3": (1, Role.TRAIN_LOSS, "train/loss", 15),
    "tensorboard/keras": (1, Role.TRAIN_LOSS, "train/batch_loss", 18),
    "tensorboard/tensorboardx": (1, Role.TRAIN_LOSS, "train/loss", 70),
    "tensorboard/tensorflow_1": (1, Role.TRAIN_LOSS, "loss", 80),
    "tensorboard/torch": (1, Role.TRAIN_LOSS, "train/loss", 70),
    "timm": (1, Role.TRAIN_LOSS, "train_loss", 10),
    "trackers": (4, Role.TRAIN_LOSS, "train/loss", 60),
    "ultralytics": (1, Role.LOSS_COMPONENT, "train/box_loss", 4),
    "wandb_runs/crashed": (1, Role.TRAIN_LOSS, "train/loss", 40),
    "wandb_runs/old": (1, Role.TRAIN_LOSS, "train/loss", 40),
    "wandb_runs/resumed": (1, Role.TRAIN_LOSS, "train/loss", 80),
}


def runs_of(folder: str, tmp_path: Path) -> list[Run]:
    """The runs of a fixture, without the files that hold its answers."""
    copy = tmp_path / folder.replace("/", "_")
    shutil.copytree(DATA / folder, copy, ignore=shutil.ignore_patterns("*truth.json"))
    return [run for job in find([copy]).jobs for run in load(job)]


@pytest.mark.parametrize("folder", EXPECTED)
def test_the_runs_of_a_real_logger_are_found_with_their_leading_loss(folder: str, tmp_path: Path) -> None:
    number, role, tag, points = EXPECTED[folder]
    runs = runs_of(folder, tmp_path)
    assert len(runs) == number
    for run in runs:
        assert next(c for c in run.roles if c.role is role).tag == tag
        assert len(run.series[tag]) == points


def test_a_keras_folder_of_five_histories_is_five_runs(tmp_path: Path) -> None:
    runs = runs_of("keras", tmp_path)
    assert {Path(r.path).name for r in runs} >= {"history.json", "nan.csv", "resumed.csv", "training.csv"}
    assert all(r.tags(Role.TRAIN_LOSS) == ("loss",) for r in runs)


def test_two_jobs_that_wrote_into_one_folder_at_once_are_two_runs_with_all_that_each_logged(tmp_path: Path) -> None:
    runs = runs_of("processes/jobs", tmp_path)
    assert [sorted(r.series) for r in runs] == [["loss", "lr", "val_loss"], ["loss", "lr"]]
    assert {w.code for r in runs for w in r.warnings} == set()


def test_tracked_runs_have_the_names_their_tracker_gave_them(tmp_path: Path) -> None:
    names = [r.name.rsplit("/", 1)[-1] for r in runs_of("trackers", tmp_path)]
    assert not any(len(n) >= 32 or n.startswith("offline-run-") for n in names)


def test_all_of_them_in_one_tree_are_found_together(tmp_path: Path) -> None:
    """Grouping must not depend on what else lies in the tree."""
    for folder in EXPECTED:
        shutil.copytree(DATA / folder, tmp_path / "all" / folder, ignore=shutil.ignore_patterns("*truth.json"))
    assert len(find([tmp_path / "all"]).jobs) == sum(number for number, *_ in EXPECTED.values())


@pytest.mark.parametrize(
    ("names", "runs"),
    [
        (["train-tag-epoch_loss", "validation-tag-epoch_loss", "train-tag-epoch_learning_rate"], 1),
        (["a_train-tag-loss", "a_val-tag-loss", "b_train-tag-loss", "b_val-tag-loss"], 2),
        (["train1-tag-loss", "train2-tag-loss"], 2),
        (["lr_1e-3-tag-loss", "lr_1e-4-tag-loss"], 2),
    ],
    ids=["splits of one", "splits of two", "numbered", "named"],
)
def test_curves_downloaded_from_tensorboard_are_runs_by_name_and_not_by_split(
    names: list[str], runs: int, tmp_path: Path
) -> None:
    for k, name in enumerate(names):
        rows = "".join(f"{1.7e9 + i},{i},{3 / (i + 1) + k}\n" for i in range(20))
        (tmp_path / f"run-{name}.csv").write_text(f"Wall time,Step,Value\n{rows}")
    found = [run for job in find([tmp_path]).jobs for run in load(job)]
    assert len(found) == runs
    assert sum(len(run.series) for run in found) == len(names)
