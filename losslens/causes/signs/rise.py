"""Signs of how the loss rose, and whether it came back. ``d`` is +1 for the asking cause, -1 against it."""

from __future__ import annotations

import math

from losslens.causes.facts.growth import STRAIGHT
from losslens.causes.facts.nouns import Facts, Growth
from losslens.causes.signs.build import (
    Found,
    begun,
    has_shares,
    lasting,
    log_ramp,
    num,
    onset_step,
    percent,
    ramp,
    sign,
    times,
    where,
)
from losslens.model import Verdict

MOST_SUMMED = 600.0
"""Batches, or workers, over which a loss may have been summed instead of averaged."""

BY_ORDERS = (10.0, 100.0)
"""Factor of a single point from which it is no tail of the batches after it, and surely none."""

LEVEL_POINTS = 10
"""Points of which the level after a step is the middle."""


def resolution(f: Facts) -> float:
    """How much "within one logged point" says: everything where each step is logged, little where a point is an epoch.

    1 up to five steps a point, 0.3 from a thousand on (and for epochs of unknown length).
    """
    if f.extent is None:
        return 0.3
    return 0.3 + 0.7 * log_ramp(f.extent.steps_apart, 1000.0, 5.0)


def rose(f: Facts) -> bool:
    """Whether there was a rise to speak of at all: a plateau has an onset and no rise."""
    if f.loss is None or f.onset is None or f.verdict is Verdict.PLATEAU or f.loss.growth.kind in ("none", "downward"):
        return False
    return f.loss.growth.ratio is None or f.loss.growth.ratio > 1.02


def risen(g: Growth) -> str:
    """How far a rise went until it was nearly complete; what came later, however high, is none of it."""
    return f"rose {times(g.ratio)}" if g.reached is None else f"rose to {times(g.reached)} its level"


def bottomless(f: Facts) -> bool:
    """It fell past every floor. Noise, calm and spikes are measured for a departure upward, and say nothing then."""
    return f.loss is not None and f.loss.growth.kind == "downward"


STEADILY = (0.6, 0.9)
"""Rank correlation with time from which a loss that was never better is said to have climbed all along."""


def climbed_from_start(f: Facts) -> float:
    """0 to 1: the loss rose from its first points on, and had learned nothing before. What is late by nature is out."""
    if f.loss is None or f.loss.ascent is None or f.onset is None or f.verdict is Verdict.PLATEAU:
        return 0.0
    return ramp(f.loss.ascent, *STEADILY) * begun(f)


def rose_all_along(f: Facts, d: int) -> Found:
    """No calm and no learning before the rise: the step, the data or the sign of the loss, not what builds up."""
    strength = climbed_from_start(f)
    if strength <= 0 or f.loss is None or f.loss.growth.points < 3:
        return None
    text = f"{f.tag} rose from its first points on and never was clearly better than there"
    return sign("rose-all-along", d, strength, text, series=f.tag, value=f.loss.ascent)


def once_learned(f: Facts, found: Found) -> Found:
    """What builds up needs time in which training went well: nothing is said where the loss rose all along."""
    return None if climbed_from_start(f) > 0.5 else found


def overflowed(f: Facts, d: int) -> Found:
    """Grew to Inf or to astronomical numbers: the arithmetic of a runaway, not of a log(0)."""
    if f.loss is None or f.loss.growth.kind == "downward":
        return None
    g = f.loss.growth
    climbed = f.loss.rising_points >= 2 or (g.ratio is not None and g.ratio > 3)
    inf = f.nonfinite is not None and f.nonfinite.infinite_first and climbed  # Inf out of calm is a log(0) or a datum
    if not inf and not (g.ratio is not None and g.ratio > 1e4):
        return None
    text = (
        f"{f.tag} reached {'Inf' if inf else num(g.peak)} by "
        f"{where(f, f.nonfinite.first_step if inf and f.nonfinite else g.peak_step)}"
    )
    return sign("overflowed", d, 1.0 if inf else log_ramp(g.ratio or 1.0, 1e3, 1e8), text, series=f.tag, value=g.ratio)


