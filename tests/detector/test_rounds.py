"""High points that come once in every pass over the data."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.detector import examine
from losslens.detector.rounds import once_each

POINTS, ROUNDS = 20, 30
PASSES = np.arange(POINTS * ROUNDS) // POINTS


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(POINTS * ROUNDS)


@pytest.mark.parametrize("seed", range(4))
def test_one_high_point_at_a_wandering_place_of_every_round_is_found(seed: int) -> None:
    above = noise(seed)
    places = POINTS * np.arange(ROUNDS) + np.random.default_rng(seed).integers(1, POINTS - 1, ROUNDS)
    above[places] = 7.0
    assert np.flatnonzero(once_each(above, 1.0, PASSES)).tolist() == places.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_neither_noise_nor_its_heavy_tail_stands_out_once_a_round(seed: int) -> None:
    assert not once_each(noise(seed), 1.0, PASSES).any()
    assert not once_each(np.random.default_rng(seed).standard_t(2.0, POINTS * ROUNDS), 1.0, PASSES).any()


def test_the_seam_of_two_rounds_and_few_rounds_say_nothing() -> None:
    seam = noise(0)
    seam[::POINTS] = 7.0
    assert not once_each(seam, 1.0, PASSES).any()
    few = noise(0)[: 5 * POINTS]
    few[7::POINTS] = 7.0
    assert not once_each(few, 1.0, PASSES[: few.size]).any()


def test_spikes_of_five_widths_are_excursions_where_each_round_has_one() -> None:
    value = np.exp(0.2 * noise(3) - np.arange(POINTS * ROUNDS) / 300.0)
    places = POINTS * np.arange(ROUNDS) + np.random.default_rng(3).integers(1, POINTS - 1, ROUNDS)
    value[places] *= 5.0
    step = np.arange(value.size)
    assert len(examine(step, value).excursions) < 5
    assert len(examine(step, value, rounds=PASSES).excursions) > 20
