"""Tasks whose gradient is written by hand: a step costs microseconds, so runs are long."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.zoo.tasks.parts import HP, Task

Array = NDArray[np.float32]


class Manual(Task):
    """A task that returns its own gradient: ``w`` is the flat weight vector, ``gradient`` fills ``g``."""

    manual = True
    w: Array
    g: Array

    def gradient(self, batch: dict[str, Any]) -> tuple[float, dict[str, float]]:
        raise NotImplementedError


class MatrixFactorisation(Manual):
    """Ratings as products of two short vectors; a batch is a set of ratings, possibly all of them."""

    lr = 3e-3
    sgd_factor = 30.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        rows, cols, rank = 60, 50, hp.get("rank", 4)
        truth = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, cols)) / np.sqrt(rank)
        n = hp.get("n", 1200)
        where = rng.permutation(rows * cols)[: n + 300]
        self.i, self.j = where // cols, where % cols
        self.y = (truth[self.i, self.j] + hp.get("noise", 0.1) * rng.normal(size=len(where))).astype(np.float32)
        self.rows, self.rank, self.n = rows, rank, n
        scale = 0.3 * hp.get("gain", 1.0)
        self.w = (scale * self.rng.normal(size=(rows + cols) * rank)).astype(np.float32)
        self.g = np.zeros_like(self.w)

    def batch(self, idx: np.ndarray) -> dict[str, Any]:
        idx = idx + 300
        return {"i": self.i[idx], "j": self.j[idx], "y": self.y[idx]}

    def error(self, b: dict[str, Any]) -> tuple[Array, Array, Array]:
        u = self.w[: self.rows * self.rank].reshape(self.rows, -1)[b["i"]]
        v = self.w[self.rows * self.rank :].reshape(-1, self.rank)[b["j"]]
        scale = b.get("x", 1.0)
        return ((u * v).sum(1) * scale - b["y"]).astype(np.float32), u, v

    def gradient(self, batch: dict[str, Any]) -> tuple[float, dict[str, float]]:
        e, u, v = self.error(batch)
        if "mask" in batch:
            with np.errstate(all="ignore"):
                weight = batch["mask"] / batch["mask"].sum()
        else:
            weight = np.float32(1 / len(e))
        if self.form == "sum":
            weight = weight * len(e)
        d = (2 * weight * e)[:, None] * np.reshape(batch.get("x", np.float32(1)), (-1, 1))
        gu = self.g[: self.rows * self.rank].reshape(self.rows, -1)
        gv = self.g[self.rows * self.rank :].reshape(-1, self.rank)
        np.add.at(gu, batch["i"], d * v)
        np.add.at(gv, batch["j"], d * u)
        return float((weight * e * e).sum()), {}

    def evaluate(self) -> tuple[float, float | None]:
        e, _, _ = self.error({"i": self.i[:300], "j": self.j[:300], "y": self.y[:300]})
        return float((e * e).mean()), None


class Linear(Manual):
    """Linear or logistic regression on ten features of possibly very different scale."""

    lr = 1e-2
    sgd_factor = 10.0

    def __init__(self, hp: HP, seed: int) -> None:
        super().__init__(hp, seed)
        rng = self.data_rng()
        n = hp.get("n", 1500)
        self.logistic = hp.get("logistic", False)
        x = rng.normal(size=(n + 300, 10)) * rng.uniform(0.3, 2, 10)
        x[:, 9] = 1
        score = x @ rng.normal(size=10) + hp.get("noise", 0.3) * rng.standard_t(hp.get("tail", 30), n + 300)
        y = (score > 0).astype(float) if self.logistic else score
        self.x, self.y, self.n = x.astype(np.float32), y.astype(np.float32), n
        self.w = (0.1 * hp.get("gain", 1.0) * self.rng.normal(size=10)).astype(np.float32)
        self.g = np.zeros_like(self.w)

    def batch(self, idx: np.ndarray) -> dict[str, Any]:
        idx = idx + 300
        return {"x": self.x[idx], "y": self.y[idx]}

    def parts(self, x: Array, y: Array) -> tuple[Array, Array]:
        z = x @ self.w
        if not self.logistic:
            return (z - y) ** 2, 2 * (z - y)
        p = 1 / (1 + np.exp(-z))
        if self.form in ("naive-log", "one-minus", "root"):
            loss = -(y * np.log(p) + (1 - y) * np.log(1 - p))
            slope = -(y / p - (1 - y) / (1 - p)) * p * (1 - p)
        else:
            loss = np.logaddexp(0, z) - y * z
            slope = p - y
        return loss.astype(np.float32), slope.astype(np.float32)

    def gradient(self, batch: dict[str, Any]) -> tuple[float, dict[str, float]]:
        loss, slope = self.parts(batch["x"], batch["y"])
        mask = batch.get("mask")
        weight = np.float32(1 / len(loss)) if mask is None else mask / mask.sum()
        if self.form == "sum":
            weight = weight * len(loss)
        self.g += batch["x"].T @ (weight * slope)
        return float((weight * loss).sum()), {}

    def evaluate(self) -> tuple[float, float | None]:
        loss, _ = self.parts(self.x[:300], self.y[:300])
        acc = float(((self.x[:300] @ self.w > 0) == (self.y[:300] > 0.5)).mean()) if self.logistic else None
        return float(loss.mean()), acc
