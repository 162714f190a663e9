"""Signs of a gradient that is larger by orders, not by factors. ``d`` is +1 for the asking cause, -1 against it."""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import Found, log_ramp, missing, num, sign, times

BY_ORDERS = (100.0, 1e5)
"""Rise of the norm over anything usual from which it is no large gradient but a giant one, and from which surely."""


def exploded(f: Facts) -> float:
    """0 to 1: the norm rose by orders beyond its level lately and early, as through a product of many Jacobians."""
    g = f.gradient
    if g is None or g.peak is None or g.before is None or f.onset is None or f.onset.from_start:
        return 0.0
    usual = max(g.before, g.early or 0.0)
    return log_ramp(g.peak / usual, *BY_ORDERS) if usual > 0 else 0.0


def grad_exploded(f: Facts, d: int) -> Found:
    """A batch of another size or other data have gradients some times as large, not a thousand times."""
    g = f.gradient
    if g is None:
        return missing("grad-norm-exploded", "grad_norm")
    if g.ratio is None or g.flat_top is not None:
        return None
    text = f"{g.tag} rose {times(g.ratio)}, from {num(g.before)} to {num(g.peak)}: by orders, beyond any large gradient"
    return sign("grad-norm-exploded", d, exploded(f), text, series=g.tag, value=g.peak, compared_to=g.before)
