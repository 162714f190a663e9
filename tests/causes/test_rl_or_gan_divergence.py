"""A game runs away."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from losslens.causes.rl_or_gan_divergence import fixes
from losslens.causes.why_then import why_then
from losslens.model import Role, Sign, Verdict
from tests.causes import make_runs as m

CAUSE = "rl-or-gan-divergence"


def critic(reward_falls: bool, with_reward: bool = True) -> m.Made:
    points, at = 400, 250
    y = m.exploding(points, at, 15.0)
    reward = m.steady(points, 100.0, 0.05)
    reward[at:] += (-1 if reward_falls else 1) * np.arange(points - at)
    others = {("train/critic_loss", Role.LOSS_COMPONENT): y, ("train/actor_loss", Role.LOSS_COMPONENT): -y}
    if with_reward:
        others[("rollout/ep_rew_mean", Role.REWARD)] = reward
    return m.made(y, Verdict.EXPLODED, at, others=others, tag="train/critic_loss_total")


def test_a_critic_that_grows_while_the_return_falls_is_a_game_that_ran_away() -> None:
    assert m.place(critic(True), CAUSE) == 0
    assert {"is-a-game", "critic-grew", "return-fell"} <= m.names(critic(True), CAUSE, +1)


def test_a_value_loss_that_rises_while_the_return_improves_speaks_against_it() -> None:
    assert "return-improves" in m.names(critic(False), CAUSE, -1)
    assert m.chance(critic(False), CAUSE) < m.chance(critic(True), CAUSE)


def test_without_a_return_it_asks_for_one() -> None:
    assert m.unchecked(critic(True, with_reward=False), CAUSE) == {"return-fell": "reward"}


def test_a_plain_classifier_with_validation_is_no_game() -> None:
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.VAL: m.exploding(seed=4)})
    assert "no-game" in m.names(run, CAUSE, -1)
    assert m.chance(run, CAUSE) < 0.01


def test_a_bare_loss_may_be_a_game_too() -> None:
    bare = m.made(m.exploding(), Verdict.EXPLODED, 320)
    known = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.VAL: m.exploding(seed=4)})
    assert m.chance(bare, CAUSE) > 2 * m.chance(known, CAUSE)


def test_the_log_of_a_trainer_of_supervised_learning_is_no_game() -> None:
    bare = m.made(m.exploding(), Verdict.EXPLODED, 320).facts()
    assert m.chance(dataclasses.replace(bare, trainer="hf"), CAUSE) < m.chance(bare, CAUSE) / 2
    assert m.chance(dataclasses.replace(bare, trainer="sb3"), CAUSE) == m.chance(bare, CAUSE)


def values_learned(*tags: str) -> m.Made:
    y = m.exploding(400, 250, 15.0)
    return m.made(y, Verdict.EXPLODED, 250, others={(tag, Role.LOSS_COMPONENT): y for tag in tags}, tag="loss")


def test_values_learned_from_a_fixed_set_of_transitions_are_a_game_without_a_return_or_an_actor() -> None:
    assert m.place(values_learned("td_loss", "cql_loss", "q_mean"), CAUSE) == 0
    assert {"is-a-game", "critic-grew"} <= m.names(values_learned("critic_loss", "conservative_loss"), CAUSE, +1)
    assert "is-a-game" in m.names(values_learned("bellman_error", "bc_loss"), CAUSE, +1)


def test_terms_of_another_training_are_not_taken_for_learned_values() -> None:
    for tags in (("vq_loss", "commit_loss"), ("q_mean", "k_mean"), ("cls_loss", "box_loss"), ("td_loss", "ce_loss")):
        assert "is-a-game" not in m.names(values_learned(*tags), CAUSE, +1), tags


def test_a_game_whose_loss_was_never_finite_had_not_begun() -> None:
    players = {("D_A", Role.TRAIN_LOSS): m.steady(8), ("G_A", Role.TRAIN_LOSS): m.steady(8)}

    def says(loss: NDArray[np.float64]) -> float:
        found = m.tried(m.made(loss, Verdict.NAN, 0, others=players, from_start=True).facts(), CAUSE)
        return sum(s.strength for s in found if isinstance(s, Sign) and s.name == "is-a-game")

    assert 0.0 < says(np.full(8, np.nan)) < says(np.array([1.0, 2.0, 3.0, *[np.nan] * 5]))


def test_a_return_is_told_with_where_it_came_from_and_what_it_had_come_to() -> None:
    value = np.concatenate([m.noisy(np.full(100, 0.01)), m.noisy(np.full(300, 50.0))])
    rise = np.concatenate([np.full(100, 0.2), np.linspace(0.2, 4000.0, 150), np.full(150, 900.0)])
    others = {("train/value_loss", Role.LOSS_COMPONENT): value, ("ep_rew_mean", Role.REWARD): m.noisy(rise, 0.01)}
    facts = m.made(value, Verdict.EXPLODED, 100, others=others).facts()
    said = next(s.text for s in m.tried(facts, CAUSE) if isinstance(s, Sign) and s.name == "return-improves")
    assert said.startswith("the return still improved, from 0.1993 to")
    assert "in the end, by way of 3,9" in said


def test_a_critic_that_was_back_at_the_next_point_ran_away_with_nothing() -> None:
    points, at = 500, 420
    y = m.steady(points, 7e-5, 0.2)
    y[at] *= 24
    reward = 100.0 + np.arange(points) + m.steady(points, 1.0, 0.05)
    others = {("train/critic_loss", Role.LOSS_COMPONENT): y, ("rollout/ep_rew_mean", Role.REWARD): reward}
    made = m.made(y, Verdict.SPIKE_RECOVERED, at, others=others, tag="train/critic_loss_total")
    assert "critic-grew" not in m.names(made, CAUSE, +1)
    assert "critic-grew" in m.names(critic(True), CAUSE, +1)


def test_a_return_that_rose_before_it_fell_is_told_by_way_of_its_best() -> None:
    points, at = 400, 100
    y = m.steady(points, 1.0, 0.05)
    y[at:] *= 20.0
    reward = np.concatenate([m.steady(200, 100.0, 0.02), m.steady(200, 20.0, 0.02)])
    reward[at:200] += 200.0
    others = {("train/critic_loss", Role.LOSS_COMPONENT): y, ("rollout/ep_rew_mean", Role.REWARD): reward}
    made = m.made(y, Verdict.EXPLODED, at, others=others, tag="train/critic_loss_total")
    fell = next(s for s in m.tried(made.facts(), CAUSE) if isinstance(s, Sign) and s.name == "return-fell")
    assert "by way of 30" in fell.text


def test_where_the_return_rose_on_after_a_spike_nothing_was_lost_and_nothing_is_to_be_done() -> None:
    points, at = 500, 420
    y = m.steady(points, 7e-5, 0.2)
    y[at] *= 24
    reward = 100.0 + np.arange(points) + m.steady(points, 1.0, 0.05)
    others = {("train/critic_loss", Role.LOSS_COMPONENT): y, ("rollout/ep_rew_mean", Role.REWARD): reward}
    facts = m.made(y, Verdict.SPIKE_RECOVERED, at, others=others, tag="train/critic_loss_total").facts()
    assert "The policy lost nothing" in " ".join(why_then(facts))
    assert fixes(facts)[0].text.startswith("Nothing, while the return rises")
    assert not fixes(critic(True).facts())[0].text.startswith("Nothing")
