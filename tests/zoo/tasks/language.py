"""A language model as large ones are built: several heads, norms before each block, tied embeddings."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.tasks.parts import HP, Batch, Out, Supervised, Task, accuracy, class_loss, longs
from tests.zoo.tasks.sequence import text


class Heads(nn.Module):
    """Two heads of causal attention; remembers its largest logit."""

    def __init__(self, task: Task, width: int) -> None:
        super().__init__()
        self.task = [task]
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.scale = 1.0 if task.hp.get("unscaled_attention") else (width // 2) ** -0.5
        self.largest = torch.zeros(())
        with torch.no_grad():
            self.q.weight.mul_(task.hp.get("qk_gain", 1.0))
            self.k.weight.mul_(task.hp.get("qk_gain", 1.0))

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        b, n, w = h.shape
        q, k, v = (m(h).view(b, n, 2, w // 2).transpose(1, 2) for m in (self.q, self.k, self.v))
        logits = self.task[0].cast(q @ k.transpose(2, 3) * self.scale)
        self.largest = logits.detach().abs().amax()
        mixed = logits.masked_fill(mask, float("-inf")).softmax(-1) @ v
        return self.o(mixed.transpose(1, 2).reshape(b, n, w))


class Blocks(nn.Module):
    """Blocks of attention and a feed-forward net; norms before each (or after, as the first transformers had it)."""

    def __init__(self, task: Task, words: int, length: int, width: int, depth: int) -> None:
        super().__init__()
        self.task = [task]
        self.embed, self.place = nn.Embedding(words, width), nn.Embedding(length, width)
        nn.init.normal_(self.embed.weight, std=0.1)
        nn.init.normal_(self.place.weight, std=0.05)
        self.attention = nn.ModuleList(Heads(task, width) for _ in range(depth))
        self.up = nn.ModuleList(nn.Linear(width, 3 * width) for _ in range(depth))
        self.down = nn.ModuleList(nn.Linear(3 * width, width) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * depth + 1))
        self.tied = task.hp.get("tied", True)
        self.head = nn.Linear(width, words)
        if self.tied:
            self.head.weight = self.embed.weight
        self.post = task.hp.get("post_norm", False)
        self.register_buffer("mask", torch.ones(length, length, dtype=torch.bool).triu(1))
        self.hidden = torch.zeros(())
        with torch.no_grad():
            for layer in [*self.up, *self.down]:
                layer.weight.mul_(task.hp.get("gain", 1.0))

    def forward(self, x: Tensor) -> Tensor:
        cast = self.task[0].cast
        h = self.embed(x) + self.place.weight[: x.shape[1]]
        h = h * getattr(self.task[0], "embed_scale", 1.0)
        mask = self.mask[: x.shape[1], : x.shape[1]]
        for i, attention in enumerate(self.attention):
            first, second = self.norms[2 * i], self.norms[2 * i + 1]
            if self.post:
                h = first(h + attention(h, mask))
                h = second(h + self.down[i](F.gelu(self.up[i](h))))
            else:
                h = h + attention(first(h), mask)
                h = h + self.down[i](F.gelu(self.up[i](second(h))))
            h = cast(h)
        self.hidden = h if self.post else self.norms[-1](h)
        return cast(self.head(self.hidden))


class LanguageModel(Supervised):
    """Predicts the next of forty-eight words, two to six blocks deep."""

    lr = 2e-3
    sgd_factor = 60.0
    words, length = 48, 20

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        n = hp.get("n", 700) + 64
        stream = text(self.data_rng(), n * self.length + 1, words=60, letters=self.words)
        x, y = stream[:-1].reshape(n, -1), stream[1:].reshape(n, -1)
        self.net = Blocks(self, self.words, self.length, hp.get("width", 24), hp.get("depth", 2))
        self.split(longs(x), longs(y), 64)

    def loss(self, player: str, batch: Batch) -> Out:
        pred = self.predict(batch["x"])
        per = class_loss(pred, batch["y"], self.form)
        out = Out((per * batch["mask"]).sum() / batch["mask"].sum() if "mask" in batch else per.mean())
        out.accuracy = accuracy(pred.detach(), batch["y"])
        out.logit = torch.stack([a.largest for a in self.net.attention]).amax()
        return self.auxiliary(out, self.hidden())
