"""Output of training programs, one dialect a case: the lines as the program prints them, and what they say."""

from __future__ import annotations

from math import nan
from pathlib import Path

import numpy as np
import pytest

from losslens.errors import NotALogError
from losslens.parsers import recognise, text

Points = tuple[list[int], list[float]]

#: Name of the dialect: its lines, what the x counts, and some of its series as (steps, values).
DIALECTS: dict[str, tuple[list[str], str, dict[str, Points]]] = {
    "PyTorch MNIST example": (
        [
            "Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.300000",
            "Train Epoch: 1 [640/60000 (1%)]\tLoss: 1.700000",
            "Train Epoch: 1 [1280/60000 (2%)]\tLoss: 1.2",
            "",
            "Test set: Average loss: 0.0512, Accuracy: 9832/10000 (98%)",
            "Train Epoch: 2 [0/60000 (0%)]\tLoss: 0.5",
            "Train Epoch: 2 [640/60000 (1%)]\tLoss: nan",
            "Test set: Average loss: nan, Accuracy: 980/10000 (10%)",
        ],
        "samples",
        {
            "Loss": ([0, 640, 1280, 60000, 60640], [2.3, 1.7, 1.2, 0.5, nan]),
            "test/Average loss": ([1280, 60640], [0.0512, nan]),
        },
    ),
    "PyTorch ImageNet example": (
        [
            "Epoch: [0][ 10/391]\tTime  0.5 ( 0.6)\tData  0.1 ( 0.2)\tLoss 6.9e+00 (6.95e+00)\tAcc@1   0.10 (  0.2)",
            "Epoch: [0][ 20/391]\tTime  0.5 ( 0.6)\tData  0.1 ( 0.2)\tLoss 6.8e+00 (6.9e+00)\tAcc@1   0.10 (  0.2)",
            "Epoch: [1][ 10/391]\tTime  0.5 ( 0.6)\tData  0.1 ( 0.2)\tLoss 5.9e+00 (5.95e+00)\tAcc@1   1.10 (  1.2)",
            "Test: [ 0/10]\tTime 1.0 (1.0)\tLoss 6.0 (6.0)\tAcc@1 3.0 (3.0)",
        ],
        "step",
        {
            "Loss": ([10, 20, 401], [6.9, 6.8, 5.9]),
            "Loss (avg)": ([10, 20, 401], [6.95, 6.9, 5.95]),
            "test/Loss": ([401], [6.0]),
        },
    ),
    "PyTorch CIFAR tutorial": (
        ["[1,  2000] loss: 2.215", "[1,  4000] loss: 1.9", "[2,  2000] loss: 1.5", "[2,  4000] loss: 1.4"],
        "step",
        {"loss": ([2000, 4000, 6000, 8000], [2.215, 1.9, 1.5, 1.4])},
    ),
    "epoch and step in brackets": (
        [
            "Epoch [1/5], Step [100/600], Loss: 0.5",
            "Epoch [1/5], Step [200/600], Loss: 0.4",
            "Epoch [2/5], Step [100/600], Loss: 0.3",
        ],
        "step",
        {"Loss": ([100, 200, 700], [0.5, 0.4, 0.3])},
    ),
    "nanoGPT": (
        [
            "step 0: train loss 4.28, val loss 4.29",
            "iter 0: loss 4.26, time 3000.1ms, mfu -100.00%",
            "iter 10: loss 3.2, time 20.1ms, mfu 10.00%",
            "iter 20: loss 2.9, time 20.1ms, mfu 11.00%",
            "step 250: train loss 2.0, val loss 2.1",
            "iter 250: loss 2.0, time 20.1ms, mfu 11.00%",
        ],
        "step",
        {"loss": ([0, 10, 20, 250], [4.26, 3.2, 2.9, 2.0]), "val loss": ([0, 250], [4.29, 2.1])},
    ),
    "Megatron-LM": (
        [
            " [2024-01-01 12:00:01] iteration      100/   1000 | consumed samples:  6400 | elapsed time per iteration (ms): 123.4 | learning rate: 1.000000E-04 | global batch size:    64 | lm loss: 2.9E+00 | loss scale: 1.0 | grad norm: 0.9 | number of skipped iterations:   0 | number of nan iterations:   0 |",
            " [2024-01-01 12:00:02] iteration      200/   1000 | consumed samples:  6400 | elapsed time per iteration (ms): 123.4 | learning rate: 1.000000E-04 | global batch size:    64 | lm loss: 2.8E+00 | loss scale: 1.0 | grad norm: 0.9 | number of skipped iterations:   0 | number of nan iterations:   0 |",
            " [2024-01-01 12:00:03] iteration      300/   1000 | consumed samples:  6400 | elapsed time per iteration (ms): 123.4 | learning rate: 1.000000E-04 | global batch size:    64 | lm loss: 2.7E+00 | loss scale: 1.0 | grad norm: 0.9 | number of skipped iterations:   0 | number of nan iterations:   0 |",
            " [2024-01-01 12:00:04] iteration      400/   1000 | consumed samples:  6400 | elapsed time per iteration (ms): 123.4 | learning rate: 1.000000E-04 | global batch size:    64 | lm loss: 2.6E+00 | loss scale: 1.0 | grad norm: 0.9 | number of skipped iterations:   0 | number of nan iterations:   0 |",
            " validation loss at iteration 1000 | lm loss value: 2.0E+00 | lm loss PPL: 7.3E+00 |",
        ],
        "step",
        {
            "lm loss": ([100, 200, 300, 400], [2.9, 2.8, 2.7, 2.6]),
            "grad norm": ([100, 200, 300, 400], [0.9, 0.9, 0.9, 0.9]),
            "validation/lm loss": ([1000], [2.0]),
        },
    ),
    "fairseq": (
        [
            "2023-05-01 12:00:00 | INFO | train_inner | epoch 001:    100 / 356 loss=9.44, nll_loss=8.9, ppl=480, wps=1000, ups=3, wpb=3000, bsz=100, num_updates=100, lr=1e-05, gnorm=2.5, clip=0, loss_scale=128, train_wall=30, gb_free=10, wall=40",
            "2023-05-01 12:01:00 | INFO | train_inner | epoch 001:    200 / 356 loss=8.44, nll_loss=8.9, ppl=480, wps=1000, ups=3, wpb=3000, bsz=100, num_updates=200, lr=2e-05, gnorm=2.5, clip=0, loss_scale=128, train_wall=30, gb_free=10, wall=40",
            "2023-05-01 12:01:00 | INFO | fairseq.trainer | NOTE: overflow detected, setting loss scale to: 64.0",
            "2023-05-01 12:02:00 | INFO | train_inner | epoch 001:    300 / 356 loss=7.44, nll_loss=8.9, ppl=480, wps=1000, ups=3, wpb=3000, bsz=100, num_updates=300, lr=3e-05, gnorm=2.5, clip=0, loss_scale=64, train_wall=30, gb_free=10, wall=40",
            "2023-05-01 12:03:00 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 9.3 | nll_loss 8.0 | ppl 300 | wps 0 | num_updates 356",
        ],
        "step",
        {
            "loss": ([100, 200, 300], [9.44, 8.44, 7.44]),
            "valid/nll_loss": ([356], [8.0]),
            "loss_scale": ([100, 200, 300], [128, 128, 64]),
        },
    ),
    "torchtune": (
        [
            "Step 1 | loss:1.2 lr:2e-05 tokens_per_second_per_gpu:100",
            "Step 2 | loss:1.1 lr:2e-05 tokens_per_second_per_gpu:100",
            "Step 3 | loss:1.0 lr:2e-05 tokens_per_second_per_gpu:100",
        ],
        "step",
        {"loss": ([1, 2, 3], [1.2, 1.1, 1.0]), "lr": ([1, 2, 3], [2e-05, 2e-05, 2e-05])},
    ),
    "Keras 3 bar": (
        [
            "Epoch 1/3",
            "\x1b[1m 1/32\x1b[0m \x1b[32m━\x1b[0m\x1b[37m━━━━━\x1b[0m \x1b[1m8s\x1b[0m 300ms/step - accuracy: 0.1 - loss: 2.5\r\x1b[1m32/32\x1b[0m \x1b[32m━━━━\x1b[0m \x1b[1m1s\x1b[0m 5ms/step - accuracy: 0.5 - loss: 1.6 - val_accuracy: 0.6 - val_loss: 1.5",
            "Epoch 2/3",
            "\x1b[1m32/32\x1b[0m \x1b[32m━━━━\x1b[0m \x1b[1m1s\x1b[0m 5ms/step - accuracy: 0.6 - loss: 1.2 - val_accuracy: 0.6 - val_loss: 1.3",
            "Epoch 3/3",
            "\x1b[1m32/32\x1b[0m \x1b[32m━━━━\x1b[0m \x1b[1m1s\x1b[0m 5ms/step - accuracy: 0.7 - loss: nan - val_accuracy: 0.6 - val_loss: nan",
        ],
        "epoch",
        {"loss": ([1, 2, 3], [1.6, 1.2, nan]), "val_loss": ([1, 2, 3], [1.5, 1.3, nan])},
    ),
    "Keras verbose=2": (
        [
            "Epoch 1/3",
            "32/32 - 0s - loss: 2.5 - val_loss: 2.0 - 300ms/epoch",
            "Epoch 2/3",
            "32/32 - 0s - loss: 1.5 - val_loss: 1.0 - 300ms/epoch",
            "Epoch 3/3",
            "32/32 - 0s - loss: 1.0 - val_loss: 0.9 - 300ms/epoch",
        ],
        "epoch",
        {"loss": ([1, 2, 3], [2.5, 1.5, 1.0]), "val_loss": ([1, 2, 3], [2.0, 1.0, 0.9])},
    ),
    "Lightning bar": (
        [
            "Epoch 0:  50%|█████     | 10/20 [00:00<00:00, 30.1it/s, v_num=0, train_loss=0.5]\rEpoch 0:  100%|█████     | 20/20 [00:00<00:00, 30.1it/s, v_num=0, train_loss=0.4]",
            "Epoch 1:  50%|█████     | 10/20 [00:00<00:00, 30.1it/s, v_num=0, train_loss=0.3]",
        ],
        "step",
        {"train_loss": ([10, 20, 30], [0.5, 0.4, 0.3])},
    ),
    "PyTorch language model": (
        [
            "| epoch   1 |   200/ 2983 batches | lr 20.00 | ms/batch 12.00 | loss  7.63 | ppl  2064.78",
            "| epoch   1 |   400/ 2983 batches | lr 20.00 | ms/batch 12.00 | loss  6.63 | ppl  1064.78",
            "| epoch   2 |   200/ 2983 batches | lr 20.00 | ms/batch 12.00 | loss  5.63 | ppl  64.78",
            "| end of epoch   2 | time: 60.00s | valid loss  5.50 | valid ppl   300.00",
        ],
        "step",
        {"loss": ([200, 400, 3183], [7.63, 6.63, 5.63]), "valid loss": ([3183], [5.5])},
    ),
    "timm": (
        [
            "Train: 0 [   0/ 390 (  0%)]  Loss: 6.93 (6.93)  Time: 1.2s,  100.0/s  (1.2s,  100/s)  LR: 1.000e-03  Data: 0.1 (0.1)",
            "Train: 0 [  50/ 390 ( 13%)]  Loss: 6.5 (6.7)  Time: 1.2s,  100.0/s  (1.2s,  100/s)  LR: 1.000e-03  Data: 0.1 (0.1)",
            "Train: 1 [   0/ 390 (  0%)]  Loss: 6.0 (6.0)  Time: 1.2s,  100.0/s  (1.2s,  100/s)  LR: 1.000e-03  Data: 0.1 (0.1)",
        ],
        "step",
        {"Loss": ([0, 50, 390], [6.93, 6.5, 6.0]), "LR": ([0, 50, 390], [0.001, 0.001, 0.001])},
    ),
    "detectron2": (
        [
            "[03/01 12:00:00 d2.utils.events]:  eta: 0:10:00  iter: 19  total_loss: 1.2  loss_cls: 0.5  loss_box_reg: 0.2  time: 0.5  data_time: 0.01  lr: 0.0002  max_mem: 1234M",
            "[03/01 12:00:10 d2.utils.events]:  eta: 0:10:00  iter: 39  total_loss: 1.1  loss_cls: 0.5  loss_box_reg: 0.2  time: 0.5  data_time: 0.01  lr: 0.0003  max_mem: 1234M",
            "[03/01 12:00:20 d2.utils.events]:  eta: 0:10:00  iter: 59  total_loss: 1.0  loss_cls: 0.5  loss_box_reg: 0.2  time: 0.5  data_time: 0.01  lr: 0.0004  max_mem: 1234M",
        ],
        "step",
        {"total_loss": ([19, 39, 59], [1.2, 1.1, 1.0]), "lr": ([19, 39, 59], [0.0002, 0.0003, 0.0004])},
    ),
    "mmengine": (
        [
            "2023/05/01 12:00:00 - mmengine - INFO - Epoch(train)  [1][  50/7330]  lr: 1.0e-04  eta: 1 day, 2:00:00  time: 0.5  data_time: 0.01  memory: 3000  loss: 1.5  loss_cls: 0.9  loss_bbox: 0.6",
            "2023/05/01 12:00:50 - mmengine - INFO - Epoch(train)  [1][ 100/7330]  lr: 1.0e-04  eta: 1 day, 2:00:00  time: 0.5  data_time: 0.01  memory: 3000  loss: 1.4  loss_cls: 0.9  loss_bbox: 0.6",
            "2023/05/01 12:01:50 - mmengine - INFO - Epoch(train)  [2][ 100/7330]  lr: 1.0e-04  eta: 1 day, 2:00:00  time: 0.5  data_time: 0.01  memory: 3000  loss: 1.3  loss_cls: 0.9  loss_bbox: 0.6",
        ],
        "step",
        {"loss": ([50, 100, 7430], [1.5, 1.4, 1.3]), "loss_bbox": ([50, 100, 7430], [0.6, 0.6, 0.6])},
    ),
    "words and commas": (
        [
            "Epoch 1, train loss 0.5, val loss 0.6",
            "Epoch 2, train loss 0.4, val loss 0.5",
            "Epoch 3, train loss 0.3, val loss 0.7",
        ],
        "epoch",
        {"train loss": ([1, 2, 3], [0.5, 0.4, 0.3]), "val loss": ([1, 2, 3], [0.6, 0.5, 0.7])},
    ),
    "key=value": (
        [
            "epoch=1 loss=0.5 val_loss=0.6 lr=0.1",
            "epoch=2 loss=0.4 val_loss=0.6 lr=0.1",
            "epoch=3 loss=nan val_loss=nan lr=0.1",
        ],
        "epoch",
        {"loss": ([1, 2, 3], [0.5, 0.4, nan]), "lr": ([1, 2, 3], [0.1, 0.1, 0.1])},
    ),
    "XGBoost": (
        [
            "[0]\ttrain-rmse:0.5\tvalid-rmse:0.6",
            "[1]\ttrain-rmse:0.4\tvalid-rmse:0.5",
            "[2]\ttrain-rmse:0.3\tvalid-rmse:0.4",
        ],
        "step",
        {"train-rmse": ([0, 1, 2], [0.5, 0.4, 0.3]), "valid-rmse": ([0, 1, 2], [0.6, 0.5, 0.4])},
    ),
    "llm.c": (
        [
            "step 1/100 | loss 11.0 (+nanz)| norm 15.3 (+nanz)| lr 1e-6 | 100 ms | 10% bf16 MFU | 1000 tok/s",
            "step 2/100 | loss 10.8 (+0.1z)| norm 15.3 (+0.2z)| lr 1e-6 | 100 ms | 10% bf16 MFU | 1000 tok/s",
            "step 3/100 | loss 10.7 (+0.1z)| norm 15.3 (+0.2z)| lr 1e-6 | 100 ms | 10% bf16 MFU | 1000 tok/s",
            "step 4/100 | loss 10.6 (+0.1z)| norm 15.3 (+0.2z)| lr 1e-6 | 100 ms | 10% bf16 MFU | 1000 tok/s",
            "step 5/100 | loss 10.5 (+0.1z)| norm 15.3 (+0.2z)| lr 1e-6 | 100 ms | 10% bf16 MFU | 1000 tok/s",
        ],
        "step",
        {
            "loss": ([1, 2, 3, 4, 5], [11.0, 10.8, 10.7, 10.6, 10.5]),
            "norm": ([1, 2, 3, 4, 5], [15.3, 15.3, 15.3, 15.3, 15.3]),
        },
    ),
    "Caffe": (
        [
            "I0301 12:00:00.123456 1234 solver.cpp:228] Iteration 0, loss = 6.9",
            "I0301 12:00:00.123456 1234 solver.cpp:244]     Train net output #0: loss = 6.9 (* 1 = 6.9 loss)",
            "I0301 12:00:00.123456 1234 sgd_solver.cpp:106] Iteration 0, lr = 0.01",
            "I0301 12:00:00.123456 1234 solver.cpp:228] Iteration 100, loss = 5.9",
            "I0301 12:00:00.123456 1234 sgd_solver.cpp:106] Iteration 100, lr = 0.01",
            "I0301 12:00:00.123456 1234 solver.cpp:228] Iteration 200, loss = 4.9",
            "I0301 12:00:00.123456 1234 sgd_solver.cpp:106] Iteration 200, lr = 0.01",
        ],
        "step",
        {"loss": ([0, 100, 200], [6.9, 5.9, 4.9]), "lr": ([0, 100, 200], [0.01, 0.01, 0.01])},
    ),
    "TF-Slim": (
        [
            "INFO:tensorflow:global step 10: loss = 2.5 (0.5 sec/step)",
            "INFO:tensorflow:global step 20: loss = 2.4 (0.5 sec/step)",
            "INFO:tensorflow:global step 30: loss = 2.3 (0.5 sec/step)",
        ],
        "step",
        {"loss": ([10, 20, 30], [2.5, 2.4, 2.3])},
    ),
    "TF Estimator": (
        [
            "INFO:tensorflow:loss = 2.5, step = 100 (3.5 sec)",
            "INFO:tensorflow:loss = 2.4, step = 200 (3.5 sec)",
            "INFO:tensorflow:loss = 2.3, step = 300 (3.5 sec)",
        ],
        "step",
        {"loss": ([100, 200, 300], [2.5, 2.4, 2.3])},
    ),
    "two ranks": (
        [
            "[rank0]: step 0 loss 2.0",
            "[rank1]: step 0 loss 2.1",
            "[rank0]: step 1 loss 1.0",
            "[rank1]: step 1 loss 1.1",
            "[rank0]: step 2 loss 0.6666666666666666",
            "[rank1]: step 2 loss 0.7666666666666666",
            "[rank0]: step 3 loss 0.5",
            "[rank1]: step 3 loss 0.6",
            "[rank0]: step 4 loss 0.4",
            "[rank1]: step 4 loss 0.5",
        ],
        "step",
        {"loss": ([0, 1, 2, 3, 4], [2.0, 1.0, 0.6666666666666666, 0.5, 0.4])},
    ),
}


