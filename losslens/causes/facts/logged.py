"""What the job logged in one part of the run alone: a series that ends at the onset, or begins there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts.nouns import Logged
from losslens.causes.facts.others import CLOCK

if TYPE_CHECKING:
    from losslens.causes.facts.nouns import Extent, Start
    from losslens.model import Run, Series

FEWEST = 10
"""Points that such a series has, and that the loss has on the other side of the onset."""

AS_OFTEN = 1.5
"""Times the usual distance of two logged points up to which a series is logged as often as the loss."""

MOST = 400
"""Series looked at."""


def logged_of(run: Run, leading: Series, start: Start | None, extent: Extent) -> tuple[Logged, ...]:
    """The series that end within the interval of the onset (one point before it included) or begin within it."""
    if start is None or start.from_start or start.points_before < FEWEST:
        return ()
    last, first, gap = int(leading.step[-1]), int(leading.step[0]), extent.interval
    out = []
    for choice in run.roles[:MOST]:
        s = run.series.get(choice.tag)
        if s is None or s.tag == leading.tag or s.axis != leading.axis or CLOCK.search(s.tag.lower()):
            continue
        step = s.current().step
        if step.size < FEWEST or float(np.median(np.diff(step))) > AS_OFTEN * gap:
            continue
        if start.low - gap <= step[-1] <= start.high and last - step[-1] >= FEWEST * gap:
            out.append(Logged(s.tag, int(step[-1]), True))
        elif start.low <= step[0] <= start.high + gap and step[0] - first >= FEWEST * gap:
            out.append(Logged(s.tag, int(step[0]), False))
    return tuple(out)
