"""The search for runs: which files under the given paths are logs."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from losslens import parsers
from losslens.errors import LosslensError, UsageError
from losslens.model import Skipped
from losslens.parsers import python_settings
from losslens.patterns import compiled
from losslens.roles.names import words
from losslens.runs import crowds, prose
from losslens.runs.beside import MESSAGES_ONLY
from losslens.runs.formats import BESIDE, PYTHON, TEXT
from losslens.runs.group import LATEST_RUN, TRACKED_RUN, Folder
from losslens.runs.grouping import jobs_of
from losslens.runs.jobs import Discovery, Source
from losslens.runs.naming import natural

if TYPE_CHECKING:
    from losslens.runs.archives import Unpacked

#: Folders that never hold a training log of their own.
NOT_ENTERED = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", "site-packages", ".ipynb_checkpoints"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".cache", ".idea", ".vscode", ".tox", ".dvc"}
)
#: Suffixes of files that are obviously no logs: they are counted, not opened.
NOT_OPENED = words(
    ".pyc .sh .c .cc .cpp .h .cu .rs .go .js .ts .css .html .htm .svg .png .jpg .jpeg .gif .bmp .webp .tif",
    ".tiff .pdf .mp4 .avi .mov .wav .mp3 .flac .ogg .zip .tar .tgz .7z .rar .xz .zst .whl .so .o .a .dll .exe .bin .pt",
    ".bz2 .pth .ckpt .safetensors .h5 .hdf5 .keras .onnx .pb .tflite .gguf .ggml .parquet .arrow .feather",
    ".tfrecord .tfrecords .lmdb .mdb .index .meta .md .rst .tex .bib .lock .ttf .woff .woff2 .ico .model .vocab .spm",
    ".ply .obj .stl .nii .dcm .fits .fasta .pdb .xlsx .xls .docx .pptx .jar .class",
)
#: Archives may hold logs, and are opened only where the user names one that has one of the second endings.
ARCHIVES = words(".zip .tar .tgz .7z .rar .xz .zst .bz2")
OPENED = words(".zip .tar .tgz .tbz2 .txz .gz .bz2 .xz")
EXPORT = ".zip"
#: Files of weights are what a training leaves beside its log.
WEIGHTS = words(".pt .pth .ckpt .safetensors .h5 .hdf5 .keras .onnx .bin .pb .index .tflite .gguf")
#: Archives shown of a search that found no log.
MOST_ARCHIVES = 5
#: Files of models, data sets and packages that look like settings or text output.
_NO_LOGS = compiled(
    r"tokenizer.*\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(?:json|txt)|merges\.txt|generation_config\.json"
    r"|preprocessor_config\.json|.*\.index\.json|package(?:-lock)?\.json|tsconfig.*\.json|requirements.*\.txt|README.*|LICENSE.*"
    r"|pyproject\.toml|Cargo\.toml|Pipfile|wandb-events\.jsonl|debug-(?:internal|core)\.log|debug-cli.*\.log|diff\.patch|CMakeLists\.txt|Makefile|Dockerfile.*|\..*rc|\.DS_Store|environment\.ya?ml|conda.*\.ya?ml|docker-compose.*\.ya?ml",
    re.IGNORECASE,
)
#: Notes that bear the name of a training's output, into which it was pasted or written.
_LOG_IN_NOTES = compiled(
    r"(?=\D*(?:log|train|output|stdout|console))(?:(?:logs?|train(?:ing)?|output|stdout|console|\d+)[ _.-]*)+\.md",
    re.IGNORECASE,
)
#: Most files looked at under one call, so that a whole disk given by mistake ends.
MOST_FILES = 2_000_000
#: More text files in one folder that are no logs, though full of numbers, are a data set.
MOST_UNKNOWN = 8
#: Python files that may be settings are opened beside a log only, and of a folder with more of them none: a program.
PYTHON_SUFFIX, MOST_PYTHON = ".py", 8
#: Tables that are data sets more often than logs: of a folder with more of them none is opened.
TABLES, MOST_TABLES = words(".parquet .feather .arrow .xlsx"), 8


@dataclass(slots=True)
class _Search:
    skipped: list[Skipped] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    visited: set[tuple[int, int]] = field(default_factory=set)
    files: int = 0
    closed: list[str] = field(default_factory=list)
    """Archives that were met on the way."""
    unpacked: list[Unpacked] = field(default_factory=list)

    def is_new(self, info: os.stat_result) -> bool:
        """Whether this file or folder was not met before, under another path or through a link."""
        key = (info.st_dev, info.st_ino)
        if not info.st_ino or key not in self.visited:
            self.visited.add(key)
            return True
        return False

    def shown(self, found: Discovery) -> Discovery:
        """What was found, where it was unpacked from an archive called as the archive has it."""
        for one in self.unpacked:
            jobs = (one.job(job) if one.holds(job) else job for job in found.jobs)
            found = replace(found, jobs=tuple(jobs), skipped=tuple(map(one.skipped, found.skipped)))
        return found


def find(paths: Sequence[str | Path]) -> Discovery:
    """Every training job under ``paths`` (files or folders), each with the files that belong to it.

    One pass over the folders; of each file that may be a log only the head is read. Symbolic links to
    folders are followed once, special files are never opened. Raises ``UsageError`` for a path that does not exist.
    """
    search = _Search()
    folders: list[Folder] = []
    for given in paths:
        path = Path(given)
        try:
            info = path.stat()
        except OSError as error:
            raise UsageError(f"{given}: {_why(error)}") from None
        if stat.S_ISDIR(info.st_mode):
            folders.extend(_walk(path, search))
        elif stat.S_ISREG(info.st_mode):
            if path.suffix.lower() in OPENED and _is_archive(path) and not _is_export(path):
                folders.extend(_unpacked(path, search))
                continue
            source = _recognise(path, info.st_size, search, asked=True)
            if source is not None and search.is_new(info):
                folders.append(Folder(path.parent, path.parent, (source,), (path.name,), alone=True))
        else:
            search.skipped.append(Skipped(str(path), "special-file", "not a regular file"))
    jobs, unused = jobs_of(folders)
    if jobs:
        # Every project has settings files somewhere; they are worth a line only where nothing else was found.
        for item in unused:
            if item.code != MESSAGES_ONLY:
                search.passed_over[f"{item.code.removesuffix('-only')} without a log"] += 1
        unused = tuple(item for item in unused if item.code == MESSAGES_ONLY)
    else:
        if not (search.skipped or search.passed_over or unused):
            search.skipped.extend(Skipped(str(path), "empty", NO_FILES) for path in paths)
        search.skipped.extend(_instead(paths, search))
    search.passed_over += Counter()
    return search.shown(Discovery(jobs, (*search.skipped, *unused), tuple(search.passed_over.most_common())))


def _is_archive(path: Path) -> bool:
    from losslens.runs.archives import is_archive  # zipfile and tarfile cost a tenth of a start

    return is_archive(path)


def _is_export(path: Path) -> bool:
    """Whether a zip is what a tracker exports of one run: such a one is a log, and read where it lies."""
    try:
        return path.suffix.lower() == EXPORT and parsers.recognise(path) is not None
    except LosslensError:
        return False


def _unpacked(path: Path, search: _Search) -> list[Folder]:
    """The folders of an archive."""
    from losslens.runs import archives

    try:
        unpacked = archives.unpack(path, _may_be_a_log, _is_weights)
    except LosslensError as error:
        search.skipped.append(Skipped.because(str(path), error))
        return []
    search.unpacked.append(unpacked)
    search.skipped.extend(Skipped(str(path), "damaged-archive", lost) for lost in unpacked.lost)
    folders = list(_walk(Path(unpacked.folder), search))
    if not any(folder.sources for folder in folders):
        search.skipped.append(Skipped(str(path), "not-a-log", "an archive without a training log that losslens knows"))
    return folders


def _suffix_of(name: str) -> str:
    """What the ending of a name says of the kind of a file, in lower case; "" where it says nothing."""
    suffix = os.path.splitext(name)[1].lower()
    of_a_host = ".tfevents." in name and suffix not in (".zip", ".tgz", ".xz", ".zst")
    return "" if of_a_host or _LOG_IN_NOTES.fullmatch(name) else suffix


def _may_be_a_log(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    told = ".tfevents." in parts[-1] or _suffix_of(parts[-1]) not in NOT_OPENED
    return told and not NOT_ENTERED & set(parts[:-1]) and not _NO_LOGS.fullmatch(parts[-1])


def _is_weights(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in WEIGHTS


def _instead(paths: Sequence[str | Path], search: _Search) -> Iterator[Skipped]:
    """What was found where no log is."""
    for path in search.closed[:MOST_ARCHIVES]:
        yield Skipped(path, "archive", ARCHIVE)
    weights = {suffix: n for suffix, n in search.passed_over.items() if suffix in WEIGHTS}
    if weights and not search.closed:
        told = ", ".join(f"{n} {suffix}" for suffix, n in weights.items())
        yield Skipped(str(paths[0]), "checkpoints-only", f"only weights of a model ({told}): {NO_LOG_BESIDE}")


NO_FILES = "the folder holds no file that could be a log"
ARCHIVE = "an archive, which may hold logs: give it by its name, or unpack it and give the folder"
UNREAD_ARCHIVE = "an archive of a kind that is not opened here, or a broken one: unpack it and give the folder"
NO_LOG_BESIDE = "the log of its training (event files, CSV, trainer_state.json, what the job printed) is not among them"


#: What lies in the folder `.aim`.
_AIM = frozenset(["run_metadata.sqlite", "meta", "seqs"])
AIM = (
    "an Aim repository: its numbers lie in a database that only Aim reads; export them where it is: python -c "
    '"import aim, pandas; pandas.concat(m.dataframe(include_name=True, include_context=True, include_run=True) '
    "for r in aim.Repo('.').iter_runs() for m in r.metrics()).to_csv('aim.csv')\""
)


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _walk(root: Path, search: _Search) -> Iterator[Folder]:
    """The folders under ``root`` that hold logs or settings, parents before children."""
    waiting = [root]
    while waiting:
        path = waiting.pop()
        try:
            entries = sorted(os.scandir(path), key=lambda e: natural(e.name))
            here = path.stat()
        except OSError as error:
            search.skipped.append(Skipped(str(path), "unreadable", _why(error)))
            continue
        if not search.is_new(here):
            continue
        names = tuple(e.name for e in entries)
        if path != root and _is_latest_again(path, names):
            continue
        if set(names) >= _AIM:
            search.skipped.append(Skipped(str(path), "aim", AIM))
            continue
        claimed = _claimed(path, entries, names, search)
        if claimed is not None:
            left = parsers.left_by(claimed.format, path, names)
            entries = [entry for entry in entries if entry.name in left]
        sources, below, unknown = _look_into(entries, search)
        _say_unknown(unknown, search)
        waiting.extend(reversed(below))
        yield Folder(path, root, (*([claimed] if claimed is not None else []), *sources), names)


def _is_latest_again(path: Path, names: Sequence[str]) -> bool:
    """Whether this is W&B's ``latest-run`` as a copy of a run that lies beside it, where it should be a link to it."""
    if LATEST_RUN.fullmatch(path.name) is None:
        return False
    ids = [name[len("run-") : -len(".wandb")] for name in names if name.startswith("run-") and name.endswith(".wandb")]
    try:
        beside = [match["id"] for name in os.listdir(path.parent) if (match := TRACKED_RUN.fullmatch(name))]
    except OSError:
        return False
    return bool(ids) and all(one in beside for one in ids)


