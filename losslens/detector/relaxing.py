"""Steps up that relax: the loss is thrown up between two points and learns its way back over many.

A checkpoint loaded without the optimizer, other data, one giant update. Such a step may be lower than a spike must be,
and its way back so slow that no point stands out of its neighbours; what tells it is the order: its first points, the
highest of them at once, lie above all that the loss had for long before. By noise alone that is one in a million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.detector.excursions import COURSE_POINTS, OPEN_END, Excursion
from losslens.detector.grid import MAD_TO_SIGMA, trailing_median

if TYPE_CHECKING:
    from losslens.model import FloatArray

BEFORE, FIRST = 30, 5
"""The middle one of so many first points is above all of so many before them, …"""

HIGHEST = 2
"""… the highest is one of the first so many, …"""

JUMP_WIDTHS = 4.0
"""… the first is so many widths of their scatter above the last ones of those …"""

ALONE = 4.0
"""… and the level of the first points is so many times as far above that of those before as anywhere else."""

BACK = 0.75
"""The step has relaxed where so much of its height is gone …"""

LATE = 10
"""… and where it is so in the last part of so many, too: of a level that has held only single points are as low."""

MOST_POINTS = 20_000
"""In longer series single points say too little."""


def find(z: FloatArray) -> list[Excursion]:
    """The one step up of ``z`` that relaxes, or none; open (up to the last point) where it is not back at the end.

    ``z``: shape ``(n,)``, on the transformed scale. O(n).
    """
    if not BEFORE + 2 * FIRST <= z.size <= MOST_POINTS:
        return []
    windows = np.lib.stride_tricks.sliding_window_view
    before = windows(z, BEFORE)[: z.size - BEFORE - FIRST + 1]
    after = windows(z, FIRST)[BEFORE:]
    jump = after[:, 0] - np.median(before[:, -COURSE_POINTS:], axis=1)
    level_after = np.median(after, axis=1)
    steps = level_after - np.median(before, axis=1)
    hits = np.flatnonzero((level_after > before.max(axis=1)) & (after[:, :HIGHEST].max(axis=1) >= after.max(axis=1)))
    if hits.size == 0:
        return []
    at = int(hits[np.argmax(jump[hits])])
    level = float(np.median(before[at]))
    scatter = MAD_TO_SIGMA * float(np.median(np.abs(before[at] - level)))
    others = np.delete(steps, slice(max(at - BEFORE, 0), at + BEFORE))
    if jump[at] <= JUMP_WIDTHS * scatter or steps[at] < ALONE * float(others.max(initial=0.0)):
        return []
    first = at + BEFORE
    peak = first + int(np.argmax(z[first : first + HIGHEST]))
    height = float(z[peak]) - level
    if z[first - 1] > level + height / 2.0:
        first -= 1  # its second point was the highest
    course = trailing_median(z[first:], FIRST)
    ceiling = level + (1.0 - BACK) * height
    back = np.flatnonzero(course <= ceiling)
    ended = back.size == 0 or float(np.median(z[-max(COURSE_POINTS, z.size // LATE) :])) > ceiling
    last = z.size - 1 if ended else first + int(back[0]) + FIRST // 2
    beyond = z[last + 1 : last + 1 + COURSE_POINTS]
    rest = float(np.median(beyond if beyond.size else z[-OPEN_END:]))
    return [Excursion(first, peak, last, level, float(z[peak]), rest, 1)]
