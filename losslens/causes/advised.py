"""Advice that several causes of a report share: given once, with the likeliest of them; the others refer to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from losslens.model import Cause, Fix
from losslens.patterns import compiled


def once(causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """The causes in their order, what one above says word for word named by its number there."""
    given: dict[str, tuple[str, int]] = {}
    out: list[Cause] = []
    for cause in causes:
        again: dict[str, dict[int, str]] = {}
        own: list[Fix | str] = []
        for fix in cause.fixes:
            if fix.text not in given:
                own.append(fix)
                continue
            above, number = given[fix.text]
            if above not in again:
                own.append(above)
            again.setdefault(above, {})[number] = fix.text
        fixes = tuple(item if isinstance(item, Fix) else _reference(item, again[item]) for item in own)
        for number, fix in enumerate(fixes, start=1):
            given.setdefault(fix.text, (cause.id, number))
        out.append(replace(cause, fixes=fixes))
    return tuple(out)


REST = compiled(r" (?:from|over|at|until|so)\b|[:;,(]")
"""Where the numbers and reasons of a piece of advice begin."""


def _reference(cause: str, again: Mapping[int, str]) -> Fix:
    """ "The same as fixes 1 and 3 of missing-warmup above: warm the learning rate up; lower the learning rate"."""
    *most, last = map(str, sorted(again))
    listed = f"{', '.join(most)} and {last}" if most else last
    said = (REST.split(again[number])[0].strip() for number in sorted(again))
    what = "; ".join(text[:1].lower() + text[1:] for text in said)
    return Fix(f"The same as fix{'es' if most else ''} {listed} of {cause} above: {what}")
