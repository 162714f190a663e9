"""Losses saved with numpy.save."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from losslens import parsers
from losslens.errors import ParseError


@pytest.mark.parametrize("values", [[3.0, 2.0, math.nan], [[3.0], [2.0], [math.nan]]])
def test_a_list_of_losses_is_a_series_named_after_its_file(tmp_path: Path, values: list[float]) -> None:
    path = tmp_path / "train_loss.npy"
    np.save(path, np.array(values, dtype=np.float32))
    assert parsers.recognise(path) == "npy"
    (log,) = parsers.parse(path)
    assert log.series["train_loss"].value.tolist() == pytest.approx([3.0, 2.0, math.nan], nan_ok=True)
    assert log.series["train_loss"].axis == "row"


@pytest.mark.parametrize(
    ("name", "values"),
    [("X_train.npy", np.zeros(5)), ("loss_map.npy", np.zeros((5, 5))), ("loss.npy", np.float64(1.0))],
)
def test_data_in_npy_is_no_log(tmp_path: Path, name: str, values: np.ndarray) -> None:
    np.save(tmp_path / name, values)
    assert parsers.recognise(tmp_path / name) is None


def test_a_cut_file_is_an_error_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "loss.npy"
    np.save(path, np.zeros(100))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ParseError, match="not a readable NumPy file"):
        parsers.parse(path)
