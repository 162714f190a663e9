"""Tables that a program draws, and those that are pasted as Markdown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens import parsers
from losslens.model import Log
from losslens.roles import Role, assign


def read(tmp_path: Path, *lines: str) -> Log:
    path = tmp_path / "train.txt"
    path.write_text("\n".join(lines) + "\n")
    (log,) = parsers.parse(path)
    return log


def test_rows_that_begin_with_how_much_is_done_are_read(tmp_path: Path) -> None:
    head = "                   Epoch      Train log_loss     Test log_loss     Time cost (sec)"
    rows = [
        f"[ {10 * i:3d}%      ]   {i:3d}            0.{60 - i}0000           0.{61 - i}0000                0.2{i}"
        for i in range(1, 10)
    ]
    log = read(
        tmp_path,
        "param = {'task':'binary', 'lr':0.2}",
        "",
        head,
        *rows,
        "[  100%     ]    10            nan         nan    0.20",
    )
    loss = log.series["Train log_loss"]
    assert loss.axis == "epoch"
    assert loss.step.tolist() == list(range(1, 11))
    assert loss.value[:2].tolist() == [0.59, 0.58]
    assert loss.value[-1] != loss.value[-1]


def test_a_markdown_table_without_sides_is_read(tmp_path: Path) -> None:
    log = read(
        tmp_path,
        "Settings:",
        "learning_rate=0.0005,",
        "Step | Training Loss | Validation Loss | Wer | Runtime",
        "-- | -- | -- | -- | --",
        *[f"{400 * i} | 5.06{i} | 4.5{i} | 1.000000 | 0.7159" for i in range(1, 5)],
    )
    assert log.series["Training Loss"].step.tolist() == [400, 800, 1200, 1600]
    assert log.series["Validation Loss"].value.tolist() == [4.51, 4.52, 4.53, 4.54]


def test_lines_with_bars_between_their_parts_are_no_table(tmp_path: Path) -> None:
    log = read(tmp_path, "epoch | step | loss of what", *[f"epoch 1 | step {i} | loss 0.{9 - i}" for i in range(1, 6)])
    assert log.series["loss"].value.tolist() == [0.8, 0.7, 0.6, 0.5, 0.4]


def test_the_end_of_a_quotation_is_no_part_of_the_last_row(tmp_path: Path) -> None:
    rows = [f"{100 * i:7d}      {3.0 / (1 + i):.2e}      6.40e-01      8.74e-01    1.0e-03" for i in range(12)]
    log = read(tmp_path, '" #  step      rmse_trn    rmse_e_trn    rmse_f_trn         lr', *rows[:-1], f'{rows[-1]}"')
    assert log.series["rmse_trn"].step.tolist() == [100 * i for i in range(12)]


@pytest.mark.parametrize("above", [0, 1, 4])
@pytest.mark.parametrize("below", ["", "I enjoyed it {'POSITIVE': 0.9}\n"])
def test_a_table_without_a_place_among_lines_of_text_is_one_course(tmp_path: Path, above: int, below: str) -> None:
    said = ["Loading the reviews...", "Created a blank model", "900 examples (700 for training)", "Training..."][:above]
    rows = [f"{9.5 - i:.3f}   0.5{i}0   1.000   0.67{i}" for i in range(8)]
    path = tmp_path / "train.txt"
    path.write_text("\n".join([*said, "LOSS       P       R       F", *rows]) + "\n" + below)
    (log,) = parsers.parse(path)
    assert log.series["LOSS"].value.tolist() == [9.5, 8.5, 7.5, 6.5, 5.5, 4.5, 3.5, 2.5]


def test_names_between_stars_head_the_row_below_them(tmp_path: Path) -> None:
    lines = []
    for i in range(1, 7):
        lines += [f"Epoch: 0{i} | Epoch Time: 0m 41s", "****train_loss,train_acc,val_loss,val_ac****** "]
        lines += [f"5.{9 - i}8934\t2.79\t4.{9 - i}7\t3.60"]
    path = tmp_path / "train.txt"
    path.write_text("\n".join(lines))
    (log,) = parsers.parse(path)
    assert log.series["train_loss"].value.tolist() == [5.88934, 5.78934, 5.68934, 5.58934, 5.48934, 5.38934]
    assert log.series["val_loss"].value.size == 6


def test_numbers_far_below_a_line_of_names_are_no_row_of_it(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    lines = ["loss accuracy", "Downloading the data", "3 5", "7 9", *[f"step {i} loss: 0.{9 - i}" for i in range(1, 8)]]
    path.write_text("\n".join(lines))
    (log,) = parsers.parse(path)
    assert log.series["loss"].value.size == 7


@pytest.mark.parametrize("said", ["# ADVI\n", "Chain 1: Begin stochastic gradient ascent.\n", ""])
@pytest.mark.parametrize("note", ["", "   MAY BE DIVERGING... INSPECT ELBO"])
def test_the_bound_of_a_variational_fit_is_its_objective(tmp_path: Path, said: str, note: str) -> None:
    """Stan's table, in whose last column stands a note or nothing."""
    bound = [-9000.0 / n - 200 for n in range(1, 16)]
    rows = [f"{100 * n:6d} {x:16.3f} {1 / n:17.3f} {1 / n:17.3f}{note * (n > 9)}\n" for n, x in enumerate(bound, 1)]
    path = tmp_path / "advi.txt"
    path.write_text(f"{said}  iter             ELBO   delta_ELBO_mean   delta_ELBO_med   notes \n{''.join(rows)}")
    (log,) = parsers.parse(path)
    lead = {choice.role: choice.tag for choice in assign(log.series)}[Role.TRAIN_LOSS]
    np.testing.assert_allclose(log.series[lead].value, -np.array(bound), atol=1e-3)
    assert log.series[lead].step.tolist() == [100 * n for n in range(1, 16)]


