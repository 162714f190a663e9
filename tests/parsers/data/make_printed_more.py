"""What more trainers print and keep: CatBoost, torchtune, speechbrain, d3rlpy, Coqui's, spaCy, mmengine, MLPerf's.

python -m tests.parsers.data.make_printed_more [name ...]
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from itertools import count
from pathlib import Path

import torch

from tests.parsers.data.capture import PRINTED, Truth, make, neutral
from tests.parsers.data.make_printed_torch import network, points


def catboost(here: Path) -> None:
    from catboost import CatBoostRegressor

    from tests.parsers.data.make_printed_trees import points as table

    x, y = table()
    trees = CatBoostRegressor(
        iterations=40, depth=3, random_seed=0, thread_count=1, train_dir=str(here / "catboost_info")
    )
    trees.fit(x[:200], y[:200], eval_set=(x[200:], y[200:]), verbose=1)
    truth = Truth()
    for split, name in (("learn", "learn"), ("validation", "test")):
        for step, value in enumerate(trees.get_evals_result()[split]["RMSE"]):
            truth.add(step, {f"{name} loss": value})
    truth.save(here / "train.log")
    for part in here.rglob("events*"):
        part.rename(part.with_name("events.out.tfevents.1700000000.host.1.0"))
    for part in here.rglob("*"):
        if part.name in ("tmp",) or part.suffix == ".cbsnapshot":
            shutil.rmtree(part)


def torchtune(here: Path) -> None:
    """Its metric loggers in the loop of its recipes."""
    from torchtune.training.lr_schedulers import get_cosine_schedule_with_warmup
    from torchtune.training.metric_logging import DiskLogger, StdoutLogger
    from tqdm import tqdm

    x, y = points(512)
    net = network()
    optimizer = torch.optim.AdamW(net.parameters(), 0.02)
    schedule = get_cosine_schedule_with_warmup(optimizer, num_warmup_steps=6, num_training_steps=60)
    disk, out = DiskLogger(str(here), filename="log_1700000000.txt"), StdoutLogger()
    truth = Truth()
    for epoch in range(2):
        bar = tqdm(total=30)
        for n in range(30):
            at = 16 * n
            loss = torch.nn.functional.mse_loss(net(x[at : at + 16]), y[at : at + 16])
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            schedule.step()
            step = epoch * 30 + n + 1
            bar.update(1)
            bar.set_description(f"{epoch + 1}|{step}|Loss: {loss.item()}")
            values = {"loss": loss.item(), "lr": optimizer.param_groups[0]["lr"], "tokens_per_second_per_gpu": 1e3}
            values["grad_norm"] = norm.item()
            for logger in (disk, out):
                logger.log_dict(values, step=step)
            truth.add(step, values)
    disk.close()
    out.close()
    truth.save(here / "log_1700000000.txt")


def speechbrain(here: Path) -> None:
    from importlib.machinery import ModuleSpec
    from unittest.mock import MagicMock

    # No sound is read here, and the library for it has to fit the machine.
    sys.modules["torchaudio"] = MagicMock(__version__="2.9.0", __spec__=ModuleSpec("torchaudio", None))
    import speechbrain as sb
    from speechbrain.utils.train_logger import FileTrainLogger

    x, y = points(256)
    truth = Truth()

    class Toy(sb.Brain):
        def compute_forward(self, batch, stage):
            return self.modules.net(batch[0])

        def compute_objectives(self, predictions, batch, stage):
            return torch.nn.functional.mse_loss(predictions, batch[1])

        def on_stage_end(self, stage, stage_loss, epoch) -> None:
            if stage == sb.Stage.TRAIN:
                self.train_loss = stage_loss
            else:
                rate = self.optimizer.param_groups[0]["lr"]
                logger.log_stats(
                    {"epoch": epoch, "lr": rate},
                    train_stats={"loss": self.train_loss},
                    valid_stats={"loss": stage_loss, "MAE": stage_loss**0.5},
                )
                truth.add(epoch, {"train loss": self.train_loss, "valid loss": stage_loss, "lr": rate})

    logger = FileTrainLogger(str(here / "train_log.txt"))
    brain = Toy({"net": network()}, lambda p: torch.optim.Adam(p, 0.02), run_opts={"device": "cpu"})
    loaders = [
        torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*part), 16)
        for part in ((x[:192], y[:192]), (x[192:], y[192:]))
    ]
    brain.fit(range(1, 11), *loaders)
    truth.save(here / "train_log.txt")


def d3rlpy(here: Path) -> None:
    import d3rlpy as offline
    import numpy as np

    offline.seed(0)
    rng = np.random.default_rng(0)
    size = 600
    data = offline.dataset.MDPDataset(
        rng.normal(size=(size, 4)).astype("f4"),
        rng.integers(0, 2, size=(size, 1)),
        rng.normal(size=(size, 1)).astype("f4"),
        (np.arange(size) % 30 == 29).astype("f4"),
    )
    algorithm = offline.algos.DQNConfig(batch_size=16).create(device="cpu")
    truth = Truth()
    history = algorithm.fit(
        data,
        n_steps=120,
        n_steps_per_epoch=12,
        experiment_name="DQN",
        with_timestamp=False,
        logger_adapter=offline.logging.FileAdapterFactory(root_dir=str(here)),
        save_interval=100,
        show_progress=False,
    )
    for epoch, metrics in history:
        truth.add(12 * epoch, {"loss": metrics["loss"]})
    truth.save(here / "DQN")
    truth.save(here / "train.log")
    for part in here.rglob("*.d3"):
        part.unlink()


def coqui(here: Path) -> None:
    """The trainer of Coqui's TTS."""
    from trainer import Trainer, TrainerArgs, TrainerConfig, TrainerModel

    truth = Truth()
    steps = count()
    place = tempfile.mkdtemp()
    config = TrainerConfig(
        output_path=place,
        epochs=6,
        batch_size=16,
        eval_batch_size=16,
        print_step=4,
        save_step=1000,
        plot_step=1000,
        optimizer="Adam",
        lr=0.02,
        save_checkpoints=False,
        test_delay_epochs=100,
    )

    class Toy(TrainerModel):
        def __init__(self) -> None:
            super().__init__()
            self.net = network()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x)

        def train_step(self, batch, criterion, optimizer_idx=None):
            out = self.net(batch["x"])
            loss = criterion(out, batch["y"])
            if self.training:
                truth.note(next(steps), loss=loss)
            return {"model_outputs": out}, {"loss": loss}

        def eval_step(self, batch, criterion, optimizer_idx=None):
            return self.train_step(batch, criterion)

        @staticmethod
        def init_from_config(config):
            return Toy()

        @staticmethod
        def get_criterion():
            return torch.nn.MSELoss()

        def get_data_loader(self, config, *, is_eval=False, samples=None, verbose=True):
            x, y = points(256)
            part = (x[192:], y[192:]) if is_eval else (x[:192], y[:192])
            rows = [{"x": x, "y": y} for x, y in zip(*part, strict=True)]
            return torch.utils.data.DataLoader(rows, 16)

        @staticmethod
        def format_batch(batch):
            return batch

    trainer = Trainer(TrainerArgs(), config, place, model=Toy(), train_samples=[0], eval_samples=[0])
    trainer.fit()
    (folder,) = Path(place).glob("run-*")
    target = Path(shutil.move(folder, here / "run-November-14-2023_10+13PM-0000000"))
    for part in target.iterdir():
        if part.suffix in (".pth", ".py"):
            part.unlink()
        elif part.name.startswith("events"):
            part.rename(part.with_name("events.out.tfevents.1700000000.host.1.0"))
        else:
            part.write_bytes(neutral(part.read_bytes()).replace(folder.name.encode(), target.name.encode()))
    truth.save(target / "trainer_0_log.txt")


