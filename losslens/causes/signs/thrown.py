"""Signs of how far one step threw the net: by orders, or not at all. ``d`` is +1 for the asking cause, -1 against it.

Learning moves weights by about a thousandth a step. A loss that leaps while the weights go on as they did asks for
something else than before; weights that are orders larger within a logged point were thrown by a broken step.
"""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import Found, log_ramp, missing, ramp, sign, times
from losslens.causes.signs.rise import rose
from losslens.model import Verdict

FAR = 3.0
"""Rise of the weight norm within one logged point from which it was thrown, not trained."""

SOON = 30.0
"""Logged points after the onset until which an evaluation shows what the onset did."""


def weights_thrown(f: Facts, d: int) -> Found:
    """By orders within a logged point: a step without bound, as from a second moment of 0 or an unclipped giant."""
    w = f.weights
    if w is None or w.largest_step is None or not rose(f):
        return None
    text = f"{w.tag} was thrown to {times(w.largest_step)} its size within one logged point"
    return sign(
        "weight-norm-thrown", d, log_ramp(w.largest_step, FAR, 100 * FAR), text, series=w.tag, value=w.largest_step
    )


def weights_held(f: Facts, d: int) -> Found:
    """The loss left its course at once, the weights did not: what is asked for changed, not the net."""
    w = f.weights
    if not rose(f) or f.loss is None or f.onset is None or f.onset.from_start or f.loss.growth.points > 2:
        return None
    if w is None:
        return missing("weight-norm-held", "weight_norm")
    if w.largest_step is None:
        return None
    text = f"{w.tag} went on as it did when {f.tag} leaped (at most {times(w.largest_step)} between two points)"
    return sign("weight-norm-held", d, log_ramp(w.largest_step, 1.2, 1.04), text, series=w.tag, value=w.largest_step)


def validation_thrown(f: Facts, d: int) -> Found:
    """The first evaluation after the onset is orders above the last before: the net was thrown, not led astray."""
    v = f.validation
    at_once = f.verdict is Verdict.NAN and f.loss is not None and f.loss.rising_points < 1
    if f.leading_role.startswith("val") or at_once:
        return None
    if v is None:
        return missing("validation-thrown", "val_loss")
    if v.next_ratio is None or v.next_points is None:
        return None
    text = f"{v.tag} was {times(v.next_ratio)} its level at its first evaluation after the onset"
    strength = log_ramp(v.next_ratio, 8.0, 1000.0) * ramp(v.next_points, SOON, 5.0)
    return sign("validation-thrown", d, strength, text, series=v.tag, value=v.next_ratio)
