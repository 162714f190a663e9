"""What the learning rate did around the onset, in sentences."""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.schedule import RISE
from losslens.causes.signs.build import num, percent, spanned, stretch, times, where
from losslens.causes.signs.rate import grows_by_setting, rise_text, rise_when

NEAR_JUMP = 20.0
"""Logged points between a rise of the rate and the onset within which it is worth saying."""

WARM = 0.99
"""Share of the peak from which a warm-up is over."""

STANDS_HIGHER = 1.5
"""Times its first value from which a rate is not said to explain nothing."""


def jumped(f: Facts) -> str:
    """The rise of the rate that came before the onset, if it is worth saying."""
    r = f.rate
    if r is None or r.jump is None or r.jump < RISE or r.jump_lag_points is None or r.jump_lag_points > NEAR_JUMP:
        return ""
    began = ", " if r.jump_last == r.jump_step else "; the rise began "
    return f"{r.tag} rose {rise_text(f, r)}{began}{rise_when(f, r)}."


def set_to_rise(f: Facts) -> str:
    """Settings that make the rate grow without bound."""
    gamma = grows_by_setting(f)
    return "" if gamma is None else f"{gamma}."


def fell(f: Facts) -> str:
    """A fall of the rate at the onset harms seldom, but who reads must know of it."""
    r = f.rate
    if r is None or r.fall is None or jumped(f):
        return ""
    step, was, now = r.fall
    how = f"{times(was / now)} (from {num(was)} to {num(now)})" if now > 0 else f"from {num(was)} to 0"
    return f"{r.tag} fell {how} at {where(f, step)}, within the interval in which the loss left its course."


def risen(f: Facts) -> bool:
    """The rate stood clearly above its first value at the onset: no reason by itself, but no sign of nothing either."""
    r = f.rate
    if r is None or r.constant or r.first is None or r.at_onset is None:
        return False
    return 0 < STANDS_HIGHER * r.first < r.at_onset


def only_zeros(f: Facts) -> str:
    """That every rate that was logged is 0, which says nothing of a loss that moved; "" where that is not so."""
    r = f.rate
    if r is None or r.source != "logged" or r.peak > 0:
        return ""
    return (
        f"{r.tag} is 0 at every point that was logged: printed with too few digits, or nothing is trained. Whether it "
        "changed cannot be said."
    )


def at_onset(f: Facts) -> str:
    """What the rate was at the onset, and whether that is a reason."""
    r = f.rate
    if zeros := only_zeros(f):
        return zeros
    if r is None or f.onset is None:
        return "" if r is not None else "No learning rate was logged, so whether it changed cannot be said."
    if r.source != "logged" and r.constant:
        return f"The learning rate was {num(r.peak)} throughout by the settings: no schedule explains the moment."
    if r.source != "logged":
        return (
            f"The learning rate is known from the settings only ({num(r.peak)}); "
            "whether a schedule changed it was not logged."
        )
    if r.at_onset is None:
        return ""
    if r.in_warmup and r.peak and r.at_onset >= WARM * r.peak:
        return f"{r.tag} had just been warmed up at the onset, to {num(r.at_onset)}: the run was new to its full rate."
    if r.in_warmup:
        return (
            f"{r.tag} was still being warmed up: {num(r.at_onset)} at the onset, "
            f"{percent(r.at_onset / r.peak if r.peak else 0)} of its peak."
        )
    if r.stable_ratio is not None and r.stable_ratio < 0.6:
        below = "" if r.stable_ratio < 1e-6 else f"{times(1 / r.stable_ratio)} "
        return (
            f"{r.tag} was {num(r.at_onset)} at the onset, already {below}below a rate that had trained stably "
            f"({num(r.stable_rate)}): the rate did not change for the worse."
        )
    about = "where" if r.constant else "within a fifth of which"
    share = (
        f", {about} it had been for {stretch(f, spanned(f, r.steps_at_rate))}"
        if r.steps_at_rate is not None and r.steps_at_rate >= 0.02
        else ""
    )
    if risen(f) and r.first is not None:
        return (
            f"{r.tag} was {num(r.at_onset)} at the onset, {times(r.at_onset / r.first)} its first value "
            f"({num(r.first)}){share}."
        )
    word = "constant" if r.constant else "without a rise near the onset"
    return f"{r.tag} was {num(r.at_onset)} at the onset, {word}{share}: the schedule does not explain the moment."
