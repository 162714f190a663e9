"""File or folder to Log: the table of formats, and who is asked first.

A format is one module with ``NAME``, ``sniff(path, head)`` and ``parse(path)``; a format that is a whole folder (an
MLflow run) has ``claims(path, names)`` and ``owns(path, name)`` too. To add one: the module, its line in ``FORMATS``,
its test. Modules are imported when first asked, so that a format costs nothing to those who have none of its files.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from losslens.errors import InternalError, LosslensError, NotALogError, ParseError
from losslens.model import Log
from losslens.parsers.json_reading import is_one_document
from losslens.parsers.opening import read_head, refuse_unsafe, text_encoding
from losslens.patterns import compiled


@dataclass(frozen=True)
class Format:
    """One line of the table.

    ``kind`` is what the bytes look like: "binary", "json" (begins with { or [), "text" (and no JSON document) or
    "either" of the two; or "folder" for a format that has no file of its own.
    """

    name: str
    module: str
    kind: str
    folder: bool = False
    """True when the module claims whole folders."""


FORMATS: tuple[Format, ...] = (
    # In order of asking: the first that recognises a file has it.
    Format("tensorboard", "losslens.parsers.tensorboard", "binary"),
    Format("wandb", "losslens.parsers.wandb", "binary"),
    Format("swanlab", "losslens.parsers.swanlab", "binary", folder=True),
    Format("swanlab-local", "losslens.parsers.swanlab_local", "folder", folder=True),
    Format("comet", "losslens.parsers.comet", "binary", folder=True),
    Format("clearml", "losslens.parsers.clearml", "binary", folder=True),
    Format("visualdl", "losslens.parsers.visualdl", "binary"),
    Format("mlflow-db", "losslens.parsers.mlflow_db", "binary"),
    Format("optuna-db", "losslens.parsers.optuna_db", "binary"),
    Format("trackio", "losslens.parsers.trackio", "binary"),
    Format("neptune-scale", "losslens.parsers.neptune_scale", "binary"),
    Format("neptune", "losslens.parsers.neptune", "folder", folder=True),
    Format("mlflow", "losslens.parsers.mlflow", "folder", folder=True),
    Format("dvclive", "losslens.parsers.dvclive", "folder", folder=True),
    Format("catboost", "losslens.parsers.catboost", "folder", folder=True),
    Format("scalar-csv", "losslens.parsers.scalar_csv", "folder", folder=True),
    Format("numbered-json", "losslens.parsers.numbered_json", "folder", folder=True),
    Format("parquet", "losslens.parsers.parquet", "binary"),
    Format("arrow", "losslens.parsers.arrow", "binary"),
    Format("excel", "losslens.parsers.excel", "binary"),
    Format("npy", "losslens.parsers.npy", "binary"),
    Format("sb3-evaluations", "losslens.parsers.sb3_evaluations", "binary"),
    Format("arrays", "losslens.parsers.arrays", "binary"),
    Format("notebook", "losslens.parsers.notebook", "json"),
    Format("loki", "losslens.parsers.loki", "json"),
    Format("prometheus", "losslens.parsers.prometheus", "json"),
    Format("results", "losslens.parsers.results", "json"),
    Format("trainer-state", "losslens.parsers.trainer_state", "json"),
    Format("sacred", "losslens.parsers.sacred", "json"),
    Format("keras-json", "losslens.parsers.keras_json", "json"),
    Format("json-records", "losslens.parsers.records", "json"),
    Format("optuna-journal", "losslens.parsers.optuna_journal", "json"),
    Format("jsonl", "losslens.parsers.jsonl", "json"),
    Format("wrapped-output", "losslens.parsers.wrapped_output", "json"),
    Format("yaml", "losslens.parsers.yaml_history", "text"),
    Format("settings", "losslens.parsers.settings", "either"),
    Format("kaldi", "losslens.parsers.kaldi_probs", "folder", folder=True),
    Format("deepspeed-csv", "losslens.parsers.deepspeed_csv", "folder", folder=True),
    Format("python-settings", "losslens.parsers.python_settings", "text"),
    Format("sb3-monitor", "losslens.parsers.sb3_monitor", "text", folder=True),
    Format("printed-lists", "losslens.parsers.dumped", "text"),
    Format("number-rows", "losslens.parsers.number_rows", "text"),
    Format("csv", "losslens.parsers.csv", "text"),
    # Last, because they are the least strict.
    Format("text", "losslens.parsers.text", "text"),
    Format("tune-status", "losslens.parsers.tune_status", "text"),
    Format("bare-numbers", "losslens.parsers.bare_numbers", "text"),
    Format("messages", "losslens.parsers.messages", "text"),
)

#: How a JSON report of losslens itself begins: full of curves, but written into a log folder it is no log.
OWN_REPORT = b'{\n "losslens": "'

#: How an HDF5 file begins: Keras' weights mostly, seldom what somebody kept of a training.
HDF5 = b"\x89HDF\r\n\x1a\n"
_HISTORY = compiled(r"hist|loss|metric|curve|(?<![a-z])logs?(?![a-z])", re.IGNORECASE)


class Parser(Protocol):
    NAME: str

    def sniff(self, path: Path, head: bytes) -> bool: ...

    def parse(self, path: Path) -> tuple[Log, ...]: ...


class FolderParser(Parser, Protocol):
    def claims(self, path: Path, names: Sequence[str]) -> bool: ...

    def owns(self, path: Path, name: str) -> bool: ...


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """A bug in one parser is a fact about one file: it must not end the analysis of the others."""
    try:
        yield
    except (LosslensError, OSError):
        raise
    except Exception as error:
        import logging

        logging.getLogger("losslens").debug("internal error while reading %s", path, exc_info=True)
        raise InternalError.in_reading(path, error) from error


def recognise(path: Path, *, after: str | None = None) -> str | None:
    """The format of a file, judged by its head (64 KiB, more where lines are long; gunzipped); None when it is no log.

    ``after`` is a format that recognised the file and found no log in it: those behind it in the table are asked.
    Raises UnsafeFileError for a pickle, ParseError for a file that cannot be opened.
    """
    with _guarded(path):
        head = read_head(path)
        if not head:
            return None
        refuse_unsafe(path, head)
        if head.startswith(OWN_REPORT):
            return None
        if head.startswith(HDF5) and _HISTORY.search(path.stem):
            way = "save it as CSV or JSON where it was made, such as pandas.read_hdf(...).to_csv(...)"
            raise ParseError(f"{path}: an HDF5 file, which is not read; {way}", code="hdf5")
        kinds = _kinds(head)
        first = next((at for at, format in enumerate(FORMATS, 1) if format.name == after), 0)
        for format in FORMATS[first:]:
            if format.kind in kinds and _module(format).sniff(path, head):
                return format.name
        return None


def claim_folder(path: Path, names: Sequence[str]) -> str | None:
    """The format of a folder that is one log by itself; ``names`` are the names in it."""
    with _guarded(path):
        for format in FORMATS:
            if format.folder:
                parser = cast(FolderParser, _module(format))
                if parser.claims(path, names):
                    return format.name
        return None


def left_by(format: str, path: Path, names: Sequence[str]) -> frozenset[str]:
    """The names in a folder claimed for ``format`` that are no part of it: other logs that lie there."""
    entry = next(entry for entry in FORMATS if entry.name == format)
    parser = cast(FolderParser, _module(entry))
    return frozenset(name for name in names if not parser.owns(path, name))


def parse(path: Path, format: str | None = None) -> tuple[Log, ...]:
    """Read a file, or a folder that is one log. ``format`` is what ``recognise`` or ``claim_folder`` said.

    Damage is in the Log. Raises NotALogError when no format fits, ParseError when it fits and cannot be read.
    """
    if format is None:
        format = claim_folder(path, sorted(p.name for p in path.iterdir())) if path.is_dir() else recognise(path)
    if format is None:
        raise NotALogError(f"{path}: in no format that losslens reads")
    for entry in FORMATS:
        if format == entry.name:
            try:
                with _guarded(path):
                    return _module(entry).parse(path)
            except OSError as error:
                raise ParseError(f"{path}: cannot be read: {error.strerror or error}") from error
    raise ParseError(f"{path}: there is no format called '{format}'")


def _module(format: Format) -> Parser:
    return cast(Parser, importlib.import_module(format.module))


def _kinds(head: bytes) -> tuple[str, ...]:
    if text_encoding(head) is None or not head.strip(b"\0"):
        return ("binary",)
    first = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")[:1]
    if first not in (b"{", b"["):
        return ("either", "text")
    return ("json", "either") if is_one_document(head) else ("json", "either", "text")
