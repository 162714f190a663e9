"""Calm for more than seventy thousand steps, then it explodes: Adam forgets the large gradients of its beginning.

A small convolutional net separates three shapes from their background. Adam has a learning rate that came from an SGD
recipe (0.1) and a very long memory for squared gradients (beta2 0.999965, 29 000 steps). The large gradients of the
first few hundred steps stay in that memory and keep the effective step, rate / sqrt(v), small. As the bias correction
1 - beta2^t grows and old squares fade, the root mean square of sqrt(v) sinks from 2.0e-3 (step 1000) to 2.0e-4 (step
71 600) while the loss stays near 0.001; a step grows from 0.03 to 0.1 and more of weight norm. Then it is longer than
the curvature allows. The memory is too long to answer while it happens: within the hundred steps up to 71 700 the
weight norm goes from 72 to 213 and the mean loss to 3.5. Afterwards v holds the new, huge squares (sqrt(v) 0.04, two
hundred times larger) just as long: the effective step is tiny, and 17 000 steps later the loss is still 0.28. What the
log shows before the onset is little: the loss creeps from 0.0008 (step 10 000) to 0.0014.

The log holds what such logs hold, the loss (mean of 100 steps) and the learning rate. The twin is the same run, forked
at step ``FORK``: same weights, same state of Adam, same order of the data, but with ``eps`` raised from 1e-8 to
``EPS``, which keeps the divisor sqrt(v) + eps from sinking further. It survives.

Four settings train side by side from the same first weights, and one is shown. Of eight settings tried, four exploded
for good (at 36 700, 40 700, 71 700 and 87 700), one exploded and came back, one was lost from the start, and two were
still calm when they were stopped: such an explosion has a clock, but not a sharp one.
"""

from __future__ import annotations

import copy
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.samples.story import Truth, fresh, name_event_files, parting

FOLDER = "1-segmentation"
README = """
Segmentation of generated shapes (24 000 images, batch 16, 1500 steps an epoch): `run` is calm for 71 600 steps, 47 epochs, then it explodes; only the loss (mean of 100 steps) and the rate were logged.
Adam had beta2 0.999965: when it forgot its large early gradients, its steps outgrew the curvature. `larger-eps` has the same weights and batches, but from step 67 500 on `eps` 3e-4 instead of 1e-8: it survives.
"""  # noqa: E501
IMAGES, SIZE, CLASSES, BATCH, EVERY = 24_000, 16, 4, 16, 100
STEPS, SEED, FORK, EPS = 90_000, 0, 67_500, 3e-4


@dataclass(frozen=True)
class Setting:
    rate: float
    beta2: float
    eps: float = 1e-8


SETTINGS = (Setting(0.1, 0.999965), Setting(0.11, 0.99997), Setting(0.09, 0.99996), Setting(0.12, 0.99997))
SHOWN = 0


@dataclass
class Watched:
    """Every ``EVERY`` steps, one value a net. The log shows the loss alone; the others tell the mechanism."""

    loss: list[Tensor] = field(default_factory=list)
    """Mean over the ``EVERY`` steps."""
    root_v: list[Tensor] = field(default_factory=list)
    """Root mean square over all weights of the square root of the corrected second moment that Adam divides by."""
    update: list[Tensor] = field(default_factory=list)
    """Norm of one step."""
    weight: list[Tensor] = field(default_factory=list)
    """Norm of all weights."""

    def losses(self, net: int) -> list[float]:
        return [float(v[net]) for v in self.loss]


def make(folder: Path) -> list[Truth]:
    training = Training(SETTINGS)
    training.go(FORK)
    twin, other = training.fork(SHOWN, EPS), training.fork(SHOWN, EPS, SEED + 1)
    for each in (training, twin, other):
        each.go(STEPS)
    return write(folder, training.watched.losses(SHOWN), twin.watched.losses(0), other.watched.losses(0))


