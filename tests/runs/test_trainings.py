"""A notebook that trains again and again into one folder: an event file, and a run, for each call of the trainer."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import Log, Run, Setting
from losslens.runs import build
from tests.runs.make_logs import falling, log, series

#: When the first file was begun, and how long one takes (s).
BEGUN, LONG = 1_700_000_000.0, 100.0


def event_file(
    number: int, points: int = 30, *, level: float = 1.0, first: int = 10, said: bool = True, epoch: float = 0.0
) -> Log:
    """What Hugging Face's Trainer writes: a point every 10 steps, its epochs, and its settings above them."""
    step = first + 10 * np.arange(points)
    begun = BEGUN + LONG * number
    wall = begun + np.arange(points)
    return log(
        f"logs/events.out.tfevents.{begun:.0f}.host.4711.{number}",
        series("train/loss", level * falling(points, seed=number), step=step, wall=wall),
        series("train/epoch", epoch + (step - first + 10) / 100, step=step, wall=wall),
        series("eval/loss", 1.2 * level * falling(points, seed=number + 50), step=step, wall=wall),
        settings=(Setting("num_train_epochs", number, "it"),) if said else (),
        first_time=begun,
    )


def runs_of(*logs: Log) -> tuple[Run, ...]:
    return build(logs, name="run", path="logs")


def lengths(runs: tuple[Run, ...]) -> list[int]:
    return [len(run.series["train/loss"]) for run in runs]


@pytest.mark.parametrize("level", [1.0, 0.6, 0.0])
def test_each_call_of_a_trainer_is_a_run_wherever_its_loss_begins(level: float) -> None:
    """A notebook goes on with the weights that it has, down to a loss of nothing."""
    runs = runs_of(*(event_file(i, level=level**i) for i in range(5)))

    assert lengths(runs) == [30] * 5
    assert [run.name for run in runs] == [f"run/training-{i}" for i in range(1, 6)]
    assert [run.settings["num_train_epochs"].value for run in runs] == list(range(5))
    assert all(len(run.segments) == 1 for run in runs)


def test_a_folder_of_very_many_trainings_is_told_apart() -> None:
    assert lengths(runs_of(*(event_file(i) for i in range(80)))) == [30] * 80


def test_a_short_call_among_longer_ones_is_a_run_of_its_own() -> None:
    assert lengths(runs_of(event_file(0), event_file(1, 3), event_file(2))) == [30, 3, 30]


def test_the_files_of_a_resumed_training_and_its_evaluation_stay_with_it() -> None:
    evaluation = log(
        f"logs/events.out.tfevents.{BEGUN + 250:.0f}.host.4711.9",
        series("eval/loss", [0.3], step=[300], wall=[BEGUN + 260]),
        first_time=BEGUN + 250,
    )
    resumed = event_file(2, 20, first=210, epoch=2.0)

    runs = runs_of(event_file(0), event_file(1, 25), resumed, evaluation, event_file(4))

    assert lengths(runs) == [30, 45, 30]
    assert [len(run.files) for run in runs] == [1, 3, 1]
    assert runs[1].segments[1].first_step == 210


def test_a_resumed_job_is_one_run() -> None:
    assert lengths(runs_of(event_file(0), event_file(1, 40, first=250, epoch=2.4))) == [70]


def test_files_without_settings_whose_loss_goes_on_are_one_run_that_counts_on() -> None:
    value = falling(60)
    logs = [
        log(
            f"logs/events.out.tfevents.{BEGUN + LONG * i:.0f}.host.4711.{i}",
            series("loss", value[30 * i : 30 * i + 30], wall=BEGUN + LONG * i + np.arange(30)),
            first_time=BEGUN + LONG * i,
        )
        for i in range(2)
    ]

    (run,) = runs_of(*logs)

    assert run.series["loss"].step.tolist() == list(range(60))


def test_rounds_of_a_few_points_each_are_one_run() -> None:
    """Federated rounds call the trainer as well: none of them is a course."""
    value = falling(90)
    logs = [
        log(
            f"logs/events.out.tfevents.{BEGUN + LONG * i:.0f}.host.4711.{i}",
            series("loss", value[3 * i : 3 * i + 3], wall=BEGUN + LONG * i + np.arange(3)),
            settings=(Setting("lr", 0.1, "it"),),
            first_time=BEGUN + LONG * i,
        )
        for i in range(30)
    ]

    (run,) = runs_of(*logs)

    assert len(run.series["loss"]) == 90


def test_a_start_that_logged_nothing_gives_its_settings_to_the_next_alone() -> None:
    begun = BEGUN + LONG * 1.5
    name = f"logs/events.out.tfevents.{begun:.0f}.host.4711.7"
    empty = log(name, settings=(Setting("seed", 7, "it"),), first_time=begun)

    runs = runs_of(event_file(0), event_file(1), empty, event_file(2))

    assert ["seed" in run.settings for run in runs] == [False, False, True]
