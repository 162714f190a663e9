"""How numbers are written: short, never rounded to a zero or a certainty they are not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from losslens.model import Onset
from losslens.reporter import words


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.9, "0.9"),
        (0.0033, "0.0033"),
        (0.00033, "3.3e-4"),
        (1e-300, "1e-300"),
        (4100.0, "4,100"),
        (999.4, "999.4"),
        (123456.0, "123,456"),
        (3.21e12, "3.21e12"),
        (-2.5, "-2.5"),
        (math.nan, "NaN"),
        (-math.inf, "-Inf"),
        (None, "not logged"),
    ],
)
def test_numbers_have_at_most_four_digits_or_all_of_a_whole_number(value: float | None, written: str) -> None:
    assert words.number(value) == written


@given(st.floats(-1e308, 1e308))
def test_a_written_number_is_close_to_the_number_and_never_a_false_zero(value: float) -> None:
    back = float(words.number(value).replace(",", ""))
    assert back == pytest.approx(value, rel=6e-3)
    assert (back == 0) == (value == 0)


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.41, "41 %"), (0.004, "<1 %"), (0.0, "0 %"), (1.0, "100 %"), (0.9999, ">99 %"), (0.994, ">99 %")],
)
def test_a_probability_is_never_zero_or_certain_unless_it_is(share: float, written: str) -> None:
    assert words.probability(share) == written


@pytest.mark.parametrize(
    ("hours", "written"),
    [(1.2, "1.2 h"), (0.01, "36 s"), (0.5, "30 min"), (72.0, "3.0 days")],
)
def test_a_duration_has_the_unit_people_would_use(hours: float, written: str) -> None:
    assert words.duration(hours) == written


def test_the_axis_is_always_named() -> None:
    onset = Onset(50_100, 49_900, 50_300, 0.9, "loss", 501)
    assert words.onset_place("step", onset) == "step 50,100 (90 % interval 49,900–50,300)"
    assert words.onset_place("epoch", Onset(3, 3, 3, None, "loss", 2)) == "epoch 3"
    assert words.at("samples", 12_000) == "sample 12,000"
    assert words.many("step", 1) == "1 step"
    assert words.many("epochs", 40) == "40 epochs"


def test_an_epoch_count_says_which_pass_it_is_in() -> None:
    assert words.epoch(33.4) == "epoch 34 (33.4 completed)"
    assert words.epoch(0.0) == "epoch 1 (0 completed)"


def test_a_time_that_cannot_be_is_left_out() -> None:
    assert words.wall_time(1_567_670_400.0) == "2019-09-05 08:00 UTC"
    assert words.wall_time(math.nan) is None
    assert words.wall_time(None) is None
    assert words.wall_time(1e300) is None


def test_damage_of_a_single_byte_is_not_said_in_the_plural() -> None:
    assert words.damage("a.csv", 5999, 5999, "cut off") == "a.csv: byte 5,999: cut off"
    assert words.damage("a.csv", 15, 20, "zeros") == "a.csv: bytes 15–20: zeros"
