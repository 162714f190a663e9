"""What training programs print that are in no package index, run from copies of their repositories that you have.

    python -m tests.parsers.data.make_printed_checkouts NAME FOLDER

Each runs its own program on a small corpus or toy; the numbers are noted where the program hands them to ``print``.
"""

from __future__ import annotations

import builtins
import os
import random
import runpy
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

import torch

from tests.parsers.data.capture import PRINTED, Truth, printed

WORDS = [
    "the",
    "cat",
    "sat",
    "on",
    "a",
    "mat",
    "and",
    "saw",
    "an",
    "old",
    "dog",
    "that",
    "ran",
    "to",
    "its",
    "red",
    "house",
    "near",
    "one",
    "big",
    "tree",
]


def corpus(words: int) -> str:
    """Text with a simple grammar: each word is followed by one of the next three of the list."""
    rng = random.Random(0)
    at, out = 0, []
    for n in range(words):
        out.append(WORDS[at] + ("\n" if n % 12 == 11 else " "))
        at = (at + rng.choice((1, 1, 1, 2, 3))) % len(WORDS)
    return "".join(out)


def run(program: Path, arguments: list[str], note: Callable[[str, FrameType], None]) -> None:
    """The program with its arguments; ``note`` sees each line it prints and the frame that prints it."""

    def noting_print(*values: object, **options: object) -> None:
        note(" ".join(str(value) for value in values), sys._getframe(1))
        builtins.print(*values, **options)  # type: ignore[call-overload]

    sys.argv = [str(program), *arguments]
    sys.path.insert(0, str(program.parent))
    runpy.run_path(str(program), {"print": noting_print}, "__main__")


def part_of(source: Path, *packages: str) -> None:
    """Make parts of a repository importable without what its packages import at their top, which may not fit."""
    import types

    for package in packages:
        module = types.ModuleType(package)
        module.__path__ = [str(source / package.replace(".", "/"))]
        sys.modules[package] = module


def nanogpt(here: Path, source: Path, *, rate: float = 1e-3) -> None:
    import pickle

    import numpy as np

    truth, text = Truth(), corpus(6000)
    letters = sorted(set(text))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(source, Path(folder) / "nanoGPT", ignore=shutil.ignore_patterns(".git", "assets"))
        data = Path(folder) / "nanoGPT" / "data" / "toy"
        data.mkdir()
        tokens = np.array([letters.index(letter) for letter in text], dtype=np.uint16)
        tokens[:-3000].tofile(data / "train.bin")
        tokens[-3000:].tofile(data / "val.bin")
        with open(data / "meta.pkl", "wb") as file:
            pickle.dump({"vocab_size": len(letters), "itos": {}, "stoi": {}}, file)
        os.chdir(Path(folder) / "nanoGPT")

        def note(line: str, frame: FrameType) -> None:
            names = frame.f_globals
            if line.startswith("iter "):
                truth.note(names["iter_num"], loss=names["lossf"])
            elif line.startswith("step "):
                losses = names["losses"]
                truth.add(names["iter_num"], {"train loss": losses["train"], "val loss": losses["val"]})

        sizes = {"n_layer": 2, "n_head": 2, "n_embd": 32, "block_size": 32, "batch_size": 8, "dropout": 0.0}
        steps = {"max_iters": 400, "lr_decay_iters": 400, "warmup_iters": 20, "eval_interval": 100, "eval_iters": 5}
        options = {"dataset": "toy", "device": "cpu", "compile": False, "log_interval": 10, "learning_rate": rate}
        options |= {"gradient_accumulation_steps": 1, "min_lr": rate / 10, **sizes, **steps}
        if rate > 1:
            options["grad_clip"] = 0.0
        try:
            run(Path("train.py").resolve(), [f"--{name}={value}" for name, value in options.items()], note)
        finally:
            truth.save(here / "train.log")


