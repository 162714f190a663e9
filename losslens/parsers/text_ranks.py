"""What other ranks printed of the loss: kept where one of them parts from the rank that is read.

Each process of a distributed job prints its own lines. Mostly they tell one training again and again; where replicas
fall out of step, that one rank's loss differs from another's for good is all that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, log, sqrt
from statistics import median

from losslens.model import RawSeries, Warning
from losslens.parsers.text_places import Placed
from losslens.parsers.text_records import IS_LOSS, SPLIT_IN_KEY, Record

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
            at = parting([(placed.records[i].values[tag], v) for i, v in shared])
            if at is None:
                continue
            name = f"{tag} [rank{other}]"
            series[name] = _series(name, shared, placed)
            pairs = [(placed.records[i].values[tag], v) for i, v in shared]
            text = parted_text(name, tag, other, pairs, int(placed.step[shared[at][0]]), placed.axis, rank)
            warnings.append(Warning("ranks-apart", text))
        return series, warnings


def _place(record: Record) -> Place | None:
    if SPLIT_IN_KEY.search(record.kind) or (record.step is None and record.epoch is None):
        return None
    return record.step, record.epoch, record.n


def parting(pairs: Sequence[tuple[float, float]]) -> int | None:
    """From which of the places on, in order, two ranks lie apart; None where they began apart or end together."""
    if len(pairs) < LEAST_SHARED or any(a < 0.0 or b < 0.0 for a, b in pairs):
        return None
    import numpy as np

    ratio = np.array([log(max(b, TINY) / max(a, TINY)) if isfinite(a) else np.nan for a, b in pairs])
    if not np.all(np.isfinite(ratio)):
        return None
    quarter = len(pairs) // 4
    late = float(np.median(ratio[-quarter:]))
    sided = float(np.mean(np.sign(ratio[-quarter:]) == np.sign(late)))
    if sided < ONE_SIDED or (2.0 * sided - 1.0) * sqrt(quarter) < SURE:
        return None
    if abs(float(np.median(ratio[:quarter]))) > ALIKE or abs(late) < APART:
        return None
    out = np.sign(late) * ratio >= APART / 2.0
    ahead = np.cumsum(np.where(out, 1, -1)[::-1])[::-1]  # from here on more are apart than are not, by most
    return int(np.argmax(ahead))


def parted_text(
    name: str,
    tag: str,
    other: int,
    pairs: Sequence[tuple[float, float]],
    step: int,
    axis: str = "step",
    rank: int | None = None,
) -> str:
    """What is said of a rank that parted at ``step`` from the one that is read; ``pairs`` are their values in order."""
    late = pairs[-(len(pairs) // 4) :]
    mine, theirs = median(a for a, _ in late), median(b for _, b in late)
    read = "the one that is read" if rank is None else f"rank {rank}"
    return (
        f"the {tag} of rank {other} parted from that of {read} at about {axis} {step:,} "
        f"({theirs:.3g} against {mine:.3g} in the last quarter): kept as {name!r}"
    )


def _series(name: str, shared: Sequence[tuple[int, float]], placed: Placed) -> RawSeries:
    import numpy as np

    at = np.array([i for i, _ in shared], dtype=np.int64)
    values = np.array([v for _, v in shared], dtype=np.float64)
    return RawSeries(name, placed.step[at], values, placed.wall_time[at], at, placed.axis)
