"""Is a series, at its end, out of the band it had been in, and since when?

The search is coarse: block medians, a few window widths, drawups of the trailing median above its best level so far.
``losslens.detector.kink`` then puts the onset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.detector.apart import above_all
from losslens.detector.grid import SECOND_DIFFERENCE, Grid, falling_course, spread, trailing_median
from losslens.detector.rise import Rise

if TYPE_CHECKING:
    from losslens.model import FloatArray

END_SHARE = 0.05
"""The end level is the median of this share of the points."""

END_POINTS = 3
"""… and of at least so many."""

BAND_WIDTHS = 3.0
"""Half width of the band about the course, in noise widths of single points."""

HABIT = 1.5
"""A last rise must exceed the second largest rise that the run recovered from by this factor …"""

ONCE = 0.8
"""… and the largest one by this factor: a run that wanders has shown it before."""

OTHER_KIND = 8.0
"""A single earlier rise more than so many times as high says nothing about how the level wanders."""

RECOVERED = 0.5
"""An earlier rise was recovered when less than this share of the last rise was left of it."""

NEVER_POINTS = 60
"""In a series of so many points and more (fewer say too little of how its level wanders) …"""

NEVER_BEFORE = 2.5
"""… a rise so many times any that it came back from, or wandered by, …"""

NEVER_WIDTHS = 2.5
"""… of so many widths of the noise before it …"""

NEVER_LEAST = 0.4
"""… and so high on the transformed scale is one, however noisy the series has become with it."""

CLIMB_WIDTHS = 6.0
"""A climb seen only in a window shorter than the end window (a later, shorter one has had more chances by luck)."""

SMOOTHED_POINTS = 150.0
"""Longer series than this are looked at lightly smoothed, which makes the noise narrower …"""

SMOOTHED_LEAST = 0.6
"""… but not below this share: training noise is autocorrelated."""

FEW_WIDTHS = 3.0
"""Divided by the points of the window, what its median needs more: the median of three is noisy itself …"""

LONGER_SHARE = 8
"""… unless the last 1/8 of the series …"""

LONGER_POINTS = 8
"""… (at least so many points) rose as much."""

RECENT_WINDOWS = 4
"""A window shorter than the end window must be above the median of so many windows before it …"""

RECENT_POINTS = 4
"""… and so many points more."""

LATE_WINDOWS = 3
"""The noise at the end is taken over so many end windows …"""

LATE_POINTS = 24
"""… and at least so many points …"""

LATE_GROWTH = 2.0
"""… and believed up to so many times the noise before: what failed is noisy for that very reason."""

URGENT_WIDTHS = 4.0
"""A climb right before the series stops being finite; twice that for its last point alone."""

WANDER_WIDTHS = 5.0
"""A rise must exceed the wandering of the window medians about a falling course by this factor (5 is from the lowest
to the highest of some hundred independent normal values) …"""

WANDER_LEAST = 2.0
"""… where the wandering of so few windows as were seen is taken wider by 1 + this / their number."""

EARLY_WIDTHS = 6.0
"""A rise from a base that only windows a quarter as wide can see (an onset in the first points)."""

FEW_POINTS = 24
"""In a series of so few points its first one alone can be the level that all others have left."""

LEFT_RISE = 0.4
"""A series has left its first point for good where it ends this much above it on the transformed scale (half as much
again for a log) …"""

LEFT_LOW = 0.3
"""… and all but this …"""

LEFT_SHARE = 0.02
"""… share of its other points is above it by that much …"""

LEFT_GAP = 0.5
"""… or where all of them are above it by so many widths of their scatter, …"""

LEFT_WIDTHS = 2.5
"""… and half of them by so many …"""

LEFT_FACTOR = 1.0
"""… and by this on the transformed scale (a factor of e)."""

CALM_END_POINTS = 6
"""The scatter of an end window of so many points says how well its median is known …"""

FEW_END_POINTS = 4.0
"""… taken wider by 1 + this / their number."""

SUSTAINED_SHARE = 5
"""In a series of few points the level of the last 1/5 …"""

SUSTAINED_POINTS = 8
"""… (at least so many points) is better known than that of the end window …"""

SUSTAINED_WIDTHS = 2.0
"""… and so many widths of single points are beyond doubt …"""

SUSTAINED_END = 0.5
"""… where the end window is still above this share of it."""

LAST_POINT_WIDTHS = 12.0
"""A single last point counts from this many noise widths on …"""

LAST_POINT_HABIT = 3.0
"""… if it also exceeds every earlier excursion of a single point by this factor."""


def end_width(n: int) -> int:
    """Points in the window of the end level: 5 %, at least 3, at most n."""
    return min(n, max(END_POINTS, round(END_SHARE * n)))


def find_rise(grid: Grid, noise: float, *, urgent: bool) -> Rise | None:
    """The widest-window rise at the end of the grid that noise and habit do not explain, or None.

    ``noise``: width of single points on the transformed scale. ``urgent``: the series stops being finite right after,
    so that even a short climb before it is expected. Windows: the end window, halved down to 3 points, then the last
    point alone. O(m * width) for m grid points.
    """
    z = grid.value
    widest = end_width(z.size)
    quiet = noise
    if not urgent:
        noise = max(noise, min(_late_noise(z, widest), LATE_GROWTH * noise))
    if 2 <= z.size <= FEW_POINTS and np.all(np.diff(z) > 0.0) and z[-1] - z[0] > EARLY_WIDTHS * noise:
        return Rise(0, float(z[0]), float(np.median(z[-widest:])), 1, 0.0)  # it climbed from its first point on
    width = widest
    while width >= 2:
        need = _need(z, width, noise) if width == widest else CLIMB_WIDTHS + FEW_WIDTHS / width
        if urgent:
            need = URGENT_WIDTHS
        least = need * noise
        if width == widest and not urgent:
            least = min(least, max(NEVER_WIDTHS * quiet, NEVER_LEAST))
        rise = rise_at(z, width, least=least)
        clear = rise is not None and rise.size > max(need * noise, rise.habit)
        if width == widest and rise is not None and not urgent:
            clear = clear or _never_before(z, rise, quiet)
        if clear and (width == widest or _above_recent(z, width) > URGENT_WIDTHS * noise):
            return rise
        width = width // 2 if width > END_POINTS + 1 or urgent else (END_POINTS if width > END_POINTS else 0)
    if widest > 2 * END_POINTS:
        first = max(END_POINTS, widest // 4)
        early = rise_at(z, widest, least=EARLY_WIDTHS * noise, base_width=first, within=3 * widest)
        if early is not None and early.size > early.habit:
            return early
    if not urgent and (sustained := _sustained(z, widest, noise)) is not None:
        return sustained
    if not urgent and (above := above_all(z, widest)) is not None:
        return above
    if z.size <= FEW_POINTS and z.size > END_POINTS and float(z[1:].min() - z[0]) > EARLY_WIDTHS * quiet:
        return Rise(0, float(z[0]), float(np.median(z[-widest:])), widest, 0.0)
    rise = _last_point(z)
    if rise is not None:
        need = 2.0 * URGENT_WIDTHS if urgent else LAST_POINT_WIDTHS
        habit = rise.habit * (1.0 if urgent else LAST_POINT_HABIT)
        if rise.size > need * noise and rise.size > habit:
            return rise
    return None


def _never_before(z: FloatArray, rise: Rise, noise: float) -> bool:
    """Whether a rise is far beyond all that the level did before, by the noise of before: at the end it may be wild."""
    least = max(NEVER_WIDTHS * noise, NEVER_BEFORE * rise.habit, NEVER_LEAST)
    return z.size >= NEVER_POINTS and rise.size > least


def left_first(z: FloatArray, noise: float) -> Rise | None:
    """The rise of a series that was lost at once: it never came near its first point again. ``z``: shape ``(n,)``."""
    width = end_width(z.size)
    if z.size <= FEW_POINTS:
        return None
    noise = min(noise, _late_noise(z, width))
    low, end = float(np.quantile(z[1:], LEFT_SHARE)) - z[0], float(np.median(z[-width:]))
    middle = float(np.median(z))
    scatter = spread(z[z <= middle] - middle)  # bursts upward make no low first value likelier
    all_above = float(z[1:].min()) - z[0] > LEFT_GAP * scatter and middle - z[0] > max(
        LEFT_WIDTHS * scatter, LEFT_FACTOR
    )
    if not all_above and (
        low <= max(BAND_WIDTHS * noise, LEFT_LOW) or end - z[0] <= max(EARLY_WIDTHS * noise, LEFT_RISE)
    ):
        return None
    return Rise(0, float(z[0]), end, 1, 0.0)


def _sustained(z: FloatArray, width: int, noise: float) -> Rise | None:
    """The rise of the last fifth of a series whose end window has too few points for so small a one, or None."""
    wide = max(z.size // SUSTAINED_SHARE, SUSTAINED_POINTS)
    if not FEW_POINTS <= z.size <= SMOOTHED_POINTS:
        return None
    rise = rise_at(z, wide, least=SUSTAINED_WIDTHS * noise)
    if rise is None or rise.size <= rise.habit:
        return None
    end = rise_at(z, width)
    lasts = end is not None and end.size > end.habit and end.top - rise.base > SUSTAINED_END * rise.size
    return rise if lasts else None


def _late_noise(z: FloatArray, width: int) -> float:
    """Noise at the end, from second differences, which a steady climb does not touch: it may have grown on the way.

    Single spikes shortly before the end widen it, but not the scatter of an end window that holds none.
    """
    late = z[-max(LATE_WINDOWS * width, LATE_POINTS) :]
    noise = spread(np.diff(late, 2)) / SECOND_DIFFERENCE if late.size > END_POINTS else 0.0
    if width < CALM_END_POINTS:
        return noise
    last = z[-width:]
    return min(noise, spread(last - float(np.median(last))) * (1.0 + FEW_END_POINTS / width))


def _need(z: FloatArray, width: int, noise: float) -> float:
    """Noise widths a rise of the end window must have: 3 of a curve smoothed over 1/150 of its points, at least 1.8.

    A window of few points needs more, unless the last eighth of the series is up as well.
    """
    smoothed = min(max(float(np.sqrt(SMOOTHED_POINTS / z.size)), SMOOTHED_LEAST), 1.0)
    longer = max(z.size // LONGER_SHARE, LONGER_POINTS)
    if width < longer < z.size // 2 and rise_at(z, longer, least=BAND_WIDTHS * smoothed * noise) is not None:
        return BAND_WIDTHS * smoothed
    return BAND_WIDTHS * smoothed + FEW_WIDTHS / width


def _above_recent(z: FloatArray, width: int) -> float:
    """How far the last window is above the median of the points before it: a short climb is no return from a dip."""
    recent = z[-(RECENT_WINDOWS * width + RECENT_POINTS) : -width]
    return float(np.median(z[-width:]) - np.median(recent)) if recent.size >= RECENT_POINTS else np.inf


def _last_point(z: FloatArray) -> Rise | None:
    """The last point alone against the best median of three; its habit is the highest single point so far."""
    if z.size < END_POINTS + 1:
        return Rise(0, float(z[0]), float(z[-1]), 1, 0.0) if z.size > 1 else None
    level = trailing_median(z[:-1], END_POINTS)
    best = int(np.argmin(level))
    lowest = np.minimum.accumulate(level)
    above = z[END_POINTS:-1] - lowest[:-1]
    return Rise(best + END_POINTS - 1, float(level[best]), float(z[-1]), 1, float(above.max(initial=0.0)))


def rise_at(
    z: FloatArray, width: int, *, least: float = 0.0, base_width: int | None = None, within: int | None = None
) -> Rise | None:
    """Last window of ``width`` against the best window before it, with what rises of that width are worth.

    None where it is not higher than ``least``. ``base_width``: width of the windows the best is taken from, if it
    differs; ``within``: only windows among the first so many points.
    """
    n = z.size
    small = base_width or width
    if n < width + 1 or n < small + 1:
        return None
    level = trailing_median(z[:within], small)
    earlier = level[: max(1, min(level.size, n - 2 * width + 1))]
    best = int(np.argmin(earlier))
    base, top = float(earlier[best]), float(np.median(z[-width:]))
    if top - base <= least:
        return None
    before = level[: best + 1]
    after = trailing_median(z, width)[best:]
    habit = max(_habit(before, OTHER_KIND * (top - base)), _wander(before, small), _recovered(after, base, top))
    return Rise(best + small - 1, base, top, width, habit)


def _recovered(level: FloatArray, base: float, top: float) -> float:
    """What the rises are worth from which the level came back below half of the last rise, as in ``_habit``; 0 if none.

    Rises are told apart by the points below half of the last rise.
    """
    half = RECOVERED * (top - base)
    low = np.flatnonzero(level - base <= half)
    if low.size == 0:
        return 0.0
    before = level[: low[-1]] - base
    number = np.cumsum(before <= half)
    peaks = np.zeros(int(number[-1]) + 1 if number.size else 1)
    np.maximum.at(peaks, number, before)
    second, first = np.sort(np.append(peaks, [0.0, 0.0]))[-2:]
    return float(max(HABIT * second if second > half else 0.0, ONCE * first))


def _wander(level: FloatArray, width: int) -> float:
    """Rise that the medians' wandering about a falling course would give: 5 of its widths, more if few were seen."""
    windows = level.size / width
    if level.size < 4:
        return 0.0
    return WANDER_WIDTHS * spread(level - falling_course(level)) * (1.0 + WANDER_LEAST / windows)


