"""What follows from an onset: where to restart from, and what was spent after it."""

from __future__ import annotations

import math

from losslens.model import Checkpoint, Judgement, Run, Series, Spent


def restart_from(run: Run, judgement: Judgement) -> Checkpoint | None:
    """The last checkpoint in the run's folder from before the onset's interval; None when there is none."""
    if judgement.onset is None:
        return None
    before = [c for c in run.checkpoints if c.step < judgement.onset.low]
    return max(before, key=lambda c: c.step, default=None)


def spent_after_onset(run: Run, judgement: Judgement) -> Spent | None:
    """Steps from the onset to the end of the run, and hours where wall times were logged.

    Work of branches that a resume left behind counts too: it was paid for.
    """
    onset = judgement.onset
    if onset is None or onset.series not in run.series:
        return None
    series = run.series[onset.series]
    if not len(series):
        return None
    steps = int(series.step.max()) - onset.step
    return Spent(steps=max(steps, 0), hours=_hours(series, onset.wall_time))


def _hours(series: Series, since: float | None) -> float | None:
    import numpy as np

    if since is None or not math.isfinite(since):
        return None
    times = series.wall_time[np.isfinite(series.wall_time)]
    if not times.size or times.max() < since:
        return None
    return float(times.max() - since) / 3600.0


def log_interval(series: Series) -> float | None:
    """The usual distance in steps between two logged points of a series; None for fewer than two."""
    import numpy as np

    gaps = np.diff(series.current().step)
    gaps = gaps[gaps > 0]
    return float(np.median(gaps)) if gaps.size else None