def tower(f: Facts) -> float:
    """How surely, 0 to 1, the rise is a single point by orders: it says nothing of the level on which the loss came to
    lie, and what is learned after it are weights that were thrown."""
    g = f.loss.growth if f.loss is not None else None
    if g is None or g.alone is None or g.ratio is None:
        return 0.0
    return ramp(g.alone, 0.4, 0.8) * log_ramp(g.ratio, *BY_ORDERS)


def jumped(f: Facts, d: int) -> Found:
    """The whole rise inside two logged points, and no way back."""
    if not rose(f):
        return None
    if f.loss is None or f.onset is None or f.loss.growth.kind not in ("jump", "plateau-high") or f.loss.recovered:
        return None
    g = f.loss.growth
    if g.points > 2 or f.onset.points_before < 5:
        return None
    text = f"{f.tag} {risen(g)} within {g.points} logged point{'s' * (g.points != 1)} at {where(f, f.onset.step)}"
    return sign(
        "one-point-jump",
        d,
        resolution(f) * log_ramp(g.ratio or 1.0, 1.15, 3.0) * (1.0 - tower(f)),
        text,
        series=f.tag,
        steps=(f.onset.step, g.peak_step),
        value=g.ratio,
    )


def gradual(f: Facts, d: int) -> Found:
    """A rise that took many points."""
    if not rose(f):
        return None
    if f.loss is None or f.onset is None or f.loss.growth.kind in ("none", "jump", "downward"):
        return None
    g = f.loss.growth
    text = f"{f.tag} rose {times(g.ratio)} over {g.points} logged points"
    if g.line is not None and g.time_constant:
        text += f" (exponential growth, e-fold every {lasting(f, g.time_constant)})"
    elif g.kind in ("linear", "power") and (g.fit or 0.0) >= STRAIGHT and (g.leap or 1.0) <= math.sqrt(g.ratio or 1.0):
        text += f" ({g.kind} growth)"
    return sign(
        "gradual-rise", d, ramp(g.points, 3, 12), text, series=f.tag, steps=(f.onset.step, g.peak_step), value=g.points
    )


def smooth_rise(f: Facts, d: int) -> Found:
    """A long rise without turns, close to one law: something that grows by rule, not an instability that thrashes."""
    if not rose(f) or f.loss is None or f.onset is None:
        return None
    g = f.loss.growth
    if g.oscillation is None or g.fit is None or g.kind not in ("exponential", "power", "linear"):
        return None
    strength = ramp(g.oscillation, 0.3, 0.08) * ramp(g.points, 6, 15) * ramp(g.fit, 0.85, 0.97)
    turns = "without turning back" if not g.oscillation else f"turning at {percent(g.oscillation)} of its moves"
    law = f", by {g.kind} growth (R² {g.fit:.2f})" if g.line is not None or g.kind != "exponential" else ""
    text = f"{f.tag} rose smoothly, {turns}{law}"
    return sign("smooth-rise", d, strength, text, series=f.tag, steps=(f.onset.step, g.peak_step), value=g.fit)


BY_RULE = (1e6, 1e10)
"""Factor of an exponential climb from which steps of bounded length do not explain it, and from which they cannot."""

SURELY = (0.85, 0.95)
"""R² of the straight line on the logarithm from which each step multiplied the loss, and surely."""


def multiplied(f: Facts, d: int) -> Found:
    """A straight line on the logarithm over many decades: each step multiplied what the one before had left.

    An adaptive optimizer moves each weight by about the rate, whatever the gradient, and the loss of weights that move
    evenly grows like a power of the steps. An update in proportion to the error does this (a step above twice the
    inverse of the sharpness), or weights that are multiplied at each step.
    """
    if not rose(f) or f.loss is None or f.onset is None or f.loss.recovered:
        return None
    g = f.loss.growth
    if g.kind != "exponential" or g.line is None or g.fit is None:
        return None
    text = (
        f"{f.tag} was multiplied by the same factor again and again, {times(g.line)} in all (R² {g.fit:.2f}): updates "
        "in proportion to the error do that, steps of bounded length do not"
    )
    strength = log_ramp(g.line, *BY_RULE) * ramp(g.fit, *SURELY) * ramp(g.points, 4, 10)
    return sign("multiplied-each-step", d, strength, text, series=f.tag, steps=(f.onset.step, g.peak_step), value=g.fit)


