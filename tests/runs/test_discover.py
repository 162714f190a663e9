"""The search for runs and the grouping of their files, on folders as trainers leave them."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tensorboardX import SummaryWriter

from losslens.errors import NotALogError, UsageError
from losslens.model import Role, Run, Skipped
from losslens.runs import Discovery, find, load, prose
from losslens.runs.discover import NO_FILES
from tests.runs.make_logs import falling


def write_csv(path: Path, columns: str = "epoch,loss,val_loss", n: int = 20, *, first: int = 0, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = columns.split(",")
    values = falling(first + n, seed=seed)[first:]
    rows = [
        ",".join([str(first + i), *(f"{v + 0.01 * k:.6f}" for k in range(len(names) - 1))])
        for i, v in enumerate(values)
    ]
    path.write_text("\n".join([columns, *rows]) + "\n")
    return path


def write_events(
    folder: Path, tags: Sequence[str], n: int = 20, *, first: int = 0, wall: float = 1.7e9, seed: int = 0
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    writer = SummaryWriter(str(folder), filename_suffix=f".{seed}")
    values = falling(first + n, seed=seed)
    for i in range(first, first + n):
        for tag in tags:
            writer.add_scalar(tag, values[i], i, walltime=wall + i)
    writer.close()
    return folder


def write_trainer_state(path: Path, n: int, *, every: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = falling(1000 // every)
    history = [
        {
            "epoch": i * every / 100,
            "grad_norm": 1.0,
            "learning_rate": 1e-4,
            "loss": round(float(values[i]), 4),
            "step": i * every,
        }
        for i in range(n)
    ]
    state = {"global_step": n * every, "max_steps": 1000, "num_train_epochs": 10, "log_history": history, "epoch": 1.0}
    path.write_text(json.dumps(state))
    return path


def names(found: Discovery) -> list[list[str]]:
    return [sorted(s.path.name for s in job.sources) for job in found.jobs]


def runs_in(path: Path) -> list[Run]:
    return [run for job in find([path]).jobs for run in load(job)]


def test_each_version_folder_is_a_run_with_its_settings(tmp_path: Path) -> None:
    for i in range(3):
        version = tmp_path / "lightning_logs" / f"version_{i}"
        write_csv(version / "metrics.csv", "step,train_loss,epoch", seed=i)
        (version / "hparams.yaml").write_text(f"lr: 0.00{i + 1}\nbatch_size: 32\n")
    found = find([tmp_path])
    assert len(found.jobs) == 3
    runs = runs_in(tmp_path)
    assert [r.settings["lr"].value for r in runs] == [0.001, 0.002, 0.003]
    assert {r.project for r in runs} == {str(tmp_path / "lightning_logs")}


def version_of(
    folder: Path, number: int, steps: range, *, first_epoch: int, settings: str = "lr: 0.1\n", events: bool = False
) -> None:
    """What Lightning's CSVLogger, or its TensorBoardLogger, leaves of one start: ten rows an epoch."""
    version = folder / "lightning_logs" / f"version_{number}"
    version.mkdir(parents=True)
    if events:
        writer = SummaryWriter(str(version), filename_suffix=f".{number}")
        for i, step in enumerate(steps):
            writer.add_scalar("epoch", first_epoch + i // 10, step, walltime=1.7e9 + 1000 * number + i)
            writer.add_scalar("train_loss", 2.0 - step / 4000, step, walltime=1.7e9 + 1000 * number + i)
        writer.close()
        (version / "hparams.yaml").write_text(settings)
        return
    rows = [f"{first_epoch + i // 10},{step},{2.0 - step / 4000:.4f}\n" for i, step in enumerate(steps)]
    (version / "metrics.csv").write_text("epoch,step,train_loss\n" + "".join(rows))
    (version / "hparams.yaml").write_text(settings)


@pytest.mark.parametrize("events", [False, True], ids=["CSV", "event files"])
def test_a_version_folder_that_goes_on_with_the_one_before_is_a_restart_of_its_run(
    events: bool, tmp_path: Path
) -> None:
    version_of(tmp_path, 0, range(9, 640, 10), first_epoch=0, events=events)
    version_of(tmp_path, 1, range(509, 900, 10), first_epoch=5, events=events)
    version_of(tmp_path, 2, range(909, 1200, 10), first_epoch=9, events=events)
    (run,) = runs_in(tmp_path)
    assert set(run.series) == {"train_loss", "epoch"}
    assert [segment.first_step for segment in run.segments] == [9, 509, 909]
    assert run.segments[0].last_step == 639
    assert run.settings["lr"].value == 0.1
    assert "version_1 goes on where version_0 had been" in find([tmp_path]).jobs[0].why


@pytest.mark.parametrize("events", [False, True], ids=["CSV", "event files"])
@pytest.mark.parametrize(
    ("first", "first_epoch", "settings"),
    [(9, 0, "lr: 0.1\n"), (49, 0, "lr: 0.1\n"), (639, 6, "lr: 0.2\n"), (2009, 20, "lr: 0.1\n")],
    ids=["from the start", "logs more seldom", "other settings", "far behind"],
)
def test_a_version_folder_that_does_not_go_on_is_a_run_of_its_own(
    tmp_path: Path, first: int, first_epoch: int, settings: str, events: bool
) -> None:
    version_of(tmp_path, 0, range(9, 640, 10), first_epoch=0, events=events)
    steps = range(first, first + 500, 10)
    version_of(tmp_path, 1, steps, first_epoch=first_epoch, settings=settings, events=events)
    assert len(find([tmp_path]).jobs) == 2


@pytest.mark.parametrize("events", [False, True], ids=["CSV", "event files"])
def test_a_version_folder_that_goes_on_with_another_batch_is_the_same_run_with_a_changed_setting(
    tmp_path: Path, events: bool
) -> None:
    same = "lr: 0.1\nmodel: resnet18\nseed: 3\n"
    version_of(tmp_path, 0, range(9, 640, 10), first_epoch=0, settings=f"{same}batch_size: 32\n", events=events)
    version_of(tmp_path, 1, range(649, 900, 10), first_epoch=6, settings=f"{same}batch_size: 128\n", events=events)
    (run,) = runs_in(tmp_path)
    assert run.settings["batch_size"].value == 32
    assert [(c.name, c.before, c.after, c.step) for c in run.setting_changes] == [("batch_size", 32, 128, 649)]
    assert run.setting_changes[0].source.endswith("version_1/hparams.yaml:batch_size")


def test_csv_and_event_files_of_one_version_folder_are_one_run(tmp_path: Path) -> None:
    write_csv(tmp_path / "version_0" / "metrics.csv", "step,train_loss")
    write_events(tmp_path / "version_0", ["train_loss"])
    (run,) = runs_in(tmp_path)
    assert set(run.series) == {"train_loss"}
    assert len(run.series["train_loss"]) == 20
    assert "copy-left-out" in {r.code for r in run.repairs}


def test_csvs_with_the_same_columns_are_a_run_each_named_after_the_file(tmp_path: Path) -> None:
    for i, name in enumerate(["adam.csv", "sgd.csv", "lion.csv"]):
        write_csv(tmp_path / name, seed=i)
    assert [r.name.rsplit("/", 1)[-1] for r in runs_in(tmp_path)] == ["adam", "lion", "sgd"]


def test_a_csv_that_goes_on_where_another_ends_is_the_same_run(tmp_path: Path) -> None:
    write_csv(tmp_path / "log_1.csv", n=20)
    write_csv(tmp_path / "log_2.csv", n=20, first=20)
    (run,) = runs_in(tmp_path)
    assert run.series["loss"].step.tolist() == list(range(40))


def test_one_csv_a_metric_is_one_run(tmp_path: Path) -> None:
    write_csv(tmp_path / "loss.csv", "step,loss")
    write_csv(tmp_path / "lr.csv", "step,learning_rate")
    write_csv(tmp_path / "norm.csv", "step,grad_norm")
    (run,) = runs_in(tmp_path)
    assert set(run.series) == {"loss", "learning_rate", "grad_norm"}


def test_train_and_validation_csvs_are_one_run_with_the_split_in_the_tag(tmp_path: Path) -> None:
    write_csv(tmp_path / "train_log.csv", "epoch,loss,acc")
    write_csv(tmp_path / "val_log.csv", "epoch,loss,acc", seed=1)
    (run,) = runs_in(tmp_path)
    assert [c.tag for c in run.roles if c.role == "train_loss"] == ["train/loss"]
    assert [c.tag for c in run.roles if c.role == "val_loss"] == ["val/loss"]


def test_measurements_and_eval_measurements_are_one_run(tmp_path: Path) -> None:
    write_csv(tmp_path / "measurements.csv", "global_step,loss,grad_norm", n=50)
    write_csv(tmp_path / "eval_measurements.csv", "global_step,train/loss,validation/loss", n=6)
    (run,) = runs_in(tmp_path)
    assert {"loss", "train/loss", "validation/loss"} <= set(run.series)


def test_histories_side_by_side_are_a_run_each(tmp_path: Path) -> None:
    for name, seed in (("raw.json", 0), ("clipnorm.json", 1)):
        (tmp_path / name).write_text(
            json.dumps({"loss": falling(20, seed=seed).tolist(), "val_loss": falling(20).tolist()})
        )
    runs = runs_in(tmp_path)
    assert [r.name.rsplit("/", 1)[-1] for r in runs] == ["clipnorm", "raw"]
    assert {r.project for r in runs} == {str(tmp_path)}


def test_keras_train_and_validation_subfolders_are_one_run(tmp_path: Path) -> None:
    write_events(tmp_path / "fit" / "train", ["epoch_loss", "epoch_learning_rate"])
    write_events(tmp_path / "fit" / "validation", ["epoch_loss"], seed=1)
    (run,) = runs_in(tmp_path)
    assert run.path == str(tmp_path / "fit")
    assert [c.tag for c in run.roles if c.role == "train_loss"] == ["train/epoch_loss"]
    assert [c.tag for c in run.roles if c.role == "val_loss"] == ["validation/epoch_loss"]


def test_folders_called_train_train2_train3_are_three_runs(tmp_path: Path) -> None:
    for i, name in enumerate(["train", "train2", "train3"]):
        write_events(tmp_path / "detect" / name, ["train/loss"], seed=i)
    assert len(find([tmp_path]).jobs) == 3


def test_scalars_of_one_writer_in_subfolders_are_one_run(tmp_path: Path) -> None:
    writer = SummaryWriter(str(tmp_path / "exp"))
    for i, value in enumerate(falling(20)):
        writer.add_scalar("lr", 0.1, i)
        writer.add_scalars("loss", {"train": float(value), "val": float(value) + 0.1}, i)
    writer.close()
    (run,) = runs_in(tmp_path)
    assert {len(s) for s in run.series.values()} == {20}
    assert [c.tag for c in run.roles if c.role == "val_loss"] == ["loss/val/loss"]


def test_runs_in_folders_below_a_folder_with_a_run_are_their_own(tmp_path: Path) -> None:
    write_events(tmp_path, ["train/loss"])
    parent = next(tmp_path.glob("events*"))
    parent.rename(tmp_path / "events.out.tfevents.1600000000.host.11.0")
    os.utime(tmp_path / "events.out.tfevents.1600000000.host.11.0", (1_600_009_000, 1_600_009_000))
    write_events(tmp_path / "exp2", ["train/loss"], seed=1)
    child = next((tmp_path / "exp2").glob("events*"))
    child.rename(tmp_path / "exp2" / "events.out.tfevents.1600500000.host.12.0")
    assert len(find([tmp_path]).jobs) == 2


def test_trainer_state_its_copies_and_its_event_files_are_one_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_trainer_state(out / "trainer_state.json", 100)
    write_trainer_state(out / "checkpoint-500" / "trainer_state.json", 50)
    write_trainer_state(out / "checkpoint-900" / "trainer_state.json", 90)
    write_events(out / "runs" / "Nov01_12-00-00_host", ["train/loss"], n=30)
    found = find([tmp_path])
    assert len(found.jobs) == 1
    (run,) = load(found.jobs[0])
    assert len(run.series["loss"]) == 100
    assert [c.step for c in run.checkpoints] == [500, 900]
    assert run.path == str(out)
    assert run.steps_per_epoch is not None
    assert run.steps_per_epoch.value == 100


def test_checkpoint_folders_alone_give_the_latest_state(tmp_path: Path) -> None:
    write_trainer_state(tmp_path / "checkpoint-500" / "trainer_state.json", 50)
    write_trainer_state(tmp_path / "checkpoint-900" / "trainer_state.json", 90)
    (run,) = runs_in(tmp_path)
    assert len(run.series["loss"]) == 90


def test_settings_in_a_hydra_folder_belong_to_the_run_above(tmp_path: Path) -> None:
    write_csv(tmp_path / "job" / "metrics.csv")
    (tmp_path / "job" / ".hydra").mkdir()
    (tmp_path / "job" / ".hydra" / "config.yaml").write_text("optim:\n  lr: 0.3\n")
    (run,) = runs_in(tmp_path)
    assert run.settings["optim.lr"].value == 0.3


def test_settings_above_belong_to_the_runs_below_and_their_own_win(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("lr: 0.5\nseed: 7\n")
    for i in range(2):
        write_csv(tmp_path / f"run{i}" / "metrics.csv", seed=i)
    (tmp_path / "run1" / "hparams.yaml").write_text("lr: 0.1\nbatch_size: 4\n")
    first, second = runs_in(tmp_path)
    assert first.settings["lr"].value == 0.5
    assert second.settings["lr"].value == 0.1
    assert second.settings["seed"].value == 7


def test_settings_without_a_log_are_said_to_be_alone(tmp_path: Path) -> None:
    (tmp_path / "hparams.yaml").write_text("lr: 0.5\nbatch_size: 8\n")
    found = find([tmp_path])
    assert not found.jobs
    assert [s.code for s in found.skipped] == ["settings-only"]


def test_a_file_given_directly_is_read_alone(tmp_path: Path) -> None:
    write_csv(tmp_path / "adam.csv")
    write_csv(tmp_path / "sgd.csv")
    (job,) = find([tmp_path / "adam.csv"]).jobs
    assert [s.path.name for s in job.sources] == ["adam.csv"]
    assert job.path == str(tmp_path / "adam.csv")


def test_the_same_file_given_twice_is_read_once(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "adam.csv")
    assert len(find([path, path]).jobs) == 1
    assert len(find([tmp_path, path]).jobs) == 1


def test_a_path_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        find([tmp_path / "nowhere"])


def test_an_empty_folder_has_no_runs(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "train.log").write_text("step 1 loss 2.0\n")
    assert find([tmp_path]) == Discovery((), (Skipped(str(tmp_path), "empty", NO_FILES),))


def test_what_is_no_log_is_passed_over_and_counted(tmp_path: Path) -> None:
    write_csv(tmp_path / "metrics.csv")
    (tmp_path / "train.py").write_text("print('loss: 3')\n")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "junk.dat").write_bytes(bytes(range(256)) * 10)
    found = find([tmp_path])
    assert len(found.jobs) == 1
    assert dict(found.passed_over) == {".py": 1, ".png": 1, ".dat": 1}


def test_an_event_file_of_a_host_whose_name_ends_like_source_code_is_read(tmp_path: Path) -> None:
    writer = SummaryWriter(str(tmp_path))
    for step in range(5):
        writer.add_scalar("loss", 1.0 / (1 + step), step)
    writer.close()
    (written,) = tmp_path.iterdir()
    written.rename(tmp_path / "events.out.tfevents.1700000000.node7.go")
    found = find([tmp_path])
    assert [source.format for job in found.jobs for source in job.sources] == ["tensorboard"]
    assert not found.passed_over


def test_an_event_file_of_zeros_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.1700000000.host").write_bytes(bytes(1000))
    (job,) = find([tmp_path]).jobs
    with pytest.raises(NotALogError, match=r"no series was found in it: bytes 0–999: zero-filled tail$"):
        load(job)


def test_what_a_job_said_last_is_told_where_its_event_file_holds_no_series(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    SummaryWriter(str(tmp_path / "runs")).close()
    (tmp_path / "train.err").write_text("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 512.00 MiB.\n")
    (job,) = find([tmp_path]).jobs
    with pytest.raises(NotALogError, match=r"it says: .*CUDA out of memory"):
        load(job)


def test_an_empty_event_file_is_skipped_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.1700000000.host").write_bytes(b"")
    found = find([tmp_path])
    assert [(s.code, s.reason) for s in found.skipped] == [("empty", "the file is empty")]


def test_hidden_and_tool_folders_are_not_entered(tmp_path: Path) -> None:
    for name in (".git", "node_modules", "__pycache__", "site-packages"):
        write_csv(tmp_path / name / "metrics.csv")
    assert find([tmp_path]).jobs == ()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write_csv(tmp_path / "a" / "metrics.csv")
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "latest").symlink_to(tmp_path / "a", target_is_directory=True)
    (job,) = find([tmp_path]).jobs
    assert job.path == str(tmp_path / "a" / "metrics.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.csv")
    assert find([tmp_path]).jobs == ()
    assert find([tmp_path / "metrics.csv"]).skipped[0].code == "special-file"


def test_broken_links_are_skipped_with_their_reason(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").symlink_to(tmp_path / "gone.csv")
    assert [s.code for s in find([tmp_path]).skipped] == ["unreadable"]


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    write_csv(tmp_path / "a" / "metrics.csv")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "history.json").write_text('{"loss": [1.0, oops, 0.5]}')
    found = find([tmp_path])
    loaded = 0
    for job in found.jobs:
        try:
            loaded += len(load(job))
        except Exception:
            assert "history.json" in job.path
    assert loaded == 1


def test_five_kinds_mixed_in_one_tree_are_five_runs(tmp_path: Path) -> None:
    write_csv(tmp_path / "keras" / "log.csv", "epoch,loss,val_loss")
    write_events(tmp_path / "tb", ["total_loss"])
    (tmp_path / "hist").mkdir()
    (tmp_path / "hist" / "history.json").write_text(json.dumps({"loss": falling(20).tolist()}))
    write_trainer_state(tmp_path / "hf" / "trainer_state.json", 40)
    write_csv(tmp_path / "lightning_logs" / "version_0" / "metrics.csv", "step,train_loss,epoch")
    runs = runs_in(tmp_path)
    assert len(runs) == 5
    assert all(any(c.role == "train_loss" for c in r.roles) for r in runs)


def test_files_of_different_trainers_in_one_folder_are_different_runs(tmp_path: Path) -> None:
    data = Path(__file__).parents[1] / "parsers" / "data"
    for name in ("keras/history.json", "ultralytics/results.csv", "detectron2/metrics.json", "timm/summary.csv"):
        shutil.copy(data / name, tmp_path)
    runs = runs_in(tmp_path)
    assert sorted(r.name.rpartition("/")[2] for r in runs) == ["history", "metrics", "results", "summary"]


def test_a_grouping_says_why(tmp_path: Path) -> None:
    write_events(tmp_path / "fit" / "train", ["epoch_loss"])
    write_events(tmp_path / "fit" / "validation", ["epoch_loss"], seed=1)
    (job,) = find([tmp_path]).jobs
    assert "validation/ holds one split of the job in the folder above" in job.why


def test_a_relative_path_stays_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_csv(tmp_path / "logs" / "a" / "metrics.csv")
    monkeypatch.chdir(tmp_path)
    (job,) = find(["logs"]).jobs
    assert job.path == os.path.join("logs", "a", "metrics.csv")
    (job,) = find([os.path.join("logs", "a", "metrics.csv")]).jobs
    assert job.path == os.path.join("logs", "a", "metrics.csv")


def test_names_of_many_runs_are_found_quickly(tmp_path: Path) -> None:
    for i in range(150):
        write_csv(tmp_path / f"lr{i % 3}" / f"seed{i}" / "metrics.csv", n=3)
    assert len(find([tmp_path]).jobs) == 150


def test_what_lies_beside_a_log_that_is_its_folder_is_read_too(tmp_path: Path) -> None:
    data = Path(__file__).parents[1] / "parsers" / "data"
    for source in [
        *(data / "deepspeed" / "job").iterdir(),
        data / "keras" / "training.csv",
        data / "timm" / "summary.csv",
    ]:
        shutil.copy(source, tmp_path)
    shutil.copytree(data / "tensorboard" / "torch", tmp_path / "tb")
    runs = runs_in(tmp_path)
    assert sorted(run.trainer or "" for run in runs) == ["", "deepspeed", "keras", "timm"]
    assert {"Train/Samples/lr", "Train/Samples/train_loss"} <= {tag for run in runs for tag in run.series}


def test_a_table_beside_the_files_of_d3rlpy_is_no_series_of_it(tmp_path: Path) -> None:
    data = Path(__file__).parents[1] / "parsers" / "data"
    shutil.copytree(data / "printed" / "d3rlpy" / "DQN", tmp_path, dirs_exist_ok=True)
    shutil.copy(data / "keras" / "training.csv", tmp_path)
    runs = {run.trainer: run for run in runs_in(tmp_path)}
    assert runs.keys() == {"d3rlpy", "keras"}
    assert "training" not in runs["d3rlpy"].series


def test_values_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_csv(tmp_path / "metrics.csv", "step,loss", n=30)
    (run,) = runs_in(tmp_path)
    np.testing.assert_allclose(run.series["loss"].value, falling(30), atol=1e-6)


def test_what_a_job_printed_joins_its_metrics(tmp_path: Path) -> None:
    write_csv(tmp_path / "metrics.csv", "step,loss", n=30)
    lines = [f"step {i}: loss {v:.4f} lr 1.0e-3" for i, v in enumerate(falling(30))]
    (tmp_path / "train.log").write_text(
        "\n".join([*lines, "RuntimeError: CUDA out of memory. Tried to allocate"]) + "\n"
    )
    (run,) = runs_in(tmp_path)
    assert len(run.files) == 2
    assert [c.tag for c in run.roles if c.role == "train_loss"] == ["loss"]
    assert "out-of-memory" in {e.kind for e in run.events}


def test_what_was_printed_with_other_numbers_is_told_apart(tmp_path: Path) -> None:
    """The printed loss is smoothed: no copy, and no restart either."""
    write_csv(tmp_path / "metrics.csv", "step,loss", n=60)
    lines = [f"step {i}: loss {v + 0.3:.4f} lr 1.0e-3" for i, v in enumerate(falling(60, seed=5))]
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n")
    (run,) = runs_in(tmp_path)
    assert {"loss", "printed/loss"} <= set(run.series)
    assert len(run.segments) == 1


def test_outputs_of_several_jobs_are_a_run_each(tmp_path: Path) -> None:
    for k, name in enumerate(["resnet.log", "vit.log"]):
        lines = [f"step {i}: loss {v:.4f} lr 1.0e-3" for i, v in enumerate(falling(30, seed=k))]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    assert [r.name.rsplit("/", 1)[-1] for r in runs_in(tmp_path)] == ["resnet", "vit"]


def test_settings_of_the_project_are_no_news_where_there_are_runs(tmp_path: Path) -> None:
    write_csv(tmp_path / "runs" / "a" / "metrics.csv")
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "config.yaml").write_text("port: 8080\nbatch_size: 4\n")
    found = find([tmp_path])
    assert found.skipped == ()
    assert dict(found.passed_over) == {"settings without a log": 1}


