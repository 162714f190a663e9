"""What each start of a job was set to: files of settings told by the start they are of, and what changed between two.

A job that is started again may leave its settings again: beside the log of that start, under a name that says so
(``args_resume1.json``), or in the same file. Only settings of one kind are held against each other: what two different
files of one start say of a name is no change.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from losslens.model import Log, LogEvent, Segment, Setting, SettingChange, SettingValue
from losslens.patterns import compiled
from losslens.roles.names import words
from losslens.runs.chains import Stretch

#: Words of a file's name that say that it is of a later start.
_AGAIN = words("resume resumed resuming restart restarted continue continued cont rerun")
#: Words that only count the starts.
_COUNTS = words("start attempt part")
_SUFFIXES = compiled(r"(?:\.(?:gz|csv|tsv|jsonl?|log|txt|out|err|ya?ml|toml|ini|cfg|conf|py))+$", re.IGNORECASE)
#: Share of the names of the smaller of two files that both hold, from which on they are files of one kind.
SAME_KIND = 0.5
#: Settings that say where and when a start ran, not how it trained.
_PLACE = compiled(
    r"(?:.*[./_-])?(?:resum\w*|restart\w*|continue\w*|auto_?resume|load_?(?:from|path|dir|checkpoint|model)?|init_?from|ckpt\w*"
    r"|checkpoints?(?:_?(?:path|dir|file))?|pretrained_?(?:path|model)?|restore\w*|weights|start_?(?:epoch|step|iter)|last_?epoch"
    r"|(?:output|log|logging|save|work|run|exp|experiment|result|results|model|snapshot|tb|wandb)_?(?:dir|path|folder|root|name|id|file)"
    r"|name|id|tag|version|date|time|timestamp|now|created|host(?:name)?|node\w*|pid|port|dist_?url|master_\w+|rank|local_?rank"
    r"|command|argv|cmd|git\w*|commit|user|device_?ids?)",
    re.IGNORECASE,
)
#: Values that do: the time of day, a date, the path of what is saved.
_MOMENT = compiled(r".*\b\d{1,2}:\d{2}\b.*|\d{4}-\d{2}-\d{2}.*|\d{8}[-_]\d{4,6}.*")
_PATH = compiled(r"[\w.~-]*[/\\].*|\S+\.(?:pth?|ckpt|h5|keras|safetensors|tar|pkl|bin|npz)")
_DATA = compiled(r"data|corpus|train_?file|vocab", re.IGNORECASE)
#: Changes told of one run.
MOST_CHANGES = 200
#: A stretch that begins this many rows from where settings were printed is the start that they are of.
ROWS_APART = 5


@dataclass(frozen=True, slots=True)
class _Told:
    """The settings of one start, as one file tells them; ``start`` is None where the file is of a later start and
    nothing says of which."""

    start: int | None
    settings: tuple[Setting, ...]


def settings_of(
    logs: Sequence[Log],
    beside: Sequence[Log],
    stretches: Sequence[Stretch],
    segments: Sequence[Segment],
    events: Sequence[LogEvent] = (),
) -> tuple[dict[str, Setting], tuple[SettingChange, ...]]:
    """The settings of the first start, and what each later one had otherwise.

    ``stretches`` are those of ``logs`` by the number of their segment, ``beside`` logs without series. Of two files
    that name a setting the first wins, and every value says where it is from.
    """
    kinds: dict[tuple[str, str], list[_Told]] = defaultdict(list)
    for number, log in enumerate(logs):
        if log.settings or log.later_settings:
            kinds[log.format, ""].extend(_in_one_log(number, log, stretches))
    for key, mine in _by_kind(beside).items():
        kinds[key].extend(_of_files(mine, logs, stretches))
    later: set[int] = set()
    changes: list[SettingChange] = []
    said_once = [event.step for event in events if event.kind == "restart" and event.step is not None]
    steps = {segment.index: segment.first_step for segment in segments if segment.index}
    for told in kinds.values():
        if len(told) > 1:
            told = sorted(told, key=lambda one: (one.start is None, one.start or 0))
            later.update(id(setting) for one in told if one.start != told[0].start for setting in one.settings)
            changes.extend(_changes(told, steps, said_once[0] if len(said_once) == 1 and not steps else None))
    out: dict[str, Setting] = {}
    everything = [setting for log in (*logs, *beside) for setting in log.settings]
    for setting in sorted(everything, key=lambda setting: id(setting) in later):
        out.setdefault(setting.name, setting)
    changes.sort(key=lambda change: (change.step is None, change.step or 0))
    told_once = {(change.name, change.step): change for change in reversed(changes)}
    return out, tuple(change for change in changes if told_once[change.name, change.step] is change)[:MOST_CHANGES]


def of_attempt(beside: Sequence[Log], number: int, attempts: int) -> list[Log]:
    """What of ``beside`` is of one of several attempts (from 0): of as many files of one kind each has one."""
    out = list(beside)
    for mine in _by_kind(beside).values():
        if len(mine) == attempts:
            ordered = sorted(mine, key=lambda log: _mark(log.path))
            out = [log for log in out if all(log is not other for other in ordered) or log is ordered[number]]
    return out


def at_attempt(log: Log, first_row: int, end_row: int) -> Log:
    """``log``, cut to the rows ``first_row <= row < end_row``, with the settings that held there."""
    held = [(row, setting) for row, setting in log.later_settings if first_row >= 0 and row <= first_row + ROWS_APART]
    rest = tuple(item for item in log.later_settings if item not in held and item[0] + ROWS_APART < end_row)
    now = {setting.name: setting for setting in log.settings} | {setting.name: setting for _, setting in held}
    return replace(log, settings=tuple(now.values()) if held else log.settings, later_settings=rest)


def _in_one_log(number: int, log: Log, stretches: Sequence[Stretch]) -> list[_Told]:
    """What a log that holds series says itself: at its beginning, and again at later starts."""
    mine = [(k, stretch) for k, stretch in enumerate(stretches) if stretch.log == number]
    if not mine:
        return []
    told = [_Told(mine[0][0], log.settings)] if log.settings else []
    by_row: dict[int, list[Setting]] = defaultdict(list)
    for row, setting in log.later_settings:
        by_row[row].append(setting)
    for row, settings in by_row.items():
        near = min(mine, key=lambda item: abs(item[1].first_row - row))
        if abs(near[1].first_row - row) > ROWS_APART:
            near = next((item for item in mine if item[1].first_row <= row < item[1].end_row), mine[-1])
        told.append(_Told(near[0], tuple(settings)))
    return told


def _by_kind(beside: Sequence[Log]) -> dict[tuple[str, str], list[Log]]:
    """Logs of settings alone by what their names are without what counts the starts."""
    kinds: dict[tuple[str, str], list[Log]] = defaultdict(list)
    for log in beside:
        if log.settings and not log.series:
            kinds[log.format, _stem(log.path)].append(log)
    return kinds


def _words(path: str) -> list[str]:
    stem = _SUFFIXES.sub("", PurePath(path).name).lower()
    return re.findall(r"[a-z]+|\d+", stem)


def _stem(path: str) -> str:
    return " ".join(word for word in _words(path) if not word.isdigit() and word not in _AGAIN and word not in _COUNTS)


def _mark(path: str) -> tuple[bool, list[int], str]:
    """What of a file's name puts it in the order of the starts."""
    found = _words(path)
    return bool(_AGAIN.intersection(found)), [int(word) for word in found if word.isdigit()], path


