"""A rise at the end of a long series that single points hide: found and placed in medians of many, as a log of these.

Noise of single batches can be as wide as all that was learned and lost again; of a hundred of them it is a tenth.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from losslens.detector.grid import reduce_end
from losslens.detector.placing import departure_of
from losslens.detector.search import course_and_noise, find_rise

if TYPE_CHECKING:
    from losslens.detector.seriesfit import Departure
    from losslens.detector.transform import Transform
    from losslens.model import FloatArray

MEDIANS, LEAST = 150, 8
"""A long series is looked at in so many medians, of so many points each at least."""


def clearer(near: Departure | None, far: Departure | None) -> Departure | None:
    """Of two views of a rise that hides in the noise the medians', with the place of a jump that single points show."""
    if near is None or far is None:
        return far or near
    if near.shape != "jump" or near.high < far.low or far.high < near.low:
        return far
    return replace(near, base=far.base, level=far.level, top=far.top, rise=far.rise, widths=far.widths)


def find(z: FloatArray, y: FloatArray, transform: Transform, noise: float) -> Departure | None:
    """The departure as the medians show it, to the accuracy of one; None where the series is short or they show none.

    ``z``: shape ``(n,)``, on the transformed scale. ``y``: the same in units of the series. ``noise``: width of single
    points. O(n).
    """
    block = z.size // MEDIANS
    if block < LEAST:
        return None
    grid = reduce_end(z, MEDIANS, block)
    course, narrow = course_and_noise(grid.value)
    rise, narrow = find_rise(grid.value, course, narrow, urgent=False)
    if rise is None:
        return None
    value = reduce_end(y, MEDIANS, block).value
    found = departure_of(grid.value, course, value, transform, rise, narrow)
    return replace(
        found,
        onset=grid.start(found.onset),
        low=grid.start(found.low),
        high=grid.start(found.high + 1) - 1,
        point_of_no_return=z.size - 1,  # single points come back to the end
        peak=float(y[grid.start(found.onset) :].max()),
        widths=found.rise / noise,
        time_constant=None if found.time_constant is None else found.time_constant * block,
    )
