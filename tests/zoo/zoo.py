"""Reads the zoo: labels, and each run as the Logs that a parser would have found."""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losslens.model import Log, RawSeries, Setting

DATA = Path(__file__).parent / "data"
Label = dict[str, Any]

SETTING_NAMES = {
    "batch": "batch_size",
    "clip": "max_grad_norm",
    "wd": "weight_decay",
    "accum": "gradient_accumulation_steps",
    "warmup": "warmup_steps",
    "schedule": "lr_scheduler_type",
    "steps": "max_steps",
}


@cache
def labels(data: Path = DATA, file: str = "labels.jsonl") -> tuple[Label, ...]:
    """All labels, in the order of the grid; ``more.jsonl`` holds other views of failing runs, for the fit alone."""
    path = data / file
    if not path.exists():
        return ()
    return tuple(json.loads(line) for line in path.read_text().splitlines()[1:])


@cache
def arrays(name: str, data: Path = DATA) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int8]]:
    """Steps (differences), values and segments of all series of a task, end to end."""
    with np.load(data / f"{name}.npz") as f:
        return f["step"], np.ascontiguousarray(f["value"].T).view(np.float32)[:, 0], f["segment"]


def series(
    label: Label, data: Path = DATA
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]]:
    """Tag -> steps, values and segments of a run, as logged."""
    step, value, segment = arrays(label.get("store", label["task"]), data)
    out = {}
    for tag, (_, at, n) in label["series"].items():
        out[tag] = (
            np.cumsum(step[at : at + n], dtype=np.int64),
            value[at : at + n].astype(np.float64),
            segment[at : at + n].astype(np.int64),
        )
    return out


def logs(label: Label, data: Path = DATA) -> tuple[Log, ...]:
    """The run as one Log, or as two when it was resumed into a second file.

    Wall time passes evenly, with a gap of ten minutes where the job was started again.
    """
    columns = series(label, data)
    pace = 0.05 + (zlib.crc32(label["run"].encode()) % 1000) / 500
    points = sorted(
        {(int(g), int(s)) for step, _, segment in columns.values() for s, g in zip(step, segment, strict=True)}
    )
    place = {p: k for k, p in enumerate(points)}
    resumed = points[-1][0] > 0
    split = resumed and label["view"]["two_files"]
    settings = tuple(Setting(SETTING_NAMES.get(k, k), v, "config.json") for k, v in label["settings"].items())
    out = []
    for part in range(2 if split else 1):
        found: dict[str, RawSeries] = {}
        for tag, (step, value, segment) in columns.items():
            keep = segment == part if split else np.ones(len(step), bool)
            if not keep.any():
                continue
            row = np.array([place[(int(g), int(s))] for s, g in zip(step[keep], segment[keep], strict=True)], np.int64)
            wall = 1.75e9 + step[keep] * pace + segment[keep] * 600.0
            if not label["view"]["wall_time"]:
                wall = np.full(int(keep.sum()), np.nan)
            found[tag] = RawSeries(tag, step[keep], value[keep], wall, row)
        name = f"{label['run']}/log{part}.csv" if split else f"{label['run']}/log.csv"
        out.append(
            Log(
                name,
                "csv",
                found,
                settings if part == 0 else (),
                first_time=1.75e9 + part * 600.0 + part if label["view"]["wall_time"] else None,
            )
        )
    return tuple(out)
