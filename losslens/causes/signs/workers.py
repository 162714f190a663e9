"""Two workers of one job whose losses went together and then parted, in words."""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.workers import Parting
from losslens.causes.signs.build import points, where

LONG_BEFORE = 60.0
"""Logged points before the onset from which on a parting has nothing to do with it."""


def parted(f: Facts, p: Parting) -> str:
    """For how long they had gone together, and where they parted."""
    return f"{p.higher} and {p.lower} had gone together for {points(p.points)} and parted at {where(f, p.step)}"
