"""The learning-rate schedule around the onset."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes.facts.nouns import Start
from losslens.causes.facts.schedule import _later_warmup_end, _ramp, _tiny_until, _warmup_end
from losslens.model import SettingValue, Verdict
from tests.causes import make_runs as m


def start_at(step: int) -> Start:
    return Start(step, step, step, 0.5, 3, None, None, False)


def test_a_ramp_is_followed_back_to_where_it_began() -> None:
    step = np.arange(0, 100, 10, dtype=np.int64)
    rate = np.array([1, 1, 1, 2, 4, 8, 16, 16, 16, 16]) * 1e-3
    ratio, first, began, to, last = _ramp(step, rate, (2.0, 50, 4e-3, 8e-3), start_at(50), None)
    assert (ratio, first, began, to, last) == (8.0, 30, 1e-3, 8e-3, 60)


def test_steps_that_repeat_after_a_resume_do_not_lose_the_ramp() -> None:
    step = np.array([0, 10, 20, 30, 10, 20, 30, 40], dtype=np.int64)
    rate = np.array([1, 1, 1, 1, 1, 1, 5, 5]) * 1e-3
    ratio, first, began, to, last = _ramp(step, rate, (5.0, 30, 1e-3, 5e-3), start_at(30), None)
    assert (ratio, first, began, to, last) == (5.0, 30, 1e-3, 5e-3, 30)


def test_a_rate_that_doubles_to_the_end_of_the_run_is_no_warm_up() -> None:
    step = np.arange(1, 7, dtype=np.int64)
    assert _warmup_end(step, 4e-3 * 2.0 ** np.arange(6), 0.128) is None


def test_an_even_rise_to_the_end_of_a_short_run_is_a_warm_up() -> None:
    step = np.array([0, 1, 2, 5, 10, 20, 50, 100], dtype=np.int64)  # logged ever more rarely
    assert _warmup_end(step, step * 1e-5, 1e-3) == 100


def test_a_steepening_rise_that_ends_before_the_run_does_is_a_warm_up() -> None:
    step = np.arange(0, 80, 10, dtype=np.int64)
    rate = np.array([1, 2, 4, 8, 16, 16, 15, 14]) * 1e-3
    assert _warmup_end(step, rate, 16e-3) == 40


def test_a_rate_logged_once_is_no_warm_up_that_hardly_ends() -> None:
    assert _tiny_until(np.array([1600], dtype=np.int64), np.array([2e-5]), 2e-5) is None
    step = np.arange(0, 100, 10, dtype=np.int64)
    assert _tiny_until(step, np.array([*[1e-6] * 8, 1e-3, 1e-3]), 1e-3) == 80


def test_the_later_part_of_a_warm_up_is_known_by_a_rate_in_proportion_to_the_step() -> None:
    step = np.arange(5350, 5800, 50, dtype=np.int64)
    assert _later_warmup_end(step, np.round(step * 1.235e-7, 5)) == 5750  # printed to two digits
    assert _later_warmup_end(step, np.where(step < 5700, step, 5400) * 1.235e-7) == 5650
    assert _later_warmup_end(step, np.full(step.size, 6e-4)) is None
    assert _later_warmup_end(step, 6e-4 * (1 + 0.02 * (step - 5350) / 400)) is None  # a rise that is not its beginning
    assert _later_warmup_end(step, 1.0 / step) is None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"scheduler": "const", "warmup_steps": 0}, True),
        ({"lr_scheduler_type": "constant"}, True),
        ({"scheduler": "cosine"}, False),
        ({"scheduler": "const", "warmup_steps": 100}, False),
        ({}, False),
    ],
)
def test_a_rate_that_the_settings_hold_constant_was_constant(settings: dict[str, SettingValue], told: bool) -> None:
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, settings={"lr": 0.05} | settings)
    said = " ".join(run.diagnose().why_then)
    assert ("0.05 throughout by the settings" in said) is told
    assert ("whether a schedule changed it was not logged" in said) is not told


def test_a_warm_up_that_is_one_move_of_a_coarse_log_is_one() -> None:
    step = np.array([500, 1000, 1500], dtype=np.int64)
    assert _warmup_end(step, np.array([3.49e-5, 8.34e-5, 7.56e-5]), 8.34e-5) == 1000
    assert _warmup_end(step, np.array([3.49e-5, 3.49e-4, 3.49e-4]), 3.49e-4) is None  # more than the steps grew
    assert _warmup_end(step, np.array([3.49e-5, 6.9e-5, 9e-4]), 9e-4) is None


def test_a_rate_that_climbs_step_by_step_is_named_however_densely_it_is_logged() -> None:
    rate = np.full(12_000, 1e-3)
    rate[9_000:] *= 1 + np.arange(3_000) / 200
    loss = m.exploding(12_000, 10_800, tau=4.0)
    made = m.made(loss, Verdict.EXPLODED, 10_800, every=1, others={m.LR: rate})
    found = made.facts().rate
    assert found is not None
    assert found.jump == pytest.approx(10.0, rel=0.05)
    assert found.jump_step == 9_001
    assert made.ranked()[0] in ("lr-schedule-jump", "learning-rate-too-high")
