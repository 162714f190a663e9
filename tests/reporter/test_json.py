"""The JSON report: strict, complete, described by its schema, and read back whole."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from losslens.errors import ParseError
from losslens.model import Analysis, Setting
from losslens.reporter.json import from_json, render_json
from tests.reporter import make_analysis as make

SCHEMA = json.loads(resources.files("losslens.reporter").joinpath("report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

#: The keys promised to those who read the reports with a program.
PROMISED = [
    "id",
    "name",
    "path",
    "files",
    "format",
    "axis",
    "points",
    "first_step",
    "last_step",
    "log_interval",
    "steps_per_epoch",
    "roles",
    "settings",
    "segments",
    "loss",
    "losses",
    "verdict",
    "onset",
    "first_nonfinite",
    "point_of_no_return",
    "precursors",
    "episodes",
    "restart_from",
    "spent_after_onset",
    "why_then",
    "causes",
    "groups",
    "none_of_these",
    "log_next",
    "events",
    "repairs",
    "warnings",
    "curves",
]


def strict(text: str) -> Any:
    def refuse(token: str) -> Any:
        raise AssertionError(f"bare {token} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_schema_itself_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("made", make.ALL.values(), ids=make.ALL.keys())
def test_every_report_is_strict_json_and_keeps_its_schema(made: Callable[[], Analysis]) -> None:
    errors = [f"{list(e.absolute_path)}: {e.message}" for e in VALIDATOR.iter_errors(strict(render_json(made())))]
    assert not errors


@pytest.mark.parametrize("made", make.ALL.values(), ids=make.ALL.keys())
def test_a_saved_report_is_read_back_as_the_same_analysis(made: Callable[[], Analysis]) -> None:
    before = made()
    after = from_json(render_json(before))
    assert render_json(after) == render_json(before)
    assert [run.judgement.reason for run in after.runs] == [run.judgement.reason for run in before.runs]
    assert [run.onset for run in after.runs] == [run.onset for run in before.runs]
    assert [run.diagnosis for run in after.runs] == [run.diagnosis for run in before.runs]
    assert [[c.step for c in run.curves] for run in after.runs] == [[c.step for c in run.curves] for run in before.runs]


def test_every_promised_key_is_there_even_when_nothing_is_known() -> None:
    run = strict(render_json(make.analysis(make.inconclusive())))["runs"][0]
    assert not [key for key in PROMISED if key not in run]
    assert run["onset"] is None
    assert run["curves"] == {}


def test_non_finite_numbers_are_words_and_come_back_as_numbers() -> None:
    run = make.nan_from_start()
    curve = make.curve("x", run.curves[0].role, [1, 2, 3], [math.inf, -math.inf, math.nan])
    report = make.report("r", run.judgement, (curve,), settings={"lr": Setting("lr", math.inf, "args.yaml")})
    text = render_json(make.analysis(report))
    data = strict(text)["runs"][0]
    assert data["curves"]["x"]["value"] == ["Infinity", "-Infinity", "NaN"]
    assert data["settings"]["lr"]["value"] == "Infinity"
    back = from_json(text).runs[0].curves[0].value
    assert back[:2] == (math.inf, -math.inf)
    assert math.isnan(back[2])


def test_a_whole_number_in_a_measured_field_comes_back_as_it_was_written() -> None:
    cause = make.exploded().causes[0]
    counted = replace(cause, evidence=(replace(cause.evidence[0], value=4),))
    run = replace(make.exploded(), diagnosis=replace(make.NOTHING, causes=(counted,)))
    text = render_json(make.analysis(run))
    assert '"value": 4,' in text
    assert render_json(from_json(text)) == text


def test_numpy_numbers_that_slip_in_are_written_as_numbers() -> None:
    import numpy as np

    run = make.report("r", make.exploded().judgement, (), points=np.int64(3), log_interval=np.float64(2.5))
    data = strict(render_json(make.analysis(run)))["runs"][0]
    assert (data["points"], data["log_interval"]) == (3, 2.5)


def test_keys_are_sorted_so_that_two_reports_can_be_compared() -> None:
    pairs: list[list[str]] = []

    def keep(items: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs.append([key for key, _ in items])
        return dict(items)

    json.loads(render_json(make.several()), object_pairs_hook=keep)
    assert all(keys == sorted(keys) for keys in pairs)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not a losslens report"),
        ("[1, 2]", "no 'losslens' and 'runs' keys"),
        ('{"losslens": "9", "runs": [], "schema": 99}', "update losslens"),
        ('{"losslens": "0", "runs": [{}], "schema": 1, "skipped": []}', "cannot be read"),
    ],
)
def test_a_file_that_is_no_report_is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        from_json(text)


def test_a_report_written_among_the_logs_is_not_taken_for_a_log(tmp_path: Path) -> None:
    from losslens.parsers import recognise

    for name, made in make.ALL.items():
        path = tmp_path / f"{name}.json"
        path.write_text(render_json(made()), encoding="utf-8")
        assert recognise(path) is None
