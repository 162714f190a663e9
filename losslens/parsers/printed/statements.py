"""Statements of the program that print line after line: what one of their lines says is worked out once.

A trainer prints most of its output with a few statements; their lines differ in their digits alone. Reading a line
takes dozens of patterns, none of which tells one digit from another: where a line has been read, all of its kind can
be read by the one pattern that its own text makes. What of it may vary is not assumed but tried: the line is read
again and again with other digits and lengths, and only what then moves with a number, and moves nothing else, is taken
to be that number. What does not bear this is read line by line as before.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from losslens.parsers.printed.lines import moment_at
from losslens.parsers.printed.parts import BLOCKS, May, Part, at_most, other_lines, parts_of
from losslens.parsers.printed.reading import PLACES, Reading, read_alone
from losslens.parsers.printed.records import Record
from losslens.patterns import compiled

#: Lines of one shape that are read one by one before their statement is worked out.
SEEN_FIRST = 16
#: Working one out costs as much as reading some twenty lines: for each attempt this many lines have been read.
LINES_EACH, FREE_TRIES = 150, 8
#: Of one shape, so many failures to work it out end the attempts, and so many statements are kept.
MOST_FAILURES, MOST_OF_A_SHAPE = 3, 64
#: Statements that are tried on each line, the last that fitted first; shapes that are remembered.
MOST_RECENT, MOST_SHAPES = 12, 4096
#: A longer line is no line of numbers.
LONGEST_LINE = 2000
_SHAPE = compiled(rf"-?\d[\d.]*(?:[eE][-+]?\d+)?|(?<=%\|)[{BLOCKS} ]*(?=\|)|[━╸╺=>.]{{3,}}| {{2,}}")


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement of the program: the pattern of its lines, and which number of theirs is which."""

    fits: Callable[[str], re.Match[str] | None]
    reading: Reading
    """Of the line that it was learned from."""
    keys: tuple[str, ...]
    pick: Callable[[tuple[str, ...]], tuple[str, ...]]
    """Takes the numbers of ``keys`` out of the groups of the pattern."""
    fixed: dict[str, float]
    """Where some values never change: all of them in their order."""
    places: tuple[int | None, ...]
    """The groups that are step, epoch, n, of, epochs, batch, lap and episode."""
    date_at: int | None
    """Where on the line its date begins."""
    thousands: bool
    """Some numbers are written 121,400."""

    def record(self, match: re.Match[str], line: int) -> Record:
        """The record of a line that fits."""
        like = self.reading.record
        assert like is not None
        groups = match.groups()
        if self.thousands:
            groups = tuple(text.replace(",", "") for text in groups)
        values = dict(zip(self.keys, map(float, self.pick(groups)), strict=True))
        step, epoch, n, of, epochs, batch, lap, episode = self.places
        return Record(
            like.kind,
            {**self.fixed, **values} if self.fixed else values,
            like.step if step is None else int(groups[step]),
            like.epoch if epoch is None else float(groups[epoch]),
            like.n if n is None else int(groups[n]),
            like.of if of is None else int(groups[of]),
            like.epochs if epochs is None else int(groups[epochs]),
            self.wall_time(match),
            line,
            like.form,
            like.name,
            like.aside,
            like.batch if batch is None else int(groups[batch]),
            like.unsaid,
            like.lap if lap is None else int(groups[lap]),
            like.episode if episode is None else int(groups[episode]),
        )

    def wall_time(self, match: re.Match[str]) -> float | None:
        return None if self.date_at is None else moment_at(match.string, self.date_at)


def learn(raw: str) -> Statement | None:
    """The statement that printed a line; None where no pattern holds for lines like it."""
    reading = read_alone(raw)
    if reading is None or (reading.drawn and reading.record is None):
        return None  # a row of a table costs no less where its form is known
    found = parts_of(raw, reading.rank)
    if found is None:
        return None
    date_at, parts = found
    tried = _tried(raw, reading, parts)
    if tried is None:
        parts = [part if _is_free(raw, reading, part) else replace(part, may=May.NOTHING) for part in parts]
        for most in (May.SIGN, May.LENGTH, May.DIGITS):
            parts = [at_most(most, part) for part in parts]
            if (tried := _tried(raw, reading, parts)) is not None:
                break
    if tried is None:
        return None
    told = {place.at for place in tried.groups.values()}
    # A single digit behind a letter is part of a name, such as f1, which a pattern may ask for.
    parts = [
        replace(part, may=May.NOTHING) if part.attached and len(part.text) == 1 and at not in told else part
        for at, part in enumerate(parts)
    ]
    return _statement(raw, replace(reading, setting=tried.setting), parts, tried.groups, date_at)


