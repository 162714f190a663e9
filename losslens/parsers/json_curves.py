"""Curves of numbers with their steps in a JSON document: a pair or a triple a point, or a list of steps beside one of
values, under the name of what was measured.

{"train": [[0, 2.31], [10, 2.28]]} · {"loss": [[1700000000.1, 10, 2.28], …]} (TensorBoard's triples)
{"val/loss": {"steps": [0, 10], "values": [2.31, 2.28]}} · [{"name": "loss", "data": [[0, 2.31], …]}]

And lists of lists: the losses of each batch, a list an epoch, are one curve; short lists side by side are its parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from losslens.parsers.axes import SPLIT_WORDS, STEP_COUNTS, STEP_RANK, VALUE_COLUMNS, is_known_name, normalise
from losslens.parsers.json_reading import Json, number_of
from losslens.parsers.points import Points
from losslens.parsers.steps import moment_of

if TYPE_CHECKING:
    from losslens.model import RawSeries

#: Fewer points than this are no course; and how deep below the top a curve may stand.
LEAST_POINTS, MOST_NESTING = 3, 5
#: A list has at most so many parts, each a curve, and a point of it then as many numbers.
MOST_PARTS = 8
#: Moments in s UTC that a log can hold.
_EARLIEST, _LATEST = 1e9, 4.1e9
#: Words that say of what is below them no more than that it is a curve.
_HOLDERS = frozenset(
    [
        *("data", "points", "point", "value", "values", "x", "y", "series", "curve", "curves", "charts", "plots"),
        *("history", "hist", "training_history", "metrics", "metric", "scalars", "scalar", "logs", "log", "results"),
        *("runs", "summary", "events", "metricdataresults"),
    ]
)
_LABELS = ("tag", "name", "key", "metric", "label", "title", "metricName", "metric_name", "Label")
_VALUES = VALUE_COLUMNS | {"values", "y", "ys", "data", "scalars", "points", "metric"}
_STEPS = frozenset(["x", "xs", "t", "steps", "iters", "iterations", "epochs", "batches", "global_steps"])


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one name; without ``step`` they are counted. A value of None is a NaN, for which JSON has no word."""

    value: Sequence[float | None]
    step: Sequence[float] | None = None
    wall: Sequence[float] | None = None
    axis: str = "step"


def curves_in(document: Json, stem: str) -> dict[str, Curve]:
    """The curves with steps by name; none where neither a name nor ``stem``, the file's, is one of a training."""
    found = _distinct(_walk(document, (), 0))
    if not found or max(len(curve.value) for curve in found.values()) < LEAST_POINTS:
        return {}
    named = [name for name in found if name]
    if any(map(is_known_name, named)) or (named and all(name.split("/")[0].lower() in SPLIT_WORDS for name in named)):
        return found if not is_known_name(stem) or any(map(is_known_name, named)) else _of_file(found, stem)
    if not is_known_name(stem):
        return {}
    return _of_file(found, stem)


def _of_file(found: Mapping[str, Curve], stem: str) -> dict[str, Curve]:
    """Curves under names that say whose they are, in a file whose name says what they are of."""
    return {f"{name}/{stem}" if name else stem: curve for name, curve in found.items()}


def lists_in(document: Json, stem: str) -> dict[str, Curve]:
    """Lists of lists of numbers under the names of losses, or bare in a file that is named so."""
    if isinstance(document, dict):
        return {
            name: curve for key, item in document.items() if is_known_name(key) for name, curve in _parts(item, key)
        }
    return dict(_parts(document, stem)) if is_known_name(stem) else {}


