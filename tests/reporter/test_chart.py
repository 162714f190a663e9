"""The geometry of the page's charts, before any markup."""

from __future__ import annotations

import math
from dataclasses import replace

from losslens.model import Role
from losslens.reporter import signals
from losslens.reporter.chart import COLUMNS, chart, closer
from tests.reporter import make_analysis as make


def test_onset_interval_and_lines_are_at_their_share_of_the_steps() -> None:
    run = make.exploded()
    made = chart(run, signals.panels(run, 3))
    assert (made.first, made.last, made.axis) == (0, 60_000, "step")
    assert made.band == (83.167, 83.833 - 83.167)
    assert [(line.kind, line.at) for line in made.lines] == [("onset", 83.5), ("back", 84.333), ("restart", 50.0)]
    assert made.lines[0].text == "onset 50,100 (49,900–50,300)"


def test_a_path_has_a_gap_where_the_value_is_not_finite_and_the_gap_is_on_the_rug() -> None:
    values = [1.0, 2.0, math.nan, math.nan, 3.0, 4.0]
    run = make.report("r", make.healthy().judgement, (make.curve("train/loss", Role.TRAIN_LOSS, range(6), values),))
    panel = chart(run, signals.panels(run, 0)).panels[0]
    assert panel.paths[0].d.count("M") == 2
    assert panel.nonfinite == ((40.0, 20.0),)
    assert panel.dots.count("M") == 4


def test_a_long_curve_is_thinned_to_the_extremes_of_what_can_be_seen() -> None:
    values = [1.0] * 4000
    values[1234] = 1.9
    run = make.report("r", make.healthy().judgement, (make.curve("train/loss", Role.TRAIN_LOSS, range(4000), values),))
    path = chart(run, signals.panels(run, 0)).panels[0].paths[0].d
    points = [piece.split() for piece in path.lstrip("M").split("L")]
    assert len(points) <= 4 * COLUMNS
    heights = [float(y) for _, y in points]
    assert sum(y == min(heights) for y in heights) == 1
    assert float(points[0][0]) == 0.0
    assert float(points[-1][0]) == 1000.0


def test_marks_of_one_series_lie_in_rows_without_covering_one_another() -> None:
    run = make.exploded()
    panel = next(p for p in chart(run, signals.panels(run, 3)).panels if p.title == "grad_norm")
    assert [(mark.number, mark.row) for mark in panel.marks] == [(0, 0), (1, 1), (2, 2)]
    assert panel.lanes == 3
    assert all(mark.speaks_for for mark in panel.marks)


def test_the_closer_look_has_no_marks_and_only_lines_inside_it() -> None:
    made = closer(make.exploded())
    assert made is not None
    assert made.panels[0].marks == ()
    assert {line.kind for line in made.lines} == {"onset", "back"}
    assert made.first > 40_000
    assert closer(make.nan_from_start()) is None


def test_labels_of_neighbouring_lines_do_not_share_a_place() -> None:
    run = make.climb_to_nan()
    made = chart(run, signals.panels(run, 3))
    spans = []
    for line in made.lines:
        width = len(line.text) * 0.75
        left = line.at - width if line.side == "left" else line.at
        assert left >= -1
        assert left + width <= 101
        spans.append((line.row, left, left + width))
    for row, left, right in spans:
        assert not [s for s in spans if s != (row, left, right) and s[0] == row and left < s[2] and s[1] < right]


def test_a_lone_finite_point_in_a_stretch_of_nan_is_a_dot() -> None:
    values = [1.0] * 100 + [math.nan] * 50 + [2.0] + [math.nan] * 50
    run = make.report("r", make.healthy().judgement, (make.curve("train/loss", Role.TRAIN_LOSS, range(201), values),))
    panel = chart(run, signals.panels(run, 0)).panels[0]
    assert panel.dots.count("M") == 1
    assert panel.dots.startswith("M750 ")


def test_restarts_are_lines_with_labels_where_there_are_few() -> None:
    run = make.exploded()
    (line,) = [line for line in chart(run, signals.panels(run, 0)).lines if line.kind == "restart"]
    assert line.text == "restart 30,000"
    many = replace(run, segments=tuple(replace(run.segments[0], first_step=1000 * n) for n in range(6)))
    lines = chart(many, signals.panels(many, 0)).lines
    assert [line.text for line in lines if line.kind == "restart"] == [""] * 5
    assert lines[0].kind == "onset"


def test_the_level_of_a_band_is_a_path_of_its_own_and_said_in_the_title() -> None:
    run = make.healthy()
    panel = chart(run, [make.band()]).panels[0]
    assert panel.level.count("L") == 159
    assert panel.level_told == "line: median of 12 points each"
    assert chart(run, [run.curves[0]]).panels[0].level == ""
