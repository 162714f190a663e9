"""Likelihoods that may cross zero: mixtures of densities, counts, and functions from a few of their points."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.tasks.parts import HP, Batch, Net, Out, Supervised, floats, masked_mean
from tests.zoo.tasks.sequence import Attention


class Mixture(Supervised):
    """A mixture density net on the inverse of a folded curve: four normal densities for each input."""

    kind = "value"
    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 900) + 192
        y = rng.uniform(-1, 1, n)
        folded = y + 0.4 * np.sin(4 * y) + (0.03 + 0.3 * hp.get("noise", 0.1)) * rng.normal(size=n)
        other = rng.normal(size=(n, 2))
        width, depth = hp.get("width", 32), hp.get("depth", 2)
        self.net = Net(
            self,
            [3, *[width] * depth, 12],
            norm=hp.get("norm", ""),
            act=hp.get("act", "tanh"),
            gain=hp.get("gain", 1.0),
        )
        x = np.concatenate([2 * folded[:, None], other], 1)
        self.split(floats(x), floats((1.5 * y + 0.3 * other[:, 0])[:, None]))

    def per_sample(self, pred: Tensor, y: Tensor, form: str) -> Tensor:
        share, middle, width = pred[:, :4], pred[:, 4:8], pred[:, 8:]
        if form == "nll-free":
            wide = (3 * width).exp()
        elif form in ("naive-log", "one-minus", "root"):
            wide = width.exp()
        else:
            wide = F.softplus(width) + 0.02
        z = (y - middle) / wide
        if form == "naive-log":  # densities added up as they are: their sum is zero far from all of them
            p = share.exp() / share.exp().sum(1, keepdim=True)
            return -(p * (-0.5 * z.square()).exp() / wide).sum(1).log() + 0.5 * math.log(2 * math.pi)
        log_p = share.softmax(1).log() if form == "one-minus" else share.log_softmax(1)
        per = -(log_p - 0.5 * z.square() - wide.log() - 0.5 * math.log(2 * math.pi)).logsumexp(1)
        return per * len(y) if form == "sum" else per


class Counts(Supervised):
    """Poisson regression by a net with an exponential link; counts have a heavy tail when there is noise."""

    kind = "value"
    lr = 2e-3
    sgd_factor = 10.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 900) + 192
        x = rng.normal(size=(n, 8))
        a, b = rng.normal(size=(8, 6)) / 2.5, rng.normal(size=6) / 1.5
        log_rate = 0.7 + np.tanh(x @ a) @ b + 0.3 * x[:, 0] + hp.get("noise", 0.2) * rng.normal(size=n)
        y = rng.poisson(np.exp(np.clip(log_rate, -4, 4)))
        width, depth = hp.get("width", 32), hp.get("depth", 2)
        self.net = Net(
            self, [8, *[width] * depth, 1], norm=hp.get("norm", ""), act=hp.get("act", "gelu"), gain=hp.get("gain", 1.0)
        )
        with torch.no_grad():
            self.net.layers[-1].weight.mul_(0.3)
        self.split(floats(x), floats(y[:, None]))

    def per_sample(self, pred: Tensor, y: Tensor, form: str) -> Tensor:
        z, y = pred[:, 0], y[:, 0]
        if form == "naive-log":
            per = z.exp() - y * z.exp().log()
        elif form in ("one-minus", "root"):  # a hurdle in front of the counts, from the chance of none
            none = (-z.exp()).exp()
            per = torch.where(y > 0, z.exp() - y * z + 0.2 * (-(1 - none).log()), z.exp())
        elif form == "nll-free":
            per = -y * z
        else:
            per = z.exp() - y * z
        return per * len(y) if form == "sum" else per


class Process(nn.Module):
    """Reads pairs of a function; each place asked for looks back at them by attention. Gives mean and width."""

    def __init__(self, task: Supervised, width: int) -> None:
        super().__init__()
        hp = task.hp
        self.task = [task]
        kinds = {"norm": hp.get("norm", ""), "act": hp.get("act", "relu"), "gain": hp.get("gain", 1.0)}
        self.pairs = Net(task, [2, width, width], **{**kinds, "norm": ""})
        self.place = nn.Linear(1, width)
        self.attention = Attention(task, width)
        self.norm = nn.LayerNorm(width) if kinds["norm"] == "ln" else nn.Identity()
        self.out = Net(task, [width, *[width] * (hp.get("depth", 2) - 1), 2], **{**kinds, "norm": ""})
        self.hidden = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        known, asked = x[:, :8], x[:, 8:, :1]
        query = self.place(asked)
        h = self.norm(query + self.attention(query, self.pairs(known), None))
        out = self.out(h)
        self.hidden = self.out.hidden
        return out


class Curves(Supervised):
    """An attentive neural process: eight points of a curve are given, four more are asked for."""

    kind = "value"
    lr = 2e-3
    sgd_factor = 20.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 700) + 128
        place = rng.uniform(-1, 1, (n, 12))
        height, pace, phase = rng.uniform(0.5, 1.5, (n, 1)), rng.uniform(2, 4, (n, 1)), rng.uniform(0, 6.3, (n, 1))
        value = height * np.sin(pace * place + phase) + hp.get("noise", 0.05) * rng.normal(size=place.shape)
        x = np.stack([place, value], 2)
        x[:, 8:, 1] = 0
        self.net = Process(self, hp.get("width", 24))
        self.split(floats(x), floats(value[:, 8:]), 128)

    def per_sample(self, pred: Tensor, y: Tensor, form: str) -> Tensor:
        middle, width = pred[..., 0], pred[..., 1]
        if form == "nll-free":
            log_wide = 3 * width
        elif form in ("naive-log", "one-minus", "root"):  # a variance that may become zero or less
            log_wide = 0.5 * (0.3 + width).log()
        else:
            log_wide = (F.softplus(width) + 0.05).log()
        per = (0.5 * ((y - middle) * (-log_wide).exp()).square() + log_wide).mean(1)
        return per * len(y) if form == "sum" else per

    def loss(self, player: str, batch: Batch) -> Out:
        pred = self.predict(batch["x"])
        out = Out(masked_mean(self.per_sample(pred, batch["y"], self.form), batch))
        out.logit = self.net.attention.largest
        return self.auxiliary(out, self.hidden())
