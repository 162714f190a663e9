"""Steps that are printed beside an episode and are those that it took: a length, and no place.

"Episode 12 | Steps: 86 | Reward: -20 | Loss: 0.12": the next line may say 300 steps, and the one after it 41. A count
that a job begins anew with each epoch falls from its end to its beginning, and one that several ranks print out of step
by little; how often one falls tells nothing where each epoch is a few lines long, so that an agent must be at work.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from losslens.parsers.printed.records import Record
from losslens.patterns import compiled

#: Lines of one statement between which the steps moved, from which on their order says something.
FEWEST = 8
#: What counts falls less often than at this share of its moves: a length falls at every other.
FALLS = 0.25
#: Lines of several ranks fall back by a few steps; a length by more than this share of all that it ever was.
FAR = 0.05

#: The highest of the places that a count falls back to, but for one in so many, lies below the lowest it falls from.
FEW = 10

#: What such a length is called as a number of its line.
STEPS = "steps"
_EPISODE = compiled(r"episode", re.IGNORECASE)
#: What lines of an agent name beside the steps that it took, where they do not say its episode.
_BROUGHT = compiled(r"(?<![a-z])(?:reward|return)s?(?![a-z])", re.IGNORECASE)


def forget_lengths(records: Sequence[Record]) -> None:
    """Take the steps of each statement whose lines say lengths for what they are: numbers beside the others.

    Where the line says its episode, that is its place.
    """
    by_statement: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        if record.step is not None:
            by_statement[record.template].append(record)
    for alike in by_statement.values():
        of_agent = alike[0].episode is not None or any(map(_BROUGHT.search, alike[0].values))
        if of_agent and _are_lengths([record.step or 0 for record in alike]):
            for record in alike:
                record.values.setdefault(STEPS, float(record.step or 0))
                record.step = record.episode
                if record.episode is not None:
                    record.kind = "episode"
                    record.values = {k: v for k, v in record.values.items() if not _EPISODE.fullmatch(k)}


def _are_lengths(steps: Sequence[int]) -> bool:
    moves = [(a, b) for a, b in pairwise(steps) if a != b]
    falls = [(a, b) for a, b in moves if b < a]
    if len(moves) < FEWEST or len(falls) < FALLS * len(moves):
        return False
    ends, begins = sorted(a for a, _ in falls), sorted(b for _, b in falls)
    few = len(falls) // FEW
    anywhere = begins[-1 - few] > ends[few]
    return anywhere and median(a - b for a, b in falls) > FAR * (max(steps) - min(steps))
