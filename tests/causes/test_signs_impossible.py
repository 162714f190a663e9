"""Settings that no training can want."""

from __future__ import annotations

import pytest

from losslens.model import Role, SettingValue, Verdict
from tests.causes import make_runs as m

WRONG: dict[str, tuple[str, dict[str, SettingValue]]] = {
    "rate below zero": ("unbounded-loss", {"lr": -0.01}),
    "schedule that grows": ("lr-schedule-jump", {"scheduler": "ExponentialLR", "gamma": 1.05}),
    "momentum of one": ("learning-rate-too-high", {"optimizer": "sgd", "momentum": 1.0}),
    "second moment that takes in nothing": ("adam-instability", {"optimizer": "adamw", "betas": "(0.9, 1.0)"}),
    "first moment that takes in nothing": ("adam-instability", {"optimizer": "adam", "beta1": 1.0}),
    "second moment of the last gradient": ("adam-instability", {"optimizer": "adam", "beta2": 0.1}),
    "epsilon below every number": ("adam-instability", {"optimizer": "adam", "eps": 1e-16}),
    "no epsilon": ("adam-instability", {"optimizer": "adam", "eps": 0.0}),
}

USUAL: dict[str, dict[str, SettingValue]] = {
    "rate": {"lr": 0.01},
    "rate that stands for none": {"lr": -1},
    "schedule that decays": {"scheduler": "ExponentialLR", "gamma": 0.95},
    "focal loss": {"gamma": 2.0},
    "momentum of a schedule of statistics": {"optimizer": "adam", "momentum": 1.0},
    "betas": {"optimizer": "adamw", "betas": "(0.9, 0.999)", "eps": 1e-8},
    "floor of adafactor": {"optimizer": "adafactor", "eps": 1e-30},
    "short memory": {"optimizer": "adam", "betas": "(0.5, 0.9)"},
    "exploration": {"epsilon": 0.0, "optimizer": "sgd"},
    "decay": {"weight_decay": 0.1, "dropout": 0.5},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_setting_that_cannot_be_meant_speaks_for_what_it_makes_and_is_mended_first(what: str) -> None:
    cause, settings = WRONG[what]
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, settings=settings)
    assert "setting-impossible" in m.names(run, cause, +1)
    assert "(now " in m.diagnosed(run, cause).fixes[0].text
    assert run.diagnose().why_then[0].startswith("The settings say so: ")
    plain = m.made(m.exploding(), Verdict.EXPLODED, 320)
    assert m.chance(run, cause) > 2 * m.chance(plain, cause)


@pytest.mark.parametrize("what", USUAL)
def test_usual_settings_are_not_called_impossible(what: str) -> None:
    facts = m.made(m.exploding(), Verdict.EXPLODED, 320, settings=USUAL[what]).facts()
    for cause in ("weight-growth", *{cause for cause, _ in WRONG.values()}):
        assert "setting-impossible" not in m.names(facts, cause, +1), cause


def test_a_rate_that_was_logged_above_zero_is_believed_rather_than_the_setting() -> None:
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, settings={"lr": -0.01}, others={m.LR: m.constant()})
    assert "setting-impossible" not in m.names(run, "unbounded-loss", +1)


def test_a_discount_above_one_is_wrong_for_an_agent_alone() -> None:
    y = m.exploding(400, 250, 15.0)
    others = {("td_loss", Role.LOSS_COMPONENT): y, ("q_mean", Role.OTHER): y}
    agent = m.made(y, Verdict.EXPLODED, 250, others=others, tag="loss", settings={"gamma": 1.01})
    assert "setting-impossible" in m.names(agent, "rl-or-gan-divergence", +1)
    plain = m.made(y, Verdict.EXPLODED, 250, settings={"gamma": 1.01})
    assert "setting-impossible" not in m.names(plain, "rl-or-gan-divergence", +1)


def test_a_dropout_of_one_lets_nothing_through_and_an_integer_may_be_a_switch() -> None:
    flat = m.steady(400, 2.3, 0.01)
    for value, wrong in ((1.0, True), (1, False), (0.5, False)):
        run = m.made(flat, Verdict.PLATEAU, 0, from_start=True, settings={"model.dropout": value})
        assert ("setting-impossible" in m.names(run, "vanishing-gradients", +1)) is wrong
