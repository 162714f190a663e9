"""What the starts of a job left behind."""

from __future__ import annotations

import numpy as np

from losslens.model import Series
from losslens.verdict.branches import MOST, abandoned_branches


def restarted(lengths: list[int]) -> Series:
    """Starts from step 0 of so many points each, all but the last overwritten whole."""
    segment = np.repeat(np.arange(len(lengths)), lengths)
    step = np.concatenate([np.arange(n) for n in lengths])
    value = segment.astype(float)
    clock, row = np.full(step.size, np.nan), np.arange(step.size)
    return Series("loss", step, value, clock, row, segment, abandoned=segment < len(lengths) - 1)


def test_every_start_that_was_overwritten_is_a_branch_of_its_own() -> None:
    branches = abandoned_branches(restarted([5, 9, 7, 20]))
    assert [len(branch) for branch in branches] == [5, 9, 7]
    assert all(branch.abandoned is None for branch in branches)


def test_of_hundreds_of_starts_those_that_left_most_behind_are_looked_at() -> None:
    branches = abandoned_branches(restarted([3] * 300 + [50] + [3] * 300 + [60] + [100]))
    assert len(branches) == MOST
    assert {50, 60} <= {len(branch) for branch in branches}
