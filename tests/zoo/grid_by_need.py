# ruff: noqa: E501 - tables read better with one row a line
"""The fourth part of the grid: by need. Fixed beforehand like the others, when the first three had been measured.

It takes the ways, strengths and settings under which small nets really failed there, further ways for the causes that
few runs had failed of, seven more tasks, and healthy families made to tempt a false alarm.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from typing import Any

import numpy as np

from tests.zoo import injectors as inj
from tests.zoo import injectors_by_need as need
from tests.zoo import machines
from tests.zoo.grid import MANUAL, Way, base, finished
from tests.zoo.spec import HP, LOCKED_TASKS, Spec

NETS = ("regression", "autoencoder", "vae", "diffusion", "contrastive", "tabular", "ranking", "flow")
CONV = ("image", "segmentation", "forecast")
SEQUENCE = ("chars", "lm", "finetune", "recurrent")
TWO = ("gan", "wgan", "sac", "dqn")
MORE = ("tabular", "ranking", "forecast", "lm", "flow", "recurrent", "segmentation", "image")
BATCH_NORM = ("regression", "autoencoder", "image", "segmentation", "tabular", "ranking", "forecast", "contrastive")
SLOW = (*SEQUENCE, *CONV, "sac", "seq2seq")

STEPS_OF_SGD: HP = {"optimizer": ("momentum", "sgd"), "clip": None}
PLAIN: HP = {**STEPS_OF_SGD, "norm": ""}
COLD: HP = {
    "optimizer": "momentum",
    "gain": 2.0,
    "depth": 4,
    "warmup_share": 0.2,
    "act": "relu",
    "norm": "",
    "clip": None,
    "schedule": ("constant", "cosine"),
}
UNCORRECTED: HP = {
    "optimizer": "adam",
    "no_correction": True,
    "beta1": 0.5,
    "beta2": 0.999,
    "warmup_share": 0.15,
    "schedule": ("cosine", "linear"),
    "act": "relu",
    "norm": "",
    "clip": None,
}
FLOOR: HP = {"optimizer": "adam", "beta2": 0.95, "eps": 1e-5, "lr": (2, 5), "schedule": "constant", "clip": None}
SLACK: HP = {
    "optimizer": "adam",
    "eps": 1e-3,
    "beta2": 0.99,
    "lr": (10, 30),
    "schedule": "constant",
    "noise": 0.0,
    "clip": None,
}
CLEAN: HP = {"optimizer": "adam", "eps": 1e-8, "noise": 0.0, "lr": (1, 3), "schedule": "constant"}
SHARP: HP = {"lr": (12, 30), "noise": 0.0, "logistic": True, "clip": None, "adding": False, "norm": ""}
DECAYING: HP = {"schedule": ("cosine", "linear", "exponential"), "clip": None}

ROWS: tuple[tuple[int, Way], ...] = (
    (9, Way("learning-rate-too-high", "lr-from-start", inj.LrFromStart, (*NETS, *CONV, *SEQUENCE, *MANUAL), (30, 100, 1000), False, False, PLAIN)),
    (6, Way("learning-rate-too-high", "lr-from-start", inj.LrFromStart, (*MORE, "sac", "wgan"), (100, 1000), False, False, {"schedule": "constant", "clip": None})),
    (2, Way("learning-rate-too-high", "lr-long-ramp", inj.LrFromStart, MORE, (60, 300), False, True, {"warmup_share": 0.5, **STEPS_OF_SGD})),
    (9, Way("learning-rate-too-low", "lr-tiny", inj.LrFromStart, (*NETS, *CONV, *SEQUENCE, *MANUAL), (1e-3, 1e-4, 0.0), timed=False)),
    (9, Way("learning-rate-too-low", "endless-warmup", need.EndlessWarmup, (*NETS, *CONV, *SEQUENCE, *MANUAL), (1000, 1e4, 1e6), timed=False)),
    (2, Way("learning-rate-too-low", "frozen", inj.Frozen, MORE, (0.98, 1.0), False, True)),
    (8, Way("lr-schedule-jump", "lr-jump", inj.LrJump, (*NETS, *CONV, *SEQUENCE, "linear"), (30, 100, 1000), needs=PLAIN)),
    (6, Way("lr-schedule-jump", "lr-window", inj.LrWindow, (*MORE, "factors"), (300, 1000), needs=STEPS_OF_SGD)),
    (2, Way("lr-schedule-jump", "lr-units", inj.LrUnits, MORE, (60, 200), True, True, STEPS_OF_SGD)),
    (3, Way("missing-warmup", "no-warmup", inj.NoWarmup, ("tabular",), (10, 40, 100), False, False, {**COLD, "lr": (3, 5)})),
    (3, Way("missing-warmup", "no-warmup", inj.NoWarmup, ("ranking",), (10, 40, 100), False, False, {**COLD, "lr": (4, 8)})),
    (6, Way("missing-warmup", "no-warmup", inj.NoWarmup, ("forecast",), (10, 40, 100), False, False, {**COLD, "lr": (10, 15)})),
    (6, Way("missing-warmup", "no-warmup", inj.NoWarmup, ("regression", "vae"), (10, 40, 100), False, False, {**COLD, "lr": (0.1, 0.3)})),
    (3, Way("missing-warmup", "no-warmup", inj.NoWarmup, ("autoencoder",), (10, 40, 100), False, False, {**COLD, "lr": (0.3, 0.6)})),
    (6, Way("missing-warmup", "uncorrected-no-warmup", need.UncorrectedNoWarmup, ("image", "contrastive"), (20, 100), False, False, {**UNCORRECTED, "lr": (8, 16)})),
    (8, Way("missing-warmup", "uncorrected-no-warmup", need.UncorrectedNoWarmup, ("finetune", "chars", "lm"), (20, 100), False, False, {**UNCORRECTED, "norm": "ln", "lr": (6, 12)})),
    (4, Way("missing-warmup", "uncorrected-no-warmup", need.UncorrectedNoWarmup, ("tabular", "ranking"), (20, 100), False, False, {**UNCORRECTED, "lr": (8, 16), "depth": 4})),
    (2, Way("missing-warmup", "short-warmup", inj.NoWarmup, ("forecast", "recurrent"), (40, 100), False, True, {"warmup_share": 0.2, "lr": (6, 15), "optimizer": "rmsprop", "clip": None})),
    (7, Way("batch-size-change", "batch-shrink", inj.BatchShrink, (*NETS, *CONV, "recurrent"), (16, 32), needs={"batch": 64, "log_batch": True, "accum": 1, "lr": (4, 8), "optimizer": "momentum", "clip": None, "schedule": "constant"})),
    (8, Way("batch-size-change", "accumulation-sum", inj.AccumulationSum, (*NETS, *CONV, *SEQUENCE), (16, 32, 64), needs={"log_batch": True, **STEPS_OF_SGD})),
    (2, Way("batch-size-change", "batch-shrink-lr-up", inj.BatchShrinkLrUp, MORE, (16, 32), True, True, {"batch": 32, "log_batch": True, "accum": 1, **STEPS_OF_SGD})),
    (10, Way("exploding-gradients", "gain", inj.Gain, ("regression", "autoencoder", "vae", "diffusion", "tabular", "forecast", "flow", "recurrent"), (2.2, 3.5, 8), False, False, {"optimizer": "momentum", "schedule": "constant", "cell": "relu", "length": 20, "norm": "", "clip": 1.0, "depth": (4, 6), "lr": (1, 2)})),
    (12, Way("exploding-gradients", "clip-off", inj.ClipOff, ("regression", "vae", "tabular", "forecast", "flow", "recurrent", "lm", "chars", "segmentation"), (30, 1000), needs={"optimizer": "momentum", "schedule": "constant", "clip": (0.03, 0.1), "lr": (40, 100), "norm": "", "cell": ("tanh", "relu"), "length": 20})),
    (5, Way("exploding-gradients", "long-sequences", need.LongSequences, ("recurrent",), (4, 8), needs={"optimizer": "momentum", "clip": None, "cell": ("tanh", "relu"), "length": 14, "attend": False, "adding": True, "lr": (1, 3)})),
    (2, Way("exploding-gradients", "deep-residual", inj.Gain, ("autoencoder", "recurrent"), (2.2, 3.5), False, True, {"optimizer": "sgd", "residual": True, "depth": 8, "norm": "", "cell": "relu", "length": 24, "lr": 0.3})),
    (12, Way("vanishing-gradients", "dead-bias", inj.DeadBias, ("tabular", "image", "ranking", "segmentation"), (4, 10, 30), False, False, {"act": "relu", "norm": ""})),
    (12, Way("vanishing-gradients", "tiny-weights", need.TinyWeights, ("tabular", "image", "lm", "ranking", "segmentation", "recurrent"), (10, 30, 100), False, False, {"optimizer": ("sgd", "momentum"), "norm": "", "adding": False, "schedule": "constant"})),
    (2, Way("vanishing-gradients", "tiny-sigmoid", inj.TinySigmoid, ("autoencoder", "regression"), (30, 100), False, True, {"norm": "", "depth": 5, "optimizer": "momentum"})),
    (9, Way("bad-batch", "bad-input", inj.BadInput, (*NETS, *CONV, "linear", "lm"), (1e3, 1e4, 1e5), needs=PLAIN)),
    (9, Way("bad-batch", "bad-target", inj.BadTarget, ("regression", "autoencoder", "forecast", "linear", "factors", "sac", "dqn", "flow"), (1e3, 1e4), needs={"clip": None})),
    (2, Way("bad-batch", "one-sample-batch", inj.OneClassBatch, ("regression", "forecast", "autoencoder"), (1000,), True, True, PLAIN)),
    (9, Way("recurring-bad-sample", "same-place", inj.RecurringSample, ("regression", "autoencoder", "vae", "forecast", "linear", "tabular", "flow", "ranking"), (150, 1000, 1e4), needs={"shuffle": False, "clip": None})),
    (9, Way("recurring-bad-sample", "shuffled", inj.RecurringTarget, ("regression", "autoencoder", "forecast", "linear", "factors", "vae", "flow"), (150, 1e3, 1e4), needs={"shuffle": True, "clip": None})),
    (2, Way("recurring-bad-sample", "bad-shard", inj.BadShard, ("tabular", "forecast", "flow"), (60, 300), True, True, {"shuffle": False, "clip": None})),
    (6, Way("data-shift", "input-shift", inj.InputShift, (*MORE, "wgan"), (3, 10, 30))),
    (6, Way("data-shift", "target-shift", inj.TargetShift, ("tabular", "ranking", "forecast", "lm", "recurrent", "segmentation"), (2, 3))),
    (1, Way("data-shift", "noise-on", inj.NoiseOn, MORE, (6,), True, True)),
    (12, Way("unscaled-data", "unscaled-inputs", inj.Unscaled, (*NETS, *CONV, "linear", "recurrent"), (30, 300, 3000), False, False, PLAIN)),
    (9, Way("unscaled-data", "unscaled-targets", inj.UnscaledTarget, ("regression", "linear", "factors", "forecast", "recurrent", "sac", "dqn"), (30, 1000, 1e5), False, False, PLAIN)),
    (2, Way("unscaled-data", "unscaled-column", inj.UnscaledColumn, ("tabular", "ranking", "linear"), (1e3, 1e5), False, True, STEPS_OF_SGD)),
    (5, Way("nan-in-data", "nan-input", inj.NanInput, (*MORE, "wgan", "sac"), (0, 2, 20))),
    (4, Way("nan-in-data", "inf-target", inj.InfTarget, (*MORE, "sac"), (0, 2, 20))),
    (1, Way("nan-in-data", "zero-width", inj.ZeroWidth, ("tabular", "ranking"), (0, 20), True, True)),
    (8, Way("empty-targets", "empty-batch", inj.EmptyTargets, (*MORE, "chars", "finetune"), (0, 0.005, 0.05), needs={"guard": (False, False, True)})),
    (1, Way("empty-targets", "short-targets", inj.ShortTargets, MORE, (0.04, 0.05), True, True, {"batch": (4, 8)})),
    (9, Way("label-noise", "shuffled-labels", inj.LabelNoise, ("tabular", "image", "ranking", "forecast", "lm", "segmentation", "recurrent", "regression"), (0.4, 0.7, 1.0), timed=False)),
    (6, Way("label-noise", "off-by-one", inj.OffByOne, ("tabular", "image", "ranking", "forecast", "segmentation", "chars"), (0.7, 1.0), timed=False)),
    (2, Way("label-noise", "random-targets", inj.RandomTargets, MORE, (0.7, 1.0), False, True)),
    (9, Way("numerical-instability", "naive-log", inj.UnsafeLoss, ("tabular", "ranking", "lm", "image", "finetune", "segmentation", "flow", "contrastive"), (1,), needs=SHARP)),
    (9, Way("numerical-instability", "one-minus", inj.UnsafeOneMinus, ("tabular", "ranking", "lm", "segmentation", "image", "linear", "finetune"), (1,), needs=SHARP)),
    (1, Way("numerical-instability", "root", inj.UnsafeRoot, ("image", "tabular"), (1,), True, True, {"lr": (3, 8), "noise": 0.0})),
    (7, Way("mixed-precision-overflow", "half-pooled", inj.HalfPooled, (*NETS, *CONV, *SEQUENCE), (1e4, 3e4, 1e5), needs={"scaler": (True, False), "clip": None})),
    (6, Way("mixed-precision-overflow", "static-scale", inj.StaticScale, (*NETS, *CONV, "lm"), (20, 24), needs={"clip": None})),
    (2, Way("mixed-precision-overflow", "half-sum", inj.HalfSum, MORE, (5e4, 2e5), True, True)),
    (10, Way("low-precision-state", "fp16-moments", inj.Fp16State, ("image", "autoencoder", "tabular", "ranking", "forecast", "lm", "recurrent", "regression"), (1,), needs=CLEAN)),
    (10, Way("low-precision-state", "int8-moments", need.Int8State, ("image", "diffusion", "tabular", "flow", "forecast", "lm", "vae", "regression", "linear"), (1,), needs=CLEAN)),
    (2, Way("low-precision-state", "bf16-moments", inj.Bf16State, MORE, (1,), True, True, {"optimizer": "adam", "beta2": 0.999})),
    (12, Way("adam-instability", "slow-first-moment", need.SlowFirstMoment, (*NETS, *CONV, "lm", "recurrent", *MANUAL), (0.95, 0.98, 0.99), needs=FLOOR)),
    (6, Way("adam-instability", "long-memory", inj.AdamLongMemory, ("linear", "tabular", "forecast", "flow", "ranking"), (0.9999, 0.99999), False, False, SLACK)),
    (6, Way("adam-instability", "late-memory", inj.AdamLate, ("linear", "factors", "tabular", "forecast", "flow", "lm"), (0.9999, 0.99999), needs=SLACK)),
    (3, Way("adam-instability", "short-memory", inj.AdamShortMemory, MORE, (0.8, 0.95), True, True, {"optimizer": "adam", "lr": (3, 10), "schedule": "constant", "clip": None})),
    (9, Way("attention-logit-growth", "qk-rate", inj.QueryKeyRate, SEQUENCE, (1000, 5000), needs={"lr": (3, 10), "attend": True, "clip": None, "schedule": "constant"})),
    (10, Way("attention-logit-growth", "qk-growth", need.QueryKeyGrowth, SEQUENCE, (100, 1000, 1e5), needs={"lr": (1, 3), "attend": True, "clip": None})),
    (2, Way("attention-logit-growth", "qk-rate-start", inj.QueryKeyRate, ("lm", "chars"), (1000, 5000), False, True, {"optimizer": "momentum", "attend": True, "clip": None})),
    (9, Way("output-logit-drift", "head-rate", inj.HeadRate, ("tabular", "image", "chars", "lm", "finetune", "contrastive", "ranking", "segmentation"), (1000, 5000, 20000), needs={"clip": None, "tied": False})),
    (9, Way("output-logit-drift", "head-anti-decay", need.HeadAntiDecay, ("tabular", "image", "chars", "lm", "finetune", "ranking", "segmentation", "forecast"), (3, 10, 100), needs={**STEPS_OF_SGD, "tied": False})),
    (2, Way("output-logit-drift", "head-growth", inj.HeadGrowth, ("tabular", "image", "chars"), (1e4, 1e8), True, True, {"clip": None})),
    (5, Way("weight-growth", "decay-sign", inj.WeightGrowth, (*MORE, "sac"), (50, 1e4))),
    (1, Way("weight-growth", "l2-sign", inj.L2Sign, MORE, (1,), True, True)),
    (6, Way("bad-resume", "moments-lost", inj.ResumeMomentsLost, (*MORE, "regression"), (100, 300), needs={"optimizer": ("adam", "momentum"), "clip": None})),
    (6, Way("bad-resume", "schedule-lost", inj.ResumeScheduleLost, (*MORE, "vae"), (30, 100), needs=DECAYING)),
    (6, Way("bad-resume", "permuted", inj.ResumePermuted, ("regression", "tabular", "forecast", "image", "lm", "recurrent"), (0.6, 1.0), needs=DECAYING)),
    (6, Way("bad-resume", "head-lost", inj.ResumeHeadLost, (*MORE, "autoencoder"), (0.3, 0.6, 1.0), needs=DECAYING)),
    (6, Way("bad-resume", "resume-rescaled", need.ResumeRescaled, ("regression", "tabular", "forecast", "image", "ranking", "flow"), (5, 20, 100), needs=DECAYING)),
    (2, Way("bad-resume", "correction-lost", inj.ResumeCorrectionLost, MORE, (5, 20), True, True, {"optimizer": "adam", "beta2": 0.999, "clip": None})),
    (6, Way("unbounded-loss", "sign", inj.SignFlip, (*MORE, "regression", "linear"), (0.7, 1.0), needs=PLAIN)),
    (6, Way("unbounded-loss", "targets-outside", inj.TargetsOutside, ("ranking", "tabular", "lm", "image", "finetune", "forecast"), (1,))),
    (2, Way("unbounded-loss", "free-width", inj.FreeWidth, ("regression", "flow"), (1,), True, True, {"noise": 0.0})),
    (5, Way("aux-term-blowup", "aux-ramp", inj.AuxRamp, ("tabular", "forecast", "ranking", "image", "lm", "autoencoder"), (30, 1000), needs={"aux": 1e-3})),
    (5, Way("aux-term-blowup", "aux-reward", inj.AuxReward, ("tabular", "forecast", "ranking", "image", "diffusion"), (3, 30), needs={"aux": 1e-3})),
    (6, Way("aux-term-blowup", "part-weight", inj.PartWeight, ("flow", "vae", "segmentation"), (50, 300, 3000))),
    (2, Way("aux-term-blowup", "aux-exp", inj.AuxExp, ("forecast", "tabular"), (1, 10), True, True, {"aux": 1e-3})),
    (10, Way("train-eval-mismatch", "eval-changed", need.EvalChanged, (*NETS, *CONV, *SEQUENCE), (2, 5, 20))),
    (9, Way("train-eval-mismatch", "statistics-reset", need.StatisticsReset, BATCH_NORM, (1, 3), needs={"norm": "bn"})),
    (4, Way("train-eval-mismatch", "eval-unscaled", inj.EvalUnscaled, ("regression", "autoencoder", "tabular", "forecast", "ranking", "image"), (5, 20), timed=False)),
    (2, Way("train-eval-mismatch", "foreign-statistics", inj.ForeignStatistics, ("tabular", "image"), (30, 200), True, True, {"norm": "bn"})),
    (15, Way("overfitting", "small-data", inj.SmallData, ("tabular", "lm", "chars", "finetune", "image", "ranking", "forecast", "segmentation", "regression", "recurrent"), (64, 32, 16), False, False, {"noise": (0.3, 0.6), "lr": (1, 2)})),
    (9, Way("overfitting", "decay-off", need.DecayOff, ("tabular", "regression", "ranking", "forecast", "image", "segmentation"), (30, 1000), needs={"optimizer": "adamw", "wd": (5.0, 15.0), "n": 64, "noise": (0.3, 0.6), "schedule": "constant", "batch": 16, "eval_share": 0.02})),
    (2, Way("overfitting", "small-noisy-data", inj.SmallNoisyData, ("tabular", "image", "lm"), (80, 40), False, True, {"noise": 0.3})),
    (6, Way("rl-or-gan-divergence", "critic-rate", inj.CriticRate, ("wgan", "gan"), (20, 60, 200), timed=False)),
    (5, Way("rl-or-gan-divergence", "critic-free", inj.CriticFree, ("wgan",), (1, 4, 8, 20), timed=False)),
    (6, Way("rl-or-gan-divergence", "discount", inj.Discount, ("sac", "dqn"), (1.05, 1.3, 1.6), timed=False)),
    (4, Way("rl-or-gan-divergence", "no-target", inj.NoTarget, ("sac", "dqn"), (10, 30), False, False, {"gamma": 0.99})),
    (4, Way("rl-or-gan-divergence", "free-entropy", need.FreeEntropy, ("sac",), (3, 10, 30), timed=False)),
    (6, Way("rl-or-gan-divergence", "generator-rate", need.GeneratorRate, ("wgan", "sac"), (20, 60, 200), timed=False)),
    (15, Way("self-recovering-spike", "catapult", inj.LrFromStart, ("recurrent", "lm", "chars", "image"), (6, 10, 20), False, False, {"schedule": ("cosine", "linear"), "optimizer": ("momentum", "adam"), "lr": 1, "batch": 64, "clip": None, "noise": 0.0, "cell": ("tanh", "gru"), "adding": True})),
    (9, Way("self-recovering-spike", "full-batch-edge", need.FullBatchEdge, ("recurrent", "factors", "regression", "forecast"), (5, 10, 30), False, False, {"schedule": ("cosine", "linear"), "optimizer": "adam", "lr": 1, "n": 256, "batch": 256, "clip": None, "noise": 0.0, "norm": "", "act": "tanh", "adding": True})),
    (2, Way("self-recovering-spike", "momentum-rise", inj.MomentumRise, MORE, (40, 80), True, True, {"optimizer": "momentum", "schedule": "constant", "beta1": 0.8, "clip": None})),
    (15, Way("rank-desync", "stale-shard", machines.StaleShard, (*NETS, *CONV, "lm", "recurrent", *MANUAL), (20, 60, 200), needs={"clip": None})),
    (6, Way("rank-desync", "drifted-ranks", machines.DriftedRanks, ("tabular", "regression", "autoencoder", "image", "vae"), (8, 64), needs={"ranks": 2, "lr": (5, 10), "clip": None})),
    (9, Way("rank-desync", "stale-replica", machines.StaleReplica, ("autoencoder", "tabular", "regression", "image", "flow", "forecast"), (0.7, 1.0, 1.5), needs={"ranks": 2, **DECAYING})),
    (9, Way("hardware-fault", "bit-flip-weight", machines.BitFlipWeight, (*NETS, *CONV, *SEQUENCE, *TWO, *MANUAL), (8, 32, 128))),
    (9, Way("hardware-fault", "bit-flip-gradient", machines.BitFlipGradient, (*NETS, *CONV, *SEQUENCE, *MANUAL), (4, 16, 64), needs=STEPS_OF_SGD)),
    (5, Way("hardware-fault", "bit-flip-moment", machines.BitFlipMoment, (*NETS, *CONV, *SEQUENCE, *TWO), (8, 32, 128))),
    (3, Way("hardware-fault", "flaky-device", machines.FlakyDevice, (*NETS, *CONV, *SEQUENCE), (0.01, 0.05), True, True, {"clip": None})),
)  # fmt: skip

QUICK = ("tabular", "regression", "ranking", "autoencoder", "vae", "diffusion", "contrastive")
EDGE: HP = {
    "optimizer": "sgd",
    "schedule": "constant",
    "n": (64, 128),
    "batch": 128,
    "noise": (0.3, 0.6),
    "tail": 3,
    "norm": "",
    "act": "tanh",
    "depth": (2, 3),
    "lr": (0.7, 1),
    "clip": None,
    "shuffle": False,
}
SHORT: tuple[tuple[int, Way], ...] = (
    (15, Way("adam-instability", "slow-first-moment", need.SlowFirstMoment, QUICK, (0.95, 0.98, 0.99), needs=FLOOR)),
    (9, Way("attention-logit-growth", "qk-rate", inj.QueryKeyRate, ("chars", "lm", "finetune"), (1000, 5000), needs={"lr": (3, 10), "clip": None, "schedule": "constant"})),
    (6, Way("attention-logit-growth", "qk-growth", need.QueryKeyGrowth, ("chars", "lm"), (1000, 1e5), needs={"lr": (2, 4), "clip": None, "schedule": "constant"})),
    (12, Way("train-eval-mismatch", "eval-changed", need.EvalChanged, (*QUICK[:5], "image"), (3, 8, 20))),
    (6, Way("train-eval-mismatch", "statistics-reset", need.StatisticsReset, ("autoencoder", "regression", "image"), (1, 3), needs={"norm": "bn"})),
    (15, Way("self-recovering-spike", "full-batch-edge", need.FullBatchEdge, ("regression",), (2, 3, 4.5), False, False, EDGE)),
    (6, Way("self-recovering-spike", "full-batch-edge", need.FullBatchEdge, ("autoencoder", "diffusion"), (10, 20, 30), False, False, EDGE)),
    (15, Way("rank-desync", "stale-shard", machines.StaleShard, QUICK, (20, 60, 150), needs={"clip": None, "lr": (2, 4)})),
    (6, Way("rank-desync", "stale-replica", machines.StaleReplica, ("autoencoder", "regression", "vae"), (1.0, 1.5), needs={"ranks": 2, **DECAYING})),
    (9, Way("hardware-fault", "bit-flip-weight", machines.BitFlipWeight, QUICK, (8, 32, 128))),
    (6, Way("hardware-fault", "bit-flip-gradient", machines.BitFlipGradient, QUICK, (16, 64), needs=STEPS_OF_SGD)),
    (12, Way("output-logit-drift", "head-anti-decay", need.HeadAntiDecay, ("tabular", "ranking", "contrastive", "image"), (3, 10, 100), needs=STEPS_OF_SGD)),
    (6, Way("output-logit-drift", "head-rate", inj.HeadRate, ("tabular", "image", "ranking"), (1000, 5000, 20000), needs=STEPS_OF_SGD)),
    (12, Way("overfitting", "small-data", inj.SmallData, ("tabular", "ranking", "regression", "vae", "image"), (64, 32, 16), False, False, {"noise": (0.3, 0.6), "lr": (1, 2)})),
    (6, Way("overfitting", "decay-off", need.DecayOff, ("tabular", "regression"), (30, 1000), needs={"optimizer": "adamw", "wd": (5.0, 10.0), "n": 64, "noise": (0.3, 0.6), "schedule": "constant", "batch": 16, "lr": 1.5})),
    (12, Way("unscaled-data", "unscaled-inputs", inj.Unscaled, QUICK, (30, 300, 3000), False, False, PLAIN)),
    (6, Way("unscaled-data", "unscaled-targets", inj.UnscaledTarget, ("regression", "linear"), (30, 1000, 1e5), False, False, PLAIN)),
    (9, Way("low-precision-state", "int8-moments", need.Int8State, ("tabular", "ranking", "vae", "autoencoder", "diffusion"), (1,), needs=CLEAN)),
    (9, Way("bad-batch", "bad-input", inj.BadInput, QUICK, (1e3, 1e4, 1e5), needs={**PLAIN, "lr": 0.5})),
    (6, Way("recurring-bad-sample", "same-place", inj.RecurringSample, QUICK, (150, 1000), needs={"shuffle": False, **STEPS_OF_SGD})),
    (9, Way("missing-warmup", "no-warmup", inj.NoWarmup, ("regression", "vae", "diffusion"), (10, 40, 100), False, False, {**COLD, "lr": (0.1, 0.2)})),
    (3, Way("missing-warmup", "no-warmup", inj.NoWarmup, ("autoencoder",), (10, 40, 100), False, False, {**COLD, "lr": (0.3, 0.6)})),
    (6, Way("exploding-gradients", "gain", inj.Gain, ("regression", "autoencoder", "ranking", "diffusion"), (2.2, 3.5, 8), False, False, {"optimizer": "momentum", "schedule": "constant", "norm": "", "clip": 1.0, "depth": (4, 6), "lr": (1, 2)})),
    (3, Way("rl-or-gan-divergence", "discount", inj.Discount, ("dqn",), (1.05, 1.3, 1.6), timed=False)),
    (3, Way("rl-or-gan-divergence", "critic-rate", inj.CriticRate, ("gan",), (20, 60, 200), timed=False)),
    (6, Way("data-shift", "target-shift", inj.TargetShift, QUICK[:4], (2, 3))),
    (4, Way("empty-targets", "empty-batch", inj.EmptyTargets, QUICK, (0, 0.05))),
    (6, Way("numerical-instability", "one-minus", inj.UnsafeOneMinus, ("ranking", "contrastive", "linear"), (1,), needs=SHARP)),
)  # fmt: skip
"""Short trainings of cheap tasks for the causes that stay thin."""
QUIET: HP = {
    "optimizer": "adam",
    "beta2": 0.95,
    "eps": 1e-5,
    "lr": (3, 8),
    "schedule": "constant",
    "clip": None,
    "noise": 0.0,
    "norm": "",
    "act": "relu",
    "batch": 64,
    "warmup": 0,
}
QUIETEST: tuple[tuple[int, Way], ...] = (
    (18, Way("adam-instability", "slow-first-moment", need.SlowFirstMoment, ("tabular", "ranking", "forecast", "regression", "image", "contrastive"), (0.98, 0.99, 0.995), needs=QUIET)),
)  # fmt: skip
"""Noise had hidden what a wrong memory of Adam does: the same way once more, where gradients become small."""

WAYS = tuple(w for _, w in (*ROWS, *SHORT, *QUIETEST))
PLACES = (0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.94, 0.97)
LATE = (0.6, 0.7, 0.8, 0.85, 0.9, 0.93)
VALIDATED = ("train-eval-mismatch", "overfitting", "label-noise")
VALIDATED_WAYS = ("drifted-ranks",)
BLOCK, SIZE = 3, 4
TEMPTING = 45
"""Healthy families without a fault."""
SHORT_FROM = 300
"""The number of the first family of short trainings."""
SHUFFLED, SHUFFLED_HEALTHY = 78, 49
"""The families below these numbers come in shuffled order; the rest come cheapest first."""
FAMILIES: int | None = 244
"""How many families are in the zoo: as many as there was time for."""
MILLISECONDS = {"tabular": 0.3, "ranking": 0.5, "regression": 0.25, "autoencoder": 0.35, "vae": 0.6, "diffusion": 0.5, "contrastive": 0.6,
                "flow": 1.1, "wgan": 1.4, "gan": 1.0, "dqn": 0.6, "sac": 2.2, "forecast": 2.0, "image": 2.0, "segmentation": 2.0, "lm": 4.0,
                "chars": 2.5, "finetune": 3.5, "recurrent": 2.5, "linear": 0.02, "factors": 0.05}  # fmt: skip
TEMPTED = (*NETS, *CONV, *SEQUENCE, *TWO, *MANUAL)


def settings(task: str, rng: np.random.Generator) -> HP:
    """A family that learns: usual settings, little that hides a failure, lengths from short to long."""

    def pick(*options: Any) -> Any:
        return options[int(rng.integers(len(options)))]

    hp = base(task, rng)
    hp["lr"] = pick(0.7, 1.0, 1.0, 1.5)
    hp["schedule"] = pick(
        "constant", "constant", "constant", "cosine", "cosine", "linear", "wsd", "exponential", "steps"
    )
    if task in TWO:
        hp["optimizer"] = "adam"
    hp["steps"] = int(
        pick(4000, 12000, 30000)
        if task in MANUAL
        else pick(250, 450, 800)
        if task in SLOW
        else pick(400, 800, 1500, 3000)
    )
    hp["batch"] = pick(16, 32, 32, 64) if task not in SLOW else pick(8, 16, 32)
    if "warmup" in hp:
        hp["warmup"] = int(pick(0.02, 0.05, 0.1) * hp["steps"])
    hp["accum"] = pick(1, 1, 1, 1, 2) if task not in (*SLOW, *TWO) else 1
    hp["after_nan"] = pick(40, 10**9, 10**9)
    hp["eval_share"] = pick(0.0, 0.01, 0.02, 0.04)
    if task == "forecast":
        hp["quantile"] = pick(False, True)
    for key in ("precision", "curriculum", "curriculum_noise", "n"):
        hp.pop(key, None)
    return hp


def draws(rows: tuple[tuple[int, Way], ...], of: str, largest: int = BLOCK) -> list[tuple[Way, str, HP, int, float]]:
    """Every fault of this part: way, task, needs, level, place in the run; up to ``largest`` in a row share a task."""
    out = []
    for number, (count, w) in enumerate(rows):
        rng = np.random.default_rng(zlib.crc32(f"{of} {w.name} {number}".encode()))
        block = largest if w.timed else min(largest, len(w.levels))
        tasks = rng.permutation(np.array(w.tasks))
        places = rng.permutation(np.array(LATE if w.needs is DECAYING or w.name == "stale-replica" else PLACES))
        turn = int(rng.integers(len(w.levels)))
        hp: HP = {}
        for k in range(count):
            if k % block == 0:
                hp = {a: b[int(rng.integers(len(b)))] if isinstance(b, tuple) else b for a, b in w.needs.items()}
            place = float(places[k % len(places)]) if w.timed else 0.0
            out.append((w, str(tasks[k // block % len(tasks)]), dict(hp), (k + turn) % len(w.levels), place))
    return out


def made() -> list[Spec]:
    """The runs of this part: families of up to ``SIZE`` faults with one twin, and the tempting ones, shuffled."""
    families: list[list[tuple[Way, str, HP, int, float]] | str] = [*grouped(draws(ROWS, "by need"))]
    families += [TEMPTED[k % len(TEMPTED)] for k in range(TEMPTING)]
    order = np.random.default_rng(4).permutation(len(families))
    done: list[list[Spec]] = []
    for number, f in enumerate(order):
        rows = families[f]
        rng = np.random.default_rng((14, int(f)))
        done.append(tempting(number, rows, rng) if isinstance(rows, str) else family_of(number, rows, rng))
    early = [x for k, x in enumerate(done) if k < (SHUFFLED if x[-1].kind == "fault" else SHUFFLED_HEALTHY)]
    rest = sorted((x for x in done if x not in early), key=lambda x: cost(x[0]))
    short = [
        family_of(SHORT_FROM + k, rows, np.random.default_rng((15, k)), short=True)
        for k, rows in enumerate([*grouped(draws(SHORT, "short")), *grouped(draws(QUIETEST, "quietest"))])
    ]
    return [s for x in [*early, *short, *rest][:FAMILIES] for s in x]


def grouped(rows: list[tuple[Way, str, HP, int, float]]) -> list[list[tuple[Way, str, HP, int, float]]]:
    """Faults of one task and the same needs, up to ``SIZE`` of them to share a twin."""
    buckets: dict[str, list[tuple[Way, str, HP, int, float]]] = defaultdict(list)
    for d in rows:
        buckets[f"{d[1]}|{sorted(d[2].items(), key=str)}|{d[0].locked}"].append(d)
    return [buckets[key][k : k + SIZE] for key in sorted(buckets) for k in range(0, len(buckets[key]), SIZE)]


def cost(s: Spec) -> float:
    """Roughly how long a run takes, in milliseconds of one core."""
    hp = s.hp
    deep = hp.get("depth", 2) / 2 if s.task in ("lm", "chars") else 1.0
    return float(
        hp["steps"] * hp.get("accum", 1) * hp.get("ranks", 1) * MILLISECONDS[s.task] * deep * (hp["batch"] / 32) ** 0.3
    )


def tempting(number: int, task: str, rng: np.random.Generator) -> list[Spec]:
    """A healthy family with what tempts a false alarm, and the same run interrupted and resumed as it should be."""
    hp = base(task, rng)
    hp["steps"] = min(hp["steps"], 800) if task in SLOW else hp["steps"]
    hp = finished(task, hp, {"optimizer": "adam"} if task in TWO else {})
    family, seed = f"{task}-n{number:03d}", int(rng.integers(1 << 20))
    out = [Spec(f"{family}-{kind}", family, task, seed + k, hp, kind=kind) for k, kind in enumerate(("twin", "seed"))]
    if task not in ("dqn", "sac") and rng.random() < 0.5:
        out.append(Spec(f"{family}-resume", family, task, seed, hp, at=int(0.6 * hp["steps"]), kind="resume"))
    return out


def family_of(
    number: int, rows: list[tuple[Way, str, HP, int, float]], rng: np.random.Generator, *, short: bool = False
) -> list[Spec]:
    _, task, needs, _, _ = rows[0]
    usual = settings(task, rng)
    if short:
        lengths = (200, 300) if task in SLOW else (3000, 6000) if task in MANUAL else (300, 500, 800)
        usual["steps"] = int(rng.choice(lengths))
        usual["warmup"] = min(usual.get("warmup", 0), usual["steps"] // 20)
        usual["accum"] = 1
    hp = finished(task, usual, needs)
    family, seed = f"{task}-n{number:03d}", int(rng.integers(1 << 20))
    return members(family, task, seed, hp, rows)


def members(family: str, task: str, seed: int, hp: HP, rows: list[tuple[Way, str, HP, int, float]]) -> list[Spec]:
    """The twin, the other seed and the faults of one family."""
    locked = task in LOCKED_TASKS or any(r[0].locked for r in rows)
    out = [
        Spec(f"{family}-{kind}", family, task, seed + k, hp, locked=locked, kind=kind)
        for k, kind in enumerate(("twin", "seed"))
    ]
    there: set[tuple[str, int, int]] = set()
    for k, (w, _, _, level, place) in enumerate(rows):
        at = max(1, int(place * hp["steps"])) if w.timed else 0
        if (w.name, level, at) in there:
            continue
        there.add((w.name, level, at))
        seen = w.cause in VALIDATED or w.name in VALIDATED_WAYS
        out.append(
            Spec(
                f"{family}-{w.name}-{k}",
                family,
                task,
                seed,
                hp,
                w.name,
                w.cause,
                level,
                w.levels[level],
                at,
                locked,
                seen,
            )
        )
    return out
