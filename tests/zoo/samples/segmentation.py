"""Calm for tens of thousands of steps, then it explodes: Adam forgets the large gradients of its first hours.

A small convolutional net separates three shapes from their background. Adam has a learning rate that came from an
SGD recipe (0.05) and a very long memory for squared gradients (beta2 0.99998, 50 000 steps). The large gradients of
the first few hundred steps stay in that memory and keep the effective step, rate / sqrt(v), small. As the bias
correction 1 - beta2^t grows and old squares fade, sqrt(v) sinks although nothing happens in the loss; the step
grows until it passes what the curvature allows, and because the memory is long, v cannot answer an explosion while
it happens. Afterwards the new, huge squares stay in the memory just as long: the step is tiny, and the run does not
come back.

The log holds what such logs hold, the loss (mean of 100 steps) and the learning rate. The twin is the same run,
forked at step ``FORK``: same weights, same state of Adam, same order of the data, but with ``eps`` raised from 1e-8
to ``EPS``, which keeps the divisor sqrt(v) + eps from sinking further. It survives.
"""

from __future__ import annotations

import copy
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
`larger-eps` is its twin from step 40 500 on, same weights and same batches, with Adam's `eps` raised from 1e-8 to 3e-4, so that its steps cannot grow: it survives.
"""  # noqa: E501
IMAGES, SIZE, CLASSES, BATCH, EVERY = 24_000, 16, 4, 16, 100
STEPS, RATE, BETA2, SEED = 63_000, 0.05, 0.99998, 0
FORK, EPS = 40_500, 3e-4


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
    run = Training(SEED)
    with SummaryWriter(str(folder / "run")) as first, SummaryWriter(str(folder / "larger-eps")) as second:
        run.go(FORK, first.add_scalar, second.add_scalar)
        twin = run.fork(EPS, SEED)
        other = run.fork(EPS, SEED + 1)
        run.go(STEPS, first.add_scalar)
        twin.go(STEPS, second.add_scalar)
        other.go(STEPS)
    name_event_files(folder)
    return truth(run.watched.loss, twin.watched.loss, other.watched.loss)


def truth(faulty: list[float], twin: list[float], other: list[float]) -> list[Truth]:
    """What is true of the two runs; the losses are those of every ``EVERY`` steps."""
    at = parting(faulty, twin, other, first=FORK // EVERY)
    causes = ("adam-instability", "learning-rate-too-high", "exploding-gradients", "weight-growth", "bad-batch")
    note = "the fault is there from the first step; loss and rate alone cannot tell these causes"
    return [
        Truth(f"{FOLDER}/run", ("exploded",), 1, (at + 1) * EVERY, causes, note),
        Truth(f"{FOLDER}/larger-eps", ("healthy",)),
    ]


class Net(nn.Module):
    """Five convolutions at two scales with one skip; no normalisation."""

    def __init__(self, random: torch.Generator, width: int = 8) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3, width, 3, padding=1)
        self.down = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.wide = nn.Conv2d(width, width, 3, padding=2, dilation=2)
        self.up = nn.Conv2d(width, width, 3, padding=1)
        self.classify = nn.Conv2d(width, CLASSES, 1)
        for layer in self.children():
            assert isinstance(layer, nn.Conv2d)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=random)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        skip = F.relu(self.enter(x))
        h = F.relu(self.wide(F.relu(self.middle(F.relu(self.down(skip))))))
        h = F.relu(self.up(F.interpolate(h, scale_factor=2)) + skip)
        return self.classify(h)  # type: ignore[no-any-return]


class Training:
    """One training; the seed decides the weights, the images and their order."""

    def __init__(self, seed: int) -> None:
        torch.set_num_threads(1)
        self.image, self.label = images(IMAGES, torch.Generator().manual_seed(seed))
        self.net = Net(torch.Generator().manual_seed(seed + 1))
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=RATE, betas=(0.9, BETA2), fused=True)
        self.order_seed = seed
        self.step = 0
        self.watched = Watched()

    def fork(self, eps: float, order_seed: int) -> Training:
        """The same training, to go on with another ``eps``, and in another order of the data for another seed."""
        twin = copy.copy(self)
        twin.net, twin.optimizer, twin.watched = copy.deepcopy((self.net, self.optimizer, self.watched))
        twin.optimizer.param_groups[0]["eps"] = eps
        twin.order_seed = order_seed
        return twin

    def go(self, until: int, *logs: Callable[[str, float, int], object]) -> None:
        """Train up to and including step ``until``."""
        total = 0.0
        order: Tensor | None = None
        while self.step < until:
            epoch, position = divmod(self.step, IMAGES // BATCH)
            if order is None or position == 0:
                order = torch.randperm(IMAGES, generator=torch.Generator().manual_seed(1000 * self.order_seed + epoch))
            rows = order[position * BATCH : (position + 1) * BATCH]
            loss = F.cross_entropy(self.net(self.image[rows]), self.label[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.step += 1
            total += loss.item()
            if self.step % EVERY:
                self.optimizer.step()
                continue
            before = [p.detach().clone() for p in self.net.parameters()]
            self.optimizer.step()
            _watch(self.watched, list(self.net.parameters()), before, self.optimizer, self.step)
            self.watched.loss.append(total / EVERY)
            for log in logs:
                log("total_loss", total / EVERY, self.step)
                log("learning_rate", self.optimizer.param_groups[0]["lr"], self.step)
            total = 0.0


def _watch(
    w: Watched, weights: list[nn.Parameter], before: list[Tensor], optimizer: torch.optim.Adam, step: int
) -> None:
    second = torch.cat([optimizer.state[p]["exp_avg_sq"].flatten() for p in weights]) / (1 - BETA2**step)
    w.root_v.append(float(second.mean().sqrt()))
    w.gradient.append(_norm([p.grad for p in weights if p.grad is not None]))
    w.update.append(_norm([p.detach() - b for p, b in zip(weights, before, strict=True)]))
    w.weight.append(_norm([p.detach() for p in weights]))


def _norm(tensors: list[Tensor]) -> float:
    return float(torch.cat([t.flatten() for t in tensors]).norm())


def images(n: int, random: torch.Generator, noise: float = 0.1) -> tuple[Tensor, Tensor]:
    """``n`` images, shape (n, 3, SIZE, SIZE), with a disc, a square and a diamond in most; and each pixel's class."""

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
