"""What validation says of the moment: that it turned, or that nothing was lost."""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.signals import Validation
from losslens.causes.signs import validation
from losslens.causes.signs.build import num, pass_of, percent, times, where
from losslens.model import Verdict

STILL_FALLS = 0.97
"""Training loss over its earlier value below which it fell; above its inverse it rose."""


RISEN = 0.5
"""Spreads of its own by which a return that rose has risen beyond doubt."""

KEPT = 0.7
"""Share of what a return gained after the onset that it must end with to have lost nothing."""


def _earned(f: Facts) -> tuple[str, ...]:
    """That the policy lost nothing: its return went on rising after a spike of its loss."""
    a = f.agent
    if a is None or not a.rl or a.reward_levels is None or f.verdict is not Verdict.SPIKE_RECOVERED:
        return ()
    before, end, best, _ = a.reward_levels
    if (a.reward_change or 0.0) < RISEN or end - before < KEPT * (best - before):
        return ()
    return (
        f"The policy lost nothing: {f.tag} spiked, but the return rose afterwards, from {num(before)} to {num(end)}.",
    )


def whole(f: Facts) -> tuple[str, ...]:
    """That nothing was lost, where all that was measured after the onset went on getting better."""
    v, o = f.validation, f.onset
    if o is None or o.from_start or f.leading_role.startswith("val"):
        return ()
    if earned := _earned(f):
        return earned
    what = {Verdict.NAN: "is not finite", Verdict.SPIKE_RECOVERED: "spiked"}.get(f.verdict)
    if what is None or v is None or not _went_on(f):
        return ()
    return (
        f"The model is whole and nothing was lost: {f.tag} {what}, but {v.tag} went on falling afterwards, to its "
        f"best at {where(f, v.lowest_step)} ({num(v.lowest)}).",
    )


def _went_on(f: Facts) -> bool:
    """Validation after the onset was better than before it, was best only afterwards, and ended near that."""
    v, o, lost = f.validation, f.onset, f.nonfinite
    if v is None or o is None or v.best_step is None or v.best_step <= o.high or not v.best or v.end is None:
        return False
    if lost is not None and lost.val_first_step is not None:
        return False
    return v.at_onset is not None and v.at_onset < STILL_FALLS and v.end <= v.best / STILL_FALLS


LEARNED_ON = 0.8
"""The same from which it is worth saying what was learned then."""


LEARNS_SAMPLES = frozenset({"", "overfitting", "label-noise"})
"""Likeliest causes beside which it may be said that samples were learned: by others validation is measured wrong."""

EVER_GOOD = 0.9
"""Best evaluation over the first below which validation had got better by learning before it turned."""


def _training_since(f: Facts, v: Validation, fall: float, cause: str) -> str:
    """What the training loss did after validation was best; ``fall`` is its end over its value then."""
    b = f.beside
    if b is not None and validation.stepped_with_validation(f) > validation.STEPPED:
        return f"The training loss rose as well, {times(b.rise)} at {where(f, b.step)}: it was not validation alone."
    if LEARNED_ON <= fall < STILL_FALLS:
        return f"The training loss fell on a little, to {percent(fall)} of its value then."
    if fall < STILL_FALLS:
        learned = cause in LEARNS_SAMPLES and v.never_good is not None and v.never_good < EVER_GOOD
        which = ": from here on it learned the samples" if learned else ""
        return f"The training loss went on falling, to {percent(fall)} of its value then{which}."
    if fall <= 1 / STILL_FALLS:
        return "The training loss stayed where it was then: what changed is seen on held-out data alone."
    return f"The training loss did not fall on either: it ended {times(fall)} as high as it was then."


def turned(f: Facts, cause: str) -> tuple[str, ...]:
    """Where validation was best and left that, and what training did since; ``cause`` is the likeliest one."""
    v, o, e = f.validation, f.onset, f.extent
    assert o is not None
    assert e is not None
    out = []
    if v is not None:
        best = f"{v.tag} was best at {where(f, v.lowest_step)} ({num(v.lowest)})"
        later = v.lowest_step >= o.step
        left = (
            f"it had left its course by {where(f, o.step)}"
            if later
            else f"from {where(f, o.step)} on it left that level"
        )
        out.append(f"{best}; {left} for good.")
        if v.train_fall is not None:
            out.append(_training_since(f, v, v.train_fall, cause))
    if o.epoch is not None and e.epochs and not e.counts_epochs:
        out.append(f"That was pass {pass_of(f):,} of {max(pass_of(f), round(e.epochs)):,} over the same data.")
    return tuple(out)
