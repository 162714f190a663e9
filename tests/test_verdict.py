"""The verdict on a run: one word, the loss that leads, the onset, and what came before it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from losslens.model import Judgement, Role, RoleChoice, Run, Series, StepsPerEpoch, Verdict
from losslens.verdict import judge
from losslens.verdict.word import number
from tests.detector.curves import explosion, falling, noisy

if TYPE_CHECKING:
    from losslens.model import FloatArray


def series(tag: str, value: FloatArray, *, gap: int = 1, segment: FloatArray | None = None) -> Series:
    n = value.size
    return Series(
        tag,
        np.arange(n, dtype=np.int64) * gap,
        np.asarray(value, np.float64),
        1.7e9 + np.arange(n, dtype=np.float64),
        np.arange(n, dtype=np.int64),
        np.zeros(n, np.int64) if segment is None else np.asarray(segment, np.int64),
    )


def run_of(values: Mapping[str, tuple[Role, FloatArray]], *, gap: int = 1, group: str = "", **more: object) -> Run:
    found = {tag: series(tag, value, gap=gap) for tag, (_, value) in values.items()}
    roles = tuple(RoleChoice(tag, role, "given", group=group) for tag, (role, _) in values.items())
    return Run("run", "run", "run.csv", ("run.csv",), "csv", "step", found, roles, **more)  # type: ignore[arg-type]


def judged(loss: FloatArray, *, gap: int = 1) -> Judgement:
    return judge(run_of({"loss": (Role.TRAIN_LOSS, loss)}, gap=gap))


def test_a_noisy_falling_loss_is_healthy_and_has_no_onset() -> None:
    said = judged(noisy(falling(500), 0.1, 0))
    assert said.verdict is Verdict.HEALTHY
    assert said.onset is None
    assert said.loss == "loss"


def test_the_opening_question_exploded_at_step_fifty_thousand() -> None:
    said = judge(
        run_of(
            {"loss": (Role.TRAIN_LOSS, explosion(seed=1))}, gap=100, steps_per_epoch=StepsPerEpoch(1500.0, "settings")
        )
    )
    assert said.verdict is Verdict.EXPLODED
    assert said.onset is not None
    assert abs(said.onset.step - 50_000) <= 300
    assert said.onset.low <= 50_000 <= said.onset.high
    assert said.onset.epoch == pytest.approx(said.onset.step / 1500.0)
    assert said.point_of_no_return is not None
    assert said.point_of_no_return >= said.onset.step - 100
    assert any(e.kind == "growth" for e in said.episodes)


def test_nan_from_a_calm_loss_begins_at_the_first_nan() -> None:
    y = noisy(falling(200), 0.05, 1)
    y[150:] = np.nan
    said = judged(y, gap=10)
    assert said.verdict is Verdict.NAN
    assert said.first_nonfinite == 1500
    assert said.onset is not None
    assert (said.onset.low, said.onset.step, said.onset.high) == (1490, 1500, 1500)


def test_nan_after_a_climb_begins_with_the_climb() -> None:
    y = explosion(300, 250, tau=2.0, width=0.03, seed=2)
    y[285:] = np.nan
    said = judged(y)
    assert said.verdict is Verdict.NAN
    assert said.first_nonfinite == 285
    assert said.onset is not None
    assert abs(said.onset.step - 250) <= 2


def test_all_nan_is_nan_from_the_start() -> None:
    said = judged(np.full(100, np.nan))
    assert said.verdict is Verdict.NAN
    assert said.onset is not None
    assert said.onset.from_start


def test_nan_that_becomes_finite_again_is_an_episode_and_no_verdict() -> None:
    y = noisy(falling(200), 0.05, 3)
    y[100:103] = np.nan
    said = judged(y)
    assert said.verdict is Verdict.HEALTHY
    assert [(e.first_step, e.last_step) for e in said.episodes if e.kind == "non-finite"] == [(100, 102)]


def test_a_collapse_to_chance_is_not_a_shift() -> None:
    y = noisy(falling(400, start=2.3, floor=0.2), 0.03, 4)
    y[300:] = 2.303
    said = judged(y)
    assert said.verdict in (Verdict.DIVERGED, Verdict.EXPLODED)
    assert said.onset is not None
    assert abs(said.onset.step - 300) <= 1


def test_one_step_up_that_holds_is_a_shift() -> None:
    y = falling(400, start=3.0, floor=1.0)
    y[250:] += 0.5
    said = judged(noisy(y, 0.02, 5))
    assert said.verdict is Verdict.SHIFTED
    assert said.onset is not None
    assert abs(said.onset.step - 250) <= 1


def test_a_slow_late_rise_is_diverged_with_a_wide_interval() -> None:
    y = falling(600, start=3.0, floor=1.0, share=0.1)
    y[350:] *= np.exp(np.arange(250) * 0.0025)
    said = judged(noisy(y, 0.04, 6))
    assert said.verdict is Verdict.DIVERGED
    assert said.onset is not None
    assert said.onset.low <= 375
    assert said.onset.high >= 325


def test_a_bad_batch_is_a_recovered_spike_at_its_first_point() -> None:
    y = noisy(falling(300), 0.03, 7)
    y[200] *= 30.0
    said = judged(y)
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert said.onset is not None
    assert said.onset.step == 200


def test_a_loss_that_never_got_better_is_a_plateau() -> None:
    assert judged(noisy(np.full(200, 2.303), 0.005, 8)).verdict is Verdict.PLATEAU


@pytest.mark.parametrize("n", [1, 2, 3])
def test_three_points_are_inconclusive(n: int) -> None:
    assert judged(np.array([3.0, 2.0, 1.0])[:n]).verdict is Verdict.INCONCLUSIVE


def test_five_points_are_judged() -> None:
    assert judged(np.array([1.0, 0.6, 0.4, 0.3, 0.25])).verdict is Verdict.HEALTHY
    assert judged(np.array([1.0, 0.6, 0.4, 50.0, 900.0])).verdict is Verdict.EXPLODED


def test_a_run_without_a_loss_is_inconclusive_and_says_so() -> None:
    said = judge(run_of({"lr": (Role.LEARNING_RATE, np.full(50, 1e-3))}))
    assert said.verdict is Verdict.INCONCLUSIVE
    assert said.loss is None
    assert "loss" in said.reason


def test_six_decades_of_decay_do_not_explode_in_their_own_noise() -> None:
    for seed in range(10):
        said = judged(noisy(10.0 ** (-6.0 * np.minimum(np.arange(500) / 300, 1.0)), 0.5, seed))
        assert not said.verdict.blew_up, (seed, said.reason)


def test_an_epoch_saw_tooth_is_healthy() -> None:
    phase = np.arange(600) % 60
    assert judged(noisy(falling(600) * (1.0 + 0.1 * (1.0 - phase / 60.0)), 0.01, 9)).verdict is Verdict.HEALTHY


def test_a_loss_without_a_floor_explodes_downward() -> None:
    said = judged(0.7 - 0.01 * np.expm1(np.arange(300) / 20.0))
    assert said.verdict is Verdict.EXPLODED
    assert "downward" in said.reason


def test_validation_that_leaves_its_minimum_while_training_falls_is_overfit() -> None:
    t = np.arange(60)
    val = 1.0 + np.exp(-t / 5.0) + 0.02 * np.maximum(t - 20, 0)
    said = judge(
        run_of({"loss": (Role.TRAIN_LOSS, noisy(falling(60), 0.01, 10)), "val": (Role.VAL_LOSS, noisy(val, 0.01, 11))})
    )
    assert said.verdict is Verdict.OVERFIT
    assert said.loss == "val"
    assert said.onset is not None
    assert 15 <= said.onset.step <= 30


def test_validation_that_alone_is_nan_is_val_diverged() -> None:
    val = falling(50)
    val[30:] = np.nan
    said = judge(run_of({"loss": (Role.TRAIN_LOSS, noisy(falling(50), 0.01, 12)), "val": (Role.VAL_LOSS, val)}))
    assert said.verdict is Verdict.VAL_DIVERGED
    assert said.onset is not None
    assert said.onset.step == 30


def test_training_that_blew_up_leads_whatever_validation_did() -> None:
    val = falling(300)
    val[100:] = np.nan
    said = judge(run_of({"loss": (Role.TRAIN_LOSS, explosion(300, 200, tau=5)), "val": (Role.VAL_LOSS, val)}))
    assert said.loss == "loss"
    assert said.verdict is Verdict.EXPLODED


def test_only_validation_logged_plays_the_loss_and_the_reason_says_so() -> None:
    said = judge(run_of({"val": (Role.VAL_LOSS, explosion(300, 200, tau=5))}))
    assert said.verdict is Verdict.EXPLODED
    assert "only validation" in said.reason


def test_of_losses_of_too_few_points_the_total_of_the_training_leads() -> None:
    few = np.array([4.35, 4.54, 4.33])
    term = judge(run_of({"loss_cls": (Role.LOSS_COMPONENT, few / 9.0), "loss": (Role.TRAIN_LOSS, few)}))
    held = judge(run_of({"eval/loss": (Role.VAL_LOSS, few), "train/loss": (Role.TRAIN_LOSS, few[:2])}))
    assert (term.verdict, term.loss) == (Verdict.INCONCLUSIVE, "loss")
    assert (held.verdict, held.loss) == (Verdict.INCONCLUSIVE, "train/loss")


def test_a_total_leads_its_components_unless_only_a_component_is_nan() -> None:
    total, part = noisy(falling(200), 0.02, 13), noisy(falling(200), 0.02, 14)
    part[120:] *= 3.0
    values = {"loss": (Role.TRAIN_LOSS, total), "kl": (Role.LOSS_COMPONENT, part)}
    assert judge(run_of(values)).loss == "loss"
    broken = part.copy()
    broken[150:] = np.nan
    said = judge(run_of({**values, "kl": (Role.LOSS_COMPONENT, broken)}))
    assert (said.loss, said.verdict) == ("kl", Verdict.NAN)


def test_a_total_that_is_a_nan_once_among_few_points_is_not_passed_over_for_a_term() -> None:
    total, part = np.array([0.57, 0.53, np.nan, 0.29]), np.array([0.20, 0.15, 0.10, 0.08])
    said = judge(run_of({"loss": (Role.TRAIN_LOSS, total), "cls": (Role.LOSS_COMPONENT, part)}))
    assert (said.loss, said.verdict) == ("loss", Verdict.INCONCLUSIVE)
    assert "one point" in said.reason
    assert "is NaN or Inf" in said.reason
    short = judge(run_of({"loss": (Role.TRAIN_LOSS, total[:2]), "cls": (Role.LOSS_COMPONENT, part)}))
    assert short.loss == "cls"


def test_a_generator_loss_that_rises_threefold_while_all_is_well_is_no_alarm() -> None:
    t = np.arange(600)
    values = {
        "d_loss": (Role.TRAIN_LOSS, noisy(1.3 - 0.5 * (1 - np.exp(-t / 150)), 0.15, 15)),
        "g_loss": (Role.TRAIN_LOSS, noisy(0.8 + 1.2 * (1 - np.exp(-t / 150)), 0.15, 16)),
    }
    assert not judge(run_of(values, group="generator")).verdict.blew_up


def test_a_gradient_norm_that_led_the_loss_is_a_precursor_with_its_lead() -> None:
    loss = noisy(falling(400) * np.exp(np.maximum(np.arange(400) - 300, 0) / 8.0), 0.03, 17)
    grad = noisy(np.exp(np.maximum(np.arange(400) - 280, 0) / 8.0), 0.1, 18)
    values = {
        "loss": (Role.TRAIN_LOSS, loss),
        "grad_norm": (Role.GRAD_NORM, grad),
        "lr": (Role.LEARNING_RATE, np.full(400, 1e-3)),
    }
    said = judge(run_of(values))
    assert [p.series for p in said.precursors] == ["grad_norm"]
    assert 14 <= said.precursors[0].lead_steps <= 26
    assert "grad_norm" in said.precursors[0].text


def test_an_abandoned_branch_that_exploded_is_reported_beside_a_healthy_run() -> None:
    first, second = explosion(300, 250, tau=3, width=0.03), noisy(falling(400), 0.03, 19)[200:]
    step = np.concatenate([np.arange(300), np.arange(200, 400)])
    value = np.concatenate([first, second])
    segment = np.concatenate([np.zeros(300), np.ones(200)]).astype(np.int64)
    abandoned = (segment == 0) & (step >= 200)
    n = step.size
    resumed = Series("loss", step, value, np.full(n, np.nan), np.arange(n), segment, "step", abandoned)
    run = Run("r", "r", "r", (), "csv", "step", {"loss": resumed}, (RoleChoice("loss", Role.TRAIN_LOSS, "given"),))
    said = judge(run)
    assert said.verdict is Verdict.HEALTHY
    assert [a.verdict for a in said.abandoned] == [Verdict.EXPLODED]
    assert said.abandoned[0].onset is not None
    assert abs(said.abandoned[0].onset.step - 250) <= 2


def test_near_a_boundary_the_neighbouring_word_is_given_too() -> None:
    y = falling(400, start=3.0, floor=1.0, share=0.05)
    y[250:] += 2.0 * 0.95 * np.minimum(np.arange(150) / 30.0, 1.0)
    said = judged(noisy(y, 0.01, 20)).leading
    assert said is not None
    assert {said.verdict, said.also} == {Verdict.DIVERGED, Verdict.EXPLODED}
    assert said.margin is not None
    assert said.margin < 1.5


@pytest.mark.parametrize("height", [0.3, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("left", [1.0, 2.0, 5.0])
def test_a_jump_that_undid_the_progress_is_never_healthy_however_much_of_it_comes_back(
    height: float, left: float
) -> None:
    n, at = 600, 400
    t = np.arange(n)
    loss = 2.3 * np.exp(-t / 40) + 0.003
    loss[at:] = height * 2.3 * np.exp(-(t[at:] - at) / 25) + 0.003 * left
    said = judged(loss * np.exp(0.25 * np.random.default_rng(0).standard_normal(n)))
    assert said.verdict in (Verdict.SPIKE_RECOVERED, Verdict.SHIFTED)
    assert said.onset is not None
    assert abs(said.onset.step - at) <= 2


@pytest.mark.parametrize("level", [2.3, 20.0])
def test_a_validation_loss_that_never_learned_beside_training_that_did_is_a_plateau(level: float) -> None:
    t, rng = np.arange(40), np.random.default_rng(1)
    said = judge(
        run_of(
            {
                "train_loss": (Role.TRAIN_LOSS, 2.3 * np.exp(-t / 6) + 0.01),
                "val_loss": (Role.VAL_LOSS, level * (1.0 + 0.005 * rng.standard_normal(40))),
            }
        )
    )
    assert said.verdict is Verdict.PLATEAU
    assert said.loss == "val_loss"
    assert "never learned" in said.reason


def test_a_flat_validation_loss_that_training_has_not_left_behind_is_healthy() -> None:
    rng = np.random.default_rng(1)
    said = judge(
        run_of(
            {
                "train_loss": (Role.TRAIN_LOSS, noisy(falling(200, start=2.0, floor=1.5), 0.02, 0)),
                "val_loss": (Role.VAL_LOSS, 1.5 * (1.0 + 0.005 * rng.standard_normal(40))),
            }
        )
    )
    assert said.verdict is Verdict.HEALTHY


def test_one_point_a_million_times_above_all_others_is_a_sure_spike_in_a_short_and_noisy_window() -> None:
    loss = np.exp(-8.0 + 1.2 * np.random.default_rng(0).standard_normal(11))
    loss[4] = 1283.0
    said = judged(loss)
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert said.onset is not None
    assert said.onset.step == 4
    assert said.losses[0].also is None


def test_a_transient_in_the_very_first_points_belongs_to_the_start() -> None:
    loss = noisy(falling(900, start=0.6, floor=0.15), 0.1, 0)
    loss[1] = 20.0
    said = judged(loss)
    assert said.verdict is Verdict.HEALTHY
    assert said.onset is None


def test_reasons_count_as_the_report_does_in_units_of_the_axis_with_commas() -> None:
    loss = noisy(falling(600), 0.02, 0)
    loss[400] = 90.0
    said = judged(loss, gap=100)
    assert "at step 40,000" in said.reason
    epochs = run_of({"loss": (Role.TRAIN_LOSS, loss)}, gap=100)
    assert "at epoch 40,000" in judge(replace(epochs, axis="epoch")).reason


def test_a_loss_thrown_out_at_once_that_came_back_to_its_first_level_and_stayed_is_a_plateau() -> None:
    n, rng = 700, np.random.default_rng(0)
    t = np.arange(n)
    loss = 2.78 + 3.0 * np.exp(-t / 8.0) - 0.25 * np.clip((t - 550) / 150, 0.0, 1.0)
    loss[0] = 2.88
    said = judged(loss * (1.0 + 0.01 * rng.standard_normal(n)))
    assert said.verdict is Verdict.PLATEAU
    learned = 0.5 + 2.3 * np.exp(-t / 100.0) + 3.0 * np.exp(-t / 8.0)
    learned[0] = 2.88
    assert judged(learned * (1.0 + 0.01 * rng.standard_normal(n))).verdict is Verdict.HEALTHY


def test_no_return_from_slow_growth_is_not_said_to_lie_before_its_onset() -> None:
    loss = falling(600)
    loss[300:] *= np.exp(np.arange(300) / 60.0)
    said = judged(noisy(loss, 0.03, 1))
    assert said.verdict is Verdict.EXPLODED
    assert said.onset is not None
    assert said.point_of_no_return is not None
    assert said.point_of_no_return >= said.onset.step


def critic(n: int = 400) -> FloatArray:
    """An error that grows a hundredfold and levels out, as returns that must be predicted grow."""
    return noisy(50.0 + 5000.0 / (1.0 + np.exp(-(np.arange(n) - 80) / 15.0)), 0.2, 4)


def returns(n: int, last: float) -> FloatArray:
    """Rises for three quarters of the run, then goes to ``last``."""
    level = np.interp(np.arange(n), [0, 0.6 * n, 0.75 * n, 0.8 * n, n], [0.0, 250.0, 300.0, last, last])
    return np.asarray(level + 5.0 * np.random.default_rng(8).normal(size=n))


def test_a_critic_whose_error_grows_with_the_return_is_healthy() -> None:
    alone = judge(run_of({"critic_loss": (Role.TRAIN_LOSS, critic())}, group="critic"))
    assert alone.verdict is Verdict.EXPLODED
    paid = {"critic_loss": (Role.TRAIN_LOSS, critic()), "return": (Role.REWARD, returns(400, 320.0))}
    said = judge(run_of(paid))
    assert said.verdict is Verdict.HEALTHY
    assert "return went from" in said.reason


def test_a_critic_that_explodes_while_the_return_rises_is_told() -> None:
    n = np.arange(400)
    runaway = noisy(0.7 * np.exp(np.maximum(n - 200, 0) / 30.0), 0.2, 6)
    paid = {"critic_loss": (Role.TRAIN_LOSS, runaway), "return": (Role.REWARD, returns(400, 320.0))}
    assert judge(run_of(paid)).verdict is Verdict.EXPLODED


def test_an_actor_that_lost_its_return_is_judged_by_the_ordinary_rules() -> None:
    actor = np.interp(np.arange(400), [0, 100, 310, 318, 400], [0.0, -1500.0, -1900.0, -300.0, -250.0])
    actor = actor + 20.0 * np.random.default_rng(3).normal(size=400)
    actor[150:153] += 250.0
    said = judge(run_of({"actor_loss": (Role.TRAIN_LOSS, actor), "return": (Role.REWARD, returns(400, 20.0))}))
    assert said.verdict.blew_up
    assert said.onset is not None
    assert abs(said.onset.step - 311) <= 4


def test_single_leaps_of_a_policys_loss_say_nothing() -> None:
    policy = -0.007 + 0.001 * np.random.default_rng(9).normal(size=2000)
    policy[[300, 900, 1400]] = 0.012
    value = noisy(falling(2000), 0.1, 2)
    logged = {"policy_loss": (Role.TRAIN_LOSS, policy), "value_loss": (Role.TRAIN_LOSS, value)}
    assert judge(run_of(logged, group="policy")).verdict is Verdict.HEALTHY
    assert judge(run_of({"loss": (Role.TRAIN_LOSS, policy)})).verdict is Verdict.SPIKE_RECOVERED


def test_an_actor_loss_that_levels_out_is_no_error() -> None:
    actor = noisy(1.0 + 3.0 / (1.0 + np.exp(-(np.arange(300) - 60) / 12.0)), 0.15, 5)
    assert judge(run_of({"actor_loss": (Role.TRAIN_LOSS, actor)}, group="actor")).verdict is Verdict.HEALTHY
    assert judge(run_of({"critic_loss": (Role.TRAIN_LOSS, actor)}, group="critic")).verdict is not Verdict.HEALTHY


def test_a_flat_loss_with_one_huge_spike_that_came_back_has_a_spike() -> None:
    y = noisy(np.full(400, 0.05), 0.3, 11)
    y[300:303] *= 1e9
    said = judged(y)
    assert said.verdict is Verdict.SPIKE_RECOVERED
    assert said.onset is not None
    assert said.onset.step == 300


def test_epochs_counted_from_one_are_completed_one_less() -> None:
    loss = noisy(falling(100), 0.02, 3)
    loss[60:] = np.nan
    for first, completed in ((1, 60.0), (0, 60.0)):
        run = run_of({"loss": (Role.TRAIN_LOSS, loss)})
        counted = replace(run.series["loss"], step=np.arange(100) + first, axis="epoch")
        said = judge(replace(run, series={"loss": counted}, axis="epoch"))
        assert said.onset is not None
        assert said.onset.step == 60 + first
        assert said.onset.epoch == completed


def test_a_lone_finite_value_among_nans_is_told_and_is_not_the_calm_before() -> None:
    loss = noisy(falling(100), 0.02, 3)
    loss[60:] = np.inf
    loss[70] = 1e-6
    said = judged(loss)
    assert said.verdict is Verdict.NAN
    assert "but for 1 value" in said.reason
    assert "1e-06" not in said.reason


def test_a_loss_beyond_all_reason_before_its_nans_was_lost_from_the_start() -> None:
    loss = np.full(20, np.nan)
    loss[0] = 5.7e30
    said = judged(loss)
    assert said.onset is not None
    assert (said.onset.step, said.onset.from_start) == (0, True)
    assert said.point_of_no_return is None
    assert said.first_nonfinite == 1
    loss[0] = 20_333.0  # of data that nobody scaled: large, and yet a loss
    said = judged(loss)
    assert said.onset is not None
    assert (said.onset.step, said.onset.from_start) == (1, False)


def test_a_rise_beyond_the_start_is_told_in_multiples_of_the_start_and_not_in_percent_of_the_progress() -> None:
    loss = noisy(falling(200), 0.02, 3)
    loss[150:] *= np.minimum(np.exp(np.arange(50) / 4), 1000)
    said = judged(loss)
    assert said.verdict is Verdict.EXPLODED
    assert "times its first value" in said.reason
    assert "progress" not in said.reason


def test_a_rise_that_leaves_some_progress_is_told_as_a_share_of_it() -> None:
    loss = noisy(falling(200), 0.02, 3)
    loss[150:] += 0.4 * loss[0] * np.minimum(np.arange(50) / 10, 1)
    assert " % of its progress lost" in judged(loss).reason


def test_a_rise_that_begins_at_the_first_value_is_not_told_twice() -> None:
    loss = noisy(np.full(200, 2e-4), 0.02, 3)
    loss[20:] *= np.minimum(np.exp(np.arange(180) / 20), 200)
    reason = judged(loss).reason
    assert reason.count("×") == 1
    assert "first value" not in reason


def test_numbers_in_the_sentences_of_a_verdict_are_written_as_in_the_rest_of_a_report() -> None:
    said = [number(x) for x in (5.7e30, 3.291e7, 20_333.4, 2.3994, 1.5e-7, 0.0, math.inf)]
    assert said == ["5.7e30", "3.29e7", "20,333", "2.399", "1.5e-7", "0", "inf"]


def test_a_rise_by_the_last_printed_digit_is_no_failure() -> None:
    y = np.round(np.concatenate([np.linspace(0.0009, 0.0001, 30), np.full(20, 0.0002)]), 4)
    assert judge(run_of({"loss": (Role.TRAIN_LOSS, y)})).verdict is Verdict.HEALTHY
    hardly = judge(run_of({"loss": (Role.TRAIN_LOSS, np.repeat([0.0, 0.0001], 12))}))
    assert hardly.verdict in (Verdict.HEALTHY, Verdict.PLATEAU)
