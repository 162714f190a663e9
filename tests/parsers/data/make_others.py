"""mmengine's scalars.json, Ray Tune's progress.csv and result.json, DeepSpeed's CSV monitor, LLaMA-Factory's log.

    python -m tests.parsers.data.make_others

mmengine trains with its own Runner. Ray Tune's and DeepSpeed's writers are the real ones, fed by a small training loop
with the keys that RLlib and the DeepSpeed engine hand to them. detectron2 is in no package index and LLaMA-Factory's
callback wants its whole stack: these two files follow their sources (a sorted JSON object a line; None left out).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import torch

from tests.parsers import truth as kept

HERE = Path(__file__).parent


def steps(n: int, seed: int = 0):
    """(step, loss, gradient norm, learning rate, wall second) of a small regression trained with SGD."""
    torch.manual_seed(seed)
    x = torch.randn(64, 4)
    y = x.sum(1, keepdim=True)
    net = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.98)
    for step in range(1, n + 1):
        at = (step * 8) % 64
        loss = torch.nn.functional.mse_loss(net(x[at : at + 8]), y[at : at + 8])
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 100.0)
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        yield step, loss.item(), norm.item(), rate


def fresh(name: str) -> Path:
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def mmengine_run() -> None:
    from mmengine.evaluator import BaseMetric
    from mmengine.hooks import Hook
    from mmengine.model import BaseModel
    from mmengine.runner import Runner
    from torch.utils.data import Dataset

    class Points(Dataset):
        def __len__(self) -> int:
            return 40

        def __getitem__(self, at: int) -> dict:
            generator = torch.Generator().manual_seed(at)
            x = torch.randn(4, generator=generator)
            return {"x": x, "y": x.sum(0, keepdim=True)}

    class Net(BaseModel):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def forward(self, x: torch.Tensor, y: torch.Tensor, mode: str = "tensor"):
            error = torch.nn.functional.mse_loss(self.layer(x), y)
            return {"loss": error} if mode == "loss" else [{"error": error.item()}]

    class Error(BaseMetric):
        def process(self, data_batch, data_samples) -> None:
            self.results.extend(data_samples)

        def compute_metrics(self, results: list) -> dict:
            return {"mse": sum(result["error"] for result in results) / len(results)}

    seen: dict[str, list] = {}

    class Truth(Hook):
        priority = "VERY_LOW"

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
            if (runner.iter + 1) % 2 == 0:
                scalars = runner.message_hub.log_scalars["train/loss"]
                seen.setdefault("loss", []).append([runner.iter + 1, float(scalars.mean(2))])

        def after_val_epoch(self, runner, metrics=None) -> None:
            seen.setdefault("val/mse", []).append([runner.iter, float(metrics["mse"])])

    def loader(shuffle: bool) -> dict:
        sampler = {"type": "DefaultSampler", "shuffle": shuffle}
        return {"dataset": Points(), "batch_size": 4, "sampler": sampler, "collate_fn": {"type": "default_collate"}}

    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(
            Net(),
            folder,
            train_dataloader=loader(shuffle=True),
            val_dataloader=loader(shuffle=False),
            train_cfg={"by_epoch": True, "max_epochs": 4, "val_interval": 1},
            val_cfg={},
            val_evaluator=[Error()],
            optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.05}},
            param_scheduler={"type": "ExponentialLR", "gamma": 0.8},
            default_hooks={
                "logger": {"type": "LoggerHook", "interval": 2, "log_metric_by_epoch": True},
                "checkpoint": None,
            },
            log_processor={"window_size": 2},
            custom_hooks=[Truth()],
            randomness={"seed": 0},
            log_level="WARNING",
            experiment_name="toy",
        )
        runner.train()
        target = fresh("mmengine")
        source = next(Path(folder).glob("*/vis_data/scalars.json"))
        shutil.copy(source, target / "scalars.json")
        kept.save(target / "scalars.json", seen)


def ray_tune() -> None:
    from ray.tune.logger import CSVLoggerCallback, JsonLoggerCallback

    target = fresh("rllib")

    class Trial:
        local_path = str(target)
        trial_id = "toy"
        storage = None
        checkpoint = None

        def __init__(self) -> None:
            self.config = {"lr": 0.05, "train_batch_size": 8, "model": {"fcnet_hiddens": [256, 256]}}
            self.evaluated_params: dict = {}

        def init_local_path(self) -> None:
            pass

    trial, seen = Trial(), {}
    loggers = [CSVLoggerCallback(), JsonLoggerCallback()]
    for logger in loggers:
        logger.log_trial_start(trial)
    for step, loss, norm, rate in steps(12):
        learner = {
            "total_loss": loss,
            "grad_gnorm": norm,
            "cur_lr": rate,
            "vf_loss": float("nan") if step > 9 else loss,
        }
        result = {
            "episode_reward_mean": -loss,
            "info": {"learner": {"default_policy": {"learner_stats": learner}}},
            "training_iteration": step,
            "timesteps_total": 400 * step,
            "time_this_iter_s": 0.5,
            "time_total_s": 0.5 * step,
            "timestamp": 1_700_000_000 + step,
            "date": f"2023-11-14_22-13-{20 + step:02d}",
            "done": False,
            "config": trial.config,
            "trial_id": trial.trial_id,
        }
        for logger in loggers:
            logger.log_trial_result(step, trial, result)
        for name, value in learner.items():
            key = f"info/learner/default_policy/learner_stats/{name}"
            seen.setdefault(key, []).append([400 * step, value])
    for logger in loggers:
        logger.log_trial_end(trial)
    (target / "params.pkl").unlink(missing_ok=True)
    kept.save(target / "progress.csv", seen)


def deepspeed_monitor() -> None:
    from deepspeed.monitor import csv_monitor

    csv_monitor.dist.get_rank = lambda *_: 0
    target = fresh("deepspeed")

    class Config:
        enabled = True
        output_path = str(target)
        job_name = "job"

    seen: dict[str, list] = {}
    for part in (range(1, 9), range(7, 13)):  # the second process resumed from step 6
        monitor = csv_monitor.csvMonitor(Config())
        for step, loss, _, rate in steps(12):
            if step in part:
                samples = 8 * step
                events = [("Train/Samples/train_loss", loss, samples), ("Train/Samples/lr", rate, samples)]
                monitor.write_events(events)
                for name, value, x in events:
                    seen.setdefault(name, []).append([x, value])
    kept.save(target / "job", seen)


def by_source() -> None:
    target = fresh("llama_factory")
    seen: dict[str, list] = {"loss": [], "lr": [], "eval_loss": []}
    with open(target / "trainer_log.jsonl", "w") as file:
        for step, loss, _, rate in steps(20):
            record = {"current_steps": step, "total_steps": 20, "loss": round(loss, 4), "lr": rate, "epoch": step / 8}
            record |= {
                "percentage": step * 5.0,
                "elapsed_time": f"0:00:{step:02d}",
                "remaining_time": f"0:00:{20 - step:02d}",
            }
            seen["loss"].append([step, record["loss"]])
            seen["lr"].append([step, rate])
            if step % 10 == 0:
                file.write(json.dumps(record) + "\n")
                evaluated = {"current_steps": step, "total_steps": 20, "eval_loss": loss * 1.1, "epoch": step / 8}
                seen["eval_loss"].append([step, evaluated["eval_loss"]])
                record = evaluated | {"percentage": step * 5.0, "elapsed_time": "0:00:20", "remaining_time": "0:00:00"}
            file.write(json.dumps(record) + "\n")
    kept.save(target / "trainer_log.jsonl", seen)

    target = fresh("detectron2")
    seen = {"total_loss": [], "lr": []}
    with open(target / "metrics.json", "w") as file:
        for first, last in ((19, 199), (119, 259)):  # resumed from iteration 100, appended to
            for step, loss, _, rate in steps(260):
                if first <= step - 1 <= last and step % 20 == 0:
                    record = {"data_time": 0.01, "eta_seconds": 1.0 * (260 - step), "iteration": step - 1, "lr": rate}
                    record |= {"loss_box_reg": loss / 4, "loss_cls": 3 * loss / 4, "time": 0.2, "total_loss": loss}
                    file.write(json.dumps(record, sort_keys=True) + "\n")
                    seen["total_loss"].append([step - 1, loss])
                    seen["lr"].append([step - 1, rate])
    kept.save(target / "metrics.json", seen)


def main() -> None:
    torch.set_num_threads(1)
    by_source()
    mmengine_run()
    ray_tune()
    deepspeed_monitor()


if __name__ == "__main__":
    main()
