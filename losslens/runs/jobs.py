"""What the search for runs hands on: sources, the jobs they belong to, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from losslens.model import Checkpoint, Skipped

if TYPE_CHECKING:
    from losslens.runs.archives import Unpacked


@dataclass(frozen=True, slots=True)
class Source:
    """One file (or folder that is a single log) and the format that will read it."""

    path: Path
    format: str
    size: int
    """Bytes on disk; for a folder the sum of the files directly in it."""
    rank: int | None = None
    """Of a file that another rank of a distributed job wrote than the one that is read: which."""


@dataclass(frozen=True, slots=True)
class Job:
    """The files of one training job, before any of them is read in full."""

    name: str
    path: str
    """The deepest folder that holds all of them, or the file if there is one, as found under the argument given."""
    sources: tuple[Source, ...]
    project: str
    """The folder the job shares with its siblings."""
    why: str
    """Why these files belong together, for a person."""
    checkpoints: tuple[Checkpoint, ...] = ()
    epoch_checkpoints: tuple[Checkpoint, ...] = ()
    """Checkpoints whose name counts epochs; they get a step once the run's steps per epoch are known."""
    archive: Unpacked | None = None
    """The archive that its files were taken out of."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found under the paths given."""

    jobs: tuple[Job, ...]
    skipped: tuple[Skipped, ...]
    """What looked like a log or was named by the user and could not be used."""
    passed_over: tuple[tuple[str, int], ...] = ()
    """Kinds of files that are obviously no logs, with their number (".py", 12), most frequent first."""
