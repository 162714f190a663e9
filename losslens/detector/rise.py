"""A rise at the end of a series, before anything is known of where it began."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rise:
    """A rise that is not recovered at the end, on the transformed scale.

    ``best``: index (grid) of the last point of the best window before it. ``base``: its level. ``top``: level of the
    last window. ``width``: points of the windows. ``habit``: what a rise of windows of that width must exceed, from the
    rises that were recovered before and the wandering about a falling course.
    """

    best: int
    base: float
    top: float
    width: int
    habit: float
    stepped: bool = False
    """A step that had not come back, though the end is hardly above the noise."""

    @property
    def size(self) -> float:
        return self.top - self.base
