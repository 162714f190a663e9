"""Julia's ``@info``: a message, and below it, between the lines of a box, a name and a number a line.

    ┌ Info: step 8
    │   loss = 0.57
    └   gnorm = 5.4

Told as the one line that it is: "step 8, loss = 0.57, gnorm = 5.4". The lines that are told with the first are left
empty, so that every line keeps its number.
"""

from __future__ import annotations

from collections.abc import Sequence

from losslens.patterns import compiled

MARK = "┌ Info: "
_PART = compiled(r"[│└]\s+(?P<said>[^\W\d][\w.]*\s*=\s*\S.*?|@ .*)\s*$")


def as_printed(lines: Sequence[str]) -> list[str]:
    """The lines with each such block on its first; a block that holds anything else stays as it is."""
    out = list(lines)
    for first, line in enumerate(lines):
        if not line.startswith(MARK):
            continue
        parts: list[str] = []
        for end in range(first + 1, len(lines)):
            part = _PART.match(lines[end])
            if part is None:
                break
            if not part["said"].startswith("@"):
                parts.append(part["said"])
            if lines[end].startswith("└"):
                out[first : end + 1] = [", ".join([line.removeprefix(MARK), *parts]), *([""] * (end - first))]
                break
    return out
