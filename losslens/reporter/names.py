"""Names in a report: cut to the room there is, told apart, and several of them in a sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

#: A longer name is shortened where it stands in a sentence.
LONGEST_NAME = 80


def shortened(text: str, most: int = LONGEST_NAME) -> str:
    """``text`` in at most ``most`` characters, its middle left out: both ends of a tag say what it is."""
    if len(text) <= most:
        return text
    tail = max(0, most - 1) // 2
    return f"{text[: max(0, most - 1 - tail)]}…{text[len(text) - tail :] if tail else ''}"


def told_apart(names: Sequence[str], most: int) -> list[str]:
    """The names of several runs, each in at most ``most`` characters: what most of them share is left out first."""
    parts = [re.findall(r"[^\W_]+|[\W_]+", name) for name in names]
    common = Counter(part for name in parts for part in set(name))
    shared = {part for part, n in common.items() if n > len(names) / 2 and len(part) > 2}
    out = []
    for name, words_of_it in zip(names, parts, strict=True):
        if len(name) > most and shared:
            kept = "".join("\0" if part in shared else part for part in words_of_it)
            name = re.sub(r"[\W_]*\0[\W_]*", "…", kept)
        out.append(shortened(name, most))
    return out


def few(names: list[str], most: int) -> list[str]:
    """The first of many names and the number of the others; a single one more is named too."""
    return names if len(names) <= most + 1 else [*names[:most], f"{len(names) - most} more"]


def listed(items: list[str], last: str) -> str:
    """Some names as a sentence has them: "a, b and c", with ``last`` before the last one."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"
