"""A cheap look at the first and last lines of table-like files: enough to tell runs side by side from parts of one."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from losslens.patterns import compiled

#: How much of each end is read (bytes). A header of a thousand columns fits.
END_BYTES = 64 * 1024
#: Rows and records looked at, at each end.
FIRST = 40
#: A part begins at most this many intervals behind the end of the one before, and at least so many behind its start.
NEAR, LATER = 3.0, 2.0
#: A log that begins by more than this share of the other's way behind its end goes on with none of its name.
LEAP = 0.25
#: A NumPy file names no columns.
_ARRAY = b"\x93NUMPY"
_STEP_NAMES = compiled(
    r"(?:global_?|train_?|num_?|current_?)?(?:steps?|iter(?:ation)?s?|epochs?|updates)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Column names and the first and last step of a file, as far as its two ends show them."""

    columns: tuple[str, ...]
    first_step: float | None
    last_step: float | None
    opening: bytes
    """The first 64 KiB: what one of two files begins with in full is a copy, or an earlier state of the other."""
    interval: float = 0.0
    """The usual distance of two steps at the start; 0 when it is not known."""


def glimpse(path: Path) -> Glimpse:
    """Both ends of ``path``. A file that cannot be read so gives an empty one; nothing is raised."""
    try:
        head, tail = _ends(path)
    except (OSError, EOFError):
        return Glimpse((), None, None, b"")
    if head.startswith(_ARRAY):
        return Glimpse((), None, None, head)
    first_lines = _lines(head)
    last_lines = _lines(tail)
    if not first_lines:
        return Glimpse((), None, None, head)
    if first_lines[0].lstrip().startswith("{"):
        return _of_records(first_lines, last_lines, head)
    return _of_table(first_lines, last_lines, head)


def lines_of_ends(path: Path) -> tuple[list[str], list[str]]:
    """The whole lines of the first and of the last 64 KiB of ``path``; none when it cannot be read."""
    try:
        head, tail = _ends(path)
    except (OSError, EOFError):
        return [], []
    first = _lines(head)
    if len(head) < END_BYTES or not tail:
        return first, first
    return first[:-1], _lines(tail)[1:]


def _ends(path: Path) -> tuple[bytes, bytes]:
    with open(path, "rb") as file:
        head = file.read(END_BYTES)
        if head[:2] == b"\x1f\x8b":
            with gzip.open(path, "rb") as unpacked:
                head = unpacked.read(END_BYTES)
            return head, b""
        size = file.seek(0, 2)
        file.seek(max(0, size - END_BYTES))
        return head, file.read(END_BYTES)


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", errors="replace")
    return [line for line in text.splitlines() if line.strip()]


def _of_table(first: list[str], last: list[str], head: bytes) -> Glimpse:
    delimiter = max(",;\t|", key=first[0].count)
    columns = tuple(cell.strip().strip('"') for cell in first[0].split(delimiter))
    at = next((i for i, name in enumerate(columns) if _STEP_NAMES.fullmatch(name)), None)
    if at is None or len(first) < 2:
        return Glimpse(columns, None, None, head)
    begun = [cell for line in first[1:FIRST] if (cell := _cell(line, delimiter, at)) is not None]
    end = _cell(last[-1], delimiter, at) if last else None
    return Glimpse(columns, _cell(first[1], delimiter, at), end, head, _interval(begun))


def _cell(line: str, delimiter: str, at: int) -> float | None:
    cells = line.split(delimiter)
    try:
        return float(cells[at].strip().strip('"').replace(",", "."))
    except (IndexError, ValueError):
        return None


def _of_records(first: list[str], last: list[str], head: bytes) -> Glimpse:
    """Of the keys that count steps the one that every training record has; validation records may count epochs."""
    begun, ended = [_record(line) for line in first[:FIRST]], [_record(line) for line in last[-FIRST:]]
    one = next((record for record in begun if _counts(record)), {})
    columns = tuple(one or begun[0])
    if not one:
        return Glimpse(columns, None, None, head)
    at = _counts(one)[0]
    heads, tails = (
        [n for r in part if r.keys() >= one.keys() and (n := _number(r[at])) is not None] for part in (begun, ended)
    )
    if at in ("iter", "iteration") and any(b < a for a, b in pairwise(heads)) and "epoch" in one:
        # A count within the epoch says less than the epoch.
        heads, tails = ([n for r in part if (n := _number(r.get("epoch"))) is not None] for part in (begun, ended))
    if not heads or not tails:
        return Glimpse(columns, None, None, head)
    return Glimpse(columns, heads[0], tails[-1], head, _interval(heads))


def _counts(record: Mapping[str, object]) -> list[str]:
    """The keys that count steps, epochs last."""
    names = [name for name in record if _STEP_NAMES.fullmatch(name) and _number(record[name]) is not None]
    return sorted(names, key=lambda name: name.lower().startswith("epoch"))


def _interval(steps: Sequence[float]) -> float:
    gaps = [b - a for a, b in pairwise(steps) if b > a]
    return float(median(gaps)) if gaps else 0.0


def _record(line: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def leaps(first: float, last: float, begun: float, interval: float) -> bool:
    """Whether what begins at ``begun`` does so far behind the end of parts that reach from ``first`` to ``last``."""
    return begun > last + max(NEAR * interval, LEAP * (last - first))


def goes_on(first: float, last: float, begun: float, interval: float) -> bool:
    """Whether what begins at ``begun`` goes on with parts that reach from ``first`` to ``last``: other runs begin where
    they began, the next part of the same run later, at or before the place where they ended."""
    return first + LATER * interval <= begun <= last + NEAR * interval
