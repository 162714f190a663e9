"""Facts of the schedule, the gradient norm, the loss scale, restarts and validation."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes.why_then import why_then
from losslens.model import Role, Verdict
from tests.causes import make_runs as m


def with_rate(rate: m.Values, at: int = 320) -> m.Made:
    return m.made(m.exploding(at=at), Verdict.EXPLODED, at, others={m.LR: rate})


def test_a_linear_warmup_ends_where_the_rate_stops_rising() -> None:
    rate = m.constant()
    rate[:40] = np.linspace(1e-6, 1e-3, 40)
    facts = with_rate(rate).facts()
    assert facts.rate is not None
    assert facts.rate.warmup_end == 3900
    assert facts.rate.jump == pytest.approx(1.0)


def test_a_constant_rate_has_no_warmup_and_says_how_long_it_held() -> None:
    rate = with_rate(m.constant()).facts().rate
    assert rate is not None
    assert rate.constant
    assert rate.warmup_end is None
    assert rate.steps_at_rate == pytest.approx(0.8, abs=0.02)


def test_of_two_equal_restarts_the_one_before_the_onset_counts() -> None:
    t = np.arange(400)
    rate = 1e-2 * (0.51 + 0.49 * np.cos(np.pi * (t % 100) / 100))
    facts = m.made(m.exploding(at=302), Verdict.EXPLODED, 302, others={m.LR: rate}).facts()
    assert facts.rate is not None
    assert facts.rate.jump_step == 30_000
    assert facts.rate.rises == 3


def test_a_rise_in_many_moves_is_told_from_where_it_began_to_the_onset() -> None:
    rate = np.full(400, 1e-3)
    rate[301:] = np.minimum(1e-3 * 1.25 ** np.arange(1, 100), 0.2)
    facts = m.made(m.exploding(at=310), Verdict.EXPLODED, 310, others={m.LR: rate}).facts()
    assert facts.rate is not None
    assert facts.rate.jump == pytest.approx(1.25**10)
    assert facts.rate.jump_step == 30_100
    assert facts.rate.jump_from == pytest.approx(1e-3)
    assert facts.rate.jump_to == pytest.approx(rate[310])
    assert facts.rate.jump_last == 32_400
    text = " ".join(why_then(facts))
    assert "from step 30,100 up to the onset" in text
    assert "9 logged points before" in text


@pytest.mark.parametrize(("at", "said"), [(310, "at the same logged point as"), (311, "within the interval")])
def test_a_move_of_the_rate_is_never_said_to_come_before_when_it_did_not(at: int, said: str) -> None:
    rate = np.full(400, 1e-3)
    rate[at:] = 1e-2
    facts = m.made(m.exploding(at=310), Verdict.EXPLODED, 310, others={m.LR: rate}).facts()
    assert said in " ".join(why_then(facts))


def test_a_rate_that_decayed_tenfold_is_compared_with_the_one_that_trained_stably() -> None:
    rate = np.geomspace(1e-2, 1e-4, 400)
    facts = with_rate(rate).facts()
    assert facts.rate is not None
    assert facts.rate.stable_ratio is not None
    assert facts.rate.stable_ratio < 0.1


def test_a_rate_known_only_from_the_settings_is_marked_as_such() -> None:
    rate = m.made(m.exploding(), Verdict.EXPLODED, 320, settings={"optimizer.lr": "3e-4"}).facts().rate
    assert rate is not None
    assert rate.source == "settings"
    assert rate.peak == 3e-4
    assert rate.at_onset is None


@pytest.mark.parametrize("lead", [0, 4, 15])
def test_the_lead_of_the_gradient_is_measured_in_logged_points(lead: int) -> None:
    others = {m.GRAD: m.grown_signal(400, 320, 8.0, lead=lead)}
    gradient = m.made(m.exploding(tau=8.0), Verdict.EXPLODED, 320, others=others).facts().gradient
    assert gradient is not None
    assert gradient.lead_points == pytest.approx(lead, abs=2.5)


def test_a_norm_that_sits_on_its_ceiling_shows_the_clip_value() -> None:
    others = {m.GRAD: np.minimum(m.steady(400, 1.0, 0.6), 1.0)}
    gradient = m.made(m.exploding(), Verdict.EXPLODED, 320, others=others).facts().gradient
    assert gradient is not None
    assert gradient.flat_top == pytest.approx(1.0)


def test_the_level_before_does_not_include_the_rise() -> None:
    others = {m.GRAD: m.grown_signal(400, 320, 5.0, level=2.0, lead=25)}
    gradient = m.made(m.exploding(), Verdict.EXPLODED, 320, others=others).facts().gradient
    assert gradient is not None
    assert gradient.before == pytest.approx(2.0, rel=0.2)


def test_a_norm_logged_only_after_clipping_is_marked() -> None:
    others = {("clipped", Role.GRAD_NORM_CLIPPED): m.steady()}
    gradient = m.made(m.exploding(), Verdict.EXPLODED, 320, others=others).facts().gradient
    assert gradient is not None
    assert gradient.clipped


def test_twelve_halvings_in_a_row_are_a_collapse_and_sawteeth_are_not() -> None:
    fall = m.constant(400, 65536.0)
    fall[310:322] = 65536.0 * np.exp2(-np.arange(1, 13))
    fall[322:] = fall[321]
    saw = m.constant(400, 65536.0)
    saw[50::40] = 32768.0
    collapsed = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.SCALE: fall}).facts().scale
    healthy = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.SCALE: saw}).facts().scale
    assert collapsed is not None
    assert healthy is not None
    assert collapsed.collapsed
    assert collapsed.halvings == 12
    assert collapsed.lead_points == pytest.approx(10.0)
    assert not healthy.collapsed


def test_a_log2_scale_is_turned_back() -> None:
    lg = np.full(400, 20.0)
    lg[300:] = 20.0 - np.arange(100)
    scale = m.made(m.exploding(), Verdict.EXPLODED, 320, others={("lg_loss_scale", Role.LOSS_SCALE): lg}).facts().scale
    assert scale is not None
    assert scale.first == 2.0**20
    assert scale.collapsed


def test_a_restart_that_repeats_steps_owns_an_onset_among_them() -> None:
    step = np.concatenate([np.arange(200), np.arange(180, 380)]).astype(np.int64) * 100
    y = m.learning(400)
    y[215:] *= 3
    run = m.made(y, Verdict.EXPLODED, 215, segments=(200,), step=step)
    restart = run.facts().restart
    assert restart is not None
    assert restart.lag_points == 0.0
    assert restart.step_back == 1900


def test_validation_is_compared_with_training_at_its_first_evaluation() -> None:
    train = m.learning()
    val = 10 * train
    run = m.made(train, Verdict.EXPLODED, 300, others={m.VAL: val})
    validation = run.facts().validation
    assert validation is not None
    assert validation.ratio_first == pytest.approx(10.0, rel=0.1)


def test_planned_steps_of_a_run_that_died_early_place_the_onset() -> None:
    y = m.nan_from(m.learning(100), 99)
    facts = m.made(y, Verdict.NAN, 99, settings={"max_steps": 100_000}).facts()
    assert facts.onset is not None
    assert facts.onset.fraction == pytest.approx(0.099, abs=0.002)
