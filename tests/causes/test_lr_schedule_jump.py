"""A schedule that raises the rate abruptly."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes.signs.rate import last_restart
from losslens.model import Verdict
from tests.causes import make_runs as m

CAUSE = "lr-schedule-jump"


def jumped(factor: float, at: int = 200, lag: int = 1, falls: bool = False) -> m.Made:
    rate = m.constant(400, 1e-3)
    rate[at - lag :] *= 1 / factor if falls else factor
    return m.made(m.exploding(at=at), Verdict.EXPLODED, at, others={m.LR: rate})


def test_a_runaway_right_after_the_rate_rose_tenfold_is_the_schedule() -> None:
    assert m.place(jumped(10.0), CAUSE) == 0
    assert "rate-jumped" in m.names(jumped(10.0), CAUSE, +1)


def test_a_rate_above_the_one_it_failed_at_is_not_advised() -> None:
    rate = m.constant(400, 1e-3)
    rate[20:90], rate[199:] = 9e-3, 8e-3
    made = m.made(m.exploding(at=200), Verdict.EXPLODED, 200, others={m.LR: rate})
    text = " ".join(fix.text for fix in m.diagnosed(made, CAUSE).fixes)
    assert "0.009" not in text
    assert "keep it to at most 0.001, at which the run had trained calmly" in " ".join(
        fix.text for fix in m.diagnosed(jumped(10.0), CAUSE).fixes
    )


def test_a_rate_that_fell_before_the_onset_is_innocent() -> None:
    fell = jumped(10.0, falls=True)
    assert m.place(fell, CAUSE) > 5
    assert "rate-steady" in m.names(fell, CAUSE, -1)


def test_a_rise_long_before_the_onset_does_not_count() -> None:
    early = jumped(10.0, at=250, lag=120)
    assert "rate-jumped" not in m.names(early, CAUSE, +1)


def test_without_a_logged_rate_a_jump_cannot_be_looked_for() -> None:
    assert m.unchecked(m.made(m.exploding(), Verdict.EXPLODED, 320), CAUSE)["rate-jumped"] == "learning_rate"


def test_a_jump_seen_through_a_running_mean_is_one_move() -> None:
    rate = m.constant(400, 1e-3)
    rate[198], rate[199], rate[200:] = 2e-3, 5e-3, 1e-2
    run = m.made(m.exploding(at=200), Verdict.EXPLODED, 200, others={m.LR: rate})
    facts = run.facts()
    assert facts.rate is not None
    assert facts.rate.jump == pytest.approx(10.0, rel=0.01)


def test_a_rate_that_climbs_by_small_steps_for_long_has_risen() -> None:
    rate = 1e-3 * 1.012 ** np.arange(400.0)
    run = m.made(m.exploding(at=320), Verdict.EXPLODED, 320, others={m.LR: rate})
    assert "rate-jumped" in m.names(run, CAUSE, +1)
    assert "rate-steady" not in m.names(run, CAUSE, -1)
    facts = run.facts()
    assert facts.rate is not None
    assert facts.rate.jump == pytest.approx(1.012**320, rel=0.05)
    assert not any("without a rise" in line for line in run.diagnose().why_then)


def test_a_schedule_in_the_settings_that_restarts_at_the_onset_is_seen_without_a_logged_rate() -> None:
    settings = {"scheduler": "CosineAnnealingWarmRestarts", "T_0_epochs": 8, "T_mult": 1}
    run = m.made(m.jumping(at=320), Verdict.SHIFTED, 320, settings=settings, spe=1000.0)
    assert "schedule-set-to-rise" in m.names(run, CAUSE, +1)
    other = m.made(m.jumping(at=280), Verdict.SHIFTED, 280, settings=settings, spe=1000.0)
    assert "schedule-set-to-rise" not in m.names(other, CAUSE, +1)


def test_a_factor_above_one_in_an_exponential_schedule_grows_without_bound() -> None:
    settings = {"scheduler": "ExponentialLR", "gamma": 1.01}
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, settings=settings)
    assert "schedule-set-to-rise" in m.names(run, CAUSE, +1)
    fine = m.made(m.exploding(), Verdict.EXPLODED, 320, settings={**settings, "gamma": 0.99})
    assert "schedule-set-to-rise" not in m.names(fine, CAUSE, +1)


@pytest.mark.parametrize(
    ("first", "factor", "at"),
    [
        (10.0, 1.0, 30.0),
        (10.0, 2.0, 30.0),
        (50.0, 1.0, 0.0),
        (5e-324, 1.0, 38.0),
        (1e-12, 2.0, 38.0),
        (1.0, 1e308, 1.0),
    ],
)
def test_the_last_restart_is_told_of_any_settings_at_once(first: float, factor: float, at: float) -> None:
    assert last_restart(38.0, first, factor) == pytest.approx(at, rel=0.5)


def test_an_endless_cycle_has_no_restart() -> None:
    assert last_restart(38.0, float("inf"), 1.0) == 0.0


def test_a_gamma_above_one_is_the_mistake_itself_and_comes_first() -> None:
    rate = 1e-3 * 1.012 ** np.arange(400.0)
    settings = {"scheduler": "CyclicLR", "mode": "exp_range", "gamma": 1.012}
    run = m.made(m.exploding(at=320), Verdict.EXPLODED, 320, others={m.LR: rate}, settings=settings)
    assert "schedule-set-to-rise" in m.names(run, CAUSE, +1)
    assert run.diagnose().why_then[0].startswith("The settings multiply the learning rate by 1.012")
    focal = m.made(m.exploding(), Verdict.EXPLODED, 320, settings={"loss": "focal", "gamma": 2.0})
    assert "schedule-set-to-rise" not in m.names(focal, CAUSE, +1)


def test_a_ramp_that_goes_on_past_a_wide_interval_of_the_onset_is_near_it() -> None:
    rate = np.where(np.arange(400) < 200, 1e-3, 1e-3 * 1.03 ** np.clip(np.arange(400) - 200, 0, None))
    run = m.made(m.exploding(at=270), Verdict.DIVERGED, 270, others={m.LR: rate}, uncertain=40)
    facts = run.facts()
    assert facts.rate is not None
    assert facts.rate.jump_lag_points is not None
    assert 0 <= facts.rate.jump_lag_points < 20
    assert "rate-jumped" in m.names(run, CAUSE, +1)
    assert "rate-jumped" in m.names(run, "weight-growth", -1)


def test_a_rate_that_rose_after_a_loss_was_lost_did_not_lose_it() -> None:
    rate = {m.LR: np.array([2.5e-6, 7.5e-6, 1.25e-5, 1.75e-5])}
    lost = m.made(np.full(4, np.nan), Verdict.NAN, 0, others=rate, from_start=True, step=200 * np.arange(1, 5))
    assert "rate-jumped" not in m.names(lost, CAUSE, +1)
