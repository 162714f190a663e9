"""Lines of MLPerf's logger, ``:::MLLOG {"key": …, "value": …, "metadata": {…}}``, told as other programs tell theirs.

One object a number: what it is called is its key, what it counts stands in the metadata.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

from losslens.patterns import compiled

MARK = ":::MLLOG "

_LINE = compiled(r"^.{0,200}?:::MLLOG (?=\{)")
#: What the metadata count by, finest first, and what other programs call it.
_PLACES = (
    ("step_num", "step"),
    ("step", "step"),
    ("iteration", "step"),
    ("samples_count", "samples"),
    ("epoch_num", "epoch"),
    ("epoch_count", "epoch"),
)


def as_printed(line: str) -> str:
    """The line as ``<date> epoch 3, eval_accuracy: 0.7`` or, of no place, ``<date> seed: 1``; others are left alone."""
    match = _LINE.match(line)
    if match is None:
        return line
    try:
        said: Any = json.loads(line[match.end() :])
    except (ValueError, RecursionError):
        return line
    if not isinstance(said, dict) or not isinstance(said.get("key"), str):
        return line
    metadata = said.get("metadata")
    place = _place(metadata if isinstance(metadata, dict) else {})
    numbers = ", ".join(f"{name}: {number}" for name, number in _numbers(said["key"], said.get("value")))
    text = ", ".join(part for part in (place, numbers or said["key"]) if part)
    return f"{_moment(said.get('time_ms'))}{text}"


def _place(metadata: dict[str, Any]) -> str:
    for key, name in _PLACES:
        if isinstance(count := metadata.get(key), int | float) and not isinstance(count, bool):
            return f"{name} {count}"
    return ""


def _numbers(key: str, value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(str(name), number) for name, number in value.items() if isinstance(number, int | float)]
    return [(key, value)] if isinstance(value, int | float | str) else []


def _moment(milliseconds: object) -> str:
    if not isinstance(milliseconds, int | float) or not math.isfinite(milliseconds):
        return ""
    try:
        return datetime.fromtimestamp(milliseconds / 1000.0, UTC).strftime("%Y-%m-%d %H:%M:%S ")
    except (OverflowError, OSError, ValueError):
        return ""
