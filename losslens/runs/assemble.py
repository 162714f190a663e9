"""From the logs of one job to its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np

from losslens import roles as roles_room
from losslens.errors import NotALogError
from losslens.model import Log, LogEvent, RawSeries, Repair, Role, RoleChoice, Run, Series
from losslens.model import Warning as LogWarning
from losslens.patterns import compiled
from losslens.roles.names import split_of, words_of
from losslens.runs import blanks, counts, restarts, starts, unnamed
from losslens.runs.as_epochs import with_epochs
from losslens.runs.chains import chains_of, main_chain
from losslens.runs.companions import Companions, told_apart
from losslens.runs.copies import without_copies
from losslens.runs.effects import undo
from losslens.runs.epochs import epoch_zero, steps_per_epoch, with_one_beginning
from losslens.runs.folds import new_trainings
from losslens.runs.formats import CSV, TENSORBOARD, TEXT
from losslens.runs.fragments import told_copies
from losslens.runs.missing import instead, without_a_loss, without_a_player
from losslens.runs.named_settings import told_by_name
from losslens.runs.naming import natural
from losslens.runs.ownership import owners_by_name, owners_by_settings, shared
from losslens.runs.resumed import VERSION
from losslens.runs.span import Steps, within
from losslens.runs.splits import bare_of
from losslens.runs.stitch import Stitched, stitch
from losslens.runs.terms import names_of_term, terms_of_one
from losslens.runs.told import with_told_nan
from losslens.runs.turned import to_fall

Overrides = Mapping[str, Sequence[str]]
#: Warnings of parsers that tell what a logger did to the numbers.
UNDONE = frozenset({"running-means"})
#: The last part of a name that was made of a number.
_ATTEMPT = compiled(r"(?:^|/)attempt-\d+$")
#: Column names that say nothing.
NAMELESS = frozenset({"value", "values", "metric", "scalar", "y"})
#: What trackers call the folder or the archive of a run: ids, not names.
_RUN_ID = compiled(
    r"(?:offline-)?[0-9a-f]{16,}(?:\.zip)?|(?:offline-|dry)?run-\d{8}_\d{6}-\w+|run__[0-9a-f-]{36}\w*|\.cometml-runs"
)
#: Roles that any table of numbers may seem to hold.
ANYTHING = frozenset({Role.OTHER, Role.EPOCH, Role.SAMPLES, Role.STEP_TIME})


def build(
    logs: Sequence[Log],
    *,
    name: str,
    path: str = "",
    project: str = "",
    roles: Overrides | None = None,
    steps: Steps | None = None,
) -> tuple[Run, ...]:
    """The runs that ``logs`` of one job describe: one, unless the files hold several attempts or several runs.

    ``roles`` overrides which series is what, ``steps`` keeps an inclusive range of the run's own axis. Logs that are
    no training's become a warning of the runs beside them. Raises ``NotALogError`` when no log holds a series or all
    are of that kind, ``LosslensError`` ("no-points") when none has a point in the range.
    """
    holding = [log for log in logs if _holds(log)]
    if not holding:
        raise NotALogError(f"no series was found in it: {instead(logs)}")
    beside = [log for log in logs if all(log is not h for h in holding)]
    name = _readable(name, holding)
    runs: list[Run] = []
    refused: list[LogWarning] = []
    # Values at the edge of what a float holds are what a failed run is made of, no reason to complain.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        jobs = told_apart([_named_by_file(log) for log in holding], path, beside)
        for job, mine_beside in zip(jobs, _given(beside, jobs), strict=True):
            placed = with_one_beginning([_named_by_key(log) for log in job.logs])
            single, copied = without_copies(_in_time_order(with_epochs(placed)))
            how = _How(f"{name}/{job.name}" if job.name else name, path, project, roles)
            try:
                mine = _runs_of(_distinct_tags(single, path), mine_beside, copied, how)
            except NotALogError as error:
                refused.append(LogWarning(error.code, f"{told_copies(_file_names(job.logs))} left out: {error}"))
                if len(refused) == len(jobs):
                    raise
                continue
            runs.extend(replace(run, why="; ".join(job.why)) for run in mine)
    runs = [replace(run, warnings=(*run.warnings, *refused)) for run in runs] if refused else runs
    return tuple(runs) if steps is None else within(runs, steps)


def _file_names(logs: Sequence[Log]) -> list[str]:
    return list(dict.fromkeys(PurePath(log.path).name for log in logs))


def _given(beside: Sequence[Log], jobs: Sequence[Companions]) -> list[list[Log]]:
    """What holds no series, given to the jobs of one folder that it is of by its name or what it says, else to all."""
    names = [PurePath(job.logs[0].path).name for job in jobs]
    out: list[list[Log]] = [[] for _ in jobs]
    for log in beside:
        owners = list(range(len(jobs)))
        begun = [job.begun for job in jobs]
        if log.format == TENSORBOARD and log.first_time is not None and np.isfinite(begun).all():
            # A start that logged nothing: the next one goes on from it.
            owners = [min(int(np.searchsorted(begun, log.first_time)), len(jobs) - 1)]
        elif len(set(names)) > 1 and log.settings:
            name = PurePath(log.path).name
            told = owners_by_name(name, names) or owners_by_settings(log.settings, names)
            owners = told or owners
            for i in () if told else owners:
                jobs[i].why.append(shared(name, len(jobs)))
        for i in owners:
            out[i].append(log)
    return out


def _holds(log: Log) -> bool:
    return bool(log.series) or (log.table is not None and bool(log.table.blank))


@dataclass(frozen=True, slots=True)
class _How:
    """What a run is called and how it is to be read."""

    name: str
    path: str
    project: str
    roles: Overrides | None


def _runs_of(logs: Sequence[Log], beside: Sequence[Log], copied: Sequence[Repair], how: _How) -> list[Run]:
    """One run from logs that follow or accompany each other, or one for each attempt that was made anew."""
    trainer = next((log.trainer for log in [*logs, *beside] if log.trainer), None)
    logs = with_told_nan(logs, beside)
    logs = to_fall(logs, [tag for tags in (how.roles or {}).values() for tag in tags])
    stepped, repairs = counts.counted(logs)
    whole, blank_repairs = _fill_blanks(stepped, how.roles, trainer)
    choices = _choices(whole, how.roles, trainer)
    leading = _leading(choices, whole)
    repairs = [*copied, *repairs, *blank_repairs]
    if leading is None:
        raise NotALogError("its series hold no value")
    epoch = restarts.epoch_tag(choices, whole)
    anew = new_trainings(whole, leading, epoch)
    whole = [replace(log, restarts=(*log.restarts, *(r for at, r in anew if at == i))) for i, log in enumerate(whole)]
    chains = chains_of(whole)
    main = main_chain(chains, whole, leading)
    kinds = restarts.kinds_of(main, whole, leading, epoch, anew)
    tries = restarts.attempts(main, kinds, whole, leading)
    if len(tries) > 1:
        parts = restarts.split(chains, main, tries, whole)
        runs = []
        for number, part in enumerate(parts, 1):
            text = (
                f"the job was started {len(parts)} times from the beginning in the same place: this is number {number}"
            )
            mine = [r for r in repairs if r.series is None or any(r.series in log.series for log in part)]
            one = replace(how, name=_name_of_attempt(how.name, _attempt_name(parts, number), number))
            own = starts.of_attempt(beside, number - 1, len(parts))
            run = _run(part, own, stitch(part, leading), mine, one, trainer)
            runs.append(replace(run, warnings=(*run.warnings, LogWarning("several-attempts", text))))
        return runs
    on = restarts.with_running_steps(main, kinds, whole, leading)
    return [_run(logs, beside, stitch(on.logs, leading, on.begun), [*repairs, *on.repairs], how, trainer)]


def _name_of_attempt(name: str, attempt: str, number: int) -> str:
    """Under the name of all; one of several within an attempt has its number behind that one's: "attempt-2.1"."""
    return f"{name}.{number}" if _ATTEMPT.search(name) and _ATTEMPT.search(attempt) else f"{name}/{attempt}"


