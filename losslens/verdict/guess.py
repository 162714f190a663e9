"""Runs that never learned although their loss fell: from a huge first value down to what a guess has.

The accuracy is the witness: one in so many classes from first to last, or the very same number at every evaluation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Role, Run
from losslens.verdict.word import number

if TYPE_CHECKING:
    from losslens.detector import SeriesFit
    from losslens.model import FloatArray

LEAST_POINTS = 8
"""A loss of fewer points, …"""

LEAST_ACCURACIES = 3
"""… an accuracy of fewer points, does not say that nothing was learned."""

SETTLED_AFTER = 0.1
"""A loss has settled whose halves, after this share of the run, differ by no more than this share of their level."""

ONE_IN_TWO = 0.55
"""An accuracy above this is no guess; one of a guess …"""

NEAR_GUESS = 0.15
"""… is on average within this share of one in so many classes, …"""

ABOVE_GUESS = 1.5
"""… in no third of the run above this many times that, whose noise …"""

BLIND = 0.1
"""… leaves the average uncertain by no more than this share of it."""

ONCE_ABOVE, OUT_OF_NOISE = 2.0, 8.0
"""Two neighbours above so many times a guess, and by so many widths of the noise: something had been learned."""

LOSS_OF_GUESS = {2: (0.95, 1.15), 3: (0.95, 1.15)}
"""The loss of a net that guesses, in logarithms of the number of classes, which few right answers tell well …"""

LOSS_OF_ANY_GUESS = (0.85, 1.5)
"""… where they are many: a hot net lies above one."""

SURE = 2.0
"""An accuracy has risen when its last third lies above its first by so many standard errors …"""

AT_ONCE = 1.5
"""… or is on average so many times its first values."""

RISEN = 0.1
"""… and this share of its level."""

SAME_POINTS = 8
"""An accuracy that is the same number at so many points, after the first twentieth of them, …"""

SAME_MOST = 0.95
"""… and not above this one, is that of a net with one answer to everything."""

BELOW = 0.3
"""A loss that ends below this share of its start and of the least that one answer to everything has did learn, …"""

BELOW_OF_NONE = 0.6
"""… and one below this share of its second to …"""

FIRST_FEW = 5
"""… this point where the accuracy was 0 throughout: nothing was counted, more likely."""

RARELY_RIGHT = 0.05
"""Of one answer that is right no more often than this, no cross-entropy is below the entropy of a single such class:
what lies below it is the error of a number, whose accuracy says nothing."""

ONE_ACCURACY = 0.01
"""An accuracy that rose by more than this (medians of first and last third) is told with both."""

NEVER_RIGHT = math.log(2.0)
"""Where the likeliest answer is never the right one, that has no more than half of the probability: a loss below this
is no cross-entropy."""

HUGE = 10.0
"""A first loss so many times as high as all that came after …"""

EARLY = 5
"""… this part of the run, …"""

AT_ONCE_POINTS, AT_THE_LEVEL = 2, 1.05
"""… and after so many points no more than this many times as high (what is convex comes down by and by), …"""

STILL, STILL_VAL = 0.02, 0.01
"""… where neither the loss nor validation moved by more than these shares of it (medians of first and last third) …"""

SCATTER = 0.02
"""… nor scattered by more than this share, …"""

ALIKE = 0.1
"""… and the two differ by less than this share: what the net says does not depend on what it is shown."""


def never_learned(run: Run, fit: SeriesFit) -> str:
    """What an accuracy beside the loss says of a run that learned nothing; "" where it learned, or none tells.

    ``fit``: that of the training loss, or of the loss that stands for it.
    """
    if fit.transform.kind != "log" or fit.n_finite < LEAST_POINTS:
        return ""
    found = [(tag, value) for tag in run.tags(Role.ACCURACY, Role.VAL_ACCURACY) if (value := _share(run, tag)).size]
    if any(_rose(value) for _, value in found):
        return ""
    ends = [fit.end] if _settled(fit.z) else []
    for tag in run.tags(Role.VAL_LOSS):
        value = run.series[tag].current().value
        if value.size >= LEAST_POINTS and bool(np.all(np.isfinite(value))) and value.min() > 0.0:
            ends += [float(np.median(value[-3:]))] if _settled(np.log(value)) else []
    if ends and found and all(_always_the_same(value) and not _below(fit, value) for _, value in found):
        tag, value = found[0]
        return f"{tag} was {number(float(value[-1]))} all along: one answer to everything"
    for tag, value in found:
        mean = float(value.mean())
        classes = round(1.0 / mean) if mean > 0.0 else 0
        low, high = (share * math.log(max(classes, 2)) for share in LOSS_OF_GUESS.get(classes, LOSS_OF_ANY_GUESS))
        if _guesses(value, classes) and fit.end >= low and any(low <= end <= high for end in ends):
            third = max(1, value.size // 3)
            first, last = float(np.median(value[:third])), float(np.median(value[-third:]))
            if last - first > ONE_ACCURACY:
                return f"{tag} went from {number(first)} to {number(last)}, hardly more than that of a guess"
            return f"{tag} stayed at {number(mean)}, that of a guess, throughout"
    return ""


def one_answer(run: Run, fit: SeriesFit) -> str:
    """What validation says of a loss that came down from a huge first value at once and stood still from there on.

    One that has learned all there is may stand still as well, but seldom at the same level as validation, to a few
    per cent, and with evaluations that are the same number again and again. "" where it does not say that.
    """
    if fit.transform.kind != "log" or fit.n_finite < LEAST_POINTS:
        return ""
    if any(_rose(_share(run, tag)) for tag in run.tags(Role.ACCURACY, Role.VAL_ACCURACY) if _share(run, tag).size):
        return ""
    rest = fit.value[max(1, fit.n_finite // EARLY) :]
    level = float(np.median(rest))
    if fit.value[0] < HUGE * level or _moved(rest) > STILL or _scattered(rest):
        return ""
    if fit.value[AT_ONCE_POINTS] > AT_THE_LEVEL * level:
        return ""
    for tag in run.tags(Role.VAL_LOSS):
        value = run.series[tag].current().value
        late = value[max(1, value.size // EARLY) :]
        if value.size < LEAST_POINTS or not bool(np.all(np.isfinite(late))) or float(late.min()) <= 0.0:
            continue
        middle = float(np.median(late))
        if abs(level / middle - 1.0) < ALIKE and not _scattered(late) and _moved(late) < STILL_VAL:
            since = fit.place(max(1, fit.n_finite // EARLY))
            return f"{tag} was {number(middle)} and this {number(level)} from {since} on: one answer to everything"
    return ""


def _below(fit: SeriesFit, accuracy: FloatArray) -> bool:
    """Whether a loss fell far below what one answer that is right so often, or never but so often wrong, has."""
    share = float(accuracy[-1])
    if share == 0.0:
        return fit.end < max(NEVER_RIGHT, BELOW_OF_NONE * float(np.median(fit.value[1:FIRST_FEW])))
    if 0.0 < share <= RARELY_RIGHT and fit.end < -share * math.log(share) - (1.0 - share) * math.log1p(-share):
        return True
    return 0.0 < share < 1.0 and fit.end < BELOW * min(fit.start, -math.log(max(share, 1.0 - share)))


def _moved(value: FloatArray) -> float:
    """How far the levels of the first and the last third lie apart, as a share."""
    third = max(value.size // 3, 1)
    first, last = float(np.median(value[:third])), float(np.median(value[-third:]))
    return abs(first - last) / max(min(first, last), 1e-300)


def _scattered(value: FloatArray) -> bool:
    low, middle, high = np.quantile(value, [0.05, 0.5, 0.95])
    return bool(high - low > SCATTER * middle)


def _share(run: Run, tag: str) -> FloatArray:
    """The finite values of an accuracy as shares of one; none where it is no share of right answers, or too short."""
    value = run.series[tag].current().value
    value = value[np.isfinite(value)]
    if "acc" not in tag.lower() or value.size < LEAST_ACCURACIES or value.min() < 0.0:
        return value[:0]  # a score that is no share of right answers is one in so many by luck
    return value / 100.0 if value.max() > 1.0 else value


def _settled(z: FloatArray) -> bool:
    late = z[int(SETTLED_AFTER * z.size) :]
    half = late.size // 2
    return float(np.median(late[:half]) - np.median(late[half:])) <= SETTLED_AFTER


def _rose(value: FloatArray) -> bool:
    """Whether an accuracy got better: than its first values by half, or later on, beyond its noise."""
    if float(value.mean()) > AT_ONCE * float(value[: max(1, value.size // 20)].mean()) > 0.0:
        return True
    later = value[1:] if value.size > LEAST_ACCURACIES else value
    third = max(later.size // 3, 1)
    gain = float(later[-third:].mean() - later[:third].mean())
    return gain > max(RISEN * float(later.mean()), SURE * math.sqrt(2.0) * _error(later, third))


def _guesses(value: FloatArray, classes: int) -> bool:
    """Whether an accuracy is one in so many classes, in all parts of the run, as well as can be seen."""
    if classes < 2 or abs(float(value.mean()) * classes - 1.0) > NEAR_GUESS or float(value.mean()) > ONE_IN_TWO:
        return False
    if _error(value, value.size) > BLIND * float(value.mean()):
        return False
    if max(float(part.mean()) for part in np.array_split(value, 3)) > ABOVE_GUESS / classes:
        return False
    usual = float(np.median(value))
    least = max(ONCE_ABOVE / classes, usual + OUT_OF_NOISE * 1.4826 * float(np.median(np.abs(value - usual))))
    return not bool(np.any(np.minimum(value[1:], value[:-1]) > least))


def _error(value: FloatArray, points: int) -> float:
    return float(value.std() / np.sqrt(points))


def _always_the_same(value: FloatArray) -> bool:
    later = value[max(1, value.size // 20) :]
    return later.size >= SAME_POINTS and float(np.ptp(later)) <= 1e-6 and float(later[0]) <= SAME_MOST
