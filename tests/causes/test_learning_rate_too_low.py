"""A rate that moves nothing."""

from __future__ import annotations

import numpy as np

from losslens.model import Sign, Verdict
from tests.causes import make_runs as m

CAUSE = "learning-rate-too-low"


def flat(rate: float, grad: float = 1.0, points: int = 300) -> m.Made:
    y = m.steady(points, 2.303, 0.01)
    others = {m.LR: m.constant(points, rate), m.GRAD: m.steady(points, grad)}
    return m.made(y, Verdict.PLATEAU, 0, from_start=True, others=others, settings={"optimizer": "sgd"})


def test_a_flat_loss_at_a_rate_of_zero_with_a_living_gradient_is_a_rate_too_low() -> None:
    assert m.place(flat(0.0), CAUSE) == 0
    assert {"rate-zero", "grad-norm-alive"} <= m.names(flat(0.0), CAUSE, +1)


def test_a_flat_loss_at_an_ordinary_rate_with_a_dead_gradient_is_something_else() -> None:
    dead = flat(0.1, 0.0)
    assert m.place(dead, CAUSE) > 0
    assert "grad-norm-dead" in m.names(dead, CAUSE, -1)


def test_without_rate_or_gradient_both_are_named_as_missing() -> None:
    bare = m.made(m.steady(300, 2.303, 0.01), Verdict.PLATEAU, 0, from_start=True)
    assert {"learning_rate", "grad_norm"} <= set(m.unchecked(bare, CAUSE).values())


def test_a_schedule_that_dies_in_mid_run_is_dated_to_the_step_where_the_rate_reached_zero() -> None:
    y = m.learning(300, floor=1.5)
    y[60:] = m.steady(240, float(np.median(y[55:60])), 0.02)
    rate = m.constant(300, 1e-2)
    rate[60:] = 0.0
    run = m.made(y, Verdict.PLATEAU, 60, others={m.LR: rate, m.GRAD: m.steady(300)})
    found = [s for s in m.tried(run.facts(), CAUSE) if s.name == "rate-zero"]
    assert [s.first_step for s in found if isinstance(s, Sign)] == [6000]


def test_a_straight_creep_speaks_for_it_and_a_first_fall_that_stops_does_not() -> None:
    t = np.arange(400)
    straight = m.made(2.3 - 0.1 * t / 400 + 0.004 * m.rng(1).standard_normal(400), Verdict.PLATEAU, 2)
    assert "creeps-evenly" in m.names(straight, CAUSE, +1)
    stopped = m.made(2.2 + 0.1 * np.exp(-t / 15) + 0.004 * m.rng(1).standard_normal(400), Verdict.PLATEAU, 2)
    assert "creeps-evenly" not in m.names(stopped, CAUSE, +1)
    still = m.made(2.3 + 0.004 * m.rng(1).standard_normal(400), Verdict.PLATEAU, 2)
    assert "creeps-evenly" not in m.names(still, CAUSE, +1)


def test_a_tiny_rate_is_no_reason_for_a_loss_that_exploded() -> None:
    hot = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: m.constant(400, 1e-7)})
    assert "rate-low" not in m.names(hot, CAUSE, +1)
    assert "rate-low" in m.names(hot, "learning-rate-too-high", -1)
    assert m.place(hot, CAUSE) > 5


def test_the_first_step_of_a_warm_up_is_not_the_rate_that_a_run_trained_with() -> None:
    y = m.steady(300, 2.303, 0.01)
    warm = np.minimum(1.0, np.arange(1, 301) / 20) * 2e-4
    for peak, low in ((1.0, False), (1e-3, True)):
        run = m.made(y, Verdict.PLATEAU, 0, from_start=True, others={m.LR: peak * warm})
        assert ("rate-low" in m.names(run, CAUSE, +1)) is low
