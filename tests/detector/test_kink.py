"""Where a course bends into growth: curves whose bend is known, and what is left of almost nothing."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.detector.kink import EXPONENTIAL, locate

pytestmark = pytest.mark.filterwarnings("error")


def test_a_step_is_found_at_its_first_point_with_the_level_before_it() -> None:
    z = np.concatenate([np.full(40, 2.0), np.full(20, 7.0)])
    kink = locate(z, 38, 41, 0.01)
    assert (kink.onset, kink.bend, kink.high) == (40, 40, 40)
    assert kink.low in (39, 40)
    assert kink.base == pytest.approx(2.0, abs=1e-3)
    assert kink.misfit == pytest.approx(0.0, abs=0.1)


def test_a_line_leaves_the_course_where_it_is_half_a_noise_width_above_it() -> None:
    z = np.concatenate([np.zeros(80), 0.2 * np.arange(1, 21)])  # after one point 20 widths above, after none 0
    kink = locate(z, 70, 99, 0.01)
    assert kink.onset == 80
    assert kink.low <= 80 <= kink.high
    assert kink.power == 1.0


def test_what_grows_exponentially_beside_the_loss_is_told_from_a_line() -> None:
    z = np.log(1.0 + 1e-4 * np.exp(np.maximum(np.arange(160) - 100, 0) / 5.0) * (np.arange(160) > 100))
    kink = locate(z, 110, 159, 1e-3, float(z[-1]))
    assert kink.power == EXPONENTIAL
    # 1e-4 exp(t / 5) is half a width of 1e-3 at t = 5 log 5 = 8.05
    assert kink.low <= 109 <= kink.high


def test_a_shift_of_the_level_moves_the_base_alone() -> None:
    rng = np.random.default_rng(3)
    z = np.concatenate([np.zeros(60), 0.1 * np.arange(1, 31)]) + 0.02 * rng.standard_normal(90)
    there, shifted = locate(z, 55, 89, 0.02), locate(z + 4.0, 55, 89, 0.02)
    assert (shifted.onset, shifted.low, shifted.high, shifted.power) == (
        there.onset,
        there.low,
        there.high,
        there.power,
    )
    assert shifted.base - there.base == pytest.approx(4.0, abs=1e-3)


def test_a_constant_has_no_growth_to_gain() -> None:
    kink = locate(np.full(50, 2.5), 20, 40, 0.01)
    assert kink.gain == 0.0
    assert kink.base == pytest.approx(2.5)
    assert 0 <= kink.low <= kink.onset <= kink.high < 50


@pytest.mark.parametrize(("z", "onset", "low"), [([3.0], 0, 0), ([1.0, 3.0], 1, 0)])
def test_one_point_or_two_are_their_own_onset(z: list[float], onset: int, low: int) -> None:
    kink = locate(np.array(z), 0, len(z) - 1, 0.1)
    assert (kink.onset, kink.low, kink.high, kink.bend) == (onset, low, onset, onset)
    assert (kink.base, kink.gain, kink.noise) == (z[0], 0.0, 0.1)
