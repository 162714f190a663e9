"""Signs of the terms of a loss: which one led or took over, and whether the others stayed.

``d`` is +1 for the asking cause, -1 against it.
"""

from __future__ import annotations

import math

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import Found, log_ramp, missing, percent, ramp, sign, times

STAYED, SWEPT_ALONG = 0.45, 0.85
"""Growth of the other terms over that of the one that grew most (logarithms) up to which they stayed or were harmed
by it, and from which the cause is common to all."""


def term_took_over(f: Facts, d: int) -> Found:
    """One term of the loss has a far larger share of it than before, and the others stayed."""
    c = f.components
    if c is None:  # of which one has proved itself, though
        return missing("term-took-over", "loss_component") if f.weighed is None else None
    if c.share_before is None or c.share_after is None or c.first is None:
        return None
    text = f"{c.first} went from {percent(c.share_before)} of the terms to {percent(c.share_after)}"
    gained = (c.share_after - c.share_before) / max(1e-9, 1 - c.share_before)
    return sign(
        "term-took-over",
        d,
        ramp(gained, 0.15, 0.8) * others_stayed(f),
        text,
        series=c.first,
        value=c.share_after,
        compared_to=c.share_before,
    )


def others_stayed(f: Facts) -> float:
    """How far, 0 to 1, the other terms stayed or followed later: a term is guilty then, not when it grew most."""
    c = f.components
    if c is None or (f.sum_broke is not None and f.sum_broke.factor is not None):
        return 0.0  # all weights changed alike: no term did
    if c.rest or (c.growth or 1.0) <= 1 or (c.others_growth or 1.0) <= 1:
        return 1.0  # a weight, or a term that was not logged: what the logged ones did does not clear it
    followed = ramp(c.lead_points or 0.0, 0.5, 4.0)
    return max(followed, ramp(math.log(c.others_growth or 1.0) / math.log(c.growth or 1.0), SWEPT_ALONG, STAYED))


def nan_in_one(f: Facts, d: int) -> Found:
    """One term was not finite while the others were: its own arithmetic broke, not the net that feeds them all."""
    c = f.components
    if c is None or c.nonfinite_first is None:
        return None
    text = f"{c.nonfinite_first} was NaN first, the other terms still finite"
    return sign("term-nan-first", d, 0.6, text, series=c.nonfinite_first)


def component_led(f: Facts, d: int) -> Found:
    c = f.components
    if c is None:  # of which one has proved itself, though
        return missing("one-term-led", "loss_component") if f.weighed is None else None
    if c.first is None or c.growth is None or c.count < 2:
        return None
    others = f"lay at {times(c.others_growth)}" if c.others_growth is not None else "hardly count"
    text = (
        f"of {c.count} terms {c.first} rose {'first' if (c.lead_points or 0) >= 0.5 else 'most'}: in the last third "
        f"after the onset it lay at {times(c.growth)} its level before, the {'other' if c.count == 2 else 'others'} "
        f"{others if c.count > 2 or c.others_growth is not None else 'hardly counts'}"
    )
    if c.rest and c.count > 2:
        why = ". The weight of a term rose, or a term that was not logged" if f.weighed is None else ""
        text = (
            f"the logged terms do not account for the rise: {c.first} grew {times(c.growth)}, they grew "
            f"{times(c.others_growth)}{why}"
        )
    apart = (c.growth or 1.0) / max(c.others_growth or 1.0, 1e-9)
    sure = 1.0 if c.lead_points else 0.7  # a bounded term (Dice) cannot follow an unbounded one
    return sign(
        "one-term-led",
        d,
        sure * log_ramp(apart, 1.3, 4.0) * others_stayed(f),
        text,
        series=c.first,
        value=c.growth,
        compared_to=c.others_growth,
    )
