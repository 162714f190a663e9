"""The points of one tag, growing window by window.

What a file's points take in memory decides what reading them costs: a page touched for the first time is cleared by
the system, which on some machines takes longer than decoding what is put there. So the points are written once, where
they stay, and not collected in pieces and joined at the end, when all of them would be there twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

    Part: TypeAlias = tuple[IntArray, IntArray, FloatArray, FloatArray]
    """row, step, wall time and value of some points of one tag, in file order"""

_SPARE = 1.1
"""How much more room is made than the file read so far lets expect."""
_LEAST = 1.5
"""How many times more room is made at least than is needed now."""


class Track:
    """Columns of points that more are put behind."""

    __slots__ = ("_columns", "_size")

    def __init__(self) -> None:
        self._columns: list[NDArray[Any]] = []
        self._size = 0

    def add(self, part: Part, share: float = 1.0) -> None:
        """Put points behind those that are there. The first ones are kept as they are, not copied.

        ``share`` is how much of the file they come from has been read with them: room is made for as many points as
        the whole file should hold. Room that is not used is never touched, so the system does not supply it.
        """
        first = self._size
        self._size += part[0].size
        if not self._columns:
            self._columns = list(part)
            return
        if self._size > self._columns[0].size:
            self._move(first, share)
        for column, more in zip(self._columns, part, strict=True):
            column[first : self._size] = more

    def take(self) -> Part | None:
        """All points, or None where there are none. The track is empty afterwards."""
        if not self._columns:
            return None
        row, step, wall_time, value = (column[: self._size] for column in self._columns)
        self._columns, self._size = [], 0
        return row, step, wall_time, value

    def _move(self, size: int, share: float) -> None:
        room = int(self._size * max(_LEAST, _SPARE / share))
        for i, column in enumerate(self._columns):
            self._columns[i] = np.empty(room, column.dtype)
            self._columns[i][:size] = column[:size]
