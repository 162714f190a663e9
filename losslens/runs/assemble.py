"""From the logs of one job to its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from losslens import roles as roles_room
from losslens.errors import NotALogError
from losslens.model import Log, LogEvent, RawSeries, Repair, Role, RoleChoice, Run, Series, Setting
from losslens.model import Warning as LogWarning
from losslens.runs import blanks
from losslens.runs.naming import natural
from losslens.runs.stitch import Stitched, stitch

if TYPE_CHECKING:
    from losslens.model import BoolArray

Overrides = Mapping[str, Sequence[str]]
Steps = tuple[int | None, int | None]


def build(
    logs: Sequence[Log],
    *,
    name: str,
    path: str = "",
    project: str = "",
    roles: Overrides | None = None,
    steps: Steps | None = None,
) -> tuple[Run, ...]:
    """The runs that ``logs`` of one job describe: almost always one.

    ``roles`` overrides which series is what, ``steps`` keeps an inclusive range of the run's own axis. Raises
    ``NotALogError`` when no log holds a series.
    """
    if not any(log.series or (log.table and log.table.blank) for log in logs):
        raise NotALogError("no series was found in it: only settings or messages")
    trainer = next((log.trainer for log in logs if log.trainer), None)
    ordered = _in_time_order([log for log in logs if log.series or log.table])
    filled, repairs = _fill_blanks(_distinct_tags(ordered, path), roles, trainer)
    leading = _leading(filled, roles, trainer)
    stitched = stitch(filled, leading)
    return (_run(logs, filled, stitched, repairs, name, path, project, roles, steps, trainer),)


def _run(
    logs: Sequence[Log],
    filled: Sequence[Log],
    stitched: Stitched,
    repairs: Sequence[Repair],
    name: str,
    path: str,
    project: str,
    roles: Overrides | None,
    steps: Steps | None,
    trainer: str | None,
) -> Run:
    series = {tag: s for tag, s in stitched.series.items() if len(s)}
    choices = roles_room.assign(series, trainer=trainer, overrides=roles)
    axis = _axis(series, choices)
    if steps is not None:
        series = {tag: _within(s, steps) if s.axis == axis else s for tag, s in series.items()}
        series = {tag: s for tag, s in series.items() if len(s)}
        choices = tuple(c for c in choices if c.tag in series)
    return Run(
        id=name,
        name=name,
        path=path,
        files=tuple(dict.fromkeys(log.path for log in logs)),
        format="+".join(dict.fromkeys(log.format for log in filled)),
        axis=axis,
        series=series,
        roles=choices,
        settings=_settings(logs),
        segments=stitched.segments,
        events=_events(logs),
        repairs=(*repairs, *stitched.repairs),
        warnings=_warnings(logs, roles, series),
        damage=tuple(d for log in logs for d in log.damage),
        trainer=trainer,
        project=project,
    )


def _in_time_order(logs: Sequence[Log]) -> list[Log]:
    def begun(log: Log) -> tuple[float, tuple[tuple[int, int, str], ...]]:
        times = [float(np.nanmin(s.wall_time)) for s in log.series.values() if np.isfinite(s.wall_time).any()]
        time = log.first_time if log.first_time is not None else min(times, default=float("nan"))
        return (time if np.isfinite(time) else np.inf, natural(log.path))

    return sorted(logs, key=begun)


def _distinct_tags(logs: Sequence[Log], path: str) -> list[Log]:
    """Where two subfolders of a job hold the same tag (``train/`` and ``validation/``), the folder goes before it."""
    folders = [_folder_under(log, path) for log in logs]
    places: dict[str, set[str]] = {}
    for log, folder in zip(logs, folders, strict=True):
        for tag in log.series:
            places.setdefault(tag, set()).add(folder)
    out = []
    for log, folder in zip(logs, folders, strict=True):
        shared = {tag for tag in log.series if folder and len(places[tag]) > 1}
        if shared or (folder and _is_split(folder)):
            out.append(_renamed(log, {tag: f"{folder}/{tag}" for tag in log.series}))
        else:
            out.append(log)
    return out


def _is_split(folder: str) -> bool:
    return bool(roles_room.split_of(folder.rsplit("/", 1)[-1]))


def _folder_under(log: Log, path: str) -> str:
    try:
        inside = PurePath(log.path).parent.relative_to(PurePath(path))
    except ValueError:
        return ""
    text = inside.as_posix()
    return "" if text == "." else text


def _renamed(log: Log, names: Mapping[str, str]) -> Log:
    series = {
        names[tag]: RawSeries(names[tag], s.step, s.value, s.wall_time, s.row, s.axis) for tag, s in log.series.items()
    }
    table = log.table
    if table is not None:
        table = replace(table, blank={names.get(tag, tag): rows for tag, rows in table.blank.items()})
    return replace(log, series=series, table=table)


def _fill_blanks(
    logs: Sequence[Log], roles: Overrides | None, trainer: str | None
) -> tuple[list[Log], tuple[Repair, ...]]:
    out, repairs = [], []
    for log in logs:
        if log.table is not None and log.table.blank:
            columns = {**log.series, **blanks.blank_columns(log)}
            choices = roles_room.assign(columns, trainer=trainer, overrides=roles)
            log, done = blanks.fill(log, choices)
            repairs.extend(done)
        out.append(log)
    return out, tuple(repairs)


def _leading(logs: Sequence[Log], roles: Overrides | None, trainer: str | None) -> str | None:
    """The tag by whose steps segments are told: the leading loss, else the longest series."""
    longest: dict[str, RawSeries] = {}
    for log in logs:
        for tag, series in log.series.items():
            if tag not in longest or longest[tag].step.size < series.step.size:
                longest[tag] = series
    choices = roles_room.assign(longest, trainer=trainer, overrides=roles)
    for role in (Role.TRAIN_LOSS, Role.LOSS_COMPONENT, Role.VAL_LOSS):
        for choice in choices:
            if choice.role is role and longest[choice.tag].step.size:
                return choice.tag
    return max(longest, key=lambda t: longest[t].step.size, default=None)


def _axis(series: Mapping[str, Series], choices: Sequence[RoleChoice]) -> str:
    order = (Role.TRAIN_LOSS, Role.LOSS_COMPONENT, Role.VAL_LOSS)
    for role in order:
        for choice in choices:
            if choice.role is role:
                return series[choice.tag].axis
    return max(series.values(), key=len).axis if series else "step"


def _within(series: Series, steps: Steps) -> Series:
    low, high = steps
    keep: BoolArray = np.ones(len(series), dtype=bool)
    if low is not None:
        keep &= series.step >= low
    if high is not None:
        keep &= series.step <= high
    return Series(
        series.tag,
        series.step[keep],
        series.value[keep],
        series.wall_time[keep],
        series.row[keep],
        series.segment[keep],
        series.axis,
        series.abandoned[keep] if series.abandoned is not None else None,
    )


def _settings(logs: Sequence[Log]) -> dict[str, Setting]:
    """All settings in one mapping; the first file that names one wins, and every value says where it is from."""
    out: dict[str, Setting] = {}
    for log in logs:
        for setting in log.settings:
            out.setdefault(setting.name, setting)
    return out


def _events(logs: Sequence[Log]) -> tuple[LogEvent, ...]:
    events = [e for log in logs for e in log.events]
    return tuple(sorted(events, key=lambda e: (e.step is None, e.step or 0)))


def _warnings(logs: Sequence[Log], roles: Overrides | None, series: Mapping[str, Series]) -> tuple[LogWarning, ...]:
    out = [w for log in logs for w in log.warnings]
    for role, tags in (roles or {}).items():
        for tag in tags:
            if tag not in series:
                out.append(LogWarning("no-such-tag", f"--role {role}={tag}: this run has no series of that name"))
    return tuple(dict.fromkeys(out))
