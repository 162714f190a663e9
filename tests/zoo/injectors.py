"""The faults: each is put into a training, never into its numbers. One class per way in; two or more per cause.

``strength`` runs from barely visible to blatant and means what the class says; ``at`` is the step at which it begins.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from tests.zoo.engine import Fault, Loop
from tests.zoo.tasks.linear import Linear, MatrixFactorisation
from tests.zoo.tasks.parts import HP, Out

Batch = dict[str, Any]


def is_float(v: Any) -> bool:
    return isinstance(v, np.ndarray) or (isinstance(v, torch.Tensor) and v.is_floating_point())


def scale_inputs(loop: Loop, batch: Batch, k: float, rows: slice | Any = slice(None)) -> None:
    if "i" in batch:
        x = np.ones(len(batch["y"]), np.float32)
        x[rows] = k
        batch["x"] = x
    elif is_float(batch["x"]):
        x = batch["x"].copy() if isinstance(batch["x"], np.ndarray) else batch["x"].clone()
        x[rows] *= k
        batch["x"] = x
    else:
        loop.task.embed_scale = k  # type: ignore[attr-defined]


def wrong_targets(batch: Batch, k: float, rng: np.random.Generator, rows: slice | Any = slice(None)) -> None:
    """Targets k times too large, or a wrong class."""
    y = batch["y"]
    y = y.copy() if isinstance(y, np.ndarray) else y.clone()
    if is_float(y):
        y[rows] = y[rows] * k + (k if y.ndim == 1 else 0)
    else:
        top = int(y.max()) + 1
        y[rows] = (y[rows] + 1 + int(rng.integers(0, max(1, top - 1)))) % max(2, top)
    batch["y"] = y


class Timed(Fault):
    def now(self, loop: Loop) -> bool:
        return loop.step == self.at

    def on(self, loop: Loop) -> bool:
        return loop.step >= self.at


# ------------------------------------------------------------------ learning rate


class LrFromStart(Fault):
    """The learning rate ``strength`` times too large (or, below 1, too small) from the first step."""

    def settings(self, hp: HP) -> None:
        hp["lr"] = hp.get("lr", 1.0) * self.strength


class LrJump(Timed):
    """From ``at`` on the rate is ``strength`` times what was planned."""

    def lr(self, loop: Loop, lr: float) -> float:
        return lr * self.strength if self.on(loop) else lr


class LrWindow(Timed):
    """A restart with a peak ``strength`` times too high that decays within 8 % of the run."""

    def lr(self, loop: Loop, lr: float) -> float:
        t = (loop.step - self.at) / (0.08 * loop.hp["steps"])
        return lr * self.strength ** (1 - t) if 0 <= t < 1 else lr


class LrUnits(Timed):
    """A schedule made for epochs is stepped each batch from ``at`` on: the rate swings up to ``strength`` times."""

    def lr(self, loop: Loop, lr: float) -> float:
        if not self.on(loop):
            return lr
        phase = ((loop.step - self.at) / (2.0 * loop.spe)) % 1.0
        return lr * self.strength ** math.sin(math.pi * phase)


class NoWarmup(Fault):
    """Only the share ``1 / strength`` of the warm-up is left."""

    def settings(self, hp: HP) -> None:
        hp["warmup"] = int(hp["warmup"] / self.strength) if self.strength < 100 else 0


class Frozen(Fault):
    """The first layers were not handed to the optimizer: ``strength`` of them are frozen (1 is all)."""

    def built(self, loop: Loop) -> None:
        for p, flat in loop.flats.items():
            keep = np.ones_like(flat.w)
            keep[: int(len(keep) * self.strength)] = 0
            loop.optimizers[p].multiplier = keep


class LrDies(Timed):
    """The rate decays to nothing from ``at`` on, over ``1 / strength`` of the run."""

    def lr(self, loop: Loop, lr: float) -> float:
        if not self.on(loop):
            return lr
        return lr * math.exp(-10 * self.strength * (loop.step - self.at) / loop.hp["steps"])


# ------------------------------------------------------------------ batch size


class BatchShrink(Timed):
    """The batch becomes ``strength`` times smaller at ``at``; the learning rate stays."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.batch_size = max(1, int(loop.batch_size / self.strength))


