"""One line of a job's output without what the terminal and the logging library put around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise

from losslens.parsers.printed.wholes import NUMBER
from losslens.patterns import compiled

#: Colours, cursor moves, window titles: the terminal's own language.
_TERMINAL = compiled(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_BACKSPACES = compiled(r"\x08+")
_DATE = compiled(
    r"\[?(?P<date>(?:\d{4}[-/]\d\d[-/]\d\d|\d\d-\d\d-\d\d|\d\d/\d\d/\d{4}"
    # Spark's: "24/12/31 10:00:00 INFO DAGScheduler: …"
    r"|\d\d/\d\d/\d\d(?= \d\d:\d\d:\d\d (?:INFO|DEBUG|WARN|ERROR) [\w.$]+: ))"
    r"(?:[ T]|(?<=\d{4}-\d\d-\d\d)-)\d\d:\d\d:\d\d)"
    r"(?P<fraction>[.,]\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?\]?[:,]?\s*"
    # a bar ahead of a name and a number alone is the side of a row, as rlpyt dates its tables
    rf"(?:[|-]\s+(?!(?<=\| )[\w/.-]+\s{{2,}}{NUMBER}\s*$)|-[\w.]+-(?=(?:INFO|DEBUG|WARNING|ERROR|CRITICAL):))?"
)
#: "00:43:58train Loss: 0.5" has the name of the split right behind it.
_CLOCK = compiled(
    r"[\[(]?(?:\d\d[-/]\d\d[ -])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?[AP]M\b)?[\])]?(?:\s+|(?=[A-Za-z]{3}))(?:[|-]\s+)?"
)
#: detectron2's, which has no year.
_DAY = compiled(r"\[\d\d/\d\d \d\d:\d\d:\d\d(?: [\w.]+)?\]:?\s*")
_ABSL = compiled(r"[IWEF]\d{4} \d\d:\d\d:\d\d(?:\.\d+)?\s+\d+\s+[\w.<>/-]+:\d+\]\s*")
#: Kaggle's, of a notebook that ran there: how long it had run, and the number of the line.
_KAGGLE = compiled(r"\d+\.\d+s(?:\t+| \| )\d+(?:\t+| \| )")
_LEVEL = compiled(
    r"[IWEF] [\w./-]+\.cc:\d+\]\s+|"  # TensorFlow's logger of before it printed dates
    r"(?:INFO|DEBUG|WARNING|ERROR|CRITICAL):(?:root|__main__|[A-Za-z]\w*(?:[.-]\w+)+(?=:[A-Za-z\[{'\"])):"
    r"|\[?(?:INFO|DEBUG|WARNING|WARN|ERROR|CRITICAL)\b\]?\s*(?:[:|-]\s*)?"
)
#: "409: 3.74, 3.81 avg loss" is a line of Darknet's: neither a rank nor any step stands ahead of a statement.
_NOT_DARKNET = rf"(?!(?i:{NUMBER}),\s|loss=[-\w.]+, avg)"
_RANK = compiled(
    r"\[?rank\s*[:=]?\s*(?P<rank>\d+)\]?\s*[:|-]?\s*|\[default(?P<local>\d+)\]:\s*"
    r"|\[worker[ :=#]?(?P<worker>\d+)\]\s*[:|-]?\s*"
    r"|\[proc (?P<proc>\d+)\]\s*(?=[\[A-Za-z])"
    # Open MPI's, that of pdsh, which starts the nodes of DeepSpeed, and kubectl's of several pods
    r"|\[\d+,(?P<mpi>\d+)\]<std(?:out|err)>:\s*|(?:worker|node)-(?P<node>\d{1,4}): (?=\S)"
    r"|\[pod/[\w.-]+-(?P<pod>\d{1,4})/[\w.-]+\]\s+"
    rf"|(?P<srun>\d{{1,4}}): (?=\S){_NOT_DARKNET}|\[[\w.]+:\d+, rank=(?P<logged>\d+)\]\s*",  # OLMo's logger
    re.I,
)
_LOGGER = compiled(
    r"(?:[A-Za-z_]\w*(?:\.\w+)+(?::[\w<>]+){0,3}|[A-Za-z_]\w*:[\w<>]+:\d+)\s*(?:\||\]|-\s|:\s)\s*(?![-+.]?\d|nan|inf)"
    r"|__main__ - |\w+ - (?=\[?(?:INFO|DEBUG|WARN|ERROR))|\w+(?:\.\w+)+ (?:INFO|DEBUG|WARNING|ERROR): |tensorflow:"
    r"|[\w.-]+:\d+\s+[\w.]+:\d+\s+(?=INFO|DEBUG|WARN|ERROR)|[A-Za-z][\w.]*\$[\w.$]*: "
)
_BRACKETED = compiled(
    # Ray puts before a line which of its processes printed it.
    r"(?:LOG|VLOG\[\d\]) \([\w.~+\[\]-]+:[\w<>]+\(\):[\w.-]+:\d+\)\s*|\((?:[\w.<>-]+ )?pid=\d+(?:, ip=[\w.:]+)?\)\s*"
    r"|\[[\w.-]+\]\s+(?=\[?\d{4}-\d\d-\d\d)|\(\w+:\d+\)\s+(?=[A-Z]+:)|\[[\w./<>-]+\.py:\d+(?::\w+)?\]\s*|\[(?:INFO|DEBUG|WARNING|ERROR)\]\s*"
)
#: WeNet says behind a line whose it is.
_RANK_BEHIND = compiled(r"\s+rank:? (?P<rank>\d{1,4})$")
_PREFIXES = (_DATE, _DAY, _ABSL, _RANK, _CLOCK, _BRACKETED, _LEVEL, _LOGGER, _KAGGLE)
#: Prefixes come in any order ("[rank0] 2024-… INFO name - "); more than this many on one line is no prefix.
_MOST_PREFIXES = 6


_AHEAD = compiled(rf"^[ \t]*(\d{{1,9}}):[ \t](?=\S){_NOT_DARKNET}", re.M)
#: "loss@14: 0.45", line by line: of a metric at so many answers, such as recall@10, the number stays.
_BEHIND = compiled(r"^(?P<name>[A-Za-z][\w./-]*)@(?P<step>\d{1,9})(?=\s*[:=])", re.M)
#: Numbers ahead of so many lines and a colon that go up from each to the next are steps and no ranks.
LEAST_AHEAD = 5


def counts_ahead(text: str) -> bool:
    """Whether "409: loss 3.74" or "loss@409: 3.74" counts steps in this text.

    A rank that a launcher puts ahead comes again, and the number behind a name is that of one name.
    """
    numbers = [int(n) for n in _AHEAD.findall(text)]
    if len(numbers) < LEAST_AHEAD and "@" in text:
        behind = _BEHIND.findall(text)
        numbers = [int(n) for _, n in behind] if len({name for name, _ in behind}) == 1 else []
    return len(numbers) >= LEAST_AHEAD and all(a < b for a, b in pairwise(numbers))


def as_step(line: str) -> str:
    """The line with the count ahead of it, or behind its name, called a step."""
    if (match := _BEHIND.match(line)) is not None:
        return f"step {match['step']}: {match['name']}{line[match.end() :]}"
    return f"step {line.lstrip()}" if _AHEAD.match(line) else line


_SOURCE_WORDS = ("def ", "import ", "from ", "class ", "return", "if ", "for ", "@")
_SOURCE = compiled(
    r"def \w+\(|import [\w.]+(?: as \w+)?(?:, [\w.]+)*$|from [\w.]+ import |class \w+(?:\([^)]*\))?:"
    r"|(?:if|for) .+:(?:\s*#.*)?$|return(?: [^\d\s].*)?$|@\w[\w.]*(?:\(.*\))?$"
)
#: Lines of a program from which on a text is taken to hold one, and the share of the lines that then are of that kind.
LEAST_SOURCE, SOURCE = 30, 0.08


#: The line of a traceback or a warning that says where the one of the program below it stands.
_FRAME = compiled(r'\s*File "[^"]*", line \d|.*\.pyx?:\d+: \w*Warning\b')


def is_source(line: str, above: str = "") -> bool:
    """Whether a line is one of a Python program that begins as no output does: some print theirs before they train.

    What is quoted below the line ``above`` is no printed program.
    """
    bare = line.lstrip()
    if not bare.startswith(_SOURCE_WORDS) or _SOURCE.match(bare.rstrip()) is None:
        return False
    return not quotes_source(above)


def quotes_source(line: str) -> bool:
    """Whether the line below this one is of a program that a traceback or a warning quotes."""
    return _FRAME.match(line) is not None


@dataclass(frozen=True, slots=True)
class Line:
    """``text`` is what the program itself printed; ``wall_time`` in s UTC (a time without a zone is taken as UTC)."""

    text: str
    wall_time: float | None = None
    rank: int | None = None


def clean(line: str) -> Line:
    """A line without terminal codes, time stamps, levels, logger names and rank labels."""
    text = without_terminal(line).strip()
    wall_time: float | None = None
    rank: int | None = None
    for kind, match in _prefixes(text):
        if kind is _DATE:
            wall_time = _moment(match) if wall_time is None else wall_time
        elif kind is _RANK:
            rank = int(match[match.lastgroup or 0])
        text = text[match.end() :]
    if rank is None and (behind := _RANK_BEHIND.search(text)):
        text, rank = text[: behind.start()], int(behind["rank"])
    return Line(text, wall_time, rank)


def _prefixes(text: str) -> Iterator[tuple[re.Pattern[str], re.Match[str]]]:
    """What stands before a line's own text, one after the other; each is matched against what the last one left."""
    for _ in range(_MOST_PREFIXES):
        found = next(((prefix, m) for prefix in _PREFIXES if (m := prefix.match(text)) and m.end()), None)
        if found is None:
            return
        yield found
        text = text[found[1].end() :]


