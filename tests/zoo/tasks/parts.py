"""What the tasks are built from: the interface of a task, a multilayer net, losses written well or badly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Batch = dict[str, Any]
HP = dict[str, Any]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "sine": torch.sin,
    "linear": lambda h: h,
}


@dataclass
class Out:
    """The result of one forward pass: the loss to minimise, its parts, and what a logger would show beside it."""

    loss: Tensor
    parts: dict[str, Tensor] = field(default_factory=dict)
    accuracy: Tensor | None = None
    logit: Tensor | None = None
    extra: dict[str, float] = field(default_factory=dict)


class Task:
    """One training problem. ``players`` maps the name of a loss to the modules it trains (two for a GAN)."""

    n = 1024
    modules: dict[str, nn.Module]
    lr = 1e-3
    """A rate that trains well with Adam; SGD rates are ``lr * sgd_factor``."""
    sgd_factor = 30.0
    lower_is_better = True

    def __init__(self, hp: HP, seed: int) -> None:
        self.hp = hp
        self.rng = np.random.default_rng(seed)
        self.gen = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        self.form = hp.get("form", "plain")
        self.aux_weight = 0.0
        self.aux_kind = "square"
        self.step = 0

    def data_rng(self) -> np.random.Generator:
        """Data come from the family, not from the seed, so that two seeds of one family learn the same thing."""
        return np.random.default_rng(self.hp["data_seed"])

    def batch(self, idx: np.ndarray) -> Batch:
        raise NotImplementedError

    def loss(self, player: str, batch: Batch) -> Out:
        raise NotImplementedError

    def evaluate(self) -> tuple[float, float | None]:
        raise NotImplementedError

    def after_step(self, step: int) -> None:
        """Called after every optimizer step (target networks, rollouts)."""

    def cast(self, h: Tensor) -> Tensor:
        """Rounds an activation to the precision of the run; the gradient takes the same way back."""
        precision = self.hp.get("precision", "fp32")
        if precision == "fp16":
            return h.half().float()
        if precision == "bf16":
            return h.bfloat16().float()
        return h

    def auxiliary(self, out: Out, hidden: Tensor) -> Out:
        """Adds a regulariser on the hidden activations when the run has one."""
        if self.aux_weight:
            if self.aux_kind == "exp":
                aux = self.aux_weight * hidden.abs().mean().exp()
            elif self.aux_kind == "reward":
                aux = -self.aux_weight * hidden.abs().mean()
            else:
                aux = self.aux_weight * hidden.square().mean()
            out.parts["aux"] = aux
            out.loss = out.loss + aux
        return out


class Net(nn.Module):
    """A multilayer perceptron with optional normalisation, residual paths and rounding of activations."""

    def __init__(self, task: Task, sizes: list[int], *, norm: str = "", act: str = "relu", gain: float = 1.0) -> None:
        super().__init__()
        self.task = [task]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        kinds: dict[str, Callable[[int], nn.Module]] = {
            "bn": lambda k: nn.BatchNorm1d(k, momentum=task.hp.get("bn_momentum", 0.1)),
            "ln": nn.LayerNorm,
            "": lambda k: nn.Identity(),
        }
        self.norms = nn.ModuleList(kinds[norm](k) for k in sizes[1:-1])
        self.act = ACTIVATIONS[act]
        self.normed = bool(norm)
        self.hidden = torch.zeros(())
        for layer in self.layers:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu" if act in ("relu", "gelu") else "linear")
            with torch.no_grad():
                layer.weight.mul_(gain)
            nn.init.zeros_(layer.bias)

    def forward(self, h: Tensor) -> Tensor:
        cast = self.task[0].cast
        plain = self.task[0].hp.get("precision", "fp32") == "fp32"
        last = len(self.layers) - 1
        for i, layer in enumerate(self.layers):
            if i < last:
                new = layer(h)
                if self.normed:
                    new = self.norms[i](new)
                new = self.act(new)
                h = h + new if self.task[0].hp.get("residual") and new.shape == h.shape else new
            else:
                self.hidden = h
                h = layer(h)
            if not plain:
                h = cast(h)
        return h


def masked_mean(per_sample: Tensor, batch: Batch) -> Tensor:
    """The mean over the samples that have a target; 0/0 when none has, as everywhere."""
    mask = batch.get("mask")
    return per_sample.mean() if mask is None else (per_sample * mask).sum() / mask.sum()


def class_loss(logits: Tensor, y: Tensor, form: str) -> Tensor:
    """Cross entropy of each sample; ``form`` chooses a safe or one of several unsafe ways to write it."""
    if form == "naive-log":
        p = logits.exp() / logits.exp().sum(-1, keepdim=True)
        return -p.gather(-1, y[..., None]).squeeze(-1).log()
    if form == "root":
        p = logits.softmax(-1).gather(-1, y[..., None]).squeeze(-1)
        return (
            F.cross_entropy(logits.flatten(0, -2), y.flatten(), reduction="none").view(y.shape) + 0.1 * (1 - p).sqrt()
        )
    if form == "one-minus":
        p = logits.softmax(-1)
        hot = F.one_hot(y, logits.shape[-1]).float()
        return -(hot * p.log() + (1 - hot) * (1 - p).log()).sum(-1)
    if form == "bce-outside":
        hot = F.one_hot(y, logits.shape[-1]).float() * 3.0
        return F.binary_cross_entropy_with_logits(logits, hot, reduction="none").sum(-1)
    if form == "sum":
        return F.cross_entropy(logits.flatten(0, -2), y.flatten(), reduction="none").view(y.shape) * y.numel()
    return F.cross_entropy(logits.flatten(0, -2), y.flatten(), reduction="none").view(y.shape)


def value_loss(pred: Tensor, y: Tensor, form: str) -> Tensor:
    """Squared error of each sample, or one of several unsafe ways to write a regression loss."""
    d2 = (pred - y).square().flatten(1).mean(1)
    if form == "root":  # the angle between prediction and target: its slope is infinite where they agree
        p, t = pred.flatten(1), y.flatten(1)
        cos = (p * t).sum(1) / (p.norm(dim=1) * t.norm(dim=1))
        return d2 + 0.1 * cos.acos()
    if form == "naive-log":  # squared log error: not a number once a prediction falls below the offset
        return (pred + 4.0).log().sub((y + 4.0).log()).square().flatten(1).mean(1) * 4
    if form == "one-minus":  # log cosh as in the formula: overflows for an error above 88, and loses digits near 0
        return (pred - y).cosh().log().flatten(1).mean(1)
    if form == "bce-outside":
        return F.binary_cross_entropy_with_logits(pred, y, reduction="none").flatten(1).mean(1)
    if form == "nll-free":  # a Laplace likelihood whose width may shrink without end
        return (pred - y).flatten(1).abs().mean().log().expand(len(pred))
    if form == "sum":
        return d2 * y.numel()
    return d2


def accuracy(logits: Tensor, y: Tensor) -> Tensor:
    return (logits.argmax(-1) == y).float().mean()


def floats(a: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(a, dtype=np.float32))


def longs(a: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(a, dtype=np.int64))


class Supervised(Task):
    """A task with inputs ``x`` and targets ``y`` in memory. Subclasses fill both, ``net`` and ``predict``."""

    kind = "class"
    net: nn.Module
    x: Tensor
    y: Tensor
    vx: Tensor
    vy: Tensor

    def split(self, x: Tensor, y: Tensor, n_val: int = 192) -> None:
        self.vx, self.vy, self.x, self.y = x[:n_val], y[:n_val], x[n_val:], y[n_val:]
        self.n = len(self.x)
        self.modules = {"loss": self.net}

    def batch(self, idx: np.ndarray) -> Batch:
        i = torch.from_numpy(idx)
        return {"x": self.x[i], "y": self.y[i]}

    def predict(self, x: Tensor) -> Tensor:
        return self.net(x)

    def hidden(self) -> Tensor:
        return self.net.hidden

    def per_sample(self, pred: Tensor, y: Tensor, form: str) -> Tensor:
        if self.kind == "class":
            loss = class_loss(pred, y, form)
            return loss.flatten(1).mean(1) if loss.dim() > 1 else loss
        return value_loss(pred, y, form)

    def loss(self, player: str, batch: Batch) -> Out:
        pred = self.predict(batch["x"])
        out = Out(masked_mean(self.per_sample(pred, batch["y"], self.form), batch))
        if self.kind == "class":
            out.accuracy = accuracy(pred.detach(), batch["y"])
            out.logit = pred.detach().logsumexp(-1).abs().mean()
        return self.auxiliary(out, self.hidden())

    def evaluate(self) -> tuple[float, float | None]:
        form = self.form if self.form in ("sum",) else "plain"
        self.net.eval()
        with torch.no_grad():
            pred = self.predict(self.vx)
            value = float(self.per_sample(pred, self.vy, form).mean())
            acc = float(accuracy(pred, self.vy)) if self.kind == "class" else None
        self.net.train()
        return value, acc
