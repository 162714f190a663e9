"""Supervised tasks on generated tables, images and graphs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.shapes import shapes
from tests.zoo.tasks.parts import ACTIVATIONS, HP, Batch, Net, Out, Supervised, accuracy, floats, longs, masked_mean


class RegressionMLP(Supervised):
    """A smooth function of twelve features, with or without noise on the target."""

    kind = "value"
    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 1024) + 192
        x = rng.normal(size=(n, 12))
        a, b = rng.normal(size=(12, 8)) / 3, rng.normal(size=(8, 1)) / 2
        y = (
            np.tanh(x @ a) @ b
            + 0.3 * np.sin(2 * x[:, :1])
            + hp.get("noise", 0.1) * rng.standard_t(hp.get("tail", 30), (n, 1))
        )
        width, depth = hp.get("width", 32), hp.get("depth", 2)
        self.net = Net(
            self,
            [12, *[width] * depth, 1],
            norm=hp.get("norm", ""),
            act=hp.get("act", "tanh"),
            gain=hp.get("gain", 1.0),
        )
        self.split(floats(x), floats(y))


class Autoencoder(Supervised):
    """Reconstructs 32 numbers made from four; a small training set is learned by heart, epoch by epoch."""

    kind = "value"
    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 512) + 192
        x = np.tanh(rng.normal(size=(n, 4)) @ rng.normal(size=(4, 32))) + hp.get("noise", 0.0) * rng.normal(
            size=(n, 32)
        )
        width = hp.get("width", 32)
        sizes = [32, width, 6, width, 32] if hp.get("depth", 2) <= 2 else [32, *[width] * hp["depth"], 32]
        self.net = Net(self, sizes, norm=hp.get("norm", ""), act=hp.get("act", "gelu"), gain=hp.get("gain", 1.0))
        self.split(floats(x), floats(x))


class ConvNet(nn.Module):
    """Three convolutions with optional batch normalisation; a head for classes or for pixels."""

    def __init__(self, task: Supervised, channels: list[int], out: int, *, pixels: bool) -> None:
        super().__init__()
        hp = task.hp
        self.task = [task]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(channels))
        bn = hp.get("norm", "bn") == "bn"
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(c, momentum=hp.get("bn_momentum", 0.1)) if bn else nn.Identity() for c in channels[1:]
        )
        self.head: nn.Module = nn.Conv2d(channels[-1], out, 1) if pixels else nn.Linear(channels[-1], out)
        self.pixels = pixels
        self.act = ACTIVATIONS[hp.get("act", "relu")]
        self.hidden = torch.zeros(())
        with torch.no_grad():
            for conv in self.convs:
                conv.weight.mul_(hp.get("gain", 1.0) * 1.4)

    def forward(self, h: Tensor) -> Tensor:
        cast = self.task[0].cast
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            h = cast(self.act(norm(conv(h))))
            if i == 0 and not self.pixels:
                h = F.max_pool2d(h, 2)
        if not self.pixels:
            h = h.amax((2, 3))
        self.hidden = h
        return cast(self.head(h))


class ImageCNN(Supervised):
    """Tells four shapes apart in noisy images."""

    lr = 4e-3
    sgd_factor = 15.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        x, y, _, _ = shapes(self.data_rng(), hp.get("n", 768) + 192, hp.get("size", 10), hp.get("noise", 0.3))
        self.net = ConvNet(self, [1, 8, 12], 4, pixels=False)
        self.split(floats(x), longs(y))


class Segmentation(Supervised):
    """Marks the pixels of the shape: cross entropy and Dice, logged apart."""

    kind = "value"
    lr = 4e-3
    sgd_factor = 15.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        x, _, m, _ = shapes(self.data_rng(), hp.get("n", 384) + 96, hp.get("size", 10), hp.get("noise", 0.4))
        self.net = ConvNet(self, [1, 6, 8], 1, pixels=True)
        self.split(floats(x), floats(m), 96)

    def terms(self, pred: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        p = pred.sigmoid()
        if self.form == "one-minus" or self.form == "naive-log":
            bce = -(y * p.log() + (1 - y) * (1 - p).log()).flatten(1).mean(1)
        else:
            bce = F.binary_cross_entropy_with_logits(pred, y, reduction="none").flatten(1).mean(1)
        eps = 0.0 if self.form == "root" else 1.0
        dice = 1 - (2 * (p * y).flatten(1).sum(1) + eps) / (p.flatten(1).sum(1) + y.flatten(1).sum(1) + eps)
        return bce, dice

    def loss(self, player: str, batch: Batch) -> Out:
        pred = self.predict(batch["x"])
        bce, dice = self.terms(pred, batch["y"])
        parts = {"bce": masked_mean(bce, batch), "dice": masked_mean(dice, batch)}
        if self.form == "sum":
            parts = {k: v * len(pred) for k, v in parts.items()}
        with torch.no_grad():
            acc = ((pred > 0) == (batch["y"] > 0.5)).float().mean()
        return self.auxiliary(Out(parts["bce"] + parts["dice"], parts, acc, pred.detach().abs().mean()), self.hidden())

    def evaluate(self) -> tuple[float, float | None]:
        self.net.eval()
        with torch.no_grad():
            pred = self.predict(self.vx)
            bce, dice = self.terms(pred, self.vy)
            acc = float(((pred > 0) == (self.vy > 0.5)).float().mean())
        self.net.train()
        return float((bce + dice).mean()), acc


class Detection(Supervised):
    """Class, box and objectness of one shape from a flattened image: three loss terms."""

    kind = "value"
    lr = 1.5e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 768) + 192
        x, kind, _, box = shapes(rng, n, 8, hp.get("noise", 0.2))
        there = rng.random(n) < 0.8
        x[~there] = hp.get("noise", 0.2) * rng.normal(size=x[~there].shape)
        y = np.concatenate([kind[:, None], 4 * (box - box.mean(0)), there[:, None]], 1)
        width = hp.get("width", 48)
        self.net = Net(
            self, [64, width, width, 8], norm=hp.get("norm", "ln"), act=hp.get("act", "relu"), gain=hp.get("gain", 1.0)
        )
        self.split(floats(x.reshape(n, 64)), floats(y))

    def terms(self, pred: Tensor, y: Tensor, batch: Batch) -> dict[str, Tensor]:
        there = y[:, 4] * batch.get("mask", 1.0)
        cls = F.cross_entropy(pred[:, :4], y[:, 0].long().clamp(0, 3), reduction="none")
        box = (pred[:, 4:7] - y[:, 1:4]).square().mean(1)
        if self.form == "root":
            box = (pred[:, 4:7] - y[:, 1:4]).abs().mean(1).log() * 0.1
        if self.form == "naive-log":
            cls = (
                -(pred[:, :4].exp() / pred[:, :4].exp().sum(1, keepdim=True))
                .gather(1, y[:, :1].long().clamp(0, 3))[:, 0]
                .log()
            )
        p = pred[:, 7]
        if self.form == "one-minus":
            q = p.sigmoid()
            obj = -(y[:, 4] * q.log() + (1 - y[:, 4]) * (1 - q).log())
        else:
            obj = F.binary_cross_entropy_with_logits(
                p, y[:, 4] * (3.0 if self.form == "bce-outside" else 1.0), reduction="none"
            )
        scale = float(len(y)) if self.form == "sum" else 1.0
        return {
            "cls": scale * (cls * there).sum() / there.sum(),
            "box": scale * 2 * (box * there).sum() / there.sum(),
            "obj": scale * masked_mean(obj, batch),
        }

    def loss(self, player: str, batch: Batch) -> Out:
        pred = self.predict(batch["x"])
        parts = self.terms(pred, batch["y"], batch)
        acc = accuracy(pred.detach()[:, :4], batch["y"][:, 0].long())
        out = Out(parts["cls"] + parts["box"] + parts["obj"], dict(parts), acc, pred.detach().abs().mean())
        return self.auxiliary(out, self.hidden())

    def evaluate(self) -> tuple[float, float | None]:
        self.net.eval()
        with torch.no_grad():
            pred = self.predict(self.vx)
            total = float(sum(v for v in self.terms(pred, self.vy, {}).values()))
            acc = float(accuracy(pred[:, :4], self.vy[:, 0].long()))
        self.net.train()
        return total, acc


class GraphNet(Supervised):
    """Two rounds of messages on a graph with communities; a batch is a set of labelled nodes."""

    lr = 5e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 160) + 80
        group = rng.integers(0, 4, n)
        edges = np.triu(rng.random((n, n)) < np.where(group[:, None] == group[None], 0.12, 0.03), 1)
        adjacency = edges + edges.T + np.eye(n)
        self.adjacency = floats(adjacency / adjacency.sum(1, keepdims=True))
        features = rng.normal(size=(n, 8)) + 0.7 * rng.normal(size=(4, 8))[group]
        self.features = floats(features)
        width = hp.get("width", 24)
        self.net = Net(
            self, [8, width, width, 4], norm=hp.get("norm", ""), act=hp.get("act", "relu"), gain=hp.get("gain", 1.0)
        )
        self.split(torch.arange(n), longs(group), 80)

    def batch(self, idx: np.ndarray) -> Batch:
        i = torch.from_numpy(idx)
        return {"x": self.features, "y": self.y[i], "nodes": self.x[i]}

    def spread(self, x: Tensor) -> Tensor:
        return self.net(self.adjacency @ (self.adjacency @ x))

    def loss(self, player: str, batch: Batch) -> Out:
        pred = self.spread(batch["x"])[batch["nodes"]]
        out = Out(masked_mean(self.per_sample(pred, batch["y"], self.form), batch))
        out.accuracy = accuracy(pred.detach(), batch["y"])
        out.logit = pred.detach().logsumexp(-1).abs().mean()
        return self.auxiliary(out, self.hidden())

    def predict(self, x: Tensor) -> Tensor:
        return self.spread(self.features)[x]
