"""Lines that say one number and its place and nothing else: "[00120] residual echo power 1.5e-02".

Or beside named fields the loss under the bare name of its data: "step 10 train 1.07 lr=0.001".
"""

from __future__ import annotations

import re

from losslens.parsers.printed.counts import A_UNIT, NAME, UNIT
from losslens.parsers.printed.wholes import NUMBER, float_of
from losslens.patterns import compiled

#: "residual echo power 1.52e+00", "rel-L2 0.97 at": one name of some words and one number, that is no whole one.
_ALONE = compiled(
    rf"[\s,;|:·\])>-]*(?P<key>{NAME}(?: {NAME}){{0,3}})(?:\s+|\s*[:=]\s*)"
    rf"(?P<num>(?=[-+]?\d*\.\d|[-+]?\d+e|[-+]?(?:inf|nan)){NUMBER}){UNIT}(?:\s+(?:at|in|on|after))?\s*\.?",
    re.IGNORECASE,
)
#: "Ep 5: train 0.31 val 0.42" names the split alone; what is meant is the loss.
_DATA = r"(?:train|val|valid|test|held-?out|hold-?out)"
SPLITS = compiled(
    rf"(?<![\w/.-])(?P<key>{_DATA})\s+(?P<num>[-+]?\d+\.\d+(?:e[-+]?\d+)?|[-+]?(?:nan|inf)\b)", re.IGNORECASE
)
#: All that is left of a line where its place and its named fields are taken out: "train 1.07, held-out 1.21 (3 ms)".
_SPLITS_LEFT = compiled(
    rf"(?:[\s,;|:·=>(){{}}\[\]-]*(?:{_DATA}\s+{NUMBER}(?![\w.])|\d[\d.]*{A_UNIT}))+[\s,;|(){{}}\[\]]*", re.IGNORECASE
)
_A_UNIT = compiled(A_UNIT)
_PARTED = compiled(r"[ -]")
#: What programs say in a few words of a step, and is not measured by what is trained.
_TOLD_OF = compiled(
    r"time|took|sec|elapsed|\beta\b|hour|\bmin\b|mem|gpu|cpu|speed|version|finish|done|complet|sav|load|start|epoch"
    r"|remain|best|held-out|after|every|from|than|\b(?:in|to|is|of|for|at|by|was|with|and|the|total|ends?|use[sd]?)\b",
    re.IGNORECASE,
)


def told_alone(rest: str) -> dict[str, float]:
    """The one number of a line that says nothing beside it and its place, under a name of several words or parts."""
    match = _ALONE.fullmatch(rest)
    if match is None or _TOLD_OF.search(match["key"]) or not _PARTED.search(match["key"]):
        return {}
    return {match["key"]: float_of(match["num"])}


def beside_fields(rest: str, spans: list[tuple[int, int]]) -> dict[str, float]:
    """The losses of a line that stand under the bare names of their data, where nothing else is left of the line.

    ``spans`` are the stretches of ``rest`` that hold the place and the named fields; what is found is added to them.
    """
    signs = list(rest)
    for start, end in spans:
        signs[start:end] = " " * (end - start)
    left = "".join(signs)
    found = list(SPLITS.finditer(left, spans[0][1]))
    if _SPLITS_LEFT.fullmatch(left, spans[0][1]) is None or any(_A_UNIT.match(rest, one.end()) for one in found):
        return {}
    spans += [one.span() for one in found]
    return {f"{one['key']} loss": float_of(one["num"]) for one in found}
