"""A training loss that rises because its data become harder, while validation gets better all the while.

A curriculum, stronger augmentation, more steps of a diffusion to be undone at once: what is minimised changes by plan
there, and only the data held back stay what they were. They are the better witness, as a return is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Run, Verdict
from losslens.verdict.losses import Judged, as_verdict
from losslens.verdict.word import Word, number

if TYPE_CHECKING:
    from losslens.detector import SeriesFit

EVALUATIONS, PARTS = 8, 4
"""Validation has at least so many points since the training loss began to rise, and in so many parts of them …"""

FIRST, LOWER = 3, 0.2
"""… it ends lower than the first few of these by such a share, …"""

BACK = 0.05
"""… and comes from none to the next up by more than this share of its level."""

UNSEEN = 0.1
"""It is known to the end: no more than this share of the time since then lies behind its last point."""

RISES = (Verdict.EXPLODED, Verdict.DIVERGED, Verdict.SHIFTED)


def acquitted(run: Run, trained: Judged, evaluated: Sequence[Judged]) -> Judged:
    """The training loss, fine where it rose by and by and a validation loss, itself fine, got better to the end."""
    d = trained.word.departure
    if trained.word.verdict not in RISES or d is None or d.shape == "jump" or d.top <= d.base:
        return trained
    if trained.fit.transform.kind != "log" or trained.fit.nonfinite:
        return trained
    onset = trained.fit.step_of(d.onset)
    for other in evaluated:
        if other.series.axis == trained.series.axis and (went := _better_since(other, onset, trained.fit)):
            text = (
                f"{trained.word.reason}; but {other.series.tag} {went}, so what it is trained on may have become harder"
            )
            word = Word(Verdict.HEALTHY, text, None, None)
            return replace(trained, word=word, verdict=as_verdict(run, trained.series, trained.role, trained.fit, word))
    return trained


def _better_since(evaluated: Judged, onset: int, train: SeriesFit) -> str:
    """What a validation loss did since a step, where it fell all the time; else ""."""
    fit = evaluated.fit
    if evaluated.verdict.verdict is not Verdict.HEALTHY or fit.transform.kind != "log" or fit.nonfinite:
        return ""
    since = fit.value[fit.step >= onset]
    last = float(train.step[-1])
    if since.size < EVALUATIONS or last - float(fit.step[-1]) > UNSEEN * (last - onset):
        return ""
    levels = [float(np.median(part)) for part in np.array_split(since, PARTS)]
    falls = all(b <= (1.0 + BACK) * a for a, b in pairwise(levels))
    first = float(np.median(since[:FIRST]))
    if not falls or levels[-1] > (1.0 - LOWER) * first or levels[-1] > (1.0 + BACK) * min(levels):
        return ""
    return f"fell from {number(first)} to {number(levels[-1])} all the while"
