"""Names of runs: short, unique, and harmless wherever they are shown or written; and what names of event files say."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from losslens.patterns import compiled

#: Longest part of a name that a file system and a table can bear.
LONGEST = 80
_GENERIC = (
    r"(?:logs?|logging|runs?|outputs?|results?|events?|metrics|history|progress|tensorboard|tb|tf|train|trainer|training|default|csv"
    r"|lightning|state|measurements|files|stats|summary|summaries|checkpoints?|ckpts?|mlruns|wandb|stdout|all)"
)
#: Names of folders and files that every other job has too: generic words and nothing else (`tb_logs`, not `k12_tb`).
_SAYS_NOTHING = compiled(
    rf"{_GENERIC}(?:[_-]{_GENERIC})*|version_\d+|(?:attempt|writer|run)-?\d+(?:\.\d+)?",
    re.IGNORECASE,
)

#: The second in which an event file was begun, the host, and of most writers the process and the number of its file.
EVENT_FILE = compiled(
    r"tfevents\.(?P<time>\d{9,11})(?:\.(?P<host>.+?)(?:\.(?P<pid>\d+)\.(?P<n>\d+)(?P<suffix>\.\D.*)?)?)?(?:\.v2)?(?:\.gz)?$"
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
    everywhere = set(parts[0][:-1]).intersection(*(p[:-1] for p in parts)) if len(parts) > 1 else set()
    short = _shorter(list(tails), lambda tail: _without_leading(tail, everywhere))
    return [list(tail) for tail in _shorter(short, _without_middle)]


def _shorter(
    tails: list[tuple[str, ...]], shorten: Callable[[tuple[str, ...]], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Each tail shortened, where that leaves it different from all others."""
    tried = [shorten(tail) for tail in tails]
    count = Counter([*tried, *(t for t, s in zip(tails, tried, strict=True) if t != s)])
    return [s if count[s] == 1 else t for t, s in zip(tails, tried, strict=True)]


def _without_leading(tail: tuple[str, ...], everywhere: set[str]) -> tuple[str, ...]:
    """Without leading folders that every run has: they tell nothing."""
    while len(tail) > 1 and tail[0] in everywhere:
        tail = tail[1:]
    return tail


def _without_middle(tail: tuple[str, ...]) -> tuple[str, ...]:
    """Without ``lightning_logs`` and the like between the parts that tell."""
    ends = (0, len(tail) - 1)
    return tuple(p for i, p in enumerate(tail) if i in ends or not _SAYS_NOTHING.fullmatch(p))


def says_nothing(part: str) -> bool:
    """Whether a folder or file name is one that every other job has too, such as ``logs`` or ``metrics``."""
    return bool(_SAYS_NOTHING.fullmatch(part))


def _telling(path: list[str]) -> int:
    """How many parts at the end it takes until one says more than ``logs`` or ``version_0``."""
    for k, part in enumerate(reversed(path), 1):
        if not _SAYS_NOTHING.fullmatch(part):
            return k
    return len(path)


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that puts ``run_2`` before ``run_10``."""
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p.lower()) for p in re.findall(r"\d+|\D+", text))
