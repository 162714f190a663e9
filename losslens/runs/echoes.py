"""Printed output that lies elsewhere than the log of the same training, known by its numbers.

A scheduler writes ``slurm-71.out`` where the job was submitted, the trainer its log some folders below. Names do not
tell that the two are one job; the losses that were printed at the same steps as they were logged do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from losslens import parsers
from losslens.errors import LosslensError
from losslens.model import Log, RawSeries
from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.runs.group import Group
from losslens.runs.jobs import Source

if TYPE_CHECKING:
    from losslens.model import FloatArray

TEXT = "text"
#: The log lies at most this many folders below the printed output, or beside its folder.
DEEPEST = 3
#: How much of a file is read to compare (bytes); documents are read whole up to the second limit.
BEGINNING, WHOLE = 512 << 10, 64 << 20
_DOCUMENTS = frozenset(["trainer-state", "keras-json", "json-records", "npy", "mlflow-db"])
#: Points that must agree, different values among them, and the share of all compared.
FEWEST, DISTINCT, AGREE = 5, 4, 0.9
#: Most pairs of outputs and logs that are compared under one call.
MOST_PAIRS = 400


def join_echoes(by_path: dict[Path, list[Group]]) -> None:
    """Let each printed output join the one logged job near it that holds its numbers; changes ``by_path``."""
    outputs = [(p, g) for p, groups in by_path.items() for g in groups if g.formats() == {TEXT} and not g.alone]
    logged = [(p, g) for p, groups in by_path.items() for g in groups if g.formats() - {TEXT} and not g.alone]
    seen: dict[Path, Log | None] = {}
    near_folder: dict[Path, list[Group]] = {}
    pairs = 0
    for path, output in outputs:
        if path not in near_folder:
            near_folder[path] = [g for home, g in logged if home != path and _is_near(path.parts, home.parts)]
        near = near_folder[path]
        pairs += len(near)
        if not near or pairs > MOST_PAIRS:
            continue
        printed = [log for source in output.sources if (log := _beginning(source, seen)) is not None]
        same = [group for group in near if any(_is_echo(one, group, seen) for one in printed)]
        if len(same) == 1:
            names = " and ".join(source.path.name for source in output.sources[:3])
            same[0].join(output, f"{names} printed the numbers that were logged in {same[0].path.name}/")
            same[0].folders.remove(output.path)
            by_path[path].remove(output)


def _is_near(output: tuple[str, ...], log: tuple[str, ...]) -> bool:
    """Whether a log lies below an output, beside its folder or above it; by the parts of the paths."""
    if log[: len(output)] == output:
        return len(log) - len(output) <= DEEPEST
    above = output[:-1]
    return log[:-1] == above or log[:-2] == above or log in (above, above[:-1])


def _is_echo(printed: Log, group: Group, seen: dict[Path, Log | None]) -> bool:
    logs = (_beginning(source, seen) for source in sorted(group.sources, key=lambda s: s.size)[:8])
    return any(log is not None and echoes(printed, log) for log in logs)


def echoes(printed: Log, log: Log) -> bool:
    """Whether a series that was printed stands in ``log``: at the same steps, or in order where it has none."""
    for tag, one in printed.series.items():
        if not _measures(tag) or np.unique(one.value[np.isfinite(one.value)]).size < DISTINCT:
            continue
        if any(_same(one, other) for name, other in log.series.items() if _measures(name)):
            return True
    return False


def _measures(tag: str) -> bool:
    """A name of a training that is no place: epochs are counted alike in every log."""
    return is_known_name(tag) and normalise(tag) not in STEP_RANK


def _same(printed: RawSeries, logged: RawSeries) -> bool:
    tolerance = 0.6 * 10.0 ** -_decimals(printed.value)
    if printed.axis == logged.axis != "row":
        return any(_agree_at_steps(printed, logged, shift, tolerance) for shift in (0, 1, -1))
    return _agree_in_order(printed.value, logged.value, tolerance)


def _agree_at_steps(printed: RawSeries, logged: RawSeries, shift: int, tolerance: float) -> bool:
    steps, mine, theirs = np.intersect1d(printed.step + shift, logged.step, return_indices=True)
    if steps.size < FEWEST:
        return False
    return _close(printed.value[mine], logged.value[theirs], tolerance)


def _agree_in_order(printed: FloatArray, logged: FloatArray, tolerance: float) -> bool:
    """Whether one is a stretch of the other: a resumed job prints the second part alone."""
    short, long = (printed, logged) if printed.size <= logged.size else (logged, printed)
    if short.size < FEWEST:
        return False
    head = short[:FEWEST]
    windows = np.lib.stride_tricks.sliding_window_view(long, FEWEST)
    fits = np.flatnonzero((np.abs(windows - head) <= tolerance).all(axis=1))
    return any(_close(short[: long.size - at], long[at : at + short.size], tolerance) for at in fits[:20])


def _close(a: FloatArray, b: FloatArray, tolerance: float) -> bool:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < FEWEST or np.unique(a[both]).size < DISTINCT:
        return False
    return bool(np.mean(np.abs(a[both] - b[both]) <= tolerance + 1e-6 * np.abs(b[both])) >= AGREE)


def _decimals(values: FloatArray) -> int:
    """Digits behind the point that were printed, as far as the numbers show them."""
    finite = values[np.isfinite(values)][:50]
    return max((len(f"{value:.10f}".rstrip("0").partition(".")[2]) for value in finite), default=0)


def _beginning(source: Source, seen: dict[Path, Log | None]) -> Log | None:
    if source.path not in seen:
        seen[source.path] = _read(source)
    return seen[source.path]


def _read(source: Source) -> Log | None:
    """The log that the beginning of a file holds; None when that cannot be read."""
    try:
        if source.path.is_dir() or source.size <= BEGINNING or source.format in _DOCUMENTS:
            logs: Sequence[Log] = parsers.parse(source.path, source.format) if source.size <= WHOLE else ()
        else:
            with tempfile.TemporaryDirectory() as folder, source.path.open("rb") as file:
                copy = Path(folder, source.path.name)
                copy.write_bytes(file.read(BEGINNING))
                logs = parsers.parse(copy, source.format)
    except (LosslensError, OSError):
        return None
    return logs[0] if len(logs) == 1 else None
