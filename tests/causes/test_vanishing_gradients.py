"""No gradient arrives."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import Role, Sign, Verdict
from tests.causes import make_runs as m

CAUSE = "vanishing-gradients"


def flat(grad: float, points: int = 300) -> m.Made:
    y = m.steady(points, 2.303, 0.003)
    others = {m.LR: m.constant(points, 0.01), m.GRAD: m.steady(points, grad)}
    return m.made(y, Verdict.PLATEAU, 0, from_start=True, others=others)


def test_a_flat_loss_with_a_gradient_of_zero_is_vanished() -> None:
    assert m.place(flat(0.0), CAUSE) == 0
    assert {"grad-norm-dead", "never-learned"} <= m.names(flat(0.0), CAUSE, +1)


def test_a_flat_loss_with_a_living_gradient_is_not() -> None:
    assert m.place(flat(1.0), CAUSE) > 0
    assert "grad-norm-alive" in m.names(flat(1.0), CAUSE, -1)


def test_without_a_gradient_norm_it_asks_for_one() -> None:
    bare = m.made(m.steady(300, 2.303, 0.003), Verdict.PLATEAU, 0, from_start=True)
    assert m.unchecked(bare, CAUSE)["grad-norm-dead"] == "grad_norm"


def test_layers_whose_norms_lie_orders_apart_are_named() -> None:
    points = 300
    others = {
        m.GRAD: m.steady(points),
        ("grad/layer0", Role.LAYER_GRAD_NORM): m.steady(points, 1e-8),
        ("grad/layer9", Role.LAYER_GRAD_NORM): m.steady(points, 1.0),
    }
    run = m.made(m.steady(points, 2.303, 0.003), Verdict.PLATEAU, 0, from_start=True, others=others)
    text = [s.text for s in m.tried(run.facts(), CAUSE) if s.name == "layer-norms-apart" and isinstance(s, Sign)]
    assert text
    assert "grad/layer0" in text[0]


def with_layers(first: float, *, whole: float | None = 1.0) -> m.Made:
    others = {
        m.LR: m.constant(300, 0.01),
        ("grad/layer0", Role.LAYER_GRAD_NORM): m.steady(300, first),
        ("grad/layer9", Role.LAYER_GRAD_NORM): m.steady(300, 1.0),
    }
    if whole is not None:
        others[m.GRAD] = m.steady(300, whole)
    loss = m.steady(300, 2.303, 0.003)
    return m.made(loss, Verdict.PLATEAU, 0, from_start=True, others=others)


@pytest.mark.parametrize("whole", [1.0, None])
def test_a_dead_layer_decides_although_the_whole_norm_is_alive_or_was_not_logged(whole: float | None) -> None:
    run = with_layers(0.0, whole=whole)
    assert m.place(run, CAUSE) == 0
    assert "grad-norm-dead" in m.names(run, CAUSE, +1)
    assert "grad-norm-alive" not in m.names(run, CAUSE, -1)
    assert "grad-norm-dead" in m.names(run, "label-noise", -1)


def test_layers_that_are_all_alive_are_not_called_dead() -> None:
    assert "grad-norm-dead" not in m.names(with_layers(0.2), CAUSE, +1)


def test_a_net_that_says_the_same_of_every_sample_died_and_saw_no_other_batches() -> None:
    y = m.learning(400)
    y[300:] = m.noisy(np.full(100, y[0]), 1e-4)
    run = m.made(y, Verdict.EXPLODED, 300)
    assert "lies-dead" in m.names(run, CAUSE, +1)
    assert {"lies-dead"} <= m.names(run, "data-shift", -1) & m.names(run, "batch-size-change", -1)
    assert "noise-changed" not in m.names(run, "batch-size-change", +1)
    noisy = y.copy()
    noisy[300:] = m.noisy(np.full(100, y[0]), 0.04, 3)  # samples still differ
    assert "lies-dead" not in m.names(m.made(noisy, Verdict.EXPLODED, 300), CAUSE, +1)


def test_gradients_of_the_size_of_a_flat_loss_do_arrive() -> None:
    loud = m.made(m.noisy(np.full(400, 2.3), 0.01), Verdict.PLATEAU, 0, others={m.GRAD: m.steady(level=3.0)})
    assert "grad-norm-loud" in m.names(loud, CAUSE, -1)
    last_bias = m.made(m.noisy(np.full(400, 2.3), 0.01), Verdict.PLATEAU, 0, others={m.GRAD: m.steady(level=0.2)})
    assert "grad-norm-loud" not in m.names(last_bias, CAUSE, -1)


def test_a_net_that_falls_to_a_guess_and_does_not_move_there_has_died() -> None:
    y = np.concatenate([np.geomspace(2.3, 0.12, 15), np.full(9, np.log(10))])
    dead = m.made(y, Verdict.EXPLODED, 15, axis="epoch", every=1)
    assert "fell-to-a-guess" in m.names(dead, CAUSE, +1)
    assert "fell-to-a-guess" in m.names(dead, "data-shift", -1)
    y[15:] = m.noisy(y[15:], 0.05)
    assert "fell-to-a-guess" not in m.names(m.made(y, Verdict.EXPLODED, 15, axis="epoch", every=1), CAUSE, +1)


def test_a_loss_that_is_the_same_to_the_last_digit_and_no_guess_means_that_nothing_moved() -> None:
    still = m.made(np.full(15, 2.455), Verdict.PLATEAU, 0, axis="epoch", every=1)
    assert "nothing-moved" in m.names(still, "learning-rate-too-low", +1)
    assert "nothing-moved" in m.names(still, CAUSE, -1)
    guess = m.made(np.full(15, np.log(10)), Verdict.PLATEAU, 0, axis="epoch", every=1)
    assert "nothing-moved" not in m.names(guess, "learning-rate-too-low", +1)


def test_training_and_validation_on_one_still_level_say_that_the_input_does_not_count_any_more() -> None:
    y, val = m.learning(60, 0.7, 0.35), m.learning(60, 0.7, 0.37, seed=4)
    y[30:], val[30:] = 0.6445, 0.645
    run = m.made(y, Verdict.DIVERGED, 30, others={m.VAL: val}, axis="epoch", every=1)
    assert "says-nothing" in m.names(run, CAUSE, +1)
    assert "says-nothing" in m.names(run, "data-shift", -1)
    val[30:] = m.steady(30, 0.8)
    apart = m.made(y, Verdict.DIVERGED, 30, others={m.VAL: val}, axis="epoch", every=1)
    assert "says-nothing" not in m.names(apart, CAUSE, +1)
