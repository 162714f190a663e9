"""JSON documents of records: a list of them, lists by name, a record a step, a pandas frame, TensorBoard's download."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Damage, Log, Setting
from losslens.parsers.assemble import Assembly
from losslens.parsers.axes import SPLIT_WORDS, STEP_RANK, TAG_COLUMNS, VALUE_COLUMNS, is_known_name, normalise
from losslens.parsers.columns import Columns
from losslens.parsers.csv import name_value
from losslens.parsers.envelopes import opened
from losslens.parsers.json_curves import Curve, curves_in, lists_in, series_of
from losslens.parsers.json_reading import Document, Json, flatten, number_of, peek, read_document, tells_number
from losslens.parsers.settings import flat_settings
from losslens.parsers.things import names_things
from losslens.patterns import compiled

NAME = "json-records"

_STEP_KEY = compiled(r"(?:(epoch|step|iter|iteration|round|fold)[ _-]?)?(\d+)", re.IGNORECASE)
_WEIGHTS = (".onnx", ".nn", ".pt", ".pth", ".ckpt", ".h5", ".safetensors", ".zip")
_TENSORBOARD_FILE = compiled(r"(?:run[-_])?(?P<run>.*?)[-_]tag[-_](?P<tag>.+)")

Records = list[dict[str, Json]]

LEAST_COURSE = 3
"""Fewer records than this are no course of a training that is compared with another."""


def sniff(path: Path, head: bytes) -> bool:
    value = opened(peek(head))
    return bool(_triples(value) or curves_in(value, _stem(path)) or _found(value) or lists_in(value, _stem(path)))


def parse(path: Path) -> tuple[Log, ...]:
    """The Logs of one document. Raises NotALogError when it holds no records, ParseError when it is broken."""
    return logs_of(path, read_document(path))


def logs_of(path: Path, read: Document, *, format: str = NAME) -> tuple[Log, ...]:
    """The Logs of a document that was read. Raises NotALogError when it holds no records."""
    document = opened(read.value)
    triples = _triples(document)
    if triples:
        return _tensorboard_download(path, triples, read.damage)
    curves = curves_in(document, _stem(path))
    found = [] if curves else _found(document)
    if curves := curves or ({} if found else lists_in(document, _stem(path))):
        return (_of_curves(path, document, curves, read.damage),)
    if not found:
        raise NotALogError(f"{path}: no records with numbers in it")
    settings: tuple[Setting, ...] = ()
    if isinstance(document, dict):
        settings = flat_settings({k: v for k, v in document.items() if _is_setting(v)}, path)
    logs: list[Log] = []
    courses: list[tuple[str | None, list[tuple[str, Records]]]] = [(None, found)]
    if trainings := _trainings(document):
        courses = [(key, [("", records)]) for key, records in trainings.items()]
    for hint, lists in courses:
        columns = Columns()
        for prefix, records in lists:
            for record in records:
                columns.add_record({_name(prefix, name): value for name, value in flatten(record) if _is_plain(value)})
        assembly = Assembly(path, format, columns)
        name_value(assembly, path)
        named = any("loss" in name.lower() for name in columns.by_name)
        if assembly.axis.counts == "row" and not named and (thing := names_things(columns)) is not None:
            raise NotALogError(f"{path}: each record has its own '{thing}': a table of things, not of steps")
        logs.extend(assembly.logs(settings=settings, damage=read.damage, group_hint=hint))
    return tuple(logs)


def _of_curves(path: Path, document: Json, curves: Mapping[str, Curve], damage: tuple[Damage, ...]) -> Log:
    plain = {k: v for k, v in document.items() if not isinstance(v, list | dict)} if isinstance(document, dict) else {}
    return Log(str(path), NAME, series_of(curves), settings=flat_settings(plain, path), damage=damage)


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def _name(prefix: str, name: str) -> str:
    """Counters keep their own name, so that all records share one axis."""
    return f"{prefix}/{name}" if prefix and normalise(name) not in STEP_RANK else name


def _is_plain(value: Json) -> bool:
    return not isinstance(value, list) or len(value) == 1


def _is_setting(value: Json) -> bool:
    return not isinstance(value, list) and not (isinstance(value, dict) and _found(value))


def _found(value: Json, depth: int = 0) -> list[tuple[str, Records]]:
    """(prefix, records) of every list of records; the prefix is the split they stand under."""
    if isinstance(value, list):
        return [("", value)] if _are_records(value) else []  # type: ignore[list-item]
    if not isinstance(value, dict) or depth > 2:
        return []
    by_step = _by_step(value)
    if by_step:
        return [("", by_step)]
    frame = _frame(value)
    if frame:
        return [("", frame)]
    by_tag = _by_tag(value)
    if by_tag:
        return [("", by_tag)]
    found: list[tuple[str, Records]] = []
    keys: list[str] = []
    for key, item in value.items():
        for prefix, records in _found(item, depth + 1):
            own = key if key.lower() in SPLIT_WORDS else ""
            found.append(("/".join(part for part in (own, prefix) if part), records))
            keys.append(key)
    return found if _told_apart(found) else _of_one_course(found, keys)


def _told_apart(found: list[tuple[str, Records]]) -> bool:
    return len({prefix for prefix, _ in found}) == len(found)


def _of_one_course(found: list[tuple[str, Records]], keys: list[str]) -> list[tuple[str, Records]]:
    """Of lists that stand side by side without a split of their own, those that are parts of one course: named by the
    split in their key (eval_history), or with no metric that another has; else the first of them."""
    named = [(prefix or _split_in(key), records) for (prefix, records), key in zip(found, keys, strict=True)]
    if _told_apart(named):
        return named
    kept: list[tuple[str, Records]] = []
    taken: set[str] = set()
    for prefix, records in found:
        metrics = {_name(prefix, name) for name in _metrics(records)}
        if not metrics & taken:
            kept.append((prefix, records))
            taken |= metrics
    return kept


def _split_in(key: str) -> str:
    """The split that a key of several words names: eval of eval_history, "" of loss_history."""
    words = re.split(r"[ _.\-]+", key.lower())
    return next((word for word in (words[0], words[-1]) if len(words) > 1 and word in SPLIT_WORDS), "")


def _metrics(records: Records) -> set[str]:
    names = {name for record in records[:40] for name, value in flatten(record) if tells_number(value)}
    return {name for name in names if normalise(name) not in STEP_RANK}


def _trainings(value: Json, depth: int = 0) -> dict[str, Records]:
    """Lists of records by the names of trainings that are compared: ``{"sgd": [{"epoch": 1, …}, …], "adam": …}``.

    All say the same of themselves, a loss among it, and none stands under the name of a split.
    """
    if not isinstance(value, dict) or depth > 1:
        return {}
    lists = {key: item for key, item in value.items() if isinstance(item, list) and item and isinstance(item[0], dict)}
    if len(lists) < 2:
        inner = [item for item in value.values() if isinstance(item, dict)]
        return _trainings(inner[0], depth + 1) if len(inner) == 1 and not lists else {}
    records: dict[str, Records] = {key: item for key, item in lists.items() if _are_records(item)}  # type: ignore[misc]
    if len(records) < len(lists) or any(key.lower() in SPLIT_WORDS or _split_in(key) for key in lists):
        return {}
    said = [_metrics(each) for each in records.values()]
    alike = all(len(each) >= LEAST_COURSE for each in records.values()) and all(one == said[0] for one in said)
    return records if alike and any("loss" in name.lower() for name in said[0]) else {}


def _are_records(items: list[Json]) -> bool:
    """Dicts, most of them with numbers, at least one number under a name that training logs use."""
    sample = items[:40]
    records = [item for item in sample if isinstance(item, dict)]
    if not records or len(records) < 0.9 * len(sample):
        return False
    names = [name for record in records for name, value in flatten(record) if tells_number(value)]
    metrics = {name for name in names if normalise(name) not in STEP_RANK}
    if all(map(_names_weights, records)) and not any("loss" in name.lower() for name in metrics):
        return False  # a list of what was saved, as ML-Agents keeps it
    counts = {normalise(name) for name in names} & STEP_RANK.keys()
    if any(is_known_name(name) for name in metrics) or _are_points(records):
        return True
    if counts and {normalise(name) for name in metrics} & VALUE_COLUMNS:
        return True
    return len(records) >= 3 and bool(metrics) and any(counts_up(records, name) for name in records[0])


def _are_points(records: Records) -> bool:
    """Whether records name what they measured, and that again and again: {"metric_name": "loss", "value": 2.31}."""
    said: Counter[str] = Counter()
    for record in records:
        cells = {normalise(name): value for name, value in flatten(record)}
        named = [word for name in TAG_COLUMNS if isinstance(word := cells.get(name), str) and is_known_name(word)]
        if any(tells_number(value) for name, value in cells.items() if name in VALUE_COLUMNS):
            said.update(named[:1])
    return max(said.values(), default=0) >= LEAST_COURSE


def _names_weights(record: dict[str, Json]) -> bool:
    return any(isinstance(value, str) and value.endswith(_WEIGHTS) for value in record.values())


def counts_up(records: list[dict[str, Json]], name: str) -> bool:
    """Whether a key counts the records: a step's name, in each of them, and higher each time."""
    if normalise(name) not in STEP_RANK:
        return False
    values = [record.get(name) for record in records]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return len(numbers) == len(records) and all(after > before for before, after in pairwise(numbers))


