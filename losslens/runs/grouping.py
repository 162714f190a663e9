"""Which of the files found belong to one job.

First within each folder: files of different kinds are one job, files of one kind that hold the same columns are jobs
side by side unless one goes on where the other ends. Then across folders: what a trainer spreads over subfolders
(``train/`` and ``validation/``, ``runs/<date>``, ``checkpoint-N/``, ``.hydra/``) joins the job above.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from losslens.model import Checkpoint, Skipped
from losslens.patterns import compiled
from losslens.roles.names import split_of, words
from losslens.runs import printed
from losslens.runs.beginnings import Beginnings
from losslens.runs.beside import give_beside
from losslens.runs.checkpoints import checkpoints_in, is_hf_checkpoint
from losslens.runs.echoes import join_echoes
from losslens.runs.formats import BESIDE, BY_RANK, CSV, DATABASES, TENSORBOARD, TEXT, TRAINER_STATE
from losslens.runs.grains import halves_of_one, named_by_grain
from losslens.runs.group import EACH_A_RUN, Folder, Group, is_tracked_run
from losslens.runs.jobs import Job, Source
from losslens.runs.naming import EVENT_FILE, natural, says_nothing
from losslens.runs.outputs import join_starts, leading_ranks, stream_of
from losslens.runs.peek import Glimpse, glimpse, leaps
from losslens.runs.resumed import join_resumed, resumed_log
from losslens.runs.same_files import join_same_files
from losslens.runs.splits import home_of_split, is_split_folder, without_split
from losslens.runs.terms import SHARED, files_of_terms
from losslens.runs.writers import AT_ONCE_S, join_writers

#: Folders in which trainers keep what belongs to the job above.
CONTAINERS = words(
    "tensorboard tb tf tb_logs tblogs tensorboard_logs events summaries summary logs log logging csv vis_data dvclive",
    "stdout output slurm slurm_logs wandb metrics",
)
_HPARAMS_TIME = compiled(r"\d{9,11}(?:\.\d+)?")
COMPARED = "compared, and kept where one parts"
ONLY = "is the only log of its kind in the folder"
_NUMBERS = compiled(r"\d+")
#: Files shorter than this (bytes) may begin alike by chance.
LEAST_ALIKE = 200
#: Names that the output of a job has, whatever the job.
_PRINTED = compiled(
    r"(?:slurm|job|nohup|stdout|stderr|output|train|training|log|debug|console|run|std|out|err)[\w.-]*|.*\.(?:out|err|[oe]\d+)",
    re.IGNORECASE,
)
Found: TypeAlias = tuple[tuple[Checkpoint, ...], tuple[Checkpoint, ...]]
_GENERIC_VALUE = frozenset({"value", "values", "y", "metric", "scalar"})


def jobs_of(folders: Sequence[Folder]) -> tuple[tuple[Job, ...], tuple[Skipped, ...]]:
    """The jobs that the logs of ``folders`` make up, and the files of settings or messages that belong to none."""
    by_path: dict[Path, list[Group]] = {}
    for folder in folders:
        logs = [s for s in folder.sources if s.format not in BESIDE]
        by_path.setdefault(folder.path, []).extend(_within(folder, logs))
    join_starts(by_path)
    _join_folders(by_path)
    join_same_files(by_path)
    join_resumed(by_path)
    seen: Beginnings = {}
    join_writers(by_path, seen)
    join_echoes(by_path, seen, CONTAINERS)
    groups = [g for groups in by_path.values() for g in groups]
    unused = give_beside(folders, groups)
    names = {f.path: f.names for f in folders}
    # Thousands of jobs may lie in one folder: its checkpoints are looked for once.
    found: dict[tuple[Path, ...], Found] = {}
    jobs = [_job(g, names, found) for g in sorted(groups, key=lambda g: (natural(str(g.path)), natural(g.stem)))]
    return tuple(jobs), unused


def _job(group: Group, names: dict[Path, tuple[str, ...]], found: dict[tuple[Path, ...], Found]) -> Job:
    sources = (*group.sources, *group.beside)
    paths = [str(s.path) for s in group.sources]
    path = paths[0] if len(paths) == 1 else str(_holding(group))
    folder = os.path.abspath(group.path)
    if group.stem:
        name, project = os.path.join(folder, group.stem), str(group.path)
    else:
        name, project = folder, os.path.normpath(os.path.join(group.path, os.pardir))
    folders = (group.path, *group.folders)
    if folders not in found:
        found[folders] = checkpoints_in([(f, names.get(f, ())) for f in folders])
    by_step, by_epoch = found[folders]
    why = "; ".join(dict.fromkeys(group.why))
    return Job(name, path, sources, project, why, by_step, by_epoch)


def _holding(group: Group) -> Path:
    """The deepest folder that holds all logs of a job."""
    within = group.path
    while (
        not all(within in (source.path, *source.path.parents) for source in group.sources) and within != within.parent
    ):
        within = within.parent
    return within


# ---------------------------------------------------------------- within one folder


def _within(folder: Folder, logs: Sequence[Source]) -> list[Group]:
    """The jobs of one folder."""
    if not logs:
        return []
    if folder.alone:
        stem = "" if logs[0].format == TENSORBOARD or says_nothing(_stem(logs[0])) else _stem(logs[0])
        return [Group(folder.path, list(logs), ["the file that was named"], stem, alone=True)]
    kinds: dict[str, list[Source]] = defaultdict(list)
    for source in logs:
        kinds[source.format].append(source)
    parts = [group for format, sources in kinds.items() for group in _of_kind(folder, format, sources)]
    outputs = [p for p in parts if p.formats() == {TEXT}]
    logged = [p for p in parts if p not in outputs]
    if (
        len(logged) == 1
        and not logged[0].stem
        and all(_PRINTED.fullmatch(s.path.name) for p in outputs for s in p.sources)
    ):
        for part in outputs:
            part.stem = ""
    several = [p for p in parts if p.stem]
    if not several:
        first, *rest = parts
        why = [text for part in parts if len(part.sources) > 1 or part.beside for text in part.why]
        for other in rest:
            first.join(other, "")
        first.folders.clear()
        if rest:
            why.append(f"{_listed(first.sources)} lie in one folder and hold different things of one job")
        first.why = why or ["the only log in its folder"]
        return [first]
    return _by_stem(parts)


def _listed(sources: Sequence[Source]) -> str:
    names = [s.path.name for s in sources]
    if len(names) > 4:
        names[3:] = [f"{len(names) - 3} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _stem(source: Source) -> str:
    name = source.path.name
    for suffix in (".gz", ".csv", ".tsv", ".json", ".jsonl", ".log", ".txt", ".out", ".err"):
        name = name.removesuffix(suffix)
    return name


def _of_kind(folder: Folder, format: str, sources: list[Source]) -> list[Group]:
    """The jobs that files of one format in one folder make up; a stem only where there are several."""
    if format in DATABASES:
        return [Group(folder.path, [s], ["a database of runs"], _stem(s)) for s in sources]
    if format in BY_RANK and len(sources) > 1:
        leading, ranks = leading_ranks(sources)
        if len(leading) < len(sources):
            led = _of_kind(folder, format, leading)
            for group in led:
                _take_ranks(group, ranks)
            return led
    if len(sources) == 1:
        return [Group(folder.path, sources, [f"{sources[0].path.name} {ONLY}"])]
    if format == TENSORBOARD:
        return [
            Group(folder.path, sources, [f"{len(sources)} event files of one folder, read in the order of their times"])
        ]
    seen = {s.path: _Seen.of(s) for s in sources}
    looks = {path: one.look for path, one in seen.items()}
    reaches = {s.path: printed.reach(s.path) for s in sources} if format == TEXT else {}
    groups: list[Group] = []
    for source in sorted(sources, key=lambda s: _order(s, looks)):
        home, why = _home(source, groups, seen, format)
        if home is None:
            home, why = _resumed(source, groups, reaches) if format == TEXT else resumed_log(source, groups, looks)
        if home is None:
            groups.append(Group(folder.path, [source], [], _stem(source)))
        else:
            home.sources.append(source)
            home.why.append(why)
    if len(groups) == 1:
        groups[0].stem = ""
        return groups
    for group in groups:
        group.why = group.why or [f"{len(groups)} {EACH_A_RUN}"]
    return groups


def _take_ranks(group: Group, ranks: dict[Path, list[Source]]) -> None:
    """Give a job the files of the other ranks of those that it has."""
    for source in group.sources:
        others = ranks.get(source.path, [])
        if others:
            group.beside.extend(others)
            names = f"{_listed(others)} {'are' if len(others) > 1 else 'is'}"
            group.why = [w for w in group.why if not w.endswith(ONLY)]
            group.why.append(f"{names} what other ranks than that of {source.path.name} wrote: {COMPARED}")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is compared between the files of one folder: small, for there may be thousands."""

    path: Path
    look: Glimpse
    """Without the opening."""
    begins: bytes
    """The first bytes; empty for a file too short to be known by them."""
    stream: tuple[str, str]
    bare: str
    columns: frozenset[str]

    @classmethod
    def of(cls, source: Source) -> _Seen:
        look = glimpse(source.path)
        begins = look.opening[:LEAST_ALIKE] if len(look.opening.rstrip()) >= LEAST_ALIKE else b""
        small = replace(look, opening=b"")
        columns = frozenset(_own_columns(look))
        return cls(source.path, small, begins, stream_of(source.path.name), without_split(_stem(source)), columns)


