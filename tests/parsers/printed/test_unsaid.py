"""Losses printed as a word: null, None and N/A."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens.parsers.printed.unsaid import CODE
from tests.parsers.printing import falling, printed

WORDS = ("null", "None", "N/A", "undefined")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("line", ["step {} loss: {}\n", "step {} | train_loss = {} | lr = 0.1\n", "epoch {} loss {}\n"])
def test_a_loss_that_is_a_word_to_the_end_was_a_nan(tmp_path: Path, line: str, word: str) -> None:
    log = printed(tmp_path, "".join(line.format(i, falling(i) if i < 20 else word) for i in range(30)))
    loss = next(series for tag, series in log.series.items() if "loss" in tag)
    assert loss.value.size == 30
    assert np.isfinite(loss.value[:20]).all()
    assert np.isnan(loss.value[20:]).all()
    assert not any("null" in tag or "None" in tag for tag in log.series)
    assert [warning.code for warning in log.warnings] == [CODE]


@pytest.mark.parametrize("word", WORDS)
def test_an_evaluation_that_was_left_out_is_no_nan(tmp_path: Path, word: str) -> None:
    line = "epoch {} train_loss: {} val_loss: {}\n"
    each = "".join(line.format(i, falling(i), falling(i) if i % 5 == 0 else word) for i in range(30))
    assert printed(tmp_path, each).series["val_loss"].value.size == 6
    last = "".join(line.format(i, falling(i), falling(i) if i < 29 else word) for i in range(30))
    log = printed(tmp_path, last)
    assert log.series["val_loss"].value.size == 29
    assert not log.warnings


def test_a_word_ahead_of_the_first_number_or_between_them_is_no_nan(tmp_path: Path) -> None:
    text = "".join(f"step {i} loss: {falling(i) if i > 2 and i != 15 else None}\n" for i in range(30))
    loss = printed(tmp_path, text).series["loss"]
    assert loss.value.size == 26
    assert np.isfinite(loss.value).all()
