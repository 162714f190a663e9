# ruff: noqa: E501 - tables read better with one row a line
"""The grid: which trainings the zoo holds. Fixed by this file alone; nothing here looks at an outcome."""

from __future__ import annotations

import zlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tests.zoo import injectors as inj
from tests.zoo.engine import Fault
from tests.zoo.spec import HP, LOCKED_TASKS, VERSION, Spec

HEAVY = ("image", "segmentation", "chars", "finetune", "recurrent", "seq2seq")
MANUAL = ("factors", "linear")
NETS = ("regression", "autoencoder", "detection", "graph", "vae", "diffusion", "contrastive")
LIGHT = (*NETS, "gan", "dqn", "ppo")
ALL = (*LIGHT, *HEAVY, *MANUAL)
SUPERVISED = (*NETS, *HEAVY)
CLASSES = ("image", "graph", "chars", "finetune", "seq2seq")
BN = ("regression", "autoencoder", "image", "segmentation", "diffusion", "contrastive", "detection")
NO_GRAPH = tuple(t for t in SUPERVISED if t != "graph")


@dataclass(frozen=True)
class Way:
    """One injector in the grid: its cause, its class, on which tasks, with what settings (twin included), how strong."""

    cause: str
    name: str
    make: type[Fault]
    tasks: tuple[str, ...]
    levels: tuple[float, ...]
    """From barely visible to blatant."""
    timed: bool = True
    locked: bool = False
    needs: HP = field(default_factory=dict)
    """Settings of the whole family; a tuple is a choice."""
    early: bool = False
    """Begins within the first tenth."""


SGD: HP = {"optimizer": "momentum", "schedule": "constant"}
NO_CLIP: HP = {"clip": None}

