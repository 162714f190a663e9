"""The same series in two files: the state of a trainer and its copies, a CSV beside the event files of one run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Log, RawSeries, Repair
from losslens.roles.names import TEST_WORDS, TRAIN_WORDS, VAL_WORDS, words_of

if TYPE_CHECKING:
    from losslens.model import BoolArray, FloatArray

TEXT = "text"
#: Two logs agree on a value when they differ by rounding only: float32 against text, or four printed decimals.
RELATIVE, ABSOLUTE = 3e-4, 6e-5
#: A number rounded to so many digits is off by at most this share of itself (half of its last digit, when it is 1).
ROUNDED = {3: 5.1e-3, 4: 5.1e-4}
#: Below this a number has no digits to count: it is nearly the smallest that there is.
SMALLEST = 1e-290
#: Share of a series' points that must stand in the other, step and value, for it to be a copy.
ALIKE = 0.9
#: With fewer common points agreement may be chance.
FEWEST = 3
#: Points from which on equal values in equal order, on different counts, are no chance.
ENOUGH = 5


@dataclass(frozen=True, slots=True)
class _Place:
    log: int
    tag: str
    series: RawSeries
    printed: bool
    """Whether it is a job's output, with the digits that a person wanted to see."""


def without_copies(logs: Sequence[Log]) -> tuple[list[Log], tuple[Repair, ...]]:
    """``logs`` without the series that another of them holds as well; the finer, then the more exact one stays.

    Names may differ as loggers spell them (``train/loss`` and ``loss``); numbers decide. Series of one log are never
    compared with each other. A log that does not say its trainer takes that of one that it holds all of.
    """
    if len(logs) < 2:
        return list(logs), ()
    places: dict[str, list[_Place]] = defaultdict(list)
    for i, log in enumerate(logs):
        for tag, series in log.series.items():
            places[_spelling(tag)].append(_Place(i, tag, series, log.format == TEXT))
    dropped: dict[int, set[str]] = defaultdict(set)
    kept_in: dict[tuple[int, int], list[str]] = defaultdict(list)
    for same in places.values():
        for copy, original in _copies(same):
            dropped[copy.log].add(copy.tag)
            kept_in[(copy.log, original.log)].append(copy.tag)
    out = [_without(log, dropped[i]) if i in dropped else log for i, log in enumerate(logs)]
    for i, j in kept_in:
        # The whole of one is in the other: the trainer that wrote the one wrote both.
        if not out[i].series and out[j].trainer is None:
            out[j] = replace(out[j], trainer=logs[i].trainer)
    repairs = tuple(_repair(logs[i], logs[j], tags) for (i, j), tags in sorted(kept_in.items()))
    return out, repairs


def _spelling(tag: str) -> str:
    """One key for the spellings of one name: training is the default split, all words for validation are one."""
    words = []
    for word in words_of(tag):
        if word in TRAIN_WORDS or word in ("ray", "tune"):
            continue
        words.append("val" if word in VAL_WORDS else "test" if word in TEST_WORDS else word)
    return " ".join(words) or tag


def _copies(same: Sequence[_Place]) -> list[tuple[_Place, _Place]]:
    """(copy, original) pairs among series of one name."""
    longest = max(p.series.step.size for p in same)

    def rank(p: _Place) -> tuple[bool, bool, int, bool, int, int]:
        """Nearly as long as the longest, counted in something, then long, then logged, then exact."""
        short = p.series.step.size < ALIKE * longest
        return (short, p.series.axis == "row", -p.series.step.size, p.printed, -_exactness(p.series), p.log)

    ranked = sorted(same, key=rank)
    kept: list[_Place] = []
    pairs = []
    for place in ranked:
        original = next((k for k in kept if k.log != place.log and _alike(place.series, k.series)), None)
        if original is None:
            kept.append(place)
        else:
            pairs.append((place, original))
    return pairs


def _exactness(series: RawSeries) -> int:
    return int(np.unique(series.value).size) if series.value.size else 0


def _alike(small: RawSeries, large: RawSeries) -> bool:
    """Whether one is a copy of the other; where they count different things, by their values in order."""
    if _is_copy(small, large, _rounding(small)):
        return True
    if small.axis == large.axis or np.unique(small.value).size == 1:
        return False
    return _is_stretch(small.value, large.value)


def _rounding(series: RawSeries) -> float:
    """How far its numbers may be off, as a share: some loggers print three significant digits."""
    value = series.value[np.isfinite(series.value) & (np.abs(series.value) > SMALLEST)]
    if np.unique(value).size < ENOUGH:
        return RELATIVE
    unit = 10.0 ** np.floor(np.log10(np.abs(value)))
    for digits, share in ROUNDED.items():
        scaled = value / unit * 10.0 ** (digits - 1)
        if np.all(np.abs(scaled - np.rint(scaled)) <= 1e-6 * np.abs(scaled)):
            return share
    return RELATIVE


def _is_stretch(small: FloatArray, large: FloatArray) -> bool:
    """Whether values stand in another series one after the other: a resumed job prints the second part alone."""
    if min(small.size, large.size) < ENOUGH:
        return False
    windows = np.lib.stride_tricks.sliding_window_view(large, ENOUGH)
    for at in np.flatnonzero(_close(windows, small[:ENOUGH]).mean(axis=1) >= 0.5)[:20]:
        n = min(small.size, large.size - int(at))
        if n >= max(ENOUGH, ALIKE * small.size) and np.mean(_close(small[:n], large[at : at + n])) >= ALIKE:
            return True
    return False


def _close(a: FloatArray, b: FloatArray, relative: float = RELATIVE) -> BoolArray:
    """Where two values differ by rounding only, or neither is finite."""
    with np.errstate(invalid="ignore"):
        close = np.abs(a - b) <= ABSOLUTE + relative * np.abs(b)
    return close | (~np.isfinite(a) & ~np.isfinite(b))


def _is_copy(small: RawSeries, large: RawSeries, relative: float) -> bool:
    """Whether nearly all points of ``small`` stand in ``large`` with the same step and value, up to rounding."""
    if not small.step.size or not large.step.size:
        return False
    if small.step[0] > large.step.max() or small.step.max() < large.step.min():
        return False
    order = np.argsort(large.step, kind="stable")
    steps = large.step[order]
    at = np.searchsorted(steps, small.step)
    found = np.zeros(small.step.size, dtype=bool)
    # A step may stand several times in the large one; after a resume the later branch is the second of them.
    for shift in (0, 1, 2):
        here = np.minimum(at + shift, steps.size - 1)
        found |= (steps[here] == small.step) & _close(small.value, large.value[order][here], relative)
    agree = int(found.sum())
    return agree >= ALIKE * small.step.size and (agree >= FEWEST or agree == small.step.size)


def _without(log: Log, tags: set[str]) -> Log:
    table = log.table
    if table is not None:
        table = replace(table, blank={t: rows for t, rows in table.blank.items() if t not in tags})
    return replace(log, series={t: s for t, s in log.series.items() if t not in tags}, table=table)


def _repair(copy: Log, original: Log, tags: Sequence[str]) -> Repair:
    points = sum(copy.series[t].step.size for t in tags)
    what = tags[0] if len(tags) == 1 else f"{len(tags)} series"
    where, there = PurePath(copy.path), PurePath(original.path)
    text = f"{what} in {_short(where)} also in {_short(there)}: the finer or more exact one was kept"
    return Repair("copy-left-out", text, tags[0] if len(tags) == 1 else None, points)


def _short(path: PurePath) -> str:
    return "/".join(path.parts[-2:])
