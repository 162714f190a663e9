"""The tables of trials that Ray Tune prints: between bars, as its console printed until 2.6, and in a frame since."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from losslens import parsers
from losslens.errors import NotALogError, ParseError
from losslens.parsers import tune_status

LOSS = [2.5, 1.25, 0.8, 0.6, math.nan]


def barred(n: int, *losses: float) -> str:
    rule = "+----------------------+----------+---------------+------+--------+------------------+---------+\n"
    text = (
        f"== Status ==\nCurrent time: 2022-05-01 10:00:0{n} (running for 00:00:0{n}.00)\nNumber of trials: 2/2\n{rule}"
    )
    text += "| Trial name           | status   | loc           |   lr |   iter |   total time (s) |    loss |\n"
    text += rule.replace("+--", "|--", 1)
    for k, loss in enumerate(losses):
        text += (
            f"| train_fn_7f3a0_0000{k} | RUNNING  | 10.0.0.1:1234 | 0.{k}1 | {n + 1:6} | {1.5 * n:16} | {loss:7} |\n"
        )
    return f"{text}{rule}\n\n"


def framed(n: int, *losses: float) -> str:
    text = f"\nTrial status: 2 RUNNING\nCurrent time: 2023-08-09 10:00:0{n}. Total running time: {n}s\n╭{'─' * 78}╮\n"
    text += "│ Trial name             status       lr     iter     total time (s)     loss │\n"
    text += f"├{'─' * 78}┤\n"
    for k, loss in enumerate(losses):
        text += f"│ train_fn_7f3a0_0000{k}   RUNNING    0.{k}1   {n + 1:6}   {1.5 * n:16}   {loss:6} │\n"
    return f"{text}╰{'─' * 78}╯\n"


@pytest.mark.parametrize("table", [barred, framed])
def test_each_trial_is_a_run_with_its_settings(table: object, tmp_path: Path) -> None:
    assert callable(table)
    path = tmp_path / "tune.log"
    path.write_text("".join(table(n, loss, 1.0) for n, loss in enumerate(LOSS)))
    assert parsers.recognise(path) == "tune-status"
    first, second = parsers.parse(path)
    assert (first.group_hint, second.group_hint) == ("train_fn_7f3a0_00000", "train_fn_7f3a0_00001")
    assert first.series["loss"].step.tolist() == [1, 2, 3, 4, 5]
    assert first.series["loss"].value.tolist()[:4] == LOSS[:4]
    assert math.isnan(first.series["loss"].value[4])
    assert {setting.name: setting.value for setting in second.settings} == {"lr": 0.11}


def test_a_table_printed_twice_for_an_iteration_is_one_point(tmp_path: Path) -> None:
    path = tmp_path / "tune.log"
    path.write_text("".join(barred(n // 3, LOSS[n // 3]) for n in range(12)))
    (log,) = parsers.parse(path)
    assert log.series["loss"].step.tolist() == [1, 2, 3, 4]


def test_trials_that_reported_nothing_are_no_log(tmp_path: Path) -> None:
    path = tmp_path / "tune.log"
    path.write_text("| Trial name | status | loc |\n|---+---+---|\n| a_00000 | PENDING | |\n")
    assert parsers.recognise(path) is None
    with pytest.raises(NotALogError):
        tune_status.parse(path)


def test_too_many_rows_are_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune_status, "MOST_ROWS", 3)
    path = tmp_path / "tune.log"
    path.write_text("".join(barred(n, loss) for n, loss in enumerate(LOSS)))
    with pytest.raises(ParseError, match="folders of the trials"):
        tune_status.parse(path)
