"""Parquet files of trainings, and those that are data."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import losslens
from losslens import parsers, runs
from losslens.errors import NotALogError, ParseError
from losslens.parsers import parquet
from losslens.parsers.opening import read_head
from tests.parsers.offline_truth import TAGS, TRUTH
from tests.parsers.truth import DATA

HISTORY = DATA / "tables" / "history.parquet"

needs_pyarrow = pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")


def written(path: Path, columns: dict[str, object]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)
    return path


@needs_pyarrow
def test_every_number_is_read_at_its_step_and_time() -> None:
    assert parsers.recognise(HISTORY) == "parquet"
    (log,) = parsers.parse(HISTORY)
    assert sorted(log.series) == sorted(TAGS)
    for tag in TAGS:
        truth = [(step, row[tag]) for step, row in enumerate(TRUTH) if tag in row and not np.isnan(row[tag])]
        assert log.series[tag].step.tolist() == [step for step, _ in truth]
        np.testing.assert_array_equal(log.series[tag].value, [value for _, value in truth])
    assert log.series["train/loss"].wall_time[:2].tolist() == [1.7e9, 1.7e9 + 2.5]


@needs_pyarrow
def test_a_null_that_was_nan_is_nan_again() -> None:
    """pandas writes NaN as null, as it writes it as an empty cell."""
    (report,) = losslens.analyze(HISTORY).runs
    assert report.verdict == "nan"
    (run,) = runs.load(runs.find([HISTORY]).jobs[0])
    loss = run.series["train/loss"]
    assert np.isnan(loss.value).tolist() == [bool(np.isnan(row["train/loss"])) for row in TRUTH]


@needs_pyarrow
def test_a_nan_that_was_kept_is_a_point(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", {"epoch": [1, 2, 3], "loss": [1.0, float("nan"), 0.5]})
    (log,) = parsers.parse(path)
    np.testing.assert_array_equal(log.series["loss"].value, [1.0, np.nan, 0.5])
    assert log.series["loss"].axis == "epoch"


@needs_pyarrow
def test_columns_of_all_kinds_are_read_or_left(tmp_path: Path) -> None:
    import datetime as dt

    import pyarrow as pa

    begun = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    columns = {
        "step": pa.array([0, 1, 2, 3], pa.int32()),
        "timestamp": pa.array([begun + dt.timedelta(seconds=n) for n in range(4)]),
        "split": pa.array(["train", "val", "train", "val"]).dictionary_encode(),
        "loss": pa.array([4.0, 3.0, 2.0, 1.0], pa.float16()),
        "tokens_lost": pa.array([1, None, 3, None], pa.int64()),
        "done": pa.array([True, False, True, False]),
        "prompt": pa.array(["a", "b", "c", "d"]),
        "hist": pa.array([[1.0], [2.0], [3.0], [4.0]]),
    }
    (log,) = parsers.parse(written(tmp_path / "a.parquet", columns))
    assert log.series["loss"].value.tolist() == [4.0, 2.0]
    assert log.series["val/loss"].step.tolist() == [1, 3]
    assert log.series["tokens_lost"].value.tolist() == [1.0, 3.0]
    assert log.series["loss"].wall_time.tolist() == [begun.timestamp(), begun.timestamp() + 2]
    assert not {"done", "prompt", "hist"} & log.series.keys()


@needs_pyarrow
@pytest.mark.parametrize(
    "columns",
    [
        {"prompt": ["a"], "reward": [1.0]},
        {"x": [1.0], "y": [2.0]},
        {"observation": [[1.0]], "reward": [1.0]},
        {"step": [1], "x": [2.0]},
    ],
)
def test_a_data_set_is_no_log(columns: dict[str, object], tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", columns)
    assert parsers.recognise(path) is None
    found = runs.find([tmp_path])
    assert not found.jobs
    assert not found.skipped


@needs_pyarrow
def test_many_tables_in_one_folder_are_a_data_set(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"train-{number:05d}.parquet").write_bytes(HISTORY.read_bytes())
    assert not runs.find([tmp_path]).jobs


def test_without_pyarrow_one_line_says_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "pyarrow" else find(name, *rest)
    )
    (tmp_path / "run.parquet").write_bytes(HISTORY.read_bytes())
    (tmp_path / "loss.csv").write_text("step,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(20)))
    found = runs.find([tmp_path])
    assert len(found.jobs) == 1  # what lies beside it is read all the same
    (skipped,) = found.skipped
    assert skipped.code == "needs-pyarrow"
    assert "'train/loss'" in skipped.reason
    assert "pip install 'losslens[parquet]'" in skipped.reason
    assert "to_csv" in skipped.reason


def test_the_columns_are_told_without_pyarrow() -> None:
    names = [column.name for column in parquet._schema(HISTORY)]
    assert names == ["_step", *TAGS, "_timestamp", "split"]


@pytest.mark.parametrize("cut", [0, 3, 11, 2000, -1, -9, -400])
def test_a_cut_file_is_no_log_and_no_crash(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(HISTORY.read_bytes()[:cut])
    assert parsers.recognise(path) is None


def test_of_a_broken_footer_only_names_that_stand_in_it_are_taken(tmp_path: Path) -> None:
    whole = HISTORY.read_bytes()
    names = {column.name for column in parquet._schema(HISTORY)}
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    schema_end = max(whole.index(name.encode(), footer) for name in names)
    rng = np.random.default_rng(0)
    path = tmp_path / "a.parquet"
    found = []
    for _ in range(300):
        data = bytearray(whole)
        for at in rng.integers(footer, schema_end, 2):
            data[at] = rng.integers(256)
        path.write_bytes(data)
        read = {column.name for column in parquet._schema(path)}
        assert all(name in data.decode("utf-8", "replace") for name in read if "\ufffd" not in name)
        found.append(read)
    assert names in found  # broken where nothing is named
    assert set() in found
    assert any(read and read != names for read in found)


@pytest.mark.parametrize("length", [2**31, 2**32 - 1, HISTORY.stat().st_size, HISTORY.stat().st_size - 11, 0])
def test_a_footer_that_says_to_be_longer_than_its_file_is_not_followed(length: int, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(HISTORY.read_bytes()[:-8] + length.to_bytes(4, "little") + b"PAR1")
    assert parquet._schema(path) == []
    assert not parquet.sniff(path, read_head(path))


@needs_pyarrow
def test_broken_pages_are_one_clear_error(tmp_path: Path) -> None:
    data = bytearray(HISTORY.read_bytes())
    data[4:900] = bytes(896)
    path = tmp_path / "a.parquet"
    path.write_bytes(data)
    with pytest.raises((ParseError, NotALogError)):
        parsers.parse(path)
