"""Tasks without labels: a variational autoencoder, a GAN, diffusion, contrastive learning."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.zoo.tasks.parts import HP, Batch, Net, Out, Supervised, Task, accuracy, floats, masked_mean


class VAE(Supervised):
    """Reconstruction and KL, its weight possibly rising at first; a negative loss when the width is learned."""

    kind = "value"
    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 768) + 192
        x = np.tanh(rng.normal(size=(n, 3)) @ rng.normal(size=(3, 24))) + hp.get("noise", 0.05) * rng.normal(
            size=(n, 24)
        )
        w = hp.get("width", 32)
        kinds = {"norm": hp.get("norm", ""), "act": hp.get("act", "relu"), "gain": hp.get("gain", 1.0)}
        self.net, self.dec = Net(self, [24, w, 8], **kinds), Net(self, [4, w, 24], **kinds)
        self.split(floats(x), floats(x))
        self.modules = {"loss": torch.nn.ModuleList([self.net, self.dec])}
        self.beta = hp.get("beta", 0.02)

    def elbo(self, x: Tensor, y: Tensor, batch: Batch, noise: Tensor) -> dict[str, Tensor]:
        h = self.net(x)
        mean, log_var = h[:, :4], h[:, 4:]
        std = (0.5 * log_var).exp()
        recon = (self.dec(mean + std * noise) - y).square().mean(1)
        if self.form == "naive-log":
            kl = 0.5 * (mean.square() + log_var.exp() - 1 - (log_var.exp() - 0.02).log()).sum(1)
        else:
            kl = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(1)
        if self.hp.get("learned_width"):
            recon = 0.5 * (recon / 0.01 + float(np.log(0.01)))
        ramp = min(1.0, self.step / self.hp["kl_ramp"]) if self.hp.get("kl_ramp") else 1.0
        scale = float(len(x)) if self.form == "sum" else 1.0
        return {"recon": scale * masked_mean(recon, batch), "kl": scale * ramp * self.beta * masked_mean(kl, batch)}

    def loss(self, player: str, batch: Batch) -> Out:
        noise = torch.randn(len(batch["x"]), 4, generator=self.gen)
        parts = self.elbo(batch["x"], batch["y"], batch, noise)
        return self.auxiliary(Out(parts["recon"] + parts["kl"], dict(parts)), self.net.hidden)

    def evaluate(self) -> tuple[float, float | None]:
        self.net.eval(), self.dec.eval()
        with torch.no_grad():
            parts = self.elbo(self.vx, self.vy, {}, torch.zeros(len(self.vx), 4))
        self.net.train(), self.dec.train()
        return float(parts["recon"] + parts["kl"]), None


class GAN(Task):
    """A generator of points on a ring of eight against a discriminator."""

    lr = 1e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        self.n = 1024
        angle = rng.integers(0, 8, self.n) * np.pi / 4
        self.x = floats(np.stack([np.cos(angle), np.sin(angle)], 1) * 1.5 + 0.1 * rng.normal(size=(self.n, 2)))
        w = hp.get("width", 32)
        act = hp.get("act", "relu")
        self.d = Net(self, [2, w, w, 1], act=act, gain=hp.get("gain", 1.0))
        self.g = Net(self, [4, w, w, 2], act=act, norm=hp.get("norm", ""), gain=hp.get("gain", 1.0))
        self.modules = {"d_loss": self.d, "g_loss": self.g}

    def batch(self, idx: np.ndarray) -> Batch:
        i = torch.from_numpy(idx)
        return {"x": self.x[i], "y": torch.zeros(len(idx))}

    def loss(self, player: str, batch: Batch) -> Out:
        fake = self.g(torch.randn(len(batch["x"]), 4, generator=self.gen))
        kind = self.hp.get("gan_loss", "bce")
        if player == "d_loss":
            real, made = self.d(batch["x"]), self.d(fake.detach())
            if kind == "wasserstein":
                loss = (
                    made.mean()
                    - real.mean()
                    + self.hp.get("critic_decay", 0.05) * (real.square() + made.square()).mean()
                )
            elif kind == "lsgan":
                loss = 0.5 * ((real - 1).square().mean() + made.square().mean())
            elif self.form in ("naive-log", "one-minus", "root"):
                loss = -real.sigmoid().log().mean() - (1 - made.sigmoid()).log().mean()
            else:
                loss = F.softplus(-real).mean() + F.softplus(made).mean()
            return Out(loss, logit=real.detach().abs().mean())
        score = self.d(fake)
        if kind == "wasserstein":
            return Out(-score.mean())
        if kind == "lsgan":
            return Out(0.5 * (score - 1).square().mean())
        return Out(F.softplus(-score).mean())

    def evaluate(self) -> tuple[float, float | None]:
        with torch.no_grad():
            fake = self.g(torch.randn(256, 4, generator=torch.Generator().manual_seed(1)))
            near = torch.cdist(self.x[:256], fake).min(1).values.mean()
        return float(near), None


class Diffusion(Supervised):
    """Predicts the noise in points of two moons; the loss of one batch is mostly the luck of its time steps."""

    kind = "value"
    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 1024) + 192
        t = np.pi * rng.random(n)
        up = rng.random(n) < 0.5
        x = np.where(up, np.cos(t), 1 - np.cos(t)), np.where(up, np.sin(t), 0.5 - np.sin(t))
        w = hp.get("width", 48)
        self.net = Net(self, [6, w, w, 2], norm=hp.get("norm", ""), act=hp.get("act", "gelu"), gain=hp.get("gain", 1.0))
        pts = floats(np.stack(x, 1) + 0.05 * rng.normal(size=(n, 2)))
        self.split(pts, pts.clone())

    def denoise(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        a = (torch.cos(t * 1.5)).clamp(1e-3, 1)
        noisy = a * x + (1 - a * a).sqrt() * noise
        return self.net(torch.cat([noisy, t, torch.sin(6 * t), torch.cos(6 * t), noisy.norm(dim=1, keepdim=True)], 1))

    def loss(self, player: str, batch: Batch) -> Out:
        b = len(batch["x"])
        t, noise = torch.rand(b, 1, generator=self.gen), torch.randn(b, 2, generator=self.gen)
        target = noise + (batch["y"] - batch["x"])
        per = self.per_sample(self.denoise(batch["x"], t, noise), target, self.form)
        return self.auxiliary(Out(masked_mean(per, batch)), self.net.hidden)

    def evaluate(self) -> tuple[float, float | None]:
        g = torch.Generator().manual_seed(7)
        n = len(self.vx)
        self.net.eval()
        with torch.no_grad():
            noise = torch.randn(n, 2, generator=g)
            value = (self.denoise(self.vx, torch.rand(n, 1, generator=g), noise) - noise).square().mean()
        self.net.train()
        return float(value), None


class Contrastive(Supervised):
    """Two noisy views of each sample find each other (InfoNCE), with a learned temperature if asked."""

    kind = "value"
    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 768) + 192
        x = rng.normal(size=(n, 5)) @ rng.normal(size=(5, 16))
        w = hp.get("width", 32)
        self.net = Net(self, [16, w, 8], norm=hp.get("norm", ""), act=hp.get("act", "relu"), gain=hp.get("gain", 1.0))
        self.split(floats(x), floats(x))
        self.log_scale = torch.nn.Parameter(torch.tensor(2.0))
        holder = torch.nn.Module()
        holder.net, holder.log_scale = self.net, self.log_scale
        self.modules = {"loss": holder}

    def pairs(self, x: Tensor, y: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        e = self.hp.get("noise", 0.5)
        a = self.net(x + e * torch.randn(x.shape, generator=generator))
        b = self.net(y + e * torch.randn(x.shape, generator=generator))
        return a, b

    def score(self, a: Tensor, b: Tensor) -> Tensor:
        if self.hp.get("negative"):
            return -F.cosine_similarity(a, b).view(-1, 1) + 0.5 * a.std(0).sub(1).relu().mean()
        if self.form in ("naive-log", "root", "one-minus"):
            a, b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
            return (a @ b.T) * self.log_scale.exp()
        if not self.hp.get("normalised", True):
            return a @ b.T
        return (F.normalize(a) @ F.normalize(b).T) * self.log_scale.exp()

    def loss(self, player: str, batch: Batch) -> Out:
        a, b = self.pairs(batch["x"], batch["y"], self.gen)
        s = self.score(a, b)
        if self.hp.get("negative"):
            return self.auxiliary(Out(masked_mean(s[:, 0], batch)), self.net.hidden)
        target = torch.arange(len(a))
        if self.form in ("naive-log", "root", "one-minus"):
            p = s.exp()
            per = -(p.diagonal() / p.sum(1)).log()
        else:
            per = F.cross_entropy(s, target, reduction="none")
        if self.form == "sum":
            per = per * len(a)
        out = Out(masked_mean(per, batch), accuracy=accuracy(s.detach(), target), logit=s.detach().abs().amax())
        return self.auxiliary(out, self.net.hidden)

    def evaluate(self) -> tuple[float, float | None]:
        self.net.eval()
        with torch.no_grad():
            a, b = self.pairs(self.vx[:64], self.vx[:64], torch.Generator().manual_seed(3))
            s = self.score(a, b)
            if self.hp.get("negative"):
                value, acc = float(s.mean()), None
            else:
                value = float(F.cross_entropy(s, torch.arange(64)))
                acc = float(accuracy(s, torch.arange(64)))
        self.net.train()
        return value, acc
