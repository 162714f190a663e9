"""The onset of a departure: where, how surely, and at what cost."""

from __future__ import annotations

import time

import numpy as np
import pytest

from losslens.detector import examine
from tests.detector.curves import explosion, falling, noisy


def steps(n: int, gap: int = 1) -> np.ndarray:
    return np.arange(n, dtype=np.int64) * gap


def test_the_opening_question_is_answered_within_three_points_on_most_seeds() -> None:
    errors = []
    for seed in range(20):
        departure = examine(steps(600, 100), explosion(seed=seed)).departure
        assert departure is not None
        errors.append(departure.onset - 500)
    assert np.median(np.abs(errors)) <= 2
    assert np.percentile(np.abs(errors), 90) <= 3


def test_the_interval_holds_the_onset_at_least_four_times_in_five() -> None:
    held = 0
    for seed in range(25):
        departure = examine(steps(400), explosion(400, 250, tau=10, width=0.05, seed=100 + seed)).departure
        assert departure is not None
        held += departure.low <= 250 <= departure.high
    assert held >= 20


def test_a_one_point_jump_is_found_to_the_point() -> None:
    y = noisy(falling(300), 0.02, 1)
    y[200:] *= 4.0
    departure = examine(steps(300), y).departure
    assert departure is not None
    assert departure.onset == 200
    assert departure.shape == "jump"
    assert departure.low == 199


def test_the_interval_is_never_narrower_than_the_gap_before_the_onset() -> None:
    y = falling(200)
    y[150:] *= 20.0
    departure = examine(steps(200), y).departure
    assert departure is not None
    assert departure.low < departure.onset <= departure.high


def test_growth_in_stages_is_followed_back_to_the_first_stage() -> None:
    z = np.log(falling(400, share=0.1))
    z[250:] += 0.01 * np.arange(150)
    z[380:] += 1.5 * np.arange(20)
    departure = examine(steps(400), noisy(np.exp(z), 0.02, 3)).departure
    assert departure is not None
    assert abs(departure.onset - 250) <= 15


def test_a_heavy_tailed_calm_loss_has_no_departure() -> None:
    for seed in range(10):
        fit = examine(steps(800), noisy(falling(800, share=0.02), 0.3, seed, tail=3.0))
        assert fit.departure is None, seed


def test_a_loss_that_wanders_and_comes_back_has_no_departure() -> None:
    u = np.linspace(0.0, 6.0 * np.pi, 600)
    assert examine(steps(600), noisy(1.0 + 0.3 * np.sin(u), 0.02, 4)).departure is None


def test_a_single_high_last_point_is_noise_but_forty_orders_are_not() -> None:
    y = noisy(falling(200), 0.1, 5)
    y[-1] *= 1.5
    assert examine(steps(200), y).departure is None
    y[-1] *= 1e40
    departure = examine(steps(200), y).departure
    assert departure is not None
    assert departure.onset == 199


def test_a_spike_that_comes_back_is_an_excursion_with_its_first_point() -> None:
    y = noisy(falling(300), 0.02, 6)
    y[180:184] *= [8.0, 5.0, 3.0, 2.0]
    fit = examine(steps(300), y)
    assert fit.departure is None
    assert [(e.first, e.peak) for e in fit.excursions] == [(180, 180)]


def test_waves_are_no_spikes() -> None:
    u = np.linspace(0.0, 10.0 * np.pi, 500)
    assert examine(steps(500), noisy(1.5 + np.sin(u), 0.01, 7)).excursions == ()


def test_an_early_onset_before_the_first_end_window_is_full_is_found() -> None:
    y = noisy(falling(1000, share=0.02), 0.02, 8)
    y[25:] = 2.4
    departure = examine(steps(1000), y).departure
    assert departure is not None
    assert abs(departure.onset - 25) <= 2


def test_a_loss_of_both_signs_is_looked_at_on_a_scale_that_keeps_zero() -> None:
    rng = np.random.default_rng(9)
    y = 3.0 - 5.0 * (1 - np.exp(-np.arange(400) / 60)) + 0.05 * rng.standard_normal(400)
    y[300:] += np.expm1(np.arange(100) / 8.0)
    departure = examine(steps(400), y).departure
    assert departure is not None
    assert abs(departure.onset - 300) <= 12