def _attempt_name(parts: Sequence[Sequence[Log]], number: int) -> str:
    """The file's name where each attempt has a file that tells it, else its number."""
    stems = [PurePath(part[0].path).name.split(".")[0] for part in parts]
    alone = all(len({log.path for log in part}) == 1 for part in parts)
    if alone and len(set(stems)) == len(stems) and stems[0] != "events":
        return stems[number - 1]
    return f"attempt-{number}"


def _run(
    logs: Sequence[Log],
    beside: Sequence[Log],
    stitched: Stitched,
    repairs: Sequence[Repair],
    how: _How,
    trainer: str | None,
) -> Run:
    everything = [*logs, *beside]
    series = {tag: s for tag, s in stitched.series.items() if len(s)}
    choices = roles_room.assign(series, trainer=trainer, overrides=how.roles)
    if axis_of_all(series) == "row" and all(c.role in ANYTHING for c in choices):
        choices = _asked(series, choices)
    series = unnamed.with_steps(series)
    effects = undo(series, choices, trainer)
    series = effects.series
    axis = _axis(series, choices)
    events = _events(everything, axis)
    settings, changes = starts.settings_of(logs, beside, stitched.stretches, stitched.segments, events)
    settings = {**told_by_name(how.name, settings, choices), **settings}
    per_epoch = steps_per_epoch(series, choices, settings, axis)
    return Run(
        id=how.name,
        name=how.name,
        path=how.path,
        files=tuple(dict.fromkeys(log.path for log in everything)),
        format="+".join(dict.fromkeys(log.format for log in logs)),
        axis=axis,
        series=series,
        roles=choices,
        settings=settings,
        setting_changes=changes,
        segments=stitched.segments,
        events=events,
        repairs=(*_undone(logs), *repairs, *stitched.repairs, *effects.repairs),
        warnings=(
            *_warnings(everything, how.roles, series),
            *without_a_loss(choices, series),
            *without_a_player(choices, series),
        ),
        damage=tuple(d for log in everything for d in log.damage),
        steps_per_epoch=per_epoch,
        epoch_zero=epoch_zero(series, choices, axis, per_epoch),
        trainer=trainer,
        framework=next((log.framework for log in everything if log.framework is not None), None),
        project=how.project,
    )


