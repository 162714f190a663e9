"""One term runs away."""

from __future__ import annotations

import numpy as np

from losslens.causes import rank
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


def outgrown(weight: float) -> m.Made:
    """Three steady terms; the weight of one grows in the sum, but not in the logged term."""
    parts = [m.learning(400, seed=k) for k in range(3)]
    rising = np.ones(400)
    rising[300:] = np.exp(np.arange(1, 101) * np.log(weight) / 100)
    others = {(f"loss/{name}", Role.LOSS_COMPONENT): part for name, part in zip("abc", parts, strict=True)}
    return m.made(parts[0] + parts[1] + rising * parts[2], Verdict.EXPLODED, 310, others=others, tag="loss/total")


def test_a_total_that_grows_while_its_logged_terms_do_not_tells_of_a_weight() -> None:
    run = outgrown(300.0)
    assert m.place(run, CAUSE) == 0
    text = " ".join(run.diagnose().why_then)
    assert "do not account for it" in text
    assert "loss/total" in text


def test_a_total_that_grows_with_its_terms_is_no_such_thing() -> None:
    facts = terms(True).facts()
    assert facts.components is not None
    assert not facts.components.rest


def test_a_verdict_says_no_more_for_a_term_that_nothing_shows_than_for_the_commonest_cause() -> None:
    sizes = rank.load_sizes()
    bare = m.made(m.exploding(), Verdict.EXPLODED, 320)
    found = rank.signs(bare.facts())[CAUSE]
    row = sizes.verdicts["runaway"]
    assert rank.usual_for(CAUSE, found, "runaway", sizes) <= max(0.0, row[rank.COMMONEST])
    seen = rank.signs(terms(False).facts())[CAUSE]
    assert rank.usual_for(CAUSE, seen, "runaway", sizes) == row[CAUSE]


def test_a_term_that_grew_most_among_terms_that_all_exploded_is_not_guilty() -> None:
    main, aux = m.learning(400), m.steady(400, 0.1)
    main[300:] *= np.exp(np.minimum(np.arange(1, 101) / 2, np.log(47)))
    aux[300:] *= np.exp(np.minimum(np.arange(1, 101) / 2, np.log(240)))
    others = {("loss_main", Role.LOSS_COMPONENT): main, ("loss_kl", Role.LOSS_COMPONENT): aux}
    run = m.made(main + aux, Verdict.EXPLODED, 300, others=others)
    guilty = {s.name: s.strength for s in m.tried(run.facts(), CAUSE) if isinstance(s, Sign) and s.direction > 0}
    alone = {s.name: s.strength for s in m.tried(terms(False).facts(), CAUSE) if isinstance(s, Sign)}
    assert guilty["one-term-led"] < 0.6 * alone["one-term-led"]
    assert "terms-rose-together" in m.names(run, CAUSE, -1)
