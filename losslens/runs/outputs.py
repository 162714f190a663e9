"""Printed output that is spread over files: stdout beside stderr, a file for each rank, a folder for each attempt."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from losslens.patterns import compiled
from losslens.roles.names import words
from losslens.runs.formats import BY_RANK
from losslens.runs.group import Group
from losslens.runs.jobs import Source
from losslens.runs.naming import natural
from losslens.runs.peek import lines_of_ends

_ERRORS = words("err stderr error errors")
_STREAMS = _ERRORS | words("out stdout output log txt gz console")
#: `train.o123456` and `train.e123456`, as PBS, SGE and LSF name the two streams of a job.
_NUMBERED = compiled(r"([oe])(\d{2,})")
_RANK = compiled(r"(?<![a-z])(?:local|global|node)?[_-]?rank[_-]?(\d+)", re.IGNORECASE)
#: Words that may also name trainings of their own: those of which the files begin with the same numbers are ranks.
_MAYBE = compiled(r"(?<![a-z])(?:worker|gpu|node|proc(?:ess)?|host|device)[_-]?(\d+)(?!\d)", re.IGNORECASE)
_STAMP = compiled(r"\d{4}-\d\d-\d\d[T ]|\d\d:\d\d:\d\d(?:[.,]\d+)?")
_FRACTION = compiled(r"\d\.\d")
#: Lines with a fraction that two files must share, and the share of all that they have.
FEWEST_LINES, ALIKE = 20, 0.8
#: torchrun writes `attempt_0/3/stdout.log`: the folders are the start and the rank.
_ATTEMPT = compiled(r"attempt_(\d+)")
_RANK_FOLDER = compiled(r"(?:(?:local_?|global_?)?rank[_-]?)?(\d+)", re.IGNORECASE)


def stream_of(name: str) -> tuple[str, str]:
    """What a job's two streams share in their names, and which of them this is: ``slurm-7.err`` -> (``slurm-7``, err).

    A file that does not say is the output.
    """
    shared: list[str] = []
    stream = "out"
    for part in re.split(r"[._-]+", name.lower()):
        numbered = _NUMBERED.fullmatch(part)
        if numbered:
            shared.append(numbered[2])
            stream = "err" if numbered[1] == "e" else stream
        elif part in _STREAMS:
            stream = "err" if part in _ERRORS else stream
        else:
            shared.append(part)
    return "-".join(shared), stream


def two_streams(a: Path, b: Path) -> bool:
    """Whether two files of one folder are the output and the errors of one job, by their names."""
    (one, first), (other, second) = stream_of(a.name), stream_of(b.name)
    return a.parent == b.parent and one == other and first != second


def leading_ranks(sources: Sequence[Source]) -> tuple[list[Source], dict[Path, list[Source]]]:
    """The files but for those of other ranks than the lowest; and these, by the file of the lowest rank.

    What other ranks print is the same training seen again: they are compared with it, and their messages are kept.
    """
    by_name: dict[str, list[tuple[int, Source]]] = defaultdict(list)
    kept: list[Source] = []
    for source in sources:
        match = _RANK.search(source.path.name) or _MAYBE.search(source.path.name)
        if match is None:
            kept.append(source)
        else:
            start, end = match.span(1)
            by_name[source.path.name[:start] + "#" + source.path.name[end:]].append((int(match[1]), source))
    others: dict[Path, list[Source]] = {}
    for name, ranks in by_name.items():
        ranks.sort(key=lambda item: item[0])
        lead = ranks[0][1]
        if "rank" not in name.lower() and not all(begin_alike(lead.path, other.path) for _, other in ranks[1:]):
            kept.extend(source for _, source in ranks)
            continue
        kept.append(lead)
        others[lead.path] = [replace(source, rank=rank) for rank, source in ranks[1:]]
    return kept, others


def begin_alike(a: Path, b: Path) -> bool:
    """Whether two files begin with the same numbers on line after line, whenever each was written."""
    one, other = (_numbered(path) for path in (a, b))
    pairs = list(zip(one, other, strict=False))
    return len(pairs) >= FEWEST_LINES and sum(x == y for x, y in pairs[: 2 * FEWEST_LINES]) >= ALIKE * min(
        len(pairs), 2 * FEWEST_LINES
    )


def _numbered(path: Path) -> list[str]:
    """The first lines that hold a fraction, without what tells when and by whom each was written."""
    lines, _ = lines_of_ends(path)
    return [_MAYBE.sub("", _STAMP.sub("", line)) for line in lines if _FRACTION.search(_STAMP.sub("", line))]


def is_part_of_a_start(name: str) -> bool:
    """Whether a folder is that of one rank or of one attempt of a distributed job."""
    return bool(_ATTEMPT.fullmatch(name) or _RANK_FOLDER.fullmatch(name))


def join_starts(by_path: dict[Path, list[Group]]) -> None:
    """Make one job of the folders that a launcher of distributed jobs makes; ``by_path`` is changed in place."""
    ranks: dict[Path, list[tuple[int, Path]]] = defaultdict(list)
    for path, groups in by_path.items():
        match = _RANK_FOLDER.fullmatch(path.name) or _MAYBE.fullmatch(path.name)
        named = match is not None and (_ATTEMPT.fullmatch(path.parent.name) or not path.name.isdigit())
        if match is not None and named and len(groups) == 1 and groups[0].formats() <= BY_RANK and not groups[0].alone:
            ranks[path.parent].append((int(match[1]), path))
    for parent, found in ranks.items():
        if by_path.get(parent) or (len(found) == 1 and not _ATTEMPT.fullmatch(parent.name)):
            continue
        found.sort()
        if _MAYBE.fullmatch(found[0][1].name) and not _folders_begin_alike([by_path[path][0] for _, path in found]):
            continue
        lead = _moved(by_path, found[0][1], parent)
        for rank, path in found[1:]:
            other = by_path[path][0]
            lead.beside.extend(replace(source, rank=rank) for source in other.sources)
            lead.beside.extend(other.beside)
            lead.folders.append(path)
            lead.why.append(
                f"{path.name}/ is what rank {rank} wrote of the same job: compared, and kept where it parts"
            )
            by_path[path] = []
    attempts: dict[Path, list[Path]] = defaultdict(list)
    for path, groups in by_path.items():
        if _ATTEMPT.fullmatch(path.name) and len(groups) == 1 and not groups[0].stem and not groups[0].alone:
            attempts[path.parent].append(path)
    for parent, paths in attempts.items():
        if by_path.get(parent):
            continue
        paths.sort(key=lambda p: natural(p.name))
        home = _moved(by_path, paths[0], parent)
        for path in paths[1:]:
            home.join(by_path[path][0], f"{path.name}/ is another start of the same job")
            by_path[path] = []


def _folders_begin_alike(groups: Sequence[Group]) -> bool:
    """Whether the first file of each folder begins like that of the first."""
    first = groups[0].sources[0].path
    return all(begin_alike(first, group.sources[0].path) for group in groups[1:])


def _moved(by_path: dict[Path, list[Group]], path: Path, home: Path) -> Group:
    """The one job of a folder, now that of the folder above."""
    (group,) = by_path[path]
    by_path[path] = []
    group.folders.insert(0, group.path)
    group.path = home
    by_path[home] = [group]
    return group
