"""The framework is named where something names it, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

import losslens
from losslens.frameworks import Framework, framework_of, framework_said


@pytest.mark.parametrize(
    ("trainer", "format", "framework"),
    [
        ("keras", "csv", Framework.KERAS),
        ("keras", "tensorboard", Framework.KERAS),
        ("lightning", "csv", Framework.PYTORCH),
        ("hf", "trainer-state", Framework.PYTORCH),
        ("fairseq", "text", Framework.PYTORCH),
        ("sb3", "csv", Framework.PYTORCH),
        ("wandb", "jsonl", None),
        ("mlflow", "mlflow", None),
        ("paddle", "visualdl", None),
        ("lightgbm", "text", None),
        (None, "text", None),
    ],
)
def test_a_trainer_names_its_framework_and_a_logger_none(
    trainer: str | None, format: str, framework: Framework | None
) -> None:
    assert framework_of(trainer, format) is framework


@pytest.mark.parametrize(
    ("line", "framework"),
    [
        ("INFO:tensorflow:global step 10: loss = 1.1789 (0.437 sec/step)", Framework.TENSORFLOW),
        ("model.py:3: UserWarning: torch.nn.utils.clip_grad_norm is now deprecated", Framework.PYTORCH),
        ("  File '/usr/lib/python3/site-packages/torch/autograd/__init__.py', line 154", Framework.PYTORCH),
        ("Using TensorFlow backend.", Framework.TENSORFLOW),
        ("  (0): Conv2d(3, 64, kernel_size=(3, 3))", Framework.PYTORCH),
        ("held the torches high: loss 0.3", None),
        ("step 3 loss 0.3 lr 0.1", None),
    ],
)
def test_words_name_it(line: str, framework: Framework | None) -> None:
    assert framework_said([line]) is framework


def test_tensorflow_that_is_only_installed_beside_pytorch_does_not_count() -> None:
    noise = "I tensorflow/core/platform/cpu_feature_guard.cc:193] This TensorFlow binary is optimized"
    assert framework_said([noise, "torch_dtype=bfloat16"]) is Framework.PYTORCH


def test_two_frameworks_are_none() -> None:
    assert framework_said(["import keras", "backend=torch"]) is None


def test_the_trainer_knows_better_than_the_words_and_these_better_than_the_names_of_files() -> None:
    torch = "runs/events.out.tfevents.1795358260.vm.26865.0"
    assert framework_of(None, "tensorboard", files=[torch]) is Framework.PYTORCH
    assert framework_of(None, "tensorboard", files=[torch], said=["tf_estimator=True"]) is Framework.TENSORFLOW
    assert framework_of("keras", "text", said=["torch"]) is Framework.KERAS


@pytest.mark.parametrize(
    "name", ["1567641600.host", "1567641600.10.0.0.12", "1795358260.vm.26865.0.v2", "1795358260.vm.1.0.profile-empty"]
)
def test_other_event_files_may_be_of_anybody(name: str) -> None:
    assert framework_of(None, "tensorboard", files=[f"runs/events.out.tfevents.{name}"]) is None


def test_the_head_of_an_output_names_it(tmp_path: Path) -> None:
    lines = [f"INFO:tensorflow:global step {n}: loss = {2 - n / 100:.3f} (0.4 sec/step)" for n in range(1, 80)]
    (tmp_path / "train.log").write_text("\n".join(lines))
    assert losslens.analyze(tmp_path).runs[0].framework is Framework.TENSORFLOW
