"""How much of a file is its head: 64 KiB, and more only of a text whose lines are too long for that."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from losslens import parsers
from losslens.parsers.opening import HEAD_BYTES, MOST_HEAD_BYTES, has_too_long_lines, read_head

NAMES = [f"grad_norm/block_{n}.attention.output.weight" for n in range(2000)]
HEADER = ",".join(["step", "loss", *NAMES])
ROWS = [",".join([str(step), f"{2 / (step + 1):.4f}", *["0.5"] * len(NAMES)]) for step in range(40)]
TABLE = "\n".join([HEADER, *ROWS]) + "\n"
RECORDS = "".join(json.dumps({"step": n, "loss": 2 / (n + 1), **dict.fromkeys(NAMES, 0.5)}) + "\n" for n in range(9))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text", "points"),
    [
        ("metrics.csv", TABLE, 40),
        ("metrics.csv.gz", TABLE, 40),
        ("windows.csv", TABLE.replace("\n", "\r\n"), 40),
        ("preamble.csv", "# a run\n# of the second sweep\n# on two machines\n" + TABLE, 40),
        ("metrics.jsonl", RECORDS, 9),
        ("settings.jsonl", json.dumps({"config": {"note": "x" * 90_000}}) + "\n" + RECORDS, 9),
        ("metrics.jsonl.gz", RECORDS, 9),
        ("framed.jsonl", "".join(f"trainer-1  | {line}\n" for line in RECORDS.splitlines()), 9),
    ],
)
def test_a_log_whose_lines_are_longer_than_a_head_is_read(name: str, text: str, points: int, tmp_path: Path) -> None:
    (log,) = parsers.parse(write(tmp_path, name, text))
    assert len(log.series) >= len(NAMES)
    assert len(log.series["loss"].value) == points


def test_the_head_of_wide_lines_ends_soon_behind_a_few_of_them(tmp_path: Path) -> None:
    head = read_head(write(tmp_path, "metrics.csv", TABLE * 20))
    assert HEAD_BYTES < len(head) <= 4 * len(HEADER)
    assert head.count(b"\n") >= 3


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"step {n} loss {2 / (n + 1):.4f}\n" for n in range(9000)),
        json.dumps({"loss": [0.5] * 200_000}),
        json.dumps({"loss": [0.5] * 200_000}) + "\n",
        json.dumps({"cells": [{"image": "iVBOR" * 50_000}, {"image": "iVBOR" * 50_000}] * 4}, indent=1),
        "x" * 300_000,
    ],
    ids=["common lines", "one document", "one document and a line end", "a notebook", "no line end"],
)
def test_the_head_of_anything_else_is_64_kib(text: str, tmp_path: Path) -> None:
    assert len(read_head(write(tmp_path, "file", text))) == HEAD_BYTES


def test_a_text_is_too_wide_where_too_few_lines_end_in_the_most_that_is_read_of_a_head(tmp_path: Path) -> None:
    wide = "1," * (MOST_HEAD_BYTES // 4)
    assert has_too_long_lines(write(tmp_path, "two.csv", f"{wide}\n{wide}\n{wide}\n"))
    assert has_too_long_lines(write(tmp_path, "two.csv.gz", f"{wide}\n{wide}\n{wide}\n"))
    assert not has_too_long_lines(write(tmp_path, "three.csv", TABLE))
    assert not has_too_long_lines(write(tmp_path, "short.csv", "1,2\n"))
    assert not has_too_long_lines(write(tmp_path, "zeros.bin", "\0\1\2" * MOST_HEAD_BYTES))
