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


def roles_of(made: dict[str, np.ndarray]) -> dict[str, Role]:
    return {choice.tag: choice.role for choice in assign({tag: series(tag, value) for tag, value in made.items()})}


@pytest.mark.parametrize("weight", [1.0, 0.5])
@pytest.mark.parametrize("decimals", [2, 4])
def test_strange_names_whose_weighted_sum_is_the_total_are_its_terms(weight: float, decimals: int) -> None:
    rng = np.random.default_rng(0)
    depth, cls, aux = falling(60), 2 * falling(60) + rng.random(60), 0.2 * rng.random(60)
    made = {"total": depth + cls + weight * aux, "depth": depth, "cls": cls, "aux": aux, "flop": rng.random(60)}
    choices = {
        choice.tag: choice
        for choice in assign({tag: series(tag, np.round(value, decimals)) for tag, value in made.items()})
    }
    assert choices["total"].role is Role.TRAIN_LOSS
    assert choices["total"].sure
    assert {choices[tag].role for tag in ("depth", "cls", "aux")} == {Role.LOSS_COMPONENT}
    assert choices["flop"].role is Role.OTHER
    assert f"depth + cls + {'' if weight == 1 else '0.5 x '}aux" in choices["aux"].why


def test_numbers_that_add_up_to_the_total_only_nearly_are_not_its_terms() -> None:
    rng = np.random.default_rng(0)
    depth, cls = falling(60), 2 * falling(60) + rng.random(60)
    made = {"total": depth + cls + 0.05 * rng.random(60), "depth": depth, "zip": cls}
    roles = roles_of({tag: np.round(value, 4) for tag, value in made.items()})
    assert roles["zip"] is Role.OTHER


def test_the_short_names_of_an_actor_and_its_critic_are_their_losses() -> None:
    rng = np.random.default_rng(0)
    pg, v, ent = 0.1 * rng.standard_normal(60), falling(60), 1.5 - 0.01 * np.arange(60) + 0.01 * rng.random(60)
    made = {"pg": pg, "vloss": v, "ent": ent, "ret": np.arange(60.0), "kl": 0.01 * rng.random(60)}
    roles = roles_of(made)
    assert [roles[tag] for tag in made] == [
        Role.TRAIN_LOSS,
        Role.TRAIN_LOSS,
        Role.ENTROPY,
        Role.REWARD,
        Role.KL,
    ]
    roles = roles_of({"loss": pg + 0.5 * v - 0.01 * ent, **made})
    assert roles["loss"] is Role.TRAIN_LOSS
    assert roles["pg"] is roles["vloss"] is Role.LOSS_COMPONENT


def test_what_the_rate_is_multiplied_by_is_not_the_rate() -> None:
    made = {"BIAS_LR_FACTOR": np.full(6, 2.0), "BASE_LR": np.full(7, 0.01), "lr": np.linspace(0.1, 0.01, 60)}
    choices = assign({tag: series(tag, value) for tag, value in made.items()})
    rates = [choice.tag for choice in choices if choice.role is Role.LEARNING_RATE]
    assert rates == ["lr", "BASE_LR"]


def test_the_average_in_brackets_behind_a_loss_is_no_second_loss() -> None:
    raw = falling(60)
    mean = np.cumsum(raw) / np.arange(1, 61)
    roles = roles_of({"Loss": raw, "Loss (avg)": mean, "loss_box": raw / 2, "loss_box (avg)": mean / 2})
    assert roles == {
        "Loss": Role.TRAIN_LOSS,
        "Loss (avg)": Role.OTHER,
        "loss_box": Role.LOSS_COMPONENT,
        "loss_box (avg)": Role.OTHER,
    }
    assert roles_of({"Loss (avg)": mean})["Loss (avg)"] is Role.TRAIN_LOSS


def test_terms_are_known_by_the_beginning_where_a_weight_changes_later() -> None:
    rng = np.random.default_rng(0)
    pde, bc = falling(120), 0.3 * falling(120, seed=2) + 0.1 * rng.random(120)
    weight = np.where(np.arange(120) < 70, 5.0, 50.0)
    made = {"Loss": pde + weight * bc, "pde": pde, "bc": bc}
    roles = roles_of({tag: np.asarray([float(f"{v:.3e}") for v in value]) for tag, value in made.items()})
    assert roles["pde"] is roles["bc"] is Role.LOSS_COMPONENT


def test_a_rate_is_the_rate_however_wrong_it_is() -> None:
    roles = roles_of({"loss": falling(60), "lr": np.append(np.full(50, 0.1), np.full(10, 300.0)), "wnorm": falling(60)})
    assert roles["lr"] is Role.LEARNING_RATE
    assert roles["wnorm"] is Role.WEIGHT_NORM


def test_val_beside_a_loss_is_the_loss_on_the_other_data_unless_it_rises_like_an_accuracy() -> None:
    assert roles_of({"Loss": falling(60), "Val": falling(60, start=3.0)})["Val"] is Role.VAL_LOSS
    assert roles_of({"Loss": falling(60), "Val": 1.0 - falling(60, start=0.9)})["Val"] is Role.OTHER


def test_a_perplexity_is_the_objective_beside_the_squared_error_of_a_length() -> None:
    found = roles_of({"Validation-length-ratio-mse": falling(12), "Validation-ppl": falling(12), "ppl": falling(40)})
    assert found["ppl"] is Role.TRAIN_LOSS
    assert found["Validation-ppl"] is Role.VAL_LOSS