def write(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "train.log"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_is_read_with_its_steps_and_values(tmp_path: Path, name: str) -> None:
    lines, axis, expected = DIALECTS[name]
    path = write(tmp_path, lines)
    assert recognise(path) == "text"
    (log,) = text.parse(path)
    for tag, (steps, values) in expected.items():
        series = log.series[tag]
        assert series.axis == axis
        assert series.step.tolist() == steps
        np.testing.assert_allclose(series.value, values, rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize(
    "what", ["Truncating train dataset", "Adding EOS to train dataset", "Labels", "model.safetensors"]
)
def test_bars_of_what_is_prepared_count_no_steps_however_long_they_are(what: str, tmp_path: Path) -> None:
    speed = {"Labels": "9999.1 examples/s", "model.safetensors": "81.2MB/s"}.get(what, "9999.1it/s")
    lines = [f"{what}: 100%|##########| 50000/50000 [00:01<00:00, {speed}]"]
    for step in (10, 20, 30):
        lines.append(f" {step // 2}%|#         | {step}/200 [00:01<00:20,  9.1it/s]")
        lines.append(f"{{'loss': '{3 - step / 10}', 'grad_norm': '1.5', 'epoch': '{step / 100}'}}")
    (log,) = text.parse(write(tmp_path, lines))
    assert log.series["loss"].axis == "step"
    assert log.series["loss"].step.tolist() == [10, 20, 30]


def test_hugging_face_dicts_take_their_step_from_the_bar_above(tmp_path: Path) -> None:
    lines = ["Map: 100%|##########| 50000/50000 [00:01<00:00, 9999.1 examples/s]"]
    for step in (10, 20, 30):
        lines.append(f" {step // 2}%|#         | {step}/200 [00:01<00:20,  9.1it/s]")
        lines.append(f"{{'loss': {3 - step / 10}, 'grad_norm': 1.5, 'learning_rate': 5e-05, 'epoch': {step / 100}}}")
    path = write(tmp_path, lines)
    assert recognise(path) == "text"
    (log,) = text.parse(path)
    assert log.trainer == "hf"
    assert log.series["loss"].step.tolist() == [10, 20, 30]
    assert log.series["epoch"].value.tolist() == [0.1, 0.2, 0.3]


def test_the_way_a_job_died_is_an_event_with_its_step(tmp_path: Path) -> None:
    lines = ["Namespace(lr=0.1, batch_size=32, opt='adam')"]
    lines += [f"step {i} loss {2 / (i + 1)}" for i in range(6)]
    lines += ["Traceback (most recent call last):", '  File "x.py", line 3, in <module>', "    loss.backward()"]
    lines += ["torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB"]
    (log,) = text.parse(write(tmp_path, lines))
    (event,) = log.events
    assert (event.kind, event.step, event.line) == ("out-of-memory", 5, 11)
    assert {s.name: s.value for s in log.settings} == {"lr": 0.1, "batch_size": 32, "opt": "adam"}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("2023-05-01 12:01:00 | INFO | fairseq.trainer | NOTE: gradient overflow detected, scale 64.0", "overflow"),
        ("Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 4096.0", "skipped-step"),
        ("slurmstepd: error: *** JOB 12 ON node1 CANCELLED AT 2024-01-01T00:00:00 DUE TO TIME LIMIT ***", "killed"),
        ("Saving model checkpoint to out/checkpoint-500", "checkpoint"),
        ("Resuming from checkpoint out/checkpoint-500", "restart"),
        ("NCCL error in: ProcessGroupNCCL.cpp:825, unhandled system error", "nccl"),
        ("[1234.5] NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.", "hardware"),
    ],
)
def test_messages_of_trainers_are_events(tmp_path: Path, line: str, kind: str) -> None:
    lines = [f"step {i} loss {2 / (i + 1)}" for i in range(4)] + [line]
    (log,) = text.parse(write(tmp_path, lines))
    assert [(event.kind, event.step) for event in log.events] == [(kind, 3)]


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("ValueError: Loss is nan, stopping training", 31),
        ("FloatingPointError: Loss became infinite or NaN at iteration=37!", 37),
        ("NaN detected in gradient of layer 3", 31),
    ],
)
def test_a_nan_that_is_told_stands_at_the_step_it_names_or_at_the_next_one(
    tmp_path: Path, message: str, step: int
) -> None:
    lines = [f"step {10 * i} loss {2 / (i + 1)}" for i in range(4)] + [message]
    (log,) = text.parse(write(tmp_path, lines))
    assert [event.step for event in log.events] == [step]
    assert log.series["loss"].value[:4].tolist() == [2.0, 1.0, 2 / 3, 0.5]  # what was printed stays


