"""Signs read off the loss itself. ``d`` is +1 where a sign speaks for the asking cause, -1 where it speaks against."""

from __future__ import annotations

import math

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import kind, rise
from losslens.causes.signs.build import (
    Found,
    begun,
    calmness,
    evaluation_alone,
    lived,
    log_ramp,
    missing,
    num,
    onset_step,
    pass_of,
    percent,
    points,
    ramp,
    sign,
    stretch,
    times,
    until_onset,
    where,
    widths,
)
from losslens.causes.signs.harm import unharmed
from losslens.model import Role, Verdict
from losslens.verdict.calm import FEWEST_CALM

MAYBE_EPOCHS = (20.0, 200.0)
"""Points of a log that counts by ones, up to which they may be epochs and from which on they are steps."""

HUGE_LOSS = 1e3
"""A first loss above this is not what a model on scaled inputs and targets gives (classification starts near ln C,
regression on standardised targets near 1)."""


LIKELY = 0.4
"""What a late onset is worth where a known number of passes is worth 1; twice that where evaluations count them."""

FEWEST_SEEN = 20
"""Logged points before the onset from which the run had gone on for a while."""


def fineness(f: Facts) -> float:
    """1 where every step or nearly is logged, 0 where a point is a hundred steps or an epoch."""
    return log_ramp(f.extent.steps_apart, 100.0, 3.0) if f.extent is not None else 0.0


TURNS = (0.25, 0.05)
"""Share of moves that turn back from which batches scatter, and up to which none do …"""

UNEVEN = (0.03, 0.01)
"""… and share of its level by which a value lies off the middle of its neighbours, likewise."""

EVEN_POINTS = (3.0, 10.0)

MAYBE_A_MEAN = 0.5
"""How often a point that shows no batches is the mean of many, and not one step over all data."""


def evenness(f: Facts) -> float:
    """0 to 1: how surely each point, whatever the log calls it, stands for all data. Batches, drawn anew at each step,
    scatter; what is called an iteration is a whole pass in many a program."""
    if f.loss is None or f.loss.even is None or f.extent is None or f.extent.steps_apart > 1 or f.onset is None:
        return 0.0
    turned, off = f.loss.even
    return ramp(turned, *TURNS) * ramp(off, *UNEVEN) * ramp(f.onset.points_before, *EVEN_POINTS)


def untouched(f: Facts) -> bool:
    """The loss of step 0 was not finite: that of weights that no step had touched yet."""
    e, lost = f.extent, f.nonfinite
    if e is None or lost is None or e.axis != "step" or e.counts_epochs or e.steps_apart > 1:
        return False
    return lost.pattern == "from-first" and e.first_step == 0 and not e.unseen.begins_late


def onset_early(f: Facts, d: int) -> Found:
    if f.onset is None or f.extent is None:
        return None
    if f.verdict is Verdict.PLATEAU or rise.bottomless(f):
        return None  # a plateau begins at the start by its definition
    if evaluation_alone(f):
        return None  # what is bad in every evaluation did not come early in the training
    share = f.onset.fraction
    strength = ramp(share, 0.15, 0.03)
    if f.onset.from_start:
        strength = begun(f)
        if d > 0 and untouched(f):
            return None
    else:  # a run that died young has no long course
        gone = (f.onset.step - f.extent.origin) * f.extent.steps_apart / max(f.extent.interval, 1e-9)
        strength = max(strength, 0.8 * log_ramp(max(gone, 1), 1000, 100) * begun(f))
    text = f"{f.tag} left its course at {where(f, f.onset.step)}, after {until_onset(f)}"
    if f.onset.from_start:
        text = f"{f.tag} was bad from its first logged point ({where(f, f.onset.step)})"
    return sign("onset-early", d, strength, text, series=f.tag, steps=(f.extent.first_step, f.onset.step), value=share)


def onset_not_early(f: Facts, d: int) -> Found:
    if f.onset is None or f.onset.from_start or f.extent is None or f.onset.points_before < 5 or rise.bottomless(f):
        return None
    if rise.climbed_from_start(f) > 0.5:
        return None
    share = f.onset.fraction
    text = f"the onset came only after {until_onset(f)}"
    strength = ramp(share, 0.08, 0.3) * lived(f)
    return sign("onset-not-early", d, strength, text, series=f.tag, steps=(None, f.onset.step), value=share)