def _parts(item: Json, name: str) -> Iterator[tuple[str, Curve]]:
    """The curves that a list of lists of numbers holds."""
    if not isinstance(item, list) or len(item) < 2:
        return
    lists = [_numbers(part) for part in item]
    if not all(part is not None and len(part) > 1 for part in lists):
        return
    rows = [part for part in lists if part is not None]
    widths = {len(row) for row in rows}
    few = min(len(rows), *widths) <= MOST_PARTS
    if len(widths) == 1 and len(rows) > max(MOST_PARTS, *widths) and max(widths) <= MOST_PARTS:
        for k, column in enumerate(zip(*rows, strict=True)):
            yield f"{name}[{k}]", Curve(column)
    elif _goes_on(rows):
        yield name, Curve([number for row in rows for number in row])
    elif few and len(rows) <= MOST_PARTS and min(widths) >= LEAST_POINTS:
        for k, row in enumerate(rows):
            yield f"{name}[{k}]", Curve(row)


def series_of(curves: Mapping[str, Curve]) -> dict[str, RawSeries]:
    """The series of curves by their names."""
    points = Points()
    for name, curve in curves.items():
        steps = curve.step if curve.step is not None else [None] * len(curve.value)
        walls = curve.wall if curve.wall is not None else [float("nan")] * len(curve.value)
        for step, value, wall in zip(steps, curve.value, walls, strict=True):
            points.add(name, step, float("nan") if value is None else value, wall, axis=curve.axis)
    return points.series()


def _walk(value: Json, where: tuple[str, ...], depth: int) -> Iterator[tuple[str, Curve]]:
    curve = _curve(value)
    if curve is not None:
        yield _name(where), curve
    elif isinstance(value, dict) and depth < MOST_NESTING:
        for key, item in value.items():
            yield from _walk(item, (*where, key), depth + 1)
    elif isinstance(value, list) and depth < MOST_NESTING and all(isinstance(item, dict) for item in value):
        for item in value:
            label = next((v for k in _LABELS if isinstance(item, dict) and isinstance(v := item.get(k), str)), "")
            if label and isinstance(item, dict):
                yield from _walk({k: v for k, v in item.items() if not isinstance(v, str)}, (*where, label), depth + 1)


def _name(where: Sequence[str]) -> str:
    parts = [part for part in where if normalise(part) not in _HOLDERS or is_known_name(part)]
    if len(parts) > 1 and parts[-1].lower() in SPLIT_WORDS:
        parts = [parts[-1], *parts[:-1]]  # {"loss": {"val": [...]}}
    return "/".join(parts)


def _distinct(found: Iterator[tuple[str, Curve]]) -> dict[str, Curve]:
    """The first of each name: what has the same name again is of another run or a copy."""
    out: dict[str, Curve] = {}
    for name, curve in found:
        out.setdefault(name, curve)
    return out


def _curve(value: Json) -> Curve | None:
    if isinstance(value, dict):
        return _of_columns(value)
    if not isinstance(value, list) or len(value) < 2:
        return None
    if all(isinstance(item, dict) for item in value):
        return _of_records([item for item in value if isinstance(item, dict)])
    points = [item for item in value if isinstance(item, list)]
    if len(points) < len(value) or len({len(point) for point in points}) != 1:
        return None
    if len(points[0]) == 3:
        first, second, numbers = (_numbers([point[k] for point in points]) for k in range(3))
        for wall, step in ((first, second), (second, first)):
            if wall is None or step is None or numbers is None or not _are_moments(wall):
                continue
            if _count(step, rising=False):
                return Curve(numbers, [s or 0.0 for s in step], [w or 0.0 for w in wall])
    if len(points[0]) == 2:
        step, numbers = (_numbers([point[k] for point in points]) for k in range(2))
        if step is not None and numbers is not None and _count(step):
            return Curve(numbers, [s or 0.0 for s in step])
    return None


