"""One term of the loss ran away: an auxiliary, regularising, KL or box term.

What the log shows
    Among the logged terms one leaves its course first and takes over the total, the others stay or follow later;
    often the weight of that term was being raised. Where every term is logged the weights can be solved for: the one
    that leaped is the fault, while one that is brought in by and by and held is a schedule. A sum that held to the
    last digit and holds no more is another objective, though all terms rise with it.

Why runs do this
    The weight of a term grows beyond what the others can balance, a KL term has no free bits, a box regression
    meets a degenerate target, an adversarial or perceptual term has no bound.

What else looks like this
    When all terms rise together the cause is common: rate, gradients, data.

What to try first
    Lower or anneal the weight of that term; clamp it; detach what should not receive its gradient; clip per term.

Sources
    Higgins et al. 2017, beta-VAE, https://openreview.net/forum?id=Sy2fzU9gl. Kingma et al. 2016 (free bits),
    https://arxiv.org/abs/1606.04934. https://github.com/ruotianluo/pytorch-faster-rcnn/issues/105
"""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import aftermath, leap, loss, rate, rise, sums, terms, thrown, validation, weighed
from losslens.causes.signs.build import Found, fainter, log_ramp, points, ramp, rough, sign, times, told
from losslens.model import Fix, NotChecked, Sign

CAUSE = "aux-term-blowup"
TITLE = "One term of the loss ran away"
LATE = (
    "a term with a small weight can grow by orders before it is a visible part of the sum; only then does it "
    "steer the steps"
)
LEVEL = "mechanism"
SOURCES = (
    "https://openreview.net/forum?id=Sy2fzU9gl",
    "https://arxiv.org/abs/1606.04934",
    "https://github.com/ruotianluo/pytorch-faster-rcnn/issues/105",
)


def _first_in_time(f: Facts, d: int) -> Found:
    c = f.components
    if c is None or c.lead_points is None or c.first is None or c.lead_points < 1:
        return None
    text = f"{c.first} left its course {points(c.lead_points)} before the next term"
    return sign("term-first-in-time", d, ramp(c.lead_points, 0.5, 4), text, series=c.first, value=c.lead_points)


def _weight_raised(f: Facts, d: int) -> Found:
    c = f.components
    if c is None or c.weight_ramp is None:
        return None
    return sign("term-weight-raised", d, 0.8, f"{c.weight_ramp} had been rising up to the onset", series=c.weight_ramp)


def _together(f: Facts, d: int) -> Found:
    c = f.components
    if c is None or c.growth is None or c.others_growth is None or c.count < 2:
        return None
    apart = c.growth / max(c.others_growth, 1e-9)
    text = f"all {c.count} terms rose together ({times(c.growth)} and {times(c.others_growth)})"
    strength = log_ramp(apart, 3.0, 1.2) * log_ramp(c.others_growth, 1.1, 1.5)
    strength = max(strength, 1.0 - terms.others_stayed(f)) if c.growth > 1 else strength
    broke = sums.sum_broke(f, +1)
    strength *= 1.0 - broke.strength if isinstance(broke, Sign) else 1.0  # what is minimised moves all terms
    return sign("terms-rose-together", d, strength, text, value=c.others_growth)


def _by_one_term(f: Facts) -> float:
    """How far, 0 to 1, one term made the rise while the others stayed: a weight can be set to any number at once."""
    led = terms.component_led(f, +1)
    return led.strength if isinstance(led, Sign) else 0.0


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        aftermath.lies_dead(facts, -1),
        rise.rose_all_along(facts, -1),
        thrown.weights_held(facts, +1),
        weighed.weight_rose(facts, +1),
        sums.sum_broke(facts, +1),
        terms.component_led(facts, +1),
        terms.term_took_over(facts, +1),
        _first_in_time(facts, +1),
        _weight_raised(facts, +1),
        validation.val_unharmed(facts, +1),
        validation.val_followed(facts, +1),
        validation.val_jumped_too(facts, -1),
        _together(facts, -1),
        loss.nan_from_first(facts, -1),
        rate.rate_jumped(facts, -1),
        rise.once_learned(facts, rise.smooth_rise(facts, +1)),
        rise.once_learned(facts, rise.levelling_rise(facts, +1)),
        validation.only_validation(facts, -1),
        fainter(leap.leaped(facts, -1), 1.0 - _by_one_term(facts)),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    c = facts.components
    term = "that term" if c is None or c.first is None or c.rest else c.first
    back, w = "", facts.weighed
    if w is not None:
        term = w.term
        back = f" (back to {rough(w.before)})" if w.before > 0 and not w.annealed else ""
    return (
        Fix(
            f"Lower the weight of {term}{back}, or anneal it up over the first tenth of the run",
            "loss = main + min(1.0, step / 5000) * weight * aux",
            "model.compile(loss_weights={'aux': 0.1})",
        ),
        Fix(
            f"Bound {term}: clamp it, or leave a floor below which it does not count (free bits)",
            "aux = aux.clamp(max=10.0); kl = kl.clamp(min=free_bits)",
            "aux = keras.ops.minimum(aux, 10.0)",
        ),
        Fix(
            "Clip its gradient on its own, or detach what it should not train",
            "aux_head(features.detach())",
            "aux_head(keras.ops.stop_gradient(features))",
        ),
    )
