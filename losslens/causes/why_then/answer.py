"""Why then, and not before: what coincided with the onset or had been building up, in numbers from this run."""

from __future__ import annotations

import math
from collections.abc import Mapping

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.signals import Trend
from losslens.causes.signs import impossible, rise, spikes, workers
from losslens.causes.signs.at_onset import rise_at_onset, seen_before
from losslens.causes.signs.build import lag_text, lasting, num, percent, points, times, where, widths
from losslens.causes.signs.changed import told
from losslens.causes.signs.gradient import LONG_SURVIVED, broke_alone
from losslens.causes.signs.siblings import LEVER_WORDS, sweep_text, twin
from losslens.causes.why_then import curve, others, place, rate, terms, validation
from losslens.model import Verdict

NEAR_RESTART = 6.0
"""Logged points between a restart and the onset that count as one event."""

MOST_CHANGES = 3
"""Settings told that a restart changed."""

STANDS_OUT = 4.0
"""Times its usual level from which a peak of the gradient norm is worth saying."""

RISEN, WENT_ON = 1.5, 1.5
"""Times its usual level from which a norm rose at the onset, and times that from which it went on to more."""

DRIFTED = 2.0
"""Noise widths from which a drift of the loss is worth saying."""


NOISIER = 1.5
"""Growth of the noise from which it is worth saying."""

OF_THIS_PASS = frozenset(
    {"bad-batch", "data-shift", "empty-targets", "nan-in-data", "recurring-bad-sample", "batch-size-change"}
)
"""Causes that lie in what the loader served at the onset: what earlier passes bore says nothing against them."""


NO_SIGNAL = "Nothing else was logged that could have announced it."

OVERFITS = "overfitting"
"""A cause for which no moment is asked a reason."""

NO_REASON = f"{NO_SIGNAL.removesuffix('.')}: from these logs alone the moment has no visible reason."


