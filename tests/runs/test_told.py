"""What the file of a job's errors says of its loss."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.model import Verdict
from losslens.pipeline import analyze


def verdict_of(tmp_path: Path, errors: list[str], *, numbers: str = "job.out", end: str = "") -> Verdict:
    course = [f"step {10 * i} loss {2.5 * 0.9**i + 0.5 + 0.01 * (i % 3):.4f}" for i in range(40)]
    if numbers.endswith(".csv"):
        course = ["step,loss", *[line.removeprefix("step ").replace(" loss ", ",") for line in course]]
    (tmp_path / numbers).write_text("\n".join([*course, *([end] if end else [])]) + "\n")
    (tmp_path / "job.err").write_text("\n".join(errors) + "\n")
    (run,) = analyze([tmp_path]).runs
    return run.verdict


def thrown(text: str) -> list[str]:
    return ["Traceback (most recent call last):", '  File "train.py", line 3, in <module>', text]


@pytest.mark.parametrize("numbers", ["job.out", "metrics.csv"])
@pytest.mark.parametrize(
    "text",
    [
        "FloatingPointError: Loss became infinite or NaN!",
        "RuntimeError: Function 'MulBackward0' returned nan values in its 0th output.",
    ],
)
def test_an_exception_of_a_nan_in_the_file_of_errors_ends_the_loss(numbers: str, text: str, tmp_path: Path) -> None:
    assert verdict_of(tmp_path, thrown(text), numbers=numbers) is Verdict.NAN


@pytest.mark.parametrize(
    "errors",
    [
        thrown("RuntimeError: CUDA out of memory."),
        ["loss is nan, skipping this batch"],
        [*thrown("FloatingPointError: Loss became infinite or NaN!"), "resuming from checkpoint 3"],
    ],
)
def test_other_errors_end_no_loss(errors: list[str], tmp_path: Path) -> None:
    assert verdict_of(tmp_path, errors) is Verdict.HEALTHY


def test_an_error_behind_a_finished_training_ends_no_loss(tmp_path: Path) -> None:
    assert verdict_of(tmp_path, thrown("ValueError: Input contains NaN."), end="Training finished.") is Verdict.HEALTHY
