"""Evaluations that print a line every few batches are one point each: the mean of all their batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens import parsers
from losslens.model import Log


def read(tmp_path: Path, text: str) -> Log:
    path = tmp_path / "train.log"
    path.write_text(text)
    (log,) = parsers.parse(path)
    return log


def trained(epoch: int) -> str:
    lines = (
        f"Epoch: [{epoch}]  [{n:4d}/60]  lr: 0.0001  loss: {5 / (epoch * 60 + n + 1):.4f}\n" for n in range(0, 60, 10)
    )
    return "".join(lines)


def evaluated(epoch: int, batches: int = 30) -> str:
    """Whose means rise from batch to batch up to 3, 2.5, 2 and so on."""
    means = [(n, 3 - 0.5 * epoch - 0.01 * (batches - 10 - n)) for n in range(0, batches, 10)]
    return "".join(f"Test:  [{n:4d}/{batches}]  eta: 0:00:10  loss: 9.{n:04d} ({m:.4f})  time: 0.5\n" for n, m in means)


def test_the_last_mean_of_an_evaluation_is_its_point(tmp_path: Path) -> None:
    log = read(tmp_path, "".join(trained(epoch) + evaluated(epoch) for epoch in range(4)))
    assert log.series["test/loss"].value.tolist() == pytest.approx([3.0, 2.5, 2.0, 1.5])
    assert log.series["test/loss"].step.tolist() == [50, 110, 170, 230]
    assert "test/loss (avg)" not in log.series
    assert log.series["loss"].step.size == 24


def test_what_sums_up_an_evaluation_is_no_loss_of_the_training(tmp_path: Path) -> None:
    text = ""
    for epoch in range(4):
        text += trained(epoch) + f"Averaged stats: lr: 0.0001  loss: 0.5 ({0.9 - 0.1 * epoch:.4f})\n"
        text += evaluated(epoch) + "Test: Total time: 0:00:10 (0.5 s / it)\n"
        mean = 3.1 - 0.5 * epoch
        text += f"Averaged stats: loss: 9.0 ({mean:.4f})\n* Acc@1 {40 + epoch}.000 loss {mean:.3f}\n"
    log = read(tmp_path, text)
    assert log.series["test/loss"].value.tolist() == pytest.approx([3.1, 2.6, 2.1, 1.6])
    assert log.series["Acc@1"].value.tolist() == [40, 41, 42, 43]
    others = [one for tag, one in log.series.items() if tag.startswith("loss") and tag != "loss"]
    assert others
    assert all(one.step.size == 4 and one.value.max() < 1 for one in others)


def test_the_last_line_counts_where_nothing_tells_a_mean(tmp_path: Path) -> None:
    text = ""
    for epoch in range(5):
        text += "".join(f"train {n:03d} {2 - 0.3 * epoch:.4e} 45.2000 88.1000\n" for n in (0, 50, 100))
        text += "".join(f"valid {n:03d} {1 + 0.1 * epoch + n / 1e4:.4e} 40.0000 80.0000\n" for n in (0, 50))
    log = read(tmp_path, text)
    assert log.series["valid_loss"].value.tolist() == pytest.approx([1.005 + 0.1 * epoch for epoch in range(5)])


@pytest.mark.parametrize("train", ["", "Train: [{0}/9] loss: {1}\n"])
def test_a_count_of_epochs_is_no_evaluation_under_way(train: str, tmp_path: Path) -> None:
    text = "".join(train.format(n, 2 / n) + f"Val: [{n}/9] loss: {3 / n:.4f}\n" for n in range(1, 10))
    log = read(tmp_path, text)
    (one,) = [one for tag, one in log.series.items() if "val" in tag.lower()]
    assert one.value.tolist() == pytest.approx([3 / n for n in range(1, 10)], abs=1e-4)


def test_an_evaluation_that_the_output_breaks_off_in_says_what_it_had_found(tmp_path: Path) -> None:
    text = (
        trained(0) + evaluated(0).replace("(3.0000)", "(inf)") + "Traceback (most recent call last):\nRuntimeError: x\n"
    )
    log = read(tmp_path, text)
    assert log.series["test/loss"].value.tolist() == [float("inf")]


def _progress(line: str, *, batches: int = 400, level: float = 0.3) -> str:
    return "".join(line.format(n, batches, level + 0.02 * n / batches) + "\n" for n in range(10, batches, 10))


#: How programs say how far an evaluation has come.
AT_WORK = (
    "Evaluated {}/{} with L2 loss {:.6f}",
    "Eval [{}/{}] loss {:.6f}",
    "[Eval {}/{}] loss: {:.6f}",
    "Testing {}/{}, loss: {:.6f}",
    "Inference batch {0}: loss {2:.6f}",
)


@pytest.mark.parametrize("line", AT_WORK)
def test_a_count_gone_through_behind_the_training_is_one_evaluation(tmp_path: Path, line: str) -> None:
    losses = [round(2 / (n + 1) + 0.3, 4) for n in range(200)]
    log = read(
        tmp_path, "".join(f"[Train {10 * n}/2000] train_loss: {x}\n" for n, x in enumerate(losses)) + _progress(line)
    )
    assert log.series["train_loss"].value.tolist() == losses
    (held,) = [one for tag, one in log.series.items() if tag != "train_loss"]
    assert held.value.tolist() == pytest.approx([0.3 + 0.02 * 390 / 400])
    assert held.step.tolist() == [1990]


@pytest.mark.parametrize("line", AT_WORK)
def test_an_evaluation_and_no_training_is_one_point_and_is_said_to_be(tmp_path: Path, line: str) -> None:
    log = read(tmp_path, _progress(line))
    (held,) = log.series.values()
    assert held.value.tolist() == pytest.approx([0.3 + 0.02 * 390 / 400])
    assert any(warning.code == "evaluation-only" for warning in log.warnings)


def test_an_evaluation_that_counts_its_batches_below_each_epoch_is_a_point_an_epoch(tmp_path: Path) -> None:
    text = ""
    for epoch in range(12):
        text += f"Epoch {epoch}\n" + "".join(f"Train [{n}/100] loss {3 - 0.2 * epoch:.3f}\n" for n in range(0, 100, 10))
        text += _progress("Eval [{}/{}] loss {:.4f}", batches=50, level=4 - 0.2 * epoch)
    log = read(tmp_path, text)
    assert log.series["loss"].step.size == 120
    assert log.series["eval/loss"].value.tolist() == pytest.approx([4.016 - 0.2 * epoch for epoch in range(12)])


COURSE = [(n, f"{2 / n:.4f}") for n in range(1, 61)]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([f"Validation {n}/60: loss {x}" for n, x in COURSE], id="validations alone"),
        pytest.param([f"Evaluating {n}/60: loss {x}" for n, x in COURSE], id="a course of evaluations"),
        pytest.param([f"{of} {n}/60 loss {x}" for of in ("train", "test") for n, x in COURSE], id="one by one"),
        pytest.param([f"{of} {n}/60 loss {x}" for n, x in COURSE for of in ("Training", "Testing")], id="in turn"),
    ],
)
def test_what_counts_epochs_is_a_course(tmp_path: Path, lines: list[str]) -> None:
    log = read(tmp_path, "\n".join(lines) + "\n")
    (held,) = [one for tag, one in log.series.items() if "test" in tag.lower() or "val" in tag.lower()]
    assert held.value.tolist() == [round(2 / n, 4) for n in range(1, 61)]
