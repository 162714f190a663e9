"""Reinforcement learning on one tiny world: keep an unstable cart near the middle."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from tests.zoo.tasks.parts import HP, Batch, Net, Out, Task, floats, longs


class Carts:
    """Carts that fall away from the middle; three pushes; a step inside pays ``reward``, an episode lasts 100 steps."""

    def __init__(self, count: int, rng: np.random.Generator, reward: float) -> None:
        self.rng, self.reward = rng, reward
        self.state = rng.normal(size=(count, 2)) * 0.1
        self.age = np.zeros(count, int)
        self.returns: list[float] = []

    def act(self, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, v = self.state[:, 0], self.state[:, 1]
        v = v + 0.1 * (2.0 * x + 3.0 * (action - 1) + 0.5 * self.rng.normal(size=len(x)))
        x = x + 0.1 * v
        self.age += 1
        out = (np.abs(x) > 1.0) | (np.abs(v) > 3)
        over = out | (self.age >= 100)
        self.returns.extend((self.age[over] * self.reward).tolist())
        reached = np.stack([x, v], 1)
        self.state = np.where(over[:, None], self.rng.normal(size=reached.shape) * 0.1, reached)
        self.age[over] = 0
        return reached, np.where(out, 0.0, self.reward), out

    def mean_return(self) -> float:
        return float(np.mean(self.returns[-20:])) if self.returns else float("nan")


class DQN(Task):
    """Q-learning from a replay buffer with a target network."""

    lr = 1e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        self.world = Carts(1, self.rng, hp.get("reward", 1.0))
        w = hp.get("width", 32)
        make = {"act": hp.get("act", "relu"), "norm": hp.get("norm", ""), "gain": hp.get("gain", 1.0)}
        self.q, self.target = Net(self, [2, w, w, 3], **make), Net(self, [2, w, w, 3], **make)
        self.target.load_state_dict(self.q.state_dict())
        self.modules = {"loss": self.q}
        self.n = 4000
        self.memory = np.zeros((self.n, 7), np.float32)
        self.filled = 0
        for _ in range(200):
            self.play(self.rng.integers(0, 3, 1))

    def play(self, action: np.ndarray) -> None:
        before = self.world.state.copy()
        after, reward, out = self.world.act(action)
        row = np.concatenate([before[0], action, reward, after[0], out])
        self.memory[self.filled % self.n] = row
        self.filled += 1

    def batch(self, idx: np.ndarray) -> Batch:
        eps = max(0.05, 1 - self.step / (0.3 * self.hp["steps"]))
        if self.rng.random() < eps:
            action = self.rng.integers(0, 3, 1)
        else:
            with torch.no_grad():
                action = self.q(floats(self.world.state)).argmax(1).numpy()
        self.play(action)
        rows = self.memory[self.rng.integers(0, min(self.filled, self.n), len(idx))]
        return {
            "x": floats(rows[:, :2]),
            "a": longs(rows[:, 2]),
            "y": floats(rows[:, 3]),
            "after": floats(rows[:, 4:6]),
            "out": floats(rows[:, 6]),
        }

    def loss(self, player: str, batch: Batch) -> Out:
        q = self.q(batch["x"])
        with torch.no_grad():
            net = self.q if self.hp.get("no_target") else self.target
            target = batch["y"] + self.hp.get("gamma", 0.95) * (1 - batch["out"]) * net(batch["after"]).amax(1)
        chosen = q.gather(1, batch["a"][:, None])[:, 0]
        per = F.smooth_l1_loss(chosen, target, reduction="none") if self.hp.get("huber") else (chosen - target).square()
        if "mask" in batch:
            per = per * batch["mask"] / batch["mask"].mean()
        out = Out(per.mean(), logit=q.detach().abs().mean())
        out.extra["reward"] = self.world.mean_return()
        return out

    def after_step(self, step: int) -> None:
        if step % self.hp.get("target_every", 100) == 0:
            self.target.load_state_dict(self.q.state_dict())


class PPO(Task):
    """Policy gradient with a clipped ratio on sixteen carts; eight updates for each rollout."""

    lr = 2e-3

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        self.world = Carts(16, self.rng, hp.get("reward", 0.1))
        w = hp.get("width", 32)
        self.net = Net(self, [2, w, w, 4], act=hp.get("act", "tanh"), norm=hp.get("norm", ""), gain=hp.get("gain", 1.0))
        self.modules = {"loss": self.net}
        self.n, self.length = 512, 32
        self.rollout: dict[str, torch.Tensor] = {}

    def collect(self) -> None:
        gamma, lam = self.hp.get("gamma", 0.97), 0.9
        rows = []
        with torch.no_grad():
            for _ in range(self.length):
                s = self.world.state.copy()
                h = self.net(floats(s))
                logp = h[:, :3].log_softmax(1)
                noise = -np.log(-np.log(self.rng.random((16, 3)) + 1e-12) + 1e-12)
                a = (logp.numpy() + noise).argmax(1)
                after, reward, out = self.world.act(a)
                rows.append((s, a, logp.numpy()[np.arange(16), a], h[:, 3].numpy(), reward, out, after))
            last = self.net(floats(rows[-1][6]))[:, 3].numpy()
        s, a, logp, v, r, out, _ = (np.stack(c) for c in zip(*rows, strict=True))
        adv, run = np.zeros_like(r), np.zeros(16)
        following = np.concatenate([v[1:], last[None]])
        for t in range(self.length - 1, -1, -1):
            delta = r[t] + gamma * following[t] * ~out[t] - v[t]
            run = delta + gamma * lam * run * ~out[t]
            adv[t] = run
        returns = adv + v
        adv = (adv - adv.mean()) / (adv.std() + 1e-8)
        self.rollout = {
            "x": floats(s.reshape(-1, 2)),
            "a": longs(a.reshape(-1)),
            "logp": floats(logp.reshape(-1)),
            "y": floats(returns.reshape(-1)),
            "adv": floats(adv.reshape(-1)),
        }

    def batch(self, idx: np.ndarray) -> Batch:
        if self.step % (self.hp.get("epochs", 1) * (512 // len(idx))) == 0 or not self.rollout:
            self.collect()
        i = torch.from_numpy(idx)
        return {k: v[i] for k, v in self.rollout.items()}

    def loss(self, player: str, batch: Batch) -> Out:
        h = self.net(batch["x"])
        logp_all = h[:, :3].log_softmax(1)
        logp = logp_all.gather(1, batch["a"][:, None])[:, 0]
        ratio = (logp - batch["logp"]).exp()
        c = self.hp.get("ratio_clip", 0.2)
        gain = torch.minimum(ratio * batch["adv"], ratio.clamp(1 - c, 1 + c) * batch["adv"])
        value = (h[:, 3] - batch["y"]).square()
        if "mask" in batch:
            gain, value = gain * batch["mask"] / batch["mask"].mean(), value * batch["mask"] / batch["mask"].mean()
        if self.form in ("naive-log", "one-minus", "root"):
            p = h[:, :3].exp() / h[:, :3].exp().sum(1, keepdim=True)
            entropy = -(p * p.log()).sum(1).mean()
        else:
            entropy = -(logp_all.exp() * logp_all).sum(1).mean()
        parts = {
            "policy_loss": -gain.mean(),
            "value_loss": value.mean(),
            "entropy_loss": -self.hp.get("entropy_weight", 0.01) * entropy,
        }
        out = Out(parts["policy_loss"] + 0.5 * parts["value_loss"] + parts["entropy_loss"], parts)
        out.extra = {
            "approx_kl": float((batch["logp"] - logp.detach()).mean()),
            "entropy": float(entropy.detach()),
            "reward": self.world.mean_return(),
        }
        return out
