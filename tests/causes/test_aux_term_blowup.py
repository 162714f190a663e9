"""One term runs away."""

from __future__ import annotations

import numpy as np

from losslens.model import Role, Sign, Verdict
from tests.causes import make_runs as m

CAUSE = "aux-term-blowup"


def terms(together: bool) -> m.Made:
    main, aux = m.learning(400), m.steady(400, 0.1)
    burst = np.ones(400)
    burst[300:] = np.exp(np.arange(1, 101) / 12)
    aux = aux * burst
    if together:
        main = main * burst
    others = {("loss_main", Role.LOSS_COMPONENT): main, ("loss_kl", Role.LOSS_COMPONENT): aux}
    return m.made(main + aux, Verdict.EXPLODED, 300, others={**others, m.LR: m.constant()})


def test_one_term_that_takes_over_while_the_other_stays_is_named() -> None:
    run = terms(False)
    assert m.place(run, CAUSE) == 0
    assert {"one-term-led", "term-took-over"} <= m.names(run, CAUSE, +1)
    assert "loss_kl" in " ".join(run.diagnose().why_then)


def test_terms_that_rise_together_have_a_common_cause() -> None:
    assert m.place(terms(True), CAUSE) > 0
    assert "terms-rose-together" in m.names(terms(True), CAUSE, -1)


def test_without_terms_it_asks_for_them() -> None:
    bare = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: m.constant()})
    assert "loss_component" in m.unchecked(bare, CAUSE).values()


def test_a_term_that_is_nan_first_is_named_while_the_others_are_finite() -> None:
    main, box = m.learning(400), m.nan_from(m.steady(400, 0.2), 300)
    others = {("loss_cls", Role.LOSS_COMPONENT): main, ("loss_box", Role.LOSS_COMPONENT): box}
    run = m.made(main + box, Verdict.NAN, 300, others=others)
    text = [s.text for s in m.tried(run.facts(), CAUSE) if s.name == "term-nan-first" and isinstance(s, Sign)]
    assert text
    assert text[0].startswith("loss_box")
