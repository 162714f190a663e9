"""From values to places on a picture: which scale suits a curve, where its ticks are.

Presentation only: no fact comes from here. All pictures (terminal, HTML, PNG) use the same scale for the same curve.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from losslens.model import Curve, Role

LINEAR = frozenset({Role.ACCURACY, Role.VAL_ACCURACY, Role.EPOCH, Role.SKIPPED_STEPS})
#: A positive curve that spans more than this factor is easier to read on a logarithmic scale.
LOG_RATIO = 30.0
#: So is one that spans less, when half its points crowd in this lowest share of a linear scale.
CROWDED_RATIO, CROWDED = 6.0, 0.1
#: Zeros lie at the bottom of a logarithmic scale, where more points than this share are above it.
ABOVE_ZERO = 0.2


#: A band of single points may reach below the picture with this share of them, where the lowest are far lower.
FEW_BELOW, FAR_BELOW = 0.02, 3.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps a value to 0 (bottom) … 1 (top). ``kind``: "linear", "log", or "asinh" with its linear ``width``."""

    kind: str
    low: float
    high: float
    width: float = 1.0
    only: float | None = None
    """The value of a constant curve, the one tick it needs."""

    def transform(self, value: float) -> float:
        """The value on the axis before it is scaled to 0…1; -inf where a log scale cannot show it."""
        if self.kind == "log":
            return math.log10(value) if value > 0 else -math.inf
        if self.kind == "asinh":
            return math.asinh(value / self.width)
        return value

    def unit(self, value: float) -> float:
        """Where ``value`` is between bottom and top; outside values land on the edge."""
        bottom, top = self.transform(self.low), self.transform(self.high)
        # Halved so that the span of the largest floats does not overflow.
        span = top / 2 - bottom / 2
        place = (self.transform(value) / 2 - bottom / 2) / span if span > 0 else 0.5
        return min(1.0, max(0.0, place))

    @property
    def name(self) -> str:
        return {"log": "log scale", "asinh": "asinh scale"}.get(self.kind, "linear scale")

    def ticks(self, most: int) -> list[float]:
        """At most about ``most`` round values between bottom and top, ascending."""
        if self.only is not None:
            return [self.only]
        ticks = {"log": _log_ticks, "asinh": _asinh_ticks}.get(self.kind, _linear_ticks)(self, most)
        kept: list[float] = []
        for tick in sorted(ticks, key=abs):
            # Labels nearer than half their even distance would touch; zero stays in any case.
            if all(abs(self.unit(tick) - self.unit(other)) >= 0.5 / most for other in kept):
                kept.append(tick)
        return sorted(kept)


def of(curve: Curve) -> Scale:
    """The scale of a curve; what is a share or a count is read on a linear one."""
    low = floor(curve)
    return suited((v for v in curve.value if not 0 < v < low), log=False if curve.role in LINEAR else None)


def floor(curve: Curve) -> float:
    """Positive values below this lie at the bottom of the picture; 0 where all are shown.

    The loss of a single batch may be next to nothing: a few decades of such points would press the course, which the
    level shows, into the top of a logarithmic scale. It is never below the floor itself.
    """
    if curve.level is None:
        return 0.0
    positive = sorted(v for v in curve.value if v > 0 and math.isfinite(v))
    if not positive:
        return 0.0
    low = min([positive[int(FEW_BELOW * len(positive))], *(v for v in curve.level.value if v > 0)])
    return low if positive[0] < low / FAR_BELOW else 0.0


def suited(values: Iterable[float], *, log: bool | None = None) -> Scale:
    """The scale that shows these values best; ``log`` True or False asks for one where it is possible.

    Non-finite values are left out; without any finite value the scale runs from 0 to 1.
    """
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return Scale("linear", 0.0, 1.0)
    low, high = min(finite), max(finite)
    positive = [v for v in finite if v > 0]
    mostly_positive = low >= 0 and len(positive) > ABOVE_ZERO * len(finite)
    if mostly_positive and log is not False:
        floor = min(positive)
        if log or high / floor > LOG_RATIO or (high / floor > CROWDED_RATIO and _crowded(finite, low, high)):
            margin = (high / floor) ** 0.04 if high > floor else 1.3
            return Scale("log", max(floor / margin, 5e-324), min(high * margin, 1.7e308))
    if low < 0 and log is not False:
        width = _usual_size(finite)
        if log or max(-low, high) > LOG_RATIO * width:
            top, bottom = math.asinh(high / width), math.asinh(low / width)
            pad = 0.04 * (top - bottom) or 0.5
            return Scale("asinh", _unbent(bottom - pad, width), _unbent(top + pad, width), width)
    pad = 0.05 * (high / 2 - low / 2) * 2 or abs(high) * 0.1 or 1.0
    bottom = low - pad if low < 0 or low - pad > 0 else 0.0
    only = low if low == high else None
    return Scale("linear", max(bottom, -1.7e308), min(high + pad, 1.7e308), only=only)


def _crowded(values: Sequence[float], low: float, high: float) -> bool:
    return sorted(values)[len(values) // 2] - low < CROWDED * (high - low)


def _unbent(place: float, width: float) -> float:
    """The value at a place on an asinh axis, within what a float can hold."""
    value = math.sinh(min(700.0, max(-700.0, place))) * width
    return min(1.7e308, max(-1.7e308, value))


def _usual_size(values: Sequence[float]) -> float:
    """A size that is usual for the values: the median of their magnitudes that are not zero."""
    sizes = sorted(abs(v) for v in values if v)
    return sizes[len(sizes) // 2] if sizes else 1.0


def _linear_ticks(scale: Scale, most: int) -> list[float]:
    return _round_ticks(scale.low, scale.high, most)


def _round_ticks(low: float, high: float, most: int) -> list[float]:
    span = high / 2 - low / 2
    if not span > 0:
        return [low]
    rough = span / max(1, most) * 2
    size = 10.0 ** math.floor(math.log10(rough))
    step = next((m * size for m in (1, 2, 2.5, 5, 10) if m * size >= rough * 0.999), 10 * size)
    if step == 0 or not math.isfinite(step):
        return [low, high]
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12 - math.floor(math.log10(step))) for i in range(first, last + 1)]


def _log_ticks(scale: Scale, most: int) -> list[float]:
    return _powers(scale.low, scale.high, most)


def _powers(low: float, high: float, most: int) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    decades = last - first + 1
    if decades > 2 or (decades == 2 and most <= 3):
        stride = max(1, math.ceil(decades / max(1, most)))
        aligned = range(first + (-first) % stride, last + 1, stride)
        return [float(f"1e{e}") for e in aligned]
    ticks = [float(f"{m}e{e}") for e in range(first - 1, last + 1) for m in (1, 2, 5)]
    inside = [t for t in ticks if low <= t <= high]
    return inside[:: math.ceil(len(inside) / max(1, most))] if len(inside) > 1 else _round_ticks(low, high, most)


def _asinh_ticks(scale: Scale, most: int) -> list[float]:
    each = max(1, most // 2)
    out = {0.0} if scale.low <= 0 <= scale.high else set()
    for sign, edge in ((1.0, scale.high), (-1.0, -scale.low)):
        if edge > scale.width:
            out |= {sign * t for t in _powers(scale.width, edge, each)}
    return sorted(t for t in out if scale.low <= t <= scale.high)
