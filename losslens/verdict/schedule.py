"""Whether the learning-rate schedule explains a rise: a warm restart lifts the loss by design, then it falls again."""

from __future__ import annotations

import numpy as np

from losslens.detector import Departure, SeriesFit
from losslens.model import Role, Run

RAISED = 1.5
"""The learning rate rose by this factor where the loss did …"""

NO_NEW_HIGH = 1.1
"""… to no more than this factor above what it had been before: a restart, not a jump."""

AROUND_POINTS = 3
"""Points before and after the onset's interval in which the rise of the learning rate is sought."""

FALLING_SHARE = 0.5
"""The loss is falling again when it has lost this share of its rise by the end."""

MOST_RATIO = 0.5
"""A rise that costs more of the progress than this is a failure whatever the schedule did."""


def explains(run: Run, fit: SeriesFit, d: Departure) -> str | None:
    """The sentence that says how the schedule explains the rise, or None when it does not."""
    if fit.ratio >= MOST_RATIO:
        return None
    for tag in run.tags(Role.LEARNING_RATE):
        rate = run.series[tag].current()
        if len(rate) < 2:
            continue
        first = fit.step_of(max(d.low - AROUND_POINTS, 0))
        last = fit.step_of(min(d.high + AROUND_POINTS, fit.n_finite - 1))
        before = rate.value[rate.step <= first]
        near = rate.value[(rate.step >= first) & (rate.step <= last)]
        if before.size == 0 or near.size == 0 or not (np.isfinite(before).all() and np.isfinite(near).all()):
            continue
        low, high = float(before[-1]), float(near.max())
        if low < 0.0 or high < RAISED * max(low, 1e-300) or high > NO_NEW_HIGH * float(before.max()):
            continue
        if _falls_again(fit, d):
            return f"{tag} was raised from {low:.4g} to {high:.4g} there, as before, and the loss is falling again"
    return None


def _falls_again(fit: SeriesFit, d: Departure) -> bool:
    peak = float(np.median(np.sort(fit.z[d.onset :])[-3:]))
    base = float(fit.transform.forward(np.array([d.base]))[0])
    end = float(fit.transform.forward(np.array([d.top]))[0])
    return peak - end >= FALLING_SHARE * (peak - base)
