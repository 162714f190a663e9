"""Keras' ``history.history`` saved as JSON: a list of numbers a metric, one number an epoch.

``json.dump`` cannot write numpy floats, so histories also come as strings; NaN comes as the bare token, as a string or
as null; and the whole often stands under "history" beside "params" and "epoch".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from losslens.errors import NotALogError
from losslens.model import Log, RawSeries, Setting, Table, Warning
from losslens.parsers.axes import SPLIT_WORDS, STEP_COUNTS, STEP_RANK, is_known_name, normalise
from losslens.parsers.json_curves import curves_in, lists_in, series_of
from losslens.parsers.json_reading import Document, Json, number_of, peek, read_document
from losslens.parsers.settings import flat_settings
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.model import IntArray

NAME = "keras-json"

MAX_NESTING = 3
"""How deep below the top the dict of lists may stand: {"model": {"history": {"history": {...}}}}."""
MAX_HISTORIES = 200
MIN_CURVE = 5
_HISTORY_KEYS = frozenset(["history", "hist", "metrics", "logs", "log", "losses", "curves", "results"])
_CURVES = compiled(r"hist|loss|curve|metric|(?:^|[^a-z])(?:log|train)", re.IGNORECASE)
_SCALAR = (int, float, str, type(None))


def sniff(path: Path, head: bytes) -> bool:
    value = peek(head)
    return bool(_find(value) or _only_curves(path, value) or _is_one_curve(path, value))


def parse(path: Path) -> tuple[Log, ...]:
    """One Log a history in the file (several models' histories can stand side by side).

    Raises NotALogError when there is no dict of lists of numbers, ParseError for a broken document.
    """
    document = read_document(path)
    if _is_one_curve(path, document.value):
        (log,) = _of_document(path, replace(document, value={path.name.split(".")[0]: document.value}))
        curve = {tag: replace(series, axis="row") for tag, series in log.series.items()}
        text = "a bare list of numbers: they are counted, for want of steps or epochs"
        return (replace(log, series=curve, trainer=None, warnings=(*log.warnings, Warning("no-step", text))),)
    return _of_document(path, document)


def holds_lists(value: Json) -> bool:
    """Whether a document holds lists of numbers under names of a training."""
    return bool(_find(value))


def histories_of(path: Path, document: Document, format: str) -> tuple[Log, ...]:
    """The Logs of lists by name that another format holds. Raises NotALogError when none is a history."""
    return tuple(replace(log, format=format, trainer=None) for log in _of_document(path, document))


def _of_document(path: Path, document: Document) -> tuple[Log, ...]:
    """The Logs of a document that was read."""
    found = _find(document.value) or _only_curves(path, document.value)
    if not found:
        raise NotALogError(f"{path}: no lists of numbers by name")
    logs = []
    for place, (where, history) in enumerate(found, start=1):
        settings = flat_settings(_without(document.value, where), path)
        cut = document.cut and place == len(found)
        log = _log(path, where if len(found) > 1 else (), history, settings, cut=cut)
        logs.append(replace(log, damage=document.damage) if place == len(found) else log)
    return tuple(logs)


def _find(value: Json, where: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], dict[str, Json]]]:
    """The dicts of lists of numbers in a document, with the keys that lead to them."""
    if isinstance(value, list) and not where and len(value) <= MAX_HISTORIES:
        if _are_records(value):
            return []
        # One history a fold or model.
        return [found for at, item in enumerate(value) for found in _find(item, (str(at),))]
    if not isinstance(value, dict) or len(where) > MAX_NESTING:
        return []
    value = {key: _from_frame(item) for key, item in value.items()}
    lists = [key for key, item in value.items() if _is_numbers(item) and normalise(key) not in STEP_RANK]
    if any(is_known_name(key) for key in lists) or (lists and where and normalise(where[-1]) in _HISTORY_KEYS):
        return [(where, value)]
    found = [hit for key, item in value.items() if isinstance(item, dict) for hit in _find(item, (*where, key))]
    if len(found) > 1 and all(len(keys) == len(where) + 1 and keys[-1].lower() in SPLIT_WORDS for keys, _ in found):
        # {"train": {"loss": [...]}, "val": {"loss": [...]}} is one history in two parts.
        joined = {f"{keys[-1]}/{tag}": item for keys, part in found for tag, item in part.items() if _is_numbers(item)}
        return [(where, joined)]
    by_split = {
        f"{split}/{metric}": item
        for metric, part in value.items()
        if isinstance(part, dict) and is_known_name(metric)
        for split, item in part.items()
        if split.lower() in SPLIT_WORDS and _is_numbers(item)
    }
    if by_split and not found:
        # The same the other way round: {"loss": {"train": [...], "val": [...]}}.
        return [(where, by_split)]
    return found


def _are_records(items: Sequence[Json]) -> bool:
    """One dict an epoch, which says its number and its loss: the lists within are of layers or batches, no curves."""
    first = [item for item in items[:50] if isinstance(item, dict)]
    counters = [k for k in (first[0] if first else {}) if normalise(k) in STEP_RANK]
    losses = [k for k in (first[0] if first else {}) if is_known_name(k)]
    for key in counters:
        numbers = [item.get(key) for item in first]
        counted = all(isinstance(n, (int, float)) for n in numbers) and len(set(map(str, numbers))) == len(first) > 1
        if counted and any(all(isinstance(item.get(k), _SCALAR) for item in first) for k in losses):
            return True
    return False


def _only_curves(path: Path, value: Json) -> list[tuple[tuple[str, ...], dict[str, Json]]]:
    """A document of nothing but lists of numbers of one length, in a file that is called a history or a log.

    The names then say whose curve it is and not what it measures: {"small": [0.9, 0.5], "large": [0.8, 0.4]}.
    """
    if not isinstance(value, dict) or not value or not _CURVES.search(path.name):
        return []
    lengths = [len(item) if isinstance(item, list) and _is_numbers(item) else 0 for item in value.values()]
    same = set(lengths[:-1] or lengths)  # the last list of a head may be cut
    return [((), value)] if len(same) == 1 and min(same) >= 3 and 0 < lengths[-1] <= max(same) else []


def _is_one_curve(path: Path, value: Json) -> bool:
    """A bare list of numbers, fractions among them, in a file named after a loss: ``json.dump(losses, file)``."""
    if not isinstance(value, list) or len(value) < MIN_CURVE or not is_known_name(path.name.split(".")[0]):
        return False
    return _is_numbers(value) and any(isinstance(item, float) for item in value[:50])


def _from_frame(item: Json) -> Json:
    """A list from {"0": 1.2, "1": 1.1, …}, which is how a pandas frame writes a column."""
    if not isinstance(item, dict) or not item or not all(isinstance(v, _SCALAR) for v in item.values()):
        return item
    if list(item) != [str(n) for n in range(len(item))]:
        return item
    return list(item.values())


def _is_numbers(value: Json) -> bool:
    """A list of numbers, most of which can be read; an empty list says nothing."""
    if not isinstance(value, list) or not value:
        return False
    sample = value[:50]
    good = 0
    for item in sample:
        try:
            number_of(item)
        except ValueError:
            continue
        good += 1
    return (good >= 0.8 * len(sample) and any(item is not None for item in sample)) or all(v is None for v in value)


def _without(document: Json, where: tuple[str, ...]) -> dict[str, Json]:
    """The document without the history and without other lists: what is left are settings."""
    if not isinstance(document, dict):
        return {}
    return {
        key: item
        for key, item in document.items()
        if (not where or key != where[0])
        and not isinstance(item, list)
        and not _find(_from_frame(item), (key,))
        and not isinstance(_from_frame(item), list)
    }


def _log(
    path: Path, where: tuple[str, ...], history: Mapping[str, Json], settings: tuple[Setting, ...], *, cut: bool
) -> Log:
    """The Log of one history; of a ``cut`` one the last list has lost its end, and its length says nothing."""
    import numpy as np

    axis, counts, step_of = _axis(history)
    series: dict[str, RawSeries] = {}
    blank: dict[str, IntArray] = {}
    warnings: list[Warning] = []
    lengths = {key: len(item) for key, item in history.items() if isinstance(item, list) and _is_numbers(item)}
    longest = max(lengths.values(), default=0)
    whole = dict(list(lengths.items())[:-1] if cut and len(lengths) > 1 else lengths)
    steps = _steps(step_of, longest)
    for key in lengths:
        if key == axis:
            continue
        rows, values, blanks, unread = _numbers(history[key])
        if unread:
            warnings.append(
                Warning("unread-cells", f"'{key}': {unread} of {lengths[key]} entries were no numbers and left out")
            )
        if blanks:
            blank[key] = np.array(blanks, dtype=np.int64)
        if rows:
            at = np.array(rows, dtype=np.int64)
            wall = np.full(len(rows), np.nan)
            series[key] = RawSeries(
                key, steps[at], np.array(values), wall, at, axis=counts or _counts(lengths[key], whole)
            )
    nested = {key: item for key, item in history.items() if key not in lengths}
    series.update(series_of(curves_in(nested, "") or lists_in(nested, "")))
    if len(set(whole.values())) > 1:
        text = ", ".join(f"{key} {length}" for key, length in list(lengths.items())[:6])
        warnings.append(
            Warning("uneven-lists", f"the lists are of different length ({text}): each counted from its first epoch")
        )
    return Log(
        path=str(path),
        format=NAME,
        series=series,
        settings=settings,
        warnings=tuple(warnings),
        table=Table(step=steps, wall_time=np.full(longest, np.nan), blank=blank),
        trainer="keras" if "loss" in lengths and counts in ("", "epoch") and len(set(whole.values())) == 1 else None,
        group_hint="/".join(where) or None,
    )


def _counts(length: int, lengths: Mapping[str, int]) -> str:
    """A list is one number an epoch, unless another list of the file is much shorter: then it was filled more often."""
    return "epoch" if length < 3 * min(lengths.values()) or min(lengths.values()) < 2 else "row"


def _axis(history: Mapping[str, Json]) -> tuple[str | None, str, list[float] | None]:
    """The list that counts the epochs or steps, if one does; what it counts; its numbers."""
    keys = sorted((k for k in history if normalise(k) in STEP_RANK), key=lambda k: STEP_RANK[normalise(k)])
    longest = max((len(item) for item in history.values() if isinstance(item, list)), default=0)
    for key in keys:
        item = history[key]
        if not isinstance(item, list) or len(item) < longest:
            continue
        rows, values, blanks, unread = _numbers(item)
        whole = all(abs(v) < 2**53 and v == round(v) for v in values if v == v and abs(v) != float("inf"))
        if len(rows) == len(item) and not blanks and not unread and whole and all(v == v for v in values):
            if len(values) > 1 and any(b < a for a, b in pairwise(values)):
                continue
            return key, STEP_COUNTS[normalise(key)], values
    return None, "", None


def _steps(listed: list[float] | None, n: int) -> IntArray:
    import numpy as np

    return np.arange(n, dtype=np.int64) if listed is None else np.array(listed, dtype=np.int64)


def _numbers(item: Json) -> tuple[list[int], list[float], list[int], int]:
    """Positions and values of the numbers, positions of the nulls, how many entries were neither."""
    rows: list[int] = []
    values: list[float] = []
    blanks: list[int] = []
    unread = 0
    for at, entry in enumerate(item if isinstance(item, list) else ()):
        try:
            value = number_of(entry)
        except ValueError:
            unread += 1
            continue
        if value is None:
            blanks.append(at)
        else:
            rows.append(at)
            values.append(value)
    return rows, values, blanks, unread