def _of_files(mine: Sequence[Log], logs: Sequence[Log], stretches: Sequence[Stretch]) -> list[_Told]:
    """Files of settings of one kind, each with its start; one alone where nothing tells the starts of several."""
    by_folder = [_start_of_folder(log.path, logs, stretches) for log in mine]
    if len(mine) > 1 and all(start is not None for start in by_folder) and len(set(by_folder)) > 1:
        return [_Told(start, log.settings) for start, log in zip(by_folder, mine, strict=True)]
    ordered = sorted(mine, key=lambda log: _mark(log.path))
    first = _Told(0, ordered[0].settings)
    if len({PurePath(log.path).parent for log in mine}) > 1 or not all(_alike(ordered[0], log) for log in ordered):
        return [first]
    again = [_mark(log.path)[0] for log in ordered]
    if len(ordered) == len(stretches):
        return [_Told(k, log.settings) for k, log in enumerate(ordered)]
    if sum(again) != len(ordered) - 1:
        return [first]  # numbered files beside a log of one piece: whose they are, nobody says
    told = [first]
    for place, log in enumerate(ordered[1:], 1):
        numbers = _mark(log.path)[1]
        start = numbers[-1] if numbers else place
        told.append(_Told(start if start < len(stretches) else None, log.settings))
    return told


def _alike(one: Log, other: Log) -> bool:
    mine, theirs = ({setting.name for setting in log.settings} for log in (one, other))
    return len(mine & theirs) >= SAME_KIND * min(len(mine), len(theirs))


def _start_of_folder(path: str, logs: Sequence[Log], stretches: Sequence[Stretch]) -> int | None:
    """The first start whose log lies in the folder of a file, or below or right above it; None where all lie there."""
    everything = {stretch.log for stretch in stretches}
    for folder in list(PurePath(path).parents)[:3]:
        here = {number for number in everything if folder in PurePath(logs[number].path).parents}
        if here:
            if here == everything:
                return None
            return min(k for k, stretch in enumerate(stretches) if stretch.log in here)
    return None


def _changes(told: Sequence[_Told], steps: Mapping[int, int], otherwise: int | None) -> list[SettingChange]:
    now: dict[str, Setting] = {}
    started = told[0].start
    changes = []
    for one in told:
        mine: dict[str, Setting] = {}
        for setting in one.settings:
            mine.setdefault(setting.name, setting)
        for name, setting in mine.items():
            before = now.get(name, setting)
            if one.start != started and not _same(before.value, setting.value) and not _is_place(before, setting):
                step = steps.get(one.start, otherwise) if one.start is not None else otherwise
                changes.append(SettingChange(name, before.value, setting.value, step, before.source, setting.source))
        now |= mine if one.start != started else {name: s for name, s in mine.items() if name not in now}
    return changes


def _is_place(before: Setting, after: Setting) -> bool:
    """Whether a setting says where or when a start ran, or what it wrote."""
    if _PLACE.fullmatch(after.name):
        return True
    values = [value for value in (before.value, after.value) if isinstance(value, str)]
    moment = any(_MOMENT.fullmatch(value) for value in values)
    return moment or (any(_PATH.fullmatch(value) for value in values) and not _DATA.search(after.name))


def _same(one: SettingValue, other: SettingValue) -> bool:
    """Whether two values say the same: 1 and 1.0 do, "0.1" and 0.1 as well."""
    if one == other or str(one) == str(other):
        return True
    try:
        return one is not None and other is not None and float(one) == float(other)
    except ValueError:
        return False
