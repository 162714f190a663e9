"""A table by epoch beside tables by batch: one job under two counts."""

from __future__ import annotations

from pathlib import Path

import pytest

import losslens
from losslens.model import Role
from losslens.runs import find, load
from losslens.runs.grains import named_by_grain
from tests.runs.make_logs import falling

EPOCHS, BATCHES = 20, 16


def write(folder: Path, names: tuple[str, ...], *, epochs: int = EPOCHS) -> None:
    """NequIP's tables: padded columns, the losses of each batch with its epoch, and the means of each epoch."""
    by_epoch, batch_train, batch_val = names
    batch = falling(EPOCHS * BATCHES)
    rows = [f"{i // BATCHES + 1:5d}, {i % BATCHES + 1:5d}, {v:16.5g}, {v / 3:16.5g}" for i, v in enumerate(batch)]
    (folder / batch_train).write_text("epoch, batch, loss, loss_f\n" + "\n".join(rows) + "\n")
    held = falling(EPOCHS, seed=2) + 0.1
    rows = [f"{i + 1:5d}, {1:5d}, {v:16.5g}, {v / 3:16.5g}" for i, v in enumerate(held)]
    (folder / batch_val).write_text("epoch, batch, loss, loss_f\n" + "\n".join(rows) + "\n")
    means = batch.reshape(EPOCHS, BATCHES).mean(axis=1)
    told = [*zip(means, held, strict=True)] * (1 + epochs // EPOCHS)
    rows = [f"{i + 1:10d}, {8.1 * i:8.3f}, 0.005, {a:16.5g}, {b:16.5g}" for i, (a, b) in enumerate(told[:epochs])]
    (folder / by_epoch).write_text("epoch, wall, LR,training_loss,validation_loss\n" + "\n".join(rows) + "\n")


@pytest.mark.parametrize(
    "names",
    [
        ("metrics_epoch.csv", "metrics_batch_train.csv", "metrics_batch_val.csv"),
        ("epoch_log.csv", "train_iter_log.csv", "val_iter_log.csv"),
        ("losses_per_epoch.csv", "losses_per_batch_train.csv", "losses_per_batch_valid.csv"),
    ],
)
def test_a_table_by_epoch_and_those_by_batch_are_one_run(names: tuple[str, ...], tmp_path: Path) -> None:
    write(tmp_path, names)

    (job,) = find([tmp_path]).jobs
    (run,) = load(job)

    assert {Path(file).name for file in run.files} == set(names)
    assert run.tags(Role.TRAIN_LOSS)[0] == "train/loss"
    assert len(run.series["train/loss"]) == EPOCHS * BATCHES
    assert len(run.series["LR"]) == EPOCHS
    assert run.steps_per_epoch is not None
    assert run.steps_per_epoch.value == BATCHES


def test_tables_that_end_at_other_epochs_are_not_of_one_job(tmp_path: Path) -> None:
    write(tmp_path, ("metrics_epoch.csv", "metrics_batch_train.csv", "metrics_batch_val.csv"), epochs=35)

    runs = [run for job in find([tmp_path]).jobs for run in load(job)]

    assert [len(run.files) for run in runs] in ([1, 2], [2, 1])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("metrics_epoch.csv", "metrics_batch_train.csv", True),
        ("epoch_loss.csv", "step_loss.csv", True),
        ("a_epoch.csv", "b_batch.csv", False),
        ("metrics_epoch.csv", "metrics_train.csv", False),
        ("batch_32.csv", "epoch_32.csv", False),
        ("metrics_epoch.csv", "metrics_epoch_val.csv", False),
    ],
)
def test_names_that_differ_in_epoch_and_batch(one: str, other: str, same: bool) -> None:
    assert named_by_grain(one, other) is same


def episodes_and_updates(folder: Path, shared: str = "", seed: int = 0) -> None:
    """An agent's episodes in one table, and the updates of its nets in another; both count the steps of both."""
    names = ["episode", "total_steps", "episode_reward", "episode_length", *shared.split()]
    rows = [[i + 1, 302 * (i + 1), -500 + i, 302, *(1.0 for _ in shared.split())] for i in range(60)]
    text = "\n".join(",".join(map(str, row)) for row in rows)
    (folder / "training_metrics.csv").write_text(",".join(names) + f"\n{text}\n")
    names = ["update", "total_steps", "policy_loss", "value_loss", *shared.split()]
    rows = [[i, 1024 * (i + 1), v, 3 * v, *(1.0 for _ in shared.split())] for i, v in enumerate(falling(17, seed=seed))]
    text = "\n".join(",".join(map(str, row)) for row in rows)
    (folder / "training_updates.csv").write_text(",".join(names) + f"\n{text}\n")


def test_what_episodes_brought_and_what_updates_lost_is_one_job(tmp_path: Path) -> None:
    episodes_and_updates(tmp_path, "lagrange_0")
    (run,) = losslens.load(tmp_path)
    assert {choice.role for choice in run.roles} >= {Role.REWARD, Role.TRAIN_LOSS}
    assert len(run.series["episode_reward"]) == 60


def test_two_tables_with_losses_are_two_jobs(tmp_path: Path) -> None:
    for seed, name in enumerate(("sac", "td3")):
        episodes_and_updates(tmp_path, seed=seed)
        (tmp_path / "training_updates.csv").rename(tmp_path / f"{name}_updates.csv")
    (tmp_path / "training_metrics.csv").unlink()
    assert len(losslens.load(tmp_path)) == 2
