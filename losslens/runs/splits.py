"""Folders that each hold one split of a job, by their names and those beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from losslens.patterns import compiled
from losslens.roles.names import split_of, words_of


def is_split_folder(name: str, siblings: Sequence[str]) -> bool:
    """``train`` or ``validation`` beside its twin, or alone; not one of ``train``, ``train2``, ``train3``.

    ``lr0.1_test`` and ``lr0.01_test`` are two jobs: a twin has the same name but for the split.
    """
    if not _names_split(name) or re.fullmatch(r".*\d", name) or not all(map(_names_split, siblings)):
        return False
    numbered = compiled(re.escape(name) + r"[-_]?\d+")
    if any(map(numbered.fullmatch, siblings)):
        return False
    bare = {bare_of(one) for one in (name, *siblings)}
    return len(bare) == 1 or () in bare


def home_of_split(name: str, siblings: Sequence[str]) -> str:
    """The folder beside that holds the training of which this one, among those of several jobs, holds another split."""
    bare = bare_of(name)
    same = [name, *(s for s in siblings if _names_split(s) and bare_of(s) == bare)]
    if not _names_split(name) or not bare or len({split_of(one) for one in same}) < len(same):
        return ""
    home = min(same, key=lambda one: (split_of(one) != "train", one))
    return "" if home == name else home


def _names_split(name: str) -> bool:
    """Whether a folder's name begins or ends with a split; ``eval_every=10`` in the midst of settings is none."""
    parts = words_of(name)
    return bool(parts) and bool(split_of(parts[0]) or split_of(parts[-1]) or split_of("_".join(parts[-2:])))


def bare_of(name: str) -> tuple[str, ...]:
    """The words of a name without those that name a split."""
    return tuple(word for word in words_of(name) if not split_of(word))


def without_split(stem: str) -> str:
    """The name of a file without the words that name a split; "" when it has none, so that only such pairs match."""
    parts = [w for w in re.split(r"[_\-. ]+", stem.lower()) if w]
    rest = [w for w in parts if not split_of(w)]
    if len(rest) == len(parts) and "measurements" not in parts:
        return ""
    return "_".join(rest) or "-"
