"""A loss that a program prints as a word: "step 21 loss: null", where JSON has no NaN; "val_loss: N/A", not computed.

Which of the two it was is for the whole output to tell: a number from the first line on that is none any more to the
end was a NaN; a word ahead of the first numbers, between them, or once in place of an evaluation says nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from losslens.model import Warning
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.parsers.printed.records import Record

_WORD = compiled(
    r"(?P<name>(?:loss|cost|error|nll|perplexity|ppl|xent|elbo|mse|bce)\w*['\"]?\)?(?:\s*[:=]\s*|\s+)['\"]?)"
    r"(?:null|none|nil|n/?a|undefined)(?![\w/.])",
    re.IGNORECASE,
)
_HELD_BACK = compiled(r"val|eval|test|dev", re.IGNORECASE)
#: Numbers with which a loss begins that was computed each time, and words at its end that are a NaN; an evaluation may
#: be left out once.
FIRST, LAST, LAST_HELD_BACK = 3, 1, 2
CODE = "nan-unsaid"


def as_nan(text: str) -> str | None:
    """The line with NaN for the words in the place of a loss; None where there are none, or a NaN is written out."""
    if _WORD.search(text) is None or "nan" in text.lower():
        return None
    return _WORD.sub(r"\g<name>nan", text)


def settled(records: Sequence[Record]) -> tuple[list[Record], list[Warning]]:
    """The records without the words that say nothing, and what is said of those that were a NaN."""
    if not any(record.unsaid for record in records):
        return list(records), []
    by_key: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        for key in record.values:
            by_key[key].append(record)
    told = []
    for key, mine in by_key.items():
        words = [key in record.unsaid for record in mine]
        if not any(words):
            continue
        last = words[::-1].index(False) if not all(words) else len(words)
        held_back = _HELD_BACK.search(key) is not None
        sure = not any(words[: len(words) - last]) if held_back else not any(words[:FIRST])
        was_nan = sure and len(words) - last >= FIRST and last >= (LAST_HELD_BACK if held_back else LAST)
        for record in mine[: len(mine) - last] if was_nan else mine:
            if key in record.unsaid:
                del record.values[key]
        if was_nan:
            where = f"its last {last} lines, from line {mine[-last].line}"
            told.append(Warning(CODE, f"'{key}' is a word and no number on {where}: read as NaN"))
    return [record for record in records if record.values or not record.unsaid], told