def grew_for_long(f: Facts, d: int) -> Found:
    """Orders more after the first points than at them, and never back: what feeds itself, not what one batch did."""
    if not rose(f) or f.loss is None or f.onset is None or f.loss.recovered or f.loss.growth.steps <= 0:
        return None
    g = f.loss.growth
    if g.ratio is None or g.kind in ("none", "downward"):
        return None
    beyond = g.ratio / max(g.leap or 1.0, 1.0)
    text = f"{f.tag} grew on for {g.points} logged points, {times(beyond)} beyond its first leap, and never came back"
    strength = log_ramp(beyond, 10.0, 1e3) * ramp(g.points, 5, 20)
    return sign("grew-for-long", d, strength, text, series=f.tag, steps=(f.onset.step, g.peak_step), value=beyond)


FEWEST_SLOW, STEEP = 8, 1.3
"""Logged points without which a climb is not slow, and the factor from one to the next from which it is not either."""


def at_once(g: Growth) -> bool:
    """Whether the first points made half of a rise or more, on the logarithm: what came then has no law of its own."""
    return g.reached is not None and g.leap is not None and g.leap > max(LEAST_LEAP, math.sqrt(g.reached))


LEAST_LEAP, LEFT = 1.1, 3.0
"""Factor below which a move from one point to the next is noise, and that of one which left its level at once."""


def began_well(f: Facts) -> bool:
    """Whether a log that begins late does so on a level that the loss left by the next point: not lost before it."""
    if f.loss is None or f.nonfinite is not None or not rose(f) or f.onset is None or f.onset.points_before:
        return False
    return at_once(f.loss.growth) and (f.loss.growth.leap or 1.0) >= LEFT


def slow_rise(f: Facts, d: int) -> Found:
    """A rise that took a sizeable part of the run, a little at each point: slow divergence."""
    if not rose(f):
        return None
    if f.loss is None or f.onset is None or f.extent is None or f.loss.growth.kind in ("none", "jump", "downward"):
        return None
    g = f.loss.growth
    factor = g.ratio if g.ratio is not None and (f.loss.before or 0.0) > 0 else 1.0
    if g.points < FEWEST_SLOW or factor ** (1 / g.points) >= STEEP or at_once(g):
        return None
    share = g.steps / max(1, f.extent.last_step - f.extent.first_step)
    text = f"{f.tag} climbed slowly, over {lasting(f, g.steps)}"
    text += f" ({percent(share)} of the run)" if has_shares(f) else ""
    return sign(
        "slow-rise", d, ramp(share, 0.04, 0.2), text, series=f.tag, steps=(f.onset.step, g.peak_step), value=share
    )


def oscillating(f: Facts, d: int) -> Found:
    if not rose(f):
        return None
    if f.loss is None or f.onset is None or f.loss.growth.oscillation is None:
        return None
    turns = f.loss.growth.oscillation
    since = where(f, f.onset.step)
    text = f"{f.tag} swings while it rises: from {since} to its height it turns at {percent(turns)} of its larger moves"
    return sign(
        "swings-while-rising", d, ramp(turns, 0.3, 0.7), text, series=f.tag, steps=(f.onset.step, None), value=turns
    )


def short_spike(f: Facts, d: int) -> Found:
    if f.loss is None or f.onset is None or f.loss.excursion_points is None:
        return None
    points = f.loss.excursion_points
    text = f"the excursion lasted {points} logged point{'s' * (points != 1)}"
    return sign(
        "short-spike",
        d,
        resolution(f) * ramp(points, 9, 3),
        text,
        series=f.tag,
        steps=(f.onset.step, None),
        value=points,
    )


