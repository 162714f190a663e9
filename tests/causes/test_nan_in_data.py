"""NaN in inputs or labels."""

from __future__ import annotations

import numpy as np

from losslens.model import Verdict
from tests.causes import make_runs as m

CAUSE = "nan-in-data"


def abrupt(at: int, spe: float | None, others: m.Columns | None = None) -> m.Made:
    return m.made(m.nan_from(m.learning(400), at), Verdict.NAN, at, spe=spe, others=others)


def test_nan_out_of_a_calm_first_epoch_points_to_the_data() -> None:
    first = abrupt(150, 30_000.0, {m.GRAD: m.nan_from(m.steady(), 150), m.LR: m.constant()})
    assert m.place(first, CAUSE) == 0
    assert {"nan-abrupt", "first-pass"} <= m.names(first, CAUSE, +1)


def test_after_thirty_passes_the_data_are_innocent() -> None:
    late = abrupt(350, 1000.0)
    assert m.place(late, CAUSE) > 0
    assert "all-data-seen" in m.names(late, CAUSE, -1)


def test_without_the_length_of_an_epoch_it_asks_for_it() -> None:
    assert m.unchecked(abrupt(350, None), CAUSE)["all-data-seen"] == "steps_per_epoch"


def test_a_climb_to_infinity_is_not_nan_in_the_data() -> None:
    y = m.exploding(at=100, tau=3.0)
    y[160:] = np.inf
    run = m.made(y, Verdict.NAN, 100)
    assert {"grew-before-nan", "overflowed"} <= m.names(run, CAUSE, -1)
    assert m.chance(run, CAUSE) < 0.02


def test_a_gradient_that_breaks_at_a_finite_loss_did_not_come_from_the_data() -> None:
    y, g = m.nan_from(m.learning(400), 200), m.nan_from(m.steady(), 199)
    broken = m.made(y, Verdict.NAN, 200, others={m.GRAD: g})
    assert "grad-norm-nan-first" in m.names(broken, CAUSE, -1)
    assert "grad-norm-nan-first" in m.names(broken, "numerical-instability", +1)
    assert m.place(broken, "numerical-instability") < m.place(broken, CAUSE)


def test_a_gradient_that_breaks_with_the_loss_says_nothing_of_the_data() -> None:
    together = m.made(m.nan_from(m.learning(400), 200), Verdict.NAN, 200, others={m.GRAD: m.nan_from(m.steady(), 200)})
    assert "grad-norm-nan-first" not in m.names(together, CAUSE, -1)
