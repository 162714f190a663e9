"""The plot made of characters, and the sparkline."""

from __future__ import annotations

import math

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


def test_the_legend_names_only_the_signs_that_occur() -> None:
    assert legend(line([1.0]), Annotations(), unicode=True, width=80) == []
    found = legend(line([math.nan]), Annotations(onset=5, low=5, high=5, no_return=7), unicode=False, width=80)
    assert found == ["^ onset 5  P point of no return 7  x NaN or Inf"]
    narrow = legend(line([math.nan]), Annotations(onset=5, low=5, high=5, no_return=7), unicode=False, width=30)
    assert len(narrow) == 3


def test_a_sparkline_shows_the_peak_of_each_column_and_nan() -> None:
    values = [1.0] * 40 + [30.0] + [1.0] * 39 + [math.nan] * 20
    spark = sparkline(line(values), 10, unicode=True)
    assert len(spark) == 10
    assert spark[3:5].count("█") == spark.count("█") == 1
    assert spark.endswith("××")
    assert sparkline(line(values), 10, unicode=False).isascii()
    assert sparkline(None, 10, unicode=True) == ""
