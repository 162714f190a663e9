"""The bars of Keras within an epoch: running means, taken apart into the means of the batches in between.

A bar shows the mean over the epoch so far, which hides what a single stretch of batches did: by batch 900 of 1 000 a
loss that has doubled has moved it by a tenth. Where a file holds many bars an epoch, two of them give the mean of the
batches between: (n * mean_n - k * mean_k) / (n - k), as far as the digits printed allow.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise
from statistics import median

from losslens.parsers.printed.records import SPLIT_IN_KEY, Record
from losslens.patterns import compiled

#: Bars an epoch from which on they are a course.
LEAST_BARS = 10
#: The same of the only epoch there is, of which an excerpt may show a few bars.
LEAST_OF_ONE = 3
#: The mean of a stretch may be off by this share of the loss because the bars are rounded.
OFF_BY = 0.02
#: No mean of a stretch is known to more digits than the bars show.
DIGITS = 5
#: An epoch of fewer stretches than this is better told by its own mean.
LEAST_STRETCHES = 4
#: Losses below zero where all running means are above: these were no means.
MOST_NEGATIVE = 0.05
#: What Keras averages over an epoch as it does the loss; other metrics are counted in ways of their own.
_MEANS = compiled(
    r"(?:.*_)?(?:loss|acc|accuracy|mse|mae|mean_(?:squared|absolute)_error|error|crossentropy)", re.IGNORECASE
)
_LOSS = compiled(r"(?:.*_)?loss", re.IGNORECASE)
COURSE, LEFT_OUT = "keras-count", "keras-between"
PER_EPOCH = " (per epoch)"


def take_apart(records: Sequence[Record]) -> str:
    """Make a course within epochs of the bars of Keras, where there are enough; returns what was done, or nothing.

    Records between the points that are kept become ``LEFT_OUT``; the last of an epoch has its mean too.
    """
    bars = [record for record in records if record.kind == "keras"]
    numbered = _number_epochs(bars)
    laps = _laps(bars)
    if len(laps) == 1 and (LEAST_OF_ONE if not _is_lost(laps[0]) else 2) <= len(laps[0]) < LEAST_BARS:
        return _as_printed(bars, laps, one_epoch=True)
    if not laps:
        return ""
    if numbered and any((lap[-1].n or 0) < (lap[-1].of or 0) for lap in laps[:-1]):
        return _as_printed(bars, [[record for lap in laps for record in lap]], one_epoch=True)
    lead = next((key for key in laps[0][-1].values if _LOSS.fullmatch(key) and not SPLIT_IN_KEY.search(key)), None)
    if lead is not None and len(laps) > 1 and _breaks_within(laps[0], lead):
        return _first_as_printed(bars, laps)
    if median(len(lap) for lap in laps) < LEAST_BARS:
        return ""
    if lead is None:
        return _as_printed(bars, laps, one_epoch=len(laps) == 1)
    stretch = _stretch(laps, lead)
    if stretch is None:
        return _as_printed(bars, laps, one_epoch=len(laps) == 1)
    chosen = [_points(lap, stretch, first=at == 0) for at, lap in enumerate(laps)]
    if median(map(len, chosen)) < (LEAST_BARS if len(laps) == 1 else LEAST_STRETCHES):
        return _as_printed(bars, laps, one_epoch=len(laps) == 1)
    keys = {key for lap in laps for key in lap[-1].values if _MEANS.fullmatch(key) and not SPLIT_IN_KEY.search(key)}
    means = {key for key in keys if _are_running_means(chosen, key)}
    if lead not in means:
        return _as_printed(bars, laps, one_epoch=len(laps) == 1)
    for record in bars:
        record.kind = LEFT_OUT
    own = _ends_on_their_own(chosen, lead)
    for lap in chosen:
        end = {f"{key}{PER_EPOCH}": value for key, value in lap[-1].values.items() if key in means}
        ended = lap[-1].n == lap[-1].of
        for key in means:
            for record, value in _of_stretches(lap[:-1] if own and ended else lap, key):
                record.values[key] = value
            if own and ended:
                lap[-1].values.pop(key, None)
        if len(laps) > 1 and ended:
            lap[-1].values.update(end)
        for record in lap:
            record.kind = COURSE
    named = ", ".join(f"'{key}'" for key in sorted(means))
    return (
        f"the bars of Keras show running means over the epoch; {named} were taken apart into the means of the batches"
        " between two bars"
    )


def _number_epochs(bars: Sequence[Record]) -> bool:
    """Count the epochs of bars that no heading counts: one ends where its count falls back, or is full once more.

    Whether there are several.

    A bar that is drawn within its epoch shows other numbers, too, when it is full: there nothing tells it from another.
    """
    if any(bar.epoch is not None for bar in bars) or len({bar.of for bar in bars}) != 1 or bars[0].of is None:
        return False
    full = min(bar.n or 0 for bar in bars) >= bars[0].of
    epochs = [1]
    for before, after in pairwise(bars):
        back = (after.n or 0) < (before.n or 0) and before.values.keys() == after.values.keys()
        other = full and any(after.values.get(key, value) != value for key, value in before.values.items())
        epochs.append(epochs[-1] + (back or other))
    if epochs[-1] == 1:
        return False
    for bar, epoch in zip(bars, epochs, strict=True):
        bar.epoch = float(epoch)
    return True


def _as_printed(bars: Sequence[Record], laps: Sequence[Sequence[Record]], *, one_epoch: bool) -> str:
    """The only epoch is a course of running means as it was printed; several count once each."""
    if not one_epoch:
        return ""
    for record in bars:
        record.kind = LEFT_OUT
    for record in laps[0]:
        record.kind = COURSE
    return "the bars of Keras show running means over the epoch: what a stretch of batches did shows late and weakened"


def _breaks_within(lap: Sequence[Record], lead: str) -> bool:
    """Whether the loss of an epoch was a number for several bars, and none at its end."""
    finite = [math.isfinite(record.values.get(lead, math.nan)) for record in lap]
    return not finite[-1] and sum(finite) >= LEAST_OF_ONE


def _is_lost(lap: Sequence[Record]) -> bool:
    """Whether a loss that was a number at first is none at the end."""
    first, last = lap[0].values, lap[-1].values
    return any(
        math.isfinite(first.get(k, math.nan)) and not math.isfinite(v) for k, v in last.items() if _LOSS.fullmatch(k)
    )


def _first_as_printed(bars: Sequence[Record], laps: Sequence[Sequence[Record]]) -> str:
    """The bars of a first epoch that broke within it, as they were printed: its mean alone would say that it never
    was a number. Each epoch behind it counts once."""
    for record in bars:
        record.kind = LEFT_OUT
    for record in (*laps[0], *(lap[-1] for lap in laps[1:])):
        record.kind = COURSE
    return (
        "the loss was a number at first and none at the end of the first epoch: the bars of that epoch are read, which"
        " show running means"
    )


def _laps(bars: Sequence[Record]) -> list[list[Record]]:
    """The bars of each epoch, the last of each count; none where an epoch was counted twice."""
    laps: list[list[Record]] = []
    for (_, of), part in groupby(bars, key=lambda record: (record.epoch, record.of)):
        drawn = list(part)
        if any((after.n or 0) < (before.n or 0) for before, after in pairwise(drawn)) or of is None:
            return []
        laps.append([list(same)[-1] for _, same in groupby(drawn, key=lambda record: record.n)])
    epochs = Counter(lap[0].epoch for lap in laps)
    sizes = {lap[0].of for lap in laps}
    return laps if len(sizes) == 1 and all(count == 1 for count in epochs.values()) else []


def _stretch(laps: Sequence[Sequence[Record]], lead: str) -> int | None:
    """How many batches a stretch must have for its mean to be known; None where an epoch has not several of them."""
    size = laps[0][0].of or 0
    ends = sorted(abs(v) for lap in laps if math.isfinite(v := lap[-1].values.get(lead, math.nan)))
    level = ends[len(ends) // 4] if ends else 0.0
    if not level:
        return None
    half = 0.5e-4 if level >= 1e-3 else 0.5e-4 * 10.0 ** math.floor(math.log10(level))
    stretch = max(1, math.ceil(2 * size * half / (OFF_BY * level)))
    return stretch if stretch * LEAST_STRETCHES <= size else None


def _points(lap: Sequence[Record], stretch: int, *, first: bool) -> list[Record]:
    """The bars that end a stretch; the last one always, and the ``first`` of all, the loss of an untrained network."""
    kept: list[Record] = [lap[0]] if first else []
    for record in lap:
        if (record.n or 0) - (kept[-1].n or 0 if kept else 0) >= stretch:
            kept.append(record)
    if not kept or kept[-1] is not lap[-1]:
        # What is left at the end is too short to be known: it goes to the stretch before it.
        kept = [*kept[:-1], lap[-1]]
    return kept


def _of_stretches(lap: Sequence[Record], key: str) -> list[tuple[Record, float]]:
    out: list[tuple[Record, float]] = []
    count, mean = 0, 0.0
    for record in lap:
        if key not in record.values or record.n is None:
            continue
        value = record.values[key]
        known = math.isfinite(value) and math.isfinite(mean)
        apart = (record.n * value - count * mean) / (record.n - count) if known else value
        out.append((record, float(f"{apart:.{DIGITS}g}")))
        count, mean = record.n, value
    return out


def _ends_on_their_own(laps: Sequence[Sequence[Record]], key: str) -> bool:
    """Whether the last line of an epoch goes by another count than its bars, and cannot be taken apart with them.

    The first versions of Keras 3 average the running mean once more in their bars, and print it as it is at the end.
    """
    off = ended = 0
    for lap in laps:
        apart = [value for _, value in _of_stretches(lap, key)]
        if lap[-1].n != lap[-1].of or len(apart) < LEAST_STRETCHES:
            continue
        low, high = min(apart[:-1]), max(apart[:-1])
        ended += 1
        off += apart[-1] < low - 2 * (high - low)  # a last batch that is bad each time lies above
    return ended > 1 and off > ended / 2


def _are_running_means(laps: Sequence[Sequence[Record]], key: str) -> bool:
    """Whether taking the bars apart gives numbers of the sign that the bars have."""
    shown = [record.values[key] for lap in laps for record in lap if key in record.values]
    if any(value < 0 for value in shown):
        return True
    apart = [value for lap in laps for _, value in _of_stretches(lap, key)]
    return sum(value < 0 for value in apart) <= MOST_NEGATIVE * len(apart)
