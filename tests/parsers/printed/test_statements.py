"""Lines read by the pattern of the statement that printed them, held to what they say when each is read by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from losslens.errors import NotALogError
from losslens.model import Log
from losslens.parsers import text
from losslens.parsers.printed import statements
from losslens.parsers.printed.reading import Reading, read_alone
from losslens.parsers.printed.statements import Statements, learn
from tests.parsers.test_text import DIALECTS

PRINTED = sorted((Path(__file__).parents[1] / "data" / "printed").rglob("*.*"))

LINES = (
    "iter 120: loss 3.2041, time 231.12ms, mfu 33.10%",
    "step 250: train loss 2.0412, val loss 2.1077",
    "{'loss': 2.3046, 'grad_norm': 1.8823201656341553, 'learning_rate': 4.9e-05, 'epoch': 0.02}",
    " 12%|█▏        | 120/1000 [00:41<05:02,  2.90it/s, v_num=3, train_loss=2.301]",
    "Epoch 3:  45%|████▌     | 90/200 [00:12<00:15,  7.31it/s, loss=0.412]",
    "\x1b[1m120/391\x1b[0m \x1b[32m━━━━━━\x1b[0m\x1b[37m━━━━━━━━\x1b[0m \x1b[1m3s\x1b[0m 12ms/step - loss: 1.7",
    " 120/391 [=====>........] - ETA: 3s - loss: 1.7002 - accuracy: 0.4103",
    " [2024-01-01 12:00:01] iteration      100/   1000 | consumed samples:  6400 | learning rate: 1.000000E-04"
    " | lm loss: 2.912E+00 | loss scale: 1.0 | grad norm: 0.913 | number of skipped iterations:   0 |",
    "2024-05-06 10:00:00,123 - trainer.engine - INFO - Epoch [3/12] Iter [120/391] loss: 0.4120 lr: 1.0e-03",
    "I0506 10:00:00.123456 140231442949952 submission_runner.py:299] 120) loss = 0.412, grad_norm = 1.123",
    "step:120/5000 train_loss:3.4120 train_time:16812ms step_avg:140.11ms",
    "step   120/5000 | loss 3.412011 (+0.11z)| norm 0.4120 (-0.31z)| lr 6.00e-04 | 140.11 ms | 35.1% bf16 MFU",
    "2024-05-06 10:00:00 | INFO | train_inner | epoch 003:    120 / 1000 loss=9.412, ppl=681.2, num_updates=2120,"
    " lr=0.0001, gnorm=1.412, loss_scale=128",
    "Step 120 | loss:2.341201 lr:0.0003 tokens_per_second_per_gpu:1203.4 grad_norm:1.41",
    "Train: 3 [ 120/391 ( 31%)]  Loss: 4.12 (4.31)  Time: 0.231s,  1108.21/s  LR: 1.000e-03  Data: 0.011 (0.012)",
    "Train Epoch: 3 [640/60000 (1%)]\tLoss: 0.341200",
    "Epoch: [3][ 20/391]\tLoss 6.8e+00 (6.9e+00)\tAcc@1   0.10 (  0.20)\tAcc@5   1.10 (  1.20)",
    "[05/06 10:00:00 d2.utils.events]:  eta: 1:02:03  iter: 120  total_loss: 1.412  loss_cls: 0.412  lr: 0.001",
    "| epoch   3 |   200/ 2983 batches | lr 20.00 | ms/batch 12.31 | loss  5.41 | ppl   223.63",
    "[rank0]: epoch 3 step 120 loss 0.4120",
    "[fold 2] epoch 12 loss 0.4120 f1 0.5120",
    "E012 tr_loss=0.4120 va_loss=0.5120",
    "24-05-06 10:00:00 - INFO: [epoch:  3, iter:   1,120, lr:(2.000e-04,)] l_pix: 4.1200e-02",
    "251 train 6.213145",
    "30951 train 3.323957 norm 0.412",
    "idx: 120loss: tensor(8.4650, grad_fn=<NegBackward>)",
    "processed shard 1203 of data/train-17.tar in 0.412s",
)


def _others(line: str, rng: np.random.Generator) -> str:
    """The line with other numbers in it, half of the time of other lengths too."""
    varied = bool(rng.integers(2))

    def number(match: re.Match[str]) -> str:
        def digits(count: int) -> str:
            return "".join(str(rng.integers(10)) for _ in range(count))

        whole, point, part = match[0].partition(".")
        if match[0].startswith("\x1b") or not whole:
            return match[0]
        return digits(length(whole)) + point + digits(length(part) if part else 0)

    def length(of: str) -> int:
        return int(rng.integers(1, 9)) if varied and not rng.integers(4) else len(of)

    return re.sub(r"\x1b\[[0-9;]*m|\d+(?:\.\d+)?", number, line)


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_fits_its_statement_says_what_it_says_by_itself(line: str) -> None:
    statement = learn(line)
    assert statement is not None
    rng = np.random.default_rng(5)
    fitting = 0
    for other in [line, *(_others(line, rng) for _ in range(400))]:
        match = statement.fits(other)
        if match is None:
            continue
        fitting += 1
        alone = read_alone(other)
        assert alone is not None, other
        if alone.record is not None:
            assert repr(statement.record(match, 0)) == repr(_timed(alone)), other
        else:
            assert statement.reading.record is None, other
    assert fitting >= 2


def _timed(alone: Reading) -> object:
    assert alone.record is not None
    alone.record.wall_time = alone.wall_time
    return alone.record


def test_a_number_in_a_name_stays_what_it_is() -> None:
    statement = learn("epoch 3: prec1 71.20 prec5 91.30 loss 0.812")
    assert statement is not None
    assert statement.fits("epoch 14: prec1 71.20 prec5 91.30 loss 0.7") is not None
    assert statement.fits("epoch 14: prec5 71.20 prec1 91.30 loss 0.7") is None


def test_a_loss_that_is_no_number_is_not_taken_for_one() -> None:
    statement = learn("step 12 loss 0.8120")
    assert statement is not None
    assert statement.fits("step 13 loss nan") is None
    broken = learn("step 13 loss nan")
    assert broken is not None
    match = broken.fits("step 14 loss nan")
    assert match is not None
    assert np.isnan(broken.record(match, 0).values["loss"])


def test_zero_below_zero_keeps_its_sign() -> None:
    statement = learn("step 12 loss -0.0")
    assert statement is not None
    match = statement.fits("step 12 loss -0.0")
    assert match is not None
    assert repr(statement.record(match, 0).values["loss"]) == "-0.0"


@pytest.mark.parametrize("line", ["-----------------", "| loss | 0.3 |", "step loss", "120 0.3"])
def test_what_may_be_part_of_a_table_is_left_to_the_table(line: str) -> None:
    reading = read_alone(line)
    assert reading is not None
    assert reading.drawn


@pytest.mark.parametrize(
    "line",
    [
        "CUDA out of memory at step 12",
        "slurmstepd: task 3: exit code -9, loss 0.3",
        "Traceback (most recent call last)",
        "Saving checkpoint at step 120, loss 0.3",
        "Result for train_1234:",
    ],
)
def test_what_a_line_announces_is_never_passed_over(line: str) -> None:
    assert learn(line) is None


def _told(logs: Sequence[Log]) -> list[object]:
    return [
        (
            *(log.settings, log.events, log.damage, log.warnings, log.trainer, log.group_hint, log.first_time),
            [
                (tag, s.axis, s.step.tolist(), repr(s.value.tolist()), repr(s.wall_time.tolist()), s.row.tolist())
                for tag, s in log.series.items()
            ],
        )
        for log in logs
    ]


def _both_ways(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], list[object]]:
    """What a file says where statements are learned at their second line, and where none are."""
    monkeypatch.setattr(statements, "SEEN_FIRST", 2)
    monkeypatch.setattr(statements, "FREE_TRIES", 60)
    quick = _read(path)
    monkeypatch.setattr(Statements, "of", lambda *_: None)
    return quick, _read(path)


def _read(path: Path) -> list[object]:
    try:
        return _told(text.parse(path))
    except NotALogError:
        return []


@pytest.mark.parametrize(
    "path", [p for p in PRINTED if p.suffix in (".log", ".txt", ".out")], ids=lambda p: p.parent.name
)
def test_what_real_programs_printed_is_read_as_line_by_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick, slow = _both_ways(path, monkeypatch)
    assert quick == slow


@pytest.mark.parametrize("name", DIALECTS)
def test_a_long_log_of_any_dialect_is_read_as_line_by_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(len(name))
    lines = DIALECTS[name][0]
    path = tmp_path / "train.log"
    path.write_text("\n".join([*lines, *(_others(line, rng) for _ in range(6) for line in lines)]) + "\n")
    quick, slow = _both_ways(path, monkeypatch)
    assert quick == slow
