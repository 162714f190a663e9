"""What is special about the moment of the onset, and how seldom chance alone would put it there."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import LogEvent, Role, Verdict
from tests.causes import make_runs as m


def test_the_roundest_step_of_the_interval_is_found_with_the_share_of_places_so_near_to_one() -> None:
    (found,) = m.made(m.exploding(600, 501, 15.0), Verdict.EXPLODED, 501, every=10).facts().coincidences
    assert (found.kind, found.step, found.spacing) == ("round step", 5000, 1000.0)
    assert found.chance == pytest.approx(30 / 1000)


def test_the_least_likely_comes_first() -> None:
    events = [LogEvent("checkpoint", "saved", "train.log", step) for step in range(501, 6000, 1002)]
    made = m.made(m.exploding(600, 351, 15.0), Verdict.EXPLODED, 351, every=1, uncertain=0, spe=350.0, events=events)
    assert [c.kind for c in made.facts().coincidences] == ["epoch boundary"]
    both = m.made(m.exploding(600, 501, 15.0), Verdict.EXPLODED, 501, every=1, uncertain=0, events=events)
    assert [c.kind for c in both.facts().coincidences] == ["checkpoint"]


def test_a_run_without_an_onset_has_none() -> None:
    facts = m.made(m.learning(), Verdict.HEALTHY).facts()
    assert facts.coincidences == ()
    assert facts.switched == ()


def test_the_last_change_near_the_onset_is_kept() -> None:
    stage = np.where(np.arange(400) < 312, 1.0, 2.0)
    made = m.made(m.exploding(), Verdict.EXPLODED, 320, others={("stage", Role.OTHER): stage})
    (found,) = made.facts().switched
    assert (found.tag, found.step, found.before, found.after, found.lead_points) == ("stage", 31_200, 1.0, 2.0, 8.0)
