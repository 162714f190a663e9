"""What must not change a verdict: units, step offsets, thinning, names, strangers beside it, and a log in two files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losslens.model import Judgement, Log, RawSeries
from losslens.runs import build
from losslens.verdict import judge
from tests.detector.curves import explosion, falling, noisy

if TYPE_CHECKING:
    from losslens.model import FloatArray


def spike(n: int) -> FloatArray:
    y = noisy(falling(n), 0.03, 1)
    y[n // 2 : n // 2 + 4] *= [20.0, 15.0, 8.0, 3.0]
    return y


def shift(n: int) -> FloatArray:
    y = falling(n, start=3.0, floor=1.0)
    y[int(0.7 * n) :] += 0.5
    return noisy(y, 0.02, 2)


def climbs_to_nan(n: int) -> FloatArray:
    y = explosion(n, int(0.8 * n), tau=n / 100, width=0.03)
    y[int(0.95 * n) :] = np.nan
    return y


CURVES = {
    "healthy": noisy(falling(600), 0.08, 0, tail=6.0),
    "explosion": explosion(),
    "spike": spike(600),
    "shift": shift(600),
    "climbs-to-nan": climbs_to_nan(600),
}
EVERY = pytest.mark.parametrize("name", CURVES)


def log(value: FloatArray, *, tag: str = "loss", first: int = 0, gap: int = 10, path: str = "log.csv") -> Log:
    step = first + np.arange(value.size, dtype=np.int64) * gap
    raw = RawSeries(tag, step, value, np.full(value.size, np.nan), np.arange(value.size, dtype=np.int64))
    return Log(path, "csv", {tag: raw})


def judged(*logs: Log) -> Judgement:
    (run,) = build(logs, name="run")
    return judge(run)


def same(one: Judgement, other: Judgement, *, moved: int = 0, within: int = 0) -> None:
    assert one.verdict is other.verdict
    assert (one.onset is None) == (other.onset is None)
    if one.onset is not None and other.onset is not None:
        assert abs(one.onset.step + moved - other.onset.step) <= within


@EVERY
def test_a_thousandfold_loss_is_judged_the_same(name: str) -> None:
    same(judged(log(CURVES[name])), judged(log(1000.0 * CURVES[name])))


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(1e-9, 1e9))
def test_the_unit_of_the_loss_does_not_matter(scale: float) -> None:
    same(judged(log(CURVES["explosion"])), judged(log(scale * CURVES["explosion"])))


@EVERY
def test_shifted_steps_shift_the_onset(name: str) -> None:
    same(judged(log(CURVES[name])), judged(log(CURVES[name], first=12_340)), moved=12_340)


@EVERY
def test_every_second_point_dropped_moves_the_onset_by_a_few_intervals_at_most(name: str) -> None:
    same(judged(log(CURVES[name])), judged(log(CURVES[name][::2], gap=20)), within=60)


@EVERY
def test_a_renamed_tag_is_judged_the_same(name: str) -> None:
    same(judged(log(CURVES[name])), judged(log(CURVES[name], tag="train/loss")))


@EVERY
def test_an_unrelated_series_changes_nothing(name: str) -> None:
    plain = log(CURVES[name])
    other = log(np.random.default_rng(3).random(600), tag="gpu_temperature")
    both = Log("log.csv", "csv", {**plain.series, **other.series})
    same(judged(plain), judged(both))


@EVERY
def test_a_log_in_two_files_is_judged_as_one(name: str) -> None:
    value = CURVES[name]
    halves = log(value[:300], path="run/a.csv"), log(value[300:], first=3000, path="run/b.csv")
    same(judged(log(value)), judged(*halves))


@EVERY
def test_what_is_said_is_the_same_every_time(name: str) -> None:
    assert repr(judged(log(CURVES[name]))) == repr(judged(log(CURVES[name])))
