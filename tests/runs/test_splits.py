"""Folders that each hold one split of a job, and jobs whose names hold the word of a split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import losslens
from losslens.runs import find
from losslens.runs.agreement import same_numbers
from losslens.runs.splits import home_of_split, is_split_folder, without_split
from tests.runs.make_logs import falling, series
from tests.runs.test_discover import write_events


@pytest.mark.parametrize(
    ("stem", "bare"),
    [
        ("loss_train", "loss"),
        ("val-loss.1", "loss_1"),
        ("Test", "-"),
        ("measurements", "measurements"),
        ("eval_measurements", "measurements"),
        ("loss", ""),
        ("", ""),
    ],
)
def test_the_name_of_a_file_without_its_split_tells_which_files_are_a_pair(stem: str, bare: str) -> None:
    assert without_split(stem) == bare


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("train", ["validation"]),
        ("validation", ["train"]),
        ("train", []),
        ("run1_train", ["run1_val", "run1_test"]),
        ("Loss_train", ["Loss_test"]),
        ("train", ["eval_voc", "eval_coco"]),
    ],
)
def test_a_folder_beside_its_twin_or_alone_holds_a_split(name: str, beside: list[str]) -> None:
    assert is_split_folder(name, beside)


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("run_lr0.1_test", ["run_lr0.01_test"]),
        ("Namespace(eval_every=10,lr=0.1)", []),
        ("Namespace(eval_every=10,lr=0.1)", ["Namespace(eval_every=10,lr=0.01)"]),
        ("train", ["train2"]),
        ("train", ["plots"]),
    ],
)
def test_a_job_whose_name_holds_the_word_of_a_split_is_none(name: str, beside: list[str]) -> None:
    assert not is_split_folder(name, beside)


def test_the_splits_of_several_jobs_find_their_own_training() -> None:
    names = ["lr0.1_train", "lr0.1_test", "lr0.01_train", "lr0.01_test"]
    homes = [home_of_split(name, [other for other in names if other != name]) for name in names]
    assert homes == ["", "lr0.1_train", "", "lr0.01_train"]


def test_jobs_of_one_split_word_are_jobs_and_their_splits_are_not(tmp_path: Path) -> None:
    for name in ("a/lr0.1_test", "a/lr0.01_test", "b/lr0.1_train", "b/lr0.1_val", "b/lr0.01_train", "b/lr0.01_val"):
        write_events(tmp_path / name, ["loss"], seed=len(name))
    assert len(find([tmp_path / "a"]).jobs) == 2
    jobs = find([tmp_path / "b"]).jobs
    assert sorted(sorted(source.path.parent.name for source in job.sources) for job in jobs) == [
        ["lr0.01_train", "lr0.01_val"],
        ["lr0.1_train", "lr0.1_val"],
    ]


def test_a_lone_folder_called_after_what_is_trained_puts_no_name_before_its_series(tmp_path: Path) -> None:
    write_events(tmp_path / "logs/20261122183000/network_train", ["loss/current", "lr/unet"])
    loss = enumerate(falling(20))
    bars = [f"steps: {5 * n}%|#| {n}/20 [00:{n:02}<00:09, 1.0it/s, avr_loss={v:.4f}]" for n, v in loss]
    (tmp_path / "train.log").write_text("\n".join(bars))
    (run,) = losslens.analyze(tmp_path).runs
    assert run.name == "20261122183000"
    assert {"loss/current", "lr/unet"} <= {choice.tag for choice in run.roles}


def test_losses_that_stay_where_they_are_do_not_tell_that_two_logs_are_one() -> None:
    rng = np.random.default_rng(0)
    one, other = (series("loss", 5e9 * (1 + 1e-4 * rng.standard_normal(60))) for _ in range(2))
    assert not same_numbers(one, other)
    assert same_numbers(one, one)
    course = falling(60)
    assert same_numbers(series("loss", course), series("loss", course * (1 + 1e-5)))
