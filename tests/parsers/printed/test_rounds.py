"""Rounds of federated learning, told one by one or when the last is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.model import Verdict
from losslens.parsers.printed.rounds import histories_named, told_by_step
from losslens.pipeline import analyze
from tests.parsers.printing import falling, printed

LOSSES = [falling(i) for i in range(12)]


def test_what_the_server_says_of_a_round_has_its_names(tmp_path: Path) -> None:
    line = (
        "INFO flwr 2023-09-11 23:34:{i:02d},374 | server.py:125 | fit progress: ({i}, {v}, {{'accuracy': 0.8}}, 12.5)\n"
    )
    series = printed(tmp_path, "".join(line.format(i=i, v=v) for i, v in enumerate(LOSSES))).series
    assert series["loss"].step.tolist() == list(range(12))
    assert series["loss"].value.tolist() == LOSSES
    assert set(series["accuracy"].value.tolist()) == {0.8}


def test_a_course_on_one_line_is_read_step_by_step(tmp_path: Path) -> None:
    head = "INFO flwr 2023-09-11 23:34:26,374 | app.py:221 | app_fit: "
    courses = {"losses_distributed": enumerate(LOSSES[1:], 1), "losses_centralized": enumerate(LOSSES)}
    text = "".join(f"{head}{name} {list(course)}\n" for name, course in courses.items())
    series = printed(tmp_path, text).series
    assert series["losses_centralized"].value.tolist() == LOSSES
    assert series["losses_distributed"].step.tolist() == list(range(1, 12))


def test_a_course_on_one_line_that_becomes_no_number_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_text("INFO | app.py:221 | app_fit: losses_centralized [(0, 722.7), (1, nan), (2, nan), (3, nan)]\n")
    (run,) = analyze([path]).runs
    assert run.verdict == Verdict.NAN
    assert run.onset is not None
    assert (run.onset.low, run.onset.high) == (0, 1)


def test_rounds_below_the_heading_of_a_history_are_its_loss(tmp_path: Path) -> None:
    text = "INFO :      [SUMMARY]\nINFO :      \tHistory (loss, distributed):\n"
    text += "".join(f"INFO :      \t\tround {i}: {v}\n" for i, v in enumerate(LOSSES, 1))
    loss = printed(tmp_path, text).series["distributed loss"]
    assert loss.step.tolist() == list(range(1, 13))
    assert loss.value.tolist() == LOSSES


@pytest.mark.parametrize(
    "line",
    [
        "loss at [(0, 1.5)]",  # one pair is no course
        "loss [(3, 1.5), (1, 2.5)]",  # nor is what does not count up
        "sizes [(0, 1.5), (1, 2.5)]",
        "loss: 0.5",
    ],
)
def test_other_lines_are_no_courses(line: str) -> None:
    assert told_by_step(line) == []


def test_a_history_of_something_else_stays() -> None:
    text = "History (metrics, distributed, fit):\n\tround 1: 0.5\n"
    assert histories_named(text) == text