def _statement(
    raw: str, reading: Reading, parts: Sequence[Part], groups: dict[str, _Place], date_at: int | None
) -> Statement:
    below_zero = {place.at for place in groups.values() if place.below_zero}
    told = sorted({place.at for place in groups.values()})
    pattern, done = "", 0
    for at, part in enumerate(parts):
        minus = at in below_zero
        pattern += re.escape(raw[done : part.start - minus])
        pattern += f"({'-' * minus}{part.pattern()})" if at in told else part.pattern()
        done = part.end
    pattern += re.escape(raw[done:])
    group = {name: told.index(place.at) for name, place in groups.items()}
    names = reading.record.values if reading.record is not None else {}
    keys = tuple(key for key in names if f"value {key}" in group)
    return Statement(
        re.compile(pattern).fullmatch,
        reading,
        keys,
        _picker([group[f"value {key}"] for key in keys]),
        {} if len(keys) == len(names) else dict(names),
        tuple(group.get(name) for name in PLACES),
        date_at,
        any("," in part.text for part in parts if part.kind == "number"),
    )


def _picker(at: Sequence[int]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    if len(at) > 1:
        return itemgetter(*at)
    return lambda groups: tuple(groups[i] for i in at)


@dataclass(frozen=True, slots=True)
class _Place:
    """Which part of a line a number is, and whether the minus sign before the part belongs to it."""

    at: int
    below_zero: bool


@dataclass(frozen=True, slots=True)
class _Tried:
    """What moved when the digits of a line did."""

    groups: dict[str, _Place]
    """By number."""
    setting: bool
    """One of the lines says a setting."""


def _tried(raw: str, reading: Reading, parts: Sequence[Part]) -> _Tried | None:
    """Which part each number is that moves when the line's digits do; None where the line then says something else."""
    form = reading.form()
    lines = [[part.text for part in parts]]
    told = [reading.numbers()]
    setting = reading.setting
    for texts, line in other_lines(raw, parts, random.Random(len(raw))):
        other = read_alone(line)
        if other is None or other.form() != form:
            return None
        lines.append(texts)
        told.append(other.numbers())
        setting = setting or other.setting
    groups: dict[str, _Place] = {}
    signs: dict[int, bool] = {}
    for name in told[0]:
        said = [one[name] for one in told]
        if all(_same(other, said[0]) for other in said):
            continue
        places = [
            _Place(at, below_zero)
            for at, part in enumerate(parts)
            if part.kind == "number"
            for below_zero in ((False, True) if raw[: part.start].endswith("-") else (False,))
            if all(
                _same(_value("-" * below_zero + texts[at]), number) for texts, number in zip(lines, said, strict=True)
            )
        ]
        if len(places) != 1 or signs.setdefault(places[0].at, places[0].below_zero) != places[0].below_zero:
            return None
        groups[name] = places[0]
    return _Tried(groups, setting)


def _is_free(raw: str, reading: Reading, part: Part) -> bool:
    """Whether a line says the same with other digits in this part."""
    if part.may is May.NOTHING or part.ahead or part.kind != "number":
        return True
    chance = random.Random(part.start)
    for _ in range(3):
        other = read_alone(raw[: part.start] + part.filled(chance, 0) + raw[part.end :])
        if other is None or other.form() != reading.form():
            return False
    return True


def _value(text: str) -> float:
    return float(text.replace(",", ""))


def _same(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and one != one and other != other)


@dataclass(slots=True)
class _Shape:
    """What is known of the lines that differ in their numbers alone."""

    seen: int = 0
    failures: int = 0
    statements: list[Statement] = field(default_factory=list)


@dataclass
class Statements:
    """The statements that one output was printed by, learned while it is read."""

    _recent: list[Statement] = field(default_factory=list)
    _shapes: dict[str, _Shape] = field(default_factory=dict)
    _tries: int = 0

    def of(self, raw: str, number: int) -> tuple[Statement, re.Match[str]] | None:
        """The statement that printed the line of this number, as it fits; None where it has to be read by itself."""
        for at, statement in enumerate(self._recent):
            if (match := statement.fits(raw)) is not None:
                if at > 2:
                    self._recent.insert(at // 2, self._recent.pop(at))
                return statement, match
        return self._known(raw, number) if len(raw) <= LONGEST_LINE else None

    def _known(self, raw: str, number: int) -> tuple[Statement, re.Match[str]] | None:
        name = _SHAPE.sub("0", raw)
        shape = self._shapes.get(name)
        if shape is None:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            shape = self._shapes[name] = _Shape()
        for statement in shape.statements:
            if (match := statement.fits(raw)) is not None:
                self._remember(statement)
                return statement, match
        shape.seen += 1
        if shape.seen < SEEN_FIRST or shape.failures >= MOST_FAILURES or len(shape.statements) >= MOST_OF_A_SHAPE:
            return None
        if self._tries >= FREE_TRIES + number // LINES_EACH:
            return None
        self._tries += 1
        learned = learn(raw)
        match = learned.fits(raw) if learned is not None else None
        if learned is None or match is None:
            shape.failures += 1
            return None
        shape.statements.append(learned)
        self._remember(learned)
        return learned, match

    def _remember(self, statement: Statement) -> None:
        self._recent.insert(0, statement)
        del self._recent[MOST_RECENT:]
