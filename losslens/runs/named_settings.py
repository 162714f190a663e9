"""Settings that nothing tells but the name of a run: ``run_lr0.1_bs64``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from losslens.model import Role, RoleChoice, Setting
from losslens.patterns import compiled

_NUMBER = r"(?P<number>\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?![A-Za-z0-9]|\.\d)"
#: A rate is no whole number: "lr3" is the third, or one of 1e-3.
_FRACTION = r"(?P<number>\d+(?:\.\d+(?:e[-+]?\d+)?|e-?\d+))(?![A-Za-z0-9]|\.\d)"
#: Behind which words of a name a number is the learning rate, and the batch size. "batch_3" counts batches.
_RATE = compiled(r"(?:^|[^A-Za-z0-9])(?:lr|learning[-_ ]?rate)[-_= ]?" + _FRACTION, re.IGNORECASE)
_BATCH = compiled(
    r"(?:^(?:namespace)?|[^A-Za-z0-9])(?:(?:bs|bsz|batch[-_ ]?size)[-_= ]?|batch=?)" + _NUMBER, re.IGNORECASE
)
#: No rate is larger, and no batch; "bs1" and "bs2" may be the first and the second of some runs.
_LARGEST_RATE, _LEAST_BATCH, _LARGEST_BATCH = 10.0, 4, 1 << 20
#: How many of the last parts of a name are read: the folder of a run, and that of its version.
_PARTS = 2
_IS_RATE = compiled(r"(?:^|_)lr\d*$|learning_?rate")
_IS_BATCH = compiled(r"batch_?size|^bsz?$|^batch$")


def told_by_name(name: str, settings: Mapping[str, Setting], choices: Sequence[RoleChoice]) -> dict[str, Setting]:
    """The learning rate and the batch size that a run's name tells, where no setting and no series does."""
    known = {key.rsplit("/", 1)[-1].rsplit(".", 1)[-1].lower() for key in settings}
    rate = any(map(_IS_RATE.search, known)) or any(c.role is Role.LEARNING_RATE for c in choices)
    batch = any(map(_IS_BATCH.search, known)) or any(c.role is Role.BATCH_SIZE for c in choices)
    out: dict[str, Setting] = {}
    for part in reversed(PurePath(name).parts[-_PARTS:]):
        if not rate and "lr" not in out and (found := _RATE.search(part)):
            value = float(found["number"])
            if 0.0 < value <= _LARGEST_RATE:
                out["lr"] = Setting("lr", value, f"the name {part}")
        if not batch and "batch_size" not in out and (found := _BATCH.search(part)):
            size = float(found["number"])
            if size.is_integer() and _LEAST_BATCH <= size <= _LARGEST_BATCH:
                out["batch_size"] = Setting("batch_size", int(size), f"the name {part}")
    return out
