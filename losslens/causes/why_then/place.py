"""Where in the run it was: which pass, which round step, and how a cause can come so late, in sentences."""

from __future__ import annotations

from losslens.causes.facts.moment import Coincidence
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import has_shares, lived, num, of_run, pass_of, percent, rough, where
from losslens.causes.signs.harm import unharmed
from losslens.model import Verdict

AT_ONCE = 3.0
"""Factor of a step to another level from which nothing had been building up: other data are as likely a reason."""

LATE, FEWEST_BEFORE = 0.1, 4
"""Share of the run, and logged points, from which on it is asked how something can come so late."""


def at(f: Facts, *, first: bool) -> str:
    """Where in the run it was, and in which pass over the data; ``first`` where nothing was said before it.

    "" where there is no more to say than the onset itself, which stands above.
    """
    o, e = f.onset, f.extent
    assert o is not None
    assert e is not None
    what = "It happened" if first else f"{f.tag} left its course"
    text = bare = f"{what} at {where(f, o.step)}"
    if o.points_before + 1 == e.points:
        text += ", the last that was logged"
    elif has_shares(f):
        text += f", {percent(o.fraction)} into {of_run(f)}"
    if o.epoch is not None and e.epochs and not e.counts_epochs:
        text += f", in pass {pass_of(f):,} of {max(pass_of(f), round(e.epochs)):,} over the data"
    new = new_data(f) if first else ""
    return f"{text}.{new}" if new or text != bare else ""


def new_data(f: Facts) -> str:
    """That the first pass over the data was not over yet; "" where it was, or nothing is known of passes."""
    o, e = f.onset, f.extent
    if o is None or e is None or o.epoch is None or o.epoch >= 1 or e.axis == "epoch":
        return ""
    return " It was still the first pass: the data at this place were new to the model."


def from_afar(f: Facts) -> str:
    """That all was measured on medians, and of how many points; "" where single points show it."""
    if f.stretch == 1:
        return ""
    return (
        f"Single points scatter too widely to show what happened: all this was measured on medians of {f.stretch:,}, "
        'and a "logged point" here is one of those.'
    )


def seen(f: Facts) -> str:
    """What the passes over the data before the onset exclude; "" where nothing is known of them."""
    o = f.onset
    if o is None or f.loss is None or o.epoch is None or o.epoch < 1.2:
        return ""
    if f.leading_role.startswith("val") or not unharmed(f) or (f.agent is not None and f.agent.rl):
        return ""  # what an agent plays it has never seen before
    passes = int(o.epoch)
    once = "once" if passes == 1 else f"{passes} times"
    if f.extent is not None and f.extent.counts_epochs and f.extent.first_step > f.extent.epoch_zero + 1:
        once = f"at least {passes - 1} times"  # counted from 0 or from 1: the log begins too late to tell
    if (f.loss.step_ratio or 0.0) > AT_ONCE and f.loss.growth.points <= 2:
        return f"Every sample had been seen {once} by then without harm: data can be the reason only if they changed."
    if f.loss.spikes.clear_before:
        return (
            f"Every sample had been seen {once} by then, and the loss had spiked in these passes: a sample that hurts "
            "may be among them."
        )
    return (
        f"Every sample had been seen {once} by then without harm: the data are not the reason, unless they changed or "
        "came in a new order. What training itself had built up (weights, optimizer state, logits) can be."
    )


def coincided(f: Facts) -> str:
    """The round step, checkpoint or end of a pass in the interval of the onset, with how seldom chance does that."""
    if not f.coincidences:
        return ""
    found = {c.kind: c for c in f.coincidences}
    round_step, saved, boundary = (found.get(kind) for kind in ("round step", "checkpoint", "epoch boundary"))
    if round_step is not None:
        also = " A checkpoint was saved there as well." if saved is not None and saved.step == round_step.step else ""
        if boundary is not None and boundary.step == round_step.step:
            also = " A pass over the data ended there as well." + also
        return (
            f"The interval of the onset holds the round {where(f, round_step.step)}: by chance {_one_in(round_step)} "
            f"lies so near a multiple of {num(round_step.spacing)}. What does the schedule, the stage or the list of "
            f"the data do there?{also}"
        )
    if boundary is not None:
        return (
            f"The onset lies at the end of pass {round(_passes(f, boundary)):,} over the data "
            f"({where(f, boundary.step)}): by chance {_one_in(boundary)} lies so near to one. What comes with it: a "
            "new order of the data, the last and smaller batch, an evaluation, the schedule?"
        )
    assert saved is not None
    return (
        f"The interval of the onset holds the checkpoint of {where(f, saved.step)}: by chance {_one_in(saved)} lies so "
        "near to one. What else does the job do there: an evaluation, a change of mode or of data?"
    )


def _passes(f: Facts, boundary: Coincidence) -> float:
    assert f.extent is not None
    return f.extent.epochs_at(boundary.step) or 0.0


def _one_in(c: Coincidence) -> str:
    """A chance as a person says it: "1 onset in 170"."""
    return f"1 onset in {rough(1 / c.chance)}"


BUILT_UP = frozenset({"rl-or-gan-divergence", "output-logit-drift", "weight-growth", "attention-logit-growth"})
"""Causes that build up: what was over at the next point is none of theirs."""


def _served(f: Facts) -> bool:
    """One point stood out, and the next was back: the loss of what was served there."""
    if f.loss is None or f.verdict is not Verdict.SPIKE_RECOVERED:
        return False
    back = f.loss.excursion_points
    return bool(f.loss.recovered) and f.loss.growth.points <= 2 and back is not None and back <= 2


def late(f: Facts, cause: str, how: str) -> str:
    """How a cause can stay away for most of a run; ``how`` is what its module says of that. "" for an early onset."""
    if not how or f.onset is None or f.onset.from_start or f.verdict is Verdict.OVERFIT:
        return ""
    if f.onset.fraction < LATE or lived(f) < 1 or f.onset.points_before < FEWEST_BEFORE:
        return ""
    if _served(f) and cause in BUILT_UP:
        return ""
    return f"How {cause} can come so late: {how}."
