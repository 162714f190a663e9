"""Make the fixtures of whole W&B run folders with the real client: one that crashed, one that was resumed, an old one.

    pip install wandb && python tests/parsers/data/make_wandb_runs.py
    pip install 'wandb==0.9.7' 'protobuf<4' 'setuptools<70' && python tests/parsers/data/make_wandb_runs.py old

One real training (gradient descent on a least-squares problem) is logged and printed by each. The client of 2020 writes
its history as JSON lines and needs another environment than the present one; on Python 3.10 and later the names it
takes from ``collections`` have to be put back first.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent / "wandb_runs"
#: The client writes where it ran into its files, so the training runs in a place that says nothing.
WORKPLACE = Path("/tmp/demo")

TRAIN = """
import collections, collections.abc, sys
for name in ("Iterable", "Mapping", "MutableMapping", "Sequence", "Callable", "Hashable"):
    setattr(collections, name, getattr(collections.abc, name))
import numpy as np, wandb
first, last, dies, rate = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
how = dict(project="zoo", config={"lr": rate, "optimizer": {"name": "sgd", "momentum": 0.0}, "batch_size": 64})
if dies != "old":
    quiet = dict(x_disable_meta=True, x_disable_stats=True, disable_git=True, host="host")
    how.update(mode="offline", settings=wandb.Settings(**quiet))
if dies in ("killed", "resumed"):
    how.update(id="r2d2c3po", resume="allow")
wandb.init(**how)
rng = np.random.default_rng(7)
x = rng.normal(size=(64, 4))
y = x @ np.array([1.0, -2.0, 0.5, 3.0]) + rng.normal(size=64) * 0.1
w = np.zeros(4)
for step in range(last):
    error = x @ w - y
    grad = 2 * x.T @ error / len(y)
    w = w - rate * grad
    if step < first:
        continue
    row = {"train/loss": float((error**2).mean()), "lr": rate, "grad_norm": float(np.linalg.norm(grad))}
    wandb.log(row, step=step)
    print(f"step {step} loss {row['train/loss']:.4f}")
if dies == "oom":
    raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
"""


def train(*arguments: object) -> None:
    subprocess.run([sys.executable, WORKPLACE / "train.py", *map(str, arguments)], cwd=WORKPLACE, check=False)


def main() -> None:
    old = "old" in sys.argv
    shutil.rmtree(WORKPLACE, ignore_errors=True)
    WORKPLACE.mkdir(parents=True)
    (WORKPLACE / "train.py").write_text(TRAIN)
    if old:
        os.environ["WANDB_MODE"] = "dryrun"
        train(0, 40, "old", 0.05)
        keep("old")
        return
    train(0, 40, "oom", 0.05)
    keep("crashed")
    train(0, 40, "killed", 0.05)
    train(30, 70, "resumed", 0.05)
    keep("resumed")


def keep(name: str) -> None:
    """Copy what the client wrote for the run: not who ran it where, and not its own debugging."""
    home = HERE / name / "wandb"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for folder in sorted(WORKPLACE.glob("wandb/*run-*")):
        if not folder.is_symlink():
            shutil.move(folder, home)
    for path in [*home.rglob("requirements.txt"), *home.rglob("debug*.log")]:
        path.unlink()
    for path in home.rglob("wandb-metadata.json"):
        metadata = json.loads(path.read_text())
        path.write_text(
            json.dumps({**metadata, "host": "host", "username": "me", "executable": "python", "os": "Linux"}, indent=4)
        )


if __name__ == "__main__":
    main()