def prefix_of(line: str) -> tuple[int, int | None]:
    """Where the own text of a line begins, and where the date before it does; terminal codes are counted."""
    shown = list(range(len(line) + 1))
    for code in reversed(list(_TERMINAL.finditer(line))):
        del shown[code.start() : code.end()]
    text = without_terminal(line)
    begin, date = len(text) - len(text.lstrip()), None
    for kind, match in _prefixes(text.strip()):
        if kind is _DATE and date is None:
            date = shown[begin]
        begin += match.end()
    return shown[begin], date


def is_indented(line: str) -> bool:
    """Whether the own text of a line stands back from its margin, or from what a logging library put ahead of it."""
    begin = prefix_of(line)[0]
    return "  " in (line[begin - 2 : begin], line[begin : begin + 2]) or line[:1].isspace()


def moment_at(line: str, start: int) -> float | None:
    """The moment (s UTC) of the date that begins there; None where it is no date of the calendar."""
    match = _DATE.match(line, start)
    return _moment(match) if match else None


def without_terminal(line: str) -> str:
    """A line without the codes that only a terminal understands; its columns stay where they are."""
    if "\x1b" in line:
        line = _TERMINAL.sub("", line)
    if "\x08" in line:
        line = _BACKSPACES.split(line.rstrip("\x08"))[-1]  # Keras wipes a bar before it draws the next
    return line


def _year_first(date: str) -> str:
    """``12/31/2024 10:00:00`` and ``24-12-31 10:00:00`` as ISO writes them."""
    day, clock = date[:-9], date[-9:]
    if len(day) == 8:
        return f"20{day.replace('/', '-')}{clock}"
    if day[2] == "/":
        return f"{day[6:]}-{day[:2]}-{day[3:5]}{clock}"
    return day.replace("/", "-") + clock


def _moment(match: re.Match[str]) -> float | None:
    seconds = _seconds(match["date"], match["zone"] or "")
    return None if seconds is None else seconds + float((match["fraction"] or "0").replace(",", "."))


@lru_cache(maxsize=16)
def _seconds(date: str, zone: str) -> float | None:
    try:
        moment = datetime.fromisoformat(_year_first(date) + zone)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