class BatchShrinkLrUp(BatchShrink):
    """The same, with the linear rule applied the wrong way round."""

    def lr(self, loop: Loop, lr: float) -> float:
        return lr * min(self.strength, 30) if self.on(loop) else lr


class AccumulationSum(Timed):
    """From ``at`` on the losses of the accumulated batches are added up instead of averaged."""

    def loss(self, loop: Loop, out: Out) -> None:
        if self.on(loop):
            out.loss = out.loss * self.strength

    def manual_factor(self, loop: Loop) -> float:
        return self.strength if self.on(loop) else 1.0


# ------------------------------------------------------------------ gradients


class Gain(Fault):
    """Weights start ``strength`` times too large, and nothing clips."""

    def settings(self, hp: HP) -> None:
        hp["gain"] = hp.get("gain", 1.0) * self.strength
        hp["clip"] = None


class ClipOff(Timed):
    """The clipping that held the run is gone from ``at`` on (``strength``: share of the limit that is kept away)."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp["clip"] = loop.hp["clip"] * self.strength if self.strength < 1000 else None


class DeadBias(Fault):
    """Hidden biases start at minus ``strength``: rectifiers that never fire."""

    def built(self, loop: Loop) -> None:
        for module in loop.task.modules.values():
            for name, p in module.named_parameters():
                if name.endswith("bias") and p.numel() > 8:
                    p.data.sub_(self.strength)


class Saturated(Fault):
    """Hidden weights start ``strength`` times too large under a bounded activation."""

    def settings(self, hp: HP) -> None:
        hp["gain"] = hp.get("gain", 1.0) * self.strength


class TinySigmoid(Fault):
    """Sigmoids and weights ``strength`` times too small: the signal dies on its way."""

    def settings(self, hp: HP) -> None:
        hp["act"], hp["gain"] = "sigmoid", 1.0 / self.strength


# ------------------------------------------------------------------ data


class BadInput(Timed):
    """One batch whose inputs are ``strength`` times too large."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        loop.task.embed_scale = 1.0  # type: ignore[attr-defined]
        if self.now(loop):
            scale_inputs(loop, batch, self.strength)


class BadTarget(Timed):
    """One batch with targets ``strength`` times too large, or of a wrong class."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if self.now(loop):
            share = max(1, int(len(batch["y"]) * min(1.0, self.strength / 30)))
            wrong_targets(batch, self.strength, self.rng, slice(0, share))


class OneClassBatch(Timed):
    """One batch that repeats one sample with a target ``strength`` times too large."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if self.now(loop):
            for key in ("x", "y"):
                if key in batch and len(batch[key]) == len(batch["y"]):
                    batch[key] = batch[key][[0] * len(batch["y"])]
            wrong_targets(batch, self.strength, self.rng)


class RecurringSample(Timed):
    """A few samples are broken (``strength``); each epoch meets them again, at one place if nothing is shuffled."""

    count, shard = 2, False

    def built(self, loop: Loop) -> None:
        n = loop.task.n
        first = int(self.rng.integers(0, max(1, n - self.count)))
        self.bad = np.arange(first, first + self.count)

    def batch(self, loop: Loop, batch: Batch) -> None:
        loop.task.embed_scale = 1.0  # type: ignore[attr-defined]
        rows = np.flatnonzero(np.isin(loop.idx, self.bad))
        if len(rows) and self.on(loop):
            if "i" in batch or not is_float(batch["x"]) or len(batch["x"]) != len(batch["y"]):
                wrong_targets(batch, self.strength, self.rng, rows)
            else:
                scale_inputs(loop, batch, self.strength, rows)


