"""A rate too high from the start."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes import remedies
from losslens.model import Role, SettingValue, Sign, Verdict
from tests.causes import make_runs as m

CAUSE = "learning-rate-too-high"


def hot(points: int = 300) -> m.Made:
    y = m.exploding(points, at=6, tau=8.0, start=2.3, floor=2.0)
    return m.made(y, Verdict.EXPLODED, 6, others={m.LR: m.constant(points, 0.1)}, settings={"optimizer": "adam"})


def test_a_runaway_in_the_first_steps_at_a_large_rate_is_a_rate_too_high() -> None:
    assert m.place(hot(), CAUSE) == 0
    assert {"rate-high", "onset-early"} <= m.names(hot(), CAUSE, +1)


def test_a_late_runaway_after_long_calm_at_the_same_rate_is_not_blamed_on_the_rate() -> None:
    late = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: m.constant()}, settings={"optimizer": "adam"})
    assert m.place(late, CAUSE) > 0
    assert {"calm-at-this-rate", "calm-before"} <= m.names(late, CAUSE, -1)


def test_without_a_logged_rate_it_says_so() -> None:
    bare = m.made(m.exploding(), Verdict.EXPLODED, 320)
    assert m.unchecked(bare, CAUSE)["rate-high"] == "learning_rate"


def test_a_five_point_log_that_grows_from_the_first_point_is_read_without_a_past() -> None:
    y = np.array([2.0, 4.1, 9.0, 33.0, 300.0])
    short = m.made(y, Verdict.EXPLODED, 0, from_start=True, axis="epoch", every=1, settings={"lr": 1.0})
    assert m.place(short, CAUSE) <= 1


def test_the_fix_names_the_rate_of_this_run_and_one_that_recipes_use() -> None:
    first = hot().diagnose().causes[0].fixes[0]
    assert "0.1" in first.text
    assert "0.001" in first.text
    assert "lr=0.001" in first.pytorch


def test_a_rate_is_called_common_to_fail_only_above_the_limit_of_its_optimizer() -> None:
    def said(rate: float, optimizer: str | None) -> str:
        settings: dict[str, SettingValue] = {"optimizer": optimizer} if optimizer else {}
        made = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: m.constant(value=rate)}, settings=settings)
        return next((s.text for s in m.tried(made.facts(), CAUSE) if isinstance(s, Sign) and s.name == "rate-high"), "")

    assert "common above 0.3" in said(0.5, "sgd")
    assert said(0.05, "sgd") == ""
    assert "usual for plain SGD" in said(0.05, None)
    assert "common above" not in said(0.05, None)
    assert "common above 0.003" in said(0.05, "adam")


def test_a_rate_at_which_nothing_trains_says_more_than_a_high_one() -> None:
    def at(rate: float) -> m.Made:
        y = m.nan_from(m.learning(), 1)
        return m.made(y, Verdict.NAN, 1, others={m.LR: m.constant(400, rate)}, settings={"optimizer": "sgd"})

    assert "rate-far-beyond" in m.names(at(100.0), CAUSE, +1)
    assert "rate-far-beyond" not in m.names(at(1.0), CAUSE, +1)
    assert m.chance(at(100.0), CAUSE) > m.chance(at(1.0), CAUSE)


@pytest.mark.parametrize(("rate", "to"), [(100.0, "0.1"), (1.0, "0.1"), (0.03, "0.01")])
def test_the_advised_rate_is_a_third_and_no_more_than_recipes_use(rate: float, to: str) -> None:
    y = m.nan_from(m.learning(), 1)
    hot = m.made(y, Verdict.NAN, 1, others={m.LR: m.constant(400, rate)}, settings={"optimizer": "sgd"})
    assert remedies.lower_rate(hot.facts()).text.endswith(f"to about {to}")


def test_a_rate_that_was_borne_for_long_is_little_evidence_by_its_size() -> None:
    def size(at: int) -> float:
        run = m.made(m.exploding(at=at), Verdict.EXPLODED, at, every=5, others={m.LR: m.constant(value=0.5)})
        found = [s for s in m.tried(run.facts(), CAUSE) if isinstance(s, Sign) and s.name == "rate-high"]
        return found[0].strength

    assert size(350) < 0.5 * size(10)


def test_a_share_of_a_run_that_ended_with_its_failure_is_no_long_calm() -> None:
    def calm(every: int) -> float:
        y = m.nan_from(m.learning(73, pace=0.1), 44)
        run = m.made(y, Verdict.NAN, 42, every=every, others={m.LR: m.constant(73, 0.25)})
        found = [s for s in m.tried(run.facts(), CAUSE) if isinstance(s, Sign) and s.name == "calm-at-this-rate"]
        return sum(s.strength for s in found)

    assert calm(1) < 0.6 * calm(100)


def test_a_rate_raised_little_by_little_is_no_jump_that_would_clear_it() -> None:
    for steps, clears in ((2, True), (200, False)):
        rate = np.full(400, 1e-3)
        rate[320 - steps :] = 1e-3 * np.geomspace(1.0, 40.0, steps + 1)[np.minimum(np.arange(80 + steps), steps)]
        run = m.made(m.exploding(at=320), Verdict.EXPLODED, 320, others={m.LR: rate})
        assert ("rate-jumped" in m.names(run, CAUSE, -1)) is clears


def test_an_even_ramp_that_is_printed_with_few_digits_is_one_climb_and_speaks_for_the_rate() -> None:
    printed = np.array([float(f"{5e-4 * (2 * k + 1):.3g}") for k in range(200)])
    assert (np.diff(printed) == 0).any()
    run = m.made(m.exploding(200, 145, 6.0), Verdict.EXPLODED, 145, others={m.LR: printed}, every=2)
    facts = run.facts()
    assert facts.rate is not None
    assert facts.rate.in_warmup
    (found,) = [s for s in m.tried(facts, CAUSE) if s.name == "rate-climbing" and isinstance(s, Sign)]
    assert found.strength > 0.8
    assert "rate-steady" not in m.names(run, "adam-instability", +1)
    assert not any("arm the learning rate up" in fix.text for fix in m.diagnosed(run, CAUSE).fixes)
    lines = " ".join(run.diagnose().why_then)
    assert "Nothing else was logged" not in lines
    assert "where it had been" not in lines


def test_a_loss_that_is_multiplied_over_many_decades_rules_out_steps_of_bounded_length() -> None:
    run = m.made(m.exploding(400, 200, 5.0), Verdict.EXPLODED, 200)
    assert "multiplied-each-step" in m.names(run, CAUSE, +1)
    assert "multiplied-each-step" in m.names(run, "adam-instability", -1)
    mild = m.made(m.exploding(400, 200, 30.0), Verdict.EXPLODED, 200)
    assert "multiplied-each-step" not in m.names(mild, "adam-instability", -1)


@pytest.mark.parametrize(
    ("optimizer", "high"), [("novograd", False), ("Prodigy", False), ("muon", False), ("Adam", True)]
)
def test_a_rate_is_high_by_what_its_optimizer_is_run_at(optimizer: str, high: bool) -> None:
    """NovoGrad's recipes end at 0.01 and above, Prodigy's at 1; a hundredth is far too much for Adam."""
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, settings={"optimizer": optimizer, "lr": 0.02})
    assert ("rate-high" in m.names(run, CAUSE, +1)) == high


def test_a_rate_says_nothing_of_evaluations_that_are_not_finite_beside_a_training_that_is() -> None:
    val = np.full(400, np.inf)
    others = {("train_loss", Role.TRAIN_LOSS): m.learning()}
    more = {"role": Role.VAL_LOSS, "tag": "val_loss", "from_start": True}
    run = m.made(val, Verdict.VAL_DIVERGED, 0, settings={"lr": 0.5, "optimizer": "adam"}, others=others, **more)  # type: ignore[arg-type]
    names = m.names(run, CAUSE, +1)
    assert "rate-high" not in names
    assert "onset-early" not in names


def test_a_leap_that_goes_on_at_each_point_is_a_step_far_too_long_and_not_one_giant_value() -> None:
    calm = m.learning(60)
    ran_on, at_once = calm.copy(), calm.copy()
    ran_on[40:] = calm[39] * 1e6 ** np.arange(1, 21)
    at_once[40:] = 1e6
    assert "leaped-by-orders" not in m.names(m.made(ran_on, Verdict.EXPLODED, 40, every=1), CAUSE, -1)
    assert "leaped-by-orders" in m.names(m.made(at_once, Verdict.EXPLODED, 40, every=1), CAUSE, -1)


def test_a_loss_that_was_lost_before_the_first_step_was_taken_is_no_matter_of_the_rate() -> None:
    nothing = np.full(20, np.nan)
    first = m.made(nothing, Verdict.NAN, 0, from_start=True, every=1)
    assert "onset-early" not in m.names(first, CAUSE, +1)
    later = m.made(nothing, Verdict.NAN, 0, from_start=True, step=np.arange(1, 21))
    assert "onset-early" in m.names(later, CAUSE, +1)
