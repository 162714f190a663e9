"""Lines of numbers under names that say nothing to losslens: whether they are the course of a training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from losslens.parsers.printed.places import counting_name
from losslens.parsers.printed.records import IS_LOSS, Record
from losslens.parsers.printed.speaking import measures
from losslens.parsers.printed.windows import LEAST_RECORDS, LEAST_UNNAMED

#: A loss that has a name is the course where it was printed at least so often, as a share of the lines without one:
#: "Test MSE: 0.013" at the end, or the best of each stage, speaks of a course that other lines print.
OF_UNNAMED = 0.1


def unnamed_course(unnamed: Iterable[Sequence[Record]], records: Sequence[Record]) -> list[Record]:
    """The lines that print the course, a group a statement, where no loss that is printed as often has a name."""
    groups = [group for group in unnamed if len(group)]
    if not groups:
        return []
    named = Counter(key for record in records for key in record.values)
    most = max((count for name, count in named.items() if IS_LOSS.search(name)), default=0)
    found: list[Record] = []
    for group in groups:
        lines = sum(map(measures, group))
        rarely = most < max(LEAST_RECORDS, OF_UNNAMED * lines)
        if rarely and lines >= LEAST_UNNAMED and (group[0].kind or counting_name(group)):
            found += group
    return found