class RecurringTarget(RecurringSample):
    """Broken targets instead of inputs."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        rows = np.flatnonzero(np.isin(loop.idx, self.bad))
        if len(rows) and self.on(loop):
            wrong_targets(batch, self.strength, self.rng, rows)


class BadShard(RecurringSample):
    """A whole shard of the data is broken."""

    count = 24


class InputShift(Timed):
    """From ``at`` on inputs come moved by ``strength`` widths (tokens: a share of the lines in another alphabet)."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if not self.on(loop):
            return
        if "i" in batch:
            batch["y"] = batch["y"] + np.float32(self.strength) * np.float32(batch["y"].std())
        elif is_float(batch["x"]):
            same = batch["x"] is batch["y"]
            x = batch["x"]
            direction = np.random.default_rng(5).normal(size=x.shape[1:]).astype(np.float32)
            shift = self.strength * float(x.std()) * direction
            batch["x"] = x + (shift if isinstance(x, np.ndarray) else torch.from_numpy(shift))
            if same:
                batch["y"] = batch["x"]
        else:
            rows = slice(0, max(1, int(len(batch["x"]) * min(1.0, self.strength / 3))))
            top = 20 if batch["x"].shape[1] > 8 else 8
            for key in ("x", "y"):
                z = batch[key].clone()
                z[rows] = (z[rows] * 3 + 5) % top
                batch[key] = z


class TargetShift(Timed):
    """From ``at`` on a share ``strength / 3`` of the targets follows another rule."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if self.on(loop):
            rows = slice(0, max(1, int(len(batch["y"]) * min(1.0, self.strength / 3))))
            y = batch["y"].copy() if isinstance(batch["y"], np.ndarray) else batch["y"].clone()
            if is_float(y):
                y[rows] = -y[rows] if y.ndim < 3 else 1 - y[rows]
            else:
                top = max(2, int(y.max()) + 1)
                y[rows] = (y[rows] + 1) % top
            batch["y"] = y


class NoiseOn(Timed):
    """An augmentation comes on at ``at``: noise of ``strength`` widths on the inputs."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if not self.on(loop):
            return
        if "i" in batch:
            batch["y"] = (batch["y"] + self.strength * self.rng.normal(size=len(batch["y"])) * batch["y"].std()).astype(
                np.float32
            )
        elif is_float(batch["x"]):
            x = batch["x"]
            noise = (self.strength * float(x.std()) * self.rng.normal(size=x.shape)).astype(np.float32)
            batch["x"] = x + (noise if isinstance(x, np.ndarray) else torch.from_numpy(noise))
        else:
            x = batch["x"].clone()
            hit = torch.from_numpy(self.rng.random(x.shape) < min(0.9, 0.3 * self.strength))
            x[hit] = torch.from_numpy(self.rng.integers(0, 8, int(hit.sum())))
            batch["x"] = x


class Unscaled(Fault):
    """Inputs ``strength`` times too large, in training and validation alike."""

    what = "x"

    def settings(self, hp: HP) -> None:
        if self.what == "y":
            hp["reward"] = hp.get("reward", 1.0) * self.strength

    def built(self, loop: Loop) -> None:
        task = loop.task
        self.scale_tokens = False
        for key in (self.what, "v" + self.what):
            v = getattr(task, key, None)
            if v is None:
                continue
            if is_float(v):
                setattr(task, key, v * np.float32(self.strength) if isinstance(v, np.ndarray) else v * self.strength)
            else:
                self.scale_tokens = True
        if hasattr(task, "features") and self.what == "x":
            task.features = task.features * self.strength
        if self.scale_tokens:
            task.embed_scale = self.strength  # type: ignore[attr-defined]
        if isinstance(task, MatrixFactorisation) and self.what == "x":
            task.y = task.y * np.float32(self.strength)


class UnscaledTarget(Unscaled):
    """Targets (rewards) ``strength`` times too large."""

    what = "y"


class UnscaledColumn(Fault):
    """One column of the inputs is a time stamp."""

    def built(self, loop: Loop) -> None:
        task = loop.task
        for key in ("x", "vx", "features"):
            v = getattr(task, key, None)
            if v is not None and is_float(v) and v.ndim >= 2:
                v = v.copy() if isinstance(v, np.ndarray) else v.clone()
                v[:, 0] = v[:, 0] * self.strength + self.strength
                setattr(task, key, v)
                if not isinstance(task, Linear) and getattr(task, "y", v).shape == v.shape and key != "features":
                    setattr(task, "vy" if key == "vx" else "y", v)


