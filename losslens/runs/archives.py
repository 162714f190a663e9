"""Archives of logs that the user names: unpacked into a private folder under names of our own, and forgotten.

An archive is a stranger's: no path in it is followed, no link or device is made, and what it may expand to is bounded
while it is read, whatever its headers say. Only what may be a log is taken out; archives within it stay closed.
"""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import unicodedata
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

from losslens.errors import LosslensError, ParseError
from losslens.model import Damage, Log, Skipped
from losslens.parsers.opening import FREE_BYTES, MAX_GZIP_RATIO
from losslens.roles.names import words
from losslens.runs.archives_cut import BEGINNING, CutError, CutMember, chunks, members_of_cut_zip
from losslens.runs.jobs import Job

SUFFIXES = words(".zip .tar .tgz .tar.gz .tbz2 .tar.bz2 .txz .tar.xz")
#: Most members looked at, and most bytes taken out of one archive (and read of a compressed one).
MOST_MEMBERS, MOST_BYTES = 100_000, 4 << 30
MOST_PARTS, LONGEST_PART = 24, 120
CUT_OFF = "the archive is cut off"
#: What a broken archive of either kind makes Python's readers raise.
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, NotImplementedError, RuntimeError, ValueError),
)
Wanted = Callable[[str], bool]


class Unpacked:
    """The folder that holds what was taken out of an archive, for as long as anything refers to it.

    ``shown`` is the path of the archive as the user gave it: what is said of files says it instead of the folder.
    """

    def __init__(self, folder: str, shown: str, cut: str = "", *, own: bool = True) -> None:
        self.folder = folder
        self.shown = shown
        self.cut = cut
        """The file in the folder that is cut off where the archive is."""
        self.lost: list[str] = []
        """What could not be taken out, for a person."""
        if own:
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def __reduce__(self) -> tuple[Callable[[str, str, str], Unpacked], tuple[str, str, str]]:
        """In another process it is the same folder, which that process does not take away."""
        return _lent, (self.folder, self.shown, self.cut)

    def holds(self, job: Job) -> bool:
        return Path(self.folder) in job.sources[0].path.parents

    def say(self, text: str) -> str:
        return text.replace(self.folder, self.shown)

    def job(self, job: Job) -> Job:
        """A job of files in the folder, called as the archive has it."""
        name = job.name.replace(self.folder, os.path.abspath(self.shown))
        by_step = tuple(replace(c, path=self.say(c.path)) for c in job.checkpoints)
        by_epoch = tuple(replace(c, path=self.say(c.path)) for c in job.epoch_checkpoints)
        return replace(
            job,
            name=name,
            path=self.say(job.path),
            project=self.say(job.project),
            why=self.say(job.why),
            checkpoints=by_step,
            epoch_checkpoints=by_epoch,
            archive=self,
        )

    def log(self, log: Log) -> Log:
        """A log that was read in the folder, whose places are those in the archive."""
        if log.path == self.cut:
            end = os.path.getsize(self.cut)
            log = replace(
                log, damage=(*log.damage, Damage(log.path, end, end, f"{CUT_OFF} behind this byte of the file"))
            )
        return replace(
            log,
            path=self.say(log.path),
            settings=tuple(replace(s, source=self.say(s.source)) for s in log.settings),
            later_settings=tuple((row, replace(s, source=self.say(s.source))) for row, s in log.later_settings),
            events=tuple(replace(e, source=self.say(e.source)) for e in log.events),
            damage=tuple(replace(d, path=self.say(d.path)) for d in log.damage),
            warnings=tuple(replace(w, text=self.say(w.text)) for w in log.warnings),
        )

    def error(self, error: LosslensError) -> LosslensError:
        return type(error)(self.say(str(error)), code=error.code)

    def skipped(self, item: Skipped) -> Skipped:
        return replace(item, path=self.say(item.path), reason=self.say(item.reason))


def _lent(folder: str, shown: str, cut: str) -> Unpacked:
    return Unpacked(folder, shown, cut, own=False)


def is_archive(path: Path) -> bool:
    """Whether a file is an archive, by its name and by how it begins."""
    name = path.name.lower()
    if not any(name.endswith(suffix) for suffix in SUFFIXES):
        return False
    try:
        return _begins_as_zip(path) if name.endswith(".zip") else tarfile.is_tarfile(path)
    except (OSError, EOFError, zlib.error):
        return False


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(BEGINNING)) == BEGINNING or zipfile.is_zipfile(path)


