"""Classes of table rows, pairs put in order by a hinge, and forecasts by a temporal convolution."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.tasks.parts import ACTIVATIONS, HP, Net, Supervised, floats, longs


class Tabular(Supervised):
    """Five classes of rows, each a handful of clusters in ten columns."""

    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 800) + 192
        cluster = rng.integers(0, 15, n)
        x = 1.3 * rng.normal(size=(15, 10))[cluster] + (0.4 + hp.get("noise", 0.2)) * rng.normal(size=(n, 10))
        width, depth = hp.get("width", 32), hp.get("depth", 2)
        self.net = Net(
            self,
            [10, *[width] * depth, 5],
            norm=hp.get("norm", ""),
            act=hp.get("act", "relu"),
            gain=hp.get("gain", 1.0),
        )
        self.split(floats(x), longs(cluster % 5))


class Ranking(Supervised):
    """Says which of two documents fits a query better: a hinge on the difference of two scores."""

    kind = "value"
    lr = 1.5e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 900) + 192
        q, a, b = (rng.normal(size=(n, 6)) for _ in range(3))
        taste = rng.normal(size=(6, 6)) / 2
        fits = [(q @ taste * d).sum(1) + 0.5 * np.sin(2 * d[:, 0]) for d in (a, b)]
        y = np.where(fits[0] - fits[1] + hp.get("noise", 0.2) * rng.normal(size=n) > 0, 1.0, -1.0)
        width, depth = hp.get("width", 32), hp.get("depth", 2)
        self.net = Net(
            self,
            [18, *[width] * depth, 1],
            norm=hp.get("norm", ""),
            act=hp.get("act", "gelu"),
            gain=hp.get("gain", 1.0),
        )
        self.split(floats(np.concatenate([q, a, b], 1)), floats(y[:, None]))

    def predict(self, x: Tensor) -> Tensor:
        q, a, b = x[:, :6], x[:, 6:12], x[:, 12:]
        return self.net(torch.cat([q, a, q * a], 1)) - self.net(torch.cat([q, b, q * b], 1))

    def per_sample(self, pred: Tensor, y: Tensor, form: str) -> Tensor:
        margin = (pred * y)[:, 0]
        if form == "naive-log":
            return -(margin.exp() / (1 + margin.exp())).log()
        if form == "one-minus":
            return -(1 - (-margin).sigmoid()).log()
        if form == "bce-outside":
            return F.binary_cross_entropy_with_logits(pred[:, 0], y[:, 0], reduction="none")
        return (1 - margin).relu()


class TemporalConv(nn.Module):
    """Four dilated causal convolutions with residual paths; the last state gives the forecast."""

    def __init__(self, task: Supervised, inputs: int, width: int, out: int) -> None:
        super().__init__()
        hp = task.hp
        self.task = [task]
        self.enter = nn.Conv1d(inputs, width, 1)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 3, dilation=d) for d in (1, 2, 4, 8))
        kinds = {"bn": lambda: nn.BatchNorm1d(width, momentum=hp.get("bn_momentum", 0.1))}
        self.norms = nn.ModuleList(kinds.get(hp.get("norm", ""), nn.Identity)() for _ in self.convs)
        self.head = nn.Linear(width, out)
        self.act = ACTIVATIONS[hp.get("act", "relu")]
        self.hidden = torch.zeros(())
        with torch.no_grad():
            for conv in self.convs:
                conv.weight.mul_(hp.get("gain", 1.0))

    def forward(self, x: Tensor) -> Tensor:
        cast = self.task[0].cast
        h = self.enter(x)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            pad = 2 * conv.dilation[0]
            h = cast(h + self.act(norm(conv(F.pad(h, (pad, 0))))))
        self.hidden = h[:, :, -1]
        return cast(self.head(self.hidden))


class Forecast(Supervised):
    """The next four values of a series with seasons and shocks, from thirty-two past ones of three series."""

    kind = "value"
    lr = 3e-3
    sgd_factor = 20.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 1500) + 300
        t = np.arange(n + 36)
        other = np.stack([np.sin(2 * np.pi * t / p + rng.uniform(0, 6)) for p in rng.uniform(9, 40, 2)])
        shock = np.zeros(len(t))
        for k in range(1, len(t)):
            shock[k] = 0.9 * shock[k - 1] + 0.15 * rng.normal()
        y = (
            other[0] * other[1]
            + 0.6 * np.sin(2 * np.pi * t / 17)
            + shock
            + hp.get("noise", 0.1) * rng.normal(size=len(t))
        )
        rows = np.stack([y, *(other + 0.2 * rng.normal(size=other.shape))])
        windows = np.stack([rows[:, k : k + 32] for k in range(n)])
        self.net = TemporalConv(self, 3, hp.get("width", 16), 4)
        self.split(floats(windows), floats(np.stack([y[k + 32 : k + 36] for k in range(n)])), 300)

    def per_sample(self, pred: Tensor, y: Tensor, form: str) -> Tensor:
        if form == "plain" and self.hp.get("quantile"):
            e = y - pred
            return (torch.maximum(0.9 * e, -0.1 * e) + torch.maximum(0.5 * e, -0.5 * e)).mean(1)
        return super().per_sample(pred, y, form)
