"""What the trainings behind the fixtures produced: kept apart from the logs, so that no run is found in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

DATA = Path(__file__).parent / "data"
EXPECTED = Path(__file__).parent / "expected"


def _place(log: Path) -> Path:
    relative = log.resolve().relative_to(DATA.resolve())
    return EXPECTED / relative.parent / f"{relative.name}.json"


def save(log: Path, seen: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Keep the (step, value) pairs of each tag of a log."""
    place = _place(log)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(seen) + "\n")


def load(log: Path) -> dict[str, list[list[float]]]:
    kept: dict[str, list[list[float]]] = json.loads(_place(log).read_text())
    return kept
