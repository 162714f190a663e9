"""Signs of the validation loss: whether it was harmed, followed, or parted from training.

``d`` is +1 for the asking cause, -1 against it.
"""

from __future__ import annotations

import math

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.signals import Validation
from losslens.causes.signs.build import Found, begun, by, log_ramp, missing, num, ramp, sign, times, where
from losslens.causes.signs.held_back import in_one_go
from losslens.model import Role, Sign, Verdict

FOLLOWED = (0.7, 0.35)
"""Share of the rise of training (log) by which validation rose, from which it followed, and up to which it did not."""


OVER_ALL = 1.25
"""Times the level of all evaluations since that the next one after the onset stood at, for both to be told."""


def val_unharmed(f: Facts, d: int) -> Found:
    v = f.validation
    if f.leading_role.startswith("val"):
        return None
    if v is None:
        return missing("validation-unharmed", "val_loss")
    if v.at_onset is None or _forgot(v):
        return None
    text = f"{v.tag} did not follow ({times(v.at_onset)} its level before)"
    if v.next_ratio is not None:
        later = f", {times(v.at_onset)} over all since" if v.next_ratio / v.at_onset > OVER_ALL else ""
        text = f"{v.tag} did not follow ({times(v.next_ratio)} its level before at its next evaluation{later})"
    too = val_jumped_too(f, d)  # a median over all that came later hides what the first evaluation shows
    strength = log_ramp(v.at_onset, 1.15, 1.03) * (1.0 - (too.strength if isinstance(too, Sign) else 0.0))
    if v.next_ratio is not None:
        strength *= log_ramp(v.next_ratio, 1.5, 1.15)
    rose = f.loss.end_over_before if f.loss is not None and not f.loss.recovered else None
    if rose is not None and rose > 1 and v.at_onset > 1:  # it followed a small rise by as much
        strength *= ramp(math.log(v.at_onset) / math.log(rose), *FOLLOWED)
    return sign("validation-unharmed", d, strength, text, series=v.tag, value=v.at_onset)


FORGOTTEN = 0.6
"""Share of the best accuracy on held-out data below which what was learned is lost, whatever the loss became: where it
had been above that of a guess, as overfitting makes it, a net that says the same of every sample has a lower one."""


def _forgot(v: Validation) -> bool:
    return v.accuracy is not None and v.score is None and v.accuracy[2] < FORGOTTEN * v.accuracy[1]


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
    strength = 1.0 if r is None else log_ramp(r, 1.5, 1.0)
    text = f"{f.train.tag} stayed on its course ({num(was)} then {num(f.train.end)}); only {f.loss.tag} is bad"
    if r is not None and r > ON_COURSE:
        text = f"{f.train.tag} rose {by(r)} ({num(was)} then {num(f.train.end)}), far less than {f.loss.tag}"
        strength *= log_ramp((f.loss.end_over_before or math.inf) / r, 1.0, FAR_MORE)
    both = stepped_with_validation(f)
    if both > STEPPED:
        return None  # a sentence of this would stand beside one that says the opposite
    return sign("only-validation", d, strength * (1.0 - both), text, series=f.loss.tag)


ON_COURSE, FAR_MORE = 1.05, 1.3
"""Rise of a training loss from which it did not stay on its course, and how many times as far validation rose that left
it behind."""


def climbs_alone(f: Facts) -> bool:
    """A validation loss beside which no training loss was logged climbs, in more than a point or two."""
    if not f.leading_role.startswith("val") or Role.TRAIN_LOSS.value in f.roles or f.loss is None:
        return False
    return f.loss.growth.kind != "downward" and f.loss.growth.points > AT_ONCE


def validation_alone(f: Facts, d: int) -> Found:
    """Of a validation loss alone a slow climb after its minimum is what overfitting looks like."""
    if f.verdict not in (Verdict.EXPLODED, Verdict.DIVERGED) or not climbs_alone(f) or f.loss is None:
        return None
    if in_one_go(f) > STEPPED:
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
