"""Bars and lines that count whole trainings: "Folds:  40%|####      | 4/10 [loss=0.31]", "fold 4/10: loss=0.31".

What stands behind such a count is how each training ended. One behind the other these numbers look like a course, and
are a table of results. So are bars of one fold each that were drawn at their end alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.parsers.printed.records import Record

#: The name of a bar that counts trainings.
TRAININGS = "whole trainings"
#: What the description of such a bar is, and nothing more.
_COUNTED = compiled(
    r"\W*(?:\w+ing\s+|over\s+|all\s+|the\s+){0,2}"
    r"(?:(?:k[- _]?)?folds?|cv|cross[- _]?val\w*|seeds?|repeat(?:s|itions?)?)\W*",
    re.IGNORECASE,
)
_ONE = compiled(r"(?:fold|seed|cv|repeat)\W*(?P<number>\d+)(?: of \d+)?", re.IGNORECASE)
#: A single line or bar of one training may stand where an output begins or ends.
FEWEST = 2


def counts_trainings(described: str) -> bool:
    """Whether a bar with this description counts trainings."""
    return _COUNTED.fullmatch(described) is not None


def without_results(records: Sequence[Record]) -> list[Record]:
    """The records without those that say how a training ended, each of several once."""
    ends: defaultdict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        if record.name and record.values and record.kind in ("bar", "count") and record.epoch is None:
            ends[record.template].append(record)
    results = {id(record) for mine in ends.values() if _are_results(mine) for record in mine}
    return [record for record in records if id(record) not in results] if results else list(records)


def _are_results(mine: Sequence[Record]) -> bool:
    """Whether lines of one statement count trainings, or are of another training each."""
    if all(record.name == TRAININGS for record in mine):
        return True
    told = [_ONE.fullmatch(record.name) for record in mine]
    if len(mine) < FEWEST or not all(told) or len({record.name for record in mine}) < len(mine):
        return False
    if mine[0].kind == "bar":
        return all(record.n == record.of for record in mine)
    return all(match is not None and int(match["number"]) == record.n for match, record in zip(told, mine, strict=True))