def word_language_model(here: Path, source: Path) -> None:
    truth = Truth()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(source, Path(folder) / "lm")
        for part, words in (("train", 9000), ("valid", 1200), ("test", 1200)):
            (Path(folder) / "lm" / f"{part}.txt").write_text(corpus(words))
        os.chdir(Path(folder) / "lm")
        batches = [0]

        def note(line: str, frame: FrameType) -> None:
            names = frame.f_locals | frame.f_globals
            if " batches |" in line:
                batches[0] = len(names["train_data"]) // 20
                step = (names["epoch"] - 1) * batches[0] + names["batch"]
                truth.note(step, loss=names["cur_loss"], lr=names["lr"])
            elif line.startswith("| end of epoch"):
                truth.add(names["epoch"] * batches[0], {"valid loss": names["val_loss"]})

        arguments = "--model LSTM --emsize 24 --nhid 24 --nlayers 1 --epochs 6 --batch_size 10 --bptt 20 --lr 8"
        run(Path("main.py").resolve(), [*arguments.split(), "--log-interval", "8", "--data", "."], note)
    truth.save(here / "train.log")


def reinforce(here: Path, source: Path) -> None:
    truth = Truth()

    def note(line: str, frame: FrameType) -> None:
        names = frame.f_locals
        if line.startswith("Episode"):
            reward = {"Last reward": names["ep_reward"], "Average reward": names["running_reward"]}
            truth.add(names["i_episode"], reward)
            if names["i_episode"] == 250:
                truth.save(here / "train.log")
                raise KeyboardInterrupt

    run(source / "reinforce.py", [], note)


def cleanrl(here: Path, source: Path) -> None:
    from torch.utils import tensorboard

    truth = Truth()
    add = tensorboard.SummaryWriter.add_scalar

    def noting(self, tag: str, value: float, step: int) -> None:
        truth.add(step, {tag: value})
        add(self, tag, value, step)

    tensorboard.SummaryWriter.add_scalar = noting
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(
            source / "cleanrl" / "ppo.py",
            ["--total-timesteps", "9600", "--num-steps", "64", "--no-cuda", "--num-envs", "2"],
            lambda line, frame: None,
        )
        for events in Path(folder).rglob("events*"):
            target = here / "CartPole-v1__ppo__1__1700000000"
            target.mkdir()
            shutil.copy(events, target / "events.out.tfevents.1700000000.host.1.0")
    truth.save(here / "train.log")


def detectron2(here: Path, source: Path, *, nan: bool = False) -> None:
    """Its SimpleTrainer, hooks and writers around a toy; the model and the data are the only things not its own."""
    sys.path.insert(0, str(source))
    part_of(source, "detectron2", "detectron2.engine", "detectron2.evaluation", "detectron2.solver")
    from detectron2.solver.lr_scheduler import LRMultiplier

    sys.modules["detectron2.solver"].LRMultiplier = LRMultiplier
    sys.modules["detectron2.solver"].LRScheduler = torch.optim.lr_scheduler.LRScheduler
    from detectron2.engine import hooks
    from detectron2.engine.train_loop import SimpleTrainer
    from detectron2.utils.events import CommonMetricPrinter, EventWriter, JSONWriter, get_event_storage
    from detectron2.utils.logger import setup_logger

    setup_logger(str(here))
    torch.manual_seed(0)
    truth = Truth()

    class Toy(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 2)
            self.calls = 0

        def forward(self, batch: torch.Tensor) -> dict[str, torch.Tensor]:
            self.calls += 1
            out = self.layer(batch) - batch[:, :2] - 0.3 * torch.randn(len(batch), 2)
            broken = float("nan") if nan and self.calls > 170 else 1.0
            return {"loss_cls": out[:, 0].square().mean() * broken, "loss_box_reg": out[:, 1].abs().mean()}

    class Noted(EventWriter):
        def write(self) -> None:
            storage = get_event_storage()
            for name, (value, iteration) in storage.latest_with_smoothing_hint(20).items():
                if iteration == storage.iter and name in ("total_loss", "loss_cls", "loss_box_reg", "lr"):
                    truth.add(iteration, {name: value})

    def batches():
        while True:
            yield torch.randn(8, 4)

    net = Toy()
    optimizer = torch.optim.SGD(net.parameters(), 0.05)
    trainer = SimpleTrainer(net, batches(), optimizer)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 100, 0.5)
    writers = [CommonMetricPrinter(240), JSONWriter(str(here / "metrics.json")), Noted()]
    trainer.register_hooks(
        [hooks.IterationTimer(), hooks.LRScheduler(optimizer, schedule), hooks.PeriodicWriter(writers, period=20)]
    )
    try:
        trainer.train(0, 240)
    finally:
        truth.save(here / "train.log")


