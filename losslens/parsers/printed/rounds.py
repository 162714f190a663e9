"""Rounds of federated learning, as Flower tells them: each by itself, or all of them when the last is over.

"fit progress: (1, 0.306, {'accuracy': 0.89}, 12.5)", "losses_centralized [(0, 2.3), (1, 0.306)]", and of later
versions a heading, "History (loss, centralized):", above lines of "round 1: 0.306".
"""

from __future__ import annotations

import re
from itertools import pairwise

from losslens.parsers.printed.wholes import NUMBER
from losslens.patterns import compiled

_PROGRESS = compiled(
    rf"\bfit progress: \((?P<round>\d+), (?P<loss>{NUMBER}), \{{(?P<metrics>[^{{}}]*)\}}, [\d.]+\)", re.IGNORECASE
)
_PAIR = compiled(rf"\((?P<step>\d+), (?P<value>{NUMBER})\)", re.IGNORECASE)
#: A loss and its whole course on one line, in pairs of a count and a number; the last may be cut.
_COURSE = compiled(
    rf"(?<!\w)(?P<name>\w{{0,40}}loss\w{{0,40}})['\"]?\s*[:=]?\s*"
    rf"\[(?P<pairs>\(\d+, {NUMBER}\)(?:, \(\d+, {NUMBER}\))+)",
    re.IGNORECASE,
)
_HISTORY = compiled(
    rf"History \(loss, (?P<of>\w+)\):.*\n(?P<rounds>(?:.*\bround \d+: {NUMBER}[^\S\n]*(?:\n|$))+)", re.IGNORECASE
)
_ROUND = compiled(r"\bround \d+: ", re.IGNORECASE)


def progress_told(text: str) -> str:
    """What the server says of a round, with its names."""
    return _PROGRESS.sub(r"round: \g<round>, loss: \g<loss>, \g<metrics>", text)


def told_by_step(line: str) -> list[str]:
    """A line that holds the whole course of a loss as a line for each of its steps; none for any other line."""
    course = _COURSE.search(line)
    if course is None:
        return []
    pairs = [(int(pair["step"]), pair["value"]) for pair in _PAIR.finditer(course["pairs"])]
    if any(after <= step for (step, _), (after, _) in pairwise(pairs)):
        return []
    return [f"round {step}: {course['name']}: {value}" for step, value in pairs]


def histories_named(text: str) -> str:
    """Output whose headings of histories say again on every line below them what it tells."""
    return _HISTORY.sub(_with_names, text) if "History (" in text else text


def _with_names(history: re.Match[str]) -> str:
    begun = history.start("rounds") - history.start()
    return history[0][:begun] + _ROUND.sub(lambda one: f"{one[0]}{history['of']} loss: ", history["rounds"])
