"""Text that no parser knows: output of a training in words of its own, or something that was never a log."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from losslens.errors import LosslensError
from losslens.parsers.opening import MOST_HEAD_BYTES, has_too_long_lines, read_head, text_encoding
from losslens.parsers.printed.short import FEW, is_prose, said_in
from losslens.parsers.printed.windows import records_in
from losslens.parsers.wrapped import output_head
from losslens.patterns import compiled
from losslens.roles.names import words

UNKNOWN = "text in which no line names a number of a training in a way losslens knows"
NOT_A_LOG = "no training log in any format losslens knows"
TOO_SHORT = "too short: it tells the loss of a training at one place at most, or among words"
TOO_WIDE = (
    f"its lines are too long to know a log by: fewer than three end in its first {MOST_HEAD_BYTES >> 20} MiB; "
    "write one record a line"
)
#: Characters of a message that are shown.
MOST_SAID = 160
#: What the output of a job is called.
SUFFIXES = words(".log .txt .out .err") | {""}
#: What tables and records are called: beside the output, the only text that is told of for the length of its lines.
RECORDS = words(".csv .tsv .jsonl .ndjson")
#: Lines of one form that make a file look like the output of a loop.
FEWEST_LINES = 10
#: Share of the lines that this form must have: prose and package lists have lines of all forms.
MOSTLY = 0.3
_NUMBER = compiled(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?|\bnan\b|\binf(?:inity)?\b", re.IGNORECASE)
_FRACTION = compiled(r"\d\.\d|\de[-+]?\d|\bnan\b", re.IGNORECASE)
#: `name==1.2`, `name-1.2.tar.gz`, a path: versions and lists of files.
_NO_COURSE = compiled(r"==|>=|~=|\.(?:gz|whl|zip|jpe?g|png|py|npy|wav|pt)\b|^/|://", re.IGNORECASE)


def could_be_a_log(path: Path) -> bool:
    """Whether ``path`` is text full of lines that differ only in their numbers, fractions among them.

    Reads at most its first 64 KiB; a file that cannot be read is none.
    """
    if path.suffix.lower() not in SUFFIXES:
        return False
    try:
        head = read_head(path)
    except LosslensError:
        return False
    encoding = text_encoding(head)
    if encoding is None:
        return False
    lines = [line.strip() for line in re.split(r"[\r\n]+", head.decode(encoding, errors="replace"))]
    lines = [line for line in lines if line]
    forms = Counter(_NUMBER.sub("#", line) for line in lines if _tells_a_course(line))
    return max(forms.values(), default=0) >= max(FEWEST_LINES, MOSTLY * len(lines))


def is_a_piece_of_output(path: Path) -> bool:
    """Whether a file that was asked for holds a few points of a training and little else, as people paste them."""
    from losslens.parsers.text import tells_a_few_points

    return tells_a_few_points(path, read_head(path))


def is_too_wide(path: Path) -> bool:
    """Whether ``path`` is called as logs are, and its lines are too long to tell whether it is one."""
    if path.suffix.lower() not in SUFFIXES | RECORDS:
        return False
    try:
        return has_too_long_lines(path)
    except LosslensError:
        return False


def why_not_a_log(path: Path) -> str:
    """What to say of a file that was asked for: of a longer output, one epoch or two may have been pasted."""
    if is_too_wide(path):
        return TOO_WIDE
    head = read_head(path)
    if len(head) >= FEW or text_encoding(head) is None:
        return NOT_A_LOG
    text = output_head(head)
    if not is_prose(text) and (said := said_in(path, text)) is not None:
        return f"no loss was read, but line {said.line} says: {said.text[:MOST_SAID]}"
    return TOO_SHORT if records_in(3 * f"{text.rstrip()}\n") else NOT_A_LOG


def _tells_a_course(line: str) -> bool:
    named = bool(re.search(r"[^\W\d_]{2}", _NUMBER.sub(" ", line)))
    return named and bool(_FRACTION.search(line)) and not _NO_COURSE.search(line)
