"""Output as people pass it on: quoted in a mail or an issue, and printed with the signs of another keyboard.

A line that was quoted has "> " ahead of it; Chinese programs write "训练次数：100，Loss：0.5" with wide signs where
others have a colon, a comma and a bracket; forums and word processors set {'loss': -0.5} with curled quotation marks,
the sign of minus and blanks that do not break. Either way the line says what it says without them. What one statement
prints on several lines is told on one; what lost the ends of its lines is told apart where the head of a record comes
again, and a first line that was copied without its first letters is told with them.
"""

from __future__ import annotations

import re
from itertools import islice, pairwise

from losslens.parsers.opening import lines_of
from losslens.parsers.printed import info, mllog, scalars, summary
from losslens.parsers.printed.lines import clean
from losslens.parsers.printed.redrawn import bars_of
from losslens.parsers.printed.rounds import histories_named, told_by_step
from losslens.patterns import compiled

#: Wide signs, and the narrow ones that mean the same between names and numbers.
_WIDE = {"：": ": ", "，": ", ", "；": "; ", "（": "(", "）": ")", "＝": "=", "｜": "|", "【": "[", "】": "]"}
#: What typesetting makes of the signs of a program.
_SET = {"‘": "'", "’": "'", "“": '"', "”": '"', "\u2212": "-", "\u00a0": " ", "\u202f": " "}
_AS_TYPED = tuple((_WIDE | _SET).items())
_QUOTED = compiled(r"^(?:> )+(?=[^>\s])|^>[ \t]*$")

#: What the printf of Windows writes where others have nan and inf, also where it rounds; and whose NaN it was.
_WINDOWS = compiled(r"(?<![\w.])([-+]?)1\.#([A-Z][A-Z0-9]*)|(?<=nan)\((?:ind|snan|qnan|0x[0-9a-f]+|char\d*)\)", re.I)

#: A number behind its name that is written with a comma: "Verlust = 0,9769", "perte 1,3477"; three digits behind it
#: may be thousands where it does not begin with 0.
_NAMED = r"[^\W\d]\)?['\"]?(?:\s*[:=]\s*|\s+)[-+]?"
_COMMA = compiled(rf"({_NAMED}\d+),(\d+(?:e[-+]?\d+)?)(?![\d.]|,\d)", re.IGNORECASE)
_SURE = compiled(rf"{_NAMED}(?:0,\d+|\d+,(?:\d\d?|\d{{4,}}))(?![\d.]|,\d)")
_POINT = compiled(rf"{_NAMED}\d+\.\d")
_BETWEEN_DIGITS = compiled(r",(?<=\d,)(?=\d)")
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


#: The date and the level that a logging library puts ahead of a line.
_DATED = compiled(
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?\]?[^\d=]{1,30}?\b(?:INFO|WARN(?:ING)?|DEBUG|ERROR)\b"
)
#: How programs begin a line that says where they are.
_HEAD = compiled(
    r"\s*[\[(]?(?:progress|epoch|(?:global[ _])?step|iter(?:ation)?|batch|round|episode)\b[^\w\n]{0,6}", re.IGNORECASE
)
#: A name and that a number stands behind it.
_SAYS = compiled(r"[A-Za-z_][\w/]*(?=\s*[:=(]?\s*[-+]?(?:\.?\d|nan\b|inf\b))", re.IGNORECASE)
#: The two counts between brackets ahead of a line of PyTorch's DCGAN and its heirs: "[0/100][12/26]".
_COUNTS = compiled(r"\[\d+/\d+\] ?\[\d+/\d+\]")
#: A line shorter than this is told by itself, and of a longer one so many letters are looked at.
_TWO_RECORDS, _LONGEST = 40, 1 << 16


