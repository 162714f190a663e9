"""A scalar a line, as programs print what they hand to a writer: "losses/q1_loss 132.25 102000", tag, value and step.

Or the step ahead of the value, or ahead of the tag. Which of the two numbers is the step the lines tell together: it is
whole, and goes up under each tag.
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise

from losslens.parsers.printed.wholes import NUMBER
from losslens.patterns import compiled

#: A name that says where it belongs, or that it is a loss: "train 350 1.85" is a dialect of its own.
_NAME = r"[A-Za-z_][\w.-]*(?:/[\w.-]+)+|[A-Za-z_]\w*loss\w*|loss\w*"
_TWO = rf"(?P<a>{NUMBER})(?:\s+|,\s*)(?P<b>{NUMBER})"
_AHEAD = rf"(?P<step>\d+)\s+(?P<named>[A-Za-z_][\w.-]*(?:/[\w.-]+)+)\s+(?P<value>{NUMBER})"
_SCALAR = compiled(rf"[ \t]*(?:['\"]?(?P<tag>{_NAME})['\"]?[:,]?\s+{_TWO}|{_AHEAD})[ \t]*", re.IGNORECASE)
#: For a first look.
MARK = compiled(
    r"^[ \t]*(?:\d+[ \t]+)?['\"]?[A-Za-z_][\w.-]*(?:/|loss)[\w./-]*['\"]?[:,]?[ \t]+[-+]?[\d.]\S*(?:$|[ \t])",
    re.M | re.I,
)
#: Lines of this kind that a block must have, and of one tag that goes up.
LEAST_LINES, LEAST_OF_TAG = 6, 3
_WHOLE = compiled(r"\d{1,15}(?:\.0+)?")
_FRACTION = compiled(r"\.\d*[1-9]|e-\d|nan|inf", re.IGNORECASE)


def as_printed(lines: list[str]) -> list[str]:
    """The lines with such scalars said as "step 102000: losses/q1_loss: 132.25", where there are enough that agree."""
    found = [(at, match) for at, line in enumerate(lines) if (match := _SCALAR.fullmatch(line)) is not None]
    ahead = [(at, m) for at, m in found if m["step"] is not None]
    behind = [(at, m) for at, m in found if m["step"] is None]
    told: dict[int, str] = {}
    if _count([(m["named"], m["step"], m["value"]) for _, m in ahead]):
        told |= {at: f"step {m['step']}: {m['named']}: {m['value']}" for at, m in ahead}
    for step, value in (("b", "a"), ("a", "b")):
        if _count([(m["tag"], m[step], m[value]) for _, m in behind]):
            told |= {at: f"step {_whole(m[step])}: {m['tag']}: {m[value]}" for at, m in behind}
            break
    return [told.get(at, line) for at, line in enumerate(lines)] if told else lines


def _count(scalars: list[tuple[str, str, str]]) -> bool:
    """Whether the second of each three is a step: whole, and higher each time under each tag, beside fractions."""
    if len(scalars) < LEAST_LINES or not all(_WHOLE.fullmatch(step) for _, step, _ in scalars):
        return False
    steps: dict[str, list[int]] = defaultdict(list)
    for tag, step, _ in scalars:
        steps[tag].append(_whole(step))
    often = [of for of in steps.values() if len(of) >= LEAST_OF_TAG]
    rises = sum(a < b for of in often for a, b in pairwise(of))
    falls = sum(a >= b for of in often for a, b in pairwise(of))
    return bool(often) and falls <= 0.05 * rises and any(_FRACTION.search(value) for *_, value in scalars)


def _whole(number: str) -> int:
    return int(number.partition(".")[0])
