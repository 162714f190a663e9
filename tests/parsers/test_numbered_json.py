"""A folder with one JSON file an epoch, as AllenNLP leaves it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from losslens import parsers
from losslens.runs import find, load


def _write(folder: Path, name: str, numbers: range, *, epoch: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in numbers:
        record = {"training_loss": 2.0 * 0.9**i, "validation_loss": 2.1 * 0.9**i, "training_duration": "0:00:10"}
        (folder / name.format(i)).write_text(json.dumps({"epoch": i, **record} if epoch else record))


@pytest.mark.parametrize("epoch", [True, False], ids=["the record counts", "only the name counts"])
def test_a_file_an_epoch_is_one_run_in_the_order_of_its_numbers(epoch: bool, tmp_path: Path) -> None:
    _write(tmp_path, "metrics_epoch_{}.json", range(12), epoch=epoch)
    (tmp_path / "config.json").write_text('{"trainer": {"optimizer": {"type": "adam", "lr": 0.001}, "num_epochs": 12}}')
    (job,) = find([tmp_path]).jobs
    (run,) = load(job)
    loss = run.series["training_loss"]
    assert run.axis == "epoch"
    assert loss.step.tolist() == list(range(12))
    np.testing.assert_allclose(loss.value, 2.0 * 0.9 ** np.arange(12))
    assert run.tags(*[c.role for c in run.roles if c.tag == "validation_loss"])
    assert run.settings["trainer.optimizer.lr"].value == 0.001


@pytest.mark.parametrize("name", ["image_{}.json", "sample_{}.json"])
def test_numbered_files_of_a_data_set_are_no_log(name: str, tmp_path: Path) -> None:
    for i in range(12):
        (tmp_path / name.format(i)).write_text(json.dumps({"label": 1, "loss": 0.1 * i}))
    assert parsers.claim_folder(tmp_path, [name.format(i) for i in range(12)]) is None


def test_a_broken_file_costs_its_epoch_and_is_said(tmp_path: Path) -> None:
    _write(tmp_path, "metrics_epoch_{}.json", range(8), epoch=True)
    (tmp_path / "metrics_epoch_3.json").write_text('{"training_loss": 1.')
    (log,) = parsers.parse(tmp_path, "numbered-json")
    assert log.series["training_loss"].step.tolist() == [0, 1, 2, 4, 5, 6, 7]
    assert [w.code for w in log.warnings] == ["unreadable-files"]
