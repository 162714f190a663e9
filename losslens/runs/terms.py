"""Files that each hold one term of a loss, or the loss of one player: G_losses.txt and D_losses.txt, box_loss.csv."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from losslens.patterns import compiled
from losslens.roles.losses import player, qualifier
from losslens.roles.names import AUX_WORDS, MAIN_WORDS, TERM_WORDS, split_of, words, words_of
from losslens.roles.table import IS_LOSS

if TYPE_CHECKING:
    from losslens.model import Log

#: What the loss of an equation and of its conditions is called.
_OF_AN_EQUATION = words("pde ode bc ic boundary initial residual physics interface")
#: Losses of which people try one after the other: two files so called may as well be two runs.
_TRIED = words(
    "ce crossentropy xent nll lm mlm clm ctc mse bce dice focal l1 l2 giou ciou iou dpo sft contrastive distill",
    "distillation simple gp wd decay diffusion ddpm",
)


#: Columns that several unrelated files of one job may share.
SHARED = compiled(
    r"(?:.*_)?(?:steps?|iter|iteration|epochs?|time|timestamp|wall_?time|lr|learning_rate|date|unnamed: 0|)",
    re.IGNORECASE,
)
#: Larger files (bytes) are not read to count their lines.
MOST_READ = 1 << 23


def terms_of_one(a: Log, b: Log) -> bool:
    """Whether two logs of one kind and one number each, as long as one another, are named as parts of one loss."""
    if a.format != b.format or not named_as_terms(_stem(a.path), _stem(b.path)):
        return False
    own = [[s for tag, s in log.series.items() if not SHARED.fullmatch(tag)] for log in (a, b)]
    if [len(mine) for mine in own] != [1, 1]:
        return False
    one, other = own[0][0], own[1][0]
    return one.axis == other.axis and one.step.size > 1 and bool(np.array_equal(one.step, other.step))


def names_of_term(log: Log) -> dict[str, str]:
    """What the series of such a log are called beside the others: its number as its file."""
    stem = _stem(log.path)
    tags = {*log.series, *(log.table.blank if log.table else ())}
    return {tag: f"{stem}/{tag}" if SHARED.fullmatch(tag) else stem for tag in tags}


def _stem(path: str) -> str:
    return PurePath(path).name.split(".")[0]


def files_of_terms(a: Path, b: Path) -> bool:
    """Whether two files of one kind are named as parts of one loss and hold as many numbers."""
    if a.suffix != b.suffix or not named_as_terms(_stem(a.name), _stem(b.name)):
        return False
    try:
        if max(a.stat().st_size, b.stat().st_size) > MOST_READ:
            return False
        if a.suffix == ".npy":
            return a.stat().st_size == b.stat().st_size
        return a.read_bytes().rstrip().count(b"\n") == b.read_bytes().rstrip().count(b"\n")
    except OSError:
        return False


@lru_cache(maxsize=4096)
def named_as_terms(a: str, b: str) -> bool:
    """Whether two names differ in nothing but the part of the loss that they say, of which one may be the whole, and
    in the data that it was measured on."""
    one, other = words_of(a), words_of(b)
    if any(IS_LOSS.search(" ".join(named)) is None for named in (one, other)):
        return False
    if [w for w in one if w.isdigit()] != [w for w in other if w.isdigit()]:
        return False
    mine, theirs = qualifier(one), qualifier(other)
    if not all(map(_is_term, (*mine, *theirs))):
        return False
    if split_of(a) != split_of(b):
        return bool(mine and theirs)
    return mine != theirs and not {*mine, *theirs} <= _TRIED


def _is_term(word: str) -> bool:
    return bool(player(word)) or word in TERM_WORDS | AUX_WORDS | MAIN_WORDS | _OF_AN_EQUATION
