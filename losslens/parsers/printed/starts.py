"""Settings that one output holds twice: a job that was started again prints what it was started with again.

Behind the first numbers of a training a line such as "lr: 0.1" is no setting any more, unless most of what stood ahead
of them stands there again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TypeAlias

from losslens.model import Setting
from losslens.parsers.opening import LogFile, lines_of
from losslens.parsers.printed.events import Messages
from losslens.parsers.printed.lines import clean
from losslens.parsers.printed.places import Placed
from losslens.parsers.printed.records import IS_LOSS, Record
from losslens.parsers.printed.settings import names_settings, settings_in
from losslens.patterns import compiled

#: Opens the output once more, at its first line.
Opened: TypeAlias = Callable[[], LogFile]
#: Share of the first settings that must be named again, and how many at least.
AGAIN, FEWEST = 0.6, 2
#: So many numbers between two starts, at least, where an output counts neither steps nor epochs.
LEAST_COUNTED = 5
#: A line is known again by this many letters and more, and no more of it is looked at.
FEWEST_LETTERS, LONGEST = 5, 200
_NUMBER = compiled(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LETTER = compiled(r"[^\W\d_]")
#: So often a program may print one setting before it trains.
TWICE = 2
#: Kinds of a line that names no place itself.
UNPLACED = ("", "step-context")
#: A program that prints its settings more often than this does not do so because it starts.
MOST_STARTS = 10
#: Places looked at: where more counts go back, they do so in every epoch.
MOST_PLACES = 100
#: A pause of this share of the lines ahead of the first number may hold the settings, wherever the count stands.
LIKE_THE_HEAD, LEAST_HEAD = 0.5, 5
#: Where the count runs on and nothing is said, so many records stand before and behind a start: what is printed more
#: often, or at the end, is a status or an evaluation.
AROUND = 20
#: Lines of the training behind a place at which the program says that it loaded what it had saved.
FEWEST_BEHIND = 3


@dataclass(frozen=True, slots=True)
class Started:
    """What a later start in an output was given, and how many records stand before it."""

    before: int
    settings: tuple[Setting, ...]


def settings_again(
    opened: Opened,
    records: Sequence[Record],
    settings: Mapping[str, Setting],
    messages: Messages,
    most: int = MOST_STARTS,
) -> tuple[tuple[Started, ...], list[Record]]:
    """The settings of later starts, in their order, and the records without those that are settings themselves.

    What is printed more than ``most`` times is not printed because of a start. The output is read once more, between
    the records where a start may lie; not at all where there is no such place.
    """
    if len(settings) < FEWEST or any(after.line < before.line for before, after in pairwise(records)):
        return (), list(records)
    often = Counter(record.template for record in records)
    names = {name.lower() for name in settings}
    said = [often[r.template] <= most and {n.lower() for n in r.values} <= names for r in records]
    numbers = [i for i, setting in enumerate(said) if not setting]
    resumed = [event.line for event, _ in messages.events if event.kind == "restart" and event.line is not None]
    places = _places([records[i] for i in numbers], settings, resumed)
    if not places:
        return (), list(records)
    spans = [(numbers[i - 1], numbers[i]) for i in places]
    lines = _lines_between(opened(), [(records[first].line, records[last].line) for first, last in spans])
    found: list[Started] = []
    dropped: set[int] = set()
    for (first, last), mine in zip(spans, lines, strict=True):
        told: dict[str, Setting] = {}
        for number, raw in mine:
            for name, value in settings_in(clean(raw).text):
                told.setdefault(name, Setting(name, value, f"{messages.path}:{number}"))
        if len(told.keys() & settings.keys()) >= max(FEWEST, AGAIN * len(settings)):
            dropped.update(range(first + 1, last))
            found.append(Started(last - len(dropped), tuple(told.values())))
    if len(found) > most:
        return (), list(records)
    return tuple(found), [record for i, record in enumerate(records) if i not in dropped]


def begins_at(records: Sequence[Record]) -> int:
    """Where the course of an output begins: what stands ahead of it are settings, "z_loss: 1e-4" on lines of their own.

    A line of the course has a place, or comes again with other numbers: several of them at a place, too, which a line
    ahead of the first does not have yet. 0 where there is no such line.
    """
    often: Counter[tuple[str, ...]] = Counter()
    told: dict[tuple[str, ...], tuple[float, ...]] = {}
    varied: set[tuple[str, ...]] = set()
    for record in records:
        statement = _statement(record)
        often[statement] += 1
        if told.setdefault(statement, values := tuple(record.values.values())) != values:
            varied.add(statement)
    for i, record in enumerate(records):
        placed = record.kind not in UNPLACED and not names_settings(record.values)
        if placed or _statement(record) in varied or often[_statement(record)] > TWICE:
            return i
    return 0


def _statement(record: Record) -> tuple[str, ...]:
    """What lines of one statement share, whether or not something above them said where they stand."""
    kind, *rest = record.template
    return ("" if kind in UNPLACED or len(record.values) > 1 else kind, *rest)


def going_on(early: Mapping[tuple[str, ...], Sequence[Record]], records: Sequence[Record]) -> list[Record]:
    """Of single numbers by statement, below the headings of ``early`` epochs, those whose statement goes on later."""
    first: dict[tuple[str, ...], float] = {}
    for record in records:
        if record.epoch is not None:
            first.setdefault(record.template, record.epoch)
    out: list[Record] = []
    for template, mine in early.items():
        epochs = [record.epoch for record in mine if record.epoch is not None]
        if (
            template in first
            and len(epochs) == len(mine)
            and all(a < b for a, b in pairwise([*epochs, first[template]]))
        ):
            out += mine
    return out


def held(starts: Sequence[Started], first: int) -> dict[str, Setting]:
    """What was printed again before the training that begins with record ``first``, where there are several."""
    return {s.name: s for start in starts if 0 < start.before <= first for s in start.settings}


def later_in(starts: Sequence[Started], first: int, end: int, placed: Placed) -> tuple[tuple[int, Setting], ...]:
    """The settings of starts within the training of records ``first <= i < end``, with their rows among the placed."""
    out: list[tuple[int, Setting]] = []
    for start in starts:
        before = placed.index_before(start.before - first) if first < start.before < end else None
        if before is not None and before + 1 < len(placed.records):
            out.extend((before + 1, setting) for setting in start.settings)
    return tuple(out)


def counted_anew(opened: Opened, placed: Placed) -> Placed:
    """The records of an output that says no step, counted anew from each place at which its program was begun again.

    What a program prints before its first number it prints again when it is begun again, and counts its epochs anew.
    """
    if placed.axis != "row" or len(placed.records) < 2 * LEAST_COUNTED:
        return placed
    starts = _begun_again(opened, placed.records)
    if not starts:
        return placed
    step = placed.step.copy()
    for first, end in pairwise([*starts, step.size]):
        step[first:end] += placed.step[0] - placed.step[first]
    return replace(placed, step=step)


def _begun_again(opened: Opened, records: Sequence[Record]) -> list[int]:
    if any(after.line < before.line for before, after in pairwise(records)):
        return []
    epochs = [record.epoch for record in records if record.epoch is not None]
    lowest = min(epochs, default=None)
    places = [
        i
        for i in range(1, len(records))
        if records[i].line > records[i - 1].line + 1 and (lowest is None or records[i].epoch == lowest)
    ]
    spans = [(0, records[0].line), *((records[i - 1].line, records[i].line) for i in places)]
    opening, *between = ({_form(raw) for _, raw in mine} - {""} for mine in _lines_between(opened(), spans))
    if len(opening) < (FEWEST if lowest is None else 1):
        return []
    starts = [i for i, forms in zip(places, between, strict=True) if len(forms & opening) >= AGAIN * len(opening)]
    # Where nothing is counted, what stands above a few numbers again and again is a heading.
    return starts if lowest is not None or len(records) >= LEAST_COUNTED * (len(starts) + 1) else []


def _form(raw: str) -> str:
    """A line without its numbers; nothing for one that says too little to be known again."""
    text = _NUMBER.sub("0", clean(raw[:LONGEST]).text)
    return text if len(_LETTER.findall(text)) >= FEWEST_LETTERS else ""


def _places(records: Sequence[Record], settings: Mapping[str, Setting], resumed: Sequence[int]) -> list[int]:
    """The records ahead of which a start may have been printed."""
    if len(records) < 2:
        return []
    own_lines = len({setting.source.rpartition(":")[2] for setting in settings.values()})
    least = max(1, own_lines // 2)
    head = records[0].line - 1
    long = LIKE_THE_HEAD * head if head >= LEAST_HEAD else float("inf")
    told = sorted(resumed)
    out = []
    pauses = []
    placed = records[0]
    for i in range(1, len(records)):
        first, last = records[i - 1].line, records[i].line
        placed = records[i - 1] if records[i - 1].kind not in UNPLACED else placed
        between = last - first - 1
        if between < least:
            continue
        says_so = bisect_right(told, last) > bisect_right(told, first)
        back = _goes_back(records[i - 1], records[i]) or (
            placed.epoch == records[i - 1].epoch and _goes_back(placed, records[i])
        )
        if back or (says_so and _trains_on(records, i)):
            out.append(i)
        elif between >= long:
            pauses.append(i)
    edges = sorted([0, *out, *pauses, len(records)])
    out += [i for i in pauses if i - edges[edges.index(i) - 1] >= AROUND <= edges[edges.index(i) + 1] - i]
    return sorted(out) if len(out) <= MOST_PLACES else []


def _trains_on(records: Sequence[Record], at: int) -> bool:
    """Whether what was printed before a place is printed behind it: a model is also loaded to be used."""
    usual = Counter(record.template for record in records[:at]).most_common(1)[0][0]
    behind = (record.template == usual for record in records[at:])
    return sum(islice(filter(None, behind), FEWEST_BEHIND)) == FEWEST_BEHIND


def _goes_back(before: Record, after: Record) -> bool:
    """Whether the count of a line is behind that of the one before; the same step once more is written again."""
    for one, other in ((before.epoch, after.epoch), (before.step, after.step), (before.n, after.n)):
        if one is not None and other is not None and other != one:
            return other < one
    return before.step is not None and after.step == before.step


def level_is_back(records: Sequence[Record], at: int) -> bool:
    """Whether the loss is nearer, from a record on, to where the output began with it than to where it was left."""
    behind = next((r for r in islice(records, at, at + AROUND) if any(map(IS_LOSS.search, r.values))), None)
    key = next(filter(IS_LOSS.search, behind.values), None) if behind is not None else None
    if behind is None or key is None:
        return False
    before = [record.values[key] for record in records[:at] if key in record.values]
    return len(before) > 1 and abs(behind.values[key] - before[0]) < abs(behind.values[key] - before[-1])


def _lines_between(output: LogFile, ranges: Sequence[tuple[int, int]]) -> list[list[tuple[int, str]]]:
    """The numbered lines strictly between each pair of line numbers, which rise."""
    out: list[list[tuple[int, str]]] = [[] for _ in ranges]
    at = number = 0
    for block in output.blocks():
        for raw in lines_of(block):
            number += 1
            while at < len(ranges) and number >= ranges[at][1]:
                at += 1
            if at == len(ranges):
                return out
            if number > ranges[at][0] and raw and not raw.isspace():
                out[at].append((number, raw))
    return out
