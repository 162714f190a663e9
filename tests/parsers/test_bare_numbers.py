"""Numbers alone on their lines among other output."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import losslens
from losslens import parsers

ABOVE = "Using device: cuda\nLoading data\n"


def printed(n: int = 12) -> str:
    return "".join(f"{0.4 + 2.0 * math.exp(-i / 10) + 0.01 * math.sin(7 * i):.4f}\n" for i in range(n))


@pytest.mark.parametrize("name", ["train_loss.log", "slurm-1.out", "run.txt"])
def test_they_are_the_course_whatever_stands_around_them(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(f"{ABOVE}{printed()}Done\n")
    assert parsers.recognise(tmp_path / name) == "bare-numbers"
    (log,) = parsers.parse(tmp_path / name)
    (series,) = log.series.values()
    assert (series.tag, series.value.size, series.axis) == (name.split(".")[0], 12, "row")


def test_a_nan_and_the_end_of_the_program_are_told(tmp_path: Path) -> None:
    end = 'Traceback (most recent call last):\n  File "t.py", line 1\nKeyboardInterrupt\n'
    (tmp_path / "run.log").write_text(f"{ABOVE}{printed(20)}nan\nnan\nnan\n{end}")
    (run,) = losslens.analyze(tmp_path, jobs=1).runs
    assert run.verdict == "nan"
    assert "interrupted" in {event.kind for event in run.events}


@pytest.mark.parametrize(
    "text",
    [
        ABOVE + "1.2\n7.4\n0.3\n5.5\n2.2\n9.1\n0.7\n3.3\n8.8\n",
        ABOVE + "".join(f"{i}\n" for i in range(20, 0, -1)),
        "".join(f"word{i} word word\n" for i in range(30)) + printed(),
        ABOVE + printed(4),
    ],
)
def test_other_numbers_are_no_course(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.log").write_text(text)
    assert parsers.recognise(tmp_path / "run.log") is None


@pytest.mark.parametrize("name", ["loss.txt", "train_losses.log"])
def test_whole_numbers_in_a_file_called_after_a_loss_are_its_course(tmp_path: Path, name: str) -> None:
    values = [5000 // n + 100 for n in range(1, 30)]
    (tmp_path / name).write_text("".join(f"{value}\n" for value in values) + "nan\n")
    (log,) = parsers.parse(tmp_path / name)
    (course,) = log.series.values()
    assert course.value.tolist()[:-1] == values
    assert math.isnan(course.value[-1])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ids.txt", [5000 // n + 100 for n in range(1, 30)]),
        ("loss.txt", list(range(30))),
        ("loss.txt", [0, 1, 1, 0, 1] * 6),
    ],
)
def test_other_whole_numbers_are_none(tmp_path: Path, name: str, values: list[int]) -> None:
    (tmp_path / name).write_text("".join(f"{value}\n" for value in values))
    assert parsers.recognise(tmp_path / name) is None