class NanInput(Timed):
    """A record with a NaN is reached at ``at``, and again in every ``1 / strength`` of later batches."""

    what, value = "x", float("nan")

    def hit(self, loop: Loop) -> bool:
        return self.now(loop) or (self.on(loop) and self.rng.random() < 0.002 * self.strength)

    def batch(self, loop: Loop, batch: Batch) -> None:
        if not self.hit(loop):
            return
        key = self.what if self.what in batch and is_float(batch[self.what]) else "y"
        if is_float(batch[key]) and len(batch[key]) >= 1:
            v = batch[key].copy() if isinstance(batch[key], np.ndarray) else batch[key].clone()
            v[0] = self.value
            batch[key] = v
        else:
            y = batch["y"]
            mask = torch.ones(y.shape if y.dim() > 1 and y.shape[1] > 8 else len(y))
            mask[0] = self.value
            batch["mask"] = batch["mask"] * mask if "mask" in batch else mask


class InfTarget(NanInput):
    """An infinite target or sample weight."""

    what, value = "y", float("inf")


class ZeroWidth(NanInput):
    """A batch normalised by its own width, which is zero for a constant column: 0/0."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if not self.hit(loop):
            return
        if "x" in batch and is_float(batch["x"]):
            x = batch["x"].copy() if isinstance(batch["x"], np.ndarray) else batch["x"].clone()
            x[:, 0] = 0
            batch["x"] = (x - x.mean(0)) / x.std(0)
        else:
            super().batch(loop, batch)


class EmptyTargets(Timed):
    """Every label of the batch at ``at`` is masked, and of later batches at a rate of ``strength``."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if self.now(loop) or (self.on(loop) and self.rng.random() < self.strength):
            self.empty(batch, 0.0)

    def empty(self, batch: Batch, keep: float) -> None:
        y = batch["y"]
        if isinstance(y, np.ndarray):
            batch["mask"] = (self.rng.random(len(y)) < keep).astype(np.float32)
            return
        shape = (
            y.shape
            if (not is_float(y) and y.dim() > 1 and batch["x"].shape == y.shape and y.shape[1] > 8)
            else y.shape[:1]
        )
        kept = torch.from_numpy((self.rng.random(shape) < keep).astype(np.float32))
        batch["mask"] = batch["mask"] * kept if "mask" in batch and batch["mask"].shape == kept.shape else kept


class ShortTargets(EmptyTargets):
    """Truncation cuts off more and more targets from ``at`` on, until now and then none is left."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if self.on(loop):
            t = (loop.step - self.at) / max(1, loop.hp["steps"] - self.at)
            self.empty(batch, max(0.02, 1 - min(1.0, self.strength * 20) * (0.3 + 0.7 * t)))


class LabelNoise(Fault):
    """A share ``strength`` of the training targets belongs to other samples."""

    def built(self, loop: Loop) -> None:
        y = getattr(loop.task, "y", None)
        first = 300 if loop.manual else 0
        if y is None:
            return
        rows = np.flatnonzero(self.rng.random(loop.task.n) < self.strength) + first
        y = y.copy() if isinstance(y, np.ndarray) else y.clone()
        y[rows] = y[self.rng.permutation(rows)]
        loop.task.y = y  # type: ignore[attr-defined]


class OffByOne(Fault):
    """Targets of a share ``strength`` of the file slipped by one row."""

    def built(self, loop: Loop) -> None:
        y = getattr(loop.task, "y", None)
        if y is None:
            return
        first = 300 if loop.manual else 0
        k = max(2, int(loop.task.n * self.strength))
        y = y.copy() if isinstance(y, np.ndarray) else y.clone()
        part = y[first : first + k]
        y[first : first + k] = np.roll(part, 1, 0) if isinstance(part, np.ndarray) else part.roll(1, 0)
        loop.task.y = y  # type: ignore[attr-defined]


class RandomTargets(LabelNoise):
    """A share of the targets is drawn anew in every epoch: nothing to memorise."""

    def built(self, loop: Loop) -> None:
        return

    def batch(self, loop: Loop, batch: Batch) -> None:
        rows = np.flatnonzero(self.rng.random(len(batch["y"])) < self.strength)
        y = batch["y"].copy() if isinstance(batch["y"], np.ndarray) else batch["y"].clone()
        y[rows] = y[self.rng.permutation(rows)]
        batch["y"] = y


# ------------------------------------------------------------------ numerics


class UnsafeLoss(Timed):
    """From ``at`` on the loss is written in a way that is only right in exact arithmetic."""

    form = "naive-log"

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.task.form = self.form


class UnsafeOneMinus(UnsafeLoss):
    form = "one-minus"


class UnsafeRoot(UnsafeLoss):
    form = "root"


class HalfActivations(Timed):
    """Activations in half precision, though they reach ``strength`` times what a fresh net has."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp["precision"] = loop.task.hp["precision"] = "fp16"
            loop.scale = float(loop.hp.get("loss_scale", 2.0**10))


