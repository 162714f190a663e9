"""The numbers of the training behind the fixtures of trackers that keep a run on disk."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from losslens.model import Log
from tests.parsers.truth import DATA as ALL

DATA = ALL / "offline_trackers"
TRUTH: list[dict[str, float]] = json.loads((DATA / "truth.json").read_text())
TAGS = ("train/loss", "train/lr", "train/grad_norm", "val/loss")


def assert_true(log: Log, called: Callable[[str], str] = str) -> None:
    """Every tag holds the numbers of the training at their steps; ``called`` gives the tracker's name of a tag."""
    assert sorted(log.series) == sorted(map(called, TAGS))
    for tag in TAGS:
        points = [(step, row[tag]) for step, row in enumerate(TRUTH) if tag in row]
        one = log.series[called(tag)]
        assert one.axis == "step"
        assert one.step.tolist() == [step for step, _ in points]
        np.testing.assert_allclose(one.value, [value for _, value in points], rtol=1e-6, equal_nan=True)