def test_a_nan_that_is_told_behind_the_line_that_shows_it_stands_there(tmp_path: Path) -> None:
    lines = [f"step {10 * i} loss {2 / (i + 1)}" for i in range(4)]
    lines += ["step 40 loss nan", "Loss is nan, skipping the scheduler", "step 50 loss nan"]
    (log,) = text.parse(write(tmp_path, lines))
    assert [event.step for event in log.events] == [40]


def test_a_number_of_skipped_steps_is_a_series_and_no_message(tmp_path: Path) -> None:
    (log,) = text.parse(write(tmp_path, DIALECTS["Megatron-LM"][0]))
    assert not log.events
    assert log.series["number of skipped iterations"].value.tolist() == [0, 0, 0, 0]


def test_the_same_numbers_printed_twice_count_once_and_it_is_said(tmp_path: Path) -> None:
    lines = []
    for i in range(5):
        lines += [f"global_step={i}, grad_norm={i}.25, loss={3 - i / 8}", f"{i}) loss = {3 - i / 8:.1f}, acc = 1"]
    (log,) = text.parse(write(tmp_path, lines))
    assert log.series["loss"].value.tolist() == [3 - i / 8 for i in range(5)]
    assert any(warning.code == "printed-twice" for warning in log.warnings)


@pytest.mark.parametrize(
    "content",
    [
        "# Notes\n\nThe loss: 0.5 was fine, and so was step 3.\n" * 2,
        "import torch\nloss = 0.5\ndef step():\n    lr = 1\n    return lr\n" * 50,
        "a,b\n1,2\n",
    ],
)
def test_prose_and_source_code_are_no_logs(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)
    assert recognise(path) != "text"


