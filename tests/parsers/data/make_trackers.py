"""Make the experiment trackers' fixtures with the real libraries: MLflow (files and SQLite), W&B offline, DVCLive.

    pip install mlflow-skinny sqlalchemy alembic wandb dvclive
    python tests/parsers/data/make_trackers.py

One real training (linear regression by gradient descent whose learning rate is too high from step 30 on) is logged to
all four; ``trackers/truth.json`` holds the numbers it produced.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "trackers"
#: The libraries write where they ran into their files, so the training runs in a place that says nothing.
WORKPLACE = Path("/tmp/demo")
STEPS = 60


def train() -> list[dict[str, float]]:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(64, 4))
    y = x @ np.array([1.0, -2.0, 0.5, 3.0]) + rng.normal(size=64) * 0.1
    w = np.zeros(4)
    rows = []
    for step in range(STEPS):
        lr = 0.05 if step < 30 else 3.0
        error = x @ w - y
        grad = 2 * x.T @ error / len(y)
        with np.errstate(over="ignore", invalid="ignore"):
            rows.append({"train/loss": float((error**2).mean()), "lr": lr, "grad_norm": float(np.linalg.norm(grad))})
        w = w - lr * grad
    rows[-1]["train/loss"] = float("nan")  # the last step's loss is divided by zero samples: 0/0 in this program
    return rows


def with_mlflow(rows: list[dict[str, float]], uri: str) -> None:
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("zoo")
    with mlflow.start_run(run_name="too-hot"):
        mlflow.log_params({"lr": 0.05, "optimizer": "sgd"})
        for step, row in enumerate(rows):
            mlflow.log_metrics(row, step=step)


def main() -> None:
    shutil.rmtree(WORKPLACE, ignore_errors=True)
    WORKPLACE.mkdir(parents=True)
    os.chdir(WORKPLACE)
    rows = train()
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    with_mlflow(rows, (WORKPLACE / "mlruns").as_uri())
    with_mlflow(rows, f"sqlite:///{WORKPLACE / 'mlflow.db'}")

    from dvclive import Live

    with Live("dvclive", save_dvc_exp=False, dvcyaml=None, monitor_system=False) as live:
        live.log_params({"lr": 0.05, "optimizer": "sgd"})
        for row in rows:
            for name, value in row.items():
                live.log_metric(name, value)
            live.next_step()

    import wandb

    quiet = wandb.Settings(x_disable_meta=True, x_disable_stats=True, disable_git=True, console="off", host="host")
    config = {"lr": 0.05, "optimizer": "sgd"}
    run = wandb.init(mode="offline", project="zoo", name="too-hot", config=config, settings=quiet)
    for row in rows:
        run.log(row)
    run.finish()
    keep(rows)


def keep(rows: list[dict[str, float]]) -> None:
    """Copy what a reader needs: not who ran it where."""
    shutil.rmtree(HERE, ignore_errors=True)
    for name in ("mlruns", "dvclive"):
        shutil.copytree(WORKPLACE / name, HERE / name)
    for tag in HERE.glob("mlruns/*/*/tags/mlflow.*"):
        if not tag.name.endswith("runName"):
            tag.unlink()
    shutil.copy(WORKPLACE / "mlflow.db", HERE)
    with sqlite3.connect(HERE / "mlflow.db") as db:
        db.execute("DELETE FROM tags WHERE key != 'mlflow.runName'")
        db.execute("UPDATE runs SET user_id = '', source_name = ''")
        used = {"runs", "metrics", "latest_metrics", "params", "tags", "experiments", "alembic_version"}
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table not in used and not table.startswith("sqlite_"):
                db.execute(f'DROP TABLE "{table}"')
    with sqlite3.connect(HERE / "mlflow.db") as db:
        db.execute("VACUUM")
    for record in WORKPLACE.glob("wandb/offline-run-*/*.wandb"):
        folder = HERE / "wandb" / record.parent.name
        folder.mkdir(parents=True)
        shutil.copy(record, folder)
    (HERE / "truth.json").write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