def fairseq(here: Path, source: Path) -> None:
    """Its metrics, progress bar and dynamic loss scale in the loop of its train command, around a toy."""
    import logging

    part_of(source, "fairseq", "fairseq.optim")
    logging.basicConfig(
        format="%(asctime)s | %(levelname)s | %(name)s | %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
        level="INFO",
        stream=sys.stdout,
    )
    from fairseq.logging import metrics, progress_bar
    from fairseq.optim.dynamic_loss_scaler import DynamicLossScaler

    torch.manual_seed(0)
    logger = logging.getLogger("fairseq.trainer")
    net = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    scaler = DynamicLossScaler(init_scale=2.0**15, scale_window=40)
    truth, updates = Truth(), 0
    for epoch in range(1, 6):
        batches = [torch.randn(8, 4) for _ in range(24)]
        bar = progress_bar.progress_bar(
            batches, log_format="simple", log_interval=6, epoch=epoch, default_log_format="simple"
        )
        with metrics.aggregate("train"):
            for x in bar:
                with metrics.aggregate("train_inner"):
                    loss = (net(x) - x.sum(1, keepdim=True) - 0.5 * torch.randn(8, 1)).square().mean()
                    optimizer.zero_grad()
                    scaler.scale(loss).backward()
                    norm = float(torch.nn.utils.get_total_norm([p.grad for p in net.parameters()]))
                    try:
                        # What half precision would have done to gradients of this size.
                        scaler.check_overflow(norm if norm < 65504.0 else float("inf"))
                    except OverflowError as error:
                        logger.info(f"NOTE: overflow detected, {error}, skipped")
                        optimizer.zero_grad()
                        continue
                    for p in net.parameters():
                        p.grad /= scaler.loss_scale
                    optimizer.step()
                    scaler.update()
                    updates += 1
                    metrics.log_scalar("loss", loss.item(), 8, round=3)
                    metrics.log_scalar("num_updates", updates, weight=0, priority=200)
                    metrics.log_scalar("lr", optimizer.param_groups[0]["lr"], weight=0, priority=300)
                    metrics.log_scalar("gnorm", norm / scaler.loss_scale, priority=400, round=3)
                    metrics.log_scalar("loss_scale", scaler.loss_scale, priority=700, round=4, weight=0)
                if updates and updates % 6 == 0:
                    stats = metrics.get_smoothed_values("train_inner")
                    bar.log(stats, tag="train_inner", step=updates)
                    truth.add(updates, {k: float(v) for k, v in stats.items() if k in ("loss", "gnorm", "loss_scale")})
                    metrics.reset_meters("train_inner")
        logger.info("begin validation")
        with metrics.aggregate(new_root=True) as held_back:
            x = torch.randn(64, 4)
            metrics.log_scalar("loss", (net(x) - x.sum(1, keepdim=True)).square().mean().item(), round=3)
            metrics.log_scalar("num_updates", updates)
        valid = progress_bar.progress_bar(
            [], log_format="simple", epoch=epoch, prefix="valid on 'valid' subset", default_log_format="simple"
        )
        valid.print(held_back.get_smoothed_values(), tag="valid", step=updates)
        truth.add(updates, {"valid/loss": float(held_back.get_smoothed_values()["loss"])})
        bar.print(metrics.get_smoothed_values("train"), tag="train", step=updates)
        metrics.reset_meters("train")
    truth.save(here / "train.log")


MAKERS: dict[str, Callable[[Path, Path], None]] = {
    "nanogpt": nanogpt,
    "nanogpt_nan": partial(nanogpt, rate=30.0),
    "word_language_model": word_language_model,
    "reinforce": reinforce,
    "cleanrl": cleanrl,
    "detectron2": detectron2,
    "detectron2_nan": partial(detectron2, nan=True),
    "fairseq": fairseq,
}


def main() -> None:
    torch.set_num_threads(1)
    name, source = sys.argv[1], Path(sys.argv[2]).resolve()
    here = PRINTED / name
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir(parents=True)
    print(name, printed(here / "train.log", partial(MAKERS[name], here, source)))
    for log in here.rglob("*.*"):
        if log.suffix in (".log", ".txt"):
            log.write_bytes(log.read_bytes().replace(str(source).encode(), f"/home/user/{name}".encode()))


if __name__ == "__main__":
    main()
