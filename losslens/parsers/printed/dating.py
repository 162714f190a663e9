"""At which step each event of an output happened: the one that it names, else that of the numbers before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite

from losslens.model import LogEvent
from losslens.parsers.printed.events import initialises, told_step
from losslens.parsers.printed.places import Placed

AT_FIRST = 2
"""Usual distances of two steps within which the first one lies where a training begins."""

#: The kind of a line that stands at the step of one above it.
CONTEXT = "step-context"


def dated_events(
    events: Sequence[tuple[LogEvent, int]],
    placed: Placed,
    first: int,
    lines: tuple[int, int | None],
    *,
    at_once: bool,
) -> Iterator[LogEvent]:
    """The events between two lines with the step that they name, else with that of the record before them.

    Each event stands beside how many records were printed before it. Of trainings that ran ``at_once`` each has those
    behind a record of its own. ``first`` is how many records stand before those that were placed.
    """
    for event, at in events:
        if at_once:
            if not first < at <= first + len(placed.records):
                continue
        elif event.line is not None and (event.line < lines[0] or (lines[1] is not None and event.line >= lines[1])):
            continue
        before = max(at - first, 0)
        step = told_step(event.text) if event.kind in ("nan-message", "checkpoint") else None
        if step is not None and step > 2 * int(placed.step.max()) + 1:
            step = None  # counted in something else than the log counts
        if step is None:
            step = _step_of_nan(placed, before) if event.kind == "nan-message" else placed.step_before(before)
        begins = event.kind == "restart" and step is None and _begins_at_its_beginning(placed)
        kind = "message" if begins and initialises(event.text) else event.kind
        yield LogEvent(kind, event.text, event.source, step, event.wall_time, event.line)


def _begins_at_its_beginning(placed: Placed) -> bool:
    """Whether the first step is no later than the second or third of a training that is logged like this one."""
    if placed.step.size < 2:
        return False
    steps = sorted(set(placed.step.tolist()))
    gaps = [later - earlier for earlier, later in pairwise(steps)]
    return bool(gaps) and steps[0] <= AT_FIRST * sorted(gaps)[len(gaps) // 2]


def _step_of_nan(placed: Placed, before: int) -> int | None:
    """The step of a message that a number is not finite, printed behind ``before`` records and naming no step.

    It speaks of the record before it when that shows the NaN; else of a step that is not printed yet: the next.
    """
    last = placed.index_before(before)
    if last is None:
        return int(placed.step[0]) if placed.step.size else None
    step = int(placed.step[last])
    if not all(isfinite(value) for value in placed.records[last].values.values()):
        return step
    # What is printed below it and names no place, such as the terms of that loss, came no earlier.
    behind = (int(placed.step[i]) for i in range(last + 1, placed.step.size) if placed.records[i].kind != CONTEXT)
    return min(step + 1, next(behind, step + 1))
