"""Half precision without a norm: activations grow until they overflow, and the loss scale falls and falls.

A net with squared ReLU (no normalisation), trained in float16 with ``torch.autocast`` and ``torch.amp.GradScaler`` on the
CPU. The twin is the same in float32. JSON lines: step, loss, loss scale, learning rate.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from torch import Tensor, nn

from tests.zoo.samples.story import Truth, fresh, parting

FOLDER = "6-half-precision"
README = """
float16 with autocast and GradScaler, a net without any normalisation: its activations pass 65504, gradients are Inf, and the loss scale collapses.
The same seed in float32 trains on; JSON lines, one every 20 steps.
"""
STEPS, EVERY, RATE = 6000, 20, 2e-3


class SquaredReLU(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x).square()


def make(folder: Path) -> list[Truth]:
    fresh(folder, README)
    rows, fault = train(6, half=True)
    with open(folder / "log.jsonl", "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
    twin, other = train(6, half=False)[0], train(7, half=False)[0]
    first = next(i for i, r in enumerate(rows) if r["step"] >= fault)
    at = parting(*([r["loss"] for r in run] for run in (rows, twin, other)), first=first)  # type: ignore[misc]
    onset = int(rows[at]["step"])
    return [Truth(f"{FOLDER}/log.jsonl", ("nan",), fault, onset, ("mixed-precision-overflow",))]


def train(seed: int, *, half: bool) -> tuple[list[dict[str, float]], int]:
    """The rows of the log, and the first step whose forward or backward pass overflowed for good (0: none)."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(16, 64), SquaredReLU(), nn.Linear(64, 64), SquaredReLU(), nn.Linear(64, 64), SquaredReLU(), nn.Linear(64, 1)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    scaler = torch.amp.GradScaler("cpu", enabled=half, growth_interval=500)
    data = torch.Generator().manual_seed(seed + 100)
    rows: list[dict[str, float]] = []
    overflowed = 0
    for step in range(1, STEPS + 1):
        x = torch.randn(64, 16, generator=data)
        y = _target(x) + 0.1 * torch.randn(64, 1, generator=data)
        with torch.autocast("cpu", torch.float16, enabled=half):
            prediction = net(x)
        loss = nn.functional.mse_loss(prediction.float(), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        if math.isfinite(loss.item()):
            overflowed = 0
        elif not overflowed:
            overflowed = step
        if step % EVERY == 0:
            rows.append(
                {"step": step, "loss": loss.item(), "loss_scale": scaler.get_scale(), "lr": optimizer.param_groups[0]["lr"]}
            )
    return rows, overflowed


def _target(x: Tensor) -> Tensor:
    return (x[:, :4].prod(dim=1, keepdim=True) * 4 + x[:, 4:8].pow(3).sum(dim=1, keepdim=True)) / 2
