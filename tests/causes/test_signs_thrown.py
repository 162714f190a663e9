"""How far one step threw the net: what weights and validation did where the loss leaped."""

from __future__ import annotations

import numpy as np

from losslens.model import Verdict
from tests.causes import make_runs as m


def leaping(weights: m.Values, val: m.Values | None = None) -> m.Made:
    others = {m.LR: m.constant(), m.WEIGHT: weights} | ({m.VAL: val} if val is not None else {})
    return m.made(m.jumping(at=320, to=40.0), Verdict.EXPLODED, 320, others=others)


def test_weights_thrown_by_orders_within_a_point_speak_for_a_broken_step_and_not_for_slow_growth() -> None:
    weights = m.steady(400, 12.0, 0.002)
    weights[320:] *= 5000
    run = leaping(weights)
    assert "weight-norm-thrown" in m.names(run, "low-precision-state", +1)
    assert "weight-norm-thrown" in m.names(run, "exploding-gradients", +1)
    assert "weight-norm-thrown" in m.names(run, "weight-growth", -1)
    assert "weight-norm-held" not in m.names(run, "data-shift", +1)


def test_a_leap_of_the_loss_that_leaves_the_weights_alone_speaks_for_other_data() -> None:
    run = leaping(m.steady(400, 12.0, 0.002))
    assert "weight-norm-held" in m.names(run, "data-shift", +1)
    assert "weight-norm-held" in m.names(run, "exploding-gradients", -1)
    assert "weight-norm-thrown" not in m.names(run, "low-precision-state", +1)


def test_a_climb_of_many_points_says_nothing_of_weights_that_held() -> None:
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.WEIGHT: m.steady(400, 12.0, 0.002)})
    assert "weight-norm-held" not in m.names(run, "data-shift", +1)


def test_without_a_weight_norm_the_held_weights_are_named_as_missing() -> None:
    bare = m.made(m.jumping(at=320, to=40.0), Verdict.EXPLODED, 320)
    assert m.unchecked(bare, "data-shift")["weight-norm-held"] == "weight_norm"


def test_validation_orders_above_its_level_right_after_the_onset_was_thrown_and_a_little_above_it_was_not() -> None:
    thrown = m.jumping(at=320, to=3e4)
    astray = m.jumping(at=320, to=0.8)
    assert "validation-thrown" in m.names(leaping(m.steady(), thrown), "low-precision-state", +1)
    assert "validation-thrown" not in m.names(leaping(m.steady(), astray), "low-precision-state", +1)


def test_validation_says_nothing_of_a_throw_where_the_loss_broke_without_a_climb() -> None:
    val = m.learning()
    val[320:] = 1e6
    run = m.made(m.nan_from(m.learning(), 320), Verdict.NAN, 320, others={m.VAL: np.asarray(val)})
    assert "validation-thrown" not in m.names(run, "low-precision-state", +1)
