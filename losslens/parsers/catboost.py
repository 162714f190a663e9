"""``catboost_info`` of CatBoost: one file that holds the learning and the test errors of every round.

The TSV files and the event files in it say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from losslens.errors import NotALogError
from losslens.model import Log, RawSeries
from losslens.parsers.axes import is_known_name
from losslens.parsers.json_reading import Json, number_of, read_document
from losslens.parsers.settings import flat_settings
from losslens.patterns import compiled

NAME = "catboost"

_FILE = "catboost_training.json"
#: What CatBoost writes into its folder, which may be one where other things lie.
_OWN = compiled(r"catboost_training\.json|\w+_error\.tsv|time_left\.tsv|learn|test(?:_\d+)?|tmp|.*\.cbsnapshot")


def sniff(path: Path, head: bytes) -> bool:
    """The file is read with its folder."""
    return False


def claims(path: Path, names: Sequence[str]) -> bool:
    return _FILE in names and any(name.endswith("_error.tsv") for name in names)


def owns(path: Path, name: str) -> bool:
    return bool(_OWN.fullmatch(name))


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one folder, counted in rounds. Raises NotALogError when it holds no round."""
    read = read_document(path / _FILE)
    document = read.value
    rounds = document.get("iterations") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(rounds, list) or not rounds:
        raise NotALogError(f"{path}: no round in {_FILE}")
    meta = document.get("meta")
    points: dict[str, list[tuple[int, int, float]]] = {}
    for row, record in enumerate(rounds):
        if not isinstance(record, dict):
            continue
        step = number_of(record.get("iteration"))
        for split, names in _splits(record, meta if isinstance(meta, dict) else {}):
            values = record.get(split)
            if not isinstance(values, list) or step is None:
                continue
            for name, value in zip(names, values, strict=False):
                number = number_of(value)
                if number is not None:
                    points.setdefault(f"{split}/{name}", []).append((int(step), row, number))
    series = {tag: _series(tag, found) for tag, found in points.items()}
    settings = flat_settings({"iterations": meta.get("iteration_count")}, path) if isinstance(meta, dict) else ()
    return (Log(str(path), NAME, series, settings, damage=read.damage, trainer="catboost"),)


def _splits(record: dict[str, Json], meta: dict[str, Json]) -> list[tuple[str, list[str]]]:
    """Each data set of a round with the names of its metrics."""
    splits = []
    for split in record:
        if split != "learn" and not split.startswith("test"):
            continue
        told = meta.get("learn_metrics" if split == "learn" else "test_metrics")
        names = [_named(metric) for metric in told if isinstance(metric, dict)] if isinstance(told, list) else []
        splits.append((split, names))
    return splits


def _named(metric: dict[str, Json]) -> str:
    """The name of a metric; of one that is to fall, under a name that no other log uses, that it is a loss."""
    name = str(metric.get("name"))
    return f"{name} loss" if metric.get("best_value") == "Min" and not is_known_name(name) else name


def _series(tag: str, points: Sequence[tuple[int, int, float]]) -> RawSeries:
    step, row, value = zip(*points, strict=True)
    return RawSeries(
        tag,
        np.array(step, dtype=np.int64),
        np.array(value, dtype=np.float64),
        np.full(len(points), np.nan),
        np.array(row, dtype=np.int64),
        "step",
    )
