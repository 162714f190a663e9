"""Lists that a program printed when it was done, and no line an epoch before: ``print("train losses:", losses)``.

Python's lists and dicts, arrays of NumPy and PyTorch, over as many lines as it took; lists of lists, and pairs of a
step and a value. A list that is printed again after each epoch, longer by one, counts as it was last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Damage, Log
from losslens.parsers.json_curves import curves_in, lists_in, series_of
from losslens.parsers.json_reading import Document, Json, loads_bare
from losslens.parsers.keras_json import histories_of
from losslens.parsers.opening import HEAD_BYTES, LogFile, decode_head
from losslens.parsers.printed.lines import clean
from losslens.parsers.printed.windows import records_in
from losslens.parsers.transposed import lies_on_its_side
from losslens.patterns import compiled

NAME = "printed-lists"

#: Fewer numbers than this are parts of a loss or a setting, and a list that comes again must have more than parts.
LEAST_NUMBERS, LEAST_AGAIN = 5, 9
#: A list is no longer than this (characters), and so much of a document is looked at.
LONGEST, MOST = 1 << 22, 1 << 26
#: Brackets that nothing closes: of more than so many the text is made otherwise.
MOST_UNCLOSED = 20
_BRACKET = compiled(r"[\[\](){}]")
_NAMED = compiled(
    r"(?:^|[\s|,;:({])(?P<name>['\"]?[A-Za-z_][\w./-]*(?: [A-Za-z_][\w./-]*){0,3}['\"]?)\s*(?:[:=]|->|is\b)\s*"
    r"(?P<made>(?:[\w.]+\()*)(?=[\[{])"
)
_MAYBE = compiled(r"(?:[:=]|->|is)\s*(?:[\w.]+\()*[\[{]")
#: What numbers are wrapped in: "tensor(0.5, device='cuda:0')", "np.float64(0.5)".
_WRAPPED = compiled(r"[A-Za-z_][\w.]*\(\s*([^()]*?)\s*(?:,\s*[a-z_]+\s*=[^()]*(?:\([^()]*\))?)*\s*\)")
_LAST_COMMA = compiled(r",\s*(?=[\]}])")
_BLANKS = compiled(r"(?<=[\w.\]])\s+(?=[-+\w.\[])")
_NO_COURSE = compiled(r"weight|coef|scale|lambda|milestone|schedul|size|shape|dim|layer|param|class|arg|config", re.I)
_CLOSES = {"[": "]", "{": "}", "(": ")"}


def sniff(path: Path, head: bytes) -> bool:
    text = decode_head(head)
    if path.suffix.lower() in (".csv", ".tsv", ".py", ".ipynb"):
        return False
    if len(head) >= HEAD_BYTES and path.suffix.lower() != ".gz":
        with path.open("rb") as file:
            file.seek(max(len(head), file.seek(0, 2) - HEAD_BYTES))
            text += "\n" + decode_head(file.read())
    if _MAYBE.search(text) is None or not any(map(_NAMED.search, text.split("\n"))):
        return False
    held, rest = _lists(text)
    if not held or not _logs(path, held) or records_in(rest):
        return False
    plain = all(isinstance(item, list) and not isinstance(item[0], list) for item in held.values())
    return (
        not plain
        or len(held) < sum(1 for *_, value in _named(text) if value is not None)
        or lies_on_its_side(text, whole=len(head) < HEAD_BYTES) is None
    )


def parse(path: Path) -> tuple[Log, ...]:
    """The Logs of the lists in a text. Raises NotALogError when none is the course of a training."""
    file = LogFile(path)
    text = file.document()
    if len(text) > MOST:
        raise ParseError(f"{path}: too much text to look for lists in it")
    logs = _logs(path, _lists(text)[0], file.damage)
    if not logs:
        raise NotALogError(f"{path}: no list of numbers under the name of a loss")
    return logs


def logs_in(path: Path, text: str) -> tuple[Log, ...]:
    """The Logs of the lists in a piece of text, which is a part of a file; none where it holds none."""
    return _logs(path, _lists(text[:MOST])[0])


def _logs(path: Path, held: dict[str, Json], damage: Sequence[Damage] = ()) -> tuple[Log, ...]:
    document = Document(held, tuple(damage))
    try:
        return histories_of(path, document, NAME)
    except NotALogError:
        curves = curves_in(held, path.name.split(".")[0]) or lists_in(held, "")
    return (Log(str(path), NAME, series_of(curves), damage=document.damage),) if curves else ()


def _lists(text: str) -> tuple[dict[str, Json], str]:
    """The lists by name that may be courses, and the text without them."""
    found: dict[str, list[Json]] = {}
    rest: list[str] = []
    for ahead, name, value in _named(text):
        rest.append(ahead)
        if value is None or not name or _NO_COURSE.search(name):
            continue
        before = found.setdefault(name, [])
        if before and isinstance(value, list) and value[: _length(before[-1])] == before[-1]:
            before[-1] = value
        else:
            before.append(value)
    if any(len(lists) > 1 and min(map(_length, lists)) < LEAST_AGAIN for lists in found.values()):
        return {}, text  # the parts of a loss, line by line
    return {name: lists[0] if len(lists) == 1 else lists for name, lists in found.items()}, "\n".join(rest)


def _length(value: Json) -> int:
    return len(value) if isinstance(value, list) else 0


def _named(text: str) -> Iterator[tuple[str, str, Json]]:
    """What stands ahead of each list, its name and what it holds; last what is left."""
    at = begun = unclosed = 0
    while at < len(text) and unclosed < MOST_UNCLOSED:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = clean(text[at:end]).text
        match = _NAMED.search(line)
        if match is None:
            at = end + 1
            continue
        opens = text.find(line[match.end() : match.end() + 20], at)
        closes = _closed(text, opens) if opens >= 0 else -1
        unclosed += closes < 0 <= opens
        value = _read(text[opens:closes]) if closes > 0 else None
        if value is None:
            at = end + 1
            continue
        yield text[begun:at] + line[: match.start()], match["name"].strip("'\"").strip(), value
        at = begun = closes
    yield text[begun:], "", None


def _closed(text: str, at: int) -> int:
    """Behind the bracket that closes the one at a place; -1 where none does."""
    open_: list[str] = []
    for match in _BRACKET.finditer(text, at, at + LONGEST):
        if match[0] in _CLOSES:
            open_.append(_CLOSES[match[0]])
        elif not open_ or open_.pop() != match[0]:
            return -1
        if not open_:
            return match.end()
    return -1


def _read(text: str) -> Json:
    """What Python printed, as JSON has it; None where it holds no list with enough numbers."""
    for _ in range(2):
        text = _WRAPPED.sub(r"\1", text)
    text = text.replace("(", "[").replace(")", "]").replace("'", '"')
    if "," not in text or re.search(r"\d\s+[-\d]", text):
        text = _BLANKS.sub(", ", text)
    try:
        value = loads_bare(_LAST_COMMA.sub("", text))
    except ValueError:
        return None
    return value if _long(value) else None


def _long(value: Json) -> bool:
    """Whether a value is a list of enough numbers, of which some are fractions and most differ, or holds one."""
    if isinstance(value, dict):
        return any(map(_long, value.values()))
    if not isinstance(value, list) or not value:
        return False
    if isinstance(value[0], list):
        inner = [n for item in value if isinstance(item, list) for n in item]
        return all(isinstance(item, list) for item in value) and _long(inner)
    numbers = [n for n in value if isinstance(n, int | float) and not isinstance(n, bool)]
    fractions = sum(isinstance(n, float) for n in numbers)
    distinct = len(set(map(repr, numbers)))
    return len(numbers) >= LEAST_NUMBERS and len(numbers) >= 0.8 * len(value) and fractions > 1 and 2 * distinct > 5
