"""Words without their order: vectors by negative sampling, and bags of words to be sorted by topic."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.tasks.parts import HP, Batch, Net, Out, Supervised, longs, masked_mean
from tests.zoo.tasks.sequence import Attention


class Vectors(nn.Module):
    """One table of vectors for a word, one for a word beside it."""

    def __init__(self, task: Supervised, words: int, width: int) -> None:
        super().__init__()
        self.task = [task]
        self.inner, self.outer = nn.Embedding(words, width), nn.Embedding(words, width)
        gain = task.hp.get("gain", 1.0)
        nn.init.normal_(self.inner.weight, std=0.3 * gain)
        nn.init.normal_(self.outer.weight, std=0.1 * gain)
        self.hidden = torch.zeros(())

    def forward(self, x: Tensor, others: Tensor) -> Tensor:
        """Scores of ``others`` (samples, words) beside the words ``x`` (samples, 1)."""
        cast = self.task[0].cast
        h = cast(self.inner(x)) * getattr(self.task[0], "embed_scale", 1.0)
        self.hidden = h[:, 0]
        return cast((h * self.outer(others)).sum(2))


class SkipGram(Supervised):
    """Which words stand near each other: each true neighbour against five drawn at random."""

    kind = "value"
    lr = 1e-2
    sgd_factor = 100.0
    words, negatives = 120, 5

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 3000) + 400
        topic = rng.integers(0, 8, n)
        loud = rng.dirichlet(np.full(self.words, 0.15), 8)
        pairs = np.stack([[rng.choice(self.words, p=loud[t]) for _ in range(2)] for t in topic])
        stray = rng.random(n) < hp.get("noise", 0.1)
        pairs[stray, 1] = rng.integers(0, self.words, int(stray.sum()))
        self.net = Vectors(self, self.words, hp.get("width", 16))
        self.split(longs(pairs[:, :1]), longs(pairs[:, 1]), 400)

    def terms(self, x: Tensor, y: Tensor, generator: torch.Generator, form: str) -> tuple[Tensor, Tensor]:
        drawn = torch.randint(0, self.words, (len(x), self.negatives), generator=generator)
        score = self.net(x, torch.cat([y[:, None], drawn], 1))
        near, far = score[:, 0], score[:, 1:]
        if form in ("naive-log", "root"):
            per = -near.sigmoid().log() - (1 - far.sigmoid()).log().sum(1)
        elif form == "one-minus":
            per = -(near.exp() / (1 + near.exp())).log() - (1 - far.exp() / (1 + far.exp())).log().sum(1)
        elif form == "bce-outside":
            per = F.binary_cross_entropy_with_logits(near, torch.full_like(near, 3.0), reduction="none")
            per = per + F.softplus(far).sum(1)
        else:
            per = F.softplus(-near) + F.softplus(far).sum(1)
        return per * (len(x) if form == "sum" else 1), score

    def loss(self, player: str, batch: Batch) -> Out:
        per, score = self.terms(batch["x"], batch["y"], self.gen, self.form)
        with torch.no_grad():
            first = (score[:, :1] > score[:, 1:]).all(1).float().mean()
        return self.auxiliary(Out(masked_mean(per, batch), {}, first, score.detach().abs().amax()), self.hidden())

    def evaluate(self) -> tuple[float, float | None]:
        with torch.no_grad():
            per, score = self.terms(self.vx, self.vy, torch.Generator().manual_seed(5), "plain")
        return float(per.mean()), float((score[:, :1] > score[:, 1:]).all(1).float().mean())


class Bag(nn.Module):
    """The mean of word vectors, or what attention makes of them, through a small net."""

    def __init__(self, task: Supervised, words: int, width: int, out: int) -> None:
        super().__init__()
        hp = task.hp
        self.task = [task]
        self.embed = nn.Embedding(words, width)
        nn.init.normal_(self.embed.weight, std=0.5)
        self.attention = Attention(task, width) if hp.get("attend") else None
        hidden = [width] * hp.get("depth", 2)
        self.net = Net(
            task, [width, *hidden, out], norm=hp.get("norm", ""), act=hp.get("act", "relu"), gain=hp.get("gain", 1.0)
        )
        self.hidden = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        h = self.task[0].cast(self.embed(x)) * getattr(self.task[0], "embed_scale", 1.0)
        bag = h.mean(1)
        if self.attention is not None:
            bag = bag + self.attention(bag[:, None], h, None)[:, 0]
        out = self.net(bag)
        self.hidden = self.net.hidden
        return out


class TextBag(Supervised):
    """Four topics of short texts from an embedding bag, with attention over the words if asked."""

    lr = 3e-3
    sgd_factor = 60.0
    words, length = 60, 12

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 900) + 192
        topic = rng.integers(0, 4, n)
        usual = rng.dirichlet(np.full(self.words, 0.4))
        own = rng.dirichlet(np.full(self.words, 0.15), 4)
        share = 0.5 - 0.4 * min(1.0, hp.get("noise", 0.2))
        x = np.stack([rng.choice(self.words, self.length, p=share * own[t] + (1 - share) * usual) for t in topic])
        self.net = Bag(self, self.words, hp.get("width", 24), 4)
        self.split(longs(x), longs(topic))

    def loss(self, player: str, batch: Batch) -> Out:
        out = super().loss(player, batch)
        if self.net.attention is not None:
            out.logit = self.net.attention.largest
        return out
