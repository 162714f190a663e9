"""Weights grow without bound."""

from __future__ import annotations

import numpy as np

from losslens.model import SettingValue, Verdict
from tests.causes import make_runs as m

CAUSE = "weight-growth"


def growing(growth: float, at: int = 350, decay: float = 0.0) -> m.Made:
    points = 500
    y = m.learning(points)
    y[at:] *= np.exp(np.arange(points - at) / 60)
    w = m.noisy(10 * np.exp(np.log(growth) * np.arange(points) / at), 0.005)
    others = {m.WEIGHT: w, m.LR: m.constant(points), m.GRAD: m.steady(points)}
    return m.made(y, Verdict.EXPLODED, at, others=others, settings={"weight_decay": decay})


def test_a_weight_norm_that_grew_all_the_way_to_a_late_rise_is_named() -> None:
    assert m.place(growing(6.0), CAUSE) == 0
    assert {"weight-norm-grew", "no-weight-decay"} <= m.names(growing(6.0), CAUSE, +1)


def test_a_flat_weight_norm_speaks_against_it() -> None:
    assert m.place(growing(1.0), CAUSE) > 0
    assert "weight-norm-flat" in m.names(growing(1.0), CAUSE, -1)


def test_without_a_weight_norm_it_asks_for_one() -> None:
    assert m.unchecked(m.made(m.exploding(), Verdict.EXPLODED, 320), CAUSE)["weight-norm-grew"] == "weight_norm"


def test_weights_that_jump_only_at_the_onset_are_a_result_and_not_the_cause() -> None:
    w = m.steady(400, 10.0, 0.005)
    w[320:] *= 5
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.WEIGHT: w})
    assert "weight-norm-grew" not in m.names(run, CAUSE, +1)
    assert "weight-norm-jumped" in m.names(run, "exploding-gradients", +1)


def test_weights_that_leave_their_course_before_everything_else_are_the_cause() -> None:
    w = m.steady(400, 10.0, 0.001)
    w[290:] *= np.exp(np.arange(1, 111) / 15)
    y = m.learning()
    y[300:] *= np.exp(np.arange(1, 101) / 12)
    others = {m.WEIGHT: w, m.GRAD: m.grown_signal(400, 306, 10.0), m.LR: m.constant()}
    run = m.made(y, Verdict.EXPLODED, 300, others=others)
    assert "weight-norm-led" in m.names(run, CAUSE, +1)
    assert "weight-norm-led" in m.names(run, "exploding-gradients", -1)
    assert m.place(run, CAUSE) == 0


def chance_of_growth(growth: float, optimizer: str | None = None) -> tuple[float, float]:
    points, at = 500, 350
    y = m.learning(points)
    y[at:] *= np.exp(np.arange(points - at) / 10)
    w = m.noisy(10 * np.exp(np.log(growth) * np.arange(points) / at), 0.005)
    others = {m.WEIGHT: w, m.LR: m.constant(points), m.GRAD: m.noisy(np.exp(-np.arange(points) / 60.0), 0.1)}
    settings: dict[str, SettingValue] = {"optimizer": optimizer} if optimizer else {}
    run = m.made(y, Verdict.EXPLODED, at, others=others, settings=settings)
    return m.chance(run, CAUSE), m.chance(run, "adam-instability")


def test_the_more_the_weights_grew_the_more_it_says() -> None:
    little, much, huge = (chance_of_growth(x)[0] for x in (2.0, 8.0, 60.0))
    assert little < much < huge


def test_weights_that_grew_by_orders_outweigh_an_optimizer_that_nobody_named() -> None:
    growth, adam = chance_of_growth(60.0)
    assert growth > 2 * adam
    assert chance_of_growth(60.0, "adam")[1] > adam


def test_a_weight_decay_below_zero_is_the_bug_in_person() -> None:
    wrong = growing(2.0, decay=-0.1)
    assert "setting-impossible" in m.names(wrong, CAUSE, +1)
    assert "no-weight-decay" not in m.names(wrong, CAUSE, +1)
    assert m.chance(wrong, CAUSE) > m.chance(growing(2.0, decay=0.0), CAUSE)
    first, *others = m.diagnosed(wrong, CAUSE).fixes
    assert first.text == "The sign of the weight decay is wrong: set it to 0.1 (now -0.1)"
    assert not any("(now -0.1)" in fix.text for fix in others)
    assert wrong.diagnose().why_then[0].startswith("The settings say so: the weight decay is -0.1;")


def test_a_weight_decay_of_minus_one_stands_for_none_set() -> None:
    assert "setting-impossible" not in m.names(growing(2.0, decay=-1.0), CAUSE, +1)
