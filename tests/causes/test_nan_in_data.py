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