def calm_before(f: Facts, d: int) -> Found:
    """A long stretch on course before anything happened."""
    if f.loss is None or f.onset is None or f.extent is None or rise.bottomless(f):
        return None
    if f.loss.calm_fraction is None or f.loss.calm_steps is None:
        return None
    share = f.loss.calm_fraction
    if rise.climbed_from_start(f) > 0.5 or f.loss.as_high is not None:
        return None  # it was rising all the while, or had been as high shortly before: evenly is not calmly
    passes = f"; {f.onset.epoch:.1f} passes over the data" if f.onset.epoch and f.extent.axis != "epoch" else ""
    spiked = f.loss.spikes.before_onset
    but = f", but for {spiked:,} spike{'s' * (spiked > 1)}," if spiked else ""
    length = stretch(f, f.loss.calm_steps)
    text = f"{f.tag} stayed on its course{but} for {length} before {where(f, f.onset.step)}{passes}"
    steps = (f.extent.first_step, f.onset.step)
    return sign("calm-before", d, ramp(share, 0.12, 0.45) * lived(f), text, series=f.tag, steps=steps, value=share)


def all_data_seen(f: Facts, d: int) -> Found:
    """The onset came after whole passes: every fixed sample had been through without harm."""
    if f.onset is None or f.onset.from_start:
        return None
    if f.onset.epoch is None:
        return missing("all-data-seen", "steps_per_epoch")
    if f.onset.epoch < 1.2 or (f.nonfinite is not None and f.nonfinite.pattern == "unseen") or not unharmed(f):
        return None
    epoch = f.onset.epoch
    if f.extent is not None and f.extent.unseen.begins_late:
        text = f"it was pass {pass_of(f):,} over the data: every sample had been seen"
    else:
        text = f"{epoch:.1f} passes over the data were fine: every sample had been seen"
    text += f" before {where(f, f.onset.step)}"
    return sign(
        "all-data-seen", d, ramp(f.onset.epoch, 1.0, 4.0), text, steps=(None, f.onset.step), value=f.onset.epoch
    )


def likely_seen(f: Facts, d: int) -> Found:
    """The length of an epoch is not known, but most runs make several passes, and many evaluate once in each."""
    o, v = f.onset, f.validation
    if o is None or o.from_start or o.epoch is not None or not unharmed(f):
        return None
    whole = 2 * LIKELY * evenness(f)
    if o.points_before < FEWEST_SEEN and not whole:
        return None
    rounds = v.points_before if v is not None and v.tag != f.tag else 0
    text = f"{until_onset(f)} had gone well"
    if rounds >= 2:
        text += f", with {rounds:,} evaluations"
    text += ": most data will have been seen by then"
    strength = max(LIKELY * ramp(o.fraction, 0.05, 0.4) * lived(f), ramp(rounds, 2.0, 10.0) * 2 * LIKELY)
    if whole >= strength or o.points_before < FEWEST_SEEN:
        strength = whole
        text = f"the {o.points_before} points before {where(f, o.step)} scatter less than batches do: "
        text += "each may be a pass over the data"
    return sign("likely-seen", d, strength, text, steps=(None, o.step), value=o.fraction)


def first_pass(f: Facts, d: int) -> Found:
    """The onset came within the first pass: each batch was new."""
    if f.onset is None or f.onset.epoch is None or f.onset.from_start:
        return None
    pass_ = "within the first pass" if f.onset.epoch < 1 else "right after the first pass"
    text = f"it happened {pass_} over the data (epoch {f.onset.epoch:.2f})"
    return sign("first-pass", d, ramp(f.onset.epoch, 1.3, 0.9), text, value=f.onset.epoch)


THROWN_STEPS, THROWN_POINTS = (300.0, 50.0), (6.0, 3.0)
"""Steps, and logged points, before the onset up to which it was the first updates that threw the loss, from which on
it was not."""


def thrown_at_first(f: Facts, d: int) -> Found:
    """The first updates threw the loss above its first value, and it took many more to come down again.

    A bad batch is gone at the next step, and nothing had been learned yet that new data could contradict.
    """
    c, o, e = f.loss, f.onset, f.extent
    if c is None or o is None or e is None or o.from_start or c.aloft is None or c.growth.ratio is None:
        return None
    if f.leading_role.startswith("val") or not o.points_before:
        return None
    steps = (o.step - e.origin) * e.steps_apart / max(e.interval, 1e-9)
    early = ramp(o.points_before, *THROWN_POINTS) * log_ramp(max(steps, 1.0), *THROWN_STEPS) * begun(f)
    text = (
        f"{points(o.points_before)} into the run {c.tag} was thrown to {num(c.soon)}, and {c.aloft} of the next "
        "10 points were above twice its first values: the first updates did it, not one batch"
    )
    strength = early * ramp(c.aloft, 1.0, 4.0) * log_ramp(c.growth.ratio, 2.0, 8.0)
    return sign("thrown-at-first", d, strength, text, series=c.tag, value=c.growth.ratio)