def test_a_file_without_a_number_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(NotALogError, match="no line"):
        text.parse(write(tmp_path, ["hello", "world"]))


def test_output_that_begins_with_pages_of_warnings_is_still_found(tmp_path: Path) -> None:
    lines = ["UserWarning: this is deprecated, please use the other one"] * 3000
    lines += [f"step {i} loss {2 / (i + 1)}" for i in range(40)]
    assert recognise(write(tmp_path, lines)) == "text"


def test_time_stamps_of_the_logger_become_wall_times(tmp_path: Path) -> None:
    lines = [f"2024-01-01 12:00:0{i},500 - INFO - step {i} loss {2 / (i + 1)}" for i in range(4)]
    (log,) = text.parse(write(tmp_path, lines))
    wall = log.series["loss"].wall_time
    assert np.diff(wall).tolist() == [1.0, 1.0, 1.0]
    assert wall[0] == 1704110400.5


def test_dicts_printed_without_a_bar_are_a_log_and_no_settings(tmp_path: Path) -> None:
    lines = [f"{{'loss': {3 - i / 10}, 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': {i / 8}}}" for i in range(9)]
    path = write(tmp_path, lines)
    assert recognise(path) == "text"
    (log,) = text.parse(path)
    assert log.series["loss"].axis == "row"
    assert log.series["epoch"].value[-1] == 1.0


