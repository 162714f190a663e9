"""NaN in inputs or labels."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import Sign, Verdict
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


@pytest.mark.parametrize(("points", "least", "most"), [(1, 0.2, 0.4), (2, 0.5, 0.8), (3, 1.0, 1.0), (6, 1.0, 1.0)])
def test_a_few_points_are_no_calm(points: int, least: float, most: float) -> None:
    run = m.made(m.nan_from(m.steady(points + 5, 2.0, 0.01), points), Verdict.NAN, points, every=1)
    found = [s for s in m.tried(run.facts(), CAUSE) if isinstance(s, Sign) and s.name == "nan-abrupt"]
    assert least <= sum(s.strength for s in found) <= most
    assert all("a calm" in s.text for s in found) is (points >= 4 or not found)


def test_a_loss_that_was_thrown_by_orders_or_fell_through_its_floor_was_not_calm() -> None:
    for y in ([101.3, 135.1, 106.8, 94.1, 141.4, 196.5, 6.5e7, 199.7], [37.2, 12.0, -12.0, -403.4, -801.8]):
        run = m.made(np.array([*y, np.nan, np.nan, np.nan]), Verdict.NAN, len(y), every=5)
        assert "nan-abrupt" not in m.names(run, CAUSE, +1)


def test_iterations_that_scatter_less_than_batches_may_be_passes_over_all_data() -> None:
    even = 0.7 + 2.1 * 0.85 ** np.arange(16.0)
    full = m.made(m.nan_from(even, 12), Verdict.NAN, 12, every=1)
    drawn = m.made(m.nan_from(m.noisy(even, 0.1), 12), Verdict.NAN, 12, every=1)
    assert "likely-seen" in m.names(full, CAUSE, -1)
    assert "likely-seen" not in m.names(drawn, CAUSE, -1)
    assert m.chance(full, CAUSE) < m.chance(drawn, CAUSE)
