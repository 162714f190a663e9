"""The scale on which a loss is looked at: log where it is positive, asinh (a signed log) where it crosses zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from losslens.model import FloatArray

MAX_ZERO_SHARE = 0.5
"""A non-negative series with more zeros than this is no ratio scale: asinh."""

FLOOR_SHARE = 1e-3
"""Zeros of a positive series are shown at this share of its 1 % quantile (they are rounding, or a logger's 0.0)."""

ASINH_QUANTILE = 0.75
"""The asinh turns from linear to logarithmic at this quantile of the distance from the median …"""

SIZE_SHARE = 0.3
"""… or this share of the median size of the values, whichever is more."""


@dataclass(frozen=True, slots=True)
class Transform:
    """A strictly monotone scale. Multiplying the series by a constant shifts (log) or keeps (asinh) what it returns.

    ``kind``: "log" or "asinh". ``centre``, ``scale``: asinh((y - centre) / scale), in units of the series.
    ``floor``: smallest value the log is taken of, in units of the series.
    """

    kind: str
    centre: float = 0.0
    scale: float = 1.0
    floor: float = 0.0

    def forward(self, y: FloatArray) -> FloatArray:
        """``y``: finite, any shape, units of the series. Returns the same shape without unit."""
        out: FloatArray
        if self.kind == "log":
            out = np.log(np.maximum(y, self.floor))
        else:
            out = np.arcsinh(np.clip((y - self.centre) / self.scale, -1e300, 1e300))
        return out

    def back(self, z: float) -> float:
        """The inverse for one number; saturates instead of overflowing."""
        z = min(max(z, -700.0), 700.0)
        if self.kind == "log":
            return float(np.exp(z))
        return float(self.centre + self.scale * np.sinh(z))


def choose(y: FloatArray) -> Transform:
    """The scale for one series.

    ``y``: shape ``(n,)``, finite, units of the series, in the order written; n >= 1.
    Log when no value is negative and at most half are zero. Else asinh about zero, with the smallest scale
    (75 % quantile of the distance from the median) of any prefix of the series, so that an explosion does not set the
    scale of the calm before it. O(n).
    """
    positive = y > 0.0
    share = float(positive.mean())
    if not np.any(y < 0.0) and share >= 1.0 - MAX_ZERO_SHARE and share > 0.0:
        floor = float(y.min())
        if floor <= 0.0:
            floor = FLOOR_SHARE * float(np.quantile(y[positive], 0.01))
        return Transform("log", floor=max(floor, np.finfo(np.float64).tiny))
    return Transform("asinh", scale=_calm_spread(y))


def _calm_spread(y: FloatArray) -> float:
    """Smallest scale of the prefixes n, n/2, n/4 … n/64 (at least 4 points each). O(n).

    The scale of a prefix is its spread, but no less than a third of the size of its values: near zero it would blow up
    the noise of a loss that only passes there.
    """
    scales = []
    for k in range(7):
        part = y[: y.size >> k] if k else y
        if part.size < 4 and k:
            break
        spread = float(np.quantile(np.abs(part - np.median(part)), ASINH_QUANTILE))
        scale = max(spread, SIZE_SHARE * float(np.median(np.abs(part))))
        if 0.0 < scale < np.inf:
            scales.append(scale)
    if scales:
        return min(scales)
    largest = float(np.max(np.abs(y)))
    return largest if 0.0 < largest < np.inf else 1.0
