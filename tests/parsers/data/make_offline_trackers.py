"""Make the fixtures of trackers that keep a run on disk: SwanLab, Comet, ClearML, trackio and Neptune, all offline.

    pip install swanlab comet_ml clearml trackio neptune neptune-scale
    python -m tests.parsers.data.make_offline_trackers            # all
    python -m tests.parsers.data.make_offline_trackers swanlab    # one of them

One real training (linear regression in single precision, whose learning rate is raised far too high at step 24, so that
its loss grows, overflows and is NaN in the end) is logged to each; ``truth.json`` holds the numbers it produced.
SwanLab before 0.8 wrote another file, and before 0.6 none: ``backup.swanlab`` was made by the same function under
``swanlab==0.6.12``, the folder of local mode under ``swanlab[dashboard]==0.5.9`` with ``peewee<3.17``.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(os.environ.get("FIXTURES", Path(__file__).parent / "offline_trackers"))
#: The libraries write where they ran into their files, so the training runs in a place that says nothing.
WORKPLACE = Path("/tmp/demo")
STEPS = 48
CONFIG = {"lr": 0.05, "optimizer": "sgd", "model": {"width": 4}}


def train() -> list[dict[str, float]]:
    rng = np.random.default_rng(7)
    x, held_out = (rng.normal(size=(n, 4)).astype(np.float32) for n in (64, 32))
    truth = np.array([1.0, -2.0, 0.5, 3.0], np.float32)
    y, y_held_out = (a @ truth + rng.normal(size=len(a)).astype(np.float32) * np.float32(0.1) for a in (x, held_out))
    w = np.zeros(4, np.float32)
    rows = []
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(STEPS):
            lr = 0.05 if step < 24 else 40.0
            error = x @ w - y
            grad = 2 * x.T @ error / len(y)
            row = {"train/loss": float((error**2).mean()), "train/lr": lr}
            row["train/grad_norm"] = float(np.linalg.norm(grad))
            if step % 8 == 7:
                row["val/loss"] = float(((held_out @ w - y_held_out) ** 2).mean())
                print(f"evaluated after step {step}")
            rows.append(row)
            w = w - np.float32(lr) * grad
    return rows


def with_swanlab() -> None:
    import swanlab

    version = tuple(map(int, swanlab.__version__.split(".")[:2]))
    mode = "offline" if version >= (0, 6) else "local"
    swanlab.init(project="zoo", experiment_name="too-hot", mode=mode, logdir="swanlog", config=CONFIG)
    for step, row in enumerate(train()):
        swanlab.log(row, step=step)
    swanlab.finish()
    name = "swanlab" if version >= (0, 8) else "swanlab_older" if version >= (0, 6) else "swanlab_local"
    keep("swanlog", name, leave_out=("debug", "media", "requirements.txt", "swanlab-metadata.json", ".gitignore"))
    if name == "swanlab_local":
        only(HERE / name / "runs.swanlab", "experiment", "tag")


def with_comet() -> None:
    import comet_ml

    quiet = dict.fromkeys(["log_code", "log_graph", "log_git_metadata", "log_git_patch"], False)
    quiet |= dict.fromkeys(["log_env_details", "log_env_host", "log_env_gpu", "log_env_cpu"], False)
    run = comet_ml.OfflineExperiment(
        project_name="zoo", workspace="nobody", offline_directory="comet", parse_args=False, **quiet
    )
    run.set_name("too-hot")
    run.log_parameters(CONFIG)
    for step, row in enumerate(train()):
        with run.train():
            train_only = {tag.removeprefix("train/"): value for tag, value in row.items() if tag.startswith("train/")}
            run.log_metrics(train_only, step=step, epoch=step // 8)
        if "val/loss" in row:
            with run.validate():
                run.log_metric("loss", row["val/loss"], step=step, epoch=step // 8)
    run.end()
    keep("comet", "comet")


def with_clearml() -> None:
    from clearml import Task

    Task.set_offline(True)
    task = Task.init(project_name="zoo", task_name="too-hot", auto_resource_monitoring=False)
    task.connect(CONFIG)
    logger = task.get_logger()
    for step, row in enumerate(train()):
        for tag, value in row.items():
            split, name = tag.split("/")
            logger.report_scalar(name, split, value, step)
    task.close()
    keep(".clearml/cache/offline", "clearml", leave_out=("data",))


def with_trackio() -> None:
    import trackio

    for name in ("too-hot", "again"):
        trackio.init(project="zoo", name=name, config=CONFIG, auto_log_gpu=False)
        for step, row in enumerate(train()):
            trackio.log(row if name == "too-hot" else {"train/loss": 1.0 / (step + 1)}, step=step)
        trackio.finish()
    keep("trackio", "trackio", leave_out=("zoo.lock",))
    only(HERE / "trackio" / "zoo.db", "metrics", "configs", "alerts")


def with_neptune() -> None:
    import neptune

    run = neptune.init_run(
        project="nobody/zoo",
        mode="offline",
        name="too-hot",
        capture_hardware_metrics=False,
        source_files=[],
        git_ref=False,
    )
    run["parameters"] = CONFIG
    for step, row in enumerate(train()):
        for tag, value in row.items():
            run[tag].append(value, step=step)
    run.stop()
    keep(".neptune", "neptune", leave_out=("upload_path",))


def with_neptune_scale() -> None:
    from neptune_scale import Run

    run = Run(project="nobody/zoo", mode="offline", run_id="too-hot", log_directory="neptune")
    run.log_configs({"parameters/lr": 0.05, "parameters/optimizer": "sgd", "parameters/model/width": 4})
    for step, row in enumerate(train()):
        run.log_metrics(row, step=step)
    run.close()
    keep("neptune", "neptune_scale")


def keep(made: str, name: str, *, leave_out: tuple[str, ...] = ()) -> None:
    """Copy what a reader needs: not who ran it where."""
    shutil.rmtree(HERE / name, ignore_errors=True)
    shutil.copytree(WORKPLACE / made, HERE / name, ignore=shutil.ignore_patterns(*leave_out))


def only(database: Path, *tables: str) -> None:
    """Drop the tables that hold what the libraries' own pages show, and all indices."""
    with sqlite3.connect(database) as db:
        for kind, name in db.execute("SELECT type, name FROM sqlite_master ORDER BY type").fetchall():
            if name not in tables and not name.startswith("sqlite_"):
                db.execute(f'DROP {kind} IF EXISTS "{name}"')
        db.commit()
        db.execute("VACUUM")


MAKERS = {
    "swanlab": with_swanlab,
    "comet": with_comet,
    "clearml": with_clearml,
    "trackio": with_trackio,
    "neptune": with_neptune,
    "neptune_scale": with_neptune_scale,
}


def main() -> None:
    names = sys.argv[1:] or list(MAKERS)
    if Path(__file__).parent == WORKPLACE:
        MAKERS[names[0]]()
        return
    HERE.mkdir(exist_ok=True)
    for name in names:  # each library patches the process it runs in
        shutil.rmtree(WORKPLACE, ignore_errors=True)
        WORKPLACE.mkdir(parents=True)
        shutil.copy(__file__, WORKPLACE / "train.py")
        places = {"HOME": str(WORKPLACE), "FIXTURES": str(HERE), "TRACKIO_DIR": str(WORKPLACE / "trackio")}
        subprocess.run([sys.executable, "train.py", name], cwd=WORKPLACE, env=os.environ | places, check=True)
    (HERE / "truth.json").write_text(json.dumps(train()))


if __name__ == "__main__":
    main()
