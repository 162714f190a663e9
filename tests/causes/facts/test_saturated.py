"""Losses that are a fixed multiple of the share of wrong answers."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes.facts.saturated import saturated_of
from losslens.causes.why_then import why_then
from losslens.model import Role, Verdict
from tests.causes import make_runs as m


def answering(loss: m.Values, right: m.Values) -> m.Made:
    scores = {("acc", Role.ACCURACY): right}
    return m.made(loss, Verdict.PLATEAU, 0, from_start=True, axis="epoch", every=1, others=scores)


@pytest.mark.parametrize(("most", "percent"), [(16.118, 1.0), (15.942, 100.0)])
def test_a_loss_that_costs_the_most_for_each_wrong_answer_is_recognised(most: float, percent: float) -> None:
    right = np.array([0.8902, 0.8942, 0.8942, 0.8942, 0.8942, 0.8942])
    made = answering(np.round(most * (1.0 - right), 4), percent * right)
    found = saturated_of(made.run)
    assert found is not None
    assert found.times == most
    assert "each costs the most that Keras lets it" in " ".join(why_then(made.facts()))


def test_another_loss_and_answers_that_are_nearly_all_right_are_not() -> None:
    right = np.full(6, 0.8942)
    assert saturated_of(answering(0.97 * 16.118 * (1.0 - right), right).run) is None
    assert saturated_of(answering(np.full(6, 0.16), np.full(6, 0.99)).run) is None
    assert saturated_of(answering(16.118 * (1.0 - right[:2]), right[:2]).run) is None
