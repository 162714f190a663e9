"""Which of the excursions of a loss is a spike worth a word: one that matters, and is not the way of that loss."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from losslens.detector import Excursion, SeriesFit
from losslens.model import Verdict
from losslens.verdict.back import back_at
from losslens.verdict.word import EXPLODED_FACTOR, NEAR, PEAK_WIDTHS, Word, first_level, number, rough

RATIO = 0.1
"""A spike matters when it undoes this share of the progress …"""

FACTOR = 2.0
"""… or multiplies a positive loss by this …"""

LOG_SHARE = 0.25
"""… and undoes this share of its fall so far in decades: a factor of two is nothing where it fell by a thousand."""

SUDDEN_POINTS = 2
"""A sudden excursion reaches its 8 widths within so many points."""

ITS_WAY = 10
"""So many sudden excursions of a loss that wanders are its way."""

ALIKE = 0.97
"""Spikes that rise at least this share of the largest are as large."""

RECURRING, OF_A_KIND = 5, 0.8
"""So many that rise at least this share of it are the same thing again and again, which began with the first …"""

LESS_BY = math.log(3.0)
"""… where none is less by more than this on the transformed scale (a factor of three), whatever share that is."""

NEARLY_BACK = 0.25
"""A spike is nearly back where no more than this share of its height is left (on the transformed scale)."""

AT_ITS_HEELS = 5
"""Points behind a spike within which what leaves the course again is its aftermath."""

SUCH, TENFOLD = 0.5, math.log(10.0)
"""Share of the height of the largest spike that another such one reaches, which is no less by more than tenfold."""

SUDDEN = 0.6
"""A spike came at once where one increment is this share of its height."""

HIGHER = 0.25
"""Share of the rise to its highest point by which the level of a wide spike lies below that, for both to be told."""

PART = 0.1
"""A spike that was by more than this share of its height below its top at its first point rose on from there."""

USUAL = 0.1
"""A height that so many of the points since were at …"""

USUAL_PARTS = 3
"""… and some in each of so many parts of what followed …"""

FEW_SINCE = 10
"""… is no spike's, where there are so many."""


def begins(fit: SeriesFit, e: Excursion) -> int:
    """The point that brought most of a spike at once, else the first above the band: a small bump before is none."""
    climb = np.diff(fit.z[max(e.first - 1, 0) : e.peak + 1])
    if climb.size < 2 or climb.max() < SUDDEN * (e.top - e.before):
        return e.first
    return max(e.first - 1, 0) + 1 + int(np.argmax(climb))


def leading(fit: SeriesFit, excursions: Sequence[Excursion]) -> Excursion:
    """The largest excursion, of several that are about as large the first; there is one at least.

    The height of a wide one is a level; compared is its highest point.
    """
    height = {e: float(fit.z[e.first : e.last + 1].max()) - e.before for e in excursions}
    largest = max(height.values())
    near = [e for e in excursions if height[e] >= largest - LESS_BY]
    recurring = [e for e in near if height[e] >= OF_A_KIND * largest]
    alike = [e for e in near if height[e] >= ALIKE * largest]
    return min(recurring if len(recurring) >= RECURRING else alike, key=lambda e: e.first)


def _became_usual(fit: SeriesFit, e: Excursion) -> bool:
    """Whether the loss came to be as high as this excursion again and again afterwards: its ways, and no spike."""
    since = fit.z[e.last + 1 :]
    if since.size < FEW_SINCE or float(np.mean(since >= e.top)) <= USUAL:
        return False
    return all(bool((part >= e.top).any()) for part in np.array_split(since, USUAL_PARTS))


