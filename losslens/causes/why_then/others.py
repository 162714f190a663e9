"""What the other signals did around the onset, and which did nothing, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from losslens.causes.facts.moment import Switched
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import lag_text, num, often, times, where

MOST = 3
"""Signals told one by one."""


def before(f: Facts) -> str:
    """What had moved before the loss and is not told elsewhere."""
    told = {t.tag for t in (f.weights, f.updates, f.logits) if t is not None} | {s.tag for s in f.switched}
    told |= {f.gradient.tag if f.gradient is not None else "", f.scale.tag if f.scale is not None else ""}
    told |= {f.components.first or ""} if f.components is not None else set()
    told |= {f.batch.tag} if f.batch is not None and f.batch.change_step is not None else set()
    if f.onset is None:
        return ""
    early = [(tag, step, size) for tag, step, size in f.moved if tag not in told and step <= f.onset.low]
    if not early:
        return ""
    parts = [f"{tag} at {where(f, step)} ({_size(f, tag, size)})" for tag, step, size in early[:MOST]]
    return f"Also moved before the loss: {', '.join(parts)}."


def switched(f: Facts) -> str:
    """Series that are set, not measured, and were changed near the onset."""
    parts = [_change(f, s) for s in f.switched if _is_told(f, s)]
    return f"{'; '.join(parts[:MOST])}." if parts else ""


def stopped(f: Facts) -> str:
    """What the job logged up to the onset alone, or from there on: it did something else on the two sides of it."""
    ends = [one for one in f.logged if one.ends]
    begins = [one for one in f.logged if not one.ends]
    parts = []
    for them, how in ((ends, "was logged up to"), (begins, "was logged only from")):
        if them:
            names = _some([one.tag for one in them])
            verb = how if len(them) == 1 else how.replace("was", "were", 1)
            parts.append(f"{names} {verb} {where(f, them[0].step)}{'' if them is ends else ' on'}")
    return f"{'; '.join(parts)}: what the job did changed there, not the loss alone." if parts else ""


def _is_told(f: Facts, s: Switched) -> bool:
    """A scale that fell is told with what came of it; a change after the interval of the onset is none before it."""
    if f.onset is None or s.step > f.onset.high:
        return False
    return f.scale is None or s.tag != f.scale.tag or s.after > s.before


def _change(f: Facts, s: Switched) -> str:
    text = f"{s.tag} changed from {num(s.before)} to {num(s.after)} at {where(f, s.step)}"
    text = f"{text}, {lag_text(s.lead_points)} the onset"
    scale = f.scale is not None and s.tag == f.scale.tag
    if s.earlier and scale:
        return f"{text}, as it had {often(s.earlier)} before: each time gradients come nearer to the end of fp16"
    if scale:
        return f"{text}: gradients came that much nearer to the end of fp16"
    return f"{text}{f', as it had {often(s.earlier)} before' if s.earlier else ''}"


def _size(f: Facts, tag: str, factor: float) -> str:
    """How far a signal moved: a factor where it is above 0 throughout, else from where to where."""
    if tag in f.moved_between:
        was, now = f.moved_between[tag]
        return f"from {num(was)} to {num(now)}"
    return times(factor) if math.isfinite(factor) else "not finite from there on"


def with_it(f: Facts) -> str:
    """What moved with the loss and not before: no reason of it, but it must not pass for unchanged."""
    if f.onset is None:
        return ""
    told = {f.gradient.tag if f.gradient is not None else "", f.scale.tag if f.scale is not None else ""}
    reach = f.onset.high + (f.extent.interval if f.extent is not None else 0)
    beside = [(tag, size) for tag, step, size in f.moved if tag not in told and f.onset.low < step <= reach]
    if not beside:
        return ""
    return f"At the same point {', '.join(_went(f, tag, size) for tag, size in beside[:MOST])}."


def _went(f: Facts, tag: str, factor: float) -> str:
    """ "train_acc fell to 0.38× its level"."""
    if tag in f.moved_between:
        was, now = f.moved_between[tag]
        return f"{tag} went from {num(was)} to {num(now)}"
    if not math.isfinite(factor):
        return f"{tag} was no longer finite"
    return f"{tag} {'rose' if factor > 1 else 'fell'} to {times(factor)} its level"


def nothing(f: Facts) -> str:
    """That no other signal moved first: which were logged, or which cannot say; "" where there were none."""
    changed = {s.tag for s in f.switched} | {f.tag}
    logged = [tag for tag in f.unchanged if tag not in changed]
    if logged:
        return f"Nothing else that was logged had a jump near the onset ({_some(logged)})."
    if f.moved:
        return f"Nothing that was logged moved before the loss did ({_some([tag for tag, _, _ in f.moved])})."
    short = [tag for tag in f.unasked if tag not in changed]
    if short:
        return (
            f"What else was logged ({_some(short)}) has too few points before the onset to say whether it moved first."
        )
    if f.echoes:
        return f"What else was logged ({_some(f.echoes)}) goes as the loss does and tells no more than it."
    return ""


def _some(tags: Sequence[str]) -> str:
    return ", ".join(tags[:4]) + (f" and {len(tags) - 4} more" if len(tags) > 4 else "")


def saturated(f: Facts) -> str:
    """That the loss counts wrong answers at the highest price there is; "" where it does not."""
    s = f.saturated
    if s is None:
        return ""
    return (
        f"{s.tag} is {num(s.times)} times the share of wrong answers ({s.accuracy}): each costs the most that Keras "
        "lets it, which cuts probabilities off at 1e-7. The outputs are 0 or 1 to the last digit, and hardly a "
        "gradient comes back from there: data or a rate that are too large, or a last activation that does not fit."
    )
