"""From the fit of one loss to one word, with the numbers that decided."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from losslens.detector import Departure, SeriesFit
from losslens.detector.departure import BAND_WIDTHS
from losslens.detector.excursions import whole as whole_excursion
from losslens.detector.search import highest_level
from losslens.model import Verdict
from losslens.verdict import bursts, spikes
from losslens.verdict.calm import FEWEST_CALM, calm_points, fell_from
from losslens.verdict.cap import cut_off
from losslens.verdict.digits import below_its_digits, rounded, seen
from losslens.verdict.downward import has_no_floor, runs_downward
from losslens.verdict.plateau import PEAK_POINTS, PLATEAU_SHARE, at_a_guess, frozen_throughout, plateau
from losslens.verdict.uneventful import uneventful, with_late_rise
from losslens.verdict.word import EXPLODED_FACTOR, NEAR, PEAK_WIDTHS, Word, first_level, left_level, number, rough

MIN_POINTS = 4
"""One to three points are no course."""

EXPLODED_RATIO = 1.0
"""r >= 1: all progress lost (definition) …"""

EXPLODED_LEAST = 1.5
"""… by a rise of this factor at least: a loss that began near its best, as in fine-tuning, had next to none to lose."""

DIVERGED_RATIO = 0.1
"""r >= 0.1: diverged (definition)."""

SHIFTED_RATIO = 0.5
"""A step up with r below this is a shift (definition)."""

SHIFTED_LEAST = 0.05
"""A step that costs less of the progress than this does not matter."""

LOG_SHARE = 0.5
"""A rise that is small against the whole progress still matters when it undoes this share of it in decades …"""

DECADES_RATIO = 0.05
"""… and at least this share of it as it is."""

TENFOLD_SHARE = 0.2
"""A rise by a factor of ten and more matters from this share of the progress in decades on, …"""

FIVEFOLD, FIVEFOLD_SHARE = 5.0, 1 / 3
"""… one by this factor from this share on, …"""

FLOOR = 1e-5
"""… unless it began below this share of the first level, where rounding and the printed digits rule."""

SETTLED_AT = 0.1
"""Share of the run after which a first transient (a huge loss of the untrained net, or thrown up at once) is over …"""

SETTLED_RATIO = 0.5
"""… and a rise that undoes so much of the progress since then counts …"""

SETTLED_FACTOR = 1.5
"""… when it multiplies the loss by at least this."""

SECOND_POINTS = 4
"""Where the first value alone is huge, the progress that can be lost is that since the second to fourth."""

PLATEAU_RISE = 0.1
"""A plateau that ends no more than this share above its first level is a plateau still."""

NOWHERE = 1e12
"""A first loss above this, or none that is finite, …"""

FROM_NOWHERE = math.log(1e6)
"""… that has fallen by this since …"""

STILL_FALLING = math.log(3.0)
"""… and by this from the third quarter of the run to the last …"""

NOT_ARRIVED = 1e5
"""… without coming below this was thrown there before the first line."""

BEYOND_REASON = 1e18
"""No net that trains has such a loss: its square does not fit a 32-bit float any more."""

WANDER_FACTOR = 3.0
"""Losses that play against each other or chase a target count only from this factor above their best level on, with
all progress lost."""

TOLD_FROM = 0.01
"""A smaller share of the progress says nothing of a rise that counts for its factor."""

TWICE = 2.0
"""A rise to less than this factor above the start is told without it."""


def _cost(fit: SeriesFit, d: Departure, ratio: float) -> str:
    """What a rise cost: a share of the progress, or how far above its start it took a loss that had lost it all.

    Empty where that says nothing: of a loss that fell by decades, and of one that had hardly begun to fall.
    """
    if ratio < TOLD_FROM:
        return ""
    late = fit.begins_late
    if ratio < 1.0:
        return f", {rough(100 * ratio)} % of its progress{' since the log begins' if late else ''} lost"
    first = first_level(fit)
    if d.top < first and fit.value[0] == first:
        return f", above the level of its first points ({number(fit.start)}; its first value was {number(first)})"
    if fit.transform.kind == "log" and first > 0 and d.top >= TWICE * first:
        return f", {rough(d.top / first)} times its first value" if first > TWICE * d.base else ""
    if late:
        return f", above where the log begins ({number(first)})"
    began = "its first value was" if fit.value[0] == first else "it began near"
    return f", all of its progress lost ({began} {number(first)})"


def decide(fit: SeriesFit, *, wanders: bool = False) -> Word:
    """The word for one loss seen alone; first match wins.

    ``wanders``: losses of adversarial games and of moving targets rise while all is well, so only an explosion counts.
    """
    if fit.ends_nonfinite:
        return _nan(fit)
    if fit.n_finite < MIN_POINTS:
        return Word(
            Verdict.INCONCLUSIVE,
            f"{fit.n_finite} finite {'point is' if fit.n_finite == 1 else 'points are'} too few to see a course",
        )
    if _fell_from_nowhere(fit):
        began = "NaN or Inf" if fit.index[0] else number(float(fit.value[0]))
        text = f"began at {began}, beyond what any net has, and was "
        text += "so still" if fit.end >= BEYOND_REASON else "still falling by powers of ten"
        text += " at its end"
        flat = fit.start - fit.best < PLATEAU_SHARE * fit.start
        also = Verdict.PLATEAU if flat else Verdict.SPIKE_RECOVERED
        return Word(Verdict.EXPLODED, f"{text}, {number(fit.end)}{cut_off(fit.value)}", NEAR, also)
    if (least := below_its_digits(fit)) is not None:
        text = f"is next to nothing in the digits that were printed of it, {number(float(fit.value.max()))} at most"
        return Word(Verdict.HEALTHY, f"{text} in units of {number(least)}")
    fit = _to_its_last(fit)
    if fit.departure is not None and not _still_flat(fit, fit.departure) and not rounded(fit, fit.departure):
        word = _departed(fit, fit.departure, wanders)
        if word is None and not wanders and not _outdone(fit, fit.departure) and undid(fit, fit.departure):
            word = _stepped(fit, fit.departure)
        if word is not None:
            return word
    if not wanders and fit.runaway is not None:
        return runs_downward(fit, fit.runaway)
    if not wanders and has_no_floor(fit):
        first, last = (number(float(fit.value[i])) for i in (0, -1))
        text = f"fell without slowing from {first} to {last}: it has no floor"
        return Word(Verdict.EXPLODED, text, NEAR, Verdict.HEALTHY)
    if fit.swing is not None:
        return _swinging(fit, fit.swing)
    if not wanders and (guess := at_a_guess(fit)) is not None:
        return guess
    spike = spikes.find(fit, wanders)
    if spike is not None and _beyond_start(fit):
        return spike
    if (level := frozen_throughout(fit) if wanders else plateau(fit)) is not None:
        return with_late_rise(level, fit, fit.departure)
    if spike is not None:
        return spike
    if not wanders and (burst := bursts.find(fit)) is not None:
        return burst
    return uneventful(fit, wanders=wanders)


def _nan(fit: SeriesFit) -> Word:
    at = f"{fit.axis.removesuffix('s')} {fit.first_nonfinite:,}"
    if fit.n_finite == 0:
        return Word(Verdict.NAN, f"not finite anywhere, from {at} on")
    before = fit.value[fit.step < fit.first_nonfinite] if fit.first_nonfinite is not None else fit.value
    since = fit.n_finite - before.size
    end = "the end" if not since else f"the end but for {since} {'value' if since == 1 else 'values'}"
    d = fit.departure if fit.departure is not None and matters(fit, fit.departure) else fit.runaway
    if d is None:
        calm = "a calm " if calm_points(before, fit.noise_level) >= FEWEST_CALM else ""
        last = f", from {calm}{number(float(before[-1]))}" if before.size else ""
        if (level := fell_from(before)) is not None:
            last = f", from {number(float(before[-1]))}, to which it had fallen at once from {number(level)}"
        return Word(Verdict.NAN, f"not finite from {at} to {end}{last}")
    left = f"had left {number(left_level(fit, d))} at {fit.place(d.onset)}"
    if d.from_start:
        left = f"had risen from its first value, {number(float(fit.value[0]))},"
    return Word(Verdict.NAN, f"not finite from {at} to {end}; it {left} and reached {number(d.peak)}", departure=d)


def _fell_from_nowhere(fit: SeriesFit) -> bool:
    """Whether a loss was lost before its first line and has been coming down by powers of ten, or not far, since."""
    if fit.transform.kind != "log" or fit.n_finite < MIN_POINTS or not (fit.index[0] or fit.value[0] >= NOWHERE):
        return False
    if fit.end >= BEYOND_REASON:
        return fit.departure is None
    quarter = max(2, fit.n_finite // 4)
    late = float(np.median(fit.z[-2 * quarter : -quarter]) - np.median(fit.z[-quarter:]))
    return float(fit.z[0] - fit.z[-1]) >= FROM_NOWHERE and late >= STILL_FALLING and fit.end >= NOT_ARRIVED


def _to_its_last(fit: SeriesFit) -> SeriesFit:
    """The fit with a rise as high as its very last point where that alone exploded: a run dies of such a one, and the
    level of the last few points, by which a rise is measured, holds what led to it."""
    d = fit.departure
    if d is None or fit.transform.kind != "log" or fit.value[-1] < max(EXPLODED_FACTOR * d.top, d.peak):
        return fit
    z = float(fit.z[-1])
    rise = d.rise + z - float(fit.transform.forward(np.array([d.top]))[0])
    return replace(fit, departure=replace(d, top=float(fit.value[-1]), rise=rise, widths=rise / fit.noise))


def _departed(fit: SeriesFit, d: Departure, wanders: bool) -> Word | None:
    """exploded, shifted or diverged; None when the rise does not matter."""
    if d.stepped:
        return None
    ratio = fit.ratio
    factor = d.top / d.base if fit.transform.kind == "log" and d.base > 0 else math.nan
    counts = matters(fit, d)
    left = left_level(fit, d)
    size = f"from {number(left)} to {number(d.top)}"
    if fit.transform.kind == "log":
        size += f" ({rough(d.top / left)}×)" if left > 0 else ""
        far = factor / EXPLODED_FACTOR
    else:
        far = abs(d.top - d.base) / (EXPLODED_FACTOR * fit.progress)
    high = f"{rough(d.widths)} noise widths"
    if d.widths < BAND_WIDTHS:
        high += " of single points, plain in the level of many"
    tail = f"{size}{_cost(fit, d, ratio)}, {high}"
    explosion = far
    if fit.transform.kind == "log" and not factor < EXPLODED_LEAST and not fit.begins_late:
        # what a log that begins late shows of the progress is not all that was learned
        explosion = max(far, ratio / EXPLODED_RATIO)
    if wanders and (ratio < EXPLODED_RATIO or not _beyond_wandering(fit, d)):
        return None
    if fit.transform.kind == "asinh" and _only_shrank(fit, d):
        return None
    if counts and (explosion >= 1.0 or _beyond_second(fit, d)):
        below_first = far < 1.0 and d.top < first_level(fit)
        also = Verdict.DIVERGED if explosion < NEAR or below_first else None
        text = f"rose {tail}, and stayed out to the end{_thrown_to(fit, d)}"
        return Word(Verdict.EXPLODED, text, explosion, also, d)
    if d.shape == "jump" and d.holds and SHIFTED_LEAST <= ratio < SHIFTED_RATIO:
        margin = SHIFTED_RATIO / ratio
        also = Verdict.DIVERGED if margin < NEAR or (ratio >= DIVERGED_RATIO * NEAR and not d.holds) else None
        return Word(Verdict.SHIFTED, f"one step up {tail}, then no further rise{_thrown_to(fit, d)}", margin, also, d)
    if counts:
        undone = max(ratio / DIVERGED_RATIO, _since_settled(fit, d.base, d.top) / SETTLED_RATIO)
        margin = min(undone, 1.0 / max(explosion, 1e-9))
        also = None
        if 1.0 / max(explosion, 1e-9) < NEAR or ratio >= EXPLODED_RATIO:
            also = Verdict.EXPLODED
        elif undone < NEAR:
            also = Verdict.HEALTHY
        text = f"rose {tail}, and stayed out to the end{_thrown_to(fit, d)}"
        return Word(Verdict.DIVERGED, text, max(margin, 1.0), also, d)
    return None


def _thrown_to(fit: SeriesFit, d: Departure) -> str:
    """The peak of a rise, for a sentence, where it was many times as high as what lasted; else ""."""
    if d.peak - d.base < EXPLODED_FACTOR * max(d.top - d.base, fit.noise_level):
        return ""
    at = d.onset + int(np.argmax(fit.value[d.onset :]))
    left, high = left_level(fit, d), float(fit.value[at])
    times = f" ({rough(high / left)}×)" if fit.transform.kind == "log" and left > 0 else ""
    return f"; its highest was {number(high)}{times}, at {fit.place(at)}"


def _beyond_second(fit: SeriesFit, d: Departure) -> bool:
    """Whether a loss whose first value alone was huge exploded on its way and ended above all that came after that."""
    if fit.transform.kind != "log" or d.onset < SECOND_POINTS:
        return False
    second = float(fit.value[1:SECOND_POINTS].max())
    return fit.value[0] >= EXPLODED_FACTOR * second and d.peak >= EXPLODED_FACTOR * d.base and d.top >= second


def _stepped(fit: SeriesFit, d: Departure) -> Word:
    """A rise that undid progress and was on its way back when the log ended."""
    high, left = highest(fit, d), left_level(fit, d)
    lost = (high - d.base) / fit.progress
    share = f", {rough(100 * lost)} % of its progress," if TOLD_FROM <= lost < 1.0 else ""
    if fit.transform.kind == "log" and left > 0:
        share = f" ({rough(high / left)}×){share}"
    text = (
        f"stepped up from {number(left)} to {number(high)}{share} at {fit.place(d.onset)}, and had fallen again to "
        f"{number(d.top)} by the end"
    )
    return Word(Verdict.SHIFTED, text, NEAR, Verdict.SPIKE_RECOVERED, d)


def _only_shrank(fit: SeriesFit, d: Departure) -> bool:
    """Whether a loss of both signs never got better than its first value, and came no farther from zero than before.

    A surrogate that settles at zero has lost nothing.
    """
    before = float(np.abs(fit.value[: max(d.onset, 1)]).max())
    better = float(np.median(np.sort(fit.value)[: max(3, fit.n_finite // 50)]))
    return float(fit.value[0]) <= better and abs(d.top) <= before and d.peak <= before


def _beyond_wandering(fit: SeriesFit, d: Departure) -> bool:
    """Whether a loss that may rise while all is well ended far above anything it did before, or at a bound that it was
    at before: the same number again."""
    if fit.transform.kind == "log":
        above = float(fit.transform.forward(np.array([d.top]))[0]) >= highest_level(fit.z[: d.onset])
        return d.top >= WANDER_FACTOR * d.base and above
    return d.top >= WANDER_FACTOR * float(np.abs(fit.value[: max(d.onset, 1)]).max())


def _swinging(fit: SeriesFit, d: Departure) -> Word:
    """A loss of both signs whose size explodes."""
    size = d.top / max(abs(d.base), 1e-300)
    text = f"swings ever wider: its size grew {rough(size)}×, from {number(d.base)} to {number(d.top)}"
    return Word(Verdict.EXPLODED, text, size / EXPLODED_FACTOR, None, d)


def released(fit: SeriesFit, wanders: bool) -> SeriesFit:
    """The fit with the excursions after the onset of a departure among the others where that does not matter itself."""
    d = fit.departure
    if d is None or fit.ends_nonfinite or fit.n_finite < MIN_POINTS:
        return fit
    flat = _still_flat(fit, d)
    if not flat and _departed(fit, d, wanders) is not None:
        return fit
    late = fit.late
    if not wanders and not flat and not _covered(fit, d) and undid(fit, d):
        whole = whole_excursion(fit.z, d.onset, fit.noise)
        late = (whole,) if whole is not None else late
    return replace(fit, excursions=tuple(sorted((*fit.excursions, *late), key=lambda e: e.first)), late=())


def _covered(fit: SeriesFit, d: Departure) -> bool:
    """Whether an excursion holds the highest point after the onset."""
    peak = d.onset + int(np.argmax(fit.z[d.onset :]))
    return any(e.first <= peak <= e.last for e in (*fit.excursions, *fit.late))


def _outdone(fit: SeriesFit, d: Departure) -> bool:
    """Whether what went back says more: it holds the highest point, or is as high as half of a step still half up."""
    height = float(fit.z[d.onset :].max()) - float(fit.transform.forward(np.array([d.base]))[0])
    return _covered(fit, d) or (d.stepped and any(e.top - e.before >= 0.5 * height for e in fit.excursions))


def highest(fit: SeriesFit, d: Departure) -> float:
    """The level of the few highest points after the onset, in units of the series."""
    return float(np.median(np.sort(fit.value[d.onset :])[-PEAK_POINTS:]))


def undid(fit: SeriesFit, d: Departure) -> bool:
    """Whether a rise that had mostly or partly gone by the end mattered while it was there."""
    high = highest(fit, d)
    rise = float(fit.transform.forward(np.array([high]))[0] - fit.transform.forward(np.array([d.base]))[0])
    return rise > PEAK_WIDTHS * fit.noise and _counts(fit, d.base, high, rise)


def matters(fit: SeriesFit, d: Departure) -> bool:
    """Whether a rise counts against the run's whole progress, linear or in decades, and can be seen in the digits."""
    return seen(fit, d) and (_counts(fit, d.base, d.top, d.rise) or _tenfold(fit, d))


