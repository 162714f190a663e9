"""Output as people pass it on: quoted in a mail or an issue, and printed with the signs of another keyboard.

A line that was quoted has "> " ahead of it; Chinese programs write "训练次数：100，Loss：0.5" with wide signs where
others have a colon, a comma and a bracket; forums and word processors set {'loss': -0.5} with curled quotation marks,
the sign of minus and blanks that do not break. Either way the line says what it says without them. What one statement
prints on several lines is told on one.
"""

from __future__ import annotations

import re
from itertools import islice

from losslens.parsers import text_info, text_mllog
from losslens.parsers.opening import lines_of

#: Wide signs, and the narrow ones that mean the same between names and numbers.
_WIDE = {"：": ": ", "，": ", ", "；": "; ", "（": "(", "）": ")", "＝": "=", "｜": "|", "【": "[", "】": "]"}
#: What typesetting makes of the signs of a program.
_SET = {"‘": "'", "’": "'", "“": '"', "”": '"', "\u2212": "-", "\u00a0": " ", "\u202f": " "}
_AS_TYPED = tuple((_WIDE | _SET).items())
_QUOTED = re.compile(r"^(?:> )+(?=[^>\s])|^>[ \t]*$")

#: A number behind its name that is written with a comma: "Verlust = 0,9769", "perte 1,3477"; three digits behind it
#: may be thousands where it does not begin with 0.
_NAMED = r"[^\W\d]\)?['\"]?(?:\s*[:=]\s*|\s+)[-+]?"
_COMMA = re.compile(rf"({_NAMED}\d+),(\d+(?:e[-+]?\d+)?)(?![\d.]|,\d)", re.IGNORECASE)
_SURE = re.compile(rf"{_NAMED}(?:0,\d+|\d+,(?:\d\d?|\d{{4,}}))(?![\d.]|,\d)")
_POINT = re.compile(rf"{_NAMED}\d+\.\d")
_BETWEEN_DIGITS = re.compile(r",(?<=\d,)(?=\d)")
#: How many commas of a stretch are looked at, and how far around each a name and a number reach.
_MOST_LOOKED_AT, _AROUND = 200, 24
#: So many of these say that a program writes its numbers so, and that one of this many may have a point.
_LEAST_COMMAS, _POINTS = 3, 10


def _has_decimal_commas(text: str) -> bool:
    """Whether the numbers behind the names of a stretch of output have a comma where English has a point."""
    places = [match.start() for match in islice(_BETWEEN_DIGITS.finditer(text), _MOST_LOOKED_AT)]
    commas = sum(
        any(m.start() < at < m.end() for m in _SURE.finditer(text, max(0, at - _AROUND), at + _AROUND)) for at in places
    )
    if commas < _LEAST_COMMAS:
        return False
    looked_at = text[places[0] : places[-1] + 1]
    return _POINTS * sum(1 for _ in _POINT.finditer(looked_at)) <= commas


def passed_on(text: str) -> list[str]:
    """The lines of a stretch of output, without what quoting them put ahead, with narrow signs, and MLPerf's retold."""
    if not text.isascii():
        for sign, typed in _AS_TYPED:
            if sign in text:
                text = text.replace(sign, typed)
    if "," in text and _has_decimal_commas(text):
        text = _COMMA.sub(r"\1.\2", text)
    lines = lines_of(text)
    if text_mllog.MARK in text:
        lines = [text_mllog.as_printed(line) for line in lines]
    if text_info.MARK in text:
        lines = text_info.as_printed(lines)
    if text.startswith("> ") or "\n> " in text:
        return [_QUOTED.sub("", line) if line.startswith(">") else line for line in lines]
    return lines
