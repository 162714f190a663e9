"""Sacred's ``metrics.json``: of every metric its steps, its time stamps and its values, in lists of one length.

What Sacred stores beside it (``config.json``, ``cout.txt``) is read as settings and as printed output.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Log, RawSeries, Warning
from losslens.parsers.json_reading import Json, number_of, peek, read_document
from losslens.parsers.opening import HEAD_BYTES

NAME = "sacred"

_LISTS = frozenset(["steps", "timestamps", "values"])


def sniff(path: Path, head: bytes) -> bool:
    """An object of nothing but metrics; of the last of a long file a list may be missing."""
    value = peek(head)
    if not isinstance(value, dict) or not value:
        return False
    *whole, last = value.values()
    if not all(_is_metric(one) for one in whole):
        return False
    cut = len(head) >= HEAD_BYTES or not head.rstrip().endswith(b"}")
    begun = cut and isinstance(last, dict) and bool(last) and last.keys() <= _LISTS
    return _is_metric(last) or (
        begun and isinstance(last, dict) and all(isinstance(one, list) for one in last.values())
    )


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one run. Raises NotALogError where no metric holds a number, ParseError for a broken document."""
    import numpy as np

    read = read_document(path)
    series: dict[str, RawSeries] = {}
    warnings: list[Warning] = []
    for name, metric in read.value.items() if isinstance(read.value, dict) else ():
        if not isinstance(metric, dict) or not _is_metric(metric):
            continue
        points = [_point(*row) for row in _rows(metric)]
        kept = [point for point in points if point is not None]
        if len(kept) < len(points):
            text = f"'{name}': {len(points) - len(kept)} entries were no numbers and left out"
            warnings.append(Warning("unread-cells", text))
        if kept:
            step, wall, value = (np.array(column) for column in zip(*kept, strict=True))
            row = np.arange(step.size, dtype=np.int64)
            series[name] = RawSeries(name, step.astype(np.int64), value.astype(float), wall.astype(float), row)
    if not series:
        raise NotALogError(f"{path}: no metric of it holds a number")
    return (Log(str(path), NAME, series, damage=read.damage, warnings=tuple(warnings), trainer=NAME),)


def _is_metric(value: Json) -> bool:
    return isinstance(value, dict) and value.keys() == _LISTS and all(isinstance(one, list) for one in value.values())


def _rows(metric: Mapping[str, Json]) -> list[tuple[Json, Json, Json]]:
    lists = [one for name in ("steps", "timestamps", "values") if isinstance(one := metric[name], list)]
    steps, times, values = lists
    return list(zip(steps, times, values, strict=False))


def _point(step: Json, time: Json, value: Json) -> tuple[float, float, float] | None:
    try:
        number, at = number_of(value), number_of(step)
    except ValueError:
        return None
    if number is None or at is None or not abs(at) < 2**53:
        return None
    return at, _moment(time), number


def _moment(time: Json) -> float:
    """Seconds UTC; Sacred writes UTC without saying so."""
    try:
        return datetime.fromisoformat(str(time)).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return float("nan")
