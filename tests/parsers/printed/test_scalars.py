"""A scalar a line: tag, value and step, in one of three orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.parsers.printed.scalars import as_printed
from tests.parsers.printing import falling as _value
from tests.parsers.printing import printed as _log


@pytest.mark.parametrize(
    "line",
    ["{tag} {value} {step}", "{tag} {step} {value}", "{step} {tag} {value}", "{tag}: {value}, {step}"],
)
def test_tag_value_and_step_of_a_line_are_told_by_those_around_it(line: str, tmp_path: Path) -> None:
    text = "Seed: 1\n"
    for i in range(1, 20):
        for tag, value in (("losses/q1_loss", 44 * _value(i)), ("losses/alpha", 0.2), ("charts/return", 51 + i)):
            text += line.format(tag=tag, value=value, step=1000 * i) + "\n"
        text += f"SPS: {51 + i}\n"

    log = _log(tmp_path, text)

    assert log.series["losses/q1_loss"].step.tolist() == [1000 * i for i in range(1, 20)]
    assert log.series["losses/q1_loss"].value.tolist() == [44 * _value(i) for i in range(1, 20)]
    assert set(log.series) >= {"losses/q1_loss", "losses/alpha", "charts/return"}


@pytest.mark.parametrize(
    "lines",
    [
        ["losses/q1_loss 132.25 102000", "losses/q1_loss 131.25 103000"],  # too few
        [f"model/layer{i}/loss_head 0.25 {i % 3}" for i in range(20)],  # no count
        [f"path/to/file {i} {i}" for i in range(20)],  # no number that was measured
        [f"train {100 * i} {_value(i)}" for i in range(20)],  # a dialect of its own
    ],
)
def test_other_lines_of_a_name_and_two_numbers_are_left_alone(lines: list[str]) -> None:
    assert as_printed(lines) == lines
