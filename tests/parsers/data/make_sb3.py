"""stable-baselines3's progress.csv and progress.json, evaluation keys appearing late so that the header is rewritten.

python -m tests.parsers.data.make_sb3
"""

from __future__ import annotations

import shutil
from pathlib import Path

import gymnasium
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.logger import KVWriter, configure

from tests.parsers import truth as kept

HERE = Path(__file__).parent / "sb3"


class Truth(KVWriter):
    """Notes what is written, as a third output format beside csv and json."""

    def __init__(self) -> None:
        self.seen: dict[str, list[list[float]]] = {}

    def write(self, key_values, key_excluded, step=0) -> None:
        for name, value in key_values.items():
            if isinstance(value, int | float) or hasattr(value, "dtype"):
                self.seen.setdefault(name, []).append([int(step), float(value)])

    def close(self) -> None:
        pass


def main() -> None:
    torch.set_num_threads(1)
    shutil.rmtree(HERE, ignore_errors=True)
    env = gymnasium.make("CartPole-v1")
    net = PPO("MlpPolicy", env, n_steps=128, batch_size=64, n_epochs=2, seed=0, device="cpu")
    logger = configure(str(HERE), ["csv", "json"])
    truth = Truth()
    logger.output_formats.append(truth)
    net.set_logger(logger)
    evaluate = EvalCallback(gymnasium.make("CartPole-v1"), eval_freq=600, n_eval_episodes=1, verbose=0)
    net.learn(2048, callback=evaluate)
    logger.close()
    kept.save(HERE / "progress.csv", truth.seen)


if __name__ == "__main__":
    main()
