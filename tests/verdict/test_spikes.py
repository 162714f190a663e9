"""Where a spike that came back began."""

from __future__ import annotations

import numpy as np

from losslens.model import Log, RawSeries, Verdict
from losslens.runs import build
from losslens.verdict import judge


def test_a_spike_begins_where_it_shot_up_not_at_the_bump_before_it() -> None:
    rng = np.random.default_rng(0)
    y = (0.2 + 1.5 * np.exp(-np.arange(120) / 15.0)) * np.exp(0.01 * rng.standard_normal(120))
    y[80:86] *= 1.3
    y[86:96] *= 60.0
    n = np.arange(120)
    log = Log("log.csv", "csv", {"loss": RawSeries("loss", 10 * n, y, np.full(120, np.nan), n)})
    said = judge(build([log], name="run")[0])
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert said.onset is not None
    assert (said.onset.low, said.onset.step) == (850, 860)