def test_a_table_of_data_is_no_run(tmp_path: Path) -> None:
    rows = [f"{i % 7},{(i * 37) % 11},{(i * 13) % 5}" for i in range(60)]
    (tmp_path / "houses.csv").write_text("\n".join(["rooms,price,floor", *rows]) + "\n")
    (job,) = find([tmp_path]).jobs
    with pytest.raises(NotALogError, match="no column counts steps"):
        load(job)


def test_a_series_called_value_takes_the_name_of_its_file(tmp_path: Path) -> None:
    write_csv(tmp_path / "loss.csv", "step,value")
    write_csv(tmp_path / "lr.csv", "step,value", seed=1)
    (run,) = runs_in(tmp_path)
    assert {c.tag: c.role.value for c in run.roles} == {"loss": "train_loss", "lr": "learning_rate"}


def test_rows_counted_within_an_epoch_give_the_rows_of_an_epoch(tmp_path: Path) -> None:
    rows = [f"{i // 50},{i % 50},{v:.5f}" for i, v in enumerate(falling(500))]
    (tmp_path / "log.csv").write_text("\n".join(["epoch,batch,loss", *rows]) + "\n")
    (run,) = runs_in(tmp_path)
    assert run.series["loss"].step.tolist() == list(range(500))
    assert run.steps_per_epoch is not None
    assert run.steps_per_epoch.value == 50


