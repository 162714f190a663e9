"""The folder of DeepSpeed's CSV monitor: one file a tag, ``Train_Samples_train_loss.csv``, counted in samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from losslens.errors import LosslensError, NotALogError
from losslens.model import Damage, Log, RawSeries, Warning
from losslens.parsers import csv
from losslens.patterns import compiled

NAME = "deepspeed-csv"

_FILE = compiled(r"(Train|Validation|Eval)_(Samples|Eigenvalues|Steps)_(.+)\.csv(?:\.gz)?")


def claims(path: Path, names: Sequence[str]) -> bool:
    return any(_FILE.fullmatch(name) for name in names)


def owns(path: Path, name: str) -> bool:
    return bool(_FILE.fullmatch(name))


def sniff(path: Path, head: bytes) -> bool:
    return False


def parse(path: Path) -> tuple[Log, ...]:
    """One Log of all tags. The engine counts samples, not steps; a resumed job writes the header again.

    Raises NotALogError when no file of the folder can be read.
    """
    series: dict[str, RawSeries] = {}
    warnings: list[Warning] = []
    damage: list[Damage] = []
    for file in sorted(path.iterdir()):
        match = _FILE.fullmatch(file.name)
        if match is None:
            continue
        tag = "/".join(match.groups())
        try:
            log = csv.parse(file)[0]
        except LosslensError as error:
            warnings.append(Warning(error.code, str(error)))
            continue
        damage.extend(log.damage)
        warnings.extend(Warning(warning.code, f"{file.name}: {warning.text}") for warning in log.warnings)
        for found in log.series.values():
            series[tag] = replace(found, tag=tag, axis="samples" if match[2] == "Samples" else "step")
            break
    if not series:
        raise NotALogError(f"{path}: none of DeepSpeed's CSV files could be read")
    return (
        Log(
            str(path), NAME, series, damage=tuple(damage), warnings=tuple(dict.fromkeys(warnings)), trainer="deepspeed"
        ),
    )
