"""Spikes that heal."""

from __future__ import annotations

import dataclasses

import numpy as np

from losslens.model import Verdict
from tests.causes import make_runs as m

CAUSE = "self-recovering-spike"


def healed(width: float = 14.0, lower: bool = True) -> m.Made:
    y = m.learning(500, floor=0.2, pace=0.5)
    t = np.arange(500)
    for k, height in ((180, 2.5), (300, 3.0), (410, 2.2)):
        bump = np.exp(-0.5 * ((t - k - 8) / (width / 2)) ** 2)
        y *= 1 + (height - 1) * bump
    if not lower:
        y[300:] *= 1.5
    others = {m.LR: m.constant(500, 0.5)}
    return m.made(y, Verdict.SPIKE_RECOVERED, 300, others=others, settings={"optimizer": "sgd"})


def test_wide_spikes_that_heal_and_end_lower_are_benign() -> None:
    assert m.place(healed(), CAUSE) == 0
    assert {"came-back", "lower-after-spike"} <= m.names(healed(), CAUSE, +1)


def test_a_run_that_never_came_back_is_not() -> None:
    run = m.made(m.jumping(), Verdict.EXPLODED, 320)
    assert "never-came-back" in m.names(run, CAUSE, -1)
    assert m.chance(run, CAUSE) < 0.02


def test_without_a_gradient_norm_the_bad_batch_stays_in_question() -> None:
    assert "grad-norm-together" in m.unchecked(healed(), CAUSE)


def test_a_one_point_spike_with_its_gradient_is_left_to_the_bad_batch() -> None:
    others = {m.GRAD: m.spiked_signal(400, 250, 30.0), m.LR: m.constant()}
    run = m.made(m.spiking(width=0.8), Verdict.SPIKE_RECOVERED, 250, others=others)
    assert m.place(run, "bad-batch") < m.place(run, CAUSE)


def test_a_loss_that_did_not_end_lower_is_not_said_to_have() -> None:
    y = m.spiking()
    facts = m.made(y, Verdict.SPIKE_RECOVERED, 250).facts()
    assert facts.loss is not None
    higher = dataclasses.replace(facts.loss, recovered=True, before=0.5, end=0.51)
    assert "lower-after-spike" not in m.names(m.renamed(facts, loss=higher), "self-recovering-spike", +1)
    lower = dataclasses.replace(facts.loss, recovered=True, before=0.5, end=0.45)
    assert "lower-after-spike" in m.names(m.renamed(facts, loss=lower), "self-recovering-spike", +1)


def test_spikes_of_training_after_validation_had_turned_did_not_turn_it() -> None:
    facts = healed().facts()
    assert facts.train is not None
    for before, told in ((0, False), (1, True)):
        spikes = dataclasses.replace(facts.train.spikes, count=3, before_onset=before)
        overfit = m.renamed(facts, verdict=Verdict.OVERFIT, train=dataclasses.replace(facts.train, spikes=spikes))
        assert ("many-spikes" in m.names(overfit, CAUSE, +1)) is told