class HalfPooled(Timed):
    """Activations are summed over ``strength`` places in half precision before a mean is taken."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            k = self.strength
            loop.task.hp["precision"] = "fp16"
            loop.task.cast = lambda h: (h * k).half().float() / k  # type: ignore[method-assign]


class StaticScale(Timed):
    """Half precision with a fixed loss scale of two to the ``strength``, and no check for overflow."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp["precision"] = loop.task.hp["precision"] = "fp16"
            loop.hp["scaler"] = False
            loop.scale = 2.0**self.strength


class HalfSum(Timed):
    """The loss is summed over ``strength`` items in half precision before the mean is taken."""

    def loss(self, loop: Loop, out: Out) -> None:
        if self.on(loop):
            out.loss = (out.loss * self.strength).half().float() / self.strength


class Bf16Weights(Timed):
    """Weights are kept in bfloat16 from ``at`` on."""

    what = ("weight_dtype", "bf16")

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp[self.what[0]] = self.what[1]


class Fp16State(Bf16Weights):
    """The moments of Adam are kept in float16: small squares become zero."""

    what = ("state_dtype", "fp16")


class Bf16State(Bf16Weights):
    what = ("state_dtype", "bf16")


# ------------------------------------------------------------------ optimizer and weights


class AdamLongMemory(Fault):
    """A second moment that remembers ``1 / (1 - strength)`` steps and no floor under it."""

    def settings(self, hp: HP) -> None:
        hp["beta2"], hp["eps"] = self.strength, 1e-16


class AdamLate(Timed):
    """The same from ``at`` on."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp["beta2"], loop.hp["eps"] = self.strength, 1e-16


class AdamShortMemory(Timed):
    """The second moment forgets faster than the first (beta1 above beta2), without a floor."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp["beta2"], loop.hp["eps"] = 1 - self.strength, 1e-16


class QueryKeyGain(Fault):
    """Attention without its scale, and queries and keys ``strength`` times too large."""

    def settings(self, hp: HP) -> None:
        hp["unscaled_attention"], hp["qk_gain"] = True, self.strength


