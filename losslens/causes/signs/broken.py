"""Signs of what was still whole when the loss stopped being finite. ``d`` is +1 for the asking cause, -1 against it.

A loss is computed forward, from the weights and a batch; the gradient and the update come after. What was still finite,
or as good as before, at the first NaN tells which of these broke.
"""

from __future__ import annotations

import math

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import Found, calmness, missing, num, percent, points, ramp, sign, where
from losslens.causes.signs.kind import regresses
from losslens.model import Verdict

AS_BEFORE = 0.8
"""Share of an accuracy, between what it was after and before, from which it is as before."""


def _calm(f: Facts) -> bool:
    """A NaN out of a calm loss: after a climb everything is broken at once."""
    return f.nonfinite is not None and f.nonfinite.pattern == "abrupt"


def each_step(f: Facts) -> bool:
    """Every step is logged: what is seen at the first NaN was measured at the step that made it."""
    return f.extent is not None and f.extent.steps_apart <= 1


def infinite_first(f: Facts, d: int) -> Found:
    """Inf before NaN: something was too large or a logarithm of 0; an empty mean gives NaN at once."""
    n = f.nonfinite
    if n is None or not _calm(f) or not n.infinite_first:
        return None
    text = f"{f.tag} was Inf at {where(f, n.first_step)}, straight from a calm course: a value too large, or log 0"
    return sign("inf-from-calm", d, calmness(f), text, series=f.tag, steps=(n.first_step, n.first_step))


def accuracy_kept(f: Facts, d: int) -> Found:
    """The outputs were as good as ever at the first NaN: the loss broke, not the net."""
    n = f.nonfinite
    if n is None or not _calm(f):
        return None
    if n.accuracy_kept is None:
        return missing("accuracy-kept", "accuracy") if "accuracy" not in f.roles else None
    had = "was still as before" if n.accuracy_kept >= AS_BEFORE else "had only begun to fall"
    text = (
        f"the accuracy {had} at {where(f, n.first_step)}, where {f.tag} was not finite, and fell "
        "after it: the net was whole when the loss broke"
    )
    # A mean over steps is mostly of those before: part of the way it goes whatever broke.
    strength = ramp(n.accuracy_kept, 0.4, AS_BEFORE) if each_step(f) else 0.3 * ramp(n.accuracy_kept, AS_BEFORE, 0.95)
    return sign("accuracy-kept", d, strength, text, value=n.accuracy_kept)


def accuracy_lost(f: Facts, d: int) -> Found:
    """The outputs were gone at the very step of the first NaN: the weights had broken in the update before it."""
    n = f.nonfinite
    if n is None or n.accuracy_kept is None or not _calm(f) or not each_step(f):
        return None
    text = (
        f"the accuracy fell at {where(f, n.first_step)}, the very step of the first value that is not finite: "
        "the net itself was broken by then"
    )
    return sign("accuracy-lost", d, ramp(n.accuracy_kept, 0.4, 0.1), text, value=n.accuracy_kept)


def weights_kept(f: Facts, d: int) -> Found:
    """The weights were finite at a step whose loss was not: the loss broke first."""
    n, w = f.nonfinite, f.weights
    if n is None or not _calm(f):
        return None
    if w is None:
        return missing("weights-outlived-loss", "weight_norm")
    if n.weights_kept is None or n.weights_kept < 0.5:
        return None
    text = f"{w.tag} was still finite at {where(f, n.first_step)}, where {f.tag} was not: the loss broke first"
    return sign("weights-outlived-loss", d, 1.0, text, series=w.tag, value=n.weights_kept)


def weights_broke(f: Facts, d: int) -> Found:
    """Loss and weights were lost at the same step, each step logged."""
    n, w = f.nonfinite, f.weights
    if n is None or w is None or n.weights_kept is None or n.weights_kept >= 0.5 or not _calm(f) or not each_step(f):
        return None
    text = f"{w.tag} was not finite at the first step ({num(n.first_step)}) whose loss was not"
    return sign("weights-broke-with-loss", d, 0.6, text, series=w.tag)


def weights_whole(f: Facts, d: int) -> Found:
    """The loss stayed broken although the weights are finite to the end: the forward pass breaks at every step."""
    n, w = f.nonfinite, f.weights
    if n is None or w is None or not n.weights_whole or n.pattern == "scattered":
        return None
    text = f"{w.tag} stays finite to the end, {f.tag} does not come back: updates are skipped, each step breaks anew"
    return sign("weights-stay-whole", d, 1.0, text, series=w.tag)


def validation_led(f: Facts, d: int) -> Found:
    """Validation was not finite while the training loss still was."""
    n, v = f.nonfinite, f.validation
    if n is None or v is None or not n.val_led or n.val_first_step is None or n.pattern in ("from-first", "unseen"):
        return None
    text = f"{v.tag} was NaN already at {where(f, n.val_first_step)}, while {f.tag} was still finite"
    return sign("validation-nan-first", d, 1.0, text, series=v.tag)


def saturated(f: Facts, d: int) -> Found:
    """The loss was next to nothing before it broke: predictions so sure that a probability rounds to 0 or 1.

    The error of a number may be as small as it likes.
    """
    if f.loss is None or f.loss.best is None or not _calm(f) or f.leading_role.startswith("val") or regresses(f):
        return None
    low = f.loss.best
    if low < 0 or not f.loss.start_level or f.loss.start_level <= 0:
        return None
    text = f"{f.tag} had come down to {num(low)}: predictions so sure that a probability rounds to 0 or 1"
    return sign("loss-at-nothing", d, ramp(-math.log10(max(low, 1e-12)), 1.5, 3.5), text, series=f.tag, value=low)


FEWEST_OUTLIVED = 3
"""Points whose loss is not finite from which their gradients say whether the net is whole."""


def grad_broke_and_training_went_on(f: Facts, d: int) -> Found:
    """A gradient that is not finite ruins the weights in one step, unless that step is skipped, as a scaler does."""
    g = f.gradient
    if g is None:
        return missing("grad-nan-survived", "grad_norm")
    if g.nonfinite_step is None or g.outlived is None or f.verdict is not Verdict.NAN:
        return None
    text = (
        f"{g.tag} was not finite at {where(f, g.nonfinite_step)} and {f.tag} went on finite for {points(g.outlived)}: "
        "such steps were skipped, as under a loss scale"
    )
    steps = (g.nonfinite_step, None)
    return sign("grad-nan-survived", d, ramp(g.outlived, 1.5, 3.5), text, series=g.tag, steps=steps, value=g.outlived)


def grad_outlived_loss(f: Facts, d: int) -> Found:
    """Finite gradients at points whose loss is not: no NaN went through the net, the number alone is lost."""
    n = f.nonfinite
    if n is None or n.pattern in ("from-first", "unseen"):
        return None
    if n.grad_zero_at is None:
        return missing("grad-outlived-loss", "grad_norm")
    if n.points < FEWEST_OUTLIVED or f.gradient is None or n.grad_finite_at is None:
        return None
    idle = n.grad_zero_at - (1 - n.grad_finite_at)
    text = (
        f"{f.gradient.tag} is finite at {percent(n.grad_finite_at)} of the {n.points} points whose {f.tag} is not"
        f"{f' (exactly 0 at {percent(idle)})' if idle > 0 else ''}: "
        "the net is whole, what is lost is the number (a mean over nothing, or a running mean that one NaN poisoned)"
    )
    return sign("grad-outlived-loss", d, ramp(n.grad_finite_at, 0.7, 0.95), text, series=f.gradient.tag)
