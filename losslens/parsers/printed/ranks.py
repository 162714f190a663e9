"""What other ranks printed of the loss: kept where one of them parts from the rank that is read.

Each process of a distributed job prints its own lines. Mostly they tell one training again and again; where replicas
fall out of step, that one rank's loss differs from another's for good is all that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, log, sqrt
from statistics import median
from typing import TYPE_CHECKING

from losslens.model import RawSeries, Warning
from losslens.parsers.printed.places import Placed
from losslens.parsers.printed.records import IS_LOSS, SPLIT_IN_KEY, Record

if TYPE_CHECKING:
    from losslens.model import FloatArray

MOST_KEPT = 200_000
"""Values of other ranks that are remembered; in longer outputs what comes later is not compared."""

LEAST_SHARED = 36
"""Ranks are compared at so many places at least."""

ALIKE = log(1.5)
"""They began alike when the first quarter of them differs by no more than this factor, in the middle, …"""

APART = log(3.0)
"""… and have parted when the last quarter differs by this one, …"""

ONE_SIDED, SURE = 0.7, 3.0
"""… so large a share of it to one side, and more than half by so many standard errors of what chance does."""

BURST, FARTHER = 3, 1.5
"""Or for so many places in a row, all to one side, by ``APART`` and, of the logarithm, so
much farther than they had ever been."""

TINY = 1e-12
Place = tuple[int | None, float | None, int | None]


@dataclass(slots=True)
class OtherRanks:
    """The losses that other ranks printed, by rank and tag."""

    lines: int = 0
    found: dict[tuple[int, str], dict[Place, float]] = field(default_factory=dict)
    kept: int = 0

    def see(self, rank: int, record: Record) -> None:
        self.lines += 1
        if self.kept >= MOST_KEPT or (place := _place(record)) is None:
            return
        for tag, value in record.values.items():
            if IS_LOSS.search(tag) and not tag.startswith("val") and isfinite(value):
                self.found.setdefault((rank, tag), {})[place] = value
                self.kept += 1

    def apart(self, placed: Placed, rank: int | None) -> tuple[dict[str, RawSeries], list[Warning]]:
        """The series of each rank whose loss parted from the one that is read, and what is to be said of it."""
        series: dict[str, RawSeries] = {}
        warnings: list[Warning] = []
        rows = (
            {place: i for i, r in enumerate(placed.records) if (place := _place(r)) is not None} if self.found else {}
        )
        for (other, tag), values in sorted(self.found.items()):
            shared = sorted((i, v) for p, v in values.items() if (i := rows.get(p)) is not None)
            shared = [(i, v) for i, v in shared if tag in placed.records[i].values]
            pairs = [(placed.records[i].values[tag], v) for i, v in shared]
            steps = [int(placed.step[i]) for i, _ in shared]
            parted = parted_loss(tag, other, pairs, steps, placed.axis, rank)
            if parted is not None:
                name, told = parted
                series[name] = _series(name, shared, placed)
                warnings.append(told)
        return series, warnings


def _place(record: Record) -> Place | None:
    if SPLIT_IN_KEY.search(record.kind) or (record.step is None and record.epoch is None):
        return None
    return record.step, record.epoch, record.n


def parted_loss(
    tag: str,
    other: int,
    pairs: Sequence[tuple[float, float]],
    steps: Sequence[int],
    axis: str = "step",
    rank: int | None = None,
) -> tuple[str, Warning] | None:
    """The name under which a loss of rank ``other`` is kept that parts from the one that is read, and a warning.

    ``pairs``: the values that both have, that of the one that is read first, in order, at ``steps``. None where they
    never part.
    """
    parted = _parting(pairs)
    if parted is None:
        return None
    name = f"{tag} [rank{other}]"
    return name, Warning("ranks-apart", _told(name, tag, other, pairs, parted, steps, axis, rank))


@dataclass(frozen=True, slots=True)
class _Parting:
    """From which of the places on, in order, two ranks lie apart, and up to which; None: to the end."""

    first: int
    last: int | None = None


def _parting(pairs: Sequence[tuple[float, float]]) -> _Parting | None:
    """Where two ranks parted, for good or for a while; None where they began apart or never did."""
    if len(pairs) < LEAST_SHARED or any(a < 0.0 or b < 0.0 for a, b in pairs):
        return None
    import numpy as np

    ratio = np.array([log(max(b, TINY) / max(a, TINY)) if isfinite(a) else np.nan for a, b in pairs])
    if not np.all(np.isfinite(ratio)):
        return None
    quarter = len(pairs) // 4
    if abs(float(np.median(ratio[:quarter]))) > ALIKE:
        return None
    late = float(np.median(ratio[-quarter:]))
    sided = float(np.mean(np.sign(ratio[-quarter:]) == np.sign(late)))
    if sided < ONE_SIDED or (2.0 * sided - 1.0) * sqrt(quarter) < SURE or abs(late) < APART:
        return _burst(ratio)
    out = np.sign(late) * ratio >= APART / 2.0
    ahead = np.cumsum(np.where(out, 1, -1)[::-1])[::-1]  # from here on more are apart than are not, by most
    return _Parting(int(np.argmax(ahead)))


def _burst(ratio: FloatArray) -> _Parting | None:
    """The first stretch of places, all to one side, farther apart than the two ranks had ever been."""
    import numpy as np

    for side in (1.0, -1.0):
        out = side * ratio >= APART
        edges = np.flatnonzero(np.diff(np.r_[False, out, False]))
        for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if first < LEAST_SHARED or end - first < BURST:
                continue
            if float(np.median(side * ratio[first:end])) >= FARTHER * float(np.max(np.abs(ratio[:first]))):
                return _Parting(first, end - 1)
    return None


def _told(
    name: str,
    tag: str,
    other: int,
    pairs: Sequence[tuple[float, float]],
    parted: _Parting,
    steps: Sequence[int],
    axis: str,
    rank: int | None,
) -> str:
    """What is said of a rank that parted from the one that is read; ``pairs`` are their values, at ``steps``."""
    back = parted.last is not None
    apart = pairs[parted.first : parted.last + 1] if parted.last is not None else pairs[-(len(pairs) // 4) :]
    mine, theirs = median(a for a, _ in apart), median(b for _, b in apart)
    read = "the one that is read" if rank is None else f"rank {rank}"
    when = f"and came nearer after {axis} {steps[parted.last or 0]:,}" if back else "in the last quarter"
    numbers = f"{theirs:.3g} against {mine:.3g}"
    said = f"({numbers} in between) {when}" if back else f"({numbers} {when})"
    at = f"{axis} {steps[parted.first]:,}"
    return f"the {tag} of rank {other} parted from that of {read} at about {at} {said}: kept as {name!r}"


def _series(name: str, shared: Sequence[tuple[int, float]], placed: Placed) -> RawSeries:
    import numpy as np

    at = np.array([i for i, _ in shared], dtype=np.int64)
    values = np.array([v for _, v in shared], dtype=np.float64)
    return RawSeries(name, placed.step[at], values, placed.wall_time[at], at, placed.axis)
