"""Whole output folders of the Hugging Face Trainer with what it printed: healthy, resumed, NaN, stopped by hand.

python -m tests.parsers.data.make_printed_hf
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from functools import partial
from pathlib import Path

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.utils import logging as hf_logging

from tests.parsers.data.capture import PRINTED, Truth, neutral, printed
from tests.parsers.data.make_hf import Net

HERE = PRINTED / "hf"


class Noted(TrainerCallback):
    """What the Trainer handed to its loggers, and at times the Ctrl-C of its user."""

    def __init__(self, truth: Truth, interrupted_at: int) -> None:
        self.truth = truth
        self.interrupted_at = interrupted_at

    def on_log(self, args, state, control, logs=None, **_) -> None:
        if "train_runtime" not in logs:
            self.truth.add(state.global_step, {k: v for k, v in logs.items() if k != "epoch"})

    def on_step_end(self, args, state, control, **_) -> None:
        if state.global_step == self.interrupted_at:
            raise KeyboardInterrupt


def train(folder: Path, truth: Truth, name: str, *, resume: bool = False, interrupted_at: int = -1) -> None:
    logging.basicConfig(level=logging.INFO)
    hf_logging.set_verbosity_info()
    torch.manual_seed(0)
    x = torch.randn(64, 4)
    rows = [{"x": row, "labels": row.sum().reshape(1)} for row in x]
    args = TrainingArguments(
        str(folder),
        num_train_epochs=8,
        per_device_train_batch_size=8,
        learning_rate=1e-2,
        logging_steps=2,
        eval_strategy="epoch",
        save_strategy="steps",
        save_steps=12,
        report_to=["tensorboard"],
        use_cpu=True,
        logging_nan_inf_filter=name != "nan",
        disable_tqdm=name == "nan",
    )
    net = Net(nan_from=21 if name == "nan" else 10_000)
    noted = Noted(truth, interrupted_at)
    trainer = Trainer(net, args, train_dataset=rows[:48], eval_dataset=rows[48:], callbacks=[noted])
    try:
        trainer.train(resume_from_checkpoint=resume)
        trainer.save_state()
    finally:
        truth.save(HERE / name / "train.log")
        if name == "resumed" and not resume:
            truth.save(HERE / name / "first.log")


def keep(folder: Path, name: str) -> None:
    """The folder without weights, as small as it can be told from a whole one."""
    for source in sorted(folder.rglob("*")):
        if source.name.startswith("events.out") or source.name == "trainer_state.json":
            place = HERE / name / source.relative_to(folder)
            if "runs" in place.parts:  # the name of the event file's folder and file ends in that of the host
                number = len(list((HERE / name / "runs").glob("*"))) if (HERE / name / "runs").exists() else 0
                start = 1_700_000_000 + 1000 * number
                place = (
                    HERE
                    / name
                    / "runs"
                    / f"Nov14_22-1{number}-20_host"
                    / f"events.out.tfevents.{start}.host.1.{number}"
                )
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)
            if place.suffix == ".json":
                place.write_bytes(neutral(place.read_bytes()))


def main() -> None:
    torch.set_num_threads(1)
    shutil.rmtree(HERE, ignore_errors=True)
    for name in ("healthy", "nan", "resumed"):
        with tempfile.TemporaryDirectory() as place:
            folder, log = Path(place) / "out", HERE / name / "train.log"
            stop = 31 if name == "resumed" else -1
            printed(log, partial(train, folder, Truth(), name, interrupted_at=stop), terminal=name == "healthy")
            if name == "resumed":
                log.rename(log.with_name("slurm-101.out"))
                printed(log.with_name("slurm-102.out"), partial(train, folder, Truth(), name, resume=True))
            keep(folder, name)


if __name__ == "__main__":
    main()
