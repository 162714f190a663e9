"""The quick way through a block of numbers gives what the slow way gives, or leaves the block to it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losslens import parsers
from losslens.model import Log
from losslens.parsers import opening
from losslens.parsers.csv_blocks import read_block
from losslens.parsers.csv_rows import TableReader
from losslens.parsers.dialect import Dialect

CELLS = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["", "nan", "NaN", "inf", "-Infinity", " 1.5", "2 ", "1e400", "+3", ".5", "5.", "1E5", "-nan"]),
)
ODD = st.sampled_from(["NA", "null", "abc", "1_0", "0x10", "1.5abc", "1 2", "True", "-", "12:30", "5%", "é", "#"])


def cell_by_cell(cells: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    values = np.array([[float(cell) if cell else math.nan for cell in row] for row in cells])
    return values, np.array([[cell == "" for cell in row] for row in cells])


@given(st.integers(2, 5).flatmap(lambda w: st.lists(st.lists(CELLS, min_size=w, max_size=w), min_size=1, max_size=8)))
def test_a_block_of_numbers_is_read_to_the_last_bit(cells: list[list[str]]) -> None:
    text = "".join(",".join(row) + "\n" for row in cells)
    block = read_block(text, ",", len(cells[0]))
    assert block is not None
    values, blank = cell_by_cell(cells)
    np.testing.assert_array_equal(block.values, values)
    assert (np.zeros_like(blank) if block.blank is None else block.blank).tolist() == blank.tolist()


@given(st.lists(st.lists(st.one_of(CELLS, ODD), min_size=1, max_size=4), min_size=1, max_size=6))
def test_a_block_is_never_read_otherwise_than_float_would(cells: list[list[str]]) -> None:
    text = "".join(",".join(row) + "\n" for row in cells)
    block = read_block(text, ",", 3)
    if block is None:
        return
    assert {len(row) for row in cells} == {3}
    np.testing.assert_array_equal(block.values, cell_by_cell(cells)[0])


def slow_and_quick(path: Path, dialect: Dialect) -> tuple[TableReader, TableReader]:
    readers = TableReader(path, dialect), TableReader(path, dialect)
    readers[0]._plain_blocks = False
    for reader in readers:
        reader.read()
    return readers


@pytest.mark.parametrize("block_bytes", [16, 100, 1000])
def test_a_file_read_in_blocks_of_any_size_gives_the_same_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for step in range(300):
        cells = [str(step), repr(rng.normal()), "" if rng.random() < 0.3 else repr(rng.normal()), "nan"]
        if step % 70 == 69:
            rows.append("step,a,b,c")
        if step % 90 == 89:
            cells = cells[:2]
        if step % 110 == 109:
            cells[1] = "NA"
        rows.append(",".join(cells))
    path = tmp_path / "log.csv"
    path.write_text("step,a,b,c\n" + "\n".join(rows) + "\n")
    monkeypatch.setattr(opening, "BLOCK_BYTES", block_bytes)
    dialect = Dialect(",", ".", ("step", "a", "b", "c"), 4, 1)
    slow, quick = slow_and_quick(path, dialect)
    assert slow.columns.n_rows == quick.columns.n_rows == 300
    assert slow.columns.restarts == quick.columns.restarts
    for name in ("step", "a", "b", "c"):
        for one, other in zip(slow.columns[name].numbers(), quick.columns[name].numbers(), strict=True):
            np.testing.assert_array_equal(one, other)
        assert slow.columns[name].blanks == quick.columns[name].blanks


@pytest.mark.parametrize("block_bytes", [3, 8, 64])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_quotes_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int, end: str
) -> None:
    path = tmp_path / "log.csv"
    lines = ["step,note,loss", '0,"a, b",3.0', "1,é,2.0", '2,"c",1.0', ""]
    path.write_bytes(end.join(lines).encode())
    monkeypatch.setattr(opening, "BLOCK_BYTES", block_bytes)
    log: Log = parsers.parse(path, "csv")[0]
    assert log.series["loss"].value.tolist() == [3.0, 2.0, 1.0]
    assert not log.damage


def test_a_line_without_an_end_costs_itself_and_not_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(opening, "MAX_LINE_BYTES", 5000)
    path = tmp_path / "log.csv"
    rows = [f"{step},{step / 2}" for step in range(200)]
    path.write_text("step,loss\n" + "\n".join(rows[:100]) + "\n" + "9" * 50_000 + "\n" + "\n".join(rows[100:]) + "\n")
    log = parsers.parse(path, "csv")[0]
    assert log.series["loss"].step.tolist() == list(range(200))
    assert [damage.reason for damage in log.damage] == ["a line without an end"]
