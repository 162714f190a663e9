"""Which term of a loss stood how high, and where."""

from __future__ import annotations

import numpy as np

from losslens.causes.facts.nouns import Extent, Start
from losslens.causes.facts.terms import at_peak_of
from losslens.model import Series


def series(tag: str, value: np.ndarray) -> Series:
    step = 10 * np.arange(value.size)
    return Series(tag, step, value, np.full(value.size, np.nan), np.arange(value.size), np.zeros(value.size, np.int64))


def test_the_peak_of_a_loss_is_looked_for_behind_its_onset_however_early_that_may_have_been() -> None:
    n = np.arange(200)
    total = 3.5 * np.exp(-n / 5.0) + 0.1 + 0.5 * np.clip((n - 60) / 140, 0.0, None)
    start = Start(600, 0, 900, 0.3, 60, None, None, False)
    extent = Extent(200, 0, 1990, "step", 10.0, None, None)
    peak, _ = at_peak_of(series("loss", total), {"kl": series("kl", total / 2)}, start, extent, 0.0)
    assert peak == 1990
