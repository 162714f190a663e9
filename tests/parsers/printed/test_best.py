"""Output in which a callback that keeps the best checkpoint is all that names the loss."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens import parsers
from losslens.errors import NotALogError
from losslens.parsers import text

SAVED = (
    "Epoch {e}, global step {s}: 'val_loss' reached {v:.5f} (best {v:.5f}), "
    "saving model to 'ckpt/epoch={e}.ckpt' as top 1"
)
WORSE = "Epoch {e}, global step {s}: 'val_loss' was not in top 1"


def output(path: Path, *more: str) -> Path:
    """Values that fall to epoch 9, as Lightning says them; ten epochs more without one that is better."""
    lines = [SAVED.format(e=e, s=100 * (e + 1), v=2.0 * 0.9**e) for e in range(10)]
    lines += [WORSE.format(e=e, s=100 * (e + 1)) for e in range(10, 20)]
    path.write_text("\n".join([*lines, *more]) + "\n")
    return path


def test_the_best_values_are_points_and_it_is_said_that_they_are_the_best_alone(tmp_path: Path) -> None:
    path = output(tmp_path / "slurm-7.out")
    assert parsers.recognise(path) == "text"
    (log,) = parsers.parse(path)
    assert log.series["val_loss"].step.tolist() == [100 * (e + 1) for e in range(10)]
    assert log.series["val_loss"].value.tolist() == pytest.approx([2.0 * 0.9**e for e in range(10)], abs=5e-6)
    (told,) = [w.text for w in log.warnings if w.code == "only-best"]
    assert "10 of 20" in told
    assert "cannot be seen" in told


def test_each_of_many_best_values_is_a_point(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("".join(SAVED.format(e=e, s=100 * (e + 1), v=2.0 * 0.98**e) + "\n" for e in range(60)))
    (log,) = parsers.parse(path)
    assert log.series["val_loss"].value.size == 60


def test_where_the_loss_is_printed_in_full_the_best_values_are_no_points(tmp_path: Path) -> None:
    path = output(tmp_path / "train.log", *(f"step {s} val_loss {2 / (s + 1):.4f}" for s in range(30)))
    (log,) = parsers.parse(path)
    assert log.series["val_loss"].step.tolist() == list(range(30))
    assert not [w for w in log.warnings if w.code == "only-best"]


def test_lines_of_an_older_lightning_have_no_quotes(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    said = 'Epoch {e}, global step {s}: val_loss reached {v:.5f} (best {v:.5f}), saving model to "x.ckpt" as top 3'
    path.write_text("\n".join(said.format(e=e, s=50 * e, v=1 / (e + 1)) for e in range(5)) + "\n")
    (log,) = parsers.parse(path)
    assert log.series["val_loss"].step.tolist() == [50 * e for e in range(5)]


def test_nothing_among_the_best_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("\n".join(WORSE.format(e=e, s=e) for e in range(9)) + "\n")
    with pytest.raises(NotALogError):
        text.parse(path)


def test_the_best_scores_that_early_stopping_tells_are_points_of_what_it_watches(tmp_path: Path) -> None:
    lines = ["Metric val_loss improved. New best score: 2.000"]
    lines += [
        f"Metric val_loss improved by 0.010 >= min_delta = 0.0. New best score: {2 - 0.01 * n:.3f}"
        for n in range(1, 60)
    ]
    lines += ["Monitored metric val_loss did not improve in the last 10 records. Best score: 0.900."]
    path = tmp_path / "model.out"
    path.write_text("".join(f"{rank}{line}\n" for line in lines for rank in ("", "[rank: 1] ")))
    assert parsers.recognise(path) == "text"
    (log,) = parsers.parse(path)
    assert log.series["val_loss"].value.tolist() == pytest.approx([2 - 0.01 * n for n in range(60)])
    (told,) = [w.text for w in log.warnings if w.code == "only-best"]
    assert "printed (60):" in told


def test_of_two_callbacks_the_one_that_says_its_epoch_counts(tmp_path: Path) -> None:
    path = output(tmp_path / "a.log")
    told = [f"Metric val_loss improved. New best score: {2.0 * 0.9**e:.3f}" for e in range(10)]
    path.write_text("\n".join([*told, path.read_text()]))
    (log,) = parsers.parse(path)
    assert log.series["val_loss"].step.tolist() == [100 * (e + 1) for e in range(10)]