def wide_spike(f: Facts, d: int) -> Found:
    if f.loss is None or f.onset is None or f.loss.excursion_points is None:
        return None
    points = f.loss.excursion_points
    if f.loss.growth.points <= 2:
        return None  # at its peak at once: the width is the way back, and says nothing about the cause
    text = f"the excursion lasted {points} logged points, {f.loss.growth.points} of them on the way up"
    return sign(
        "wide-spike",
        d,
        ramp(points, 4, 12),
        text,
        series=f.tag,
        steps=(f.onset.step, None),
        value=points,
    )


def rose_in_one_point(f: Facts, d: int) -> Found:
    """The peak was reached at once (a spike or a jump, recovered or not)."""
    if not rose(f):
        return None
    if f.loss is None or f.onset is None or f.loss.growth.kind == "none":
        return None
    points = f.loss.growth.points
    text = f"{f.tag} was at {percent(0.9)} of its peak within {points} logged point{'s' * (points != 1)}"
    return sign(
        "peak-at-once",
        d,
        resolution(f) * ramp(points, 5, 1.5),
        text,
        series=f.tag,
        steps=(f.onset.step, None),
        value=points,
    )


def runs_downward(f: Facts, d: int) -> Found:
    if f.loss is None or f.loss.growth.kind != "downward":
        return None
    text = f"{f.tag} ran away downward, to {num(f.loss.lowest)}, far below every level before"
    return sign("runs-downward", d, 1.0, text, series=f.tag, steps=(onset_step(f), None), value=f.loss.lowest)


def stands_alone(f: Facts, d: int) -> Found:
    """One point far above both its neighbours: the batch was bad, not the weights."""
    if not rose(f) or f.loss is None or f.onset is None or f.onset.points_before < 3:
        return None
    g = f.loss.growth
    if g.alone is None or g.ratio is None:
        return None
    text = f"{f.tag} was {times(g.ratio)} its level for a single logged point, and far lower at the next ones"
    strength = resolution(f) * ramp(g.alone, 0.4, 0.8) * log_ramp(g.ratio, 1.3, 5.0)
    return sign("one-point-tower", d, strength, text, series=f.tag, steps=(f.onset.step, g.peak_step), value=g.ratio)


def ran_up(f: Facts, d: int) -> Found:
    """Several moves upward in a row lead to the peak: each makes the next, as no batch does."""
    if not rose(f) or f.loss is None or f.onset is None or f.loss.run_up is None:
        return None
    moves = f.loss.run_up
    text = f"{moves} moves upward in a row lead to the peak of {f.tag}, each beyond the noise"
    if moves > f.loss.growth.points:  # both are true, and side by side must not read as if one were not
        text += ", although the last of them make most of its height"
    return sign(
        "ran-up", d, ramp(moves, 1.5, 4.5), text, series=f.tag, steps=(None, f.loss.growth.peak_step), value=moves
    )


def whole_factor(f: Facts, d: int) -> Found:
    """The level stepped by a power of two, and the relative noise stayed: a sum where a mean had been.

    Every number is near some power of two. It must be as near as its noise allows, and no more than people accumulate.
    """
    if not rose(f) or f.loss is None or f.onset is None or f.onset.from_start or f.loss.step_ratio is None:
        return None
    r, noise, before = f.loss.step_ratio, f.loss.noise, f.loss.before
    if (
        not 1.8 < r < MOST_SUMMED
        or f.loss.growth.points > 2
        or not before
        or noise is None
        or abs(noise / before) > 0.15
    ):
        return None
    power = math.log2(r)
    off = abs(power - round(power))
    near = min(0.12, max(0.04, 3.0 * abs(noise / before) / LEVEL_POINTS**0.5 / math.log(2)))
    text = f"{f.tag} stepped to {num(r)} times its level: close to {2 ** round(power)}, as a sum over batches would"
    return sign(
        "whole-factor", d, ramp(off, near, near / 4), text, series=f.tag, value=r, compared_to=2 ** round(power)
    )


