"""Checkpoints by their names, on the axis of the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens.runs import find, load
from losslens.runs.checkpoints import epoch_in, step_in
from tests.runs.make_logs import falling


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("checkpoint-500", 500),
        ("ckpt-500.index", 500),
        ("model.ckpt-50000.index", 50000),
        ("epoch=3-step=1000.ckpt", 1000),
        ("iter_0001000", 1000),
        ("model_0004999.pth", 4999),
        ("step_1000.pt", 1000),
        ("global_step500", 500),
        ("checkpoint_100000", 100000),
        ("step1000-unsharded", 1000),
        ("ckpt_iter_100.pt", 100),
    ],
)
def test_the_step_of_a_checkpoint_is_read_from_its_name(name: str, step: int) -> None:
    assert step_in(name) == step
    assert epoch_in(name) is None


@pytest.mark.parametrize(
    ("name", "epoch"),
    [
        ("epoch_12.pth", 12),
        ("epoch12.pt", 12),
        ("model-epoch=02.ckpt", 2),
        ("weights.05-0.23.h5", 5),
        ("net_epoch_7.pth", 7),
    ],
)
def test_the_epoch_of_a_checkpoint_is_read_from_its_name(name: str, epoch: int) -> None:
    assert epoch_in(name) == epoch
    assert step_in(name) is None


OTHERS = """last.ckpt best.pt model_final.pth version_3 step_5.json run_3 events.out.tfevents.1717000000.host
model-00001-of-00003.safetensors rng_state_1.pth trial_3 metrics_100.csv"""


@pytest.mark.parametrize("name", OTHERS.split())
def test_other_names_are_no_checkpoints(name: str) -> None:
    assert step_in(name) is None
    assert epoch_in(name) is None


def write_log(folder: Path, column: str, n: int) -> None:
    rows = [f"{i},{v:.5f}" for i, v in enumerate(falling(n))]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.csv").write_text("\n".join([f"{column},loss", *rows]) + "\n")


def test_checkpoints_of_the_folder_and_its_checkpoint_folder_belong_to_the_run(tmp_path: Path) -> None:
    write_log(tmp_path, "step", 1200)
    for name in ("checkpoint-500", "checkpoint-1000"):
        (tmp_path / name).mkdir()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "epoch=3-step=750.ckpt").write_bytes(b"x")
    (job,) = find([tmp_path]).jobs
    (run,) = load(job)
    assert [c.step for c in run.checkpoints] == [500, 750, 1000]
    assert run.checkpoints[1].path == str(tmp_path / "checkpoints" / "epoch=3-step=750.ckpt")


def test_epoch_checkpoints_of_a_run_counted_in_epochs_keep_their_epoch(tmp_path: Path) -> None:
    write_log(tmp_path, "epoch", 20)
    (tmp_path / "epoch_12.pth").write_bytes(b"x")
    (job,) = find([tmp_path]).jobs
    (run,) = load(job)
    assert [c.step for c in run.checkpoints] == [12]


def test_epoch_checkpoints_of_a_run_counted_in_steps_need_the_steps_of_an_epoch(tmp_path: Path) -> None:
    write_log(tmp_path / "known", "step", 500)
    (tmp_path / "known" / "hparams.yaml").write_text("steps_per_epoch: 50\nlr: 0.1\n")
    write_log(tmp_path / "unknown", "step", 500)
    for name in ("known", "unknown"):
        (tmp_path / name / "epoch_4.pth").write_bytes(b"x")
    known, unknown = (load(job)[0] for job in find([tmp_path]).jobs)
    assert [c.step for c in known.checkpoints] == [200]
    assert unknown.checkpoints == ()


def test_a_checkpoint_beyond_the_log_is_left_out(tmp_path: Path) -> None:
    write_log(tmp_path, "step", 100)
    (tmp_path / "checkpoint-5000").mkdir()
    (job,) = find([tmp_path]).jobs
    assert load(job)[0].checkpoints == ()
    assert np.isfinite(load(job)[0].series["loss"].value).all()
