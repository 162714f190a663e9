"""trackio's databases, made by the library: one of today, and rows as it wrote them before runs had an id."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

import losslens
from losslens import parsers, runs
from losslens.errors import NotALogError, ParseError
from losslens.parsers import trackio
from tests.parsers.offline_truth import DATA, assert_true

DATABASE = DATA / "trackio" / "zoo.db"


def older(path: Path, rows: list[tuple[str, int, str]]) -> Path:
    """The table of version 0.2."""
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, "
            "run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL)"
        )
        db.executemany(
            "INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)",
            [(f"2026-11-22T05:48:{n:02d}.790831", *row) for n, row in enumerate(rows)],
        )
    db.close()
    return path


def test_every_run_is_a_log_with_its_points_and_settings() -> None:
    assert parsers.recognise(DATABASE) == "trackio"
    first, second = parsers.parse(DATABASE)
    assert (first.group_hint, second.group_hint) == ("too-hot", "again")
    assert_true(first)
    assert {setting.name: setting.value for setting in first.settings} == {
        "lr": 0.05,
        "optimizer": "sgd",
        "model.width": 4,
    }
    np.testing.assert_allclose(second.series["train/loss"].value, 1.0 / np.arange(1, 49))
    assert first.series["train/loss"].wall_time[0] > 1.7e9


def test_the_runs_of_a_database_are_told_apart() -> None:
    reports = {report.id: report.verdict for report in losslens.analyze(DATABASE).runs}
    assert reports == {"too-hot": "nan", "again": "healthy"}


def test_a_database_of_an_older_version_is_read(tmp_path: Path) -> None:
    rows = [(name, step, json.dumps({"loss": 1.0 / (step + 1)})) for step in range(20) for name in ("a", "b")]
    first, second = parsers.parse(older(tmp_path / "zoo.db", rows))
    assert (first.group_hint, second.group_hint) == ("a", "b")
    assert first.series["loss"].step.tolist() == list(range(20))
    assert first.series["loss"].wall_time[0] == 1795326480.790831


def test_words_pictures_and_broken_rows_cost_nothing_but_themselves(tmp_path: Path) -> None:
    rows = [
        ("a", 0, '{"loss": 1.0, "note": "hello", "sample": {"_type": "trackio.image", "width": 3}}'),
        ("a", 1, '{"loss": 0.5, "lo'),
        ("a", 2, '{"loss": "NaN", "eval": {"loss": 0.25}}'),
    ]
    (log,) = parsers.parse(older(tmp_path / "zoo.db", rows))
    assert sorted(log.series) == ["eval/loss", "loss"]
    np.testing.assert_array_equal(log.series["loss"].value, [1.0, np.nan])
    assert [damage.records_lost for damage in log.damage] == [1]


def test_other_databases_are_none_of_its_and_damage_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(NotALogError):
        parsers.parse(older(tmp_path / "empty.db", []))
    with sqlite3.connect(tmp_path / "other.db") as db:
        db.execute("CREATE TABLE metrics (a INTEGER, b TEXT)")
    db.close()
    assert parsers.recognise(tmp_path / "other.db") is None
    data = bytearray(DATABASE.read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    (tmp_path / "bad.db").write_bytes(data)
    with pytest.raises((ParseError, NotALogError)):
        trackio.parse(tmp_path / "bad.db")


@pytest.mark.parametrize("at", [b"CREATE TABLE metrics", b"metricsmetrics"])
def test_a_schema_of_bytes_that_are_no_text_is_no_crash(at: bytes, tmp_path: Path) -> None:
    data = DATABASE.read_bytes()
    assert at in data
    path = tmp_path / "zoo.db"
    path.write_bytes(data.replace(at, at[:3] + b"\xad\xff" + at[5:]))
    assert parsers.recognise(path) is None
    with pytest.raises((ParseError, NotALogError)):
        trackio.parse(path)


def test_reading_leaves_nothing_beside_the_database(tmp_path: Path) -> None:
    path = tmp_path / "zoo.db"
    path.write_bytes(DATABASE.read_bytes())
    parsers.parse(path)
    assert [file.name for file in tmp_path.iterdir()] == ["zoo.db"]


def test_two_databases_of_a_folder_are_runs_of_their_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        rows = [("main", step, json.dumps({"loss": (2.0 + (name == "two")) / (step + 1)})) for step in range(20)]
        older(tmp_path / f"{name}.db", rows)
    assert len(runs.find([tmp_path]).jobs) == 2
