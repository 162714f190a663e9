"""Signs of a restart: a job that started again at the onset, and a course that retraces the first.

``d`` is +1 for the asking cause, -1 against it.
"""

from __future__ import annotations

from collections.abc import Collection

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import Found, lag_text, log_ramp, num, ramp, sign, where
from losslens.causes.signs.changed import explained

OTHERWISE = 0.75
"""Share of what a restart at the onset says that a change of settings in it takes over."""


def restarted(f: Facts, d: int, *, but: Collection[str] = ()) -> Found:
    """The job had just started again. A change of one of the levers ``but`` in that start takes over what it says."""
    r = f.restart
    if r is None or f.onset is None or f.onset.from_start or not -1.5 <= r.lag_points <= 6:
        return None
    pause = f" after a pause of {_hours(r.gap_s)}" if r.gap_s and r.gap_s > 60 else ""
    text = f"the job started again at {where(f, r.step)} ({r.how}){pause}, {lag_text(r.lag_points)} the onset"
    otherwise = explained(f, but)
    if otherwise > 0:
        text += ", with other settings, which may be the reason"
    return sign(
        "restarted-at-onset",
        d,
        ramp(r.lag_points, 6, 2) * (0.6 if r.how == "pause" else 1.0) * (1.0 - OTHERWISE * otherwise),
        text,
        steps=(r.step, f.onset.step),
    )


SAME_LEVEL, SAME_COURSE, SAME_SPEED = (0.3, 0.12), (0.2, 0.08), (2.2, 1.5)
"""A second course is that of the first where it begins so near (shares of the first fall), goes so near and falls at a
rate that differs by no more than such a factor: from where on that says something, and where it says all it can. Other
data or harmed weights begin higher or lower, and fall faster or slower."""


SAME_HEIGHT = (2.0, 1.4)
"""The same for the factor between the two first levels: a share of a fall over decades hides one."""


def retraces(f: Facts) -> float:
    """How much the training loss from the onset on is what it was from its beginning: 0 to 1."""
    r = f.retrace
    if r is None or r.speed is None:
        return 0.0
    alike = ramp(abs(r.offset), *SAME_LEVEL) * ramp(r.distance, *SAME_COURSE)
    if r.level is not None:
        alike *= log_ramp(max(r.level, 1 / r.level), *SAME_HEIGHT) if r.level > 0 else 0.0
    return alike * log_ramp(max(r.speed, 1 / r.speed), *SAME_SPEED)


def retraced(f: Facts, d: int) -> Found:
    """The training loss was back at its first level and learned the same once more, as fast as from the beginning."""
    r = f.retrace
    if r is None or f.train is None:
        return None
    level = "" if r.level is None else f" ({num(round(100 * r.level))} % of it)"
    text = (
        f"{f.train.tag} was back at its first level at {where(f, r.step)}{level} and went through its first "
        f"{r.points} points once more, as fast as then: training began anew, without what had been learned"
    )
    return sign("retraced-its-start", d, retraces(f), text, series=f.train.tag, steps=(r.step, None), value=r.distance)


def not_restarted(f: Facts, d: int) -> Found:
    r = f.restart
    if f.onset is None or (r is not None and -1.5 <= r.lag_points <= 20):
        return None
    text = (
        "no restart near the onset: steps and files run through"
        if r is None
        else f"the nearest restart ({where(f, r.step)}) is far from the onset"
    )
    return sign("not-restarted", d, (0.8 if r is None else 1.0) * (1.0 - retraces(f)), text)


def _hours(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
