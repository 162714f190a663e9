"""Lines that are a tensor of one number and nothing else: which of them are the loss.

Who looks for what is wrong with a training prints its loss so. Where an output names a loss, such a line is something
else that was looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

from losslens.parsers.printed.records import IS_LOSS, Record
from losslens.parsers.printed.wholes import LONE_FORMS, LONE_TENSOR


def without_lone(records: Sequence[Record]) -> list[Record]:
    """The records without the lone tensors that are not the loss.

    Those are all of them where a loss has a name; else those that no gradient goes through where one goes through
    others.
    """
    lone = [record for record in records if LONE_TENSOR in record.values]
    if not lone:
        return list(records)
    if any(IS_LOSS.search(key) for record in records for key in record.values if key != LONE_TENSOR):
        return [record for record in records if LONE_TENSOR not in record.values]
    learned = any(record.form == LONE_FORMS[True] for record in lone)
    return [record for record in records if LONE_TENSOR not in record.values or record.form == LONE_FORMS[learned]]
