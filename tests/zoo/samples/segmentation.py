"""Calm for tens of thousands of steps, then it explodes: Adam forgets the large gradients of its first hours.

A small convolutional net separates three shapes from their background. Adam has a learning rate that came from an SGD recipe
(0.05) and a very long memory for squared gradients (beta2 0.99998, 50 000 steps). The large gradients of the first few
hundred steps stay in that memory and keep the effective step, rate / sqrt(v), small. As the bias correction 1 - beta2^t
grows and old squares fade, sqrt(v) sinks although nothing happens in the loss; the step grows until it passes what the
curvature allows, and because the memory is long, v cannot answer an explosion while it happens. Afterwards the new, huge
squares stay in the memory just as long: the step is tiny, and the run does not come back.

The log holds what such logs hold, the loss (mean of 100 steps) and the learning rate. ``amsgrad`` is the same run, same
seed and same order of the data, with ``amsgrad=True``: the largest v counts, it cannot fade, and the run survives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.samples.story import Truth, fresh, name_event_files, parting

FOLDER = "1-segmentation"
README = """
Segmentation of generated shapes (24 000 images, batch 16, 1500 steps an epoch): `run` is calm for about 50 000 steps, then it explodes; only loss and rate were logged.
`amsgrad` is its twin, same seed and same batches, with `amsgrad=True`: Adam cannot forget its large early gradients, so its steps do not grow, and it survives.
"""
IMAGES, SIZE, CLASSES, BATCH, EVERY = 24_000, 16, 4, 16, 100
STEPS, RATE, BETA2, SEED = 66_000, 0.05, 0.99998, 0


@dataclass
class Watched:
    """What the samples do not show, every ``EVERY`` steps: it tells the mechanism."""

    loss: list[float] = field(default_factory=list)
    gradient: list[float] = field(default_factory=list)
    """Norm of the gradient."""
    root_v: list[float] = field(default_factory=list)
    """Root mean square over all weights of the square root of the corrected second moment that Adam divides by."""
    update: list[float] = field(default_factory=list)
    """Norm of one step."""
    weight: list[float] = field(default_factory=list)
    """Norm of all weights."""


def make(folder: Path) -> list[Truth]:
    from torch.utils.tensorboard import SummaryWriter

    fresh(folder, README)
    runs = {}
    for name, amsgrad in (("run", False), ("amsgrad", True)):
        with SummaryWriter(str(folder / name)) as writer:
            runs[name] = train(SEED, amsgrad=amsgrad, log=writer.add_scalar)
    name_event_files(folder)
    other = train(SEED + 1, amsgrad=True)
    at = parting(runs["run"].loss, runs["amsgrad"].loss, other.loss)
    causes = ("adam-instability", "learning-rate-too-high", "exploding-gradients", "weight-growth", "bad-batch")
    note = "loss and learning rate alone cannot tell these; the same seed with amsgrad survives"
    return [
        Truth(f"{FOLDER}/run", ("exploded",), 1, (at + 1) * EVERY, causes, note),
        Truth(f"{FOLDER}/amsgrad", ("healthy",)),
    ]


class Net(nn.Module):
    """Five convolutions at two scales with one skip; no normalisation."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3, width, 3, padding=1)
        self.down = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.wide = nn.Conv2d(width, width, 3, padding=2, dilation=2)
        self.up = nn.Conv2d(width, width, 3, padding=1)
        self.classify = nn.Conv2d(width, CLASSES, 1)
        for layer in self.children():
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        skip = F.relu(self.enter(x))
        h = F.relu(self.wide(F.relu(self.middle(F.relu(self.down(skip))))))
        h = F.relu(self.up(F.interpolate(h, scale_factor=2)) + skip)
        return self.classify(h)  # type: ignore[no-any-return]


def train(
    seed: int, *, amsgrad: bool, steps: int = STEPS, log: Callable[[str, float, int], object] | None = None
) -> Watched:
    """One training; the seed decides the weights, the images and their order."""
    torch.set_num_threads(1)
    image, label = images(IMAGES, torch.Generator().manual_seed(seed))
    torch.manual_seed(seed)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, betas=(0.9, BETA2), amsgrad=amsgrad)
    shuffle = torch.Generator().manual_seed(seed + 1000)
    watched = Watched()
    total = 0.0
    per_epoch = IMAGES // BATCH
    for step in range(1, steps + 1):
        position = (step - 1) % per_epoch
        if position == 0:
            order = torch.randperm(IMAGES, generator=shuffle)
        rows = order[position * BATCH : (position + 1) * BATCH]
        loss = F.cross_entropy(net(image[rows]), label[rows])
        optimizer.zero_grad()
        loss.backward()
        if step % EVERY == 0:
            before = [p.detach().clone() for p in net.parameters()]
        optimizer.step()
        total += loss.item()
        if step % EVERY == 0:
            watched.loss.append(total / EVERY)
            if log is not None:
                log("total_loss", total / EVERY, step)
                log("learning_rate", optimizer.param_groups[0]["lr"], step)
            total = 0.0
            _watch(watched, list(net.parameters()), before, optimizer, step)
    return watched


def _watch(
    w: Watched, weights: list[nn.Parameter], before: list[Tensor], optimizer: torch.optim.Adam, step: int
) -> None:
    key = "max_exp_avg_sq" if optimizer.param_groups[0]["amsgrad"] else "exp_avg_sq"
    second = torch.cat([optimizer.state[p][key].flatten() for p in weights]) / (1 - BETA2**step)
    w.root_v.append(float(second.mean().sqrt()))
    w.gradient.append(_norm([p.grad for p in weights if p.grad is not None]))
    w.update.append(_norm([p.detach() - b for p, b in zip(weights, before, strict=True)]))
    w.weight.append(_norm([p.detach() for p in weights]))


def _norm(tensors: list[Tensor]) -> float:
    return float(torch.cat([t.flatten() for t in tensors]).norm())


def images(n: int, random: torch.Generator, noise: float = 0.1) -> tuple[Tensor, Tensor]:
    """``n`` images, shape (n, 3, SIZE, SIZE), with a disc, a square and a diamond in most, and the class of each pixel."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random)

    def grain() -> Tensor:
        return noise * torch.randn(n, 3, SIZE, SIZE, generator=random)

    y, x = torch.meshgrid(torch.arange(float(SIZE)), torch.arange(float(SIZE)), indexing="ij")
    image = 0.3 * uniform(n, 3, 1, 1) + grain()
    label = torch.zeros(n, SIZE, SIZE, dtype=torch.long)
    for shape in (1, 2, 3):
        dx = (x - SIZE * uniform(n, 1, 1)).abs()
        dy = (y - SIZE * uniform(n, 1, 1)).abs()
        radius = 2 + SIZE / 5 * uniform(n, 1, 1)
        inside = {1: dx**2 + dy**2 < radius**2, 2: torch.maximum(dx, dy) < 0.85 * radius, 3: dx + dy < 1.2 * radius}[
            shape
        ]
        inside &= uniform(n, 1, 1) < 0.7
        colour = 0.4 * uniform(n, 3, 1, 1)
        colour[:, shape - 1] += 0.8
        image = torch.where(inside[:, None], colour + grain(), image)
        label[inside] = shape
    return image, label
