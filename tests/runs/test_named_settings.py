"""Settings in the names of runs."""

from __future__ import annotations

import pytest

from losslens.model import Role, RoleChoice, Setting
from losslens.runs import build
from losslens.runs.named_settings import told_by_name
from tests.runs.make_logs import falling, log, series


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("logs/run_lr0.1_bs64", {"lr": 0.1, "batch_size": 64}),
        ("logs/run_lr0.14118_batch1024", {"lr": 0.14118, "batch_size": 1024}),
        ("logs/Namespacebatch32_emb128_lr0.001_model/events", {"lr": 0.001, "batch_size": 32}),
        ("lr=3e-4,batch_size=8/version_0", {"lr": 3e-4, "batch_size": 8}),
        ("logs/lr_0.01-sgd", {"lr": 0.01}),
        ("logs/batch_3", {}),
        ("logs/lr_sweep_2", {}),
        ("logs/lr3", {}),
        ("logs/bs2", {}),
        ("logs/color0.1_abs8", {}),
        ("logs/resnet50", {}),
    ],
)
def test_a_name_tells_the_rate_and_the_batch_size(name: str, told: dict[str, float]) -> None:
    assert {key: setting.value for key, setting in told_by_name(name, {}, ()).items()} == told


def test_what_a_setting_or_a_series_tells_is_not_read_from_the_name() -> None:
    known = {"optim/learning_rate": Setting("optim/learning_rate", 0.5, "config.json")}
    assert set(told_by_name("run_lr0.1_bs64", known, ())) == {"batch_size"}
    logged = [RoleChoice("lr", Role.LEARNING_RATE, "made")]
    assert set(told_by_name("run_lr0.1_bs64", {}, logged)) == {"batch_size"}


def test_a_run_says_that_its_settings_are_those_of_its_name() -> None:
    (run,) = build([log("events", series("loss", falling(40)))], name="runs/run_lr0.1_bs64")
    assert run.settings["lr"] == Setting("lr", 0.1, "the name run_lr0.1_bs64")
