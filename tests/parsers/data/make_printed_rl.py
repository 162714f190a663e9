"""stable-baselines3's boxes on stdout beside its progress.csv and its event files, for three algorithms.

python -m tests.parsers.data.make_printed_rl
"""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

import gymnasium
import torch
from stable_baselines3 import DQN, PPO, SAC
from stable_baselines3.common.logger import configure

from tests.parsers.data.capture import PRINTED, printed
from tests.parsers.data.make_sb3 import Truth

HERE = PRINTED / "sb3"


def train(name: str, here: Path) -> None:
    if name == "ppo":
        env = gymnasium.make("CartPole-v1")
        net = PPO("MlpPolicy", env, n_steps=128, batch_size=64, n_epochs=2, seed=0, device="cpu")
        steps, outputs = 1920, ["stdout", "csv"]
    elif name == "dqn":
        env = gymnasium.make("CartPole-v1")
        net = DQN("MlpPolicy", env, learning_starts=200, buffer_size=2000, seed=0, device="cpu", batch_size=16)
        steps, outputs = 1500, ["stdout", "tensorboard"]
    else:
        env = gymnasium.make("Pendulum-v1")
        net = SAC("MlpPolicy", env, learning_starts=200, buffer_size=2000, seed=0, device="cpu", batch_size=16)
        steps, outputs = 1600, ["stdout"]
    logger = configure(str(here), outputs)
    truth = Truth()
    logger.output_formats.append(truth)
    net.set_logger(logger)
    net.learn(steps, log_interval={"ppo": 1, "dqn": 4, "sac": 1}[name])
    logger.close()
    from tests.parsers import truth as kept

    kept.save(here / "train.log", truth.seen)
    for source in here.glob("events*"):
        source.rename(here / "events.out.tfevents.1700000000.host.1.0")


def main() -> None:
    torch.set_num_threads(1)
    for name in sys.argv[1:] or ("ppo", "dqn", "sac"):
        here = HERE / name
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir(parents=True)
        print(name, printed(here / "train.log", partial(train, name, here)))


if __name__ == "__main__":
    main()
