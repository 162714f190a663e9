"""Curves: few points that look like all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losslens.model import Role, Series
from losslens.runs.curves import level_of, reduce


def made(value: np.ndarray, segment: np.ndarray | None = None, abandoned: np.ndarray | None = None) -> Series:
    n = value.size
    seg = np.zeros(n, dtype=np.int64) if segment is None else segment
    return Series("loss", np.arange(n) * 10, value, np.full(n, np.nan), np.arange(n), seg, "step", abandoned)


def test_a_short_series_is_kept_whole() -> None:
    curve = reduce(made(np.linspace(1, 0, 100)), Role.TRAIN_LOSS)
    assert len(curve.value) == curve.points == 100
    assert curve.step[:2] == (0, 10)


def test_an_empty_series_gives_an_empty_curve() -> None:
    assert reduce(made(np.empty(0)), Role.TRAIN_LOSS).value == ()


def test_a_long_series_keeps_its_one_spike() -> None:
    value = np.random.default_rng(0).normal(1.0, 0.1, 200_000)
    value[123_456] = 50.0
    value[77_777] = -9.0
    curve = reduce(made(value), Role.TRAIN_LOSS)
    assert len(curve.value) <= 4000
    assert curve.points == 200_000
    assert (1_234_560, 50.0) in list(zip(curve.step, curve.value, strict=True))
    assert min(curve.value) == -9.0


def test_every_point_near_the_onset_survives() -> None:
    value = np.random.default_rng(1).normal(1.0, 0.1, 100_000)
    gone = np.zeros(100_000, dtype=bool)
    for abandoned in (None, gone):
        curve = reduce(made(value, abandoned=abandoned), Role.TRAIN_LOSS, around=500_000)
        assert set(range(499_800, 500_201, 10)) <= set(curve.step)
        assert len(curve.step) <= 4000
    assert len(reduce(made(value), Role.TRAIN_LOSS, around=5_000_000).step) <= 4000


def test_the_first_nan_and_the_last_finite_point_survive() -> None:
    value = np.linspace(2, 1, 100_000)
    value[60_001:] = np.nan
    curve = reduce(made(value), Role.TRAIN_LOSS)
    steps = dict(zip(curve.step, curve.value, strict=True))
    assert np.isnan(steps[600_010])
    assert np.isfinite(steps[600_000])


def test_starts_of_segments_survive_and_abandoned_branches_are_marked() -> None:
    segment = np.repeat([0, 1, 2], 10_000)
    gone = np.zeros(30_000, dtype=bool)
    gone[9_000:10_000] = True
    curve = reduce(made(np.ones(30_000), segment, gone), Role.TRAIN_LOSS)
    assert {0, 100_000, 200_000} <= set(curve.step)
    assert curve.abandoned_from == (90_000,)
    assert set(curve.segment) == {0, 1, 2}


def test_steps_stay_in_the_order_written() -> None:
    curve = reduce(made(np.random.default_rng(1).random(50_000)), Role.OTHER, limit=100)
    assert len(curve.step) <= 100
    assert list(curve.step) == sorted(curve.step)


@pytest.mark.parametrize("limit", [10, 50, 4000])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_extremes_and_ends_always_survive(limit: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 9000))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    value = rng.standard_cauchy(n)
    value[rng.random(n) < data.draw(st.sampled_from([0.0, 0.1, 1.0]))] = np.nan
    curve = reduce(made(value), Role.TRAIN_LOSS, limit=limit)
    assert len(curve.value) <= limit
    kept = np.asarray(curve.value)
    assert curve.step[0] == 0
    assert curve.step[-1] == 10 * (n - 1)
    finite = value[np.isfinite(value)]
    if finite.size:
        assert np.nanmax(kept) == finite.max()
        assert np.nanmin(kept) == finite.min()
    assert np.isnan(kept).any() == np.isnan(value).any()


def test_the_level_is_the_median_of_every_stretch_and_passes_over_no_point() -> None:
    value = np.arange(1_003, dtype=float)
    value[5] = np.nan
    level = level_of(made(value))
    assert level is not None
    assert (len(level.step), level.points) == (125, 8)
    assert level.value[0] == np.median([0, 1, 2, 3, 4, 6, 7, 8])
    assert level.value[-1] == np.median(value[-10:]), "the last stretch holds what is left over"
    assert level.step[0] == 40


def test_the_level_follows_the_branch_that_the_job_ended_on() -> None:
    value = np.concatenate([np.full(600, 1.0), np.full(600, 50.0)])
    level = level_of(made(value, abandoned=np.arange(1_200) >= 600))
    assert level is not None
    assert set(level.value) == {1.0}


def test_a_short_series_has_no_level() -> None:
    assert level_of(made(np.linspace(1, 0, 319))) is None
    assert level_of(made(np.full(5_000, np.nan))) is None
