"""Jobs that were started again and got a folder of their own each time: the folders are one job."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from losslens.runs.group import TRACKED_RUN, Group
from losslens.runs.jobs import Source
from losslens.runs.naming import natural
from losslens.runs.peek import Glimpse, glimpse, goes_on

#: A folder named by the moment at which a trainer was started, as mmengine does.
_STARTED = re.compile(r"\d{8}_\d{6}")


def join_resumed(by_path: dict[Path, list[Group]]) -> None:
    """Make one job of the folders of each job that was started again; ``by_path`` is changed in place."""
    siblings: dict[Path, list[Path]] = defaultdict(list)
    for path, groups in by_path.items():
        if len(groups) == 1 and not groups[0].alone and not groups[0].stem:
            siblings[path.parent].append(path)
    for parent, paths in siblings.items():
        paths.sort(key=lambda p: natural(p.name))
        _same_id(paths, by_path)
        started = [p for p in paths if _STARTED.fullmatch(p.name) and by_path[p]]
        if len(started) > 1 and not by_path.get(parent):
            _parts(parent, started, by_path)


def _same_id(paths: list[Path], by_path: dict[Path, list[Group]]) -> None:
    """W&B gives a resumed run a new folder under its old id."""
    first: dict[str, Group] = {}
    for path in sorted(paths, key=lambda p: m["time"] if (m := TRACKED_RUN.fullmatch(p.name)) else ""):
        match = TRACKED_RUN.fullmatch(path.name)
        if match is None:
            continue
        (group,) = by_path[path]
        home = first.setdefault(match["id"], group)
        if home is not group:
            home.join(group, f"{path.name} has the id of {home.path.name}: the run was resumed")
            by_path[path] = []


def _parts(parent: Path, started: list[Path], by_path: dict[Path, list[Group]]) -> None:
    """Folders of one name pattern of which each begins where the one before had been: parts of one job.

    A job that begins at the first step again is another one.
    """
    whole: list[list[Path]] = []
    for path in started:
        if whole and _resumes([by_path[p][0] for p in whole[-1]], by_path[path][0]):
            whole[-1].append(path)
        else:
            whole.append([path])
    for paths in whole:
        home = by_path[paths[0]][0]
        for path in paths[1:]:
            home.join(by_path[path][0], f"{path.name} goes on where {home.path.name} had been: the job was resumed")
            by_path[path] = []
        if len(whole) == 1:
            by_path[paths[0]] = []
            home.folders.insert(0, home.path)
            home.path = parent
            by_path[parent] = [home]


def resumed_log(source: Source, groups: Sequence[Group], looks: Mapping[Path, Glimpse]) -> tuple[Group | None, str]:
    """The job of this folder that a log named by the moment of its start goes on with, and why."""
    mine = _STARTED.match(source.path.name)
    for group in groups if mine is not None else ():
        last = group.sources[-1].path
        named = all(_STARTED.match(s.path.name) for s in group.sources) and last.name < source.path.name
        if named and resumes([looks[s.path] for s in group.sources], looks[source.path]):
            return group, f"{source.path.name} goes on where {last.name} had been: the job was resumed"
    return None, ""


def resumes(before: Sequence[Glimpse], after: Glimpse) -> bool:
    """Whether a log with the same columns begins behind the start and no later than the end of those before it."""
    if after.first_step is None or not after.interval or any(not set(b.columns) & set(after.columns) for b in before):
        return False
    first, last = before[0].first_step, before[-1].last_step
    if first is None or last is None:
        return False
    return goes_on(first, last, after.first_step, after.interval)


def _resumes(before: Sequence[Group], after: Group) -> bool:
    looks = [look for group in before if (look := _look(group)) is not None]
    mine = _look(after)
    return mine is not None and len(looks) == len(before) and resumes(looks, mine)


def _look(group: Group) -> Glimpse | None:
    """The ends of the first log of a job that counts steps."""
    for source in group.sources:
        if source.format in ("jsonl", "csv"):
            look = glimpse(source.path)
            if look.first_step is not None:
                return look
    return None
