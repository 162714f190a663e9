"""The way through the detector: transform, noise, rise at the end, kink, excursions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.detector import afar, blows, relaxing, runaway, wide
from losslens.detector import departure as dep
from losslens.detector import excursions as exc
from losslens.detector.grid import start_level
from losslens.detector.placing import departure_of
from losslens.detector.search import best_level, course_and_noise, find_rise
from losslens.detector.seriesfit import SeriesFit
from losslens.detector.transform import Transform, choose

if TYPE_CHECKING:
    from losslens.model import BoolArray, FloatArray, IntArray

HIGHER = 1.5
"""An excursion so many times as high as the wide bump around it is what happened there."""

MOSTLY_BAD = 0.34
"""A series whose last value is finite still ends in NaN when less than this share of the last 5 % is finite."""


def examine(
    step: IntArray,
    value: FloatArray,
    *,
    limit: int | None = None,
    first_counts: bool = False,
    rounds: IntArray | None = None,
) -> SeriesFit:
    """Course, noise and episodes of one series.

    ``step``: shape ``(n,)``, in the order written. ``value``: shape ``(n,)``, units of the series, NaN and Inf
    allowed (they are events and are left out of the fits). ``limit``: look only at the first so many points.
    ``first_counts``: the first point alone can be the level that a long series has left, as that of an untrained net.
    ``rounds``: shape ``(n,)``, the pass over the data that each point belongs to, where that is known.
    One to three finite points give a fit without departure or excursions; none gives NaN levels. Linear in n.
    """
    step, value = np.asarray(step)[:limit], np.asarray(value, np.float64)[:limit]
    finite = np.isfinite(value)
    index = np.flatnonzero(finite)
    stretches = _stretches(~finite)
    ends = bool(stretches) and _ends_nonfinite(finite)
    first_bad = None
    if stretches:
        first_bad = int(step[_last_bad_start(stretches, finite) if ends else stretches[0][0]])
    y = value[index]
    if y.size == 0:
        nan = float("nan")
        return SeriesFit(
            int(value.size), 0, index, step[index], y, y, y, Transform("log", floor=1.0), 0.0, 0.0, nan, nan, nan,
            None, (), stretches, ends, first_bad,
        )  # fmt: skip
    transform = choose(y)
    z = transform.forward(y)
    course, noise = course_and_noise(z)
    rise, noise = find_rise(z, course, noise, urgent=ends, first_counts=first_counts)
    at_once = rise is not None and rise.best == 0 and rise.width == 1
    found = departure_of(z, course, y, transform, rise, noise) if rise is not None else None
    if not ends and (found is None or found.widths < dep.BAND_WIDTHS):
        found = afar.clearer(found, afar.find(z, y, transform, noise))
    calm_end = found.onset if found is not None else z.size
    passes = rounds[:limit][index] if rounds is not None else None
    excursions = exc.find(z, course, noise, ratios=transform.kind == "log", rounds=passes) if z.size > 3 else ()
    excursions = _with_wide(excursions, wide.find(z, noise))
    if transform.kind == "log":
        excursions = _with_others(excursions, blows.find(z))
    if found is None:
        excursions = _with_others(excursions, relaxing.find(z))
    late = tuple(e for e in excursions if e.last >= calm_end)
    excursions = tuple(e for e in excursions if e.last < calm_end)
    best = found.base if found is not None else transform.back(best_level(z))
    return SeriesFit(
        n=int(value.size),
        n_finite=int(y.size),
        index=index,
        step=step[index],
        value=y,
        z=z,
        course=course,
        transform=transform,
        noise=noise,
        noise_level=abs(transform.back(transform.forward(np.array([best]))[0] + noise) - best),
        start=float(y[0]) if at_once else start_level(y, None if found is None else found.onset),
        best=best,
        end=float(np.median(y[-dep.end_width(y.size) :])),
        departure=found,
        excursions=excursions,
        late=late,
        nonfinite=stretches,
        ends_nonfinite=ends,
        first_nonfinite=first_bad,
        runaway=runaway.find(y, urgent=ends),
        swing=runaway.find_swing(y) if transform.kind == "asinh" and found is None else None,
    )


def _with_wide(single: tuple[exc.Excursion, ...], bump: exc.Excursion | None) -> tuple[exc.Excursion, ...]:
    """All excursions, a wide bump in place of the shorter ones that are parts of it and not much higher."""
    if bump is None or any(e.last - e.first >= bump.last - bump.first and e.first <= bump.last for e in single):
        return single
    inside = [e for e in single if e.last >= bump.first and e.first <= bump.last]
    if any(e.top - e.before > HIGHER * (bump.top - bump.before) for e in inside):
        return single
    others = [e for e in single if e not in inside]
    return tuple(sorted((*others, bump), key=lambda e: e.first))


def _with_others(known: tuple[exc.Excursion, ...], found: list[exc.Excursion]) -> tuple[exc.Excursion, ...]:
    """All excursions, and those of another look that overlap none of the known ones."""
    new = [b for b in found if not any(e.first <= b.last and b.first <= e.last for e in known)]
    return tuple(sorted((*known, *new), key=lambda e: e.first))


def _stretches(bad: BoolArray) -> tuple[tuple[int, int], ...]:
    edge = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    return tuple((int(a), int(b) - 1) for a, b in zip(edge[::2], edge[1::2], strict=True))


def _ends_nonfinite(finite: BoolArray) -> bool:
    """The last value is not finite, or hardly one of the last 5 % of a long enough series is."""
    if not finite[-1]:
        return True
    width = dep.end_width(finite.size)
    return bool(width > dep.END_POINTS and np.mean(finite[-width:]) < MOSTLY_BAD)


def _last_bad_start(stretches: tuple[tuple[int, int], ...], finite: BoolArray) -> int:
    """First position of the non-finite stretch that lasts to the end; single finite values inside it do not end it."""
    start = stretches[-1][0]
    for first, last in reversed(stretches[:-1]):
        gap = start - last - 1
        if gap > max(1, (finite.size - start) // 10):
            break
        start = first
    return start
