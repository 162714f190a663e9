"""Logs built by hand, for tests of what happens after parsing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from losslens.model import Log, RawSeries, Table


def falling(n: int, *, start: float = 2.0, end: float = 0.2, seed: int = 0) -> np.ndarray:
    """A loss that falls from ``start`` to ``end`` over ``n`` points, with a little noise."""
    rng = np.random.default_rng(seed)
    course = end + (start - end) * np.exp(-np.arange(n) / max(n / 5, 1))
    return course * (1 + 0.02 * rng.standard_normal(n))


def series(
    tag: str,
    value: Sequence[float] | np.ndarray,
    *,
    step: Sequence[int] | np.ndarray | None = None,
    wall: Sequence[float] | np.ndarray | None = None,
    row: Sequence[int] | np.ndarray | None = None,
    axis: str = "step",
) -> RawSeries:
    values = np.asarray(value, dtype=np.float64)
    n = values.size
    steps = np.arange(n) if step is None else np.asarray(step)
    walls = np.full(n, np.nan) if wall is None else np.asarray(wall, dtype=np.float64)
    rows = np.arange(n) if row is None else np.asarray(row)
    return RawSeries(tag, steps.astype(np.int64), values, walls, rows.astype(np.int64), axis)


def log(path: str, *parts: RawSeries, format: str = "tensorboard", **more: Any) -> Log:
    return Log(path, format, {p.tag: p for p in parts}, **more)


def table(path: str, columns: Mapping[str, Sequence[float | None]], *, step: Sequence[int] | None = None) -> Log:
    """A CSV as its parser gives it: ``None`` is an empty cell, NaN a cell that spells it."""
    n = len(next(iter(columns.values())))
    steps = np.arange(n) if step is None else np.asarray(step, dtype=np.int64)
    made, blank = {}, {}
    for tag, cells in columns.items():
        rows = np.asarray([i for i, c in enumerate(cells) if c is not None], dtype=np.int64)
        empty = np.asarray([i for i, c in enumerate(cells) if c is None], dtype=np.int64)
        values = np.asarray([c for c in cells if c is not None], dtype=np.float64)
        if rows.size:
            made[tag] = RawSeries(tag, steps[rows], values, np.full(rows.size, np.nan), rows, "step")
        if empty.size:
            blank[tag] = empty
    return Log(path, "csv", made, table=Table(steps.astype(np.int64), np.full(n, np.nan), blank))
