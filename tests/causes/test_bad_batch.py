"""One batch out of line."""

from __future__ import annotations

import numpy as np

from losslens.causes.signs import validation
from losslens.model import Sign, Verdict
from tests.causes import make_runs as m

CAUSE = "bad-batch"


def spiked(grad_lead: int = 0, width: float = 0.8, with_grad: bool = True) -> m.Made:
    others = {m.LR: m.constant(), m.VAL: m.learning(seed=9)}
    if with_grad:
        others[m.GRAD] = m.spiked_signal(400, 250, 30.0, lead=grad_lead)
    return m.made(m.spiking(width=width), Verdict.SPIKE_RECOVERED, 250, others=others)


def test_one_spike_with_the_gradient_at_the_same_point_that_returns_at_once_is_a_bad_batch() -> None:
    assert m.place(spiked(), CAUSE) == 0
    assert {"came-back", "short-spike", "grad-norm-together"} <= m.names(spiked(), CAUSE, +1)


def test_a_wide_spike_that_the_gradient_announced_is_something_else() -> None:
    y = m.learning(400)
    y *= 1 + 7 * np.exp(-0.5 * ((np.arange(400) - 262) / 6) ** 2)
    others = {m.LR: m.constant(), m.GRAD: m.spiked_signal(400, 250, 30.0, lead=15)}
    wide = m.made(y, Verdict.SPIKE_RECOVERED, 250, others=others)
    assert m.place(wide, CAUSE) > 0
    assert {"wide-spike", "grad-norm-led"} <= m.names(wide, CAUSE, -1)


def test_without_a_gradient_norm_the_order_cannot_be_checked() -> None:
    assert "grad-norm-together" in m.unchecked(spiked(with_grad=False), CAUSE)


def test_a_spike_of_one_nan_point_gap_still_counts_as_one() -> None:
    made = spiked()
    y = m.spiking(width=0.8)
    y[251] = np.nan
    run = m.made(y, Verdict.SPIKE_RECOVERED, 250, others={m.LR: m.constant()})
    facts = run.facts()
    assert facts.loss is not None
    assert facts.loss.recovered
    assert m.chance(run, CAUSE) > 0.2 * m.chance(made, CAUSE)


def test_a_leap_by_orders_in_one_step_speaks_for_it_and_a_spike_of_a_few_times_the_level_does_not() -> None:
    def high(height: float) -> m.Made:
        return m.made(m.spiking(height=height, width=0.1), Verdict.SPIKE_RECOVERED, 250, every=1)

    assert "leaped-by-orders" in m.names(high(1e5), CAUSE, +1)
    assert "leaped-by-orders" not in m.names(high(8.0), CAUSE, +1)
    assert m.chance(high(1e5), CAUSE) > m.chance(high(8.0), CAUSE)


def test_growth_that_goes_on_for_orders_is_not_what_one_batch_did() -> None:
    y = m.learning(400)
    y[300:] = 1e8 * np.exp(np.arange(100) / 3.0)
    grown = m.made(y, Verdict.EXPLODED, 300)
    assert "grew-for-long" in m.names(grown, CAUSE, -1)
    assert "grew-for-long" not in m.names(spiked(), CAUSE, -1)


def test_validation_that_rose_by_as_much_as_training_did_not_stay_behind() -> None:
    train, val = m.learning(400, floor=1.0), m.learning(400, floor=1.2, seed=3)
    train[300:] *= 1.1
    others = {m.VAL: np.where(np.arange(400) >= 300, 1.1 * val, val)}
    followed = m.made(train, Verdict.DIVERGED, 300, others=others).facts()
    alone = m.made(train, Verdict.DIVERGED, 300, others={m.VAL: val}).facts()
    for facts, least, most in ((followed, 0.0, 0.05), (alone, 0.5, 1.0)):
        found = validation.val_unharmed(facts, +1)
        assert isinstance(found, Sign)
        assert least <= found.strength <= most
