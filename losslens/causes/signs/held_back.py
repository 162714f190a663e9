"""Signs of how a validation loss rose, told by overfitting, label noise and a mismatch alike. ``d`` as elsewhere."""

from __future__ import annotations

import math

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import kind
from losslens.causes.signs.build import Found, begun, by, log_ramp, missing, num, percent, ramp, sign, times
from losslens.roles.boosting import boosts

FEWEST = 5
"""Evaluations from which a climb can be told from a step."""

LEARNED = 0.5
"""Share of the training loss of the first evaluation below which training has learned."""

NEVER_BETTER = 0.95
"""Best validation over the first, from which it never got better."""

SMALL_MOVE = 1.25
"""Ratio of an evaluation to the one before below which all moves are small, the noise of single ones included."""

ROSE = 1.05
"""Validation at its end over its best, from which there was a rise at all."""


def stepped(f: Facts, d: int) -> Found:
    """Validation rose in one go: something changed there. Memorising and wrong labels raise it little by little."""
    v = f.validation
    if not f.leading_role.startswith("val") or v is None or v.stepped is None or v.climbed is None:
        return None
    low, high = v.stepped
    text = (
        f"{v.tag} stepped up {by(high / low)} from one evaluation to the next ({num(low)} to {num(high)}), of "
        f"{by(v.climbed)} that it climbed in all"
    )
    return sign("validation-jumped", d, in_one_go(f), text, series=v.tag, value=high / low)


def in_one_go(f: Facts) -> float:
    """How surely validation rose in one step, 0 to 1."""
    v = f.validation
    if v is None or v.largest_rise is None or v.largest_share is None:
        return 0.0
    return log_ramp(v.largest_rise, 1.1, 1.6) * ramp(v.largest_share, 0.25, 0.8)


def crept(f: Facts, d: int) -> Found:
    """Validation rose by small moves alone: what the net learns carries it away, nothing broke."""
    v = f.validation
    if v is None or v.largest_rise is None or v.points < FEWEST or v.rise is None or v.rise < ROSE:
        return None
    if not f.leading_role.startswith("val"):
        return None
    how = "little by little"
    if v.largest_move is not None and 1.0 < v.largest_move < SMALL_MOVE:
        how = f"by small moves, never more than {by(v.largest_move)} from one evaluation to the next"
    text = f"the level of {v.tag} rose {by(v.rise)} {how}"
    strength = log_ramp(v.largest_rise, 1.25, 1.06)
    return sign("validation-climbs-gradually", d, strength, text, series=v.tag, value=v.largest_rise)


SAME_ACCURACY = 0.02
"""Two accuracies no farther apart are one."""


def _what(f: Facts) -> str:
    """What tells how right the answers are."""
    score = f.validation.score if f.validation is not None else None
    return "the accuracy on held-out data" if score is None else score


NO_GAIN = 0.005
"""An accuracy that gained less than this never rose, as it is printed."""


def accuracy_never_rose(f: Facts, d: int) -> Found:
    """Training learned, and on held-out data not one more answer became right: nothing general was ever learned."""
    v = f.validation
    if v is None or not f.leading_role.startswith("val"):
        return None
    if v.accuracy is None:
        return missing("held-out-accuracy-never-rose", "val_accuracy")
    if v.train_progress is None or v.train_progress > LEARNED:
        return None
    if v.score is not None:
        return None  # of a score nothing says how much of it a guess has
    first, best, _ = v.accuracy
    gained = (best - first) / max(1.0 - first, 1e-9)
    never = "never" if best - first < NO_GAIN else "hardly"
    text = (
        f"the accuracy on held-out data {never} rose ({percent(first)} at first, {percent(best)} at best) although the "
        f"training loss fell to {percent(v.train_progress)}"
    )
    strength = ramp(gained, 0.12, 0.04) * ramp(best, 0.8, 0.6) * begun(f)
    return sign("held-out-accuracy-never-rose", d, strength, text, value=best, compared_to=first)


def accuracy_kept(f: Facts, d: int) -> Found:
    """The validation loss rose and the answers stayed as right: wrong ones were given ever more surely."""
    v = f.validation
    if v is None or not f.leading_role.startswith("val") or v.rise is None or v.rise < ROSE:
        return None
    if v.accuracy is None:
        return missing("held-out-accuracy", "val_accuracy")
    first, best, end = v.accuracy
    learned = ramp((best - first) / max(1.0 - first, 1e-9), 0.05, 0.25) if first < 0.8 else 1.0
    text = f"{_what(f)} stayed ({percent(end)} at the end, {percent(best)} at best)"
    strength = learned * ramp((best - end) / max(best, 1e-9), 0.12, 0.04)
    return sign("held-out-accuracy-kept", d, strength, text, value=end, compared_to=best)


