"""What Prometheus and its kin answer on ``/api/v1/query_range``: gauges of a training as they were scraped.

{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {"__name__": "train_loss", "job": "a"},
"values": [[1714557600, "2.31"], …]}, …]}}; numbers are texts, NaN and Inf among them. A scrape sees the value of the
moment, so there is no step but that of a gauge that counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Log
from losslens.parsers.assemble import Assembly
from losslens.parsers.axes import SPLIT_WORDS, is_known_name
from losslens.parsers.columns import Columns
from losslens.parsers.json_reading import Json, peek, read_document

NAME = "prometheus"

_MATRIX, _NAME_LABEL = "matrix", "__name__"
#: Parts of a histogram or of a summary, which are no value of their own.
_PARTS = ("_bucket", "_sum", "_count", "_created")
#: More trainings than this in one answer are those of a whole cluster.
MOST_RUNS = 200
#: A gauge of one training: its labels without the name, and (s UTC, number) of each scrape.
_Gauge = tuple[str, dict[str, str], list[tuple[float, str]]]


def sniff(path: Path, head: bytes) -> bool:
    if b'"matrix"' not in head or b'"resultType"' not in head:
        return False
    return any(is_known_name(name) for name, _, _ in _gauges(peek(head), path))


def parse(path: Path) -> tuple[Log, ...]:
    """A Log for each training that its labels tell from the others. Raises NotALogError without a gauge of one."""
    read = read_document(path)
    gauges = _gauges(read.value, path)
    if not any(is_known_name(name) for name, _, _ in gauges):
        raise NotALogError(f"{path}: an answer of Prometheus without a gauge of a training")
    telling = _telling(gauges)
    runs: dict[tuple[str, ...], list[_Gauge]] = {}
    for gauge in gauges:
        runs.setdefault(tuple(gauge[1].get(label, "") for label in telling), []).append(gauge)
    if len(runs) > MOST_RUNS:
        raise NotALogError(f"{path}: gauges of more than {MOST_RUNS} trainings: ask for one of them")
    logs: list[Log] = []
    for labels, mine in runs.items():
        assembly = Assembly(path, NAME, _columns(mine))
        hint = ",".join(filter(None, labels)) or None
        logs.extend(assembly.logs(damage=read.damage, group_hint=hint))
    return tuple(logs)


def _gauges(document: Json, path: Path) -> list[_Gauge]:
    """The gauges of an answer with the split that a label tells in their names; none of any other document."""
    data = document.get("data") if isinstance(document, dict) else None
    result = data.get("result") if isinstance(data, dict) and data.get("resultType") == _MATRIX else None
    found: list[_Gauge] = []
    for item in result if isinstance(result, list) else ():
        metric, values = (item.get("metric"), item.get("values")) if isinstance(item, dict) else (None, None)
        if not isinstance(metric, dict) or not isinstance(values, list):
            continue
        labels = {key: str(word) for key, word in metric.items()}
        name = labels.pop(_NAME_LABEL, "") or labels.pop("metric", "") or path.name.split(".")[0]
        split = next((key for key, word in labels.items() if word.lower() in SPLIT_WORDS), "")
        if split:
            name = f"{labels.pop(split)}/{name}"
        points = [_point(value) for value in values]
        if not name.endswith(_PARTS):
            found.append((name, labels, [point for point in points if point is not None]))
    return found


def _point(value: Json) -> tuple[float, str] | None:
    if not isinstance(value, list) or len(value) != 2 or isinstance(value[0], bool):
        return None
    return (float(value[0]), str(value[1])) if isinstance(value[0], int | float) else None


def _telling(gauges: list[_Gauge]) -> tuple[str, ...]:
    """The labels in which gauges of one name differ."""
    by_name: dict[str, list[Mapping[str, str]]] = {}
    for name, labels, _ in gauges:
        by_name.setdefault(name, []).append(labels)
    keys = dict.fromkeys(key for _, labels, _ in gauges for key in labels)
    differ = (any(len({one.get(key) for one in each}) > 1 for each in by_name.values()) for key in keys)
    return tuple(key for key, differs in zip(keys, differ, strict=True) if differs)


def _columns(gauges: list[_Gauge]) -> Columns:
    """A row for each moment at which one of the gauges was scraped."""
    rows: dict[float, dict[str, object]] = {}
    for name, _, points in gauges:
        for time, number in points:
            rows.setdefault(time, {"timestamp": time})[name] = number
    columns = Columns()
    for time in sorted(rows):
        columns.add_record(rows[time])
    return columns
