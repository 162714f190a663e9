"""Learning rates of two logs: jobs that were planned otherwise are two, whatever their files are called."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from losslens.model import FloatArray, RawSeries

#: Steps that two rates must share, and the share of them at which they agree at most where they are two.
SHARED, AGREED = 20, 0.2
#: Rates this near each other are the same, logged before and after a step of the schedule.
ALIKE = 0.02
#: Steps compared of long series, and values whose digits are looked at: enough to know.
MOST, DIGITS_OF = 400, 50
#: A schedule moves on before its rate is logged, or after.
SHIFTS = (0, 1, -1)


def planned_otherwise(mine: Sequence[RawSeries], theirs: Sequence[RawSeries]) -> bool:
    """Whether no learning rate of one log is one of the other's at the steps that both have."""
    pairs = [(one, other) for one in mine for other in theirs if one.axis == other.axis != "row"]
    said = [[_agree(one, other, shift) for shift in SHIFTS] for one, other in pairs]
    return bool(said) and all(agrees[0] is False and not any(agrees) for agrees in said)


def _agree(one: RawSeries, other: RawSeries, shift: int) -> bool | None:
    """Whether two rates are one, the first so many steps later; None where they share too few steps."""
    shared, mine, theirs = np.intersect1d(one.step + shift, other.step, return_indices=True)
    if shared.size < SHARED:
        return None
    at = np.unique(np.linspace(0, shared.size - 1, min(shared.size, MOST)).astype(int))
    a, b = one.value[mine[at]], other.value[theirs[at]]
    near = np.isclose(a, b, ALIKE, max(_last_digit(a), _last_digit(b)), equal_nan=True)
    return float(near.mean()) > AGREED


def _last_digit(value: FloatArray) -> float:
    """The unit of the last digit that these numbers were written with: printed rates are rounded."""
    finite = value[np.isfinite(value)][:DIGITS_OF].tolist()
    written = [Decimal(repr(v)).normalize().as_tuple().exponent for v in finite if v]
    return float(10.0 ** min((e for e in written if isinstance(e, int)), default=0))