def negative_of_classes(f: Facts, d: int) -> Found:
    """Below zero from first to last beside an accuracy: no cross-entropy is, unless targets lie outside 0 to 1."""
    c = f.train if f.train is not None else f.loss
    if c is None or c.first is None or c.end is None or c.first >= 0 or c.end >= 0 or f.agent is not None:
        return None
    if not {Role.ACCURACY.value, Role.VAL_ACCURACY.value} & set(f.roles) or f.verdict is not Verdict.PLATEAU:
        return None
    text = (
        f"{c.tag} is below zero ({num(c.first)}) beside an accuracy: a cross-entropy never is, unless its targets lie "
        "outside 0 to 1 or its sign is wrong"
    )
    return sign("negative-of-classes", d, 1.0, text, series=c.tag, value=c.first)


def held_at_cap(f: Facts, d: int) -> Found:
    """The loss stands where a program cuts off what is too large: it exploded, out of sight."""
    c = f.train if f.train is not None else f.loss
    if c is None or not c.capped or c.end is None or (c.first is not None and c.end < c.first):
        return None
    text = f"{c.tag} stands at {num(c.end)}, {c.capped}, to the last digit: larger values are cut off there"
    return sign("held-at-cap", d, 1.0, text, series=c.tag, value=c.end)


def nan_from_first(f: Facts, d: int) -> Found:
    if f.nonfinite is None or f.nonfinite.pattern != "from-first":
        return None
    text = f"{f.tag} is not finite from the first logged point ({where(f, f.nonfinite.first_step)}) to the end"
    return sign("nan-from-first", d, begun(f), text, series=f.tag, steps=(f.nonfinite.first_step, None))


def nan_before_update(f: Facts, d: int) -> Found:
    """Not finite at the very first step: no update had been made, so none can be to blame.

    A log that counts by ones may count epochs without saying so; one of many points does not, nor one in tens from 0.
    """
    n = f.nonfinite
    if n is None or n.pattern != "from-first" or f.extent is None or f.extent.axis != "step":
        return None
    if n.first_step != 0 and (n.first_step != 1 or f.extent.steps_apart > 1):
        return None
    strength = 1.0 if f.extent.steps_apart > 1 else ramp(f.extent.points, *MAYBE_EPOCHS)
    text = f"{f.tag} is not finite at the very first step: no update had been made that could be to blame"
    return sign("nan-before-update", d, strength, text, series=f.tag, steps=(n.first_step, n.first_step))


def _few_before(f: Facts) -> str:
    """That too few points lie on a calm course right before the first value that is not finite."""
    calm = f.nonfinite.calm if f.nonfinite is not None else 0
    if calm > 1:
        return f"the {calm} points before it are few to call it calm"
    before = f.onset.points_before if f.onset is not None else 0
    return "one point before it is no course" if before <= 1 else "right before it the course was not calm"


def nan_abrupt(f: Facts, d: int) -> Found:
    """NaN out of a calm loss."""
    if f.nonfinite is None or f.loss is None or f.nonfinite.pattern != "abrupt":
        return None
    # A climb of some steps hides between two coarse points, and in one that is the mean of a whole pass.
    seen = 0.3 + 0.7 * fineness(f) * (1.0 - MAYBE_A_MEAN * evenness(f))
    strength = seen * ramp(f.loss.rising_points, 4, 0) * calmness(f)
    first = f.nonfinite.first_step
    at = max(onset_step(f) or first, first)
    text = (
        f"{f.tag} went from a calm {num(f.loss.before)} to a value that is not finite at {where(f, at)}, with "
        f"{num(f.loss.rising_points) if f.loss.rising_points else 'no'} rising point"
        f"{'s' * (f.loss.rising_points > 1)} before"
        if f.nonfinite.calm >= FEWEST_CALM
        else f"{f.tag} went from {num(f.loss.before)} to a value that is not finite at {where(f, at)}; {_few_before(f)}"
    ) + (f" (a first one, at {where(f, first)}, had passed)" if first < at else "")
    steps = (first, at)
    return sign("nan-abrupt", d, strength, text, series=f.tag, steps=steps, value=f.loss.before)