def spacy(here: Path) -> None:
    """The table of its train command, of a text classifier."""
    import spacy as package
    from spacy.training import Example
    from spacy.training.loggers import console_logger

    truth = Truth()
    rng = random.Random(0)
    nlp = package.blank("en")
    kinds = {"GOOD": "good great fine nice warm".split(), "BAD": "bad poor cold sad grim".split()}  # noqa: SIM905
    examples = []
    for n in range(120):
        kind = ("GOOD", "BAD")[n % 2]
        told = kind if rng.random() < 0.6 else rng.choice(list(kinds))  # some texts say the opposite
        words = [rng.choice(kinds[told] + ["the", "a", "was"]) for _ in range(6)]
        cats = {"GOOD": float(kind == "GOOD"), "BAD": float(kind == "BAD")}
        examples.append(Example.from_dict(nlp.make_doc(" ".join(words)), {"cats": cats}))
    nlp.add_pipe("textcat")
    nlp.config["training"]["score_weights"] = {"cats_score": 1.0}
    nlp.initialize(lambda: examples)
    log_step, finish = console_logger(progress_bar=False)(nlp, sys.stdout, sys.stderr)
    optimizer = nlp.resume_training()
    losses: dict[str, float] = {}
    for step in range(201):
        rng.shuffle(examples)
        nlp.update(examples[:8], sgd=optimizer, losses=losses)
        if step % 20:
            log_step(None)
            continue
        scores = nlp.evaluate(examples)
        info = {
            "epoch": step // 8,
            "step": step,
            "score": scores["cats_score"],
            "other_scores": scores,
            "losses": dict(losses),
            "checkpoints": [],
            "seconds": 1,
            "words": 100,
        }
        log_step(info)
        truth.add(step, {"LOSS TEXTCAT": losses["textcat"], "CATS_SCORE": 100 * scores["cats_score"]})
        losses.clear()
    finish()
    truth.save(here / "train.log")