def _same_beginning(a: _Seen, b: _Seen) -> bool:
    """Whether one of two files begins with all of the other, as far as both are looked at."""
    if not a.begins or a.begins != b.begins:
        return False
    shorter, longer = sorted((glimpse(a.path).opening.rstrip(), glimpse(b.path).opening.rstrip()), key=len)
    return longer.startswith(shorter)


def _order(source: Source, looks: dict[Path, Glimpse]) -> tuple[bool, float, tuple[tuple[int, int, str], ...]]:
    first = looks[source.path].first_step
    return (first is None, first or 0.0, natural(source.path.name))


def _home(source: Source, groups: Sequence[Group], seen: dict[Path, _Seen], format: str) -> tuple[Group | None, str]:
    """The job of this folder that ``source`` belongs to, and why."""
    mine = seen[source.path]
    name = source.path.name
    for group in groups:
        for member in group.sources:
            other = seen[member.path]
            if _same_beginning(mine, other):
                return group, f"{name} begins like {member.path.name}: a copy or another state of it"
            if format == TEXT and mine.stream[0] == other.stream[0] and mine.stream[1] != other.stream[1]:
                return group, f"{member.path.name} and {name} are the two streams of one job"
            if mine.bare and mine.bare == other.bare:
                return group, f"{member.path.name} and {name} differ only in the split they name"
            if named_by_grain(name, member.path.name) and format != TEXT:
                return group, f"{member.path.name} and {name} are kept by epoch and by batch of one job"
            if max(len(mine.columns), len(other.columns)) <= 1 and files_of_terms(source.path, member.path):
                return group, f"{member.path.name} and {name} are named as parts of one loss"
        last = seen[group.sources[-1].path]
        numbered = _NUMBERS.sub("", name) == _NUMBERS.sub("", group.sources[-1].path.name)
        if mine.look.columns == last.look.columns and _goes_on(last.look, mine.look, numbered=numbered):
            return group, f"{name} goes on where {group.sources[-1].path.name} ends"
    if format == TEXT or not mine.look.columns:
        return None, ""
    for group in groups:
        theirs = [seen[member.path].columns for member in group.sources]
        last = seen[group.sources[-1].path]
        if mine.columns <= _GENERIC_VALUE and all(columns <= _GENERIC_VALUE for columns in theirs):
            return group, f"{name} holds one series, named by its file"
        if format == CSV and all(mine.columns.isdisjoint(c) for c in theirs) and (mine.columns or any(theirs)):
            return group, f"{name} holds other columns of the same job"
        if format == CSV and len(seen) == len(theirs) + 1 == 2 and halves_of_one(mine.look.columns, last.look.columns):
            return group, f"{name} and {last.path.name} hold what one job lost and what else it did"
    return None, ""


