"""Ways of printing a place and its numbers that are met in public logs, each as a few lines of the same shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from losslens import parsers
from losslens.errors import NotALogError
from losslens.roles.names import split_of
from tests.parsers.printing import falling as _value
from tests.parsers.printing import printed as _log

Line = Callable[[int], str]


@pytest.mark.parametrize(
    ("line", "tag", "steps"),
    [
        # darknet
        (
            lambda i: f" {i + 1}: {_value(i)}, 9.5 avg loss, 0.001000 rate, 2.25 seconds, {64 * i} images",
            "loss",
            (1, 2),
        ),
        # BasicSR and its kin: thousands separators, the rates of all groups in brackets
        (
            lambda i: (
                f"24-05-06 10:00:0{i} - INFO: [epoch: 0, iter: {1100 + 100 * i:,}, lr:(2.0e-04,)] l_pix: {_value(i)}"
            ),
            "l_pix",
            (1100, 1200),
        ),
        # loguru before the line
        (
            lambda i: f"2024-05-06 10:00:00.1 | INFO | core.trainer:step:24 - iter: {10 * i}, total_loss: {_value(i)}",
            "total_loss",
            (0, 10),
        ),
        # a count ahead of the line is no rank of a launcher, which would come again
        (lambda i: f"{10 * i + 9}: loss {_value(i)} ppl {40 - i}.5", "loss", (9, 19)),
        (lambda i: f"pass 1 batch {10 * i} cost {_value(i)}", "cost", (0, 10)),
        (lambda i: f"Epoch: [0/9] Iter:[{10 * i}/80], Time: 0.66, lr: [0.01], Loss: {_value(i)}", "Loss", (0, 10)),
        (lambda i: f"Epoch 0, Step {25 * i}, used 3.5 (s), avg loss so far is {_value(i)}", "avg loss", (0, 25)),
        (lambda i: f"{i}/900 in 0 epoch finished at time 0:00:35.33, Loss is {_value(i)} Acc is 0.5", "Loss", (0, 1)),
        (lambda i: f"epoch: 1, batch_id: {500 * i}, AUC:0.91, loss:{_value(i)}, ips: 18.0 ins/s", "loss", (0, 500)),
        # char-rnn and its copies count the batches of all epochs, and say what part of them is done
        (
            lambda i: f"{7 + i}/900 (epoch {i / 18:.3f}), train_loss = {_value(i)}, time/batch = 0.17s\t",
            "train_loss",
            (7, 8),
        ),
        # the tutorials of PyTorch give the loss no name
        (lambda i: f"{500 * i} {5 * i}% (0m {12 + i}s) {_value(i)} Satoshi / Japanese ✗ (Polish)", "loss", (0, 500)),
        (lambda i: f"1m {12 + i}s (- 6m 5{i}s) ({500 * i} {5 * i}%) {_value(i)}", "loss", (0, 500)),
        (lambda i: f"[0m {12 + i}s ({500 * i} {5 * i}%) {_value(i)}]", "loss", (0, 500)),
        (lambda i: f"05/12 10:24:33 PM train {50 * i:03d} {_value(i):e} 45.2 88.1", "train_loss", (0, 50)),
        (lambda i: f"[2020-05-01 10:00:00] Ep. 1 : Up. {1000 * i} : Sen. 64,000 : Cost {_value(i)}", "Cost", (0, 1000)),
        (lambda i: f"[{i + 1}|10] TotalLoss {_value(i)} Accuracy 0.098000", "TotalLoss", (1, 2)),
        (
            lambda i: f"#{i + 1}/1500 - Training Loss: {_value(i)} >> [ Accuracy: 8.77% - Validation Loss : 2.5 ]",
            "Training Loss",
            (1, 2),
        ),
    ],
)
def test_a_line_says_its_place_and_its_loss(line: Line, tag: str, steps: tuple[int, int], tmp_path: Path) -> None:
    log = _log(tmp_path, "\n".join(line(i) for i in range(8)) + "\n")

    series = log.series[tag]
    np.testing.assert_allclose(series.value, [_value(i) for i in range(8)], rtol=1e-4)
    assert series.axis == "step"
    assert np.diff(series.step).tolist() == [steps[1] - steps[0]] * 7


def test_step_data_set_and_loss_are_told_without_any_other_word(tmp_path: Path) -> None:
    text = ""
    for i in range(41):
        text += f"{i} val {_value(i) + 1:.4f}\n{i} hella 0.24{i:02d}\n" if i % 10 == 0 else ""
        text += f"{i} train {_value(i):.6f}\n"
    log = _log(tmp_path, text + "41 train nan\n", "log.txt")

    assert log.series["train loss"].step.tolist() == list(range(42))
    np.testing.assert_array_equal(log.series["train loss"].value, [*map(_value, range(41)), np.nan])
    assert log.series["val loss"].step.tolist() == [0, 10, 20, 30, 40]
    assert log.series["val loss"].value.tolist() == [round(_value(i) + 1, 4) for i in range(0, 41, 10)]
    assert {one.axis for one in log.series.values()} == {"step"}


def test_names_and_numbers_in_turn_may_follow_the_step_and_the_data_set(tmp_path: Path) -> None:
    text = ""
    for i in range(30_950, 30_980):
        text += f"{i} train {_value(i - 30_950)} hard 3.25\n"
        text += "" if i % 10 != 5 else f"{i} quick_eval ppl 24.05 loss 3.20 tok 5169152\n"
        text += "" if i % 10 else f"{i} export log/v12_{i}\n{i} evaluate ppl 24.05 loss 3.18 tok 5169152 sec 124.85\n"
    log = _log(tmp_path, text)

    assert log.series["train loss"].value.tolist() == [_value(i) for i in range(30)]
    assert log.series["train loss"].step.tolist() == list(range(30_950, 30_980))
    evaluated = log.series["eval/loss"]
    assert evaluated.step[evaluated.value == 3.20].tolist() == [30_955, 30_965, 30_975]
    assert evaluated.step[evaluated.value == 3.18].tolist() == [30_950, 30_960, 30_970]


def test_a_number_ahead_of_the_name_of_a_data_set_is_no_step_where_it_does_not_count_up(tmp_path: Path) -> None:
    sizes = (600, 100, 500, 200, 400, 300, 600, 100)
    log = _log(tmp_path, "".join(f"epoch {i} loss {_value(i)}\n{n} val 0.5\n" for i, n in enumerate(sizes)))

    assert log.series["loss"].step.tolist() == list(range(8))
    assert log.series["loss"].axis == "epoch"


@pytest.mark.parametrize("glued", ["idx: {i}loss: tensor({v}, grad_fn=<NegBackward>)", "acc 0.5train_loss={v} n={i}"])
def test_a_loss_whose_name_is_written_right_behind_a_number_is_read(glued: str, tmp_path: Path) -> None:
    log = _log(tmp_path, "\n".join(glued.format(i=i, v=_value(i)) for i in range(8)) + "\n")

    (tag,) = [tag for tag in log.series if tag.endswith("loss")]
    assert tag in ("loss", "train_loss")
    assert log.series[tag].value.tolist() == [_value(i) for i in range(8)]


def test_a_digit_in_the_name_of_a_loss_stays_in_it(tmp_path: Path) -> None:
    log = _log(tmp_path, "\n".join(f"step {i} L1loss: {_value(i)} head2loss: 0.5" for i in range(8)) + "\n")

    assert {"L1loss", "head2loss"} <= set(log.series)


def test_a_block_of_numbers_stands_under_the_line_of_its_step(tmp_path: Path) -> None:
    text = "z_loss_weight: 1e-4\n    n_layers: 12\n"
    for i in range(1, 6):
        text += f"2025-12-21 13:31:09.635\tnode-03:0\tmini.train:990\tINFO\t[step={10 * i}/1000,epoch=0]\n"
        text += f"    optim/total_grad_norm=3.9\n    train/CrossEntropyLoss={_value(i)}\n    train/Perplexity=9,097\n"
    log = _log(tmp_path, text)

    assert set(log.series) == {"optim/total_grad_norm", "train/CrossEntropyLoss", "train/Perplexity", "epoch"}
    assert log.series["train/CrossEntropyLoss"].step.tolist() == [10, 20, 30, 40, 50]
    assert log.series["train/Perplexity"].value.tolist() == [9097.0] * 5
    assert {s.name: s.value for s in log.settings} == {"z_loss_weight": 1e-4, "n_layers": 12}


def test_of_two_counts_the_one_with_a_total_is_the_place_within_the_other(tmp_path: Path) -> None:
    lines = [f"iteration:{e} step:{s}/300, NER loss:{1 / e:.4f}" for e in (1, 2, 3) for s in (100, 200, 300)]
    log = _log(tmp_path, "\n".join(lines) + "\n")

    assert log.series["NER loss"].step.tolist() == [100 * i for i in range(1, 10)]
    assert set(log.series) == {"NER loss", "epoch"}


def test_json_behind_a_word_is_read_and_its_split_told(tmp_path: Path) -> None:
    text = ""
    for e in range(1, 5):
        text += f'json_stats: {{"_type": "train_epoch", "RAM": "13/31G", "epoch": "{e}/9", "loss": {_value(e)}}}\n'
        text += (
            f'json_stats: {{"_type": "val_epoch", "RAM": "13/31G", "epoch": "{e}/9", "loss": 0.5, "top1_err": 20.5}}\n'
        )
    log = _log(tmp_path, text)

    assert log.series["loss"].value.tolist() == [_value(e) for e in range(1, 5)]
    assert log.series["val/loss"].value.tolist() == [0.5] * 4
    assert log.series["loss"].step.tolist() == [1, 2, 3, 4]


def test_the_bar_of_validation_does_not_set_the_length_of_an_epoch(tmp_path: Path) -> None:
    lines = []
    for e in (1, 2, 3):
        lines += [f"- Train | Epoch {e} | {n}/400 | 1.45 it/sec | Loss {_value(e)} | Reco 0.2" for n in (200, 399)]
        lines += [f"- Valid | Epoch {e} | {n}/3 | 0.31 it/sec | Loss 0.2 | Reco 0.2" for n in (1, 2, 3)]
    log = _log(tmp_path, "\n".join(lines) + "\n")

    assert log.series["Loss"].step.tolist() == [200, 399, 600, 799, 1000, 1199]


def test_the_old_table_of_yolo_names_losses_without_the_word(tmp_path: Path) -> None:
    text = ""
    for e in range(4):
        text += "\n     Epoch   gpu_mem       box       obj       cls     total    labels  img_size\n"
        for n, part in ((1, 5), (2, 0)):
            bar = f"{50 * n:3d}%|██| {n}/2 [00:01<00:01,  1.58s/it]"
            text += (
                f"       {e}/9     2.72G   0.{part}{9 - e}  0.0032         0   0.0{9 - e}4        22       640: {bar}\n"
            )
    log = _log(tmp_path, text, "nohup.out")

    assert {"box_loss", "obj_loss", "total_loss"} <= set(log.series)
    assert log.series["box_loss"].value.tolist() == [0.09, 0.08, 0.07, 0.06]
    assert log.series["box_loss"].step.tolist() == [0, 1, 2, 3]


def test_darknet_of_today_counts_steps_not_ranks(tmp_path: Path) -> None:
    lines = [f" {i}: loss={_value(i)}, avg loss=9.5, rate=0.001000, 2.2 seconds, {64 * i} images" for i in range(1, 9)]
    log = _log(tmp_path, "\n".join(lines) + "\n")

    assert log.series["loss"].step.tolist() == list(range(1, 9))


def test_espnet_prints_training_by_batch_and_validation_behind_a_mark(tmp_path: Path) -> None:
    text = ""
    for e in (1, 2, 3):
        for n in (100, 200):
            start = f"[node1] 2023-01-01 10:00:00,111 (trainer:732) INFO: {e}epoch:train:{n - 99}-{n}batch:"
            text += f"{start} iter_time=0.1, loss_ctc={9 - e}.5, loss={8 - e}.25\n"
        start = f"[node1] 2023-01-01 10:05:00,111 (trainer:338) INFO: {e}epoch results:"
        text += f"{start} [train] iter_time=0.1, loss={8 - e}.25, time=1 hour, [valid] loss_ctc=8.5, loss={9 - e}.75\n"
    log = _log(tmp_path, text)

    assert log.series["loss"].step.tolist() == [100, 200, 300, 400, 500, 600]
    assert log.series["valid/loss"].value.tolist() == [8.75, 7.75, 6.75]
    assert not {"trainer", "INFO"} & set(log.series)


def test_a_line_of_step_and_rate_places_the_losses_below_it(tmp_path: Path) -> None:
    text = ""
    for i in range(9):
        text += f"INFO:voice:Train Epoch: {1 + i // 3} [{i % 3 * 30}%]\nINFO:voice:[{200 * i}, 9.99e-05]\n"
        text += f"INFO:voice:loss_disc=3.5, loss_gen={_value(i)}, loss_mel=20.5\n"
    log = _log(tmp_path, text)

    assert log.series["loss_gen"].step.tolist() == [200 * i for i in range(9)]
    assert log.series["learning_rate"].value[0] == 9.99e-05


def test_the_losses_of_a_game_are_read_under_the_names_of_its_players(tmp_path: Path) -> None:
    lines = ["================ Training Loss (Mon May  6 10:00:00 2024) ================"]
    lines += [
        f"(epoch: {epoch}, iters: {it}, time: 0.1, data: 0.002) D_A: 0.4 G_A: 0.{epoch} cycle_A: 2.5 "
        for epoch in (1, 2, 3)
        for it in (100, 200)
    ]
    log = _log(tmp_path, "\n".join(lines) + "\n", "loss_log.txt")

    assert log.series["G_A"].value.tolist() == [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]
    assert np.all(np.diff(log.series["G_A"].step) > 0)
    assert log.series["epoch"].value.tolist() == [1, 1, 2, 2, 3, 3]


def test_a_step_on_a_line_of_its_own_belongs_to_the_numbers_below_it(tmp_path: Path) -> None:
    text = "".join(f"current step: {i}th step\nbatch loss:{_value(i)}\n" for i in range(1, 9))
    log = _log(tmp_path, text)

    assert log.series["batch loss"].step.tolist() == list(range(1, 9))


def test_many_lines_an_epoch_are_counted_and_keep_their_epoch(tmp_path: Path) -> None:
    text = "".join(f"Epoch {e} - Batch loss: {1 / (1 + e + i)}\n" for e in range(1, 4) for i in range(5))
    log = _log(tmp_path, text)

    assert log.series["Batch loss"].step.tolist() == list(range(15))
    assert log.series["epoch"].value.tolist() == [1.0] * 5 + [2.0] * 5 + [3.0] * 5


def test_numbers_in_the_middle_of_a_long_file_make_it_output(tmp_path: Path) -> None:
    network = "".join(f"  (layer{i}): Conv2d(64, 64, kernel_size=(3, 3), stride=(1, 1))\n" for i in range(3000))
    losses = "".join(f"[epoch: 0, iter: {100 * i:,}] loss: {_value(i)}\n" for i in range(2000))
    log = _log(tmp_path, f"settings:\n  lr_G: 0.0002\n{network}{losses}{network}")

    assert log.series["loss"].step.size == 2000
    assert {s.name: s.value for s in log.settings}["lr_G"] == 0.0002


def test_a_dictionary_of_mixed_values_is_what_the_program_was_started_with(tmp_path: Path) -> None:
    start = "{'seed': 24, 'device': 'cuda:0', 'epochs': 1000, 'lr': 0.001, 'amp': True}\n"
    log = _log(tmp_path, start + "".join(f"Train: STEP {41 * i} - EPOCH {i}/9 | loss: {_value(i)}\n" for i in range(6)))

    assert set(log.series) == {"loss", "epoch"}
    settings = {s.name: s.value for s in log.settings}
    assert (settings["seed"], settings["lr"], settings["amp"]) == (24, 0.001, True)


def test_numbers_at_places_under_names_nobody_knows_are_read(tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(f"iter {10 * i}: zeta {i} phi: {_value(i)}\n" for i in range(40)))

    assert log.series["phi"].step.tolist() == [10 * i for i in range(40)]


def test_a_list_of_data_files_is_no_output(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("".join(f"train/left/{i:07d}.png train/right/{i:07d}.png step_{i}/loss_{i}\n" for i in range(9000)))

    assert parsers.recognise(path) is None


def test_a_configuration_in_the_middle_of_the_output_is_no_course(tmp_path: Path) -> None:
    config = "SOLVER:\n" + "".join(f"  ITEM_{i}: {i}.5\n" for i in range(12)) + "  LOSS_GAMMA: 2.0\n  BASE_LR: 0.01\n"
    lines = [f"iter: {20 * i} loss: {_value(i)}\n" for i in range(20)]
    log = _log(tmp_path, config + "".join(lines[:10]) + config + "".join(lines[10:]) + "Mean validation loss: 0.5\n")

    assert set(log.series) == {"loss", "Mean validation loss"}


def test_lines_of_names_and_numbers_that_come_again_are_measured(tmp_path: Path) -> None:
    text = ""
    for e in range(1, 9):
        text += f"Epoch {e}/8 batch 5 loss: {_value(e)}\n" + "".join(f"metric_{i} error: 0.{e}{i}\n" for i in range(14))
    log = _log(tmp_path, text)

    assert log.series["metric_3 error"].value.size == 8


def test_a_message_stays_behind_its_step_when_a_configuration_is_left_out(tmp_path: Path) -> None:
    config = "".join(f"  ITEM_{i}: {i}.5\n" for i in range(12)) + "  LOSS_GAMMA: 2.0\n  BASE_LR: 0.01\n"
    lines = [f"iter: {20 * i} loss: {_value(i)}\n" for i in range(20)]
    log = _log(tmp_path, "".join(lines[:10]) + config + "".join(lines[10:]) + "CUDA out of memory. Tried to allocate\n")

    (event,) = [e for e in log.events if e.kind == "out-of-memory"]
    assert event.step == 380


def test_lines_that_are_counted_begin_again_where_the_epochs_do(tmp_path: Path) -> None:
    lines = [f"Epoch {e} - Batch loss: {1 / (1 + 4 * e + i)}" for _ in range(2) for e in range(1, 5) for i in range(4)]
    log = _log(tmp_path, "\n".join(lines) + "\n")

    assert log.series["Batch loss"].step.tolist() == [*range(16), *range(16)]


def test_how_often_is_no_place(tmp_path: Path) -> None:
    config = "eval_steps: 500\nwarmup_steps: 50\nlogging_steps: 10\n"
    lines = [
        f"{{'loss': {_value(i)}, 'grad_norm': 0.5, 'learning_rate': 1e-05, 'epoch': {i / 10}}}\n" for i in range(40)
    ]
    log = _log(tmp_path, config + "".join(lines))

    assert log.series["loss"].step.tolist() == list(range(40))
    assert log.series["loss"].axis == "row"


@pytest.mark.parametrize(
    ("line", "tag", "steps"),
    [
        (lambda i: f"[{10 * i + 4}/800] loss: {_value(i)} grad: 0.9", "loss", (4, 14)),
        (lambda i: f"[epoch 1][{10 * i}/800] loss {_value(i)}", "loss", (0, 10)),
        (lambda i: f"[0/5][{50 * i}/1583]\tLoss_D: {_value(i)}\tLoss_G: 2.2", "Loss_D", (0, 50)),
        (lambda i: f"chunk   {i + 1}/100 -- mse: {_value(i)}e22", "mse", (1, 2)),
        (lambda i: f">>> {4 * i:06d} :: loss -> {_value(i)} (gn 0.895)", "loss", (0, 4)),
        (lambda i: f"step {0.4 * i:.1f}k loss {_value(i)}", "loss", (0, 400)),
        (lambda i: f"iter {4 * i} objective {_value(i)} step_size 0.001", "objective", (0, 4)),
        (lambda i: f"step {10 * i} nll {_value(i)}", "nll", (0, 10)),
        (lambda i: f"step {10 * i} loss tensor({_value(i)})", "loss", (0, 10)),
        (lambda i: f"step {10 * i} loss tensor({_value(i)}, grad_fn=<NllLossBackward0>)", "loss", (0, 10)),
        (lambda i: f"step {10 * i}, loss: tensor({_value(i)}, device='cuda:0')", "loss", (0, 10)),
    ],
)
def test_what_is_printed_without_a_thought_has_its_place_too(
    line: Line, tag: str, steps: tuple[int, int], tmp_path: Path
) -> None:
    log = _log(tmp_path, "\n".join(line(i) for i in range(1, 9)) + "\n")
    series = log.series[tag]
    scale = 1e22 if tag == "mse" else 1.0
    np.testing.assert_allclose(series.value / scale, [_value(i) for i in range(1, 9)], rtol=1e-4)
    assert series.axis == "step"
    assert np.diff(series.step).tolist() == [steps[1] - steps[0]] * 7
    assert set(log.series) <= {tag, "grad", "Loss_G", "gn", "epoch", "step_size"}


def test_a_loss_that_is_nan_from_the_first_line_is_read(tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(f"step {10 * i} nll nan\n" for i in range(1, 9)))
    assert log.series["nll"].step.tolist() == list(range(10, 90, 10))
    assert np.isnan(log.series["nll"].value).all()


def test_generations_are_counted_as_what_they_are(tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(f"gen={i} best=4.5 mean_cost={_value(i)} sigma=0.3\n" for i in range(8)))
    assert log.series["mean_cost"].axis == "generation"
    assert log.series["mean_cost"].step.tolist() == list(range(8))


def test_names_and_numbers_in_turn_need_no_sign_between_them(tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(f"it {i:5d}  total {_value(i)}  depth 0.97  cls 1.49\n" for i in range(25)))
    assert set(log.series) == {"total", "depth", "cls"}
    log = _log(tmp_path, "".join(f"Ep {i:03d} tl {_value(i)} vl 0.78 lr 0.05\n" for i in range(1, 9)))
    assert set(log.series) == {"train loss", "val loss", "lr"}
    assert log.series["val loss"].axis == "epoch"


@pytest.mark.parametrize("what", ["fold 1/5", "correct 9512/10000", "[1/1]"])
def test_what_does_not_count_up_at_the_beginning_of_a_line_is_no_place(what: str, tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(f"{what} loss: {_value(i)}\n" for i in range(9)))
    assert log.series["loss"].axis == "row"
    assert log.series["loss"].step.tolist() == list(range(9))


def test_a_setting_whose_name_has_a_generation_in_it_is_no_place(tmp_path: Path) -> None:
    text = "gen1_gc_interval: 1\nd_model: 64\n" + "".join(f"step {i}: loss {_value(i)}\n" for i in range(8))
    log = _log(tmp_path, text)
    assert set(log.series) == {"loss"}
    assert "gen1_gc_interval" in {setting.name for setting in log.settings}


def test_qualities_of_samples_counted_one_by_one_are_no_training(tmp_path: Path) -> None:
    path = tmp_path / "eval.log"
    path.write_text("".join(f"[{20 * i:05d}/3783] PSNR {30 + i % 3}.5 | SSIM 0.9{i % 7}\n" for i in range(40)))
    with pytest.raises(NotALogError):
        parsers.parse(path, "text")


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("step {i} loss {v:.3f} vloss 0.53 ent 1.2 ret 20.1", {"loss", "vloss", "ent", "ret"}),
        ("step {i} vloss {v:.3f} ent 1.2 ret 20.1", {"vloss", "ent", "ret"}),
        ("[{i}/800] loss {v:.3f}  lr 1e-3  gn 1.2  3.1s", {"loss", "lr", "gn"}),
        ("[{i}/800] loss {v:.3f}  lr 1e-3  gn 1.2  mem 3.1GB", {"loss", "lr", "gn", "mem"}),
        ("it {i} total {v:.3f} depth .97 cls 1.49 aux .12", {"total", "depth", "cls", "aux"}),
        ("ep {i} | ret 12.1 | pg -0.01 | v {v:.3f}", {"ret", "pg", "v"}),
        ("it {i} dist {v:.3f} |g| 0.9521 loss {v:.3f}", {"dist", "|g|", "loss"}),
        ("     {i} total {v:.3e} pde {v:.3e} bc 4.3e-03 lr 8.0e-03", {"total", "pde", "bc", "lr"}),
        ("global_step {i} mse {v:.3f}", {"mse"}),
        ("step,{i},loss,{v:.3f},lr,1e-3", {"loss", "lr"}),
        ("#{i} loss:{v:.3f} gn:0.5", {"loss", "gn"}),
        ("Epoch[{i}] Batch [20]\tSpeed: 10.1 samples/sec accuracy={v:.3f}", {"Speed", "accuracy"}),
    ],
)
def test_every_number_with_a_name_on_a_line_of_a_training_is_kept(line: str, tags: set[str], tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(line.format(i=i, v=_value(i)) + "\n" for i in range(1, 9)))
    assert set(log.series) - {"epoch"} == tags
    assert next(iter(log.series.values())).step.tolist() == list(range(1, 9))


def test_numbers_in_quotes_and_what_ray_puts_before_a_line_hide_no_step(tmp_path: Path) -> None:
    quoted = '{{"epoch": 1, "loss": "{v}", "num_updates": "{i}", "lr": "0.0001"}}'
    ray = "(TaskRunner pid=1234, ip=10.0.0.7) step:{i} - actor/pg_loss:{v} - actor/lr:1e-06"
    for form, tags in ((quoted, {"loss", "lr", "epoch"}), (ray, {"actor/pg_loss", "actor/lr"})):
        log = _log(
            tmp_path,
            "".join("INFO | " * (form == quoted) + form.format(i=10 * i, v=_value(i)) + "\n" for i in range(1, 9)),
        )
        assert set(log.series) == tags
        assert next(iter(log.series.values())).step.tolist() == list(range(10, 90, 10))


def test_a_number_without_a_name_has_that_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "train_loss.txt").write_text("".join(f"epoch {i}:{1655.0 * 0.9**i + 0.5}\n" for i in range(30)))
    (log,) = parsers.parse(tmp_path / "train_loss.txt")
    assert log.series["train_loss"].axis == "epoch"
    assert log.series["train_loss"].step.tolist() == list(range(30))


def test_the_score_of_deeplearning4j_is_its_loss(tmp_path: Path) -> None:
    line = "06:38:16.402 [main] INFO o.d.o.listeners.ScoreIterationListener - Score at iteration {i} is {v}\n"
    log = _log(tmp_path, "".join(line.format(i=100 * i, v=_value(i)) for i in range(1, 9)))
    assert log.series["Score (loss)"].step.tolist() == list(range(100, 900, 100))


def test_a_configuration_printed_at_every_start_is_no_measurement(tmp_path: Path) -> None:
    dump = "".join(f"    KEY_{i}: {i}\n" for i in range(20)) + "  BASE_LR: 0.01\n  LOSS_GAMMA: 2.0\n"
    start = "".join(f"iter: {20 * i}  loss: {_value(i)} ({_value(i)})  lr: 0.01\n" for i in range(1, 5))
    log = _log(tmp_path, (dump + start) * 30)
    assert set(log.series) == {"loss", "loss (avg)", "lr"}


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        ("[{i:5d}] mse={v}", "mse"),
        ("chunk {i} mse {v}", "mse"),
        ("sweep {i}: rmse = {v}", "rmse"),
        ("pass {i}: mae {v}", "mae"),
        ("  {i} | {v} | acc 0.5 | gnorm 0.1", "value"),
    ],
)
def test_a_regression_says_no_loss_and_counts_in_words_of_its_own(line: str, tag: str, tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(line.format(i=10 * i, v=_value(i)) + "\n" for i in range(9)))
    assert log.series[tag].step.tolist() == list(range(0, 90, 10))
    np.testing.assert_allclose(log.series[tag].value, [_value(i) for i in range(9)])


def test_what_stands_ahead_of_the_course_of_darknet_is_no_part_of_it(tmp_path: Path) -> None:
    lines = [
        "mini_batch = 4, batch = 64, time_steps = 1, train = 1 ",
        "Learning Rate: 0.001, Momentum: 0.949, Decay: 0.0005",
    ]
    lines += [
        f" {i}: {100 / i:.6f}, {110 / i:.6f} avg loss, 0.001000 rate, 2.1 seconds, {64 * i} images, 50.1 hours left"
        for i in range(1, 31)
    ]
    log = _log(tmp_path, "\n".join(lines) + "\n")
    assert set(log.series) == {"loss", "avg_loss", "learning_rate"}
    assert log.series["loss"].step.tolist() == list(range(1, 31))


def test_sockeye_counts_its_batches_and_what_a_checkpoint_measured_stands_behind_the_last_of_them(
    tmp_path: Path,
) -> None:
    lines = ["[INFO:sockeye.training] Epoch: 300"]
    for checkpoint in range(1, 6):
        lines += [
            f"[INFO:sockeye.training] E={batch // 500} B={batch}\ts/sec=192.73 tok/sec=3618.3\tppl={90 / batch:.6f}"
            for batch in range(400 * checkpoint - 350, 400 * checkpoint + 50, 50)
        ]
        head = f"[INFO:sockeye.training] Checkpoint [{checkpoint}]\t"
        lines += [f"{head}Updates={200 * checkpoint} Epoch={400 * checkpoint // 500} Samples=27254 Time-cost=4283.2"]
        lines += [f"{head}Train-ppl=2.5", f"{head}Validation-ppl={9 / checkpoint:.4f}\tValidation-length-ratio-mse=1.1"]
    log = _log(tmp_path, "\n".join(lines) + "\n")
    assert log.series["ppl"].step.tolist() == list(range(50, 2050, 50))
    assert log.series["Validation-ppl"].step.tolist() == [400, 800, 1200, 1600, 2000]
    assert log.series["epoch"].value.max() == 4


def test_the_header_that_yolo_draws_ahead_of_the_bar_of_its_validation_is_no_description_of_it(tmp_path: Path) -> None:
    text = ""
    for epoch in range(12):
        text += "     Epoch   gpu_mem       box       obj       cls     total    labels  img_size\n"
        text += f"      {epoch}/11     12.1G   {0.1 / (1 + epoch):.5f}   0.06000   0.02000"
        text += f"    {0.3 / (1 + epoch):.4f}        31       640: "
        text += "100%|██████████| 100/100 [01:02<00:00,  1.50it/s]\n"
        text += "               Class      Images      Labels           P           R      mAP@.5  mAP@.5:.95: "
        text += "100%|██████████| 4/4 [00:01<00:00,  3.10it/s]\n"
        text += "                 all         128         929       0.500       0.400       0.500       0.300\n"
    log = _log(tmp_path, text)
    assert log.series["total_loss"].axis == "epoch"
    assert log.series["total_loss"].step.tolist() == list(range(12))
    assert log.series["labels"].step.size == 12


def test_the_bar_that_torchtune_draws_has_epoch_and_step_ahead_of_the_loss(tmp_path: Path) -> None:
    drawn = [
        f"{1 + i // 20}|{i}|Loss: {3 / (1 + i / 10):.4f}: {5 * (i % 20):3d}%|██| {i % 20}/20 [00:30<00:30]"
        for i in range(1, 40)
    ]
    log = _log(tmp_path, "\r".join(drawn) + "\n")
    assert log.series["Loss"].step.tolist() == list(range(1, 40))
    assert log.series["epoch"].value[-1] == 2


def test_the_iteration_above_a_block_of_rsl_rl_is_the_step_of_what_stands_in_it(tmp_path: Path) -> None:
    lines = []
    for i in range(20):
        lines += ["#" * 80, f"          \x1b[1m Learning iteration {i}/1500 \x1b[0m          ", ""]
        lines += [f"       Value function loss: {1 / (1 + i):.4f}", f"            Surrogate loss: -0.00{i:02d}"]
        lines += [
            f"               Mean reward: {i:.2f}",
            "-" * 80,
            f"           Total timesteps: {98304 * (i + 1)}",
            "",
        ]
    log = _log(tmp_path, "\n".join(lines) + "\n")
    assert set(log.series) == {"Value function loss", "Surrogate loss", "Mean reward", "Total timesteps"}
    assert all(one.step.tolist() == list(range(20)) for one in log.series.values())


def test_a_number_near_itself_in_a_few_lines_of_a_step_is_not_taken_for_a_copy(tmp_path: Path) -> None:
    lines = []
    for i in range(1, 31):
        second = 5.0 / i if i % 5 == 0 else 5.5 / i
        lines += [f"step {i} part loss {5 / i:.4f} acc 0.{i:02d}1", f"step {i} part loss {second:.4f} acc 0.{i:02d}7"]
    log = _log(tmp_path, "\n".join(lines) + "\n")
    assert {one.step.size for one in log.series.values()} == {60}


def test_a_round_named_on_a_line_of_its_own_is_the_place_of_the_lines_below_it(tmp_path: Path) -> None:
    rounds = "".join(
        f"Round {i}\nserver stats: [loss: {_value(i)}\nserver stats: [accuracy: 4{i}.5\n" for i in range(9)
    )
    log = _log(tmp_path, rounds)
    assert log.series["loss"].step.tolist() == log.series["accuracy"].step.tolist() == list(range(9))


def test_the_default_format_of_logging_leaves_a_batch_its_place(tmp_path: Path) -> None:
    lines = "".join(
        f"INFO:root:[{1 + i // 4}, {50 * (i % 4):5d}/ 200] - Class: 5.{i} -Autoencoder Loss (total): {_value(i)}\n"
        for i in range(12)
    )
    log = _log(tmp_path, lines)
    assert log.series["Autoencoder Loss"].step.tolist() == list(range(0, 600, 50))
    assert "root" not in log.series
    assert "Loss" not in log.series


def test_the_configuration_that_verl_prints_is_no_part_of_its_course(tmp_path: Path) -> None:
    head = "\x1b[36m(TaskRunner pid=625502)\x1b[0m "
    lines = [f"{head}{{'actor_rollout_ref': {{'actor': {{'kl_loss_coef': 0.001,"]
    lines += [f"{head}                        'mtp_loss_scaling_factor': 0.1,"] * 2
    lines += [
        f"{head}   'n': 1,",
        f"{head}   'kl_coef': 0.001,",
        f"{head}   'lr': 1e-05,",
        f"{head}   'total_epochs': 1}}}}}}",
    ]
    lines += [f"{head}Total training steps: 3746", f"{head}Total steps: 3746, num_warmup_steps: 0"]
    for i in range(1, 31):
        lines.append(f"{head}time cost: {2 + i / 100:.2f}")
        lines.append(
            f"{head}step:{i} - actor/pg_loss:{1e-3 / i:.5f} - actor/grad_norm:{1 / i:.4f} - critic/score/mean:0.{i:02d}"
        )
    log = _log(tmp_path, "\n".join(lines) + "\n")
    assert log.series["actor/pg_loss"].step.tolist() == list(range(1, 31))
    assert not {"kl_coef", "lr", "mtp_loss_scaling_factor", "total_epochs"} & set(log.series)
    assert log.restarts == ()
    assert all(np.all(np.diff(one.step) >= 0) for one in log.series.values())


def test_numbers_in_braces_and_the_epoch_ahead_of_its_word_are_read(tmp_path: Path) -> None:
    braces = "".join(
        f"2022-02-15 17:55:15 INFO epoch: {{{e}/30}}, step: {{{s}/2}}, loss : {{{3 / (e + s):.5f}}}, lr : {{0.001}}\n"
        for e in range(1, 11)
        for s in (1, 2)
    )
    log = _log(tmp_path, braces)
    assert log.series["loss"].step.tolist() == list(range(1, 21))
    mugs = "".join(
        f"INFO:{e}-epoch ({n}/100): total loss {9 / (1 + 100 * e + n):.6f}, lr 1.3e-11, wd 4.0e-02\n"
        for e in range(3)
        for n in range(9, 100, 10)
    )
    log = _log(tmp_path, mugs, "mugs.log")
    assert log.series["total loss"].step.size == 30
    assert np.all(np.diff(log.series["total loss"].step) > 0)


def test_arguments_printed_among_the_numbers_of_a_training_are_none_of_them(tmp_path: Path) -> None:
    lines = []
    for start in range(3):
        lines.append("INFO:Namespace(arch='vit_small', lr=0.0008, weight_decay=0.04, clip_grad=3.0, epochs=100)")
        lines += [f"INFO:epoch {start * 10 + e} loss {3 / (1 + start * 10 + e):.4f}" for e in range(10)]
    log = _log(tmp_path, "\n".join(lines) + "\n")
    assert set(log.series) == {"loss"}
    assert {s.name for s in log.settings} >= {"arch", "lr", "epochs"}


def _noisy(i: int) -> float:
    return round(3.0 / (1 + i) + 0.013 * (i % 7) + 0.0101, 4)


def test_lines_that_count_under_a_name_of_their_own_are_placed_by_it(tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(f"u={10 * i} nats={_noisy(i)}\n" for i in range(40)))
    assert log.series["nats"].step.tolist() == [10 * i for i in range(40)]
    assert not log.settings
    assert any("u counts up" in warning.text for warning in log.warnings)


def test_numbers_in_no_order_are_no_log_of_a_training(tmp_path: Path) -> None:
    path = tmp_path / "points.txt"
    path.write_text("".join(f"x={(7 * i) % 13} y={_noisy(i)}\n" for i in range(60)))
    assert parsers.recognise(path) != "text"


def test_batches_of_epochs_by_their_initials_are_read_beside_lines_of_validation(tmp_path: Path) -> None:
    lines = []
    for epoch in range(1, 9):
        lines += [f"E{epoch:03d} B{b:02d} total={_noisy(epoch)} ce={_noisy(b)} kd=0.5{b}" for b in range(0, 30, 5)]
        lines.append(f"E{epoch:03d} VALID ce={_noisy(epoch)} acc={epoch}.5%")
    log = _log(tmp_path, "\n".join(lines) + "\n")
    assert log.series["total"].value.size == 48
    assert len(set(log.series["total"].step.tolist())) == 48
    assert log.series["VALID ce"].value.size == 8


def test_the_names_of_the_best_known_gan_are_read_with_their_brackets(tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(f"{5 * i} D {_noisy(i)} G -0.0{i} D(x) 0.{i} D(G(z)) 0.0{i}\n" for i in range(10, 60)))
    assert set(log.series) == {"D", "G", "D(x)", "D(G(z))"}
    assert log.series["D"].step.tolist() == [5 * i for i in range(10, 60)]


def test_a_step_in_brackets_behind_an_absl_prefix_is_the_step(tmp_path: Path) -> None:
    head = "I1121 00:00:0{} 140352 train.py:88] [{}] loss={}, learning_rate=2.00e-03\n"
    log = _log(tmp_path, "".join(head.format(i, 10 * i, _value(i)) for i in range(8)))
    assert log.series["loss"].step.tolist() == [10 * i for i in range(8)]


def test_restoration_codes_give_the_terms_of_their_loss_in_brackets_and_two_times_behind(tmp_path: Path) -> None:
    text = ""
    for epoch in (1, 2):
        text += f"[Epoch {epoch}]\tLearning rate: 1.00e-4\n"
        for n in (1600, 3200, 4800):
            value = 9 / epoch - n / 1600
            text += f"[{n}/4800]\t[L1: {value:.4f}][VGG22: 0.2000][Total: {value + 0.2:.4f}]\t65.8+0.4s\n"
        text += f"\nEvaluation:\n[Set5 x2]\tPSNR: 3{epoch}.031 (Best: 3{epoch}.031 from epoch {epoch})\n\n"
    log = _log(tmp_path, text, "log.txt")

    assert {"L1 loss", "VGG22 loss", "Total loss"} <= set(log.series)
    assert log.series["L1 loss"].step.tolist() == [1600, 3200, 4800, 6400, 8000, 9600]
    assert log.series["L1 loss"].value.tolist() == [8.0, 7.0, 6.0, 3.5, 2.5, 1.5]


def test_the_results_of_yolo_are_read_without_their_header(tmp_path: Path) -> None:
    text = ""
    for e in range(5):
        row = (0.09 - e / 100, 0.03, float("nan") if e == 4 else 0.002, 0.122, 6, 640)
        text += f"{f'{e}/99':>10}{'5.62G':>10}" + "".join(
            f"{v:>10.4g}" for v in (*row, 0.9, 0.8, 0.7, 0.6, 0.05, 0.01, 0.0004)
        )
        text += "\n"
    log = _log(tmp_path, text, "results.txt")

    assert log.series["train/box_loss"].step.tolist() == [0, 1, 2, 3, 4]
    assert log.series["train/box_loss"].value.tolist() == [0.09, 0.08, 0.07, 0.06, 0.05]
    assert np.isnan(log.series["train/cls_loss"].value).tolist() == [False] * 4 + [True]
    assert log.series["val/cls_loss"].value.tolist() == [0.0004] * 5
    assert log.series["metrics/mAP_0.5:0.95"].axis == "epoch"


def _deepxde(step: int, train: str, test: str, metrics: str = "") -> str:
    return f"{step:<10}[{train}]    [{test}]    [{metrics}]  \n"


def test_the_terms_that_a_physics_network_lists_are_summed_up_to_its_loss(tmp_path: Path) -> None:
    text = "Training model...\n\nStep      Train loss              Test loss               Test metric\n"
    text += "".join(_deepxde(1000 * i, f"{_value(i)}, 0.5", f"{_value(i)}, 0.25", "2.5e-01") for i in range(6))
    log = _log(tmp_path, text + "\nBest model at step 5000:\n  train loss: 1.00e+00\n")

    assert log.series["train loss"].step.tolist() == [0, 1000, 2000, 3000, 4000, 5000]
    np.testing.assert_allclose(log.series["train loss"].value, [_value(i) + 0.5 for i in range(6)])
    np.testing.assert_allclose(log.series["test loss"].value, [_value(i) + 0.25 for i in range(6)])
    assert log.series["train loss term 2"].value.tolist() == [0.5] * 6
    assert log.series["test metric 1"].value.tolist() == [0.25] * 6


def test_terms_that_are_not_measured_on_the_points_of_the_test_make_no_test_loss(tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(_deepxde(1000 * i, f"{_value(i)}, 0.5", f"{_value(i)}, 0.00e+00") for i in range(6)))

    assert set(log.series) == {"train loss", "train loss term 1", "train loss term 2"}


def test_the_sign_of_a_comment_heads_no_column_of_a_table(tmp_path: Path) -> None:
    names = ("rmse_val", "rmse_trn", "rmse_lc_val", "rmse_lc_trn")
    text = "#  step      rmse_val    rmse_trn   rmse_lc_val rmse_lc_trn         lr\n# where there is none, nan\n"
    text += "".join(
        f"{100 * i:7d}      1.1{i}e-01    2.1{i}e-01           nan    3.1{i}e-01    1.0e-03\n" for i in range(6)
    )
    log = _log(tmp_path, text, "lcurve.out")

    assert {*names, "lr"} == set(log.series)
    assert log.series["rmse_trn"].step.tolist() == [0, 100, 200, 300, 400, 500]
    assert log.series["rmse_trn"].value.tolist() == [0.21 + i / 1000 for i in range(6)]
    assert np.isnan(log.series["rmse_lc_val"].value).all()


def test_the_errors_of_two_players_are_known_by_their_initials(tmp_path: Path) -> None:
    line = "Epoch: [1][{n:8d} /      237]\t Time: 0.109  DataTime: 0.003    Err_G: {v}  Err_D: 0.0353\t\n"
    log = _log(tmp_path, "".join(line.format(n=100 + i, v=_value(i)) for i in range(8)))

    assert log.series["Err_G"].value.tolist() == [_value(i) for i in range(8)]
    assert log.series["Err_G"].step.tolist() == list(range(100, 108))


def test_bars_above_the_first_heading_of_an_epoch_are_those_of_the_epoch_before(tmp_path: Path) -> None:
    text = "99/99 [==============================] - 47s - loss: 0.9 - val_loss: 0.95\n"
    for e in range(130, 136):
        text += f"Epoch {e}/200\n99/99 [==============================] - 47s - loss: 0.{e} - val_loss: 0.5\n"
    log = _log(tmp_path, text)

    assert log.series["loss"].step.tolist() == list(range(129, 136))
    assert log.series["loss"].value.tolist()[:2] == [0.9, 0.13]


def test_sentences_above_a_few_lines_of_output_are_no_source_code(tmp_path: Path) -> None:
    text = "from:\nif I change the rate it gets worse\nfor example now\n"
    log = _log(tmp_path, text + "".join(f"global step {i}: loss = {_value(i)} (0.345 sec/step)\n" for i in range(5)))

    assert log.series["loss"].value.tolist() == [_value(i) for i in range(5)]


def test_epoch_and_batch_in_one_bracket_count_on_over_the_epochs(tmp_path: Path) -> None:
    text = "".join(
        f"2022/06/01 14:1{e}:{n:02d} 0.6 b/s,passed:00:13:16,lr:0.0004,[{e}/100:{n}/20] ==> loss:{_value(20 * e + n)}\n"
        for e in (2, 3)
        for n in (5, 10, 15, 20)
    )
    log = _log(tmp_path, text)

    assert log.series["loss"].step.tolist() == [25, 30, 35, 40, 45, 50, 55, 60]
    assert log.series["loss"].value.tolist() == [_value(20 * e + n) for e in (2, 3) for n in (5, 10, 15, 20)]


def test_total_step_beside_a_loss_is_where_it_was_logged(tmp_path: Path) -> None:
    line = "epoch 5, total_step {n}, total loss is {v:.3f} , reg_loss is 0.48, time 283.005 samples/sec\n"
    log = _log(tmp_path, "".join(line.format(n=349550 + 50 * i, v=_value(i)) for i in range(6)))

    assert log.series["total loss"].step.tolist() == [349550 + 50 * i for i in range(6)]


def _catboost(values: list[float], pick: Callable[[list[float]], float]) -> str:
    line = "{i}:\tlearn: {a:.4f}\ttest: {b:.4f}\tbest: {c:.4f} (0)\ttotal: 1{i}s\tremaining: 1h 39m 38s\n"
    return "".join(line.format(i=i, a=value + 0.1, b=value, c=pick(values[: i + 1])) for i, value in enumerate(values))


@pytest.mark.parametrize(
    ("values", "pick", "name"),
    [
        ([0.5, 0.6, 0.55, 0.7, 0.72], max, "score"),
        ([0.5, 0.6, 0.7, 0.71, 0.72], max, "score"),
        ([0.9, 0.85, 0.87, 0.8, 0.7], min, "loss"),
        ([0.5, 0.5, 0.5, 0.5, 0.5], min, "loss"),
    ],
)
def test_the_best_of_catboost_tells_a_score_from_a_loss(
    tmp_path: Path, values: list[float], pick: Callable[[list[float]], float], name: str
) -> None:
    log = _log(tmp_path, _catboost(values, pick))

    assert set(log.series) == {f"learn {name}", f"test {name}"}
    assert log.series[f"test {name}"].value.tolist() == values
    assert log.trainer == "catboost"


@pytest.mark.parametrize(
    "line",
    [
        # before 2018, and the cross validation, which says no times
        "{i}:\tlearn {a:.4f}passed: 1{i}.2 sec\ttotal: 3m 1{i}s\tremaining: 1h 39m 38s\n",
        "{i}:\tlearn {a:.4f}\ttest {b:.4f}\tbestTest {c:.4f} (0)\ttotal: 1{i}s\tremaining: 1h 39m 38s\n",
        "{i}:\tlearn: {a:.4f}\ttest: {b:.4f}\tbest: {c:.4f} (0)\n",
    ],
)
def test_the_rounds_of_catboost_are_read_in_their_older_forms(line: str, tmp_path: Path) -> None:
    learn, test = [0.9, 0.82, 0.75, 0.71, 0.7, 0.66], [0.95, 0.9, 0.85, 0.87, 0.8, 0.7]
    told = enumerate(zip(learn, test, strict=True))
    log = _log(tmp_path, "".join(line.format(i=i, a=a, b=b, c=min(test[: i + 1])) for i, (a, b) in told))

    assert log.series["learn loss"].value.tolist() == learn
    assert log.series["learn loss"].step.tolist() == list(range(6))
    assert "test" not in line or log.series["test loss"].value.tolist() == test
    assert log.trainer == "catboost"


@pytest.mark.parametrize(
    "ahead", ["", "o.d.o.l.ScoreIterationListener - ", "[main] INFO  o.d.o.l.ScoreIterationListener - "]
)
def test_the_score_of_deeplearning4j_is_read_whoever_says_it(ahead: str, tmp_path: Path) -> None:
    log = _log(tmp_path, "".join(f"{ahead}Score at iteration {20 * i} is {_value(i)}\n" for i in range(8)))

    assert log.series["Score (loss)"].step.tolist() == [20 * i for i in range(8)]
    assert log.series["Score (loss)"].value.tolist() == [float(_value(i)) for i in range(8)]


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        # the count ahead of what is counted, and one glued to its name
        (lambda i: f"Loss after {i + 1} epochs: {_value(i)}\t", "Loss"),
        (lambda i: f"Epoch... ({i + 1}/90 | Loss: {_value(i)})", "Loss"),
        (lambda i: f"2020-04-19 11:35:46,382 - root - Epoch{i + 1} loss = {_value(i)}", "loss"),
    ],
)
def test_an_epoch_is_told_ahead_of_its_name_or_glued_to_it(line: Line, tag: str, tmp_path: Path) -> None:
    series = _log(tmp_path, "\n".join(line(i) for i in range(8)) + "\n").series[tag]
    np.testing.assert_allclose(series.value, [_value(i) for i in range(8)], rtol=1e-4)
    assert (series.axis, series.step.tolist()) == ("epoch", list(range(1, 9)))


def test_a_file_called_after_its_epoch_is_no_place(tmp_path: Path) -> None:
    lines = "".join(f"step {i}: loss {_value(i)}\nsaved /out/epoch{i}.pth, size 3.5\n" for i in range(8))
    assert _log(tmp_path, lines).series["loss"].axis == "step"


@pytest.mark.parametrize(
    ("train", "held_back"),
    [
        ("Epoch {i} | Train: loss={a} acc=0.6", " | Val: loss={b} acc=0.7"),
        ("epoch {i} : train (5.1 sec): loss={a} (0.1), acc=0.6", " | valid (0.3 sec): loss={b} (0.1), acc=0.7"),
        ("Epoch {i}/9 - train: loss {a}, acc 0.6", " - dev: loss {b}, acc 0.7"),
        ("Epoch {i} train : [loss = {a}, top1 = 60.0%]", ", test  : [loss = {b}, top1 = 70.0%]"),
    ],
)
def test_the_parts_of_a_line_say_of_what_data_their_numbers_are(train: str, held_back: str, tmp_path: Path) -> None:
    lines = [(train + held_back).format(i=i, a=_value(i), b=f"{1 + float(_value(i)):.4f}") for i in range(8)]
    log = _log(tmp_path, "\n".join(lines) + "\n")
    np.testing.assert_allclose(log.series["loss"].value, [_value(i) for i in range(8)], rtol=1e-4)
    (other,) = [tag for tag in log.series if tag.endswith("/loss")]
    np.testing.assert_allclose(log.series[other].value - 1, [_value(i) for i in range(8)], atol=1e-3)
    assert split_of(other) in ("val", "test")
    assert len([tag for tag in log.series if "acc" in tag or "top1" in tag]) == 2


def test_an_evaluation_names_its_losses_by_their_data_alone(tmp_path: Path) -> None:
    lines = "".join(
        f"[train] iter {10 * i}: loss {_value(i)} 2905 ms/iter\n"
        + (f"[eval] iter {10 * i}: train {_value(i)} val {_value(i)} lr 7.50e-07\n" if i % 2 == 0 else "")
        for i in range(12)
    )
    log = _log(tmp_path, lines)
    assert log.series["loss"].step.tolist() == list(range(0, 120, 10))
    assert log.series["val loss"].step.tolist() == list(range(0, 120, 20))


def test_numbers_below_a_line_that_counts_up_stand_at_its_count(tmp_path: Path) -> None:
    # At each tenth game another line says the same count, and nothing else.
    lines = "".join(
        f"2025-06-04 19:53:31, batch i:{i}, episode_len:{28 + i % 5}\n"
        + (f"kl:0.0{i},loss:{_value(i)},entropy:4.3\n" if i > 1 else "")
        + (f"current self-play batch: {i}\n" if i % 10 == 0 else "")
        for i in range(1, 40)
    )
    series = _log(tmp_path, lines).series["loss"]
    assert series.step.tolist() == list(range(2, 40))
    np.testing.assert_allclose(series.value, [_value(i) for i in range(2, 40)], rtol=1e-4)


def test_the_mean_of_an_epoch_behind_its_last_batch_is_a_course_of_its_own(tmp_path: Path) -> None:
    course = [2.0 * 0.98**i + 0.1 for i in range(60)]
    lines = [
        f"2025-01-14 15:16:07,578 train {50 * b:03d} {course[4 * e + b]:e} 10.9 56.2"
        + (f"\n2025-01-14 15:22:24,034 train_loss {course[4 * e] * 0.97:.6f}" if b == 3 else "")
        for e in range(15)
        for b in range(4)
        if not (e == 9 and b in (1, 2))  # an epoch may be cut short
    ]
    log = _log(tmp_path, "\n".join(lines) + "\n")
    np.testing.assert_allclose(log.series["train_loss"].value, [*course[:37], *course[39:]], rtol=1e-5)
    means = log.series["train_loss (per epoch)"].value
    np.testing.assert_allclose(means, [0.97 * v for v in course[::4]], rtol=1e-5)


@pytest.mark.parametrize("word", ["nan", "-nan", "inf"])
@pytest.mark.parametrize("first", [1, 10_001])
@pytest.mark.parametrize("name", ["avg", "avg loss"])
def test_the_rows_of_darknet_that_are_no_numbers_any_more_are_read(
    tmp_path: Path, name: str, first: int, word: str
) -> None:
    said = [(_value(i), _value(i) + 1) if i < 20 else (word, word) for i in range(26)]
    row = "{}: {}, {} {}, 0.001000 rate, 3.100000 seconds, {} images\n"
    text = "".join(row.format(first + i, a, b, name, 64 * i) for i, (a, b) in enumerate(said))
    loss = _log(tmp_path, text).series["loss"]
    np.testing.assert_array_equal(loss.step, first + np.arange(26))
    assert not np.isfinite(loss.value[20:]).any()
    nothing = "".join(row.format(first + i, word, word, name, 64 * i) for i in range(6))
    np.testing.assert_array_equal(_log(tmp_path, nothing).series["loss"].step, first + np.arange(6))
