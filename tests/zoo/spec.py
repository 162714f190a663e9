"""What one run of the zoo is: enough to make it again. Needs no training framework."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 1
FULL = Path(os.environ.get("LOSSLENS_ZOO_FULL", Path(__file__).parent / "full"))
"""Everything recorded at every step, some hundreds of megabytes; not in the repository."""

HP = dict[str, Any]

LOCKED_TASKS = ("seq2seq", "graph", "detection", "ppo")
"""Left out of every fit; opened once a release."""


@dataclass(frozen=True)
class Spec:
    """One run of the grid, enough to make it again."""

    run: str
    family: str
    task: str
    seed: int
    hp: HP
    way: str | None = None
    cause: str | None = None
    level: int = -1
    strength: float = 1.0
    at: int = 0
    locked: bool = False
    validated: bool = False
    """Always logged with a validation loss."""
    kind: str = "fault"
    """"twin", "seed" (the same, other seed), "resume" (interrupted, done right) or "fault"."""
