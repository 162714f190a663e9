"""Simulated losses with a known truth, for the tests of the detector and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from losslens.model import FloatArray


def falling(n: int, *, start: float = 2.5, floor: float = 0.5, share: float = 0.2) -> FloatArray:
    """An exponential fall from ``start`` to ``floor`` with a time constant of ``share`` of the run."""
    return floor + (start - floor) * np.exp(-np.arange(n) / (share * n))


def noisy(course: FloatArray, width: float, seed: int, *, tail: float | None = None) -> FloatArray:
    """Multiplicative noise of a relative ``width``; with ``tail``, Student's t with so many degrees of freedom."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(course.size) if tail is None else rng.standard_t(tail, course.size)
    return course * np.exp(width * noise)


def explosion(n: int = 600, at: int = 500, tau: float = 15.0, width: float = 0.08, seed: int = 0) -> FloatArray:
    """The opening question: calm to ``at``, then growth with a time constant of ``tau`` points, heavy-tailed noise."""
    growth = np.exp(np.maximum(np.arange(n) - at, 0) / tau)
    return noisy(falling(n) * growth, width, seed, tail=3.0)
