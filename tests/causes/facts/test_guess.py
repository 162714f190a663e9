"""A loss at ln C is no guess beside an accuracy that is none."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import Role, Verdict
from tests.causes import make_runs as m


@pytest.mark.parametrize(("accuracy", "guesses"), [(0.1, True), (0.89, False), (89.0, False), (0.35, True)])
def test_the_loss_of_a_guess_is_none_beside_many_right_answers(accuracy: float, guesses: bool) -> None:
    flat = m.noisy(np.full(10, np.log(10.0)), 0.001)
    right = {("acc", Role.ACCURACY): np.full(10, accuracy)}
    facts = m.made(flat, Verdict.PLATEAU, 0, others=right, from_start=True).facts()
    assert facts.loss is not None
    assert (facts.loss.classes == 10) is guesses
