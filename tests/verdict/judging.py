"""A judgement on series that are given as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Log, RawSeries
from losslens.runs import build
from losslens.verdict import judge

if TYPE_CHECKING:
    from losslens.model import FloatArray, Judgement


def said(**series: FloatArray) -> Judgement:
    """The judgement on one run of these series, counted from step 1."""
    raw = {}
    for tag, y in series.items():
        step = np.arange(1, y.size + 1)
        raw[tag] = RawSeries(tag, step, y, np.full(y.size, np.nan), np.arange(y.size))
    (run,) = build([Log("log.csv", "csv", raw)], name="run")
    return judge(run)
