"""trainer_state.json of the Hugging Face Trainer: one healthy run, and one whose steps turn NaN under its NaN filter.

python -m tests.parsers.data.make_hf
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from tests.parsers import truth as kept

HERE = Path(__file__).parent / "hf"


class Net(torch.nn.Module):
    def __init__(self, nan_from: int) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
        self.nan_from = nan_from
        self.calls = 0

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict:
        loss = torch.nn.functional.mse_loss(self.layers(x), labels)
        if self.training:
            self.calls += 1
            if self.calls > self.nan_from:
                loss = loss * float("nan")
        return {"loss": loss}


class Truth(TrainerCallback):
    """What the Trainer handed to its loggers."""

    def __init__(self) -> None:
        self.seen: dict[str, list[list[float]]] = {}

    def on_log(self, args, state, control, logs=None, **_) -> None:
        for name, value in (logs or {}).items():
            if "train_runtime" not in logs:
                self.seen.setdefault(name, []).append([state.global_step, float(value)])


def run(name: str, nan_from: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 4)
    rows = [{"x": row, "labels": row.sum().reshape(1)} for row in x]
    truth = Truth()
    with tempfile.TemporaryDirectory() as folder:
        args = TrainingArguments(
            folder,
            num_train_epochs=6,
            per_device_train_batch_size=8,
            learning_rate=1e-2,
            logging_steps=4,
            eval_strategy="epoch",
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = Trainer(Net(nan_from), args, train_dataset=rows[:48], eval_dataset=rows[48:], callbacks=[truth])
        trainer.train()
        trainer.save_state()
        target = HERE / name
        target.mkdir(parents=True)
        shutil.copy(Path(folder) / "trainer_state.json", target)
        kept.save(target / "trainer_state.json", truth.seen)
        for extra in ("all_results.json", "train_results.json"):
            if (Path(folder) / extra).exists():
                shutil.copy(Path(folder) / extra, target)


def main() -> None:
    torch.set_num_threads(1)
    shutil.rmtree(HERE, ignore_errors=True)
    run("healthy", nan_from=10_000)
    run("nan_filtered", nan_from=20)


if __name__ == "__main__":
    main()
