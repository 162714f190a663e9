"""What was still whole at the first value that is not finite."""

from __future__ import annotations

import numpy as np

from losslens.model import Role, Verdict
from tests.causes import make_runs as m

ACCURACY = ("accuracy", Role.ACCURACY)
WEIGHTS = ("weight_norm", Role.WEIGHT_NORM)


def broken(*, kept: bool, weights_until: int = 201, every: int = 1) -> m.Made:
    """A loss that is NaN from point 200 on, with the accuracy and the weight norm beside it."""
    accuracy = m.noisy(np.full(400, 0.8), 0.02, 3)
    accuracy[200 + kept :] = 0.1
    others = {ACCURACY: accuracy, WEIGHTS: m.nan_from(m.steady(400, 20.0, 0.01), weights_until)}
    return m.made(m.nan_from(m.learning(400), 200), Verdict.NAN, 200, every=every, others=others)


def test_an_accuracy_as_before_at_the_first_nan_says_that_the_loss_broke_and_not_the_net() -> None:
    n = broken(kept=True).facts().nonfinite
    assert n is not None
    assert n.accuracy_kept == 1.0
    assert "accuracy-kept" in m.names(broken(kept=True), "empty-targets", +1)
    assert "accuracy-kept" in m.names(broken(kept=True), "low-precision-state", -1)


def test_an_accuracy_gone_at_that_very_step_says_that_the_weights_broke_in_the_update_before() -> None:
    run = broken(kept=False, weights_until=200)
    assert {"accuracy-lost", "weights-broke-with-loss"} <= m.names(run, "low-precision-state", +1)


def test_where_only_every_hundredth_step_is_logged_a_lost_accuracy_says_nothing() -> None:
    assert "accuracy-lost" not in m.names(broken(kept=False, every=100), "low-precision-state", +1)


def test_weights_that_outlive_the_loss_speak_against_a_broken_update() -> None:
    assert "weights-outlived-loss" in m.names(broken(kept=True), "low-precision-state", -1)


def test_weights_that_stay_finite_to_the_end_speak_for_a_forward_pass_that_overflows() -> None:
    run = broken(kept=False, weights_until=400)
    assert run.facts().nonfinite.weights_whole  # type: ignore[union-attr]
    assert "weights-stay-whole" in m.names(run, "mixed-precision-overflow", +1)


def test_inf_straight_out_of_calm_is_told_from_nan() -> None:
    y = m.nan_from(m.learning(400), 200)
    y[200] = np.inf
    assert "inf-from-calm" in m.names(m.made(y, Verdict.NAN, 200), "nan-in-data", +1)
    assert "inf-from-calm" not in m.names(broken(kept=True), "nan-in-data", +1)


def test_validation_leads_only_where_training_was_finite_after_it() -> None:
    value = ("val_loss", Role.VAL_LOSS)
    later = m.made(m.nan_from(m.learning(), 200), Verdict.NAN, 200, others={value: m.nan_from(m.learning(), 200)})
    sooner = m.made(m.nan_from(m.learning(), 200), Verdict.NAN, 200, others={value: m.nan_from(m.learning(), 190)})
    assert "validation-nan-first" not in m.names(later, "nan-in-data", +1)
    assert "validation-nan-first" in m.names(sooner, "nan-in-data", +1)


def test_a_loss_that_ran_below_zero_before_it_broke_has_no_floor() -> None:
    y = m.learning(400)
    y[190:200] = -(2.0 ** np.arange(10))
    run = m.made(m.nan_from(y, 200), Verdict.NAN, 200)
    assert "fell-before-nan" in m.names(run, "unbounded-loss", +1)


def test_a_loss_that_leapt_by_orders_shortly_before_it_broke_was_not_calm_though_it_came_back() -> None:
    calm = m.nan_from(m.steady(200, 4.0), 150)
    thrown = calm.copy()
    thrown[[138, 143, 146]] = 4e6
    patterns = []
    for loss in (calm, thrown):
        n = m.made(loss, Verdict.NAN, 150).facts().nonfinite
        assert n is not None
        patterns.append(n.pattern)
    assert patterns == ["abrupt", "after-growth"]


def test_one_leap_by_ten_thousandfold_among_few_points_is_no_calm() -> None:
    y = np.array([101.3, 135.1, 106.8, 94.1, 141.4, 196.5, 6.5e7, 199.7, np.nan, np.nan, np.nan])
    facts = m.made(y, Verdict.NAN, 8, every=5).facts()
    assert facts.nonfinite is not None
    assert facts.nonfinite.pattern == "after-growth"
    assert facts.nonfinite.calm < 2
