"""Signs of what stood around the loss: restarts, precision, validation, terms, log lines.

``d`` is +1 for the asking cause, -1 against it.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import kind
from losslens.causes.signs.build import (
    Found,
    begun,
    lag_text,
    log_ramp,
    missing,
    num,
    percent,
    ramp,
    sign,
    times,
    where,
)
from losslens.causes.signs.changed import explained
from losslens.model import Role, Sign, Verdict

OTHERWISE = 0.75
"""Share of what a restart at the onset says that a change of settings in it takes over."""


def restarted(f: Facts, d: int, *, but: Collection[str] = ()) -> Found:
    """The job had just started again. A change of one of the levers ``but`` in that start takes over what it says."""
    r = f.restart
    if r is None or f.onset is None or f.onset.from_start or not -1.5 <= r.lag_points <= 6:
        return None
    pause = f" after a pause of {_hours(r.gap_s)}" if r.gap_s and r.gap_s > 60 else ""
    text = f"the job started again at {where(f, r.step)} ({r.how}){pause}, {lag_text(r.lag_points)} the onset"
    otherwise = explained(f, but)
    if otherwise > 0:
        text += ", with other settings, which may be the reason"
    return sign(
        "restarted-at-onset",
        d,
        ramp(r.lag_points, 6, 2) * (0.6 if r.how == "pause" else 1.0) * (1.0 - OTHERWISE * otherwise),
        text,
        steps=(r.step, f.onset.step),
    )


SAME_LEVEL, SAME_COURSE, SAME_SPEED = (0.3, 0.12), (0.2, 0.08), (2.2, 1.5)
"""A second course is that of the first where it begins so near (shares of the first fall), goes so near and falls at a
rate that differs by no more than such a factor: from where on that says something, and where it says all it can. Other
data or harmed weights begin higher or lower, and fall faster or slower."""

SAME_HEIGHT = (2.0, 1.4)
"""The same for the factor between the two first levels: a share of a fall over decades hides one."""


def retraces(f: Facts) -> float:
    """How much the training loss from the onset on is what it was from its beginning: 0 to 1."""
    r = f.retrace
    if r is None or r.speed is None:
        return 0.0
    alike = ramp(abs(r.offset), *SAME_LEVEL) * ramp(r.distance, *SAME_COURSE)
    if r.level is not None:
        alike *= log_ramp(max(r.level, 1 / r.level), *SAME_HEIGHT) if r.level > 0 else 0.0
    return alike * log_ramp(max(r.speed, 1 / r.speed), *SAME_SPEED)


def retraced(f: Facts, d: int) -> Found:
    """The training loss was back at its first level and learned the same once more, as fast as from the beginning."""
    r = f.retrace
    if r is None or f.train is None:
        return None
    level = "" if r.level is None else f" ({num(round(100 * r.level))} % of it)"
    text = (
        f"{f.train.tag} was back at its first level at {where(f, r.step)}{level} and went through its first "
        f"{r.points} points once more, as fast as then: training began anew, without what had been learned"
    )
    return sign("retraced-its-start", d, retraces(f), text, series=f.train.tag, steps=(r.step, None), value=r.distance)


def not_restarted(f: Facts, d: int) -> Found:
    r = f.restart
    if f.onset is None or (r is not None and -1.5 <= r.lag_points <= 20):
        return None
    text = (
        "no restart near the onset: steps and files run through"
        if r is None
        else f"the nearest restart ({where(f, r.step)}) is far from the onset"
    )
    return sign("not-restarted", d, (0.8 if r is None else 1.0) * (1.0 - retraces(f)), text)


def _hours(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def epoch_boundary(f: Facts, d: int) -> Found:
    o = f.onset
    if o is None or o.boundary_points is None or o.epoch is None or o.from_start:
        return None
    text = (
        f"the onset lies {num(round(o.boundary_points, 1))} logged points from an epoch boundary (epoch {o.epoch:.2f})"
    )
    return sign(
        "at-epoch-boundary", d, ramp(o.boundary_points, 2.0, 0.7), text, steps=(o.step, o.step), value=o.boundary_points
    )


def half_precision(f: Facts, d: int) -> Found:
    if f.recipe.precision is None:
        if _scales_nothing(f):
            return None
        if f.scale is not None:
            return sign(
                "half-precision",
                d,
                0.7,
                f"a loss scale was logged ({f.scale.tag}): training in fp16",
                series=f.scale.tag,
            )
        return missing("half-precision", "precision")
    if f.recipe.precision not in ("fp16", "fp8"):
        return None
    return sign(
        "half-precision",
        d,
        1.0,
        f"trained in {f.recipe.precision} (settings), whose largest number is 65,504",
    )


def _scales_nothing(f: Facts) -> bool:
    """Whether the logged loss scale was 1 from first to last, as Megatron prints it for bf16 and fp32."""
    return f.scale is not None and f.scale.first == f.scale.lowest == f.scale.last == 1.0


def wide_precision(f: Facts, d: int) -> Found:
    library = kind.computes_in_full(f)
    if library and d < 0:  # of what else it may be that says nothing
        return sign("wide-range-precision", d, 1.0, f"{library} compute in four or eight bytes a number, not in two")
    if f.recipe.precision is None and f.scale is not None and _scales_nothing(f):
        text = f"{f.scale.tag} was 1 throughout, which scales nothing: not in fp16"
        return sign("wide-range-precision", d, 1.0, text, series=f.scale.tag)
    if f.recipe.precision not in ("bf16", "fp32"):
        return None
    return sign(
        "wide-range-precision",
        d,
        1.0,
        f"trained in {f.recipe.precision} (settings), which does not overflow at 65,504",
    )


def scale_led(f: Facts, d: int) -> Found:
    """The loss scale fell before the loss, and before the gradient norm if that was logged."""
    s = f.scale
    if s is None:
        return missing("loss-scale-fell-first", "loss_scale")
    if s.fall_step is None or s.lead_points is None or s.halvings < 2:
        return None
    calm = f.loss is not None and f.loss.rising_points < 3
    first = s.lead_points >= (-2.0 if calm else -0.5) and (s.grad_lead_points is None or s.grad_lead_points >= -0.5)
    if not first:
        return None
    text = (
        f"{s.tag} halved {s.halvings} times in a row from {where(f, s.fall_step)}, {lag_text(s.lead_points)} the loss"
    )
    return sign(
        "loss-scale-fell-first",
        d,
        ramp(s.halvings, 1, 6),
        text,
        series=s.tag,
        steps=(s.fall_step, None),
        value=s.lowest,
    )


def scale_followed(f: Facts, d: int) -> Found:
    s = f.scale
    if s is None or s.fall_step is None or s.lead_points is None or s.halvings < 2:
        return None
    # a forward pass that overflowed fells loss and scale at once: only after a climb is the scale a consequence
    grew = f.loss is not None and f.loss.rising_points >= 3
    after_loss = s.lead_points < -0.5 and grew
    after_grad = s.grad_lead_points is not None and s.grad_lead_points < -0.5
    if not after_loss and not after_grad:
        return None
    what = "the loss" if after_loss else "the gradient norm"
    text = f"{s.tag} fell only from {where(f, s.fall_step)}, after {what} had left its course: a consequence"
    return sign(
        "loss-scale-fell-after",
        d,
        ramp(s.halvings, 1, 6),
        text,
        series=s.tag,
        steps=(s.fall_step, None),
    )


AT_RECORD = 12.0
"""Logged points within which a loss scale has only just risen to its highest value."""


def scale_at_record(f: Facts, d: int) -> Found:
    """The loss scale had just been doubled to a value that had never been tried."""
    s = f.scale
    if s is None or s.record_points is None or s.at_onset is None or f.onset is None or f.onset.from_start:
        return None
    text = (
        f"{s.tag} had risen to {num(s.at_onset)}, the highest so far, {lag_text(s.record_points)} "
        f"{where(f, f.onset.step)}: gradients are that much nearer to the end of fp16"
    )
    return sign("loss-scale-at-record", d, ramp(s.record_points, AT_RECORD, 3), text, series=s.tag, value=s.at_onset)


def scale_steady(f: Facts, d: int) -> Found:
    s = f.scale
    if s is None or s.collapsed or s.halvings >= 4 or s.at_onset is None:
        return None
    if s.record_points is not None and s.record_points <= AT_RECORD:
        return None  # it had just been doubled: not steady
    text = f"{s.tag} was steady (at {num(s.at_onset)} at the onset, never more than {s.halvings} halvings in a row)"
    return sign("loss-scale-steady", d, ramp(s.halvings, 4, 1), text, series=s.tag, value=s.at_onset)


FOLLOWED = (0.7, 0.35)
"""Share of the rise of training (log) by which validation rose, from which it followed, and up to which it did not."""


def val_unharmed(f: Facts, d: int) -> Found:
    v = f.validation
    if f.leading_role.startswith("val"):
        return None
    if v is None:
        return missing("validation-unharmed", "val_loss")
    if v.at_onset is None:
        return None
    text = f"{v.tag} did not follow ({times(v.at_onset)} its level before)"
    too = val_jumped_too(f, d)  # a median over all that came later hides what the first evaluation shows
    strength = log_ramp(v.at_onset, 1.15, 1.03) * (1.0 - (too.strength if isinstance(too, Sign) else 0.0))
    if v.next_ratio is not None:
        strength *= log_ramp(v.next_ratio, 1.5, 1.15)
    rose = f.loss.end_over_before if f.loss is not None and not f.loss.recovered else None
    if rose is not None and rose > 1 and v.at_onset > 1:  # it followed a small rise by as much
        strength *= ramp(math.log(v.at_onset) / math.log(rose), *FOLLOWED)
    return sign("validation-unharmed", d, strength, text, series=v.tag, value=v.at_onset)


def val_harmed(f: Facts, d: int) -> Found:
    v = f.validation
    if f.leading_role.startswith("val"):
        return None
    if v is None:
        return missing("validation-harmed", "val_loss")
    if v.at_onset is None:
        return None
    text = f"{v.tag} rose with it ({times(v.at_onset)} its level before): the weights themselves were harmed"
    return sign("validation-harmed", d, log_ramp(v.at_onset, 1.15, 2.0), text, series=v.tag, value=v.at_onset)


LATE = 30.0
"""Logged points after the onset from which the first evaluation says little about what happened at the onset."""


def val_jumped_too(f: Facts, d: int) -> Found:
    """At its first evaluation after the onset validation had risen as far as training: the weights were thrown."""
    v = f.validation
    if f.leading_role.startswith("val") or f.verdict is Verdict.NAN:
        return None
    if v is None or v.next_share is None or v.next_points is None or v.next_ratio is None:
        return None
    text = (
        f"{v.tag} had risen with {f.tag} by its first evaluation after the onset ({times(v.next_ratio)} its level): "
        "the weights were thrown"
    )
    strength = ramp(v.next_share, 0.3, 0.8) * ramp(v.next_points, LATE, 5.0)
    return sign("validation-jumped-too", d, strength, text, series=v.tag, value=v.next_ratio)


def val_followed(f: Facts, d: int) -> Found:
    """Validation moved little at first and rose later, as the net learned what the loss now asks for."""
    v = f.validation
    if v is None or v.next_share is None or v.next_ratio is None or v.later_ratio is None or f.verdict is Verdict.NAN:
        return None
    if f.leading_role.startswith("val"):
        return None
    text = (
        f"{v.tag} was {times(v.next_ratio)} its level at its first evaluation after the onset, and "
        f"{times(v.later_ratio)} later: it followed slowly"
    )
    strength = ramp(v.next_share, 0.5, 0.2) * log_ramp(v.later_ratio / max(v.next_ratio, 1e-9), 1.05, 1.3)
    return sign("validation-followed", d, strength, text, series=v.tag, value=v.later_ratio)


BEST_EARLY = (1.0, 4.0)
"""Evaluations behind the first at which a validation loss was best: at so few a training loss still lags behind."""


def val_below_training(f: Facts, d: int) -> Found:
    """Training is harder than validation from the first evaluation: what is wrong is in the training targets alone."""
    v = f.validation
    if v is None or v.ratio_first is None or v.ratio_best is None or v.train_first is None:
        return None
    r = max(v.ratio_first, v.ratio_best)  # at the first alone training may only lag behind: it is a mean of the past
    text = (
        f"{v.tag} is below the training loss at the first evaluation ({num(v.first)} against {num(v.train_first)}) "
        "and at its best"
    )
    # Best at its first evaluations, while the training loss fell fast, it says no more than the first one does.
    best_at = 0.0 if v.best_fraction is None else v.best_fraction * (v.points - 1)
    strength = log_ramp(r, 1.0, 0.75) * ramp(best_at, *BEST_EARLY)
    return sign("validation-below-training", d, strength, text, series=v.tag)


def val_above_training(f: Facts, d: int) -> Found:
    """Validation began far above training: the two do not see the same, and labels have no part in that."""
    v = f.validation
    if v is None or v.ratio_first is None or v.train_first is None:
        return None
    text = f"{v.tag} is {times(v.ratio_first)} the training loss at the first evaluation already"
    return sign("validation-above-training", d, log_ramp(v.ratio_first, 1.3, 3.0) * begun(f), text, series=v.tag)


def only_validation(f: Facts, d: int) -> Found:
    """Training kept falling; validation alone is bad. Nothing is said where training was not seen after the onset."""
    if not f.leading_role.startswith("val") or f.train is None or f.loss is None or f.train.tag == f.loss.tag:
        return None
    if f.beside is not None and f.beside.points_after < SEEN_AFTER:
        return None
    r = f.train.end_over_before
    was = f.train.before if f.train.before is not None else f.train.first  # bad from its start: there is no before
    text = f"{f.train.tag} stayed on its course ({num(was)} then {num(f.train.end)}); only {f.loss.tag} is bad"
    strength = 1.0 if r is None else log_ramp(r, 1.5, 1.0)
    both = stepped_with_validation(f)
    if both > STEPPED:
        return None  # a sentence of this would stand beside one that says the opposite
    return sign("only-validation", d, strength * (1.0 - both), text, series=f.loss.tag)


def climbs_alone(f: Facts) -> bool:
    """A validation loss beside which no training loss was logged climbs, in more than a point or two."""
    if not f.leading_role.startswith("val") or Role.TRAIN_LOSS.value in f.roles or f.loss is None:
        return False
    return f.loss.growth.kind != "downward" and f.loss.growth.points > AT_ONCE


def validation_alone(f: Facts, d: int) -> Found:
    """Of a validation loss alone a slow climb after its minimum is what overfitting looks like."""
    if f.verdict not in (Verdict.EXPLODED, Verdict.DIVERGED) or not climbs_alone(f) or f.loss is None:
        return None
    text = f"{f.loss.tag} climbs from its minimum by and by, and no training loss was logged that could have risen too"
    return sign("validation-alone", d, 1.0, text, series=f.loss.tag)


AT_ONCE = 2
"""Points within which a rise came at once."""

STEPPED = 0.5
"""How surely training rose with validation, 0 to 1, from which that is what is said."""

SEEN_AFTER = 2
"""Training points from the onset of validation on, below which training may have failed as well."""


def stepped_with_validation(f: Facts) -> float:
    """How surely the training loss rose where validation, which leads, left its course: 0 to 1."""
    b = f.beside
    if b is None or b.rise is None or b.novelty is None:
        return 0.0
    return log_ramp(b.novelty, 1.2, 2.5) * log_ramp(b.rise, 1.1, 1.35)


def training_stepped_too(f: Facts, d: int) -> Found:
    """Where validation leads: the training loss rose at the same place, beyond anything it had done before."""
    b = f.beside
    if b is None or b.rise is None or b.novelty is None:
        return None
    text = (
        f"{b.tag} rose as well, {times(b.rise)} its level at {where(f, b.step)}, {times(b.novelty)} as far as any "
        "rise before: not validation alone"
    )
    return sign("training-stepped-too", d, stepped_with_validation(f), text, series=b.tag, steps=(b.step, None))


def training_relearned(f: Facts, d: int) -> Found:
    """Training rose with validation and fell again, validation did not: it learned something else from there on."""
    b = f.beside
    if b is None or b.regained is None or f.loss is None or f.loss.end_over_before is None:
        return None
    text = (
        f"{b.tag} rose {times(b.rise)} at {where(f, b.step)} and fell again, while {f.tag} stayed at "
        f"{times(f.loss.end_over_before)} its level: from there on something else was learned"
    )
    strength = stepped_with_validation(f) * ramp(b.regained, 0.2, 0.7) * log_ramp(f.loss.end_over_before, 1.1, 1.6)
    return sign("training-relearned", d, strength, text, series=b.tag, steps=(b.step, None), value=b.regained)


STAYED, SWEPT_ALONG = 0.45, 0.85
"""Growth of the other terms over that of the one that grew most (logarithms) up to which they stayed or were harmed
by it, and from which the cause is common to all."""


def term_took_over(f: Facts, d: int) -> Found:
    """One term of the loss has a far larger share of it than before, and the others stayed."""
    c = f.components
    if c is None:
        return missing("term-took-over", "loss_component")
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
    if c is None:
        return 0.0
    if c.rest or (c.growth or 1.0) <= 1 or (c.others_growth or 1.0) <= 1:
        return 1.0  # a weight, or a term that was not logged: what the logged ones did does not clear it
    followed = ramp(c.lead_points or 0.0, 0.5, 4.0)
    return max(followed, ramp(math.log(c.others_growth or 1.0) / math.log(c.growth or 1.0), SWEPT_ALONG, STAYED))


def component_led(f: Facts, d: int) -> Found:
    c = f.components
    if c is None:
        return missing("one-term-led", "loss_component")
    if c.first is None or c.growth is None or c.count < 2:
        return None
    text = (
        f"of {c.count} terms {c.first} moved {'first' if (c.lead_points or 0) >= 0.5 else 'most'}: it grew "
        f"{times(c.growth)}, the others {times(c.others_growth)}"
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


def adaptive_optimizer(f: Facts, d: int) -> Found:
    if f.recipe.adaptive is None:
        return missing("adaptive-optimizer", "optimizer")
    if not f.recipe.adaptive:
        return None
    return sign("adaptive-optimizer", d, 0.15, f"the optimizer is {f.recipe.optimizer}")


def plain_sgd(f: Facts, d: int) -> Found:
    if f.recipe.adaptive is not False:
        return None
    return sign("plain-sgd", d, 1.0, f"the optimizer is {f.recipe.optimizer}, without a second moment")


def said_in_log(f: Facts, kind: str, d: int) -> Found:
    m = f.message(kind)
    if m is None:
        return None
    text = f'{m.count} log line{"s" * (m.count != 1)} of this kind ("{m.text}"), {m.near_onset} near the onset'
    strength = 1.0 if m.near_onset else (0.6 if m.count else 0.0)
    return sign(f"log-says-{kind}", d, strength, text, steps=(m.first_step, None), value=float(m.count))


def architecture_is(f: Facts, kind: str, d: int) -> Found:
    if f.recipe.architecture is None and f.layers is not None and f.layers.kind == kind:
        return sign(f"is-{kind}", d, 0.7, f"the names of the logged layers are those of a {kind} net")
    if f.recipe.architecture != kind:
        return None
    return sign(f"is-{kind}", d, 0.7, f"the settings name a {kind} net")
