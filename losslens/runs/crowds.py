"""Folders of many files that are all alike: data sets, which are told without reading every one of them."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from losslens import parsers
from losslens.errors import LosslensError
from losslens.parsers.axes import is_known_name
from losslens.parsers.cells import is_float
from losslens.patterns import compiled
from losslens.runs.formats import CSV
from losslens.runs.jobs import Source
from losslens.runs.peek import glimpse

#: So many files of one folder whose names differ in their numbers alone are a crowd; so many of it are looked at.
CROWD, SAMPLE = 64, 16
#: More tables without a name that training logs use are a data set, not losses of many runs.
MOST_TABLES = 16
_NUMBERS = compiled(r"[0-9a-fA-F]{8,}|\d+")


def without_crowds(
    files: Sequence[tuple[Path, os.stat_result]], passed_over: Counter[str]
) -> list[tuple[Path, os.stat_result]]:
    """``files`` without the crowds in which no one of a sample is a log; these are counted in ``passed_over``."""
    alike: dict[str, list[int]] = defaultdict(list)
    for at, (path, _) in enumerate(files):
        alike[_NUMBERS.sub("#", path.name)].append(at)
    left_out: set[int] = set()
    for crowd in alike.values():
        if len(crowd) <= CROWD:
            continue
        sample = crowd[:: max(1, len(crowd) // SAMPLE)][:SAMPLE]
        if not any(_may_be_a_log(files[at][0]) for at in sample):
            left_out.update(crowd)
            passed_over[files[crowd[0]][0].suffix.lower() or "no suffix"] += len(crowd)
    return [file for at, file in enumerate(files) if at not in left_out]


def without_tables(sources: list[Source], passed_over: Counter[str]) -> list[Source]:
    """``sources`` without the tables that name nothing of a training, where a folder holds many."""
    tables = [source for source in sources if source.format == CSV]
    if len(tables) <= MOST_TABLES:
        return sources
    strange = {source.path for source in tables if not _names_a_training(source.path)}
    if len(strange) <= MOST_TABLES:
        return sources
    passed_over["tables of a data set"] += len(strange)
    return [source for source in sources if source.path not in strange]


def _may_be_a_log(path: Path) -> bool:
    try:
        format = parsers.recognise(path)
    except (LosslensError, OSError):
        return True  # to be refused by name, or read when its turn comes
    return format is not None and (format != CSV or _names_a_training(path))


def _names_a_training(path: Path) -> bool:
    """Whether a column, or the file of a single one, has a name that training logs use."""
    columns = glimpse(path).columns
    return any(is_known_name(name) for name in columns if not is_float(name)) or is_known_name(path.stem)
