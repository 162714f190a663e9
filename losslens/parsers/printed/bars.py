"""Progress bars: one that is drawn again and again counts once a step, and what it carries along is no new number.

A bar shows the numbers it was last given until it is given others: tqdm's postfix of one epoch stands at the start of
the next, a validation loss behind every training batch that follows. And a line that a program prints above a bar
belongs to the count that is drawn right after it: the one above may be older, because bars are drawn a few times a
second only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from losslens.parsers.printed.keras import LEFT_OUT
from losslens.parsers.printed.records import SPLIT_IN_KEY, Record
from losslens.patterns import compiled

#: So often, at least, a bar of the training and one of the evaluation took turns.
LEAST_TURNS = 2
#: So often the number of an epoch changed, and so many bars of an epoch show it, before it is known to be of epochs.
LEAST_SET, LEAST_SHOWN = 2, 3
#: A bar is wiped with blanks before a line is printed above it; shorter blank lines are just blank lines.
_WIPED = 8
#: What stands before a message that was printed on the line of a bar.
_BAR_BEFORE = compiled(
    r"^[^|]{0,160}(?:\d{1,3}%(?:\|[^|]*\|| (?=\d+/\d+ \[\d+:))|\|\s*\|\s*\d+/\?\s*\[|\b\d+it \[(?=\d+:\d\d))"
    r"[^\]]{0,200}\]\s*(?=\S)"
)
#: A bar that does not know how far it is, or has not begun: no setting of anything.
_ANY_BAR = compiled(r"\d/(?:\d+|\?)\s*\[\d|it/s|s/it")
#: The end of a bar's line that the terminal broke in two: a name whose number stands on the next.
_BROKEN = compiled(r"\d:\d\d\b.*[A-Za-z_][\w/.@-]*:$")
#: The beginning of a line of Kaldi's, which a mail program broke between words.
_WRAPPED = compiled(r"Average(?: objective(?: function(?:(?! over\b).)*)?)?$")
#: Names that say of themselves that they are set at the end of an epoch.
_OF_AN_EPOCH = compiled(r"(?:^|[_/ ])epoch(?:$|[_/ ])", re.IGNORECASE)


def is_bar(text: str) -> bool:
    return bool(_ANY_BAR.search(text))


def is_broken(text: str) -> bool:
    """Whether the terminal broke this bar's line behind a name, or a mail program one of Kaldi's between words."""
    return (text.endswith(":") and bool(_BROKEN.search(text))) or bool(_WRAPPED.match(text))


def bar_and_message(text: str) -> tuple[str, str]:
    """A line on which something was printed behind a bar, in its two parts; the bar is empty for any other line."""
    bar = _BAR_BEFORE.match(text)
    return (text[: bar.end()], text[bar.end() :]) if bar else ("", text)


@dataclass
class Bars:
    """The bars on the screen while lines are read, and the lines that wait for the next count."""

    counts: dict[int, int] = field(default_factory=dict)
    """How far each bar is, by its total."""
    _waiting: list[Record] = field(default_factory=list)
    _first: Record | None = None
    _wiped: bool = False

    def see_blank(self, raw: str) -> None:
        self._wiped = self._wiped or len(raw) >= _WIPED

    def see_bar(self, record: Record) -> None:
        """A bar was drawn: the lines printed above it belong to its count, if it is the training's."""
        if record.n is None or not record.of or record.aside:
            return
        self.counts[record.of] = record.n
        if self._first is not None:  # an excerpt may begin with a line that was printed above the first of its bars
            self._first.n, self._first.of, self._first.kind = record.n, record.of, "bar-context"
            self._first = None
        if record.of == self._main():
            for waiting in self._waiting:
                waiting.n, waiting.of = record.n, record.of
            self._waiting.clear()
            self._wiped = False

    def place(self, record: Record) -> None:
        """Give a line without a place of its own the count of the training's bar."""
        if not self.counts:
            within = record.epoch is None or not record.epoch.is_integer()
            self._first = record if within else None
            return
        record.of = self._main()
        record.n = self.counts[record.of]
        record.kind = "bar-context"
        if self._wiped:
            self._waiting.append(record)

    def _main(self) -> int:
        return max(self.counts)


