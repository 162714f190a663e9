"""Lightning's CSVLogger with hparams.yaml: sparse rows, train and validation apart, a loss that turns NaN.

python -m tests.parsers.data.make_lightning
"""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback, LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, TensorDataset

from tests.parsers import truth as kept

HERE = Path(__file__).parent / "lightning"


class Net(lightning.LightningModule):
    def __init__(self, lr: float, nan_from: int, hidden: int = 8, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1))
        self.truth: dict[str, list[list[float]]] = {}

    def loss(self, batch: tuple) -> torch.Tensor:
        x, y = batch
        return torch.nn.functional.mse_loss(self.layers(x), y)

    def training_step(self, batch: tuple, _: int) -> torch.Tensor:
        loss = self.loss(batch)
        if self.global_step >= self.hparams.nan_from:
            loss = loss * float("nan")
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        self.seen("train_loss_step", loss)
        return loss

    def validation_step(self, batch: tuple, _: int) -> None:
        self.log("val_loss", self.loss(batch))

    def configure_optimizers(self) -> dict:
        optimizer = torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
        return {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)}

    def seen(self, tag: str, value: torch.Tensor) -> None:
        self.truth.setdefault(tag, []).append([self.global_step, float(value)])


class Truth(Callback):
    def on_train_epoch_end(self, trainer: lightning.Trainer, net: Net) -> None:
        for tag in ("train_loss_epoch", "val_loss"):
            if tag in trainer.callback_metrics:
                net.truth.setdefault(tag, []).append([trainer.global_step - 1, float(trainer.callback_metrics[tag])])


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    lightning.seed_everything(0)
    shutil.rmtree(HERE, ignore_errors=True)
    x = torch.randn(96, 4)
    y = x.sum(1, keepdim=True) + 0.1 * torch.randn(96, 1)
    train, val = TensorDataset(x[:64], y[:64]), TensorDataset(x[64:], y[64:])
    net = Net(lr=0.01, nan_from=40)
    trainer = lightning.Trainer(
        max_epochs=8,
        accelerator="cpu",
        logger=CSVLogger(HERE, name="lightning_logs"),
        log_every_n_steps=2,
        callbacks=[LearningRateMonitor("step"), Truth()],
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(net, DataLoader(train, 8), DataLoader(val, 16))
    path = HERE / "lightning_logs" / "version_0" / "metrics.csv"
    # log_every_n_steps=2 keeps every second step.
    net.truth["train_loss_step"] = net.truth["train_loss_step"][1::2]
    kept.save(path, net.truth)


if __name__ == "__main__":
    main()
