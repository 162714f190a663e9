"""What small trainers on top of PyTorch print and keep: skorch, ignite, fastai, TabNet, pytorch-pfn-extras, accelerate.

python -m tests.parsers.data.make_printed_torch [name ...]
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch

from tests.parsers.data.capture import Truth, make


def points(n: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 8, generator=generator)
    return x, (x[:, :4].sum(1, keepdim=True) * x[:, 4:5]).tanh()


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))


def skorch(here: Path) -> None:
    from skorch import NeuralNetRegressor
    from skorch.callbacks import EpochScoring, LRScheduler

    net = NeuralNetRegressor(
        network(),
        max_epochs=14,
        lr=0.2,
        optimizer=torch.optim.SGD,
        callbacks=[
            LRScheduler("StepLR", step_size=5, gamma=0.5, event_name="event_lr"),
            EpochScoring("r2", lower_is_better=False, name="valid_r2"),
        ],
    )
    x, y = points(320)
    net.fit(x.numpy(), y.numpy())
    net.save_params(f_history=here / "history.json")
    truth = Truth()
    for row in net.history:
        names = ("train_loss", "valid_loss", "valid_r2", "event_lr")
        truth.add(row["epoch"], {name: row[name] for name in names if name in row})
    truth.save(here / "train.log")


def ignite(here: Path) -> None:
    from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
    from ignite.handlers import ProgressBar
    from ignite.handlers.tensorboard_logger import TensorboardLogger
    from ignite.metrics import Loss, RunningAverage

    x, y = points(320)
    batches = [(x[i : i + 16], y[i : i + 16]) for i in range(0, 256, 16)]
    held_back = [(x[256:], y[256:])]
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), 0.03)
    error = torch.nn.MSELoss()
    trainer = create_supervised_trainer(net, optimizer, error)
    evaluator = create_supervised_evaluator(net, metrics={"mse": Loss(error)})
    RunningAverage(output_transform=lambda loss: loss).attach(trainer, "loss")
    ProgressBar(persist=True).attach(trainer, ["loss"])
    truth = Truth()
    with TensorboardLogger(log_dir=here / "tb") as board:
        board.attach_output_handler(
            trainer,
            Events.ITERATION_COMPLETED(every=2),
            tag="training",
            output_transform=lambda loss: {"batchloss": loss},
        )
        board.attach_output_handler(
            evaluator,
            Events.EPOCH_COMPLETED,
            tag="validation",
            metric_names=["mse"],
            global_step_transform=lambda *_: trainer.state.iteration,
        )
        board.attach_opt_params_handler(trainer, Events.ITERATION_STARTED(every=2), optimizer)

        @trainer.on(Events.ITERATION_COMPLETED(every=2))
        def _(engine) -> None:
            truth.note(engine.state.iteration, **{"training/batchloss": engine.state.output})

        @trainer.on(Events.EPOCH_COMPLETED)
        def _(engine) -> None:
            evaluator.run(held_back)
            truth.note(engine.state.iteration, **{"validation/mse": evaluator.state.metrics["mse"]})
            print(f"Validation - Epoch: {engine.state.epoch} MSE: {evaluator.state.metrics['mse']:.4f}")

        trainer.run(batches, max_epochs=6)
    truth.save(here / "train.log")
    for source in (here / "tb").iterdir():
        source.rename(here / "tb" / "events.out.tfevents.1700000000.host.1.0")


def fastai(here: Path) -> None:
    import fastai.callback.schedule
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.metrics import mae
    from fastai.torch_core import set_seed
    from torch.utils.data import TensorDataset

    set_seed(0)
    train, val = TensorDataset(*points(256)), TensorDataset(*points(64, seed=1))
    data = DataLoaders.from_dsets(train, val, bs=16, num_workers=0, device="cpu")
    learner = Learner(data, network(), loss_func=torch.nn.MSELoss(), lr=0.01, metrics=mae)
    fastai.callback.schedule.Learner.fit_one_cycle(learner, 8)
    truth = Truth()
    for epoch, (train_loss, valid_loss, error) in enumerate(learner.recorder.values):
        truth.note(epoch, train_loss=train_loss, valid_loss=valid_loss, mae=error)
    truth.save(here / "train.log")


def tabnet(here: Path) -> None:
    from pytorch_tabnet.tab_model import TabNetRegressor

    x, y = (part.numpy() for part in points(320))
    model = TabNetRegressor(n_d=4, n_a=4, seed=0, verbose=1)
    model.fit(
        x[:256],
        y[:256],
        eval_set=[(x[256:], y[256:])],
        eval_name=["valid"],
        eval_metric=["rmse"],
        max_epochs=14,
        batch_size=64,
        virtual_batch_size=64,
        patience=20,
    )
    truth = Truth()
    for epoch, (loss, error) in enumerate(zip(model.history["loss"], model.history["valid_rmse"], strict=True)):
        truth.note(epoch, loss=loss, valid_rmse=error)
    truth.save(here / "train.log")


def pfn_extras(here: Path) -> None:
    import pytorch_pfn_extras as ppe
    from pytorch_pfn_extras.training import ExtensionsManager, extensions

    x, y = points(320)
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), 0.02)
    manager = ExtensionsManager(
        {"main": net},
        {"main": optimizer},
        8,
        iters_per_epoch=16,
        out_dir=str(here / "result"),
        extensions=[
            extensions.LogReport(trigger=(8, "iteration")),
            extensions.PrintReport(["epoch", "iteration", "train/loss", "lr", "val/loss", "elapsed_time"]),
            extensions.observe_lr(optimizer=optimizer),
        ],
    )
    truth, losses = Truth(), []
    while not manager.stop_trigger:
        for i in range(0, 256, 16):
            with manager.run_iteration():
                loss = torch.nn.functional.mse_loss(net(x[i : i + 16]), y[i : i + 16])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                ppe.reporting.report({"train/loss": loss.item()})
                losses.append(loss.item())
                if i == 240:
                    error = torch.nn.functional.mse_loss(net(x[256:]), y[256:]).item()
                    ppe.reporting.report({"val/loss": error})
                    truth.note(len(losses), **{"val/loss": error})
            if len(losses) % 8 == 0:
                truth.note(len(losses), **{"train/loss": float(np.mean(losses[-8:]))})
    truth.save(here / "result" / "log")
    truth.save(here / "train.log")


def accelerate(here: Path) -> None:
    """As the example scripts of diffusers and transformers do it: a bar with its postfix, a tracker, log lines."""
    import logging

    from accelerate import Accelerator
    from accelerate.logging import get_logger
    from tqdm.auto import tqdm

    logging.basicConfig(
        format="%(asctime)s - %(levelname)s - %(name)s - %(message)s", datefmt="%m/%d/%Y %H:%M:%S", level=logging.INFO
    )
    accelerator = Accelerator(cpu=True, log_with="tensorboard", project_dir=here, gradient_accumulation_steps=2)
    logger = get_logger(__name__)
    x, y = points(320)
    net = network()
    optimizer = torch.optim.AdamW(net.parameters(), 0.03)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, 48)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x[:256], y[:256]), 16)
    net, optimizer, loader, schedule = accelerator.prepare(net, optimizer, loader, schedule)
    accelerator.init_trackers("text2image", config={"learning_rate": 0.03, "train_batch_size": 16})
    logger.info("***** Running training *****")
    logger.info("  Num examples = 256")
    logger.info("  Num Epochs = 6")
    logger.info("  Total optimization steps = 48")
    bar = tqdm(range(48), initial=0, desc="Steps")
    truth, step = Truth(), 0
    for epoch in range(6):
        running = 0.0
        for batch in loader:
            with accelerator.accumulate(net):
                loss = torch.nn.functional.mse_loss(net(batch[0]), batch[1])
                running += loss.item() / 2
                accelerator.backward(loss)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
            if accelerator.sync_gradients:
                bar.update(1)
                step += 1
                accelerator.log({"train_loss": running}, step=step)
                truth.note(step, train_loss=running)
                running = 0.0
            logs = {"step_loss": loss.detach().item(), "lr": schedule.get_last_lr()[0]}
            bar.set_postfix(**logs)
        error = torch.nn.functional.mse_loss(net(x[256:]), y[256:]).item()
        logger.info(f"epoch {epoch}: validation loss: {error}")
        truth.note(step, **{"validation loss": error})
    accelerator.end_training()
    truth.save(here / "train.log")
    for source in (here / "text2image").iterdir():
        if source.is_dir():
            shutil.rmtree(source)
        elif source.name.startswith("events"):
            source.rename(source.with_name("events.out.tfevents.1700000000.host.1.0"))


MAKERS = {f.__name__: f for f in (skorch, ignite, fastai, tabnet, pfn_extras, accelerate)}
IN_A_TERMINAL = ("skorch", "fastai")


def main() -> None:
    torch.set_num_threads(1)
    make(MAKERS, terminal=IN_A_TERMINAL)


if __name__ == "__main__":
    main()
