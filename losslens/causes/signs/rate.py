"""Signs of the learning rate. ``d`` is +1 where a sign speaks for the asking cause, -1 where it speaks against."""

from __future__ import annotations

import math

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.schedule import RISE
from losslens.causes.facts.signals import Rate
from losslens.causes.signs import rise
from losslens.causes.signs.build import (
    Found,
    begun,
    evaluation_alone,
    lag_text,
    lived,
    log_ramp,
    missing,
    num,
    often,
    percent,
    points,
    ramp,
    sign,
    spanned,
    stretch,
    times,
    where,
)

HIGH_RATE = {"adaptive": 3e-3, "sgd": 0.3, "unknown": 0.1}
"""Peak rates above which a failure at the rate itself is common, by optimizer family: Adam's published recipes end near
1e-3 (vision) and 1e-3…6e-4 (language), SGD's near 0.1 per 256 samples (Goyal 2017)."""

OWN_RATE = {
    "novograd": 0.1,
    "muon": 0.1,
    "adagrad": 0.1,
    "adafactor": 0.03,
    "adadelta": 3.0,
    "prodigy": 3.0,
    "dadapt": 3.0,
}
"""The same of optimizers whose step is sized otherwise than Adam's: NovoGrad is run at 0.01 to 0.05 (Ginsburg 2019),
Muon at 0.02, Adadelta, Prodigy and D-Adaptation at 1, which they multiply by a size of their own."""

FAR_BEYOND = (10.0, 100.0)
"""Times that rate from which hardly anything trains, and from which nothing does."""

LOW_RATE = {"adaptive": 3e-6, "sgd": 1e-4, "unknown": 3e-6}
"""Rates below which "too high" needs other evidence: pretrained nets are tuned at 1e-5 to 5e-5 with Adam."""


WARM_POINTS = 20.0
"""Logged points after the end of a warm-up from which the rate counts as steady."""


def _family(f: Facts) -> str:
    adaptive = f.recipe.adaptive
    return "unknown" if adaptive is None else ("adaptive" if adaptive else "sgd")


def high_rate(f: Facts) -> float:
    """The peak rate above which a failure at the rate itself is common with this optimizer."""
    name = (f.recipe.optimizer or "").lower()
    return next((limit for own, limit in OWN_RATE.items() if own in name), HIGH_RATE[_family(f)])


def usual_peak(f: Facts) -> float:
    """The peak rate near which published recipes for this kind of optimizer end; agents are trained with Adam."""
    agent = _family(f) == "unknown" and f.agent is not None and f.agent.rl
    return (HIGH_RATE["adaptive"] if agent else high_rate(f)) / 3


def low_rate(f: Facts) -> float:
    """The rate below which "too high" needs other evidence."""
    return LOW_RATE[_family(f)]


def rate_far_beyond(f: Facts, d: int) -> Found:
    """A rate at which no published recipe trains: beyond what the usual evidence of a high rate is worth."""
    if f.rate is None:
        return None
    at = _met(f.rate)
    limit = high_rate(f)
    text = f"that is {times(at / limit)} the rate above which failures at the rate itself are common"
    low, high = FAR_BEYOND
    return sign("rate-far-beyond", d, log_ramp(at, limit * low, limit * high), text, value=at, compared_to=limit)


def rate_high(f: Facts, d: int) -> Found:
    if f.rate is None:
        return missing("rate-high", "learning_rate")
    if evaluation_alone(f):
        return None  # of evaluations that are bad from the first on beside a training that went well it says nothing
    family = _family(f)
    at = _met(f.rate)
    limit = high_rate(f)
    if at <= limit / 3:
        return None
    name = f.recipe.optimizer or "an unnamed optimizer"
    if at >= limit:
        common = f"failures at the rate itself are common above {num(limit)}"
    elif family == "unknown":
        common = "a lot for Adam, usual for plain SGD"
    else:
        common = f"near {num(limit)}, above which failures at the rate itself are common"
    text = f"the learning rate was {num(at)} with {name}: {common}"
    strength = log_ramp(at, limit / 3, limit * 3)
    proven = proven_at_rate(f)
    if proven > 0:
        text += f"; it had borne this rate for {points(f.rate.calm_points or 0.0)}, though"
        strength *= 1 - PROVEN * proven
    return sign("rate-high", d, strength, text, series=f.rate.tag, value=at, compared_to=limit)


