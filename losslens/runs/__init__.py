"""From files to runs: find the jobs under a path, read the files of each, and put them together.

``find`` groups the files of one job without reading them in full; ``load`` parses them and builds its runs; ``build``
does the same from logs that are already in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from losslens import parsers
from losslens.errors import LosslensError, NotALogError, ParseError
from losslens.model import Log, Run
from losslens.model import Warning as LogWarning
from losslens.runs.assemble import build
from losslens.runs.checkpoints import checkpoints_of
from losslens.runs.discover import find
from losslens.runs.jobs import Discovery, Job, Source
from losslens.runs.naming import unique_names
from losslens.runs.ranks import with_other_ranks, without_ranks_in_step

#: The warning of a table without names.
NO_HEADER = "no-header"

__all__ = ["Discovery", "Job", "Source", "build", "find", "load", "unique_names"]


def load(
    job: Job,
    *,
    roles: Mapping[str, Sequence[str]] | None = None,
    steps: tuple[int | None, int | None] | None = None,
) -> tuple[Run, ...]:
    """The runs of one job, every file of it parsed and put together.

    A file that cannot be read becomes a warning of the run; raises the ``LosslensError`` of the first when none can.
    """
    logs, failures = _parsed(job)
    try:
        runs = build(logs, name=job.name, path=job.path, project=job.project, roles=roles, steps=steps)
    except NotALogError:
        other = _read_otherwise(job, logs)
        if other is None:
            raise
        try:
            return load(other, roles=roles, steps=steps)
        except NotALogError:
            pass
        raise  # what the first format said of the file is the better answer
    unread = tuple(LogWarning("unreadable-file", str(error)) for error in failures)
    return tuple(replace(run, warnings=(*run.warnings, *unread), checkpoints=checkpoints_of(job, run)) for run in runs)


def _parsed(job: Job) -> tuple[list[Log], list[LosslensError]]:
    """The logs of a job, and why some of its files could not be read. Raises the first reason when none can."""
    logs: list[Log] = []
    failures: list[LosslensError] = []
    for source in job.sources:
        if source.rank is not None:
            continue
        try:
            found = _told_apart(parsers.parse(source.path, source.format))
            logs.extend(found if job.archive is None else map(job.archive.log, found))
        except LosslensError as error:
            failures.append(error if job.archive is None else job.archive.error(error))
        except OSError as error:
            failures.append(ParseError(f"{source.path}: {(error.strerror or str(error)).lower()}"))
    if failures and not any(log.series or log.table for log in logs):
        raise failures[0]
    others = [source for source in job.sources if source.rank is not None]
    return (with_other_ranks(logs, others) if others else without_ranks_in_step(logs)), failures


def _read_otherwise(job: Job, logs: Sequence[Log]) -> Job | None:
    """The job with its tables that name nothing taken for what the next format makes of them; None where none has a
    say: a few rows of numbers may have been taken for the whole of what a training printed."""
    nameless = {log.path for log in logs if any(warning.code == NO_HEADER for warning in log.warnings)}
    sources = list(job.sources)
    for at, source in enumerate(sources):
        path = str(source.path)
        if (path if job.archive is None else job.archive.say(path)) in nameless:
            other = parsers.recognise(source.path, after=source.format)
            sources[at] = replace(source, format=other or source.format)
    return replace(job, sources=tuple(sources)) if sources != list(job.sources) else None


def _told_apart(logs: Sequence[Log]) -> Sequence[Log]:
    """Several logs of one file are several runs: where the file does not name them, their place in it does."""
    if len(logs) < 2 or len({log.group_hint for log in logs}) == len(logs):
        return logs
    return [replace(log, group_hint=f"{log.group_hint or 'run'}-{i}") for i, log in enumerate(logs, 1)]
