"""How the loss rose, how it stood at its peak, and how validation and the schedule went with it."""

from __future__ import annotations

import numpy as np

from losslens.model import Role, Sign, Verdict
from tests.causes import make_runs as m

VALIDATION = ("val_loss", Role.VAL_LOSS)


def test_a_tower_of_one_point_is_told_from_a_peak_that_sinks() -> None:
    tower, peak = m.learning(400), m.learning(400)
    tower[300] = 50.0
    peak[300:320] = 50.0 * np.exp(-np.arange(20) / 8.0)
    alone = m.made(tower, Verdict.SPIKE_RECOVERED, 300, every=1)
    sinking = m.made(peak, Verdict.SPIKE_RECOVERED, 300, every=1)
    assert "one-point-tower" in m.names(alone, "bad-batch", +1)
    assert "one-point-tower" not in m.names(sinking, "bad-batch", +1)


def test_a_run_of_rises_before_the_peak_speaks_against_one_bad_batch() -> None:
    y = m.learning(400)
    y[300:306] = 0.5 * 2.0 ** np.arange(1, 7)
    run = m.made(y, Verdict.SPIKE_RECOVERED, 300, every=1)
    assert "ran-up" in m.names(run, "bad-batch", -1)
    assert "ran-up" in m.names(run, "self-recovering-spike", +1)


def test_straight_growth_on_the_logarithm_and_a_rise_that_levels_out_are_told_apart() -> None:
    grows = m.made(m.exploding(), Verdict.EXPLODED, 320)
    y = m.learning(400)
    y[300:] = m.noisy(0.5 + 2.0 * np.minimum(1.0, np.arange(1, 101) / 30.0), 0.01)
    levels = m.made(y, Verdict.DIVERGED, 300)
    assert "exponential-growth" in m.names(grows, "weight-growth", +1)
    assert "levelling-rise" in m.names(levels, "aux-term-blowup", +1)
    assert "levelling-rise" in m.names(levels, "weight-growth", -1)


def test_growth_that_goes_on_as_the_rate_falls_is_not_made_by_the_updates() -> None:
    rate = np.full(400, 1e-3)
    rate[320:] = 1e-3 * np.exp(-np.arange(80) / 20.0)
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: rate})
    assert "grows-as-rate-falls" in m.names(run, "weight-growth", +1)
    assert "grows-as-rate-falls" in m.names(run, "learning-rate-too-high", -1)


def followed(later: bool) -> m.Made:
    """Training steps up at point 300; validation at once, or only as time goes by."""
    value = m.learning(400, seed=5)
    value[300:] = 3.0 if not later else 0.5 + 2.5 * (1 - np.exp(-np.arange(100) / 30.0))
    return m.made(m.jumping(400, 300, 3.0), Verdict.DIVERGED, 300, others={VALIDATION: value})


def test_validation_that_follows_slowly_speaks_for_other_data_and_one_that_jumps_against() -> None:
    assert "validation-followed" in m.names(followed(True), "data-shift", +1)
    assert "validation-jumped-too" in m.names(followed(False), "data-shift", -1)
    assert "validation-jumped-too" in m.names(followed(False), "exploding-gradients", +1)


def test_a_rise_of_the_rate_that_was_borne_before_explains_little() -> None:
    rate = np.tile(np.geomspace(1e-2, 1e-4, 80), 5)
    run = m.made(m.jumping(400, 321, 5.0), Verdict.EXPLODED, 321, others={m.LR: rate})
    facts = run.facts()
    assert facts.rate is not None
    assert facts.rate.rises_harmless == 3
    assert "rises-were-harmless" in m.names(run, "lr-schedule-jump", -1)


def test_a_step_to_a_power_of_two_speaks_for_a_sum_in_place_of_a_mean() -> None:
    y = m.noisy(np.full(400, 1.3), 0.03)
    y[200:] *= 8.0
    assert "whole-factor" in m.names(m.made(y, Verdict.EXPLODED, 200), "batch-size-change", +1)
    y[200:] *= 0.73
    assert "whole-factor" not in m.names(m.made(y, Verdict.EXPLODED, 200), "batch-size-change", +1)


def test_a_lone_term_is_weighed_against_the_rest_of_the_total() -> None:
    kl, rest = m.steady(400, 0.01, 0.05), m.learning(400)
    kl[300:] = m.noisy(np.linspace(0.2, 5.0, 100), 0.05)
    run = m.made(rest + kl, Verdict.EXPLODED, 300, others={("loss_kl", Role.LOSS_COMPONENT): kl})
    parts = run.facts().components
    assert parts is not None
    assert parts.rest
    assert "one-term-led" in m.names(run, "aux-term-blowup", +1)


def test_a_training_loss_that_sinks_below_zero_while_validation_rises_has_no_floor() -> None:
    train = m.noisy(np.linspace(1.0, 0.2, 400), 0.01)
    train[200:] = np.linspace(0.5, -4.0, 200)
    value = m.learning(400)
    value[200:] *= np.exp(np.linspace(0.0, 4.0, 200))
    run = m.made(train, Verdict.VAL_DIVERGED, 200, others={VALIDATION: value})
    assert "sinks-below-zero" in m.names(run, "unbounded-loss", +1)
    assert "never-negative" not in m.names(run, "unbounded-loss", -1)


