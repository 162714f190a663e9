"""Stages of one output of which some print their steps and others their epochs alone."""

from __future__ import annotations

from pathlib import Path

import pytest

import losslens

EPOCHS, STEPS = 40, 118


def stage(low: float, *, steps: bool, every: int = 1) -> list[str]:
    told = " | LR: 1e-4 | Time: 9.1s | Step: {at}" if steps else " | Time: 9.1s"
    return [
        f"Epoch {e:03d}/{EPOCHS} | Loss: {low * (1 + 30 / e):.4f}" + told.format(at=e * STEPS)
        for e in range(1, EPOCHS + 1)
        if e == 1 or e % every == 0
    ]


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("order", [1, -1])
def test_a_stage_that_prints_no_steps_is_a_training_of_its_own(tmp_path: Path, order: int, every: int) -> None:
    stages = [stage(0.1, steps=False, every=every), stage(30.0, steps=True)][::order]
    path = tmp_path / "train.log"
    path.write_text("\n".join(["Stage 1", *stages[0], "saved", "Stage 2", *stages[1]]) + "\n")
    runs = losslens.load(path)
    assert [len(run.series["Loss"]) for run in runs] == [len(one) for one in stages]
    assert all(run.series["Loss"].step[-1] == EPOCHS * STEPS for run in runs)
    assert all(run.series["Loss"].value.max() < 32 * run.series["Loss"].value.min() for run in runs)


def test_an_epoch_s_mean_among_its_steps_is_none(tmp_path: Path) -> None:
    lines = []
    for epoch in range(1, 13):
        lines += [f"epoch {epoch} step {(epoch - 1) * 100 + at} loss {3 / epoch:.4f}" for at in range(10, 101, 10)]
        lines.append(f"epoch {epoch} done, loss: {3.1 / epoch:.4f}")
    path = tmp_path / "train.log"
    path.write_text("\n".join(lines) + "\n")
    (run,) = losslens.load(path)
    assert sorted(len(one) for tag, one in run.series.items() if "loss" in tag) == [12, 120]
