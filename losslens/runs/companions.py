"""Which logs of a folder are of one job: those that something joins, and all of them where nothing tells them apart.

Files of a folder are mostly what one job left, each of another kind. Where some of them cannot be of one job, the
folder is a collection: then logs are one run only where names, numbers, times or places say so.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import PurePath

from losslens.model import Log
from losslens.runs.kinship import SURE, Kinship, Part, kinship
from losslens.runs.ownership import owners_by_name
from losslens.runs.trainings import begun_at, trainings_of

#: A sum of what speaks for and against, from which on two logs are not of one job, or are.
AGAINST, FOR = -1.0, 0.5
#: Logs compared each with each; of more the first of each kind speak for those with the same tags.
MOST = 60
NOTHING_AGAINST = "lie in one folder and nothing tells them apart"

_BEGUN_ANEW = Kinship(-9.0, "", "event files that each say their settings and count from the beginning")
_OF_ONE_TRAINING = Kinship(SURE, "event files that go on counting where another ended, or hold its evaluation", "")


@dataclass
class Companions:
    """Logs of one job."""

    logs: list[Log]
    name: str = ""
    """What tells them from other jobs of the folder; empty where there are none."""
    why: list[str] = field(default_factory=list)
    begun: float = math.nan
    """When it began (s UTC), where the jobs of its folder are told apart by that."""


def told_apart(logs: Sequence[Log], path: str = "", beside: Sequence[Log] = ()) -> list[Companions]:
    """The jobs that ``logs``, found together below ``path``, are of: mostly one. Logs keep their order.

    ``beside`` are logs without a series: settings that bear the name of one of the logs tell it from others.
    """
    if len(logs) == 1:
        return [Companions(list(logs))]
    own = _own_settings(logs, beside)
    parts = [Part(log, _place(log, path), own.get(i, "")) for i, log in enumerate(logs)]
    if all(part.run for part in parts):
        return _by_run(parts)
    trainings = trainings_of(parts)
    if len(trainings) == len(parts):
        return _by_training(parts, trainings)
    leaders, followers = _leaders(parts)
    ties = {(i, j): kinship(parts[i], parts[j]) for i, j in combinations(leaders, 2)}
    for i, j in ties:
        if i in trainings and j in trainings:
            ties[i, j] = _BEGUN_ANEW if trainings[i] != trainings[j] else _OF_ONE_TRAINING
    home = _joined(leaders, ties, parts)
    for i, leader in followers.items():
        home[i] = home[leader]
    jobs: dict[int, Companions] = {}
    for i, part in enumerate(parts):
        jobs.setdefault(home[i], Companions([])).logs.append(part.log)
    _explain(jobs, home, ties, parts)
    return _named(list(jobs.values()), parts)


def _own_settings(logs: Sequence[Log], beside: Sequence[Log]) -> dict[int, str]:
    """The settings file that bears the name of one log and no other, by the number of that log."""
    own: dict[int, str] = {}
    names = [os.path.basename(log.path) for log in logs]
    for log in beside if len(set(names)) > 1 else ():
        name = os.path.basename(log.path)
        owners = owners_by_name(name, names) if log.settings else []
        if len(owners) == 1:
            own[owners[0]] = name
    return own


def _by_run(parts: Sequence[Part]) -> list[Companions]:
    """The jobs of logs of which each names its run: nothing else need be compared, however many there are."""
    jobs: dict[str, Companions] = {}
    for part in parts:
        jobs.setdefault(part.run, Companions([])).logs.append(part.log)
    for job in jobs.values():
        if len(job.logs) > 1:
            job.why.append(f"{_names(job.logs)} name one run")
        if len(jobs) > 1:
            files = {os.path.basename(part.log.path) for part in parts}
            inside = f"one of {len(jobs)} that {min(files)} holds, each under a name"
            job.why.append(f"a run of its own: {inside if len(files) == 1 else 'they name different runs'}")
    return _named(list(jobs.values()), parts)


def _by_training(parts: Sequence[Part], trainings: Mapping[int, int]) -> list[Companions]:
    jobs: dict[int, Companions] = {}
    for i, part in sorted(enumerate(parts), key=lambda item: trainings[item[0]]):
        jobs.setdefault(trainings[i], Companions([], begun=begun_at(part))).logs.append(part.log)
    for number, job in jobs.items():
        job.why = [_OF_ONE_TRAINING.together] if len(job.logs) > 1 else []
        job.why.append(f"a run of its own: number {number + 1} of {len(jobs)}, {_BEGUN_ANEW.apart}")
        job.name = f"training-{number + 1:0{len(str(len(jobs)))}d}"
    return list(jobs.values())


def _place(log: Log, path: str) -> str:
    try:
        inside = PurePath(log.path).parent.relative_to(PurePath(path))
    except ValueError:
        return ""
    return "" if inside.as_posix() == "." else inside.as_posix()


def _leaders(parts: Sequence[Part]) -> tuple[list[int], dict[int, int]]:
    """The logs to compare; where there are very many, each other one and the log with the same tags it goes with."""
    if len(parts) <= MOST:
        return list(range(len(parts))), {}
    first: dict[tuple[str, str, str, frozenset[str]], int] = {}
    followers: dict[int, int] = {}
    for i, part in enumerate(parts):
        leader = first.setdefault((part.log.format, part.place, part.run, part.tags), i)
        if leader != i:
            followers[i] = leader
    leaders = [i for i in range(len(parts)) if i not in followers]
    for i in leaders[MOST:]:
        followers[i] = leaders[0]
    return leaders[:MOST], followers


def _joined(leaders: Sequence[int], ties: dict[tuple[int, int], Kinship], parts: Sequence[Part]) -> dict[int, int]:
    """The job of each log, by the number of its first."""
    home = {i: i for i in leaders}

    def between(a: int, b: int) -> list[Kinship]:
        return [tie for (i, j), tie in ties.items() if {home[i], home[j]} == {a, b}]

    def torn(i: int, j: int) -> bool:
        """Whether a subfolder lies below several jobs, so that its place does not tell of which it is part."""
        if parts[i].place == parts[j].place:
            return False
        deeper = i if parts[i].place else j
        above = {k for pair, tie in ties.items() if deeper in pair and tie.score >= FOR for k in pair if k != deeper}
        return any(tie.score <= AGAINST and above >= {*pair} for pair, tie in ties.items())

    for (i, j), tie in sorted(ties.items(), key=lambda item: -item[1].score):
        a, b = home[i], home[j]
        if tie.score < FOR or a == b or (tie.score < SURE and torn(i, j)):
            continue
        if tie.score >= SURE or all(other.score > AGAINST for other in between(a, b)):
            low, high = sorted((a, b))
            home = {k: low if v == high else v for k, v in home.items()}
    if not any(tie.score <= AGAINST and home[i] != home[j] for (i, j), tie in ties.items()):
        return dict.fromkeys(home, min(leaders))
    return home


def _explain(
    jobs: dict[int, Companions], home: dict[int, int], ties: dict[tuple[int, int], Kinship], parts: Sequence[Part]
) -> None:
    """Say of each job what holds it together and, where there are several, what tells it from another."""
    for at, job in jobs.items():
        inside = sorted((tie for (i, j), tie in ties.items() if home[i] == home[j] == at), key=lambda tie: -tie.score)
        said = [tie.together for tie in inside if tie.together and tie.score >= FOR]
        job.why.extend(list(dict.fromkeys(said))[:3])
        if len(jobs) > 1:
            if len(job.logs) > 1 and not said:
                job.why.append(f"{_names(job.logs)} {NOTHING_AGAINST}")
            outside = sorted(
                (tie for (i, j), tie in ties.items() if (home[i] == at) != (home[j] == at)), key=lambda tie: tie.score
            )
            worst = next((tie.apart for tie in outside if tie.apart), "")
            what = "a run of its own" if len(job.logs) == 1 else "told apart from the others"
            job.why.append(f"{what}: {worst or 'nothing joins it to the other logs of the folder'}")


def _names(logs: Sequence[Log]) -> str:
    names = [os.path.basename(log.path) for log in logs]
    return f"{', '.join(names[:3])} and {len(names) - 3} more" if len(names) > 4 else " and ".join(names)


def _named(jobs: list[Companions], parts: Sequence[Part]) -> list[Companions]:
    """Give each of several jobs the name that its logs give it, that of a file, or a number."""
    if len(jobs) < 2:
        return jobs
    run_of = {id(part.log): part.run for part in parts}
    stems = []
    for job in jobs:
        told = next((run_of[id(log)] for log in job.logs if run_of[id(log)]), "")
        path = job.logs[0].path
        stems.append(told or ("events" if ".tfevents." in path else PurePath(path).name.split(".")[0]))
    for k, (job, stem) in enumerate(zip(jobs, stems, strict=True), 1):
        job.name = (
            stem if stem and stems.count(stem) == 1 else f"{stem}-{k}" if stem not in ("", "events") else f"writer-{k}"
        )
    return jobs
