"""The way through the detector: transform, noise, rise at the end, kink, excursions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.detector import departure as dep
from losslens.detector import excursions as exc
from losslens.detector import kink as kk
from losslens.detector.grid import centred_median, falling_course, reduce, spread, trailing_median
from losslens.detector.seriesfit import Departure, SeriesFit
from losslens.detector.transform import Transform, choose

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

GRID_POINTS = 1024
"""Points of the coarse search."""

COURSE_SHARE = 40
"""The smooth course is a running median over 1/20 of the grid, at most 51 and at least 5 points."""

SHORT = 24
"""Below this many points the noise is taken about a falling course, and widened for being so few."""

MIN_NOISE = 1e-9
"""Noise of a curve without any, on the transformed scale."""

NEAR_NOISE_POINTS = 400
"""The noise before a departure is measured on so many points before it."""

NOISE_POINTS = 5
"""With fewer points before it the noise of the whole series is used."""

STEEP_POINTS = 60
"""Below this many points a steep course is told from noise by second differences and a falling course."""

SECOND_DIFFERENCE = 6.0**0.5
"""Standard deviation of the second difference of white noise, in widths of the noise."""

FEW_POINTS = 4.0
"""A noise width from m points is taken wider by 1 + this / m."""

JUMP_POINTS = 3
"""A rise within so many points is a jump."""

HOLD_POINTS = 6
"""A level is held when so many points were seen on it."""

FROM_START_POINTS = 3
"""With fewer points before the onset there was no course to leave."""

CLIMB_WIDTHS = 12.0
"""The kink is fitted on the climb up to so many noise widths …"""

CLIMB_SHARE = 0.1
"""… plus this share of the rise, but at most …"""

CLIMB_MOST = 0.7
"""… this share of it."""


def examine(step: IntArray, value: FloatArray, *, limit: int | None = None) -> SeriesFit:
    """Course, noise and episodes of one series.

    ``step``: shape ``(n,)``, in the order written. ``value``: shape ``(n,)``, units of the series, NaN and Inf
    allowed (they are events and are left out of the fits). ``limit``: look only at the first so many points.
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
    course, noise = _course_and_noise(z)
    urgent = ends
    rise, noise = _search(z, course, noise, urgent)
    found = _departure(z, course, y, transform, rise, noise, urgent) if rise is not None else None
    calm_end = found.onset if found is not None else z.size
    excursions = exc.find(z, course, noise) if z.size > 3 else ()
    excursions = tuple(e for e in excursions if e.last < calm_end)
    best = found.base if found is not None else transform.back(_best_level(z))
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
        start=float(np.median(y[: max(1, y.size // 100)])),
        best=best,
        end=float(np.median(y[-dep.end_width(y.size) :])),
        departure=found,
        excursions=excursions,
        nonfinite=stretches,
        ends_nonfinite=ends,
        first_nonfinite=first_bad,
    )


def _stretches(bad: np.ndarray) -> tuple[tuple[int, int], ...]:
    edge = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    return tuple((int(a), int(b) - 1) for a, b in zip(edge[::2], edge[1::2], strict=True))


def _ends_nonfinite(finite: np.ndarray) -> bool:
    """The last value is not finite, or most of the last 5 % (at least 3) are not."""
    width = dep.end_width(finite.size)
    return bool(not finite[-1] or np.mean(finite[-width:]) < 0.5)


def _last_bad_start(stretches: tuple[tuple[int, int], ...], finite: np.ndarray) -> int:
    """First position of the non-finite stretch that lasts to the end; single finite values inside it do not end it."""
    start = stretches[-1][0]
    for first, last in reversed(stretches[:-1]):
        gap = start - last - 1
        if gap > max(1, (finite.size - start) // 10):
            break
        start = first
    return start


def _course_and_noise(z: FloatArray) -> tuple[FloatArray, float]:
    """Smooth course, same shape as ``z``, and the width of single points about it."""
    if z.size < SHORT:
        course = falling_course(z)
        return course, MIN_NOISE
    grid = reduce(z, 0, z.size, GRID_POINTS)
    half = min(max(grid.value.size // COURSE_SHARE, 2), 25)
    smooth = centred_median(grid.value, half)
    course = smooth if grid.block == 1 else _stretch(smooth, grid.block, z.size)
    return course, max(spread(z - course), MIN_NOISE)


def _stretch(coarse: FloatArray, block: int, size: int) -> FloatArray:
    """Block values drawn out to single points by straight lines between the middles of the blocks."""
    middle = np.arange(coarse.size) * block + (block - 1) / 2.0
    return np.interp(np.arange(size), middle, coarse)


def _short_noise(z: FloatArray) -> float:
    """Noise of a short series about its falling course up to its best point, widened for the few points."""
    part = z[: int(np.argmin(z)) + 1]
    if part.size < 3:
        return MIN_NOISE
    residual = part - falling_course(part)
    return max(spread(residual) * (1.0 + 6.0 / part.size), MIN_NOISE)


def _near_noise(part: FloatArray, residual: FloatArray) -> float:
    """Noise of the stretch before a departure; a short and steep one is not called noisy for being steep."""
    noise = spread(residual)
    if part.size < STEEP_POINTS:
        bends = spread(np.diff(part, 2)) / SECOND_DIFFERENCE
        noise = min(noise, max(bends, spread(part - falling_course(part))))
    return max(noise * (1.0 + FEW_POINTS / part.size), MIN_NOISE)


def _search(z: FloatArray, course: FloatArray, noise: float, urgent: bool) -> tuple[dep.Rise | None, float]:
    """The rise at the end and the noise before it: found once with the noise of all, then of the calm part."""
    if z.size < 4 and not (urgent and z.size >= 2):
        return None, noise
    if z.size < SHORT:
        noise = _short_noise(z)
        grid = reduce(z, 0, z.size, GRID_POINTS)
        return dep.find_rise(grid, noise, urgent=urgent), noise
    grid = reduce(z, 0, z.size, GRID_POINTS)
    first = dep.find_rise(grid, 0.0, urgent=urgent)
    if first is not None:
        before = min(grid.start(first.best + 1), z.size)
        near = slice(max(0, before - NEAR_NOISE_POINTS * grid.block), before)
        if before - near.start >= NOISE_POINTS:
            noise = _near_noise(z[near], (z - course)[near])
    return dep.find_rise(grid, noise, urgent=urgent), noise


def _departure(
    z: FloatArray, course: FloatArray, y: FloatArray, transform: Transform, rise: dep.Rise, noise: float, urgent: bool
) -> Departure:
    """Puts onset, interval and shape on a rise that was found on the grid."""
    grid = reduce(z, 0, z.size, GRID_POINTS)
    height = max(CLIMB_WIDTHS * noise + CLIMB_SHARE * rise.size, 0.3 * rise.size)
    half_up = rise.base + min(height, CLIMB_MOST * rise.size)
    smoothing = min(rise.width, 3)
    climb = dep.last_crossing(grid.value, half_up, smoothing)
    climb_index = min(grid.start(climb + 1) - 1, z.size - 1) if climb < grid.value.size else z.size - 1
    low_up = rise.base + min(BAND * noise, 0.5 * rise.size)
    guess = dep.last_crossing(grid.value, low_up, min(rise.width, 5))
    guess = min(max(guess, 0), climb)
    guess_index = grid.start(max(guess - 1, 0))
    guess_index = min(guess_index, max(climb_index - 1, 0))
    kink = kk.locate(z, guess_index, climb_index, noise)
    onset = min(kink.onset, z.size - 1)
    band = rise.base + BAND * noise
    inside = np.flatnonzero(z <= band)
    no_return = int(inside[-1]) if inside.size else 0
    shape, holds = _shape(z, onset, rise, noise)
    constant = None
    if shape == "growth" and transform.kind == "log":
        gained = float(z[climb_index]) - kink.base
        if gained > 0.0:
            constant = (climb_index - onset + 1) / gained
    return Departure(
        onset=onset,
        low=min(kink.low, max(onset - 1, 0)),
        high=max(kink.high, onset),
        point_of_no_return=max(no_return, onset - 1, 0),
        base=transform.back(rise.base),
        level=transform.back(kink.base),
        top=transform.back(rise.top),
        peak=float(y[onset:].max()),
        rise=rise.size,
        widths=rise.size / noise,
        shape=shape,
        holds=holds,
        time_constant=constant,
        gain=kink.gain,
        from_start=onset < FROM_START_POINTS,
        late=rise.width < dep.end_width(grid.value.size),
        habit=rise.habit,
    )


BAND = dep.BAND_WIDTHS


def _shape(z: FloatArray, onset: int, rise: dep.Rise, noise: float) -> tuple[str, bool]:
    """Jump or growth, and whether a jump's level held or fell again."""
    after = z[onset : onset + JUMP_POINTS]
    landed = float(after.max()) if after.size else rise.top
    landed_level = float(np.median(z[onset : onset + 2 * JUMP_POINTS + 1])) if after.size else rise.top
    jump = landed - rise.base >= 0.6 * rise.size
    room = max(BAND * noise, 0.3 * rise.size)
    holds = jump and z.size - onset >= HOLD_POINTS and rise.top <= max(landed_level, landed) + room
    return ("jump" if jump else "growth"), holds


def _best_level(z: FloatArray) -> float:
    """Lowest median of any window of the end's width."""
    grid = reduce(z, 0, z.size, GRID_POINTS)
    width = dep.end_width(grid.value.size)
    return float(trailing_median(grid.value, width).min())