def test_a_loss_that_runs_away_downward_is_a_runaway_and_a_density_that_settles_is_not() -> None:
    t = np.arange(300)
    away = 1.0 - np.expm1(t / 20.0) * 1e-2
    settles = 2.0 - 30.0 * (1 - np.exp(-t / 30.0))
    assert examine(steps(300), away).runaway is not None
    assert examine(steps(300), settles).runaway is None


def test_non_finite_stretches_are_events_and_the_last_one_ends_the_series() -> None:
    y = falling(100)
    y[[30, 31]] = np.nan
    y[90:] = np.inf
    fit = examine(steps(100, 10), y)
    assert fit.nonfinite == ((30, 31), (90, 99))
    assert fit.ends_nonfinite
    assert fit.first_nonfinite == 900


@pytest.mark.parametrize("values", [[], [1.0], [np.nan], [np.nan, np.nan], [1.0, np.nan], [2.0, 2.0, 2.0], [0.0] * 30])
def test_degenerate_series_are_described_without_an_alarm(values: list[float]) -> None:
    fit = examine(steps(len(values)), np.array(values, np.float64))
    assert fit.departure is None
    assert fit.excursions == ()
    assert fit.n == len(values)


def test_a_thousandfold_loss_gives_the_same_indices() -> None:
    for y in (explosion(seed=2), 1.0 - explosion(seed=2)):
        one, other = examine(steps(600), y).departure, examine(steps(600), 1000.0 * y).departure
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert (one.onset, one.low, one.high) == (other.onset, other.low, other.high)


def test_a_million_points_take_less_than_a_second_of_cpu() -> None:
    n = 1_000_000
    y = noisy(falling(n), 0.1, 10, tail=4.0)
    y[900_000:] *= np.exp(np.minimum(np.arange(100_000) / 5_000, 50.0))
    examine(steps(1000), y[:1000])
    begun = time.process_time()
    departure = examine(steps(n), y).departure
    assert time.process_time() - begun < 1.0
    assert departure is not None
    assert abs(departure.onset - 900_000) < 2_000


def test_a_loss_that_crosses_zero_at_once_and_falls_evenly_does_not_run_away() -> None:
    rng = np.random.default_rng(11)
    t = np.arange(200)
    assert examine(steps(200), 0.02 - 0.005 * t + 0.03 * rng.standard_normal(200)).runaway is None
    assert examine(steps(200), 0.02 - 1.0 * (1 - np.exp(-t / 60)) + 0.03 * rng.standard_normal(200)).runaway is None


def test_a_bad_sample_that_comes_back_every_epoch_is_seen_each_time() -> None:
    y = noisy(falling(400), 0.05, 12)
    y[40::30] *= 1000.0
    assert len(examine(steps(400), y).excursions) == 12


def test_a_step_is_dated_at_the_step_however_it_decays_afterwards() -> None:
    y = noisy(falling(400, share=0.1), 0.1, 13)
    y[150:] *= 1.0 + 4.0 * np.exp(-np.arange(250) / 12.0) + 0.6
    departure = examine(steps(400), y).departure
    assert departure is not None
    assert abs(departure.onset - 150) <= 1


def test_a_step_is_not_dated_at_a_harmless_bump_long_before_it() -> None:
    n = np.arange(600)
    y = noisy(falling(600, share=0.05) * (1.0 + 0.05 * np.sin(n / 60.0)), 0.005, 14)
    y[470:] *= 5.0
    departure = examine(steps(600), y).departure
    assert departure is not None
    assert departure.onset == 470


def test_a_rise_that_settles_among_much_noise_is_dated_where_it_left_the_calm() -> None:
    rng = np.random.default_rng(15)
    y = 0.8 * np.exp(0.08 * rng.standard_normal(400))
    up = 1.6 * (1.0 - np.exp(-np.arange(370) / 15.0))
    y[30:] *= np.exp(up + 0.5 * np.minimum(up, 1.0) * rng.standard_normal(370))
    departure = examine(steps(400), y).departure
    assert departure is not None
    assert abs(departure.onset - 30) <= 12


