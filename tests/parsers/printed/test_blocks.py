"""What Ray Tune prints of its trials: blocks of names and values under a heading."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from losslens import parsers
from losslens.model import Role
from losslens.runs import find, load


def _block(trial: str, i: int, loss: float) -> str:
    return (
        f"Result for {trial}:\n  custom_metrics: {{}}\n  date: 2022-04-22_01-29-09\n  done: false\n"
        f"  episode_reward_mean: {i / 10}\n  info:\n    learner:\n      player_0:\n        learner_stats:\n"
        f"          cur_lr: 0.0005\n          grad_gnorm: 0.18\n          total_loss: {loss}\n        td_error:\n"
        f"        - -0.03\n        - -0.14\n    num_steps_sampled: {1000 * i}\n  training_iteration: {i}\n  \n"
    )


def _status(i: int) -> str:
    return f"== Status ==\nMemory usage on this node: 3.{i}/10 GiB\nNumber of trials: 2/2 (2 RUNNING)\n"


def test_each_block_is_a_point_at_the_iteration_that_it_names(tmp_path: Path) -> None:
    losses = [2.0 * 0.9**i for i in range(12)]
    text = "".join(_status(i) + _block("DQN_00000", i + 1, loss) for i, loss in enumerate(losses))
    (tmp_path / "nohup.out").write_text("2022 WARNING deprecated\n" * 200 + text)
    assert parsers.recognise(tmp_path / "nohup.out") == "text"
    (job,) = find([tmp_path]).jobs
    (run,) = load(job)
    loss = run.first(Role.TRAIN_LOSS)
    assert loss is not None
    assert loss.tag == "info/learner/player_0/learner_stats/total_loss"
    assert loss.step.tolist() == list(range(1, 13))
    np.testing.assert_allclose(loss.value, losses)
    assert run.tags(Role.GRAD_NORM) == ("info/learner/player_0/learner_stats/grad_gnorm",)
    assert run.tags(Role.REWARD) == ("episode_reward_mean",)


def test_trials_that_ran_at_once_are_a_run_each(tmp_path: Path) -> None:
    trials = {"DQN_00000": 2.0, "DQN_00001": 5.0}
    text = "".join(_block(name, i, a * 0.9**i) for i in range(1, 9) for name, a in trials.items())
    (tmp_path / "nohup.out").write_text(text)
    runs = [run for job in find([tmp_path]).jobs for run in load(job)]
    assert [run.name.rsplit("/", 1)[-1] for run in runs] == list(trials)
    for run, start in zip(runs, trials.values(), strict=True):
        loss = run.first(Role.TRAIN_LOSS)
        assert loss is not None
        np.testing.assert_allclose(loss.value, start * 0.9 ** np.arange(1, 9))


def test_blocks_behind_pages_of_warnings_are_found(tmp_path: Path) -> None:
    workers = "".join(f"(RolloutWorker pid={i}) WARNING env.py:40 -- Skipping env checking\n" for i in range(1500))
    blocks = "".join(_block("DQN_00000", i, 2.0 * 0.9**i).replace("total_loss", "mean_td_error") for i in range(1, 99))
    (tmp_path / "nohup.out").write_text(workers + blocks)
    assert parsers.recognise(tmp_path / "nohup.out") == "text"
