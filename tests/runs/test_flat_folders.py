"""Logs of five jobs thrown into one folder, as drawn by chance from those of real trainers: five runs."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest

from losslens import pipeline
from tests.test_corpus import VERDICTS

DATA = Path(__file__).parents[1] / "parsers" / "data"
DRAWS, PICKED = 40, 5

#: Logs that hold the same numbers, written by several loggers from one training or one list: found to be one job, as
#: they should.
ONE_TRAINING = (
    {"tensorboard/torch", "tensorboard/torch_new_style", "tensorboard/tensorboardx", "tensorboard/tensorflow_1"}
    | {"tensorboard/tensorflow_2", "trackers/mlflow.db", "trackers/wandb", "trackers/dvclive", "trackers/mlruns"},
    {"printed/lightning/terminal", "printed/lightning/out_of_memory", "printed/lightning/rich"},
    {"sb3", "printed/sb3/ppo"},
    {"printed/keras/piped.log", "printed/keras/terminal.log"},
    {"printed/paddle", "printed/paddle_lines", "printed/visualdl"},
    {"llama_factory", "rllib"},
    # Two files called nan that hold one and four numbers before the NaNs: nothing but the name is left to go by.
    {"keras/nan.csv", "printed/keras/nan.log"},
)
#: Two jobs of one trainer that left event files with the same tags are read as two attempts, which may be one run.
ONE_TRAINER = ({"hf/healthy", "hf/nan_filtered", "printed/hf/healthy", "printed/hf/nan", "printed/hf/resumed"},)
#: What trackers and spreadsheets keep, of one training.
KEPT = tuple(name for name in sorted(VERDICTS) if name.startswith(("offline_trackers/", "tables/")))
#: Folders that are one log by themselves are put into the folder whole.
FOLDERS = frozenset(
    {"trackers/mlruns", "trackers/dvclive", "trackers/wandb", "printed/catboost"}
    | {name for name in KEPT if (DATA / name).is_dir()}
)
#: Files that are no log, or no more than settings, without the others of their job.
_NOT_ALONE = re.compile(
    r".*truth\.json|hparams\.yaml|args\.yaml|params\.json|config\.json|.*(?:_grad|Samples_lr|time_\w+)\.csv"
)


def _one_log(name: str, rng: random.Random) -> Path:
    """One of the logs that a training left; the fixture itself where it is a file or a folder that is a log."""
    if name in FOLDERS or (DATA / name).is_file():
        return DATA / name
    files = [p for p in sorted((DATA / name).rglob("*")) if p.is_file() and not _NOT_ALONE.fullmatch(p.name)]
    if name == "printed/cleanrl":
        files = [p for p in files if ".tfevents." in p.name]  # its output holds speeds alone
    if name == "printed/d3rlpy":
        files = [p for p in files if p.name == "train.log"]
    return rng.choice(files)


def _as_copied(source: Path, name: str, folder: Path) -> Path:
    """Copied as a person would: a name that is taken gets a number. Event files get back a process of their own, which
    the fixtures do not tell."""
    job = sorted(VERDICTS).index(name)
    target = re.sub(
        r"tfevents\.(\d+)\.host\.(\d+)", lambda m: f"tfevents.{int(m[1]) + 86_400 * job}.host.{1000 + job}", source.name
    )
    stem, dot, suffix = (target, "", "") if ".tfevents." in target else target.partition(".")
    number = 1
    while (folder / target).exists():
        number += 1
        target = f"{stem}_{number}{dot}{suffix}"
    (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / target)
    return folder / target


def _picked(rng: random.Random, kept: tuple[str, ...] = ()) -> list[str]:
    """Five fixtures, at most one of each training or family; with ``kept`` the rest are drawn beside these."""
    others = [name for name in sorted(VERDICTS) if name not in KEPT]
    while True:
        picked = [*kept, *rng.sample(others, PICKED - len(kept))]
        if all(len(family & set(picked)) <= 1 for family in (*ONE_TRAINING, *ONE_TRAINER)):
            return picked


def _owner(file: Path, owner: dict[Path, str], folder: Path) -> str:
    """Whose file this is: itself, or one in a folder of the job's."""
    inside = file if file in (folder, *owner) else folder / file.relative_to(folder).parts[0]
    return owner[inside]


@pytest.mark.parametrize("seed", range(4))
def test_five_logs_of_different_jobs_in_one_folder_are_five_runs(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    for draw in range(DRAWS // 4):
        folder = tmp_path / str(draw)
        folder.mkdir()
        picked = _picked(rng)
        owner = {_as_copied(_one_log(name, rng), name, folder): name for name in picked}
        owner[folder] = "deepspeed"  # the one log here that is told by its folder
        found = pipeline.survey(folder).runs
        held = [sorted({_owner(Path(file), owner, folder) for file in one.run.files}) for one in found]
        assert sorted(held) == sorted([name] for name in picked), [f"{one.run.files}: {one.why}" for one in found]
        assert all(one.why for one in found)


@pytest.mark.parametrize("name", KEPT)
def test_what_a_tracker_kept_is_a_run_of_its_own_among_logs_of_other_jobs(name: str, tmp_path: Path) -> None:
    rng = random.Random(KEPT.index(name))
    picked = _picked(rng, (name,))
    owner = {_as_copied(_one_log(one, rng), one, tmp_path): one for one in picked}
    owner[tmp_path] = "deepspeed"
    found = pipeline.survey(tmp_path).runs
    held = [sorted({_owner(Path(file), owner, tmp_path) for file in one.run.files}) for one in found]
    assert sorted(held) == sorted([one] for one in picked), [f"{one.run.files}: {one.why}" for one in found]
