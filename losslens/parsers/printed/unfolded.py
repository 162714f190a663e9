"""Records of JSON or Python that were printed over several lines, told on one.

Read line by line, a record whose step stands last is dated by the step of the one before. Each keeps as many lines as
it had: those before its last are left blank, so that lines are counted as in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from losslens.parsers.axes import STEP_RANK, normalise
from losslens.patterns import compiled

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|NaN|nan|Infinity|inf)"
#: A number as NumPy and JAX print theirs: "np.float32(2.31)", "Array(2.31, dtype=float32)".
_TYPE, _END = r"(?:[A-Za-z][\w.]*\()?", r"(?:(?:,[ \t]*\w+=[\w.:'\"]+)*\))?"
_SCALAR = rf"(?:{_TYPE}{_NUMBER}{_END}|null|true|false|None|True|False|\"[^\"\n]*\"|'[^'\n]*')"
_ITEM = rf"(?:\"[^\"\n]{{1,80}}\"|'[^'\n]{{1,80}}')[ \t]*:[ \t]*{_SCALAR}"
_NEXT = r"[ \t]*,[ \t\r]*\n[ \t]*"
#: An object of plain values alone, an item a line, between brackets on lines of their own or on those of its items.
_RECORD = compiled(
    rf"^[ \t]*[\[,]?[ \t]*\{{\s*{_ITEM}(?:{_NEXT}{_ITEM}){{1,200}}[ \t\r]*\n?[ \t]*\}}[ \t]*[,\]]?[ \t\r]*$",
    re.MULTILINE,
)
#: The same without its beginning, which stands above the first line that was copied.
_REST = compiled(rf"^[ \t]*{_ITEM}(?:{_NEXT}{_ITEM}){{1,200}}[ \t\r]*\n?[ \t]*\}}", re.MULTILINE)
_PAIR = compiled(rf"[\"']([^\"'\n]+)[\"'][ \t]*:[ \t]*{_TYPE}({_NUMBER}){_END}\s*(?=[,}}])")


MOST_HELD = 1 << 14
"""Characters of a record that begins in one stretch of output and ends in the next."""


def blocks_unfolded(blocks: Iterable[str]) -> Iterator[str]:
    """Stretches of output, which end at ends of lines, with their records told on one line each."""
    held = ""
    for number, block in enumerate(blocks):
        text = held + block if number else _begun(block)
        begins = text.rfind("{", -MOST_HELD)
        begins = text.rfind("\n", 0, begins) + 1 if begins > text.rfind("}") else len(text)
        held = text[begins:]
        if begins:
            yield unfolded(text[:begins])
    if held:
        yield held


def _begun(text: str) -> str:
    """A first stretch that begins within a record, with the bracket that the record began with."""
    end = text.find("}", 0, MOST_HELD) + 1
    if not end or "{" in text[:end]:
        return text
    found = _REST.search(text, 0, end)
    return f"{text[: found.start()]}{{{text[found.start() :]}" if found else text


def unfolded(text: str) -> str:
    """A stretch of output with each such record that says its place and measures something on its last line."""
    return _RECORD.sub(_on_one_line, text) if "}" in text and "{" in text else text


def _on_one_line(found: re.Match[str]) -> str:
    record = found[0]
    places = [normalise(name) in STEP_RANK for name, _ in _PAIR.findall(record)]
    if "\n" not in record or not any(places) or all(places):
        return record
    inside = " ".join(line.strip() for line in record.strip().strip("[,]").splitlines())
    return "\n" * record.count("\n") + inside
