"""NaN that stand for "not evaluated here": tables that must say something in every cell.

MATLAB's training record has NaN in the validation of every iteration between two evaluations, and so has an array that
a program filled with NaN ahead of its training (``np.full(steps, np.nan)``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from losslens.model import Repair, RoleChoice, Series

#: So many values at an even distance show how often something was measured, this share of the distances being equal.
LEAST_VALUES, EVEN = 4, 0.75


def between_evaluations(
    series: Mapping[str, Series], choices: Sequence[RoleChoice], trainer: str | None
) -> list[tuple[str, Series, Repair]]:
    """The series whose NaN lie between values at an even distance, without them.

    A NaN at which the next value was due stays: from there on the loss was none any more. Linear time.
    """
    out = []
    for choice in choices:
        loss = series[choice.tag]
        finite = np.flatnonzero(np.isfinite(loss.value))
        gaps = np.diff(finite)
        if finite.size < LEAST_VALUES or 2 * finite.size > len(loss):
            continue
        gap = int(np.median(gaps))
        if gap < 2 or float(np.mean(gaps == gap)) < EVEN or not np.isnan(loss.value[~np.isfinite(loss.value)]).all():
            continue
        keep = np.isfinite(loss.value)
        keep[int(finite[-1]) :: gap] = True
        n = int((~keep).sum())
        text = f"{n} NaN of {choice.tag} between its values, one every {gap} points: not measured there, left out"
        steps = loss.step[~keep]
        repair = Repair("nan-is-not-measured", text, choice.tag, n, int(steps.min()), int(steps.max()))
        out.append((choice.tag, loss.where(keep), repair))
    return out
