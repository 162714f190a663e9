"""The loss before and after the onset: level, calm, noise, spikes, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.ascent import ascent_of
from losslens.causes.facts.creep import creep_of, even_of, still_of
from losslens.causes.facts.growth import growth_of
from losslens.causes.facts.nouns import Extent, Growth, LossCourse, Start
from losslens.causes.facts.numerics import (
    carry,
    log_like,
    longest_runs,
    median,
    ratio,
    scatter,
    smooth,
    width,
)
from losslens.causes.facts.spikes import SPIKE_WIDTHS, spikes_of
from losslens.causes.facts.way_back import out_again_of, way_back_of
from losslens.model import LossVerdict, Onset, Series
from losslens.verdict.back import back_at
from losslens.verdict.cap import cap_of

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

UNIFORM_CLASSES = (2, 10, 100, 1000, 32_000, 32_128, 50_257, 50_304, 128_256)
"""Class counts whose ln C is worth recognising: coin flips, the usual image sets, the usual vocabularies."""

UNIFORM_TOLERANCE = 0.04
"""Relative distance from ln C that still counts (initial logits are small, not zero)."""

OUT_OF_BAND = 3.0
"""Noise widths beyond which a point is outside the band of before."""

LEAST_STEP = 1.6
"""Factor within one logged point from which a rise began with a step."""

FELL_BACK = 0.6
"""Share of the step below which it was a spike that came back."""

AT_ONCE = 0.75
"""Share of a climb (of the logarithm) that one move makes where the others only follow it."""

LONGEST_RUN_UP = 50


def start_of(extent: Extent, onset: Onset | None, series: Series) -> Start | None:
    """The onset placed in its run. ``series`` is the current branch of the series the onset was found in."""
    if onset is None:
        return None
    epoch = onset.epoch if onset.epoch is not None else extent.epochs_at(onset.step)
    boundary = None
    if extent.steps_per_epoch and (extent.points_per_epoch or 0) >= 4:
        phase = (onset.step - extent.epoch_zero) % extent.steps_per_epoch
        boundary = min(phase, extent.steps_per_epoch - phase) / max(extent.interval, 1e-9)
    before = int(np.searchsorted(series.step, onset.step)) if len(series) else 0
    return Start(
        step=onset.step,
        low=onset.low,
        high=onset.high,
        fraction=float(np.clip((onset.step - extent.origin) / extent.whole, 0.0, 1.0)),
        points_before=min(before, onset.index) if onset.index > 0 else before,
        epoch=epoch,
        boundary_points=boundary,
        from_start=onset.from_start and not extent.unseen.begins_late,
    )


def course_of(series: Series, at: int | None, extent: Extent, judged: LossVerdict | None) -> LossCourse | None:
    """The course of one loss (current branch); ``at`` is the index of the onset, None when there is none."""
    value, step = series.value, series.step
    finite = np.isfinite(value)
    if value.size == 0:
        return None
    where = value.size if at is None else min(at, value.size)
    past, future = value[:where], value[where:]
    good_past = past[np.isfinite(past)]
    before = _level_before(good_past, judged)
    noise = _noise_before(past, judged)
    first = float(value[finite][0]) if finite.any() else None
    start = _start_level(value, judged)
    growth = growth_of(step[where:], future, before, noise, start, good_past)
    back = _recovery(future, before, noise, growth)
    end = _end(value, judged)
    spikes = spikes_of(step, value, where, extent)
    calm = None if at is None else _calm_steps(past, step[: where + 1])
    return LossCourse(
        tag=series.tag,
        first=first,
        start_level=start,
        best=_best(good_past if good_past.size else value[finite]),
        before=before,
        end=end,
        noise=noise,
        lowest=float(value[finite].min()) if finite.any() else None,
        classes=_uniform_classes(start),
        end_over_start=ratio(end, start),
        end_over_before=ratio(end, before),
        calm_steps=calm,
        calm_fraction=None if calm is None else min(1.0, calm / extent.done),
        drift=_drift(past, noise),
        noise_trend=_noise_trend(past),
        noise_growth=_noise_growth(past),
        noise_after=_noise_after(past, future),
        after_slope=_after_slope(future, before),
        recovered=back is not None,
        excursion_points=None if back is None else _out(future, before, noise) or back[1],
        flatness=_flatness(value if at is None else future),
        early_fall=_early_fall(value),
        crosses_zero=bool(finite.any() and value[finite].min() < 0),
        zeros_after=float(np.mean(future == 0)) if future.size else None,
        rising_points=_rising_points(future, before, noise),
        growth=growth,
        spikes=spikes,
        run_up=_run_up(value, where, growth, noise),
        step_ratio=_step_ratio(future, before),
        stepped=_stepped(future, before, noise),
        way_back=way_back_of(future, before),
        out_again=out_again_of(step[where:], future, before),
        creep=creep_of(value),
        sank=_sank(value),
        still=still_of(value if at is None else future),
        last=median(good_past[-3:]) if good_past.size else None,
        ascent=ascent_of(value, at),
        even=even_of(past),
        capped=cap_of(value),
        soon=float(np.nanmax(future[:10])) if np.isfinite(future[:10]).any() else None,
        aloft=_aloft(past, future),
        as_high=_as_high(step[:where], past, before, growth),
    )


def _out(future: FloatArray, before: float | None, noise: float | None) -> int | None:
    """Points from the onset until it was back, as the verdict tells it; None where it says nothing of that."""
    good = np.flatnonzero(np.isfinite(future))
    if before is None:
        return None
    found = back_at(future[good], before, noise or 0.0)
    return None if found is None else int(good[found])


SHORTLY, AS_HIGH = 20, 0.8
"""Points before the onset among which one that reached this share of the height (log) of what came then had …"""

STILL = 3
"""… come back down for so many points at least."""


def _as_high(step: IntArray, past: FloatArray, before: float | None, growth: Growth) -> tuple[int, float] | None:
    """The highest of the points shortly before the onset, where it was of the height of what came then."""
    late = past[-SHORTLY:]
    good = np.flatnonzero(np.isfinite(late))
    if before is None or before <= 0 or growth.peak is None or growth.peak <= before or good.size < SHORTLY // 2:
        return None
    at = int(good[np.argmax(late[good])])
    top = float(late[at])
    if late.size - at <= STILL or top <= before:
        return None
    if np.log(top / before) < AS_HIGH * np.log(growth.peak / before):
        return None
    return int(step[-late.size :][at]), top


def _aloft(past: FloatArray, future: FloatArray) -> int | None:
    """Of the first ten points from the onset on, those above twice all that came before it."""
    before = past[np.isfinite(past)]
    if before.size == 0 or before.min() <= 0:
        return None
    return int(np.sum(future[:10] > 2.0 * before.max()))


def _run_up(value: FloatArray, at: int, growth: Growth, noise: float | None) -> int | None:
    """Moves in an unbroken row, each upward by more than the noise and a tenth, that end at the peak.

    One where a single move reached it, or all but a small part of it, as after a bad batch or with new data; several
    where the rise feeds itself.
    """
    if growth.peak is None or at >= value.size:
        return None
    high = value[at:]
    top = at + int(np.nanargmax(np.where(np.isfinite(high), high, -np.inf)))
    count = 0
    while top - count >= 1 and count < LONGEST_RUN_UP:
        low, up = value[top - count - 1], value[top - count]
        if not np.isfinite(low) or up - low < max(noise or 0.0, 0.1 * abs(low)):
            break
        count += 1
    climbed = value[top - count : top + 1]
    if count > 1 and climbed.min() > 0:
        moves = np.diff(np.log(climbed))
        if moves.max() > AT_ONCE * moves.sum():
            return 1
    return count


def _step_ratio(future: FloatArray, before: float | None) -> float | None:
    """Level of the first ten points from the onset on over the level before."""
    near = future[:10]
    return ratio(median(near), before) if np.isfinite(near).sum() >= 5 else None


def _stepped(future: FloatArray, before: float | None, noise: float | None) -> float | None:
    """Factor of a step with which the rise began: beyond the noise, and what followed at once rose by far less."""
    broken = np.flatnonzero(~np.isfinite(future))
    y = future[: int(broken[0])] if broken.size else future
    if before is None or before <= 0:
        return None
    least = max(LEAST_STEP, 1.0 + OUT_OF_BAND * (noise or 0.0) / before)
    for k in (0, 1):  # the onset may be a point early
        if y.size < k + 4 or y[k : k + 4].min() <= 0:
            return None
        rose, on = float(y[k] / before), float(np.median(y[k + 1 : k + 4]) / y[k])
        if rose > least and FELL_BACK < on < np.sqrt(rose):
            return rose
    return None


def _sank(value: FloatArray) -> float | None:
    """How much of its way below zero the loss went in the last third of the run: near 0 for a loss with a floor.

    None unless it began above zero and ended below.
    """
    finite = value[np.isfinite(value)]
    if finite.size < 9:
        return None
    third = finite.size // 3
    start, late, end = (
        float(finite[0]),
        float(np.median(finite[-third - 2 : -third + 1])),
        float(np.median(finite[-3:])),
    )
    return (late - end) / (start - end) if start > 0 > end else None


def _level_before(past: FloatArray, judged: LossVerdict | None) -> float | None:
    if judged is not None and judged.onset is not None and judged.onset.level is not None:
        return judged.onset.level
    return median(past[-20:]) if past.size else None


def _noise_before(past: FloatArray, judged: LossVerdict | None) -> float | None:
    if judged is not None and judged.noise is not None and judged.noise > 0:
        return judged.noise
    return width(past[-200:])


def _start_level(value: FloatArray, judged: LossVerdict | None) -> float | None:
    if judged is not None and judged.start_level is not None and np.isfinite(judged.start_level):
        return judged.start_level
    finite = value[np.isfinite(value)]
    return median(finite[: max(1, value.size // 100)]) if finite.size else None


FEWEST_OF_AN_END = 6
"""Points below which the median of the last three holds the beginning too: fewer make the level at the end."""


def _end(value: FloatArray, judged: LossVerdict | None) -> float | None:
    """The level that the loss ended on, as the verdict has it; None where it was not finite there."""
    tail = value[-max(min(3, (value.size + 1) // 2), value.size // 20) :]
    if not np.isfinite(tail).any():
        return None
    known = judged is not None and judged.end_level is not None and np.isfinite(judged.end_level)
    if value.size < FEWEST_OF_AN_END:
        return median(tail)
    return judged.end_level if judged is not None and known else median(tail)


def _early_fall(value: FloatArray) -> float | None:
    good = value[np.isfinite(value)]
    if good.size < 6:
        return None
    return ratio(float(good[0]), median(good[1 + good.size // 100 : max(4, good.size // 10)]))


def _best(value: FloatArray) -> float | None:
    if value.size == 0:
        return None
    return float(smooth(value, 5 if value.size >= 10 else 1).min())


def _uniform_classes(start: float | None) -> int | None:
    if start is None or start <= 0:
        return None
    for c in UNIFORM_CLASSES:
        if abs(start / np.log(c) - 1.0) <= UNIFORM_TOLERANCE:
            return c
    return None


def _band(past: FloatArray) -> tuple[FloatArray, float] | None:
    """Residuals (log-like) of the past from its own smooth course, and their width."""
    if past.size < 8:
        return None
    y = carry(log_like(past))
    if not np.isfinite(y).all():
        return None
    rest = y - smooth(y, max(5, min(51, y.size // 8) | 1))
    sigma = max(scatter(rest) or 0.0, 1e-9)
    return rest, sigma


def _calm_steps(past: FloatArray, step: IntArray) -> int | None:
    """Steps that the calm points before the onset, which ``step`` goes up to, stand for: each up to the next point."""
    band = _band(past)
    if band is None:
        return None
    rest, sigma = band
    calm = np.abs(rest) < max(SPIKE_WIDTHS * sigma, 0.3)
    return int(np.diff(step)[calm[: step.size - 1]].clip(min=0).sum())


def _drift(past: FloatArray, noise: float | None) -> float | None:
    if past.size < 12 or not noise:
        return None
    tail = past[-max(8, past.size // 3) :]
    third = max(2, tail.size // 3)
    early, late = median(tail[:third]), median(tail[-third:])
    own = width(tail) or 0.0  # the noise of the run may be that of its calm end
    return None if early is None or late is None else float((late - early) / max(noise, own))


def _noise_trend(past: FloatArray) -> float | None:
    """Noise of the last quarter over that of the half before it, on the log: a loss that falls keeps its ratio."""
    if past.size < 24:
        return None
    y = log_like(past)
    quarter = past.size // 4
    return ratio(width(y[-quarter:]), width(y[quarter:-quarter]))


def _noise_growth(past: FloatArray) -> float | None:
    """The smaller of the growth of the noise on the log and as it is."""
    relative = _noise_trend(past)
    quarter = past.size // 4
    absolute = ratio(width(past[-quarter:]), width(past[quarter:-quarter])) if relative is not None else None
    return None if relative is None or absolute is None else min(relative, absolute)


def _noise_after(past: FloatArray, future: FloatArray) -> float | None:
    if past.size < 12 or np.isfinite(future).sum() < 12:
        return None
    settled = future[max(2, future.size // 10) :]
    both = log_like(np.concatenate([past[-400:], settled]))
    cut = min(past.size, 400)
    return ratio(width(both[cut:]), width(both[:cut]))


def _after_slope(future: FloatArray, before: float | None) -> float | None:
    finite = future[np.isfinite(future)]
    if finite.size < 6 or before is None:
        return None
    third = finite.size // 3
    early, late = float(np.median(finite[:third])), float(np.median(finite[-third:]))
    height = early - before
    return None if height == 0 else float((late - early) / abs(height))


def _flatness(value: FloatArray) -> float | None:
    finite = value[np.isfinite(value)]
    if finite.size < 5:
        return None
    course = smooth(finite, max(3, min(51, finite.size // 10) | 1))
    level = float(np.median(np.abs(finite)))
    low, high = np.percentile(course, [5, 95])
    return None if level == 0 else float((high - low) / level)


def _rising_points(future: FloatArray, before: float | None, noise: float | None) -> int:
    """Unbroken rise out of the band that leads to the first non-finite value, or to the peak."""
    broken = np.flatnonzero(~np.isfinite(future))
    stop = int(broken[0]) if broken.size else (int(np.argmax(future)) + 1 if future.size else 0)
    if stop == 0 or before is None:
        return 0
    limit = before + max(OUT_OF_BAND * (noise or 0.0), 0.05 * abs(before))
    above = future[:stop] > limit
    inside = np.flatnonzero(~above)
    return int(stop - (inside[-1] + 1 if inside.size else 0))


def _recovery(future: FloatArray, before: float | None, noise: float | None, growth: Growth) -> tuple[int, int] | None:
    """(points from the peak, points from the onset) until three points in a row are back in the band; None if never."""
    if before is None or future.size < 2 or growth.kind in ("none", "downward"):
        return None
    limit = before + max(OUT_OF_BAND * (noise or 0.0), 0.1 * abs(before))
    if growth.peak is not None and growth.peak > before:
        limit = min(limit, before + 0.5 * (growth.peak - before)) if growth.peak > limit else limit
    inside = np.isfinite(future) & (future <= limit)
    if not inside[-1] and not inside[-max(3, future.size // 20) :].mean() > 0.5:
        return None
    peak = int(np.nanargmax(np.where(np.isfinite(future), future, -np.inf)))
    for start, stop in longest_runs(inside[peak:]):
        if stop - start >= 3 or peak + stop == future.size:
            return int(start), int(peak + start)
    return None
