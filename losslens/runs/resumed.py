"""Jobs that were started again and got a folder of their own each time: the folders are one job."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from losslens import parsers
from losslens.errors import LosslensError
from losslens.model import Log, SettingValue
from losslens.patterns import compiled
from losslens.runs.formats import CSV, JSONL, SETTINGS, TENSORBOARD
from losslens.runs.group import TRACKED_RUN, Group
from losslens.runs.jobs import Source
from losslens.runs.naming import natural
from losslens.runs.peek import Glimpse, glimpse, goes_on, lines_of_ends

#: A folder named by the moment at which a trainer was started, as mmengine does.
_STARTED = compiled(r"\d{8}_\d{6}")
#: Lightning numbers the folders of all runs, and of each start of a run: what is in them tells the two apart.
VERSION = compiled(r"version_\d+")
_HPARAMS = "hparams.yaml"
#: So much of the settings of two folders is compared (bytes).
MOST_SETTINGS = 1 << 20
#: Settings that a start may have otherwise than the one that it goes on from: so many, and a smaller share than this.
MOST_DIFFERENT, MINORITY = 3, 0.5
#: So much of each end of an event file is read (bytes), and so many of its first steps say how far apart they are.
EVENT_BYTES, ENDS = 64 << 10, 40


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
        versions = [p for p in paths if VERSION.fullmatch(p.name) and by_path[p]]
        if len(versions) > 1:
            _versions(versions, by_path)


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


@dataclass(frozen=True, slots=True)
class _Start:
    """What the log of one start says of its ends."""

    columns: tuple[str, ...]
    steps: tuple[float, ...]
    """Of the rows at its beginning."""
    last: float
    epoch: float


def _versions(versions: list[Path], by_path: dict[Path, list[Group]]) -> None:
    """Folders numbered by Lightning of which one goes on where the one before had been, with the same settings.

    A run of its own begins in its first epoch, whatever step it logs first.
    """
    home: Group | None = None
    parts: list[tuple[Path, _Start | None]] = []
    for path in versions:
        (group,) = by_path[path]
        start = _start(group)
        if home is None or not _same_run(parts, path, start):
            home, parts = group, [(path, start)]
            continue
        home.join(group, f"{path.name} goes on where {parts[-1][0].name} had been: the job was resumed")
        parts.append((path, start))
        by_path[path] = []


def _same_run(parts: Sequence[tuple[Path, _Start | None]], path: Path, start: _Start | None) -> bool:
    (_, first), (before, last) = parts[0], parts[-1]
    if start is None or first is None or last is None or start.epoch <= first.epoch or start.columns != first.columns:
        return False
    gaps = [b - a for a, b in pairwise(start.steps) if b > a]
    if not gaps or not goes_on(first.steps[0], last.last, start.steps[0], median(gaps)):
        return False
    if _settings_in(path) == _settings_in(before):
        return True
    return start.steps[0] > last.last and _mostly_agree(path / _HPARAMS, before / _HPARAMS)


def _mostly_agree(one: Path, other: Path) -> bool:
    """Whether two files of settings differ in a few: what is set otherwise where a run goes on is no other run."""
    mine, theirs = _named_values(one), _named_values(other)
    names = mine.keys() | theirs.keys()
    differ = sum(mine.get(name) != theirs.get(name) for name in names)
    return 0 < differ <= MOST_DIFFERENT and differ < MINORITY * len(names)


def _named_values(path: Path) -> dict[str, SettingValue]:
    try:
        if path.stat().st_size > MOST_SETTINGS:
            return {}
        return {setting.name: setting.value for log in parsers.parse(path, SETTINGS) for setting in log.settings}
    except (LosslensError, OSError):
        return {}


def _start(group: Group) -> _Start | None:
    """The ends of the CSV file of a job that counts steps and epochs, else of its event files."""
    source = next((source for source in group.sources if source.format == CSV), None)
    if source is None:
        return _start_of_events([source.path for source in group.sources if source.format == TENSORBOARD])
    first, last = lines_of_ends(source.path) if source is not None else ([], [])
    names = [cell.strip().strip('"').lower() for cell in first[0].split(",")] if first else []
    if "step" not in names or "epoch" not in names:
        return None
    rows, ends = ([line.split(",") for line in part if line.count(",") == len(names) - 1] for part in (first[1:], last))
    steps, epochs = _numbers(rows, names.index("step")), _numbers(rows, names.index("epoch"))
    if not steps or not epochs:
        return None
    end = _numbers(ends, names.index("step"))
    return _Start(tuple(names), tuple(steps), end[-1] if end else steps[-1], epochs[0])


def _start_of_events(paths: Sequence[Path]) -> _Start | None:
    ends = [log for path in (*paths[:1], *paths[-1:]) if (log := _ends_of_events(path)) is not None]
    epochs = ends[0].series.get("epoch") if ends else None
    if epochs is None or not epochs.step.size:
        return None
    tags = tuple(sorted(ends[0].series))
    longest = max(ends[0].series.values(), key=lambda one: one.step.size)
    last = max(int(one.step[-1]) for log in ends for one in log.series.values() if one.step.size)
    return _Start(tags, tuple(longest.step[:ENDS].tolist()), last, float(epochs.value[0]))


def _ends_of_events(path: Path) -> Log | None:
    """What the first and the last bytes of an event file hold: the reader finds its way over what is left out."""
    try:
        with open(path, "rb") as file, tempfile.TemporaryDirectory() as folder:
            ends = Path(folder, path.name)
            head = file.read(EVENT_BYTES)
            file.seek(max(len(head), file.seek(0, 2) - EVENT_BYTES))
            ends.write_bytes(head + file.read())
            return parsers.parse(ends, TENSORBOARD)[0]
    except (LosslensError, OSError):
        return None


def _numbers(rows: Sequence[Sequence[str]], at: int) -> list[float]:
    return [float(cell) for row in rows if (cell := row[at].strip()).replace(".", "", 1).isdecimal()]


def _settings_in(folder: Path) -> bytes | None:
    """The settings that Lightning wrote; None where it wrote none or they cannot be read."""
    try:
        with open(folder / _HPARAMS, "rb") as file:
            return file.read(MOST_SETTINGS)
    except OSError:
        return None


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
        if source.format in (JSONL, CSV):
            look = glimpse(source.path)
            if look.first_step is not None:
                return look
    return None
