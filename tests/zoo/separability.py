"""Which causes leave the same picture in a log, given what was logged: the acceptable causes of a run."""

from __future__ import annotations

from typing import Any


def add(rows: list[dict[str, Any]]) -> None:
    """Adds ``causes`` (acceptable, the true one first) to the label of each faulty run."""
    for row in rows:
        if row["cause"] is not None:
            row["causes"] = [row["cause"]]
