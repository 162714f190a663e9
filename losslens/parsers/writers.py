"""Who wrote a table, told by the names of its columns."""

from __future__ import annotations

from collections.abc import Sequence

_SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # All of these names must be there.
    ("sb3", ("time/total_timesteps",)),
    ("ultralytics", ("train/box_loss",)),
    ("ultralytics", ("lr/pg0", "epoch")),
    ("ultralytics", ("x/lr0",)),
    ("rllib", ("training_iteration", "timesteps_total")),
    ("rllib", ("training_iteration", "time_this_iter_s")),
    ("algoperf", ("accumulated_submission_time", "global_step")),
    ("guided-diffusion", ("loss_q0", "samples", "step")),
    ("fastai", ("epoch", "train_loss", "valid_loss", "time")),
    ("timm", ("epoch", "train_loss", "eval_loss")),
    ("llama-factory", ("current_steps", "total_steps")),
    ("detectron2", ("iteration", "data_time", "total_loss")),
    ("detectron2", ("iteration", "eta_seconds")),
    ("mmengine", ("data_time", "iter", "step")),
    ("mmengine", ("data_time", "time", "step")),
    ("mmcv", ("mode", "iter", "epoch")),
    ("fairseq", ("num_updates", "gnorm")),
    ("wandb", ("_step", "_timestamp")),
    ("hf", ("grad_norm", "learning_rate", "epoch", "loss", "step")),
)


def who_wrote(names: Sequence[str]) -> str | None:
    """The trainer or logger whose columns these are, or None when anybody could have written them."""
    have = set(names)
    for trainer, needed in _SIGNS:
        if have.issuperset(needed):
            return trainer
    if {"step", "epoch"} <= have and list(names) == sorted(names) and len(names) > 2:
        return "lightning"
    return "keras" if _is_keras(list(names)) else None


def _is_keras(names: list[str]) -> bool:
    """Keras' CSVLogger: the epoch, then the sorted keys of ``logs``, each metric with its ``val_`` twin."""
    if not names or names[0] != "epoch" or "loss" not in names or names[1:] != sorted(names[1:]):
        return False
    metrics = [name for name in names[1:] if name not in ("lr", "learning_rate") and not name.startswith("val_")]
    twins = [name for name in names[1:] if name.startswith("val_")]
    return bool(twins) and {f"val_{name}" for name in metrics} == set(twins)
