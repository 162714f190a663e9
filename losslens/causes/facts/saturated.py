"""Outputs that are 0 or 1 to the last digit: every wrong answer costs what the program cuts a loss off at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from losslens.model import Role, Run

MOST_AN_ANSWER = (16.118, 15.942)
"""-log 1e-7, at which Keras cuts probabilities off, and the same of 1 - 1e-7 in 32 bits."""

NEAR = 0.005
"""Share of that within which the printed digits leave it, …"""

FEWEST, WRONG = 3, 0.02
"""… at so many last points, where at least this share of the answers is wrong."""


class Saturated(NamedTuple):
    """A loss that is so many times the share of wrong answers."""

    tag: str
    accuracy: str
    times: float


def saturated_of(run: Run) -> Saturated | None:
    """The training loss beside the accuracy of the same steps; None where it is no such multiple of what is wrong."""
    loss = run.first(Role.TRAIN_LOSS)
    if loss is None:
        return None
    loss = loss.current()
    for tag in run.tags(Role.ACCURACY):
        right = run.series[tag].current()
        _, here, there = np.intersect1d(loss.step, right.step, return_indices=True)
        value, share = loss.value[here][-FEWEST:], right.value[there][-FEWEST:]
        if value.size < FEWEST or not np.isfinite(value).all() or not np.isfinite(share).all():
            continue
        wrong = 1.0 - (share / 100 if share.max() > 1.5 else share)
        if not bool((wrong >= WRONG).all()):
            continue
        for most in MOST_AN_ANSWER:
            if bool((np.abs(value / (wrong * most) - 1.0) <= NEAR).all()):
                return Saturated(loss.tag, tag, most)
    return None
