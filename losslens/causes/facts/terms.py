"""How large each term of a loss stood where the loss stood highest: one moment, one measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.numerics import median, ratio

if TYPE_CHECKING:
    from losslens.causes.facts.nouns import Extent, Start
    from losslens.model import Series

COUNTS = 10.0
"""Times the size below which a term was next to nothing from which it counts where it stands highest."""

MOST_TERMS = 8
"""Terms whose size at the peak is kept."""

LAST_STRETCH, FEWEST, LATEST = 20, 5, 5
"""Points before the onset whose median is the level of a term there; of an interval that leaves fewer than so many
before it, those before the onset itself; where the last so many …"""

MOVED_ON = 2.0
"""… lie farther off than this factor, the term was on its way, and they alone are its level."""


def level_before(series: Series, start: Start) -> float | None:
    """Size of a term before the interval of the onset, where enough of the term lies there, else before the onset."""
    clear = int((series.step < start.low).sum()) >= FEWEST
    past = series.value[series.step < (start.low if clear else start.step)]
    size = np.abs(past[-LAST_STRETCH:])
    whole, late = median(size), median(size[-LATEST:])
    if not whole or not late or 1.0 / MOVED_ON <= late / whole <= MOVED_ON:
        return whole
    return late


def at_peak_of(
    total: Series | None, terms: dict[str, Series], start: Start, extent: Extent, least: float
) -> tuple[int | None, tuple[tuple[str, float], ...]]:
    """Where the loss (else the largest term) stood highest, and every term there over its level before the onset.

    One moment and one measure for all, so that the numbers can be compared: the median level of a late stretch says
    nothing of a peak of one point. A term that is not finite there has no number.
    """
    known = [total.current()] if total is not None else list(terms.values())
    peaks = []
    for s in known:
        late = np.flatnonzero((s.step >= start.step) & np.isfinite(s.value))
        if late.size:
            top = late[np.argmax(np.abs(s.value[late]))]
            peaks.append((float(abs(s.value[top])), int(s.step[top])))
    if not peaks:
        return None, ()
    peak = max(peaks)[1]
    sizes = {tag: _size_at(s, peak, start, extent, least) for tag, s in terms.items()}
    order = sorted(((tag, size) for tag, size in sizes.items() if size is not None), key=lambda item: -item[1])
    return peak, tuple(order[:MOST_TERMS])


def _size_at(series: Series, peak: int, start: Start, extent: Extent, least: float) -> float | None:
    """Size of a term within one logged point of ``peak`` over its median before the onset.

    None for a term that was below ``least`` then and hardly counts there either: any number would come of it.
    """
    before = level_before(series, start)
    if before is None:
        before = median(np.abs(series.value[:1]))
    near = series.value[np.abs(series.step - peak) <= extent.interval]
    near = np.abs(near[np.isfinite(near)])
    if before is None or near.size == 0:
        return None
    high = float(near.max())
    return None if before < least and high < COUNTS * least else ratio(high, max(before, 1e-12))
