"""Configurations that a program prints in the middle of its output: when it starts again, or before an evaluation.

"LOSS_GAMMA: 2.0" is a number under the name of a loss. What tells it from a measured one is its company: line after
line of names and values, none of which says where the training is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from losslens.parsers.printed.records import Record
from losslens.patterns import compiled

#: So many lines of one name and one value in a row are the dump of a configuration.
LEAST_LINES = 12
#: The names in a configuration are many, as a share of its lines: those of what is measured come again and again.
MANY_NAMES = 0.5
#: Measured numbers come more often than a program starts.
MOST_TIMES, MOST_SHARE = 3, 0.02
#: What was set takes few values, as a share of how often it was printed.
FEW_VALUES = 0.1
#: A line that gives one name so often, in a list, is the history of all that was measured, printed once more.
LEAST_TIMES = 3
_LIST_OF_RECORDS = compiled(r"\[\s*[({]")
_KEY = compiled(r"['\"]([\w./ -]{1,60})['\"]\s*:")
_ITEM = compiled(r"^[\s\-|]*['\"]?[A-Za-z_][\w.\-/ ]{0,60}?['\"]?\s*[:=|]\s*(?:\S.{0,120})?$")
_NAME = compiled(r"\s*[:=|]")
#: What Optuna says when a trial has ended, with the best value of all so far: neither is a point of a course.
_OUTCOME = compiled(r"Trial \d+ (?:finished with values?|pruned|failed with)\b|Best (?:is trial|trial:) \d+")
_ITEM_BEGINS = compiled(r"^[\s\-|]*['\"]?[A-Za-z_][\w.\-/ ]{0,60}?['\"]?\s*[:=|]")


def may_be_item(text: str) -> bool:
    """Whether a line begins as one of a configuration does."""
    return _ITEM_BEGINS.match(text) is not None


def tells_all_again(text: str) -> bool:
    """Whether a line prints a list of records: ``Metrics: [(1, {'loss': 11.6, …}), (2250, {'loss': 6.1, …}), …]``.

    Or what came of one trial of a search, and of the best so far.
    """
    if "rial" in text and _OUTCOME.search(text):
        return True
    if not _LIST_OF_RECORDS.search(text):
        return False
    return max(Counter(_KEY.findall(text)).values(), default=0) >= LEAST_TIMES


@dataclass
class Dumps:
    """The runs of such lines in one output, and the records that stand in them."""

    inside: list[Record] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)
    """The first and the last line of each run whose names are many."""
    _lines: list[int] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _records: list[Record] = field(default_factory=list)

    def see(self, text: str, record: Record | None, line: int) -> None:
        """The next line that is not blank, with the record that was kept of it."""
        if (record is not None and record.kind) or not _ITEM.match(text):
            self.finish()
            return
        self._lines.append(line)
        self._names.add(_NAME.split(text, maxsplit=1)[0])
        if record is not None:
            self._records.append(record)

    def finish(self) -> None:
        if len(self._lines) >= LEAST_LINES:
            self.inside.extend(self._records)
            if len(self._names) >= MANY_NAMES * len(self._lines):
                self.lines.append((self._lines[0], self._lines[-1]))
        self._lines, self._names, self._records = [], set(), []

    def taken_out(self, records: Sequence[Record]) -> list[Record]:
        """The records without those of the dumps, where most say their place and those do not come again and again."""
        if not self.inside or sum(bool(record.kind) for record in records) < 0.5 * len(records):
            return list(records)
        often = Counter(record.template for record in records)
        inside: dict[tuple[str, ...], list[Record]] = {}
        for record in self.inside:
            inside.setdefault(record.template, []).append(record)
        most = max(MOST_TIMES, MOST_SHARE * len(records))
        gone: set[int] = set()
        for template, alike in inside.items():
            if often[template] <= most or _hardly_changes(alike):
                gone.update(map(id, alike))
        return [record for record in records if id(record) not in gone]


def _hardly_changes(records: Sequence[Record]) -> bool:
    """Whether one value comes again and again: a job that starts often prints what it is set to as often."""
    return len({tuple(record.values.values()) for record in records}) <= max(1, FEW_VALUES * len(records))