@pytest.mark.parametrize(
    ("line", "tag", "axis"),
    [
        ("micro_step={i} loss={v}", "loss", "step"),
        ("optimizer_step={i}, loss={v}", "loss", "step"),
        ("n_iter: {i}, loss: {v}", "loss", "step"),
        ("batch_idx={i} loss={v}", "loss", "step"),
        ("minibatch {i}: loss = {v}", "loss", "step"),
        ("batch {i} loss {v}", "loss", "step"),
        ("t={i} loss={v}", "loss", "step"),
        ("{{'i': {i}, 'loss': {v}}}", "loss", "step"),
        ("({i}) loss {v}", "loss", "step"),
        ("[step {i}] xent {v}", "xent", "step"),
        ("step {i} -> loss {v}", "loss", "step"),
        ("Cost after iteration {i}: {v}", "Cost", "step"),
        ("Ep {i}: train {v} val 0.5", "train loss", "epoch"),
        ("E{i:03d} tr_loss={v} va_loss=0.5", "tr_loss", "epoch"),
        ("Episode {i}: loss={v} reward=2.5", "loss", "episode"),
        ("tokens={i} loss={v}", "loss", "tokens"),
        ("loss={v}", "loss", "row"),
    ],
)
def test_what_people_print_by_hand_is_read(tmp_path: Path, line: str, tag: str, axis: str) -> None:
    losses = [2.5 / (i + 1) + 0.25 for i in range(40)]
    path = write(tmp_path, [line.format(i=i + 1, v=v) for i, v in enumerate(losses)])
    assert recognise(path) == "text"
    (log,) = text.parse(path)
    series = log.series[tag]
    assert series.axis == axis
    assert series.value.tolist() == losses
    assert series.step.tolist() == [i + (axis != "row") for i in range(40)]


@pytest.mark.parametrize(
    "cell", ["({step}, {{'train/loss': {loss}, 'seconds': 3.5}})", "{{'step': {step}, 'train/loss': {loss}}}"]
)
def test_the_history_that_is_printed_once_more_at_the_end_is_no_further_point(tmp_path: Path, cell: str) -> None:
    points = [(step, round(9 / (1 + step / 100), 3)) for step in range(0, 1000, 100)]
    lines = [f"step={step}, train/loss={loss}" for step, loss in points]
    everything = ", ".join(cell.format(step=step, loss=loss) for step, loss in points)
    path = tmp_path / "train.log"
    path.write_text("\n".join([*lines, f"Metrics: [{everything}]", "done"]) + "\n")
    (log,) = text.parse(path)
    assert log.series["train/loss"].step.tolist() == [step for step, _ in points]
