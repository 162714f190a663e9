"""A recurrent net without clipping: it learns to integrate, sits at the edge of exploding, and one long batch is too
much.

A ReLU recurrent net sums marked numbers with a slow leak; each batch has one length, log-normal about 50. To
remember, its recurrent weights grow until gradients through a long sequence are a hundred times those through a
short one; without clipping single batches throw the weights about, and one of them throws them away. Torch
SummaryWriter, with the gradient norm (mean and largest of ten steps). The twin clips the norm to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from tests.zoo.samples.story import Truth, fresh, name_event_files, parting

FOLDER = "3-recurrent"
README = """
A ReLU recurrent net on sequences of varying length, SGD 0.001 with momentum 0.9, no clipping; it has learned when a long batch throws its weights away.
The same seed with the gradient norm clipped to 1 keeps what it learned; torch's SummaryWriter, loss and gradient norm every ten steps.
"""  # noqa: E501
STEPS, EVERY, LONGEST = 3200, 10, 300


def make(folder: Path) -> list[Truth]:
    from torch.utils.tensorboard import SummaryWriter

    fresh(folder, README)
    with SummaryWriter(str(folder / "run")) as writer:
        writer.add_text("hparams", "optimizer: SGD\nlr: 0.001\nmomentum: 0.9\nclip: none")
        faulty = train(1, None, writer.add_scalar)
    name_event_files(folder)
    twin, other = train(1, 1.0), train(2, 1.0)
    at = parting(faulty, twin, other)
    causes = ("exploding-gradients",)
    return [Truth(f"{FOLDER}/run", ("exploded", "diverged"), 1, (at + 1) * EVERY, causes)]


def train(seed: int, clip: float | None, log: Callable[[str, float, int], object] | None = None) -> list[float]:
    """Train and return the mean loss of every ``EVERY`` steps."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = nn.RNN(2, 32, nonlinearity="relu", batch_first=True)
    head = nn.Linear(32, 1)
    with torch.no_grad():
        nn.init.orthogonal_(net.weight_hh_l0)
        net.weight_hh_l0 *= 0.8
    weights = [*net.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(weights, lr=1e-3, momentum=0.9)
    data = torch.Generator().manual_seed(seed + 7)
    means: list[float] = []
    losses: list[float] = []
    norms: list[float] = []
    for step in range(1, STEPS + 1):
        x, y = _batch(data)
        hidden, _ = net(x)
        loss = (head(hidden)[:, :, 0] - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        norms.append(float(nn.utils.clip_grad_norm_(weights, clip or math.inf)))
        optimizer.step()
        losses.append(loss.item())
        if step % EVERY == 0:
            means.append(sum(losses) / EVERY)
            if log is not None:
                log("train/loss", means[-1], step)
                log("train/grad_norm", sum(norms) / EVERY, step)
                log("train/grad_norm_max", max(norms), step)
                log("train/lr", optimizer.param_groups[0]["lr"], step)
            losses, norms = [], []
    return means


def _batch(data: torch.Generator) -> tuple[Tensor, Tensor]:
    """32 sequences of one length, (32, length, 2): a number and a mark; and the leaking sum, (32, length)."""
    length = int(min(LONGEST, max(20, math.exp(math.log(50) + 0.35 * torch.randn(1, generator=data).item()))))
    number = torch.rand(32, length, generator=data)
    mark = (torch.rand(32, length, generator=data) < 0.1).float()
    return torch.stack([number, mark], dim=-1), (number * mark) @ LEAK[:length, :length]


LEAK = torch.tensor([[0.98 ** (t - k) if t >= k else 0.0 for t in range(LONGEST)] for k in range(LONGEST)])
