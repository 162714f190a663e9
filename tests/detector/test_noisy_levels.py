"""Levels of many points in the noise of single batches: reversals, wide bumps, and the level at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from losslens.detector import examine, reversal, wide
from losslens.detector.grid import start_level

if TYPE_CHECKING:
    from losslens.detector import SeriesFit
    from losslens.model import FloatArray


def fit_of(y: FloatArray) -> SeriesFit:
    return examine(np.arange(y.size), y, first_counts=True)


def noisy(course: FloatArray, seed: int, width: float, heavy: bool = False) -> FloatArray:
    rng = np.random.default_rng(seed)
    noise = rng.standard_t(4, course.size) / 1.4 if heavy else rng.standard_normal(course.size)
    return np.asarray(course * np.exp(width * noise))


def reversed_early(n: int) -> FloatArray:
    """Falls to half within 8 % of the run, rises to twice its start and stays."""
    t = np.arange(n) / n
    return np.asarray(np.interp(t, [0.0, 0.08, 0.14, 0.3, 1.0], [1.0, 0.5, 0.5, 2.0, 2.0]))


def with_bump(n: int, height: float) -> FloatArray:
    """Falls slowly; at two thirds of the run a step up that decays within a tenth of it."""
    t = np.arange(n) / n
    up = np.where(t >= 2 / 3, height * np.exp(-(t - 2 / 3) / 0.05), 0.0)
    return np.asarray((0.4 + 1.2 * np.exp(-t / 0.2)) * (1.0 + up))


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("n", [200, 400, 1000])
def test_an_early_reversal_in_the_noise_of_single_batches_is_a_departure(n: int, heavy: bool) -> None:
    found = [fit_of(noisy(reversed_early(n), seed, 0.3, heavy)).departure for seed in range(10)]
    assert sum(d is not None and d.top > 1.5 for d in found) >= 9


def test_noise_without_a_course_is_no_reversal() -> None:
    flat = [reversal.find(np.log(noisy(np.ones(250), seed, 0.4, seed % 2 == 0))) for seed in range(100)]
    assert sum(rise is not None for rise in flat) <= 1


def test_noise_that_is_alike_from_point_to_point_is_no_reversal() -> None:
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(50):
        z = np.zeros(400)
        for i in range(1, z.size):
            z[i] = 0.8 * z[i - 1] + 0.1 * rng.standard_normal()
        found += reversal.find(z) is not None
    assert found <= 2


def test_a_rise_that_comes_back_is_no_reversal() -> None:
    course = np.interp(np.arange(300) / 300, [0.0, 0.1, 0.3, 0.5, 0.7, 1.0], [1.0, 0.5, 2.0, 2.0, 0.5, 0.45])
    assert not any(reversal.find(np.log(noisy(course, seed, 0.2))) for seed in range(20))


@pytest.mark.parametrize("width", [0.3, 0.4])
def test_a_wide_bump_in_wide_noise_is_an_excursion_from_its_first_point_on(width: float) -> None:
    hits = 0
    for seed in range(20):
        bumps = [e for e in fit_of(noisy(with_bump(300, 4.0), seed, width)).excursions if abs(e.first - 200) <= 3]
        hits += bool(bumps)
    assert hits >= 18


def test_a_slow_fall_in_wide_noise_has_no_wide_bump() -> None:
    zs = [np.log(noisy(with_bump(300, 0.0), seed, 0.5, heavy=True)) for seed in range(100)]
    assert sum(wide.find(z, 0.5) is not None for z in zs) <= 1


def test_waves_are_no_wide_bumps() -> None:
    t = np.arange(400)
    for seed in range(20):
        assert wide.find(np.log(noisy(np.exp(0.8 * np.sin(t / 15.0)), seed, 0.2)), 0.2) is None


def test_a_bump_that_lasts_to_the_end_is_no_wide_bump() -> None:
    step = np.where(np.arange(300) < 200, 0.5, 3.0)
    assert wide.find(np.log(noisy(step, 1, 0.3)), 0.3) is None


def test_one_low_point_is_no_start_and_a_fall_at_once_keeps_its_first_level() -> None:
    low = np.full(200, 1.5)
    low[:2] = 0.5
    assert start_level(low) == 1.5
    fall = np.full(200, 0.5)
    fall[:2] = 2.3
    assert start_level(fall) == 2.3


@pytest.mark.parametrize("seed", range(6))
def test_a_rise_to_where_every_point_is_above_all_before_needs_no_noise(seed: int) -> None:
    rng = np.random.default_rng(seed)
    calm = 4000.0 * np.exp(0.03 * rng.standard_normal(15))
    two_headed = np.where(rng.random(300) < 0.5, 1.5e4, 6e5) * np.exp(0.1 * rng.standard_normal(300))
    found = fit_of(np.concatenate([calm, two_headed])).departure
    assert found is not None
    assert found.low <= 15 <= found.high
    assert fit_of(two_headed).departure is None


def relearned(n: int, seed: int, width: float) -> FloatArray:
    """Falls; at 60 % a third of the way is lost and learned again until the end."""
    t = np.arange(n) / n
    again = np.where(t >= 0.6, 0.5 * np.exp(-(t - 0.6) / 0.15), 0.0)
    return noisy(np.asarray((3.0 + 3.0 * np.exp(-t / 0.2)) * (1.0 + again)), seed, width)


@pytest.mark.parametrize("n", [130, 300])
def test_a_step_up_that_has_no_like_and_is_learned_away_again_is_a_bump(n: int) -> None:
    found = [fit_of(relearned(n, seed, 0.06)).excursions for seed in range(10)]
    assert sum(any(abs(e.first - 0.6 * n) <= 0.03 * n for e in one) for one in found) >= 8


def test_a_course_that_falls_in_such_noise_has_no_bump() -> None:
    t = np.arange(130) / 130
    course = 3.0 + 3.0 * np.exp(-t / 0.2)
    assert sum(wide.find(np.log(noisy(course, seed, 0.06)), 0.06) is not None for seed in range(100)) <= 1


def per_batch(points: int, rng: np.random.Generator) -> FloatArray:
    """A loss of single batches that scatters by as much as it is high, about a level that is learned to 0.06."""
    level = 0.06 + 0.9 * np.exp(-np.arange(points) / (points / 40))
    return np.asarray(level * rng.exponential(size=points))


@pytest.mark.parametrize("begun", [0.6, 0.93])
def test_a_step_that_single_points_hide_is_seen_in_the_levels_of_hundreds(begun: float) -> None:
    at = int(begun * 10_000)
    y = per_batch(10_000, np.random.default_rng(0))
    y[at:] *= 4.0
    found = examine(np.arange(y.size), y).departure
    assert found is not None
    assert found.shape == "jump"
    assert found.holds
    assert abs(found.onset - at) <= 100
    assert found.low <= at <= found.high
    assert found.widths < 3.0


@pytest.mark.parametrize("seed", range(6))
def test_noise_as_wide_as_the_loss_makes_no_step(seed: int) -> None:
    y = per_batch(10_000, np.random.default_rng(seed))
    assert examine(np.arange(y.size), y).departure is None


def given_back(points: int, at: int, seed: int, width: float) -> FloatArray:
    """A loss that learns a fifth of what it began with, gives it back from a point on, and as much again."""
    t = np.arange(points)
    climbed = np.clip((t - at) / max(points - at, 1), 0.0, 1.0)
    course = 2.75 + 0.75 * np.exp(-t / (points / 8)) + 1.4 * np.sqrt(climbed)
    return noisy(course, seed, width)


@pytest.mark.parametrize("width", [0.25, 0.4])
def test_a_climb_that_hides_in_single_points_is_seen_in_medians_of_a_hundred(width: float) -> None:
    found = [examine(np.arange(15_000), given_back(15_000, 9_000, seed, width)).departure for seed in range(10)]
    assert sum(one is not None and one.low <= 9_000 + 750 and one.high >= 9_000 - 750 for one in found) >= 9


def test_noise_about_a_course_that_falls_makes_no_climb_in_medians() -> None:
    learned = [given_back(15_000, 15_000, seed, 0.4) for seed in range(20)]
    assert sum(examine(np.arange(y.size), y).departure is not None for y in learned) <= 1
