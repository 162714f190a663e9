"""Runs that Sacred's observer of files stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import losslens
from losslens import parsers, runs
from losslens.errors import NotALogError
from losslens.parsers import sacred
from tests.parsers import truth
from tests.parsers.test_real_loggers import assert_holds, only
from tests.parsers.truth import DATA

METRICS = DATA / "sacred" / "1" / "metrics.json"


def test_every_number_is_read_with_its_time() -> None:
    log = only(METRICS, "sacred")
    assert_holds(log, truth.load(METRICS))
    wall = log.series["training.loss"].wall_time
    assert (wall[1:] >= wall[:-1]).all()
    assert wall[0] > 1.7e9


def test_the_settings_beside_it_are_the_runs() -> None:
    (job,) = runs.find([METRICS.parent]).jobs
    (run,) = runs.load(job)
    assert run.settings["learning_rate"].value == 0.1


def test_a_loss_that_ends_in_nan_is_said_to() -> None:
    (report,) = losslens.analyze(METRICS.parent).runs
    assert report.judgement.verdict == "nan"
    assert report.judgement.onset is not None
    assert report.judgement.onset.step == 280


def test_a_cut_file_is_read_up_to_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(METRICS.read_text()[:-400])
    (log,) = parsers.parse(path)
    assert_holds(log, {"training.loss": truth.load(METRICS)["training.loss"]})
    assert log.damage


@pytest.mark.parametrize(
    "value",
    [{}, {"a": 1}, {"a": {"steps": [1], "values": [1]}}, {"a": {"steps": 1, "timestamps": 1, "values": 1}}, [1]],
)
def test_other_documents_are_none_of_its(value: object, tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(value))
    assert parsers.recognise(path) != "sacred"


def test_metrics_without_a_number_are_no_log(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text('{"a": {"steps": ["x", 1e300], "timestamps": [0, 0], "values": [1, 2]}}')
    with pytest.raises(NotALogError):
        sacred.parse(path)
