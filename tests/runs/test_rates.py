"""Two jobs in one folder that nothing but their learning rates tells apart."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from losslens import analyze


def table(path: Path, every: int, rate: float) -> None:
    rows = (f"{s},{1 + math.exp(-s / 300):.5f},{rate * (1 - s / 2_000):.8f}" for s in range(0, 1_000, every))
    path.write_text("\n".join(["step,loss,lr", *rows]) + "\n")


def output(path: Path, every: int, rate: float) -> None:
    lines = (
        f"step {s} | loss {1 + math.exp(-s / 300) + (40.0 if s > 700 else 0.0):.4f} | lr {rate * (1 - s / 2_000):.2e}"
        for s in range(0, 1_000, every)
    )
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("every", [1, 10])
def test_a_job_that_failed_is_not_lost_beside_one_of_another_rate(tmp_path: Path, every: int) -> None:
    table(tmp_path / "run1.csv", every, 0.02)
    output(tmp_path / "run2.log", every, 0.001)
    assert sorted(run.verdict.value for run in analyze([tmp_path]).runs) == ["exploded", "healthy"]


@pytest.mark.parametrize("later", [0, 1])
def test_rates_that_were_rounded_or_logged_a_step_later_are_of_one_job(tmp_path: Path, later: int) -> None:
    table(tmp_path / "metrics.csv", 1, 0.02)
    lines = (
        f"step {s} | loss {1 + math.exp(-s / 300):.2f} | lr {0.02 * (1 - (s - later) / 2_000):.2e}"
        for s in range(1_000)
    )
    (tmp_path / "train.log").write_text("\n".join(lines) + "\n")
    assert len(analyze([tmp_path]).runs) == 1