def _asked(series: Mapping[str, Series], choices: Sequence[RoleChoice]) -> tuple[RoleChoice, ...]:
    """The choices with a guess of the loss in a table that names nothing. Raises NotALogError when none is sensible."""
    if not unnamed.without_names(series):
        names = ", ".join(list(series)[:3])
        text = "a table of numbers, but no column counts steps and none is known from training"
        raise NotALogError(f"{text}; if it is one, say which is the loss with --role loss=NAME ({names})")
    guess = unnamed.objective(series)
    if guess is None:
        raise NotALogError(unnamed.question(series))
    return (guess, *(c for c in choices if c.tag != guess.tag))


def _readable(name: str, logs: Sequence[Log]) -> str:
    """``name`` with a folder that is a bare run id replaced by the name the tracker gave the run, where it did."""
    head, _, last = name.rpartition("/")
    hints = {log.group_hint for log in logs if log.group_hint}
    if len(hints) != 1 or not _RUN_ID.fullmatch(last):
        return name
    return f"{head}/{hints.pop()}"


def _named_by_file(log: Log) -> Log:
    """A log of one series called ``value``: its name is that of the file."""
    if len(log.series) != 1 or log.format != CSV:
        return log
    (tag,) = log.series
    stem = PurePath(log.path).name.split(".")[0]
    return _renamed(log, {tag: stem}) if tag.lower() in NAMELESS and stem else log


def _named_by_key(log: Log) -> Log:
    """A curve that ``add_scalars`` of TensorBoard wrote into the folder TAG_KEY, under a name that says both.

    "Loss/val" is the curve "val" of "Loss"; the curve "val_loss" of "loss" says it all.
    """
    if log.format != TENSORBOARD or len(log.series) != 1:
        return log
    (tag,) = log.series
    head, found, key = PurePath(log.path).parent.name.partition(f"{tag.replace('/', '_')}_")
    if head or not found or not key:
        return log
    return _renamed(log, {tag: key if set(words_of(tag)) <= set(words_of(key)) else f"{tag}/{key}"})


