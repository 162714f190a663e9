"""What others put around every line of a log: who printed it, the number of the line, marks of a quotation or a list.

Docker Compose writes "trainer_1  | epoch 1 …", kubectl "[pod/train-0/pytorch] epoch 1 …", the journal a date, the host
and the process, ``grep`` and ``cat -n`` the name of the file or the number of the line; people quote a log, make a list
of its lines, or copy it from a window with the bar at its edge and with colours whose escape character was lost. What
stands so on nearly all lines of a head is none of the program's and is left out of the whole file, before anything
else looks at it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from losslens.patterns import compiled

#: Lines, not counting empty ones, of which nearly all have a frame for it to be one; fewer say nothing.
FEWEST, NEARLY_ALL = 3, 0.9
#: Lines of a head that are looked at first, and then.
FIRST, MOST = 8, 1000
#: Frames around each other that are left out.
DEEPEST = 3
_DATED = r"(?P<kept>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\s)"
_NO_SERVICE = (
    r"(?!(?i:train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval\w*|dev|epoch|step|iter\w*|batch|loss"
    r"|info|debug|warn\w*|error)\W)"
)
#: What is the same on every line.
_CONSTANT = tuple(
    compiled(pattern)
    for pattern in (
        rf"{_NO_SERVICE}[A-Za-z][\w.-]*\s+\|(?:\s|$)",
        r"\[(?:pod/)?[\w.-]+/[\w./-]+\](?:\s|$)",
        r"[\w./-]+\.(?:log|txt|out|err):(?!\d+[:-])(?!\s)",
    )
)
#: What may change from line to line; what is "kept" stays ahead of the line.
_CHANGING = tuple(
    compiled(pattern)
    for pattern in (
        r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]+ [\w./@-]+(?:\[\d+\])?:(?:\s|$)",
        rf"{_DATED}[\w.-]+ [\w./@-]+\[\d+\]:(?:\s|$)",
        rf"{_DATED}(?:stdout|stderr) [FP](?:\s|$)",
        r"[\w./-]+\.(?:log|txt|out|err):\d+[:-]",
        r"\d{13}\t(?P<kept>\d{4}-\d\d-\d\dT[\d:.]+Z\t)",  # Grafana's download of logs
        r">(?: ?>)*(?:[ \t]|$|(?=[^>\s]))",
        r"(?:[-*•‣▪]|\d\.)(?:[ \t]|$)(?!-)",
    )
)
#: The bar at the edge of a window; a table that is drawn has more of them on each line.
_BAR = compiled(r"[│┃║]\s?(?=[^│┃║]*$)")
_NUMBERED = compiled(r"[ \t]*(\d{1,7})(?:[:.)|│]?(?:[ \t]+|$)|[:│])")
#: What stands around a whole line, and what is within.
_AROUND = tuple(
    compiled(pattern)
    for pattern in (
        r"`(?P<within>[^`]*)`",
        r"<(?P<tag>p|li|div|code|tt)\b[^>]*>(?P<within>.*)</(?P=tag)>",
        r'"(?P<within>(?:[^"]|"")*)"',
    )
)
#: A record of JSON in the cell of a table that a cloud exports, behind its time: '2026-01-01 00:00:00,"{""step"": 1}"'.
_IN_CELL = compiled(
    r'(?:"?(?P<kept>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^",]*)"?|"?\d{10,19}"?),'
    r'"(?P<within>\{""(?:[^"]|"")*\})\s*"(?:,[^{}]*)?'
)
#: A line in a table that Grafana exports: its labels or its date, its time, the line, the time in ns, an id.
_IN_TABLE = compiled(
    r'(?:"\{(?:[^"]|"")*\}",|"?\d{4}-[\dT:.Z-]+"?,)?"?(?P<kept>\d{4}-\d\d-\d\d[T ][\d:.]+Z?)"?,'
    r'"?(?P<within>(?:[^"]|"")*?)"?,"?\d{19}"?,"?\w+"?'
)
_TWICE = '""'
_COUNTED = compiled(r"\b(?:epoch|step|iter(?:ation)?|batch|it)\W{0,3}\d+", re.IGNORECASE)
#: A count of the program's own, ahead of what it says: "[3/40]", "12:", and no time of day.
_OWN_COUNT = compiled(r"\s*(?:[\[(]\s*\d+\s*[\])/]|#\d+|\d+\s*(?:[\])/]|:(?!\d\d:)))")
_FIRST_WORD = compiled(r"[^\W\d_]{2,}")
#: Words that lines begin with from which on no one statement printed them: the numbers ahead of them count lines.
WORDS = 3
#: Colours, with another spelling of the escape character or without it; "[2m 5s" is how long something took.
_COLOUR = compiled(
    r"(?:\^\[|\\033|\\x1b|\\u001b|\\e|␛|\ufffd)?\[(?:\d{1,3}(?:;\d{1,3}){0,5})?m(?! ?\d+s)", re.IGNORECASE
)
_RESET = compiled(r"\[0{0,2}m(?! ?\d+s)")
#: Ends of colours from which on a text without an escape character has lost them.
LEAST_COLOURS = 3
ESCAPE = "\x1b"
#: What readline switches a terminal to before a program's first word ("meta mode on"), also where none is.
_MODE = compiled(r"^(?:\x1b\[\?\d{1,4}[hl])+")

Frame = Callable[[str], str]
"""Gives a line without what stood around it, and any other line as it is."""


@dataclass(frozen=True, slots=True)
class Framing:
    """The frames of the lines of a file, the outermost first."""

    frames: tuple[Frame, ...] = ()

    def bare(self, text: str) -> str:
        """Whole lines without what stood around them."""
        for frame in self.frames:
            text = "\n".join(map(frame, text.split("\n")))
        return text


def framing_of(head: str) -> Framing:
    """The frames that nearly all lines of the head of a text have."""
    # A bar that is drawn again, behind a carriage return, has nothing ahead of it.
    ends = "\n" if head.count("\n") >= FEWEST else "\r"
    lines = [line for line in head.split(ends, MOST)[:MOST] if line and not line.isspace()]
    frames: list[Frame] = []
    if _MODE.match(head):
        frames.append(_without_mode)
        lines = list(map(_without_mode, lines))
    if ("[0m" in head or "[m" in head) and ESCAPE not in head and len(_RESET.findall(head)) >= LEAST_COLOURS:
        frames.append(_without_colours)
        lines = list(map(_without_colours, lines))
    while len(lines) >= FEWEST and len(frames) < DEEPEST and (frame := _frame_of(lines)) is not None:
        frames.append(frame)
        lines = [line for line in map(frame, lines) if line and not line.isspace()]
    return Framing(tuple(frames))


def _without_mode(line: str) -> str:
    return _MODE.sub("", line) if line.startswith(ESCAPE) else line


def _frame_of(lines: Sequence[str]) -> Frame | None:
    for pattern in _CONSTANT:
        found = next((match[0] for line in lines[:FIRST] if (match := pattern.match(line))), None)
        if found is not None and _nearly_all(lines, start := re.compile(re.escape(found.rstrip()) + r"(?:\s|$)")):
            return _Head(start)
        if found is not None and found.endswith(":") and _nearly_all(lines, start := re.compile(re.escape(found))):
            return _Head(start)
    for pattern in (*_CHANGING, _BAR):
        if _nearly_all(lines, pattern):
            return _Head(pattern)
    if _nearly_all(lines, _NUMBERED) and _counts_lines(lines):
        return _Head(_NUMBERED)
    if _nearly_all(lines, _IN_CELL, whole=True):
        return _in_cell
    if _nearly_all(lines, _IN_TABLE, whole=True):
        return _in_table
    for pattern in _AROUND:
        if all(pattern.fullmatch(line.strip()) for line in lines[1:3]) and _nearly_all(lines, pattern, whole=True):
            return _Around(pattern)
    return None


def _nearly_all(lines: Sequence[str], pattern: re.Pattern[str], *, whole: bool = False) -> bool:
    def fits(line: str) -> bool:
        return (pattern.fullmatch(line.strip()) if whole else pattern.match(line)) is not None

    first = lines[:FIRST]
    if sum(map(fits, first)) < len(first) / 2:
        return False
    return sum(map(fits, lines)) >= NEARLY_ALL * len(lines)


def _counts_lines(lines: Sequence[str]) -> bool:
    """Whether the numbers ahead of the lines are those of the lines: ahead of the program's own count, of the head of
    a table, or of what several statements printed."""
    found = [match for line in lines if (match := _NUMBERED.match(line))]
    numbers = [int(match[1]) for match in found]
    one_by_one = sum(b == a + 1 for a, b in pairwise(numbers))
    # Of empty lines, which are none of these, some programs count those too.
    if not all(a < b for a, b in pairwise(numbers)) or one_by_one < NEARLY_ALL / 2 * len(numbers):
        return False
    bare = [match.string[match.end() :] for match in found]
    said = [counts for line in bare if (counts := tuple(_COUNTED.findall(line)))]
    own = sum(_OWN_COUNT.match(line) is not None for line in bare)
    if 2 * len(set(said)) > len(bare) or 2 * own > len(bare):
        return True
    begun = [match[0] if (match := _FIRST_WORD.search(line)) else "" for line in bare]
    heads = found[0].string is lines[0] and bool(begun[0]) and begun[0] not in begun[1:]
    return heads or len(set(begun) - {""}) >= WORDS


def _without_colours(line: str) -> str:
    return _COLOUR.sub("", line) if "m" in line else line


def _in_cell(line: str) -> str:
    match = _IN_CELL.fullmatch(line.strip()) if _TWICE in line else None
    return line if match is None else f"{match['kept'] or ''} {match['within']}".lstrip().replace(_TWICE, '"')


def _in_table(line: str) -> str:
    match = _IN_TABLE.fullmatch(line.strip()) if line[:1] in '"2' else None
    return line if match is None else f"{match['kept']} {match['within']}".replace(_TWICE, '"')


@dataclass(frozen=True, slots=True)
class _Head:
    pattern: re.Pattern[str]

    def __call__(self, line: str) -> str:
        match = self.pattern.match(line)
        if match is None:
            return line
        return (match.groupdict().get("kept") or "") + line[match.end() :]


@dataclass(frozen=True, slots=True)
class _Around:
    pattern: re.Pattern[str]

    def __call__(self, line: str) -> str:
        match = self.pattern.fullmatch(line.strip())
        return line if match is None else match["within"].replace(_TWICE, '"')
