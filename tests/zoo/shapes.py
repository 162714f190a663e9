"""Generated images for the tasks that look at pictures."""

from __future__ import annotations

import numpy as np


def shapes(
    rng: np.random.Generator, n: int, size: int, noise: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images of one square, cross, bar or frame: image, class, mask of its pixels, box (centre and half width)."""
    kind = rng.integers(0, 4, n)
    half = rng.integers(2, max(3, size // 4) + 1, n)
    cx, cy = (rng.integers(half, size - half) for _ in range(2))
    yy, xx = np.mgrid[0:size, 0:size]
    dx, dy = np.abs(xx[None] - cx[:, None, None]), np.abs(yy[None] - cy[:, None, None])
    h = half[:, None, None]
    inside = (dx <= h) & (dy <= h)
    masks = np.stack([inside, inside & ((dx == 0) | (dy == 0)), inside & (dy <= 1), inside & ((dx == h) | (dy == h))])
    mask = masks[kind, np.arange(n)].astype(float)
    image = mask + noise * rng.normal(size=mask.shape)
    box = np.stack([cx, cy, half], 1) / size
    return image[:, None], kind, mask[:, None], box
