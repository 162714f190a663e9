"""Records that were printed over several lines."""

from __future__ import annotations

import json
from pathlib import Path
from pprint import pformat

import numpy as np
import pytest

from losslens import analyze, parsers
from losslens.model import Verdict
from losslens.parsers.printed.unfolded import blocks_unfolded, unfolded

STEPS = [50 * (i + 1) for i in range(12)]
HISTORY = [
    {"epoch": round(step / 79, 2), "learning_rate": 1e-5, "loss": round(14.0 / (i + 1), 4), "step": step}
    for i, step in enumerate(STEPS)
]


def parsed(tmp_path: Path, text: str) -> dict[int, float]:
    path = tmp_path / "pasted.txt"
    path.write_text(text)
    loss = parsers.parse(path)[0].series["loss"]
    return dict(zip(loss.step.tolist(), loss.value.tolist(), strict=True))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_record_is_dated_by_its_own_step_although_that_stands_last(tmp_path: Path, end: str) -> None:
    text = "This is my trainer_state:\n" + json.dumps({"log_history": HISTORY}, indent=2)[1:-1]
    assert parsed(tmp_path, text.replace("\n", end)) == {record["step"]: record["loss"] for record in HISTORY}


def test_so_is_one_that_python_printed_over_several_lines(tmp_path: Path) -> None:
    text = "history\n" + "\n".join(pformat(record, width=20) for record in HISTORY)
    assert parsed(tmp_path, text) == {record["step"]: record["loss"] for record in HISTORY}


def test_a_cut_trainer_state_restarts_nowhere_and_its_zeros_are_those_of_the_nan_filter(tmp_path: Path) -> None:
    history = []
    for record in HISTORY:
        loss = record["loss"] if record["step"] < 300 else 0.0
        history.append(record | {"loss": loss})
        history.append({"epoch": record["epoch"], "eval_loss": np.nan, "eval_runtime": 36.5, "step": record["step"]})
    path = tmp_path / "pasted.txt"
    path.write_text(json.dumps({"best_metric": None, "log_history": history}, indent=2)[1:-20])
    (run,) = analyze(path, jobs=1).runs
    assert len(run.segments) == 1
    assert (run.verdict, run.judgement.first_nonfinite) == (Verdict.NAN, 300)


@pytest.mark.parametrize("above", ["", "the log_history:\n"])
@pytest.mark.parametrize("cut", [1, 2])
def test_a_record_that_lacks_its_beginning_is_a_point(tmp_path: Path, above: str, cut: int) -> None:
    lines = json.dumps([{"epoch": r["epoch"], "lr": 0.1, **r} for r in HISTORY], indent=2).splitlines()[1:]
    text = above + "\n".join(lines[cut:])
    assert parsed(tmp_path, text) == {record["step"]: record["loss"] for record in HISTORY}


def test_lines_are_counted_as_in_the_file_and_settings_stay_as_they_are() -> None:
    text = 'a\n{\n  "loss": 0.5,\n  "step": 3\n}\nb\n'
    assert unfolded(text) == 'a\n\n\n\n{ "loss": 0.5, "step": 3 }\nb\n'
    settings = '{\n  "lr": 0.5,\n  "optimizer": "adam"\n}\n'
    assert unfolded(settings) == settings


def test_a_record_at_the_end_of_a_stretch_is_read_with_the_next() -> None:
    text = 'a\n{\n  "loss": 0.5,\n  "step": 3\n}\nb {\nc\n'
    lines = text.splitlines(keepends=True)
    told = [line for block in blocks_unfolded(lines) for line in block.splitlines()]
    assert told == ["a", "", "", "", '{ "loss": 0.5, "step": 3 }', "b {", "c"]


@pytest.mark.parametrize("form", ["np.float32({})", "Array({}, dtype=float32)", "array({})"])
def test_numbers_of_numpy_and_jax_stand_in_a_record_as_others_do(tmp_path: Path, form: str) -> None:
    # As EasyLM prints its metrics: pprint.pformat of what JAX gave it, by the alphabet.
    text = "".join(
        f"\n{{'accuracy': {form.format(0.5)},\n 'loss': {form.format(r['loss'])},\n 'step': {r['step']}}}\n"
        for r in HISTORY
    )
    assert parsed(tmp_path, text) == {record["step"]: record["loss"] for record in HISTORY}
