"""Whatever a log holds, it is measured and ranked without an error, a warning or a word that is not one."""

from __future__ import annotations

import math
import pickle
import warnings

import numpy as np
import pytest

from losslens.causes import rank
from losslens.causes.facts import with_cohort
from losslens.model import Role, Verdict
from tests.causes import make_runs as m

ROLES = [r for r in Role if r not in (Role.EPOCH, Role.SAMPLES, Role.STEP_TIME)]

TAGS = ("critic_loss", "actor_loss", "d_loss", "g_loss", "lg_loss_scale", "x", "kl_weight")


def anything(r: np.random.Generator, n: int) -> m.Values:
    """Noise, trends, constants, zeros, the largest and smallest numbers, with or without NaN and Inf."""
    t = np.arange(n)
    shapes = (
        np.exp(r.normal(0, 0.3, n)),
        r.normal(0, 1, n),
        np.full(n, r.normal()),
        np.exp(r.normal() * 10 * t / n),
        np.zeros(n),
        1e300 * r.random(n),
        1e-300 * r.random(n),
        np.cumsum(r.normal(0, 1, n)),
        np.round(3 * r.random(n)),
    )
    y = np.array(shapes[r.integers(0, len(shapes))], dtype=np.float64)
    if r.random() < 0.4:
        y[r.random(n) < r.choice([0.02, 0.2, 0.9, 1.0])] = r.choice([np.nan, np.inf, -np.inf])
    return y


def random_run(seed: int) -> m.Made:
    r = m.rng(seed)
    n = int(r.choice([1, 2, 3, 5, 6, 8, 12, 20, 60, 400]))
    others = {(f"{r.choice(TAGS)}{k}", role): anything(r, n) for k, role in enumerate(ROLES) if r.random() < 0.4}
    cuts = tuple(sorted(set(r.integers(1, n, r.integers(0, 3)).tolist()))) if n > 3 and r.random() < 0.3 else ()
    return m.made(
        anything(r, n),
        list(Verdict)[r.integers(0, len(Verdict))],
        int(r.integers(0, n)) if r.random() < 0.9 else None,
        others=others,
        role=Role.VAL_LOSS if r.random() < 0.3 else Role.TRAIN_LOSS,
        segments=cuts,
        every=int(r.choice([1, 10, 1000])),
        spe=(None, 1.0, 50.0, 1500.0)[r.integers(0, 4)],
        axis=str(r.choice(["step", "epoch", "samples"])),
        from_start=bool(r.random() < 0.2),
        settings={"lr": float(r.choice([0.0, 0.1])), "optimizer": "adam", "clip": 0} if r.random() < 0.5 else None,
        project="p",
    )


@pytest.mark.parametrize("block", range(10))
def test_any_log_is_ranked_with_finite_weights_and_whole_sentences(block: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(20 * block, 20 * block + 20):
            pair = with_cohort([random_run(seed).facts(), random_run(seed + 10_000).facts()])
            assert pickle.loads(pickle.dumps(pair)) == pair
            for diagnosis in map(rank.diagnose, pair):
                for cause in diagnosis.causes:
                    assert all(math.isfinite(e.weight) for e in cause.evidence), seed
                    assert all("None" not in e.text for e in cause.evidence), seed
                assert all("None" not in s and s.endswith(".") for s in diagnosis.why_then), seed
