"""Arithmetic that breaks."""

from __future__ import annotations

import numpy as np

from losslens.model import Role, Sign, Verdict
from tests.causes import make_runs as m

CAUSE = "numerical-instability"


def late_nan(precision: str | None = "32", grow: bool = False) -> m.Made:
    y = m.exploding(at=330, tau=3.0) if grow else m.learning(400, floor=0.02)
    others = {m.LR: m.constant(), m.GRAD: m.nan_from(m.steady(), 350)}
    settings = {"precision": precision} if precision else None
    at = 330 if grow else 350
    return m.made(m.nan_from(y, 350), Verdict.NAN, at, others=others, spe=1000.0, settings=settings)


def test_nan_out_of_a_low_calm_loss_late_in_fp32_is_numerical() -> None:
    assert m.place(late_nan(), CAUSE) == 0
    assert {"nan-abrupt", "all-data-seen", "loss-was-low"} <= m.names(late_nan(), CAUSE, +1)


def test_twenty_rising_points_before_the_nan_are_an_explosion() -> None:
    assert m.place(late_nan(grow=True), CAUSE) > 0
    assert "grew-before-nan" in m.names(late_nan(grow=True), CAUSE, -1)


def test_without_gradient_norm_and_precision_the_group_is_named_with_what_would_split_it() -> None:
    bare = m.made(m.nan_from(m.learning(400), 350), Verdict.NAN, 350)
    group = bare.diagnose().groups[0]
    assert {CAUSE, "mixed-precision-overflow"} <= set(group.ids)
    assert group.split_by
    assert "grad-norm-nan-first" in m.unchecked(bare, CAUSE)


def test_a_resume_in_a_twelve_point_log_does_not_confuse_it() -> None:
    y = m.nan_from(np.linspace(1.0, 0.2, 12), 10)
    run = m.made(y, Verdict.NAN, 10, segments=(4,), axis="epoch", every=1)
    assert m.place(run, CAUSE) <= 1


def test_an_error_of_a_number_has_no_probability_that_could_saturate() -> None:
    def lost(tag: str) -> m.Made:
        return m.made(m.nan_from(m.learning(400, floor=1e-4), 350), Verdict.NAN, 350, every=1, tag=tag)

    assert {"loss-at-nothing", "loss-was-low"} <= m.names(lost("train/nll"), CAUSE, +1)
    logits = "Use losses that take logits instead of probabilities"
    assert logits in {fix.text for fix in m.diagnosed(lost("train/nll"), CAUSE).fixes}
    for tag in ("mse", "train/rmse", "valMAE", "huber_loss", "l1", "mean_squared_error"):
        assert not {"loss-at-nothing", "loss-was-low"} & m.names(lost(tag), CAUSE, +1), tag
        assert logits not in {fix.text for fix in m.diagnosed(lost(tag), CAUSE).fixes}


def test_an_accuracy_over_an_epoch_that_fell_part_of_the_way_is_not_as_before() -> None:
    n = 8
    loss = m.nan_from(m.steady(n, 0.6, 0.01), 4)
    accuracy = np.array([0.60, 0.62, 0.63, 0.63, 0.41, 0.0, 0.0, 0.0])
    coarse = m.made(loss, Verdict.NAN, 4, axis="epoch", every=1, others={("acc", Role.ACCURACY): accuracy})
    assert "accuracy-kept" not in m.names(coarse, CAUSE, +1)
    each = m.made(loss, Verdict.NAN, 4, every=1, others={("acc", Role.ACCURACY): accuracy})
    (found,) = (s for s in m.tried(each.facts(), CAUSE) if isinstance(s, Sign) and s.name == "accuracy-kept")
    assert "had only begun to fall" in found.text


def test_a_term_that_is_nan_first_is_named_while_the_others_are_finite() -> None:
    main, box = m.learning(400), m.nan_from(m.steady(400, 0.2), 300)
    others = {("loss_cls", Role.LOSS_COMPONENT): main, ("loss_box", Role.LOSS_COMPONENT): box}
    run = m.made(main + box, Verdict.NAN, 300, others=others)
    text = [s.text for s in m.tried(run.facts(), CAUSE) if s.name == "term-nan-first" and isinstance(s, Sign)]
    assert text
    assert text[0].startswith("loss_box")
    assert "term-nan-first" not in m.names(run, "aux-term-blowup", +1)