def find(fit: SeriesFit, wanders: bool) -> Word | None:
    """The largest excursion that matters, of several alike the first; of a loss that wanders only sudden ones."""
    ended = fit.n_finite - 1
    found = [e for e in fit.excursions if not wanders or (e.rise <= SUDDEN_POINTS and e.last < ended)]
    if not found or (wanders and len(found) >= ITS_WAY):
        return None
    found = [e for e in found if not _became_usual(fit, e)]
    if not found:
        return None
    largest = leading(fit, found)
    before, top = fit.transform.back(largest.before), fit.transform.back(largest.top)
    matter = (top - before) / fit.progress / RATIO
    if fit.transform.kind == "log" and before > 0.0:
        height, fallen = math.log(top / before), math.log(max(first_level(fit) / before, 1.0))
        matter = max(matter, height / max(math.log(FACTOR), LOG_SHARE * fallen))
    if matter < 1.0:
        return None
    after = _aftermath(found, largest)
    count = sum(e not in after and _as_high(fit, e, largest) for e in found)
    widths = (largest.top - largest.before) / fit.noise
    size = f"{rough(widths)} noise widths"
    if fit.transform.kind == "log" and before > 0.0 and top / before >= EXPLODED_FACTOR:
        size = f"{rough(top / before)}×" + (f", {size}" if widths >= PEAK_WIDTHS else "")
    high = float(fit.value[largest.first : largest.last + 1].max())
    at = begins(fit, largest)
    if at > largest.first and high > top:  # it stands on a bump, whose level is not that of the spike
        height = float(fit.z[largest.first : largest.last + 1].max()) - largest.before
        top, size = high, f"{rough(height / fit.noise)} noise widths"
    left = f"left {number(before)} for {number(top)} at {fit.place(at)} ({size})"
    if fit.z[at] < largest.top - PART * (largest.top - largest.before):
        left = f"left {number(before)} at {fit.place(at)}, rose to {number(top)} ({size})"
    if high - top > HIGHER * (high - before):  # the top of a wide one is a level
        left = f"left {number(before)} at {fit.place(at)}, rose to {number(high)} and lay at {number(top)} ({size})"
    text = f"{left} and {_back(fit, largest, after)}" + ("; one of several such spikes" if count > 1 else "")
    if largest.last >= ended:
        return _open(fit, largest, left)
    margin = min(max(widths / 8.0, (top - before) / fit.progress), matter)
    return Word(Verdict.SPIKE_RECOVERED, text, margin, Verdict.HEALTHY if margin < NEAR else None, spike=largest)


def _aftermath(found: Sequence[Excursion], largest: Excursion) -> list[Excursion]:
    """What left the course again right behind the largest spike: the weights that it threw, and no spike of its own."""
    out: list[Excursion] = []
    end = largest.last
    for e in sorted(found, key=lambda e: e.first):
        if end < e.first <= end + AT_ITS_HEELS + 1:
            out.append(e)
            end = e.last
    return out


def _as_high(fit: SeriesFit, e: Excursion, largest: Excursion) -> bool:
    """Whether a spike rose nearly as far as the largest, on the transformed scale: another such one."""
    height, mine = (float(fit.z[x.first : x.last + 1].max()) - x.before for x in (largest, e))
    return mine >= max(SUCH * height, height - TENFOLD)


def _back(fit: SeriesFit, e: Excursion, after: Sequence[Excursion]) -> str:
    """When a spike was over: where its points are back in the band of before, else the last high one of its fit."""
    found = back_at(fit.value[e.first :], fit.transform.back(e.before), fit.noise_level)
    back = e.last if found is None else e.first + found
    if after:
        again = f"was out again from {fit.place(after[0].first)}, until about {fit.place(max(after[-1].last, back))}"
        return f"fell back {'at the next point' if e.last == e.first else f'by {fit.place(e.last)}'}, but {again}"
    return "was back at the next point" if e.first == e.last == back - 1 else f"came back by {fit.place(back)}"


def _open(fit: SeriesFit, e: Excursion, left: str) -> Word:
    """The word for a spike that is not surely back when the log ends."""
    after = number(fit.transform.back(e.after))
    if e.after - e.before <= NEARLY_BACK * (e.top - e.before):
        text = f"{left} and had come back to {after}, nearly all the way, when the log ended"
        return Word(Verdict.SPIKE_RECOVERED, text, NEAR, Verdict.SHIFTED, spike=e)
    text = f"{left} and was still at {after} when the log ended"
    return Word(Verdict.SHIFTED, text, NEAR, Verdict.SPIKE_RECOVERED, spike=e)