def _claimed(path: Path, entries: Sequence[os.DirEntry[str]], names: Sequence[str], search: _Search) -> Source | None:
    try:
        format = parsers.claim_folder(path, names)
    except LosslensError as error:
        search.skipped.append(Skipped.because(str(path), error))
        return None
    if format is None:
        return None
    return Source(path, format, sum(_size(e) for e in entries))


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size if entry.is_file() else 0
    except OSError:
        return 0


def _look_into(entries: Sequence[os.DirEntry[str]], search: _Search) -> tuple[list[Source], list[Path], list[Path]]:
    """The logs, the folders to enter and the text files full of numbers that no parser knows."""
    files: list[tuple[Path, os.stat_result]] = []
    below: list[Path] = []
    python: list[tuple[Path, os.stat_result]] = []
    tracked = any(entry.name == "debug-internal.log" for entry in entries)
    tables = sum(os.path.splitext(entry.name)[1].lower() in TABLES for entry in entries)
    archives = any(entry.name.endswith(EXPORT) for entry in entries)
    folders = {entry.name for entry in entries if archives and _is_folder(entry)}
    for entry in entries:
        try:
            if entry.is_dir():
                if entry.name not in NOT_ENTERED:
                    below.append(Path(entry.path))
                continue
            info = entry.stat()
        except OSError as error:
            search.skipped.append(Skipped(entry.path, "unreadable", _why(error)))
            continue
        if not stat.S_ISREG(info.st_mode):
            search.passed_over["special file"] += 1
            continue
        search.files += 1
        suffix = _suffix_of(entry.name)
        own = entry.name == "debug.log" and tracked  # what W&B says of itself
        if suffix == EXPORT and entry.name[: -len(EXPORT)] not in folders and _is_export(Path(entry.path)):
            suffix = ""  # not where the folder lies there that it was made of
        if suffix in TABLES and tables <= MOST_TABLES:
            suffix = ""
        if suffix == PYTHON_SUFFIX and search.files <= MOST_FILES:
            python.append((Path(entry.path), info))
        elif suffix in NOT_OPENED or own or _NO_LOGS.fullmatch(entry.name) or search.files > MOST_FILES:
            search.passed_over[suffix or "no suffix"] += 1
            if suffix in ARCHIVES:
                search.closed.append(entry.path)
        else:
            files.append((Path(entry.path), info))
    sources, unknown = _recognised(crowds.without_crowds(files, search.passed_over), search)
    sources += _python_settings(python, search, beside_a_log=any(source.format not in BESIDE for source in sources))
    # Links come last, so that a log is shown where it lies and not where `latest` points.
    return crowds.without_tables(sources, search.passed_over), sorted(below, key=lambda p: p.is_symlink()), unknown


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _python_settings(
    files: Sequence[tuple[Path, os.stat_result]], search: _Search, *, beside_a_log: bool
) -> list[Source]:
    """The settings among the Python files of a folder that holds a log; of a folder of sources none is opened."""
    found: list[Source] = []
    look = beside_a_log and len(files) <= MOST_PYTHON
    for path, info in files:
        if look and 0 < info.st_size < python_settings.MAX_BYTES and _is_python_settings(path) and search.is_new(info):
            found.append(Source(path, PYTHON, info.st_size))
        else:
            search.passed_over[PYTHON_SUFFIX] += 1
    return found