WAYS = (
    Way("learning-rate-too-high", "lr-from-start", inj.LrFromStart, ALL, (3, 10, 30, 100, 1000), timed=False),
    Way("learning-rate-too-high", "lr-long-ramp", inj.LrFromStart, ALL, (5, 20, 60, 200, 1000), False, True, {"warmup_share": 0.5, "clip": None}),
    Way("learning-rate-too-low", "lr-tiny", inj.LrFromStart, ALL, (0.3, 0.05, 1e-2, 1e-4, 0.0), timed=False),
    Way("learning-rate-too-low", "lr-dies", inj.LrDies, ALL, (0.3, 1, 3, 10, 50)),
    Way("learning-rate-too-low", "frozen", inj.Frozen, SUPERVISED, (0.3, 0.7, 0.9, 0.98, 1.0), False, True),
    Way("lr-schedule-jump", "lr-jump", inj.LrJump, ALL, (2, 6, 20, 60, 300)),
    Way("lr-schedule-jump", "lr-window", inj.LrWindow, ALL, (3, 10, 30, 100, 500)),
    Way("lr-schedule-jump", "lr-units", inj.LrUnits, ALL, (3, 10, 30, 100, 300), True, True),
    Way("missing-warmup", "no-warmup", inj.NoWarmup, SUPERVISED, (4, 20, 100), False, False, {"warmup_share": 0.1, "lr": (4, 10, 25), "optimizer": "adam", "post_norm": True, "clip": None}),
    Way("missing-warmup", "short-warmup", inj.NoWarmup, SUPERVISED, (8, 40, 100), False, True, {"warmup_share": 0.2, "lr": (6, 15), "optimizer": "rmsprop", "clip": None}),
    Way("batch-size-change", "batch-shrink", inj.BatchShrink, ALL, (2, 4, 8, 16, 32), needs={"batch": 32, "log_batch": True, "accum": 1}),
    Way("batch-size-change", "accumulation-sum", inj.AccumulationSum, ALL, (2, 4, 8, 16, 32), needs={"log_batch": True}),
    Way("batch-size-change", "batch-shrink-lr-up", inj.BatchShrinkLrUp, ALL, (2, 4, 8, 16, 32), True, True, {"batch": 32, "log_batch": True, "accum": 1}),
    Way("exploding-gradients", "gain", inj.Gain, (*NETS, "recurrent", "seq2seq", "chars"), (1.2, 1.6, 2.2, 3.5, 8), False, False, {**SGD, "cell": "relu", "length": 20, "norm": "", "clip": 1.0, "depth": (2, 4), "lr": (0.5, 1)}),
    Way("exploding-gradients", "clip-off", inj.ClipOff, (*NETS, *HEAVY), (3, 10, 1000), True, False, {**SGD, "cell": ("tanh", "relu"), "length": 20, "clip": (0.1, 0.3), "lr": (6, 15), "norm": ""}),
    Way("exploding-gradients", "deep-residual", inj.Gain, ("regression", "autoencoder", "recurrent", "chars"), (1.2, 1.6, 2.2, 3.5, 8), False, True, {"optimizer": "sgd", "residual": True, "depth": 8, "norm": "", "cell": "relu", "length": 24}),
    Way("vanishing-gradients", "dead-bias", inj.DeadBias, (*NETS, "dqn", "gan"), (0.5, 1, 2, 4, 10), False, False, {"act": "relu", "norm": ""}),
    Way("vanishing-gradients", "saturated", inj.Saturated, (*NETS, "dqn", "ppo"), (3, 8, 20, 60, 300), False, False, {"act": ("tanh", "sigmoid"), "norm": "", **SGD}),
    Way("vanishing-gradients", "tiny-sigmoid", inj.TinySigmoid, ("regression", "autoencoder", "vae", "detection", "contrastive"), (1, 3, 10, 30, 100), False, True, {"norm": "", "depth": 5, **SGD}),
    Way("bad-batch", "bad-input", inj.BadInput, tuple(t for t in ALL if t != "factors"), (3, 10, 40, 200, 2000), needs=NO_CLIP),
    Way("bad-batch", "bad-target", inj.BadTarget, tuple(t for t in ALL if t != "gan"), (3, 10, 30, 100, 1000), needs=NO_CLIP),
    Way("bad-batch", "one-sample-batch", inj.OneClassBatch, ("regression", "autoencoder", "image", "detection", "linear", "vae"), (3, 10, 30, 100, 1000), True, True, NO_CLIP),
    Way("recurring-bad-sample", "same-place", inj.RecurringSample, (*SUPERVISED, *MANUAL), (5, 15, 40, 150, 1000), needs={"shuffle": False}),
    Way("recurring-bad-sample", "shuffled", inj.RecurringTarget, (*SUPERVISED, *MANUAL), (5, 15, 40, 150, 1000), needs={"shuffle": True}),
    Way("recurring-bad-sample", "bad-shard", inj.BadShard, (*SUPERVISED, *MANUAL), (3, 8, 20, 60, 300), True, True, {"shuffle": False}),
    Way("data-shift", "input-shift", inj.InputShift, tuple(t for t in ALL if t not in ("dqn", "ppo")), (0.1, 0.3, 1, 3, 10)),
    Way("data-shift", "target-shift", inj.TargetShift, (*NO_GRAPH, "linear", "factors"), (0.3, 0.6, 1, 2, 3)),
    Way("data-shift", "noise-on", inj.NoiseOn, tuple(t for t in ALL if t not in ("dqn", "ppo")), (0.1, 0.3, 1, 3, 6), True, True),
    Way("unscaled-data", "unscaled-inputs", inj.Unscaled, tuple(t for t in ALL if t not in ("dqn", "ppo")), (4, 15, 60, 1000, 1e5), timed=False),
    Way("unscaled-data", "unscaled-targets", inj.UnscaledTarget, ("regression", "linear", "factors", "dqn", "ppo", "recurrent"), (4, 15, 60, 1000, 1e5), timed=False),
    Way("unscaled-data", "unscaled-column", inj.UnscaledColumn, ("regression", "linear", "vae", "contrastive", "graph", "detection"), (10, 100, 1000, 1e5, 1e8), False, True),
    Way("nan-in-data", "nan-input", inj.NanInput, ALL, (0, 1, 2, 5, 20), needs={"guard": (False, False, True)}),
    Way("nan-in-data", "inf-target", inj.InfTarget, tuple(t for t in ALL if t != "gan"), (0, 1, 2, 5, 20), needs={"guard": (False, False, True)}),
    Way("nan-in-data", "zero-width", inj.ZeroWidth, ("regression", "linear", "detection", "vae", "contrastive", "image"), (0, 1, 2, 5, 20), True, True, {"guard": (False, True)}),
    Way("empty-targets", "empty-batch", inj.EmptyTargets, (*SUPERVISED, *MANUAL), (0, 0.002, 0.005, 0.02, 0.05), needs={"guard": (False, True, True)}),
    Way("empty-targets", "short-targets", inj.ShortTargets, (*SUPERVISED, *MANUAL), (0.01, 0.02, 0.03, 0.04, 0.05), True, True, {"guard": (False, True), "batch": (4, 8)}),
    Way("label-noise", "shuffled-labels", inj.LabelNoise, (*NO_GRAPH, "graph", *MANUAL), (0.05, 0.15, 0.4, 0.7, 1.0), timed=False),
    Way("label-noise", "off-by-one", inj.OffByOne, (*SUPERVISED, *MANUAL), (0.05, 0.15, 0.4, 0.7, 1.0), timed=False),
    Way("label-noise", "random-targets", inj.RandomTargets, (*SUPERVISED, "linear"), (0.05, 0.15, 0.4, 0.7, 1.0), False, True),
    Way("numerical-instability", "naive-log", inj.UnsafeLoss, (*HEAVY, "regression", "detection", "vae", "contrastive", "ppo", "gan", "linear"), (1,), needs={"lr": (2, 5, 12), "noise": 0.0, "logistic": True, "clip": None, "adding": False}),
    Way("numerical-instability", "one-minus", inj.UnsafeOneMinus, (*HEAVY, "regression", "detection", "contrastive", "gan", "linear"), (1,), needs={"lr": (2, 5, 12), "noise": 0.0, "logistic": True, "clip": None, "adding": False}),
    Way("numerical-instability", "root", inj.UnsafeRoot, ("image", "segmentation", "autoencoder", "detection", "graph", "recurrent", "seq2seq"), (1,), True, True, {"lr": (2, 5), "noise": 0.0, "adding": False}),
    Way("mixed-precision-overflow", "half-activations", inj.HalfActivations, NETS, (1,), needs={"rescale": (1e3, 1e4, 3e4, 1e5, 1e6), "norm": "", "act": "relu", "scaler": (True, True, False), "clip": None}),
    Way("mixed-precision-overflow", "half-pooled", inj.HalfPooled, (*NETS, *HEAVY), (3e3, 1e4, 3e4, 1e5), needs={"scaler": (True, False), "clip": None}),
    Way("mixed-precision-overflow", "static-scale", inj.StaticScale, (*SUPERVISED, "dqn", "ppo", "gan"), (10, 14, 17, 20, 24), needs=NO_CLIP),
    Way("mixed-precision-overflow", "half-sum", inj.HalfSum, (*SUPERVISED, "ppo", "dqn"), (1e3, 1e4, 5e4, 2e5, 1e7), True, True),
    Way("low-precision-state", "bf16-weights", inj.Bf16Weights, ALL, (1,), needs={"lr": (0.02, 0.1, 0.3, 1), "weight_decay": 0.0}),
    Way("low-precision-state", "fp16-moments", inj.Fp16State, ALL, (1,), needs={"optimizer": ("adam", "rmsprop"), "eps": 1e-8}),
    Way("low-precision-state", "bf16-moments", inj.Bf16State, ALL, (1,), True, True, {"optimizer": "adam", "beta2": 0.999}),
    Way("adam-instability", "long-memory", inj.AdamLongMemory, (*SUPERVISED, *MANUAL), (0.99, 0.999, 0.9995, 0.9999), False, False, {"optimizer": "adam", "beta2": 0.95, "eps": 1e-5, "lr": (3, 8), "schedule": "constant", "noise": 0.0, "clip": None, "long": True}),
    Way("adam-instability", "late-memory", inj.AdamLate, (*SUPERVISED, *MANUAL), (0.999, 0.9995, 0.9999, 0.99999), True, False, {"optimizer": "adam", "beta2": 0.95, "eps": 1e-5, "lr": (3, 8), "schedule": "constant", "noise": 0.0, "clip": None, "long": True}),
    Way("adam-instability", "short-memory", inj.AdamShortMemory, (*SUPERVISED, *MANUAL), (0.2, 0.5, 0.8, 0.95), True, True, {"optimizer": "adam", "lr": (1, 3), "schedule": "constant", "clip": None}),
    Way("attention-logit-growth", "qk-gain", inj.QueryKeyGain, ("chars", "finetune", "recurrent", "seq2seq"), (2, 4, 7, 12, 25), False, False, {"lr": (1, 3), "attend": True, "clip": None}),
    Way("attention-logit-growth", "qk-rate", inj.QueryKeyRate, ("chars", "finetune", "recurrent", "seq2seq"), (5, 20, 60, 200, 1000), True, False, {"lr": (1, 3), "attend": True, "clip": None}),
    Way("attention-logit-growth", "qk-rate-start", inj.QueryKeyRate, ("chars", "recurrent", "seq2seq"), (10, 40, 120, 400, 1000), False, True, {"optimizer": "momentum", "attend": True, "clip": None}),
    Way("output-logit-drift", "head-rate", inj.HeadRate, (*CLASSES, "contrastive", "detection", "dqn"), (5, 20, 60, 200, 1000), needs={"clip": None}),
    Way("output-logit-drift", "head-growth", inj.HeadGrowth, (*CLASSES, "contrastive", "detection", "vae"), (3, 10, 100, 1e4, 1e8), True, True, {"clip": None}),
    Way("weight-growth", "decay-sign", inj.WeightGrowth, ALL, (1.5, 5, 50, 1e4, 1e8)),
    Way("weight-growth", "l2-sign", inj.L2Sign, ALL, (1e-4, 1e-3, 1e-2, 0.1, 1), True, True),
    Way("bad-resume", "moments-lost", inj.ResumeMomentsLost, tuple(t for t in ALL if t not in ("dqn", "ppo")), (1, 2, 5, 20), needs={"optimizer": ("adam", "momentum")}),
    Way("bad-resume", "schedule-lost", inj.ResumeScheduleLost, tuple(t for t in ALL if t not in ("dqn", "ppo")), (1, 3, 10, 30), needs={"schedule": ("cosine", "linear", "steps")}),
    Way("bad-resume", "permuted", inj.ResumePermuted, tuple(t for t in ALL if t not in ("dqn", "ppo", "gan")), (0.1, 0.3, 0.6, 1.0)),
    Way("bad-resume", "head-lost", inj.ResumeHeadLost, tuple(t for t in ALL if t not in ("dqn", "ppo")), (0.02, 0.1, 0.3, 1.0)),
    Way("bad-resume", "correction-lost", inj.ResumeCorrectionLost, tuple(t for t in ALL if t not in ("dqn", "ppo")), (1, 2, 5), True, True, {"optimizer": "adam", "beta2": 0.999}),
    Way("unbounded-loss", "sign", inj.SignFlip, ALL, (0.2, 0.48, 0.52, 0.7, 1.0), needs=NO_CLIP),
    Way("unbounded-loss", "targets-outside", inj.TargetsOutside, (*CLASSES, "detection", "regression", "autoencoder", "segmentation"), (1,)),
    Way("unbounded-loss", "free-width", inj.FreeWidth, ("regression", "autoencoder", "diffusion", "recurrent"), (1,), True, True, {"noise": 0.0}),
    Way("aux-term-blowup", "aux-ramp", inj.AuxRamp, SUPERVISED, (0.01, 0.1, 1, 30, 1000), needs={"aux": 1e-3}),
    Way("aux-term-blowup", "aux-reward", inj.AuxReward, SUPERVISED, (0.003, 0.03, 0.3, 3, 30), needs={"aux": 1e-3}),
    Way("aux-term-blowup", "part-weight", inj.PartWeight, ("vae", "segmentation", "detection", "ppo"), (3, 10, 50, 300, 3000)),
    Way("aux-term-blowup", "aux-exp", inj.AuxExp, SUPERVISED, (0.001, 0.01, 0.1, 1, 10), True, True, {"aux": 1e-3}),
    Way("train-eval-mismatch", "stale-statistics", inj.StaleStatistics, BN, (0.03, 0.01, 0.003, 0.001, 0.0001), False, False, {"norm": "bn"}),
    Way("train-eval-mismatch", "eval-unscaled", inj.EvalUnscaled, tuple(t for t in NO_GRAPH if t not in ("chars", "finetune", "seq2seq")), (1.1, 1.4, 2, 5, 20), timed=False),
    Way("train-eval-mismatch", "foreign-statistics", inj.ForeignStatistics, BN, (2, 4, 10, 30, 200), True, True, {"norm": "bn"}),
    Way("overfitting", "small-data", inj.SmallData, (*NO_GRAPH, *MANUAL), (200, 100, 50, 25, 12), False, False, {"curriculum": None, "noise": (0.3, 0.6), "lr": (1, 2)}),
    Way("overfitting", "small-noisy-data", inj.SmallNoisyData, (*NO_GRAPH, *MANUAL), (300, 150, 80, 40, 20), False, True, {"curriculum": None, "noise": 0.3}),
    Way("rl-or-gan-divergence", "critic-rate", inj.CriticRate, ("gan",), (3, 8, 20, 60, 200), False, False, {"gan_loss": ("bce", "lsgan")}),
    Way("rl-or-gan-divergence", "critic-free", inj.CriticFree, ("gan",), (1, 2, 4, 8, 20), False, False, {"gan_loss": "wasserstein"}),
    Way("rl-or-gan-divergence", "discount", inj.Discount, ("dqn", "ppo"), (0.99, 0.999, 1.0, 1.02, 1.1), timed=False),
    Way("rl-or-gan-divergence", "no-target", inj.NoTarget, ("dqn",), (1, 2, 5, 10, 30), False, False, {"gamma": 0.99}),
    Way("rl-or-gan-divergence", "free-ratio", inj.FreeRatio, ("ppo",), (2, 4, 8, 16, 32), False, True, {"lr": (1, 3)}),
    Way("self-recovering-spike", "catapult", inj.LrFromStart, ("factors", "regression", "autoencoder", "recurrent", "image"), (1.7, 2.5, 3.5, 5, 8), False, False, {"optimizer": "sgd", "schedule": "constant", "lr": (1, 2), "batch": 128, "clip": None, "norm": "", "noise": 0.0}),
    Way("self-recovering-spike", "momentum-rise", inj.MomentumRise, (*NETS, *HEAVY, "factors"), (20, 40, 80, 200), True, True, {**SGD, "beta1": 0.8, "clip": None}),
)  # fmt: skip

