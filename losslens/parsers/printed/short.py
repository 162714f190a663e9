"""A text too short to be known for output by what it repeats: it tells a NaN, or a loss at two places at least."""

from __future__ import annotations

import re
from pathlib import Path

from losslens.model import Log, LogEvent
from losslens.parsers.axes import is_objective
from losslens.parsers.opening import lines_of, text_encoding
from losslens.parsers.printed.events import Messages
from losslens.parsers.printed.lines import clean, is_source
from losslens.parsers.printed.nan import is_thrown_nan, stops_for_nan
from losslens.parsers.printed.records import IS_LOSS, NAMELESS
from losslens.parsers.printed.told import TOLD
from losslens.parsers.printed.windows import LEAST_RECORDS, MANY_NAMES, OUTPUT_SUFFIXES, records_in
from losslens.parsers.wrapped import output_head
from losslens.patterns import compiled, compiled_bytes

#: Bytes of a text that can be too short.
FEW = 16 * 1024
#: Share of the lines that may be sentences: a paper of notes quotes a log, a log is quoted with a sentence or two.
PROSE = 0.25
#: Characters of a line that tell whether it is a sentence.
LONGEST = 300
_SENTENCE = compiled(r"^\W*(?:[A-Za-z][\w'’,;()/-]* +){6,}[^=|{]*[.?!:]?$")
_MARKUP = compiled(r"^\s*(?:#{1,6} \w|[-*] \w+ \w+ \w+ \w+|\|.*\||```|<\w+>|\.\. \w)")
#: A text without one of these has no loss at a place.
_PLACED = compiled_bytes(
    rb"loss.*(?:epoch|step|iter|batch|%\|)|(?:epoch|step|iter|batch|%\|).*loss", re.IGNORECASE | re.DOTALL
)
#: Share of the lines that lines of a loss without a place must be for a text of nothing else.
NOTHING_ELSE = 0.5
#: The series that say where a line stands, where its place is no step of its own.
EPOCHS = frozenset(["epoch"])
_NAN = compiled_bytes(rb"nan|inf|finite|explod|diverged|minimum|invalid", re.IGNORECASE)


def may_tell_of_a_nan(path: Path, head: bytes) -> bool:
    """Whether a text of few of a training's numbers may say that its loss is not finite, or that it died of that."""
    if path.suffix.lower() not in OUTPUT_SUFFIXES or len(head) >= FEW:
        return False
    return _NAN.search(head) is not None and _may_be_output(path, head) and not is_prose(output_head(head))


def may_tell_of_a_loss(path: Path, head: bytes) -> bool:
    """Whether a text of few of a training's numbers may say at places what its loss is, or that and nothing else."""
    if path.suffix.lower() not in OUTPUT_SUFFIXES or len(head) >= FEW:
        return False
    if _PLACED.search(head) is None and head.lower().count(b"loss") < LEAST_RECORDS:
        return False
    return _may_be_output(path, head)


def _may_be_output(path: Path, head: bytes) -> bool:
    if b"losslens" in head or text_encoding(head) is None:
        return False  # a report of losslens quotes what such a log says
    text = output_head(head)
    said = said_in(path, text)
    # What stands below an exception is a dump of what was wrong: a file of errors is not the course of a training.
    above = text if said is None else "\n".join(lines_of(text)[: said.line])
    # As often as a program would have printed them: what is no line of its numbers then is none now.
    return records_in(LEAST_RECORDS * f"{above.rstrip()}\n")


def shows_nan(log: Log) -> bool:
    """Whether a loss that was printed at its place, or a message at the end, is not finite.

    What stands below the heading of the first epoch, or behind its bar, has a place that counts nothing yet.
    """
    import numpy as np

    placed = any(tag in EPOCHS for tag in log.series)

    losses = [
        one
        for tag, one in log.series.items()
        if IS_LOSS.search(tag) or ((is_objective(tag) or tag == NAMELESS) and one.axis != "row")
    ]
    broken = [(one.axis, int((~np.isfinite(one.value)).sum())) for one in losses]
    if any(count and (placed or axis != "row" or count >= LEAST_RECORDS) for axis, count in broken):
        return True
    return any(warning.code == TOLD for warning in log.warnings)


def shows_a_course(log: Log, head: bytes) -> bool:
    """Whether a loss stands at two places, or on most lines of a text one behind the other.

    What quotes in its sentences lines of a program that name many losses is one as well.
    """
    text = output_head(head)
    lines = sum(bool(line.strip()) for line in lines_of(text))
    losses = [one for tag, one in log.series.items() if IS_LOSS.search(tag)]
    if sum(one.value.size > 1 for one in losses) >= MANY_NAMES:
        return True
    if is_prose(text):
        return False
    if any(one.axis != "row" and len(set(one.step.tolist())) > 1 for one in losses):
        return True
    return any(one.value.size >= max(LEAST_RECORDS, NOTHING_ELSE * lines) for one in losses)


def said_in(path: Path, text: str) -> LogEvent | None:
    """What a text says last of a NaN that a program died of; None where it says nothing of the kind."""
    messages = Messages(path)
    for number, raw in enumerate(lines_of(text), 1):
        if raw and not raw.isspace():
            line = clean(raw)
            messages.take(raw, line.text, number, line.wall_time, 0)
    events = (event for event, _ in reversed(messages.events))
    return next((event for event in events if stops_for_nan(event) or is_thrown_nan(event.text)), None)


def is_prose(text: str) -> bool:
    """Whether a text is notes, a page or a program, of which a log is quoted at most."""
    lines = [line for line in lines_of(text) if line.strip()]
    told = sum(
        bool(_SENTENCE.match(line[:LONGEST]) or _MARKUP.match(line) or is_source(line)) for line in _outside(lines)
    )
    return told > PROSE * len(lines)


def _outside(lines: list[str]) -> list[str]:
    """Lines that are not quoted in a traceback."""
    return [line for above, line in zip(["", *lines], lines, strict=False) if 'File "' not in above]
