"""What the curve of the loss says by itself of the moment, where no other signal tells it, in a sentence.

The shape of a rise excludes much: what one batch does is done at one point, what lasts multiplies the error from step
to step, and the pace of that says for how long it can have gone unseen.
"""

from __future__ import annotations

import math

from losslens.causes.facts.nouns import Facts, Growth
from losslens.causes.signs.build import lasting, num, points, times, where
from losslens.causes.signs.rise import BY_RULE, risen
from losslens.model import Verdict

FEWEST_CLIMBED = 4
"""Points over which a rise shows a law."""

FEWEST_BEFORE, FEWEST_CALM = 2, 4
"""Points before the onset from which a rise can be told from a start, and from which the run was calm before it."""

FEWEST_AFTER = 4
"""Points from the onset on without which it cannot be said that a jump lasted."""

LEAST_FACTOR = 5.0
"""Factor of a rise below which its law is hardly seen."""

UNSEEN = 1e3
"""Factor by which a rise was smaller than the noise when it began, for the time it can have gone unseen."""

AT_HAND = 3.0
"""Logged points within which that time is no time."""

TOWER = 0.6
"""Share of the height of a peak, on the logarithm, that is gone at the next point where one point stands alone."""

HALF = 0.5
"""Share of a rise (log) that one move made, from which it may not be said that no single point did it."""

LEAST_JUMP = 1.3
"""Factor of a jump that is one."""

SEEN = 1.1
"""Factor from which the level at the end is told against the one before."""

COARSE = 200.0
"""Steps between two logged points from which a jump may have been a climb that was not logged."""


def told(f: Facts, *, one_batch: bool) -> str:
    """What the shape of the rise means; "" where there is none. ``one_batch``: it may be said that no batch did it."""
    if f.loss is None or f.onset is None or f.extent is None or f.onset.from_start or f.leading_role.startswith("val"):
        return ""
    if f.verdict in (Verdict.PLATEAU, Verdict.OVERFIT):
        return ""
    g = f.loss.growth
    if g.later_leap is not None and g.later_leap[0] > f.onset.high:
        return _leaped_later(f, *g.later_leap)
    if f.nonfinite is not None and f.nonfinite.pattern == "abrupt" and f.verdict is Verdict.NAN:
        lost = f.onset.low <= f.nonfinite.first_step <= f.onset.high
        return _broke(f) if f.onset.points_before and lost else ""
    if f.onset.points_before < FEWEST_BEFORE:
        return ""
    if g.kind == "exponential" and g.points >= FEWEST_CLIMBED and not f.loss.recovered:
        return _multiplied(f, g, one_batch=one_batch)
    if g.kind in ("jump", "plateau-high") and g.points <= 2 and (g.ratio or 0.0) >= LEAST_JUMP:
        return _jumped(f, g)
    if g.kind in ("linear", "power") and g.points >= FEWEST_CLIMBED and not f.loss.recovered:
        if g.leap is not None and g.reached is not None and math.log(g.leap) >= HALF * math.log(g.reached):
            return ""
        rose = f"{f.tag} took {points(g.points)} ({lasting(f, g.steps)}) from its onset to nearly its height"
        return f"The curve itself tells that no single point did it: {rose}." if one_batch else ""
    return ""


def _leaped_later(f: Facts, step: int, low: float, high: float) -> str:
    """A drift that ended in a leap: two things to explain."""
    return (
        f"The curve itself tells of two things: from its onset on {f.tag} drifted to {num(low)}, and at "
        f"{where(f, step)} it leaped to {num(high)} ({times(high / low)}) and stayed up there. What happened at "
        f"{where(f, step)} is a question of its own."
    )


def _broke(f: Facts) -> str:
    """From a calm value to one that is not finite."""
    assert f.extent is not None
    assert f.nonfinite is not None
    one = f.extent.steps_apart <= 1
    gap = f.extent.interval  # the lower end of its interval is the last finite point, however far apart the others lie
    if f.onset is not None and f.onset.low < f.nonfinite.first_step <= f.onset.high:
        gap = f.nonfinite.first_step - f.onset.low
    between = "from one step to the next" if one else f"within one logged point ({lasting(f, gap)})"
    if f.onset is not None and f.onset.points_before < FEWEST_BEFORE:
        return (
            f"The curve itself tells little: one point was logged before {where(f, f.nonfinite.first_step)}, from "
            f"which no course can be told, and {f.tag} was lost {between}."
        )
    unless = "" if one else ", unless it fits between two logged points"
    if f.extent.steps_apart >= COARSE:
        return (
            f"The curve itself tells little: {f.tag} was not up at the last point before "
            f"{where(f, f.nonfinite.first_step)} and was lost {between}. A climb by steps that are too long fits "
            "between two such points as well as one bad operation (log of 0, 0/0, an overflow) or one bad number in a "
            "batch."
        )
    calm = "calm" if f.onset is not None and f.onset.points_before >= FEWEST_CALM else "finite and had not risen"
    return (
        f"The curve itself tells this much: {f.tag} was {calm} up to the last point before "
        f"{where(f, f.nonfinite.first_step)} and was lost {between}, without a rise. Steps that are too long show a "
        f"rise first{unless}; one operation (log of 0, 0/0, a square root at 0, an overflow) or one bad number in a "
        "batch needs a single step."
    )


