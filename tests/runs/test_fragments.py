"""Files that are nearly copies of each other: what each adds is kept, and one line says what was left out."""

from __future__ import annotations

import numpy as np

from losslens.model import Log, Run
from losslens.runs import build
from tests.runs.make_logs import falling, log, series

EVALS = np.array([2.5, 2.0, 1.7, 1.5, 1.4, 1.35])


def run_of(*logs: Log) -> Run:
    (run,) = build(logs, name="run")
    return run


def test_an_evaluation_that_the_state_lacks_after_a_resume_comes_from_the_event_files() -> None:
    """The trainer saves its state before it evaluates, so that the evaluation of the step it resumes from is lost."""
    steps = np.arange(100, 700, 100)
    kept = steps != 300
    state = log(
        "out/trainer_state.json",
        series("loss", falling(60), step=range(10, 610, 10)),
        series("eval_loss", EVALS[kept], step=steps[kept]),
        format="trainer-state",
    )
    events = log("out/runs/a/events", series("eval/loss", EVALS[:4], step=steps[:4]), format="tensorboard")
    run = run_of(state, events)
    assert set(run.series) == {"loss", "eval_loss"}
    assert run.series["eval_loss"].step.tolist() == steps.tolist()
    assert run.series["eval_loss"].value.tolist() == EVALS.tolist()
    assert [r.points for r in run.repairs if r.code == "completed"] == [1]


def test_another_value_at_a_shared_step_is_no_hole_to_be_filled() -> None:
    steps = np.arange(100, 700, 100)
    state = log(
        "state.json", series("eval_loss", np.delete(EVALS, 2), step=np.delete(steps, 2)), format="trainer-state"
    )
    other = EVALS.copy()
    other[3] += 0.2
    run = run_of(state, log("events", series("eval/loss", other, step=steps), format="tensorboard"))
    assert {"eval_loss", "eval/loss"} <= set(run.series)


def test_two_event_files_of_one_state_show_where_the_job_was_started_again() -> None:
    value = falling(60)
    steps = np.arange(10, 610, 10)
    state = log("out/trainer_state.json", series("loss", value, step=steps), format="trainer-state")
    first = log("out/runs/a/events", series("train/loss", value[:35], step=steps[:35]), format="tensorboard")
    second = log("out/runs/b/events", series("train/loss", value[30:], step=steps[30:]), format="tensorboard")
    run = run_of(state, first, second)
    assert [segment.first_step for segment in run.segments] == [10, 310]


def test_the_copies_in_the_checkpoint_folders_are_no_restarts_and_one_line() -> None:
    value = falling(60)
    steps = np.arange(10, 610, 10)
    logs = [
        log(
            f"out/checkpoint-{n}0/trainer_state.json", series("loss", value[:n], step=steps[:n]), format="trainer-state"
        )
        for n in (15, 30, 45)
    ]
    run = run_of(*logs, log("out/trainer_state.json", series("loss", value, step=steps), format="trainer-state"))
    assert len(run.segments) == 1
    assert len([r for r in run.repairs if r.code == "copy-left-out"]) == 1


def test_what_was_printed_one_step_later_than_it_was_logged_is_a_copy() -> None:
    """A progress bar counts the batches that are done, a logger counts from 0."""
    value = falling(40)
    table = log("run/metrics.csv", series("train_loss", value, step=range(0, 400, 10)), format="csv")
    output = log("run/train.log", series("train_loss", value.round(4), step=range(1, 401, 10)), format="text")
    assert list(run_of(table, output).series) == ["train_loss"]


def test_the_nan_that_was_printed_only_ends_the_logged_course() -> None:
    value = falling(40)
    logged = log("run/metrics.json", series("loss", value, step=range(0, 400, 10)), format="jsonl")
    printed = np.append(value[:-1].round(4), np.nan)
    output = log("run/train.log", series("loss", printed, step=[*range(0, 390, 10), 397]), format="text")
    run = run_of(logged, output)
    assert list(run.series) == ["loss"]
    assert run.series["loss"].step[-1] == 397
    assert np.isnan(run.series["loss"].value[-1])
    assert np.array_equal(run.series["loss"].value[:-1], value)
