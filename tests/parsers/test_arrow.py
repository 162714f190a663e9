"""Feather and Arrow files with a loss among their columns, written by pyarrow and pandas."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from losslens import parsers
from losslens.errors import ParseError

pa = pytest.importorskip("pyarrow")

LOSS = [2.5, 1.25, 0.8, 0.6, float("nan"), float("nan")]
COLUMNS: dict[str, list[Any]] = {"epoch": list(range(6)), "loss": LOSS, "lr": [0.1] * 6}


def feather(path: Path, columns: dict[str, list[Any]]) -> None:
    pd.DataFrame(columns).to_feather(path)


def plain(path: Path, columns: dict[str, list[Any]]) -> None:
    pd.DataFrame(columns).to_feather(path, compression="uncompressed")


def stream(path: Path, columns: dict[str, list[Any]]) -> None:
    table = pa.table(columns)
    with path.open("wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=4):
            writer.write_batch(batch)


@pytest.mark.parametrize("write", [feather, plain, stream])
def test_a_history_is_read_with_its_nan(write: Callable[[Path, dict[str, list[Any]]], None], tmp_path: Path) -> None:
    path = tmp_path / "history.feather"
    write(path, COLUMNS)
    assert parsers.recognise(path) == "arrow"
    (log,) = parsers.parse(path)
    assert log.series["loss"].axis == "epoch"
    blank = log.table.blank.get("loss", np.empty(0)) if log.table is not None else np.empty(0)
    assert log.series["loss"].value.tolist()[:4] == LOSS[:4]
    assert len(log.series["loss"].value) + len(blank) == 6


def test_a_data_set_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "data-00000-of-00001.arrow"
    stream(path, {"text": ["a loss of 3", "b"], "label": [0, 1]})
    assert parsers.recognise(path) is None
    stream(path, {"text": ["a", "b"], "loss": [0.5, 0.25]})
    assert parsers.recognise(path) is None


def test_a_cut_file_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "history.arrow"
    stream(path, COLUMNS)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ParseError, match="Arrow"):
        parsers.parse(path, "arrow")


def test_without_pyarrow_the_way_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "history.feather"
    plain(path, COLUMNS)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ParseError, match="losslens\\[parquet\\]"):
        parsers.recognise(path)


def test_hdf5_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "history.h5"
    path.write_bytes(parsers.HDF5 + b"\0" * 2048)
    with pytest.raises(ParseError, match="save it as CSV or JSON"):
        parsers.recognise(path)