PROVEN = 0.7
"""Share of what the size of a rate says that a long calm stretch at it takes away."""

PROVEN_STEPS = (100.0, 1000.0)
"""Steps at a rate, all calm, from which its size says less, and from which it says little …"""

PROVEN_EPOCHS = (5.0, 50.0)
"""… and epochs, where the log counts these."""


def proven_at_rate(f: Facts) -> float:
    """How far the run had proven, 0 to 1, that it trains at the rate of the onset."""
    if f.rate is None or not f.rate.calm_points or f.extent is None or f.loss is None:
        return 0.0
    if f.onset is None or f.onset.from_start or rise.climbed_from_start(f) > 0.5:
        return 0.0
    if "epoch" in f.extent.axis:
        return log_ramp(f.rate.calm_points, *PROVEN_EPOCHS)
    return log_ramp(f.rate.calm_points * f.extent.interval, *PROVEN_STEPS)


def _met(r: Rate) -> float:
    """The rate that the run met: that at the onset, else its peak."""
    return r.at_onset if r.at_onset else r.peak


def _trained_at(f: Facts, r: Rate) -> float:
    """The rate that a run trained with: of one that was wrong from its first point the peak, where the rate only warmed
    up to it there; the first step of a warm-up is tiny in any run."""
    at = _met(r)
    stayed_low = r.tiny_until is not None or r.zero_from is not None
    return at if f.onset is None or not f.onset.from_start or stayed_low else max(at, r.peak)


def rate_low(f: Facts, d: int) -> Found:
    if f.rate is None:
        return None
    at = _trained_at(f, f.rate)
    if at <= 0:
        return None
    limit = LOW_RATE[_family(f)]
    text = f"the learning rate was only {num(at)}"
    return sign("rate-low", d, log_ramp(at, limit * 3, limit / 3), text, series=f.rate.tag, value=at, compared_to=limit)


def rate_ordinary(f: Facts, d: int) -> Found:
    """The rate lies where such optimizers train: not zero, not orders too small."""
    if f.rate is None or f.rate.zero_from is not None or f.rate.tiny_until is not None:
        return None
    at = _trained_at(f, f.rate)
    if at <= 0:
        return None
    limit = LOW_RATE[_family(f)]
    text = f"the learning rate was {num(at)}, where such optimizers train"
    return sign("rate-ordinary", d, log_ramp(at, limit * 3, limit * 50), text, series=f.rate.tag, value=at)


def rise_text(f: Facts, r: Rate) -> str:
    """The rise in words, with its place: a factor with both ends, or the ends alone where it began near nothing."""
    ends = f"from {num(r.jump_from)} to {num(r.jump_to)}"
    how = ends if r.jump is None or r.jump > 1e3 else f"{times(r.jump)} ({ends})"
    if r.jump_last is None or r.jump_step is None or r.jump_last <= r.jump_step:
        return f"{how} at {where(f, r.jump_step)}"
    assert f.onset is not None
    if r.jump_step > f.onset.step:
        return f"{how} at {where(f, r.jump_step)}, and went on rising until {where(f, r.jump_last)}"
    if r.jump_last <= f.onset.step:
        return f"{how} from {where(f, r.jump_step)} to {where(f, r.jump_last)}"
    return f"{how} from {where(f, r.jump_step)} up to the onset, and went on rising until {where(f, r.jump_last)}"


def within_onset(f: Facts, r: Rate) -> bool:
    """The rise began after the likeliest step of the onset and not after the last possible one."""
    return f.onset is not None and r.jump_step is not None and f.onset.step < r.jump_step <= f.onset.high


def rise_when(f: Facts, r: Rate) -> str:
    """How long before the onset the rise began: "9 logged points before the loss left its course"."""
    if f.onset is None or f.extent is None or r.jump_step is None:
        return "near the onset"
    lag = (f.onset.step - r.jump_step) / max(f.extent.interval, 1e-9)
    if within_onset(f, r):
        return "within the interval in which the loss left its course"
    return f"{lag_text(lag)} the loss left its course"