def _rises(steps: Sequence[Json]) -> bool:
    try:
        numbers = [number_of(step) for step in steps]
    except ValueError:
        return False
    return all(a is not None and b is not None and a < b for a, b in pairwise(numbers))


def _by_step(value: Mapping[str, Json]) -> Records:
    """Records from {"1": {"loss": …}, "2": {…}} or {"epoch_1": {…}}."""
    if len(value) < 2:
        return []
    records: Records = []
    for key, item in value.items():
        match = _STEP_KEY.fullmatch(key)
        if match is None or not isinstance(item, dict):
            return []
        word = (match.group(1) or "step").lower()
        if word in ("fold", "round"):
            return []
        records.append({word: int(match.group(2)), **item} if len(match.group(2)) < 16 else item)
    return records if _are_records(records) else []  # type: ignore[arg-type]


def _by_tag(value: Mapping[str, Json]) -> Records:
    """Records from {"loss": {"10": 2.3, "20": 2.1}, …} or {"loss": [[10, 2.3], [20, 2.1]], …}."""
    records: Records = []
    for tag, item in value.items():
        pairs: list[tuple[Json, Json]] = []
        if isinstance(item, dict) and len(item) > 1 and all(re.fullmatch(r"\d{1,15}", key) for key in item):
            pairs = [(int(key), number) for key, number in item.items()]
        elif isinstance(item, list) and len(item) > 1 and all(isinstance(p, list) and len(p) == 2 for p in item):
            pairs = [(pair[0], pair[1]) for pair in item if isinstance(pair, list)]
            if not _rises([pair[0] for pair in pairs]):
                continue
        if not pairs or not all(tells_number(step) for step, _ in pairs):
            continue
        if not is_known_name(tag) or normalise(tag) in STEP_RANK:
            continue
        if any(isinstance(number, dict | list) for _, number in pairs):
            continue
        records.extend({"step": step, tag: number} for step, number in pairs)
    return records


