"""A softmax written by hand in half precision: logits grow until exp overflows, and the loss scale falls and falls.

A classifier trained in float16 with ``torch.autocast`` and ``torch.amp.GradScaler`` on the CPU. Its loss takes the
exponential of logits that autocast left in float16, which is infinite above 11.09. As the net becomes surer of
itself the first samples pass that bound; their batches are skipped and halve the scale, the others push the logits
further, until no batch is left. The twin is the same in float32, where the bound is 88. JSON lines.
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
float16 with autocast and GradScaler, and a softmax written by hand: the logits grow past 11, exp overflows in half precision, the loss scale collapses.
The same seed in float32 trains on; JSON lines, one every 10 steps.
"""  # noqa: E501
STEPS, EVERY, RATE, CLASSES = 3000, 10, 2e-4, 10


def make(folder: Path) -> list[Truth]:
    fresh(folder, README)
    rows, overflow = train(6, half=True)
    with open(folder / "log.jsonl", "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
    twin, other = train(6, half=False)[0], train(7, half=False)[0]
    fault = overflow[0]
    first = next(i for i, r in enumerate(rows) if r["step"] >= fault)
    faulty, healthy, scatter = ([r["loss"] for r in run] for run in (rows, twin, other))
    onset = int(rows[parting(faulty, healthy, scatter, first=first)]["step"])
    note = f"fault_step: the first batch that overflowed; {len(overflow)} of {STEPS} did"
    return [Truth(f"{FOLDER}/log.jsonl", ("nan",), fault, onset, ("mixed-precision-overflow",), note)]


def train(seed: int, *, half: bool) -> tuple[list[dict[str, float]], list[int]]:
    """The rows of the log, and the steps whose loss overflowed."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, CLASSES))
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    scaler = torch.amp.GradScaler("cpu", enabled=half, growth_interval=500)
    data = torch.Generator().manual_seed(seed + 100)
    centre = 1.1 * torch.randn(CLASSES, 20, generator=torch.Generator().manual_seed(60))
    rows: list[dict[str, float]] = []
    overflow: list[int] = []
    for step in range(1, STEPS + 1):
        label = torch.randint(0, CLASSES, (32,), generator=data)
        x = centre[label] + torch.randn(32, 20, generator=data)
        with torch.autocast("cpu", torch.float16, enabled=half):
            loss = cross_entropy(net(x), label)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        if not math.isfinite(loss.item()):
            overflow.append(step)
        if step % EVERY == 0:
            scale, rate = scaler.get_scale(), optimizer.param_groups[0]["lr"]
            rows.append({"step": step, "loss": loss.item(), "loss_scale": scale, "lr": rate})
    return rows, overflow


def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """By hand, and without taking the largest logit off first: this is the fault."""
    total = logits.exp().sum(dim=1)
    return (total.log() - logits.gather(1, label[:, None])[:, 0]).float().mean()