@pytest.mark.parametrize("ahead", [[], ["The first fine-tuning:", "no packing, one GPU"]])
def test_a_line_of_names_of_two_words_heads_a_table(tmp_path: Path, ahead: list[str]) -> None:
    rows = [f"{2 / n:.4f} {n}.0 {291 * n} {1 + 1 / n:.4f}" for n in range(1, 9)]
    log = read(tmp_path, *ahead, "Training Loss Epoch Step Validation Loss", "-" * 51, *rows)
    assert log.series["Training Loss"].value.tolist() == [round(2 / n, 4) for n in range(1, 9)]
    assert log.series["Validation Loss"].value.tolist() == [round(1 + 1 / n, 4) for n in range(1, 9)]
    assert log.series["Training Loss"].step.tolist() == [291 * n for n in range(1, 9)]


MATLAB = (
    "|  Epoch  |  Iteration  |  Time Elapsed  |  Mini-batch  |  Mini-batch  |  Base Learning  |\n"
    "|         |             |   (hh:mm:ss)   |   Accuracy   |     Loss     |      Rate       |\n"
)


def test_the_names_of_matlabs_table_stand_on_two_lines(tmp_path: Path) -> None:
    rule = "|" + "=" * 88 + "|\n"
    text = "Training on single CPU.\nInitializing input data normalization.\n" + rule + MATLAB + rule
    for n in range(20):
        text += f"| {n // 5 + 1:7} | {50 * n or 1:11} |       00:00:{n:02d} |       52.34% | {2 / (n + 1):12.4f} |"
        text += "          0.0100 |\n"
    (tmp_path / "diary.txt").write_text(text + rule)
    (log,) = parsers.parse(tmp_path / "diary.txt")
    assert log.series["Mini-batch/Loss"].axis == "step"
    assert log.series["Mini-batch/Loss"].step.tolist() == [50 * n or 1 for n in range(20)]


def test_cells_stand_in_the_middle_of_the_names_that_matlab_underlines(tmp_path: Path) -> None:
    # As trainYOLOv4ObjectDetector and trainnet print their progress: validation is blank where there was none.
    names = ["Epoch", "Iteration", "TimeElapsed", "LearnRate", "TrainingLoss", "ValidationLoss"]
    text = "".join("    " + "    ".join(one) + "\n" for one in (names, ["_" * len(name) for name in names]))
    for n in range(20):
        cells = [str(n // 5 + 1), str(20 * n or 1), f"00:00:{n:02d}", "0.001", f"{2 / (n + 1):.4f}"]
        cells.append(f"{2 / (n + 1) + 0.1:.4f}" if n % 5 == 0 else "")
        text += "    " + "    ".join(cell.center(len(name)) for cell, name in zip(cells, names, strict=True)) + "\n"
    (tmp_path / "diary.txt").write_text(text)
    (log,) = parsers.parse(tmp_path / "diary.txt")
    assert log.series["TrainingLoss"].value.tolist() == [round(2 / (n + 1), 4) for n in range(20)]
    assert log.series["ValidationLoss"].step.tolist() == [1, 100, 200, 300]


def test_the_phase_in_a_frame_tells_training_from_validation(tmp_path: Path) -> None:
    # FluxTraining.jl draws a frame of one row a phase.
    text = ""
    for n in range(1, 13):
        for phase, loss in (("TrainingPhase", 2 / n), ("ValidationPhase", 2 / n + 0.1)):
            text += "┌─────────────────┬───────┬─────────┐\n│           Phase │ Epoch │    Loss │\n"
            text += f"├─────────────────┼───────┼─────────┤\n│ {phase:>15} │ {n:5.1f} │ {loss:.5f} │\n"
            text += "└─────────────────┴───────┴─────────┘\n"
    (tmp_path / "train.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "train.log")
    assert log.series["train Loss"].value.tolist() == [round(2 / n, 5) for n in range(1, 13)]
    assert log.series["val Loss"].step.tolist() == list(range(1, 13))
