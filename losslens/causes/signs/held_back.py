"""Signs of how a validation loss rose, told by overfitting, label noise and a mismatch alike. ``d`` as elsewhere."""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import Found, log_ramp, percent, ramp, sign, times

FEWEST = 5
"""Evaluations from which a climb can be told from a step."""

ROSE = 1.05
"""Validation at its end over its best, from which there was a rise at all."""


def stepped(f: Facts, d: int) -> Found:
    """Validation rose in one go: something changed there. Memorising and wrong labels raise it little by little."""
    v = f.validation
    if not f.leading_role.startswith("val") or v is None or v.largest_rise is None or v.largest_share is None:
        return None
    text = (
        f"{v.tag} stepped up {times(v.largest_rise)} from one evaluation to the next, "
        f"{percent(v.largest_share)} of its whole climb"
    )
    strength = log_ramp(v.largest_rise, 1.1, 1.6) * ramp(v.largest_share, 0.25, 0.8)
    return sign("validation-jumped", d, strength, text, series=v.tag, value=v.largest_rise)


def crept(f: Facts, d: int) -> Found:
    """Validation rose by small moves alone: what the net learns carries it away, nothing broke."""
    v = f.validation
    if v is None or v.largest_rise is None or v.points < FEWEST or v.rise is None or v.rise < ROSE:
        return None
    if not f.leading_role.startswith("val"):
        return None
    text = f"{v.tag} rose {times(v.rise)} by small moves, never more than {times(v.largest_rise)} between evaluations"
    strength = log_ramp(v.largest_rise, 1.25, 1.06)
    return sign("validation-climbs-gradually", d, strength, text, series=v.tag, value=v.largest_rise)


def memorised(f: Facts, d: int) -> Found:
    """The training loss went to a few per cent of where it began: the samples themselves were learned."""
    v = f.validation
    if not f.leading_role.startswith("val") or v is None or v.train_progress is None:
        return None
    text = f"the training loss fell to {percent(v.train_progress)} of what it was at the first evaluation: memorised"
    return sign("learned-by-heart", d, log_ramp(max(v.train_progress, 1e-9), 0.3, 0.03), text, value=v.train_progress)
