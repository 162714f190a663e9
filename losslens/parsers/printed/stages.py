"""Stages of one output of which some print their steps and others no more than their epochs.

"Epoch 001/200 | Loss: 0.079" of a pre-training, and below it "Epoch 001/200 | Loss: 310.2 | Step: 118" of the training:
the lines of the first say how far they are as well, in epochs.
"""

from __future__ import annotations

from collections.abc import Sequence

from losslens.parsers.printed.records import Record

#: Lines of a stage, and places of the others from which the steps of an epoch are known.
FEWEST = 5
#: Share of these places that lie a whole number of epochs after the beginning, where all of them are so printed.
EVEN = 0.9


def steps_of_stages(records: Sequence[Record], steps: Sequence[int | None]) -> list[int | None]:
    """The steps, with those of the stages that print none: their epochs, as long as those of the other stages are."""
    placed = list(steps)
    without = [stage for stage in _stages(records) if all(placed[i] is None for i in stage) and len(stage) >= FEWEST]
    length = _steps_an_epoch(records, placed) if without else 0
    for i in (i for stage in without for i in stage) if length else ():
        placed[i] = round((records[i].epoch or 0.0) * length)
    return placed


def _stages(records: Sequence[Record]) -> list[list[int]]:
    """The records that name an epoch, by stage: each begins at the first epoch again, where others had been reached."""
    told = [i for i, record in enumerate(records) if record.epoch is not None]
    first = min((records[i].epoch or 0.0 for i in told), default=0.0)
    stages: list[list[int]] = []
    last = -1.0
    for i in told:
        epoch = records[i].epoch or 0.0
        if not stages or (epoch <= first < last):
            stages.append([])
        stages[-1].append(i)
        last = epoch
    return stages if len(stages) > 1 else []


def _steps_an_epoch(records: Sequence[Record], steps: Sequence[int | None]) -> int:
    """How many steps an epoch has, where the lines that say both agree; 0 where they do not."""
    known = [(s, r.epoch) for s, r in zip(steps, records, strict=True) if s and r.epoch and r.epoch.is_integer()]
    if len(known) < FEWEST:
        return 0
    length = round(known[-1][0] / known[-1][1])
    return length if length and sum(s == length * e for s, e in known) >= EVEN * len(known) else 0
