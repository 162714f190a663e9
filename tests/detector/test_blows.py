"""Blows that recur, by the shape of their way back."""

import numpy as np
import pytest

from losslens.detector import blows, examine


def saw(teeth: int, height: float, every: int = 40) -> np.ndarray:
    """Logarithms of a loss that falls by 0.1 a point and is thrown up again and again."""
    rng = np.random.default_rng(4)
    first = -0.1 * np.arange(every)
    tooth = height * (1.0 - 1.1 * np.arange(every) / every)
    z = np.concatenate([first, *(first[-1] * (1.0 + 0.1 * i) + tooth for i in range(teeth))])
    return z + rng.normal(0.0, 0.01, z.size)


@pytest.mark.parametrize("teeth", [1, 3, 8])
def test_every_blow_is_found_where_it_fell(teeth):
    found = blows.find(saw(teeth, 6.0))
    assert [e.first for e in found] == [40 * (i + 1) for i in range(teeth)]
    assert all(e.peak - e.first <= 1 and 20 <= e.last - e.peak <= 40 for e in found)


def test_recurring_blows_do_not_pass_for_the_noise_of_the_loss():
    z = np.concatenate([np.linspace(8.0, 0.0, 40), saw(8, 6.0)])
    fit = examine(np.arange(z.size), np.exp(z))
    assert len(fit.excursions) == 8


def test_one_jump_of_a_short_smooth_loss_is_found():
    z = np.log([2.1, 1.1, 0.6, 0.4, 0.3, 0.24, 0.2, 0.17, 0.15, 1.4, 0.35, 0.2, 0.16, 0.14, 0.13, 0.12])
    (found,) = blows.find(z)
    assert (found.first, found.peak, found.last) == (9, 9, 10 - 1)


def test_one_jump_among_others_half_as_high_is_noise():
    z = np.log([2.1, 1.1, 0.6, 0.9, 0.3, 0.24, 0.5, 0.17, 0.15, 0.6, 0.15, 0.2, 0.16, 0.14, 0.13, 0.12])
    assert blows.find(z) == []


def test_a_jump_to_a_level_that_lasts_is_no_blow():
    assert blows.find(np.log([2.1, 1.1, 0.6, 0.4, 0.3, 0.25, 0.2, 0.17, 1.4, 1.4, 1.38, 1.41, 1.4, 1.39])) == []


def test_a_blow_that_is_not_over_is_left_to_others():
    assert blows.find(saw(1, 6.0)[:60]) == []


def test_less_than_a_factor_of_ten_is_no_blow():
    assert blows.find(saw(3, 2.0)) == []


def test_noise_with_a_long_tail_has_none():
    rng = np.random.default_rng(5)
    for _ in range(20):
        assert blows.find(0.3 * rng.standard_t(2, 2000) - np.linspace(0.0, 4.0, 2000)) == []


def test_swings_that_fall_as_suddenly_as_they_rise_have_none():
    z = saw(3, 6.0)
    assert blows.find(np.concatenate([z, z[::-1]])) == []


def test_a_staircase_up_has_none():
    z = np.repeat([0.0, 4.0, 0.0, 4.0, 0.0], 30) + np.random.default_rng(6).normal(0.0, 0.01, 150)
    assert blows.find(z) == []