def _in_time_order(logs: Sequence[Log]) -> list[Log]:
    def begun(log: Log) -> tuple[float, tuple[tuple[int, int, str], ...]]:
        times = [float(np.nanmin(s.wall_time)) for s in log.series.values() if np.isfinite(s.wall_time).any()]
        time = log.first_time if log.first_time is not None else min(times, default=float("nan"))
        return (time if np.isfinite(time) else np.inf, natural(log.path))

    return sorted(logs, key=begun)


def _may_be_of_any(log: Log) -> bool:
    """Whether the names of a log's series say nothing of the data they were measured on; one without names has none."""
    return not any(map(split_of, log.series)) and not unnamed.without_names(log.series)


def _distinct_tags(logs: Sequence[Log], path: str) -> list[Log]:
    """Where two places of a job hold the same tag, the place goes before it.

    Places are subfolders (``train/`` and ``validation/``), files that name a split, and what was printed beside what
    was logged. A lone file that names validation speaks for its series as well. Logs of one kind in one folder follow
    each other and keep their tags.
    """
    folders = [_folder_under(log, path) for log in logs]
    holders: dict[str, list[int]] = {}
    for i, log in enumerate(logs):
        for tag in log.series:
            holders.setdefault(tag, []).append(i)
    out = []
    for i, (log, folder) in enumerate(zip(logs, folders, strict=True)):
        others = {j for tag in log.series for j in holders[tag] if j != i}
        split = split_of(PurePath(log.path).name)
        elsewhere = any(logs[j].format == log.format and folders[j] != folder for j in others)
        elsewhere = elsewhere and not VERSION.fullmatch(folder)  # joined because one goes on with the other
        if any(terms_of_one(log, logs[j]) for j in others):
            out.append(_renamed(log, names_of_term(log)))
            continue
        beside = any(other.format == log.format and at != folder for other, at in zip(logs, folders, strict=True))
        if any(f"_{folder}".endswith(f"_{tag.replace('/', '_')}") and split_of(tag) for tag in log.series):
            out.append(log)  # the folder says no more than the name of the curve in it
            continue
        if folder and (_is_split(folder, beside) or (log.format == TENSORBOARD and elsewhere)):
            place = folder
        elif split and any(split_of(PurePath(logs[j].path).name) not in ("", split) for j in others):
            place = split
        elif split == "val" and len([x for x in logs if x.series]) == 1 and _may_be_of_any(log):
            place = split  # val_loss.csv alone: its columns have no other way of saying so
        elif log.format == TEXT and any(logs[j].format != log.format for j in others):
            out.append(_renamed(log, {t: f"printed/{t}" for t in log.series if set(holders[t]) - {i}}))
            continue
        elif any(_same_stem(logs[j], log) and j < i for j in others):
            place = PurePath(log.path).suffix.lstrip(".") or log.format
        else:
            out.append(log)
            continue
        out.append(
            _renamed(log, {tag: f"{place}/{tag}" for tag in {*log.series, *(log.table.blank if log.table else ())}})
        )
    return out


def _same_stem(a: Log, b: Log) -> bool:
    """``job.out`` and ``job.err``, ``run.csv`` and ``run.json``: beside each other, not one after the other."""
    one, other = PurePath(a.path), PurePath(b.path)
    if {one.suffix, other.suffix} - {".out", ".err", ".log", ".txt", ".csv", ".tsv", ".json", ".jsonl"}:
        return False
    return one.suffix != other.suffix and one.with_suffix("") == other.with_suffix("")


def _is_split(folder: str, beside: bool) -> bool:
    """Whether a folder is called as a split: ``train``, or ``cora_train`` with another of its format ``beside``.

    Alone ``network_train`` is the name of what was trained.
    """
    name = folder.rsplit("/", 1)[-1]
    return bool(split_of(name)) and (beside or not bare_of(name))


def _folder_under(log: Log, path: str) -> str:
    try:
        inside = PurePath(log.path).parent.relative_to(PurePath(path))
    except ValueError:
        return ""
    text = inside.as_posix()
    return "" if text == "." else text


def _renamed(log: Log, names: Mapping[str, str]) -> Log:
    series = {
        (name := names.get(tag, tag)): RawSeries(name, s.step, s.value, s.wall_time, s.row, s.axis)
        for tag, s in log.series.items()
    }
    table = log.table
    if table is not None:
        table = replace(table, blank={names.get(tag, tag): rows for tag, rows in table.blank.items()})
    return replace(log, series=series, table=table)


