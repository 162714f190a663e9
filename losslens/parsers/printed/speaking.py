"""Whether the numbers of a line are a training's, told by their names."""

from __future__ import annotations

import math
import re

from losslens.parsers.axes import is_known_name, is_objective
from losslens.parsers.printed.records import NAMELESS, Record
from losslens.patterns import compiled

#: The losses of a game under the bare names of its players: "D_A: 0.4 G_A: 0.2 cycle_A: 2.8".
_PLAYER = compiled(r"(?:net|[Ee]rr_?)?[DG](?:_\w+)?|(?:dis|gen|cycle|idt)_\w+")
#: The same of detectors, which print the initials of their terms.
_INITIALS = (frozenset("LC"), frozenset(["Loc", "Cla"]), frozenset("BCMT"))
#: "[10]\ttrain-rmspe:0.36\teval-rmspe:0.84": what boosting measures on each of its data, whatever its user calls it.
_METRIC_OF_DATA = compiled(
    r"(?:d?train(?:ing)?|eval|val(?:id(?:ation)?)?|d?test|dev|watch|holdout)(?:_?\d+)?-[A-Za-z][\w@.-]*", re.IGNORECASE
)
#: Names that say little alone; several of them on a line with a place are the terms of one objective.
_TERMS = frozenset(
    (
        *("total", "pg", "pi", "vf", "vloss", "ploss", "ent", "ret", "kl", "pol", "val", "aux", "adv"),
        *("rec", "recon", "cls", "reg", "box", "obj"),
    )
)
#: "train=4.61 valid=13.2": what is measured, under the bare names of its data.
_TRAINED_ON = frozenset(["train", "training"])
_HELD_BACK = frozenset(["val", "valid", "validation", "eval", "test", "dev"])
#: What nothing but a training has: the means by which it goes on.
_MEANS = compiled(
    r"lr|learning[ _]?rate|(?:grad(?:ient)?|g)[ _]?norm|\|{1,2}(?:g|grads?|gradient)\|{1,2}|(?:loss|amp)[ _]scale",
    re.IGNORECASE,
)
#: Whole numbers from which on one with few digits that count is a measured number, printed with a power of ten.
_LARGE, _DIGITS = 1e6, 5


def speaks_of_training(record: Record | None) -> bool:
    """True for a line that a training prints: a number under a name that training logs use."""
    if record is None:
        return False
    if record.kind and sum(bool(_PLAYER.fullmatch(key)) for key in record.values) >= 2:
        return True
    if record.kind and any(initials <= record.values.keys() for initials in _INITIALS):
        return True
    if record.kind and any(map(is_objective, record.values)):
        return True
    if NAMELESS in record.values and (record.kind == "epoch" or None not in (record.epoch, record.step)):
        return True
    if record.kind == "step" and record.values and all(map(_METRIC_OF_DATA.fullmatch, record.values)):
        return True
    if record.kind and len(record.values) > 2 and sum(key.lower() in _TERMS for key in record.values) >= 2:
        return True
    if record.kind and len(record.values) > 1:
        names = {key.lower() for key in record.values}
        if names & _TRAINED_ON and names & _HELD_BACK:
            return True
    # LightGBM writes "training's l2": whose it is says that it is a metric.
    return any(is_known_name(key) or "'s " in key for key in record.values)


def may_speak_of_training(record: Record) -> bool:
    """True for a line with a place and numbers, under names that say nothing to losslens."""
    placed = bool(record.kind) or may_count_itself(record)
    return placed and not record.aside and bool(record.values)


def may_count_itself(record: Record) -> bool:
    """True for "u=10 nats=3.08": the first of several numbers is whole, and may be a count under its own name."""
    first = next(iter(record.values.values()), -1.0)
    return not record.kind and len(record.values) > 1 and first >= 0 and first.is_integer()


def names_a_means(record: Record) -> bool:
    """True for a line with a place, the rate or a gradient's size, and a number under a name that says nothing."""
    if not record.kind or record.aside or not any(map(_MEANS.fullmatch, record.values)):
        return False
    return any(not is_known_name(key) and not _MEANS.fullmatch(key) for key in record.values)


def measures(record: Record) -> bool:
    """True for a line one of whose numbers is no count."""
    return any(map(_is_measured, record.values.values()))


def _is_measured(value: float) -> bool:
    if not math.isfinite(value):
        return True
    return value != int(value) or (abs(value) >= _LARGE and float(f"{value:.{_DIGITS}g}") == value)
