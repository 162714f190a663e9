"""Tables that a program draws, and those that are pasted as Markdown."""

from __future__ import annotations

from pathlib import Path

from losslens import parsers
from losslens.model import Log


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
