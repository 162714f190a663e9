"""The way through losslens, on one screen.

Per run, in parallel where it pays: load, judge, measure. Then across the runs of a project: what siblings say. Then
per run again: rank the causes.
"""

from __future__ import annotations

import difflib
import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from losslens import causes, runs
from losslens.causes import facts, rank
from losslens.errors import InternalError, LosslensError, NotALogError, UsageError
from losslens.model import Analysis, Found, Listing, Run, RunReport, Skipped
from losslens.roles import role_named
from losslens.saved import saved_reports, worst_first
from losslens.sketch import sketch
from losslens.verdict import judge

Paths: TypeAlias = "str | os.PathLike[str] | Sequence[str | os.PathLike[str]]"
Progress: TypeAlias = Callable[[int, int, str], None]

#: Worker processes are started only when one process would need longer than this (s): starting them costs about 1 s.
WORTH_SPREADING_S = 4.0
#: What one run costs (s; 0.05 to 0.06 a run of three series of 300 points) and how fast logs are read (bytes/s), to
#: decide that; orders of magnitude are enough.
RUN_COST_S, READ_SPEED = 0.06, 50e6
#: Why a run is one, where files that lay together turned out to hold several.
APART = "one of {} found in files that lie together, told apart by name, trainer, time or a new start"


@dataclass(frozen=True, slots=True)
class How:
    """How every run is to be read, the same for all."""

    roles: Mapping[str, Sequence[str]] | None = None
    steps: tuple[int | None, int | None] | None = None
    debug: bool = False


Seen: TypeAlias = "tuple[RunReport, facts.Facts] | Skipped"


def analyze(
    paths: Paths,
    *,
    roles: Mapping[str, Sequence[str]] | None = None,
    steps: tuple[int | None, int | None] | None = None,
    jobs: int | None = None,
    debug: bool = False,
    progress: Progress | None = None,
) -> Analysis:
    """Find every run under ``paths``, judge it and rank its likely causes; the runs come worst first.

    ``roles`` overrides which series is what (``{"loss": ["my/tag"]}``), ``steps`` keeps an inclusive range of steps,
    ``jobs`` is the number of processes (None: as many as pay). A file or run that cannot be read becomes an entry of
    ``Analysis.skipped``; a path that does not exist raises ``UsageError``. Paths that are saved reports (``-o x.json``)
    are shown again as they are, without their logs.
    """
    from losslens import __version__

    _refuse_unknown_roles(roles)
    if (shown := saved_reports(_as_list(paths))) is not None:
        return shown
    discovery = runs.find(_as_list(paths))
    seen: list[tuple[RunReport, facts.Facts]] = []
    skipped = list(discovery.skipped)
    for done, (job, found) in enumerate(_each(discovery.jobs, How(roles, steps, debug), jobs), 1):
        seen.extend(item for item in found if not isinstance(item, Skipped))
        skipped.extend(item for item in found if isinstance(item, Skipped))
        if progress is not None:
            progress(done, len(discovery.jobs), job.name)
    _refuse_unknown_tags(roles, [choice.tag for report, _ in seen for choice in report.roles])
    names = runs.unique_names([report.name for report, _ in seen])
    known = facts.with_cohort([replace(f, name=n, run_id=n) for (_, f), n in zip(seen, names, strict=True)])
    reports: list[RunReport] = []
    for (report, _), name, fact in zip(seen, names, known, strict=True):
        try:
            warnings = (*report.warnings, *causes.remarks(fact))
            reports.append(replace(report, id=name, name=name, diagnosis=rank.diagnose(fact), warnings=warnings))
        except Exception as error:
            skipped.append(_skipped(report.path or name, error, debug))
    reports.sort(key=worst_first)
    return Analysis(tuple(reports), tuple(skipped), __version__, tuple(_as_list(paths)))


def load(
    paths: Paths,
    *,
    roles: Mapping[str, Sequence[str]] | None = None,
    steps: tuple[int | None, int | None] | None = None,
) -> list[Run]:
    """The runs under ``paths`` with their full series as NumPy arrays, in the order found.

    The list is never empty: where no run can be read, the ``LosslensError`` of the first that cannot is raised, or one
    that says why there is none. Where one can, the others are left out, as ``analyze`` lists them under ``skipped``.
    """
    _refuse_unknown_roles(roles)
    loaded: list[Run] = []
    failure: LosslensError | None = None
    discovery = runs.find(_as_list(paths))
    for job in discovery.jobs:
        try:
            loaded.extend(runs.load(job, roles=roles, steps=steps))
        except LosslensError as error:
            failure = failure or error
    if not loaded:
        raise failure or _nothing_found(paths, discovery.skipped)
    names = runs.unique_names([run.name for run in loaded])
    return [replace(run, id=name, name=name) for run, name in zip(loaded, names, strict=True)]


