"""A few values of a loss at fixed places, by which runs that are one training up to some step know each other."""

from __future__ import annotations

import numpy as np

from losslens.model import Series

MOST = 256
"""Places kept of a run."""

LEAST = 8
"""Values in which two runs must agree from the beginning on …"""

DISTINCT = 5
"""… so many of them different ones: a loss printed as 0.69 again and again proves nothing."""

SAME = 1e-6
"""Relative difference up to which two values are the same (a text log rounds)."""

Trace = tuple[tuple[int, float], ...]
"""Steps and finite values, in order."""


def trace_of(series: Series) -> Trace:
    """Steps and values of (n,) points at steps that are multiples of a power of two times the logging grid.

    The places of a short run are among those of a long one that was logged alike, so that two traces have steps in
    common however many points each run has.
    """
    finite = np.isfinite(series.value)
    step, value = series.step[finite], series.value[finite]
    gaps = np.diff(step)
    if step.size < LEAST or not (gaps > 0).all():
        return ()
    grid = int(np.gcd.reduce(gaps))
    place = (step - step[0] % grid) // grid
    stride = 1
    while (chosen := np.flatnonzero(place % stride == 0)).size > MOST:
        stride *= 2
    return tuple((int(step[i]), float(value[i])) for i in chosen)


def agree_until(a: Trace, b: Trace) -> int | None:
    """The last step up to which two runs have the same values, from the first step they share on; None if none."""
    if a and b and a[0][0] == b[0][0] and not _same(a[0][1], b[0][1]):
        return None  # nearly all pairs of a folder: of many runs each is held against each
    there = dict(b)
    last, values = None, set()
    shared = 0
    for step, value in a:
        if step not in there:
            continue
        if not _same(value, there[step]):
            break
        last = step
        shared += 1
        values.add(value)
    return last if shared >= LEAST and len(values) >= DISTINCT else None


def _same(value: float, other: float) -> bool:
    return abs(value - other) <= SAME * max(abs(value), abs(other))


def holds(a: Trace, b: Trace) -> bool:
    """Whether ``b`` is nothing but the beginning of ``a``, or the whole of it: the same log twice."""
    until = agree_until(a, b)
    if until is None or b[-1][0] > a[-1][0]:
        return False
    there = {step for step, _ in b}
    return until == max(step for step, _ in a if step in there)
