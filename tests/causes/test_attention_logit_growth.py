"""Attention logits grow."""

from __future__ import annotations

import numpy as np

from losslens.model import Role, Verdict
from tests.causes import make_runs as m

CAUSE = "attention-logit-growth"


def drifting(logits: float, tag: str = "max_attention_logit", model: str = "gpt2") -> m.Made:
    points, at = 500, 300
    y = m.learning(points)
    y[at:] *= 1 + np.arange(points - at) / 80
    growth = np.exp(np.log(logits) * np.arange(points) / at)
    others = {(tag, Role.LOGIT_SCALE): m.noisy(10 * growth), m.LR: m.constant(points, 3e-3)}
    return m.made(y, Verdict.EXPLODED, at, others=others, settings={"model": model, "optimizer": "adamw"})


def test_a_slow_climb_with_attention_logits_that_grew_all_along_is_named() -> None:
    assert m.place(drifting(12.0), CAUSE) == 0
    assert {"logits-grew", "slow-rise"} <= m.names(drifting(12.0), CAUSE, +1)


def test_flat_logits_do_not_speak_for_it() -> None:
    assert m.place(drifting(1.0), CAUSE) > 0
    assert "logits-grew" not in m.names(drifting(1.0), CAUSE, +1)


def test_without_logged_logits_it_asks_for_them() -> None:
    assert m.unchecked(m.made(m.exploding(), Verdict.EXPLODED, 320), CAUSE)["logits-grew"] == "logit_scale"


def test_a_z_loss_speaks_of_the_output_and_not_of_attention() -> None:
    output = drifting(12.0, "z_loss")
    assert "logits-grew" not in m.names(output, CAUSE, +1)
    assert "logits-grew" in m.names(output, "output-logit-drift", +1)


def layered(query_key: float, others: float = 20.0, lone: bool = False) -> m.Made:
    """A climb at whose onset the gradients of query and key rise by one factor and those of the rest by another."""
    points, at = 400, 300
    y = m.learning(points)
    y[at:] *= 1 + np.arange(points - at) / 40

    def norm(factor: float, seed: int) -> m.Values:
        rise = np.ones(points)
        rise[at:] = factor
        return m.noisy(rise, 0.1, seed)

    inside = {} if lone else {"block.attn.q_proj": query_key, "block.attn.k_proj": query_key}
    rises = inside | {"embed": others, "block.attn.v_proj": others, "head": others}
    columns = {(f"grad_norm/{name}", Role.LAYER_GRAD_NORM): norm(r, k) for k, (name, r) in enumerate(rises.items())}
    return m.made(y, Verdict.DIVERGED, at, others={**columns, m.LR: m.constant(points, 3e-3)})


def test_gradients_of_query_and_key_that_stay_behind_speak_for_it_and_those_that_rise_alike_do_not() -> None:
    assert "attention-gradient-starved" in m.names(layered(1.5), CAUSE, +1)
    assert "attention-gradient-starved" not in m.names(layered(20.0), CAUSE, +1)
    assert m.chance(layered(1.5), CAUSE) > m.chance(layered(20.0), CAUSE)


def test_query_and_key_without_any_gradient_speak_for_it() -> None:
    assert "attention-gradient-starved" in m.names(layered(1e-12), CAUSE, +1)


def test_layers_without_names_of_attention_say_nothing_of_it() -> None:
    assert "attention-gradient-starved" not in m.names(layered(1.0, lone=True), CAUSE, +1)


def test_the_names_of_the_layers_tell_a_net_with_attention() -> None:
    assert "is-transformer" in m.names(layered(20.0), CAUSE, +1)
    numbered = {(f"grad_norm/layers.{k}", Role.LAYER_GRAD_NORM): m.steady() for k in range(3)}
    facts = m.made(m.exploding(), Verdict.EXPLODED, 320, others=numbered).facts()
    assert facts.layers is not None
    assert facts.layers.kind is None


def test_a_loss_that_leaps_by_orders_in_one_point_speaks_against_it() -> None:
    assert "leaped-by-orders" in m.names(m.made(m.jumping(to=5e4), Verdict.EXPLODED, 320, every=1), CAUSE, -1)
    assert "leaped-by-orders" not in m.names(layered(1.5), CAUSE, -1)


def test_a_part_that_was_thrown_is_learned_anew_slowly_and_a_bad_batch_is_not() -> None:
    slow = m.made(m.spiking(height=8.0, width=40.0), Verdict.SPIKE_RECOVERED, 250, settings={"model": "gpt2"})
    assert "relearned-slowly" in m.names(slow, CAUSE, +1)
    assert "relearned-slowly" in m.names(slow, "bad-batch", -1)
    quick = m.made(m.spiking(height=8.0, width=1.0), Verdict.SPIKE_RECOVERED, 250, settings={"model": "gpt2"})
    assert "relearned-slowly" not in m.names(quick, CAUSE, +1)


def test_a_jump_within_a_point_is_no_slow_divergence_and_says_nothing_for_it_where_nothing_names_attention() -> None:
    jump = m.made(m.jumping(), Verdict.EXPLODED, 320, every=1)
    assert "one-point-jump" in m.names(jump, CAUSE, -1)
    assert "one-point-jump" not in m.names(layered(1.5), CAUSE, -1)
    slowly_back = m.made(m.spiking(height=8.0, width=40.0), Verdict.SPIKE_RECOVERED, 250, settings={"model": "mlp"})
    assert "relearned-slowly" not in m.names(slowly_back, CAUSE, +1)