def records_of(line: str) -> list[str]:
    """The records that stand on one line because the ends of theirs were lost; the line alone where it holds one.

    What tells them is the date and the level of a logger behind numbers, or the head of the line that comes again with
    the same names behind it each time; a last record may be cut. Bars that were redrawn are a record each.
    """
    if "/" in line or "it [" in line:
        bars = bars_of(line)
        if bars:
            return bars
    if not _TWO_RECORDS <= len(line) <= _LONGEST:
        return [line]
    if "[(" in line and (rounds := told_by_step(line)):
        return rounds
    if line.startswith("[") and _COUNTS.match(line):
        edges = [*(match.start() for match in _COUNTS.finditer(line)), len(line)]
        parts = [line[a:b] for a, b in pairwise(edges)]
        said = _SAYS.findall(parts[0])
        return parts if said and all(_SAYS.findall(part) == said for part in parts) else [line]
    if (head := _HEAD.match(line)) is not None and (word := head[0].strip()) in line[head.end() :]:
        parts = [word + part for part in line.lstrip().split(word)[1:]]
        said = [_SAYS.findall(part) for part in parts]
        whole = said[0] == said[-1] or (len(said) > 2 and said[-1] == said[0][: len(said[-1])])
        measured = [name for name in said[0] if not word.endswith(name)]
        if measured and whole and all(one == said[0] for one in said[:-1]):
            return parts if said[0] == said[-1] else parts[:-1]
    elif "INFO" in line[_TWO_RECORDS:] and (dated := [m.start() for m in _DATED.finditer(line)]):
        edges = [0, *(at for at in dated if len(_SAYS.findall(clean(line[:at]).text)) > 1), len(line)]
        return [line[a:b] for a, b in pairwise(edges)]
    return [line]


#: Lines behind the first among which one of its statement may stand, and how much of it may have been cut off.
_NEXT, _MOST_CUT = 4, 20
_ANY_NUMBER = compiled(r"\s*[-+]?(?:\d[\d.,]*(?:e[-+]?\d+)?|(?:nan|inf)\b)", re.IGNORECASE)


def with_whole_head(lines: list[str]) -> list[str]:
    """The lines of an output, the first with the letters that it lacks of those that its statement begins with.

    Who copies a log out of a window may miss the first of them: "poch  1, 50/900" above "Epoch  1, 100/900".
    """
    at = next((i for i, line in enumerate(lines) if line.strip()), None)
    if at is None or not lines[at][:1].isalpha():
        return lines
    first = _ANY_NUMBER.sub("0", lines[at])
    shapes = [_ANY_NUMBER.sub("0", line) for line in lines[at + 1 : at + 1 + _NEXT]]
    for shape in shapes if first not in shapes else ():
        cut = shape[: len(shape) - len(first)]
        if 0 < len(cut) <= _MOST_CUT and cut[-1].isalpha() and "0" not in cut and shape.endswith(first):
            return [*lines[:at], cut + lines[at], *lines[at + 1 :]]
    return lines


def _as_elsewhere(match: re.Match[str]) -> str:
    word = match[2]
    return "" if word is None else match[1] + ("inf" if word.upper().startswith("INF") else "nan")


#: Markdown's sign of code, around a log or ahead of its first line alone.
_TICK = "`"


def _without_ticks(line: str) -> str:
    """A line without the signs of code ahead of it or behind it; those around a word of it stay."""
    bare = line.strip().strip(_TICK)
    return bare if _TICK not in bare and _ANY_NUMBER.search(bare) and bare != line else line


def passed_on(text: str) -> list[str]:
    """The lines of a stretch of output, without what quoting them put ahead, with narrow signs, and MLPerf's retold.

    A number that is none is spelled as everywhere else.
    """
    if not text.isascii():
        for sign, typed in _AS_TYPED:
            if sign in text:
                text = text.replace(sign, typed)
    if "," in text and _has_decimal_commas(text):
        text = _COMMA.sub(r"\1.\2", text)
    if "1.#" in text or "nan(" in text.lower():
        text = _WINDOWS.sub(_as_elsewhere, text)
    text = histories_named(text)
    if summary.BEST_MARK in text:
        text = summary.without_best_model(text)
    lines = lines_of(text)
    if _TICK in text:
        lines = [_without_ticks(line) if _TICK in line else line for line in lines]
    if mllog.MARK in text:
        lines = [mllog.as_printed(line) for line in lines]
    if info.MARK in text:
        lines = info.as_printed(lines)
    if summary.MARK in text:
        lines = summary.without_summary(lines)
    if scalars.MARK.search(text):
        lines = scalars.as_printed(lines)
    if text.startswith("> ") or "\n> " in text:
        return [_QUOTED.sub("", line) if line.startswith(">") else line for line in lines]
    return lines
