"""DVCLive folders: ``plots/metrics/NAME.tsv`` with a row a point, ``params.yaml`` with the settings.

``metrics.json`` beside them has only the last values.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Log, RawSeries, Setting, Warning

NAME = "dvclive"

_METRICS = Path("plots", "metrics")
#: What DVCLive writes into its folder, which may be one where other things lie.
_OWN = frozenset(
    [
        "plots",
        "metrics.json",
        "params.yaml",
        "dvc.yaml",
        "report.html",
        "report.md",
        "report.ipynb",
        "static",
        "artifacts",
    ]
)


def sniff(path: Path, head: bytes) -> bool:
    """No file of the folder is the whole log."""
    return False


def claims(path: Path, names: Sequence[str]) -> bool:
    return "plots" in names and (path / _METRICS).is_dir()


def owns(path: Path, name: str) -> bool:
    return name in _OWN


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one folder. Raises NotALogError when it holds no metric."""
    from losslens.parsers import csv

    series: dict[str, RawSeries] = {}
    warnings: list[Warning] = []
    for parent, folders, names in os.walk(path / _METRICS):
        folders.sort()
        for name in sorted(names):
            file = Path(parent, name)
            if file.suffix != ".tsv" or file.is_symlink():
                continue
            tag = file.relative_to(path / _METRICS).with_suffix("").as_posix()
            for log in csv.parse(file):
                warnings.extend(log.warnings)
                series.update((tag, _renamed(points, tag)) for points in log.series.values())
    if not series:
        raise NotALogError(f"{path}: a DVCLive folder without a metric")
    return (Log(str(path), NAME, series, _settings(path), warnings=tuple(warnings), trainer="dvclive"),)


def _renamed(points: RawSeries, tag: str) -> RawSeries:
    return RawSeries(tag, points.step, points.value, points.wall_time, points.row, points.axis)


def _settings(path: Path) -> tuple[Setting, ...]:
    from losslens.parsers import settings

    return settings.kept_in(path / "params.yaml")
