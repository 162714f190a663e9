"""Whose the settings are that lie among the logs of several runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from losslens.model import Run
from losslens.runs import find, load
from losslens.runs.ownership import owners_by_name
from tests.runs.make_logs import falling


def _course(seed: int) -> str:
    return "epoch,loss\n" + "".join(f"{i},{v:.6f}\n" for i, v in enumerate(falling(30, seed=seed)))


def _runs(path: Path, logs: tuple[str, ...], settings: Mapping[str, str]) -> dict[str, Run]:
    for seed, name in enumerate(logs):
        (path / name).write_text(_course(seed))
    for name, text in settings.items():
        (path / name).write_text(text)
    return {run.name.rsplit("/", 1)[-1]: run for job in find([path]).jobs for run in load(job)}


def _rates(runs: Mapping[str, Run]) -> dict[str, object]:
    return {name: run.settings["lr"].value if "lr" in run.settings else None for name, run in runs.items()}


@pytest.mark.parametrize(
    ("logs", "settings", "rates"),
    [
        (("resnet.csv", "vgg.csv"), ("resnet.yaml", "vgg.yaml"), {"resnet": 0.1, "vgg": 0.2}),
        (
            ("resnet_log.csv", "vgg_log.csv"),
            ("resnet_args.yaml", "config_vgg.yaml"),
            {"resnet_log": 0.1, "vgg_log": 0.2},
        ),
        (("run1.csv", "run2.csv"), ("config_1.yaml", "config_2.yaml"), {"run1": 0.1, "run2": 0.2}),
        (("net.csv", "net_big.csv"), ("net.yaml", "net_big.yaml"), {"net": 0.1, "net_big": 0.2}),
    ],
)
def test_settings_go_to_the_run_whose_name_they_bear(
    logs: tuple[str, ...], settings: tuple[str, ...], rates: dict[str, float], tmp_path: Path
) -> None:
    texts = {name: f"lr: 0.{k}\nbatch_size: 8\n" for k, name in enumerate(settings, 1)}
    assert _rates(_runs(tmp_path, logs, texts)) == rates


def test_settings_go_to_the_run_that_they_name(tmp_path: Path) -> None:
    settings = {"x.yaml": "lr: 0.1\nseed: 1\nrun_name: a1\n", "y.yaml": "lr: 0.2\nseed: 1\noutput_dir: runs/b1/\n"}
    assert _rates(_runs(tmp_path, ("a1.csv", "b1.csv"), settings)) == {"a1": 0.1, "b1": 0.2}


def test_settings_that_name_no_run_are_shared_and_that_is_said(tmp_path: Path) -> None:
    settings = {"args.yaml": "lr: 0.1\nseed: 1\n"}
    runs = _runs(tmp_path, ("a.csv", "b.csv"), settings)
    assert _rates(runs) == {"a": 0.1, "b": 0.1}
    whys = [job.why for job in find([tmp_path]).jobs]
    assert all("args.yaml does not say whose settings it holds: taken for each of 2 runs" in why for why in whys)


def test_two_logs_with_settings_of_their_own_names_are_two_runs(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(_course(0))
    lines = "".join(f'{{"epoch": {i}, "acc": {0.9 - v / 4:.6f}}}\n' for i, v in enumerate(falling(30, seed=5)))
    (tmp_path / "b.jsonl").write_text(lines)
    one_run = [run for job in find([tmp_path]).jobs for run in load(job)]
    assert len(one_run) == 1
    for k, name in enumerate("ab"):
        (tmp_path / f"{name}_config.yaml").write_text(f"lr: 0.{k + 1}\nseed: 1\n")
    runs = [run for job in find([tmp_path]).jobs for run in load(job)]
    assert [run.settings["lr"].value for run in runs] == [0.1, 0.2]


def test_a_name_that_begins_alike_is_that_of_the_run_that_shares_most_of_it() -> None:
    assert owners_by_name("net_big_args.yaml", ["net.csv", "net_big.csv", "other.csv"]) == [1]
    assert owners_by_name("net.yaml", ["net_a.csv", "net_b.csv", "other.csv"]) == [0, 1]
    assert owners_by_name("config.yaml", ["net.csv", "config_log.csv"]) == []
