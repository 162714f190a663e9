"""Evaluation differs from training."""

from __future__ import annotations

import numpy as np

from losslens.model import Role, Verdict
from tests.causes import make_runs as m

CAUSE = "train-eval-mismatch"


def apart(erratic: bool) -> m.Made:
    train = m.learning(400)
    if erratic:
        val = train * np.exp(2.5 + 1.5 * np.sin(np.arange(400) * 1.7) + 0.8 * m.rng(1).standard_normal(400))
    else:
        val = m.noisy(train * np.linspace(1.0, 3.0, 400), 0.01, 2)
    return m.made(
        val,
        Verdict.VAL_DIVERGED,
        60,
        others={("train/loss", Role.TRAIN_LOSS): train},
        tag="val/loss",
        role=Role.VAL_LOSS,
        settings={"batch_size": 2},
    )


def test_validation_that_is_far_off_and_erratic_from_the_first_evaluation_is_a_mismatch() -> None:
    assert m.place(apart(True), CAUSE) == 0
    assert {"validation-apart-at-first", "validation-erratic"} <= m.names(apart(True), CAUSE, +1)


def test_validation_that_leaves_training_gradually_is_overfitting() -> None:
    assert m.place(apart(False), "overfitting") < m.place(apart(False), CAUSE)


def test_without_validation_it_asks_for_it() -> None:
    bare = m.made(m.exploding(), Verdict.EXPLODED, 320)
    assert m.unchecked(bare, CAUSE)["validation-apart-at-first"] == "val_loss"


def test_a_training_loss_that_went_bad_with_it_takes_it_off_the_list() -> None:
    y = m.exploding()
    run = m.made(y, Verdict.EXPLODED, 320, others={m.VAL: y * 1.1})
    assert m.chance(run, CAUSE) < 0.02


def held_out(level: float) -> m.Made:
    train = m.learning(400, floor=0.02)
    val = m.noisy(np.linspace(level, 1.2 * level, 400), 0.01, 2)
    others = {("train/loss", Role.TRAIN_LOSS): train}
    return m.made(val, Verdict.OVERFIT, 40, others=others, tag="val/loss", role=Role.VAL_LOSS)


def test_validation_that_never_had_a_good_phase_while_training_is_learned_was_not_lost_by_memorising() -> None:
    assert "never-as-untrained" in m.names(held_out(4.0), CAUSE, +1)
    assert "never-as-untrained" in m.names(held_out(4.0), "overfitting", -1)
    assert "learned-by-heart" not in m.names(held_out(4.0), CAUSE, -1)
    assert "never-as-untrained" not in m.names(held_out(1.0), CAUSE, +1)
    assert m.chance(held_out(4.0), CAUSE) > m.chance(held_out(1.0), CAUSE)


def test_the_loss_of_training_data_in_evaluation_mode_is_what_would_tell_it_from_overfitting() -> None:
    assert m.unchecked(held_out(4.0), CAUSE)["training-in-evaluation"] == "train_loss_in_eval_mode"
    assert m.unchecked(held_out(4.0), "overfitting")["training-in-evaluation"] == "train_loss_in_eval_mode"