def _nothing_found(paths: Paths, skipped: Sequence[Skipped]) -> LosslensError:
    """Why there is no run under ``paths``."""
    if skipped:
        return NotALogError(f"{skipped[0].path}: {skipped[0].reason}", code=skipped[0].code)
    return NotALogError(f"{', '.join(_as_list(paths))}: no training log found")


def survey(
    paths: Paths,
    *,
    roles: Mapping[str, Sequence[str]] | None = None,
    steps: tuple[int | None, int | None] | None = None,
) -> Listing:
    """What ``losslens runs`` shows: every run with its series and roles, every grouping and every skipped file."""
    _refuse_unknown_roles(roles)
    discovery = runs.find(_as_list(paths))
    found: list[Found] = []
    skipped = list(discovery.skipped)
    for job in discovery.jobs:
        try:
            mine = runs.load(job, roles=roles, steps=steps)
            found.extend(Found(run, _why(job, run, len(mine))) for run in mine)
        except Exception as error:
            skipped.append(_skipped(job.path, error, debug=False))
    _refuse_unknown_tags(roles, [tag for item in found for tag in item.run.series])
    names = runs.unique_names([item.run.name for item in found])
    named = (Found(replace(f.run, id=n, name=n), f.why) for f, n in zip(found, names, strict=True))
    return Listing(tuple(named), tuple(skipped), discovery.passed_over)


def _why(job: runs.Job, run: Run, runs_of_job: int) -> str:
    """Why the files of a run are one: what was found where they lie, and what their numbers say."""
    if runs_of_job > 1 and len(job.sources) > 1:
        return run.why or APART.format(runs_of_job)
    return "; ".join(filter(None, (job.why, run.why)))


def _see(job: runs.Job, how: How) -> list[Seen]:
    """Load, judge and measure the runs of one job. Nothing that goes wrong in it may stop the others."""
    try:
        loaded = runs.load(job, roles=how.roles, steps=how.steps)
    except Exception as error:
        return [_skipped(job.path, error, how.debug)]
    return [_look_at(run, how) for run in loaded]


def _look_at(run: Run, how: How) -> Seen:
    try:
        judgement = judge(run)
        return sketch(run, judgement), facts.measure(run, judgement)
    except Exception as error:
        return _skipped(run.path or run.name, error, how.debug)


def _skipped(path: str, error: Exception, debug: bool) -> Skipped:
    """Why there is no report of a run: its file's fault, or a bug that the reports of the others have to survive."""
    if isinstance(error, LosslensError):
        return Skipped.because(path, error)
    if debug:  # shows where the bug is
        traceback.print_exception(error)
    return Skipped(path, InternalError.code, f"internal error: {type(error).__name__}: {error}")


def _each(jobs: Sequence[runs.Job], how: How, processes: int | None) -> Iterator[tuple[runs.Job, list[Seen]]]:
    """Every job with what was seen in it, in the order of ``jobs`` whatever the number of processes."""
    if processes is None:
        processes = _processes_for(jobs)
    if processes <= 1 or len(jobs) <= 1:
        for job in jobs:
            yield job, _see(job, how)
        return
    import joblib

    found = joblib.Parallel(n_jobs=processes, return_as="generator")(joblib.delayed(_see)(job, how) for job in jobs)
    yield from zip(jobs, found, strict=True)


def _processes_for(jobs: Sequence[runs.Job]) -> int:
    """As many processes as pay, on the processors that this one may use: on a shared node they are few of many."""
    cost = sum(RUN_COST_S + sum(source.size for source in job.sources) / READ_SPEED for job in jobs)
    if cost <= WORTH_SPREADING_S:
        return 1
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(len(jobs), processors)


def _refuse_unknown_roles(roles: Mapping[str, Sequence[str]] | None) -> None:
    """A role that does not exist is a slip of the keyboard, whatever the logs hold: it is said before any is read."""
    for role in roles or {}:
        role_named(role)


def _refuse_unknown_tags(roles: Mapping[str, Sequence[str]] | None, tags: Sequence[str]) -> None:
    """A ``--role`` tag that some runs lack is a warning on these; one that no run has is a slip of the keyboard."""
    for role, wanted in (roles or {}).items():
        for tag in wanted:
            if tags and tag not in tags:
                nearest = difflib.get_close_matches(tag, sorted(set(tags)), n=3, cutoff=0.0)
                raise UsageError(f"--role {role}={tag}: no run has that series; the nearest are {', '.join(nearest)}")


def _as_list(paths: Paths) -> list[str]:
    if isinstance(paths, str | os.PathLike):
        return [os.fspath(paths)]
    return [os.fspath(p) for p in paths]