def fell_before_nan(f: Facts, d: int) -> Found:
    """It ran away below zero and then broke."""
    if f.nonfinite is None or f.nonfinite.fell is None:
        return None
    text = (
        f"{f.tag} had run below zero, to {times(f.nonfinite.fell)} its usual size, "
        f"before it stopped being finite at {where(f, f.nonfinite.first_step)}"
    )
    return sign("fell-before-nan", d, log_ramp(f.nonfinite.fell, 3.0, 20.0), text, series=f.tag, value=f.nonfinite.fell)


def exponential_growth(f: Facts, d: int) -> Found:
    """A straight line on the logarithm over many points: what grows is multiplied by the same factor each step."""
    if not rose(f) or f.loss is None or f.onset is None:
        return None
    g = f.loss.growth
    if g.kind != "exponential" or g.fit is None or g.line is None or g.time_constant is None:
        return None
    strength = ramp(g.points, 3, 12) * ramp(g.fit, 0.7, 0.95) * log_ramp(g.line, 1.5, 30.0)
    text = (
        f"{f.tag} grew {times(g.line)} along a straight line on the logarithm, e-fold every "
        f"{lasting(f, g.time_constant)}"
    )
    return sign("exponential-growth", d, strength, text, series=f.tag, steps=(f.onset.step, g.peak_step), value=g.line)


def stepped_first(f: Facts, d: int) -> Found:
    """One step, then a slower rise: something was changed at once, and the rise is what came of it.

    An instability multiplies what it has: its first point is its smallest.
    """
    if not rose(f) or f.loss is None or f.onset is None or f.loss.growth.points <= 2:
        return None
    r = f.loss.stepped
    if r is None or f.onset.from_start or f.onset.points_before < 5:
        return None
    text = f"{f.tag} stepped to {times(r)} its level at its onset and rose more slowly from there"
    return sign("stepped-first", d, resolution(f) * log_ramp(r, 1.5, 3.0), text, series=f.tag, value=r)


HELD = 0.6
"""Share of its peak that a loss must end at for it to be said that it held its level."""


def levelling_rise(f: Facts, d: int) -> Found:
    """A rise of several points that bends and levels out, as under a weight that is being raised."""
    if not rose(f) or f.loss is None or f.onset is None:
        return None
    g = f.loss.growth
    if g.kind not in ("linear", "power", "plateau-high") or g.points < 3 or f.onset.from_start:
        return None
    if g.kind != "plateau-high" and at_once(g):
        return None
    how = "and then held its level" if g.kind == "plateau-high" else f"by {g.kind} growth, not by a constant factor"
    if g.kind == "plateau-high" and f.loss.end is not None and f.loss.end < HELD * (g.peak or 0.0):
        how = f"and then fell again, to {num(f.loss.end)}"
    text = f"{f.tag} rose over {g.points} logged points {how}"
    return sign(
        "levelling-rise", d, ramp(g.points, 2, 6), text, series=f.tag, steps=(f.onset.step, g.peak_step), value=g.points
    )


def grows_as_rate_falls(f: Facts, d: int) -> Found:
    """The rise went on as before although the rate had fallen: the updates do not drive it."""
    if not rose(f) or f.loss is None or f.onset is None or f.rate is None:
        return None
    r, g = f.rate, f.loss.growth
    if r.at_peak is None or not r.at_onset or g.kind in ("jump", "plateau-high") or g.points < 6:
        return None
    text = f"{f.tag} kept rising while {r.tag} fell to {percent(r.at_peak / r.at_onset)} of what it was at the onset"
    return sign(
        "grows-as-rate-falls", d, log_ramp(r.at_peak / r.at_onset, 0.5, 0.1), text, series=r.tag, value=r.at_peak
    )
