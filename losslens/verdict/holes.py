"""Points that hold no loss: NaN or Inf with a course around them, or zeros written where nothing was to be learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Role, Run, Series, Verdict

if TYPE_CHECKING:
    from losslens.detector import SeriesFit
    from losslens.model import BoolArray, FloatArray
    from losslens.verdict.word import Word

EVEN = 0.1
"""Share of their usual distance within which places are evenly spaced."""

MOST_ZEROS = 0.1
"""Share of the points that may be exactly 0: more are what the loss is."""

MOST_IN_A_ROW = 3
"""More zeros in a row are a loss that has got there, as those of players do."""

FAR_BELOW = 0.2
"""No other point is below this share of the usual level: a loss that is learned to the last digit may touch 0."""

FIRST_AFTER = 3
"""So many points at least lie before the first zero, and one after the last: a loss that ends at 0 has got there."""

NO_TARGETS = "batches in which no target counts (all masked or ignored)"


def holes(run: Run, series: Series, fit: SeriesFit, word: Word) -> str:
    """Says of points without a loss in a course that goes on how many they are, where, and what the gradient did there.

    Empty where there are none, or where the verdict is about them.
    """
    return _not_finite(run, series, fit, word) + _zeros(run, series)


def empty(run: Run, series: Series) -> BoolArray:
    """Which points of a loss (current branch) are exactly 0 for want of anything to learn; shape ``(n,)``.

    Single zeros far below all other points, at which the gradient norm is exactly 0 as well where it was logged.
    """
    value = series.value
    zero: BoolArray = value == 0.0
    none: BoolArray = np.zeros(value.size, bool)
    others = value[np.isfinite(value) & ~zero]
    if not zero.any() or zero.mean() > MOST_ZEROS or others.size == 0 or others.min() < 0.0:
        return none
    at = np.flatnonzero(zero)
    longest = np.diff(np.flatnonzero(~np.concatenate([[False], zero, [False]]))).max() - 1
    if (
        longest > MOST_IN_A_ROW
        or at[0] < FIRST_AFTER
        or at[-1] >= value.size - 1
        or others.min() < FAR_BELOW * float(np.median(others))
    ):
        return none
    grad = _gradient(run, series, zero)
    if grad is None:
        return zero
    dead: BoolArray = zero.copy()
    dead[zero] = grad == 0.0
    return dead


def _gradient(run: Run, series: Series, which: BoolArray) -> FloatArray | None:
    """The gradient norm at these points of a loss, NaN where it has none; None where it was logged at none of them."""
    grad = run.first(Role.GRAD_NORM, Role.GRAD_NORM_CLIPPED)
    if grad is None:
        return None
    now, steps = grad.current(), series.step[which]
    if now.step.size == 0 or not np.isin(steps, now.step).any():
        return None
    order = np.argsort(now.step, kind="stable")
    place = order[np.minimum(np.searchsorted(now.step[order], steps), order.size - 1)]
    return np.where(now.step[place] == steps, now.value[place], np.nan)


def _zeros(run: Run, series: Series) -> str:
    at = np.flatnonzero(empty(run, series))
    if at.size == 0:
        return ""
    with_it = "" if _gradient(run, series, series.value == 0.0) is None else ", the gradient norm with them"
    unit, first, last = series.axis.removesuffix("s"), int(series.step[at[0]]), int(series.step[at[-1]])
    if at.size == 1:
        text = f"; one point ({unit} {first:,}) is exactly 0{with_it.replace('them', 'it')}"
    else:
        text = f"; {at.size:,} points between {unit} {first:,} and {last:,} are exactly 0{with_it}"
    return f"{text}: {NO_TARGETS}, or a NaN that the trainer left out, look like that"


def _not_finite(run: Run, series: Series, fit: SeriesFit, word: Word) -> str:
    if word.verdict is Verdict.NAN or fit.ends_nonfinite or not fit.nonfinite:
        return ""
    if word.verdict is Verdict.EXPLODED and word.departure is None and len(fit.nonfinite) == 1:
        return ""
    unit = fit.axis.removesuffix("s")
    starts = np.array([int(series.step[first]) for first, _ in fit.nonfinite])
    bad = ~np.isfinite(series.value)
    count = int(bad.sum())
    whole = _weights_whole(run, series, bad)
    if count == 1:
        return f"; one point ({unit} {starts[0]:,}) is NaN or Inf{whole}"
    end = int(series.step[min(fit.nonfinite[-1][1], len(series) - 1)])
    text = f"; {count:,} points between {unit} {starts[0]:,} and {end:,} are NaN or Inf"
    gaps = np.diff(starts)
    if gaps.size >= 3:
        every = max(float(np.median(gaps)), 1e-9)  # a resume may have put all of them at one step
        off = np.abs(gaps - every * np.maximum(np.round(gaps / every), 1))
        if every >= 1.0 and off.max() <= max(1.0, EVEN * every):
            skipped = "" if gaps.max() < 1.5 * every else " or a multiple of it"
            text += f", every {every:,.0f} {fit.axis.removesuffix('s')}s{skipped}: the same data may come round again"
            return text
    return f"{text}{whole}" if whole else f"{text}: {NO_TARGETS}, or bad samples, do that"


def _weights_whole(run: Run, series: Series, bad: BoolArray) -> str:
    """What a gradient norm that stayed finite, or was 0, at points without a finite loss says of the weights."""
    grad = _gradient(run, series, bad)
    if grad is None or not bool(np.all(np.isfinite(grad))):
        return ""
    them = "them" if grad.size > 1 else "it"
    state = "0" if bool(np.all(grad == 0.0)) else "finite"
    return f", the gradient norm is {state} with {them}: {NO_TARGETS} do that, the weights are whole"
