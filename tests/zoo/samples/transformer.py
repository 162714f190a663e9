"""A deep transformer with the norm after each block and no warm-up: Adam's first steps put it where it never learns.

Twelve layers learn to repeat a random sequence. At full rate from step 1 the net ends within a few dozen steps at
the loss of guessing, ln 16, and stays there; with the rate raised over 300 steps the same seed learns. Both were
written by the real Lightning ``CSVLogger``, with ``hparams.yaml``; validation and learning rate have rows of their
own, as Lightning does it.
"""

from __future__ import annotations

import csv
import logging
import shutil
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.zoo.samples.story import Truth, fresh, parting

FOLDER = "4-transformer"
README = """
A 12-layer post-norm transformer with Adam 0.002: without warm-up (`version_0`) it falls at once to guessing, loss ln 16, and never learns.
The same seed with 300 steps of warm-up (`version_1`) learns; both as Lightning's CSVLogger wrote them.
"""  # noqa: E501
SYMBOLS, LENGTH, WIDTH, LAYERS, BATCH, STEPS, EVERY, RATE = 16, 16, 32, 12, 16, 800, 10, 2e-3


def make(folder: Path) -> list[Truth]:
    fresh(folder, README)
    for version, warmup in enumerate((0, 300)):
        train(4, warmup, folder, f"version_{version}")
    train(5, 300, folder, "other_seed")
    runs = [_loss(folder / name) for name in ("version_0", "version_1", "other_seed")]
    shutil.rmtree(folder / "other_seed")
    parted = (parting(*runs) + 1) * EVERY - 1
    note = f"steps count from 0; bad from its first; the twin, which also needs time to learn, leaves it at {parted}"
    causes = ("missing-warmup", "learning-rate-too-high")
    return [
        Truth(f"{FOLDER}/version_0", ("plateau",), 0, EVERY - 1, causes, note),
        Truth(f"{FOLDER}/version_1", ("healthy",)),
    ]


def train(seed: int, warmup: int, folder: Path, version: str) -> None:
    import lightning
    from lightning.pytorch.callbacks import LearningRateMonitor
    from lightning.pytorch.loggers import CSVLogger
    from torch.utils.data import DataLoader

    class Repeat(lightning.LightningModule):
        """Predicts the next symbol; the second half of a sequence repeats the first."""

        def __init__(self, lr: float, warmup_steps: int, num_layers: int, norm_first: bool, batch_size: int) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.embed = nn.Embedding(SYMBOLS, WIDTH)
            self.place = nn.Parameter(torch.randn(LENGTH, WIDTH))
            layer = nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, 0.0, batch_first=True, norm_first=norm_first)
            self.blocks = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
            for weight in self.blocks.parameters():
                if weight.dim() > 1:
                    nn.init.xavier_uniform_(weight)
            self.head = nn.Linear(WIDTH, SYMBOLS)
            self.mask = nn.Transformer.generate_square_subsequent_mask(LENGTH)

        def _loss(self, batch: Tensor) -> Tensor:
            hidden = self.blocks(self.embed(batch[:, :-1]) + self.place, mask=self.mask, is_causal=True)
            return F.cross_entropy(self.head(hidden).flatten(0, 1), batch[:, 1:].flatten())

        def training_step(self, batch: Tensor) -> Tensor:
            loss = self._loss(batch)
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch: Tensor) -> None:
            self.log("val_loss", self._loss(batch))

        def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
            norms = [p.grad.norm() for p in self.parameters() if p.grad is not None]
            self.log("grad_norm", torch.stack(norms).norm())

        def configure_optimizers(self) -> dict[str, object]:
            optimizer = torch.optim.Adam(self.parameters(), lr=self.hparams["lr"], betas=(0.9, 0.98))
            steps = self.hparams["warmup_steps"]
            ramp = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / steps) if steps else 1.0)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": ramp, "interval": "step"}}

    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = Repeat(RATE, warmup, LAYERS, False, BATCH)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_steps=STEPS,
        log_every_n_steps=EVERY,
        val_check_interval=100,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=CSVLogger(folder, name="", version=version),
        callbacks=[LearningRateMonitor("step")],
    )
    data = [DataLoader(_sequences(n, seed + 10 * n), batch_size=BATCH) for n in (BATCH * STEPS, BATCH * 8)]  # type: ignore[arg-type]
    trainer.fit(model, *data)


def _sequences(n: int, seed: int) -> Tensor:
    """``n`` sequences, shape (n, LENGTH + 1): half random, then the same again."""
    half = torch.randint(0, SYMBOLS, (n, LENGTH // 2), generator=torch.Generator().manual_seed(seed))
    return torch.cat([half, half, half[:, :1]], dim=1)


def _loss(folder: Path) -> list[float]:
    with open(folder / "metrics.csv", newline="", encoding="utf-8") as file:
        return [float(row["train_loss"]) for row in csv.DictReader(file) if row["train_loss"]]
