"""Which of the files found belong to one job."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from losslens.model import Skipped
from losslens.runs.jobs import Job, Source

SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder as it was found: the logs and settings in it, and the names of everything in it."""

    path: Path
    root: Path
    sources: tuple[Source, ...]
    names: tuple[str, ...]
    alone: bool = False
    """Whether the user named a file, not the folder: then its neighbours are not looked at."""


def jobs_of(folders: Sequence[Folder]) -> tuple[tuple[Job, ...], tuple[Skipped, ...]]:
    """The jobs that the logs of ``folders`` make up, and settings files that belong to none."""
    jobs = []
    for folder in folders:
        logs = [s for s in folder.sources if s.format != SETTINGS]
        rest = [s for s in folder.sources if s.format == SETTINGS]
        if not logs:
            continue
        path = str(logs[0].path) if len(logs) == 1 and folder.alone else str(folder.path)
        name = str(logs[0].path) if folder.alone else str(folder.path)
        jobs.append(Job(name, path, (*logs, *rest), os.path.dirname(path), "the logs of one folder"))
    return tuple(jobs), ()