def _habit(level: FloatArray, most: float) -> float:
    """How high the level has risen and come back before its best point; rises are told apart by new best levels.

    A single rise above ``most`` is an accident of another kind (an early transient), not how the level wanders.
    """
    if level.size < 3:
        return 0.0
    lowest = np.minimum.accumulate(level)
    up = level - lowest
    number = np.cumsum(np.concatenate([[0], (np.diff(lowest) < 0.0).astype(np.int64)]))
    peaks = np.zeros(int(number[-1]) + 1)
    np.maximum.at(peaks, number, up)
    if peaks.size < 2:
        return float(peaks[0]) * ONCE if peaks[0] <= most else 0.0
    third, second, first = np.sort(np.append(peaks, 0.0))[-3:]
    if first > most >= second:
        first, second = second, third
    return float(max(HABIT * second, ONCE * first))


def last_crossing(z: FloatArray, level: float, width: int) -> int:
    """First index of the last stretch in which the trailing median of ``width`` points stays above ``level``.

    Returns ``z.size`` when the end itself is below. The median's lag of (width - 1) / 2 points is taken off.
    """
    smooth = trailing_median(z, min(width, z.size))
    below = np.flatnonzero(smooth <= level)
    if below.size == 0:
        return 0
    if below[-1] == smooth.size - 1:
        return int(z.size)
    return int(min(below[-1] + 1 + (z.size - smooth.size + 1) // 2, z.size - 1))


def first_crossing(z: FloatArray, level: float, width: int, start: int) -> int:
    """First index from ``start`` on at which the centred median of ``width`` points is above a level, or ``z.size``."""
    width = min(width, z.size)
    smooth = trailing_median(z, width)
    lag = (width - 1) // 2
    above = np.flatnonzero(smooth[max(start - lag, 0) :] > level)
    return int(min(max(start - lag, 0) + above[0] + lag, z.size - 1)) if above.size else int(z.size)