def said(made: m.Made, cause: str, sign: str) -> str:
    """The sentence of a sign, "" where it says nothing."""
    return next((s.text for s in m.tried(made.facts(), cause) if isinstance(s, Sign) and s.name == sign), "")


def climbing(factors: m.Values, at: int = 200) -> m.Made:
    """A calm loss that is from point ``at`` on so many times its level."""
    y = m.noisy(np.full(at + factors.size, 0.5), 0.01)
    y[at:] *= factors
    return m.made(y, Verdict.EXPLODED, at)


def test_a_climb_is_slow_only_over_many_points_by_a_little_at_each() -> None:
    assert "climbed slowly" in said(climbing(np.geomspace(1.05, 40.0, 100)), "weight-growth", "slow-rise")
    few = m.made(np.array([3.0, 2.5, 2.2, 2.0, 1.9, 1.8, 4.0, 9.0, 15.0]), Verdict.EXPLODED, 6)
    assert not said(few, "missing-warmup", "slow-rise")
    assert not said(climbing(np.geomspace(4.0, 1e28, 40)), "missing-warmup", "slow-rise")
    leaped = np.concatenate([[30.0], np.linspace(31.0, 60.0, 90)])
    assert not said(climbing(leaped), "weight-growth", "slow-rise")


def test_a_line_on_the_logarithm_is_one_all_the_way_and_makes_the_whole_rise() -> None:
    line = said(climbing(np.geomspace(1.1, 5e4, 60)), "weight-growth", "exponential-growth")
    assert "grew 51,000× along a straight line on the logarithm, e-fold every 55" in line
    faster = np.exp(np.linspace(0.0, 3.2, 60) ** 2)
    assert not said(climbing(faster), "weight-growth", "exponential-growth")
    tower = np.geomspace(1.05, 49.0, 300)
    tower[280] = 2000.0
    assert "2,000×" not in said(climbing(tower), "weight-growth", "exponential-growth")


def test_what_swings_on_its_way_back_does_not_swing_while_it_rises() -> None:
    thrown, wavering = np.ones(60), np.geomspace(1.2, 300.0, 60)
    thrown[::2], thrown[0] = 20.0, 200.0
    wavering[1::2] *= 0.4
    assert not said(climbing(thrown), "learning-rate-too-high", "swings-while-rising")
    assert "swings while it rises" in said(climbing(wavering), "learning-rate-too-high", "swings-while-rising")


def test_a_climb_of_which_half_was_made_at_once_is_no_slow_one() -> None:
    """A discriminator that is left behind within a hundred steps, and then keeps its level but for one high point."""
    y = np.concatenate([np.full(8, 0.88), 1.03 + 0.01 * np.sin(np.arange(192.0))])
    y[120] = 1.16
    assert not said(m.made(m.noisy(y, 0.004), Verdict.DIVERGED, 8), "weight-growth", "slow-rise")


def test_a_point_that_stands_alone_above_a_long_climb_is_not_its_height() -> None:
    y = m.noisy(np.where(np.arange(400) < 60, 0.1, 0.1 * np.exp((np.arange(400) - 60) / 190.0)), 0.05)
    y[112] = 2.0
    loss = m.made(y, Verdict.DIVERGED, 60).facts().loss
    assert loss is not None
    assert loss.growth.peak is not None
    assert loss.growth.peak < 1.0
    assert loss.growth.steps > 20_000


def test_a_rise_that_fell_again_is_not_said_to_have_held_its_level() -> None:
    y = m.learning(400, floor=0.3)
    y[300:304] = [1.2, 4.0, 7.0, 8.0]
    y[304:] = 1.7 + 2.0 * np.exp(-np.arange(96) / 8.0)
    made = m.made(y, Verdict.SHIFTED, 300)
    texts = [
        s.text for s in m.tried(made.facts(), "aux-term-blowup") if isinstance(s, Sign) and s.name == "levelling-rise"
    ]
    assert all("held its level" not in text for text in texts)
    assert any("and then fell again, to 1.7" in text for text in texts)


def test_validation_that_was_falling_fast_is_held_against_its_last_value() -> None:
    y = m.learning(400, start=20.0, floor=0.3, pace=0.3)
    y[54] *= 3.0
    val = np.full(400, np.nan)
    val[19::20] = np.concatenate([[5.1, 3.35, 4.63, 1.34], np.geomspace(0.83, 0.42, 16)])
    found = m.made(y, Verdict.SPIKE_RECOVERED, 54, others={VALIDATION: val}).facts().validation
    assert found is not None
    assert found.next_ratio is not None
    assert found.next_ratio > 1.3


def test_a_validation_term_of_the_name_of_the_leading_one_is_its_validation() -> None:
    y = m.jumping(400, 300, 2.0)
    others = {(tag, Role.VAL_COMPONENT): m.jumping(400, 300, 3.0) for tag in ("val_unisurf_loss", "val_optim_loss")}
    made = m.made(y, Verdict.DIVERGED, 300, tag="trn_optim_loss", role=Role.LOSS_COMPONENT, others=others)
    found = made.facts().validation
    assert found is not None
    assert found.tag == "val_optim_loss"
    other = m.made(y, Verdict.DIVERGED, 300, tag="trn_kl_loss", role=Role.LOSS_COMPONENT, others=others)
    assert other.facts().validation is None
