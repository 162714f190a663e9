"""The schedule raised the learning rate, and the loss left its course right after.

What the log shows
    The onset lies within a few logged points after a rise of the learning rate, in one step or on a long ramp; the
    loss falls again when the rate falls; with a cyclic schedule it repeats at every restart.

Why runs do this
    A scheduler meant for epochs is stepped per batch (or the reverse), a one-cycle or restart peaks above what the
    model takes, a second phase begins with a fresh rate, or a resumed schedule starts over.

What else looks like this
    A rate too high from the start has no calm stretch before. A resume shows a pause, a new file or repeated steps
    at the same place. A change of data raises the loss without any change of the rate.

What to try first
    Print the rate of every step; check the unit the scheduler counts in and its total length; lower the later peaks
    where there are any; restart from before the jump.

Sources
    Loshchilov & Hutter 2017, SGDR, https://arxiv.org/abs/1608.03983. A run that failed on the way up:
    https://github.com/facebookresearch/detectron2/issues/214
"""

from __future__ import annotations

from losslens.causes import remedies
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import (
    aftermath,
    changed,
    impossible,
    loss,
    rate,
    restarts,
    rise,
    siblings,
    thrown,
    validation,
)
from losslens.causes.signs.build import num, told, where
from losslens.model import Fix, NotChecked, Sign

CAUSE = "lr-schedule-jump"
TITLE = "The schedule raised the learning rate"
LATE = (
    "a schedule does nothing until its milestone, its restart or its end, whose step stands in its settings and "
    "not in the data"
)
LEVEL = "setting"
SOURCES = ("https://arxiv.org/abs/1608.03983", "https://github.com/facebookresearch/detectron2/issues/214")


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        impossible.impossible(facts, CAUSE, +1),
        rise.rose_all_along(facts, -1),
        rise.stepped_first(facts, +1),
        thrown.validation_thrown(facts, +1),
        thrown.weights_held(facts, -1),
        thrown.weights_thrown(facts, +1),
        rate.rate_jumped(facts, +1),
        rate.schedule_set_to_rise(facts, +1),
        rate.falls_repeat(facts, +1),
        rise.exponential_growth(facts, +1),
        rise.grows_as_rate_falls(facts, -1),
        changed.changed(facts, "learning-rate", +1),
        changed.changed(facts, "schedule", +1),
        changed.changed(facts, "warmup", +1),
        siblings.cured_by(facts, "schedule", +1),
        loss.calm_before(facts, +1),
        rate.rate_steady(facts, -1),
        rate.rises_harmless(facts, -1),
        rate.rate_was_borne(facts, -1),
        rate.below_stable(facts, -1),
        loss.onset_early(facts, -1),
        loss.nan_from_first(facts, -1),
        rise.stands_alone(facts, -1),
        validation.val_harmed(facts, +1),
        validation.val_jumped_too(facts, +1),
        validation.val_unharmed(facts, -1),
        aftermath.overshot(facts, +1),
        rise.runs_downward(facts, -1),
        validation.only_validation(facts, -1),
        restarts.restarted(facts, -1, but=("learning-rate", "schedule", "warmup")),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    r = facts.rate
    jump = ""
    if r is not None and r.jump_step is not None and r.jump is not None and r.jump >= 1.15:
        jump = f" (here {num(r.jump_from)} to {num(r.jump_to)} from {where(facts, r.jump_step)} on)"
    return (
        Fix(
            f"Print the rate of every step, and check the scheduler's unit and length{jump}: steps or epochs, and once "
            "per which",
            "print(step, scheduler.get_last_lr())  # once per optimizer.step(); total_steps = epochs * len(loader)",
            "print(float(model.optimizer.learning_rate))  # schedules count batches: decay_steps = epochs * steps",
        ),
        _hold(facts),
        *remedies.go_back(facts, skip=False, before=r.jump_step if jump and r is not None else None),
    )


def _hold(facts: Facts) -> Fix:
    """Keep the rate down: at the later peaks of a schedule that has some, else at the one place where it rose."""
    r = facts.rate
    known = (r.stable_rate, r.borne) if r is not None else ()
    # A rate that was borne once, before the one at which it failed was reached again, proves nothing.
    proven = max((x for x in known if x and (r is None or not r.at_onset or x < r.at_onset)), default=0.0)
    target = f" at most {num(proven)}, at which the run had trained calmly" if proven > 0 else ""
    if repeats(facts):
        return Fix(
            f"Lower the later peaks{f', to{target}' if target else ''}",
            "torch.optim.lr_scheduler.CyclicLR(optimizer, base_lr, max_lr, mode='triangular2')  # halves each peak",
            "keras.optimizers.schedules.CosineDecayRestarts(initial, first_decay_steps, m_mul=0.5)",
        )
    limit = num(proven) if proven > 0 else "limit"
    return Fix(
        f"Let the rate not rise there again{f': keep it to{target}' if target else ''}",
        f"assert max(scheduler.get_last_lr()) <= {limit}  # after every scheduler.step()",
        f"assert float(model.optimizer.learning_rate) <= {limit}",
    )


def repeats(facts: Facts) -> bool:
    """The schedule has peaks: its name says so, or the rate rose abruptly more than once after its warm-up."""
    name = (facts.recipe.scheduler or "").lower()
    if facts.recipe.restarts_every is not None or any(word in name for word in ("cycl", "restart", "sgdr")):
        return True
    return facts.rate is not None and facts.rate.rises >= 2
