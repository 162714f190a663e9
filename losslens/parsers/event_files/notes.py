"""What an event file says besides its scalars: sessions, checkpoints, messages, settings, when it was begun."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from losslens.model import LogEvent, Setting
from losslens.parsers.event_files.events import CHECKPOINT, START, STOP, Event, Value

_MOST_MESSAGES = 10_000


@dataclass(slots=True)
class Notes:
    """Takes the unusual events of a file one by one and keeps what matters of them."""

    path: Path
    first_time: float | None = None
    """Wall time of the file's header."""
    _starts: list[int] = field(default_factory=list)
    """Rows at which a session or a file began."""
    _events: list[tuple[int, LogEvent]] = field(default_factory=list)
    _hparams: list[Value] = field(default_factory=list)
    _texts: dict[str, Value | None] = field(default_factory=dict)
    """Tag -> its text; None once it has changed: then it is a sample, not a setting."""

    def take(self, events: Iterable[tuple[int, Event]]) -> None:
        for row, event in events:
            if event.file_version:
                self._starts.append(row)
                if self.first_time is None and event.wall_time > 0:
                    self.first_time = event.wall_time
            elif event.session_status or event.text:
                self._take_message(row, event)
            for value in event.values:
                if value.plugin == "hparams":
                    self._hparams.append(value)
                elif value.texts:
                    known = self._texts.setdefault(value.tag, value)
                    if known is not None and known.texts != value.texts:
                        self._texts[value.tag] = None

    def restarts(self, first_scalar: int) -> tuple[int, ...]:
        """Rows at which a session or a file began again, after scalars had been written."""
        return tuple(row for row in self._starts if row > first_scalar)

    def log_events(self, first_scalar: int) -> tuple[LogEvent, ...]:
        """What happened, in file order; the start of the first session is no restart."""
        return tuple(event for row, event in self._events if event.kind != "restart" or row > first_scalar)

    def settings(self) -> tuple[Setting, ...]:
        texts = [value for value in self._texts.values() if value is not None]
        if not texts and not self._hparams:
            return ()
        from losslens.parsers.event_files.settings import settings_of  # only where there are any

        return settings_of(self._hparams, texts, self.path)

    def _take_message(self, row: int, event: Event) -> None:
        kind, text = "message", event.text
        if event.session_status == START:
            self._starts.append(row)
            kind, text = "restart", text or "session started"
        elif event.session_status == STOP:
            text = text or "session stopped"
        elif event.session_status == CHECKPOINT:
            kind, text = "checkpoint", text or "checkpoint saved"
        if text and len(self._events) < _MOST_MESSAGES:
            self._events.append((row, LogEvent(kind, text, str(self.path), event.step, event.wall_time or None)))
