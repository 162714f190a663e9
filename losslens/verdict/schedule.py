"""Whether the learning-rate schedule explains a rise: a warm restart lifts the loss by design, then it falls again."""

from __future__ import annotations

import numpy as np

from losslens.detector import Departure, Excursion, SeriesFit
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
    raised = _raised(run, fit, d.low, d.high)
    if raised is None or not _falls_again(fit, d):
        return None
    return f"{raised} there, as before, and the loss is falling again"


def unexplained(run: Run, fit: SeriesFit) -> tuple[Excursion, ...]:
    """The excursions of a loss that no warm restart explains; one that costs most of the progress always counts."""
    back = fit.transform.back
    return tuple(
        e
        for e in fit.excursions
        if back(e.top) - back(e.before) >= MOST_RATIO * fit.progress or _raised(run, fit, e.first, e.first) is None
    )


def _raised(run: Run, fit: SeriesFit, low: int, high: int) -> str | None:
    """What raised the learning rate around these points, to no new high; None when nothing did."""
    for tag in run.tags(Role.LEARNING_RATE):
        rate = run.series[tag].current()
        if len(rate) < 2:
            continue
        first = fit.step_of(max(low - AROUND_POINTS, 0))
        last = fit.step_of(min(high + AROUND_POINTS, fit.n_finite - 1))
        before = rate.value[rate.step <= first]
        near = rate.value[(rate.step >= first) & (rate.step <= last)]
        if before.size == 0 or near.size == 0 or not (np.isfinite(before).all() and np.isfinite(near).all()):
            continue
        lowest, highest = float(before[-1]), float(near.max())
        if lowest >= 0.0 and highest >= RAISED * max(lowest, 1e-300) and highest <= NO_NEW_HIGH * float(before.max()):
            return f"{tag} was raised from {lowest:.4g} to {highest:.4g}"
    return None


def _falls_again(fit: SeriesFit, d: Departure) -> bool:
    peak = float(np.median(np.sort(fit.z[d.onset :])[-3:]))
    base = float(fit.transform.forward(np.array([d.base]))[0])
    end = float(fit.transform.forward(np.array([d.top]))[0])
    return peak - end >= FALLING_SHARE * (peak - base)
