"""What a program printed, as trackers store it beside its numbers: in pieces, of several streams.

The messages are kept (tracebacks, out of memory, NaN), the numbers are not: they stand in what was logged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from losslens.model import LogEvent, Warning
from losslens.parsers.printed.events import Messages
from losslens.parsers.printed.lines import clean

#: A line that was printed in longer pieces than this is a progress bar without an end.
_MAX_LINE = 64 << 10


class StoredOutput:
    def __init__(self, path: Path) -> None:
        self._messages = Messages(path)
        self._printed: dict[str, str] = {}
        self._lines = 0

    def take(self, stream: str, text: str, time: float | None, place: int) -> None:
        """A piece that was printed after ``place`` rows were logged."""
        *whole, rest = re.split(r"[\r\n]+", self._printed.get(stream, "") + text)
        self._printed[stream] = rest[-_MAX_LINE:]
        for raw in whole:
            self._lines += 1
            if raw.strip():
                self._messages.take(raw, clean(raw).text, self._lines, time, place)

    def events(self, step_before: Callable[[int], int | None]) -> list[LogEvent]:
        """The messages, each with the step of the row before it."""
        return [replace(event, step=step_before(place), line=None) for event, place in self._messages.events]

    def warnings(self) -> list[Warning]:
        return self._messages.warnings()
