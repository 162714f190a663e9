"""A folder as it was found, and a job in the making: what the rules of grouping work on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from losslens.patterns import compiled
from losslens.runs.jobs import Source

#: The folder of one W&B run; the id after the time names the run, and a resumed one has it again.
TRACKED_RUN = compiled(r"(?:offline-|dry)?run-(?P<time>\d{8}_\d{6})-(?P<id>\w+)")
#: What W&B calls the link to the last of them; where links cannot be, or were followed, it is a copy. A process that
#: was stopped while it moved the link leaves its own number behind the name.
LATEST_RUN = compiled(r"latest-run(?:\.\d+)?")

#: Why files of a folder are jobs side by side, as long as nothing joins them.
EACH_A_RUN = "files of one kind with the same columns: a run each"


def is_tracked_run(name: str) -> bool:
    """Whether a folder of this name is that of one W&B run."""
    return LATEST_RUN.fullmatch(name) is not None or TRACKED_RUN.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder as it was found: the logs and settings in it, and the names of everything in it."""

    path: Path
    root: Path
    sources: tuple[Source, ...]
    names: tuple[str, ...]
    alone: bool = False
    """Whether the user named a file, not the folder: then its neighbours are not looked at."""


@dataclass(slots=True)
class Group:
    """A job in the making."""

    path: Path
    """Its folder."""
    sources: list[Source]
    why: list[str]
    stem: str = ""
    """What tells it from the other jobs of its folder; empty when it has the folder to itself."""
    alone: bool = False
    beside: list[Source] = field(default_factory=list)
    """Files that hold no series but belong to the job: settings, results, messages."""
    folders: list[Path] = field(default_factory=list)

    def formats(self) -> set[str]:
        return {s.format for s in self.sources}

    def join(self, other: Group, why: str) -> None:
        self.why = [told for told in self.why if not told.endswith(EACH_A_RUN)]
        self.sources.extend(other.sources)
        self.beside.extend(other.beside)
        self.folders.extend([other.path, *other.folders])
        self.why.append(why)
