"""A bound or a log-likelihood that is all that was logged of an objective: read with its sign turned, as a loss."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from losslens.model import Log, RawSeries
from losslens.parsers.printed.series import told_to_fall


def to_fall(logs: Sequence[Log], told: Collection[str]) -> list[Log]:
    """The logs of one job, with what is to rise in them turned and renamed; ``told`` are tags whose role was given.

    Only what begins below zero is: a positive one may be a loss that lost its minus sign in the name.
    """
    longest: dict[str, RawSeries] = {}
    for log in logs:
        for tag, one in log.series.items():
            if tag not in longest or longest[tag].value.size < one.value.size:
                longest[tag] = one
    turned = told_to_fall(longest)
    gone = [tag for tag in longest if tag not in turned]
    begin = [float(v[0]) for tag in gone if (v := longest[tag].value[np.isfinite(longest[tag].value)]).size]
    if not begin or max(begin) >= 0.0 or set(gone) & set(told):
        return list(logs)
    names = dict(zip(longest, turned, strict=True))
    return [_renamed(log, {tag: names[tag] for tag in gone}) for log in logs]


def _renamed(log: Log, names: dict[str, str]) -> Log:
    series = {
        names.get(tag, tag): replace(one, tag=names[tag], value=-one.value) if tag in names else one
        for tag, one in log.series.items()
    }
    table = log.table
    if table is not None:
        table = replace(table, blank={names.get(tag, tag): rows for tag, rows in table.blank.items()})
    return replace(log, series=series, table=table)
