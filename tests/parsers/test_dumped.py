"""Lists that a program printed at its end, where it printed nothing while it trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens import parsers
from losslens.model import Log
from tests.parsers.printing import falling

TRAIN = [falling(i) for i in range(20)]
VAL = [round(falling(i) + 0.25, 4) for i in range(20)]
HISTORY = {"loss": TRAIN, "val_loss": VAL}
PAIRS = [[10 * i, value] for i, value in enumerate(TRAIN)]


def read(folder: Path, text: str) -> Log:
    path = folder / "output.txt"
    path.write_text(text)
    assert parsers.recognise(path) == "printed-lists"
    (log,) = parsers.parse(path)
    return log


def _rows(values: list[float], per_line: int = 6) -> str:
    """As NumPy prints an array: blanks for commas, and several lines."""
    lines = [" ".join(map(str, values[i : i + per_line])) for i in range(0, len(values), per_line)]
    return "[" + "\n ".join(lines) + "]"


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        (f"Using cuda\nDone.\nTrain losses: {TRAIN}\nVal losses: {VAL}\nbye\n", ("Train losses", "Val losses")),
        (f"Using cuda\nhistory: {HISTORY}\nbye\n", ("loss", "val_loss")),
        (f"train_loss = np.array({TRAIN})\nval_loss = np.array({VAL})\nprint(1)\n", ("train_loss", "val_loss")),
        (f"train_loss: {_rows(TRAIN)}\nval_loss: {_rows(VAL)}\n", ("train_loss", "val_loss")),
        (
            "train_loss = [\n" + "".join(f"    {v},\n" for v in TRAIN) + "]\nval_loss = " + str(tuple(VAL)) + "\n",
            ("train_loss",),
        ),
        (
            f"INFO loss: [{', '.join(f'tensor({v}, device=cuda)' for v in TRAIN)}]\n"
            f"INFO val_loss: [{', '.join(f'np.float64({v})' for v in VAL)}]\n",
            ("loss", "val_loss"),
        ),
    ],
)
def test_lists_of_numbers_by_name_are_series(text: str, tags: tuple[str, ...], tmp_path: Path) -> None:
    log = read(tmp_path, text)
    assert set(log.series) == set(tags)
    for tag, values in zip(tags, (TRAIN, VAL), strict=False):
        assert log.series[tag].value.tolist() == values


def test_pairs_of_a_step_and_a_value(tmp_path: Path) -> None:
    series = read(tmp_path, f"seed 1\nloss history: {PAIRS}\n").series["loss history"]
    assert series.step.tolist() == [step for step, _ in PAIRS]


def test_a_list_of_lists_is_a_curve_each(tmp_path: Path) -> None:
    assert set(read(tmp_path, f"losses = {[TRAIN, VAL]}\n").series) == {"losses[0]", "losses[1]"}


def test_a_list_that_is_printed_again_with_each_epoch_counts_as_it_was_last(tmp_path: Path) -> None:
    text = "".join(f"train losses so far: {TRAIN[:n]}\n" for n in range(5, 21))
    assert read(tmp_path, text).series["train losses so far"].value.tolist() == TRAIN


def test_the_batches_of_each_epoch_are_one_curve(tmp_path: Path) -> None:
    course = [round(3.0 - 0.01 * i, 3) for i in range(200)]
    text = "".join(f"Epoch {i}: losses: {course[20 * i : 20 * i + 20]}\n" for i in range(10))
    assert read(tmp_path, text).series["losses"].value.tolist() == course


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"Epoch {i}: loss {v}\n" for i, v in enumerate(TRAIN)) + f"losses: {TRAIN}\n",  # told before
        "".join(f"Epoch {i} losses: [{v}, {v}, {v}, {v}, {v / 2}]\n" for i, v in enumerate(TRAIN)),  # its parts
        "loss_weights: [1.0, 0.5, 0.25, 0.125, 0.06, 0.03]\nlr_milestones: [10, 20, 30, 40, 50]\n",
        "loss: [1, 2, 3, 4, 5, 6]\n",
        "mean: [0.485, 0.456, 0.406, 0.2, 0.1, 0.3]\n",
    ],
)
def test_lists_beside_a_course_and_those_of_settings_are_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "output.txt"
    path.write_text(text)
    assert parsers.recognise(path) != "printed-lists"