def accuracy_lost(f: Facts, d: int) -> Found:
    """Validation loss and accuracy were good and were both lost: memorising costs a few answers, not most of them."""
    v = f.validation
    if v is None or not f.leading_role.startswith("val") or v.rise is None or v.rise < ROSE or v.accuracy is None:
        return None
    _, best, end = v.accuracy
    text = f"{_what(f)} fell from {percent(best)} to {percent(end)}"
    strength = ramp((best - end) / max(best, 1e-9), 0.15, 0.4)
    return sign("held-out-accuracy-lost", d, strength, text, value=end, compared_to=best)


OTHER_ANSWERS = (0.7, 0.3)
"""Share of the accuracy of a guess below which wrong answers are no accident, and below which surely."""

NONE_RIGHT = (0.1, 0.03)
"""The same where the number of classes is not known: so few right answers while training has most of them right."""


def accuracy_below_chance(f: Facts, d: int) -> Found:
    """Fewer right than by guessing: the answers have other names there (permuted labels, another vocabulary).

    A net that knows nothing, was thrown, or memorised other samples still is right by chance.
    """
    v = f.validation
    if v is None or v.accuracy is None:
        return missing("accuracy-below-chance", "val_accuracy")
    if v.score is not None:
        return None
    _, best, end = v.accuracy
    classes = f.train.classes if f.train is not None else None
    if classes is not None and classes >= 2:
        strength = ramp(end * classes, *OTHER_ANSWERS) * ramp(best * classes, 1.5, 3.0)
        text = f"the accuracy on held-out data fell from {percent(best)} to {percent(end)}, a guess has 1 in {classes}"
    else:
        right = v.train_accuracy_end
        if right is None:
            return None
        right = right / 100 if right > 1.5 else right
        strength = ramp(end, *NONE_RIGHT) * ramp(best, 0.4, 0.7) * ramp(right, 0.4, 0.7)
        text = (
            f"the accuracy on held-out data fell from {percent(best)} to {percent(end)}, while in training "
            f"{percent(right)} are right"
        )
    text += ": the same things have other labels there than in training"
    return sign("accuracy-below-chance", d, strength, text, value=end, compared_to=best)


def memorised(f: Facts, d: int) -> Found:
    """The training loss went to a few per cent of where it began: the samples themselves were learned."""
    v = f.validation
    if not f.leading_role.startswith("val") or v is None or v.train_progress is None:
        return None
    text = f"the training loss fell to {percent(v.train_progress)} of what it was at the first evaluation: memorised"
    return sign("learned-by-heart", d, log_ramp(max(v.train_progress, 1e-9), 0.3, 0.03), text, value=v.train_progress)


def never_better(f: Facts) -> str:
    """In words: the best evaluation was the first, or hardly below it."""
    v = f.validation
    assert v is not None
    if v.first is None or v.lowest >= v.first:
        return f"{v.tag} was never better than at its first evaluation ({num(v.lowest)})"
    better = f", {percent(1.0 - v.lowest / v.first)} better than" if v.lowest > 0 else ", against"
    return f"{v.tag} never became better than {num(v.lowest)}{better} its first evaluation ({num(v.first)})"


def had_a_good_phase(f: Facts) -> bool:
    """Whether validation ever was clearly better than at its first evaluation: else nothing was lost by memorising."""
    v = f.validation
    return v is None or v.never_good is None or v.never_good < NEVER_BETTER


LATE = (10.0, 2.0)
"""Passes over the data before the first evaluation from which it says nothing of how things began, and up to which it
says all: much may have been memorised by then."""


def apart_at_first(f: Facts, d: int, apart: tuple[float, float]) -> Found:
    """Validation stood far above training at the first evaluation already, before anything can have been memorised."""
    v = f.validation
    if v is None:
        return missing("validation-apart-at-first", "val_loss")
    if v.ratio_first is None:
        return None
    text = (
        f"{v.tag} is {times(v.ratio_first)} the training loss at the first "
        f"evaluation ({num(v.first)} against {num(v.train_first)})"
    )
    strength = log_ramp(v.ratio_first, *apart) * _begins_early(f)
    return sign("validation-apart-at-first", d, strength, text, series=v.tag, value=v.ratio_first)