def unpack(path: Path, wanted: Wanted, only_named: Wanted) -> Unpacked:
    """What may be logs of an archive, in a folder of their own.

    ``wanted`` tells by its name whether a member is taken out; of one that is ``only_named`` the name alone is kept, in
    an empty file. Of a cut or damaged archive, what stands ahead of the damage; what was lost is in ``lost``. Raises
    ParseError for an archive of which nothing can be read, that is locked, or larger than any log.
    """
    unpacked = Unpacked(tempfile.mkdtemp(prefix="losslens-"), str(path))
    left, size, number, name = MOST_BYTES, 0, -1, ""
    try:
        size = path.stat().st_size
        for number, (name, file) in enumerate(_members(path, unpacked)):
            if number >= MOST_MEMBERS:
                raise ParseError(f"{path}: holds more than {MOST_MEMBERS:,} files; unpack it and give the folder")
            parts = _safe_parts(name)
            take, note = wanted(name), only_named(name)
            if parts is None or not (take or note):
                continue
            target = os.path.join(unpacked.folder, *parts)
            with suppress(FileExistsError, NotADirectoryError):  # the same name twice: the first is kept
                os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
                with open(target, "xb") as out:
                    left -= _taken(file, out, left, size, path, unpacked) if take else 0
                if unpacked.cut == target:
                    unpacked.lost.append(f"{CUT_OFF} in {name}, which was read up to there; what lay behind it is lost")
                    break
    except _BROKEN as error:
        if number < 0:
            raise ParseError(f"{path}: the archive cannot be read ({str(error)[:100]}); unpack it yourself") from error
        unpacked.lost.append(f"{CUT_OFF} or damaged behind {name} ({str(error)[:100]}); what lay there is lost")
    return unpacked


def _taken(file: IO[bytes] | CutMember, out: IO[bytes], left: int, size: int, path: Path, unpacked: Unpacked) -> int:
    """How many bytes of a member were taken out; one that is damaged is emptied again, since none of it is sure."""
    done = 0
    try:
        for chunk in chunks(file):
            done += len(chunk)
            total = MOST_BYTES - left + done
            if done > left or (total > FREE_BYTES and total > MAX_GZIP_RATIO * size):
                raise ParseError(f"{path}: expands to more than logs do; unpack it yourself and give the folder")
            out.write(chunk)
    except CutError:
        unpacked.cut = out.name
    except _BROKEN:
        out.truncate(0)
        if not path.name.lower().endswith(".zip"):
            raise
        name = os.path.relpath(out.name, unpacked.folder)
        unpacked.lost.append(f"{name} in the archive is damaged and was left out")
    return done


def _safe_parts(name: str) -> list[str] | None:
    """Where a member goes below the folder; None for a name that leads elsewhere or is no name."""
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part not in ("", ".")]
    if path.is_absolute() or ".." in parts or not parts or len(parts) > MOST_PARTS or ":" in parts[0]:
        return None
    plain = ["".join("_" if unicodedata.category(c)[0] == "C" else c for c in part) for part in parts]
    return plain if all(len(os.fsencode(part)) <= LONGEST_PART for part in plain) else None


def _members(path: Path, unpacked: Unpacked) -> Iterator[tuple[str, IO[bytes] | CutMember]]:
    if not path.name.lower().endswith(".zip"):
        yield from _of_tar(path)
    elif zipfile.is_zipfile(path):
        yield from _of_zip(path)
    else:
        yield from members_of_cut_zip(path)
        if not unpacked.lost:
            unpacked.lost.append(f"{CUT_OFF} behind the files that were read: its table of contents is lost")


def _of_zip(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of every file; locked ones, links and folders are left out."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir() or info.flag_bits & 1 or kind not in (0, stat.S_IFREG):
                continue
            with archive.open(info) as file:
                yield info.filename, file


def _of_tar(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of every file; links, devices and folders are left out."""
    size = path.stat().st_size
    with tarfile.open(path, "r:*") as archive:
        for member in archive:
            # What is passed over is decompressed as well.
            end = member.offset_data + member.size
            if end > MOST_BYTES or (end > FREE_BYTES and end > MAX_GZIP_RATIO * size):
                raise ParseError(f"{path}: expands to more than logs do; unpack it yourself and give the folder")
            if member.isreg() and (file := archive.extractfile(member)) is not None:
                with file:
                    yield member.name, file