def _multiplied(f: Facts, g: Growth, *, one_batch: bool) -> str:
    """A rise by a constant factor: what feeds on itself, and for how long it can have done so unseen."""
    assert f.onset is not None
    assert f.extent is not None
    if g.time_constant is None or g.line is None or g.line < LEAST_FACTOR:
        return ""
    text = (
        f"The curve itself tells more: from {where(f, f.onset.step)} on {f.tag} was multiplied by the same factor "
        f"again and again, e-fold every {lasting(f, g.time_constant)}, {times(g.line)} in all."
    )
    if one_batch and g.line >= BY_RULE[0]:
        text += (
            " A single bad batch does not do that. Steps that have become too long for the curvature there do: each "
            "makes the error larger than it found it."
        )
    elif one_batch:
        text += " A single bad batch does not do that: such a rise feeds on itself, and what began it lasted."
    if f.onset.points_before < FEWEST_CALM:
        return text
    unseen = math.log(UNSEEN) * g.time_constant
    since = f.onset.step - unseen
    if since >= f.onset.low - AT_HAND * f.extent.interval:
        near = max(1.0, math.ceil(unseen / f.extent.interval)) * f.extent.interval
        return (
            f"{text} At this pace it cannot have gone unseen for long: whatever began it did so within about "
            f"{lasting(f, near)} of the onset, however calm the run was before."
        )
    if since <= f.extent.first_step:
        return (
            f"{text} At this pace it may have been under way, hidden in the noise, ever since the log began: a "
            "calm loss does not show that all was well."
        )
    begun = where(f, _rounded(since, f.extent.interval))
    return (
        f"{text} At this pace it rises from a thousandth of the noise in {lasting(f, unseen)}: it can have been under "
        f"way, unseen, from about {begun} on. Look for what changed there, not only at the onset."
    )


def _rounded(step: float, interval: float) -> int:
    """A step, on the grid of those that were logged."""
    return round(round(step / interval) * interval) if interval > 0 else round(step)


def _had_been(f: Facts) -> str:
    """Whether it was the first time: a loss that had been as high shortly before was off its course by then."""
    assert f.loss is not None
    if f.loss.as_high is None:
        return "Nothing had to build up for that."
    step, value = f.loss.as_high
    return f"It had been at {num(value)} at {where(f, step)} already, though: look from there on."


def _jumped(f: Facts, g: Growth) -> str:
    """All of the rise within a point or two: whether it came back, and how soon."""
    assert f.loss is not None
    assert f.onset is not None
    assert f.extent is not None
    within = "from one logged point to the next" if g.points <= 1 else f"within {points(g.points)}"
    rose = f"The curve itself tells more: {f.tag} {risen(g)} {within}"
    inside = ""
    if f.extent.steps_apart >= COARSE:
        inside = " What happened between the two was not logged."
    back = f.loss.excursion_points
    if f.loss.recovered and back is not None:
        if back <= 2:
            return (
                f"{rose} and was back {points(back)} later. That is the loss of what was served there, not of the "
                f"weights: nothing had to build up before, and nothing was lost.{inside}"
            )
        fell = ", fell by most of that at once, and" if (g.alone or 0.0) >= TOWER else " and"
        return (
            f"{rose}{fell} was back inside its old band only {points(back)} later: one batch or one step threw the "
            f"weights, and what they had learned was learned anew. {_had_been(f)}{inside}"
        )
    if f.extent.points - f.onset.points_before < FEWEST_AFTER:
        return f"{rose}, where the log ends: whether it would have come back cannot be seen.{inside}"
    left, end = f.loss.end_over_before, f.loss.end
    if f.verdict is Verdict.SPIKE_RECOVERED and end is not None:
        level = f", to {num(end)} at the end"
        level += "" if left is None or left < SEEN else f", {times(left)} the level before"
        level = level if f.loss.out_again is None else ""
        return (
            f"{rose} and came down again{level}: one batch or one step threw the weights, "
            f"and they found their way back.{inside}"
        )
    if left is not None and end is not None and left < math.sqrt(g.ratio or 1.0):
        return (
            f"{rose} and came down again, but only to {num(end)}, {times(left)} the level before: one batch or one "
            f"step threw the weights, and they did not find all the way back.{inside}"
        )
    if f.loss.growth.kind == "plateau-high" or f.nonfinite is None:
        level = " and stayed out" if end is None else f" and ended at {num(end)}"
        level += "" if left is None or left > (g.reached or math.inf) else f", {times(left)} the level before"
        return (
            f"{rose}{level}. All of it was done at once and lasted: data, labels, scaling or settings were others from "
            f"there on, or one step threw the weights and they did not find the way back.{inside}"
        )
    return f"{rose}: what did it was done at once, or was too fast to be logged.{inside}"
