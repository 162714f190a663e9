"""Several trainings below each other in one table, told apart by columns of any name."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens import load
from losslens.parsers.csv import parse

N = 12


def table(path: Path, header: str, trainings: list[str], first: int = 0, *, blank_first: bool = False) -> Path:
    lines = [header]
    for at, who in enumerate(trainings):
        for row in range(N):
            loss = "" if blank_first and row == 0 else f"{2.0 / (1 + row) + at}"
            lines.append(f"{who},{first * bool(at) + row * 2000},{loss},{-300 + row}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_study_is_told_apart_by_the_columns_that_change_where_the_steps_begin_anew(tmp_path: Path) -> None:
    who = [f"{variant},{seed}" for variant in ("shared", "independent") for seed in (142, 254)]
    path = table(tmp_path / "history.csv", "variant,seed,agent_steps,critic_loss,eval_return", who, blank_first=True)
    runs = load(path)
    assert {run.name for run in runs} == {name.replace(",", ", seed=") for name in who}
    for run in runs:
        variant, seed = run.settings["variant"].value, run.settings["seed"].value
        assert run.name == f"{variant}, seed={seed}"
        assert (run.axis, len(run.series["critic_loss"])) == ("step", N - 1)
        assert "seed" not in run.series


@pytest.mark.parametrize("column", ["algorithm", "mode", "whatever"])
def test_one_column_of_words_is_enough(tmp_path: Path, column: str) -> None:
    path = table(tmp_path / "a.csv", f"{column},step,loss,score", ["ppo", "sac"])
    assert {run.name for run in load(path)} == {"ppo", "sac"}


@pytest.mark.parametrize(("column", "names"), [("seed", {"seed=0", "seed=1"}), ("task", {"attempt-1", "attempt-2"})])
def test_a_number_names_a_training_only_where_it_is_called_so(tmp_path: Path, column: str, names: set[str]) -> None:
    path = table(tmp_path / "a.csv", f"{column},step,loss,score", ["0", "1"])
    assert {run.name for run in load(path)} == names


def test_a_word_that_changes_elsewhere_names_no_training(tmp_path: Path) -> None:
    rows = [f"{'warmup' if i < 20 else 'main'},{i % 30},{1 / (1 + i)}" for i in range(60)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["stage,step,loss", *rows]) + "\n")
    (log,) = parse(path)
    assert log.series["loss"].value.size == 60


def test_a_job_that_goes_on_elsewhere_is_one(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "host,step,loss,score", ["gpu01", "gpu02"], first=20_000)
    (log,) = parse(path)
    assert log.series["loss"].value.size == 2 * N


def test_a_count_under_a_name_of_its_own_is_the_axis(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("learner_updates,loss\n" + "".join(f"{500 * i},{1 / (1 + i)}\n" for i in range(20)))
    (log,) = parse(path)
    assert log.series["loss"].step[-1] == 9_500
    assert not [warning for warning in log.warnings if warning.code == "no-step"]


def test_the_steps_that_each_episode_took_are_no_axis(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("episode_steps,loss\n" + "".join(f"{[40, 35, 60, 20][i % 4]},{1 / (1 + i)}\n" for i in range(20)))
    (log,) = parse(path)
    assert log.series["loss"].axis == "row"
