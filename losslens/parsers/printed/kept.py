"""What was read of an output so far: records, settings and messages, and where each stands among the others.

Some of it turns out later to be something else: a point that was taken for a setting, a setting for a point, a result
of a whole training for a record. Then the records change, and what stands between them must keep its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

from losslens.model import Setting
from losslens.parsers.printed.events import Messages
from losslens.parsers.printed.records import Record
from losslens.parsers.printed.starts import begins_at
from losslens.parsers.printed.trainings import Headings


class Kept:
    """The records of an output in their order; messages and headings stand behind so many of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[Record] = []
        self.settings: dict[str, Setting] = {}
        self.messages = Messages(path)
        self.headings = Headings()

    def note(self, name: str, value: bool | int | float | str | None, line: int) -> None:
        """A setting that was said on this line; what was said of it first holds."""
        self.settings.setdefault(name, Setting(name, value, f"{self.path}:{line}"))

    def only_settings(self, kept: Callable[[Setting], bool]) -> None:
        """Keep the settings of which this is true."""
        self.settings = {name: setting for name, setting in self.settings.items() if kept(setting)}

    def only(self, records: list[Record]) -> None:
        """Keep these of the records; events and headings stay behind the record that they stood behind."""
        if len(records) == len(self.records):
            return
        kept = {id(record) for record in records}
        left = [0, *accumulate(id(record) in kept for record in self.records)]
        self._recount(left)
        self.records = records

    def take_back(self, found: list[Record]) -> None:
        """Put lines that were passed over among the records; no number on them is a setting."""
        said = {f"{self.path}:{record.line}" for record in found}
        self.only_settings(lambda setting: setting.source not in said)
        merged = sorted([*self.records, *found], key=lambda record: record.line)
        place = {id(record): at for at, record in enumerate(merged)}
        self._recount([*(place[id(record)] for record in self.records), len(merged)])
        self.records = merged

    def put_in(self, order: Sequence[int]) -> None:
        """Put the records of trainings that printed in turn one after the other; events stay behind their record."""
        place = {old: new for new, old in enumerate(order)}
        self.messages.recount([0, *(place[old] + 1 for old in range(len(order)))])
        self.headings.found.clear()
        self.records = [self.records[old] for old in order]

    def give_back_settings(self) -> None:
        """Single lines without a place ahead of the first number of a course: "z_loss: 1e-4" is a setting there."""
        at = begins_at(self.records)
        for record in self.records[:at]:
            for name, value in record.values.items():
                self.note(name, int(value) if value.is_integer() else value, record.line)
        self.only(self.records[at:])

    def forget_up_to(self, line: int) -> None:
        """Forget what was read there."""
        self.only_settings(lambda setting: int(setting.source.rpartition(":")[2]) > line)
        self.only([record for record in self.records if record.line > line])

    def steps_per_epoch(self) -> float | None:
        """From the two numbers that Hugging Face's Trainer announces before it starts."""
        steps, epochs = (self.settings.get(name) for name in ("Total optimization steps", "Num Epochs"))
        if steps is None or epochs is None or not isinstance(steps.value, int) or not isinstance(epochs.value, int):
            return None
        return steps.value / epochs.value if epochs.value > 0 else None

    def _recount(self, left: list[int]) -> None:
        self.messages.recount(left)
        self.headings.recount(left)
