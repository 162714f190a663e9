"""Make the fixture of a work folder of mmengine: a job that died in its fourth epoch and was resumed from its third.

    pip install torch mmengine && python tests/parsers/data/make_mmengine_resumed.py

``expected/mmengine_resumed.json`` holds the means of the loss that the training itself computed, of both starts.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import TensorDataset

HERE = Path(__file__).parent / "mmengine_resumed"
TRUTH = Path(__file__).parents[1] / "expected" / "mmengine_resumed.json"
EVERY = 5
#: mmengine logs means over this many iterations.
WINDOW = 10


class Net(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(8, 1)

    def forward(self, x: torch.Tensor, y: torch.Tensor, mode: str = "tensor"):
        error = self.layer(x) - y
        if mode == "loss":
            return {"loss": (error**2).mean()}
        return [{"error": float((error**2).mean())}]


class Error(BaseMetric):
    def process(self, data_batch, data_samples) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: list) -> dict:
        return {"mse": float(np.mean([result["error"] for result in results]))}


class Truth(Hook):
    priority = "VERY_LOW"

    def __init__(self, dies_at: int | None) -> None:
        self.dies_at = dies_at
        self.seen: dict[str, list] = {"loss": [], "val/mse": []}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if (runner.iter + 1) % EVERY == 0:
            mean = runner.message_hub.log_scalars["train/loss"].mean(WINDOW)
            self.seen["loss"].append([runner.iter + 1, float(mean)])
        if runner.iter + 1 == self.dies_at:
            raise RuntimeError("CUDA error: device-side assert triggered")

    def after_val_epoch(self, runner, metrics=None) -> None:
        self.seen["val/mse"].append([runner.iter, float(metrics["mse"])])


def start(folder: str, dies_at: int | None) -> dict[str, list]:
    torch.manual_seed(0)
    x = torch.randn(160, 8)
    data = TensorDataset(x, x @ torch.randn(8, 1) + 0.1 * torch.randn(160, 1))
    sampler = {"type": "DefaultSampler", "shuffle": True}
    loader = {"dataset": data, "batch_size": 8, "sampler": sampler, "collate_fn": {"type": "default_collate"}}
    truth = Truth(dies_at)
    runner = Runner(
        Net(),
        folder,
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg={"by_epoch": True, "max_epochs": 5, "val_interval": 1},
        val_cfg={},
        val_evaluator=[Error()],
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.02}},
        default_hooks={
            "logger": {"type": "LoggerHook", "interval": EVERY},
            "checkpoint": {"type": "CheckpointHook", "interval": 1, "max_keep_ckpts": 1},
        },
        custom_hooks=[truth],
        resume=True,
    )
    try:
        runner.train()
    except RuntimeError as error:
        print(error)
    return truth.seen


def main() -> None:
    # mmengine's checkpoints hold more than tensors, which torch refuses to load since 2.6 unless told otherwise.
    torch.load = functools.partial(torch.load, weights_only=False)
    shutil.rmtree(HERE, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        seen = [start(folder, 75)]
        time.sleep(1.1)  # folders are named by the second
        seen.append(start(folder, None))
        for started in sorted(p for p in Path(folder).iterdir() if re.fullmatch(r"\d{8}_\d{6}", p.name)):
            shutil.copytree(started, HERE / started.name)
    for log in HERE.glob("*/*.log"):
        # The head tells of the machine it ran on; the course begins with the first epoch.
        lines = log.read_text().replace(folder, "work").splitlines(keepends=True)
        said = re.compile(r"Epoch\((?:train|val)\)|Saving checkpoint|resumed")
        log.write_text("".join(line for line in lines if said.search(line)))
    TRUTH.write_text(json.dumps(seen) + "\n")


if __name__ == "__main__":
    sys.exit(main())
