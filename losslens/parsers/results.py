"""Files of last values: the Trainer's all_results.json and its like, wandb-summary.json. They have no course.

A number that stands once says nothing about when it was reached, and ``train_loss`` in them is the average of the whole
run: none of it is a point of a curve, and none of it is a setting.
"""

from __future__ import annotations

import re
from pathlib import Path

from losslens.model import Log
from losslens.parsers.json_reading import Json, is_one_document, peek
from losslens.patterns import compiled

NAME = "results"

_FILE_NAMES = compiled(
    r"(?:.*[_.-])?(?:all|train|eval|test|predict|final)_results|wandb-summary|(?:train|test|final|best)_metrics",
    re.IGNORECASE,
)
_LAST_VALUES = "wandb-summary"


def sniff(path: Path, head: bytes) -> bool:
    """One object of single values, in a file that is called results or a summary."""
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    if not _FILE_NAMES.fullmatch(stem) or not is_one_document(head):
        return False
    value = peek(head)
    if not isinstance(value, dict) or not value:
        return False
    # The lists of a summary of W&B's are histograms, as they were last.
    return stem == _LAST_VALUES or not any(_is_course(item) for item in value.values())


def parse(path: Path) -> tuple[Log, ...]:
    """A Log of nothing: it says that the file was seen and to which run it belongs."""
    return (Log(str(path), NAME, {}),)


def _is_course(value: Json) -> bool:
    """Lists of several values, or of records, are a history in a file with a modest name."""
    if isinstance(value, dict):
        return any(_is_course(item) for item in value.values())
    return isinstance(value, list) and len(value) > 1
