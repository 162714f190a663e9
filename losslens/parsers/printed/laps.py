"""What the labels of progress bars count under any word, or none: "012/050: 100%|##| 4/4", "[train] 12/50", "Iter 12:".

A bar that is drawn complete, once an epoch, looks the same each time: only its label tells that it is another one. A
label may hold the number of a file, of a fold or of a device as well. What counts the epochs goes up from bar to bar,
and each time the bar begins anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from losslens.parsers.printed.wholes import NUMBER
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.parsers.printed.records import Record

#: "loss: 2.31" in a label is one of its numbers, and "12%" no count.
_TOLD = compiled(rf"[^\W\d]\w*\s*[:=]\s*{NUMBER}(?![\d.]*\s*/)|\d+\s*%", re.IGNORECASE)
_OF = compiled(r"(?<![\w.,/-])(\d{1,6})\s*/\s*\d{1,6}(?![\w.,/])")
_ONE = compiled(r"(?<![\w.,/-])E?(\d{1,6})(?![\w.,/%])")
#: Words whose number says which of several things a bar is drawn for.
_WHICH = compiled(
    r"(?:fold|seed|trial|run|rank|gpu|device|worker|node|client|layer|stage|phase|task|level|model|exp\w*|attempt|cv|split"
    r"|part|file|shard|video|scene|subject|patient)[\W_]{0,3}$",
    re.IGNORECASE,
)
#: Share of the bars with numbers whose labels must count, and of the times a label changes that it may go back.
MOST_BARS, FEW_BACK = 0.9, 0.2


def lap_of(label: str) -> int | None:
    """What the label of a bar may count; None where it holds no whole number, or several."""
    if not any(letter.isdigit() for letter in label):
        return None
    label = _TOLD.sub(" ", label)
    found = list(_OF.finditer(label)) or list(_ONE.finditer(label))
    found = [match for match in found if not _WHICH.search(label[: match.start()])]
    return int(found[0][1]) if len(found) == 1 else None


def take_laps(records: Sequence[Record]) -> None:
    """Give the bars of an output the epoch that their labels count, and the lines placed by a bar its bar's."""
    bars = [record for record in records if record.kind == "bar" and not record.aside and record.values]
    headed = {bar.epoch for bar in bars if bar.epoch is not None}
    if not bars or len(headed) > 1 or not _count(bars):
        return
    last: Record | None = None
    for record in records:
        if record.kind == "bar" and not record.aside and record.lap is not None:
            record.epoch, last = float(record.lap), record
        elif record.kind in ("bar", "bar-context") and last is not None:
            record.epoch = last.epoch
            if record.kind == "bar-context" and (record.n or 0) < (last.n or 0):
                record.n = last.n  # printed below the end of one bar, not at the beginning of the next


def _count(bars: Sequence[Record]) -> bool:
    """Whether the labels of the bars count up each time that the bar begins anew."""
    told = [bar for bar in bars if bar.lap is not None]
    if len(told) < MOST_BARS * len(bars):
        return False
    changes = [(a, b) for a, b in pairwise(told) if a.lap != b.lap]
    up = [(a, b) for a, b in changes if (b.lap or 0) > (a.lap or 0)]
    if not up or len(changes) - len(up) > FEW_BACK * len(up):
        return False
    return all((b.n or 0) <= (a.n or 0) or a.n == a.of for a, b in up)