def _tenfold(fit: SeriesFit, d: Departure) -> bool:
    """Whether a loss climbed to many times its best: not by a jump that it is coming back from."""
    if d.holds or d.base <= FLOOR * fit.start:
        return False
    share = _share_of_decades(fit, d.base, d.rise)
    if d.rise >= math.log(EXPLODED_FACTOR) and share >= TENFOLD_SHARE:
        return True
    return d.rise >= math.log(FIVEFOLD) and share >= FIVEFOLD_SHARE


def _counts(fit: SeriesFit, base: float, top: float, rise: float) -> bool:
    """``base`` and ``top`` in units of the series, ``rise`` on the transformed scale."""
    ratio = (top - fit.best) / fit.progress
    if ratio >= DIVERGED_RATIO or (ratio >= DECADES_RATIO and _share_of_decades(fit, base, rise) >= LOG_SHARE):
        return True
    return fit.transform.kind == "log" and _since_settled(fit, base, top) >= SETTLED_RATIO


def _since_settled(fit: SeriesFit, base: float, top: float) -> float:
    """A rise as a share of the progress since a first transient was over; 0 for a rise by a small factor."""
    return 0.0 if top < SETTLED_FACTOR * base else (top - base) / progress_since_settled(fit, base)


def progress_since_settled(fit: SeriesFit, base: float) -> float:
    """What a loss had gained down to ``base`` since a first transient was over, at least its noise, in its units."""
    settled = float(np.median(fit.value[int(SETTLED_AT * fit.n_finite) :][: max(3, fit.n_finite // 50)]))
    return max(settled - base, fit.noise_level)


def _share_of_decades(fit: SeriesFit, base: float, rise: float) -> float:
    """A rise as a share of the progress, both in decades; 0 where the loss has no log."""
    if fit.transform.kind != "log" or fit.start <= base or base <= 0:
        return 0.0
    progress = math.log(fit.start / base)
    return rise / progress if progress > 0 else 0.0


def _still_flat(fit: SeriesFit, d: Departure) -> bool:
    """Whether a loss that never got better by 5 % has not got worse by 10 % either."""
    if fit.transform.kind == "asinh" and abs(fit.start) < 10.0 * fit.noise_level:
        return False
    scale = abs(fit.start)
    return fit.start - d.base < PLATEAU_SHARE * scale and d.top - fit.start < PLATEAU_RISE * scale


def _beyond_start(fit: SeriesFit) -> bool:
    """Whether a spike went to many times the first level: a few noisy points are no plateau then."""
    top = fit.transform.back(max(e.top for e in fit.excursions))
    return fit.transform.kind == "log" and top >= EXPLODED_FACTOR * fit.start