def _resumed(
    source: Source, groups: Sequence[Group], reaches: dict[Path, printed.Reach | None]
) -> tuple[Group | None, str]:
    """The one job of this folder whose printed output ``source`` goes on with, and why; none where two may be it."""
    mine = reaches[source.path]
    fitting = []
    for group in groups if mine is not None else ():
        parts = [r for s in group.sources if (r := reaches[s.path]) is not None]
        goes_on = mine is not None and len(parts) == len(group.sources) and printed.resumes(parts, mine)
        if goes_on and printed.parts_of_one_job(group.sources[-1].path, source.path):
            fitting.append(group)
    if len(fitting) != 1:
        return None, ""
    return fitting[0], f"{source.path.name} resumes what {fitting[0].sources[-1].path.name} printed"


def _own_columns(look: Glimpse) -> set[str]:
    names = {c.strip().lower() for c in look.columns}
    if names == {"wall time", "step", "value"}:
        return {"value"}
    return {n for n in names if not SHARED.fullmatch(n)}


def _goes_on(before: Glimpse, after: Glimpse, *, numbered: bool) -> bool:
    """Whether the second file begins behind the end of the first; far behind only where numbers alone tell the names
    of the two apart, of which some may be missing."""
    if before.last_step is None or after.first_step is None or before.first_step is None:
        return False
    interval = max(before.interval, 1.0)
    if not numbered and leaps(before.first_step, before.last_step, after.first_step, interval):
        return False
    return after.first_step > before.last_step >= before.first_step


def _by_stem(parts: Sequence[Group]) -> list[Group]:
    """Several jobs in one folder: logs of other kinds go to the job whose name they share."""
    groups: dict[str, Group] = {}
    for part in sorted(parts, key=lambda p: not p.stem):
        stem = part.stem or _stem(part.sources[0])
        if stem in groups:
            groups[stem].join(part, f"{_listed(part.sources)} has the same name")
            groups[stem].folders.clear()
        else:
            part.stem = stem
            groups[stem] = part
    return list(groups.values())


