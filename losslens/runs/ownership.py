"""Whose a file of settings is that lies among the logs of several runs: by its name, else by what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from losslens.model import Setting
from losslens.patterns import compiled
from losslens.roles.names import words

#: Words that say what kind of file this is, not whose.
_KINDS = words(
    "config configs configuration cfg conf args arguments argument settings setting hparams hparam hyperparameters",
    "params param parameters options opts opt flags setup spec log logs history metrics metric progress train training",
    "trainer state stdout stderr out err output outputs results result scalars curve curves loss losses run exp",
    "experiment final all eval summary messages print printed console",
)
#: Settings that name the run or the place it writes to.
_NAMES = compiled(
    r"(?:.*[./_-])?(?:run_?name|run_?id|exp(?:eriment)?_?(?:name|id)?|name|job_?name|tag|version|comment|logger_?name"
    r"|(?:output|log(?:ging)?|save|work|checkpoint|ckpt|result)s?_?(?:dir|path|file|folder|root|name)|log_?file|history_?file)",
    re.IGNORECASE,
)
_SUFFIXES = compiled(r"(?:\.(?:gz|csv|tsv|jsonl?|log|txt|out|err|ya?ml|toml|ini|cfg|conf|py))+$", re.IGNORECASE)


def owners_by_name(name: str, runs: Sequence[str]) -> list[int]:
    """Which of ``runs``, by their names, a file called ``name`` is of; none where the name does not tell.

    ``resnet_args.yaml`` is of ``resnet_log.csv``, ``config_2.json`` of ``run2.csv``; of several runs whose names begin
    alike the one that shares most of it.
    """
    mine = _telling(name)
    if not mine:
        return []
    shared = [_shared(mine, _telling(run)) for run in runs]
    best = max(shared, default=0)
    return [i for i, length in enumerate(shared) if length == best] if best else []


def owners_by_settings(settings: Sequence[Setting], runs: Sequence[str]) -> list[int]:
    """Which of ``runs`` the settings name, as the run's name or as the file or folder it writes to."""
    for setting in settings:
        if not isinstance(setting.value, str) or not _NAMES.fullmatch(setting.name):
            continue
        parts = [part for part in re.split(r"[/\\]+", setting.value) if part]
        for part in reversed(parts):
            mine = _telling(part)
            same = [i for i, run in enumerate(runs) if mine and _telling(run) == mine]
            if same:
                return same
    return []


def shared(name: str, runs: int) -> str:
    """What is said of settings that several runs got."""
    return f"{name} does not say whose settings it holds: taken for each of {runs} runs"


def _telling(name: str) -> tuple[str, ...]:
    """The words of a file's name without those that every other file has too."""
    stem = _SUFFIXES.sub("", PurePath(name).name).lower()
    found = [part for word in re.split(r"[_\-. ]+", stem) for part in re.findall(r"[a-z]+|\d+", word)]
    return tuple(word for word in found if word not in _KINDS)


def _shared(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    """How many words of two names are one, where the shorter is the beginning or the end of the longer."""
    short, long = sorted((mine, theirs), key=len)
    if not short:
        return 0
    if long[: len(short)] == short or long[-len(short) :] == short:
        return 2 * len(short) + (len(short) == len(long))
    return 0
