"""Facts of a run whose resume left some of its series behind."""

from __future__ import annotations

import numpy as np

from losslens.causes.facts import measure
from losslens.model import Log, RawSeries
from losslens.runs import build
from losslens.verdict import judge


def test_a_signal_that_only_the_abandoned_branch_holds_moved_nowhere() -> None:
    step = np.concatenate([np.arange(100), np.arange(50, 120)])
    loss = 0.3 + 2.0 * np.exp(-step / 20.0)
    loss[-40:] *= np.exp(np.arange(40) / 8.0)
    row = np.arange(step.size)
    series = {
        "loss": RawSeries("loss", step, loss, np.full(step.size, np.nan), row),
        "queue": RawSeries("queue", step[60:100], np.sin(row[60:100]), np.full(40, np.nan), row[60:100]),
    }
    (run,) = build([Log("log.csv", "csv", series)], name="run")
    assert not run.series["queue"].current().step.size
    assert measure(run, judge(run)).verdict is judge(run).verdict
