"""Histories in YAML, as ``yaml.dump`` of PyYAML and people write them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from losslens import parsers
from losslens.errors import ParseError
from losslens.model import Log
from losslens.parsers.settings import MAX_YAML_BYTES

LOSS = [2.5, 1.25, 0.8, 0.6, 0.5, math.nan]
RECORDS = [{"epoch": n, "loss": x, "lr": 0.001} for n, x in enumerate(LOSS)]

HISTORIES = {
    "lists": yaml.dump({"loss": LOSS, "val_loss": LOSS[:]}),
    "lists in brackets": yaml.dump({"loss": LOSS, "val_loss": LOSS[:]}, default_flow_style=None),
    "lists below a key": yaml.dump({"model": "resnet", "history": {"loss": LOSS, "val_loss": LOSS[:]}}),
    "records": yaml.dump(RECORDS),
    "records in braces": yaml.dump(RECORDS, default_flow_style=None),
    "records below a key": yaml.dump({"model": "resnet", "lr": 0.1, "history": RECORDS}),
    "a record an epoch": yaml.dump({f"epoch_{n}": {"loss": x, "acc": 0.5} for n, x in enumerate(LOSS)}),
    "a document a record": yaml.dump_all(RECORDS, explicit_start=True),
}


def read(path: Path, text: str) -> Log:
    path.write_text(text)
    assert parsers.recognise(path) == "yaml"
    (log,) = parsers.parse(path)
    return log


@pytest.mark.parametrize("form", HISTORIES)
def test_a_history_is_read_to_its_nan(form: str, tmp_path: Path) -> None:
    course = read(tmp_path / "history.yaml", HISTORIES[form]).series["loss"]
    assert course.step.tolist() == list(range(6))
    assert course.axis == "epoch"
    assert course.value.tolist()[:5] == LOSS[:5]
    assert math.isnan(course.value[5])


def test_what_stands_beside_a_history_is_a_setting(tmp_path: Path) -> None:
    log = read(tmp_path / "history.yml", HISTORIES["records below a key"])
    assert {setting.name: setting.value for setting in log.settings}["lr"] == 0.1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.yaml", "lr: 0.1\nepochs: 10\nmilestones: [10, 20, 30, 40, 50]\nloss_weights: [1.0, 0.5, 0.2]\n"),
        ("config.yaml", "lr: 0.1\nbatch_size: 8\nloss_weights: [1.0, 0.5, 0.2, 0.1, 0.1, 0.1]\n"),
        ("train.yaml", "batch_size: 8\nepochs: 10\nlr: [0.1, 0.03, 0.01, 0.003, 0.001, 0.0003]\n"),
        ("train.yaml", "lr: 0.1\nepochs: 10\nloss_weights: [1.0, 0.5, 0.2, 0.1, 0.1, 0.1]\n"),
        ("train.yaml", "lr: 0.1\nepochs: 9\nsteps:\n" + "".join(f"- epoch: {n}\n  lr: 0.{n}\n" for n in range(1, 6))),
        ("train.yaml", "lr: 0.1\nepochs: 10\nmilestones:\n- 10\n- 20\n- 30\n- 40\n- 50\n"),
    ],
)
def test_lists_of_settings_are_settings(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert parsers.recognise(tmp_path / name) == "settings"


def test_a_history_too_large_for_yaml_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "history.yaml"
    path.write_text(yaml.dump({"loss": LOSS}) + "- 0.1\n" * (MAX_YAML_BYTES // 5))
    with pytest.raises(ParseError, match="save it as CSV or JSON"):
        parsers.parse(path)


def test_no_object_of_python_is_built(tmp_path: Path) -> None:
    text = HISTORIES["lists"] + "hook: !!python/object/apply:os.system ['touch pwned']\n"
    log = read(tmp_path / "history.yaml", text)
    assert len(log.series["loss"].value) == 6
    assert not (tmp_path / "pwned").exists()
