"""Logs of one training that lie in several places, known by their numbers.

A scheduler writes ``slurm-71.out`` where the job was submitted, the trainer its log some folders below, a second logger
a tree of its own. Names do not tell that these are one job; the losses that stand at the same steps in both do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence, Set
from itertools import accumulate, combinations
from pathlib import Path

import numpy as np

from losslens.model import Log, RawSeries, Role
from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.patterns import compiled
from losslens.runs.agreement import DISTINCT, SAID_AGAIN, by_epoch, same_numbers, sums_up
from losslens.runs.beginnings import Beginnings, beginning
from losslens.runs.copies import decimals
from losslens.runs.formats import CSV, TEXT, TOLD_AGAIN, TRACKED
from losslens.runs.group import Group
from losslens.runs.kinship import FIRST, OWN, Part, agree, contradict, end_together, moves_with, reach_together
from losslens.runs.naming import says_nothing

#: The log lies at most this many folders below the printed output, or beside its folder.
DEEPEST = 3
#: Of the logs of a job so many are compared with an output, and more as long as they are so small together (bytes): a
#: writer of one file a tag has dozens.
LOOKED_AT, SMALL = 8, 256 << 10
#: Numbers with so many decimals that come in one order are the same, whatever counts them: the mean of an epoch is
#: printed at its last batch, and logged at the epoch.
EXACT = 4
_NUMBERS = compiled(r"\d+")
#: Logs of one folder that are compared each with each.
MOST_TOGETHER = 24
#: Most pairs of outputs and logs that are compared under one call.
MOST_PAIRS = 400


def join_echoes(by_path: dict[Path, list[Group]], seen: Beginnings, containers: Set[str] = frozenset()) -> None:
    """Let each printed output join the one logged job near it that holds its numbers; changes ``by_path``.

    So do the logs of a subfolder that is called as one of the ``containers`` in which trainers keep what belongs above,
    and those of the only folder with logs below the only job of a folder that no tracker keeps.
    """
    _join_parallel(by_path, containers, seen)
    _join_tracked(by_path, seen)
    outputs = [(p, g) for p, groups in by_path.items() for g in groups if g.formats() == {TEXT} and not g.alone]
    logged = [(p, g) for p, groups in by_path.items() for g in groups if g.formats() - {TEXT} and not g.alone]
    near_folder: dict[Path, list[Group]] = {}
    pairs = 0
    for path, output in outputs:
        if path not in near_folder:
            near_folder[path] = [g for home, g in logged if home != path and _is_near(path.parts, home.parts)]
        near = [*near_folder[path], *_called_alike(output, logged, near_folder[path])]
        pairs += len(near)
        if not near or pairs > MOST_PAIRS:
            continue
        printed = [log for source in output.sources if (log := beginning(source, seen)) is not None]
        same = [group for group in near if any(_any_like(one, group, seen, echoes) for one in printed)]
        how = "printed the numbers that were logged"
        if not same:
            same = [group for group in near if any(_any_like(one, group, seen, _move_alike) for one in printed)]
            how = "printed losses that rise and fall with those"
        if len(same) == 1:
            names = " and ".join(source.path.name for source in output.sources[:3])
            same[0].join(output, f"{names} {how} in {same[0].path.name}/")
            same[0].folders.remove(output.path)
            by_path[path].remove(output)
    for path, groups in by_path.items():
        if 1 < len(groups) <= MOST_TOGETHER and any(_may_be_one(a, b) for a, b in combinations(groups, 2)):
            by_path[path] = _joined_within(groups, seen)
    below = Counter(above for path, groups in by_path.items() if groups for above in path.parents)
    for path, groups in by_path.items():
        above = by_path.get(path.parent, [])
        several = 1 < len(above) <= MOST_TOGETHER and path.name.lower() in containers
        alone = len(above) == below[path.parent] == 1 and not above[0].formats() <= TRACKED
        if len(groups) == 1 and (several or alone):
            _join_above(path, groups, above, seen)


def _join_parallel(by_path: dict[Path, list[Group]], containers: Set[str], seen: Beginnings) -> None:
    """Let the logs of two folders whose paths differ in one part join, where two loggers wrote the same numbers there.

    A logger of CSV files and one of event files are given a tree each: ``csv/gpt/version_0``, ``tb/gpt/version_0``.
    Folders side by side must be called as ``containers``: others bear the names of runs.
    """
    alike: dict[tuple[int, tuple[str, ...]], list[Path]] = defaultdict(list)
    for path, groups in by_path.items():
        if len(groups) == 1 and not groups[0].alone:
            for at in range(len(path.parts) - (path.name.lower() not in containers)):
                alike[at, (*path.parts[:at], *path.parts[at + 1 :])].append(path)
    pairs = 0
    for (at, _), paths in alike.items():
        homes: dict[frozenset[str], list[Group]] = defaultdict(list)
        for path in sorted(paths):
            if not by_path[path]:
                continue  # joined already, where another part of the paths differs
            (group,) = by_path[path]
            formats = frozenset(group.formats())
            near = [home for theirs, here in homes.items() if not formats & theirs for home in here]
            pairs += max(0, len(near) - 1)
            mine = _parts(group, seen) if near and pairs <= MOST_PAIRS else []
            same = [home for home in near if _hold_the_same(mine, home, seen, whole=home.path.name != path.name)]
            if len(same) == 1:
                homes[frozenset(same[0].formats())].remove(same[0])
                here, there = ("/".join(one.parts[at:]) for one in (path, same[0].path))
                same[0].join(group, f"{here}/ holds the numbers of {there}/")
                by_path[path] = []
                formats, group = frozenset(same[0].formats()), same[0]
            homes[formats].append(group)


def _join_tracked(by_path: dict[Path, list[Group]], seen: Beginnings) -> None:
    """Let what a tracker kept of a run join the one job near it that logged the same numbers by itself.

    The jobs in the folders above are looked at first, and those beside where there are none.
    """
    tracked = [(p, g) for p, groups in by_path.items() for g in groups if g.formats() <= TRACKED and not g.alone]
    own = [(p, g) for p, groups in by_path.items() for g in groups if g.formats() - TRACKED - {TEXT} and not g.alone]
    pairs = 0
    for path, group in tracked if own else ():
        near = [(home, g) for home, g in own if _is_near(home.parts, path.parts)]
        above = [g for home, g in near if path.parts[: len(home.parts)] == home.parts]
        candidates = above or [g for _, g in near]
        pairs += len(candidates)
        mine = _parts(group, seen) if candidates and pairs <= MOST_PAIRS else []
        same = [g for g in candidates if _hold_the_same(mine, g, seen, whole=True)]
        if len(same) == 1:
            names = " and ".join(source.path.name for source in group.sources[:3])
            same[0].join(group, f"{names} holds the numbers of {same[0].sources[0].path.name}")
            by_path[path].remove(group)


def _hold_the_same(mine: Sequence[Part], group: Group, seen: Beginnings, *, whole: bool) -> bool:
    """Whether a log of a job holds numbers of one of ``mine``; with ``whole`` they reach the same place as well."""
    theirs = _parts(group, seen) if mine else []
    return any(agree(a, b) and (not whole or reach_together(a, b)) for a in mine for b in theirs)


def _parts(group: Group, seen: Beginnings) -> list[Part]:
    """The beginnings of the first logs of a job."""
    return [Part(log, "") for source in group.sources[:2] if (log := beginning(source, seen)) is not None]


def _join_above(path: Path, groups: list[Group], above: Sequence[Group], seen: Beginnings) -> None:
    """Let the logs of a subfolder join the one of the jobs above whose numbers they hold."""
    mine = _parts(groups[0], seen)
    same = [
        home
        for home in above
        if not groups[0].formats() & home.formats()
        and any(_hold_alike(a, log) for s in home.sources if (log := beginning(s, seen)) is not None for a in mine)
    ]
    if len(same) == 1:
        same[0].join(groups.pop(), f"{path.name}/ holds the numbers of {same[0].sources[0].path.name}")


def _hold_alike(part: Part, log: Log) -> bool:
    """Whether a log holds numbers of another: a loss or the like, or what is measured under any name, to all digits."""
    if agree(part, Part(log, "")):
        return True
    measured = [s for s in part.by_role.get(Role.OTHER, ()) if decimals(s.value) > EXACT and not _only_mounts(s)]
    return any(
        np.array_equal(one.step, other.step) and same_numbers(one, other)
        for one in measured[:FIRST]
        for other in log.series.values()
        if one.step.size == other.step.size
    )


def _only_mounts(series: RawSeries) -> bool:
    """Whether a series is a clock or a counter, which may be alike in many jobs."""
    return bool(np.all(np.diff(series.value) >= 0.0))


def _joined_within(groups: list[Group], seen: Beginnings) -> list[Group]:
    """The jobs of one folder; those that hold the same numbers in files of different kinds or names are one."""
    kept: list[tuple[Group, list[Part]]] = []
    # What was printed goes to what was logged.
    for group in sorted(groups, key=lambda g: g.formats() == {TEXT}):
        parts = _parts(group, seen)
        same = [
            (home, known)
            for home, known in kept
            if _may_be_one(group, home)
            if any(_one_course(a, b) for a in parts for b in known)
        ]
        if len(same) != 1:
            kept.append((group, parts))
            continue
        home, known = same[0]
        names = " and ".join(source.path.name for source in group.sources[:3])
        verb = "holds" if len(group.sources) == 1 else "hold"
        home.join(group, f"{names} {verb} the numbers of {home.sources[0].path.name}")
        home.folders.remove(group.path)
        known.extend(parts)
    if len(kept) == 1:
        kept[0][0].stem = ""
    return [group for group, _ in kept]


def _one_course(a: Part, b: Part) -> bool:
    """Whether two logs hold the same numbers: of two kinds to the end, of one kind no others under any name."""
    if a.log.format == b.log.format == CSV:
        return _says_again(a, b)
    return agree(a, b) and (not contradict(a, b) if a.log.format == b.log.format else end_together(a, b))


def _says_again(a: Part, b: Part) -> bool:
    """Whether all that two tables measured under one name, a loss among it, is the same: one has more columns."""
    mine, theirs = ({s.tag: s for role in OWN for s in part.by_role.get(role, ())} for part in (a, b))
    same = [(mine[tag], theirs[tag]) for tag in mine.keys() & theirs.keys() if mine[tag].step.size >= SAID_AGAIN]
    leads = any(one is a.loss or other is b.loss for one, other in same)
    return leads and all(same_numbers(one, other) for one, other in same)


def _may_be_one(a: Group, b: Group) -> bool:
    """Whether two jobs of one folder may be one by their files: other kinds, or outputs of other names.

    Of names that numbers alone tell apart each is a job of its own, however alike two of them went.
    """
    if not a.formats() & b.formats():
        return True
    again = TOLD_AGAIN | {CSV}
    mine, theirs = ({_NUMBERS.sub("", s.path.name) for s in g.sources if s.format in again} for g in (a, b))
    if a.formats() == b.formats() == {CSV}:
        return mine.isdisjoint(theirs)
    return (a.formats() <= TOLD_AGAIN or b.formats() <= TOLD_AGAIN) and mine.isdisjoint(theirs)


def _is_near(output: tuple[str, ...], log: tuple[str, ...]) -> bool:
    """Whether a log lies below an output, beside its folder or above it; by the parts of the paths."""
    if log[: len(output)] == output:
        # What a tool hides it keeps by itself: ".guild/runs/ID/.guild" lies as near as "runs/ID".
        return sum(not part.startswith(".") for part in log[len(output) :]) <= DEEPEST
    above = output[:-1]
    return log[:-1] == above or log[:-2] == above or log in (above, above[:-1])


def _called_alike(output: Group, logged: Sequence[tuple[Path, Group]], near: Sequence[Group]) -> list[Group]:
    """The logs in folders called as an output, in another tree: ``log/BPR/X.log``, ``log_tensorboard/X/``."""
    stems = {source.path.name.removesuffix(source.path.suffix) for source in output.sources}
    stems = {stem for stem in stems if not says_nothing(stem)}
    above = output.path.parts[: max(1, len(output.path.parts) - DEEPEST)]
    return [
        group
        for home, group in logged
        if home.name in stems and home.parts[: len(above)] == above and all(group is not other for other in near)
    ]


def _any_like(printed: Log, group: Group, seen: Beginnings, alike: Callable[[Log, Log], bool]) -> bool:
    """Whether what was printed is like one of the smallest logs of a job."""
    sources = sorted(group.sources, key=lambda s: s.size)
    sizes = accumulate(source.size for source in sources)
    looked_at = (s for n, (s, size) in enumerate(zip(sources, sizes, strict=True)) if n < LOOKED_AT or size <= SMALL)
    return any((log := beginning(source, seen)) is not None and alike(printed, log) for source in looked_at)


def _move_alike(printed: Log, log: Log) -> bool:
    return moves_with(Part(printed, ""), Part(log, ""))


def echoes(printed: Log, log: Log) -> bool:
    """Whether a series that was printed stands in ``log``: at the same steps, or in order."""
    for tag, one in printed.series.items():
        if not _measures(tag) or np.unique(one.value[np.isfinite(one.value)]).size < DISTINCT:
            continue
        in_order = decimals(one.value) >= EXACT
        if any(same_numbers(one, other, in_order=in_order) for name, other in log.series.items() if _measures(name)):
            return True
    ends = {tag: one for tag, one in by_epoch(printed).items() if _measures(tag)}
    return bool(ends) and any(sums_up(other, ends) for name, other in log.series.items() if _measures(name))


def _measures(tag: str) -> bool:
    """A name of a training that is no place: epochs are counted alike in every log."""
    return is_known_name(tag) and normalise(tag) not in STEP_RANK
