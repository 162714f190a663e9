"""One training loop for every task of the zoo, recording everything at every step; a view is chosen later.

Optimizers, clipping, loss scaling and schedules are written out on one flat vector of weights: that is exact, fast on
a CPU, and lets a fault reach any part of the state a real one would.
"""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tests.zoo.tasks import TASKS
from tests.zoo.tasks.linear import Manual
from tests.zoo.tasks.parts import HP, Out, Task

Array = NDArray[np.float32]


class Fault:
    """What goes wrong, as hooks into the loop. The base class is a healthy run."""

    def __init__(self, strength: float = 1.0, at: int = 0, seed: int = 0) -> None:
        self.strength, self.at = strength, at
        self.rng = np.random.default_rng(seed)

    def settings(self, hp: HP) -> None:
        """Changes the settings before anything is built."""

    def built(self, loop: Loop) -> None:
        """Changes the freshly built task or optimizer."""

    def before(self, loop: Loop) -> None:
        """Called before each step."""

    def lr(self, loop: Loop, lr: float) -> float:
        return lr

    def batch(self, loop: Loop, batch: dict[str, Any]) -> None:
        """Changes the batch in place (tensors are fresh copies)."""

    def loss(self, loop: Loop, out: Out) -> None:
        """Changes the loss that is minimised."""

    def gradient(self, loop: Loop, player: str) -> None:
        """Changes the gradient that reaches the optimizer."""

    def evaluating(self, loop: Loop, begins: bool) -> None:
        """Called before and after each evaluation."""

    def reduce(self, loop: Loop, gradients: list[Array]) -> list[Array]:
        """What each rank has after the exchange of gradients: their mean."""
        return [np.mean(gradients, axis=0)] * len(gradients)


def schedule(hp: HP, step: int) -> float:
    """The learning rate as a share of its peak."""
    total, warm = hp["steps"], hp.get("warmup", 0)
    if step < warm:
        return (step + 1) / warm
    t = (step - warm) / max(1, total - warm)
    kind = hp.get("schedule", "constant")
    if kind == "cosine":
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * t))
    if kind == "linear":
        return 1 - 0.99 * t
    if kind == "steps":
        return 1.0 if t < 0.5 else 0.2 if t < 0.8 else 0.04
    if kind == "onecycle":
        return 0.04 + 0.96 * (t / 0.3) if t < 0.3 else 0.5 * (1 + math.cos(math.pi * (t - 0.3) / 0.7)) + 1e-3
    if kind == "restarts":
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * ((3 * t) % 1.0)))
    if kind == "exponential":
        return 0.02**t
    if kind == "wsd":
        return 1.0 if t < 0.8 else max(0.02, (1 - t) / 0.2)
    return 1.0


class Flat:
    """The weights and gradients of one player as two vectors that the modules look into."""

    def __init__(self, task: Task, player: str) -> None:
        self.names: list[tuple[str, int, int]] = []
        if isinstance(task, Manual):
            self.w, self.g = task.w, task.g
            half = len(self.w) // 2
            self.names = [("first", 0, half), ("second", half, len(self.w))]
            return
        params = list(task.modules[player].named_parameters())
        n = sum(p.numel() for _, p in params)
        w, g = torch.empty(n), torch.zeros(n)
        at = 0
        for name, p in params:
            end = at + p.numel()
            w[at:end] = p.data.flatten()
            p.data = w[at:end].view(p.shape)
            p.grad = g[at:end].view(p.shape)
            if p.dim() > 1:
                self.names.append((name.removesuffix(".weight"), at, end))
            at = end
        self.w, self.g = w.numpy(), g.numpy()


