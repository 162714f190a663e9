"""Two more tasks with two players: soft actor-critic on an own world, and a Wasserstein GAN with gradient penalty."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.tasks.parts import HP, Batch, Net, Out, Task, floats


class Boat:
    """A boat on a line with wind; its thrust is continuous; being near the buoy pays, thrust costs."""

    def __init__(self, rng: np.random.Generator, reward: float) -> None:
        self.rng, self.reward = rng, reward
        self.paid, self.returns = 0.0, [0.0]
        self.restart()

    def restart(self) -> None:
        self.age = 0
        self.state = np.array([self.rng.uniform(-1, 1), 0.0, self.rng.uniform(-0.3, 0.3)])

    def act(self, thrust: float) -> tuple[np.ndarray, float, np.ndarray, bool]:
        before = self.state.copy()
        x, v, wind = self.state
        v = 0.95 * v + 0.15 * thrust + 0.1 * wind + 0.02 * self.rng.normal()
        x = np.clip(x + 0.2 * v, -3, 3)
        self.state = np.array([x, v, wind])
        pay = self.reward * (1 - x * x - 0.1 * thrust * thrust)
        self.paid += pay
        self.age += 1
        after, over = self.state.copy(), self.age >= 60
        if over:
            self.returns.append(self.paid)
            self.paid = 0.0
            self.restart()
        return before, pay, after, over


class SAC(Task):
    """Two critics with slowly following targets and a squashed Gaussian policy, from a replay buffer."""

    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        self.world = Boat(self.rng, hp.get("reward", 0.3))
        w = hp.get("width", 32)
        make = {"act": hp.get("act", "relu"), "gain": hp.get("gain", 1.0)}
        self.q = nn.ModuleList(Net(self, [4, w, w, 1], **make) for _ in range(2))
        self.target = nn.ModuleList(Net(self, [4, w, w, 1], **make) for _ in range(2))
        self.target.load_state_dict(self.q.state_dict())
        self.policy = Net(self, [3, w, 2], **make)
        self.modules = {"critic_loss": self.q, "actor_loss": self.policy}
        self.n = 3000
        self.memory = np.zeros((self.n, 8), np.float32)
        self.filled = 0
        for _ in range(150):
            self.play(float(self.rng.uniform(-1, 1)))

    def play(self, thrust: float) -> None:
        before, pay, after, _ = self.world.act(thrust)
        self.memory[self.filled % self.n] = [*before, thrust, pay, *after]
        self.filled += 1

    def act(self, s: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        h = self.policy(s)
        log_std = 2 * torch.tanh(h[:, 1:]) - 1.5
        raw = h[:, :1] + log_std.exp() * noise
        thrust = torch.tanh(raw)
        log_p = -0.5 * noise.square() - log_std - 0.919 - 2 * (0.6931 - raw - F.softplus(-2 * raw))
        return thrust, log_p

    def batch(self, idx: np.ndarray) -> Batch:
        with torch.no_grad():
            thrust = self.act(floats(self.world.state[None]), floats(self.rng.normal(size=(1, 1))))[0]
        self.play(float(thrust))
        rows = self.memory[self.rng.integers(0, min(self.filled, self.n), len(idx))]
        return {
            "x": floats(rows[:, :3]),
            "a": floats(rows[:, 3:4]),
            "y": floats(rows[:, 4:5]),
            "after": floats(rows[:, 5:]),
        }

    def loss(self, player: str, batch: Batch) -> Out:
        noise = torch.randn(len(batch["x"]), 1, generator=self.gen)
        alpha = self.hp.get("alpha", 0.05)
        if player == "critic_loss":
            with torch.no_grad():
                thrust, log_p = self.act(batch["after"], noise)
                pair = torch.cat([batch["after"], thrust], 1)
                nets = self.q if self.hp.get("no_target") else self.target
                best = torch.minimum(nets[0](pair), nets[1](pair))
                target = batch["y"] + self.hp.get("gamma", 0.95) * (best - alpha * log_p)
            pair = torch.cat([batch["x"], batch["a"]], 1)
            per = sum((q(pair) - target).square() for q in self.q)
            return Out(self.mean(per, batch), logit=target.abs().mean())
        thrust, log_p = self.act(batch["x"], noise)
        pair = torch.cat([batch["x"], thrust], 1)
        out = Out(self.mean(alpha * log_p - torch.minimum(self.q[0](pair), self.q[1](pair)), batch))
        out.extra = {"entropy": float(-log_p.detach().mean()), "reward": float(np.mean(self.world.returns[-10:]))}
        return out

    def mean(self, per: Tensor, batch: Batch) -> Tensor:
        mask = batch.get("mask")
        return per.mean() if mask is None else (per[:, 0] * mask).sum() / mask.sum()

    def after_step(self, step: int) -> None:
        tau = self.hp.get("tau", 0.02)
        with torch.no_grad():
            for slow, fast in zip(self.target.parameters(), self.q.parameters(), strict=True):
                slow.lerp_(fast, tau)

    def evaluate(self) -> tuple[float, float | None]:
        raise NotImplementedError


class WGAN(Task):
    """A generator of short waves against a critic whose slope is held near one."""

    lr = 1e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        self.n = hp.get("n", 800)
        t = np.arange(12)
        phase, speed, height = rng.uniform(0, 6.3, self.n), rng.uniform(0.4, 0.8, self.n), rng.uniform(0.5, 1.2, self.n)
        waves = height[:, None] * np.sin(speed[:, None] * t + phase[:, None])
        self.x = floats(waves + 0.05 * rng.normal(size=waves.shape))
        w, act = hp.get("width", 32), hp.get("act", "gelu")
        self.d = Net(self, [12, w, w, 1], act=act, gain=hp.get("gain", 1.0))
        self.g = Net(self, [5, w, w, 12], act=act, gain=hp.get("gain", 1.0))
        self.modules = {"d_loss": self.d, "g_loss": self.g}

    def batch(self, idx: np.ndarray) -> Batch:
        i = torch.from_numpy(idx)
        return {"x": self.x[i], "y": torch.zeros(len(idx))}

    def loss(self, player: str, batch: Batch) -> Out:
        x = batch["x"]
        fake = self.g(torch.randn(len(x), 5, generator=self.gen))
        if player == "g_loss":
            return Out(-self.d(fake).mean())
        fake = fake.detach()
        real, made = self.d(x), self.d(fake)
        u = torch.rand(len(x), 1, generator=self.gen)
        between = (u * x + (1 - u) * fake).requires_grad_()
        slope = torch.autograd.grad(self.d(between).sum(), between, create_graph=True)[0].norm(dim=1)
        penalty = (slope - 1).square().mean()
        return Out(
            made.mean() - real.mean() + 100 * self.hp.get("critic_decay", 0.05) * penalty,
            logit=real.detach().abs().mean(),
        )

    def evaluate(self) -> tuple[float, float | None]:
        with torch.no_grad():
            fake = self.g(torch.randn(256, 5, generator=torch.Generator().manual_seed(1)))
            near = torch.cdist(self.x[:256], fake).min(1).values.mean()
        return float(near), None
