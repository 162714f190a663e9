"""A schedule that raises the rate abruptly."""

from __future__ import annotations

import pytest

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
