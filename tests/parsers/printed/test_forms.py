"""Forms of printed lines whose place or name stands elsewhere than in most outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens.model import Role
from losslens.parsers import parse
from losslens.roles import assign
from tests.parsers.printing import falling, printed

LOSSES = np.array([falling(i) for i in range(30)])


def test_of_a_pair_printed_as_one_the_first_counts_and_the_second_is_the_loss(tmp_path: Path) -> None:
    text = "".join(f"loss: ({i}, {falling(i)})\n" for i in range(30))
    loss = printed(tmp_path, text).series["loss"]
    np.testing.assert_array_equal(loss.step, np.arange(30))
    np.testing.assert_allclose(loss.value, LOSSES)


def test_a_number_without_a_name_behind_epoch_and_batch_is_what_its_file_says(tmp_path: Path) -> None:
    text = "".join(f"epoch {i // 10}, batch {i % 10}: {falling(i)}\n" for i in range(30))
    loss = printed(tmp_path, text, "loss_full.txt").series["loss_full"]
    np.testing.assert_allclose(loss.value, LOSSES)


@pytest.mark.parametrize("of", ["of iteraction {}", "after {}", "at {}"])
def test_a_count_may_stand_in_the_name_of_a_loss(tmp_path: Path, of: str) -> None:
    text = "".join(f"train loss {of.format(i)}:{falling(i)}\n" for i in range(1, 30))
    loss = printed(tmp_path, text).series["train loss"]
    np.testing.assert_array_equal(loss.step, np.arange(1, 30))
    np.testing.assert_allclose(loss.value, LOSSES[1:])


def test_the_end_of_a_sentence_is_no_part_of_a_name(tmp_path: Path) -> None:
    text = "".join(f"Epoch[{i}] done. Loss: {falling(i)} (Base: 0.1, Orth: 0.2), Lr: 1e-04\n" for i in range(30))
    assert {"Loss", "Lr"} <= printed(tmp_path, text).series.keys()


def test_a_version_that_is_a_word_is_no_part_of_a_name(tmp_path: Path) -> None:
    bar = "Epoch 0/9 ━━━━━━╸━━━━━━ {}/90 0:00:0{} • 0:01:00 1.5it/s v_num: k3ej train_loss: {}\n"
    text = "".join(bar.format(i + 1, i % 10, falling(i)) for i in range(30))
    assert "train_loss" in printed(tmp_path, text).series


def test_the_set_that_stands_ahead_of_the_numbers_tells_the_data(tmp_path: Path) -> None:
    line = "epoch {0} >>>>>\ntraining set : loss {1}, acc 0.8\nevl set : loss {2}, acc 0.7\n\n"
    text = "".join(line.format(i + 1, falling(i), falling(i) + 0.5) for i in range(30))
    series = printed(tmp_path, text).series
    np.testing.assert_allclose(series["loss"].value, LOSSES)
    np.testing.assert_allclose(series["eval/loss"].value, LOSSES + 0.5)


def test_a_bar_that_has_not_begun_says_nothing_of_the_line_behind_it(tmp_path: Path) -> None:
    bar = "Validation: |          | 0/? [00:00<?, ?it/s]"
    text = "".join(
        f"{bar}[13/09/24 05:20:{i:02}] INFO   Epoch {i}: loss {falling(i)}  aux 1.0e-01\n" for i in range(30)
    )
    np.testing.assert_allclose(printed(tmp_path, text).series["loss"].value, LOSSES)


def test_names_that_a_drawn_table_has_twice_are_of_both_splits(tmp_path: Path) -> None:
    text = (
        "┏━━━━━━━┳━━━╸T╺╸R╺━━━━┳━━━━━━━━━━━┳━━━╸V╺╸A╺╸L╺━━━┓\n┃       ┃        ╷       ┃           ┃        ╷       ┃\n"
    )
    text += "┃ epoch ┃   loss │   acc ┃      l.r. ┃   loss │   acc ┃\n"
    text += "┠───────╂────────┼───────╂───────────╂────────┼───────┨\n"
    for i in range(30):
        text += f"┃    {i:2} ┃ {falling(i)} │ 22.2 % ┃ 1.000e-01 ┃ {falling(i) + 0.5:.4f} │ 42.4 % ┃\n"
    series = printed(tmp_path, text).series
    np.testing.assert_allclose(series["loss"].value, LOSSES)
    np.testing.assert_allclose(series["val loss"].value, LOSSES + 0.5, atol=1e-4)
    assert {"acc", "val acc", "l.r."} <= series.keys()
    np.testing.assert_array_equal(series["loss"].step, np.arange(30))


def test_a_few_losses_among_megabytes_of_other_lines_are_found(tmp_path: Path) -> None:
    other = "waiting for the next chunk of the data to be loaded\n" * 4000
    text = "".join(f"epoch {i}: loss = {falling(i)}\n{other}" for i in range(5))
    np.testing.assert_allclose(printed(tmp_path, text, "slurm-1.out").series["loss"].value, LOSSES[:5])


def test_a_message_behind_a_bar_without_a_total_moves_no_epoch(tmp_path: Path) -> None:
    bar = "Epoch {0}/30: 4590it [20:53,  3.66it/s]"
    lines = [f"{bar}\nEpoch {{0}}: Train Loss: {{1}}, Val Loss: 0.5\n".format(i + 1, falling(i)) for i in range(30)]
    lines.insert(5, f"{bar.format(5)}wandb: Network error resolved after 0:01:10.7, resuming normal operation.\n")
    series = printed(tmp_path, "".join(lines)).series
    np.testing.assert_array_equal(series["Train Loss"].step, np.arange(1, 31))
    assert "error" not in series


def test_the_first_of_bare_numbers_behind_a_step_is_what_the_file_is_called(tmp_path: Path) -> None:
    text = "".join(f"Train Iter {i}, {falling(i)}, 1.9, 0.{i % 10}68\n" for i in range(30))
    series = printed(tmp_path, text, "LossTrain.out").series
    np.testing.assert_allclose(series["LossTrain"].value, LOSSES)
    assert {"value 2", "value 3"} <= series.keys()
    held_back = printed(tmp_path, text.replace("Train", "Valid"), "LossValid.out").series
    np.testing.assert_allclose(held_back["valid/LossValid"].value, LOSSES)


@pytest.mark.parametrize("between", ["\t", " ", ", ", ",\t", "  "])
def test_numbers_without_names_stand_apart_however_their_columns_are_set_apart(tmp_path: Path, between: str) -> None:
    text = "".join(f"epoch {i}:{between.strip(',')}{falling(i)}{between}{falling(i) + 0.5}\n" for i in range(30))
    series = printed(tmp_path, text).series
    np.testing.assert_allclose(series["value"].value, LOSSES)
    np.testing.assert_allclose(series["value 2"].value, LOSSES + 0.5)


@pytest.mark.parametrize("line", ["epoch {}: {} {}\n", "Epoch {} {}, {}\n", "epoch {}:\t{}\t{}\n"])
@pytest.mark.parametrize("lines", [5, 20])
def test_of_numbers_without_names_behind_an_epoch_the_first_is_the_loss(tmp_path: Path, line: str, lines: int) -> None:
    text = "".join(line.format(i, 5.9 - i / 10, 6.2 - i / 10) for i in range(lines))
    series = printed(tmp_path, text).series
    (lead,) = (choice for choice in assign(series) if choice.role is Role.TRAIN_LOSS)
    np.testing.assert_allclose(series[lead.tag].value, 5.9 - np.arange(lines) / 10)
    assert not lead.sure


@pytest.mark.parametrize("ahead", ["", "I tensorflow/core/kernels/logging_ops.cc:64] "])
@pytest.mark.parametrize("line", ["CrossE[{}]", "loss[{}]", "loss = [{}]", "cross entropy: [{}]"])
def test_what_tensorflow_makes_of_a_tensor_of_one_number_is_that_number(tmp_path: Path, ahead: str, line: str) -> None:
    said = [*map(falling, range(20)), *["nan"] * 5]
    (series,) = printed(tmp_path, "".join(f"{ahead}{line.format(number)}\n" for number in said)).series.values()
    np.testing.assert_array_equal(series.value, np.array(said, dtype=float))


@pytest.mark.parametrize("between", ["", "NaN\n{\n  1 : CudaTensor - size: 64x291\n}\n"])
def test_an_err_that_is_no_number_from_the_first_line_on_is_read(tmp_path: Path, between: str) -> None:
    (series,) = printed(tmp_path, f"err     nan\n{between}" * 8).series.values()
    assert np.isnan(series.value).all()
    assert series.value.size == 8
    (choice,) = assign({series.tag: series})
    assert choice.role is Role.TRAIN_LOSS


def test_a_count_and_a_number_with_a_line_between_them_are_what_the_file_is_called(tmp_path: Path) -> None:
    values = [round(2 / n, 6) for n in range(1, 41)]
    path = tmp_path / "val_loss.txt"
    path.write_text("".join(f"{n}_{x}\n" for n, x in enumerate(values, 1)))
    (log,) = parse(path)
    assert log.series["val_loss"].value.tolist() == values
    assert log.series["val_loss"].step.tolist() == list(range(1, 41))


@pytest.mark.parametrize("ahead", ["", "Initial batch losses :  ", "Epoch 3: "])
def test_losses_that_a_line_tells_one_by_one_have_their_names(tmp_path: Path, ahead: str) -> None:
    text = "".join(f"{ahead}Generator loss {falling(i)} Discriminator loss {falling(i) / 2}\n" for i in range(30))
    series = printed(tmp_path, text).series
    assert [(tag, s.value.tolist()) for tag, s in sorted(series.items()) if tag != "epoch"] == [
        ("Discriminator loss", [falling(i) / 2 for i in range(30)]),
        ("Generator loss", [falling(i) for i in range(30)]),
    ]


def test_a_loss_under_the_bare_names_of_its_data_is_read(tmp_path: Path) -> None:
    text = "".join(f"Epoch {i}: train={falling(i)} valid={1 + falling(i)} best={1 + falling(i)}\n" for i in range(11))
    log = printed(tmp_path, text)
    np.testing.assert_allclose(log.series["train"].value, LOSSES[:11])
    roles = {choice.tag: choice.role for choice in assign(log.series)}
    assert (roles["train"], roles["valid"]) == (Role.TRAIN_LOSS, Role.VAL_LOSS)


def test_the_rows_of_a_table_may_be_dated(tmp_path: Path) -> None:
    row = "2025-01-01 11:{i:02d}:45.481306  | {name:<30}{value}\n"
    names = ["Diagnostics/Iteration", "model_loss/Average", "value_loss/Average"]
    values = [(100 * i, falling(i), falling(i) / 2) for i in range(30)]
    text = "".join(
        row.format(i=i, name=name, value=value)
        for i, told in enumerate(values)
        for name, value in zip(names, told, strict=True)
    )
    loss = printed(tmp_path, text).series["model_loss/Average"]
    np.testing.assert_array_equal(loss.step, 100 * np.arange(30))
    np.testing.assert_allclose(loss.value, LOSSES)


@pytest.mark.parametrize(
    "heading", ["Epoch: {e:02} | Epoch Time: 0m 27s", "Epoch: {e:02} | Time: 0m 27s", "Epoch {e}, time: 3.2 s"]
)
def test_a_heading_may_tell_how_long_its_epoch_took(tmp_path: Path, heading: str) -> None:
    below = "\tTrain Loss: {v:.3f} | Train Acc: 60.10%\n\t Val. Loss: {w:.3f} |  Val. Acc: 59.20%\n"
    lines = [f"{heading}\n{below}".format(e=i + 1, v=falling(i), w=1 + falling(i)) for i in range(12)]
    series = printed(tmp_path, "".join(lines)).series
    assert (series["Train Loss"].axis, series["Val. Loss"].axis) == ("epoch", "epoch")
    np.testing.assert_array_equal(series["Train Loss"].step, 1 + np.arange(12))
