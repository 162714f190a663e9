"""Logs that lie in one folder: what makes them one job, and what tells them apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens.errors import NotALogError
from losslens.model import Log
from losslens.runs import build, find, load
from losslens.runs.companions import told_apart
from tests.runs.make_logs import falling, log, series

DAY = 86_400.0


def jobs(*logs: Log, path: str = "job") -> list[set[str]]:
    return sorted(({log.path.removeprefix("job/") for log in job.logs} for job in told_apart(logs, path)), key=sorted)


def why(*logs: Log) -> str:
    return "; ".join(text for job in told_apart(logs, "job") for text in job.why)


def events(
    name: str, tag: str = "train/loss", n: int = 100, *, seed: int = 0, begun: float = 1.7e9, first: int = 0
) -> Log:
    value = falling(first + n, seed=seed)[first:]
    steps = np.arange(first, first + n)
    return log(f"job/{name}", series(tag, value, step=steps, wall=begun + steps), first_time=begun + first)


def table(name: str, tag: str = "loss", n: int = 40, *, seed: int = 0, every: int = 1, **more: str) -> Log:
    return log(f"job/{name}", series(tag, falling(n, seed=seed), step=np.arange(n) * every), format="csv", **more)


def printed(name: str, value: np.ndarray, *, tag: str = "loss", **more: str) -> Log:
    return log(f"job/{name}", series(tag, np.round(value, 3)), format="text", **more)


def test_files_of_different_kinds_that_nothing_tells_apart_are_one_job() -> None:
    assert len(jobs(table("metrics.csv"), printed("train.log", falling(40, seed=1), tag="acc"))) == 1


def test_where_two_files_are_of_different_trainers_a_third_is_not_given_to_one_by_chance() -> None:
    keras, hf = table("a.csv", trainer="keras"), table("state.json", "eval_loss", seed=4, trainer="hf")
    stranger = events("events.out.tfevents.1", "critic", seed=9)
    assert len(jobs(keras, hf, stranger)) == 3
    assert "different trainers (hf and keras)" in why(keras, hf, stranger)


def test_numbers_that_agree_make_one_job_among_those_of_others() -> None:
    other = table("a.csv", "loss", 40, seed=7, trainer="keras")
    mine = table("metrics.csv", "train_loss", 60, trainer="lightning")
    output = printed("train.log", falling(60), tag="train_loss", trainer="fairseq")
    assert jobs(other, mine, output) == [{"a.csv"}, {"metrics.csv", "train.log"}]
    assert "metrics.csv and train.log hold the same numbers" in why(other, mine, output)


def test_event_files_with_other_tags_of_other_weeks_are_two_jobs() -> None:
    old, new = events("e.1", "loss/total"), events("e.2", "train/ce", 300, seed=3, begun=1.7e9 + 21 * DAY)
    assert jobs(old, new) == [{"e.1"}, {"e.2"}]
    assert "written at different times" in why(old, new) or "training loss of their own" in why(old, new)


def test_event_files_of_a_job_that_was_started_again_weeks_later_stay_one() -> None:
    old, new = events("e.1"), events("e.2", begun=1.7e9 + 21 * DAY, first=80)
    assert len(jobs(old, new)) == 1


def test_losses_of_two_networks_written_at_once_by_one_process_are_one_job() -> None:
    g = events("events.out.tfevents.1700000000.node.77.0", "g_loss")
    d = events("events.out.tfevents.1700000001.node.77.1", "d_loss", seed=2)
    assert len(jobs(g, d)) == 1


def test_the_evaluation_that_another_process_logged_afterwards_joins_its_training() -> None:
    training = events("events.out.tfevents.1700000000.node.77.0")
    test = log(
        "job/events.out.tfevents.1700009000.node.99.0", series("test/accuracy", [0.9], step=[99], wall=[1.7e9 + 9e3])
    )
    assert len(jobs(training, test)) == 1


def test_subfolders_that_belong_to_one_job_stay_together() -> None:
    train, val = events("train/e.1", "epoch_loss"), events("validation/e.2", "epoch_loss", seed=1)
    assert len(jobs(train, val)) == 1


def test_tables_of_one_job_that_count_alike_stay_together_and_those_that_do_not_are_apart() -> None:
    losses, rates = table("loss.csv", every=10), table("lr.csv", "learning_rate", every=10)
    assert len(jobs(losses, rates)) == 1
    lightning, fastai = table("metrics.csv", "train_loss_step", 500), table("history.csv", "train_loss", 8, seed=4)
    assert len(jobs(lightning, fastai)) == 2


def test_one_name_does_not_join_what_one_trainer_would_have_printed_otherwise() -> None:
    kept = table("nan.csv", trainer="keras")
    same = printed("nan.log", falling(40), trainer="keras")
    other = printed("nan.log", falling(40, seed=5) + 3, trainer="keras")
    assert len(jobs(kept, same)) == 1
    assert len(jobs(kept, other)) == 2


def test_a_printed_batch_that_rises_and_falls_with_the_logged_average_is_the_same_job() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, 48)
    tracker = log("job/events.1", series("train_loss", 0.5 + noise, step=np.arange(1, 49)))
    output = printed("train.log", 0.5 + 1.4 * noise + rng.normal(0, 0.02, 48), tag="step_loss", trainer="diffusers")
    stranger = table("a.csv", trainer="keras", seed=6)
    assert jobs(tracker, output, stranger) == [{"a.csv"}, {"events.1", "train.log"}]


def test_output_whose_loss_is_of_another_size_is_another_job() -> None:
    logged = table("training_log.csv", "TrainLoss")
    assert len(jobs(logged, printed("training_log.txt", 40 * falling(40, seed=3), tag="TrainLoss"))) == 2


def test_a_log_without_times_or_steps_in_common_gives_no_warning_of_numpy() -> None:
    odd = log("job/a", series("loss", [np.nan, np.inf, 1.0]), format="csv")
    far = log("job/b", series("loss", [1.0, 2.0, 3.0], step=[-(2**62), 0, 2**62]), format="text")
    with np.errstate(all="raise", under="ignore", invalid="ignore", over="ignore"):
        assert jobs(odd, far)


def test_what_a_tracked_script_printed_above_its_tracker_is_one_run() -> None:
    data = Path(__file__).parents[1] / "parsers" / "data" / "printed" / "accelerate"
    (job,) = find([data]).jobs
    (run,) = load(job)
    assert {"train_loss", "step_loss"} <= {tag.rpartition("/")[2] for tag in run.series}
    assert "rise and fall" in job.why


@pytest.mark.parametrize("number", [2, 70])
def test_many_parts_of_one_job_are_one(number: int) -> None:
    parts = [events(f"e.{k}", first=k * 10, n=20, begun=1.7e9 + k * DAY) for k in range(number)]
    assert len(jobs(*parts)) == 1


def test_a_table_that_is_no_training_is_left_out_and_the_run_beside_it_says_so() -> None:
    numbers = np.random.default_rng(0).uniform(0.3, 0.6, (13, 12))
    columns = [series(f"column_{n}", row, axis="row") for n, row in enumerate(numbers, 1)]
    others = log("job/rows.txt", *columns, format="csv", group_hint="rows")
    (run,) = build([table("train.csv", group_hint="train"), others], name="job", path="job")
    assert run.series["loss"].value.size == 40
    assert any(warning.text.startswith("rows.txt left out: a table without names") for warning in run.warnings)
    with pytest.raises(NotALogError):
        build([others], name="job", path="job")


def test_output_that_exploded_is_not_of_the_job_whose_table_ended_well() -> None:
    exploded = falling(200, seed=1) * np.where(np.arange(200) < 140, 1.0, 50.0)
    assert len(jobs(table("train.csv", n=200), printed("hw.log", exploded))) == 2
    assert len(jobs(table("train.csv", "listwise_ce", n=200), printed("hw.log", exploded))) == 2
    assert "failed, and that of the other did not" in why(table("train.csv", n=200), printed("hw.log", exploded))


def test_output_that_was_stopped_before_the_table_says_nothing_of_its_end() -> None:
    exploded = falling(100, seed=1) * np.where(np.arange(100) < 70, 1.0, 50.0)
    assert len(jobs(table("train.csv", n=140), printed("train.log", exploded))) == 1


def test_other_losses_beside_the_same_rates_are_of_two_jobs() -> None:
    rate = series("lr", np.full(60, 2e-3), step=np.arange(60))
    one, other = (series("loss", (1.0 + 0.2 * k) * falling(60, seed=k), step=np.arange(60)) for k in (1, 2))
    pair = log("job/rec.jsonl", one, rate, format="jsonl"), log("job/sparse.csv", other, rate, format="csv")
    assert len(jobs(*pair)) == 2


def test_smooth_courses_do_not_rise_and_fall_together() -> None:
    n = np.arange(60)
    one = printed("out.txt", 0.1 + 2.0 * np.exp(-n / 15.0))
    other = log("job/metrics.jsonl", series("loss", 0.3 + 5.0 * np.exp(-n / 9.0), step=n), format="jsonl")
    assert "rise and fall together" not in why(one, other)


def test_a_table_that_ends_in_nan_is_not_of_the_job_whose_history_is_finite() -> None:
    history = log("job/history.json", series("loss", falling(5), step=np.arange(5)), format="keras-json")
    lost = series("loss", np.array([5.7e30, *[np.nan] * 6]), step=np.arange(7))
    assert len(jobs(history, log("job/nan.csv", lost, format="csv"))) == 2
    assert len(jobs(history, log("job/log.csv", series("loss", falling(5), step=np.arange(5)), format="csv"))) == 1
