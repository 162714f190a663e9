"""The makers are deterministic and a fault leaves the run untouched before it begins (these need PyTorch)."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.zoo.grid import specs, way
from tests.zoo.spec import Spec
from tests.zoo.train import short, train


def first(kind: str, task: str = "regression") -> Spec:
    return next(s for s in specs() if s.kind == kind and s.task == task)


def test_the_same_run_made_twice_is_the_same() -> None:
    spec = short(first("twin"), 30)
    one, two = train(spec), train(spec)
    assert sorted(one) == sorted(two)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_a_timed_fault_leaves_every_step_before_it_as_the_twin_had_it() -> None:
    every = specs()
    checked = 0
    for spec in every:
        if spec.kind != "fault" or not way(spec.way or "").timed or spec.task in ("dqn", "ppo", "gan") or checked >= 12:
            continue
        twin = next(s for s in every if s.family == spec.family and s.kind == "twin")
        fault = short(spec, 24)
        if fault.at < 3 or spec.cause == "bad-resume":
            continue
        a, b = train(fault)["loss"][: fault.at], train(short(twin, 24))["loss"][: fault.at]
        np.testing.assert_array_equal(a, b, err_msg=spec.run)
        checked += 1
    assert checked == 12


def test_the_grid_does_not_change_by_itself() -> None:
    names = [s.run for s in specs()]
    assert len(set(names)) == len(names)
    assert names == [s.run for s in specs()]
