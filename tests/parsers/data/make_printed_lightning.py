"""Lightning's progress bars (tqdm in a terminal and in a file, rich) beside its CSV logger; one job out of memory.

python -m tests.parsers.data.make_printed_lightning
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from functools import partial
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, RichProgressBar, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, TensorDataset

from tests.parsers.data.capture import PRINTED, Truth, printed

HERE = PRINTED / "lightning"


class Net(lightning.LightningModule):
    def __init__(self, rate: float, died_at: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))

    def training_step(self, batch, index: int):
        if self.global_step == self.hparams["died_at"]:
            # What the allocator of the CPU says when an array is too large for the machine.
            torch.empty(1 << 60)
        x, y = batch
        loss = torch.nn.functional.mse_loss(self.layers(x), y)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, index: int) -> None:
        x, y = batch
        self.log("val_loss", torch.nn.functional.mse_loss(self.layers(x), y), prog_bar=True)

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=self.hparams["rate"])
        return [optimizer], [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)]


class Noted(Callback):
    def __init__(self) -> None:
        self.truth = Truth()

    def on_train_batch_end(self, trainer, net, outputs, batch, index: int) -> None:
        self.truth.note(trainer.global_step, train_loss=outputs["loss"])

    def on_validation_epoch_end(self, trainer, net) -> None:
        if not trainer.sanity_checking:
            self.truth.note(trainer.global_step, val_loss=trainer.callback_metrics["val_loss"])


def train(name: str, folder: Path, *, died_at: int = -1, rich: bool = False) -> None:
    logging.getLogger("lightning").setLevel(logging.INFO)
    lightning.seed_everything(0, verbose=False)
    x = torch.randn(160, 8)
    y = x[:, :4].sum(1, keepdim=True) + 0.3 * torch.randn(160, 1)
    train, val = TensorDataset(x[:128], y[:128]), TensorDataset(x[128:], y[128:])
    noted = Noted()
    bar = RichProgressBar(refresh_rate=2) if rich else TQDMProgressBar(refresh_rate=2)
    trainer = lightning.Trainer(
        max_epochs=8,
        accelerator="cpu",
        logger=CSVLogger(folder),
        callbacks=[noted, bar, LearningRateMonitor("epoch")],
        log_every_n_steps=2,
        enable_checkpointing=False,
        enable_model_summary=name == "terminal",
    )
    loaders = DataLoader(train, 16, shuffle=True), DataLoader(val, 16)
    try:
        trainer.fit(Net(rate=0.02, died_at=died_at), *loaders)
    finally:
        noted.truth.save(HERE / name / "train.log")


def main() -> None:
    torch.set_num_threads(1)
    shutil.rmtree(HERE, ignore_errors=True)
    for name, terminal, options in (
        ("terminal", True, {}),
        ("rich", True, {"rich": True}),
        ("out_of_memory", False, {"died_at": 43}),
    ):
        with tempfile.TemporaryDirectory() as folder:
            printed(HERE / name / "train.log", partial(train, name, Path(folder), **options), terminal=terminal)
            if name == "out_of_memory":
                for kept in ("metrics.csv", "hparams.yaml"):
                    shutil.copy(Path(folder) / "lightning_logs" / "version_0" / kept, HERE / name)


if __name__ == "__main__":
    main()
