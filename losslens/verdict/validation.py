"""Validation losses: they lead only when training is fine, and they have two words of their own."""

from __future__ import annotations

from losslens.detector import Departure, SeriesFit, examine
from losslens.model import Role, Run, Series, Verdict
from losslens.verdict.losses import Judged, as_verdict
from losslens.verdict.words import DIVERGED_RATIO, EXPLODED_FACTOR, NEAR, Word, decide, number

OVERFIT_RISE = 0.02
"""A validation loss has left its minimum when it ends this share of its level above it (and beyond its noise)."""

FAST_SHARE = 0.05
"""A validation loss that rises to its end level within this share of the run blew up; a slower one is overfitting."""


def judge_validation(run: Run, series: Series, role: Role, trained: Judged | None, contest: bool) -> Judged:
    """The verdict on one validation loss, given how training went (None: only validation was logged)."""
    fit = examine(series.step, series.value)
    word = decide(fit, wanders=contest)
    if trained is not None and not trained.verdict.verdict.blew_up:
        word = _beside_training(fit, word)
    return Judged(series, role, fit, word, as_verdict(run, series, role, fit, word))


def _beside_training(fit: SeriesFit, word: Word) -> Word:
    """What a validation loss alone is called while training is fine."""
    if word.verdict is Verdict.NAN:
        return Word(
            Verdict.VAL_DIVERGED,
            f"validation is {word.reason}; training is fine",
            word.margin,
            word.also,
            word.departure,
        )
    d = fit.departure
    if word.verdict in (Verdict.PLATEAU, Verdict.SHIFTED, Verdict.INCONCLUSIVE) or d is None:
        if word.verdict in (Verdict.EXPLODED, Verdict.DIVERGED, Verdict.SHIFTED, Verdict.PLATEAU):
            return Word(Verdict.HEALTHY, word.reason, word.margin, None)
        return word
    factor = d.top / d.base if d.base > 0 else float("inf")
    if word.verdict is Verdict.EXPLODED and (factor >= EXPLODED_FACTOR or _sudden(d, fit)):
        text = f"validation {word.reason}, while training went on"
        return Word(
            Verdict.VAL_DIVERGED, text, word.margin, Verdict.OVERFIT if (word.margin or 9.0) < NEAR else None, d
        )
    rise = (d.top - d.base) / max(abs(d.base), 1e-300)
    if rise >= OVERFIT_RISE and fit.ratio >= DIVERGED_RATIO:
        text = (
            f"validation left its minimum {number(d.base)} at step {fit.step_of(d.onset)} and ended at {number(d.top)} "
            "while training did not"
        )
        also = Verdict.VAL_DIVERGED if fit.ratio >= 1.0 / NEAR or factor >= EXPLODED_FACTOR / NEAR else None
        if also is None and rise < OVERFIT_RISE * NEAR:
            also = Verdict.HEALTHY
        return Word(Verdict.OVERFIT, text, None, also, d)
    if word.verdict is Verdict.EXPLODED:
        return Word(Verdict.VAL_DIVERGED, f"validation {word.reason}", word.margin, Verdict.OVERFIT, d)
    return Word(Verdict.HEALTHY, word.reason, word.margin, None)


def _sudden(d: Departure, fit: SeriesFit) -> bool:
    """Whether most of the rise came within a few points."""
    return d.shape == "jump" and fit.ratio >= 1.0
