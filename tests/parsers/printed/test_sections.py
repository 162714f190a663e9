"""Training and evaluation that print the same lines, each below a heading of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.parsers.printed.sections import announces
from tests.parsers.printing import falling, printed

EPOCHS = 12
FORMS = [
    ("Training epoch: {e}", "Eval epoch: {e}"),
    ("Training:", "Validation:"),
    ("[Train] Epoch {e}", "[Val] Epoch {e}"),
    ("--- Train epoch {e}/12 ---", "--- Val epoch {e}/12 ---"),
    ("===> Training epoch {e}", "===> Testing epoch {e}"),
    ("Epoch: {e} (train)", "Epoch: {e} (eval)"),
    ("Start training epoch {e}", "Validating..."),
    ("Epoch {e}/12\n----------", "Evaluation results"),
    ("phase: train", "phase: val"),
    ("Training on ['clean_100']", "Validating on dev_clean"),
    ("Training on the voc2012 set:", "Evaluated on test-dev"),
    ("[03.24.23|13:31:31] Training epoch: {e}", "[03.24.23|13:31:51] Eval epoch: {e}"),
]


@pytest.mark.parametrize(("train", "held"), FORMS)
def test_what_stands_below_the_heading_of_an_evaluation_is_a_series_of_its_own(
    train: str, held: str, tmp_path: Path
) -> None:
    text = "Loading data\n"
    for e in range(EPOCHS):
        text += f"{train}\nloss: {falling(e)}\nacc: {50 + e}.5\n".format(e=e)
        text += f"{held}\nloss: {2 + 0.02 * e:.2f}\nacc: {40 + e}.5\n".format(e=e)
    log = printed(tmp_path, text)
    assert log.series["loss"].value.tolist() == [falling(e) for e in range(EPOCHS)]
    assert log.series["val/loss"].value.tolist() == pytest.approx([2 + 0.02 * e for e in range(EPOCHS)])


def test_batches_that_an_evaluation_counts_are_no_steps_of_the_training(tmp_path: Path) -> None:
    text = ""
    for e in range(4):
        text += f"Training epoch {e}\n" + "".join(
            f"batch [{b}/400] loss: {falling(4 * e + b / 100)}\n" for b in (100, 400)
        )
        text += f"Eval epoch {e}\n" + "".join(f"batch [{b}/400] loss: 2.{b}\n" for b in (100, 200))
    log = printed(tmp_path, text)
    assert len(log.series["loss"].step) == 8
    assert (log.series["loss"].step[1:] > log.series["loss"].step[:-1]).all()
    assert log.series["val/loss"].value.tolist()[:2] == [2.1, 2.2]


def test_a_training_that_goes_on_below_the_heading_of_an_evaluation_stays_one(tmp_path: Path) -> None:
    text = ""
    for step in range(0, 600, 10):
        text += f"step {step}: loss {falling(step)}\n"
        if step % 100 == 50:
            text += f"Evaluating at step {step}\nval_loss: 2.{step}\n"
        if step % 300 == 290:
            text += f"Training epoch {step // 300 + 1}\n"
    log = printed(tmp_path, text)
    assert log.series["loss"].step.tolist() == list(range(0, 600, 10))


def test_headings_that_are_said_once_cut_nothing(tmp_path: Path) -> None:
    text = "Training started\n" + "".join(f"epoch {e}\nloss: {falling(e)}\n" for e in range(EPOCHS))
    log = printed(tmp_path, text + "Testing\nloss: 0.4\n")
    assert not any("val" in tag for tag in log.series)


def test_the_names_of_data_in_a_printed_configuration_are_no_headings(tmp_path: Path) -> None:
    inside = "".join(f"  NAME_{i}: {i}\n" for i in range(8))
    dump = f"DATA:\nTRAIN:\n  LOSS_WEIGHT: 1.5\n{inside}TEST:\n  LOSS_WEIGHT: 1.5\n{inside.replace('NAME', 'SIZE')}"
    steps = "".join(f"step {{}}{i}: loss {falling(i)}\n" for i in range(10))
    log = printed(tmp_path, "".join(f"{dump}\n{steps.replace('{}', str(n))}" for n in range(1, 5)))
    assert "loss" in log.series
    assert not any("val" in tag for tag in log.series)


WHOSE = {
    "Training epoch: 3": "train",
    "* Epoch 3 [Train]": "train",
    "=== VALIDATION (epoch 3/60) ===": "val",
    "Test set:": "val",
    "Evaluation done": "",
    "Training finished": "",
    "Test: 0.53": None,
    "Validation 3": None,
    "train loss: 0.5": None,
    "Training the validation head": None,
    "Epoch 3": None,
}


@pytest.mark.parametrize("text", WHOSE)
def test_a_heading_holds_the_name_of_the_data_and_a_place_and_nothing_else(text: str) -> None:
    assert announces(text) == WHOSE[text]


@pytest.mark.parametrize(
    "line", ["Training on cuda:0", "Testing on GPU 0", "training on 8 devices", "Trained on X for 3 h"]
)
def test_work_on_a_device_announces_no_data(line: str) -> None:
    assert announces(line) is None
