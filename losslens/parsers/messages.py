"""Output without numbers: the stderr of a job, a scheduler's file that says no more than how the job ended.

Never a run of its own: its messages go to the run beside it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from losslens.model import Log
from losslens.parsers.opening import HEAD_BYTES, lines_of, text_encoding
from losslens.parsers.printed.events import TRACEBACK, Messages, event_kind
from losslens.parsers.printed.lines import clean
from losslens.parsers.wrapped import output_file, output_head
from losslens.patterns import compiled

NAME = "messages"

READ_WHOLE_BYTES = 8 << 20
"""Of a larger file the end is read: there a job says what it died of."""
#: What output is called; notes, requirements and word lists are text too.
_OUTPUT = compiled(
    r".*\.(?:log|out|err|stdout|stderr|[oe]\d+(?:[.-]\d+)?)(?:\.gz)?"
    r"|(?:nohup|stdout|stderr|output|console|error|std_?(?:out|err)|slurm|job|run|train)[\w.-]*(?:\.txt)?",
    re.IGNORECASE,
)
#: Messages that tell what became of a job; others ("checkpoint saved") come from any program.
_NUMBER = compiled(r"\d+")
_TELLING = frozenset(
    ["out-of-memory", "hardware", "nccl", "preemption", "interrupted", "killed", "nan-message", "overflow"]
)


def sniff(path: Path, head: bytes) -> bool:
    """True for output that says in its head or tail how a job fared."""
    if not _OUTPUT.fullmatch(path.name) or text_encoding(head) is None:
        return False
    lines = (line for part in (head, _tail(path, head)) for line in lines_of(output_head(part)))
    # What differs in its numbers alone says the same.
    return any(_tells(line) for line in {_NUMBER.sub("0", line): line for line in lines}.values())


def parse(path: Path) -> tuple[Log, ...]:
    """One Log with events and no series; of a long file the last 8 MiB."""
    messages = Messages(path)
    for number, raw in _lines(path):
        line = clean(raw)
        messages.take(raw, line.text, number, line.wall_time, 0)
    events = tuple(event for event, _ in messages.events)
    return (Log(str(path), NAME, {}, events=events, warnings=tuple(messages.warnings())),)


def _tells(line: str) -> bool:
    return TRACEBACK in line or event_kind(line) in _TELLING


def _tail(path: Path, head: bytes) -> bytes:
    if len(head) < HEAD_BYTES or path.suffix == ".gz":
        return b""
    with path.open("rb") as file:
        file.seek(max(HEAD_BYTES, os.fstat(file.fileno()).st_size - HEAD_BYTES))
        return file.read(HEAD_BYTES)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank with their numbers, which count from the end's first where only the end is read."""
    size = path.stat().st_size
    number = 0
    if size > READ_WHOLE_BYTES and path.suffix != ".gz":
        with path.open("rb") as file:
            file.seek(size - READ_WHOLE_BYTES)
            blocks: Iterator[str] = iter([file.read(READ_WHOLE_BYTES).decode("utf-8", "replace")])
    else:
        blocks = output_file(path).blocks()
    for block in blocks:
        for raw in lines_of(block):
            number += 1
            if raw and not raw.isspace():
                yield number, raw
