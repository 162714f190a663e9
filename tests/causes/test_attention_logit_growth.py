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
