"""The Python API: what a notebook or a script sees."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import losslens
from losslens.errors import LosslensError


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = [f"{10 * i},{2 * math.exp(-i / 40) + 0.2 + 0.01 * math.sin(i * i)}" for i in range(200)]
    rows[150:] = [f"{10 * i},{math.exp((i - 150) / 4)}" for i in range(150, 200)]
    path = tmp_path / "metrics.csv"
    path.write_text("step,train_loss\n" + "\n".join(rows) + "\n")
    return path


def test_analyze_takes_a_path_a_string_or_several(log: Path) -> None:
    verdicts = {losslens.analyze(paths).runs[0].verdict for paths in (log, str(log), [log])}
    assert {str(v) for v in verdicts} == {"exploded"}


def test_a_run_is_found_by_its_id_and_has_its_answers(log: Path) -> None:
    analysis = losslens.analyze(log)
    run = analysis[analysis.runs[0].id]
    assert run.onset is not None
    assert abs(run.onset.step - 1500) <= 20
    assert sum(cause.probability for cause in run.causes) <= 1.0
    with pytest.raises(KeyError):
        analysis["nothing of that name"]


def test_load_gives_arrays_and_a_long_table(log: Path) -> None:
    (run,) = losslens.load(log)
    series = run.series["train_loss"]
    assert series.step.dtype == np.int64
    assert series.value.dtype == np.float64
    frame = run.to_frame()
    assert len(frame) == 200
    assert set(frame.columns) == {"tag", "segment", "step", "value", "wall_time", "row"}


def test_load_raises_when_nothing_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text('{"loss": [1.0, 0.5], oops}')
    with pytest.raises(LosslensError, match="not JSON at byte 21"):
        losslens.load(tmp_path)


def test_load_of_a_folder_without_a_log_says_why_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(LosslensError, match=r"the folder holds no file that could be a log$") as empty:
        losslens.load(tmp_path)
    assert str(empty.value).startswith(f"{tmp_path}: ")
    (tmp_path / "plot.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(LosslensError, match="no training log found"):
        losslens.load(tmp_path)


def test_a_notebook_shows_a_page_and_a_prompt_a_few_lines(log: Path) -> None:
    analysis = losslens.analyze(log)
    assert "<svg" in analysis._repr_html_()
    assert "exploded" in repr(analysis)
    for thing in (analysis, analysis.runs[0], losslens.load(log)[0], losslens.load(log)[0].series["train_loss"]):
        assert len(repr(thing)) < 400


def test_the_names_complete_at_a_prompt() -> None:
    assert {"analyze", "load", "Analysis", "Run"} <= set(dir(losslens))


def test_the_answer_does_not_depend_on_the_number_of_processes(tmp_path: Path, log: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.csv").write_text(log.read_text())
    from losslens.reporter.json import render_json

    assert render_json(losslens.analyze(tmp_path, jobs=1)) == render_json(losslens.analyze(tmp_path, jobs=2))
