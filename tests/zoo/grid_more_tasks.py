# ruff: noqa: E501 - tables read better with one row a line
"""The fifth part of the grid: ten more tasks, for a fit that is to hold on tasks it has not seen.

Fixed beforehand like the others. The ways, strengths and settings are those under which small nets failed in the earlier
parts, spread over the tasks so that each cause meets several of them; none of the ways kept for the locked test.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.zoo import grid_by_need as earlier
from tests.zoo import injectors as inj
from tests.zoo import injectors_by_need as need
from tests.zoo import machines
from tests.zoo.grid import Way, finished
from tests.zoo.grid_by_need import CLEAN, COLD, DECAYING, EDGE, FLOOR, PLAIN, QUIET, SHARP, STEPS_OF_SGD, UNCORRECTED
from tests.zoo.spec import HP, Spec

NETS = ("pendulum", "implicit", "mixture", "counts", "curves", "experts", "values")
TOKENS = ("skipgram", "textbag")
TASKS = (*NETS, *TOKENS, "superres")
JUDGED = tuple(t for t in TASKS if t != "values")
"""Tasks with a validation loss."""
FLOATS = (*NETS, "superres")
ROWS_OF_NUMBERS = ("pendulum", "implicit", "mixture", "counts", "experts")
BATCH_NORM = (*ROWS_OF_NUMBERS, "superres", "textbag")
SHARED: HP = {"clip": None}
BIG_STEPS: HP = {**SHARED, "optimizer": "momentum", "schedule": "constant"}

ROWS: tuple[tuple[int, Way], ...] = (
    (6, Way("learning-rate-too-high", "lr-from-start", inj.LrFromStart, TASKS, (30, 100, 1000), False, False, PLAIN)),
    (5, Way("learning-rate-too-high", "lr-from-start", inj.LrFromStart, TASKS, (100, 1000), False, False, {"schedule": "constant", "clip": None})),
    (6, Way("learning-rate-too-low", "lr-tiny", inj.LrFromStart, TASKS, (1e-3, 1e-4, 0.0), timed=False)),
    (5, Way("learning-rate-too-low", "endless-warmup", need.EndlessWarmup, TASKS, (1000, 1e4, 1e6), timed=False)),
    (6, Way("lr-schedule-jump", "lr-jump", inj.LrJump, TASKS, (30, 100, 1000), needs=PLAIN)),
    (5, Way("lr-schedule-jump", "lr-window", inj.LrWindow, TASKS, (300, 1000), needs=STEPS_OF_SGD)),
    (5, Way("missing-warmup", "no-warmup", inj.NoWarmup, ("implicit", "textbag", "experts", "values"), (10, 40, 100), False, False, {**COLD, "lr": (0.3, 0.6)})),
    (3, Way("missing-warmup", "no-warmup", inj.NoWarmup, ("pendulum", "superres"), (10, 40, 100), False, False, {**COLD, "lr": 0.1})),
    (6, Way("missing-warmup", "uncorrected-no-warmup", need.UncorrectedNoWarmup, ("textbag", "skipgram", "experts", "pendulum", "mixture"), (20, 100), False, False, {**UNCORRECTED, "lr": (8, 16)})),
    (5, Way("batch-size-change", "batch-shrink", inj.BatchShrink, TASKS, (16, 32), needs={"batch": 64, "log_batch": True, "accum": 1, "lr": (4, 8), "optimizer": "momentum", "clip": None, "schedule": "constant"})),
    (6, Way("batch-size-change", "accumulation-sum", inj.AccumulationSum, TASKS, (16, 32, 64), needs={"log_batch": True, **STEPS_OF_SGD})),
    (6, Way("exploding-gradients", "gain", inj.Gain, ("pendulum", "implicit", "mixture", "counts", "curves", "experts"), (2.2, 3.5, 8), False, False, {"optimizer": "momentum", "schedule": "constant", "norm": "", "clip": 1.0, "depth": (4, 6), "lr": (1, 2)})),
    (6, Way("exploding-gradients", "clip-off", inj.ClipOff, ("pendulum", "implicit", "mixture", "counts", "curves", "experts", "textbag"), (30, 1000), needs={"optimizer": "momentum", "schedule": "constant", "clip": (0.03, 0.1), "lr": (40, 100), "norm": ""})),
    (6, Way("vanishing-gradients", "dead-bias", inj.DeadBias, ("counts", "experts", "mixture", "superres", "textbag"), (4, 10, 30), False, False, {"act": "relu", "norm": ""})),
    (5, Way("vanishing-gradients", "tiny-weights", need.TinyWeights, ("pendulum", "superres", "textbag", "skipgram", "experts"), (10, 30, 100), False, False, {"optimizer": ("sgd", "momentum"), "norm": "", "schedule": "constant"})),
    (6, Way("bad-batch", "bad-input", inj.BadInput, TASKS, (1e3, 1e4, 1e5), needs=PLAIN)),
    (5, Way("bad-batch", "bad-target", inj.BadTarget, FLOATS, (1e3, 1e4), needs=SHARED)),
    (5, Way("recurring-bad-sample", "same-place", inj.RecurringSample, TASKS, (150, 1000, 1e4), needs={"shuffle": False, "clip": None})),
    (6, Way("recurring-bad-sample", "shuffled", inj.RecurringTarget, FLOATS, (150, 1e3, 1e4), needs={"shuffle": True, "clip": None})),
    (6, Way("data-shift", "input-shift", inj.InputShift, FLOATS, (3, 10, 30))),
    (5, Way("data-shift", "target-shift", inj.TargetShift, tuple(t for t in TASKS if t != "counts"), (2, 3))),
    (6, Way("unscaled-data", "unscaled-inputs", inj.Unscaled, TASKS, (30, 300, 3000), False, False, PLAIN)),
    (5, Way("unscaled-data", "unscaled-targets", inj.UnscaledTarget, ("mixture", "counts", "values", "implicit", "experts", "superres"), (30, 1000, 1e5), False, False, PLAIN)),
    (5, Way("nan-in-data", "nan-input", inj.NanInput, TASKS, (0, 2, 20))),
    (4, Way("nan-in-data", "inf-target", inj.InfTarget, TASKS, (0, 2, 20))),
    (9, Way("empty-targets", "empty-batch", inj.EmptyTargets, TASKS, (0, 0.005, 0.05), needs={"guard": (False, False, True)})),
    (6, Way("label-noise", "shuffled-labels", inj.LabelNoise, JUDGED, (0.4, 0.7, 1.0), timed=False)),
    (4, Way("label-noise", "off-by-one", inj.OffByOne, JUDGED, (0.7, 1.0), timed=False)),
    (6, Way("numerical-instability", "naive-log", inj.UnsafeLoss, TASKS, (1,), needs=SHARP)),
    (5, Way("numerical-instability", "one-minus", inj.UnsafeOneMinus, TASKS, (1,), needs=SHARP)),
    (5, Way("mixed-precision-overflow", "half-pooled", inj.HalfPooled, TASKS, (1e4, 3e4, 1e5), needs={"scaler": (True, False), "clip": None})),
    (5, Way("mixed-precision-overflow", "static-scale", inj.StaticScale, TASKS, (20, 24), needs=SHARED)),
    (5, Way("low-precision-state", "fp16-moments", inj.Fp16State, TASKS, (1,), needs=CLEAN)),
    (6, Way("low-precision-state", "int8-moments", need.Int8State, TASKS, (1,), needs=CLEAN)),
    (8, Way("adam-instability", "slow-first-moment", need.SlowFirstMoment, TASKS, (0.95, 0.98, 0.99), needs=FLOOR)),
    (6, Way("adam-instability", "slow-first-moment", need.SlowFirstMoment, ("implicit", "textbag", "experts", "pendulum"), (0.98, 0.99, 0.995), needs=QUIET)),
    (5, Way("attention-logit-growth", "qk-rate", inj.QueryKeyRate, ("curves", "textbag"), (1000, 5000), needs={"lr": (3, 10), "attend": True, "clip": None, "schedule": "constant"})),
    (6, Way("attention-logit-growth", "qk-growth", need.QueryKeyGrowth, ("curves", "textbag"), (100, 1000, 1e5), needs={"lr": (1, 3), "attend": True, "clip": None})),
    (5, Way("output-logit-drift", "head-rate", inj.HeadRate, ("textbag", "skipgram", "mixture", "counts", "curves", "values"), (1000, 5000, 20000), needs=SHARED)),
    (5, Way("output-logit-drift", "head-anti-decay", need.HeadAntiDecay, ("textbag", "skipgram", "mixture", "counts", "superres"), (3, 10, 100), needs=STEPS_OF_SGD)),
    (8, Way("weight-growth", "decay-sign", inj.WeightGrowth, TASKS, (50, 1e4))),
    (3, Way("bad-resume", "moments-lost", inj.ResumeMomentsLost, JUDGED, (100, 300), needs={"optimizer": ("adam", "momentum"), "clip": None})),
    (3, Way("bad-resume", "schedule-lost", inj.ResumeScheduleLost, JUDGED, (30, 100), needs=DECAYING)),
    (3, Way("bad-resume", "permuted", inj.ResumePermuted, ROWS_OF_NUMBERS, (0.6, 1.0), needs=DECAYING)),
    (3, Way("bad-resume", "head-lost", inj.ResumeHeadLost, JUDGED, (0.3, 0.6, 1.0), needs=DECAYING)),
    (3, Way("bad-resume", "resume-rescaled", need.ResumeRescaled, ("curves", "superres", *ROWS_OF_NUMBERS), (5, 20, 100), needs=DECAYING)),
    (6, Way("unbounded-loss", "sign", inj.SignFlip, TASKS, (0.7, 1.0), needs=PLAIN)),
    (4, Way("unbounded-loss", "targets-outside", inj.TargetsOutside, ("textbag", "skipgram", "implicit", "superres"), (1,))),
    (4, Way("aux-term-blowup", "aux-ramp", inj.AuxRamp, TASKS, (30, 1000), needs={"aux": 1e-3})),
    (4, Way("aux-term-blowup", "aux-reward", inj.AuxReward, TASKS, (3, 30), needs={"aux": 1e-3})),
    (5, Way("aux-term-blowup", "part-weight", inj.PartWeight, ("pendulum", "superres", "experts"), (50, 300, 3000))),
    (6, Way("train-eval-mismatch", "eval-changed", need.EvalChanged, JUDGED, (2, 5, 20))),
    (5, Way("train-eval-mismatch", "statistics-reset", need.StatisticsReset, BATCH_NORM, (1, 3), needs={"norm": "bn"})),
    (2, Way("train-eval-mismatch", "eval-unscaled", inj.EvalUnscaled, ("mixture", "experts", "superres"), (5, 20), timed=False)),
    (8, Way("overfitting", "small-data", inj.SmallData, JUDGED, (64, 32, 16), False, False, {"noise": (0.3, 0.6), "lr": (1, 2)})),
    (4, Way("overfitting", "decay-off", need.DecayOff, ("textbag", "mixture", "experts", "counts"), (30, 1000), needs={"optimizer": "adamw", "wd": (5.0, 10.0), "n": 64, "noise": (0.3, 0.6), "schedule": "constant", "batch": 16, "lr": 1.5})),
    (4, Way("rl-or-gan-divergence", "discount", inj.Discount, ("values",), (1.05, 1.3, 1.6), timed=False)),
    (4, Way("rl-or-gan-divergence", "no-target", inj.NoTarget, ("values",), (10, 30), False, False, {"gamma": 0.99})),
    (6, Way("self-recovering-spike", "full-batch-edge", need.FullBatchEdge, ("implicit", "experts", "mixture", "counts", "textbag", "pendulum"), (3, 10, 30), False, False, {**EDGE, "lr": 1})),
    (6, Way("self-recovering-spike", "catapult", inj.LrFromStart, ("implicit", "experts", "curves", "textbag", "pendulum", "superres"), (6, 10, 20), False, False, {"schedule": ("cosine", "linear"), "optimizer": ("momentum", "adam"), "lr": 1, "batch": 64, "clip": None, "noise": 0.0})),
    (7, Way("rank-desync", "stale-shard", machines.StaleShard, JUDGED, (20, 60, 200), needs={"clip": None, "lr": (2, 4)})),
    (5, Way("rank-desync", "stale-replica", machines.StaleReplica, ("implicit", "mixture", "experts", "textbag", "skipgram"), (0.7, 1.0, 1.5), needs={"ranks": 2, **DECAYING})),
    (2, Way("rank-desync", "drifted-ranks", machines.DriftedRanks, ("experts", "textbag", "superres"), (8, 64), needs={"ranks": 2, "lr": (5, 10), "clip": None})),
    (5, Way("hardware-fault", "bit-flip-weight", machines.BitFlipWeight, TASKS, (8, 32, 128))),
    (4, Way("hardware-fault", "bit-flip-gradient", machines.BitFlipGradient, TASKS, (16, 64), needs=STEPS_OF_SGD)),
    (3, Way("hardware-fault", "bit-flip-moment", machines.BitFlipMoment, TASKS, (8, 32, 128))),
)  # fmt: skip

BLOCK = 2
"""Draws in a row that share a task: fewer than before, so that a cause meets more tasks."""
TEMPTING = 30
"""Healthy families without a fault."""

NOISE = {"pendulum": (0.0, 0.05, 0.2), "implicit": (0.0, 0.0, 0.1), "superres": (0.0, 0.05, 0.3), "mixture": (0.0, 0.1, 0.4), "counts": (0.1, 0.5),
         "curves": (0.02, 0.1), "skipgram": (0.05, 0.3), "textbag": (0.1, 0.4), "experts": (0.0, 0.1, 0.5), "values": (0.0, 0.2)}  # fmt: skip
BATCH = {"skipgram": (32, 64, 128), "implicit": (64, 200, 600), "superres": (8, 16, 32), "curves": (16, 32)}
ACTS = {"implicit": ("sine", "sine", "tanh"), "pendulum": ("tanh", "gelu", "sine"), "values": ("relu", "tanh")}
NORMS = {
    "implicit": ("",),
    "pendulum": ("",),
    "values": ("",),
    "skipgram": ("",),
    "curves": ("", "ln"),
    "superres": ("", "", "bn"),
}


def settings(task: str, rng: np.random.Generator) -> HP:
    """A family that learns: usual settings, lengths from short to long."""

    def pick(*options: Any) -> Any:
        return options[int(rng.integers(len(options)))]

    hp: HP = {"data_seed": int(rng.integers(1 << 30))}
    hp["optimizer"] = pick("adam", "adam", "adam", "adamw", "momentum", "sgd", "rmsprop")
    hp["wd"] = pick(0.0, 1e-4, 1e-2) if hp["optimizer"] == "adamw" else pick(0.0, 0.0, 1e-4)
    hp["lr"] = pick(0.7, 1.0, 1.0, 1.5)
    hp["schedule"] = pick(
        "constant", "constant", "constant", "cosine", "cosine", "linear", "wsd", "exponential", "steps"
    )
    hp["batch"] = pick(*BATCH.get(task, (16, 32, 32, 64)))
    hp["clip"] = pick(None, None, 1.0, 5.0)
    hp["steps"] = pick(400, 800, 1500) if task in ("superres", "pendulum", "curves") else pick(400, 800, 1500, 3000)
    if rng.random() < 0.35:
        hp["warmup"] = int(pick(0.02, 0.05, 0.1) * hp["steps"])
    hp["shuffle"], hp["drop_last"] = bool(rng.random() < 0.8), bool(rng.random() < 0.7)
    hp["accum"] = pick(1, 1, 1, 1, 2)
    hp["act"] = pick(*ACTS.get(task, ("relu", "tanh", "gelu")))
    hp["norm"] = pick(*NORMS.get(task, ("", "bn", "ln")))
    hp["depth"] = pick(2, 2, 3)
    hp["noise"] = pick(*NOISE[task])
    if task == "textbag":
        hp["attend"] = pick(False, True)
    if task == "values":
        hp["gamma"], hp["target_every"] = pick(0.8, 0.9, 0.95), pick(20, 50, 200)
    if task == "pendulum":
        hp["residual_weight"] = pick(0.01, 0.1, 0.1, 1.0)
    hp["after_nan"] = pick(40, 10**9, 10**9)
    hp["eval_share"] = pick(0.0, 0.01, 0.02, 0.04)
    return hp


def tempting(number: int, task: str, rng: np.random.Generator) -> list[Spec]:
    """A healthy family with what tempts a false alarm, and the same run interrupted and resumed as it should be."""

    def pick(*options: Any) -> Any:
        return options[int(rng.integers(len(options)))]

    hp = settings(task, rng)
    hp["schedule"] = pick("constant", "cosine", "onecycle", "restarts", "restarts", "steps", "wsd")
    hp["lr"] = pick(0.3, 0.7, 1.0, 1.5, 2.0)
    hp["steps"] = pick(150, 400, 1200, 3000)
    hp["warmup"] = int(pick(0, 0, 0.05, 0.2) * hp["steps"]) if hp["schedule"] != "onecycle" else 0
    if rng.random() < 0.25:
        hp["n"] = pick(64, 128, 256)
    if rng.random() < 0.2 and task not in TOKENS:
        hp["curriculum"], hp["curriculum_noise"] = pick(0.3, 0.5, 0.7), pick(0.2, 0.6)
    if rng.random() < 0.2:
        hp["precision"] = pick("fp16", "bf16")
    hp["eval_share"] = pick(0.0, 0.0, 0.01, 0.04)
    hp = finished(task, hp, {})
    family, seed = f"{task}-t{number:03d}", int(rng.integers(1 << 20))
    out = [Spec(f"{family}-{kind}", family, task, seed + k, hp, kind=kind) for k, kind in enumerate(("twin", "seed"))]
    if task != "values" and rng.random() < 0.5:
        out.append(Spec(f"{family}-resume", family, task, seed, hp, at=int(0.6 * hp["steps"]), kind="resume"))
    return out


def made() -> list[Spec]:
    """The runs of this part, families shuffled, each whole."""
    families: list[list[tuple[Way, str, HP, int, float]] | str]
    families = [*earlier.grouped(earlier.draws(ROWS, "more tasks", BLOCK))]
    families += [TASKS[k % len(TASKS)] for k in range(TEMPTING)]
    out: list[Spec] = []
    for number, f in enumerate(np.random.default_rng(5).permutation(len(families))):
        rows = families[f]
        rng = np.random.default_rng((16, int(f)))
        if isinstance(rows, str):
            out += tempting(number, rows, rng)
            continue
        _, task, needs, _, _ = rows[0]
        hp = finished(task, settings(task, rng), needs)
        out += earlier.members(f"{task}-t{number:03d}", task, int(rng.integers(1 << 20)), hp, rows)
    return out
