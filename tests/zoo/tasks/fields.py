"""Functions of place and time: an equation of motion to obey, an image as a net, a sharper picture of a coarse one."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.tasks.parts import ACTIVATIONS, HP, Batch, Net, Out, Supervised, floats, masked_mean, value_loss

DAMPING, STIFFNESS = 0.3, 4.0


def swing(start: np.ndarray, time: np.ndarray, steps: int = 400) -> np.ndarray:
    """Angles of damped pendulums let go at ``start``, each at its ``time`` in 0 … 2 (semi-implicit steps)."""
    angle, speed, h = start.copy(), np.zeros_like(start), 2.0 / steps
    out = start.copy()
    for k in range(1, steps + 1):
        speed += h * (-DAMPING * speed - STIFFNESS * np.sin(angle))
        angle += h * speed
        out = np.where(time >= k * h, angle, out)
    return out


class Pendulum(Supervised):
    """A physics-informed net: measured angles of pendulums, their equation of motion, and how they were let go.

    The net gives angle and speed of a time and a start; three terms of the loss are logged apart.
    """

    kind = "value"
    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 512) + 192
        time, start = 2 * rng.random(n), rng.uniform(-1.5, 1.5, n)
        y = swing(start, time)
        y[192:] += hp.get("noise", 0.05) * rng.normal(size=n - 192)
        width, depth = hp.get("width", 24), hp.get("depth", 2)
        self.net = Net(
            self, [2, *[width] * depth, 2], norm=hp.get("norm", ""), act=hp.get("act", "tanh"), gain=hp.get("gain", 1.0)
        )
        self.split(floats(np.stack([time, start], 1)), floats(y[:, None]))

    def terms(self, x: Tensor, y: Tensor, batch: Batch, form: str) -> dict[str, Tensor]:
        time, start = x[:, :1].detach().requires_grad_(True), x[:, 1:]
        state = self.net(torch.cat([time, start], 1))
        angle, speed = state[:, :1], state[:, 1:]
        moves = torch.autograd.grad(angle.sum(), time, create_graph=True)[0]
        turns = torch.autograd.grad(speed.sum(), time, create_graph=True)[0]
        residual = (moves - speed).square() + (turns + DAMPING * speed + STIFFNESS * angle.sin()).square()
        first = self.net(torch.cat([torch.zeros_like(start), start], 1))
        initial = (first[:, :1] - start).square() + first[:, 1:].square()
        scale = float(len(x)) if form == "sum" else 1.0
        return {
            "data": scale * masked_mean(value_loss(angle, y, "plain" if form == "sum" else form), batch),
            "initial": scale * initial.mean(),
            "residual": scale * self.hp.get("residual_weight", 0.1) * residual.mean(),
        }

    def loss(self, player: str, batch: Batch) -> Out:
        parts = self.terms(batch["x"], batch["y"], batch, self.form)
        return self.auxiliary(Out(parts["data"] + parts["initial"] + parts["residual"], dict(parts)), self.net.hidden)

    def evaluate(self) -> tuple[float, float | None]:
        self.net.eval()
        parts = self.terms(self.vx, self.vy, {}, "sum" if self.form == "sum" else "plain")
        self.net.train()
        return float(sum(v.detach() for v in parts.values())), None


def discs(rng: np.random.Generator, n: int, place: np.ndarray, count: int) -> np.ndarray:
    """Images (n, pixels) of ``count`` discs of random brightness with soft edges; ``place`` (2, pixels) in -1 … 1."""
    middle, radius = rng.uniform(-0.8, 0.8, (n, count, 2, 1)), rng.uniform(0.15, 0.5, (n, count, 1))
    bright = rng.normal(size=(n, count, 1))
    far = np.hypot(*np.moveaxis(place - middle, 2, 0))
    image = (bright * np.tanh(8 * (radius - far))).sum(1)
    return np.asarray((image - image.mean(1, keepdims=True)) / image.std(1, keepdims=True))


class Implicit(Supervised):
    """One image as a function of its coordinates, by sines; every fourth pixel or so is held back."""

    kind = "value"
    lr = 1e-3
    sgd_factor = 60.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        side = 28
        yy, xx = np.mgrid[0:side, 0:side].reshape(2, -1) / side * 2 - 1
        image = discs(rng, 1, np.stack([yy, xx]), 6)[0]
        image += 0.2 * np.sin(rng.uniform(3, 9) * xx + rng.uniform(3, 9) * yy)
        image = (image - image.mean()) / image.std()
        order = rng.permutation(side * side)[: hp.get("n", 600) + 184]
        y = image[order] + hp.get("noise", 0.0) * rng.normal(size=len(order))
        width, depth = hp.get("width", 32), hp.get("depth", 2)
        act = hp.get("act", "sine")
        self.net = Net(self, [2, *[width] * depth, 1], norm=hp.get("norm", ""), act=act, gain=hp.get("gain", 1.0))
        if act == "sine":
            with torch.no_grad():
                self.net.layers[0].weight.mul_(4.0)
        self.split(floats(np.stack([xx[order], yy[order]], 1)), floats(y[:, None]), 184)


class Sharper(nn.Module):
    """Three convolutions, and channels shuffled into pixels."""

    def __init__(self, task: Supervised, width: int) -> None:
        super().__init__()
        hp = task.hp
        self.task = [task]
        bn = hp.get("norm", "") == "bn"
        self.convs = nn.ModuleList([nn.Conv2d(1, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)])
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(width, momentum=hp.get("bn_momentum", 0.1)) if bn else nn.Identity() for _ in self.convs
        )
        self.head = nn.Conv2d(width, 4, 3, padding=1)
        self.act = ACTIVATIONS[hp.get("act", "relu")]
        self.hidden = torch.zeros(())
        with torch.no_grad():
            for conv in self.convs:
                conv.weight.mul_(1.4 * hp.get("gain", 1.0))

    def forward(self, x: Tensor) -> Tensor:
        cast = self.task[0].cast
        h = x
        for conv, norm in zip(self.convs, self.norms, strict=True):
            h = cast(self.act(norm(conv(h))))
        self.hidden = h
        return cast(F.pixel_shuffle(self.head(h), 2))


class SuperResolution(Supervised):
    """Images at twice their resolution: absolute error and error of the edges, logged apart."""

    kind = "value"
    lr = 4e-3
    sgd_factor = 40.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 384) + 96
        sharp = discs(rng, n, np.mgrid[0:12, 0:12].reshape(2, -1) / 6 - 0.92, 3).reshape(n, 1, 12, 12)
        coarse = sharp.reshape(n, 1, 6, 2, 6, 2).mean((3, 5))
        coarse = coarse + hp.get("noise", 0.05) * rng.normal(size=coarse.shape)
        self.net = Sharper(self, hp.get("width", 8))
        self.split(floats(coarse), floats(sharp), 96)

    def terms(self, pred: Tensor, y: Tensor, form: str) -> tuple[Tensor, Tensor]:
        d = pred - y
        if form in ("plain", "sum"):
            error = d.abs().flatten(1).mean(1)
        else:
            error = value_loss(pred, y, form)
        edges = d.diff(dim=2).abs().flatten(1).mean(1) + d.diff(dim=3).abs().flatten(1).mean(1)
        return error, 0.25 * edges

    def loss(self, player: str, batch: Batch) -> Out:
        pred = self.predict(batch["x"])
        scale = float(len(pred)) if self.form == "sum" else 1.0
        error, edges = (scale * masked_mean(t, batch) for t in self.terms(pred, batch["y"], self.form))
        return self.auxiliary(Out(error + edges, {"absolute": error, "edges": edges}), self.hidden())

    def evaluate(self) -> tuple[float, float | None]:
        self.net.eval()
        with torch.no_grad():
            error, edges = self.terms(self.predict(self.vx), self.vy, "plain")
        self.net.train()
        return float((error + edges).mean()), None
