"""One giant gradient."""

from __future__ import annotations

import numpy as np

from losslens.causes import competing
from losslens.model import Role, Sign, Verdict
from tests.causes import make_runs as m

CAUSE = "exploding-gradients"


def thrown(at: int = 320) -> m.Made:
    others = {m.LR: m.constant(value=0.1), m.GRAD: m.grown_signal(400, at, 1.0, lead=2)}
    return m.made(m.jumping(at=at, to=6.0), Verdict.EXPLODED, at, others=others, settings={"optimizer": "sgd"})


def test_a_gradient_that_bursts_before_the_loss_jumps_for_good_is_an_explosion() -> None:
    assert m.place(thrown(), CAUSE) == 0
    assert {"grad-norm-spiked", "grad-norm-led", "never-came-back"} <= m.names(thrown(), CAUSE, +1)


def test_a_calm_gradient_through_the_onset_speaks_against_it() -> None:
    calm = m.made(m.jumping(), Verdict.EXPLODED, 320, others={m.LR: m.constant(), m.GRAD: m.steady()})
    assert "grad-norm-calm" in m.names(calm, CAUSE, -1)
    assert m.chance(calm, CAUSE) < 0.5 * m.chance(thrown(), CAUSE)


def test_without_a_gradient_norm_it_asks_for_one() -> None:
    assert m.unchecked(m.made(m.jumping(), Verdict.EXPLODED, 320), CAUSE)["grad-norm-spiked"] == "grad_norm"


def test_a_norm_that_sits_on_the_clip_value_is_not_taken_for_calm() -> None:
    flat = np.minimum(m.steady(400, 1.0, 0.5), 1.0)
    run = m.made(m.jumping(), Verdict.EXPLODED, 320, others={m.GRAD: flat})
    assert "grad-norm-calm" not in m.names(run, CAUSE, -1)
    assert "clipping-on" in m.names(run, CAUSE, -1)


def test_clipping_is_the_first_fix_unless_the_run_clips_already() -> None:
    module = next(c for c in competing() if c.id == CAUSE)
    assert "Clip the gradient norm at 2" in module.fixes(thrown().facts())[0].text
    clipped = m.made(m.jumping(), Verdict.EXPLODED, 320, settings={"max_grad_norm": 1.0})
    assert "clip" not in module.fixes(clipped.facts())[0].text.lower()


def test_a_gradient_that_dies_while_the_loss_is_higher_shows_weights_thrown_away() -> None:
    grad = m.steady()
    grad[320:322] = 12.0
    grad[322:] *= 0.1
    run = m.made(m.jumping(to=1.5), Verdict.DIVERGED, 320, others={m.GRAD: grad, m.LR: m.constant()})
    assert "grad-norm-died" in m.names(run, CAUSE, +1)
    assert "grad-norm-died" in m.names(run, "data-shift", -1)
    assert m.place(run, CAUSE) == 0


def test_of_a_mean_and_a_largest_norm_the_one_that_stands_out_is_looked_at() -> None:
    others = {m.GRAD: m.steady(), ("grad_norm_max", Role.GRAD_NORM): m.spiked_signal(400, 320, 12.0, level=3.0)}
    facts = m.made(m.jumping(), Verdict.EXPLODED, 320, others=others).facts()
    assert facts.gradient is not None
    assert facts.gradient.tag == "grad_norm_max"


def test_a_norm_that_leaves_the_ceiling_that_had_held_it_before_the_onset_is_clipping_that_ended() -> None:
    norm = np.minimum(m.steady(400, 1.0, 0.4), 1.0)
    norm[300:] = m.steady(100, 1.8, 0.3)
    lost = m.made(m.exploding(at=320), Verdict.EXPLODED, 320, others={("clipped", Role.GRAD_NORM_CLIPPED): norm})
    held = m.made(
        m.exploding(at=320), Verdict.EXPLODED, 320, others={("clipped", Role.GRAD_NORM_CLIPPED): np.minimum(norm, 1.0)}
    )
    assert "clipping-let-go" in m.names(lost, CAUSE, +1)
    assert "clipping-let-go" not in m.names(held, CAUSE, +1)
    assert m.chance(lost, CAUSE) > m.chance(held, CAUSE)


def test_a_norm_that_is_not_finite_from_the_onset_on_is_no_calm_one() -> None:
    grad = m.steady()
    grad[320:] = np.inf
    run = m.made(m.jumping(), Verdict.EXPLODED, 320, others={m.LR: m.constant(), m.GRAD: grad})
    assert "grad-norm-calm" not in m.names(run, CAUSE, -1)
    assert "grad-norm-spiked" in m.names(run, CAUSE, +1)
    (said,) = [s for s in run.diagnose().why_then if "grad_norm" in s]
    assert "grad_norm is not finite from step 32,000 on" in said


def test_a_norm_lost_together_with_the_loss_was_calm_up_to_there_only() -> None:
    run = m.made(
        m.nan_from(m.learning(), 320), Verdict.NAN, 320, others={m.GRAD: m.nan_from(m.steady(), 320)}, uncertain=0
    )
    (calm,) = [s for s in m.tried(run.facts(), CAUSE) if isinstance(s, Sign) and s.name == "grad-norm-calm"]
    assert "until it was lost with train/loss at step 32,000" in calm.text