def rate_jumped(f: Facts, d: int) -> Found:
    if f.rate is None or f.rate.source != "logged":
        return missing("rate-jumped", "learning_rate")
    r = f.rate
    if r.jump is None or r.jump < RISE or f.onset is None or r.jump_lag_points is None:
        return None
    late = ramp(r.jump_lag_points, -20, -3)  # within the interval of the onset, but after its likeliest step
    strength = log_ramp(r.jump, RISE, 2.5) * ramp(r.jump_lag_points, 20, 6) * late
    text = (
        f"{r.tag} rose {rise_text(f, r)}; it began {rise_when(f, r)}"
        if r.jump_last != r.jump_step
        else f"{r.tag} rose {rise_text(f, r)}, {rise_when(f, r)}"
    )
    return sign(
        "rate-jumped",
        d,
        strength,
        text,
        series=r.tag,
        steps=(r.jump_step, f.onset.step),
        value=r.jump,
    )


BY_AND_BY = (8.0, 25.0)
"""Logged points of a rise of the rate up to the onset from which it is no jump, and from which it is a ramp: what broke
the training then is the height that it had reached."""


def little_by_little(f: Facts) -> float:
    """How surely, 0 to 1, the rate had been raised little by little up to the onset."""
    r = f.rate
    if r is None or r.jump is None or r.jump < RISE or r.jump_step is None or f.onset is None or f.extent is None:
        return 0.0
    return ramp((f.onset.step - r.jump_step) / max(f.extent.interval, 1e-9), *BY_AND_BY)


NEAR_RESTART = 1.0
"""Epochs between a restart of the schedule, by the settings, and the onset within which the two are one event."""

RESTARTING = ("restart", "sgdr", "cyclic")


UNLIKELY_GAMMA = 1.5
"""A gamma from which on it is not the factor of a schedule, unless one is named: that of a focal loss is 2."""


def grows_by_setting(f: Facts) -> str | None:
    """In words: the settings make the rate grow without bound, and it was not logged or did rise up to the onset."""
    r, gamma = f.rate, f.recipe.gamma
    if f.onset is None or f.onset.from_start or gamma is None or gamma <= 1:
        return None
    modes = [str(v).lower() for k, v in f.settings.items() if "mode" in k.lower() or "sched" in k.lower()]
    by_name = any("exp" in word for word in (f.recipe.scheduler or "", *modes))
    if not by_name and (f.recipe.scheduler is not None or gamma >= UNLIKELY_GAMMA):
        return None
    if r is not None and r.source == "logged" and not (r.at_onset or 0.0) > (r.first or 0.0):
        return None
    return f"The settings multiply the learning rate by {gamma:g} again and again: it grows without bound"


def schedule_set_to_rise(f: Facts, d: int) -> Found:
    """The settings name a schedule that grows, or, where no rate was logged, one that restarts at the onset."""
    if f.onset is None or f.onset.from_start:
        return None
    r = f.recipe
    grows = grows_by_setting(f)
    if grows is not None:
        return sign("schedule-set-to-rise", d, 1.0, grows[0].lower() + grows[1:], value=r.gamma)
    if f.rate is not None and f.rate.source == "logged":
        return None
    if r.restarts_every is None or f.onset.epoch is None or (r.scheduler and not _restarts(r.scheduler)):
        return None
    at = last_restart(f.onset.epoch + NEAR_RESTART, r.restarts_every, max(1.0, r.cycle_factor or 1.0))
    text = f"the settings restart the learning rate at epoch {num(at)}; the loss left its course at {f.onset.epoch:.1f}"
    late = abs(f.onset.epoch - at)
    return sign("schedule-set-to-rise", d, ramp(late, 2 * NEAR_RESTART, 0.5) if at > 0 else 0.0, text, value=at)


def last_restart(before: float, first: float, factor: float) -> float:
    """The last restart up to an epoch of a schedule whose cycles begin with ``first`` epochs, each ``factor`` times as
    long as the one before; 0 where none has come."""
    if first > before:
        return 0.0
    first, factor = max(first, 1e-9), min(factor, 1e9)  # settings may say anything: nothing overflows
    if factor == 1.0:
        return first * math.floor(before / first)
    cycles = math.floor(math.log1p(before / first * (factor - 1.0)) / math.log(factor) + 1e-9)
    return first * (factor**cycles - 1.0) / (factor - 1.0)


def _restarts(name: str) -> bool:
    return any(word in name for word in RESTARTING)