def write(folder: Path, faulty: list[float], twin: list[float], other: list[float]) -> list[Truth]:
    """Log the run and its twin, and measure where they part; ``other`` is the twin on another order of the data."""
    from torch.utils.tensorboard import SummaryWriter

    fresh(folder, README)
    for name, losses in (("run", faulty), ("larger-eps", twin)):
        with SummaryWriter(str(folder / name)) as writer:
            for i, loss in enumerate(losses, start=1):
                writer.add_scalar("total_loss", loss, i * EVERY)
                writer.add_scalar("learning_rate", SETTINGS[SHOWN].rate, i * EVERY)
    name_event_files(folder)
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
    """One net for each entry of ``settings``, side by side: the same first weights, images and order.

    Their weights are stacked, (nets, ...), and Adam looks at every number by itself: none knows of the others.
    """

    def __init__(self, settings: tuple[Setting, ...]) -> None:
        torch.set_num_threads(1)
        self.settings = settings
        self.nets = len(settings)
        self.image, self.label = images(IMAGES, torch.Generator().manual_seed(SEED))
        self.order_seed = SEED
        self.net = Net(torch.Generator().manual_seed(SEED + 1))
        self.weights = {
            name: p.detach().repeat(self.nets, *[1] * p.dim()).requires_grad_()
            for name, p in self.net.named_parameters()
        }
        self.first = {name: torch.zeros_like(p) for name, p in self.weights.items()}
        self.second = {name: torch.zeros_like(p) for name, p in self.weights.items()}
        self.step = 0
        self.watched = Watched()

    def fork(self, net: int, eps: float, order_seed: int = SEED) -> Training:
        """One of the nets, to go on alone with another ``eps`` (and in another order of the data)."""
        twin = copy.copy(self)
        twin.settings = (replace(self.settings[net], eps=eps),)
        twin.nets = 1
        twin.order_seed = order_seed
        for kind in ("weights", "first", "second"):
            kept = {name: p.detach()[net : net + 1].clone() for name, p in getattr(self, kind).items()}
            setattr(twin, kind, kept)
        for p in twin.weights.values():
            p.requires_grad_()
        twin.watched = Watched(*([v[net : net + 1] for v in getattr(self.watched, f.name)] for f in fields(Watched)))
        return twin

    def go(self, until: int) -> None:
        """Train up to and including step ``until``, a multiple of ``EVERY``."""
        total = torch.zeros(self.nets)
        order: Tensor | None = None
        while self.step < until:
            epoch, position = divmod(self.step, IMAGES // BATCH)
            if order is None or position == 0:
                order = torch.randperm(IMAGES, generator=torch.Generator().manual_seed(1000 * self.order_seed + epoch))
            rows = order[position * BATCH : (position + 1) * BATCH]
            losses = self._losses(self.image[rows], self.label[rows])
            gradient = torch.autograd.grad(losses.sum(), list(self.weights.values()))
            total += losses.detach()
            self.step += 1
            before = {name: p.detach().clone() for name, p in self.weights.items()} if self.step % EVERY == 0 else {}
            self._adam(gradient)
            if before:
                self._watch(total / EVERY, before)
                total = torch.zeros(self.nets)

    @torch.no_grad()
    def _adam(self, gradient: tuple[Tensor, ...]) -> None:
        """Adam as published (Kingma and Ba 2015), with the settings of each net."""
        for (name, p), g in zip(self.weights.items(), gradient, strict=True):
            shape = (self.nets, *[1] * (p.dim() - 1))
            rate, beta2, eps = (torch.tensor(c).view(shape) for c in zip(*map(astuple, self.settings), strict=True))
            m, v = self.first[name], self.second[name]
            m.mul_(0.9).add_(g, alpha=0.1)
            v.mul_(beta2).add_(g * g * (1 - beta2))
            p -= rate * (m / (1 - 0.9**self.step)) / ((v / (1 - beta2**self.step)).sqrt() + eps)

    def _losses(self, image: Tensor, label: Tensor) -> Tensor:
        """The loss of each net on a batch, (nets,)."""

        def one(weights: dict[str, Tensor], batch: Tensor) -> Tensor:
            return torch.func.functional_call(self.net, weights, (batch,))  # type: ignore[no-any-return]

        logits = torch.func.vmap(one, in_dims=(0, None))(self.weights, image)
        each = F.cross_entropy(logits.flatten(0, 1), label.repeat(self.nets, 1, 1), reduction="none")
        return each.view(self.nets, -1).mean(dim=1)

    @torch.no_grad()
    def _watch(self, loss: Tensor, before: dict[str, Tensor]) -> None:
        beta2 = torch.tensor([c.beta2 for c in self.settings])
        self.watched.loss.append(loss)
        second = self._flat(self.second).mean(dim=1) / (1 - beta2**self.step)
        self.watched.root_v.append(second.sqrt())
        self.watched.update.append((self._flat(self.weights) - self._flat(before)).norm(dim=1))
        self.watched.weight.append(self._flat(self.weights).norm(dim=1))

    def _flat(self, tensors: dict[str, Tensor]) -> Tensor:
        return torch.cat([t.reshape(self.nets, -1) for t in tensors.values()], dim=1)


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
