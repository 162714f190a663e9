"""Roles where one loss was both printed for people and logged exactly, and where a name alone says too little."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import Role
from losslens.roles import assign
from tests.runs.make_logs import falling, series


def test_a_loss_rounded_for_printing_does_not_speak_beside_the_exact_one() -> None:
    exact = falling(60) * (1 + 1e-7 * np.pi)
    made = {"loss": series("loss", np.round(exact, 3)), "training/batchloss": series("training/batchloss", exact)}
    choices = {choice.tag: choice for choice in assign(made)}
    assert choices["training/batchloss"].role is Role.TRAIN_LOSS
    assert choices["loss"].role is Role.OTHER


def test_a_rounded_loss_that_broke_is_never_put_aside() -> None:
    exact = falling(60) * (1 + 1e-7 * np.pi)
    broken = np.append(np.round(exact, 3), np.nan)
    made = {"printed/loss": series("printed/loss", broken), "train_loss": series("train_loss", exact)}
    choices = {choice.tag: choice for choice in assign(made)}
    assert choices["printed/loss"].role is Role.TRAIN_LOSS


def test_the_mean_of_a_whole_run_is_no_second_training_loss() -> None:
    made = {"train/loss": series("train/loss", falling(24)), "train/train_loss": series("train/train_loss", falling(1))}
    choices = {choice.tag: choice for choice in assign(made)}
    assert choices["train/train_loss"].role is Role.OTHER


@pytest.mark.parametrize(
    ("tag", "role"),
    [
        ("losses/approx_kl", Role.KL),
        ("losses/old_approx_kl", Role.KL),
        ("losses/entropy", Role.ENTROPY),
        ("losses/policy_loss", Role.TRAIN_LOSS),
        ("losses/value_loss", Role.TRAIN_LOSS),
    ],
)
def test_what_cleanrl_keeps_among_its_losses_is_told_apart(tag: str, role: Role) -> None:
    tags = ("losses/approx_kl", "losses/old_approx_kl", "losses/entropy", "losses/policy_loss", "losses/value_loss")
    choices = {choice.tag: choice for choice in assign({name: series(name, falling(60)) for name in tags})}
    assert choices[tag].role is role


def test_lightgbm_metrics_play_the_loss_of_their_data_set() -> None:
    tags = ("training's l2", "training's l1", "valid_1's l2", "valid_1's l1")
    choices = {choice.tag: choice for choice in assign({name: series(name, falling(40)) for name in tags})}
    assert choices["training's l2"].role is Role.TRAIN_LOSS
    assert choices["valid_1's l2"].role is Role.VAL_LOSS
