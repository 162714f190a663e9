"""Which steps the printed output of a job covers, as far as the two ends of its file show: the parts of a resumed job.

A scheduler that starts a job again gives it a new file (``slurm-71.out``, ``slurm-72.out``). Other runs begin where
the first began; the next part of the same run begins later, at or before the place where the part before it ended.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

from losslens.parsers.printed.lines import clean
from losslens.parsers.printed.records import Record, read_record
from losslens.parsers.printed.speaking import speaks_of_training
from losslens.patterns import compiled
from losslens.runs.peek import goes_on, lines_of_ends

#: Output named by a scheduler: its own word, or a suffix that only printed output has.
_SCHEDULED = compiled(r"(?:slurm|job|nohup|stdout)[\w.-]*|.*\.(?:out|err|[oe]\d+)", re.IGNORECASE)
#: Lines with numbers that are read at each end of a file: a folder may hold hundreds of outputs.
ENOUGH = 50


@dataclass(frozen=True, slots=True)
class Reach:
    """The names printed together, and the first, last and usual distance of their places."""

    names: tuple[str, ...]
    first: float
    last: float
    interval: float


def reach(path: Path) -> Reach | None:
    """What ``path`` covers; None when its name is no scheduler's or its lines do not say where they stand."""
    if not _SCHEDULED.fullmatch(path.name):
        return None
    first, last = lines_of_ends(path)
    head, tail = _records(first), _records(reversed(last))[::-1]
    common = Counter(r.template for r in head if _place(r) is not None).most_common(1)
    if not common:
        return None
    begun, ended = (
        [p for r in part if r.template == common[0][0] and (p := _place(r)) is not None] for part in (head, tail)
    )
    gaps = [b - a for a, b in pairwise(begun)]
    if not ended or not gaps or min(gaps) < 0 or median(gaps) <= 0:
        return None
    return Reach(common[0][0], begun[0], ended[-1], float(median(gaps)))


def parts_of_one_job(a: Path, b: Path) -> bool:
    """Whether two names differ in nothing but one number, and that of ``b`` is higher."""
    one, other = (re.split(r"(\d+)", p.name) for p in (a, b))
    differ = [(x, y) for x, y in zip(one, other, strict=False) if x != y]
    return (
        len(one) == len(other)
        and len(differ) == 1
        and all(x.isdigit() for x in differ[0])
        and (int(differ[0][0]) < int(differ[0][1]))
    )


def resumes(parts: Sequence[Reach], after: Reach) -> bool:
    """Whether ``after`` goes on with the job that ``parts`` cover: begun later than it, and no later than it ended."""
    interval = max(p.interval for p in (*parts, after))
    return (
        all(p.names == after.names for p in parts)
        and goes_on(parts[0].first, parts[-1].last, after.first, interval)
        and after.last > parts[-1].first
    )


def _records(lines: Iterable[str]) -> list[Record]:
    """The first few lines that name training numbers: enough to know the statement and its interval."""
    found = (read_record(clean(line).text) for line in lines)
    telling = (r for r in found if r is not None and r.values and not r.aside and speaks_of_training(r))
    return list(islice(telling, ENOUGH))


def _place(record: Record) -> float | None:
    """Where on the run's course a line stands; None where it counts within an epoch that it does not name."""
    if record.step is not None:
        return float(record.step)
    if record.epoch is None:
        return None
    if record.n is None:
        return float(record.epoch)
    return float(record.epoch * record.of + record.n) if record.of else None
