"""The folds of a cross-validation under one count of steps, and what only looks like them."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.runs import build
from tests.runs.make_logs import falling, log, series


def steps_of_runs(loss: np.ndarray, epoch: np.ndarray, *, behind: int = 0) -> list[list[int]]:
    """The steps of the loss in each run; the epoch is written ``behind`` calls after its loss, the step runs on."""
    n = loss.size
    calls = np.arange(n) * (1 + behind)
    parts = [
        series("train_loss", loss, step=calls, row=calls),
        series("epoch", epoch.astype(float), step=calls + behind, row=calls + behind),
    ]
    return [run.series["train_loss"].step.tolist() for run in build([log("run.wandb", *parts)], name="run")]


def folds(number: int, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    loss = np.concatenate([falling(epochs, start=0.6, end=0.4, seed=seed) for seed in range(number)])
    return loss, np.tile(np.arange(1, epochs + 1), number)


@pytest.mark.parametrize("behind", [0, 1])
@pytest.mark.parametrize("number", [2, 5])
def test_epochs_that_begin_anew_with_a_new_model_are_runs_of_their_own(number: int, behind: int) -> None:
    found = steps_of_runs(*folds(number, 20), behind=behind)
    wide = 1 + behind
    assert found == [list(range(20 * n * wide, 20 * (n + 1) * wide, wide)) for n in range(number)]


def test_a_fold_that_ended_in_nan_is_a_run_beside_those_that_did_not() -> None:
    loss, epoch = folds(3, 20)
    loss[30:40] = np.nan
    assert [len(steps) for steps in steps_of_runs(loss, epoch)] == [20, 20, 20]


def test_a_second_phase_that_counts_its_epochs_anew_and_goes_on_training_is_one_run() -> None:
    assert len(steps_of_runs(falling(60, start=2.0, end=0.2), np.tile(np.arange(30), 2))) == 1


def test_a_loss_that_jumps_to_its_first_level_while_the_epochs_go_on_is_one_run() -> None:
    loss, _ = folds(2, 30)
    assert len(steps_of_runs(loss, np.arange(60))) == 1


def test_a_count_of_the_batches_of_an_epoch_is_no_new_training() -> None:
    assert len(steps_of_runs(falling(400, start=2.0, end=0.2), np.tile(np.arange(10), 40))) == 1


def test_a_resume_that_loads_an_early_epoch_is_no_new_training() -> None:
    loss = np.concatenate([falling(40), falling(40, seed=1)[12:]])
    epoch = np.concatenate([np.arange(40), np.arange(12, 40)])
    assert len(steps_of_runs(loss, epoch)) == 1
