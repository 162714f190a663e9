# ruff: noqa: E501 - tables read better with one row a line
"""What a run logs of all that was recorded: how often, as what kind of value, which series, under which names.

Drawn from the name of the run, so it is fixed before the outcome is known.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.zoo.spec import Spec

Array = NDArray[Any]
Record = dict[str, Array]

PLAYERS = ("loss", "d_loss", "g_loss", "critic_loss", "actor_loss")
"""What is minimised: one loss, or one for each of two players."""

TIERS = ("loss", "loss+val", "loss+lr", "loss+lr+grad", "loss+lr+grad+val", "everything")
TIER_SHARES = (0.2, 0.12, 0.14, 0.18, 0.16, 0.2)

STYLES: dict[str, dict[str, str]] = {
    "plain": {"loss": "loss", "val/loss": "val_loss", "lr": "lr", "grad": "grad_norm", "clipped": "grad_norm_clipped", "accuracy": "accuracy", "val/accuracy": "val_accuracy", "weight": "weight_norm", "update": "update_ratio", "scale": "loss_scale", "logit": "max_logit", "batch_size": "batch_size", "part/": "loss_", "layer/": "grad_norm/"},
    "hf": {"loss": "train/loss", "val/loss": "eval/loss", "lr": "train/learning_rate", "grad": "train/grad_norm", "clipped": "train/grad_norm_clipped", "accuracy": "train/accuracy", "val/accuracy": "eval/accuracy", "weight": "train/weight_norm", "update": "train/update_ratio", "scale": "train/loss_scale", "logit": "train/max_logit", "batch_size": "train/batch_size", "part/": "train/loss_", "layer/": "grad_norm/"},
    "lightning": {"loss": "train_loss", "val/loss": "val_loss", "lr": "lr-Optimizer", "grad": "grad_2.0_norm_total", "clipped": "grad_norm_clipped", "accuracy": "train_acc", "val/accuracy": "val_acc", "weight": "param_norm", "update": "update_ratio", "scale": "loss_scale", "logit": "logits_max", "batch_size": "batch_size", "part/": "train_", "layer/": "grad_2.0_norm/"},
    "board": {"loss": "Loss/train", "val/loss": "Loss/val", "lr": "Learning Rate", "grad": "Gradient Norm", "clipped": "Gradient Norm (clipped)", "accuracy": "Accuracy/train", "val/accuracy": "Accuracy/val", "weight": "Weight Norm", "update": "Update Ratio", "scale": "Loss Scale", "logit": "Max Logit", "batch_size": "Batch Size", "part/": "Loss/", "layer/": "grad/"},
    "keras": {"loss": "loss", "val/loss": "val_loss", "lr": "learning_rate", "grad": "grad_norm", "clipped": "clipped_grad_norm", "accuracy": "accuracy", "val/accuracy": "val_accuracy", "weight": "weight_norm", "update": "update_ratio", "scale": "loss_scale", "logit": "max_logit", "batch_size": "batch_size", "part/": "", "layer/": "grad_norm/"},
}  # fmt: skip


@dataclass(frozen=True)
class View:
    """How a run is logged."""

    every: int
    """Rows per logged point."""
    kind: str
    """"value", "mean", "median" of the rows since the last point, or "running": the mean since the epoch began."""
    tier: str
    style: str
    first_step: int
    wall_time: bool
    settings: bool
    two_files: bool
    """A resumed run goes on in a second file."""


def view(spec: Spec, rows: int, spe: int, salt: str = "") -> View:
    """The view of a run of ``rows`` steps, by its name alone; ``salt`` gives another one, for the fit."""
    if spec.task.startswith("keras"):
        return View(1, "value", "everything", "keras", 0, False, False, False)
    rng = np.random.default_rng(zlib.crc32(("view " + salt + spec.run).encode()))
    band = int(rng.choice(5, p=(0.04, 0.16, 0.3, 0.3, 0.2)))
    if "-b" in spec.family:
        band = max(2, band)  # the short trainings are logged often
    low, high = ((5, 12), (12, 40), (40, 200), (200, 700), (700, 1500))[band]
    planned = spec.hp["steps"]
    points = np.exp(rng.uniform(np.log(low), np.log(high)))
    every = max(1, round(planned / points))
    if rng.random() < 0.25 and planned / spe >= 6:
        every = spe
    elif every >= 5:
        every = int(np.ceil(every / 5) * 5) if every < 50 else int(np.ceil(every / 50) * 50)
    every = max(every, int(np.ceil(planned / 1500)))
    kind = str(rng.choice(["value", "mean", "median", "running"], p=(0.45, 0.33, 0.1, 0.12)))
    tier = str(rng.choice(TIERS, p=TIER_SHARES))
    if spec.validated and "val" not in tier:
        tier = {"loss": "loss+val", "loss+lr": "loss+val", "loss+lr+grad": "loss+lr+grad+val"}.get(tier, tier)
    style = str(rng.choice(list(STYLES)))
    return View(
        every,
        kind if every > 1 else "value",
        tier,
        style,
        int(rng.integers(2)),
        bool(rng.random() < 0.7),
        bool(rng.random() < 0.5),
        bool(rng.random() < 0.5),
    )


def reduced(a: Array, ends: Array, v: View, spe: int, *, smooth: bool) -> Array:
    """Row values at the logged rows ``ends`` (exclusive); only losses and accuracies are averaged."""
    if not smooth or v.kind == "value":
        return a[ends - 1]
    starts = np.concatenate([[0], ends[:-1]])
    if v.kind == "running":
        starts = (ends - 1) // spe * spe
    out = np.empty(len(ends))
    for k, (i, j) in enumerate(zip(starts, ends, strict=True)):
        out[k] = np.median(a[i:j]) if v.kind == "median" else a[i:j].mean(dtype=np.float64)
    return out


def wanted(record: Record, v: View) -> list[str]:
    """The recorded quantities that this view logs beside the loss."""
    out = []
    rich = v.tier == "everything"
    if "val" in v.tier or rich:
        out += [k for k in ("val/loss", "val/accuracy") if k in record]
        out += ["accuracy"] if "accuracy" in record else []
    if "lr" in v.tier or rich:
        out.append("lr")
    if "grad" in v.tier or rich:
        out.append("clipped" if v.first_step and not rich else "grad")
    if rich:
        out += [
            k
            for k in record
            if k in ("clipped", "weight", "update", "scale", "logit", "batch_size")
            or k.startswith(("part/", "extra/", "layer/"))
        ]
        out = [k for k in out if k != "layer/row"]
    return out


def logged(record: Record, v: View, only: tuple[str, ...] | None = None) -> dict[str, dict[str, Array]]:
    """The series of the log: name of the quantity -> ``step``, ``value``, ``row``, ``segment``."""
    spe = int(record["steps_per_epoch"])
    rows = len(record["step"])
    ends = np.arange(v.every, rows + 1, v.every)
    if len(ends) == 0:
        ends = np.array([rows])
    out: dict[str, dict[str, Array]] = {}
    players = [k for k in record if k in PLAYERS]
    names = list(only) if only is not None else [*players, *wanted(record, v)]
    if only is None and len(players) > 1:
        for name in ("grad", "clipped", "weight", "update"):
            if name in names:
                names.remove(name)
                names += [f"{name}/{p}" for p in players]
    step, segment = record["step"] + v.first_step, record["segment"]
    for name in names:
        if name.startswith("val/"):
            if name not in record:
                continue
            at = record["val/row"][: len(record[name])]
            values = record[name]
        elif name.startswith("layer/"):
            at = record["layer/row"]
            values = record[name]
            if len(values) == 2 * len(at):
                values = values[::2]
            keep = max(1, len(at) * v.every // max(rows, 1))
            at, values = at[::keep], values[::keep]
        elif name in record:
            smooth = name in players or name.startswith("part/") or name == "accuracy"
            at = ends - 1
            values = reduced(record[name], ends, v, spe, smooth=smooth)
        else:
            continue
        out[name] = {"step": step[at], "value": np.asarray(values, np.float64), "row": at, "segment": segment[at]}
    return out


def tag(name: str, style: str) -> str:
    """The name of a quantity as this style of logger writes it."""
    words = STYLES[style]
    if name in words:
        return words[name]
    head, _, rest = name.partition("/")
    if head == "part":
        return words["part/"] + rest + ("_loss" if style in ("keras", "lightning") and "loss" not in rest else "")
    if head == "layer":
        return words["layer/"] + rest
    if head == "extra":
        return {"approx_kl": "train/approx_kl", "entropy": "train/entropy", "reward": "rollout/ep_rew_mean"}[rest]
    if rest in PLAYERS:
        return words[head] + ("/" if style in ("hf", "board") else "_") + (rest[0] if rest[1] == "_" else rest[:-5])
    if style == "board":
        return {"d_loss": "Loss/D", "g_loss": "Loss/G"}.get(name, "Loss/" + name.removesuffix("_loss"))
    return "train/" + name if style == "hf" and name in ("critic_loss", "actor_loss") else name
