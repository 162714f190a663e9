"""Bars that were redrawn in one line and stand in it one behind the other: what passed the line on lost the returns.

A bar of tqdm ends in the bracket that its numbers stand in; one of Keras begins with its count, which is as wide as its
total and stands right behind the last number of the bar before. What stands between two bars of tqdm is the description
of the second, which comes again and again, and ahead of that what the program printed meanwhile.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from losslens.patterns import compiled

#: A line of a single bar, or of none, has fewer of these.
LEAST_BARS = 2
#: What collectors and editors write where a program sent the return of a carriage.
_RETURN = compiled(r"^(?:\s|\^M|#015|\\r|\\u000d|␍|<CR>)+", re.IGNORECASE)
_WITHIN = r"(?:[^\[\]\n]|\[[^\[\]\n]{0,200}\]){0,600}"
_TQDM = compiled(
    r"\d{1,3}%(?:\|[^|\n]{0,400}\|\s*|\s)[\d.]+[kMG]?/[\d.]+[kMG]?\s*\[\d+:\d\d" + _WITHIN + r"\]"
    r"|(?<![\w.])\d+it\s\[\d+:\d\d" + _WITHIN + r"\]"
)
_KERAS = compiled(r"(?P<n>\d{1,9})/(?P<of>\d{1,9})(?=\s{1,2}(?:\[[=>.]+\]|━+)[ \t])")
_COLOURS = compiled(r"\x1b\[[0-9;]*m|\x08+")
_HEAD_OF_EPOCH = compiled(r"(?<!\d)Epoch \d{1,6}/\d{1,6}\s*$")
#: The dict of numbers that a trainer prints while its bar stands there.
_DICT = compiled(r"\{\s*['\"][^{}]*\}")
_NUMBER = compiled(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?|nan|inf", re.IGNORECASE)
_ANY_NUMBER = r"(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|nan|inf)"


def bars_of(line: str) -> list[str]:
    """The bars of a line that holds several, each with what stands ahead of it; nothing where it holds no two."""
    if line.count("%") >= LEAST_BARS or line.count("it [") >= LEAST_BARS:
        found = list(_TQDM.finditer(line))
        if len(found) >= LEAST_BARS:
            return _with_descriptions(line, found)
    if line.count("/") > LEAST_BARS and ("ETA" in line or "/step" in line):
        return _of_keras(_COLOURS.sub("", line))
    return []


def _with_descriptions(line: str, bars: Sequence[re.Match[str]]) -> list[str]:
    ends = [0, *(bar.end() for bar in bars)]
    ahead = [_RETURN.sub("", line[end : bar.start()]) for end, bar in zip(ends, bars, strict=False)]
    often = Counter(_shape(text) for text in ahead)
    known = sorted({shape for shape, count in often.items() if shape and count > 1}, key=len, reverse=True)
    descriptions = [re.compile(rf"(?:{shape})$") for shape in known]
    parts: list[str] = []
    for text, bar in zip(ahead, bars, strict=True):
        message, description = _told_apart(text, descriptions, alone=often[_shape(text)] == 1)
        parts += [message] if message.strip() else []
        parts.append(f"{description}{bar[0]}")
    rest = _RETURN.sub("", line[ends[-1] :])
    return [*parts, rest] if rest.strip() else parts


def _shape(text: str) -> str:
    """A pattern of the descriptions that differ from this one in their numbers alone."""
    return _ANY_NUMBER.join(re.escape(part) for part in _NUMBER.split(text))


def _told_apart(text: str, descriptions: Sequence[re.Pattern[str]], *, alone: bool) -> tuple[str, str]:
    """What was printed ahead of a bar, and the description of the bar."""
    if (printed := _DICT.search(text)) is not None:
        return text[: printed.end()], text[printed.end() :]
    if not alone:
        return "", text
    for pattern in descriptions:
        if (match := pattern.search(text)) is not None:
            return text[: match.start()], match[0]
    # A description ends in its sign; a record of numbers that the program printed does not.
    return (text, "") if text.rstrip().endswith(("}", ")", ".")) else ("", text)


def _of_keras(line: str) -> list[str]:
    found = [match for match in _KERAS.finditer(line) if not match["of"].startswith("0")]
    if len(found) < LEAST_BARS:
        return []
    starts = []
    for bar in found:
        at = bar.end("n") - min(len(bar["n"]), len(bar["of"]))
        head = _HEAD_OF_EPOCH.search(line, max(0, at - 40), at)
        starts += [head.start(), at] if head else [at]
    edges = [0, *starts, len(line)]
    return [part for a, b in pairwise(edges) if (part := _RETURN.sub("", line[a:b]).rstrip())]
