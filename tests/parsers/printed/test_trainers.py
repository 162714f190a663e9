"""Lines of trainers that do not install here, in the form that they are known to print.

Written by hand, not by the trainers: what they prove is that this form is read, not that no version prints another.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens import parsers
from losslens.model import Role
from losslens.roles import assign

LOSS = 3.0 * 0.95 ** np.arange(30) + 0.2

CAFFE = (
    "I1205 10:00:00.000000  1234 solver.cpp:218] Iteration {s20} (3.2 iter/s, 31s/100 iters), loss = {v:.5f}\n"
    "I1205 10:00:00.000000  1234 solver.cpp:237]     Train net output #0: loss = {v:.5f} (* 1 = {v:.5f} loss)\n"
    "I1205 10:00:00.000000  1234 sgd_solver.cpp:105] Iteration {s20}, lr = 0.01\n"
)
TRAINERS = {
    "caffe": (CAFFE, 20, {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "lr"}),
    "darknet": (
        " {s1}: {v:.6f}, {v:.6f} avg loss, 0.000100 rate, 3.07 seconds, 64 images, 10.1 hours left\n",
        1,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "learning_rate"},
    ),
    "opennmt": (
        "[2020-01-01 10:00:00,123 INFO] Step {s50}/10000; acc: 12.20; ppl: 30.1; xent: {v:.4f}; lr: 0.00010;"
        " 3000/3100 tok/s; 10 sec\n",
        50,
        {Role.TRAIN_LOSS: "xent", Role.LEARNING_RATE: "lr", Role.ACCURACY: "acc"},
    ),
    "marian": (
        "[2019-01-01 10:00:00] Ep. 1 : Up. {s50} : Sen. 64,000 : Cost {v:.6f} : Time 100.22s : 3000.22 words/s"
        " : gNorm 1.2345 : L.r. 1.0000e-04\n",
        50,
        {Role.TRAIN_LOSS: "Cost", Role.LEARNING_RATE: "learning rate", Role.GRAD_NORM: "gNorm"},
    ),
    "paddle": (
        "[2020/01/01 10:00:00] root INFO: epoch: [1/500], iter: {s20}, lr: 0.001000, loss: {v:.5f}, reader_cost: 0.1 s,"
        " batch_cost: 0.3 s, ips: 10.1\n",
        20,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "lr", Role.THROUGHPUT: "ips"},
    ),
    "tesseract": (
        "At iteration {s50}/{s50}/{s50}, Mean rms={v:.4f}%, delta=2.2%, BCER train=80.1%, skip ratio=0%.\n",
        50,
        {Role.TRAIN_LOSS: "Mean rms"},
    ),
    "verl": (
        "(TaskRunner pid=1234) step:{s1} - actor/entropy:0.5 - actor/pg_loss:{v:.6f} - actor/ppo_kl:0.0"
        " - actor/grad_norm:0.3 - actor/lr:1e-06 - critic/rewards/mean:0.1\n",
        1,
        {
            Role.TRAIN_LOSS: "actor/pg_loss",
            Role.GRAD_NORM: "actor/grad_norm",
            Role.KL: "actor/ppo_kl",
            Role.REWARD: "critic/rewards/mean",
        },
    ),
    "nemo": (
        "Training epoch 0, iteration {s1}/999 | lr: 1.0e-05 | global_batch_size: 512 | global_step: {s1} | "
        "reduced_train_loss: {v:.5f} | train_step_timing in s: 12.66 | consumed_samples: 512\n",
        1,
        {Role.TRAIN_LOSS: "reduced_train_loss", Role.LEARNING_RATE: "lr", Role.BATCH_SIZE: "global_batch_size"},
    ),
    "marian under MPI": (
        "2022-05-01 21:54:09 [2022-05-01 14:54:07 mpi:0] Ep. 24.151 : Up. {s50} : Sen. 646,829,638 : Cost {v:.8f}"
        " * 25,437,554 @ 2,305,265 after 24,150,553,337 : Time 21.29s : 11.02 words/s : gNorm 1.2345 : L.r. 2.8e-04\n",
        50,
        {Role.TRAIN_LOSS: "Cost", Role.LEARNING_RATE: "learning rate", Role.GRAD_NORM: "gNorm"},
    ),
    "verl with NumPy's numbers": (
        "step:{s1} - actor/pg_loss:np.float64({v:.6f}) - actor/grad_norm:np.float64(0.4) - critic/score/mean:0.2"
        " - training/global_step:{s1} - timing_s/update_weights:0.8\n",
        1,
        {Role.TRAIN_LOSS: "actor/pg_loss", Role.GRAD_NORM: "actor/grad_norm"},
    ),
    "nemo, whose bar knows no total": (
        "[my-sft-1] [2025-12-17 04:54:49,774] [INFO] Epoch 0: : {s1}it [00:04,  4.36s/it, v_num=d3c7,"
        " reduced_train_loss={v:.4f}, global_step={s1}.000, train_step_timing in s=3.370, samples/sec=14.60]\n",
        1,
        {Role.TRAIN_LOSS: "reduced_train_loss", Role.THROUGHPUT: "samples/sec"},
    ),
    "darknet with its heads": (
        "v3 (mse loss, Normalizer: (iou: 0.75, obj: 1.00, cls: 1.00) Region 82 Avg (IOU: 0.412345), count: 9,"
        " class_loss = 9.123456, iou_loss = 0.412345, total_loss = 9.535801 \n"
        " total_bbox = {s50}, rewritten_bbox = 0.000000 % \n"
        " {s1}: {v:.6f}, {v:.6f} avg loss, 0.000100 rate, 3.072345 seconds, 64 images, 1.123456 hours left\n",
        1,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "learning_rate"},
    ),
    "kaldi": (
        "LOG (nnet3-train[5.5.463~1-9f3d8]:PrintStatsForThisPhase():nnet-training.cc:288) Average objective function"
        " for 'output' for minibatches 0-{s50} is -{v:.6f} over 12800 frames.\n",
        50,
        {Role.TRAIN_LOSS: "output loss (objective, negated)"},
    ),
    "kaldi's chain models": (
        "LOG (nnet3-chain-train[5.5.463~1-9f3d8]:PrintStatsForThisPhase():nnet-training.cc:288) Average objective"
        " function for 'output' for minibatches 0-{s50} is -0.5 + -0.01 = -{v:.6f} over 634368 frames.\n",
        50,
        {Role.TRAIN_LOSS: "output loss (objective, negated)"},
    ),
    "kohya with terms": (
        "steps:   1%|          | {s1}/1000 [00:10<10:00,  1.0it/s, avr_loss={v:.5f}, loss/depth={v:.3f}]\n",
        1,
        {Role.TRAIN_LOSS: "avr_loss"},
    ),
    "maxtext": (
        "completed step: {s1}, seconds: 0.401, TFLOP/s/device: 0.123, Tokens/s/device: 645.1, total_weights: 256,"
        " loss: {v:.3f}, lm_loss: {v:.3f}, perplexity: 20.1\n",
        1,
        {Role.TRAIN_LOSS: "loss", Role.THROUGHPUT: "Tokens/s/device"},
    ),
    "kohya": (
        "steps:   1%|          | {s1}/1000 [00:10<10:00,  1.0it/s, avr_loss={v:.5f}]\n",
        1,
        {Role.TRAIN_LOSS: "avr_loss"},
    ),
    # The lines below are in the form of logs that were published with the programs, or of their sources.
    "dlib": (
        "step#: {s50}   learning rate: 0.1   average loss: {v:<12.6f} steps without apparent progress: 4\n",
        50,
        {Role.TRAIN_LOSS: "average loss", Role.LEARNING_RATE: "learning rate"},
    ),
    "mindformers": (
        "2025-04-07 15:34:27,308 - [mindformers/core/callback/callback.py:529] - INFO - {{ Epoch:[  1/  2],"
        " step:[{s1:>5}/   90], loss: {v:.4f}, per_step_time: 103328ms, lr: 1e-05, overflow cond: False,"
        " loss_scale: 1.0, global_norm: [1.31049], train_throughput_per_npu: 2.896T\n",
        1,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "lr"},
    ),
    "paddleocr": (
        "[2022/08/01 10:00:00] ppocr INFO: epoch: [1/500], global_step: {s20}, lr: 0.001000, acc: 0.500000,"
        " norm_edit_dis: 0.512345, loss: {v:.6f}, avg_reader_cost: 0.10000 s, avg_batch_cost: 0.50000 s,"
        " avg_samples: 64.0, ips: 128.00000 samples/s, eta: 1 day, 2:03:04\n",
        20,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "lr"},
    ),
    "paddledetection": (
        "[07/15 10:12:00] ppdet.engine INFO: Epoch: [0] [ {s20}/1000] learning_rate: 0.000333 loss_xy: 0.510000"
        " loss_wh: 0.610000 loss: {v:.6f} eta: 5:00:00 batch_cost: 1.0000 data_cost: 0.0003 ips: 8.0000 images/s\n",
        20,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "learning_rate"},
    ),
    "paddleseg": (
        "2022-07-15 10:12:00 [INFO]\t[TRAIN] epoch: 1, iter: {s20}/6000, loss: {v:.4f}, lr: 0.009900,"
        " batch_cost: 0.1000, reader_cost: 0.00012, ips: 40.0 samples/sec | ETA 00:01:00\n",
        20,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "lr"},
    ),
    "char-rnn": (
        "{s1}/21150 (epoch 0.002), train_loss = {v:.8f}, grad/param norm = 5.1234e-01, time/batch = 0.52s\n",
        1,
        {Role.TRAIN_LOSS: "train_loss"},
    ),
    "fb.resnet.torch": (
        " | Epoch: [1][{s1}/100]    Time 0.512  Data 0.001  Err {v:.4f}  top1  50.000  top5  20.000\n",
        1,
        {Role.TRAIN_LOSS: "loss"},
    ),
    "clu": (
        "I0501 10:00:00.123456 140123456789 logging_writer.py:48] [{s50}] accuracy=0.5, learning_rate=0.001,"
        " loss={v:.6g}\n",
        50,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "learning_rate", Role.ACCURACY: "accuracy"},
    ),
    "sciml": ("Iteration: {s1} || Loss: {v:.6f}\n", 1, {Role.TRAIN_LOSS: "Loss"}),
}


@pytest.mark.parametrize("name", TRAINERS)
def test_the_lines_of_a_trainer_are_read_as_it_means_them(name: str, tmp_path: Path) -> None:
    form, every, roles = TRAINERS[name]
    steps = every * np.arange(1, LOSS.size + 1)
    lines = (form.format(v=v, s1=s, s20=s, s50=s) for s, v in zip(steps.tolist(), LOSS.tolist(), strict=True))
    (tmp_path / "train.log").write_text("".join(lines))
    assert parsers.recognise(tmp_path / "train.log") == "text"
    (log,) = parsers.parse(tmp_path / "train.log")
    loss = log.series[roles[Role.TRAIN_LOSS]]
    assert loss.axis == "step"
    assert loss.step.tolist() == steps.tolist()
    np.testing.assert_allclose(loss.value, LOSS, atol=1e-3)
    chosen = {choice.tag: choice.role for choice in assign(log.series, trainer=log.trainer)}
    assert {role: tag for role, tag in roles.items() if chosen[tag] is not role} == {}


def test_the_batches_of_maxtexts_evaluations_are_no_steps_and_no_restarts(tmp_path: Path) -> None:
    text = "Config param learning_rate: 0.001\nConfig param dtype: bfloat16\nConfig param steps: 60\n"
    for step in range(60):
        text += f"completed step: {step}, seconds: 0.401, total_weights: 256, loss: {3 / (step + 1):.3f}\n"
        if step % 20 == 19:
            text += "".join(f"Completed eval step: {n}, seconds: 0.1, running loss={4 + n}.100\n" for n in range(4))
            text += f"Completed eval after train step {step}, loss={60 / step:.3f}, avg_z_loss=0.000\n"
    (tmp_path / "train.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "train.log")
    assert log.series["loss"].step.tolist() == list(range(60))
    assert log.series["eval/loss"].step.tolist() == [19, 39, 59]
    assert not log.restarts
    named = {setting.name: setting.value for setting in log.settings}
    assert named == {"learning_rate": 0.001, "dtype": "bfloat16", "steps": 60}


def test_what_composer_prints_below_a_batch_was_measured_at_it(tmp_path: Path) -> None:
    text = ""
    for batch in range(1, 41):
        text += f"0: [batch={batch}/100]:\n0: \t Train trainer/device_train_microbatch_size: 8\n"
        text += f"0: \t Train loss/train/total: {3 / batch:.4f}\n"
        if batch % 10 == 0:
            text += "0: [Eval batch=1/16] Eval on eval data\n0: [Eval batch=16/16] Eval on eval data:\n"
            text += f"0: \t Eval metrics/eval/LanguageCrossEntropy: {4 / batch:.4f}\n"
    (tmp_path / "train.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "train.log")
    assert log.series["Train loss/train/total"].step.tolist() == list(range(1, 41))
    assert log.series["Eval metrics/eval/LanguageCrossEntropy"].step.tolist() == [10, 20, 30, 40]


def test_what_olmo_prints_below_a_step_was_measured_at_it(tmp_path: Path) -> None:
    text = ""
    for step in range(1, 31):
        head = "[2024-04-17 09:42:26] INFO     [olmo.train:816, rank=0] "
        text += f"{head}[step={step}/739328]\n    train/CrossEntropyLoss={3 / step:.4f}\n    train/Perplexity=76,631\n"
        if step % 10 == 0:
            text += f"{head}v3-small-ppl\n    eval/books/CrossEntropyLoss={4 / step:.4f}\n"
    (tmp_path / "train.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "train.log")
    assert log.series["train/CrossEntropyLoss"].axis == "step"
    assert log.series["train/CrossEntropyLoss"].step.tolist() == list(range(1, 31))
    assert log.series["eval/books/CrossEntropyLoss"].step.tolist() == [10, 20, 30]


def test_what_stands_under_an_iteration_of_caffe_was_measured_at_it(tmp_path: Path) -> None:
    text = ""
    for step in range(0, 2000, 100):
        if step % 500 == 0:
            text += f"I1029 14:52:44.493795 25829 solver.cpp:330] Iteration {step}, Testing net (#0)\n"
            text += f"I1029 14:52:46.712065 25829 solver.cpp:397]     Test net output #0: loss = {1 + 1 / (step + 1)}\n"
        text += f"I1029 14:52:46.795838 25829 solver.cpp:218] Iteration {step} (10 iter/s, 9s/100 iters), loss = 1.5\n"
        text += f"I1029 14:52:46.796061 25829 solver.cpp:237]     Train net output #0: loss_cls = {step + 0.5}\n"
    (tmp_path / "caffe.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "caffe.log")
    assert log.series["test/loss"].step.tolist() == [0, 500, 1000, 1500]
    assert log.series["loss_cls"].step.tolist() == list(range(0, 2000, 100))


def test_a_count_to_another_total_under_a_heading_of_evaluation_is_no_training(tmp_path: Path) -> None:
    text = ""
    for epoch in range(1, 5):
        text += f"Epoch {epoch}/4\n" + "".join(
            f"step {n:2}/20 - loss: {n / epoch:.4f} - 1ms/step\n" for n in (5, 10, 15, 20)
        )
        text += f"Eval begin...\nstep 4/4 - loss: {epoch}.5000 - 1ms/step\nEval samples: 64\n"
    (tmp_path / "train.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "train.log")
    assert log.series["loss"].step.tolist() == list(range(5, 81, 5))
    assert log.series["val/loss"].step.tolist() == [20, 40, 60, 80]
    assert log.series["val/loss"].value.tolist() == [1.5, 2.5, 3.5, 4.5]


@pytest.mark.parametrize(
    "heading", ["Validation at epoch {}", "---- Running validation for epoch {} ----", "Test, epoch: {}"]
)
def test_batches_below_an_evaluation_that_says_its_epoch_are_no_training(heading: str, tmp_path: Path) -> None:
    text = ""
    for epoch in range(1, 5):
        text += f"Epoch: {epoch}/4\n" + "".join(
            f"   batch count: {n}/60, iter: {n}, loss: {(n + 60) / epoch:.4f}\n" for n in (0, 20, 40)
        )
        text += f"{heading.format(epoch)}\n   batch count: 0/9, iter: 0, loss: {epoch}.5000\n"
    (tmp_path / "train.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "train.log")
    assert log.series["loss"].step.tolist() == list(range(0, 240, 20))
    assert log.series["val/loss"].value.tolist() == [1.5, 2.5, 3.5, 4.5]


def test_nnunets_rate_and_dice_are_courses_from_the_first_epoch_on(tmp_path: Path) -> None:
    lines = []
    for n in range(8):
        lines += [
            "",
            f"2024-01-02 10:00:0{n}.100000: Epoch {n}",
            f"2024-01-02 10:00:0{n}.200000: Current learning rate: {0.01 - 0.001 * n:.5f}",
            f"2024-01-02 10:00:0{n}.300000: train_loss {-0.1 * n - 0.05:.4f}",
            f"2024-01-02 10:00:0{n}.300000: val_loss {-0.1 * n:.4f}",
            f"2024-01-02 10:00:0{n}.300000: Pseudo dice [np.float32(0.{n}1), np.float32(0.{n}3), np.float32(nan)]",
            f"2024-01-02 10:00:0{n}.300000: Epoch time: 9.1{n} s",
        ]
    path = tmp_path / "training_log_2024_1_2_10_00_00.txt"
    path.write_text("\n".join(lines) + "\n")
    (log,) = parsers.parse(path)
    (rate,) = [s for tag, s in log.series.items() if "learning rate" in tag]
    assert rate.value.tolist() == pytest.approx([0.01 - 0.001 * n for n in range(8)])
    assert log.series["Pseudo dice"].value.tolist() == pytest.approx([0.1 * n + 0.02 for n in range(8)])
    assert log.series["train_loss"].step.tolist() == list(range(8))
    assert not any("learning rate" in setting.name for setting in log.settings)


def test_what_luz_prints_below_a_heading_of_an_epoch_is_of_its_two_splits(tmp_path: Path) -> None:
    # With the sign that knitr puts ahead of each line, and without it.
    for ahead in ("", "#> "):
        text = "".join(
            f"{ahead}Epoch {n + 1}/30\n{ahead}Train metrics: Loss: {v:.4f} - Acc: 0.5\n"
            f"{ahead}Valid metrics: Loss: {v + 0.1:.4f}\n"
            for n, v in enumerate(LOSS)
        )
        (tmp_path / "train.log").write_text(text)
        (log,) = parsers.parse(tmp_path / "train.log")
        roles = {choice.role: choice.tag for choice in assign(log.series)}
        assert log.series[roles[Role.TRAIN_LOSS]].step.tolist() == list(range(1, 31))
        assert log.series[roles[Role.VAL_LOSS]].value.size == 30


def test_the_blocks_that_ray_prints_of_each_result_are_points(tmp_path: Path) -> None:
    text = ""
    for n, v in enumerate(LOSS, 1):
        text += f"\nTraining finished iteration {n} at 2024-11-21 19:16:12. Total running time: {n}s\n╭{'─' * 31}╮\n"
        text += f"│ Training result               │\n├{'─' * 31}┤\n│ checkpoint_dir_name           │\n"
        text += f"│ time_this_iter_s       25.975 │\n│ training_iteration {n:10} │\n│ loss {v:24.5f} │\n╰{'─' * 31}╯\n"
    (tmp_path / "train.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "train.log")
    np.testing.assert_allclose(log.series["loss"].value, LOSS, atol=1e-4)
    assert log.series["loss"].step.tolist() == list(range(1, 31))


def test_an_epoch_of_cntk_is_read_with_its_minibatches(tmp_path: Path) -> None:
    text = ""
    for n, v in enumerate(LOSS, 1):
        for first in (1, 101):
            text += f" Minibatch[{first:4}-{first + 99:4}]: loss = {v:.6f} * 6400, metric = 60.00% * 6400;\n"
        text += (
            f"Finished Epoch[{n} of 30]: [Training] loss = {v:.6f} * 12800, metric = 60.00% * 12800 2.8s (21 s/s);\n"
        )
    (tmp_path / "train.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "train.log")
    assert log.series["loss"].value[::2].tolist() == [round(v, 6) for v in LOSS.tolist()]
