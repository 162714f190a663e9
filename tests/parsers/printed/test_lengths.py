"""Steps that an episode took, printed beside it: numbers of its line, and no axis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens.model import Log
from losslens.parsers.text import parse

N = 120
TOOK = np.random.default_rng(0).integers(9, 300, N).tolist()
LOSS = [round(0.05 + 0.5 * 0.97**i, 4) for i in range(N)]


def read(path: Path, lines: list[str]) -> Log:
    path.write_text("\n".join(lines) + "\n")
    (log,) = parse(path)
    return log


@pytest.mark.parametrize(
    "line",
    [
        "Episode {i} | Steps: {took} | Reward: {r} | Loss: {loss}",
        "Episode: {i}, Reward: {r}, Steps: {took}, Loss: {loss}, Epsilon: 0.9",
        "episode {i}/120 - steps {took} - loss {loss}",
    ],
)
@pytest.mark.parametrize("most", [300, 60])
def test_the_episode_is_the_axis_and_its_length_a_number(tmp_path: Path, line: str, most: int) -> None:
    lines = [
        line.format(i=i + 1, took=min(took, most), r=-20 + 0.5 * i, loss=loss)
        for i, (took, loss) in enumerate(zip(TOOK, LOSS, strict=True))
    ]
    log = read(tmp_path / "train.log", lines)
    loss = next(one for tag, one in log.series.items() if tag.lower() == "loss")
    assert loss.axis == "episode"
    assert loss.step.tolist() == list(range(1, N + 1))
    assert loss.value.tolist() == LOSS
    assert "Episode" not in log.series


def test_steps_that_count_on_beside_an_episode_are_the_axis(tmp_path: Path) -> None:
    done = np.cumsum(TOOK).tolist()
    lines = [
        f"Episode {i + 1} | Steps: {at} | Loss: {loss}" for i, (at, loss) in enumerate(zip(done, LOSS, strict=True))
    ]
    (loss,) = read(tmp_path / "train.log", lines).series.values()
    assert loss.step.tolist() == done


@pytest.mark.parametrize("every", [97, 130, 25])
def test_batches_that_begin_anew_with_each_epoch_are_counted_on(tmp_path: Path, every: int) -> None:
    at = [(step // 391, step % 391) for step in range(0, 391 * 40, every)]
    lines = [f"epoch {epoch} step {batch} loss {2 / (1 + i / 20):.4f}" for i, (epoch, batch) in enumerate(at)]
    loss = read(tmp_path / "train.log", lines).series["loss"]
    assert np.all(np.diff(loss.step) > 0)


def test_lines_of_ranks_that_print_out_of_step_keep_theirs(tmp_path: Path) -> None:
    late = np.random.default_rng(1).integers(0, 4, 400).tolist()
    lines = [f"step {100 + i // 4 - by} loss {2 / (1 + i / 20):.4f}" for i, by in enumerate(late)]
    loss = read(tmp_path / "train.log", lines).series["loss"]
    assert loss.axis == "step"
    assert int(loss.step.max()) == 199


def test_epochs_of_a_few_lines_whose_iterations_begin_anew_are_no_lengths(tmp_path: Path) -> None:
    lines, at = [], 0
    for epoch in range(1, 60):
        for _ in range(2 + epoch % 2):
            at = (at + 100) % 340 if epoch < 30 else (at + 100) % 250
            lines.append(f"(epoch: {epoch}, iters: {max(at, 10)}, time: 0.498) G_GAN: {2 + 1 / epoch:.3f} G_L1: 9.585")
    log = read(tmp_path / "loss_log.txt", lines)
    assert "steps" not in log.series
    assert {one.axis for one in log.series.values()} == {"step"}
