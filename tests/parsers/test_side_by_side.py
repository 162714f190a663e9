"""Runs whose columns stand side by side in one table: each ends where its own values do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

import losslens
from losslens import parsers
from losslens.model import Log
from tests.parsers.test_excel import workbook


def course(n: int, shift: float = 0.0) -> list[float]:
    return [2.0 * math.exp(-i / 12) + 0.3 + 0.01 * math.sin(7 * i + shift) for i in range(n)]


def table(header: Sequence[str], columns: Sequence[Sequence[float | str]]) -> str:
    n = max(map(len, columns))
    rows = [[str(c[i]) if i < len(c) else "" for c in columns] for i in range(n)]
    return "\n".join([",".join(header), *map(",".join, rows)]) + "\n"


def logs(folder: Path, text: str) -> dict[str | None, Log]:
    path = folder / "log.csv"
    path.write_text(text)
    return {log.group_hint: log for log in parsers.parse(path)}


def lengths(found: dict[str | None, Log]) -> dict[str | None, dict[str, int]]:
    return {hint: {tag: one.step.size for tag, one in log.series.items()} for hint, log in found.items()}


def verdicts(folder: Path) -> list[str]:
    return sorted(str(run.verdict) for run in losslens.analyze(folder / "log.csv").runs)


def test_a_run_of_a_wandb_chart_ends_at_its_last_value(tmp_path: Path) -> None:
    long, short = course(60), course(25, 1.0)
    header = ["Step", *(f"{run} - loss{twin}" for run in ("a", "b") for twin in ("", "__MIN", "__MAX"))]
    found = logs(tmp_path, table(header, [list(range(0, 600, 10)), long, long, long, short, short, short]))
    assert lengths(found) == {"a": {"loss": 60}, "b": {"loss": 25}}
    assert found["b"].series["loss"].step.tolist() == list(range(0, 250, 10))
    assert verdicts(tmp_path) == ["healthy", "healthy"]


def test_runs_of_a_wandb_chart_that_logged_at_other_steps_have_no_nan_between(tmp_path: Path) -> None:
    a, b = course(40), course(40, 1.0)
    mine = [[x if i % 2 == k else "" for i in range(80) for x in [run[i // 2]]] for k, run in enumerate((a, b))]
    header = ["Step", *(f"{run} - loss{twin}" for run in ("a", "b") for twin in ("", "__MIN", "__MAX"))]
    columns = [list(range(80)), *(one for one in mine for _ in range(3))]
    assert lengths(logs(tmp_path, table(header, columns))) == {"a": {"loss": 40}, "b": {"loss": 40}}
    assert verdicts(tmp_path) == ["healthy", "healthy"]


def test_a_nan_that_a_wandb_chart_spells_stays_one(tmp_path: Path) -> None:
    a, b = course(40), [*course(20, 1.0), *["NaN"] * 20]
    header = ["Step", *(f"{run} - loss{twin}" for run in ("a", "b") for twin in ("", "__MIN", "__MAX"))]
    assert lengths(logs(tmp_path, table(header, [list(range(40)), a, a, a, b, b, b])))["b"] == {"loss": 40}
    assert verdicts(tmp_path) == ["healthy", "nan"]


@pytest.mark.parametrize(
    ("columns", "runs"),
    [
        (["golden-sun-3 - train/loss", "misty-fog-7 - train/loss"], ["golden-sun-3", "misty-fog-7"]),
        (["lr0.1_loss", "lr0.01_loss"], ["lr0.1", "lr0.01"]),
        (["loss (lr=1e-3)", "loss (lr=1e-4)"], ["lr=1e-3", "lr=1e-4"]),
        (["loss_seed0", "loss_seed1"], ["seed0", "seed1"]),
        (["SGD loss", "Adam loss"], ["SGD", "Adam"]),
        (["hidden=64 loss", "hidden=128 loss"], ["hidden=64", "hidden=128"]),
    ],
)
def test_columns_of_one_metric_of_several_runs_are_runs_that_end_when_they_end(
    tmp_path: Path, columns: list[str], runs: list[str]
) -> None:
    found = logs(tmp_path, table(["epoch", *columns], [list(range(60)), course(60), course(25, 1.0)]))
    assert list(found) == runs
    assert [sum(tags.values()) for tags in lengths(found).values()] == [60, 25]
    assert verdicts(tmp_path) == ["healthy", "healthy"]


@pytest.mark.parametrize(
    "columns",
    [
        ["train - loss", "val - loss"],
        ["Generator - loss", "Discriminator - loss"],
        ["layer1 - loss", "layer2 - grad_norm"],
        ["dim0_loss", "dim1_loss"],
        ["loss", "kl_loss"],
        ["lr", "loss"],
        ["top1_acc", "top5_acc"],
        ["beta1", "beta2"],
    ],
)
def test_parts_and_splits_of_one_run_stay_one_run(tmp_path: Path, columns: list[str]) -> None:
    found = logs(tmp_path, table(["epoch", *columns], [list(range(60)), course(60), course(60, 1.0)]))
    assert lengths(found) == {None: dict.fromkeys(columns, 60)}


def test_tables_of_the_same_columns_beside_each_other_are_runs_of_their_own_length(tmp_path: Path) -> None:
    names = ["iteration", "train_loss", "val_loss"]
    sizes = (40, 60)
    columns = [[list(range(n)), course(n), course(n, 2.0)] for n in sizes]
    found = logs(tmp_path, table([*names, "", *names], [*columns[0], [], *columns[1]]))
    assert lengths(found) == {f"table {k + 1}": {"train_loss": n, "val_loss": n} for k, n in enumerate(sizes)}
    assert verdicts(tmp_path) == ["healthy", "healthy"]


def test_tables_whose_names_are_numbered_are_told_by_their_steps(tmp_path: Path) -> None:
    columns = [list(range(40)), course(40), list(range(60)), course(60, 1.0)]
    found = logs(tmp_path, table(["step1", "loss1", "step2", "loss2"], columns))
    assert lengths(found) == {"table 1": {"loss": 40}, "table 2": {"loss": 60}}
    (one,) = logs(
        tmp_path, table(["step", "loss_1", "loss_2"], [list(range(40)), course(40), course(40, 1.0)])
    ).values()
    assert set(one.series) == {"loss_1", "loss_2"}


def test_a_loss_that_is_empty_where_the_steps_of_its_own_table_go_on_is_nan(tmp_path: Path) -> None:
    names = ["epoch", "loss", "accuracy"]
    one = [list(range(60)), course(30), [0.01 * i for i in range(60)]]
    other = [list(range(40)), course(40, 1.0), [0.01 * i for i in range(40)]]
    logs(tmp_path, table([*names, "", *names], [*one, [], *other]))
    assert verdicts(tmp_path) == ["healthy", "nan"]


def test_tables_of_other_columns_with_steps_of_their_own_are_one_run(tmp_path: Path) -> None:
    columns = [list(range(100)), course(100), [], list(range(0, 100, 10)), course(10, 1.0)]
    found = logs(tmp_path, table(["step", "loss", "", "step", "val_loss"], columns))
    assert lengths(found) == {None: {"loss": 100, "val_loss": 10}}
    assert found[None].series["val_loss"].step.tolist() == list(range(0, 100, 10))
    assert verdicts(tmp_path) == ["healthy"]


def test_tables_beside_each_other_in_a_sheet_are_called_by_the_titles_above_them(tmp_path: Path) -> None:
    header = ["iteration", "train_loss"]
    rows: list[list[object]] = [["iters=30", "", "", "iters=60"], [*header, "", *header]]
    short, long = course(30), course(60, 1.0)
    rows += [[i, short[i], "", i, long[i]] if i < 30 else ["", "", "", i, long[i]] for i in range(60)]
    path = workbook(tmp_path / "loss.xlsx", {"Sheet1": rows})
    report = losslens.analyze(path)
    assert [(run.name, str(run.verdict), run.points) for run in report.runs] == [
        ("iters=30", "healthy", 30),
        ("iters=60", "healthy", 60),
    ]
