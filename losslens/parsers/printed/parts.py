"""The parts of a printed line that may be others on the next one: numbers, runs of blanks, bars as they are drawn."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from losslens.parsers.printed.lines import prefix_of
from losslens.patterns import compiled

_TERMINAL = r"\x1b\[[0-9;?]*[ -/]*[@-~]"
BLOCKS = "█▏▎▍▌▋▊▉#"
_PARTS = compiled(
    rf"(?P<code>{_TERMINAL})"
    rf"|(?P<drawn>(?<=%\|)[{BLOCKS} ]*(?=\|)|(?<=\[)[=>.]+(?=\])|[━╸╺]{{3,}})"
    r"|(?P<blanks> {2,})"
    r"|(?P<thousands>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?)"
    r"|(?P<number>(?:(?P<whole>\d+)(?:\.(?P<part>\d+))?|\.(?P<bare>\d+))(?:[eE][-+]?(?P<power>\d+))?)"
)
#: What stands before a number that may be below zero.
_SIGNED = compiled(r"[=:\s\['\",](?P<sign>-?)\Z")
#: Where the length of what stands before it counts.
_BAR = compiled(r"%\||[━╸]|it \[")
_WHOLE, _PART, _POWER = 15, 25, 4
"""Most digits of a number before its point, behind it, and of its power of ten."""
#: The lengths that are tried; 0 leaves all as long as they are. The ends are the shortest and the longest allowed.
_LENGTHS = (0, 0, 1, _WHOLE, 2, 3, 4, 6)


class May(IntEnum):
    """What of a part of a line may vary."""

    NOTHING = 0
    DIGITS = 1
    LENGTH = 2
    SIGN = 3
    """As well as its length."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a line that may be another on the next one: a number, a run of blanks, a bar as it is drawn."""

    kind: str
    start: int
    end: int
    text: str
    may: May
    attached: bool = False
    """It stands directly behind a letter: part of a name, perhaps."""
    ahead: bool = False
    """It stands before what the program itself printed."""

    def pattern(self) -> str:
        if self.may is May.NOTHING:
            return re.escape(self.text)
        if self.kind == "blanks":
            return " {2,}+" if self.may >= May.LENGTH else re.escape(self.text)
        if self.kind == "drawn":
            return re.escape(self.text) if self.may < May.LENGTH else _DRAWN[_drawn_with(self.text)]
        if self.may is May.DIGITS:
            return _DIGITS.sub(lambda run: rf"\d{{{len(run[0])}}}", re.escape(self.text))
        sign = "-?" if self.may is May.SIGN else ""
        return sign + self._shaped(rf"\d{{1,{_WHOLE}}}+", r"\.", rf"\d{{1,{_PART}}}+", "[-+]", rf"\d{{1,{_POWER}}}+")

    def _shaped(self, whole: str, point: str, part: str, sign: str, power: str) -> str:
        shape = _NUMBER.fullmatch(self.text.lstrip("-"))
        assert shape is not None
        text = whole if shape["whole"] else ""
        text += point + part if shape["part"] or shape["bare"] else ""
        if shape["power"]:
            signed = self.text[-len(shape["power"]) - 1] in "+-"
            text += self.text[-len(shape["power"]) - 1 - signed] + (sign if signed else "") + power
        return text

    def filled(self, chance: random.Random, length: int) -> str:
        """Another text that may stand here, as long as it is here where ``length`` is 0 or its length is to stay."""
        if self.may is May.NOTHING or self.ahead:
            return self.text
        if self.kind == "blanks":
            return " " * max(2, length) if length and self.may >= May.LENGTH else self.text
        if self.kind == "drawn":
            return self._redrawn(length) if self.may >= May.LENGTH else self.text
        if length == 0 or self.may is May.DIGITS:
            return _DIGITS.sub(lambda run: _digits(chance, len(run[0])), self.text)
        sign = chance.choice(("", "-")) if self.may is May.SIGN else ""
        return sign + self._shaped(
            _digits(chance, min(length, _WHOLE)),
            ".",
            _digits(chance, _PART if length >= _WHOLE else length),
            chance.choice("-+"),
            _digits(chance, min(length, _POWER)),
        )

    def _redrawn(self, length: int) -> str:
        match _drawn_with(self.text):
            case "bar":
                return "█" * (length // 2) + " " * (length - length // 2)
            case "=":
                return "=" * length + (">" if length % 2 else "=") + "." * length
            case _:
                return "━" * (3 + length) + ("╺" if length % 2 else "━") + "━" * length


_DIGITS = compiled(r"\d+")
_NUMBER = compiled(
    r"(?:(?P<whole>\d+)(?:\.(?P<part>\d+))?|\.(?P<bare>\d+))(?:[eE][-+]?(?P<power>\d+))?",
)
_DRAWN = {"bar": rf"[{BLOCKS} ]*", "=": "[=>.]+", "━": "[━╸╺]{3,}"}


def _drawn_with(text: str) -> str:
    return "━" if text[:1] in ("━", "╸", "╺") and text else "=" if text[:1] in ("=", ">", ".") and text else "bar"


def _digits(chance: random.Random, count: int) -> str:
    return "".join([chance.choice("123456789"), *(chance.choice("0123456789") for _ in range(count - 1))])


def parts_of(raw: str, rank: int | None) -> tuple[int | None, list[Part]] | None:
    """Where the date of a line stands, and its parts with what may vary at most; its rank stays.

    None for a line that does not write its rank as a number.
    """
    begins, date_at = prefix_of(raw)
    bar = found.start() if (found := _BAR.search(raw)) is not None else 0
    parts: list[Part] = []
    ranked = rank is None
    for match in _PARTS.finditer(raw):
        start, end = match.span()
        if match["code"] is not None:
            continue
        kind = "drawn" if match["drawn"] is not None else "blanks" if match["blanks"] is not None else "number"
        ahead = start < begins
        may = May.DIGITS if ahead or start == begins or end <= bar else May.LENGTH
        attached = kind == "number" and (raw[start - 1 : start].isalpha() or raw[start - 1 : start] == "_")
        if kind == "number" and (attached or match["thousands"] is not None or _touches(raw, match)):
            may = May.DIGITS
        if ahead and kind == "number" and rank is not None and match[0].isdigit() and int(match[0]) == rank:
            may, ranked = May.NOTHING, True
        if may is May.LENGTH and match["part"] is not None and (signed := _SIGNED.search(raw[:start])):
            start, may = start - len(signed["sign"]), May.SIGN
        parts.append(Part(kind, start, end, raw[start:end], may, attached, ahead))
    return (date_at, parts) if ranked else None


def _touches(raw: str, number: re.Match[str]) -> bool:
    """Whether how long a number is may say what it is: part of a date, a clock, thousands, a percentage of a bar."""
    before, after = raw[: number.start()][-2:], raw[number.end() :][:2]
    if number["part"] is None and number["power"] is None and after[:1] == "%":
        return True
    return (before[-1:] in "-:/,." and before[:1].isdigit()) or (after[:1] in "-:/,." and after[1:].isdigit())


def at_most(most: May, part: Part) -> Part:
    """The same part varying less; a sign that may not come and go is no part of it."""
    if most is May.LENGTH and part.may is May.SIGN and part.text.startswith("-"):
        return replace(part, start=part.start + 1, text=part.text[1:], may=most)
    return replace(part, may=min(part.may, most))


def other_lines(raw: str, parts: Sequence[Part], chance: random.Random) -> Iterator[tuple[list[str], str]]:
    """Lines like this one: the texts of the parts, and the line."""
    for length in _LENGTHS:
        texts = [part.filled(chance, length) for part in parts]
        line, done = "", 0
        for part, text in zip(parts, texts, strict=True):
            line += raw[done : part.start] + text
            done = part.end
        yield texts, line + raw[done:]
