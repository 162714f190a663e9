"""One or two lines of a training's numbers and a NaN, shown or told, are a training; junk that names one is not."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from losslens import parsers
from losslens.model import Verdict
from losslens.pipeline import analyze
from losslens.runs import find


def written(tmp_path: Path, *lines: str, name: str = "pasted.txt") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


def judged(path: Path) -> tuple[Verdict, int, int]:
    (run,) = analyze([path]).runs
    assert run.onset is not None
    return run.verdict, run.onset.low, run.onset.high


@pytest.mark.parametrize(
    ("lines", "onset"),
    [
        (["step 0 loss 2.31", "step 10 loss nan"], (0, 10)),
        (["Epoch 51 loss: nan", "Epoch 52 loss: nan"], (51, 51)),
        (
            ["epoch: 0, iter: 2, lr: 1e-06, 'loss': nan, 'acc': 0.0", "epoch: 0, iter: 4, 'loss': nan, 'acc': 0.0"],
            (2, 2),
        ),
        (["step 0 loss 2.31", "step 10 loss 2.20", "NaN detected"], (10, 11)),
        (["step 0 loss 2.31", "step 10 loss 2.20", "Loss is nan, stopping training"], (10, 11)),
        (
            [
                "step 0 loss 2.31",
                "Traceback (most recent call last):",
                '  File "a.py", line 1',
                "AssertionError: loss is nan",
            ],
            (0, 1),
        ),
        (["Epoch 1 Update 1 Cost 527.6 PD 0.0009 UD 0.72", "NaN detected"], (1, 2)),
        (
            [
                "> INFO:tensorflow:loss = 1.8, step = 31601 (182.200 sec)",
                "> ERROR:tensorflow:Model diverged with loss = NaN.",
            ],
            (31601, 31602),
        ),
    ],
)
def test_a_point_or_two_and_a_nan_are_judged(lines: list[str], onset: tuple[int, int], tmp_path: Path) -> None:
    assert judged(written(tmp_path, *lines)) == (Verdict.NAN, *onset)


def test_the_block_of_one_iteration_tells_a_nan(tmp_path: Path) -> None:
    """As people paste what rsl_rl prints."""
    lines = ["#" * 32, "           Learning iteration 8391/10000", "", "       Value function loss: inf"]
    lines += ["            Surrogate loss: 0.0000", "         Mean total reward: 25.66"]
    path = written(tmp_path, *lines)
    assert judged(path) == (Verdict.NAN, 8391, 8391)
    assert judged(written(tmp_path, *lines[:3], *lines[4:], lines[3], name="last.txt")) == (Verdict.NAN, 8391, 8391)


def test_the_last_number_before_a_nan_is_kept_where_it_is_the_only_one(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "Epoch: [0]  [ 0/65]  eta: 0:01:55  lr: 0.000125  loss: 2.9749 (2.9749)  loss_box: 0.0148 (0.0148)",
        "Loss is nan, stopping training",
        "{'loss_box': tensor(0.0082, device='cuda:0'), 'loss_objectness': tensor(nan, device='cuda:0')}",
    )
    (log,) = parsers.parse(path)
    assert log.series["loss"].value[0] == 2.9749
    assert math.isnan(log.series["loss"].value[-1])


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "README",
            ["# Trainer", "", "If the log says `step 10 loss nan` then lower the learning rate.", "step 10 loss nan"],
        ),
        (
            "README.txt",
            [
                "Training",
                "========",
                "Sometimes the loss of the model becomes nan after a while.",
                "In that case please try to lower the learning rate first.",
                "Epoch 3 loss: nan",
            ],
        ),
        ("notes.txt", ["- the loss was nan again today", "- the loss: nan at step 300", "- try lr 0.1 tomorrow maybe"]),
        (
            "loss.txt",
            [
                "import torch",
                "def check(loss):",
                "    if torch.isnan(loss):",
                "        raise ValueError('loss is nan')",
            ],
        ),
        (
            "program.txt",
            ["for step in range(10):", "    print('step', step, 'loss', loss)", "    assert loss == loss, 'NaN loss'"],
        ),
        ("options.txt", ["loss: mse", "ignore_nan: true", "max_norm: inf", "epochs: 10"]),
        ("words.txt", ["nan", "inf", "loss", "step"]),
    ],
)
def test_what_names_a_nan_and_is_no_output_is_no_log(name: str, lines: list[str], tmp_path: Path) -> None:
    found = find([written(tmp_path, *lines, name=name)])
    assert not found.jobs
    assert "says" not in found.skipped[0].reason


def test_a_nan_that_is_told_where_no_number_was_read_is_shown(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "starting",
        "Traceback (most recent call last):",
        '  File "train.py", line 3, in <module>',
        "FloatingPointError: Loss became infinite or NaN!",
    )
    (skipped,) = find([path]).skipped
    assert skipped.reason == "no loss was read, but line 4 says: FloatingPointError: Loss became infinite or NaN!"


def test_two_bars_of_the_only_epoch_show_where_the_loss_was_lost(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "Epoch 1/10",
        "  3/234 [..........................] - ETA: 33:24 - loss: 44.4110Batch 3: Invalid loss, terminating training",
        "  4/234 [..........................] - ETA: 25:09 - loss: inf",
    )
    assert judged(path) == (Verdict.NAN, 3, 4)


def test_the_losses_below_an_exception_in_a_file_of_errors_are_no_run(tmp_path: Path) -> None:
    written(
        tmp_path,
        "Traceback (most recent call last):",
        '  File "train_loop.py", line 239, in _detect_anomaly',
        "FloatingPointError: Loss became infinite or NaN at iteration=2137!",
        "loss_dict = {'loss_cls': tensor(nan, device='cuda:0'), 'loss_mask': tensor(1265158.6, device='cuda:0')}",
        name="job.err",
    )
    written(tmp_path, *[f"step {10 * i} loss 0.{90 - i}" for i in range(40)], name="job.out")
    assert parsers.recognise(tmp_path / "job.err") == "messages"
    assert len(find([tmp_path]).jobs) == 1


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        (["-> Iter 316, Loss: 1.4e-04, Loss_u: 7.8e-09", "-> Iter 526, Loss: 1.2e-04, Loss_u: 7.6e-09"], [316, 526]),
        (
            ["epoch=1", "train_loss=0.0481, val_loss=0.0378", "...", "epoch=29", "train_loss=0.0010, val_loss=0.0916"],
            [1, 29],
        ),
        (["    Model loss: 0.3", "    Model loss: 0.2", "    Model loss: 0.1"], [0, 1, 2]),
        (
            [
                "[losses/total_loss: 1.6 | losses/value_loss: 7.6]:  16%|██  | 1024/6400 [1:14:23<1:13:02,  1.22it/s]",
                "[losses/total_loss: 4.3 | losses/value_loss: 9.9]:  16%|██  | 1045/6400 [1:16:09<53:12,  1.68it/s]",
            ],
            [1024, 1045],
        ),
    ],
)
def test_a_loss_at_two_places_is_a_training_where_the_file_is_named(
    lines: list[str], steps: list[int], tmp_path: Path
) -> None:
    path = written(tmp_path, *lines)
    assert parsers.recognise(path) is None  # among other files it is none
    (run,) = analyze([path]).runs
    assert run.verdict not in (Verdict.NAN, Verdict.EXPLODED, Verdict.PLATEAU)
    (loss,) = (curve for curve in run.curves if curve.tag == run.judgement.loss)
    assert list(loss.step) == steps


@pytest.mark.parametrize(
    "lines",
    [
        ["Reading data", "Epoch 12 val loss 0.31, test loss 0.33"],
        [
            "We saw a large loss after the first epoch of the run on eight cards.",
            "It was smaller after the second one and then it hardly moved at all.",
            "epoch 1 loss 2.3",
            "epoch 2 loss 2.1",
        ],
        ["loss_weight: 1.0", "epochs: 30", "box_loss: 2.0"],
        ["Model loss: 0.3", "Reading data", "Model loss: 0.2", "Writing data", "Words: 5", "Done", "Model loss: 0.1"],
    ],
)
def test_a_single_line_notes_and_settings_are_none(lines: list[str], tmp_path: Path) -> None:
    assert not find([written(tmp_path, *lines)]).jobs


def test_lines_of_many_losses_are_read_out_of_the_sentences_around_them(tmp_path: Path) -> None:
    line = "INFO:mi-test:loss_disc={0}, loss_gen={0}, loss_fm={0}, loss_mel=24.8, loss_kl=9.0"
    lines = [
        "During training I observe the following loss pattern:",
        "",
        "Normal training state:",
        line.format(3.3),
        "",
    ]
    lines += ["After some steps the losses suddenly become something else:", line.format("nan"), ""]
    lines += ["Is this a training collapse and should I go back to the last checkpoint?"]
    (run,) = analyze([written(tmp_path, *lines)]).runs
    assert (run.verdict, run.judgement.loss) == (Verdict.NAN, "loss_disc")  # the name of a logger is no data set


def test_a_nan_three_times_under_the_name_of_a_loss_is_told_wherever_it_stands(tmp_path: Path) -> None:
    lines = ["Reading data", "loss: nan", "Saving", "loss: nan", "Saving", "loss: nan", "Saving", "Done", "Bye"]
    (run,) = analyze([written(tmp_path, *lines)]).runs
    assert run.verdict is Verdict.NAN


@pytest.mark.parametrize(
    "lines",
    [
        [
            "2025-01-01 14:55:25.642011: Epoch 0 ",
            "2025-01-01 14:55:25.642085: Current learning rate: 0.01 ",
            "2025-01-01 15:17:51.409852: train_loss nan ",
            "2025-01-01 15:17:51.440985: val_loss nan ",
            "2025-01-01 15:17:51.441061: Pseudo dice [0.0, 0.0] ",
            "2025-01-01 15:18:00.922225: Epoch 1 ",
        ],
        ["Epoch 1/10", "4/83 [>.............................] - ETA: 2:10:47 - loss: nan - box_loss: nan"],
        [
            "Number of labels: 33",
            "Progress:   0.2% words/sec/thread:    4139 lr:  0.898591 avg.loss: 114.726540 ETA:   2h33m27s"
            "terminate called after throwing an instance of 'fasttext::DenseMatrix::EncounteredNaNError'",
            "  what():  Encountered NaN.",
            "Aborted",
        ],
    ],
    ids=["below a heading", "behind a bar", "thrown in C++"],
)
def test_one_nan_below_the_first_epoch_is_judged(lines: list[str], tmp_path: Path) -> None:
    assert judged(written(tmp_path, *lines))[0] == Verdict.NAN