def _fill_blanks(
    logs: Sequence[Log], roles: Overrides | None, trainer: str | None
) -> tuple[list[Log], tuple[Repair, ...]]:
    out: list[Log] = []
    repairs: list[Repair] = []
    for log in logs:
        if log.format == TEXT:
            log = blanks.with_table(log)
        if log.table is not None and log.table.blank:
            columns = {**log.series, **blanks.blank_columns(log)}
            choices = roles_room.assign(columns, trainer=trainer, overrides=roles)
            log, done = blanks.fill(log, choices)
            repairs.extend(done)
        out.append(log)
    return out, tuple(repairs)


def _choices(logs: Sequence[Log], roles: Overrides | None, trainer: str | None) -> tuple[RoleChoice, ...]:
    """Roles as far as the longest piece of each tag tells them."""
    longest: dict[str, RawSeries] = {}
    for log in logs:
        for tag, series in log.series.items():
            if tag not in longest or longest[tag].step.size < series.step.size:
                longest[tag] = series
    return roles_room.assign(longest, trainer=trainer, overrides=roles)


def _leading(choices: Sequence[RoleChoice], logs: Sequence[Log]) -> str | None:
    """The tag by whose steps segments are told: the leading loss, else the longest series."""
    points: dict[str, int] = {}
    for log in logs:
        for tag, series in log.series.items():
            points[tag] = points.get(tag, 0) + series.step.size
    for role in (Role.TRAIN_LOSS, Role.LOSS_COMPONENT, Role.VAL_LOSS):
        for choice in choices:
            if choice.role is role and points[choice.tag]:
                return choice.tag
    longest = max(points, key=lambda t: points[t], default=None)
    return longest if longest is not None and points[longest] else None


def axis_of_all(series: Mapping[str, Series] | Mapping[str, RawSeries]) -> str | None:
    """The axis that all series share; None when they differ or there is none."""
    axes = {s.axis for s in series.values()}
    return axes.pop() if len(axes) == 1 else None


def _axis(series: Mapping[str, Series], choices: Sequence[RoleChoice]) -> str:
    order = (Role.TRAIN_LOSS, Role.LOSS_COMPONENT, Role.VAL_LOSS)
    for role in order:
        for choice in choices:
            if choice.role is role:
                return series[choice.tag].axis
    return max(series.values(), key=len).axis if series else "step"


def _events(logs: Sequence[Log], axis: str) -> tuple[LogEvent, ...]:
    """All events by step; of a message that several files hold, the first file's, which says its step if any does.

    An event of a log that counts its lines has no step of a run that counts steps.
    """
    by_text: dict[tuple[str, str], list[list[LogEvent]]] = {}
    for log in logs:
        mine: dict[tuple[str, str], list[LogEvent]] = {}
        counts_lines = axis != "row" and axis_of_all(log.series) == "row"
        for event in (replace(e, step=None) if counts_lines else e for e in log.events):
            mine.setdefault((event.kind, event.text), []).append(event)
        for key, found in mine.items():
            by_text.setdefault(key, []).append(found)
    events = [e for copies in by_text.values() for e in min(copies, key=lambda c: (-len(c), c[0].step is None))]
    return tuple(sorted(events, key=lambda e: (e.step is None, e.step or 0)))


def _warnings(logs: Sequence[Log], roles: Overrides | None, series: Mapping[str, Series]) -> tuple[LogWarning, ...]:
    out = [w for log in logs for w in log.warnings if w.code not in UNDONE]
    missing = [(role, tag) for role, tags in (roles or {}).items() for tag in tags if tag not in series]
    out += [LogWarning("no-such-tag", f"--role {r}={t}: this run has no series of that name") for r, t in missing]
    return tuple(dict.fromkeys(out))


def _undone(logs: Sequence[Log]) -> tuple[Repair, ...]:
    """What was undone where the file was read."""
    return tuple(dict.fromkeys(Repair(w.code, w.text) for log in logs for w in log.warnings if w.code in UNDONE))
