"""How the evaluations on held-out data moved from one to the next, and how many of the answers were right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from losslens.causes.facts.numerics import scatter, smooth
from losslens.model import Role, Run
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.model import FloatArray

STEP_SIDE = 3
"""Evaluations on either side of a step on which its levels are measured …"""

FOR_A_MEDIAN = 6
"""… where there are so many times as many."""

STEPS_SCATTER = 2.0
"""Widths of the steps' own scatter by which the largest of them is no step yet."""

FEWEST_ACCURACIES = 4
"""Evaluations from which the accuracy says how it went."""

IS_RIGHT = compiled(
    r"acc(?![a-z])|accurac|(?<![a-z])top[-_ @]?\d|correct|exact_?match|hit_?rate|(?<![a-z])(?:em|err\w*)(?![a-z])", re.I
)
"""Names of the share of answers that are right. F1, BLEU or an area under a curve have no such share, nor a guess."""

MOST_NOTHING = 0.5
"""A score that is exactly 0 at more than this share of its evaluations was not computed there."""


class Steps(TypedDict):
    largest_rise: float | None
    largest_share: float | None
    stepped: tuple[float, float] | None
    climbed: float | None
    largest_move: float | None


class Answers(TypedDict):
    accuracy: tuple[float, float, float] | None
    score: str | None


def steps_up(value: FloatArray) -> Steps:
    """The largest step up between two evaluations, and how much of the whole climb it is; positive losses only.

    A step is from the median of the last evaluations to that of the next ones, so that a single high one is none; told
    are the two neighbours between which it was made.
    """
    if value.size < 4 or value.min() <= 0:
        return Steps(largest_rise=None, largest_share=None, stepped=None, climbed=None, largest_move=None)
    y = np.log(value)
    side = int(np.clip(y.size // FOR_A_MEDIAN, 1, STEP_SIDE))
    levels = np.median(np.lib.stride_tricks.sliding_window_view(y, side), axis=1)
    steps = levels[side:] - levels[:-side]
    at = int(np.argmax(steps))
    rise, climb = float(steps[at]), float(levels[at + side :].max() - levels[: at + 1].min())
    clear = max(0.0, rise - STEPS_SCATTER * (scatter(steps) or 0.0))
    foot = at + int(np.argmax(np.diff(y[at : at + 2 * side])))
    after = y[int(np.argmin(y)) :]
    return Steps(
        largest_rise=float(np.exp(np.clip(rise, 0.0, 50.0))),
        largest_share=clear / climb if climb > 0 else None,
        stepped=(float(value[foot]), float(value[foot + 1])),
        climbed=float(np.exp(min(50.0, y[foot + 1 :].max() - y[: foot + 1].min()))),
        largest_move=float(np.exp(min(50.0, np.diff(after).max()))) if after.size > 1 else None,
    )


def accuracy_of(run: Run) -> Answers:
    """First, best and last (medians of three where there are enough); None where it is no share or a per cent.

    Of several the share of right answers; where there is none, another score, with its tag.
    """
    tags = run.tags(Role.VAL_ACCURACY)
    tag = next((t for t in tags if IS_RIGHT.search(t)), tags[0] if tags else None)
    if tag is None:
        return Answers(accuracy=None, score=None)
    value = run.series[tag].current().value
    value = value[np.isfinite(value)]
    score = None if IS_RIGHT.search(tag) else tag
    if value.size < FEWEST_ACCURACIES or value.min() < 0 or value.max() > 100:
        return Answers(accuracy=None, score=None)
    if score is not None and np.mean(value == 0) > MOST_NOTHING:
        return Answers(accuracy=None, score=None)
    value = value / 100 if value.max() > 1.5 else value
    course = smooth(value, 3) if value.size >= 8 else value
    tail = max(1, min(3, value.size // 5))
    end = float(np.median(value[-tail:]))
    return Answers(accuracy=(float(value[0]), max(float(course.max()), end), end), score=score)
