"""MLflow run folders: ``metrics/NAME`` holds "time in ms, value, step" a line, ``params/NAME`` a setting."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Log, RawSeries, Setting, Warning
from losslens.parsers.endings import ended_as
from losslens.parsers.opening import LogFile, lines_of
from losslens.parsers.settings import plain_setting

NAME = "mlflow"

_MAX_PARAM_BYTES = 6_000
"""What MLflow itself allows a parameter."""
#: The numbers that `meta.yaml` writes for the end of a run.
_FAILED, _KILLED = "4", "5"


def sniff(path: Path, head: bytes) -> bool:
    """No file of a run folder is a log by itself."""
    return False


def claims(path: Path, names: Sequence[str]) -> bool:
    return "meta.yaml" in names and "metrics" in names


def owns(path: Path, name: str) -> bool:
    """All of it: what a run folder holds beside its metrics is its artifacts."""
    return True


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one run folder. Raises NotALogError when it holds no metric."""
    series: dict[str, RawSeries] = {}
    broken = 0
    for name, file in _files(path / "metrics"):
        points, bad = _points(name, file)
        broken += bad
        if points is not None:
            series[name] = points
    if not series:
        raise NotALogError(f"{path}: an MLflow run without a metric")
    meta = _meta(path / "meta.yaml")
    warnings = (Warning("not-points", f"{broken} lines that are no points left out"),) if broken else ()
    status = {_FAILED: "the run failed", _KILLED: "the run was killed"}.get(meta.get("status", ""))
    events = (ended_as(status, path / "meta.yaml"),) if status else ()
    settings = [
        Setting(name, plain_setting(file.read_text("utf-8", "replace")[:_MAX_PARAM_BYTES]), str(file))
        for name, file in _files(path / "params")
    ]
    hint = meta.get("run_name") or meta.get("run_id") or path.name
    return (Log(str(path), NAME, series, tuple(settings), events, (), warnings, trainer="mlflow", group_hint=hint),)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below, named with slashes as it was logged; links are not followed."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(parent, name)
            if file.is_file() and not file.is_symlink():
                yield file.relative_to(folder).as_posix(), file


def _points(name: str, path: Path) -> tuple[RawSeries | None, int]:
    import numpy as np

    rows: list[tuple[int, float, float]] = []
    broken = 0
    for block in LogFile(path).blocks():
        for line in lines_of(block):
            parts = line.split()
            if not parts:
                continue
            try:
                step = int(parts[2]) if len(parts) > 2 else len(rows)
                rows.append((step, float(parts[1]), int(parts[0]) / 1000))
            except (ValueError, IndexError, OverflowError):
                broken += 1
    if not rows:
        return None, broken
    steps, values, times = zip(*rows, strict=True)
    row = np.arange(len(rows), dtype=np.int64)
    return RawSeries(name, np.array(steps, np.int64), np.array(values), np.array(times), row), broken


def _meta(path: Path) -> dict[str, str]:
    """The plain ``key: value`` lines of meta.yaml; that is all it holds."""
    text = path.read_text("utf-8", "replace")[:_MAX_PARAM_BYTES] if path.is_file() else ""
    pairs = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip().strip("'\"") for key, colon, value in pairs if colon}