def name_held_back(records: Sequence[Record]) -> None:
    """Call the numbers of the evaluation so, where its bar has those of the training under the same names.

    Two bars that take turns, the second always the shorter: an epoch of the training, and then of data held back, whose
    numbers are those at the end of its bar.
    """
    bars = [record for record in records if record.kind == "bar" and record.of and not record.aside]
    turns = [list(turn) for _, turn in groupby(bars, key=lambda record: record.of)]
    if len(turns) < 2 * LEAST_TURNS or any(a[0].of != b[0].of for a, b in zip(turns, turns[2:], strict=False)):
        return
    training, evaluation = turns[::2], turns[1::2]
    names = [{key for turn in part for record in turn for key in record.values} for part in (training, evaluation)]
    longer = (training[0][0].of or 0) > (evaluation[0][0].of or 0)
    if not longer or not names[0] or names[0] != names[1] or any(map(SPLIT_IN_KEY.search, names[0])):
        return
    for *earlier, last in evaluation:
        last.values = {f"val/{key}": value for key, value in last.values.items()}
        for record in earlier:
            record.values = {}  # of the batches so far


def without_repeats(records: Sequence[Record]) -> list[int]:
    """Indices of the records to keep: a bar counts once a step, a Keras bar once an epoch.

    Takes out of the kept ones what a bar only carries along.
    """
    kept: list[int] = []
    last_bar: Record | None = None
    for index, record in enumerate(records):
        if record.kind == LEFT_OUT:
            continue
        if record.kind not in ("keras", "bar"):
            if record.kind == "redrawn" and kept:
                before = records[kept[-1]]
                if before.kind == record.kind and before.epoch == record.epoch:
                    kept.pop()
            kept.append(index)
            continue
        last, last_bar = last_bar, record
        if last is not None and last.kind == record.kind:
            same = last.epoch == record.epoch and last.of == record.of
            if record.kind == "bar":
                redrawn = (same and record.n == last.n) or _only_moved(record, last)
            else:
                redrawn = same and (record.n or 0) >= (last.n or 0)
            if redrawn:
                last.values.update(record.values)
                last.n, last_bar = (record.n if record.kind == "keras" else last.n), last
                continue
            if same and record.kind == "keras":
                # The count fell back within one epoch: `evaluate` draws a bar of its own.
                record.values = {k if k.startswith("val") else f"eval/{k}": v for k, v in record.values.items()}
        kept.append(index)
    _drop_carried([records[i] for i in kept if records[i].kind == "bar"])
    return [i for i in kept if records[i].values]


def _only_moved(record: Record, last: Record) -> bool:
    """Whether a new bar begins, or a bar ends, with the training's numbers of the bar before it."""
    begins = record.n == 0 and (last.n or 0) > 0
    ends = record.n is not None and record.n == record.of and last.n == record.n - 1 and last.of == record.of
    own = [key for key in record.values if not _is_carried(key)]
    return (begins or ends) and bool(own) and all(repr(record.values[k]) == repr(last.values.get(k)) for k in own)


def _is_carried(key: str) -> bool:
    return bool(_OF_AN_EPOCH.search(key) or (SPLIT_IN_KEY.search(key) and "train" not in key.lower()))


def _drop_carried(bars: Sequence[Record]) -> None:
    """Numbers that are set once an epoch (or a validation) stay at the place where they were set."""
    carried = {key for record in bars for key in record.values if _is_carried(key)} | _set_by_epoch(bars)
    shown: dict[str, float] = {}
    for record, ends in zip(bars, _ends(bars), strict=True):
        for key in carried & record.values.keys():
            value = record.values[key]
            if not ends and repr(shown.get(key)) == repr(value):
                del record.values[key]
            shown[key] = value


def _ends(bars: Sequence[Record]) -> list[bool]:
    """Whether each bar is at its end: at its total, or the last of its epoch where it does not know that."""
    later = [record.epoch for record in bars[1:]] + [None] * bool(bars)
    return [
        record.n == record.of if record.of is not None else record.epoch is not None and record.epoch != after
        for record, after in zip(bars, later, strict=True)
    ]


def _set_by_epoch(bars: Sequence[Record]) -> set[str]:
    """Names whose number changes where an epoch ends and nowhere else, though many bars of each epoch show it."""
    epochs = len({record.epoch for record in bars if record.epoch is not None})
    may_be = {key for record in (*bars[:LEAST_SHOWN], *bars[-LEAST_SHOWN:]) for key in record.values}
    if epochs <= LEAST_SET or len(bars) < LEAST_SHOWN * epochs:
        return set()
    changes: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    last: dict[str, float] = {}
    before: float | None = None
    for record, end in zip(bars, _ends(bars), strict=True):
        for key in may_be & record.values.keys():
            value = record.values[key]
            if key in last and value != last[key] and (value == value or last[key] == last[key]):
                changes[key] += 1
                if not end and record.epoch == before:
                    may_be.discard(key)
            last[key] = value
            shown[key] += 1
        if not may_be:
            break
        before = record.epoch
    return {key for key in may_be if changes[key] >= LEAST_SET and shown[key] >= LEAST_SHOWN * (changes[key] + 1)}
