"""What the return of a policy says of the losses that serve it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from losslens.model import Log, RawSeries, Verdict
from losslens.runs import build
from losslens.verdict import judge

if TYPE_CHECKING:
    from losslens.model import FloatArray, Judgement


def said(series: dict[str, FloatArray]) -> Judgement:
    raw = {}
    for tag, y in series.items():
        step = 200 * np.arange(1, y.size + 1)
        raw[tag] = RawSeries(tag, step, y, np.full(y.size, np.nan), np.arange(y.size))
    (run,) = build([Log("progress.csv", "csv", raw, trainer="sb3")], name="run")
    return judge(run)


CRITIC = np.array([1.0, 0.44, 0.57, 0.46, 0.28, 0.27, 0.27, 0.28, 0.3, 0.33, 0.65, 0.74, 0.88, 1.6, 0.94, 1.03])


def soft_actor_critic(factor: float, improves: bool) -> Judgement:
    n = np.arange(16)
    returns = np.interp(n, [0, 6, 15], [-880.0, -1385.0, -1043.0 if improves else -1385.0])
    critic = np.where(n < 9, CRITIC, factor * CRITIC)
    return said(
        {
            "train/actor_loss": 6.6 + 4.0 * n,
            "train/critic_loss": critic,
            "rollout/ep_rew_mean": returns,
        }
    )


def test_a_critic_may_be_wrong_by_more_while_the_return_gets_better() -> None:
    assert soft_actor_critic(1.0, improves=True).verdict is Verdict.HEALTHY
    assert soft_actor_critic(1.0, improves=False).verdict is Verdict.EXPLODED


def test_a_critic_that_is_wrong_by_orders_of_magnitude_has_exploded_all_the_same() -> None:
    assert soft_actor_critic(1e4, improves=True).verdict is Verdict.EXPLODED


def test_a_return_that_fell_to_its_floor_for_good_is_told_beside_a_loss_that_fell() -> None:
    n = np.arange(36)
    loss = 38.0 * np.exp(-n / 8.0) + 0.5
    lost = np.interp(n, [0, 20, 24, 35], [25.0, 72.0, 9.8, 9.8])
    found = said({"train/loss": loss, "train/value_loss": 2.0 * loss, "rollout/ep_rew_mean": lost})
    assert found.verdict is Verdict.HEALTHY
    assert "its lowest, and stayed there" in found.reason
    kept = np.interp(n, [0, 20, 35], [25.0, 72.0, 80.0])
    found = said({"train/loss": loss, "train/value_loss": 2.0 * loss, "rollout/ep_rew_mean": kept})
    assert "its lowest" not in found.reason


@pytest.mark.parametrize("critic", ["value_loss", "loss_critic"])
@pytest.mark.parametrize("drift", [0.0, -1.0])
def test_a_critic_that_exploded_leads_where_the_return_did_not_rise(critic: str, drift: float) -> None:
    n, rng = np.arange(120), np.random.default_rng(1)
    series = {
        "loss": 0.05 * rng.standard_normal(120),
        critic: 600.0 * np.exp(n / 40.0 + 0.15 * rng.standard_normal(120)),
        "reward": -100.0 + drift * n + 6.0 * rng.standard_normal(120),
    }
    found = said(series)
    assert (found.verdict, found.loss) == (Verdict.EXPLODED, critic)
    assert "reward" in found.reason
    series["reward"] = -100.0 + 6.0 * n + 6.0 * rng.standard_normal(120)
    assert said(series).loss == "loss"


def beside_its_players(term: FloatArray, **more: FloatArray) -> Judgement:
    n, rng = np.arange(120), np.random.default_rng(2)
    calm = {
        "policy_loss": -0.08 * (1.0 - np.exp(-n / 20.0)) + 0.01 * rng.standard_normal(120),
        "value_loss": 20.0 + 300.0 * np.exp(-n / 20.0) + 2.0 * rng.standard_normal(120),
    }
    return said({**calm, **more, "cost_loss": term * np.exp(0.1 * rng.standard_normal(120))})


def ran_away(top: float) -> FloatArray:
    return np.exp(np.log(top) * np.clip((np.arange(120) - 60) / 59.0, 0.0, 1.0))


def test_a_term_that_ran_away_above_all_that_the_players_ever_lost_leads() -> None:
    found = beside_its_players(ran_away(1e5))
    assert (found.verdict, found.loss) == (Verdict.EXPLODED, "cost_loss")
    assert found.onset is not None
    assert 200 * 55 <= found.onset.step <= 200 * 80


def test_a_term_that_stays_below_them_or_levels_out_does_not_lead_and_is_told() -> None:
    levels = 1.0 + 1e5 / (1.0 + np.exp((40.0 - np.arange(120)) / 2.0))
    for term in (ran_away(1e3), levels):
        found = beside_its_players(term)
        assert (found.verdict, found.loss) == (Verdict.HEALTHY, "policy_loss")
        (cost,) = [loss for loss in found.losses if loss.tag == "cost_loss"]
        assert cost.verdict is Verdict.EXPLODED


def test_a_total_knows_what_a_term_that_ran_away_is_worth() -> None:
    n = np.arange(120)
    total = 0.3 + np.exp(-n / 20.0) + 0.01 * np.random.default_rng(3).standard_normal(120)
    found = beside_its_players(ran_away(1e5), loss=total)
    assert (found.verdict, found.loss) == (Verdict.HEALTHY, "loss")


def test_a_return_that_lost_most_of_its_gain_is_told_by_its_best() -> None:
    n, rng = np.arange(120), np.random.default_rng(1)
    reward = np.interp(n, [0, 60, 70, 119], [0.0, 290.0, 60.0, 55.0]) + rng.standard_normal(120)
    found = said({"train/loss": 3.0 * np.exp(-n / 30.0), "train/value_loss": np.exp(-n / 30.0), "ep_rew_mean": reward})
    assert found.verdict is Verdict.HEALTHY
    assert "ep_rew_mean fell from 2" in found.reason


@pytest.mark.parametrize("late", [1.0, 4.0])
def test_an_actors_loss_that_begins_at_zero_and_levels_out_is_no_failure(late: float) -> None:
    n = np.arange(80)
    rng = np.random.default_rng(0)
    grown = np.interp(n, [0, 4, 25, 50, 79], [0.0, -0.6, 20.0, 11.0, 11.0 * late]) + 0.3 * rng.standard_normal(80)
    values = {
        "train/actor_loss": grown,
        "train/critic_loss": 5.0 * np.exp(0.3 * rng.standard_normal(80)),
        "rollout/ep_rew_mean": -120.0 + 3.0 * rng.standard_normal(80),
    }
    assert (said(values).verdict is Verdict.HEALTHY) == (late == 1.0)


def test_a_critic_whose_loss_is_back_at_its_bound_has_lost_what_it_learned() -> None:
    n = np.arange(300)
    learned = np.where((n < 120) | (n >= 200), 1.0, np.exp(-(n - 120) / 10.0)).clip(3e-4, 1.0)
    policy = 0.3 * np.random.default_rng(0).standard_normal(300) - 2.0
    assert said({"q1_loss": learned, "policy_loss": policy}).verdict is Verdict.EXPLODED
