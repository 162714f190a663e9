"""Losses that only ever rose, and losses that fell past every floor."""

from __future__ import annotations

import numpy as np

from losslens.causes.facts.ascent import ascent_of
from losslens.model import Verdict
from tests.causes import make_runs as m


def from_the_first_step(points: int = 120, pace: float = 3.0) -> m.Values:
    return m.noisy(1.8 * np.exp(np.arange(points) / pace), 0.02)


def test_a_loss_that_grows_from_its_first_step_is_seen_to_rise_all_along() -> None:
    found = ascent_of(from_the_first_step())
    assert found is not None
    assert found > 0.95


def test_a_loss_that_learned_something_first_did_not_rise_all_along() -> None:
    learned = np.concatenate([np.linspace(2.3, 1.2, 30), 1.2 * np.exp(np.arange(90) / 5)])
    assert ascent_of(m.noisy(learned, 0.02)) is None
    assert ascent_of(m.learning(200)) is None


def test_one_high_first_value_does_not_count_as_having_learned() -> None:
    y = from_the_first_step(pace=30.0)
    y[0] *= 2.0
    assert ascent_of(y) is not None


def test_what_builds_up_late_is_not_blamed_for_a_rise_from_the_first_step() -> None:
    run = m.made(from_the_first_step(), Verdict.EXPLODED, 3)
    assert m.place(run, "learning-rate-too-high") == 0
    assert "rose-all-along" in m.names(run, "weight-growth", -1)
    assert not {"smooth-rise", "slow-rise", "exponential-growth"} & m.names(run, "weight-growth", +1)
    assert not {"smooth-rise", "slow-rise"} & m.names(run, "learning-rate-too-high", -1)


def test_the_same_rise_after_a_calm_phase_still_speaks_for_growing_weights() -> None:
    y = np.concatenate([m.learning(200), m.noisy(0.5 * np.exp(np.arange(120) / 12), 0.02)])
    run = m.made(y, Verdict.EXPLODED, 203)
    assert {"slow-rise", "exponential-growth"} & m.names(run, "weight-growth", +1)


def downward(sink: float = 30.0) -> m.Made:
    t = np.arange(300.0)
    wild = -np.exp(t / sink) * (1 + 0.6 * m.rng(4).standard_normal(300))
    return m.made(np.where(t < 40, -0.5 - t / 100, wild), Verdict.EXPLODED, 60)


def test_noise_that_grows_with_a_downward_run_does_not_hide_it() -> None:
    facts = downward().facts()
    assert facts.loss is not None
    assert facts.loss.growth.kind == "downward"
    assert m.place(downward(), "unbounded-loss") == 0


def test_what_is_measured_for_a_rise_is_silent_on_a_downward_run() -> None:
    upward = {"noise-changed", "noise-unchanged", "many-spikes", "towers-return", "came-back", "relearned-after-step"}
    upward |= {"onset-early", "onset-not-early", "calm-before", "noise-rising", "drifted-up", "earlier-spikes"}
    for cause in ("batch-size-change", "data-shift", "recurring-bad-sample", "self-recovering-spike", "missing-warmup"):
        assert not upward & (m.names(downward(), cause, +1) | m.names(downward(), cause, -1))


def test_a_loss_thrown_to_both_sides_has_not_run_away_downward() -> None:
    t = np.arange(300.0)
    y = np.where(t < 100, 0.5, 1e3 * np.sin(t / 3))
    facts = m.made(y, Verdict.EXPLODED, 100).facts()
    assert facts.loss is not None
    assert facts.loss.growth.kind != "downward"


def test_a_loss_that_is_maximised_by_mistake_can_be_without_a_floor_though_it_never_is_negative() -> None:
    climb = m.noisy(np.concatenate([np.linspace(1.8, 4.0, 120), 4.0 * np.exp(np.arange(60) / 6)]), 0.1)
    run = m.made(m.nan_from(climb, 170), Verdict.NAN, 120)
    assert "rose-all-along" in m.names(run, "unbounded-loss", +1)
    assert not {"never-negative", "went-up-not-down"} & m.names(run, "unbounded-loss", -1)


def test_a_loss_that_was_level_and_went_up_at_its_end_did_not_rise_all_along() -> None:
    assert ascent_of(np.array([2.1, 2.05, 1.98, 2.02, 9.5, 80.1, 900.3])) is None
    assert (ascent_of(np.array([2.1, 2.6, 3.5, 5.0, 9.5, 80.1, 900.3])) or 0.0) > 0.9
