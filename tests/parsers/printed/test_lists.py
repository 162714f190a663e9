"""Names in one list, their numbers in another."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.parsers.printed.lists import one_by_one
from losslens.roles import assign
from tests.parsers.printing import falling as _value
from tests.parsers.printing import printed as _log


@pytest.mark.parametrize(
    "line",
    [
        "epoch {i}, train/val loss: {a}/{b}",
        "epoch {i}: loss (train/val): {a} / {b}",
        "epoch {i} loss (train, val): ({a}, {b})",
        "epoch {i} loss (train, val) = [{a}, {b}], acc (top1, top5): 61.5, 83.2",
        "epoch {i} loss: train={a}, val={b}",
        "epoch {i}, loss - train: {a} | val: {b}",
        "epoch {i}, loss: {a}/{b} (train/val)",
        "epoch {i} loss: {a} (train), {b} (val)",
        "epoch {i}: loss(train)={a} loss(val)={b}",
        "[{i}/40] loss (train) {a} loss (val) {b}",
        "epoch {i} loss[train]: {a}, loss[val]: {b}",
    ],
)
def test_numbers_in_a_list_go_to_the_names_in_the_other(line: str, tmp_path: Path) -> None:
    text = "".join(line.format(i=i, a=_value(i), b=_value(i) + 1) + "\n" for i in range(6))

    log = _log(tmp_path, text)

    assert log.series["train loss"].value.tolist() == [_value(i) for i in range(6)]
    assert log.series["val loss"].value.tolist() == [_value(i) + 1 for i in range(6)]
    assert log.series["val loss"].step.tolist() == list(range(6))


@pytest.mark.parametrize("data", ["held out", "held-out", "val set", "on val"])
@pytest.mark.parametrize("name", ["objective", "loss"])
def test_the_data_in_brackets_behind_a_name_is_part_of_it(name: str, data: str, tmp_path: Path) -> None:
    text = "".join(f">> iter: {i} :: {name}: {_value(i)} :: lr: 0.1\n" for i in range(40))
    text += "".join(f">> iter: {i} :: {name} ({data}): {_value(i) + 1}\n" for i in range(0, 40, 4))

    series = _log(tmp_path, text).series
    roles = {choice.role.value: choice.tag for choice in assign(series)}

    assert series[roles["train_loss"]].value.tolist() == [_value(i) for i in range(40)]
    assert series[roles["val_loss"]].value.tolist() == [_value(i) + 1 for i in range(0, 40, 4)]


def test_of_the_least_the_mean_and_the_most_of_a_loss_the_mean_is_the_loss(tmp_path: Path) -> None:
    text = "".join(
        f"Epochs:[{i}]/[25]\ntrain loss (min, avg, max): ({_value(i) / 2}, {_value(i)}, 9.5)\n" for i in range(1, 9)
    )
    log = _log(tmp_path, text)
    losses = [choice.tag for choice in assign(log.series) if choice.role.value == "train_loss"]

    assert losses[0] == "avg train loss"
    assert log.series["avg train loss"].value.tolist() == [_value(i) for i in range(1, 9)]


@pytest.mark.parametrize(
    "line",
    [
        "loss (train, val, test): 0.1, 0.2",
        "split (train, validation, test).",
        "time (data): 0.365 (0.002)",
        "def loss(logits, labels): 1",
        "train/loss: 0.5",
        "loss 0.5 (0.6) acc 0.7 (0.8)",
        "loss: 0.5 (train)",
    ],
)
def test_lists_of_different_lengths_and_other_brackets_stay_as_they_are(line: str) -> None:
    assert one_by_one(line) == line


@pytest.mark.parametrize(
    "line",
    [
        "epoch {i} loss: [{a}, {b}]",
        "epoch {i} loss=({a}, {b}) lr=[0.001]",
        "epoch {i}, loss: tensor([{a}, {b}], device='cuda:0'), acc: 0.5",
        "epoch {i} | loss: array([{a}, {b}], dtype=float32)",
        "epoch {i} loss = [[{a} {b}]]",
    ],
)
def test_a_loss_in_brackets_is_told_in_its_parts(line: str, tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(line.format(i=i, a=_value(i), b=_value(i) + 1) + "\n" for i in range(6)))

    assert log.series["loss"].value.tolist() == [_value(i) for i in range(6)]
    assert log.series["loss/1"].value.tolist() == [_value(i) + 1 for i in range(6)]


def test_one_loss_in_two_brackets(tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(f"Epoch {i}, Loss: [[{_value(i)}]]\n" for i in range(6)))
    assert log.series["Loss"].value.tolist() == [_value(i) for i in range(6)]


@pytest.mark.parametrize(
    "line",
    [
        "run.py - main - L133 ::: train, round, loss, acc ===> {i:03d}, {a}, 0.5,\n"
        "run.py - main - L139 ::: val, round, loss, acc  ===> {i:03d}, {b}, 0.6,",
        "epoch, train loss, val loss -> {i}, {a}, {b}".replace("train loss", "train_loss").replace(
            "val loss", "val_loss"
        ),
    ],
)
def test_numbers_behind_an_arrow_go_to_the_names_ahead_of_it(line: str, tmp_path: Path) -> None:
    text = "".join(line.format(i=i, a=_value(i), b=_value(i) + 1) + "\n" for i in range(6))

    series = {tag.replace("_", " "): one for tag, one in _log(tmp_path, text).series.items()}

    assert series["train loss"].value.tolist() == [_value(i) for i in range(6)]
    assert series["val loss"].value.tolist() == [_value(i) + 1 for i in range(6)]
    assert series["val loss"].step.tolist() == list(range(6))


def test_a_tuple_that_julia_shows_is_a_count_and_a_loss(tmp_path: Path) -> None:
    text = "".join(f"(i, loss(dataset[1]...)) = ({i}, {_value(i)} (tracked))\n" for i in range(6))

    loss = _log(tmp_path, text).series["loss"]

    assert loss.step.tolist() == list(range(6))
    assert loss.value.tolist() == [_value(i) for i in range(6)]


@pytest.mark.parametrize(
    "line",
    [
        "shape, size ===> 3, 4",  # names of no loss
        "loss, acc ===> 0.5",  # fewer numbers than names
        "(model, loss) = (0.5, nothing)",
        "(a, b) = f(1, 2)",
    ],
)
def test_what_is_no_list_of_a_loss_stays(line: str) -> None:
    assert one_by_one(line) == line
