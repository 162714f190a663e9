"""Curves in JSON documents: pairs and triples a point, steps beside values, lists of lists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from losslens import parsers
from losslens.model import Log
from losslens.parsers.json_reading import Json
from losslens.roles import assign
from tests.parsers.printing import falling

N = 20
TRAIN: list[Json] = [falling(i) for i in range(N)]
VAL: list[Json] = [falling(i) + 0.5 for i in range(N)]
STEPS: list[Json] = [10 * i for i in range(N)]


def pairs(values: list[Json]) -> list[Json]:
    return [[step, value] for step, value in zip(STEPS, values, strict=True)]


def triples(values: list[Json]) -> list[Json]:
    """As TensorBoard's download of a curve has them."""
    return [[1.7e9 + 60 * i + 0.25, STEPS[i], value] for i, value in enumerate(values)]


def read(folder: Path, document: Json, name: str = "run.json") -> Log:
    path = folder / name
    path.write_text(json.dumps(document))
    (log,) = parsers.parse(path)
    return log


@pytest.mark.parametrize(
    ("name", "document", "tags"),
    [
        ("run.json", {"train": pairs(TRAIN), "val": pairs(VAL)}, ("train", "val")),
        ("losses.json", {"train": pairs(TRAIN), "val": pairs(VAL)}, ("train/losses", "val/losses")),
        ("run.json", {"loss": {"train": pairs(TRAIN), "val": pairs(VAL)}}, ("train/loss", "val/loss")),
        ("run.json", {"lr": 0.1, "history": {"loss": pairs(TRAIN), "val_loss": pairs(VAL)}}, ("loss", "val_loss")),
        ("run.json", {"train/loss": triples(TRAIN), "val/loss": triples(VAL)}, ("train/loss", "val/loss")),
        (
            "run.json",
            [{"name": "train/loss", "data": triples(TRAIN)}, {"name": "val/loss", "data": triples(VAL)}],
            ("train/loss", "val/loss"),
        ),
        (
            "run.json",
            {"loss": {"steps": STEPS, "values": TRAIN}, "val_loss": {"steps": STEPS, "values": VAL}},
            ("loss", "val_loss"),
        ),
        (
            "run.json",
            {
                name: [{"step": step, "value": value} for step, value in zip(STEPS, values, strict=True)]
                for name, values in (("loss", TRAIN), ("val_loss", VAL))
            },
            ("loss", "val_loss"),
        ),
    ],
)
def test_points_with_their_steps_are_a_series_a_name(
    name: str, document: Json, tags: tuple[str, str], tmp_path: Path
) -> None:
    log = read(tmp_path, document, name)

    assert set(log.series) == set(tags)
    assert [choice.role.value for choice in assign(log.series)] == ["train_loss", "val_loss"]
    for tag, values in zip(tags, (TRAIN, VAL), strict=True):
        assert log.series[tag].step.tolist() == STEPS
        assert log.series[tag].value.tolist() == values
        assert log.series[tag].axis == "step"


def test_moments_stand_first_or_second_in_a_triple(tmp_path: Path) -> None:
    swapped: list[Json] = [[point[1], point[0], point[2]] for point in triples(TRAIN) if isinstance(point, list)]
    for points in (triples(TRAIN), swapped):
        series = read(tmp_path, {"loss": points}).series["loss"]
        assert series.wall_time[1] - series.wall_time[0] == 60
        assert series.step.tolist() == STEPS


def test_a_bare_list_of_pairs_is_what_its_file_is_called(tmp_path: Path) -> None:
    assert read(tmp_path, pairs(TRAIN), "train_loss.json").series["train_loss"].step.tolist() == STEPS


def test_the_losses_of_each_batch_a_list_an_epoch_are_one_curve(tmp_path: Path) -> None:
    course = [3.0 - 0.02 * i for i in range(100)]
    epochs: list[Json] = [list(course[20 * i : 20 * i + 20]) for i in range(5)]

    bare = read(tmp_path, epochs, "losses.json").series["losses"]
    beside = read(tmp_path, {"train_loss": epochs, "val_loss": [2.5, 2.1, 1.8, 1.6, 1.5]})

    assert np.array_equal(bare.value, course)
    assert bare.axis == "row"
    assert np.array_equal(beside.series["train_loss"].value, course)
    assert beside.series["val_loss"].value.size == 5


def test_lists_that_each_begin_at_the_top_are_curves_of_their_own(tmp_path: Path) -> None:
    log = read(tmp_path, [TRAIN, VAL], "losses.json")
    assert {tag: one.value.tolist() for tag, one in log.series.items()} == {"losses[0]": TRAIN, "losses[1]": VAL}


def test_parts_of_a_loss_an_epoch_are_told_apart(tmp_path: Path) -> None:
    """The first of two numbers that do not rise is no step."""
    log = read(tmp_path, {"loss": [[a, b] for a, b in zip(TRAIN, VAL, strict=True)]})
    assert {tag: one.value.tolist() for tag, one in log.series.items()} == {"loss[0]": TRAIN, "loss[1]": VAL}


@pytest.mark.parametrize(
    "document",
    [
        {"boxes": [[0, 0.5], [1, 0.4], [2, 0.3]]},
        {"train": [[0.5, 0.4], [0.1, 0.2], [0.9, 0.1]]},
        {"confusion": [[5, 1, 0], [0, 7, 2], [1, 0, 9]]},
        [[0, 0.5], [1, 0.4], [2, 0.3]],
    ],
)
def test_other_lists_of_lists_are_no_courses(document: Json, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(document))
    assert parsers.recognise(path) in (None, "settings")