def rate_steady(f: Facts, d: int) -> Found:
    """Logged, and no rise near the onset."""
    if f.rate is None or f.rate.source != "logged" or f.onset is None:
        return None
    r = f.rate
    if r.at_onset is None or r.in_warmup or f.onset.from_start or (r.jump is not None and r.jump >= RISE):
        return None
    what = (
        f"constant at {num(r.at_onset)}"
        if r.constant
        else f"at {num(r.at_onset)}, without a rise in the 20 points before"
    )
    text = f"{r.tag} was {what} when the loss left its course"
    strength = 1.0 if r.jump is None or r.jump <= 1.02 else 0.6
    if r.warmup_end is not None and f.extent is not None:  # a warm-up is a rise as well
        strength *= ramp((f.onset.step - r.warmup_end) / max(f.extent.interval, 1e-9), 3.0, WARM_POINTS)
    return sign("rate-steady", d, strength, text, series=r.tag, value=r.at_onset)


ABOVE_USUAL = (1.2, 2.0)
"""Times the rate of half the points before from which a climbing rate is above what had been trained at, and clearly:
an even climb from nothing is at twice."""


def rate_rising(f: Facts, d: int) -> Found:
    """The loss left its course while the rate was still climbing, above anything it had trained at."""
    if f.rate is None or f.rate.source != "logged" or f.onset is None or f.onset.from_start:
        return None
    r = f.rate
    ramped = little_by_little(f)
    climbing = bool(r.in_warmup) or (r.stable_ratio is not None and r.stable_ratio > 1.2 and (r.jump or 1.0) < 1.3)
    if not (climbing or ramped > 0) or r.at_onset is None:
        return None
    share = r.at_onset / r.peak if r.peak > 0 else 0.0
    text = f"{r.tag} was still climbing at the onset: {num(r.at_onset)}, {percent(share)} of its peak {num(r.peak)}"
    strength = 0.8 if r.stable_ratio is None else log_ramp(r.stable_ratio, 1.05, 2.0)
    if r.usual:  # of an even climb the rate is always a little above the last one: what counts is where it trained
        strength = max(strength, log_ramp(r.at_onset / r.usual, *ABOVE_USUAL))
        text += f"; half of the course before was trained below {num(r.usual)}"
    strength *= 1.0 if climbing else ramped
    return sign("rate-climbing", d, strength, text, series=r.tag, value=r.at_onset, compared_to=r.peak)


def peak_just_reached(f: Facts, d: int) -> Found:
    """The onset came soon after the run reached its full rate (also: began at it)."""
    if f.rate is None or f.rate.source != "logged" or f.onset is None or f.extent is None:
        return None
    r = f.rate
    if r.steps_at_rate is None or r.at_onset is None or r.at_onset < 0.8 * r.peak:
        return None
    if r.first is not None and r.first > 0.7 * r.peak:
        return None  # at its full rate from the first step: the same as an early onset
    text = (
        f"{r.tag} had been at its full {num(r.at_onset)} for only "
        f"{stretch(f, spanned(f, r.steps_at_rate))} when the loss left its course"
    )
    return sign(
        "full-rate-new",
        d,
        ramp(r.steps_at_rate, 0.15, 0.03) * begun(f),
        text,
        series=r.tag,
        value=r.steps_at_rate,
    )


def calm_at_rate(f: Facts, d: int) -> Found:
    """It had trained calmly at this very rate for long: the rate alone does not explain "now"."""
    if f.rate is None or f.onset is None or f.loss is None:
        return None
    r = f.rate
    calm = f.loss.calm_fraction
    if r.source != "logged" or r.steps_at_rate is None or calm is None or rise.climbed_from_start(f) > 0.5:
        return None
    share = min(r.steps_at_rate, calm)
    steps = min(spanned(f, r.steps_at_rate), f.loss.calm_steps or 0)
    text = f"it had trained calmly at {num(r.at_onset)} for {stretch(f, steps)} before {where(f, f.onset.step)}"
    return sign("calm-at-this-rate", d, ramp(share, 0.1, 0.35) * lived(f), text, series=r.tag, value=share)


def below_stable(f: Facts, d: int) -> Found:
    """The rate had already fallen well below one that trained stably."""
    if f.rate is None or f.rate.stable_ratio is None or f.onset is None:
        return None
    r = f.rate
    if r.stable_ratio is None or r.stable_ratio > 0.6 or (r.jump is not None and r.jump >= 1.5):
        return None
    text = (
        f"{r.tag} was {num(r.at_onset)} at the onset, {times(1 / max(r.stable_ratio, 1e-12))} "
        f"below a rate that had trained stably ({num(r.stable_rate)})"
    )
    return sign(
        "rate-below-stable",
        d,
        log_ramp(r.stable_ratio, 0.6, 0.1),
        text,
        series=r.tag,
        value=r.at_onset,
        compared_to=r.stable_rate,
    )


