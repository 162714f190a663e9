"""One term runs away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from losslens.causes import rank
from losslens.causes.why_then import why_then
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
    assert rank.usual_for(CAUSE, found, {"runaway": 1.0}, sizes) <= max(0.0, row[rank.COMMONEST])
    seen = rank.signs(terms(False).facts())[CAUSE]
    assert rank.usual_for(CAUSE, seen, {"runaway": 1.0}, sizes) == row[CAUSE]


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


def weighted(
    weight: NDArray[np.float64], *, role: Role = Role.LOSS_COMPONENT, verdict: Verdict = Verdict.SHIFTED
) -> m.Made:
    """loss = main + weight · extra, all printed with four digits; the net learns as if nothing had happened."""
    main, extra = m.learning(400, seed=1), 0.2 * m.learning(400, seed=2)
    others = {("seg", role): np.round(main, 4), ("edge", role): np.round(extra, 4)}
    return m.made(
        np.round(main + weight * extra, 4), Verdict.SHIFTED, 300, others={**others, m.LR: m.constant()}, uncertain=2
    )


def leap(to: float) -> NDArray[np.float64]:
    return np.where(np.arange(400) < 300, 1.0, to)


def test_a_weight_that_leaped_is_solved_for_and_named_with_its_numbers() -> None:
    run = weighted(leap(50.0))
    w = run.facts().weighed
    assert w is not None
    assert (w.term, w.step, w.last) == ("edge", 30_000, 30_000)
    assert abs(w.before - 1) < 0.02
    assert abs(w.after - 50) < 0.5
    assert m.place(run, CAUSE) == 0
    assert "term-weight-rose" in m.names(run, CAUSE, +1)
    assert "term-weight-rose" in m.names(run, "data-shift", -1)
    assert "The weight of edge in train/loss went from 1 to 50 at step 30,000" in run.diagnose().why_then[0]


def test_columns_of_unknown_names_are_terms_where_they_add_up_to_the_loss() -> None:
    facts = weighted(leap(50.0), role=Role.OTHER).facts()
    assert facts.weighed is not None
    assert facts.weighed.term == "edge"
    assert not any("the terms of the loss were not logged" in str(s) for s in m.tried(facts, CAUSE))


def test_a_weight_that_is_brought_in_and_held_is_told_as_a_schedule_and_weighs_less() -> None:
    run = weighted(np.clip((np.arange(400) - 260) / 80, 0.0, 1.0) * 3)
    w = run.facts().weighed
    assert w is not None
    assert w.annealed
    (found,) = [s for s in m.tried(run.facts(), CAUSE) if s.name == "term-weight-rose" and isinstance(s, Sign)]
    assert found.strength <= 0.5
    assert "as a term is brought in on purpose" in found.text


def test_terms_that_add_up_with_steady_weights_tell_of_no_weight() -> None:
    assert weighted(np.full(400, 1.0)).facts().weighed is None
    assert terms(False).facts().weighed is None


def test_columns_that_are_no_terms_of_the_loss_have_no_weight_in_it() -> None:
    loss = m.learning(400) * leap(4.0)
    for seed in range(20):
        others = {(f"x{k}", Role.OTHER): m.steady(400, 0.3, seed=10 * seed + k) for k in range(3)}
        others[("loss_ema", Role.OTHER)] = np.convolve(np.pad(loss, (9, 0), "edge"), np.ones(10) / 10, "valid")
        assert m.made(loss, Verdict.SHIFTED, 300, others=others).facts().weighed is None


def test_of_two_solutions_of_the_sum_the_one_with_a_weight_that_rose_and_stayed_is_told() -> None:
    t = np.arange(400)
    kl = np.where(t < 300, 6.0, 6.0 * np.exp(-(t - 300) / 12.0)) * m.steady(400, 1.0, 0.02)
    nll = 240.0 + 20.0 * np.clip((t - 300) / 30.0, 0.0, 1.0) + m.rng(3).normal(0.0, 3.0, 400)
    weight = np.where(t < 300, 1.0, np.minimum(1.0 + (t - 300) / 2.0, 40.0))
    others = {("kl", Role.KL): kl, ("nll", Role.OTHER): nll}
    w = m.made(nll + weight * kl, Verdict.DIVERGED, 301, others=others).facts().weighed
    assert w is not None
    assert w.term == "kl"
    assert abs(w.before - 1.0) < 0.05
    assert w.after > 15.0
    assert not w.held


def test_what_is_larger_than_the_loss_leaves_no_rest_of_it() -> None:
    n = 10
    total, other = np.zeros(n), np.array([0.28, 0.3, 0.29, 0.3, 0.31, 2.05, 14.7, 90.0, 800.0, 9000.0])
    others = {("va_logloss", Role.LOSS_COMPONENT): other}
    for y in (total, np.full(n, 0.01)):
        facts = m.made(y, Verdict.EXPLODED, 5, others=others, tag="tr_logloss").facts()
        assert not any("the rest of" in s for s in why_then(facts))
        assert facts.components is None or facts.components.count == 1


def test_one_term_that_leaped_alone_is_not_cleared_by_how_far_it_leaped() -> None:
    main, aux = m.learning(400), m.steady(400, 0.01)
    aux[300:] *= 1e6
    others = {("loss_main", Role.LOSS_COMPONENT): main, ("loss_kl", Role.LOSS_COMPONENT): aux}
    alone = m.made(main + aux, Verdict.EXPLODED, 300, others=others, every=1)

    def against(run: m.Made) -> float:
        known = [s for s in m.tried(run.facts(), CAUSE) if isinstance(s, Sign)]
        return sum(s.strength for s in known if s.name == "leaped-by-orders")

    assert against(alone) < 0.5 * against(m.made(main + aux, Verdict.EXPLODED, 300, every=1))
    assert "term-took-over" in m.names(alone, "bad-batch", -1)


def test_terms_that_stopped_adding_up_to_the_loss_speak_for_it_even_where_they_rise_together() -> None:
    parts = [m.learning(400, seed=k) for k in range(2)]
    for part in parts:
        part[300:] *= 30.0
    unlogged = np.where(np.arange(400) < 300, 0.0, m.steady(400, 40.0, 0.5))
    others = {(f"loss/{k}", Role.LOSS_COMPONENT): part for k, part in zip("ab", parts, strict=True)}
    broke = m.made(parts[0] + 0.5 * parts[1] + unlogged, Verdict.EXPLODED, 300, others=others, tag="loss/total")
    assert "sum-broke" in m.names(broke, CAUSE, +1)
    assert "terms-rose-together" not in m.names(broke, CAUSE, -1)
    assert "sum-broke" in m.names(broke, "data-shift", -1)
    whole = m.made(parts[0] + 0.5 * parts[1], Verdict.EXPLODED, 300, others=others, tag="loss/total")
    assert not {"sum-broke", "sum-scaled"} & m.names(whole, CAUSE, +1)
    times16 = np.where(np.arange(400) < 300, 1.0, 16.0)
    summed = m.made(times16 * (parts[0] + 0.5 * parts[1]), Verdict.EXPLODED, 300, others=others, tag="loss/total")
    assert "sum-scaled" in m.names(summed, "batch-size-change", +1)
    assert not {"sum-broke", "one-term-led", "term-took-over"} & m.names(summed, CAUSE, +1)