def grew_before_nan(f: Facts, d: int) -> Found:
    """A climb that leads to the NaN."""
    if f.nonfinite is None or f.loss is None or f.nonfinite.pattern != "after-growth":
        return None
    g = f.loss.growth
    climbed = f"climbed for {max(f.loss.rising_points, g.points)} points{f' ({times(g.ratio)})' if g.ratio else ''}"
    if rise.at_once(g) and g.leap is not None and max(f.loss.rising_points, g.points) > FEWEST_POINTS:
        climbed = f"rose to {times(g.leap)} its level within one logged point and did not come back"
    text = f"{f.tag} {climbed} before it stopped being finite at {where(f, f.nonfinite.first_step)}"
    strength = max(ramp(f.loss.rising_points, 1, 6), log_ramp(g.ratio or 1.0, 2.0, 30.0))
    steps = (onset_step(f), f.nonfinite.first_step)
    return sign("grew-before-nan", d, strength, text, series=f.tag, steps=steps, value=g.ratio)


def nan_scattered(f: Facts, d: int) -> Found:
    if f.nonfinite is None or f.nonfinite.pattern != "scattered":
        return None
    n = f.nonfinite
    text = (
        f"{n.points} points in {n.stretches} places are not finite from "
        f"{where(f, n.first_step)} on, with finite ones between"
    )
    return sign(
        "nan-scattered", d, ramp(n.stretches, 0, 3), text, series=f.tag, steps=(n.first_step, None), value=n.points
    )


def noise_rising(f: Facts, d: int) -> Found:
    if f.loss is None or f.loss.noise_trend is None or rise.bottomless(f):
        return None
    r = f.loss.noise_trend
    share = "" if f.loss.crosses_zero else ", as a share of its level,"
    text = f"the noise of {f.tag}{share} had grown {times(r)} in the last quarter before the onset"
    return sign("noise-rising", d, log_ramp(r, 1.4, 3.0), text, series=f.tag, value=r)


def drift_up(f: Facts, d: int) -> Found:
    if f.loss is None or f.loss.drift is None or f.onset is None or rise.bottomless(f):
        return None
    text = f"{f.tag} had drifted up by {widths(f.loss.drift)} over the last third before the onset"
    return sign(
        "drifted-up",
        d,
        ramp(f.loss.drift, 1.0, 5.0),
        text,
        series=f.tag,
        steps=(None, f.onset.step),
        value=f.loss.drift,
    )


def huge_start(f: Facts, d: int) -> Found:
    """The first loss far beyond the scale that scaled data give, here or in the siblings."""
    course = f.train if f.train is not None else f.loss
    if course is None or f.penalty:
        return None
    first = course.first
    if first is not None and first > 0:
        if kind.perplexes(course.tag):
            first = math.log(first)
            if course.capped or first < HUGE_LOSS:
                return None
        text = (
            f"the first {course.tag} is {num(first)}; data on a usual scale start "
            "near 1 (regression) or ln C (classification)"
        )
        steps = (f.extent.first_step if f.extent else None, None)
        return sign(
            "huge-first-loss",
            d,
            log_ramp(first, 200.0, 5 * HUGE_LOSS) * begun(f),
            text,
            series=course.tag,
            steps=steps,
            value=first,
        )
    seen = f.validation
    if first is None and seen is not None and seen.first is not None and seen.first > 200:
        text = f"the first {seen.tag} is {num(seen.first)}; data on a usual scale start near 1 or ln C"
        strength = log_ramp(seen.first, 200.0, 5 * HUGE_LOSS) * begun(f)
        return sign("huge-first-loss", d, strength, text, series=seen.tag, value=seen.first)
    level = f.cohort.start_level if f.cohort is not None else None
    if level is None:
        coarse = f.extent is not None and f.extent.axis == "epoch"
        return missing("huge-first-loss", "step_loss") if first is None and coarse else None
    text = f"siblings of this run start at a loss of up to {num(level)}: data on a usual scale start near 1"
    return sign("huge-first-loss", d, log_ramp(level, 200.0, 5 * HUGE_LOSS), text, series=course.tag, value=level)


def usual_start(f: Facts, d: int) -> Found:
    course = f.train if f.train is not None else f.loss
    if course is None or course.first is None or not course.first > 0:
        return None
    text = f"the first {course.tag} is {num(course.first)}"
    if course.classes:
        text += f", about ln {course.classes:,}: what a uniform guess among {course.classes:,} classes gives"
    else:
        text += ", a usual scale"
    level = math.log(course.first) if kind.perplexes(course.tag) else course.first
    strength = begun(f) * (1.0 if course.classes else log_ramp(level, 100.0, 15.0))
    return sign("usual-first-loss", d, strength, text, series=course.tag, value=course.first)