FAULTS_PER_CAUSE = 25
LOCKED_PER_CAUSE = 5
FAMILIES = 105
"""How many families of the first, shuffled part are in the zoo; it holds all strengths evenly, most of them survivable."""

STRONG: dict[str, tuple[tuple[float, ...], HP]] = {
    "lr-from-start": ((10, 100, 1000, 3000), {}),
    "lr-long-ramp": ((60, 300, 1000), {}),
    "lr-tiny": ((1e-2, 1e-4, 0.0), {}),
    "lr-dies": ((100, 1000), {"early": True}),
    "frozen": ((0.98, 1.0), {}),
    "lr-jump": ((30, 100, 1000), {}),
    "lr-window": ((60, 300, 1000), {}),
    "lr-units": ((60, 200, 1000), {}),
    "no-warmup": ((100,), {"lr": (25, 60, 150)}),
    "short-warmup": ((100,), {"lr": (30, 100)}),
    "batch-shrink": ((16, 32), {"lr": (3, 8), "optimizer": "momentum", "clip": None}),
    "accumulation-sum": ((8, 16, 32), {"optimizer": "momentum"}),
    "batch-shrink-lr-up": ((8, 16, 32), {}),
    "gain": ((2.2, 3.5, 8), {"lr": (1, 2)}),
    "clip-off": ((1000,), {"lr": (15, 40)}),
    "deep-residual": ((2.2, 3.5, 8), {}),
    "dead-bias": ((4, 10, 30), {}),
    "saturated": ((60, 300, 3000), {"lr": 0.3}),
    "tiny-sigmoid": ((30, 100, 1000), {}),
    "bad-input": ((200, 2000, 1e4), {}),
    "bad-target": ((100, 1000, 1e4), {}),
    "one-sample-batch": ((100, 1000), {}),
    "same-place": ((40, 150, 1000, 1e4), {"clip": None}),
    "shuffled": ((40, 150, 1000, 1e4), {"clip": None}),
    "bad-shard": ((20, 60, 300), {"clip": None}),
    "input-shift": ((3, 10, 30), {}),
    "target-shift": ((2, 3), {}),
    "noise-on": ((3, 6, 15), {}),
    "unscaled-inputs": ((1000, 1e5, 1e7), {}),
    "unscaled-targets": ((1000, 1e5, 1e7), {}),
    "unscaled-column": ((1e5, 1e8), {}),
    "nan-input": ((0, 2, 20), {"guard": (False, True)}),
    "inf-target": ((0, 2, 20), {"guard": (False, True)}),
    "zero-width": ((0, 2, 20), {"guard": (False, True)}),
    "empty-batch": ((0, 0.005, 0.05), {"guard": (False, True)}),
    "short-targets": ((0.03, 0.04, 0.05), {}),
    "shuffled-labels": ((0.7, 1.0), {}),
    "off-by-one": ((0.7, 1.0), {}),
    "random-targets": ((0.7, 1.0), {}),
    "naive-log": ((1,), {"lr": (5, 12, 30)}),
    "one-minus": ((1,), {"lr": (5, 12, 30)}),
    "root": ((1,), {"lr": (3, 8)}),
    "half-pooled": ((3e3, 1e4, 3e4, 1e5), {}),
    "static-scale": ((17, 20, 24), {}),
    "half-sum": ((5e4, 2e5, 1e7), {}),
    "bf16-weights": ((1,), {"lr": (0.01, 0.03), "early": True}),
    "fp16-moments": ((1,), {"noise": 0.0, "lr": (1, 3)}),
    "bf16-moments": ((1,), {"lr": (1, 5)}),
    "long-memory": ((0.9999, 0.99999), {"eps": 1e-3, "beta2": 0.99, "lr": (10, 30)}),
    "late-memory": ((0.9999, 0.99999), {"eps": 1e-3, "beta2": 0.99, "lr": (10, 30)}),
    "short-memory": ((0.8, 0.95), {"lr": (3, 10)}),
    "qk-gain": ((12, 25, 60), {"lr": (3, 10)}),
    "qk-rate": ((200, 1000, 5000), {}),
    "qk-rate-start": ((400, 1000, 5000), {}),
    "head-rate": ((200, 1000, 5000), {}),
    "head-growth": ((100, 1e4, 1e8), {}),
    "decay-sign": ((5, 50, 1e4), {}),
    "l2-sign": ((1e-2, 0.1, 1), {}),
    "moments-lost": ((20, 100, 300), {"clip": None}),
    "schedule-lost": ((30, 100), {"clip": None}),
    "permuted": ((0.6, 1.0), {}),
    "head-lost": ((0.3, 0.6, 1.0), {}),
    "correction-lost": ((5, 20), {"clip": None}),
    "sign": ((0.52, 0.7, 1.0), {}),
    "targets-outside": ((1,), {}),
    "free-width": ((1,), {}),
    "aux-ramp": ((1, 30, 1000), {}),
    "aux-reward": ((0.3, 3, 30), {}),
    "part-weight": ((50, 300, 3000), {}),
    "aux-exp": ((0.1, 1, 10), {}),
    "stale-statistics": ((0.003, 0.001, 0.0001), {}),
    "eval-unscaled": ((2, 5, 20), {}),
    "foreign-statistics": ((10, 30, 200), {}),
    "small-data": ((25, 12), {}),
    "small-noisy-data": ((40, 20), {}),
    "critic-rate": ((20, 60, 200), {}),
    "critic-free": ((4, 8, 20), {}),
    "discount": ((1.02, 1.1, 1.3), {}),
    "no-target": ((5, 10, 30), {}),
    "free-ratio": ((8, 16, 32), {}),
    "catapult": ((2.5, 3.5, 5), {}),
    "momentum-rise": ((80, 200), {}),
}
"""The second part: the upper strengths of each way, fixed when the first part had shown that most small nets survive the
rest; where a fault needs a brittle family, its settings."""