def _is_python_settings(path: Path) -> bool:
    try:
        return parsers.recognise(path) == PYTHON
    except (LosslensError, OSError):
        return False


def _recognised(files: Sequence[tuple[Path, os.stat_result]], search: _Search) -> tuple[list[Source], list[Path]]:
    """The logs among the files of one folder, and text that could be one."""
    sources: list[Source] = []
    unknown: list[Path] = []
    for path, info in files:
        before = len(search.skipped)
        source = _recognise(path, info.st_size, search, asked=False)
        if source is not None and search.is_new(info):
            sources.append(source)
        elif source is None and len(search.skipped) == before and info.st_size and _is_unknown(path):
            unknown.append(path)
    return sources, unknown


def _is_unknown(path: Path) -> bool:
    """Whether a file that no parser knows may be a log all the same."""
    return prose.could_be_a_log(path) or prose.is_too_wide(path)


def _say_unknown(paths: Sequence[Path], search: _Search) -> None:
    """A log that no parser understands must not vanish; a folder of many such files is a data set, and counted."""
    if len(paths) > MOST_UNKNOWN:
        return
    for path in paths:
        search.passed_over[path.suffix.lower() or "no suffix"] -= 1
        reason = prose.TOO_WIDE if prose.is_too_wide(path) else prose.UNKNOWN
        search.skipped.append(Skipped(str(path), "not-a-log", reason))


def _recognise(path: Path, size: int, search: _Search, *, asked: bool) -> Source | None:
    if not size:
        if asked or "tfevents" in path.name or path.suffix == ".wandb":
            search.skipped.append(Skipped(str(path), "empty", "the file is empty"))
        else:
            search.passed_over["empty file"] += 1
        return None
    try:
        format = parsers.recognise(path)
        if format is None and asked and prose.is_a_piece_of_output(path):
            format = TEXT
    except LosslensError as error:
        search.skipped.append(Skipped.because(str(path), error))
        return None
    except OSError as error:
        search.skipped.append(Skipped(str(path), "unreadable", _why(error)))
        return None
    if format is None:
        if asked and (path.suffix.lower() in ARCHIVES or path.name.lower().endswith(".tar.gz")):
            search.skipped.append(Skipped(str(path), "archive", UNREAD_ARCHIVE))
        elif asked:
            search.skipped.append(Skipped(str(path), "not-a-log", prose.why_not_a_log(path)))
        else:
            search.passed_over[path.suffix.lower() or "no suffix"] += 1
        return None
    return Source(path, format, size)