def why_then(facts: Facts, cause: str = "", how_late: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Sentences, the most telling first; plainly so when nothing that was logged changed.

    ``cause`` is the likeliest one, beside which no sentence may say the opposite; ``how_late`` holds, for it and what
    is as likely, how each can stay away for most of a run.
    """
    return (*impossible.told(facts), *_said(facts, cause, how_late or {}))


def _said(facts: Facts, cause: str, how_late: Mapping[str, str]) -> tuple[str, ...]:
    """What the log says of the moment."""
    if facts.onset is None or facts.loss is None or facts.extent is None:
        return ()
    if facts.verdict is Verdict.OVERFIT:
        return tuple(s for s in (_restart(facts), _batch(facts), *validation.turned(facts, cause)) if s)
    unseen = facts.extent.unseen
    late = unseen.begins_late or (facts.onset.from_start and unseen.points >= FEWEST_MISSING)
    if late and facts.onset.points_before == 0:
        return _unseen(facts)
    if facts.onset.from_start:
        return _from_start(facts)
    done = (terms.raised(facts), rate.set_to_rise(facts), _restart(facts), rate.jumped(facts))
    coincided = [s for s in (*done, _batch(facts)) if s]
    at_once = [_gradient(facts)] if _gradient_jumped(facts) else []
    led = "" if at_once else _gradient(facts)
    after = "" if at_once or led else _gradient_after(facts)
    parts = (after, terms.moved(facts), _parting(facts))
    scaled = (_scale(facts), others.switched(facts), others.stopped(facts))
    before = [s for s in (led, *scaled, *parts, *_trends(facts), others.before(facts)) if s]
    changed = [*coincided, *[s for s in (rate.fell(facts),) if s]]
    named = bool(changed) and _change_is_named(facts)
    whole = validation.whole(facts)
    # So in many runs: no news where the reason is known, nor where nothing was lost.
    slow = [] if named or whole else [_declined(facts), _noise(facts)]
    built_up = [s for s in (_drifted(facts), *slow, _spiked_before(facts)) if s]
    if named:  # what was logged as changed comes first, and leaves no room for what else it might have been
        out = [*changed, place.at(facts, first=False), *at_once, *before, *built_up]
    else:
        shape = "" if coincided or at_once or before else curve.told(facts, one_batch=cause not in OF_THIS_PASS)
        out = [place.at(facts, first=True), shape, place.coincided(facts), *at_once, *changed, *before, *built_up]
    at_onset = rate.at_onset(facts)
    if at_onset and not any(
        "learning rate" in s or (facts.rate is not None and facts.rate.tag in s) for s in coincided
    ):
        out.append(at_onset)
    warming = facts.rate is not None and bool(facts.rate.in_warmup)
    if not coincided and not at_once and not before and not built_up and not warming:
        out.append(others.with_it(facts))
        if (facts.unchanged or not out[-1]) and not rate.risen(facts):
            out.append(others.nothing(facts) or (NO_SIGNAL if any(out[1:3]) or cause == OVERFITS else NO_REASON))
    out += _siblings(facts)
    if facts.loss.out_again is not None and facts.verdict is Verdict.SPIKE_RECOVERED:
        again = where(facts, facts.loss.out_again)
        out.append(f"{facts.tag} was out once more from {again} on, up to the end of the log.")
    if not named and cause not in OF_THIS_PASS:
        out.append(place.seen(facts))
    if not named and not whole and not warming and not rate.risen(facts):
        out += [place.late(facts, name, how) for name, how in how_late.items()]
    out.append(place.from_afar(facts))
    return tuple(s for s in (*whole, *out) if s)


CHANGED = 1.5
"""Factor of a rise of the rate from which it is named before anything else …"""

NAMED_WITHIN = 10.0
"""… where it began at most so many logged points before the onset."""

LAY_HIGHER = 2.0
"""Times its level before at which a norm must lie behind the onset for that to be told."""

CLIMBED = 1.25
"""Times its level before to which a norm had come just before the onset where it had been climbing."""

LEVEL = 0.05
"""Share of the level that a loss ends on within which its first value lies on it."""

FEWEST_MISSING = 3.0
"""Logged points that lie before the first one, from which on the beginning of the training is not in the log."""


def _change_is_named(f: Facts) -> bool:
    """Something that was logged changed at the onset: the job started again, or the rate or the batch changed."""
    r = f.rate
    if _restart_is_near(f) or rate.set_to_rise(f) or f.weighed is not None:
        return True
    if (
        r is not None
        and rate.jumped(f)
        and (r.jump or 1.0) >= CHANGED
        and abs(r.jump_lag_points or 0.0) <= NAMED_WITHIN
    ):
        return True
    return bool(rate.fell(f)) or _batch_is_near(f)


def _restart_is_near(f: Facts) -> bool:
    return f.restart is not None and -1.5 <= f.restart.lag_points <= NEAR_RESTART


def _restart(f: Facts) -> str:
    r, o = f.restart, f.onset
    if r is None or o is None or not (_restart_is_near(f) or o.low <= r.step <= o.high):
        return ""
    text = f"The job had started again at {where(f, r.step)} ({r.how}), {lag_text(r.lag_points)} the onset"
    details = []
    if r.gap_s and r.gap_s > 60:
        details.append(
            f"after a pause of {r.gap_s / 3600:.1f} h"
            if r.gap_s >= 3600
            else f"after a pause of {r.gap_s / 60:.0f} min"
        )
    if r.step_back:
        details.append(f"repeating {lasting(f, r.step_back)}")
    if r.lr_ratio is not None and not 0.95 < r.lr_ratio < 1.05:
        details.append(f"with the learning rate changed {times(r.lr_ratio)}")
    if r.scale_reset:
        details.append("with the loss scale back at its start")
    if f.changed:
        details.append(f"with {' and '.join(told(c) for c in f.changed[:MOST_CHANGES])}")
    if r.loss_ratio is not None and r.loss_ratio > 1.05:
        details.append(f"and the loss came back {times(r.loss_ratio)} higher")
    return text + (": " + ", ".join(details) if details else "") + "."


def _batch(f: Facts) -> str:
    """That batches were of another size from a place near the onset on. The speed of a job is none of its reasons."""
    b = f.batch
    if b is None or b.change_step is None or b.role != "batch_size":
        return ""
    text = f"{b.tag} changed from {num(b.before)} to {num(b.after)} at {where(f, b.change_step)}"
    if f.onset is None:
        return f"{text}."
    several = abs(math.log(b.after / b.before)) if b.before and b.after and b.after / b.before > 0 else 0.0
    if not _batch_is_near(f, 1.0 + several):  # the farther it went, the later it may still be the reason
        return ""
    if f.onset.step < b.change_step <= f.onset.high or f.onset.low < b.change_step < f.onset.step:
        apart = abs(f.onset.step - b.change_step)
        side = "after" if b.change_step > f.onset.step else "before"
        text += f", {lasting(f, apart)} {side} the onset and within the interval in which the loss left its course"
    return f"{text}."


def _batch_is_near(f: Facts, farther: float = 1.0) -> bool:
    """The batch changed within ten logged points, or so many times more, before the onset, or in its interval."""
    b, o = f.batch, f.onset
    if b is None or b.change_step is None or b.role != "batch_size" or o is None or f.extent is None:
        return False
    reach = farther * NAMED_WITHIN * f.extent.interval
    return min(o.low, o.step - reach) <= b.change_step <= o.high + f.extent.interval


def _parting(f: Facts) -> str:
    """Where the losses of two workers parted, up to the time the loss was lost; "" where they did not."""
    p = f.parting
    if (
        p is None
        or f.onset is None
        or f.extent is None
        or p.step < f.onset.low - workers.LONG_BEFORE * f.extent.interval
    ):
        return ""
    return f"{workers.parted(f, p)}: {num(p.values[0])} against {num(p.values[1])} at most."


def _gradient(f: Facts) -> str:
    g = f.gradient
    if g is None:
        return ""
    if g.moved and g.lead_points is not None and g.lead_points >= 0.9 and not seen_before(g, g.peak):
        return (
            f"{g.tag} had left its course at {where(f, g.onset_step)}, {lasting(f, g.lead_steps or 0)} "
            f"({points(max(1, g.lead_points))}) before the loss, and rose {times(g.ratio)} to {num(g.peak)}."
        )
    if g.nonfinite_lead is not None and 0.5 <= g.nonfinite_lead <= LONG_SURVIVED / 2:
        return f"{g.tag} was not finite at {where(f, g.nonfinite_step)}, {points(g.nonfinite_lead)} before the loss."
    rise = rise_at_onset(f)
    if rise is not None and rise >= RISEN:
        climbed = g.last is not None and g.before is not None and g.last > CLIMBED * g.before
        base = g.last if climbed else g.before
        rise = (g.at_onset or 0.0) / base if base else rise
        text = f"{g.tag} rose {times(rise)} (from {num(base)} to {num(g.at_onset)}) at the same point"
        if (g.peak or 0.0) > WENT_ON * (g.at_onset or 0.0) and (g.peak_step or 0) > (f.onset.step if f.onset else 0):
            text += f" and went on to {num(g.peak)} at {where(f, g.peak_step)}"
        if climbed:
            return f"{text}; it had been climbing before."
        return f"{text}{'' if g.warned else ', with no warning before'}."
    if g.broke_step is not None and broke_alone(f):
        return f"{g.tag} is not finite from {where(f, g.broke_step)} on, where {f.tag} still was."
    if g.ratio is not None and g.ratio >= STANDS_OUT and _peaked_there(f) and not seen_before(g, g.peak):
        place = where(f, g.peak_step)
        return f"{g.tag} peaked at {num(g.peak)} at {place}, {times(g.ratio)} its usual level ({num(g.before)})."
    if g.broke_step is not None:
        return f"{g.tag} was lost with {f.tag} at {where(f, g.broke_step)}, not before."
    return ""


def _gradient_after(f: Facts) -> str:
    """That the norm lay higher from the onset on, where it did not move before and nothing was over again."""
    g = f.gradient
    if g is None or f.loss is None or f.loss.recovered or g.level_after is None or g.level_after < LAY_HIGHER:
        return ""
    return (
        f"{g.tag} went up with {f.tag}, not before: behind the onset it lay at {times(g.level_after)} its level "
        f"({num(g.before)})."
    )


def _peaked_there(f: Facts) -> bool:
    """The norm was highest within two logged points of the onset."""
    if f.gradient is None or f.gradient.peak_step is None or f.onset is None or f.extent is None:
        return False
    return abs(f.gradient.peak_step - f.onset.step) <= 2 * f.extent.interval


def _gradient_jumped(f: Facts) -> bool:
    """The norm left its course at the very point where the loss did."""
    rise = rise_at_onset(f)
    lead = f.gradient.lead_points if f.gradient is not None else None
    return rise is not None and rise >= STANDS_OUT and lead is not None and abs(lead) < 0.9


def _scale(f: Facts) -> str:
    s = f.scale
    if s is None or s.fall_step is None or s.lead_points is None or s.halvings < 2:
        return ""
    if s.lead_points >= -0.5:
        return (
            f"{s.tag} had begun to fall at {where(f, s.fall_step)}, "
            f"{lag_text(s.lead_points)} the move of the loss: "
            f"{s.halvings} halvings in a row, to {num(s.lowest)}."
        )
    return f"{s.tag} fell only afterwards (from {where(f, s.fall_step)}): a consequence, not the reason."


def _trends(f: Facts) -> list[str]:
    return [s for s in (_trend(f, f.weights), _trend(f, f.logits), _trend(f, f.updates)) if s]


def _trend(f: Facts, t: Trend | None) -> str:
    if t is None or t.growth is None or f.onset is None:
        return ""
    if t.growth >= 1.25:
        pace = ", faster and faster towards the end" if t.acceleration is not None and t.acceleration > 1.5 else ""
        return (
            f"{t.tag} had been growing all the while: {times(t.growth)} by "
            f"{where(f, f.onset.step)} (from {num(t.first)} to {num(t.before)}){pace}."
        )
    if t.growth <= 0.6:
        return (
            f"{t.tag} had been falling all the while: to {percent(t.growth)} of "
            f"its early level by {where(f, f.onset.step)}."
        )
    return ""


def _declined(f: Facts) -> str:
    g = f.gradient
    if g is None or g.decline is None or g.decline > 0.7 or f.recipe.adaptive is False or _gradient_jumped(f):
        return ""  # plain SGD takes smaller steps then, and a jump at the onset needs no slow reason
    level = "to nothing" if g.decline < 1e-4 else f"to {percent(g.decline)} of its earlier level"
    what = "the optimizer" if f.recipe.adaptive else "Adam, if this is it,"
    return (
        f"{g.tag} had been shrinking before, {level}, as it does in most runs; {what} divides by past gradients and "
        "takes larger steps then."
    )


def _drifted(f: Facts) -> str:
    d = f.loss.drift if f.loss is not None else None
    if d is None or d < DRIFTED or f.onset is None or f.extent is None:
        return ""
    length = (f.onset.step - f.extent.first_step) / 3
    return f"{f.tag} had been creeping up for about {lasting(f, length)} before, by {widths(d)}."


def _noise(f: Facts) -> str:
    r = f.loss.noise_growth if f.loss is not None else None
    if r is None or r < NOISIER:
        return ""
    return f"The noise of {f.tag} had been growing: {times(r)} in the last quarter before the onset."


def _spiked_before(f: Facts) -> str:
    if f.loss is None or f.loss.spikes.clear_before < 1:
        return ""
    return f"{spikes.warned(f.tag, f.loss.spikes)}: this was not the first warning."


def _from_start(f: Facts) -> tuple[str, ...]:
    assert f.onset is not None
    assert f.extent is not None
    assert f.loss is not None
    out = [f"It {_bad_from(f)} the first logged point ({where(f, f.onset.step)}) on: {_before_it(f)}."]
    if f.learned is not None:
        fell = f"{f.learned.tag} fell from {num(f.learned.first)} to {num(f.learned.end)} meanwhile"
        out.append(f"{fell}: something is learned, which {f.tag} does not show.")
    if at_the_clip := others.saturated(f):
        out.append(at_the_clip)
    if f.loss.first is not None and f.loss.first > 100:
        out.append(f"The first value is {num(f.loss.first)} already.")
    if rate.only_zeros(f):
        out.append(rate.only_zeros(f))
    elif f.rate is not None and f.rate.first is not None:
        out.append(
            f"{f.rate.tag} began at {num(f.rate.first)}"
            f"{'' if f.rate.warmup_end is None else f', with a warm-up to {num(f.rate.peak)}'}."
        )
    return (*out, *_siblings(f))


AT_THE_BEGINNING = 5.0
"""Steps that lie before the first point, up to which it is the beginning of the training."""


def _before_it(f: Facts) -> str:
    """What can be said of the time before the first point: nothing of a moment, where that sums up many steps."""
    assert f.extent is not None
    no_before = "there is no before, so the reason lies in the setup, not in a moment"
    if f.nonfinite is None or f.nonfinite.pattern != "from-first":
        return no_before
    if f.leading_role.startswith("val"):
        return "it never was, so the reason lies in the setup, not in a moment of the training"
    if f.extent.counts_epochs:
        return "each point sums up an epoch, so it was lost within the first, at a step that was not logged"
    seen_late = f.extent.axis != "row" and f.extent.first_step > AT_THE_BEGINNING
    return "it was lost in the steps up to there, which were not logged" if seen_late else no_before


def _unseen(f: Facts) -> tuple[str, ...]:
    assert f.extent is not None
    first = where(f, f.extent.first_step)
    if f.extent.unseen.epochs is not None and "epoch" not in f.extent.axis and f.extent.unseen.epochs >= 1:
        passes = round(f.extent.unseen.epochs, 1)
        first += f", after {num(passes)} pass{'' if passes == 1 else 'es'} over the data"
    said = f"The log begins at {first}, and the loss {_bad_from(f)} there on: what happened before is not in it."
    if rise.began_well(f) and f.loss is not None:
        return (
            f"{f.tag} was at {num(f.loss.first)} where the log begins, {first}, and left that at once.",
            *_siblings(f),
        )
    if f.verdict is Verdict.PLATEAU:
        stands = (
            "with the loss on the level that it ends on" if _level(f) else "and the loss gets little better from there"
        )
        if _level(f) and f.loss is not None and f.loss.classes and f.loss.end is not None:
            guess = f"{num(f.loss.end)}, that of a uniform guess among {f.loss.classes:,}, where it ends"
            return (
                f"The log begins at {first}, with the loss at {guess}: nothing had been learned by then.",
                *_siblings(f),
            )
        said = f"The log begins at {first}, {stands}: whether it had come down to that before is not in it."
        if f.answers is not None:
            tag, share = f.answers
            said = f"The log begins at {first}, {stands}. It had learned by then: {tag} stood at {percent(share)}."
    return (f"{said} Look into the log of the start before this one.", *_siblings(f))


def _level(f: Facts) -> bool:
    """Whether the loss ends on the level of its first value."""
    first, end = (f.loss.first, f.loss.end) if f.loss is not None else (None, None)
    return first is not None and end is not None and abs(first - end) <= LEVEL * abs(end)


def _bad_from(f: Facts) -> str:
    """What a loss did from its first logged point on."""
    if f.nonfinite is not None and f.nonfinite.pattern in ("from-first", "unseen"):
        return "was not finite from"
    if f.verdict is Verdict.PLATEAU:
        return "did not get better from"
    rose = f.loss is not None and f.loss.first is not None and (f.loss.growth.peak or 0.0) > f.loss.first
    return "rose from" if rose and not rise.bottomless(f) else "was wrong from"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _siblings(f: Facts) -> list[str]:
    """Who survived, and what is known of the difference."""
    if f.cohort is None:
        return []
    out = [f"{_capital(sweep_text(lever, s))}." for lever, s in f.cohort.sweeps.items()]
    same = twin(f)
    if same is not None and same.same_until is not None:
        levers = [LEVER_WORDS.get(lever, lever) for lever in same.differs]
        known = f", with {levers[0]}" if len(levers) == 1 else ""
        out.append(
            f"The sibling {same.name} logged the same values at least up to {where(f, same.same_until)} and "
            f"survived{known}: what was changed there decided."
        )
    for lever, name in list(f.cohort.cured.items())[:3]:
        if (same is not None and name == same.name) or lever in f.cohort.sweeps:
            continue
        start = next((s.start_level for s in f.cohort.siblings if s.name == name), None)
        unseen = (
            f.loss is None or f.loss.start_level is None
        )  # a run without a finite loss shows no beginning of its own
        began = f"; it began at a loss of {num(start)}" if start is not None and unseen else ""
        out.append(f"The sibling {name} differs only in {LEVER_WORDS.get(lever, lever)} and survived{began}.")
    return out
