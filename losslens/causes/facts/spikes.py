"""Short excursions of the loss that came back: how many, how high, how regular."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.nouns import Extent, Spikes
from losslens.causes.facts.numerics import carry, log_like, longest_runs, rank_correlation, scatter

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

SPIKE_WIDTHS = 8.0
"""Height of a spike in noise widths."""

CLEAR_TAILS = 3.0
"""Times the 95th percentile of the noise that a spike must reach to be a warning."""

CLEAR_SHARE = 0.25
"""Share of the final rise (on the logarithm) that it must reach."""

MOST_SPIKES = 400

LEAST_MOUNTING = 4
"""So many spikes mount, where …"""

HIGHER = 1.25
"""… the last third of them reaches values this many times those of the first third, …"""

IN_ORDER = 0.6
"""… and height and time have this rank correlation."""

TOWER = float(np.log(3.0))
"""Height (log) from which a spike can be a tower."""

ALIKE = 0.4
"""Share of the height (log) of the highest that a tower must have."""

NARROW = 3
"""Points that it may be wide."""

OF_ITS_HEIGHT = 0.5
"""Share of its height over the course by which a spike must exceed the lowest point close to it on either side, …"""

BESIDE = 5
"""… within so many points, or its own width."""

LEVEL_POINTS = 5
"""Points before the onset that give the old level."""

MAD_RELATIVE = 1.4826


def spikes_of(step: IntArray, value: FloatArray, at: int, extent: Extent) -> Spikes:
    """Excursions of at most a twentieth of the run that came back, at any time in the run.

    After the onset they count only where the loss is near its old level between them: a run that was thrown swings
    about in its wreckage, and nothing returns there.
    """
    empty = Spikes(0, 0, 0, None, None, None, None, None)
    good = np.isfinite(value)
    if good.sum() < 12:
        return empty
    y = carry(log_like(value))
    block = int(np.clip(y.size // 40, 7, 201))
    course = block_course(y, block)
    rest = y - course
    sigma = max(scatter(rest) or 0.0, 1e-6)
    longest = max(3, y.size // 20)
    high = rest > max(SPIKE_WIDTHS * sigma, 0.1)
    found = [(a, b) for a, b in longest_runs(_join(high)) if b - a <= longest and b < y.size]
    found = [(a, b) for a, b in found if _stands_out(y, rest, (a, b))]
    found = [(a, b) for a, b in found[:MOST_SPIKES] if not _in_wreckage(course, rest, (a, b), at)]
    found = _with_tails(found, rest)
    if not found:
        return empty
    tops = np.array([a + int(np.argmax(rest[a:b])) for a, b in found])
    height = rest[tops]
    distance = np.diff(step[tops]).astype(np.float64)
    spacing = float(np.median(distance)) if distance.size else None
    spread = None
    if distance.size >= 2 and spacing:
        spread = float(MAD_RELATIVE * np.median(np.abs(distance - spacing)) / spacing)
    per_epoch, multiple = _against_epochs(step[tops], distance, extent)
    clear = (tops < at) & (height > _clear_height(y, rest, sigma, at))
    return Spikes(
        count=len(found),
        before_onset=int((tops < at).sum()),
        clear_before=int(clear.sum()),
        mounting=_mounting(value, [found[k] for k in np.flatnonzero(clear)]),
        spacing=spacing,
        spacing_spread=spread,
        epoch_multiple=multiple,
        per_epoch=per_epoch,
        growing=rank_correlation(height) if height.size >= 4 else None,
        towers=_towers(height, np.array([b - a for a, b in found])),
        evenness=float(np.median(height) / height.max()),
    )


def _with_tails(spikes: list[tuple[int, int]], rest: FloatArray) -> list[tuple[int, int]]:
    """Spikes joined with the lower ones that follow within their own width: a loss on its way back swings about."""
    out: list[tuple[int, int]] = []
    for a, b in spikes:
        if out:
            start, stop = out[-1]
            if a - stop < stop - start and rest[a:b].max() < rest[start:stop].max():
                out[-1] = (start, b)
                continue
        out.append((a, b))
    return out


def _mounting(value: FloatArray, spikes: list[tuple[int, int]]) -> bool:
    """Whether the values that spikes reached rose beyond doubt; their height over a loss that falls may well rise
    while each is lower than the one before."""
    tops = np.array([float(np.nanmax(np.where(np.isfinite(value[a:b]), value[a:b], np.nan))) for a, b in spikes])
    if tops.size < LEAST_MOUNTING or not bool((tops > 0).all()):
        return False
    third = tops.size // 3
    early, late = float(np.median(tops[:third])), float(np.median(tops[-third:]))
    return late > HIGHER * early and (rank_correlation(tops) or 0.0) >= IN_ORDER


def _stands_out(y: FloatArray, rest: FloatArray, spike: tuple[int, int]) -> bool:
    """Whether a spike rose from what was before it: the first points of a steep course lie above it and are none."""
    a, b = spike
    top, width = a + int(np.argmax(rest[a:b])), max(BESIDE, b - a)
    if a == 0:
        return False
    ground = max(float(y[max(0, a - width) : a].min()), float(y[b : b + width].min()))
    return bool(y[top] - ground > OF_ITS_HEIGHT * rest[top])


def _in_wreckage(course: FloatArray, rest: FloatArray, spike: tuple[int, int], at: int) -> bool:
    """Whether the ground a spike stands on, after the onset, lies higher over the old level than the spike over it."""
    top = spike[0] + int(np.argmax(rest[spike[0] : spike[1]]))
    if top <= at or at < LEVEL_POINTS:
        return False
    return bool(course[top] - np.median(course[at - LEVEL_POINTS : at]) > rest[top])


def _towers(height: FloatArray, wide: IntArray) -> int:
    """Narrow spikes of the order of the highest one: what the same thing does each time."""
    least = max(TOWER, ALIKE * float(height.max()))
    return int(((height >= least) & (wide <= NARROW)).sum())


def _clear_height(y: FloatArray, rest: FloatArray, sigma: float, at: int) -> float:
    """Height from which a spike before the onset is a warning: far beyond the noise, and of the order of the end.

    Single batches of a nearly learned task scatter over a decade: eight widths of the bulk are an ordinary day there.
    """
    past, after = rest[:at], y[at:]
    past = past[np.isfinite(past)]
    if past.size < 5:
        return float("inf")
    tail = float(np.percentile(past, 95))
    rise = float(after.max() - np.median(y[max(0, at - 20) : at])) if after.size else 0.0
    return max(2 * SPIKE_WIDTHS * sigma, CLEAR_TAILS * tail, CLEAR_SHARE * rise)


def _join(high: np.ndarray) -> np.ndarray:
    """Close gaps of one point, so that a ragged spike counts once."""
    joined = high.copy()
    joined[1:-1] |= high[:-2] & high[2:]
    return joined


def block_course(y: FloatArray, block: int) -> FloatArray:
    """A smooth course in linear time: medians of blocks, joined by straight lines. Same shape as ``y``."""
    count = max(2, y.size // block)
    size = y.size // count
    whole = y[: count * size].reshape(count, size)
    centres = np.arange(count) * size + (size - 1) / 2.0
    levels = np.median(whole, axis=1)
    return np.asarray(np.interp(np.arange(y.size), centres, levels), dtype=np.float64)


def _against_epochs(tops: IntArray, distance: FloatArray, extent: Extent) -> tuple[float | None, float | None]:
    """Spikes an epoch, and the share of their distances that are whole epochs."""
    epoch = extent.steps_per_epoch
    if not epoch or (extent.points_per_epoch or 0) < 4:
        return None, None
    per_epoch = tops.size / max(1e-9, (extent.last_step - extent.first_step) / epoch)
    if distance.size < 2:
        return float(per_epoch), None
    off = np.abs(distance / epoch - np.round(distance / epoch)) * epoch
    whole = np.round(distance / epoch) >= 1
    return float(per_epoch), float(np.mean((off <= 1.5 * extent.interval) & whole))
