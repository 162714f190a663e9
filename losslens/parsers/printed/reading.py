"""What one line of a job's output says by itself, whatever stood before it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from losslens.parsers.printed.bars import bar_and_message, is_bar, is_broken
from losslens.parsers.printed.best import best_in, may_tell_best
from losslens.parsers.printed.dumps import may_be_item, tells_all_again
from losslens.parsers.printed.events import TRACEBACK, event_kind
from losslens.parsers.printed.headings import begins_evaluation, heading_of
from losslens.parsers.printed.lines import clean, is_source
from losslens.parsers.printed.pasted import records_of
from losslens.parsers.printed.records import Record, read_record
from losslens.parsers.printed.sections import announces
from losslens.parsers.printed.settings import MIXED_DICT, settings_in
from losslens.parsers.printed.speaking import may_speak_of_training, speaks_of_training
from losslens.parsers.printed.tables import is_no_row
from losslens.parsers.printed.trainings import may_announce, says_begun
from losslens.parsers.printed.windows import WORTH_READING, is_place
from losslens.patterns import compiled

#: The places that a record may name.
PLACES = ("step", "epoch", "n", "of", "epochs", "batch", "lap", "episode")
#: Digits that a pattern names: the signal that kills a job.
_NAMED_DIGIT = compiled(
    r"signal \d|exit code|\b(?:is|are|was|became|become|contains?)\s+[-+]?(?:nan|inf)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Nature:
    """What kind of line a record stands on, whatever its numbers are."""

    place: bool
    speaks: bool
    may_speak: bool


def nature_of(record: Record) -> Nature:
    return Nature(is_place(record), speaks_of_training(record), may_speak_of_training(record))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says by itself, whatever stood before it."""

    worth: bool
    """Whether it may hold numbers of a training at all."""
    record: Record | None
    nature: Nature | None
    rank: int | None
    wall_time: float | None
    drawn: bool
    """It may be the header or a row of a table, as the lines above have it."""
    heading: bool
    """It may announce a training."""
    item: bool
    """It may be a line of the dump of a configuration."""
    setting: bool
    """It, or one like it, says a setting where no training has begun."""

    def form(self) -> tuple[object, ...]:
        """All that lines of one statement have in common."""
        may_be = (self.worth, self.rank, self.wall_time, self.drawn, self.heading, self.item)
        said = self.record
        if said is None:
            return may_be
        told = tuple(getattr(said, name) is None for name in PLACES)
        return (*may_be, self.nature, *told, said.kind, said.form, said.name, said.aside, *said.values)

    def numbers(self) -> dict[str, float | None]:
        """Its places and its values, each under a name that no other has."""
        said = self.record
        if said is None:
            return {}
        places = {name: getattr(said, name) for name in PLACES}
        return places | {f"value {key}": value for key, value in said.values.items()}


def read_alone(raw: str) -> Reading | None:
    """What a line says by itself; None where what stands around it, or an event, has a say."""
    if raw.startswith("Result for ") or "\x08" in raw or is_source(raw) or len(records_of(raw)) > 1:
        return None
    line = clean(raw)
    text = line.text
    if not text or bar_and_message(text)[0] or TRACEBACK in text or event_kind(text) or _NAMED_DIGIT.search(text):
        return None
    if (
        says_begun(text)
        or heading_of(text) is not None
        or begins_evaluation(text)
        or announces(text) is not None
        or is_broken(text)
        or tells_all_again(text)
        or (may_tell_best(text) and best_in(text) is not None)
    ):
        return None
    worth = WORTH_READING.search(text) is not None
    record = read_record(text) if worth else None
    if record is not None and "train_runtime" in record.values:
        return None
    return Reading(
        worth,
        record,
        nature_of(record) if record is not None else None,
        line.rank,
        line.wall_time,
        not is_no_row(raw),
        (record is None or record.kind in ("", "count")) and may_announce(text),
        may_be_item(text),
        not is_bar(text) and bool(MIXED_DICT.match(text) or settings_in(text)),
    )
