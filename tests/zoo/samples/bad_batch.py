"""Four labels in millimetres among labels in metres: one batch throws the run off, and it comes back.

A regression of a smooth function with Adam, logged as CSV: the mean of every ten steps.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import torch
from torch import Tensor, nn

from tests.zoo.samples.story import Truth, fresh, parting

FOLDER = "5-bad-batch"
README = """
A small regression with Adam; in the batch of step 4116 four labels were in millimetres instead of metres, 1000 times too large.
The loss jumps, and the run is back where it was some hundred steps later; written as CSV, the mean of every ten steps.
"""  # noqa: E501
STEPS, EVERY, BAD_STEP = 8000, 10, 4116
FIELDS = ("step", "train_loss", "grad_norm", "lr")


def make(folder: Path) -> list[Truth]:
    fresh(folder, README)
    rows = _train(seed=5, bad=True)
    with open(folder / "log.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    twin, other = _train(seed=5, bad=False), _train(seed=6, bad=False)
    faulty, healthy, scatter = ([float(r["train_loss"]) for r in run] for run in (rows, twin, other))
    first = next(i for i, r in enumerate(rows) if int(r["step"]) >= BAD_STEP)
    at = parting(faulty, healthy, scatter, first=first, lasting=False)
    onset = int(rows[at]["step"])
    return [Truth(f"{FOLDER}/log.csv", ("spike-recovered",), BAD_STEP, onset, ("bad-batch", "self-recovering-spike"))]


def _train(seed: int, *, bad: bool) -> list[dict[str, str]]:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(8, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    data = torch.Generator().manual_seed(seed + 100)
    rows: list[dict[str, str]] = []
    losses: list[float] = []
    norms: list[float] = []
    for step in range(1, STEPS + 1):
        x, y = _batch(data)
        if bad and step == BAD_STEP:
            y[:4] *= 1000
        loss = nn.functional.mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        norms.append(math.sqrt(sum(float(p.grad.pow(2).sum()) for p in net.parameters() if p.grad is not None)))
        optimizer.step()
        losses.append(loss.item())
        if step % EVERY == 0:
            values = (step, _mean(losses), _mean(norms), optimizer.param_groups[0]["lr"])
            rows.append({k: f"{v:.6g}" for k, v in zip(FIELDS, values, strict=True)})
            losses, norms = [], []
    return rows


def _batch(data: torch.Generator) -> tuple[Tensor, Tensor]:
    x = torch.randn(32, 8, generator=data)
    y = torch.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:3] + 0.3 * torch.randn(32, 1, generator=data)
    return x, y


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