def test_the_same_loss_printed_without_steps_is_read_once_on_the_steps_of_the_state(tmp_path: Path) -> None:
    write_trainer_state(tmp_path / "out" / "trainer_state.json", 100)
    lines = [
        str({"loss": round(float(v), 4), "learning_rate": 1e-4, "epoch": i / 10}) for i, v in enumerate(falling(100))
    ]
    lines.append(str({"train_runtime": 12.0, "train_loss": 0.5, "epoch": 10.0}))
    (tmp_path / "out" / "train.log").write_text("\n".join(lines) + "\n")
    (run,) = runs_in(tmp_path)
    assert run.axis == "step"
    assert [c.tag for c in run.roles if c.role == "train_loss"] == ["loss"]
    assert np.isfinite(run.series["loss"].value).all()


def test_what_a_tracked_run_printed_belongs_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "wandb" / "run-20260101_120000-abcd1234"
    write_csv(folder / "history.csv", "step,loss", n=30)
    (folder / "files").mkdir()
    lines = [f"step {i}: loss {v:.4f} lr 1.0e-3" for i, v in enumerate(falling(30))]
    (folder / "files" / "output.log").write_text("\n".join(lines) + "\n")
    (run,) = runs_in(tmp_path)
    assert len(run.files) == 2


def test_output_above_a_folder_of_event_files_is_one_run_that_the_events_lead(tmp_path: Path) -> None:
    write_events(tmp_path / "tensorboard", ["loss"], n=40)
    lines = [f"step {i}: loss {v + 1:.4f}" for i, v in enumerate(falling(30, seed=3))]
    (tmp_path / "slurm-7.out").write_text("\n".join(lines) + "\n")
    (run,) = runs_in(tmp_path)
    assert run.tags(Role.TRAIN_LOSS)[0] == "loss"
    assert len(run.series["printed/loss"]) == 30


