"""Whether a loss was calm right before it broke."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.verdict.calm import FEWEST_CALM, calm_points, fell_from


@pytest.mark.parametrize(
    "y", [[2.31, 2.28, 2.30, 2.27, 2.29], [10.0, 5.0, 3.0, 2.0, 1.5, 1.2], [-3.0, -3.1, -3.2, -3.1]]
)
def test_a_loss_on_its_level_or_falling_is_calm(y: list[float]) -> None:
    assert calm_points(np.array(y), None) == len(y)


@pytest.mark.parametrize(
    "y",
    [
        [101.3, 135.1, 106.8, 94.1, 141.4, 196.5, 6.5e7, 199.7],  # thrown by orders two points before
        [37.2, -403.4, -801.8],  # falling through every floor
        [0.43214, 0.43237, 0.43242, 0.43247, 0.43308, 0.44136, 0.44681, 0.44714],  # creeping up
        [2.0, 2.1],
        [],
    ],
)
def test_what_is_thrown_climbs_or_has_hardly_begun_is_not(y: list[float]) -> None:
    assert calm_points(np.array(y), None) < FEWEST_CALM


def test_a_wide_noise_is_the_course_of_a_long_loss_but_not_of_a_short_one() -> None:
    noise = np.random.default_rng(0).standard_normal(100)
    y = 1.0 + 0.5 * noise
    assert calm_points(y, 0.5) == 8
    assert calm_points(np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.9]), 0.5) == 0


def test_values_that_are_not_finite_are_passed_over() -> None:
    assert calm_points(np.array([2.0, np.nan, 2.1, np.inf, 2.0]), None) == 3


def test_a_last_value_that_fell_at_once_is_no_level_of_before() -> None:
    level = [933.3, 971.6, 941.8, 937.0, 965.0, 946.6, 960.6]
    assert fell_from(np.array([*level, 590.9])) == pytest.approx(946.6)
    assert fell_from(np.array([*level, 935.0])) is None
    assert fell_from(np.array([10.0, 8.0, 6.4, 5.1, 4.1, 3.3, 2.6])) is None
    assert fell_from(np.array(level[:4])) is None
