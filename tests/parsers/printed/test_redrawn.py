"""Bars that were redrawn in one line, of which a paste or a collector of logs lost the returns of the carriage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens.parsers.printed.pasted import records_of
from losslens.parsers.printed.redrawn import bars_of
from tests.parsers.printing import falling as _value
from tests.parsers.printing import printed as _log


def _bar(n: int, of: int, epoch: int | None = None, more: str = "") -> str:
    share = n / of
    ahead = "" if epoch is None else f"Epoch {epoch}: "
    drawn = ("█" * int(10 * share)).ljust(10)
    return f"{ahead}{100 * share:3.0f}%|{drawn}| {n}/{of} [00:{n // 4:02d}<00:{(of - n) // 4:02d},  4.12it/s{more}]"


@pytest.mark.parametrize("lost", ["", " ", "^M", "#015", "\\r", "\x1b[A"])
@pytest.mark.parametrize("named", [True, False])
def test_bars_in_one_line_read_as_those_of_many(lost: str, named: bool, tmp_path: Path) -> None:
    epochs = [
        lost.join(
            _bar(n, 100, epoch if named else None, f", loss={_value(100 * epoch + n)}" if n else "")
            for n in range(0, 101, 5)
        )
        for epoch in range(3)
    ]

    log = _log(tmp_path, "Using device cuda:0\n" + "\n".join(epochs) + "\n")

    loss = log.series["loss"]
    assert loss.step.tolist() == list(range(5, 301, 5))
    assert loss.value.tolist() == [_value(n) for n in range(5, 301, 5)]


def test_what_is_printed_between_bars_of_one_line_stands_at_the_bar_ahead(tmp_path: Path) -> None:
    said = "{{'loss': {}, 'learning_rate': 4.9e-05, 'epoch': {}}}"
    parts = [_bar(n, 200) + (said.format(_value(n), n / 100) if n and n % 10 == 0 else "") for n in range(201)]

    log = _log(tmp_path, " ".join(parts) + "\n")

    assert log.series["loss"].step.tolist() == list(range(10, 201, 10))
    assert log.series["loss"].value[-1] == _value(200)


def test_a_line_between_bars_that_recurs_not_is_no_description() -> None:
    said = "Evaluating now."
    line = "".join(_bar(n, 9, 1) for n in (1, 2, 3)) + said + "".join(_bar(n, 9, 1) for n in (4, 5)) + "done"

    assert bars_of(line) == [*(_bar(n, 9, 1) for n in (1, 2, 3)), said, *(_bar(n, 9, 1) for n in (4, 5)), "done"]


def test_bars_without_a_total_in_one_line(tmp_path: Path) -> None:
    line = "".join(f"{n}it [00:{n:02d},  4.23it/s, loss={_value(n)}]" for n in range(1, 50))

    assert _log(tmp_path, line + "\n").series["loss"].step.tolist() == list(range(1, 50))


def _keras(n: int, of: int, loss: float) -> str:
    done = 30 * n // of
    if n == of:
        return f"{n}/{of} [{'=' * 30}] - 9s 3ms/step - loss: {loss:.4f} - acc: 0.7115"
    drawn = ("=" * max(0, done - 1) + ">").ljust(30, ".")
    return f"{n:{len(str(of))}d}/{of} [{drawn}] - ETA: {9 - 9 * n // of}s - loss: {loss:.4f} - acc: 0.7115"


@pytest.mark.parametrize("lost", ["", " ", "^M", "\x08" * 40])
def test_keras_bars_in_one_line_read_as_those_of_many(lost: str, tmp_path: Path) -> None:
    """A count stands right behind the last number of the bar before: "acc: 0.71153200/3200"."""
    many = []
    for epoch in range(1, 6):
        bars = [_keras(n, 3200, 3.0 - 0.4 * epoch - n / 8000) for n in range(32, 3201, 32)]
        many.append([f"Epoch {epoch}/5", *bars])
    one = "\n".join(f"{head}\n{lost.join(bars)} - val_loss: 0.5000" for head, *bars in many)

    log = _log(tmp_path, one + "\n")
    usual = _log(tmp_path, "\n".join("\n".join(lines) + " - val_loss: 0.5000" for lines in many) + "\n", "usual.log")

    assert log.series["loss"].step.size > 50
    assert np.array_equal(log.series["loss"].value, usual.series["loss"].value)
    assert set(log.series) == set(usual.series)
    assert log.series["val_loss"].step.tolist() == usual.series["val_loss"].step.tolist()


def test_keras_3_bars_in_one_line_with_their_epochs(tmp_path: Path) -> None:
    def bar(n: int, epoch: int) -> str:
        drawn = "━" * (n // 5)
        return f"\x1b[1m{n:3d}/100\x1b[0m \x1b[32m{drawn}\x1b[0m \x1b[1m9s\x1b[0m 93ms/step - loss: {_value(epoch):.4f}"

    line = " ".join(f"Epoch {epoch}/4 " + "".join(bar(n, epoch) for n in range(5, 101, 5)) for epoch in range(1, 5))

    loss = _log(tmp_path, line + "\n").series["loss"]

    assert loss.value[-1] == _value(4)
    assert loss.step[-1] in (4, 400)


@pytest.mark.parametrize(
    "line",
    [
        _bar(5, 9, 1, ", loss=0.5"),
        "CPU 12% | GPU 55% | 3/4 done, 7/9 [00:10] left",
        "100/100 [==============================] - 9s 93ms/step - loss: 0.5 - acc: 1/2",
        "val: 50%|█████     | 4/8 [00:01<00:01,  3.1it/s] accuracy 88% of 60%",
    ],
)
def test_a_line_of_one_bar_is_one_record(line: str) -> None:
    assert records_of(line) == [line]
