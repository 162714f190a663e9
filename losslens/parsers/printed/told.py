"""A NaN that a program tells and does not print among its numbers: it dies, or stops, before it would."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice, takewhile
from math import isfinite, nan

from losslens.model import LogEvent, RawSeries, Warning
from losslens.parsers.printed.nan import last_words_of_nan, stops_for_nan
from losslens.parsers.printed.records import IS_LOSS, SPLIT_IN_KEY, Record
from losslens.parsers.printed.wholes import NUMBER, float_of, int_of
from losslens.patterns import compiled

#: A program that stops for its loss may print as many lines more, as other processes of the job do.
AFTERWARDS = 3
_PLAIN = compiled(r"train(?:ing)?|total|loss|step|avg", re.IGNORECASE)
_OTHER_WORD = compiled(r"[A-Za-z]")
#: "Loss exploded to 378655.875 at step 67456", as Tacotron ends: too large to go on, and a number.
_EXPLODED_TO = compiled(
    rf"\b(?:loss|cost)\b.{{0,9}}\bexploded to (?P<num>{NUMBER})(?!\w)(?: at (?:step|iteration) +(?P<step>\d+))?", re.I
)
#: The code of the warning that a NaN was told.
TOLD = "nan-told"
#: The same of a loss that was told to have exploded.
EXPLOSION_TOLD = "explosion-told"
#: Characters of a message that are shown.
MOST_SHOWN = 120


def add_told_nan(series: dict[str, RawSeries], events: Sequence[LogEvent], records: Sequence[Record]) -> list[Warning]:
    """A trainer that checks its loss dies before it prints the NaN: what its message says becomes the last point."""
    import numpy as np

    said = told_at_end(events, records)
    main = _main_loss(series) if said is not None else None
    if said is None or main is None or not np.isfinite(main.value[-1]):
        return []
    end, at = _exploded_to(events, records)
    # Other messages than these stand at the step of the numbers above them.
    told = said.step is not None and said.step > int(main.step[-1]) - (said.kind == "nan-message")
    step = said.step if told and said.step is not None else int(main.step[-1]) + 1
    if isfinite(end):
        if at is not None and at <= int(main.step[-1]):
            return []  # printed as well
        step = at or step
    kept = main.step != step  # what is printed at that very step is an average of those before
    if not kept.any():
        step, kept = step + 1, ~kept  # … but for all there is
    row = max(int(s.row[-1]) for s in series.values()) + 1
    series[main.tag] = RawSeries(
        main.tag,
        np.append(main.step[kept], np.int64(step)),
        np.append(main.value[kept], end),
        np.append(main.wall_time[kept], np.nan),
        np.append(main.row[kept], np.int64(row)),
        main.axis,
    )
    if isfinite(end):
        why = f"the program ended because its loss had exploded (line {said.line})"
        return [Warning(EXPLOSION_TOLD, f"{why}: '{main.tag}' ends at {end:g}, as it said")]
    if stops_for_nan(said):
        why = f"the program ended because its loss was no number (line {said.line})"
    else:
        shown = said.text if len(said.text) <= MOST_SHOWN else f"{said.text[:MOST_SHOWN].rstrip()}…"
        why = f"the program ended in numbers that are not finite (line {said.line}: {shown})"
    return [Warning(TOLD, f"{why}: '{main.tag}' ends in NaN")]


def told_at_end(events: Sequence[LogEvent], records: Sequence[Record]) -> LogEvent | None:
    """The message with which a training ended in a NaN; None where it went on, or came to its end before."""
    stops = [event for event in events if stops_for_nan(event)]
    if stops and _logged_after(stops[-1], records) <= AFTERWARDS:
        return stops[-1]
    last = next((r.line for r in reversed(records) if _tells_a_loss(r)), 0) if events else 0
    silent = [event for event in events if event.line is None or event.line >= last]
    going = list(takewhile(lambda event: event.kind != "finished", silent))
    return next((event for event in going if last_words_of_nan(event)), None)


def _exploded_to(events: Sequence[LogEvent], records: Sequence[Record]) -> tuple[float, int | None]:
    """The loss with which a program ended and its step, where it says them; NaN where it does not."""
    for event in events:
        if (told := _EXPLODED_TO.search(event.text)) and _logged_after(event, records) <= AFTERWARDS:
            return float_of(told["num"]), int_of(told["step"])
    return nan, None


def _main_loss(series: dict[str, RawSeries]) -> RawSeries | None:
    """The loss of the training: the one that says nothing else in its name, or the fullest."""
    losses = [s for tag, s in series.items() if not SPLIT_IN_KEY.search(tag.replace("train", "")) and s.value.size]
    losses = [s for s in losses if "loss" in s.tag.lower()] or [s for s in losses if IS_LOSS.search(s.tag)]
    return max(losses, key=lambda s: (not _OTHER_WORD.search(_PLAIN.sub("", s.tag)), s.value.size), default=None)


def _logged_after(event: LogEvent, records: Sequence[Record]) -> int:
    """How many lines behind a message tell a loss that is finite; no more are counted than matter."""
    if event.line is None:
        return 0
    behind = takewhile(lambda record: record.line > (event.line or 0), reversed(records))
    return sum(islice((1 for record in behind if _tells_a_loss(record)), AFTERWARDS + 1))


def _tells_a_loss(record: Record) -> bool:
    return any(IS_LOSS.search(key) and isfinite(value) for key, value in record.values.items())
