"""Signs of what a start of the job, just before the onset, was set to otherwise. ``d`` as elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.signals import Changed
from losslens.causes.signs.build import Found, log_ramp, num, onset_step, ramp, sign, where
from losslens.model import SettingValue

NEAR, FAR = 6.0, 20.0
"""Logged points from a start within which its changes and the onset are one event, and beyond which they are not."""

OTHER_WORD = 0.8
"""Strength of a change from one word to another, which does not say how much."""

OFF = frozenset({"", "none", "null", "false", "no", "off", "0", "0.0"})


def _other_batch(c: Changed) -> float:
    return OTHER_WORD if c.ratio is None else log_ramp(max(c.ratio, 1 / c.ratio), 1.2, 2.0)


def _more(c: Changed) -> float:
    return 0.0 if c.ratio is None else log_ramp(c.ratio, 1.1, 2.0)


def _less_clipped(c: Changed) -> float:
    if _off(c.after) and not _off(c.before):
        return 1.0
    return _more(c)


def _less_warmup(c: Changed) -> float:
    return 1.0 if _off(c.after) and not _off(c.before) else 0.0


def _narrower(c: Changed) -> float:
    """To numbers that end at 65,504."""
    before, after = str(c.before).lower(), str(c.after).lower()
    on = "16" in c.name and not _off(c.after) and _off(c.before)
    return 1.0 if on or ("16" in after and "bf" not in after and "16" not in before.replace("bf16", "")) else 0.0


def _other(c: Changed) -> float:
    return OTHER_WORD


HARM: Mapping[str, Callable[[Changed], float]] = {
    "batch-size": _other_batch,
    "learning-rate": _more,
    "schedule": _other,
    "warmup": _less_warmup,
    "clip": _less_clipped,
    "precision": _narrower,
    "data": _other,
    "data-scaling": _other,
    "optimizer": _other,
}
"""Levers that can be behind a failure, and how much of a reason a change of each is, 0 to 1."""


def _off(value: SettingValue) -> bool:
    return str(value).strip().lower() in OFF


def _strength(c: Changed) -> float:
    harm = HARM.get(c.lever)
    return 0.0 if harm is None else harm(c) * ramp(c.lag_points, FAR, NEAR)


def changed(f: Facts, lever: str, d: int) -> Found:
    """The job had just been started again with another value of this lever."""
    mine = [c for c in f.changed if c.lever == lever]
    if not mine:
        return None
    c = max(mine, key=_strength)
    text = f"{c.name} was {_value(c.before)}, and {_value(c.after)} from the start at {where(f, c.step)} on"
    return sign(f"changed-{lever}", d, _strength(c), text, steps=(c.step, onset_step(f)), value=c.ratio)


def explained(f: Facts, levers: Collection[str]) -> float:
    """How much of a reason these settings of the new start are for what came with it: 0 to 1."""
    return max((_strength(c) for c in f.changed if c.lever in levers), default=0.0)


def told(c: Changed) -> str:
    """ "batch_size 128 (32 before)"."""
    return f"{c.name} {_value(c.after)} ({_value(c.before)} before)"


def _value(value: SettingValue) -> str:
    if value is None:
        return "not set"
    return num(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)[:60]
