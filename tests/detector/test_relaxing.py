"""Steps up that relax, by the order of their points."""

import numpy as np
import pytest

from losslens.detector import examine, relaxing


def reloaded(at: int, height: float, seed: int, *, back: float = 12.0, n: int = 160, width: float = 0.04) -> np.ndarray:
    """Logarithms of a loss that is thrown up at one point and learns its way back over ``back`` points."""
    i = np.arange(n)
    step = np.where(i >= at, height * np.exp(-(i - at) / back), 0.0)
    return 0.8 * np.exp(-i / 15.0) + step + width * np.random.default_rng(seed).standard_normal(n)


@pytest.mark.parametrize("seed", range(4))
def test_a_low_step_up_that_relaxes_slowly_is_found_where_it_began(seed):
    (found,) = relaxing.find(reloaded(100, 0.45, seed))
    assert found.first == 100
    assert found.peak <= 101
    assert 105 <= found.last <= 135
    assert found.after < found.before + 0.25 * (found.top - found.before)


def test_a_spike_limit_that_noise_sets_does_not_hide_it():
    z = reloaded(100, 0.45, 1)
    assert [e.first for e in examine(np.arange(z.size), np.exp(z)).excursions] == [100]


def test_one_that_is_not_back_at_the_end_is_open():
    z = reloaded(120, 0.8, 2, back=40.0)
    (found,) = relaxing.find(z)
    assert found.last == z.size - 1


def test_noise_has_none():
    rng = np.random.default_rng(3)
    found = [relaxing.find(0.1 * rng.standard_normal(400) - np.linspace(0.0, 1.0, 400)) for _ in range(100)]
    assert sum(map(len, found)) == 0


def test_a_level_that_wanders_has_none():
    rng = np.random.default_rng(4)
    found = 0
    for _ in range(100):
        wander = np.convolve(rng.standard_normal(440), np.ones(40) / 40**0.5, "valid")[:400]
        found += len(relaxing.find(0.1 * rng.standard_normal(400) + 0.1 * wander))
    assert found <= 1


def test_steps_that_come_again_and_again_are_the_way_of_a_loss():
    i = np.arange(400)
    saw = 0.5 * np.exp(-(i % 50) / 12.0) + 0.03 * np.random.default_rng(5).standard_normal(400)
    assert relaxing.find(saw) == []


def test_a_rise_of_many_points_is_none():
    i = np.arange(160)
    hill = 0.5 * np.exp(-(((i - 100) / 12.0) ** 2)) + 0.03 * np.random.default_rng(6).standard_normal(160)
    assert relaxing.find(hill) == []


@pytest.mark.parametrize("size", [0, 1, 39, 40])
def test_a_series_too_short_to_say_has_none(size):
    assert relaxing.find(np.zeros(size)) == []
