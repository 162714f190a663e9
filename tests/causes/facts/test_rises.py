"""Earlier rises of the learning rate, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes.facts.nouns import Start
from losslens.causes.facts.rises import harmless_rises, rises_after_warmup
from losslens.model import Series

STEP = np.arange(60, dtype=np.int64)
#: Up at 10, 25 and 40, at each to the same rate.
RATE = np.where((STEP % 15 >= 10) | (STEP >= 40), 2e-3, 1e-3)
RISES = [10, 25, 40]


def loss_of(value: np.ndarray) -> Series:
    nothing = np.full(value.size, np.nan)
    return Series("loss", STEP, value, nothing, STEP, np.zeros(value.size, np.int32))


def start_at(step: int) -> Start:
    return Start(step, step, step, 0.5, step, None, None, False)


def after(rise: int, factor: float) -> np.ndarray:
    """A loss of 1 that is so many times as high from one rise of the rate to the next."""
    return np.where((rise <= STEP) & (rise + 15 > STEP), factor, 1.0)


def test_rises_are_counted_after_the_warm_up() -> None:
    loss = loss_of(np.ones(60))
    assert rises_after_warmup(STEP, RATE, loss, None) == (3, 0)
    assert rises_after_warmup(STEP, RATE, loss, 10) == (2, 0)
    assert rises_after_warmup(STEP, RATE, None, None) == (3, 0)
    assert rises_after_warmup(STEP, RATE / 2e-3 + 1, loss, None) == (0, 0)  # from 1.5 to 2 is no jump


def test_the_moves_of_one_ramp_are_one_rise_also_from_0() -> None:
    ramp = np.concatenate([np.full(20, 1e-3), [0.0, 1e-4, 2e-4, 4e-4, 8e-4], np.full(15, 9e-4), np.full(20, 2e-3)])
    assert rises_after_warmup(STEP, ramp, loss_of(np.ones(60)), None) == (2, 0)


@pytest.mark.parametrize(("factor", "hurt"), [(1.05, 0), (1.2, 1), (np.nan, 1)])
def test_a_rise_hurt_where_the_loss_is_a_tenth_higher_behind_it_or_none(factor: float, hurt: int) -> None:
    assert rises_after_warmup(STEP, RATE, loss_of(after(25, factor)), None) == (3, hurt)


@pytest.mark.parametrize(("factor", "calm"), [(1.0, 2), (1.2, 2), (1.3, 1), (np.nan, 1)])
def test_a_rise_was_harmless_where_the_loss_is_no_quarter_higher_behind_it(factor: float, calm: int) -> None:
    assert harmless_rises(STEP, RATE, loss_of(after(25, factor)), None, start_at(42), 40, 2e-3) == calm


def test_only_earlier_rises_to_that_rate_speak_of_the_one_at_the_onset() -> None:
    loss = loss_of(np.ones(60))
    assert harmless_rises(STEP, RATE, loss, None, start_at(42), 40, 2e-3) == 2
    assert harmless_rises(STEP, RATE, loss, 10, start_at(42), 40, 2e-3) == 1
    assert harmless_rises(STEP, RATE, loss, None, start_at(42), 40, 2.5e-3) == 0  # they went not so far
    assert harmless_rises(STEP, RATE, loss, None, start_at(42), None, 2e-3) == 0
    assert harmless_rises(STEP, RATE, None, None, start_at(42), 40, 2e-3) == 0


def test_one_point_and_a_constant_rate_have_no_rise() -> None:
    loss = loss_of(np.ones(60))
    assert rises_after_warmup(STEP[:1], RATE[:1], loss, None) == (0, 0)
    assert rises_after_warmup(STEP, np.full(60, 1e-3), loss, None) == (0, 0)
    assert harmless_rises(STEP[:1], RATE[:1], loss, None, start_at(42), 40, 2e-3) == 0
