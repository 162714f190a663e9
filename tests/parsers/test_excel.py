"""Excel workbooks of trainings: as pandas saves them, and as people and other programs leave them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

import losslens
from losslens import parsers, runs
from losslens.errors import NotALogError, ParseError
from losslens.parsers import excel
from tests.parsers.offline_truth import TAGS, TRUTH
from tests.parsers.truth import DATA

HISTORY = DATA / "tables" / "history.xlsx"

_BOOK = '<workbook xmlns="m" xmlns:r="rel"><sheets>{}</sheets></workbook>'
_RELS = '<Relationships xmlns="p">{}</Relationships>'


def workbook(path: Path, sheets: dict[str, list[list[object]]], *, before: str = "") -> Path:
    """A workbook as programs that keep no table of texts write it: inline strings, no places of cells."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        names = "".join(f'<sheet name="{name}" r:id="r{n}"/>' for n, name in enumerate(sheets))
        archive.writestr("xl/workbook.xml", _BOOK.format(names))
        targets = (f'<Relationship Id="r{n}" Target="worksheets/s{n}.xml"/>' for n in range(len(sheets)))
        archive.writestr("xl/_rels/workbook.xml.rels", _RELS.format("".join(targets)))
        for n, rows in enumerate(sheets.values()):
            told = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            xml = f'{before}<worksheet xmlns="m"><sheetData>{told}</sheetData></worksheet>'
            archive.writestr(f"xl/worksheets/s{n}.xml", xml)
    return path


def _cell(value: object) -> str:
    if isinstance(value, str) and value.startswith("#"):
        return f'<c t="e"><v>{value}</v></c>'
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>' if isinstance(value, str) else f"<c><v>{value}</v></c>"


def course(scale: float = 1.0) -> list[list[object]]:
    return [[epoch, scale / epoch] for epoch in range(1, 21)]


def test_every_number_is_read_at_its_step_and_day() -> None:
    assert parsers.recognise(HISTORY) == "excel"
    (log,) = parsers.parse(HISTORY)
    assert sorted(log.series) == sorted(TAGS)
    for tag in TAGS:
        points = [(step, row[tag]) for step, row in enumerate(TRUTH) if tag in row and not np.isnan(row[tag])]
        assert log.series[tag].step.tolist() == [step for step, _ in points]
        np.testing.assert_allclose(log.series[tag].value, [value for _, value in points], rtol=1e-12)
    np.testing.assert_allclose(log.series["train/loss"].wall_time[:2], [1.7e9, 1.7e9 + 2.5], atol=1e-3, rtol=0)


def test_an_empty_cell_that_was_nan_is_nan_again() -> None:
    (report,) = losslens.analyze(HISTORY).runs
    assert report.verdict == "nan"
    assert report.first_step == 0


def test_titles_above_blank_rows_and_words_of_excel_are_read_as_a_person_would(tmp_path: Path) -> None:
    rows = [["My training"], ["lr", 0.1], [], ["epoch", "loss"], [1, 2.0], [], [2, "#NUM!"], [3, "#DIV/0!"], [4, 0.5]]
    (log,) = parsers.parse(workbook(tmp_path / "a.xlsx", {"Sheet1": rows}))
    np.testing.assert_array_equal(log.series["loss"].value, [2.0, np.nan, 0.5])
    assert log.series["loss"].step.tolist() == [1, 2, 4]
    assert log.series["loss"].axis == "epoch"


def test_sheets_of_splits_are_one_run_and_others_are_runs_of_their_own(tmp_path: Path) -> None:
    header: list[list[object]] = [["epoch", "loss"]]
    splits = workbook(tmp_path / "a.xlsx", {"train": header + course(), "val": header + course(2.0), "notes": [["x"]]})
    (log,) = parsers.parse(splits)
    assert log.series["val/loss"].value[0] == 2.0
    (report,) = losslens.analyze(splits).runs
    assert {role.tag: role.role for role in report.roles} == {"train/loss": "train_loss", "val/loss": "val_loss"}
    several = workbook(tmp_path / "b.xlsx", {"sgd": header + course(), "adam": header + course(2.0)})
    assert sorted(report.id for report in losslens.analyze(several).runs) == ["adam", "sgd"]


def test_a_header_that_is_repeated_is_another_start(tmp_path: Path) -> None:
    header: list[object] = ["epoch", "loss"]
    rows = [header, *course(), header, *course()]
    (log,) = parsers.parse(workbook(tmp_path / "a.xlsx", {"Sheet1": rows}))
    assert log.restarts == (20,)


@pytest.mark.parametrize("rows", [[["name", "price"], ["a", 1]], [["a", "b"], [1, 2]], [[1, 2]], []])
def test_other_workbooks_are_no_logs(rows: list[list[object]], tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"Sheet1": rows})
    assert parsers.recognise(path) is None
    assert not runs.find([tmp_path]).skipped
    with pytest.raises(NotALogError):
        excel.parse(path)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    path = workbook(tmp_path / "a.xlsx", {"Sheet1": [["epoch", "loss"], *course()]}, before=bomb)
    assert parsers.recognise(path) is None
    with pytest.raises(ParseError, match="declares"):
        excel.parse(path)


def test_a_sheet_that_expands_to_more_than_a_table_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "MOST_XML", 10_000)
    path = workbook(tmp_path / "a.xlsx", {"Sheet1": [["epoch", "loss"], *course() * 100]})
    with pytest.raises(ParseError, match="expands to more"):
        excel.parse(path)


@pytest.mark.parametrize("cut", [100, 3000, -30])
def test_a_cut_workbook_is_no_log_and_no_crash(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(HISTORY.read_bytes()[:cut])
    assert parsers.recognise(path) is None
    with pytest.raises((ParseError, NotALogError)):
        excel.parse(path)


def test_xml_that_ends_in_the_middle_is_one_clear_error(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"Sheet1": [["epoch", "loss"], *course()]})
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, data[:-200] if "worksheets" in name else data)
    with pytest.raises(ParseError, match="not a readable workbook"):
        excel.parse(path)


def test_a_column_of_numbers_in_a_workbook_called_after_a_loss_is_that_loss(tmp_path: Path) -> None:
    path = workbook(tmp_path / "loss.xlsx", {"Sheet1": [row[1:] for row in course()]})
    assert parsers.recognise(path) == "excel"
    (log,) = parsers.parse(path)
    assert log.series["loss"].value.tolist() == [row[1] for row in course()]
    (counted,) = parsers.parse(workbook(tmp_path / "b.xlsx", {"train loss": course()}))
    assert counted.series["train loss"].step.tolist() == list(range(1, 21))
    (named,) = parsers.parse(workbook(tmp_path / "c.xlsx", {"Sheet1": [["loss"], *(row[1:] for row in course())]}))
    assert len(named.series["loss"].value) == 20


def test_a_column_of_numbers_that_nothing_calls_a_loss_is_no_log(tmp_path: Path) -> None:
    rows = [row[1:] for row in course()]
    assert parsers.recognise(workbook(tmp_path / "data.xlsx", {"Sheet1": rows})) is None
    assert parsers.recognise(workbook(tmp_path / "loss.xlsx", {"Sheet1": rows[:5]})) is None
    wide = [[0.1, 0.2, 0.3]] * 20
    assert parsers.recognise(workbook(tmp_path / "losses.xlsx", {"Sheet1": list(wide)})) is None