SHORTER = 0.6
"""Runs of the second part are shorter."""

STRONG_PER_CAUSE = 17
STRONG_LOCKED = 3
SEEN_IN_VALIDATION = ("train-eval-mismatch", "overfitting", "label-noise")
"""Causes that only a validation loss shows: the second part always logs one for them."""

__all__ = ["VERSION", "Spec", "fault", "specs", "way"]

PLACES = (0.02, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8, 0.93)


def way(name: str) -> Way:
    from tests.zoo import grid_by_need  # it is built from the words of this module

    return next(w for w in (*WAYS, *grid_by_need.WAYS) if w.name == name)


def fault(spec: Spec) -> Fault:
    """The injector of a run, ready for the loop."""
    if spec.kind == "resume":
        return inj.Resume(1.0, spec.at, 0)
    if spec.way is None:
        return Fault()
    return way(spec.way).make(spec.strength, spec.at, zlib.crc32(spec.run.encode()))


def base(task: str, rng: np.random.Generator) -> HP:
    """The settings of a family: usual ones, with what tempts a false alarm mixed in."""

    def pick(*options: Any) -> Any:
        return options[int(rng.integers(len(options)))]

    hp: HP = {"data_seed": int(rng.integers(1 << 30))}
    hp["optimizer"] = (
        pick("adam", "adam", "adamw", "momentum", "sgd", "rmsprop") if task not in ("gan", "ppo", "dqn") else "adam"
    )
    if hp["optimizer"] in ("adamw", "momentum"):
        hp["wd"] = pick(0.0, 1e-4, 1e-2) if hp["optimizer"] == "adamw" else pick(0.0, 1e-4)
    hp["lr"] = pick(0.3, 0.7, 1.0, 1.0, 1.5)
    hp["schedule"] = pick(
        "constant", "constant", "cosine", "cosine", "linear", "steps", "onecycle", "restarts", "exponential", "wsd"
    )
    hp["batch"] = pick(8, 16, 32, 32, 64) if task not in HEAVY else pick(8, 16, 32)
    hp["clip"] = pick(None, None, 1.0, 5.0)
    hp["steps"] = int(
        pick(5000, 20000, 60000) if task in MANUAL else pick(400, 800, 1400) if task in HEAVY else pick(800, 1600, 3200)
    )
    if task in MANUAL and rng.random() < 0.1:
        hp["steps"] = 100000
    if task == "ppo":
        hp["batch"] = pick(32, 64)
    if hp["schedule"] != "onecycle" and rng.random() < 0.35:
        hp["warmup"] = int(pick(0.02, 0.05, 0.1) * hp["steps"])
    hp["shuffle"] = bool(rng.random() < 0.8)
    hp["drop_last"] = bool(rng.random() < 0.7)
    hp["accum"] = pick(1, 1, 1, 1, 2, 4) if task not in (*HEAVY, "ppo", "dqn", "gan") else 1
    hp["act"] = pick("relu", "tanh", "gelu")
    hp["norm"] = pick("", "bn", "ln") if task not in ("image", "segmentation") else pick("bn", "bn", "")
    if task in ("chars", "finetune"):
        hp["norm"], hp["post_norm"], hp["depth"] = "ln", pick(False, False, True), pick(1, 1, 2)
    if task in ("gan", "dqn", "ppo", "graph"):
        hp["norm"] = ""
    if task == "recurrent":
        hp["cell"], hp["length"], hp["adding"], hp["attend"] = (
            pick("gru", "tanh"),
            pick(8, 14),
            pick(True, True, False),
            pick(False, True),
        )
    noise = {"regression": (0.0, 0.05, 0.3, 1.0), "autoencoder": (0.0, 0.0, 0.1), "image": (0.2, 0.5), "segmentation": (0.2, 0.5),
             "detection": (0.1, 0.4), "vae": (0.02, 0.2), "contrastive": (0.2, 0.8), "factors": (0.0, 0.05, 0.3), "linear": (0.0, 0.1, 1.0)}  # fmt: skip
    if task in noise:
        hp["noise"] = pick(*noise[task])
    if task in ("regression", "linear"):
        hp["tail"] = pick(30, 30, 3, 2)
    if task in ("regression", "autoencoder", "image", "contrastive") and rng.random() < 0.25:
        hp["n"] = pick(64, 128, 256)
    if task in (*NETS, "image", "linear") and rng.random() < 0.12:
        hp["curriculum"], hp["curriculum_noise"] = pick(0.3, 0.5, 0.7), pick(0.2, 0.6)
    if task == "vae":
        hp["kl_ramp"] = pick(None, None, 200, 600)
        hp["learned_width"], hp["beta"] = bool(rng.random() < 0.4), pick(0.005, 0.02, 0.1)
    if task == "gan":
        hp["gan_loss"] = pick("bce", "bce", "lsgan", "wasserstein")
    if task == "dqn":
        hp["gamma"], hp["huber"], hp["target_every"] = pick(0.9, 0.97), bool(rng.random() < 0.4), pick(50, 200)
    if task == "contrastive":
        hp["negative"] = bool(rng.random() < 0.25)
    if task == "linear":
        hp["logistic"] = bool(rng.random() < 0.4)
    if rng.random() < 0.1 and task not in MANUAL:
        hp["precision"] = pick("fp16", "bf16")
    hp["after_nan"] = pick(3, 40, 10**9)
    hp["eval_share"] = pick(0, 0, 0, 0.01, 0.04)
    return hp


