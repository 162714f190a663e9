"""How a tracker says that a run ended badly: by a word, or by the code with which its program ended.

Neither says why. What the program printed does, where that was kept: a code that no signal gave is the end of a program
that failed, not of one that was killed.
"""

from __future__ import annotations

import re
import signal
from contextlib import suppress
from pathlib import Path

from losslens.model import LogEvent
from losslens.parsers.printed.events import EVENTS
from losslens.patterns import compiled

_KILLED = compiled(r"(?<![a-z])(?:was|is) killed", re.IGNORECASE)
#: What the words of an error may say of why a run ended.
_REASONS = frozenset(["out-of-memory", "hardware", "nccl", "preemption", "interrupted", "killed"])
#: Shells and containers give the number of the signal that ended a program behind this.
_SIGNALLED, _LAST_SIGNAL = 128, 31
#: W&B's code of a program that was interrupted at the keyboard.
_INTERRUPTED = 255


def ended_as(text: str, source: Path, step: int | None = None) -> LogEvent:
    """A run that its tracker calls failed, crashed or killed, with what it says of why."""
    kinds = [kind for kind, pattern in EVENTS if kind in _REASONS and pattern.search(text)]
    kind = "killed" if _KILLED.search(text) else next(iter(kinds), "failed")
    return LogEvent(kind, text[:300], str(source), step)


def ended_with(code: int, source: Path) -> LogEvent:
    """The end of a program by its exit code, as W&B keeps it."""
    number = -code if code < 0 else code - _SIGNALLED
    told = f"exit code {code}"
    if code == 0:
        return LogEvent("finished", "finished", str(source))
    if code == _INTERRUPTED or number == signal.SIGINT:
        return LogEvent("interrupted", told, str(source))
    if 0 < number <= _LAST_SIGNAL and code != -1:
        with suppress(ValueError):  # a signal that this system does not have
            told += f", {signal.Signals(number).name}"
        return LogEvent("killed", told, str(source))
    return LogEvent("failed", told, str(source))
