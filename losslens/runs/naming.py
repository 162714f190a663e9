"""Names of runs: short, unique, and harmless wherever they are shown or written."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

#: Longest part of a name that a file system and a table can bear.
LONGEST = 80
#: Names of folders and files that every other job has too.
_SAYS_NOTHING = re.compile(
    r"(?:\w*_)?(?:logs?|runs?|outputs?|results?|events?|metrics|history|progress|tensorboard|tb|train|default|csv|lightning_logs|"
    r"trainer_state|measurements|files|stats|summary|train_log|training|checkpoints?|version_\d+|mlruns|wandb|output|stdout|(?:attempt|writer|run)-?\d+)",
    re.IGNORECASE,
)


def unique_names(names: Sequence[str]) -> list[str]:
    """One short, distinct, file-name-safe name for each of ``names``, in their order.

    Names are paths such as ``logs/a/version_0``: what all of them share is left out, and so is what is not needed to
    tell them apart; where two are the same, the later ones are numbered.
    """
    parts = [[p for p in re.split(r"[/\\]+", name) if p not in ("", ".")] or [name or "run"] for name in names]
    distinct = [list(p) for p in dict.fromkeys(map(tuple, parts))]
    tails = dict(zip(map(tuple, distinct), _shortest_tails(distinct), strict=True))
    short = [tails[tuple(p)] for p in parts]
    seen: Counter[str] = Counter()
    taken = set()
    out = []
    for tail in short:
        name = safe("-".join(tail))
        base = name
        while name.lower() in taken:
            seen[base] += 1
            name = f"{base}-{seen[base] + 1}"
        taken.add(name.lower())
        out.append(name)
    return out


def safe(name: str) -> str:
    """``name`` with everything that a terminal, a file system or a page could take amiss replaced by ``_``."""
    plain = "".join(c if unicodedata.category(c)[0] in "LMN" or c in "-_.+=,@ ()[]" else "_" for c in name)
    plain = re.sub(r"_{2,}", "_", plain).strip(" .")
    if len(plain) > LONGEST:
        plain = plain[: LONGEST // 2 - 1] + "…" + plain[-LONGEST // 2 :]
    return plain or "run"


def _shortest_tails(parts: list[list[str]]) -> list[list[str]]:
    """The shortest endings of the paths that tell each from all others and say something."""
    lengths = [_telling(p) for p in parts]
    while True:
        tails = [tuple(p[-k:]) for p, k in zip(parts, lengths, strict=True)]
        count = Counter(tails)
        longer = [min(k + 1, len(p)) if count[t] > 1 else k for p, k, t in zip(parts, lengths, tails, strict=True)]
        if longer == lengths:
            break
        lengths = longer
    short = [_without_shared(list(tail), parts) for tail in tails]
    return [_without_middle(tail, short) for tail in short]


def says_nothing(part: str) -> bool:
    """Whether a folder or file name is one that every other job has too, such as ``logs`` or ``metrics``."""
    return bool(_SAYS_NOTHING.fullmatch(part))


def _telling(path: list[str]) -> int:
    """How many parts at the end it takes until one says more than ``logs`` or ``version_0``."""
    for k, part in enumerate(reversed(path), 1):
        if not _SAYS_NOTHING.fullmatch(part):
            return k
    return len(path)


def _without_shared(tail: list[str], parts: list[list[str]]) -> list[str]:
    """Without leading folders that every run has: they tell nothing."""
    if len(parts) < 2:
        return tail
    while len(tail) > 1 and all(tail[0] in p[:-1] for p in parts) and _still_alone(tail[1:], parts):
        tail = tail[1:]
    return tail


def _still_alone(tail: list[str], parts: list[list[str]]) -> bool:
    return sum(p[-len(tail) :] == tail for p in parts) == 1


def _without_middle(tail: list[str], tails: list[list[str]]) -> list[str]:
    """Without ``lightning_logs`` and the like between the parts that tell."""
    short = [p for i, p in enumerate(tail) if i in (0, len(tail) - 1) or not _SAYS_NOTHING.fullmatch(p)]
    same = sum(
        [p for i, p in enumerate(t) if i in (0, len(t) - 1) or not _SAYS_NOTHING.fullmatch(p)] == short for t in tails
    )
    return short if same == 1 else tail


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that puts ``run_2`` before ``run_10``."""
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p.lower()) for p in re.findall(r"\d+|\D+", text))