class Multiplied(Timed):
    """The learning rate of some layers is ``strength`` times the others'."""

    layers: tuple[str, ...] = ()

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            for p, flat in loop.flats.items():
                m = np.ones_like(flat.w)
                for _, a, b in self.chosen(flat.names):
                    m[a:b] = self.strength
                loop.optimizers[p].multiplier = m

    def chosen(self, names: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
        return [n for n in names if n[0].rsplit(".", 1)[-1] in self.layers]


class QueryKeyRate(Multiplied):
    layers = ("q", "k")


class HeadRate(Multiplied):
    def chosen(self, names: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
        return names[-1:]


class HeadGrowth(Timed):
    """Weight decay with the wrong sign on the output layer: its weights grow ``strength`` times over the run."""

    def before(self, loop: Loop) -> None:
        if self.on(loop):
            k = np.float32(self.strength ** (1 / max(1, loop.hp["steps"] - self.at)))
            for flat in loop.flats.values():
                for _, a, b in flat.names[-1:]:
                    flat.w[a:b] *= k


class WeightGrowth(Timed):
    """Weight decay with the wrong sign: all weights would grow ``strength`` times over the rest of the run."""

    def before(self, loop: Loop) -> None:
        if self.on(loop):
            k = np.float32(self.strength ** (1 / max(1, loop.hp["steps"] - self.at)))
            for flat in loop.flats.values():
                flat.w *= k


class L2Sign(Timed):
    """An L2 term with the wrong sign in the gradient."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp["wd"] = -self.strength


# ------------------------------------------------------------------ stopping and going on


class Resume(Timed):
    """The job stops at ``at`` and goes on from a checkpoint up to 3 % back. This one does it right."""

    lose: tuple[str, ...] = ()
    back = 0.03

    def before(self, loop: Loop) -> None:
        saved_at = self.at - int(self.back * loop.hp["steps"] * float(np.random.default_rng(self.at).random() < 0.6))
        if loop.step == saved_at and loop.saved is None:
            loop.saved = loop.snapshot()
        if loop.step == self.at and loop.segments == 0 and loop.saved is not None:
            loop.restore(loop.saved, self.lose)
            self.after(loop)

    def after(self, loop: Loop) -> None:
        """What else the new job does differently."""


class ResumeMomentsLost(Resume):
    """The optimizer starts anew; its first steps are ``strength`` times what they were."""

    lose = ("moments",)

    def lr(self, loop: Loop, lr: float) -> float:
        return lr * self.strength if loop.segments and loop.step < self.at + 0.02 * loop.hp["steps"] else lr


class ResumeScheduleLost(Resume):
    """The schedule starts again from its first step, with a peak ``strength`` times higher than planned."""

    lose = ("schedule",)

    def lr(self, loop: Loop, lr: float) -> float:
        return lr * self.strength if loop.segments else lr


class ResumePermuted(Resume):
    """A share ``strength`` of the classes, symbols or columns got other numbers in the new job."""

    lose = ("moments",)
    order: np.ndarray[Any, Any] | None = None

    def batch(self, loop: Loop, batch: Batch) -> None:
        if not loop.segments:
            return
        key = "x" if "x" in batch and is_float(batch["x"]) and batch["x"].ndim == 2 else "y"
        v = batch.get(key)
        if v is None or "i" in batch:
            batch["i"] = (batch["i"] + int(60 * self.strength)) % 60
            return
        if is_float(v):
            n = v.shape[-1]
            k = max(2, int(n * self.strength))
            order = np.arange(n)
            order[:k] = np.roll(order[:k], 1)
            batch[key] = v[..., order]
        else:
            top = 20 if v.ndim > 1 and v.shape[1] > 8 else 8 if v.ndim > 1 else 4
            table = np.arange(top)
            k = max(2, int(top * self.strength))
            table[:k] = np.roll(table[:k], 1)
            lookup = torch.from_numpy(table)
            batch["y"] = lookup[v.clamp(max=top - 1)]


class ResumeHeadLost(Resume):
    """A share ``strength`` of the weights was not in the checkpoint and is drawn anew."""

    lose = ("moments",)

    def after(self, loop: Loop) -> None:
        for flat in loop.flats.values():
            n = len(flat.w)
            first = n - int(n * self.strength)
            flat.w[first:] = self.rng.permutation(flat.w[first:])


class ResumeCorrectionLost(ResumeMomentsLost):
    """Moments are zero but the step count is not: nothing corrects the bias."""

    lose = ("correction",)


# ------------------------------------------------------------------ objective


class SignFlip(Timed):
    """From ``at`` on a share ``strength`` of the objective has the wrong sign."""

    def loss(self, loop: Loop, out: Out) -> None:
        if self.on(loop):
            out.loss = out.loss * (1 - 2 * self.strength)

    def manual_factor(self, loop: Loop) -> float:
        return 1 - 2 * self.strength if self.on(loop) else 1.0


class TargetsOutside(UnsafeLoss):
    """A cross entropy with targets outside 0 … 1 has no floor."""

    form = "bce-outside"


class FreeWidth(UnsafeLoss):
    """A likelihood whose width may shrink without end."""

    form = "nll-free"


class AuxRamp(Timed):
    """The weight of an auxiliary term rises to ``strength`` over the rest of the run."""

    aux = "square"

    def before(self, loop: Loop) -> None:
        if self.on(loop):
            loop.task.aux_kind = self.aux
            t = (loop.step - self.at + 1) / max(1, 0.5 * (loop.hp["steps"] - self.at))
            loop.task.aux_weight = loop.hp.get("aux", 0.001) + self.strength * min(1.0, t)


class AuxExp(AuxRamp):
    aux = "exp"


class AuxReward(AuxRamp):
    """The auxiliary term pays for large activations."""

    aux = "reward"


class PartWeight(Timed):
    """The last part of the loss (KL, Dice, objectness, entropy) weighs ``strength`` times more from ``at`` on."""

    def loss(self, loop: Loop, out: Out) -> None:
        if self.on(loop) and out.parts:
            name = [n for n in out.parts if n != "aux"][-1]
            out.loss = out.loss + (self.strength - 1) * out.parts[name]
            out.parts[name] = out.parts[name] * self.strength


# ------------------------------------------------------------------ validation


class StaleStatistics(Fault):
    """Batch statistics follow with a momentum of ``strength``: the running ones stay behind."""

    def settings(self, hp: HP) -> None:
        hp["bn_momentum"] = self.strength


class EvalUnscaled(Fault):
    """Validation inputs are scaled ``strength`` times differently from training inputs."""

    def built(self, loop: Loop) -> None:
        vx = getattr(loop.task, "vx", None)
        if vx is not None and is_float(vx):
            loop.task.vx = vx * self.strength + 0.3 * (self.strength - 1)  # type: ignore[attr-defined]


class ForeignStatistics(Timed):
    """From ``at`` on data ``strength`` times larger pass through the shared normalisation layers as well."""

    def before(self, loop: Loop) -> None:
        if self.on(loop) and loop.step % 5 == 0:
            x = loop.task.x[:32] * self.strength  # type: ignore[attr-defined]
            with torch.no_grad():
                loop.task.net(x)  # type: ignore[attr-defined]


class SmallData(Fault):
    """Only ``strength`` training samples."""

    def built(self, loop: Loop) -> None:
        k = int(self.strength)
        task = loop.task
        if loop.manual:
            task.n = min(task.n, k)
            return
        task.n = min(task.n, k)
        task.x, task.y = task.x[:k], task.y[:k]  # type: ignore[attr-defined]


class SmallNoisyData(SmallData):
    """The same with a fifth of the targets wrong."""

    def built(self, loop: Loop) -> None:
        super().built(loop)
        noise = LabelNoise(0.2, 0, int(self.rng.integers(1 << 30)))
        noise.built(loop)


# ------------------------------------------------------------------ two players, moving targets


class CriticRate(Fault):
    """The discriminator learns ``strength`` times faster."""

    def settings(self, hp: HP) -> None:
        hp["d_loss_lr"] = self.strength


class CriticFree(Fault):
    """A critic without any constraint (``strength`` times faster)."""

    def settings(self, hp: HP) -> None:
        hp["critic_decay"], hp["d_loss_lr"] = 0.0, self.strength


class Discount(Fault):
    """The discount is ``strength``: near or above one."""

    def settings(self, hp: HP) -> None:
        hp["gamma"] = self.strength


class NoTarget(Fault):
    """No target network, and a rate ``strength`` times higher."""

    def settings(self, hp: HP) -> None:
        hp["no_target"], hp["lr"] = True, hp.get("lr", 1.0) * self.strength


class FreeRatio(Fault):
    """The policy may move as far as it likes, ``strength`` passes over each rollout."""

    def settings(self, hp: HP) -> None:
        hp["ratio_clip"], hp["epochs"] = 1e6, int(self.strength)


class MomentumRise(Timed):
    """The momentum rises at ``at``; ``strength`` is one over what is missing to 1."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp["beta1"] = 1 - 1 / self.strength
