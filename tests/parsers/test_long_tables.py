"""Tables with a row a point, as the programs of trackers write them: which metric in one column, its value in another.

The columns are those of the writers' own sources: ``Metric.dataframe`` of aim 3.29, ``TrainingJobAnalytics`` of
sagemaker 2.232, ``metrics_to_total_fidelity_dataframe`` of comet_ml 3.58, ``fetch_values`` of neptune 1.14, the data
frame of a history in R's keras. ``to_csv`` of pandas writes a NaN as nothing, R writes it as NaN and ``NA`` for epochs
that were not run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from losslens import parsers
from losslens.model import Log

VALUES = [2.5, 1.25, 0.8, 0.6, math.nan, math.nan]


def blank(value: float) -> str:
    return "" if math.isnan(value) else str(value)


def rows(form: Callable[[int, float], str]) -> str:
    return "".join(form(n, value) + "\n" for n, value in enumerate(VALUES))


TABLES: dict[str, tuple[str, str, str, int]] = {
    # What the file is called, its text, the tag, and the steps between two points.
    "aim": (
        "metrics.csv",
        ",run.hash,metric.context.subset,metric.name,value,step,epoch,time\n"
        + rows(lambda n, x: f"{n},5e2f1a,train,loss,{blank(x)},{10 * n},0,{1_714_557_600 + n}.5"),
        "loss",
        10,
    ),
    "sagemaker": (
        "metrics.csv",
        ",timestamp,metric_name,value\n" + rows(lambda n, x: f"{n},{60.0 * n},train:loss,{blank(x)}"),
        "train:loss",
        1,
    ),
    "comet": (
        "train_loss.csv",
        ",value,timestamp,step,epoch\n" + rows(lambda n, x: f"{n},{x},{1_714_557_600 + n}.0,{10 * n},0"),
        "train_loss",
        10,
    ),
    "neptune": (
        "train_loss.csv",
        ",step,value,timestamp\n" + rows(lambda n, x: f"{n},{10.0 * n},{x},2024-05-01 10:00:0{n}.123000"),
        "train_loss",
        10,
    ),
    "keras in R": (
        "history.csv",
        '"","epoch","value","metric","data"\n'
        + rows(lambda n, x: f'"{n}",{n},{str(x).replace("nan", "NaN")},"loss","training"')
        + rows(lambda n, x: f'"{n + 6}",{n},0.5,"loss","validation"'),
        "loss",
        1,
    ),
}


def read(folder: Path, name: str, text: str) -> Log:
    path = folder / name
    path.write_text(text)
    assert parsers.recognise(path) == "csv"
    (log,) = parsers.parse(path)
    return log


@pytest.mark.parametrize("writer", TABLES)
def test_each_row_is_a_point_also_where_it_has_no_number_any_more(writer: str, tmp_path: Path) -> None:
    name, text, tag, gap = TABLES[writer]
    course = read(tmp_path, name, text).series[tag]
    assert course.step.tolist() == [gap * n for n in range(len(VALUES))]
    assert course.value.tolist()[:4] == VALUES[:4]
    assert all(map(math.isnan, course.value.tolist()[4:]))


def test_the_context_of_aim_tells_validation_from_training(tmp_path: Path) -> None:
    text = "Run,Metric,Context,Value,Step\n"
    text += "".join(f'a,loss,"subset=""{of}""",{1 / (n + 1)},{n}\n' for of in ("train", "val") for n in range(5))
    log = read(tmp_path, "metrics.csv", text)
    assert log.series.keys() == {"loss", "val/loss"}
    assert log.series["val/loss"].step.tolist() == list(range(5))


def test_epochs_that_r_says_were_not_run_are_no_points(tmp_path: Path) -> None:
    text = '"","epoch","value","metric","data"\n'
    text += "".join(f'"{n}",{n},{1 / n if n < 5 else "NA"},"loss","training"\n' for n in range(1, 9))
    assert read(tmp_path, "history.csv", text).series["loss"].step.tolist() == [1, 2, 3, 4]


def test_a_table_of_words_and_values_that_no_training_has_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("timestamp,name,value\n" + "".join(f"{n},apples,{n % 3}.5\n" for n in range(12)))
    assert parsers.recognise(path) is None