def test_a_return_to_the_base_widens_the_interval_to_the_last_departure() -> None:
    y = noisy(falling(300), 0.02, 16)
    y[200:] *= 4.0
    y[215] /= 4.0
    departure = examine(steps(300), y).departure
    assert departure is not None
    assert departure.low <= 200 <= departure.high


def test_something_small_that_grows_exponentially_is_dated_before_it_shows_as_a_line() -> None:
    u = np.maximum(np.arange(500) - 300, 0)
    y = noisy(0.5 * (1.0 + 1e-3 * np.expm1(u / 12.0)), 0.01, 17)
    departure = examine(steps(500), y).departure
    assert departure is not None
    assert 300 <= departure.onset <= 345
    assert departure.low <= 330 <= departure.high


def test_bumps_that_came_back_are_no_part_of_the_last_climb() -> None:
    calm = [-1.2, -1.4, -1.7, -1.85, -1.9, -1.92, -1.94, -1.95, -1.95, -1.94]
    bumps = [-1.9, -0.9, 0.4, 0.3, -0.4, -1.2, -1.8, -1.9, -1.93, -1.94, -1.6, -1.1, 0.6, 1.8, 2.0, -0.9, -1.2, -1.5]
    z = np.array([*calm, *calm[-3:], *bumps, -1.85, -1.88, -1.8, -1.2, -0.3, 0.8, 5.0, 13.0, 40.0])
    departure = examine(steps(z.size), np.exp(z)).departure
    assert departure is not None
    back = len(calm) + 3 + len(bumps) + 2
    assert back <= departure.onset <= back + 2
    assert back - 1 <= departure.low


@pytest.mark.parametrize("last", [2, 4, 9])
def test_a_series_that_explodes_from_its_first_point_on_was_bad_from_the_start(last: int) -> None:
    y = np.concatenate([3.0 * 90.0 ** np.arange(last), [np.nan] * 5])
    departure = examine(steps(y.size, 10), y).departure
    assert departure is not None
    assert departure.from_start
    assert departure.base == pytest.approx(3.0)


def test_a_climb_in_two_speeds_with_hardly_any_noise_is_dated_at_its_beginning() -> None:
    errors, held = [], 0
    for seed in range(8):
        z = np.log(falling(100, start=14.0, floor=8.6, share=0.03))
        z[51:] += 0.013 * np.arange(1, 50)
        z[69:] += np.minimum(0.2 * np.arange(1, 32), 1.2)
        departure = examine(steps(100), noisy(np.exp(z), 0.002, seed)).departure
        assert departure is not None
        errors.append(abs(departure.onset - 51))
        held += departure.low <= 51 <= departure.high
    assert max(errors) <= 2
    assert held >= 7


@pytest.mark.parametrize("factor", [1.5, 2.0])
def test_a_far_higher_rise_from_a_level_long_held_is_dated_by_itself(factor: float) -> None:
    y = noisy(falling(1000), 0.02, 8)
    y[200:] *= factor
    y[700:] *= 1000.0
    departure = examine(steps(1000), y).departure
    assert departure is not None
    assert departure.low <= 700 <= departure.high
    assert departure.high - departure.low < 50


def test_an_explosion_that_pauses_and_a_rise_that_goes_on_are_dated_at_their_first_stage() -> None:
    tenfold = noisy(falling(1000), 0.02, 8)
    tenfold[200:] *= 10.0
    tenfold[700:] *= 1000.0
    paused = examine(steps(1000), tenfold).departure
    assert paused is not None
    assert abs(paused.onset - 200) <= 2
    climbing = noisy(falling(1000), 0.02, 8)
    climbing[200:] *= np.geomspace(1.0, 8.0, 800)
    climbing[700:] *= 1000.0
    departure = examine(steps(1000), climbing).departure
    assert departure is not None
    assert departure.onset < 600
