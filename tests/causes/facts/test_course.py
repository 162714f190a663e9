"""Growth, calm, spikes and non-finite values of the loss, measured against how the run was made."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes.facts.nouns import LossCourse
from losslens.model import Verdict
from tests.causes import make_runs as m


def course(made: m.Made) -> LossCourse:
    loss = made.facts().loss
    assert loss is not None
    return loss


def test_exponential_growth_is_recognised_with_its_time_constant() -> None:
    growth = course(m.made(m.exploding(tau=12.0), Verdict.EXPLODED, 320)).growth
    assert growth.kind == "exponential"
    assert growth.time_constant == pytest.approx(1200.0, rel=0.1)


def test_a_jump_to_a_bounded_level_is_a_jump_or_a_high_plateau() -> None:
    growth = course(m.made(m.jumping(), Verdict.EXPLODED, 320)).growth
    assert growth.kind in ("jump", "plateau-high")
    assert growth.points <= 2
    assert growth.ratio == pytest.approx(10.0, rel=0.2)


def test_a_linear_climb_is_not_called_exponential() -> None:
    y = m.learning(floor=1.0)
    y[300:] += 0.01 * np.arange(100)
    assert course(m.made(y, Verdict.DIVERGED, 300)).growth.kind in ("linear", "power")


def test_a_downward_runaway_is_its_own_kind() -> None:
    y = 1.0 - 0.02 * np.exp(np.arange(300) / 30)
    assert course(m.made(y, Verdict.EXPLODED, 100)).growth.kind == "downward"


def test_a_spike_is_measured_from_its_onset_to_its_return() -> None:
    loss = course(m.made(m.spiking(width=1.0), Verdict.SPIKE_RECOVERED, 250))
    assert loss.recovered
    assert loss.excursion_points is not None
    assert loss.excursion_points <= 6


def test_a_run_that_stays_out_did_not_recover() -> None:
    assert not course(m.made(m.exploding(), Verdict.EXPLODED, 320)).recovered


@pytest.mark.parametrize(("start", "classes"), [(2.3026, 10), (6.9078, 1000), (10.825, 50_257), (1.5, None)])
def test_the_first_level_is_compared_with_a_uniform_guess(start: float, classes: int | None) -> None:
    y = m.learning(400, start, 0.5 * start)
    y[:8] = start
    assert course(m.made(y, Verdict.EXPLODED, 300)).classes == classes


def test_calm_is_the_share_of_the_run_before_the_onset() -> None:
    assert course(m.made(m.exploding(at=320), Verdict.EXPLODED, 320)).calm_fraction == pytest.approx(0.8, abs=0.03)


def test_three_spikes_an_epoch_apart_are_counted_with_their_period() -> None:
    y = m.learning()
    for k in (100, 150, 200, 250):
        y[k] *= 5
    spikes = course(m.made(y, Verdict.SPIKE_RECOVERED, 100, spe=5000.0)).spikes
    assert spikes.count == 4
    assert spikes.spacing == 5000.0
    assert spikes.epoch_multiple == 1.0


def test_noise_without_spikes_has_none() -> None:
    assert course(m.made(m.learning(), Verdict.PLATEAU, 10)).spikes.count <= 1


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        (np.full(50, np.nan), "from-first"),
        (m.nan_from(m.learning(), 200), "abrupt"),
        (m.nan_from(m.exploding(at=150, tau=5.0), 200), "after-growth"),
        (np.where(np.arange(400) % 90 == 60, np.nan, m.learning()), "scattered"),
    ],
)
def test_the_way_a_loss_stopped_being_finite_is_named(values: m.Values, pattern: str) -> None:
    bad = int(np.flatnonzero(~np.isfinite(values))[0])
    at = 150 if pattern == "after-growth" else bad
    facts = m.made(values, Verdict.NAN, at, from_start=bad == 0).facts()
    assert facts.nonfinite is not None
    assert facts.nonfinite.pattern == pattern


def test_everything_is_none_rather_than_wrong_for_one_point() -> None:
    facts = m.made(np.array([1.0]), Verdict.PLATEAU, 0, from_start=True).facts()
    assert facts.loss is not None
    assert facts.loss.noise is None
    assert facts.loss.flatness is None
    assert facts.gradient is None


def test_a_rise_over_many_decades_is_never_called_linear() -> None:
    y = m.learning()
    y[320:] = [0.0, 3.0, 1e3, 1e6, 1e9, 1e14, 1e24, *([1e24] * 73)]
    loss = m.made(y, Verdict.EXPLODED, 320).facts().loss
    assert loss is not None
    assert loss.growth.kind != "linear"


def test_a_leap_that_goes_on_a_little_was_one_move_and_growth_is_many() -> None:
    leapt, grew = m.learning(floor=0.2), m.learning(floor=0.2)
    leapt[300:] = [3.4, 4.3, 5.0, *np.geomspace(4.0, 0.2, len(leapt) - 303)]
    grew[300:] = [0.6, 1.4, 3.0, 5.0, *np.geomspace(4.0, 0.2, len(grew) - 304)]
    assert course(m.made(leapt, Verdict.SPIKE_RECOVERED, 300)).run_up == 1
    assert course(m.made(grew, Verdict.SPIKE_RECOVERED, 300)).run_up == 4


def test_the_drift_of_a_noisy_beginning_is_measured_by_its_own_noise() -> None:
    y = m.noisy(np.where(np.arange(240) < 54, 4.0, 0.46), 0.4)
    y[54:] = m.noisy(np.full(186, 0.46), 0.01)
    y[40:54] *= 1.3
    drift = course(m.made(y, Verdict.SPIKE_RECOVERED, 54)).drift
    assert drift is not None
    assert drift < 5.0


def test_the_end_of_two_points_is_the_last_of_them() -> None:
    assert course(m.made(np.array([3.0469, 2.419]), Verdict.INCONCLUSIVE, 0, from_start=True)).end == 2.419
