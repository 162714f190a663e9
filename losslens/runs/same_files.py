"""Event files that lie in two places byte for byte: a tracker keeps a copy of those that a training writes.

The name of an event file holds the moment, the host and the process: two of one name and of the same bytes are one.
"""

from __future__ import annotations

import filecmp
from collections import defaultdict
from pathlib import Path

from losslens.runs.group import Group, is_tracked_run
from losslens.runs.jobs import Source
from losslens.runs.naming import EVENT_FILE, natural

#: Files of one name and size that are compared; more are no copies that somebody kept.
MOST = 8


def join_same_files(by_path: dict[Path, list[Group]]) -> None:
    """Make one job of two of which one has no event file that the other has not as well; changes ``by_path``.

    The copies are left out. Where several jobs have all files of one, as those that went on from it do, it stays alone.
    """
    alike: dict[tuple[str, int], list[tuple[Group, Source]]] = defaultdict(list)
    for groups in by_path.values():
        for group in groups:
            for source in group.sources if not group.alone else ():
                if EVENT_FILE.search(source.path.name) and source.size:
                    alike[source.path.name, source.size].append((group, source))
    owner = {id(source): group for held in alike.values() for group, source in held}
    twins: dict[int, list[Source]] = defaultdict(list)
    for held in alike.values():
        for group, source in held if 1 < len(held) <= MOST else ():
            twins[id(source)] = [twin for other, twin in held if other is not group and _same(source.path, twin.path)]
    jobs = {id(group): group for held in alike.values() for group, source in held if twins.get(id(source))}
    for group in sorted(jobs.values(), key=_as_copy, reverse=True):
        events = [source for source in group.sources if EVENT_FILE.search(source.path.name)]
        homes = [{id(owner[id(twin)]) for twin in twins.get(id(source), ())} for source in events]
        shared = set.intersection(*homes) - {id(group)} if homes else set()
        if len(shared) != 1 or group.path not in by_path or group not in by_path[group.path]:
            continue
        home = jobs[shared.pop()]
        by_path[group.path].remove(group)
        names = " and ".join(source.path.name for source in events[:2])
        for source in events:
            group.sources.remove(source)
            for others in twins.values():
                others[:] = [twin for twin in others if twin is not source]
        home.join(group, f"{names} lies in {group.path.name}/ as well, byte for byte")


def _as_copy(group: Group) -> tuple[bool, int, list[tuple[int, int, str]]]:
    """The more of it, the more likely it is the copy: what a tracker keeps, then what lies deeper."""
    tracked = any(is_tracked_run(part) for source in group.sources for part in source.path.parts[-4:-1])
    return tracked, len(group.path.parts), list(natural(str(group.path)))


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
