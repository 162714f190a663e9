"""Settings that no training can want: a wrong sign, a share of 1 and more, a mean over nothing. They are the bug in
person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.recipe import number, squeeze
from losslens.causes.signs.build import Found, num, sign
from losslens.model import Fix, Verdict

UNSET = -1.0
"""Stands for "not set" in many configurations."""

DROPOUT = frozenset({"dropout", "dropoutrate", "dropoutp", "pdropout", "dropoutprob", "dropprob", "pdrop"})
DISCOUNT = frozenset({"gamma", "discount", "discountfactor"})
LEAST_BETA2, LEAST_EPS = 0.5, 1e-12
"""Below these nobody means what stands there: the mean is of two gradients, or the floor lies below that of fp32."""

SURE = 1.0
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Wrong:
    """One such setting: the cause it makes, how surely, what is wrong with it, and how to mend it."""

    cause: str
    strength: float
    value: float
    text: str
    fix: Fix


def wrong_settings(f: Facts) -> tuple[Wrong, ...]:
    """All of one run, from the settings in force at its onset."""
    return (*_of_decay(f), *_of_rate(f), *_of_momentum(f), *_of_dropout(f))


def impossible(f: Facts, cause: str, d: int) -> tuple[Found, ...]:
    """The wrong settings that make this cause."""
    wrong = (w for w in wrong_settings(f) if w.cause == cause)
    return tuple(sign("setting-impossible", d, w.strength, w.text, value=w.value) for w in wrong)


def mended(f: Facts, cause: str) -> tuple[Fix, ...]:
    """How to set right what is wrong: it comes before any other fix."""
    return tuple(w.fix for w in wrong_settings(f) if w.cause == cause)


def told(f: Facts) -> tuple[str, ...]:
    """A sentence for each wrong setting."""
    return tuple(dict.fromkeys(f"The settings say so: {w.text}." for w in wrong_settings(f)))


def _of_decay(f: Facts) -> Iterator[Wrong]:
    w = f.recipe.weight_decay
    if w is None or w >= 0 or w == UNSET or (f.onset is not None and f.onset.from_start):
        return
    text = f"the weight decay is {num(w)}; below zero it pushes every weight away from zero at each step"
    to = min(abs(w), 0.1)
    fix = Fix(
        f"The sign of the weight decay is wrong: set it to {num(to)} (now {num(w)})",
        f"torch.optim.AdamW(model.parameters(), lr=lr, weight_decay={to:g})",
        f"keras.optimizers.AdamW(learning_rate=lr, weight_decay={to:g})",
    )
    yield Wrong("weight-growth", SURE, w, text, fix)


def _of_rate(f: Facts) -> Iterator[Wrong]:
    lr, schedule, gamma = f.recipe.lr, f.recipe.scheduler or "", f.recipe.gamma
    logged = f.rate is not None and f.rate.source != "settings"
    if lr is not None and lr < 0 and lr != UNSET and not logged:
        text = f"the learning rate is {num(lr)}; below zero every step climbs the loss"
        fix = Fix(f"The sign of the learning rate is wrong: set it to {num(-lr)} (now {num(lr)})")
        yield Wrong("unbounded-loss", SURE, lr, text, fix)
    if gamma is not None and gamma > 1 and any(kind in schedule for kind in ("step", "exp")):
        text = f"the factor of the schedule ({schedule}) is {num(gamma)}; above 1 it raises the rate each time"
        fix = Fix(
            f"Set the factor of the schedule below 1 (now {num(gamma)})",
            "torch.optim.lr_scheduler.StepLR(optimizer, step_size, gamma=0.1)",
            "keras.optimizers.schedules.ExponentialDecay(lr, decay_steps, decay_rate=0.9)",
        )
        yield Wrong("lr-schedule-jump", SURE, gamma, text, fix)


def _of_momentum(f: Facts) -> Iterator[Wrong]:
    r = f.recipe
    if r.momentum is not None and r.momentum >= 1 and r.adaptive is False:
        text = f"the momentum is {num(r.momentum)}; from 1 on no step is forgotten and their sum has no bound"
        fix = Fix(
            f"Set the momentum to 0.9 (now {num(r.momentum)})",
            "torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)",
            "keras.optimizers.SGD(learning_rate=lr, momentum=0.9)",
        )
        yield Wrong("learning-rate-too-high", SURE, r.momentum, text, fix)
    if r.adaptive is False:
        return
    for name, beta, usual in (("beta1", r.beta1, 0.9), ("beta2", r.beta2, 0.999)):
        if beta is not None and beta >= 1:
            text = f"{name} is {num(beta)}; from 1 on the running mean takes in no gradient, and its correction is 0/0"
            yield Wrong("adam-instability", SURE, beta, text, Fix(f"Set {name} to {num(usual)} (now {num(beta)})"))
    if r.beta2 is not None and 0 <= r.beta2 < LEAST_BETA2:
        text = f"beta2 is {num(r.beta2)} (usual: 0.9 to 0.999); the second moment is hardly more than the last gradient"
        yield Wrong("adam-instability", HALF, r.beta2, text, Fix(f"Set beta2 to 0.999 (now {num(r.beta2)})"))
    if r.eps is not None and 0 < r.eps < LEAST_EPS and "adam" in (r.optimizer or ""):
        text = f"eps of the optimizer is {r.eps:g} (usual: 1e-8); it no longer bounds a step where gradients are near 0"
        yield Wrong("adam-instability", HALF, r.eps, text, Fix(f"Set eps of the optimizer to 1e-8 (now {r.eps:g})"))
    if r.eps == 0 and r.adaptive and f.agent is None:
        text = f"eps of {r.optimizer} is 0; the first gradient that is exactly 0 makes 0/0"
        fix = Fix(
            "Set eps of the optimizer to 1e-8 (now 0)",
            "torch.optim.AdamW(model.parameters(), lr=lr, eps=1e-8)",
            "keras.optimizers.AdamW(learning_rate=lr, epsilon=1e-7)",
        )
        yield Wrong("adam-instability", SURE, 0.0, text, fix)
        yield Wrong("numerical-instability", HALF, 0.0, text, fix)


def _of_dropout(f: Facts) -> Iterator[Wrong]:
    for name, value in f.settings.items():
        share = number(value)
        if share is None:
            continue
        if squeeze(name) in DROPOUT and share == 1 and isinstance(value, float) and f.verdict is Verdict.PLATEAU:
            text = f"{name} is 1; nothing gets through"
            yield Wrong("vanishing-gradients", SURE, share, text, Fix(f"Set {name} to 0.1 (now 1)"))
        if squeeze(name) in DISCOUNT and share > 1 and f.agent is not None and f.agent.rl:
            text = f"{name} is {num(share)}; a discount above 1 makes every value feed on itself without bound"
            yield Wrong("rl-or-gan-divergence", SURE, share, text, Fix(f"Set {name} to 0.99 (now {num(share)})"))
