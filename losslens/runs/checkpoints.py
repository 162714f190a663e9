"""Checkpoints that a folder shows by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from losslens.model import Checkpoint, Run
from losslens.patterns import compiled
from losslens.runs.jobs import Job

#: Names with the step in them, of the trainers that write them; matched against the whole name.
_BY_STEP = compiled(
    r"""(?:checkpoint|ckpt|check_point|model|cp|weights|snapshot|state|net|unet|generator|global_step|step|iter|iteration|it)?
    (?:[-_.]?(?:ckpt|model|checkpoint|step|steps|iter|iteration|global_step))*[-_.=]?
    (?P<step>\d{1,12})(?:[-_]?(?:steps?|iters?|its?|unsharded))?
    (?:\.(?:index|meta|pt|pth|ckpt|bin|safetensors|h5|keras|pkl|npz|msgpack|tar|zip|orbax|data-\d+-of-\d+))*""",
    re.VERBOSE | re.IGNORECASE,
)
_LIGHTNING = compiled(r".*\bepoch=(?P<epoch>\d+)(?:-|,|_).*?step=(?P<step>\d+).*\.ckpt", re.IGNORECASE)
_BY_EPOCH = compiled(
    r"""(?:.*[-_.])?(?:epoch|ep|e)[-_=.]?(?P<epoch>\d{1,6})(?:[-_.].*)?\.(?:pt|pth|ckpt|h5|keras|pkl|bin|safetensors|tar|weights\.h5|hdf5|index)""",
    re.VERBOSE | re.IGNORECASE,
)
_KERAS = compiled(
    r"(?:weights|model|cp|checkpoint)[-_.](?P<epoch>\d{1,5})[-_.][\d.]+\.(?:h5|hdf5|keras|ckpt)(?:\.index)?",
    re.IGNORECASE,
)

_WORDS = compiled(r"checkpoint|ckpt|^cp-|model|weights|snapshot|global_?step|(?:^|[-_])(?:step|iter)", re.IGNORECASE)
_HF = compiled(r"checkpoint-\d+")
_FOLDERS = ("checkpoints", "checkpoint", "ckpt", "ckpts", "weights", "models", "saved_models", "snapshots")


def checkpoints_in(
    folders: Sequence[tuple[Path, Sequence[str]]],
) -> tuple[tuple[Checkpoint, ...], tuple[Checkpoint, ...]]:
    """Checkpoints by step and by epoch in these folders (with the names in them) and in their checkpoint subfolders.

    Only names are read. In the second tuple ``step`` counts epochs, as the name does.
    """
    by_step: dict[int, Checkpoint] = {}
    by_epoch: dict[int, Checkpoint] = {}
    for folder, names in folders:
        places = [(folder, names)] + [(folder / n, _names(folder / n)) for n in names if n.lower() in _FOLDERS]
        for place, inside in places:
            for name in inside:
                for found, count in ((by_step, step_in(name)), (by_epoch, epoch_in(name))):
                    if count is not None:
                        found.setdefault(count, Checkpoint(count, str(place / name)))
    return _sorted(by_step), _sorted(by_epoch)


def _sorted(found: dict[int, Checkpoint]) -> tuple[Checkpoint, ...]:
    return tuple(found[k] for k in sorted(found))


def _names(path: Path) -> list[str]:
    try:
        return sorted(p.name for p in path.iterdir()) if path.is_dir() else []
    except OSError:
        return []


def step_in(name: str) -> int | None:
    """The step that the name of a checkpoint file or folder says: ``checkpoint-500`` -> 500; None for other names."""
    lightning = _LIGHTNING.fullmatch(name)
    if lightning:
        return int(lightning["step"])
    match = _BY_STEP.fullmatch(name)
    if (
        not match
        or not _WORDS.search(name)
        or name.lower().endswith((".json", ".csv", ".log", ".txt", ".yaml", ".yml"))
    ):
        return None
    return int(match["step"])


def epoch_in(name: str) -> int | None:
    """The epoch that the name of a checkpoint says: ``epoch_12.pth`` -> 12; None where it says a step or nothing."""
    if _LIGHTNING.fullmatch(name):
        return None
    match = _KERAS.fullmatch(name) or _BY_EPOCH.fullmatch(name)
    return int(match["epoch"]) if match else None


def is_hf_checkpoint(name: str) -> bool:
    """Whether a folder is one that Hugging Face's Trainer saves, with a copy of its state in it."""
    return bool(_HF.fullmatch(name))


def checkpoints_of(job: Job, run: Run) -> tuple[Checkpoint, ...]:
    """The job's checkpoints with steps on the run's axis: epochs are turned into steps, and the other way round.

    Those that cannot be placed on the axis are left out.
    """
    per_epoch = run.steps_per_epoch.value if run.steps_per_epoch is not None else None
    if run.axis == "epoch":
        placed = list(job.epoch_checkpoints)
        if per_epoch:
            placed += [Checkpoint(int(c.step / per_epoch), c.path) for c in job.checkpoints]
    else:
        placed = list(job.checkpoints)
        if per_epoch:
            placed += [Checkpoint(round(run.epoch_zero + c.step * per_epoch), c.path) for c in job.epoch_checkpoints]
    last = max((int(s.step.max()) for s in run.series.values() if len(s) and s.axis == run.axis), default=None)
    return tuple(sorted((c for c in placed if last is None or c.step <= last + 1), key=lambda c: (c.step, c.path)))
