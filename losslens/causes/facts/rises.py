"""Earlier rises of the learning rate, and how the loss went on after each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.nouns import Start
from losslens.causes.facts.numerics import median
from losslens.model import Series

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

ABRUPT = 1.5
"""A rise between two logged points by this factor or more is a jump, not a ramp, once the warm-up is over."""

SAME_RATE = 1.2
"""Rates within this factor count as the same."""

LEVEL_OF_LOSS = 6
"""Points of the loss on either side of an earlier rise of the rate that say how it went …"""

HURT = 0.1
"""… worse, where it is up by this share of its level …"""

AS_BEFORE = 0.25
"""… and as before, where it is not up by this share: in between nothing is said."""

MOST_RISES = 50
"""Earlier rises that are looked at."""


def rises_after_warmup(step: IntArray, value: FloatArray, loss: Series | None, warm: int | None) -> tuple[int, int]:
    """How often the rate jumped after the warm-up, and how often the loss was higher in the points behind."""
    if value.size < 2:
        return 0, 0
    was, now = value[:-1], value[1:]
    up = np.flatnonzero((now > ABRUPT * was) & (was >= 0))
    up = up[np.diff(up, prepend=-2) > 1]  # the moves of one ramp are one rise
    if warm is not None:
        up = up[step[up + 1] > warm]
    up = up[up > 0][:MOST_RISES]
    hurt = 0
    if loss is not None:
        for k in up:
            at = int(np.searchsorted(loss.step, step[k + 1]))
            earlier, later = (
                median(loss.value[max(0, at - LEVEL_OF_LOSS) : at]),
                median(loss.value[at : at + LEVEL_OF_LOSS]),
            )
            if earlier is not None and (later is None or later > earlier + HURT * abs(earlier)):
                hurt += 1
    return int(up.size), hurt


def harmless_rises(
    step: IntArray,
    value: FloatArray,
    loss: Series | None,
    warm: int | None,
    start: Start | None,
    this: int | None,
    here: float | None,
) -> int:
    """Earlier rises to at least nearly the rate of the onset after which the loss went on as before."""
    if start is None or this is None or here is None or loss is None or value.size < 2:
        return 0
    was, now = value[:-1], value[1:]
    up = np.flatnonzero((now > ABRUPT * was) & (was > 0) & (now >= here / SAME_RATE) & (step[1:] < this))
    if warm is not None:
        up = up[step[up + 1] > warm]
    calm = 0
    for k in up[-MOST_RISES:]:
        at = int(np.searchsorted(loss.step, step[k + 1]))
        stop = min(at + LEVEL_OF_LOSS, int(np.searchsorted(loss.step, start.low)))
        earlier, later = median(loss.value[max(0, at - LEVEL_OF_LOSS) : at]), median(loss.value[at:stop])
        if earlier is not None and later is not None and later <= earlier + AS_BEFORE * abs(earlier):
            calm += 1
    return calm
