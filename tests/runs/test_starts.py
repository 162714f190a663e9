"""What each start of a job was set to, and what changed from one to the next."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from losslens.model import Run, Setting
from losslens.runs import build, find, load
from tests.runs.make_logs import falling, log, series

Told = list[tuple[str, object, object, int | None]]


def changes(run: Run) -> Told:
    return [(c.name, c.before, c.after, c.step) for c in run.setting_changes]


def runs_in(path: Path) -> list[Run]:
    return [run for job in find([path]).jobs for run in load(job)]


def resumed_csv(path: Path, *spans: range) -> None:
    loss = falling(max(s.stop for s in spans))
    rows = [f"{step},{loss[step]:.4f}" for span in spans for step in span]
    path.write_text("step,loss\n" + "\n".join(rows) + "\n")


def settings(path: str, **values: object) -> tuple[Setting, ...]:
    return tuple(Setting(name, value, f"{path}:{name}") for name, value in values.items())  # type: ignore[arg-type]


def test_arguments_of_a_resume_beside_those_of_the_first_start_are_kept_with_the_step_of_the_restart(
    tmp_path: Path,
) -> None:
    resumed_csv(tmp_path / "log.csv", range(0, 400, 5), range(380, 800, 5))
    (tmp_path / "args.json").write_text(json.dumps({"batch_size": 8, "accum": 2, "lr": 0.02, "resume": None}))
    (tmp_path / "args_resume1.json").write_text(json.dumps({"batch_size": 8, "accum": 8, "lr": 0.02, "resume": "x.pt"}))
    (run,) = runs_in(tmp_path)
    assert changes(run) == [("accum", 2, 8, 380)]
    assert run.settings["accum"].value == 2
    assert run.setting_changes[0].before_source.endswith("args.json:accum")
    assert run.setting_changes[0].source.endswith("args_resume1.json:accum")


def test_each_of_three_starts_is_held_against_the_one_before(tmp_path: Path) -> None:
    resumed_csv(tmp_path / "log.csv", range(0, 400, 5), range(380, 600, 5), range(580, 900, 5))
    for name, lr in (("config", 0.1), ("config_resume_1", 0.1), ("config_resume_2", 0.01)):
        (tmp_path / f"{name}.yaml").write_text(f"lr: {lr}\nbatch_size: 4\n")
    (run,) = runs_in(tmp_path)
    assert changes(run) == [("lr", 0.1, 0.01, 580)]


def test_a_resume_that_left_no_trace_in_the_steps_is_told_without_a_step(tmp_path: Path) -> None:
    resumed_csv(tmp_path / "log.csv", range(0, 800, 5))
    for name, lr in (("config", 0.1), ("config_resume", 0.01)):
        (tmp_path / f"{name}.yaml").write_text(f"lr: {lr}\nbatch_size: 4\n")
    (run,) = runs_in(tmp_path)
    assert changes(run) == [("lr", 0.1, 0.01, None)]


def test_two_files_of_different_kinds_are_not_held_against_each_other(tmp_path: Path) -> None:
    resumed_csv(tmp_path / "log.csv", range(0, 400, 5), range(380, 800, 5))
    (tmp_path / "args.json").write_text(json.dumps({"batch_size": 8, "lr": 0.02}))
    (tmp_path / "config.yaml").write_text("lr: 0.5\nbatch_size: 64\n")
    (run,) = runs_in(tmp_path)
    assert changes(run) == []
    assert run.settings["lr"].value == 0.02


def test_numbered_files_beside_a_log_of_one_piece_change_nothing(tmp_path: Path) -> None:
    resumed_csv(tmp_path / "log.csv", range(0, 800, 5))
    for number, lr in ((1, 0.1), (2, 0.2)):
        (tmp_path / f"args_{number}.json").write_text(json.dumps({"batch_size": 8, "lr": lr}))
    (run,) = runs_in(tmp_path)
    assert changes(run) == []


def test_places_and_names_that_differ_between_starts_are_no_change(tmp_path: Path) -> None:
    resumed_csv(tmp_path / "log.csv", range(0, 400, 5), range(380, 800, 5))
    both = {"lr": 0.1, "batch_size": 8}
    (tmp_path / "args.json").write_text(json.dumps({**both, "output_dir": "a", "resume": "", "timestamp": "10:00"}))
    (tmp_path / "args_resume.json").write_text(
        json.dumps({**both, "output_dir": "b", "resume": "a/x.pt", "timestamp": "12:00", "lr": "0.1"})
    )
    (run,) = runs_in(tmp_path)
    assert changes(run) == []


def test_event_files_of_two_starts_tell_their_settings_each() -> None:
    first, second = np.arange(0, 400, 5), np.arange(380, 800, 5)
    loss = falling(800)
    told = settings("r/e.1", lr=0.1, batch=1), settings("r/e.2", lr=1.0, batch=1)
    logs = [
        log("r/e.1", series("loss", loss[first], step=first, wall=1e9 + first), settings=told[0]),
        log("r/e.2", series("loss", loss[second], step=second, wall=2e9 + second), settings=told[1]),
    ]
    (run,) = build(logs, name="r", path="r")
    assert changes(run) == [("lr", 0.1, 1.0, 380)]
    assert run.settings["lr"].value == 0.1


LINES = {"steps go back": range(300, 700, 10), "steps run on": range(500, 900, 10)}


@pytest.mark.parametrize("again", LINES.values(), ids=LINES)
@pytest.mark.parametrize("form", ["namespace", "lines"])
def test_settings_printed_again_by_a_resumed_job_hold_from_there(tmp_path: Path, again: range, form: str) -> None:
    def told(batch: int) -> list[str]:
        if form == "namespace":
            return [f"Namespace(lr=0.1, batch_size={batch}, arch='resnet18', seed=3)"]
        return ["lr: 0.1", f"batch_size: {batch}", "arch: resnet18", "seed: 3"]

    loss = falling(1000)
    lines = [*told(32), *(f"step {s} loss {loss[s]:.4f}" for s in range(0, 500, 10))]
    lines += ["Resuming from checkpoint last.pt", *told(128), *(f"step {s} loss {loss[s]:.4f}" for s in again)]
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n")
    (run,) = runs_in(tmp_path)
    assert set(run.series) == {"loss"}
    assert len(run.series["loss"]) == 90
    assert [segment.first_step for segment in run.segments] == [0, again.start]
    assert changes(run) == [("batch_size", 32, 128, again.start)]
    assert run.setting_changes[0].source.rpartition(":")[2].isdigit()


def test_settings_printed_at_every_evaluation_are_no_new_starts(tmp_path: Path) -> None:
    loss = falling(1000)
    lines = []
    for epoch in range(20):
        lines += [f"lr: {0.1 / (epoch + 1):.3f}", "batch_size: 32", "arch: resnet18"]
        lines += [f"step {s} loss {loss[s]:.4f}" for s in range(epoch * 50, epoch * 50 + 50, 10)]
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n")
    (run,) = runs_in(tmp_path)
    assert len(run.segments) == 1
    assert changes(run) == []


def test_attempts_from_the_beginning_have_the_settings_that_were_printed_for_each(tmp_path: Path) -> None:
    lines = []
    for attempt, lr in enumerate((0.5, 0.1)):
        loss = falling(60, seed=attempt)
        lines += [f"Namespace(lr={lr}, batch_size=32, arch='resnet18', seed=3)"]
        lines += [f"epoch {e} loss {loss[e]:.4f}" for e in range(60)]
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n")
    first, second = runs_in(tmp_path)
    assert (first.settings["lr"].value, second.settings["lr"].value) == (0.5, 0.1)
    assert changes(first) == changes(second) == []
