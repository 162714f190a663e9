"""The gradient norm, and what its order with the loss says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from losslens.causes.why_then import why_then
from losslens.model import Repair, Role, Verdict
from tests.causes import make_runs as m

NORM = ("grad_norm", Role.GRAD_NORM)


def broken(loss_from: int, norm_from: int, *, at: int | None = None, filled: bool = False) -> m.Made:
    loss, norm = m.learning(400), m.steady(400)
    loss[loss_from:], norm[norm_from:] = np.nan, np.nan
    run = m.made(loss, Verdict.NAN, loss_from if at is None else at, others={NORM: norm}, tag="loss")
    where = 100 * norm_from
    repair = Repair("nan-filter-mean", "filled", "loss", 1, where, 100 * (loss_from - 1))
    return dataclasses.replace(run, run=dataclasses.replace(run.run, repairs=(repair,) if filled else ()))


@pytest.mark.parametrize("filled", [False, True])
def test_no_order_is_known_where_the_trainer_fills_a_loss_that_was_not_finite(filled: bool) -> None:
    names = m.names(broken(300, 299, filled=filled), "numerical-instability", +1)
    assert ("grad-norm-nan-first" in names) is not filled


@pytest.mark.parametrize(("left", "led"), [(300, True), (290, False)])
def test_a_norm_that_broke_after_the_loss_had_left_its_course_led_nothing(left: int, led: bool) -> None:
    gradient = broken(300, 299, at=left).facts().gradient
    assert gradient is not None
    assert (gradient.nonfinite_lead is not None) is led


def test_a_norm_that_was_climbing_is_told_from_where_it_stood_and_not_as_without_warning() -> None:
    norm = np.concatenate([np.linspace(4.9, 15.9, 15), np.geomspace(82.0, 4.5, 16)])
    loss = np.concatenate([np.linspace(63.0, 39.0, 15), np.full(16, 60.0)])
    made = m.made(loss, Verdict.DIVERGED, 15, others={("grad_norm", Role.GRAD_NORM): norm})
    gradient = made.facts().gradient
    assert gradient is not None
    assert gradient.last is not None
    assert gradient.last > 15.0
    assert "at the same point; it had been climbing before" in " ".join(why_then(made.facts(), "", {}))


def test_a_norm_of_one_point_was_not_calm() -> None:
    loss, norm = np.full(100, np.nan), np.full(100, np.nan)
    for count, calm in ((1, False), (10, True)):
        loss[:count], norm[:count] = 0.69, 0.317
        made = m.made(loss, Verdict.NAN, count, others={("grad_norm", Role.GRAD_NORM): norm})
        assert ("grad-norm-calm" in m.names(made, "nan-in-data", +1)) is calm
