"""What really happened to a run: its verdict and onset, from its own curve, its twin's and another seed's.

All three are seen through the same logging view. The course a run should have kept is its own best level so far, or its
twin's level there when the plan of the training makes the loss rise; the loss has left it where it is above by more
than the scatter of two healthy seeds and the noise of the twin. Near a boundary more than one word is right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WANDER = ("gan", "dqn", "ppo", "wgan", "sac", "values")
"""Tasks whose losses may rise while all is well."""


@dataclass(frozen=True)
class Truth:
    """Acceptable words (the first is the nominal one) and the onset, as positions in the logged series."""

    words: tuple[str, ...]
    onset: int | None = None
    low: int | None = None
    high: int | None = None
    noise: float = 0.0
    """Noise of the healthy twin around its course, in units of the transform (a share of a positive level)."""
    numbers: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """s, b and e: start, best and end level."""
    as_twin: bool = False
    """It had left its course before its fault, and never parted from its twin: not by the fault."""


def rolling(a: Floats, width: int, q: float = 50) -> Floats:
    """A centred rolling quantile; windows shrink at the ends, NaN is left out."""
    width = max(1, min(width | 1, len(a)))
    if width <= 1:
        return a.copy()
    import pandas as pd

    return pd.Series(a).rolling(width, center=True, min_periods=1).quantile(q / 100).to_numpy(np.float64)


def transform(*curves: Floats) -> tuple[Floats, ...]:
    """Logarithms when all values are positive, else asinh around the healthy level."""
    finite = [c[np.isfinite(c)] for c in curves]
    both = np.concatenate([*finite, np.ones(1)])
    if (both > 0).all():
        return tuple(np.log(np.where(c > 0, c, np.nan)) for c in curves)
    healthy = finite[1] if len(finite) > 1 and len(finite[1]) > 2 else both
    middle = float(np.median(healthy))
    width = float(np.median(np.abs(healthy - middle))) + 1e-12
    return tuple(np.arcsinh((c - middle) / (3 * width)) for c in curves)


def levels(y: Floats, onset: int) -> tuple[float, float, float]:
    """s, b and e: median of the first 1 %, best smoothed level before the onset, median of the last 5 %."""
    n = len(y)
    finite = np.where(np.isfinite(y), y, np.nan)
    if not np.isfinite(finite[: max(1, onset)]).any():
        return float("nan"), float("nan"), float("nan")
    with np.errstate(all="ignore"):
        begun = finite[: max(1, min(n // 100, onset))]  # bad from the start: the level is that before it went bad
        s = float(np.nanmedian(np.append(begun, finite[np.isfinite(finite)][0])))
        smooth = rolling(finite[: max(1, onset)], max(3, n // 50))
        b = float(np.nanmin(smooth)) if np.isfinite(smooth).any() else s
        last = y[-max(3, n // 20) :]
        e = float(np.median(last)) if np.isfinite(last[-1]) else float("nan")
    return s, b, e


def noise_of(z: Floats) -> tuple[Floats, float]:
    """Noise of a curve around its rolling median: local (n,) and overall."""
    n = len(z)
    if not np.isfinite(z).any():
        return np.full(n, 0.05), 0.05
    residual = np.abs(z - rolling(z, max(5, n // 15)))
    overall = 1.48 * float(np.nanmedian(residual)) if np.isfinite(residual).any() else 0.0
    return 1.48 * rolling(residual, max(9, n // 6)), overall


@dataclass(frozen=True)
class Course:
    """The departure of a curve from the course it should have kept, and the thresholds for it."""

    d: Floats
    """Lightly smoothed departure above the course."""
    raw: Floats
    """The same, point by point."""
    near: Floats
    clear: Floats
    noise: float
    z: Floats
    z0: Floats


def course(y: Floats, twin: Floats, other: Floats, *, own_only: bool = False, planned: bool = True) -> Course:
    """Departures upward, all in units of the transform, thresholds from noise and from the scatter of two seeds."""
    n = len(y)
    z, z0, z1 = transform(y, twin, other)
    wide, light = max(3, n // 50), max(1, n // 150) | 1
    smooth0, smooth1 = rolling(z0, wide), rolling(z1, wide)
    sigma, overall = noise_of(z0)
    mine, _ = noise_of(np.where(np.isfinite(z), z, np.nan))
    mine = np.where(np.isfinite(mine), mine, 0.0)
    before = np.fmax(sigma, np.fmin(mine, 3.0 * float(np.median(mine))))  # that of a loss that failed dates no failure
    sigma = np.fmax(sigma, mine)
    best = lowest(z, wide)
    keep = best if own_only or not planned else np.fmax(best, smooth0)
    keep = np.where(np.isfinite(keep), keep, smooth0)
    d = np.where(np.isfinite(z), rolling(z, light), np.inf) - keep
    if own_only:
        scatter = np.zeros(n)
    else:
        # what a second healthy seed does by the same measure is the scatter
        against = smooth1 - (np.fmax(lowest(z1, wide), smooth0) if planned else lowest(z1, wide))
        scatter = rolling(np.fmax(against, 0), max(9, n // 6), 90 if planned else 60)
        # the data order is shared: a point equal to the twin's is no departure, however noisy
        point = np.where(np.isfinite(z), z, np.inf) - np.where(np.isfinite(z0), z0, smooth0)
        d = np.where(np.abs(point) < 1e-6, np.minimum(d, 0), d)
    raw = np.where(np.isfinite(z), z, np.inf) - keep
    base, early = (np.fmax(np.fmax(noise * max(light**-0.5, 0.6), scatter), 0.01) for noise in (sigma, before))
    base, early = (np.where(np.isfinite(a), a, 0.05) for a in (base, early))
    return Course(d, raw, 1.2 * early, 3.0 * base, overall, z, z0)


def lowest(z: Floats, wide: int) -> Floats:
    """The best smoothed level before each point; never far above the very first, however short that was kept."""
    smooth = rolling(np.where(np.isfinite(z), z, np.nan), wide)
    best = np.fmin.accumulate(np.where(np.isfinite(smooth), smooth, np.inf))
    first = z[0] if np.isfinite(z[0]) else best[0]
    best = np.concatenate([[first], np.fmin(best[:-1], first + 0.5)])
    return np.where(np.isfinite(best), best, np.nan)


def last_departure(c: Course) -> tuple[int, int, int] | None:
    """(low, onset, high) of the departure that lasts to the end, or None."""
    n = len(c.d)
    tail = max(3, n // 20) if n >= 12 else 2
    ended = c.d[-tail:]
    if not (np.median(ended) > np.median(c.clear[-tail:]) or not np.isfinite(ended[-1])):
        return None
    calm = rolling(c.d, 5 if n > 60 else 3 if n > 25 else 1) <= c.near
    calm[-1] = False
    back = np.flatnonzero(calm[: n - 1])
    onset = int(back[-1]) + 1 if len(back) else 0
    half = 2 if n > 60 else 1 if n > 25 else 0
    # the median has lagged by up to half its width: step to the first point that is out by itself
    out = np.flatnonzero(c.d[max(0, onset - half) : onset + half + 1] > c.near[max(0, onset - half) : onset + half + 1])
    onset = max(0, onset - half) + int(out[0]) if len(out) else onset
    if (
        n - onset < max(4, 0.03 * n)
        and np.isfinite(ended).all()
        and np.median(c.d[onset:]) < 2 * np.median(c.clear[onset:])
    ):
        return None  # a few points at the end, hardly out: noise does that
    clear = np.flatnonzero(c.d[onset:] > c.clear[onset:])
    high = onset + int(clear[0]) if len(clear) else onset
    quiet = np.flatnonzero(c.d[:onset] <= 0.3 * c.near[:onset])
    low = int(quiet[-1]) + 1 if len(quiet) else 0
    return min(low, onset), onset, high


def spike(y: Floats, c: Course, start: int) -> tuple[int, float] | None:
    """The first point of the largest excursion that came back, from ``start`` on, and its height in noise widths.

    It stands out of the noise of the twin; the height is in widths of the run's own, where that is noisier.
    """
    width = max(c.noise, 0.01)
    best: tuple[int, float] | None = None
    raw = np.where(np.isfinite(c.z), c.z, np.inf) - np.fmin(
        rolling(np.where(np.isfinite(c.z), c.z, np.nan), max(7, len(y) // 12)), 1e30
    )
    raw = np.where(np.isfinite(raw) | ~np.isfinite(c.z), raw, 0.0)
    raw = np.where(c.raw > c.clear, raw, 0.0)
    floor = 8 * width + 1.5 * max(0.0, float(np.nanmax(np.append(c.z0 - rolling(c.z0, max(7, len(y) // 12)), 0.0))))
    high = np.fmax(raw, np.where(c.d > c.clear, c.d, 0.0))
    high[: max(start, len(y) // 100, 1)] = 0
    if not (
        y[np.isfinite(y)] > 0
    ).all():  # near a level of zero a share says little: it must matter to all that was gained
        s, b, _ = levels(y, len(y))
        high[~(y - rolling(np.where(np.isfinite(y), y, np.nan), max(7, len(y) // 12)) > 0.02 * abs(s - b))] = 0
    high[-1:] = 0
    for k in np.flatnonzero(high > floor):
        if best is None or high[k] > best[1]:
            best = (int(k), float(high[k]))
    if best is None:
        return None
    k = best[0]
    while k > start and high[k - 1] > 3 * c.near[k - 1]:
        k -= 1
    own = noise_of(np.where(np.isfinite(c.z), c.z, np.nan))[1]  # what is noisy throughout shows no spike for sure
    return k, (best[1] / max(width, own) if np.isfinite(best[1]) else 1e6)


def words_of(y: Floats, c: Course, onset: int, *, factor: float = 1.0, twin: Floats | None = None) -> str:
    """The word for a departure that lasts, every threshold moved by ``factor``.

    ``twin``: of a loss that may rise while all is well. It has no progress to lose, so that an explosion must also take
    it farther above its twin's end than the twin ever went, or to ten times that.
    """
    s, b, e = levels(y, onset)
    if not np.isfinite(y[-1]):
        return "nan"
    top = s - b
    if not top > 0:
        top = max(abs(b) * 0.05, 1e-12) if np.isfinite(b) else 1e-12
    r = (e - b) / top
    positive = b > 0 and e > 0 and s > 0
    if positive:
        exploded = (e >= 10 * factor * b and r >= 0.05 * factor) or r >= 1.0 * factor
    else:
        exploded = abs(e - b) >= 10 * factor * top
    if exploded and twin is not None and np.isfinite(twin).any():
        usual = max(b, levels(twin, len(twin))[2])
        wide = float(np.nanpercentile(twin, 95) - np.nanpercentile(twin, 5))
        exploded = e - usual >= factor * wide or (positive and e >= 10 * factor * usual)
    if exploded:
        return "exploded"
    n = len(y)
    few = max(3, n // 100) if n > 40 else 2
    after = c.d[onset : onset + few + 1]
    rest = c.d[onset + few :]
    if len(rest) > 2 and len(after):
        reached, later = float(np.max(after)), float(np.median(rest[-max(3, len(rest) // 4) :]))
        if (
            later <= reached * 1.15 * factor + float(np.median(c.near))
            and reached > float(np.median(c.clear))
            and r < 0.5 * factor
        ):
            return "shifted"
    return "diverged" if r >= 0.1 * factor else "healthy"


def plateau_gain(y: Floats) -> float:
    """By what share the best smoothed level is better than the first."""
    n = len(y)
    s = float(np.median(y[np.isfinite(y)][: max(1, n // 100)]))
    b = float(np.nanmin(rolling(y, max(3, n // 50))))
    return (s - b) / max(abs(s), 1e-12)


def judge_train(
    y: Floats,
    twin: Floats,
    other: Floats,
    start: int,
    *,
    healthy: bool,
    wander: bool,
    twin_failed: bool = False,
    planned: bool = True,
) -> Truth:
    """The truth of one training loss. ``start``: the logged point before which nothing was wrong."""
    n = len(y)
    lost = healthy and not np.isfinite(y[-1])  # a twin is no course for itself when it is lost
    c = course(y, twin, other, own_only=twin_failed or lost, planned=planned)
    falling = None if healthy else runaway_down(y, twin, c, start)
    sunk = falling is not None and falling[2] > 3 and bool(np.isfinite(y[-1]))
    departure = None if sunk else last_departure(c)
    alone: tuple[str, ...] = ()
    if departure is None and not wander and n >= 5:
        mine = course(y, twin, other, own_only=True)
        place = last_departure(mine)
        if place is not None:
            nominal = words_of(y, mine, place[1])
            near = [words_of(y, mine, place[1], factor=f) for f in (1 / 1.5, 1.5)]
            if nominal in ("nan", "exploded", "diverged", "shifted"):
                alone = tuple(dict.fromkeys((nominal, "shifted", *near)))
        if place is not None and alone and healthy:
            if alone[0] in ("diverged", "shifted") or float(np.median(mine.d[-max(3, n // 20) :])) < 3 * mine.noise:
                alone = (*alone, "exploded", "diverged") if y[-1] > 10 * abs(levels(y, place[1])[1]) else alone
            # without a plan that makes the loss rise (restarts, ramps, a curriculum) the setting itself was bad
            fine = ("healthy",) if planned or alone[0] in ("diverged", "shifted") else ()
            words = tuple(dict.fromkeys((*alone, *fine)))
            return Truth(words, place[1], place[0], place[2], mine.noise, levels(y, place[1]))
    if n < 5:
        return Truth(
            ("inconclusive", "healthy", "nan") if np.isfinite(y[-1]) else ("nan", "inconclusive"), noise=c.noise
        )
    if departure is not None:
        low, onset, high = departure
        if not healthy:
            low = min(low, first_parting(y, twin, onset))
        if falling is not None and falling[0] < onset:  # lost its floor before it was lost
            low, onset, high = falling[0], falling[0], falling[1]
        onset, low, high = max(onset, start), max(low, start), max(high, start)
        onset, high = min(onset, n - 1), min(high, n - 1)
        beside = twin if wander and not healthy else None
        nominal, *near = (words_of(y, c, onset, factor=f, twin=beside) for f in (1.0, 1 / 1.5, 1.5))
        words = [nominal, *near]
        if nominal == "shifted":
            words.append("diverged")
        if nominal in ("diverged", "shifted", "healthy"):
            gain = plateau_gain(np.where(np.isfinite(y), y, np.nan))
            if gain < 0.08:
                words.append("plateau")
        if wander and nominal in ("diverged", "shifted", "plateau"):
            words.append("healthy")
        s_level, b_level, e_level = levels(y, onset)
        own_noise = noise_of(np.where(np.isfinite(c.z), c.z, np.nan))[1]
        if nominal in ("diverged", "shifted") and float(np.median(c.d[-max(3, n // 20) :])) < 3 * own_noise:
            words.append("healthy")
        if (
            b_level > 0
            and e_level >= 10 * b_level
            and 0.005 <= (e_level - b_level) / max(s_level - b_level, 1e-30) < 0.1
        ):
            words += ["exploded", "diverged", "healthy"]  # ten times the best, yet little of all that was gained
        if n < 12 and np.isfinite(y[-1]) and y[-1] > 10 * abs(b_level):
            words.append("exploded")
        if n < 12 and nominal not in ("nan", "exploded"):
            words += ["shifted", "diverged", "healthy"]
        if n < 8:
            words.append("inconclusive")
        if nominal == "diverged" and float(np.median(c.d[-3:])) < 1.5 * float(np.median(c.clear[-3:])):
            words.append("healthy")
        if set(words) == {"healthy"}:
            return quiet(y, c, start, healthy)
        return Truth(tuple(dict.fromkeys(words)), onset, low, high, c.noise, levels(y, onset))
    if not np.isfinite(y[-1]):
        first = mostly_lost(y)
        return Truth(("nan",), first, first, first, c.noise, levels(y, first))
    wide = swings(y, y[: n // 2], other) if healthy else swings(y, twin, other)
    if wide is not None and (falling is None or wide <= falling[0]):
        onset = max(wide, start)
        return Truth(
            ("exploded",), onset, max(start, onset - n // 50), min(n - 1, onset + n // 50), c.noise, levels(y, onset)
        )
    if falling is not None:
        onset, far = min(max(falling[0], start), n - 1), falling[2]
        last = y[-max(4, n // 4) :]
        goes_on = float(np.median(last[: len(last) // 2]) - np.median(last[len(last) // 2 :])) > 0.05 * far * abs(
            last[-1]
        )
        lasting = far > 3 and goes_on
        words_down: tuple[str, ...] = (
            ("exploded", "val-diverged") if lasting else ("exploded", "healthy", "val-diverged")
        )
        words_down = ("exploded",) if wide is not None else words_down
        high = min(n - 1, max(onset + 2, falling[1]))
        return Truth(words_down, onset, onset, high, c.noise, levels(y, onset))
    calm = quiet(y, c, start, healthy)
    if wander and calm.words[0] in ("plateau", "diverged", "shifted"):
        alone = (*alone, "healthy", "spike-recovered")
    words = (*calm.words, *(w for w in alone if w not in calm.words))
    return Truth(words, calm.onset, calm.low, calm.high, calm.noise, calm.numbers)


def first_parting(y: Floats, twin: Floats, onset: int) -> int:
    """Where a run began to differ from its twin at all on the way to its onset; the twin has the same data order."""
    z, z0 = transform(y, twin)
    wide = max(3, len(y) // 60)
    apart = rolling(z - z0, wide)[: onset + 1]
    level = 0.3 * max(float(np.nan_to_num(apart[-1])), 0.0)
    together = np.flatnonzero(~(apart > max(level, 1e-4)))
    return int(together[-1]) + 1 if len(together) else 0


def mostly_lost(y: Floats) -> int:
    """The first non-finite point after which four fifths are not finite either."""
    bad = ~np.isfinite(y)
    share = np.cumsum(bad[::-1])[::-1] / np.arange(len(y), 0, -1)
    return int(np.flatnonzero(bad & (share >= 0.8))[0])


def swings(y: Floats, twin: Floats, other: Floats) -> int | None:
    """Where a sign-changing loss began to swing ten times wider than both healthy runs ever were, if it ends so."""
    healthy = np.concatenate([twin[np.isfinite(twin)], other[np.isfinite(other)]])
    if not len(healthy) or (y[np.isfinite(y)] > 0).all():
        return None
    middle = float(np.median(healthy))
    span = float(np.percentile(np.abs(healthy - middle), 98)) + 1e-12
    wide = np.abs(y - middle)
    late, early = float(np.median(wide[-max(3, len(y) // 20) :])), float(np.median(wide[: max(3, len(y) // 20)]))
    if not (late > 10 * span and late > 3 * early):
        return None
    return int(np.flatnonzero(wide > 3 * span)[0])


def runaway_down(y: Floats, twin: Floats, c: Course, start: int) -> tuple[int, int, float] | None:
    """Where a loss without a floor left its twin downward for good, where that was past all doubt, and how far it went.

    The first by the noise there was before the fault, the second by that of the runaway; in ranges of the twin.
    """
    s, b, _ = levels(twin, len(twin))
    wide = float(np.nanpercentile(twin, 95) - np.nanpercentile(twin, 5)) if np.isfinite(twin).any() else 0.0
    span = max(s - b, wide, 0.05 * abs(b), 1e-9)
    end = float(np.median(y[np.isfinite(y)][-3:])) if np.isfinite(y).any() else 0.0
    far = (b - end) / span if end < 0 else 0.0
    if not far > 1.0:
        return None
    below = rolling(c.z0 - c.z, 3)
    before = np.minimum(c.near, max(float(np.median(c.near[: max(5, start)])), 1.2 * c.noise))
    parted, clear = (np.flatnonzero(below <= level) for level in (before, c.near))
    return (int(parted[-1]) + 1 if len(parted) else 0), (int(clear[-1]) + 1 if len(clear) else 0), far


def quiet(y: Floats, c: Course, start: int, healthy: bool) -> Truth:
    """The truth of a run that ended inside its course: a spike that came back, a plateau, or nothing."""
    finite = y[np.isfinite(y)]
    found = spike(y, c, start)
    gain = plateau_gain(np.where(np.isfinite(y), y, np.nan)) if len(finite) > 2 else 1.0
    words: list[str] = []
    onset: int | None = None
    if found is not None and (~np.isfinite(y[:-1])).any():
        words, onset = ["spike-recovered", "healthy"], found[0]
    elif found is not None:
        onset = found[0]
        words = ["spike-recovered"] if found[1] > 12 else ["spike-recovered", "healthy"]
        if found[1] > 8 and float(np.median(c.d[-max(3, len(y) // 5) :])) > float(np.median(c.near)):
            words.append("shifted")
    elif own_spike(c, len(y)) > (8.0 if healthy else 5.5):
        words = ["healthy", "spike-recovered"]
    if gain < 0.05 and float(np.nanmin(finite, initial=1.0)) <= 0 and abs(gain) > 0.005:
        words = [*(words or ["healthy"]), "plateau"]  # a share of a level near or below zero says little
    elif gain < 0.05 or (not healthy and flat(y, c)):
        # a point that might be a spike makes no flat run healthy
        tail = slice(-max(3, len(y) // 20), None)
        no_worse = not healthy and bool(np.nanmedian(c.z[tail]) - np.nanmedian(c.z0[tail]) < 0.1)
        sure = gain < 0.033 and not no_worse  # flat as its twin is: both may have arrived
        fine = [] if sure or (not healthy and flat(y, c)) else ["healthy"]
        words = ["plateau", *fine, *(w for w in words if w != "healthy")]
        onset = onset if onset is not None else 0
    elif gain < 0.08:
        words = [*(words or ["healthy"]), "plateau"]
    elif not healthy and stuck(c):
        words = ["plateau", "healthy", *words]
        onset = onset if onset is not None else 0
    if not words:
        words = ["healthy"]
    if not healthy and float(np.median(c.d[-max(2, len(y) // 20) :])) > 1.5 * float(np.median(c.near)):
        out = ["diverged", "shifted"] + (["exploded"] if len(y) < 12 else [])
        if start > 0 and words[0] == "plateau":
            words, onset = [*out, "healthy", *words], start
        else:
            words += [*out, *(["healthy"] if words[0] != "plateau" else [])]
        if len(y) > 2 and y[-1] > 10 * abs(levels(y, len(y) - 1)[1]) and c.raw[-1] > c.clear[-1]:
            words.append("exploded")  # in its last point, too late to say more
    if len(y) < 8:
        words.append("inconclusive")
    return Truth(tuple(dict.fromkeys(words)), onset, onset, onset, c.noise, levels(y, len(y)))


def flat(y: Floats, c: Course) -> bool:
    """No better at its end than at its beginning but for noise, on a level that the twin left far behind."""
    z = c.z
    third = len(z) // 3
    if third < 3 or not np.isfinite(z).all() or not (y > 0).all():
        return False
    first, last = float(np.median(z[:third])), float(np.median(z[-third:]))
    behind = last - float(np.nanmedian(c.z0[-max(3, len(z) // 20) :]))
    return abs(first - last) < 0.03 and abs(float(z[0]) - first) < 4 * c.near[0] + 0.05 and behind > 0.3


def stuck(c: Course) -> bool:
    """Flat from the first twentieth on, on a level that the twin left far behind: the trivial level."""
    z = c.z[len(c.z) // 20 :]
    if len(z) < 8 or not np.isfinite(z).all():
        return False
    smooth = rolling(z, max(3, len(z) // 10))
    return bool(
        smooth[0] - smooth.min() < 0.05 and smooth[-1] - float(np.nanmedian(c.z0[-max(3, len(z) // 20) :])) > 0.3
    )


def own_spike(c: Course, n: int) -> float:
    """The highest point above the rolling median, in local noise widths, after the first twentieth."""
    middle = rolling(c.z, max(7, n // 12))
    local = rolling(np.abs(c.z - middle), max(9, n // 5)) * 1.48
    above = np.fmin(c.z - middle, c.z - lowest(c.z, max(3, n // 50)))
    high = (above / np.fmax(local, 0.01))[max(1, n // 20) :]
    return float(np.nanmax(np.append(high, 0.0)))


def judge_val(v: Floats, twin: Floats | None = None, start: int = 0) -> Truth:
    """The truth of a validation loss while training is fine: diverged, overfit or nothing, from its own course.

    ``start``: the logged point before which nothing was wrong. Where the loss had left its course before, as its
    ``twin`` had, its onset is where it parted from that.
    """
    n = len(v)
    if n < 5:
        return Truth(("healthy",))
    if not np.isfinite(v[-1]):
        first = int(np.flatnonzero(~np.isfinite(v))[0])
        return Truth(("val-diverged", "nan"), *(max(first, start),) * 3)
    w = np.where(np.isfinite(v), v, np.nanmax(np.append(v[np.isfinite(v)], 0)))
    smooth = rolling(w, max(3, n // 25))
    low = int(np.argmin(smooth))
    s, b = float(np.median(w[: max(1, n // 100)])), float(smooth[low])
    e = float(np.median(w[-max(3, n // 20) :]))
    noise = 1.48 * float(np.median(np.abs(np.diff(w)))) / 1.4 + 1e-12
    if low >= 8:  # that of a loss that failed dates no failure
        noise = min(noise, 3 * 1.48 * float(np.median(np.abs(np.diff(w[: low + 1])))) / 1.4 + 1e-12)
    top = s - b if s > b else max(0.05 * abs(b), 1e-12)
    r = (e - b) / top
    if e - b < 3 * noise or low >= n - 2 or e - b < 0.03 * abs(b):
        words = ["healthy"] if e - b < 2 * noise else ["healthy", "overfit"]
        above = w - rolling(w, max(5, n // 12))
        if n >= 8 and float(above[max(1, n // 50) :].max()) > 6 * noise:
            words.append("spike-recovered")
        return erratic(w, b, noise) or Truth(tuple(words), noise=noise)
    level = b + max(noise, 0.02 * abs(b))
    back = np.flatnonzero(smooth[:-1] <= level)
    onset = int(back[-1]) + 1 if len(back) else 0
    blown = (b > 0 and e >= 10 * b and r >= 0.05) or r >= 1
    nearly = (b > 0 and e >= 6.7 * b and r >= 0.03) or r >= 0.67  # little of all that was gained is little
    words = ["val-diverged", "overfit"] if blown else ["overfit", "val-diverged"] if nearly else ["overfit"]
    if blown and (b > 0 and e >= 15 * b) and onset and w[min(n - 1, onset + 1)] > 5 * b:
        words = ["val-diverged"]
    if not blown and (r < 0.15 or (e - b) < 0.05 * abs(b)):
        words = ["healthy", "overfit"] if r < 0.07 or e - b < 0.03 * abs(b) else ["overfit", "healthy"]
    truth = Truth(tuple(words), onset, min(low, onset), min(n - 1, onset + max(1, (n - onset) // 4)), noise, (s, b, e))
    return truth if onset >= start or twin is None else from_fault(truth, w, twin, start)


def from_fault(truth: Truth, v: Floats, twin: Floats, start: int) -> Truth:
    """The truth of a validation loss that had left its course before the fault: it parted from its twin after that."""
    n = len(v)
    apart = v - np.where(np.isfinite(twin), twin, v)
    level = max(truth.noise, 0.02 * abs(truth.numbers[1]))
    if float(np.median(apart[-max(3, n // 20) :][-(n - start) :])) <= 2 * level:
        return replace(truth, as_twin=True)
    together = np.flatnonzero(apart[start:] <= level)
    onset = min(start + (int(together[-1]) + 1 if len(together) else 0), n - 1)
    clear = np.flatnonzero(apart[onset:] > 3 * level)
    return replace(truth, onset=onset, low=start, high=onset + (int(clear[0]) if len(clear) else n - 1 - onset))


def erratic(w: Floats, b: float, noise: float) -> Truth | None:
    """A validation loss that jumps by factors and ends low by luck: both words."""
    if b > 0 and float(np.percentile(w[len(w) // 4 :], 90)) > 10 * b:
        return Truth(("val-diverged", "spike-recovered", "healthy"), int(np.argmax(w)), 0, len(w) - 1, noise)
    return None


def summary(truth: Truth) -> dict[str, Any]:
    return {"words": list(truth.words), "onset": truth.onset, "low": truth.low, "high": truth.high}
