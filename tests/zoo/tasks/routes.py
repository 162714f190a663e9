"""A mixture of experts with a balance term, and the worth of states learned from their neighbours."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from tests.zoo.tasks.parts import ACTIVATIONS, HP, Batch, Net, Out, Supervised, floats, masked_mean


class Routed(nn.Module):
    """A gate sends each sample to the two best of four small nets; it remembers how evenly."""

    def __init__(self, task: Supervised, inputs: int, width: int, out: int, experts: int = 4) -> None:
        super().__init__()
        hp = task.hp
        self.task = [task]
        self.gate = nn.Parameter(torch.randn(inputs, experts) * 0.5 * inputs**-0.5)
        self.lean = nn.Parameter(torch.zeros(experts))
        gain = hp.get("gain", 1.0)
        self.up = nn.Parameter(gain * torch.randn(experts, inputs, width) * (2 / inputs) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(experts * width))
        norms = {"bn": lambda: nn.BatchNorm1d(experts * width, momentum=hp.get("bn_momentum", 0.1))}
        self.norm = norms.get(hp.get("norm", ""), nn.Identity)()
        if hp.get("norm") == "ln":
            self.norm = nn.LayerNorm(experts * width)
        self.down = nn.Parameter(gain * torch.randn(experts, width, out) * (1 / width) ** 0.5)
        self.act = ACTIVATIONS[hp.get("act", "gelu")]
        self.shape = (experts, width)
        self.hidden = self.balance = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        cast = self.task[0].cast
        chance = (x @ self.gate + self.lean).softmax(1)
        best = chance.topk(2, 1)
        weight = torch.zeros_like(chance).scatter(1, best.indices, best.values)
        weight = weight / weight.sum(1, keepdim=True)
        # the share of samples sent to each expert times its mean chance: least when both are even
        sent = (weight > 0).float().mean(0) / 2
        self.balance = len(sent) * (sent * chance.mean(0)).sum()
        h = torch.einsum("bi,eiw->bew", x, self.up).flatten(1) + self.bias
        h = cast(self.act(self.norm(h)))
        self.hidden = h
        out = torch.einsum("bew,ewo->beo", h.view(len(x), *self.shape), self.down)
        return cast((weight[:, :, None] * out).sum(1))


class Experts(Supervised):
    """A function that is another one in each of four regions; error and balance of the gate are logged apart."""

    kind = "value"
    lr = 3e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 900) + 192
        x = rng.normal(size=(n, 10))
        region = (x[:, 0] > 0) * 2 + (x[:, 1] > 0)
        slope = rng.normal(size=(4, 10)) / 3
        y = (x * slope[region]).sum(1) + 0.3 * np.sin(2 * x[:, 2]) + hp.get("noise", 0.1) * rng.normal(size=n)
        self.net = Routed(self, 10, hp.get("width", 16), 1)
        self.split(floats(x), floats(y[:, None]))

    def loss(self, player: str, batch: Batch) -> Out:
        pred = self.predict(batch["x"])
        error = masked_mean(self.per_sample(pred, batch["y"], self.form), batch)
        balance = self.hp.get("balance", 0.02) * self.net.balance
        return self.auxiliary(Out(error + balance, {"task": error, "balance": balance}), self.hidden())


class Values(Supervised):
    """The worth of states under a policy, from the worth of the states after them (temporal differences)."""

    kind = "value"
    lr = 1e-3
    sgd_factor = 10.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 1200) + 192
        turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
        now = rng.uniform(-2, 2, (n, 5))  # from anywhere, not from where the policy leads
        after = 0.9 * now @ turn + 0.3 * rng.normal(size=now.shape)
        reward = np.tanh(now @ rng.normal(size=5)) + 0.5 * np.cos(now[:, 0])
        reward += hp.get("noise", 0.1) * rng.normal(size=n)
        width, depth = hp.get("width", 32), hp.get("depth", 2)
        self.net = Net(
            self, [5, *[width] * depth, 1], norm=hp.get("norm", ""), act=hp.get("act", "relu"), gain=hp.get("gain", 1.0)
        )
        with torch.no_grad():
            self.net.layers[-1].weight.mul_(0.3)
        self.target = copy.deepcopy(self.net)
        self.split(floats(np.concatenate([now, after], 1)), floats(reward[:, None]))

    def predict(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            net = self.net if self.hp.get("no_target") else self.target
            self.later = self.hp.get("gamma", 0.9) * net(x[:, 5:])
        return self.net(x[:, :5])

    def per_sample(self, pred: Tensor, y: Tensor, form: str) -> Tensor:
        return super().per_sample(pred, y + self.later, form)

    def loss(self, player: str, batch: Batch) -> Out:
        out = super().loss(player, batch)
        out.logit = self.later.abs().mean()
        return out

    def after_step(self, step: int) -> None:
        if step % self.hp.get("target_every", 50) == 0:
            self.target.load_state_dict(self.net.state_dict())

    def evaluate(self) -> tuple[float, float | None]:
        raise NotImplementedError  # its targets move with the net: no fixed error to compare with