class Optimizer:
    """SGD, momentum, RMSprop, Adam or AdamW on one flat vector; the state may be kept in a lower precision."""

    def __init__(self, flat: Flat, hp: HP) -> None:
        self.flat, self.hp = flat, hp
        self.kind = hp.get("optimizer", "adam")
        self.m, self.v = np.zeros_like(flat.w), np.zeros_like(flat.w)
        self.t = 0
        self.multiplier: Array | None = None

    def keep(self, a: Array, dtype: str) -> Array:
        if dtype == "bf16":
            return torch.from_numpy(a).bfloat16().float().numpy()
        if dtype == "fp16":
            return a.astype(np.float16).astype(np.float32)
        if dtype == "int8":  # blocks of 64 in even steps of their largest value
            blocks = np.zeros((-(-len(a) // 64), 64), np.float32)
            blocks.reshape(-1)[: len(a)] = a
            unit = np.abs(blocks).max(1, keepdims=True) / 127 + np.float32(1e-38)
            return np.asarray((np.rint(blocks / unit) * unit).reshape(-1)[: len(a)], np.float32)
        return a

    def step(self, lr: float) -> float:
        """Moves the weights; returns the norm of the change."""
        hp, w, g = self.hp, self.flat.w, self.flat.g
        self.t += 1
        b1, b2, eps, wd = hp.get("beta1", 0.9), hp.get("beta2", 0.999), hp.get("eps", 1e-8), hp.get("wd", 0.0)
        dtype = hp.get("state_dtype", "fp32")
        if wd and self.kind != "adamw":
            g = g + np.float32(wd) * w
        if self.kind == "sgd":
            u = g.copy()
        elif self.kind == "momentum":
            self.m = self.keep(np.float32(b1) * self.m + g, dtype)
            u = self.m.copy()
        elif self.kind == "rmsprop":
            self.v = self.keep(
                np.float32(hp.get("beta2", 0.99)) * self.v + np.float32(1 - hp.get("beta2", 0.99)) * g * g, dtype
            )
            u = g / (np.sqrt(self.v) + np.float32(eps))
        else:
            self.m = self.keep(np.float32(b1) * self.m + np.float32(1 - b1) * g, dtype)
            self.v = self.keep(np.float32(b2) * self.v + np.float32(1 - b2) * g * g, dtype)
            c1, c2 = (1 - b1**self.t, 1 - b2**self.t) if not hp.get("no_correction") else (1.0, 1.0)
            eps_kept = np.float32(np.float16(eps)) if dtype == "fp16" else np.float32(eps)
            u = (self.m / np.float32(c1)) / (np.sqrt(self.v / np.float32(c2)) + eps_kept)
            if wd and self.kind == "adamw":
                u = u + np.float32(wd) * w
        if self.multiplier is not None:
            u = u * self.multiplier
        u *= np.float32(lr)
        if (kept := hp.get("weight_dtype", "fp32")) != "fp32":
            w[:] = self.keep(w - u, kept)
        else:
            w -= u
        return norm(u)


class Replica:
    """The weights and the gradient of another rank that no longer holds what rank 0 holds."""

    def __init__(self, flat: Flat, own: Optimizer) -> None:
        self.w, self.g = flat.w.copy(), np.zeros_like(flat.g)
        self.optimizer = Optimizer(self, own.hp)  # type: ignore[arg-type]
        self.optimizer.m, self.optimizer.v, self.optimizer.t = own.m.copy(), own.v.copy(), own.t


def norm(a: Array) -> float:
    return float(np.sqrt(np.dot(a, a)))


class Loop:
    """Trains one run. ``record`` maps a quantity to one value a row; rows can repeat steps after a resume."""

    def __init__(self, task: str, hp: HP, seed: int, fault: Fault) -> None:
        hp = dict(hp)
        fault.settings(hp)
        self.hp, self.fault, self.seed, self.step = hp, fault, seed, 0
        torch.manual_seed(seed)
        self.task = TASKS[task](hp, seed)
        self.manual = isinstance(self.task, Manual)
        self.players = ["loss"] if self.manual else list(self.task.modules)
        self.flats = {p: Flat(self.task, p) for p in self.players}
        self.optimizers = {p: Optimizer(self.flats[p], hp) for p in self.players}
        factor = self.task.sgd_factor if hp.get("optimizer", "adam") in ("sgd", "momentum") else 1.0
        self.base_lr = self.task.lr * factor * hp.get("lr", 1.0) * (0.2 if hp.get("optimizer") == "momentum" else 1.0)
        self.player_lr = {p: hp.get(f"{p}_lr", 1.0) for p in self.players}
        self.batch_size = hp.get("batch", 32)
        self.scale = float(hp.get("loss_scale", 2.0**13)) if hp.get("precision") == "fp16" else 1.0
        self.good = 0
        self.epoch, self.cursor = 0, 0
        self.idx = np.zeros(0, np.int64)
        self.clock = 0  # what a schedule counts; a resume may put it back
        self.record: dict[str, list[float]] = defaultdict(list)
        self.rows: list[int] = []
        self.segment: list[int] = []
        self.segments = 0
        self.val: dict[str, list[float]] = defaultdict(list)
        self.layers: dict[str, list[float]] = defaultdict(list)
        self.events: list[tuple[int, str]] = []
        self.saved: dict[str, Any] | None = None
        self.replicas: dict[str, Replica] = {}  # of a second rank, once it differs from the first
        self.task.aux_weight = hp.get("aux", 0.0)
        if hp.get("rescale"):
            self.rescale(hp["rescale"])
        fault.built(self)
        self.batch_size = min(self.batch_size, self.task.n)
        self.spe = max(1, math.ceil(self.task.n / self.batch_size / hp.get("accum", 1) / hp.get("ranks", 1)))
        self.perm = self.permutation()

    def rescale(self, k: float) -> None:
        """Makes the first layer k times larger and the second k times smaller: the same function, other ranges."""
        for flat in self.flats.values():
            layers = flat.names
            if len(layers) > 1:
                flat.w[layers[0][1] : layers[0][2]] *= np.float32(k)
                flat.w[layers[1][1] : layers[1][2]] /= np.float32(k)

    # -- data order

    def permutation(self) -> NDArray[np.int64]:
        if not self.hp.get("shuffle", True):
            return np.arange(self.task.n)
        return np.random.default_rng((self.seed, self.epoch)).permutation(self.task.n)

    def indices(self) -> NDArray[np.int64]:
        if self.cursor >= self.task.n or (
            self.hp.get("drop_last", True) and self.cursor + self.batch_size > self.task.n
        ):
            self.epoch, self.cursor = self.epoch + 1, 0
            self.perm = self.permutation()
        self.idx = self.perm[self.cursor : self.cursor + self.batch_size]
        self.cursor += self.batch_size
        return self.idx

    # -- stopping and going on

    def snapshot(self) -> dict[str, Any]:
        return {
            "flats": {p: f.w.copy() for p, f in self.flats.items()},
            "state": {p: (o.m.copy(), o.v.copy(), o.t) for p, o in self.optimizers.items()},
            "order": (self.epoch, self.cursor, self.perm.copy()),
            "clock": self.clock,
            "scale": (self.scale, self.good),
            "gen": self.task.gen.get_state(),
            "buffers": {}
            if self.manual
            else {p: {k: b.clone() for k, b in m.named_buffers()} for p, m in self.task.modules.items()},
            "step": self.step,
        }

    def restore(self, saved: dict[str, Any], lose: tuple[str, ...] = ()) -> None:
        """Goes on from ``saved`` as a new job would; what is in ``lose`` is not restored."""
        for p in self.players:
            if "weights" not in lose:
                self.flats[p].w[:] = saved["flats"][p]
            m, v, t = saved["state"][p]
            o = self.optimizers[p]
            o.m, o.v, o.t = m.copy(), v.copy(), t
            if "moments" in lose:
                o.m, o.v, o.t = np.zeros_like(m), np.zeros_like(v), 0
            if "correction" in lose:
                o.m, o.v = np.zeros_like(m), np.zeros_like(v)
            if not self.manual:
                for k, b in self.task.modules[p].named_buffers():
                    b.copy_(saved["buffers"][p][k])
        self.epoch, self.cursor, self.perm = copy.deepcopy(saved["order"])
        if "order" in lose:
            self.epoch, self.cursor = 0, 0
            self.perm = self.permutation()
        self.clock = 0 if "schedule" in lose else saved["clock"]
        self.scale, self.good = (float(self.hp.get("loss_scale", 2.0**13)), 0) if "scale" in lose else saved["scale"]
        self.task.gen.set_state(saved["gen"])
        self.step = saved["step"]
        self.segments += 1

    # -- one step

    def split_ranks(self) -> None:
        """From now on the second rank has weights and an optimizer of its own."""
        self.replicas = {p: Replica(self.flats[p], self.optimizers[p]) for p in self.players}

    def forward(self, player: str) -> Out | None:
        """The gradient of one step: of one process, or the mean over two that see other data. Rank 0 logs."""
        out = self.one_rank(player)
        if self.hp.get("ranks", 1) < 2:
            return out
        flat, logged, other = self.flats[player], self.record[player].pop(), self.replicas.get(player)
        first, mine = flat.g.copy(), flat.w.copy()
        if other is not None:
            flat.w[:] = other.w
        self.one_rank(player)
        self.record[player][-1] = logged
        flat.w[:] = mine
        got = self.fault.reduce(self, [first, flat.g.copy()])
        flat.g[:] = got[0]
        if other is not None:
            other.g[:] = got[1]
        return out

    def one_rank(self, player: str) -> Out | None:
        """Puts the gradient of one batch (or of several, when gradients are accumulated) into ``g``."""
        flat, accum = self.flats[player], self.hp.get("accum", 1)
        flat.g.fill(0)
        values: list[float] = []
        out: Out | None = None
        for _ in range(accum):
            batch = self.task.batch(self.indices())
            self.fault.batch(self, batch)
            if self.manual:
                assert isinstance(self.task, Manual)
                value, _parts = self.task.gradient(batch)
                values.append(value)
                continue
            if len(self.players) > 1:
                self.shared = batch
            out = self.task.loss(player, batch)
            self.fault.loss(self, out)
            (out.loss * self.scale).backward()
            values.append(float(out.loss.detach()))
        if self.manual and (factor := getattr(self.fault, "manual_factor", None)):
            f = factor(self)
            flat.g *= np.float32(f)
            values = [v * f for v in values]
        k = 1.0 if self.hp.get("accum_sum") else 1 / accum
        if accum > 1 or self.scale != 1.0:
            flat.g *= np.float32(k / self.scale)
        self.record[player].append(sum(values) * k)
        return out

    def update(self, player: str, lr: float) -> None:
        flat, rec = self.flats[player], self.record
        self.fault.gradient(self, player)
        gn = norm(flat.g)
        finite = math.isfinite(gn)
        clip = self.hp.get("clip")
        after = gn
        if clip and finite and gn > clip:
            flat.g *= np.float32(clip / gn)
            after = clip
        elif clip and not finite:
            flat.g *= np.float32(float("nan") if math.isnan(gn) else 0.0)
        scaled = self.hp.get("precision") == "fp16" and self.hp.get("scaler", True)
        skip = not finite and (scaled or self.hp.get("guard", False))
        size = norm(flat.w)
        change = 0.0 if skip else self.optimizers[player].step(lr * self.player_lr[player])
        if (other := self.replicas.get(player)) is not None and not skip:
            other.g *= np.float32(clip / max(norm(other.g), clip) if clip else 1.0)
            other.optimizer.step(lr * self.player_lr[player])
        tail = "" if len(self.players) == 1 else "/" + player
        rec["grad" + tail].append(gn)
        rec["clipped" + tail].append(after)
        rec["weight" + tail].append(size)
        rec["update" + tail].append(change / size if size else float("nan"))
        if scaled and player == self.players[0]:
            rec["scale"].append(self.scale)
            if not finite:
                self.scale, self.good = max(self.scale / 2, 2.0**-14), 0
                self.events.append((self.step, "overflow"))
            else:
                self.good += 1
                if self.good >= self.hp.get("growth_interval", 200):
                    self.scale, self.good = self.scale * 2, 0

    def run(self) -> None:
        """Trains to the end, or until the job gives up some steps after its weights are lost."""
        total = self.hp["steps"]
        every = max(1, total // 300)
        eval_every = self.hp.get("eval_every") or self.spe
        lost = 0
        while self.step < total:
            self.fault.before(self)
            self.task.step = self.step
            self.shape_data()
            lr = self.fault.lr(self, self.base_lr * schedule(self.hp, self.clock))
            for player in self.players:
                out = self.forward(player)
                self.update(player, lr)
            self.note(lr, out, every)
            self.task.after_step(self.step)
            self.step += 1
            self.clock += 1
            if self.step % eval_every == 0 or self.step == total:
                self.evaluate()
            lost = 0 if math.isfinite(sum(self.record[p][-1] for p in self.players)) else lost + 1
            if lost > self.hp.get("after_nan", 50) and not self.hp.get("guard") and self.scale == 1.0:
                break

    def shape_data(self) -> None:
        """Changes of the data that belong to the plan: a curriculum from easy to full."""
        change = self.hp.get("curriculum")
        if change and self.step == int(change * self.hp["steps"]):
            x = getattr(self.task, "x", None)
            if isinstance(x, torch.Tensor) and x.is_floating_point():
                g = torch.Generator().manual_seed(self.hp["data_seed"])
                x += self.hp.get("curriculum_noise", 0.5) * x.std() * torch.randn(x.shape, generator=g)

    def note(self, lr: float, out: Out | None, every: int) -> None:
        rec = self.record
        self.rows.append(self.step)
        self.segment.append(self.segments)
        rec["lr"].append(lr)
        if self.hp.get("log_batch"):
            rec["batch_size"].append(float(self.batch_size))
        if out is not None:
            for name, part in out.parts.items():
                rec["part/" + name].append(float(part.detach()))
            if out.accuracy is not None:
                rec["accuracy"].append(float(out.accuracy))
            if out.logit is not None:
                rec["logit"].append(float(out.logit))
            for name, value in out.extra.items():
                rec["extra/" + name].append(value)
        if self.step % every == 0:
            self.layers["row"].append(len(self.rows) - 1)
            for player, flat in self.flats.items():
                prefix = "" if len(self.flats) == 1 else player[0] + "."
                for name, a, b in flat.names[:6]:
                    self.layers[prefix + name].append(norm(flat.g[a:b]))

    def evaluate(self) -> None:
        try:
            self.fault.evaluating(self, True)
            value, acc = self.task.evaluate()
        except NotImplementedError:
            return
        finally:
            self.fault.evaluating(self, False)
        self.val["row"].append(len(self.rows) - 1)
        self.val["loss"].append(value)
        if acc is not None:
            self.val["accuracy"].append(acc)

    def result(self) -> dict[str, NDArray[np.generic]]:
        """All that was recorded, as arrays; a part that began late is padded with NaN in front."""
        n = len(self.rows)
        out: dict[str, NDArray[np.generic]] = {
            "step": np.array(self.rows, np.int64),
            "segment": np.array(self.segment, np.int16),
        }
        for name, values in self.record.items():
            a = np.array(values, np.float32 if name != "lr" else np.float64)
            out[name] = np.concatenate([np.full(n - len(a), np.nan, a.dtype), a])
        for name, values in self.val.items():
            out["val/" + name] = np.array(values, np.int64 if name == "row" else np.float32)
        for name, values in self.layers.items():
            out["layer/" + name] = np.array(values, np.int64 if name == "row" else np.float32)
        out["steps_per_epoch"] = np.array(self.spe)
        out["event_step"] = np.array([s for s, _ in self.events], np.int64)
        return out
