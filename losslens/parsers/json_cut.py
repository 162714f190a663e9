"""The whole part of a JSON document that ends in its middle: a full disk, a job killed while it wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass

from losslens.patterns import compiled

MAX_DEPTH = 200
#: A string that the cut went through reaches to the end.
_TOKENS = compiled(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\],]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}


@dataclass(slots=True)
class _Open:
    """A bracket that is still open: which, and behind which character its last whole element ends."""

    bracket: str
    whole_to: int
    nested: int = 0
    """How many objects and lists in it are whole."""


@dataclass(frozen=True, slots=True)
class WholePart:
    """``text`` is the document with everything left out that is not whole, closed again.

    ``kept`` counts the characters of the file's text that are in it. ``what`` names what was left out.
    """

    text: str
    kept: int
    what: str


def whole_part(text: str) -> WholePart | None:
    """What is whole of a document that is cut off; None when it is not cut, or too deep to be a log.

    A number at the cut is left out, since digits may be missing. So is a record at the cut (an object or a row in a
    list): half of one would be a point at no step. An object that stands by itself keeps the names that are whole.
    """
    stack: list[_Open] = []
    for match in _TOKENS.finditer(text):
        token = match.group(0)
        if token in _CLOSING:
            stack.append(_Open(token, match.end()))
            if len(stack) > MAX_DEPTH:
                return None
        elif token in ("}", "]"):
            if not stack:
                return None
            stack.pop()
            if stack:
                stack[-1].whole_to, stack[-1].nested = match.end(), stack[-1].nested + 1
        elif token == "," and stack and stack[-1].whole_to < match.start():
            stack[-1].whole_to = match.start()
    if not stack:
        return None
    at = _level(stack)
    what = "the value begun there" if at == len(stack) - 1 else "the record begun there"
    kept = stack[at].whole_to
    closed = text[:kept] + "".join(_CLOSING[level.bracket] for level in reversed(stack[: at + 1]))
    return WholePart(closed, kept, what)


def _level(stack: list[_Open]) -> int:
    """The open bracket up to whose last whole element the document is kept."""
    innermost = len(stack) - 1
    lists = [place for place, level in enumerate(stack) if level.bracket == "["]
    if not lists:
        return innermost
    last = lists[-1]
    if last < innermost:
        # Objects in a list are records. The only one in it, with whole lists of its own, is a history of its own.
        alone = not stack[last].nested and any(level.nested for level in stack[last + 1 :])
        return innermost if alone else last
    # A row in a list of rows; a list by itself is a curve, which keeps its numbers.
    return last - 1 if last and stack[last - 1].bracket == "[" and stack[last - 1].nested else last
