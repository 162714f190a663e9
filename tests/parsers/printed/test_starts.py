"""Starts of a program in its own output: settings printed again, and counts that nothing but its first lines tell."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from losslens.model import Log
from losslens.parsers import parse


def read(path: Path, lines: list[str]) -> Log:
    path.write_text("\n".join(lines) + "\n")
    (log,) = parse(path, "text")
    return log


def loss(step: int) -> str:
    return f"{2 * math.exp(-step / 100) + 0.1:.4f}"


def test_arguments_printed_again_before_a_step_that_was_there_are_settings_of_a_later_start(tmp_path: Path) -> None:
    lines = ["Config: {'lr': 5e-05, 'batch_size': 4, 'optimizer': 'adamw'}"]
    lines += [f"Step {s}: Loss={loss(s)}, LR=1e-4" for s in range(50, 500, 50)]
    lines += ["Config: {'lr': 5e-05, 'batch_size': 16, 'optimizer': 'adamw'}"]
    lines += [f"Step {s}: Loss={loss(s)}, LR=1e-4" for s in range(50, 800, 50)]
    log = read(tmp_path / "train.log", lines)
    assert {tag: one.step.size for tag, one in log.series.items()} == {"Loss": 24, "LR": 24}
    assert {(row, s.name): s.value for row, s in log.later_settings}[9, "batch_size"] == 16
    assert log.restarts == (9,)


def test_a_start_behind_the_mean_of_the_only_epoch_before_it_is_found(tmp_path: Path) -> None:
    """The mean says no step of its own, so that no count stands right ahead of the settings."""
    job = ["batch_size: 64", "optimizer: sgd", "dropout: 0.5", "Training epoch: 0"]
    job += [f"Iter {i} Done. | loss: {loss(i)} | lr: 0.1" for i in (0, 100, 200)] + [f"mean_loss: {loss(100)}"]
    log = read(tmp_path / "train.log", 3 * job)
    assert len(log.restarts) == 2
    assert {s.name for _, s in log.later_settings} >= {"batch_size", "optimizer", "dropout"}


def test_a_status_printed_with_every_result_is_no_start(tmp_path: Path) -> None:
    lines = []
    for step in range(1, 30):
        lines += [
            "Memory usage: 19.5 GiB",
            "Resources requested: 1 CPU",
            "Number of trials: 1",
            f"step {step} loss {loss(step)}",
        ]
    log = read(tmp_path / "train.log", lines)
    assert log.restarts == ()
    assert log.later_settings == ()


def test_a_model_loaded_to_be_used_begins_no_training(tmp_path: Path) -> None:
    lines = ["num_examples: 100", "batch_size: 8", "allow_growth: True"]
    lines += [f"step {s} loss {loss(s)}" for s in range(0, 500, 10)]
    lines += ["Restoring parameters from model.ckpt-490", "num_examples: 50", "batch_size: 8", "allow_growth: True"]
    lines += ["step 491 accuracy 0.9"]
    assert read(tmp_path / "train.log", lines).restarts == ()


@pytest.mark.parametrize("name", ["Evaluation", "train"])
def test_numbers_without_a_step_are_counted_anew_where_the_program_was_begun_again(tmp_path: Path, name: str) -> None:
    lines = []
    for _ in range(3):
        lines += ["Loading the data ...", "Starting training for 20 epochs"]
        lines += [f"{name} loss: {loss(10 * i)}" for i in range(10)]
    log = read(tmp_path / "train.log", lines)
    (one,) = log.series.values()
    assert one.axis == "row"
    assert one.step.tolist() == [*range(10)] * 3


def test_a_heading_above_every_few_numbers_does_not_count_them_anew(tmp_path: Path) -> None:
    lines = []
    for i in range(20):
        lines += [
            "Now training the network",
            "on the whole data set",
            f"train loss: {loss(i)}",
            f"train loss: {loss(i)}1",
        ]
    (one,) = read(tmp_path / "train.log", lines).series.values()
    assert one.step.tolist() == [*range(40)]


@pytest.mark.parametrize(
    "line",
    [
        "Loading checkpoint ckpt_520.pt",
        "=> loaded checkpoint 'model_best.pth.tar' (epoch 12)",
        "Resumed from runs/last.pt",
        "Resuming training from runs/train/weights/last.pt from epoch 30 to 100 total epochs",
        "Loaded state dict of the model and the optimizer",
        "loaded model state_dict from best.pt",
        "successfully loaded checkpoint from /ckpt [ t 0, p 0 ] at iteration 5000",
        "  Continuing training from global step 500",
        "Restored all states from the checkpoint at epoch=3.ckpt",
        "[Checkpointer] Loading from ./output/model_0004999.pth ...",
        "Load checkpoint from work_dirs/epoch_12.pth",
        "Loading weights from checkpoints/w.npz",
    ],
)
def test_a_line_that_says_that_what_was_saved_was_loaded_is_a_restart(tmp_path: Path, line: str) -> None:
    lines = [f"step {s} loss {loss(s)}" for s in range(0, 100, 10)]
    log = read(tmp_path / "train.log", [*lines, line, *(f"step {s} loss {loss(s)}" for s in range(100, 200, 10))])
    assert [(event.kind, event.step) for event in log.events] == [("restart", 90)]


@pytest.mark.parametrize(
    ("line", "first", "kind"),
    [
        ("INFO:tensorflow:Restoring parameters from ./init/model.ckpt", 10, "message"),
        ("Loading weights from checkpoints/pretrained.npz", 0, "message"),
        ("INFO:tensorflow:Restoring parameters from ./train_log/model.ckpt-5000", 5010, "restart"),
        ("Resuming from checkpoint out/checkpoint-500", 10, "restart"),
    ],
)
def test_weights_that_were_loaded_before_the_first_step_of_a_training_began_it(
    tmp_path: Path, line: str, first: int, kind: str
) -> None:
    log = read(tmp_path / "train.log", [line, *(f"step {s} loss {loss(s)}" for s in range(first, first + 200, 10))])
    assert [(event.kind, event.step) for event in log.events] == [(kind, None)]


def test_late_checkpoints_are_kept(tmp_path: Path) -> None:
    lines = [f"step {s} loss {loss(s)}\nSaving checkpoint to model.ckpt" for s in range(0, 3000, 10)]
    assert len(read(tmp_path / "train.log", lines).events) == 300


@pytest.mark.parametrize(
    "line",
    [
        "Loading the data set from data/train.json",
        "loaded 5000 samples",
        "Load average: 3",
        "Restoring model weights from the end of the best epoch: 12.",  # how Keras' EarlyStopping ends
    ],
)
def test_a_line_that_says_that_something_else_was_loaded_is_none(tmp_path: Path, line: str) -> None:
    lines = [f"step {s} loss {loss(s)}" for s in range(0, 100, 10)]
    assert not read(tmp_path / "train.log", [*lines, line, *(f"step {s} loss 0.1" for s in range(100, 200, 10))]).events
