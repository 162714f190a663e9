"""Signs of the weights that the terms of the loss have in it. ``d`` is +1 for the asking cause, -1 against it."""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import Found, log_ramp, rough, sign, where

OF_A_SCHEDULE = 0.5
"""What a weight that was brought in on purpose is worth, where one that leaped is worth 1."""


def weight_rose(f: Facts, d: int) -> Found:
    """The sum over the terms holds throughout with one weight that rose at the onset: what is minimised changed."""
    w = f.weighed
    if w is None:
        return None
    strength = 1.0 if w.before <= 0 else log_ramp(w.after / w.before, 1.5, 5.0)
    return sign(
        "term-weight-rose",
        d,
        strength * (OF_A_SCHEDULE if w.annealed else 1.0),
        told(f),
        series=w.term,
        steps=(w.step, w.last),
        value=w.after,
        compared_to=w.before,
    )


def told(f: Facts) -> str:
    """Which weight went from what to what, and when; "" where none rose."""
    w = f.weighed
    if w is None:
        return ""
    when = f"at {where(f, w.step)}" if w.step == w.last else f"between {where(f, w.step)} and {where(f, w.last)}"
    text = f"the weight of {w.term} in {w.total} went from {rough(w.before)} to {rough(w.after)} {when}"
    if w.annealed:
        text += ", by and by, and was held there: as a term is brought in on purpose"
    return text
