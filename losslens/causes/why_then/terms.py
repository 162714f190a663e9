"""Which term of a loss that is a sum moved, in a sentence."""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import weighed
from losslens.causes.signs.build import points, times, where

GREW = 1.3
"""Times its level before that the term of a loss must reach at the peak of the loss to be worth saying."""

ALIKE = 1.25
"""Within this factor two terms grew alike."""


def raised(f: Facts) -> str:
    """That a term stands in the loss with another weight than before, where the terms make up the loss; "" else."""
    w = f.weighed
    if w is None:
        return ""
    text = weighed.told(f)
    return f"{text[:1].upper()}{text[1:]}; with it the logged terms add up to {w.total} before and after."


def moved(f: Facts) -> str:
    """Which term of the loss moved, with one number for each term: its size where the loss stood highest."""
    c = f.components
    if f.weighed is not None or c is None or c.count < 2 or c.first is None:
        return ""
    if c.rest and c.count > 2 and c.growth is not None and c.growth >= GREW:
        return (
            f"The {c.count - 1} logged terms do not account for it: {c.first} grew {times(c.growth)}, they grew "
            f"{times(c.others_growth)}."
        )
    if len(c.at_peak) < 2 or c.at_peak[0][1] < GREW or c.peak_step is None:
        return ""
    most, second = c.at_peak[:2]
    both = f.loss is not None and f.loss.crosses_zero
    at = f"{'where the loss was farthest from 0' if both else 'at the peak of the loss'} ({where(f, c.peak_step)})"
    size = dict(c.at_peak).get(c.first)
    if size is not None and c.lead_points is not None and round(c.lead_points) >= 1:
        other = most if most[0] != c.first else second
        return (
            f"Of {c.count} terms of the loss {c.first} rose first, {points(c.lead_points)} before the next: {at} it "
            f"stood at {times(size)} its level before, {other[0]} at {times(other[1])}."
        )
    if most[1] < ALIKE * second[1]:
        return (
            f"{c.count} terms of the loss rose alike: {at} {most[0]} stood at {times(most[1])} its level before, "
            f"{second[0]} at {times(second[1])}."
        )
    return (
        f"Of {c.count} terms of the loss {most[0]} rose most: {at} it stood at {times(most[1])} its level before, "
        f"{'the next, ' if c.count > 2 else ''}{second[0]}{',' if c.count > 2 else ''} at {times(second[1])}."
    )
