"""Experiment trackers, read from what the real MLflow, W&B (offline) and DVCLive wrote of one real training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from losslens.errors import NotALogError, ParseError
from losslens.model import Log
from losslens.parsers import claim_folder, mlflow_db, parse, recognise

DATA = Path(__file__).parent / "data" / "trackers"
TRUTH = json.loads((DATA / "truth.json").read_text())
(MLFLOW_RUN,) = (meta.parent for meta in DATA.glob("mlruns/*/*/meta.yaml"))
(WANDB_FILE,) = DATA.glob("wandb/*/*.wandb")


def assert_true(log: Log) -> None:
    for tag in ("train/loss", "lr", "grad_norm"):
        expected = [row[tag] for row in TRUTH]
        np.testing.assert_allclose(log.series[tag].value, expected, rtol=1e-6, equal_nan=True)
        assert log.series[tag].step.tolist() == list(range(len(TRUTH)))
    settings = {setting.name: setting.value for setting in log.settings}
    assert settings["lr"] == 0.05
    assert settings["optimizer"] == "sgd"


@pytest.mark.parametrize(
    ("path", "format"),
    [
        (MLFLOW_RUN, "mlflow"),
        (DATA / "mlflow.db", "mlflow-db"),
        (DATA / "dvclive", "dvclive"),
        (WANDB_FILE, "wandb"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_point_and_setting_is_read_nan_included(path: Path, format: str) -> None:
    found = claim_folder(path, [p.name for p in path.iterdir()]) if path.is_dir() else recognise(path)
    assert found == format
    (log,) = parse(path)
    assert log.format == format
    assert_true(log)


@pytest.mark.parametrize("path", [MLFLOW_RUN, DATA / "mlflow.db", WANDB_FILE], ids=["mlflow", "mlflow-db", "wandb"])
def test_the_run_has_its_name_and_its_times(path: Path) -> None:
    (log,) = parse(path)
    assert log.group_hint == "too-hot"
    wall = log.series["train/loss"].wall_time
    assert np.isfinite(wall).all()
    assert (np.diff(wall) >= 0).all()


def test_a_failed_mlflow_run_says_so(tmp_path: Path) -> None:
    run = shutil.copytree(MLFLOW_RUN, tmp_path / "run")
    meta = run / "meta.yaml"
    meta.write_text(meta.read_text().replace("status: 3", "status: 4"))
    (log,) = parse(run, "mlflow")
    assert [(event.kind, event.text) for event in log.events] == [("failed", "the run failed")]


def test_a_broken_line_of_mlflow_costs_one_point_and_is_counted(tmp_path: Path) -> None:
    run = shutil.copytree(MLFLOW_RUN, tmp_path / "run")
    with (run / "metrics" / "lr").open("a") as file:
        file.write("1795243085 not-a-number 60\n")
    (log,) = parse(run, "mlflow")
    assert len(log.series["lr"].step) == len(TRUTH)
    assert any("1 lines" in warning.text for warning in log.warnings)


def test_reading_a_database_leaves_nothing_beside_it(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    shutil.copy(DATA / "mlflow.db", database)
    before = database.read_bytes()
    parse(database)
    assert [p.name for p in tmp_path.iterdir()] == ["mlflow.db"]
    assert database.read_bytes() == before


def test_a_damaged_database_is_one_clear_error(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    data = bytearray((DATA / "mlflow.db").read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    database.write_bytes(data)
    with pytest.raises((ParseError, NotALogError)):
        mlflow_db.parse(database)


def test_a_cut_wandb_file_is_read_up_to_the_cut(tmp_path: Path) -> None:
    data = WANDB_FILE.read_bytes()
    cut = tmp_path / "run-cut.wandb"
    cut.write_bytes(data[: len(data) * 2 // 3])
    (log,) = parse(cut)
    loss = log.series["train/loss"]
    assert 20 < len(loss.step) < len(TRUTH)
    np.testing.assert_allclose(loss.value, [row["train/loss"] for row in TRUTH][: len(loss.value)], rtol=1e-6)
    assert "cut" in log.damage[-1].reason
    assert log.damage[-1].last_byte == len(cut.read_bytes()) - 1


def test_a_flipped_bit_in_a_wandb_file_costs_one_record_and_is_named(tmp_path: Path) -> None:
    data = bytearray(WANDB_FILE.read_bytes())
    at = data.index(b"grad_norm", len(data) // 3)
    data[at] ^= 1
    bad = tmp_path / "run-bad.wandb"
    bad.write_bytes(data)
    (log,) = parse(bad)
    assert len(log.series["train/loss"].step) == len(TRUTH) - 1
    assert "frad_norm" not in log.series
    (damage,) = log.damage
    assert damage.records_lost == 1
    assert damage.first_byte <= at <= damage.last_byte
