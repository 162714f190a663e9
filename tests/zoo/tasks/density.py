"""A normalising flow: the negative log-likelihood of a density, which crosses zero."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from tests.zoo.tasks.parts import HP, Batch, Net, Out, Supervised, floats, masked_mean


class Flow(Supervised):
    """Four affine couplings on points of a bent sheet in four dimensions; prior and volume are logged apart."""

    kind = "value"
    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 900) + 192
        u = rng.normal(size=(n, 2))
        x = np.stack([u[:, 0], np.sin(1.5 * u[:, 0]) + 0.2 * u[:, 1], u[:, 1], 0.5 * u[:, 0] * u[:, 1]], 1)
        x += (0.05 + hp.get("noise", 0.1)) * rng.normal(size=x.shape)
        w = hp.get("width", 24)
        kinds = {"act": hp.get("act", "tanh"), "gain": hp.get("gain", 1.0), "norm": hp.get("norm", "")}
        self.parts = nn.ModuleList(Net(self, [2, w, w, 4], **kinds) for _ in range(4))
        with torch.no_grad():
            for net in self.parts:
                net.layers[-1].weight.mul_(0.1)
        self.net = self.parts[0]
        self.split(floats(x), floats(np.zeros((n, 1))))
        self.modules = {"loss": self.parts}

    def terms(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        volume = torch.zeros(len(x))
        for k, net in enumerate(self.parts):
            keep, move = (x[:, :2], x[:, 2:]) if k % 2 == 0 else (x[:, 2:], x[:, :2])
            h = net(keep)
            log_scale = h[:, :2] if self.form == "nll-free" else 2 * torch.tanh(h[:, :2] / 2)
            move = move * log_scale.exp() + h[:, 2:]
            if self.form in ("naive-log", "one-minus", "root"):
                volume = volume + (log_scale.exp() - 0.05).log().sum(1)
            else:
                volume = volume + log_scale.sum(1)
            x = torch.cat([keep, move] if k % 2 == 0 else [move, keep], 1)
        return 0.5 * (x - y).square().sum(1), -volume

    def loss(self, player: str, batch: Batch) -> Out:
        prior, volume = self.terms(batch["x"], batch["y"])
        parts = {"prior": masked_mean(prior, batch), "volume": masked_mean(volume, batch)}
        return self.auxiliary(Out(parts["prior"] + parts["volume"], parts), self.net.hidden)

    def evaluate(self) -> tuple[float, float | None]:
        self.parts.eval()
        with torch.no_grad():
            prior, volume = self.terms(self.vx, self.vy)
        self.parts.train()
        return float((prior + volume).mean()), None
