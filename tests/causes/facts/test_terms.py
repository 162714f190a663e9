"""Which term of a loss stood how high, and where."""

from __future__ import annotations

import numpy as np

from losslens.causes.facts.nouns import Extent, Start
from losslens.causes.facts.terms import at_peak_of, level_before
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


START = Start(600, 600, 600, 0.3, 60, None, None, False)
EXTENT = Extent(200, 0, 1990, "step", 10.0, None, None)


def sizes(total: np.ndarray, least: float, **terms: np.ndarray) -> dict[str, float]:
    named = {tag: series(tag, value) for tag, value in terms.items()}
    return dict(at_peak_of(series("loss", total), named, START, EXTENT, least)[1])


def test_a_term_is_told_by_its_own_level_before_or_not_at_all() -> None:
    """A floor for small terms is no level that they had: 0.9 of before is not told as 0.4."""
    n = np.arange(200)
    main = 3750.0 + 3750.0 * (n >= 100)
    found = sizes(main, 3.75, main=main, entropy=np.where(n >= 60, 1.5, 1.65))
    assert found == {"main": 2.0}


def test_a_small_term_that_became_large_is_told_by_its_own_level() -> None:
    n = np.arange(200)
    kl = np.where(n >= 100, 500.0, 0.5)
    assert sizes(100.0 + kl, 1.0, main=np.full(200, 100.0), kl=kl)["kl"] == 1000.0


def test_a_wide_interval_leaves_a_term_its_level_of_before() -> None:
    """From the first point on the onset may lie: that point alone, of an untrained net, is no level."""
    kl = np.where(np.arange(200) == 0, 1.9, 230.0)
    recon = 0.02 + 0.4 * np.clip((np.arange(200) - 60) / 140, 0.0, None)
    start = Start(600, 0, 900, 0.3, 60, None, None, False)
    _, found = at_peak_of(
        series("loss", kl / 1000 + recon), {"kl": series("kl", kl), "recon": series("recon", recon)}, start, EXTENT, 0.0
    )
    assert found[0][0] == "recon"
    assert found[1] == ("kl", 1.0)


def test_the_level_of_a_term_that_was_still_falling_is_that_of_its_last_points() -> None:
    falling = np.where(np.arange(200) < 60, 3000.0 * 0.6 ** np.arange(200), 30.0)
    level = level_before(series("trans", falling), START)
    assert level is not None
    assert level < 3 * falling[59]
    assert level_before(series("steady", np.full(200, 2.0)), START) == 2.0
