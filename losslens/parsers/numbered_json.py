"""Folders with one JSON file an epoch, each a record of numbers: AllenNLP writes ``metrics_epoch_3.json``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from losslens.errors import LosslensError, NotALogError
from losslens.model import Log, Warning
from losslens.parsers.assemble import Assembly
from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.parsers.columns import Columns
from losslens.parsers.json_reading import Json, flatten, read_document, tells_number
from losslens.parsers.opening import read_head
from losslens.patterns import compiled

NAME = "numbered-json"

_NUMBERED = compiled(r"(?P<stem>.*?)(?P<word>epoch|step|iter(?:ation)?|round)?[_.-]?(?P<number>\d{1,12})\.json", re.I)
_OF_A_TRAINING = compiled(r"metric|epoch|step|iter|train|eval|valid|stat|loss|log|result", re.IGNORECASE)
#: Fewer files are no course; larger ones (bytes) hold more than the numbers of an epoch.
LEAST_FILES, MOST_BYTES = 3, 1 << 16


def sniff(path: Path, head: bytes) -> bool:
    """One file is a record and no course."""
    return False


def claims(path: Path, names: Sequence[str]) -> bool:
    """Whether three or more files of one name and a number each hold numbers of a training."""
    files = _files(names)
    if len(files) < LEAST_FILES:
        return False
    return all(_is_record(path / name) for name in (files[0][1], files[-1][1]))


def owns(path: Path, name: str) -> bool:
    match = _NUMBERED.fullmatch(name)
    return match is not None and bool(_OF_A_TRAINING.search(name)) and _is_record(path / name)


def parse(path: Path) -> tuple[Log, ...]:
    """One Log, a row a file. Raises NotALogError when no file of the folder can be read."""
    files = _files([entry.name for entry in path.iterdir()])
    columns = Columns()
    unread = 0
    for number, name in files:
        record = _record(path / name)
        if record is None:
            unread += 1
            continue
        if not any(normalise(key) in STEP_RANK for key in record):
            word = _NUMBERED.fullmatch(name)
            record = {(word["word"] if word and word["word"] else "epoch").lower(): number, **record}
        columns.add_record(record)
    if not columns.n_rows:
        raise NotALogError(f"{path}: no file of it holds numbers")
    warnings = [Warning("unreadable-files", f"{unread} of {len(files)} files could not be read")] if unread else []
    return Assembly(path, NAME, columns).logs(warnings=warnings)


def _files(names: Sequence[str]) -> list[tuple[int, str]]:
    """The numbered files of the name that most of them have, by number."""
    matches = [m for name in names if _OF_A_TRAINING.search(name) and (m := _NUMBERED.fullmatch(name))]
    if not matches:
        return []
    stem, _ = Counter(m["stem"] for m in matches).most_common(1)[0]
    return sorted((int(m["number"]), m[0]) for m in matches if m["stem"] == stem)


def _is_record(file: Path) -> bool:
    """Whether a file is one small dict that holds a number under a name of trainings."""
    record = _record(file)
    return record is not None and any(
        is_known_name(key) and normalise(key) not in STEP_RANK and tells_number(value) for key, value in record.items()
    )


def _record(file: Path) -> dict[str, Json] | None:
    try:
        if not read_head(file).lstrip().startswith(b"{") or file.stat().st_size > MOST_BYTES:
            return None
        value = read_document(file).value
    except (LosslensError, OSError):
        return None
    if not isinstance(value, dict):
        return None
    return {name: item for name, item in flatten(value) if not isinstance(item, list)}
