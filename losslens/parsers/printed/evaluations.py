"""Evaluations that print a line every few batches: each is one measurement, that of all its batches.

DETR, MAE and many others print ``Test: [10/242]  loss: 43.6 (41.5)``, the last batches and in brackets the mean so far,
and then ``Averaged stats: loss: …`` or ``* Acc@1 76.1``. The last mean is the point; those before it are on their way.
Programs that are written for one job print ``Evaluated 10/287 with loss 0.31``, ``[Eval 10/400] loss 0.31``: a count
of their own that is gone through, from its beginning, without a line of the training between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from losslens.parsers.printed.headings import VALIDATION
from losslens.parsers.printed.records import IS_LOSS, SPLIT_IN_KEY, Record

KIND = "evaluation"
MEAN = " (avg)"
#: Lines right behind an evaluation that may sum it up.
MOST_SUMMARIES = 3
#: Lines from which on a count that is gone through is that of one evaluation, and losses of a training beside it.
LEAST_LINES, LEAST_TRAINED = 3, 8
#: Where nothing is trained, what is lost to less than this share of what it began with is no evaluation.
MOST_FALL = 0.5
#: Places that may be those of batches.
_COUNTED = frozenset(["count", "batch", "samples", "step"])
#: Words with which programs say that they evaluate, and not only what.
_AT_WORK = ("eval/", "evaluating/", "testing/")


def leave_results(records: Sequence[Record]) -> str | None:
    """Take the values of all but the last record out of each evaluation, whose means then stand for it.

    An output that holds nothing but evaluations may count what it evaluates: there only means are surely on their way,
    and batches. What is to be said of an output that only evaluates so.
    """
    _find_progress(records)
    trained = any(map(_is_of_training, records))
    found = list(_evaluations(records))
    if len(found) == 1 and len(found[0][0]) == len(records) and all(r.epoch is not None for r in records):
        return None  # a piece of what a training measured at the end of one epoch, which shows how that went
    lines = 0
    for evaluation, behind in found:
        *earlier, last = evaluation
        if not trained and not last.aside and not any(key.endswith(MEAN) for key in last.values):
            continue
        lines += (len(evaluation) > 1) * len(evaluation)
        for record in earlier:
            record.values = {}
        last.values = _means(last.values)
        for summary in behind:
            _take_in(summary, last)
    if trained or not lines:
        return None
    return f"{lines} lines count up within an evaluation, which is one point, and no line is of a training"


def _find_progress(records: Sequence[Record]) -> None:
    """Make lines of evaluations of those that go through a count of their own without the training between them."""
    counted = _counted(records)
    if not counted:
        return
    trained = [record for record in records if any(map(_is_trained, record.values)) and not record.aside]
    totals = {record.of for record in trained} | {record.epochs for record in trained}
    totals |= {len(trained), len(trained) - 1, max((record.step or record.n or 0 for record in trained), default=0)}
    for stretches in counted:
        progress = [stretch for stretch in stretches if len(stretch) >= LEAST_LINES]
        if not progress or sum(map(_from_the_beginning, stretches)) < len(stretches):
            continue
        if len(trained) >= LEAST_TRAINED:
            sure = len(progress) > 1 or progress[0][-1].of not in totals
        else:
            sure = not trained and all(map(_hardly_falls, progress))
        for record in (record for stretch in stretches for record in stretch if sure):
            record.kind, record.batch, record.aside = KIND, _place(record), True
            record.step = record.n = record.of = None


def _counted(records: Sequence[Record]) -> list[list[list[Record]]]:
    """For each statement that counts held-out losses to a total: its lines, parted where a count or a training is."""
    stretches: dict[tuple[str, ...], list[list[Record]]] = defaultdict(list)
    open_ones: set[tuple[str, ...]] = set()
    for record in records:
        counts = record.kind in _COUNTED and record.of
        if not (counts or open_ones):
            continue
        if any(map(_is_trained, record.values)):
            open_ones.clear()
        elif counts and any(map(IS_LOSS.search, record.values)):
            mine = stretches[record.template]
            if record.template in open_ones and _goes_on(mine[-1][-1], record):
                mine[-1].append(record)
            else:
                mine.append([record])
            open_ones.add(record.template)
    return list(stretches.values())


def _goes_on(before: Record, record: Record) -> bool:
    return record.epoch == before.epoch and (_place(before) or 0) < (_place(record) or 0)


def _place(record: Record) -> int | None:
    return record.n if record.step is None else record.step


@lru_cache(maxsize=1024)
def _is_trained(key: str) -> bool:
    """Whether a name is that of a loss, and not of one on data that were held back."""
    split = SPLIT_IN_KEY.search(key) or VALIDATION.search(key)
    return bool(IS_LOSS.search(key)) and (split is None or "train" in split[0].lower())


def _from_the_beginning(stretch: Sequence[Record]) -> bool:
    counts = [_place(record) or 0 for record in stretch]
    return counts[0] <= min((b - a for a, b in pairwise(counts)), default=1)


def _hardly_falls(stretch: Sequence[Record]) -> bool:
    """Whether the losses of a stretch are those of a program that evaluates, and stay near where they began."""
    key = next(key for key in stretch[0].values if IS_LOSS.search(key))
    first, last = stretch[0].values[key], stretch[-1].values[key]
    return key.lower().startswith(_AT_WORK) and abs(last - first) <= MOST_FALL * abs(first)


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
