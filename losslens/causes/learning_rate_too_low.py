"""The learning rate is zero or far too low, or a warm-up never ends.

What the log shows
    The loss is flat within its noise from the start, or from the step at which the rate came near zero, while the
    gradient norm stays alive and normal. With the rate logged: zero, or orders of magnitude below what moves this
    kind of model.

Why runs do this
    A schedule in the wrong unit decays to nothing in the first epoch or never leaves its warm-up; a rate meant for
    another optimizer; a typing error; parameters not handed to the optimizer.

What else looks like this
    Vanishing gradients: the norm is near zero. Label noise: updates are normal and nothing generalises.
    Convergence: validation is good.

What to try first
    Print the rate the optimizer really uses; check the scheduler's unit; raise the rate tenfold for a short test.

Sources
    Smith 2017, Cyclical learning rates (the range test), https://arxiv.org/abs/1506.01186.
    https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate
"""

from __future__ import annotations

from losslens.causes import remedies
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import aftermath, gradient, loss, rate, rise, siblings
from losslens.causes.signs.build import Found, log_ramp, missing, num, percent, ramp, sign, told
from losslens.model import Fix, NotChecked, Sign, Verdict

CAUSE = "learning-rate-too-low"
TITLE = "The learning rate is too low or zero"
LEVEL = "setting"
SOURCES = ("https://arxiv.org/abs/1506.01186", "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate")


LEFT = frozenset(
    {
        *(Verdict.NAN, Verdict.EXPLODED, Verdict.DIVERGED, Verdict.SHIFTED, Verdict.SPIKE_RECOVERED),
        *(Verdict.OVERFIT, Verdict.VAL_DIVERGED),
    }
)
"""Verdicts on losses that moved more than small steps can move them, or whose training learned the samples by heart:
there a small rate excuses itself."""


def _too_small(f: Facts, d: int) -> Found:
    if f.verdict in LEFT:
        return None
    if f.rate is None:
        return missing("rate-low", "learning_rate")
    return rate.rate_low(f, d)


def _creeping(f: Facts, d: int) -> Found:
    """Still falling, very slowly and steadily, to the end."""
    course = f.loss
    if (
        course is None
        or course.start_level is None
        or course.end is None
        or course.flatness is None
        or course.noise is None
    ):
        return None
    fallen = course.start_level - course.end
    if fallen <= 0 or course.start_level <= 0:
        return None
    share = fallen / course.start_level
    text = f"{course.tag} only crept from {num(course.start_level)} to {num(course.end)}"
    return sign("loss-creeps", d, ramp(share, 0.15, 0.03), text, series=course.tag, value=share)


def _even(f: Facts, d: int) -> Found:
    """A straight line downward, or ever steeper: each step does as little as the one before, nothing is in the way."""
    course = f.loss
    if course is None or course.creep is None or f.verdict is not Verdict.PLATEAU:
        return None
    text = (
        f"{course.tag} creeps down evenly ({', '.join(percent(max(0.0, c)) for c in course.creep)} of its fall in each "
        "third of the run): each step does as little as the last"
    )
    strength = ramp(max(course.creep), 0.8, 0.5) * ramp(min(course.creep[1:]), 0.05, 0.2)
    return sign("creeps-evenly", d, strength, text, series=course.tag)


def _weights_still(f: Facts, d: int) -> Found:
    w = f.weights
    if w is None or w.growth is None:
        return None
    text = f"{w.tag} does not move ({num(w.first)} to {num(w.before)})"
    return sign("weights-still", d, log_ramp(abs(w.growth - 1) + 1e-9, 0.01, 0.001), text, series=w.tag, value=w.growth)


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        rate.rate_zero(facts, +1),
        _too_small(facts, +1),
        loss.never_learned(facts, +1),
        loss.stuck_above_start(facts, -1),
        loss.held_at_cap(facts, -1),
        loss.negative_of_classes(facts, -1),
        _creeping(facts, +1),
        _even(facts, +1),
        aftermath.never_moved(facts, +1),
        _weights_still(facts, +1),
        gradient.grad_alive(facts, +1),
        gradient.updates_tiny(facts, +1),
        gradient.grad_dead(facts, -1),
        siblings.same_rate_survived(facts, -1),
        rate.rate_ordinary(facts, -1),
        rate.rate_high(facts, -1),
        loss.huge_start(facts, -1),
        gradient.updates_large(facts, -1),
        rise.jumped(facts, -1),
        rise.gradual(facts, -1),
        loss.nan_abrupt(facts, -1),
        loss.nan_from_first(facts, -1),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    now = remedies.rate_in_use(facts)
    up = f", from {num(now)} to {num(remedies.rounded(now * 10))}" if now else ""
    to = f"{remedies.rounded(now * 10):g}" if now else "10 * old_lr"
    return (
        Fix(
            "Print the rate the optimizer really uses, over the first thousand steps",
            "print(optimizer.param_groups[0]['lr'])",
            "print(float(model.optimizer.learning_rate))",
        ),
        Fix(
            "Check the unit the scheduler counts in (steps or epochs) and when its warm-up ends",
            "get_linear_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps)  # both in steps",
            "keras.optimizers.schedules.CosineDecay(lr, decay_steps=epochs * steps_per_epoch)",
        ),
        Fix(
            f"Raise the learning rate tenfold for a short test{up}",
            f"lr = {to}  # {remedies.WHERE_BUILT}",
            f"learning_rate = {to}  # {remedies.WHERE_BUILT}",
        ),
    )
