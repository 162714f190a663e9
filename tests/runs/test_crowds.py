"""Folders of thousands of files: data sets are passed over without reading them, runs among them are found."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np

from losslens import parsers
from losslens.runs import find
from losslens.runs.crowds import MOST_TABLES, SAMPLE
from tests.runs.make_logs import falling


def logged(path: Path, *, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("step,loss\n" + "".join(f"{i},{v:.6f}\n" for i, v in enumerate(falling(30, seed=seed))))
    return path


def test_the_labels_of_a_data_set_are_counted_and_hardly_opened(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    rng = np.random.default_rng(0)
    for i in range(300):
        np.savetxt(labels / f"{i:06d}.txt", np.c_[rng.integers(0, 80, 4), rng.random((4, 4))], fmt="%.6f")
    logged(tmp_path / "run" / "metrics.csv")
    opened: list[Path] = []
    recognise = parsers.recognise

    def counting(path: Path) -> str | None:
        opened.append(path)
        return recognise(path)

    parsers.recognise = counting
    try:
        found = find([tmp_path])
    finally:
        parsers.recognise = recognise
    assert [Path(job.path).name for job in found.jobs] == ["metrics.csv"]
    assert dict(found.passed_over) == {".txt": 300}
    assert len(opened) <= SAMPLE + 1


def test_hundreds_of_runs_named_alike_are_all_found(tmp_path: Path) -> None:
    for i in range(100):
        logged(tmp_path / f"run_{i}.csv", seed=i)
    assert len(find([tmp_path]).jobs) == 100


def test_many_tables_without_a_name_of_a_training_are_a_data_set(tmp_path: Path) -> None:
    for i in range(MOST_TABLES + 5):
        name = "abcdefghijklmnopqrstuvwxyz"[i] + ".csv"
        (tmp_path / name).write_text("x,y\n" + "".join(f"{k / 7:.3f},{k / 3:.3f}\n" for k in range(20)))
    logged(tmp_path / "history.csv")
    found = find([tmp_path])
    assert [[s.path.name for s in job.sources] for job in found.jobs] == [["history.csv"]]
    assert ("tables of a data set", MOST_TABLES + 5) in found.passed_over


def test_loops_pipes_sockets_and_devices_are_passed_by(tmp_path: Path) -> None:
    logged(tmp_path / "run" / "metrics.csv")
    (tmp_path / "run" / "again").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(".")
    (tmp_path / "nowhere.csv").symlink_to("gone")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "zero.log").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "run" / "train.log")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket has to be short
        try:
            listening.bind("s.json")
        finally:
            os.chdir(here)
        found = find([tmp_path])
    (job,) = found.jobs
    assert [s.path.name for s in job.sources] == ["metrics.csv"]
    assert dict(found.passed_over) == {"special file": 3}
    assert {s.code for s in found.skipped} == {"unreadable"}


def test_names_of_all_kinds_give_runs_with_harmless_and_different_names(tmp_path: Path) -> None:
    import losslens

    odd = [
        "new\nline",
        "\x1b[31mred\x1b[0m",
        "\u202egnp.exe",
        "<script>alert(1)<",
        "[bold]x[",
        "%s%n",
        "a" * 200,
        "-rf",
    ]
    for seed, name in enumerate([*odd, "\u200bzero", "tab\tname", "..."]):
        logged(tmp_path / name / "metrics.csv", seed=seed)
    names = [run.name for run in losslens.analyze(tmp_path).runs]
    assert len(set(names)) == 11
    for name in names:
        assert name.isprintable()
        assert 0 < len(name) <= 80
        assert not set(name) & set("<>/\\\n\t\x1b%")
