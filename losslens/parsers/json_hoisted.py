"""Records inside an envelope, as the loggers of services write them.

{"event": "metrics", "data": {"step": 4, "loss": 0.5}}

What a logger puts around a record (a time, a level, the kind of event) has no step; the object inside that has one is
the record, whatever the key it stands under. It keeps what stands around it.
"""

from __future__ import annotations

from losslens.parsers.axes import SPLIT_WORDS, STEP_RANK, normalise
from losslens.parsers.json_reading import Json

#: How many envelopes one record is looked for in.
_DEEPEST = 3


def hoisted(record: dict[str, Json], depth: int = _DEEPEST) -> dict[str, Json]:
    """The record without the envelopes around the one object in it that says a step; as it is where none does.

    Under the name of a part of the data ("train", "val") the numbers stay under it, and the step alone comes out.
    """
    if dict not in map(type, record.values()) or not depth or _says_step(record):
        return record
    inside = [name for name, item in record.items() if isinstance(item, dict)]
    opened = {name: hoisted(item, depth - 1) for name in inside if isinstance(item := record[name], dict)}
    told = [name for name, item in opened.items() if _steps_of(item)]
    if len(told) != 1 or not _measures(opened[told[0]]):
        return record
    name, item = told[0], opened[told[0]]
    out = {key: value for key, value in record.items() if key != name}
    if name.lower() in SPLIT_WORDS:
        steps = _steps_of(item)
        return out | {step: item[step] for step in steps} | {name: {k: v for k, v in item.items() if k not in steps}}
    return out | item


def _says_step(record: dict[str, Json]) -> bool:
    return any(_is_step(name, value) for name, value in record.items())


def _steps_of(record: dict[str, Json]) -> list[str]:
    """The keys of an object that say a step or an epoch by a whole number."""
    return [name for name, value in record.items() if _is_step(name, value)]


def _is_step(name: str, value: Json) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value // 1:
        return False
    return normalise(name) in STEP_RANK


def _measures(record: dict[str, Json]) -> bool:
    """Whether an object holds, beside its steps, a number or an object."""
    steps = _steps_of(record)
    return any(
        name not in steps
        and (isinstance(value, dict) or (isinstance(value, int | float) and not isinstance(value, bool)))
        for name, value in record.items()
    )