def finished(task: str, hp: HP, needs: HP) -> HP:
    """The settings with what a way needs put over them."""
    hp = {**hp, **needs}
    if "warmup_share" in hp:
        hp["warmup"] = int(hp["warmup_share"] * hp["steps"])
    if hp.pop("long", False):
        hp["steps"] = {"m": 60000, "h": 1600, "l": 4000}["m" if task in MANUAL else "h" if task in HEAVY else "l"]
    if needs.get("norm") == "" and task in ("image", "segmentation"):
        hp["norm"] = ""
    if hp.get("eval_share"):
        hp["eval_every"] = max(1, int(hp["eval_share"] * hp["steps"]))
    if "precision" in needs or "rescale" in needs:
        hp.pop("precision", None)
    return hp


@dataclass(frozen=True)
class Part:
    """One part of the grid, made in shuffled families of at most ``size`` faults that share their healthy twin."""

    name: str
    per_cause: int
    per_locked: int
    block: int
    """Draws in a row that share their task and settings, where a way needs some."""
    size: int
    families: int | None
    resumes: float
    seed: int


FIRST = Part("", FAULTS_PER_CAUSE, LOCKED_PER_CAUSE, 2, 3, FAMILIES, 0.12, 11)
STRONGER = Part("s", STRONG_PER_CAUSE, STRONG_LOCKED, 5, 5, 80, 0.04, 12)
BRITTLE = Part("b", 16, 3, 4, 6, None, 0.0, 13)
"""Short trainings of plain nets without clipping, at the upper strengths: most faults break them."""


