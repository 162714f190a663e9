"""Output captured from real programs, number for number against what their trainings produced (make_printed_*.py)."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from losslens import parsers
from losslens.model import Log
from tests.parsers import truth
from tests.parsers.truth import DATA

PRINTED = DATA / "printed"

#: What its x counts, and for each series the number of points. Where a bar was drawn less often than steps were made,
#: the truth has more points than were ever printed.
SERIES: dict[str, tuple[str, dict[str, int]]] = {
    "accelerate/train.log": ("step", {"validation loss": 6}),
    "catboost/train.log": ("step", {"learn loss": 40, "test loss": 40}),
    "coqui/run-November-14-2023_10+13PM-0000000/trainer_0_log.txt": ("step", {"loss": 18}),
    "d3rlpy/train.log": ("step", {"loss": 10}),
    "deepxde/train.log": ("step", {"train loss term 1": 31, "test metric 1": 31}),
    "detectron2/train.log": ("step", {"total_loss": 12, "loss_cls": 12, "loss_box_reg": 12, "lr": 12}),
    "fairseq/train.log": ("step", {"loss": 19, "gnorm": 19, "loss_scale": 19, "valid/loss": 5}),
    "fastai/train.log": ("epoch", {"train_loss": 8, "valid_loss": 8, "mae": 8}),
    "hf/healthy/train.log": ("step", {"loss": 24, "grad_norm": 24, "learning_rate": 24, "eval_loss": 8}),
    "hf/nan/train.log": ("step", {"loss": 24, "grad_norm": 24, "learning_rate": 24, "eval_loss": 8}),
    "keras/many_bars.log": ("step", {"loss (per epoch)": 3, "val_loss": 3}),
    "keras/nan.log": ("epoch", {"loss": 12, "mae": 12, "val_loss": 12, "val_mae": 12}),
    "keras/nan_stopped.log": ("epoch", {"loss": 5, "mae": 5, "val_loss": 5, "val_mae": 5}),
    "keras/piped.log": ("epoch", {"loss": 12, "mae": 12, "val_loss": 12, "val_mae": 12}),
    "keras/rate_halved.log": ("epoch", {"loss": 20, "val_loss": 20, "val_mae": 20}),
    "keras/terminal.log": ("epoch", {"loss": 12, "mae": 12, "val_loss": 12, "val_mae": 12}),
    "lightgbm/train.log": ("step", {"training's l2": 40, "training's l1": 40, "valid_1's l2": 40, "valid_1's l1": 40}),
    "lightning/out_of_memory/train.log": ("step", {"train_loss": 21, "val_loss": 5}),
    "lightning/rich/train.log": ("step", {"train_loss": 8, "val_loss": 8}),
    "lightning/terminal/train.log": ("step", {"train_loss": 32, "val_loss": 8}),
    "mmengine/20231114_221320/20231114_221320.log": (
        "step",
        {"loss": 20, "loss_main": 20, "loss_small": 20, "grad_norm": 20},
    ),
    "litgpt/train.log": ("step", {"loss train": 100}),  # 0.5.13, on bytes of text, up to its 200th batch
    "mlperf/train.log": ("step", {"train_loss": 30, "eval_loss": 6}),
    "nanogpt/train.log": ("step", {"loss": 41, "train loss": 5, "val loss": 5}),
    "nanogpt_nan/train.log": ("step", {"loss": 41, "train loss": 5, "val loss": 5}),
    "opennmt/train.log": ("step", {"xent": 40, "acc": 40, "lr": 40, "Validation perplexity": 8, "Train perplexity": 8}),
    "paddle/train.log": ("step", {"loss": 32, "val/loss": 8}),
    "paddle_lines/train.log": ("step", {"loss": 32, "val/loss": 8}),
    "pfn_extras/train.log": ("step", {"train/loss": 16, "val/loss": 8}),
    "reinforce/train.log": ("episode", {"Last reward": 24, "Average reward": 24}),
    "sb3/dqn/train.log": ("timesteps", {"train/loss": 34, "rollout/ep_rew_mean": 36, "train/learning_rate": 34}),
    "sb3/ppo/train.log": ("timesteps", {"train/loss": 14, "train/value_loss": 14, "train/approx_kl": 14}),
    "sb3/sac/train.log": ("timesteps", {"train/actor_loss": 7, "train/critic_loss": 7, "rollout/ep_rew_mean": 8}),
    "sklearn_boosting/train.log": ("step", {"Train Loss": 40, "OOB Improve": 40}),
    "sklearn_mlp/train.log": ("step", {"loss": 60}),
    "skorch/train.log": ("epoch", {"train_loss": 14, "valid_loss": 14, "valid_r2": 14}),
    # The first row says what one batch lost, the others what all since the row before did.
    "spacy/train.log": ("step", {"LOSS TEXTCAT": 10, "CATS_SCORE": 11}),
    "speechbrain/train_log.txt": ("epoch", {"train loss": 10, "valid loss": 10, "lr": 10}),
    "tabnet/train.log": ("epoch", {"loss": 14, "valid_rmse": 14}),
    "tensorflow/nan/train.log": ("step", {"loss": 20}),
    "tensorflow/resumed/train.log": ("step", {"loss": 20}),
    # 0.3.0, its debug model, up to its 60th step; on the CPU, with PyTorch's own attention
    "torchtitan/train.log": ("step", {"loss": 60, "grad_norm": 60}),
    "torchtune/log_1700000000.txt": ("step", {"loss": 60, "lr": 60, "grad_norm": 60}),
    "word_language_model/train.log": ("step", {"loss": 36, "lr": 36, "valid loss": 6}),
    "xgboost/train.log": ("step", {"train-rmse": 40, "valid-rmse": 40}),
}


def read(name: str) -> Log:
    path = PRINTED / name
    assert parsers.recognise(path) == "text"
    (log,) = parsers.parse(path)
    return log


def as_printed(value: float, produced: float) -> bool:
    """Whether the number read is the one produced, to the last digit that was printed."""
    if math.isnan(value) or math.isinf(value):
        return math.isnan(produced) or value == produced
    place = Decimal(repr(value)).normalize().as_tuple().exponent
    return abs(value - produced) <= 0.51 * 10.0 ** int(place) + 1e-6 * abs(produced)


@pytest.mark.parametrize("name", SERIES)
def test_printed_numbers_are_those_of_the_training_at_its_steps(name: str) -> None:
    axis, tags = SERIES[name]
    log = read(name)
    expected = truth.load(PRINTED / name)
    for tag, count in tags.items():
        series = log.series[tag]
        produced = {int(step): value for step, value in expected[tag]}
        assert series.axis == axis
        assert len(series.step) == count, tag
        assert len(set(series.step.tolist())) == count, tag
        for step, value in zip(series.step.tolist(), series.value.tolist(), strict=True):
            assert as_printed(value, produced[step]), (tag, step, value, produced[step])


@pytest.mark.parametrize(("name", "epochs"), [("one_epoch", 1), ("many_bars", 3)])
def test_the_bars_of_keras_are_taken_apart_into_the_means_of_batches(name: str, epochs: int) -> None:
    loss = read(f"keras/{name}.log").series["loss"]
    batches = np.asarray([value for _, value in truth.load(PRINTED / f"keras/{name}.log")["batch_loss"]])
    assert loss.axis == "step"
    assert loss.step[-1] == 150 * epochs
    assert loss.step.size > 25 * epochs
    for first, last, value in zip([0, *loss.step[:-1]], loss.step, loss.value, strict=True):
        assert value == pytest.approx(batches[first:last].mean(), rel=0.02), (first, last)


def test_parts_of_a_resumed_output_begin_where_their_bars_say() -> None:
    for part, first, last in (("slurm-101.out", 2, 30), ("slurm-102.out", 26, 48)):
        steps = read(f"hf/resumed/{part}").series["loss"].step.tolist()
        assert steps == list(range(first, last + 1, 2))


def test_the_closing_line_of_hugging_face_is_no_step_without_a_loss() -> None:
    log = read("hf/healthy/train.log")
    assert "train_loss" not in log.series
    names = {setting.name for setting in log.settings}
    assert "Num Epochs" in names
    assert not any(name.startswith("summary.") or "runtime" in name for name in names)
    assert [event.step for event in log.events if event.kind == "checkpoint"] == [12, 24, 36, 48]


def test_a_loss_that_was_checked_before_it_was_logged_ends_in_nan() -> None:
    loss = read("detectron2_nan/train.log").series["total_loss"]
    assert loss.step[-1] == 170
    assert math.isnan(loss.value[-1])
    assert all(math.isfinite(value) for value in loss.value[:-1])


@pytest.mark.parametrize(
    ("name", "kind", "step"),
    [
        ("lightning/out_of_memory/train.log", "out-of-memory", 42),
        ("hf/resumed/slurm-101.out", "interrupted", 30),
        ("reinforce/train.log", "interrupted", 240),
        ("detectron2_nan/train.log", "nan-message", 170),
        ("fairseq/train.log", "overflow", 42),
        ("keras/nan_stopped.log", "nan-message", 5),
    ],
)
def test_how_a_program_ended_is_an_event_at_its_step(name: str, kind: str, step: int) -> None:
    assert (kind, step) in [(event.kind, event.step) for event in read(name).events]


def test_a_message_behind_a_progress_bar_is_told_without_the_bar() -> None:
    (event,) = (event for event in read("keras/nan_stopped.log").events if event.kind == "nan-message")
    assert event.text == "Batch 9: Invalid loss, terminating training"


def test_what_a_program_overrides_is_its_settings() -> None:
    settings = {setting.name: setting.value for setting in read("nanogpt_nan/train.log").settings}
    assert settings["learning_rate"] == 30.0
    assert settings["max_iters"] == 400


def test_the_trainer_is_known_by_what_it_prints() -> None:
    for name, trainer in (("keras/piped.log", "keras"), ("sb3/sac/train.log", "sb3"), ("hf/nan/train.log", "hf")):
        assert read(name).trainer == trainer
    assert Path(read("fairseq/train.log").path).parent.name == read("fairseq/train.log").trainer == "fairseq"
