"""Further ways in, written independently of the first ones, for causes of which few small trainings had failed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tests.zoo.engine import Fault, Loop
from tests.zoo.injectors import (
    Bf16Weights,
    LrFromStart,
    NoWarmup,
    Resume,
    Timed,
    is_float,
    scale_inputs,
)
from tests.zoo.tasks.parts import HP

Batch = dict[str, Any]


class SlowFirstMoment(Timed):
    """From ``at`` on the first moment remembers far longer (``strength``) than the second, which has no floor."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp["beta1"], loop.hp["beta2"], loop.hp["eps"] = self.strength, 0.6, 1e-16


class QueryKeyGrowth(Timed):
    """Weight decay with the wrong sign on queries and keys: they grow ``strength`` times over a tenth of the run."""

    def before(self, loop: Loop) -> None:
        if self.on(loop) and loop.step < self.at + 0.1 * loop.hp["steps"]:
            k = np.float32(self.strength ** (10 / loop.hp["steps"]))
            for flat in loop.flats.values():
                for name, a, b in flat.names:
                    if name.rsplit(".", 1)[-1] in ("q", "k"):
                        flat.w[a:b] *= k


class HeadAntiDecay(Timed):
    """An L2 term with the wrong sign in the gradient of the output layer alone."""

    def gradient(self, loop: Loop, player: str) -> None:
        if self.on(loop):
            flat = loop.flats[player]
            for _, a, b in flat.names[-1:]:
                flat.g[a:b] -= np.float32(self.strength) * flat.w[a:b]


class DecayOff(Timed):
    """The weight decay that kept a small training set from being learned by heart ends at ``at``."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.hp["wd"] = loop.hp["wd"] / self.strength


class TinyWeights(Fault):
    """All weight matrices start ``strength`` times too small: nothing passes, forward or back."""

    def built(self, loop: Loop) -> None:
        for flat in loop.flats.values():
            for _, a, b in flat.names:
                flat.w[a:b] /= np.float32(self.strength)


class EndlessWarmup(Fault):
    """A warm-up given in the wrong unit: ``strength`` times longer than the run."""

    def settings(self, hp: HP) -> None:
        hp["warmup"] = int(hp["steps"] * self.strength)


class Int8State(Bf16Weights):
    """The moments are kept in eight bits, in even steps: small second moments become zero."""

    what = ("state_dtype", "int8")


class ResumeRescaled(Resume):
    """The new job normalises its inputs otherwise: ``strength`` times larger."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if loop.segments:
            scale_inputs(loop, batch, self.strength)


class EvalChanged(Timed):
    """From ``at`` on validation inputs are prepared otherwise: ``strength`` times larger, or with other symbols."""

    def before(self, loop: Loop) -> None:
        if not self.now(loop):
            return
        vx = loop.task.vx  # type: ignore[attr-defined]
        if is_float(vx):
            vx = vx * self.strength + 0.3 * (self.strength - 1)
        else:
            hit = torch.from_numpy(self.rng.random(vx.shape) < min(0.9, 0.1 * self.strength))
            vx = torch.where(hit, (vx * 3 + 5) % int(vx.max()), vx)
        loop.task.vx = vx  # type: ignore[attr-defined]


class StatisticsReset(Timed):
    """From ``at`` on running statistics start anew every ``strength``-th step: evaluation sees half-learned ones."""

    def before(self, loop: Loop) -> None:
        if self.on(loop) and loop.step % max(1, int(self.strength)) == 0:
            for net in loop.task.modules.values():
                for m in net.modules():
                    if isinstance(m, torch.nn.modules.batchnorm._BatchNorm):
                        m.reset_running_stats()


class LongSequences(Timed):
    """From ``at`` on sequences come ``strength`` times longer, and the gradient goes back through all of them."""

    def batch(self, loop: Loop, batch: Batch) -> None:
        if self.on(loop):
            batch["x"] = batch["x"].repeat(1, int(self.strength), 1)


class FreeEntropy(Fault):
    """The price of entropy has the wrong sign and is ``strength`` times larger: the policy is paid for certainty."""

    def settings(self, hp: HP) -> None:
        hp["alpha"] = -hp.get("alpha", 0.05) * self.strength


class FollowAtOnce(Fault):
    """The targets are the critics themselves, with a discount of ``strength``."""

    def settings(self, hp: HP) -> None:
        hp["no_target"], hp["gamma"] = True, self.strength


class GeneratorRate(Fault):
    """The generator (the policy) learns ``strength`` times faster than its critic."""

    def settings(self, hp: HP) -> None:
        hp["g_loss_lr"] = hp["actor_loss_lr"] = self.strength


class UncorrectedNoWarmup(NoWarmup):
    """Adam without the correction of its early moments needs a warm-up; ``1 / strength`` of it is left."""


class FullBatchEdge(LrFromStart):
    """Gradient descent on all the data with a rate ``strength`` times higher: beyond the edge of stability at first."""