def no_warmup(f: Facts, d: int) -> Found:
    if f.rate is None:
        return missing("no-warmup", "learning_rate")
    r = f.rate
    set_warm = f.recipe.warmup_steps
    if r.source != "logged":
        if set_warm is None:
            return missing("no-warmup", "learning_rate")
        if set_warm > 0:
            return None
        return sign("no-warmup", d, 0.9, "the settings ask for no warm-up", value=0.0)
    if r.warmup_end is not None or r.first is None or r.peak <= 0 or r.first < 0.7 * r.peak:
        return None
    text = f"{r.tag} starts at its full {num(r.first)}: no warm-up"
    return sign("no-warmup", d, begun(f), text, series=r.tag, value=r.first)


def warmed_up(f: Facts, d: int) -> Found:
    if f.rate is None:
        return None
    r = f.rate
    if r.source != "logged":
        if not f.recipe.warmup_steps:
            return None
        return sign(
            "warmed-up",
            d,
            0.7,
            f"the settings ask for a warm-up ({num(f.recipe.warmup_steps)})",
            value=f.recipe.warmup_steps,
        )
    if r.warmup_end is None or r.first is None:
        return None
    text = f"{r.tag} was warmed up, from {num(r.first)} to its peak by {where(f, r.warmup_end)}"
    return sign(
        "warmed-up",
        d,
        log_ramp(max(r.first, 1e-12) / r.peak, 0.6, 0.2),
        text,
        series=r.tag,
        steps=(None, r.warmup_end),
    )


def rate_zero(f: Facts, d: int) -> Found:
    if f.rate is None:
        return missing("rate-zero", "learning_rate")
    r = f.rate
    if r.source == "logged" and r.peak <= 0:
        return sign("rate-zero", d, 1.0, f"{r.tag} is 0 throughout", series=r.tag, value=0.0)
    if r.zero_from is not None:
        text = f"{r.tag} is 0 (or a millionth of its peak) from {where(f, r.zero_from)} on"
        return sign("rate-zero", d, 1.0, text, series=r.tag, steps=(r.zero_from, None), value=r.last)
    if r.tiny_until is not None:
        text = f"{r.tag} stays below a hundredth of its peak until {where(f, r.tiny_until)}: a warm-up that hardly ends"
        return sign("rate-zero", d, 0.7, text, series=r.tag, steps=(None, r.tiny_until), value=r.first)
    return None


def falls_repeat(f: Facts, d: int) -> Found:
    """Other rises of the rate hurt as well."""
    if f.rate is None or f.rate.rises < 2:
        return None
    r = f.rate
    text = f"{r.tag} jumps up {r.rises} times in the run; the loss rose after {r.rises_hurt} of these"
    return sign(
        "rate-rises-hurt",
        d,
        r.rises_hurt / r.rises if r.rises_hurt >= 2 else 0.0,
        text,
        series=r.tag,
        value=r.rises_hurt,
    )


def rises_harmless(f: Facts, d: int) -> Found:
    """The schedule had risen as high before, and the loss did not mind: this rise alone explains nothing."""
    if f.rate is None or f.rate.rises_harmless < 1:
        return None
    r, n = f.rate, f.rate.rises_harmless
    text = f"{r.tag} had risen to about {num(r.at_onset)} {often(n)} before, and {f.tag} went on as it was"
    return sign("rises-were-harmless", d, ramp(n, 0, 2), text, series=r.tag, value=n)


def rate_was_borne(f: Facts, d: int) -> Found:
    """The rise only led back to a rate at which the run had trained calmly for long."""
    if f.rate is None or f.rate.jump is None or f.rate.jump < 1.5 or f.rate.stable_ratio is None:
        return None
    r = f.rate
    if f.onset is not None and r.jump_step is not None and r.jump_step > f.onset.step:
        return None  # what the rate was at the onset is where it rose from
    text = f"{r.tag} rose only to {num(r.at_onset)}, and the run had trained calmly at {num(r.stable_rate)} before"
    return sign("rate-was-borne", d, log_ramp(f.rate.stable_ratio, 2.0, 1.1), text, series=r.tag, value=r.stable_rate)