def _frame(value: Mapping[str, Json]) -> Records:
    """Records from a pandas frame with orient "split", "table" or, where it has a column that counts, "columns"."""
    if any(normalise(key) in STEP_RANK for key in value) and (columns := _columns(value)):
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        records = [dict(zip(map(str, names), row, strict=False)) for row in rows if isinstance(row, list)]
        return records if _are_records(records) else []  # type: ignore[arg-type]
    return []


def _columns(value: Mapping[str, Json]) -> dict[str, list[Json]]:
    """{"step": {"0": 10, "1": 20}, "loss": {"0": 2.3, "1": 2.1}}: the columns; none where their rows differ."""
    columns = [item for item in value.values() if isinstance(item, dict)]
    rows = columns[0].keys() if columns else ()
    if len(columns) < max(2, len(value)) or len(rows) < 2 or any(column.keys() != rows for column in columns):
        return {}
    if list(rows) != [str(n) for n in range(len(rows))]:
        return {}
    found: dict[str, list[Json]] = {key: list(item.values()) for key, item in value.items() if isinstance(item, dict)}
    return {} if any(isinstance(cell, dict | list) for column in found.values() for cell in column) else found


def _triples(value: Json) -> list[list[float]]:
    """[wall time, step, value] of TensorBoard's JSON download of one curve."""
    if not isinstance(value, list) or not value:
        return []
    triples: list[list[float]] = []
    for item in value:
        if not isinstance(item, list) or len(item) != 3:
            return []
        try:
            numbers = [number_of(part) for part in item]
        except ValueError:
            return []
        if numbers[0] is None or numbers[1] is None or not 1e9 < numbers[0] < 4.1e9:
            return []
        triples.append([part if part is not None else float("nan") for part in numbers])
    return triples


def _tensorboard_download(path: Path, triples: list[list[float]], damage: Sequence[Damage]) -> tuple[Log, ...]:
    stem = path.name.removesuffix(".gz").removesuffix(".json")
    match = _TENSORBOARD_FILE.fullmatch(stem)
    tag = match["tag"] if match else stem
    columns = Columns()
    for wall, step, number in triples:
        columns.add_record({"wall_time": wall, "step": step, tag: number})
    run = match["run"] if match and match["run"] not in ("", ".") else None
    return Assembly(path, NAME, columns, wanted_axis="step").logs(damage=damage, group_hint=run)
