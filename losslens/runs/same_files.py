"""Event files that lie in two places byte for byte: a tracker keeps a copy of those that a training writes.

The name of an event file holds the moment, the host and the process: two of one name and of the same bytes are one.
"""

from __future__ import annotations

import filecmp
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from losslens.runs.group import Group, is_tracked_run
from losslens.runs.jobs import Source
from losslens.runs.naming import EVENT_FILE, natural

#: Files of one name and size that are compared; more are no copies that somebody kept.
MOST = 8


def join_same_files(by_path: dict[Path, list[Group]]) -> None:
    """Make one job of two of which one has no event file that the other has not as well; changes ``by_path``.

    The copies are left out. Where several jobs have all files of one and others besides, as those that went on from it
    do, it stays alone.
    """
    alike: dict[tuple[str, int], list[Group]] = defaultdict(list)
    for groups in by_path.values():
        for group in groups:
            for source in _events(group) if not group.alone else ():
                alike[source.path.name, source.size].append(group)
    held = [group for groups in alike.values() if 1 < len(groups) <= MOST for group in groups]
    jobs = sorted({id(group): group for group in held}.values(), key=_as_copy)
    for group in reversed(jobs):
        first, *_ = _events(group)
        near = alike[first.path.name, first.size]
        homes = sorted((home for home in near if home is not group and _has_all_of(home, group)), key=_as_copy)
        same = [home for home in homes if len(_events(home)) == len(_events(group))]
        if (same or len(homes) == 1) and group in by_path.get(group.path, []):
            by_path[group.path].remove(group)
            _join(group, (same or homes)[0])


def _join(group: Group, home: Group) -> None:
    copies = _events(group)
    group.sources = [source for source in group.sources if source not in copies]  # and it is no home any more
    names = " and ".join(source.path.name for source in copies[:2])
    home.join(group, f"{names} {'lies' if len(copies) == 1 else 'lie'} in {group.path.name}/ as well, byte for byte")


def _events(group: Group) -> list[Source]:
    return [source for source in group.sources if source.size and EVENT_FILE.search(source.path.name)]


def _has_all_of(home: Group, group: Group) -> bool:
    return all(_is_among(source, _events(home)) for source in _events(group))


def _is_among(source: Source, others: Sequence[Source]) -> bool:
    alike = (one.path for one in others if (one.path.name, one.size) == (source.path.name, source.size))
    return any(_same(source.path, path) for path in alike)


def _as_copy(group: Group) -> tuple[bool, int, list[tuple[int, int, str]]]:
    """The more of it, the more likely it is the copy: what a tracker keeps, then what lies deeper."""
    tracked = any(is_tracked_run(part) for source in group.sources for part in source.path.parts[-4:-1])
    return tracked, len(group.path.parts), list(natural(str(group.path)))


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
