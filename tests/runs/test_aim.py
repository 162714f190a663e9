"""Repositories of Aim, which only Aim reads: one line says how to export them, and the export is read."""

from __future__ import annotations

from pathlib import Path

from losslens import parsers, runs

#: As `dataframe(include_name=True, include_context=True, include_run=True)` of Aim 3 makes it.
HEADER = ",idx,step,value,epoch,time,run.hash,run.hparams.lr,run.hparams.optimizer,metric.name,metric.context.subset"


def test_a_repository_is_named_with_the_way_out_and_its_database_is_not_looked_into(tmp_path: Path) -> None:
    chunk = tmp_path / ".aim" / "meta" / "chunks" / "c3d4"
    chunk.mkdir(parents=True)
    (tmp_path / ".aim" / "seqs").mkdir()
    (tmp_path / ".aim" / "run_metadata.sqlite").write_bytes(b"SQLite format 3\0")
    (chunk / "LOG").write_text("step 1 loss 0.5\nstep 2 loss 0.25\nstep 3 loss 0.125\n")
    for given in (tmp_path, tmp_path / ".aim"):
        found = runs.find([given])
        assert not found.jobs
        assert [item.code for item in found.skipped] == ["aim"]
        assert "to_csv" in found.skipped[0].reason


def test_the_export_is_read_with_its_names_and_splits(tmp_path: Path) -> None:
    rows = [
        f"{i},{i},{i},{3.0 / (i + 1)},0.0,2026-11-22 05:50:25.{i:06d},c3d410535de04198a577ee91,0.05,sgd,{name},{split}"
        for name, split in (("loss", "train"), ("loss", "val"))
        for i in range(20)
    ]
    (tmp_path / "aim.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    (log,) = parsers.parse(tmp_path / "aim.csv")
    assert log.series["loss"].step.tolist() == list(range(20))
    assert log.series["val/loss"].step.tolist() == list(range(20))
