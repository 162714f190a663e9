"""Faults of the machine: ranks that no longer hold the same model, and bits that a device got wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from tests.zoo.engine import Array, Loop
from tests.zoo.injectors import Timed


class StaleReplica(Timed):
    """The second rank is started again at ``at`` from weights that lie the share ``strength`` of the way back."""

    def built(self, loop: Loop) -> None:
        self.first = {p: f.w.copy() for p, f in loop.flats.items()}

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.split_ranks()
            for player, other in loop.replicas.items():
                other.w += np.float32(self.strength) * (self.first[player] - other.w)
                other.optimizer.m[:], other.optimizer.v[:], other.optimizer.t = 0, 0, 0


class DriftedRanks(Timed):
    """From ``at`` on gradients are no longer exchanged, and evaluation gathers its weights from both ranks in shards.

    ``strength``: into how many shards a vector is cut, taken from the ranks in turn.
    """

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            loop.split_ranks()

    def reduce(self, loop: Loop, gradients: list[Array]) -> list[Array]:
        return gradients if self.on(loop) else super().reduce(loop, gradients)

    def evaluating(self, loop: Loop, begins: bool) -> None:
        for player, other in loop.replicas.items():
            flat = loop.flats[player]
            if begins:
                self.mine = {**getattr(self, "mine", {}), player: flat.w.copy()}
                edges = np.linspace(0, len(flat.w), int(self.strength) + 1).astype(int)
                for a, b in zip(edges[1::2], edges[2::2], strict=False):
                    flat.w[a:b] = other.w[a:b]
            else:
                flat.w[:] = self.mine[player]


class StaleShard(Timed):
    """Each rank keeps half of the weights; from ``at`` on those of the second come ``strength`` steps late."""

    def built(self, loop: Loop) -> None:
        self.past: dict[str, list[Array]] = {p: [] for p in loop.players}

    def before(self, loop: Loop) -> None:
        for player, flat in loop.flats.items():
            kept = self.past[player]
            kept.append(flat.w.copy())
            del kept[: -int(self.strength) - 1]
            if self.on(loop):
                half = len(flat.w) // 2
                flat.w[half:] = kept[0][half:]

    def gradient(self, loop: Loop, player: str) -> None:
        loop.flats[player].w[:] = self.past[player][-1]


def flip(a: Array, count: int, rng: np.random.Generator) -> None:
    """Flips one of the upper bits of ``count`` neighbouring floats: sign, exponent, or the top of the fraction."""
    count = min(count, len(a))
    first = int(rng.integers(0, len(a) - count + 1))
    bits = a[first : first + count].view(np.uint32)
    bits ^= np.uint32(1) << rng.integers(21, 32, count).astype(np.uint32)


class BitFlipWeight(Timed):
    """At ``at`` a bit each of ``strength`` neighbouring weights flips."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            player = loop.players[int(self.rng.integers(len(loop.players)))]
            flip(loop.flats[player].w, int(self.strength), self.rng)


class BitFlipGradient(Timed):
    """A link corrupts gradients: a bit each of ``strength`` neighbours at ``at``, rarely again later."""

    def gradient(self, loop: Loop, player: str) -> None:
        if self.now(loop) or (self.on(loop) and self.rng.random() < 0.004):
            flip(loop.flats[player].g, int(self.strength), self.rng)


class BitFlipMoment(Timed):
    """At ``at`` a bit each of ``strength`` neighbouring values of the optimizer's state flips."""

    def before(self, loop: Loop) -> None:
        if self.now(loop):
            for player in loop.players:
                optimizer = loop.optimizers[player]
                state = optimizer.v if optimizer.v.any() and self.rng.random() < 0.5 else optimizer.m
                flip(state, int(self.strength), self.rng)


class FlakyDevice(Timed):
    """From ``at`` on a layer's output has a few wrong bits, in the share ``strength`` of the steps."""

    def built(self, loop: Loop) -> None:
        self.loop = loop
        layers = [
            m for net in loop.task.modules.values() for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d)
        ]
        layers[int(self.rng.integers(len(layers)))].register_forward_hook(self.corrupt)

    def corrupt(self, module: Any, inputs: Any, output: torch.Tensor) -> torch.Tensor | None:
        if not torch.is_grad_enabled() or not self.on(self.loop):
            return None
        if not self.now(self.loop) and self.rng.random() > self.strength:
            return None
        wrong = output.detach().clone().flatten()
        flip(wrong.numpy(), 8, self.rng)
        return output + (wrong.view(output.shape) - output.detach())