# ---------------------------------------------------------------- across folders


def _join_folders(by_path: dict[Path, list[Group]]) -> None:
    """Let every subfolder's logs that are part of the job above join it; deepest first."""
    begun = {p: [int(m["time"]) for g in groups for m in _event_names(g.sources)] for p, groups in by_path.items()}
    for path in sorted(by_path, key=lambda p: -len(p.parts)):
        groups = by_path[path]
        if len(groups) != 1 or groups[0].alone or groups[0].stem:
            continue
        found = _place_above(path, groups[0], by_path, begun)
        if found is None:
            continue
        home, why = found
        above = by_path.setdefault(home, [])
        if not above:
            above.append(Group(home, [], []))
        above[0].join(groups[0], why)
        groups.clear()
    for groups in by_path.values():
        for group in groups:
            group.sources.sort(key=lambda s: natural(str(s.path)))


def _place_above(
    path: Path, group: Group, by_path: dict[Path, list[Group]], begun: dict[Path, list[int]]
) -> tuple[Path, str] | None:
    """The folder whose job this one is part of, and why; None when it stands for itself."""
    parent, name = path.parent, path.name
    above = by_path.get(parent, [])
    if len(above) > 1 or parent not in by_path:
        return None
    formats = group.formats()
    if formats == {TRAINER_STATE} and is_hf_checkpoint(name):
        return parent, "the checkpoint folders hold copies of the trainer state"
    if formats == {TENSORBOARD}:
        hf = parent.parent
        if parent.name == "runs" and _is_trainer(hf, by_path):
            return hf, f"runs/{name} holds the event files of the same trainer"
        for folder in (parent, parent.parent):
            events = by_path.get(folder, [])
            if len(events) == 1 and TENSORBOARD in events[0].formats():
                why = _beside_events(path, folder, group, events[0], begun)
                if why:
                    return folder, why
        if not above and is_split_folder(path.name, _siblings(path, by_path)):
            return parent, f"{name}/ holds one split of the job in the folder above"
        if not above and (home := home_of_split(name, _siblings(path, by_path))):
            return parent / home, f"{name}/ holds another split of the job in {home}/"
    if above and not above[0].stem and name.lower() in CONTAINERS and not formats & above[0].formats():
        return parent, f"{name}/ belongs to the logs in the folder above"
    if is_tracked_run(parent.name) and name in ("files", "logs"):
        return parent, f"{name}/ belongs to the tracked run in the folder above"
    if not above and name == "vis_data":
        return parent, "vis_data/ belongs to the folder above"
    return None


def _is_trainer(path: Path, by_path: dict[Path, list[Group]]) -> bool:
    groups = by_path.get(path, [])
    if groups and TRAINER_STATE in groups[0].formats():
        return len(groups) == 1
    return any(
        p.parent == path and is_hf_checkpoint(p.name) and g and TRAINER_STATE in g[0].formats()
        for p, g in by_path.items()
    )


def _siblings(path: Path, by_path: dict[Path, list[Group]]) -> list[str]:
    return [p.name for p, groups in by_path.items() if p.parent == path.parent and p != path and groups]


def _beside_events(path: Path, home: Path, group: Group, above: Group, begun: dict[Path, list[int]]) -> str:
    """Why event files below event files are of the same job: a split, ``add_scalars``, ``add_hparams``; else nothing.

    Writers put their process into the file name; tensorboardX does not. Then folders begun at the same moment as one
    beside them are taken for the curves of one ``add_scalars`` call.
    """
    name = path.relative_to(home).as_posix()
    if path.parent == home and split_of(path.name) and not re.search(r"\d$", path.name.removesuffix("_0")):
        return f"{name}/ holds one split of the job in the folder above"
    if _HPARAMS_TIME.fullmatch(path.name):
        return f"{name}/ holds the hyper-parameters of the run above"
    mine = _event_names(group.sources)
    theirs = _event_names([s for s in above.sources if s.path.parent == home])
    processes = {(m["host"], m["pid"]) for m in theirs if m["pid"]}
    if not mine or not theirs:
        return ""
    if processes:
        same = all((m["host"], m["pid"]) in processes for m in mine)
        return f"{name}/ was written by the same process as the folder above" if same else ""
    first = min(int(m["time"]) for m in mine)
    beside = [time for p, times in begun.items() if p != path and home in p.parents for time in times]
    if first >= min(int(m["time"]) for m in theirs) and any(abs(time - first) <= AT_ONCE_S for time in beside):
        return f"{name}/ was begun together with its neighbour, while the folder above was written"
    return ""


def _event_names(sources: Sequence[Source]) -> list[re.Match[str]]:
    return [m for s in sources if (m := EVENT_FILE.search(s.path.name))]
