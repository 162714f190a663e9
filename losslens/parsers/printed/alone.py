"""Lines that say one number and its place and nothing else: "[00120] residual echo power 1.5e-02"."""

from __future__ import annotations

import re

from losslens.parsers.printed.counts import NAME, UNIT
from losslens.parsers.printed.wholes import NUMBER, float_of

#: "residual echo power 1.52e+00", "rel-L2 0.97 at": one name of some words and one number, that is no whole one.
_ALONE = re.compile(
    rf"[\s,;|:·\])>-]*(?P<key>{NAME}(?: {NAME}){{0,3}})(?:\s+|\s*[:=]\s*)"
    rf"(?P<num>(?=[-+]?\d*\.\d|[-+]?\d+e|[-+]?(?:inf|nan)){NUMBER}){UNIT}(?:\s+(?:at|in|on|after))?\s*\.?",
    re.IGNORECASE,
)
_PARTED = re.compile(r"[ -]")
#: What programs say in a few words of a step, and is not measured by what is trained.
_TOLD_OF = re.compile(
    r"time|took|sec|elapsed|\beta\b|hour|\bmin\b|mem|gpu|cpu|speed|version|finish|done|complet|sav|load|start|epoch"
    r"|remain|best|after|every|from|than|\b(?:in|to|is|of|for|at|by|was|with|and|the|total|ends?|use[sd]?)\b",
    re.IGNORECASE,
)


def told_alone(rest: str) -> dict[str, float]:
    """The one number of a line that says nothing beside it and its place, under a name of several words or parts."""
    match = _ALONE.fullmatch(rest)
    if match is None or _TOLD_OF.search(match["key"]) or not _PARTED.search(match["key"]):
        return {}
    return {match["key"]: float_of(match["num"])}