def mmengine(here: Path) -> None:
    """A whole work folder: the printed log, its JSON lines twice, the configuration; a rate that drops."""
    from mmengine.config import Config
    from mmengine.hooks import Hook
    from mmengine.model import BaseModel
    from mmengine.runner import Runner

    truth = Truth()
    x, y = points(96)

    class Net(BaseModel):
        def __init__(self) -> None:
            super().__init__()
            self.net = network()

        def forward(self, x, y, mode="tensor"):
            error = torch.nn.functional.mse_loss(self.net(x), y)
            return {"loss_main": error, "loss_small": 0.1 * error.sqrt()}

    class Noted(Hook):
        priority = "VERY_LOW"

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
            if (runner.iter + 1) % 5 == 0:
                scalars = runner.message_hub.log_scalars
                names = ("loss", "loss_main", "loss_small", "grad_norm")
                truth.add(runner.iter + 1, {name: float(scalars[f"train/{name}"].mean(5)) for name in names})

    place = tempfile.mkdtemp()
    config = Config({"model": {"type": "Net"}, "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1}}})
    runner = Runner(
        Net(),
        place,
        train_dataloader={
            "dataset": [{"x": a, "y": b} for a, b in zip(x, y, strict=True)],
            "batch_size": 8,
            "sampler": {"type": "DefaultSampler", "shuffle": True},
            "collate_fn": {"type": "default_collate"},
        },
        train_cfg={"by_epoch": False, "max_iters": 100},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}, "clip_grad": {"max_norm": 5.0}},
        param_scheduler={"type": "MultiStepLR", "milestones": [60], "gamma": 0.1, "by_epoch": False},
        default_hooks={"logger": {"type": "LoggerHook", "interval": 5}, "checkpoint": None},
        log_processor={"window_size": 5, "by_epoch": False},
        custom_hooks=[Noted()],
        randomness={"seed": 0},
        experiment_name="toy",
        cfg=config,
    )
    runner.train()
    (folder,) = (part for part in Path(place).iterdir() if part.is_dir())
    target = Path(shutil.move(folder, here / "20231114_221320"))
    (target / "vis_data" / "config.py").unlink()  # nothing of it is read
    for part in target.rglob("*"):
        if part.is_file():
            part.write_bytes(neutral(part.read_bytes()))
            part.rename(part.with_name(part.name.replace(folder.name, target.name)))
    truth.save(target / "20231114_221320.log")


def mlperf(here: Path) -> None:
    """The logger that submissions to MLPerf print with, in the way of its language models: settings, steps, results."""
    from mlperf_logging import mllog

    logger = mllog.get_mllogger()
    mllog.config(default_stack_offset=2, default_namespace="")
    x, y = points(512)
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), 0.05)
    truth = Truth()
    logger.event(key="submission_benchmark", value="toy")
    logger.event(key="global_batch_size", value=16)
    logger.event(key="opt_base_learning_rate", value=0.05)
    logger.start(key="run_start")
    step = 0
    for epoch in range(1, 7):
        logger.start(key="epoch_start", metadata={"epoch_num": epoch})
        for at in range(0, 400, 16):
            loss = torch.nn.functional.mse_loss(net(x[at : at + 16]), y[at : at + 16])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if step % 5 == 0:
                value = loss.item()
                logger.event(key="tracked_stats", value={"train_loss": value}, metadata={"step_num": step})
                truth.note(step, train_loss=value)
        logger.end(key="epoch_stop", metadata={"epoch_num": epoch})
        error = torch.nn.functional.mse_loss(net(x[400:]), y[400:]).item()
        logger.event(key="eval_loss", value=error, metadata={"epoch_num": epoch, "step_num": step})
        truth.note(step, eval_loss=error)
    logger.end(key="run_stop", metadata={"status": "success"})
    truth.save(here / "train.log")


MAKERS = {f.__name__: f for f in (catboost, torchtune, speechbrain, d3rlpy, coqui, spacy, mmengine, mlperf)}


def main() -> None:
    torch.set_num_threads(1)
    make(MAKERS)
    # these keep a log of their own, which says it all
    for name in {"torchtune", "speechbrain", "coqui", "mmengine"} & set(sys.argv[1:] or MAKERS):
        (PRINTED / name / "train.log").unlink()


if __name__ == "__main__":
    main()
