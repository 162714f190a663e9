"""Bars whose labels count the epochs without the word for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.model import Log
from losslens.parsers import parse
from losslens.parsers.printed.laps import lap_of

DRAWN = "100%|##########| 4/4 [00:08<00:00, 1.9s/it, loss={:.4f}]"


def read(tmp_path: Path, lines: list[str]) -> tuple[Log, ...]:
    path = tmp_path / "train.log"
    path.write_text("\n".join(lines) + "\n")
    return parse(path)


def falling(epoch: int) -> float:
    return round(2 / (epoch + 1) + 0.01 * (epoch % 3), 4)


@pytest.mark.parametrize(
    "label",
    [
        *("{:03d}/040: ", "[train] {:03d}/040: ", "Train {}/40: ", "Training ({}/40): ", "[{}/40] ", "[{}/40] train: "),
        *("{}: ", "#{} ", "Iter {}: ", "Round {}: ", "E{}: ", "Train: {}/40 "),
    ],
)
def test_each_complete_bar_is_a_point_where_its_label_counts(tmp_path: Path, label: str) -> None:
    (log,) = read(tmp_path, [label.format(epoch) + DRAWN.format(falling(epoch)) for epoch in range(40)])
    assert log.series["loss"].value.tolist() == [falling(epoch) for epoch in range(40)]
    assert log.series["loss"].step.tolist() == list(range(4, 164, 4))


def test_a_redrawn_bar_is_still_one_point_a_count(tmp_path: Path) -> None:
    lines = [
        f"{epoch}/9: {25 * n}%|##| {n}/4 [00:0{n}<00:01, loss=0.{9 - epoch}{n}]"
        for epoch in range(9)
        for n in (2, 2, 4)
    ]
    (log,) = read(tmp_path, lines)
    assert log.series["loss"].step.tolist() == list(range(2, 38, 2))


def test_the_evaluation_s_bar_and_the_lines_below_stand_at_their_epoch(tmp_path: Path) -> None:
    lines = []
    for epoch in range(10):
        lines += [f"[train] {epoch}/10: " + DRAWN.format(falling(epoch))]
        lines += [f"[val] {epoch}/10: 100%|####| 2/2 [00:01<00:00, loss={1 + falling(epoch):.4f}]", f"dice: 0.1{epoch}"]
    (log,) = read(tmp_path, lines)
    assert log.series["loss"].step.tolist() == list(range(4, 44, 4))
    assert log.series["val/loss"].step.tolist() == list(range(4, 44, 4))
    assert log.series["dice"].step.tolist() == list(range(4, 44, 4))


def test_folds_in_the_label_are_runs(tmp_path: Path) -> None:
    lines = ["epochs         12  (warmup 3)"]
    lines += [f"[fold_{fold}] {n:03d}/012: " + DRAWN.format(falling(n)) for fold in range(3) for n in range(1, 13)]
    logs = read(tmp_path, lines)
    assert [log.group_hint for log in logs] == ["fold_0", "fold_1", "fold_2"]
    assert all(log.series["loss"].value.tolist() == [falling(n) for n in range(1, 13)] for log in logs)


def test_what_says_which_of_several_things_a_bar_is_of_counts_no_epoch() -> None:
    assert lap_of("012/050: ") == 12
    assert lap_of("loss: 2.31 [12/50]: ") == 12
    assert lap_of("Fold 2 [012/050]: ") == 12
    assert lap_of("Fold 2/5: ") is None
    assert lap_of("GPU 3: ") is None
    assert lap_of("resnet50: ") is None
    assert lap_of("loss: 12: ") is None
    assert lap_of("8 of 10: ") is None


def test_a_number_in_a_label_that_does_not_change_with_the_bars_is_no_epoch(tmp_path: Path) -> None:
    lines = [
        f"size ({64 + n // 3}): {n}%|##| {n}/100 [00:10<00:20, 1.9s/it, loss={falling(n):.4f}]" for n in range(1, 101)
    ]  # the label changes in the middle of one bar
    (log,) = read(tmp_path, lines)
    assert "epoch" not in log.series
    assert log.series["loss"].step.tolist() == list(range(1, 101))


def test_the_word_before_the_number_of_an_epoch_is_no_part_of_a_name(tmp_path: Path) -> None:
    lines = [f"Fold {fold} Epoch {n}: " + DRAWN.format(falling(n)) for fold in range(2) for n in range(9)]
    assert [log.group_hint for log in read(tmp_path, lines)] == ["Fold 0", "Fold 1"]
