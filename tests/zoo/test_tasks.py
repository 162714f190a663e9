"""The tasks of the zoo learn, and the grid asks of them what they can give (these need PyTorch)."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.zoo import grid_more_tasks
from tests.zoo.grid import way
from tests.zoo.spec import LOCKED_TASKS, Spec
from tests.zoo.train import train


@pytest.mark.parametrize("task", grid_more_tasks.TASKS)
def test_a_healthy_training_learns(task: str) -> None:
    hp = {"data_seed": 7, "steps": 250, "batch": 32, "optimizer": "adam", "lr": 2.0, "noise": 0.1}
    loss = train(Spec("one", "one", task, 3, hp))["loss"]
    first, last = float(np.median(loss[:3])), float(np.median(loss[-25:]))
    assert np.isfinite(loss).all()
    assert last < first - 0.2 * abs(first)


@pytest.mark.parametrize("task", grid_more_tasks.TASKS)
def test_a_batch_without_targets_loses_the_loss_and_broken_ones_leave_it(task: str) -> None:
    whole = {"data_seed": 7, "steps": 12, "batch": 32, "lr": 1.0, "after_nan": 99}
    healthy = train(Spec("one", "one", task, 3, whole))["loss"]
    empty = train(Spec("one", "one", task, 3, whole, "empty-batch", "empty-targets", 0, 0.0, 5))["loss"]
    np.testing.assert_array_equal(healthy[:5], empty[:5])
    assert not np.isfinite(empty[5:]).any()


def test_the_fifth_part_keeps_clear_of_the_locked_test_and_spreads_every_cause() -> None:
    tasks: dict[str, set[str]] = defaultdict(set)
    for s in grid_more_tasks.made():
        assert not s.locked
        assert s.task not in LOCKED_TASKS
        if s.cause is not None:
            assert s.way is not None
            assert not any(w.locked for _, w in grid_more_tasks.ROWS if w.name == s.way)
            assert way(s.way).cause == s.cause
            tasks[s.cause].add(s.task)
    few = {c for c, t in tasks.items() if len(t) < 3}
    assert few == {"attention-logit-growth", "rl-or-gan-divergence"}
