"""Whatever a parser hands over, a run comes out of it or one clear error: never an exception of another kind."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from losslens.errors import LosslensError
from losslens.model import Log, RawSeries, Table
from losslens.runs import build
from losslens.runs.curves import reduce

TAGS = st.sampled_from(
    ["loss", "val_loss", "lr", "epoch", "grad_norm", "train/loss", "x", "", "D_loss", "G_loss", "value"]
)
ODD = st.sampled_from([0.0, 1.0, -1.0, float("nan"), float("inf"), float("-inf"), 1e300, -1e300, 5e-324, 2.3, 2.4])
STEPS = st.one_of(st.integers(0, 12), st.sampled_from([-5, 2**62, -(2**62), 10**12]))
TIMES = st.sampled_from([float("nan"), 0.0, 1e9, 1e9 + 1, 1e9 + 100, 2e9])


@st.composite
def raw_series(draw: st.DrawFn, tag: str) -> RawSeries:
    n = draw(st.integers(0, 15))
    rows = np.sort(np.asarray(draw(st.lists(st.integers(0, 60), min_size=n, max_size=n)), dtype=np.int64))
    return RawSeries(
        tag,
        np.asarray(draw(st.lists(STEPS, min_size=n, max_size=n)), dtype=np.int64),
        np.asarray(draw(st.lists(ODD, min_size=n, max_size=n)), dtype=np.float64),
        np.asarray(draw(st.lists(TIMES, min_size=n, max_size=n)), dtype=np.float64),
        rows,
        draw(st.sampled_from(["step", "epoch", "row", "samples"])),
    )


@st.composite
def any_log(draw: st.DrawFn) -> Log:
    tags = draw(st.lists(TAGS, max_size=5, unique=True))
    made = {tag: draw(raw_series(tag)) for tag in tags}
    table = None
    if draw(st.booleans()):
        step = np.asarray(draw(st.lists(STEPS, min_size=61, max_size=61)), dtype=np.int64)
        blank = {}
        for tag in [*tags, *draw(st.lists(TAGS, max_size=2))]:
            held = set(made[tag].row.tolist()) if tag in made else set()
            blank[tag] = np.asarray([r for r in range(61) if r not in held], dtype=np.int64)
        table = Table(step, np.full(61, np.nan), blank)
    return Log(
        path=draw(st.sampled_from(["a/x.csv", "a/train/y", "a/val/y", "b.log", "a/x.json"])),
        format=draw(st.sampled_from(["csv", "tensorboard", "text", "trainer-state"])),
        series=made,
        table=table,
        restarts=tuple(sorted(draw(st.lists(st.integers(0, 60), max_size=3, unique=True)))),
        trainer=draw(st.sampled_from([None, "hf", "keras", "fairseq", "detectron2", "megatron"])),
        group_hint=draw(st.sampled_from([None, None, "one", "two"])),
        first_time=draw(st.sampled_from([None, 1e9, 2e9])),
    )


@given(st.lists(any_log(), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_logs_give_runs_or_one_clear_error(logs: list[Log]) -> None:
    try:
        runs = build(logs, name="run", path="a")
    except LosslensError:
        return
    assert runs
    for run in runs:
        assert {c.tag for c in run.roles} == set(run.series)
        for series in run.series.values():
            assert len(series)
            sizes = {a.size for a in (series.step, series.value, series.wall_time, series.row, series.segment)}
            assert sizes == {len(series)}
            current = series.current()
            for k in np.unique(current.segment):
                assert np.all(np.diff(current.step[current.segment == k].astype(object)) >= 0)
            reduce(series, run.roles[0].role, limit=20)