def _begins_early(f: Facts) -> float:
    if boosts(f.trainer, f.tags):
        return 0.0  # trees learn the samples themselves from the first on
    passes = f.validation.passes_first if f.validation is not None else None
    return begun(f) * (1.0 if passes is None else log_ramp(max(passes, 1.0), *LATE))


def never_as_untrained(f: Facts, d: int) -> Found:
    """Training learned, and held-out data never cost less than the first training loss did: there was no good phase.

    Memorising loses what was there before; a net that is another one in evaluation never has it.
    """
    v, t = f.validation, f.train
    if v is None or t is None or not f.leading_role.startswith("val") or f.loss is None or t.tag == f.loss.tag:
        return None
    if v.points < FEWEST or v.best is None or not t.first or t.first <= 0 or v.train_progress is None:
        return None
    r = v.best / t.first
    text = (
        f"{v.tag} was never better than {num(v.lowest)}, {times(v.lowest / t.first)} the first {t.tag} "
        f"({num(t.first)}), although training fell to {percent(v.train_progress)}: it never had a good phase"
    )
    strength = log_ramp(r, 1.05, 1.6) * ramp(v.train_progress, LEARNED, LEARNED / 2) * _begins_early(f)
    return sign("never-as-untrained", d, strength, text, series=v.tag, value=v.lowest, compared_to=t.first)


AT_A_GUESS = (0.06, 0.02)
"""Distance from ln C, as a share, at which a loss may be that of a guess among C classes, and surely is …"""

BELOW_A_GUESS = 4.0
"""A level below ln C is so many times as far from it: who guesses can lose by being sure, and gains by nothing."""

OF_THE_GAP = (0.15, 0.05)
"""… and as shares of the distance to the next such level, where nothing but the level speaks of C classes."""

FEW_CLASSES = 6
"""Among more nothing but the level says too little: one of them is always near, and …"""

ROUND_CLASSES = (10, 20)
"""… of those only these, as people have them, say anything."""

AS_UNTRAINED = 0.15
"""Training that began within this share of ln C speaks of them: it is the loss of an untrained net."""


def best_is_a_guess(f: Facts, d: int) -> Found:
    """Training learned its samples, and the best that held-out data ever cost is ln C, a guess among the classes.

    What is memorised after something general was learned had been better than that; a net that is another one in
    evaluation does not stand at ln C by chance.
    """
    v, t = f.validation, f.train
    if v is None or not f.leading_role.startswith("val") or v.points < FEWEST or v.best is None or v.first is None:
        return None
    if v.train_progress is None or v.never_good is None or v.never_good < NEVER_BETTER or v.best <= 0:
        return None
    if kind.regresses(f):
        return None  # the error of a number may lie anywhere
    best = v.best
    classes = min((*range(2, FEW_CLASSES + 1), *ROUND_CLASSES), key=lambda c: abs(best / math.log(c) - 1.0))
    guess = math.log(classes)
    off, near = best / guess - 1.0, AT_A_GUESS
    off = off if off >= 0.0 else -BELOW_A_GUESS * off
    if t is None or t.first is None or abs(t.first / guess - 1.0) > AS_UNTRAINED:
        if classes > FEW_CLASSES:
            return None
        gap = math.log(classes + 1.0) / guess - 1.0
        near = (min(near[0], OF_THE_GAP[0] * gap), min(near[1], OF_THE_GAP[1] * gap))
    text = (
        f"{v.tag} was never better than {num(v.lowest)}, a guess among {classes} classes (ln {classes}), while "
        f"training fell to {percent(v.train_progress)} of its value at the first evaluation: nothing general was "
        "ever learned"
    )
    strength = ramp(off, *near) * ramp(v.train_progress, 0.9, 0.6) * begun(f)
    return sign("best-is-a-guess", d, strength, text, series=v.tag, value=v.lowest, compared_to=guess)


def rose_too_far(f: Facts, d: int) -> Found:
    """Memorising costs tens of per cent, or a factor of two or three when confident; not tens."""
    v = f.validation
    if v is None or v.rise is None:
        return None
    text = f"{v.tag} rose {times(v.rise)} above its best, more than memorising usually costs"
    return sign("validation-rose-too-far", d, log_ramp(v.rise, 2.5, 10.0), text, series=v.tag, value=v.rise)


def not_evaluated_on_training(f: Facts) -> Found:
    """What would tell a net that memorised from one that is another in evaluation, and is hardly ever logged."""
    if not f.leading_role.startswith("val") or f.validation is None:
        return None
    return missing("training-in-evaluation", "train_loss_in_eval_mode")