def towering_start(f: Facts, d: int) -> Found:
    """The first value towers over what follows at once, far more than learning does: outsized inputs or weights."""
    course = f.train if f.train is not None else f.loss
    if course is None or course.early_fall is None or course.first is None or course.first < 5:
        return None
    text = f"the first {course.tag} ({num(course.first)}) is {times(course.early_fall)} what follows at once"
    strength = log_ramp(course.early_fall, 4.0, 40.0) * begun(f)
    return sign("first-loss-towers", d, strength, text, series=course.tag, value=course.early_fall)


def one_batch_an_epoch(f: Facts, d: int) -> Found:
    """Each step sees all data: no single batch can be bad, and the noise is not sampling noise."""
    if f.extent is None or f.extent.steps_per_epoch is None or f.extent.axis == "epoch":
        return None
    n = f.extent.steps_per_epoch
    text = f"an epoch is {num(n)} step{'s' * (n != 1)}: each batch holds all or half of the data"
    return sign("one-batch-an-epoch", d, ramp(n, 4.0, 2.0), text, value=n)


LOW, SATURATED = (0.6, 0.1), 0.1
"""A loss of probabilities is low below the first of these at the earliest; at 0.1 the right answers have 90 %."""

TOWERS = 10.0
"""Times the values right after it from which a first value is no level that a loss began on."""


def loss_was_low(f: Facts, d: int) -> Found:
    """Nearly everything had been learned: tiny gradients, and saturated predictions where these are probabilities."""
    if f.loss is None or f.loss.before is None or f.loss.before <= 0:
        return None
    start = max(f.loss.start_level or 0.0, f.loss.first or 0.0)  # the first point may be the only one of the fall
    number = kind.regresses(f)
    if number and f.loss.first is not None and (f.loss.early_fall or 0.0) > TOWERS:
        start = f.loss.first / (f.loss.early_fall or 1.0)  # what the first updates threw away was no level of it
    if start <= 0:
        return None
    r = f.loss.before / start
    text = f"{f.tag} was low just before ({num(f.loss.before)}, {percent(r)} of its start)"
    strength = log_ramp(r, 0.5, 0.05)
    if not number:
        answers = {Role.ACCURACY.value, Role.VAL_ACCURACY.value} & set(f.roles)
        if f.loss.classes is not None or answers:  # it is of probabilities: what is low is known
            strength *= log_ramp(f.loss.before, *LOW)
        text += ": predictions near saturation" if f.loss.before <= SATURATED else ""
    return sign(
        "loss-was-low",
        d,
        strength,
        text,
        series=f.tag,
        value=f.loss.before,
        compared_to=start,
    )


WITHIN, FEWEST_POINTS, OFF_A_GUESS = 0.05, 3, 0.02
"""Share of the run, and logged points where that may be one of other steps, from which a loss went well for a while,
and share by which it may be off ln C and still be that of a guess."""


def never_learned(f: Facts, d: int) -> Found:
    """Flat within its noise from the first points."""
    course = f.loss
    if course is None or course.flatness is None or course.start_level is None or course.end is None:
        return None
    o = f.onset
    if o is not None and not o.from_start and o.points_before > (0.0 if o.fraction > WITHIN else FEWEST_POINTS):
        return None
    guess = course.classes is not None and abs(course.end / math.log(course.classes) - 1.0) < OFF_A_GUESS
    chance = f" (ln {course.classes:,}, a uniform guess)" if guess else ""
    text = f"{course.tag} stays at {num(course.end)}{chance}; its course varies by only {percent(course.flatness)}"
    return sign(
        "never-learned", d, log_ramp(course.flatness, 0.2, 0.02), text, series=course.tag, value=course.flatness
    )


def stuck_above_start(f: Facts, d: int) -> Found:
    """Flat on a level worse than the first value: thrown there by the first steps, not left where it began."""
    course = f.loss
    if course is None or f.verdict is not Verdict.PLATEAU or course.first is None or course.end is None:
        return None
    up = course.end - course.first
    if up <= 0:
        return None
    noise = course.noise or 0.02 * abs(course.end)
    low = course.lowest if course.lowest is not None and course.lowest < course.first / 2 else None
    text = f"{course.tag} stays at {num(course.end)}, above its first value ({num(course.first)}): thrown there "
    text += "at once" if low is None else f"from {num(low)}"
    strength = ramp(up / max(abs(course.first), 1e-12), 0.02, 0.2) * ramp(up / noise, 2.0, 5.0) * begun(f)
    return sign("stuck-above-start", d, strength, text, series=course.tag, value=course.end, compared_to=course.first)
