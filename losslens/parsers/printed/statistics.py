"""A line of statistics of one thing, which stands ahead of them: "Rewards => Avg: 0.25, Min: 0.06, Max: 0.58"."""

from __future__ import annotations

import re

from losslens.parsers.axes import is_known_name
from losslens.parsers.printed.wholes import NUMBER
from losslens.patterns import compiled

_STATISTIC = r"(?:avg|average|mean|min|max|std|median|sum|σ|μ)"
_TOLD = rf"{_STATISTIC}\s*[:=]\s*{NUMBER}"
_OF_ONE = compiled(
    rf"\W*(?P<name>[A-Za-z][\w ./-]*?)\s*[=-]+>\s*(?P<told>{_TOLD}(?:[,;|\s]+{_TOLD})*)\s*",
    re.IGNORECASE,
)
_ONE = compiled(rf"({_STATISTIC})\s*[:=]\s*({NUMBER})", re.IGNORECASE)
_LATIN = {"σ": "std", "μ": "mean"}


def with_its_name(text: str) -> str:
    """The line with the name in each of its statistics, where it is that of a metric; any other line as it is."""
    match = _OF_ONE.fullmatch(text)
    if match is None or not is_known_name(match["name"]):
        return text
    name = "_".join(match["name"].split())
    told = ((_LATIN.get(what, what.lower()), number) for what, number in _ONE.findall(match["told"]))
    return ", ".join(f"{name}_{what}: {number}" for what, number in told)
