"""Archives of logs: read without being unpacked by hand, whatever a stranger put into them."""

from __future__ import annotations

import gc
import gzip
import io
import os
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
import pytest

import losslens
from losslens.pipeline import survey
from losslens.reporter.json import render_json
from losslens.runs import find, load
from tests.parsers.truth import DATA
from tests.runs.make_logs import falling

ROWS = "step,loss,lr\n" + "".join(f"{i},{v:.6f},0.1\n" for i, v in enumerate(falling(60)))


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where archives are unpacked in a test."""
    place = tmp_path / "unpacked"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def tarred(path: Path, files: dict[str, str], *more: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
        for info in more:
            archive.addfile(info)
    return path


TWO = {"logs/a/metrics.csv": ROWS, "logs/a/config.json": '{"lr": 0.1, "batch_size": 8}', "logs/b/metrics.csv": ROWS}


@pytest.mark.parametrize("name", ["logs.zip", "logs.tar", "logs.tar.gz", "logs.tgz"])
def test_the_runs_of_an_archive_are_called_by_their_places_in_it(name: str, tmp_path: Path) -> None:
    path = (zipped if name.endswith("zip") else tarred)(tmp_path / name, TWO)
    analysis = losslens.analyze(path)
    assert sorted(report.path for report in analysis.runs) == [f"{path}/logs/{n}/metrics.csv" for n in "ab"]
    (first,) = (report for report in analysis.runs if "/a/" in report.path)
    assert first.settings["batch_size"].source.startswith(f"{path}/logs/a/config.json")
    assert "unpacked/" not in render_json(analysis)
    assert "unpacked/" not in repr(survey([str(path)]))


def test_every_kind_of_log_is_found_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for place in ("keras", "hf", "wandb_runs", "trackers"):
            for file in sorted((DATA / place).rglob("*")):
                archive.write(file, file.relative_to(DATA))
    there = {
        report.path.removeprefix(f"{DATA}/"): report.points
        for report in losslens.analyze([str(DATA / place) for place in ("keras", "hf", "wandb_runs", "trackers")]).runs
    }
    here = {report.path.removeprefix(f"{path}/"): report.points for report in losslens.analyze(path).runs}
    assert here == there


def test_nothing_is_left_behind(tmp_path: Path, own_place: Path) -> None:
    losslens.analyze(zipped(tmp_path / "logs.zip", TWO), jobs=2)
    gc.collect()
    assert not list(own_place.iterdir())


def test_jobs_hold_their_files_as_long_as_they_live(tmp_path: Path, own_place: Path) -> None:
    jobs = find([zipped(tmp_path / "logs.zip", TWO)]).jobs
    (held,) = own_place.iterdir()
    assert stat.S_IMODE(held.stat().st_mode) == 0o700
    assert all(load(job) for job in jobs)
    del jobs
    gc.collect()
    assert not list(own_place.iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "../out.csv",
        "a/../../out.csv",
        "/tmp/out.csv",
        "..\\out.csv",
        "C:\\out.csv",
        "a" * 200 + "/x.csv",
        "x/" * 40 + "y.csv",
    ],
)
def test_no_path_leads_out_of_the_folder(name: str, tmp_path: Path, own_place: Path) -> None:
    for path in (zipped(tmp_path / "a.zip", {name: ROWS}), tarred(tmp_path / "a.tar", {name: ROWS})):
        found = find([path])
        assert not found.jobs
        assert not [p for p in own_place.rglob("*") if p.is_file()]


def test_links_and_devices_are_left_out(tmp_path: Path) -> None:
    kinds = []
    for name, kind in (("a/metrics.csv", tarfile.SYMTYPE), ("b", tarfile.LNKTYPE), ("c", tarfile.FIFOTYPE)):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        kinds.append(info)
    device = tarfile.TarInfo("d.csv")
    device.type, device.devmajor, device.devminor = tarfile.CHRTYPE, 1, 5
    (job,) = find([tarred(tmp_path / "a.tar", {"e/metrics.csv": ROWS}, *kinds, device)]).jobs
    assert job.path.endswith("a.tar/e/metrics.csv")
    link = zipfile.ZipInfo("f/metrics.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert not find([tmp_path / "a.zip"]).jobs


def test_an_archive_that_expands_as_no_log_does_is_refused(tmp_path: Path, own_place: Path) -> None:
    zeros = "0" * (80 << 20)
    for path in (zipped(tmp_path / "a.zip", {"a.log": zeros}), tarred(tmp_path / "a.tar.gz", {"a.pt": zeros})):
        (skipped,) = find([path]).skipped
        assert "expands" in skipped.reason
        assert skipped.path == str(path)
    gc.collect()
    assert not list(own_place.iterdir())


def test_a_member_that_lies_about_its_size_is_bounded_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("losslens.runs.archives.MOST_BYTES", 100)
    (skipped,) = find([zipped(tmp_path / "a.zip", {"a/metrics.csv": ROWS})]).skipped
    assert "expands" in skipped.reason


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("losslens.runs.archives.MOST_MEMBERS", 2)
    (skipped,) = find([zipped(tmp_path / "a.zip", TWO)]).skipped
    assert "more than" in skipped.reason


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar"])
def test_a_broken_archive_is_said_to_be(name: str, tmp_path: Path) -> None:
    whole = (zipped if name.endswith("zip") else tarred)(tmp_path / name, {f"{i}/metrics.csv": ROWS for i in range(40)})
    data = whole.read_bytes()
    for broken in (data[: len(data) // 2], data[:2000] + bytes(500) + data[2500:], b"PK\x03\x04", b"", os.urandom(300)):
        whole.write_bytes(broken)
        found = find([whole])
        assert found.skipped or found.jobs


def test_checkpoints_in_an_archive_are_known_by_their_names_alone(tmp_path: Path) -> None:
    files = {"run/metrics.csv": ROWS, "run/checkpoint-20.pt": "x" * 1000, "run/checkpoint-40.pt": "x" * 1000}
    (run,) = losslens.load(zipped(tmp_path / "a.zip", files))
    assert [c.step for c in run.checkpoints] == [20, 40]
    assert run.checkpoints[0].path == f"{tmp_path}/a.zip/run/checkpoint-20.pt"


def test_an_error_in_a_file_names_its_place_in_the_archive(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"run/history.json": '{"loss": [3, 2, 1], "loss": [4, 5, 6]}'})
    said = [f"{item.path} {item.reason}" for item in losslens.analyze(path).skipped]
    assert said
    assert all("unpacked/" not in text for text in said)


def test_an_archive_in_an_archive_stays_closed(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", TWO).read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inner.zip", inner)
        archive.writestr("logs.gz", gzip.compress(ROWS.encode()))
    assert len(find([tmp_path / "a.zip"]).jobs) <= 1


def test_a_model_of_pytorch_is_no_archive_of_logs(tmp_path: Path) -> None:
    path = zipped(tmp_path / "model.pt", {"archive/data.pkl": "x"})
    (skipped,) = find([path]).skipped
    assert skipped.code == "unsafe"


def test_an_archive_without_a_log_is_said_to_be(tmp_path: Path) -> None:
    (skipped,) = find([zipped(tmp_path / "a.zip", {"readme.txt": "no numbers", "a/b.png": "x"})]).skipped
    assert (skipped.path, skipped.code) == (f"{tmp_path}/a.zip", "not-a-log")


def rows(n: int) -> str:
    """A table that hardly compresses, so that a cut hits it where it is meant to."""
    noise = np.random.default_rng(n).random((400, 3))
    return "step,loss,lr\n" + "".join(f"{i},{3 / (i + 1) + 0.1 * a:.9f},{b:.9f}\n" for i, (a, b, _) in enumerate(noise))


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar", "a.tar.xz", "streamed.zip"])
def test_a_cut_archive_is_read_up_to_the_cut_and_says_what_was_lost(name: str, tmp_path: Path) -> None:
    files = {f"run{i}/metrics.csv": rows(i) for i in range(6)}
    path = tmp_path / name
    if name == "streamed.zip":
        with path.open("wb") as out, zipfile.ZipFile(Unseekable(out), "w", zipfile.ZIP_DEFLATED) as archive:
            for member, text in files.items():
                archive.writestr(member, text)
    elif name.endswith("xz"):
        with tarfile.open(path, "w:xz") as archive:
            for member, text in files.items():
                info = tarfile.TarInfo(member)
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
    else:
        (zipped if name.endswith("zip") else tarred)(path, files)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])

    found = find([path])
    runs = [run for job in found.jobs for run in load(job)]

    assert [len(run.series["loss"]) for run in runs][:3] == [400] * 3
    assert len(runs) == 4
    assert 100 < len(runs[3].series["loss"]) < 400
    assert runs[3].series["loss"].value.tolist() == runs_of(rows(3), tmp_path)[: len(runs[3].series["loss"])]
    assert "cut off" in runs[3].damage[-1].reason
    assert not any(run.damage for run in runs[:3])
    (lost,) = found.skipped
    assert (lost.path, lost.code) == (str(path), "damaged-archive")
    assert "run3/metrics.csv" in lost.reason


class Unseekable(io.RawIOBase):
    """A pipe: a zip that is written to it says the sizes of its members behind them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self._file.write(data)

    def writable(self) -> bool:
        return True


def runs_of(text: str, folder: Path) -> list[float]:
    path = folder / "whole.csv"
    path.write_text(text)
    (run,) = losslens.load(path)
    return [float(value) for value in run.series["loss"].value]


def test_a_damaged_member_of_a_zip_costs_nothing_else(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"run{i}/metrics.csv": rows(i) for i in range(3)})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 - 20 : len(data) // 2 + 20] = bytes(40)
    path.write_bytes(data)

    found = find([path])

    assert len(found.jobs) == 2
    assert [item.code for item in found.skipped if "run1/metrics.csv" in item.reason][:1] == ["damaged-archive"]


def test_a_zip_that_lost_its_table_of_contents_alone_is_read_whole(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", TWO)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"PK\x01\x02") + 10])

    found = find([path])

    assert len(found.jobs) == 2
    assert ["table of contents" in item.reason for item in found.skipped] == [True]