def _own_words(n: int = 40) -> str:
    return "".join(f"Kierros {i}: Vajaus {2.0 / (i + 1):.4f}\n" for i in range(n))


@pytest.mark.parametrize("name", ["train.log", "ausgabe.txt", "slurm-3.out", "ausgabe"])
def test_output_in_words_that_no_parser_knows_is_said_to_be_skipped(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(_own_words())
    found = find([tmp_path])
    assert not found.jobs
    assert [(s.path, s.code) for s in found.skipped] == [(str(tmp_path / name), "not-a-log")]
    assert dict(found.passed_over) == {}


WIDE_NAMES = ["step", "loss", *(f"grad_norm/backbone.stages.{layer}.attention.output.weight" for layer in range(1200))]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_run_of_a_thousand_columns_is_judged_beside_its_narrow_sibling(suffix: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "fine" / "metrics.csv", "step,loss")
    rows = [[step, loss, *[1.5] * 1200] for step, loss in enumerate(falling(12))]
    lines = [json.dumps(dict(zip(WIDE_NAMES, row, strict=True))) for row in rows]
    if suffix == ".csv":
        lines = [",".join(WIDE_NAMES), *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "failed").mkdir()
    (tmp_path / "failed" / f"metrics{suffix}").write_text("\n".join(lines) + "\n")
    found = find([tmp_path])
    assert sorted(Path(job.path).parent.name for job in found.jobs) == ["failed", "fine"]
    wide = next(run for job in found.jobs for run in load(job) if len(run.series) > 1000)
    np.testing.assert_array_equal(wide.series["loss"].value, [row[1] for row in rows])


@pytest.mark.parametrize("name", ["metrics.csv", "metrics.tsv", "metrics.jsonl", "train.log"])
def test_a_file_whose_lines_are_too_long_to_look_at_is_skipped_with_its_reason(name: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "fine.csv")
    (tmp_path / name).write_text("step,loss" + ",grad_norm" * 500_000 + "\n1,2.0\n")
    found = find([tmp_path])
    assert [(Path(item.path).name, item.reason) for item in found.skipped] == [(name, prose.TOO_WIDE)]
    assert not found.passed_over
    asked = find([tmp_path / name])
    assert [item.reason for item in asked.skipped] == [prose.TOO_WIDE]


def test_a_picture_or_a_document_of_one_line_is_no_log_too_wide_to_read(tmp_path: Path) -> None:
    write_csv(tmp_path / "fine.csv")
    (tmp_path / "annotations.json").write_text(json.dumps({"boxes": [[1, 2, 3, 4]] * 20_000}))
    (tmp_path / "data.dat").write_bytes(bytes(range(256)) * 1000)
    found = find([tmp_path])
    assert not found.skipped
    assert dict(found.passed_over) == {".json": 1, ".dat": 1}


def test_a_file_of_one_epoch_is_said_to_be_too_short(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("Files already downloaded\nEpoch 1: train loss 2.31, val loss 2.20\n")
    (tmp_path / "note.txt").write_text("We trained for 3.5 days, and 12 GPUs broke.\n\nThen it rained.\n")
    (tmp_path / "other.dat").write_bytes(bytes(range(256)))

    said = {name: [s.reason for s in find([tmp_path / name]).skipped] for name in ("one.txt", "note.txt", "other.dat")}

    assert said == {"one.txt": [prose.TOO_SHORT], "note.txt": [prose.NOT_A_LOG], "other.dat": [prose.NOT_A_LOG]}
    assert find([tmp_path]).skipped == ()


def test_a_file_of_two_epochs_is_read_where_it_is_named_alone(tmp_path: Path) -> None:
    lines = [f"Epoch {n}: train loss {3 - n}, val loss 2.20" for n in (1, 2)]
    (tmp_path / "two.txt").write_text("\n".join(["Files already downloaded", *lines]))
    assert len(find([tmp_path / "two.txt"]).jobs) == 1
    assert not find([tmp_path]).jobs


def test_prose_lists_of_packages_and_labels_are_counted_not_listed(tmp_path: Path) -> None:
    (tmp_path / "NOTES").write_text("We trained for 3.5 days, and 12 GPUs broke.\n\nThen it rained.\n" * 9)
    (tmp_path / "requirements.txt").write_text("".join(f"pack==1.{i}\n" for i in range(30)))
    (tmp_path / "freeze.txt").write_text("".join(f"pack{i}==1.{i}\n" for i in range(30)))
    (tmp_path / "labels.txt").write_text("".join(f"0 0.{i} 0.{i} a\n" for i in range(30)))
    found = find([tmp_path])
    assert found.skipped == ()
    assert sum(count for _, count in found.passed_over) == 4


def test_a_folder_of_many_unknown_texts_is_a_data_set(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / f"{i}.txt").write_text(_own_words())
    found = find([tmp_path])
    assert found.skipped == ()
    assert dict(found.passed_over) == {".txt": 20}


def _slurm(folder: Path, number: int, first: int, last: int, *, line: str = "step {}/9000 loss {:.4f}") -> None:
    lines = [line.format(i, 2.0 + 100 / (i + 100)) for i in range(first, last, 10)]
    (folder / f"slurm-{number}.out").write_text(f"node {number}\n" + "\n".join(lines) + "\n")


def test_the_outputs_of_a_job_that_was_resumed_are_one_run(tmp_path: Path) -> None:
    _slurm(tmp_path, 98, 0, 3000)
    _slurm(tmp_path, 99, 2800, 6000)
    _slurm(tmp_path, 101, 6000, 9000)
    (job,) = find([tmp_path]).jobs
    assert "resumes" in job.why
    (run,) = load(job)
    assert len(run.segments) == 3
    assert run.series["loss"].current().step.tolist() == list(range(0, 9000, 10))


@pytest.mark.parametrize(
    "spans",
    [
        [(0, 3000), (0, 3000)],
        [(0, 3000), (10, 3000)],
        [(0, 3000), (5000, 9000)],
        [(0, 3000), (0, 3000), (3000, 6000)],
    ],
    ids=["both from the start", "almost from the start", "far behind", "either may go on"],
)
def test_outputs_that_do_not_clearly_go_on_are_runs_of_their_own(tmp_path: Path, spans: list[tuple[int, int]]) -> None:
    for number, (first, last) in enumerate(spans):
        _slurm(tmp_path, 50 + number, first, last, line=f"step {{}} loss {{:.4f}} x{number}")
    assert len(find([tmp_path]).jobs) == len(spans)


def test_outputs_that_name_other_numbers_are_not_one_job(tmp_path: Path) -> None:
    _slurm(tmp_path, 1, 0, 3000)
    _slurm(tmp_path, 2, 3000, 6000, line="step {} val_loss {:.4f}")
    assert len(find([tmp_path]).jobs) == 2


@pytest.mark.parametrize("name", ["logs.7z", "logs.rar", "logs.tar.zst", "logs.zip"])
def test_an_archive_that_cannot_be_opened_says_what_to_do(name: str, tmp_path: Path) -> None:
    archive = tmp_path / name
    archive.write_bytes(b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(range(200)))
    (skipped,) = find([archive]).skipped
    assert skipped.code == "archive"
    assert "unpack it" in skipped.reason


def test_an_archive_met_on_the_way_is_not_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as file:
        file.write(write_csv(tmp_path / "metrics.csv"), "metrics.csv")
    (tmp_path / "metrics.csv").unlink()
    (skipped,) = find([tmp_path]).skipped
    assert skipped.code == "archive"
    assert "give it by its name" in skipped.reason


def test_a_folder_of_weights_alone_says_that_the_log_is_missing(tmp_path: Path) -> None:
    for step in (100, 200):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"\0" * 64)
    (skipped,) = find([tmp_path]).skipped
    assert skipped.code == "checkpoints-only"
    assert "2 .safetensors" in skipped.reason
    (tmp_path / "logs.zip").write_bytes(b"PK\3\4")
    assert [item.code for item in find([tmp_path]).skipped] == ["archive"]


def test_event_files_below_several_logs_join_the_one_that_holds_their_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "round_00"
    folder.mkdir()
    course, batches = falling(8, seed=1), falling(90, seed=2)
    rows = [{"epoch": i, "train/loss": float(v), "val/loss": float(v) + 0.1} for i, v in enumerate(course)]
    (folder / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    live = [{"epoch": 7, "batch": i, "loss": float(v), "acc": 0.5} for i, v in enumerate(batches)]
    (folder / "live_batches.jsonl").write_text("".join(json.dumps(row) + "\n" for row in live))
    writer = SummaryWriter(str(folder / "tb"))
    for i, v in enumerate(course):
        writer.add_scalar("train/loss", v, i)
        writer.add_scalar("val/loss", v + 0.1, i)
    writer.close()
    (tmp_path / "round_01").mkdir()
    shutil.copytree(folder / "tb", tmp_path / "round_01" / "tb")  # of other jobs nothing is known here
    runs = [run for run in runs_in(tmp_path) if "round_00" in run.path]
    assert sorted(len(run.files) for run in runs) == [1, 2]
    assert sorted(run.tags(Role.TRAIN_LOSS)[0] for run in runs) == ["loss", "train/loss"]


def test_outputs_join_the_writers_that_logged_at_epochs_what_they_printed_at_batches(tmp_path: Path) -> None:
    for job in (1, 2):
        course = falling(80, seed=job)
        means = course[::4] * 0.97
        lines = [
            f"train {50 * b:03d} {course[4 * e + b]:e} 10.9 56.2" + (f"\ntrain_loss {means[e]:.6f}" if b == 3 else "")
            for e in range(20)
            for b in range(4)
        ]
        (tmp_path / f"log_seed{job}.txt").write_text("\n".join(lines) + "\n")
        curves = {"": means * 0 + 0.025, "loss_train": means}
        curves |= {f"accuracy_{k}": 1 - means / (3 + k) for k in range(9)}
        for n, (folder, values) in enumerate(curves.items()):
            writer = SummaryWriter(str(tmp_path / "made"))
            for e, value in enumerate(values):
                writer.add_scalar(folder.partition("_")[0] or "lr", value, e)
            writer.close()
            (made,) = (tmp_path / "made").iterdir()
            (tmp_path / "runs" / folder).mkdir(parents=True, exist_ok=True)
            made.rename(tmp_path / "runs" / folder / f"events.out.tfevents.17{job}0000000.host.{job}7.{n}")
    runs = runs_in(tmp_path)
    assert len(runs) == 2
    for run in runs:
        assert len(run.files) == 12
        assert len({"seed1" in path or ".host.17." in path for path in run.files}) == 1


@pytest.mark.parametrize(
    ("name", "runs"), [("log.md", 1), ("train_log-2.md", 1), ("LOGS.md", 1), ("CHANGELOG.md", 0), ("notes.md", 0)]
)
def test_notes_called_like_an_output_are_looked_into(name: str, runs: int, tmp_path: Path) -> None:
    (tmp_path / name).write_text("".join(f"step {i}: loss {v:.4f}\n" for i, v in enumerate(falling(40))))
    found = find([tmp_path])
    assert len(found.jobs) == runs
    assert dict(found.passed_over) == ({} if runs else {".md": 1})


def test_notes_in_prose_are_no_log_whatever_they_are_called(tmp_path: Path) -> None:
    (tmp_path / "log.md").write_text(
        "# Log\n\nToday I trained for 3 epochs, the loss was 0.5 in the end.\n\n- [ ] try lr 0.1\n"
    )
    assert not find([tmp_path]).jobs
