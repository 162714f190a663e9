"""Tasks on sequences: a character transformer, recurrent nets, a translator, fine-tuning with masked labels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from tests.zoo.tasks.parts import HP, Batch, Out, Supervised, Task, accuracy, class_loss, floats, longs


def text(rng: np.random.Generator, n: int, words: int = 40, letters: int = 20) -> np.ndarray:
    """A stream of letters: words from a small vocabulary in a random grammar, with spaces (letter 0)."""
    vocabulary = [rng.integers(1, letters, rng.integers(2, 6)) for _ in range(words)]
    follows = rng.dirichlet(np.full(words, 0.1), words)
    out: list[int] = []
    word = 0
    while len(out) < n:
        out.extend([*vocabulary[word], 0])
        word = int(rng.choice(words, p=follows[word]))
    return np.array(out[:n])


class Attention(nn.Module):
    """One head of attention; remembers its largest logit."""

    def __init__(self, task: Task, width: int) -> None:
        super().__init__()
        self.task = [task]
        self.q, self.k = nn.Linear(width, width), nn.Linear(width, width)
        self.v, self.o = nn.Linear(width, width), nn.Linear(width, width)
        self.scale = 1.0 if task.hp.get("unscaled_attention") else width**-0.5
        self.largest = torch.zeros(())
        with torch.no_grad():
            self.q.weight.mul_(task.hp.get("qk_gain", 1.0))
            self.k.weight.mul_(task.hp.get("qk_gain", 1.0))

    def forward(self, query: Tensor, memory: Tensor, mask: Tensor | None) -> Tensor:
        logits = self.task[0].cast(self.q(query) @ self.k(memory).transpose(1, 2) * self.scale)
        self.largest = logits.detach().abs().amax()
        if mask is not None:
            logits = logits.masked_fill(mask, float("-inf"))
        return self.o(logits.softmax(-1) @ self.v(memory))


class Decoder(nn.Module):
    """A small causal transformer, pre- or post-norm."""

    def __init__(self, task: Task, letters: int, length: int, width: int, depth: int) -> None:
        super().__init__()
        hp = task.hp
        self.task = [task]
        self.embed, self.place = nn.Embedding(letters, width), nn.Embedding(length, width)
        nn.init.normal_(self.embed.weight, std=0.3)
        nn.init.normal_(self.place.weight, std=0.1)
        self.attention = nn.ModuleList(Attention(task, width) for _ in range(depth))
        self.up = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(depth))
        self.down = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(depth))
        norm = hp.get("norm", "ln") == "ln"
        self.n1 = nn.ModuleList(nn.LayerNorm(width) if norm else nn.Identity() for _ in range(depth))
        self.n2 = nn.ModuleList(nn.LayerNorm(width) if norm else nn.Identity() for _ in range(depth))
        self.head = nn.Linear(width, letters)
        self.post = hp.get("post_norm", False)
        self.register_buffer("mask", torch.ones(length, length, dtype=torch.bool).triu(1))
        self.hidden = torch.zeros(())
        gain = hp.get("gain", 1.0)
        if gain != 1.0:
            with torch.no_grad():
                for layer in [*self.up, *self.down]:
                    layer.weight.mul_(gain)

    def forward(self, x: Tensor) -> Tensor:
        cast = self.task[0].cast
        length = x.shape[1]
        h = self.embed(x) + self.place.weight[:length]
        if (scale := getattr(self.task[0], "embed_scale", 1.0)) != 1.0:
            h = h * scale
        mask = self.mask[:length, :length]
        for i, attention in enumerate(self.attention):
            if self.post:
                h = self.n1[i](h + attention(h, h, mask))
                h = self.n2[i](h + self.down[i](cast(torch.relu(self.up[i](h)))))
            else:
                n = self.n1[i](h)
                h = h + attention(n, n, mask)
                h = h + self.down[i](cast(torch.relu(self.up[i](self.n2[i](h)))))
            h = cast(h)
        self.hidden = h
        return cast(self.head(h))

    def largest(self) -> Tensor:
        return torch.stack([a.largest for a in self.attention]).amax()


class CharTransformer(Supervised):
    """Predicts the next letter of a generated text."""

    lr = 3e-3
    sgd_factor = 60.0
    letters, length = 20, 16

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        n = hp.get("n", 1024) + 64
        stream = text(self.data_rng(), n * self.length + 1, letters=self.letters)
        x, y = stream[:-1].reshape(n, -1), stream[1:].reshape(n, -1)
        self.net = Decoder(self, self.letters, self.length, hp.get("width", 24), hp.get("depth", 1))
        self.split(longs(x), longs(y), 64)

    def loss(self, player: str, batch: Batch) -> Out:
        pred = self.predict(batch["x"])
        loss = class_loss(pred, batch["y"], self.form)
        out = Out((loss * batch["mask"]).sum() / batch["mask"].sum() if "mask" in batch else loss.mean())
        out.accuracy = accuracy(pred.detach(), batch["y"])
        out.logit = self.net.largest()
        return self.auxiliary(out, self.hidden())


class FineTune(CharTransformer):
    """A decoder trained before on one text goes on with another; only the end of each line has labels."""

    lr = 1.5e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        n = hp.get("n", 512) + 64
        stream = text(np.random.default_rng(hp["data_seed"] + 1), n * self.length + 1, letters=self.letters)
        opt = torch.optim.Adam(self.net.parameters(), 5e-3)
        for _ in range(120):
            i = torch.from_numpy(self.rng.integers(0, self.n, 32))
            opt.zero_grad()
            class_loss(self.net(self.x[i]), self.y[i], "plain").mean().backward()
            opt.step()
        self.split(longs(stream[:-1].reshape(n, -1)), longs(stream[1:].reshape(n, -1)), 64)
        self.prompt = longs(np.random.default_rng(hp["data_seed"] + 2).integers(4, self.length - 2, n - 64))

    def batch(self, idx: np.ndarray) -> Batch:
        out = super().batch(idx)
        out["mask"] = (torch.arange(self.length) >= self.prompt[torch.from_numpy(idx)][:, None]).float()
        return out


class Recurrent(Supervised):
    """Adds marked numbers of a sequence, or names the first symbol at its end; a vanilla net or a GRU."""

    lr = 3e-3
    sgd_factor = 10.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n, length, width = hp.get("n", 768) + 128, hp.get("length", 12), hp.get("width", 24)
        self.kind = "value" if hp.get("adding", True) else "class"
        x = rng.normal(size=(n, length, 2))
        x[:, :, 1] = 0
        for column in (rng.integers(0, length // 2, n), rng.integers(length // 2, length, n)):
            x[np.arange(n), column, 1] = 1
        total = (x[:, :, 0] * x[:, :, 1]).sum(1)
        y = floats(total[:, None]) if self.kind == "value" else longs((total > 0.5).astype(int) + (total > -0.5))
        self.net = RecurrentNet(self, 2, width, 1 if self.kind == "value" else 3, hp)
        self.split(floats(x), y, 128)

    def loss(self, player: str, batch: Batch) -> Out:
        out = super().loss(player, batch)
        if self.net.attention is not None:
            out.logit = self.net.attention.largest
        return out


class RecurrentNet(nn.Module):
    def __init__(self, task: Task, inputs: int, width: int, out: int, hp: HP) -> None:
        super().__init__()
        self.task = [task]
        self.cell = hp.get("cell", "gru")
        if self.cell == "gru":
            self.rnn: nn.Module = nn.GRU(inputs, width, batch_first=True)
        else:
            self.inp, self.rec = nn.Linear(inputs, width), nn.Linear(width, width)
            nn.init.orthogonal_(self.rec.weight, gain=hp.get("gain", 1.0))
        self.act = torch.relu if self.cell == "relu" else torch.tanh
        self.head = nn.Linear(width, out)
        self.attention = Attention(task, width) if hp.get("attend") else None
        self.width = width
        self.hidden = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        cast = self.task[0].cast
        if self.cell == "gru":
            states = self.rnn(x)[0]
        else:
            h = torch.zeros(len(x), self.width)
            seen = []
            for s in self.inp(x).unbind(1):
                h = cast(self.act(s + self.rec(h)))
                seen.append(h)
            states = torch.stack(seen, 1)
        h = states[:, -1]
        if self.attention is not None:
            h = h + self.attention(h[:, None], states, None)[:, 0]
        self.hidden = cast(h)
        return cast(self.head(self.hidden))


class Seq2Seq(Supervised):
    """Reads six symbols with a GRU and writes them backwards, looking back by attention."""

    lr = 5e-3
    sgd_factor = 30.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n, length = hp.get("n", 1024) + 128, 6
        x = rng.integers(0, 8, (n, length))
        y = x[:, ::-1].copy()
        wrong = rng.random(y.shape) < hp.get("noise", 0.02)
        y[wrong] = rng.integers(0, 8, int(wrong.sum()))
        self.net = Translator(self, 8, hp.get("width", 24), length)
        self.split(longs(x), longs(y), 128)

    def loss(self, player: str, batch: Batch) -> Out:
        out = super().loss(player, batch)
        out.logit = self.net.attention.largest
        return out


class Translator(nn.Module):
    def __init__(self, task: Task, symbols: int, width: int, length: int) -> None:
        super().__init__()
        self.task = [task]
        self.embed = nn.Embedding(symbols, width)
        self.encoder = nn.GRU(width, width, batch_first=True)
        self.place = nn.Embedding(length, width)
        self.attention = Attention(task, width)
        self.head = nn.Linear(width, symbols)
        self.hidden = torch.zeros(())
        gain = task.hp.get("gain", 1.0)
        if gain != 1.0:
            with torch.no_grad():
                self.encoder.weight_hh_l0.mul_(gain)
                self.encoder.weight_ih_l0.mul_(gain)

    def forward(self, x: Tensor) -> Tensor:
        cast = self.task[0].cast
        h = self.embed(x)
        if (scale := getattr(self.task[0], "embed_scale", 1.0)) != 1.0:
            h = h * scale
        memory = cast(self.encoder(h)[0])
        query = self.place.weight[None, : x.shape[1]] + memory[:, -1:]
        self.hidden = cast(query + self.attention(query, memory, None))
        return cast(self.head(self.hidden))
