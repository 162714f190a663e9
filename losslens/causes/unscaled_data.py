"""Inputs or targets are not scaled: raw prices, pixels of 0 to 255, timestamps.

What the log shows
    The first logged loss is huge (thousands, where scaled data begin near 1 or near ln C), NaN or Inf follows
    within the first epoch or tens of steps, or the loss falls from very large to large; the gradient norm is huge
    from the first point; it goes on at any rate until that is very small. Clipping alone makes such a run survive.

Why runs do this
    Gradients scale with the inputs and with the error. Targets of size 1000 give squared errors of a million and
    gradients to match, so an ordinary rate is hundreds of times too large.

What else looks like this
    A learning rate that is too high begins at an ordinary first loss. NaN in the data needs no large numbers.

What to try first
    Standardise inputs and targets; only then judge the rate. Clipping hides the fault.

Sources
    LeCun et al. 1998, Efficient BackProp, http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf. A critic whose
    unnormalised observations overflowed: https://github.com/tensorflow/agents/issues/622
"""

from __future__ import annotations

import re

from losslens.causes import remedies
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import gradient, kind, loss, rate, rise, siblings, validation
from losslens.causes.signs.build import Found, begun, fainter, lived, num, ramp, sign, told, where
from losslens.model import Fix, NotChecked, Sign, Verdict, Warning
from losslens.patterns import compiled

CAUSE = "unscaled-data"
TITLE = "Inputs or targets are not scaled"
LEVEL = "setting"
SOURCES = (
    "http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf",
    "https://github.com/tensorflow/agents/issues/622",
)


SQUARED = compiled(r"mse|(?<![a-z])l2(?![a-z0-9])|msle|mean_?squared", re.IGNORECASE)
"""Names of squared errors; "val2" is another number."""


def _squared(f: Facts, d: int) -> Found:
    if not any(SQUARED.search(name) for name in (f.recipe.loss_name or "", f.tag)):
        return None
    return sign("squared-error", d, 0.6, "the loss is a squared error, which grows with the square of the targets")


def _scaled(f: Facts, d: int) -> Found:
    word = f.recipe.normalisation
    if word is None or word in ("false", "none", "no", "0", ""):
        return None
    return sign("data-scaled", d, 0.8, f"the settings ask for scaled data ({word})")


def _not_scaled(f: Facts, d: int) -> Found:
    if f.recipe.normalisation not in ("false", "none", "no", "0"):
        return None
    return sign("data-not-scaled", d, 1.0, f"the settings turn scaling off ({f.recipe.normalisation})")


def _within_first_steps(f: Facts, d: int) -> Found:
    """Gone within the first twentieth of the run, after a few finite values."""
    n = f.nonfinite
    if n is None or f.extent is None or f.onset is None or n.pattern == "from-first" or f.onset.fraction >= 0.05:
        return None
    text = f"the loss was lost by {where(f, n.first_step)}, at the very start"
    return sign("lost-at-once", d, 0.8 * begun(f), text, steps=(None, n.first_step))


LEARNED = 3.0
"""Times the level before the onset from which the first value was left behind."""

CALM = (0.05, 0.3)
"""Share of the run gone through before the onset from which a bad start explains less, and from which it explains
nothing: outsized data do their harm in the first updates."""


def _at_the_start(f: Facts, found: Found) -> Found:
    """What a first loss says of a failure that came at once or by its side; of one that came out of a long calm, in
    which the loss had fallen far below its first value, it says nothing."""
    o, course = f.onset, f.loss
    if o is None or o.from_start or course is None or course.before is None or f.leading_role.startswith("val"):
        return found
    if f.verdict is Verdict.PLATEAU or course.first is None or not 0 < LEARNED * course.before < course.first:
        return found
    return fainter(found, 1.0 - ramp(o.fraction, *CALM) * lived(f))


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        rise.rose_all_along(facts, +1),
        rise.runs_downward(facts, -1),
        _at_the_start(facts, loss.huge_start(facts, +1)),
        _at_the_start(facts, loss.towering_start(facts, +1)),
        _at_the_start(facts, gradient.grad_huge_at_start(facts, +1)),
        loss.nan_from_first(facts, +1),
        _within_first_steps(facts, +1),
        _squared(facts, +1),
        _not_scaled(facts, +1),
        rise.overflowed(facts, +1),
        siblings.cured_by(facts, "data-scaling", +1),
        siblings.cured_by(facts, "clip", +1),
        loss.usual_start(facts, -1),
        loss.nan_before_update(facts, -1),
        loss.onset_not_early(facts, -1),
        loss.calm_before(facts, -1),
        rate.rate_jumped(facts, -1),
        _scaled(facts, -1),
        validation.only_validation(facts, -1),
    )


MOST_SQUARED = 1e12
"""A first loss above this is the square of nothing that anybody measures."""

WILD_FIRST, WILD_END = 1e8, 1e4
"""A loss that begins above the one and ends above the other is that of unscaled targets, however calm its course …"""


def remark(facts: Facts) -> tuple[Warning, ...]:
    """What to say of a healthy run whose loss is that of unscaled targets: that it is healthy hides what is amiss."""
    course = facts.loss
    if facts.verdict is not Verdict.HEALTHY or course is None or course.first is None or course.end is None:
        return ()
    if course.first < WILD_FIRST or course.end < WILD_END:
        return ()
    return (
        Warning(
            "unscaled-targets",
            f"the first {course.tag} is {num(course.first)} and the last {num(course.end)}: the targets, or the "
            "inputs, do not seem to be scaled; standardise them, and it trains faster and breaks less easily",
        ),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    first = facts.loss.first if facts.loss is not None and not facts.penalty else None
    if first is None and facts.cohort is not None:
        first = facts.cohort.start_level
    size = (
        f" (a first loss of {num(first)} means errors of about {num(abs(first) ** 0.5)})"
        if first and 100 < first < MOST_SQUARED and not kind.perplexes(facts.tag)
        else ""
    )
    out = (
        Fix(
            f"Standardise inputs and targets to mean 0 and spread 1{size}",
            "x = (x - x_train.mean(0)) / x_train.std(0); y = (y - y_train.mean()) / y_train.std()",
            "norm = keras.layers.Normalization(); norm.adapt(x_train)  # targets: sklearn StandardScaler",
        ),
        Fix(
            "For targets over several decades, learn their logarithm",
            "y = torch.log1p(y)",
            "y = np.log1p(y)",
        ),
    )
    return (*out, *remedies.lowered(facts, 10.0))  # clipping would only turn the NaN into a plateau