def _of_columns(value: Mapping[str, Json]) -> Curve | None:
    """{"steps": [...], "values": [...]}, where a dict holds no other list but other counts and times of the points."""
    lists = {key: item for key, item in value.items() if isinstance(item, list) and item}
    steps = [key for key in lists if normalise(key) in STEP_RANK or normalise(key) in _STEPS]
    values = [key for key in lists if normalise(key) in _VALUES and key not in steps]
    if len(values) != 1 or (numbers := _numbers(lists[values[0]])) is None:
        return None
    times = next((_moments(item) for key, item in lists.items() if "time" in key.lower()), None)
    wall = times if times is not None and len(times) == len(numbers) else None
    if not steps:
        return _in_order_of_time(numbers, wall)
    counts = {key: _numbers(lists[key]) for key in sorted(steps, key=lambda key: STEP_RANK.get(normalise(key), 0))}
    for key, step in counts.items():
        if step is not None and len(step) == len(numbers) and _count(step, rising=False):
            return Curve(numbers, [s or 0.0 for s in step], wall, _axis(key))
    return None


def _in_order_of_time(numbers: Sequence[float | None], wall: Sequence[float] | None) -> Curve | None:
    """{"Timestamps": [...], "Values": [...]}, as CloudWatch answers with the latest first."""
    if wall is None:
        return None
    order = sorted(range(len(wall)), key=wall.__getitem__)
    return Curve([numbers[at] for at in order], None, [wall[at] for at in order])


def _moments(items: Json) -> list[float] | None:
    """Times in s UTC: as numbers of seconds or milliseconds, or as ISO 8601 has them; None where an entry is none."""
    if not isinstance(items, list):
        return None
    if all(isinstance(item, str) for item in items):
        found = [moment_of(item) for item in items if isinstance(item, str)]
        return [moment for moment in found if moment is not None] if None not in found else None
    numbers = _numbers(items)
    for scale in (1.0, 1e3) if numbers is not None else ():
        times = [number / scale for number in numbers or () if number is not None]
        if len(times) == len(items) and _are_moments(times):
            return times
    return None


def _of_records(records: Sequence[Mapping[str, Json]]) -> Curve | None:
    """[{"step": 0, "value": 2.31}, …]: a step and a value that has no name of its own."""
    keys = set(records[0])
    steps = [key for key in keys if normalise(key) in STEP_RANK or normalise(key) in _STEPS]
    values = [key for key in keys if normalise(key) in _VALUES and key not in steps]
    if len(steps) != 1 or len(values) != 1 or any(not {steps[0], values[0]} <= record.keys() for record in records):
        return None
    if any(is_known_name(key) for key in keys - {steps[0], values[0]}):
        return None
    step, numbers = (_numbers([record[key] for record in records]) for key in (steps[0], values[0]))
    if step is None or numbers is None or not _count(step, rising=False):
        return None
    return Curve(numbers, [s or 0.0 for s in step], None, _axis(steps[0]))


def _axis(key: str) -> str:
    return STEP_COUNTS.get(normalise(key), "") or ("epoch" if normalise(key) == "epochs" else "step")


def _numbers(items: Json) -> list[float | None] | None:
    """A list of numbers; None where an entry is none."""
    if not isinstance(items, list):
        return None
    try:
        return [None if isinstance(item, list | str) and not item else number_of(item) for item in items]
    except ValueError:
        return None


def _count(step: Sequence[float | None], *, rising: bool = True) -> bool:
    """Whether numbers are whole and, where they are to be ``rising``, each is higher than the one before."""
    if not all(s is not None and s == s // 1 and abs(s) < 2**53 for s in step):
        return False
    return not rising or all(a is not None and b is not None and a < b for a, b in pairwise(step))


def _are_moments(times: Sequence[float | None]) -> bool:
    return all(time is not None and _EARLIEST < time < _LATEST for time in times)


def _goes_on(rows: Sequence[Sequence[float | None]]) -> bool:
    """Whether most lists begin nearer to where the one before ended than to where the first began."""
    ends = [(row[0], row[-1]) for row in rows if row[0] is not None and row[-1] is not None]
    votes = [
        abs(after[0] - before[1]) < abs(after[0] - ends[0][0])
        for before, after in pairwise(ends)
        if after[0] is not None and before[1] is not None and ends[0][0] is not None
    ]
    return 2 * sum(votes) > len(votes)
