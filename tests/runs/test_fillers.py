"""NaN that fill the cells between two evaluations, as MATLAB's training record has them."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import Run
from losslens.runs import build
from tests.runs.make_logs import falling, log, series


def run_of(validation: np.ndarray) -> Run:
    columns = {"TrainingLoss": falling(60), "ValidationLoss": validation}
    made = [series(tag, value, step=np.arange(1, 61)) for tag, value in columns.items()]
    (run,) = build([log("info.csv", *made, format="csv")], name="run")
    return run


def evaluated(every: int, last: int = 60) -> np.ndarray:
    value = np.full(60, np.nan)
    value[:last:every] = falling(60)[:last:every]
    return value


@pytest.mark.parametrize("every", [5, 7, 10])
def test_nan_between_two_evaluations_is_no_point(every: int) -> None:
    run = run_of(evaluated(every))
    assert np.isfinite(run.series["ValidationLoss"].value).all()
    assert run.series["ValidationLoss"].step.tolist() == list(range(1, 61, every))
    (repair,) = [r for r in run.repairs if r.code == "nan-is-not-measured"]
    assert repair.points == 60 - len(range(0, 60, every))


def test_the_evaluation_at_the_end_may_come_early() -> None:
    value = evaluated(10)
    value[59] = 0.1
    assert np.isfinite(run_of(value).series["ValidationLoss"].value).all()


def test_nan_at_which_an_evaluation_was_due_stays() -> None:
    found = run_of(evaluated(10, last=40)).series["ValidationLoss"]
    assert found.step.tolist() == [1, 11, 21, 31, 41, 51]
    assert np.isnan(found.value[4:]).all()


def test_nan_that_come_at_no_even_distance_stay() -> None:
    value = falling(60)
    value[[*range(20), *range(21, 33), *range(34, 60)]] = np.nan
    assert len(run_of(value).series["ValidationLoss"]) == 60
