"""The plot made of characters, and the sparkline."""

from __future__ import annotations

import math

import pytest

from losslens.model import Role
from losslens.reporter.plot_text import Annotations, gutter_width, legend, plot, sparkline
from tests.reporter import make_analysis as make


def rows(curve: make.Curve, notes: Annotations, *, width: int = 60, unicode: bool = True) -> list[str]:
    pieces = plot(
        curve, notes, first=min(curve.step), last=max(curve.step), width=width, height=8, unicode=unicode,
        gutter=gutter_width(curve, 8),
    )  # fmt: skip
    return ["".join(text for text, _ in row) for row in pieces]


def line(values: list[float]) -> make.Curve:
    return make.curve("loss", Role.TRAIN_LOSS, range(len(values)), values)


def test_a_rising_line_goes_from_bottom_left_to_top_right() -> None:
    text = rows(line([float(i) for i in range(100)]), Annotations())
    assert text[7].rstrip()[-1] != "⠀"
    firsts = [min(i for i, c in enumerate(row) if "\u2800" < c <= "\u28ff") for row in text[:8]]
    assert firsts == sorted(firsts, reverse=True)


def test_all_rows_are_as_wide_as_asked() -> None:
    for unicode in (True, False):
        text = rows(line([1.0, 2.0, 1.5, 9.0]), Annotations(onset=2, low=1, high=3), width=47, unicode=unicode)
        assert {len(row) for row in text[:-1]} == {47}
        assert len(text[-1]) <= 47


def test_the_onset_is_a_line_and_a_mark_between_the_ends_of_its_interval() -> None:
    text = rows(line([1.0] * 100), Annotations(onset=50, low=40, high=60))
    ruler = text[8]
    assert ruler.index("├") < ruler.index("▲") < ruler.index("┤")
    assert all(row[ruler.index("▲")] in "┊" or row[ruler.index("▲")] > "\u2800" for row in text[:8])


def test_nan_is_on_the_ruler_and_leaves_a_gap_in_the_line() -> None:
    values = [1.0] * 50 + [math.nan] * 50
    text = rows(line(values), Annotations())
    assert text[8].rstrip().endswith("×" * 20)
    assert all(not any("\u2800" < c <= "\u28ff" for c in row[-20:]) for row in text[:8])


def test_one_point_and_a_constant_are_drawn_too() -> None:
    assert any("\u2800" < c <= "\u28ff" for row in rows(line([3.0]), Annotations()) for c in row)
    assert any("\u2800" < c <= "\u28ff" for row in rows(line([3.0] * 9), Annotations()) for c in row)


def test_the_legend_names_only_the_signs_that_are_on_the_ruler() -> None:
    notes = Annotations(onset=5, low=5, high=5, no_return=7)
    assert legend(line([1.0]), Annotations(), ruler="+---", unicode=True, width=80) == []
    found = legend(line([math.nan]), notes, ruler="+-^P-xx", unicode=False, width=80)
    assert found == ["^ onset 5  P point of no return 7  x NaN or Inf"]
    assert len(legend(line([math.nan]), notes, ruler="+-^P-xx", unicode=False, width=30)) == 3
    inside = Annotations(onset=5, low=4, high=6)
    assert legend(line([1.0]), inside, ruler="└─▲─", unicode=True, width=80) == ["▲ onset 5 (4–6)"]
    assert legend(line([1.0]), inside, ruler="└├▲┤", unicode=True, width=80) == ["▲ onset 5  ├┤ 4–6"]


def test_the_point_of_no_return_stands_beside_an_onset_in_the_same_column() -> None:
    ruler = rows(line([1.0] * 1000), Annotations(onset=500, no_return=501))[8]
    assert "▲◆" in ruler


def test_a_restart_is_on_the_ruler_and_what_it_left_behind_is_drawn_otherwise() -> None:
    (curve, _) = make.climb_to_nan().curves
    text = rows(curve, Annotations(onset=1500, restarts=(600,)))
    assert "↻" in text[8]
    assert any("·" in row for row in text[:8])
    assert "," in "".join(rows(curve, Annotations(onset=1500, restarts=(600,)), unicode=False)[:8])
    found = legend(curve, Annotations(onset=1500, restarts=(600,)), ruler=text[8], unicode=True, width=80)
    assert found == ["▲ onset 1,500  × NaN or Inf  ↻ restart 600  ··· left behind by a restart"]
    same = legend(curve, Annotations(onset=600, restarts=(600,)), ruler="└▲", unicode=True, width=80)
    assert same[0].startswith("▲ onset and restart 600")


def test_a_sparkline_shows_the_peak_of_each_column_and_nan() -> None:
    values = [1.0] * 40 + [30.0] + [1.0] * 39 + [math.nan] * 20
    spark = sparkline(line(values), 10, unicode=True)
    assert len(spark) == 10
    assert spark[3:5].count("█") == spark.count("█") == 1
    assert spark.endswith("××")
    assert sparkline(line(values), 10, unicode=False).isascii()
    assert sparkline(None, 10, unicode=True) == ""


@pytest.mark.parametrize("unicode", [True, False])
def test_the_level_is_drawn_through_a_band_of_points(unicode: bool) -> None:
    band = make.band()
    rows = plot(band, Annotations(), first=0, last=1_999, width=60, height=8, unicode=unicode, gutter=4)
    styles = [style for row in rows for _, style in row]
    assert "level" in styles
    assert "noise" in styles
    assert "line" not in styles
    where = ["".join((("L" if style == "level" else " ") * len(text)) for text, style in row) for row in rows[:8]]
    left, right = ({place for place, row in enumerate(where) if "L" in part(row)} for part in (first_half, last_half))
    assert max(right) < min(left), "the level rises"


def first_half(row: str) -> str:
    return row[6:30]


def last_half(row: str) -> str:
    return row[36:]


def test_the_sparkline_of_a_band_shows_its_level() -> None:
    assert sparkline(make.band(), 8, unicode=True) == "▁▁▁█████"