def ways_of(part: Part) -> dict[str, list[Way]]:
    """The ways of a part by cause, with the strengths and settings that they have in it."""
    out: dict[str, list[Way]] = defaultdict(list)
    for w in WAYS:
        if part is FIRST:
            if w.name != "half-pooled":
                out[w.cause].append(w)
        elif w.name in STRONG:
            levels, more = STRONG[w.name]
            needs = {**w.needs, **{k: v for k, v in more.items() if k != "early"}}
            tasks = w.tasks
            if part is BRITTLE:
                tasks = tuple(t for t in w.tasks if t in (*LIGHT, *MANUAL)) or w.tasks
                levels = levels[-2:]
                needs = {"clip": None, "curriculum": None, "norm": "", "precision": "fp32", **needs}
                needs.pop("long", None)
            early = part is BRITTLE and "early" in more
            out[w.cause].append(replace(w, tasks=tasks, levels=levels, needs=needs, early=early))
    return out


def draws(part: Part) -> list[tuple[Way, str, HP, int, float]]:
    """Every fault of one part of the grid: way, task, needs, level, place in the run."""
    out = []
    for cause, ways in ways_of(part).items():
        rng = np.random.default_rng(zlib.crc32((cause + {"": "", "s": " strong", "b": " brittle"}[part.name]).encode()))
        free = [w for w in ways if not w.locked]
        shares = [(w, part.per_locked) for w in ways if w.locked]
        total = part.per_cause - sum(k for _, k in shares)
        shares += [(w, total // len(free) + (i < total % len(free))) for i, w in enumerate(free)]
        for w, count in shares:
            tasks = rng.permutation(np.array(w.tasks))
            levels = rng.permutation(np.arange(count) % len(w.levels))
            places = rng.permutation(np.arange(count) % len(PLACES))
            needs: HP = {}
            own = bool(set(w.needs) - {"clip", "curriculum", "norm", "precision"}) if part is BRITTLE else bool(w.needs)
            for k in range(count):
                block = k // part.block if own else k
                if not own or k % part.block == 0:
                    needs = {a: b[int(rng.integers(len(b)))] if isinstance(b, tuple) else b for a, b in w.needs.items()}
                place = PLACES[places[k]] * (0.1 if w.early else 1.0) if w.timed else 0.0
                out.append((w, str(tasks[block % len(tasks)]), dict(needs), int(levels[k]), place))
    return out


def specs() -> list[Spec]:
    """The whole grid, in the order in which it is made: families shuffled, each whole."""
    from tests.zoo import grid_by_need, grid_more_tasks

    return [*made(FIRST), *made(BRITTLE), *made(STRONGER), *grid_by_need.made(), *grid_more_tasks.made()]


def shorter(part: Part, task: str, plain: HP) -> HP:
    """The settings of a family as this part wants them."""
    if part is STRONGER:
        plain["steps"] = int(plain["steps"] * SHORTER)
    if part is BRITTLE:
        steps = 3000 if task in MANUAL else 240 if task in HEAVY else 400
        plain["warmup"] = int(plain.get("warmup", 0) * steps / plain["steps"])
        plain.update(steps=steps, batch=min(32, plain["batch"]), accum=1)
    return plain


def made(part: Part) -> list[Spec]:
    """The runs of one part."""
    buckets: dict[str, list[tuple[Way, str, HP, int, float]]] = defaultdict(list)
    for d in draws(part):
        buckets[f"{d[1]}|{sorted(d[2].items())}|{d[0].locked}"].append(d)
    families = []
    for key in sorted(buckets):
        rows = buckets[key]
        order = np.random.default_rng(zlib.crc32(key.encode())).permutation(len(rows))
        families += [[rows[i] for i in order[k : k + part.size]] for k in range(0, len(rows), part.size)]
    order = np.random.default_rng(3).permutation(len(families))
    out: list[Spec] = []
    for number, f in enumerate(order[: part.families]):
        rows = families[f]
        _, task, needs, _, _ = rows[0]
        rng = np.random.default_rng((part.seed, int(f)))
        hp = finished(task, shorter(part, task, base(task, rng)), needs)
        family = f"{task}-{part.name}{number:03d}"
        locked = task in LOCKED_TASKS or any(r[0].locked for r in rows)
        seed = int(rng.integers(1 << 20))
        out.append(Spec(f"{family}-twin", family, task, seed, hp, locked=locked, kind="twin"))
        out.append(Spec(f"{family}-seed", family, task, seed + 1, hp, locked=locked, kind="seed"))
        if rng.random() < part.resumes and task not in ("dqn", "ppo"):
            at = int(0.4 * hp["steps"])
            out.append(Spec(f"{family}-resume", family, task, seed, hp, at=at, locked=locked, kind="resume"))
        for k, (w, _, _, level, place) in enumerate(rows):
            at = max(1, int(place * hp["steps"])) if w.timed else 0
            seen = part is not FIRST and w.cause in SEEN_IN_VALIDATION
            name = f"{family}-{w.name}-{k}"
            out.append(Spec(name, family, task, seed, hp, w.name, w.cause, level, w.levels[level], at, locked, seen))
    return out
