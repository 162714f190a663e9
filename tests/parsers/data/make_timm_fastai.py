"""timm's summary.csv (written by its own ``update_summary``) and fastai's history.csv, both also appended to.

python -m tests.parsers.data.make_timm_fastai
"""

from __future__ import annotations

import shutil
from collections import OrderedDict
from pathlib import Path

import torch
from fastai.callback.progress import CSVLogger
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.torch_core import set_seed
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler
from timm.utils import update_summary
from torch.utils.data import DataLoader, TensorDataset

from tests.parsers import truth as kept

HERE = Path(__file__).parent


def batches() -> tuple[DataLoader, DataLoader]:
    torch.manual_seed(0)
    x = torch.randn(96, 4)
    y = x.sum(1, keepdim=True)
    return DataLoader(TensorDataset(x[:64], y[:64]), 16), DataLoader(TensorDataset(x[64:], y[64:]), 16)


def timm() -> None:
    """A training loop as in timm's train.py, with its optimizer, scheduler and summary, evaluated at times."""
    folder = HERE / "timm"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    train, val = batches()
    net = torch.nn.Linear(4, 1)
    optimizer = create_optimizer_v2(net, "sgd", lr=0.1)
    scheduler = CosineLRScheduler(optimizer, t_initial=10, warmup_t=2, warmup_lr_init=1e-4)
    seen: dict[str, list[list[float]]] = {}
    for epoch in range(10):
        losses = []
        for x, y in train:
            loss = torch.nn.functional.mse_loss(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        rate = sum(group["lr"] for group in optimizer.param_groups) / len(optimizer.param_groups)
        scheduler.step(epoch + 1)
        metrics = OrderedDict(loss=sum(losses) / len(losses))
        evaluated = None
        if epoch % 2 == 0:
            with torch.no_grad():
                error = sum(torch.nn.functional.mse_loss(net(x), y).item() for x, y in val) / len(val)
            evaluated = OrderedDict(loss=error, top1=100.0 / (1 + error))
        update_summary(epoch, metrics, evaluated, folder / "summary.csv", lr=rate)
        seen.setdefault("train_loss", []).append([epoch, metrics["loss"]])
        seen.setdefault("lr", []).append([epoch, rate])
        for name, value in (evaluated or {}).items():
            seen.setdefault(f"eval_{name}", []).append([epoch, value])
    kept.save(folder / "summary.csv", seen)


def fastai() -> None:
    folder = HERE / "fastai"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    set_seed(0)
    train, val = batches()
    data = DataLoaders.from_dsets(train.dataset, val.dataset, bs=16, num_workers=0, device="cpu")
    net = torch.nn.Linear(4, 1)
    learner = Learner(data, net, loss_func=torch.nn.MSELoss(), path=folder, lr=0.05)
    seen: dict[str, list[list[float]]] = {"train_loss": [], "valid_loss": []}
    for append in (False, True):
        learner.fit(4, cbs=CSVLogger(append=append))
        for epoch, (train_loss, valid_loss) in enumerate(learner.recorder.values):
            seen["train_loss"].append([epoch, train_loss])
            seen["valid_loss"].append([epoch, valid_loss])
    kept.save(folder / "history.csv", seen)


def main() -> None:
    torch.set_num_threads(1)
    timm()
    fastai()


if __name__ == "__main__":
    main()
