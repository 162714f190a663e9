"""Zeros and NaN at single points: what the gradient norm says of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from losslens.model import Judgement, Log, RawSeries, Verdict
from losslens.runs import build
from losslens.verdict import judge

HOLES = [151, 223, 224, 302]


def judged(loss: NDArray[np.float64], grad: NDArray[np.float64] | None = None) -> Judgement:
    row = np.arange(loss.size)
    columns = {"loss": loss} if grad is None else {"loss": loss, "grad_norm": grad}
    series = {tag: RawSeries(tag, row, y, np.full(row.size, np.nan), row) for tag, y in columns.items()}
    return judge(build([Log("log.csv", "csv", series, ())], name="run")[0])


def calm() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    loss = 2.2 + 2.0 * np.exp(-np.arange(360) / 60.0) + 0.05 * rng.standard_normal(360)
    return loss, 1.4 + 0.1 * rng.standard_normal(360)


def test_zeros_at_single_steps_with_a_gradient_of_zero_are_told() -> None:
    loss, grad = calm()
    loss[HOLES] = grad[HOLES] = 0.0
    said = judged(loss, grad)
    assert said.verdict is Verdict.HEALTHY
    assert "4 points between step 151 and 302 are exactly 0, the gradient norm with them" in said.reason
    assert "no target counts" in said.reason


def test_one_zero_far_below_all_others_is_told_without_a_gradient_norm() -> None:
    loss, _ = calm()
    loss[151] = 0.0
    assert "one point (step 151) is exactly 0:" in judged(loss).reason


@pytest.mark.parametrize("kind", ["learned", "gradient", "end", "hinge"])
def test_zeros_that_a_loss_has_reached_or_that_the_gradient_contradicts_are_not_told(kind: str) -> None:
    loss, grad = calm()
    if kind == "learned":
        loss = np.maximum(np.exp(-np.arange(360) / 20.0) - 1e-7, 0.0)
    elif kind == "gradient":
        loss[HOLES] = 0.0
    elif kind == "hinge":
        loss[150:156] = grad[150:156] = 0.0
    else:
        loss[-40:] = grad[-40:] = 0.0
    assert "exactly 0" not in judged(loss, grad).reason


def test_a_finite_gradient_at_a_nan_says_that_the_weights_are_whole() -> None:
    loss, grad = calm()
    loss[HOLES] = np.nan
    assert "the gradient norm is finite with them" in judged(loss, grad).reason
    grad[HOLES] = 0.0
    assert "the gradient norm is 0 with them" in judged(loss, grad).reason
    grad[HOLES] = np.nan
    assert "whole" not in judged(loss, grad).reason
