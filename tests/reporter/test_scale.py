"""The scale of a picture suits the curve and survives any numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from losslens.model import Role
from losslens.reporter.scale import of, suited
from tests.reporter import make_analysis as make

FLOATS = st.floats(allow_nan=True, allow_infinity=True)


def test_an_explosion_gets_a_log_scale_and_a_calm_course_a_linear_one() -> None:
    assert suited([0.9, 1.0, 4000.0]).kind == "log"
    assert suited([0.9, 1.0, 1.4]).kind == "linear"


def test_a_loss_that_crosses_zero_and_runs_away_gets_an_asinh_scale() -> None:
    scale = suited([-0.5, 0.3, 0.2, -0.1, -12_000.0])
    assert scale.kind == "asinh"
    assert scale.unit(0.3) > scale.unit(-0.5) > scale.unit(-12_000.0)
    assert 0.0 in scale.ticks(6)


def test_a_few_high_points_do_not_press_the_rest_to_the_bottom() -> None:
    assert suited([20.0, 8.0, *[1.2] * 50]).kind == "log"
    assert suited([20.0, 18.0, 15.0, 12.0, 9.0, 6.0, 3.0]).kind == "linear"


def test_zeros_of_a_positive_curve_land_at_the_bottom_of_a_log_scale() -> None:
    scale = suited([0.0, 1.0, 5.0, 1e6])
    assert scale.kind == "log"
    assert scale.unit(0.0) == 0.0


def test_a_loss_that_is_mostly_exactly_0_still_shows_what_is_not() -> None:
    mostly = [1.6, 0.02, *[0.0] * 20, 0.08, 3e-9, *[1e-6] * 4]
    assert suited(mostly).kind == "log"
    assert suited([*[0.0] * 100, 3.0, 1.0, 0.5]).kind == "linear"


def test_without_a_finite_value_there_is_still_a_scale() -> None:
    assert suited([math.nan, math.inf]).unit(0.5) == 0.5


@given(st.lists(FLOATS, max_size=30), st.integers(2, 8))
def test_any_values_have_places_and_ticks_inside_the_picture(values: list[float], most: int) -> None:
    scale = suited(values)
    places = [scale.unit(v) for v in values if math.isfinite(v)]
    assert all(0.0 <= place <= 1.0 for place in places)
    finite = sorted(v for v in values if math.isfinite(v))
    assert [scale.unit(v) for v in finite] == sorted(scale.unit(v) for v in finite)
    ticks = scale.ticks(most)
    assert len(ticks) <= 3 * most + 3
    assert all(math.isfinite(t) for t in ticks)
    assert ticks == sorted(ticks)


@pytest.mark.parametrize("span", [(0.0, 1.0), (1e-9, 2e-9), (1e6, 1.0001e6), (-3.0, 8.0), (0.0, 0.9e308)])
def test_linear_ticks_are_round_and_within(span: tuple[float, float]) -> None:
    scale = suited([span[0], (span[0] + span[1]) / 2, span[1]])
    ticks = scale.ticks(5)
    assert 2 <= len(ticks) <= 12
    assert all(scale.low <= t <= scale.high or math.isclose(t, scale.low) for t in ticks)


def test_the_page_s_script_chooses_scales_by_the_same_numbers() -> None:
    import re
    from importlib import resources

    from losslens.reporter import scale

    script = resources.files("losslens.reporter").joinpath("report.js").read_text(encoding="utf-8")
    found = {name: float(value) for name, value in re.findall(r"\b([A-Z_]+) = ([0-9.]+)", script)}
    for name in ("LOG_RATIO", "CROWDED_RATIO", "CROWDED", "ABOVE_ZERO"):
        assert found[name] == getattr(scale, name)


def test_an_accuracy_is_read_on_a_linear_scale_however_low_it_began() -> None:
    values = [0.001, 0.5, 0.9]
    assert of(make.curve("acc", Role.ACCURACY, [0, 1, 2], values)).kind == "linear"
    assert of(make.curve("loss", Role.TRAIN_LOSS, [0, 1, 2], values)).kind == "log"


def test_a_few_batches_next_to_nothing_do_not_press_the_course_into_the_top() -> None:
    band = make.band()
    values = tuple(1e-9 if step % 400 == 0 else value for step, value in zip(band.step, band.value, strict=True))
    scattered = replace(band, value=values)
    assert of(scattered).low > 0.3
    assert of(replace(scattered, level=None)).low < 1e-9, "a line is shown to its lowest point"
    assert band.level is not None
    fallen = replace(band.level, value=(*band.level.value[:-1], 1e-9))
    assert of(replace(scattered, level=fallen)).low < 1e-9, "the level is never cut off"
