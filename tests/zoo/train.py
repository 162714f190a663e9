"""Makes the trainings of the grid, one file each, in the order of the grid; what is there is not made again."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tests.zoo.grid import fault, specs
from tests.zoo.spec import FULL, Spec


def train(spec: Spec) -> dict[str, NDArray[np.generic]]:
    """Makes one run and returns its record."""
    import torch

    from tests.zoo.engine import Loop

    torch.set_num_threads(1)
    with np.errstate(all="ignore"):
        loop = Loop(spec.task, spec.hp, spec.seed, fault(spec))
        loop.run()
        return loop.result()


def short(spec: Spec, steps: int) -> Spec:
    """The same run, over after fewer steps: for tests."""
    scale = steps / spec.hp["steps"]
    return replace(
        spec, at=int(spec.at * scale), hp={**spec.hp, "steps": steps, "warmup": int(spec.hp.get("warmup", 0) * scale)}
    )


def make(worker: int = 0, workers: int = 1, limit: int | None = None) -> None:
    """Makes every ``workers``-th family."""
    FULL.mkdir(parents=True, exist_ok=True)
    families: dict[str, int] = {}
    todo = [s for s in specs() if families.setdefault(s.family, len(families)) % workers == worker]
    began, made = time.process_time(), 0
    for spec in todo[:limit]:
        path = FULL / f"{spec.run}.npz"
        if path.exists():
            continue
        try:
            record = train(spec)
        except Exception:
            (FULL / f"{spec.run}.error").write_text(traceback.format_exc())
            print("failed", spec.run, flush=True)
            continue
        partial = path.with_suffix(".part")
        with partial.open("wb") as f:
            np.savez(f, **record)
        partial.rename(path)
        made += 1
        if made % 20 == 0:
            print(f"{made} runs, {time.process_time() - began:.0f} s of CPU", flush=True)
