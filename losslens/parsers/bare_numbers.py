"""Output whose only numbers stand alone on their lines: what ``print(loss.item())`` leaves among other lines.

Asked when nothing else knows the text: a file of numbers and nothing else is a table of one column.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Log, RawSeries, Warning
from losslens.parsers import messages
from losslens.parsers.number_rows import is_course, says_a_loss
from losslens.parsers.opening import HEAD_BYTES, lines_of
from losslens.parsers.printed.windows import OUTPUT_SUFFIXES
from losslens.parsers.wrapped import output_file, output_head
from losslens.patterns import compiled

NAME = "bare-numbers"

#: Lines of a number alone in a file named after a loss, and in any other.
FEWEST_NAMED, FEWEST = 5, 8
#: Share of the lines that they are, where an output is not long enough to be known by them.
MOSTLY, MANY = 0.4, 100
_NUMBER = compiled(
    r"[-+]?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.\d+(?:[eE][-+]?\d+)?|nan|-?inf)", re.IGNORECASE
)
#: In a file called after a loss that holds nothing else they may be whole: sums over a data set, rounded costs.
_WHOLE = compiled(r"[-+]?\d{1,15}|nan|-?inf", re.IGNORECASE)
_COST = compiled(r"(?<![a-z])(?:loss(?:es)?|costs?)(?![a-z])", re.IGNORECASE)
LEAST_DIFFERENT = 5


def sniff(path: Path, head: bytes) -> bool:
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        return False
    lines = [line for line in lines_of(output_head(head)) if line.strip()]
    if len(head) >= HEAD_BYTES:
        lines = lines[:-1]
    lines = [line.strip() for line in lines]
    alone = [float(line) for line in lines if _NUMBER.fullmatch(line)]
    named = says_a_loss(path)
    if _are_whole(path, lines):
        return is_course(list(map(float, lines)), named=True)
    if len(alone) < (FEWEST_NAMED if named else FEWEST) or len(alone) < min(MANY, MOSTLY * len(lines)):
        return False
    return is_course(alone, named=named, printed=True)


def parse(path: Path) -> tuple[Log, ...]:
    """One Log of one series, named after the file, and what is said around it. Raises NotALogError without a number."""
    import numpy as np

    values = array("d", _alone(path))
    if not len(values):
        raise NotALogError(f"{path}: no line of it is a number")
    value, row = np.array(values), np.arange(len(values), dtype=np.int64)
    tag = path.name.split(".")[0]
    series = {tag: RawSeries(tag, row, value, np.full(value.size, np.nan), row, axis="row")}
    text = "numbers were printed without a name or a step: they are counted, and named after the file"
    events = tuple(event for log in messages.parse(path) for event in log.events)
    return (Log(str(path), NAME, series, events=events, warnings=(Warning("no-step", text),)),)


def _are_whole(path: Path, lines: Sequence[str]) -> bool:
    """Whether a file called after a loss holds whole numbers alone, which neither count nor are a few labels."""
    if not _COST.search(path.stem) or not all(map(_WHOLE.fullmatch, lines)):
        return False
    numbers = [float(line) for line in lines]
    finite = [number for number in numbers if isfinite(number)]
    return len(set(finite)) >= LEAST_DIFFERENT and any(b < a for a, b in pairwise(finite))


def _alone(path: Path) -> Iterator[float]:
    file = output_file(path)
    whole = _are_whole(path, [line.strip() for line in lines_of(output_head(file.head))[:-1] if line.strip()])
    form = _WHOLE if whole else _NUMBER
    for block in file.blocks():
        for line in lines_of(block):
            if form.fullmatch(line.strip()):
                yield float(line)
