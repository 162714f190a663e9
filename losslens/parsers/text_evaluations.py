"""Evaluations that print a line every few batches: each is one measurement, that of all its batches.

DETR, MAE and many others print ``Test: [10/242]  loss: 43.6 (41.5)``, the last batches and in brackets the mean so far,
and then ``Averaged stats: loss: …`` or ``* Acc@1 76.1``. The last mean is the point; those before it are on their way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from losslens.parsers.text_records import IS_LOSS, Record

KIND = "evaluation"
MEAN = " (avg)"
#: Lines right behind an evaluation that may sum it up.
MOST_SUMMARIES = 3


def leave_results(records: Sequence[Record]) -> None:
    """Take the values of all but the last record out of each evaluation, whose means then stand for it.

    An output that holds nothing but evaluations may count what it evaluates: there only means are surely on their way.
    """
    trained = any(map(_is_of_training, records))
    found = list(_evaluations(records))
    if len(found) == 1 and len(found[0][0]) == len(records) and all(r.epoch is not None for r in records):
        return  # a piece of what a training measured at the end of one epoch, which shows how that went
    for evaluation, behind in found:
        *earlier, last = evaluation
        if not trained and not any(key.endswith(MEAN) for key in last.values):
            continue
        for record in earlier:
            record.values = {}
        last.values = _means(last.values)
        for summary in behind:
            _take_in(summary, last)


def _is_of_training(record: Record) -> bool:
    return record.kind not in ("", KIND) and any(map(IS_LOSS.search, record.values))


def _evaluations(records: Sequence[Record]) -> Iterator[tuple[list[Record], list[Record]]]:
    """The records of each evaluation, by their rising count, and those behind it that say no place."""
    evaluation: list[Record] = []
    behind: list[Record] = []
    for record in records:
        goes_on = record.kind == KIND and record.batch is not None
        follows = evaluation and goes_on and record.template == evaluation[-1].template
        if follows and (record.batch or 0) > (evaluation[-1].batch or 0):
            evaluation.append(record)
            behind = []
        elif evaluation and record.kind == "" and len(behind) < MOST_SUMMARIES:
            behind.append(record)
        else:
            if evaluation:
                yield evaluation, behind
            evaluation, behind = ([record] if goes_on else []), []
    if evaluation:
        yield evaluation, behind


def _means(values: dict[str, float]) -> dict[str, float]:
    """The mean under each name that has one."""
    return {key: values.get(key + MEAN, value) for key, value in values.items() if not key.endswith(MEAN)}


def _take_in(summary: Record, last: Record) -> None:
    """Move what a line sums up of an evaluation to it: the names that its own lines have behind that of their data."""
    names = {key.partition("/")[2].lower(): key for key in last.values if "/" in key}
    for key, value in _means(summary.values).items():
        if name := names.get(key.lower()):
            last.values[name] = value
            summary.values = {k: v for k, v in summary.values.items() if k not in (key, key + MEAN)}
