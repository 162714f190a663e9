"""Why then, and not before: in numbers from the run, and plainly so when nothing that was logged changed."""

from __future__ import annotations

import re

import numpy as np
import pytest

from losslens.causes.facts import with_cohort
from losslens.causes.why_then import why_then
from losslens.model import Role, Verdict
from tests.causes import make_runs as m


def told(made: m.Made) -> str:
    return " ".join(why_then(made.facts()))


def test_thirty_four_passes_over_the_same_images_are_counted_and_clear_the_data() -> None:
    y = m.exploding(600, 500, 15.0, start=2.4, floor=0.9)
    others = {("learning_rate", Role.LEARNING_RATE): m.constant(600, 7e-3)}
    text = told(m.made(y, Verdict.EXPLODED, 500, others=others, spe=1500.0, tag="total_loss"))
    assert "step 50,000" in text
    assert "pass 34 of 40" in text
    assert "33 times" in text
    assert "learning_rate was 0.007 at the onset, constant" in text
    assert "Nothing else was logged" in text


def test_a_gradient_that_moved_first_is_told_with_its_lead() -> None:
    others = {m.GRAD: m.grown_signal(400, 320, 6.0, lead=10)}
    text = told(m.made(m.exploding(), Verdict.EXPLODED, 320, others=others))
    assert "grad_norm had left its course" in text
    assert "before the loss" in text
    assert "Nothing" not in text


def test_what_was_logged_and_did_not_move_is_named() -> None:
    text = told(m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.GRAD: m.steady(), m.LR: m.constant()}))
    assert "Nothing else that was logged had a jump near the onset (grad_norm)" in text


def test_a_restart_at_the_onset_comes_with_its_pause_and_its_repeated_steps() -> None:
    y = m.learning()
    y[200:] *= 2
    text = told(m.made(y, Verdict.SHIFTED, 200, segments=(200,), pause_s=7200.0))
    assert "started again at step 20,000" in text
    assert "2.0 h" in text


def test_a_rise_of_the_rate_is_told_with_its_lag() -> None:
    rate = m.constant()
    rate[317:] *= 10
    text = told(m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: rate}))
    assert "lr rose 10×" in text
    assert "3 logged points before" in text


def test_a_weight_norm_that_grew_all_the_while_is_told() -> None:
    w = 10 * np.exp(np.arange(400) / 200)
    text = told(m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.WEIGHT: w}))
    assert "weight_norm had been growing all the while" in text


def test_a_run_that_was_wrong_from_its_first_point_has_no_before() -> None:
    text = told(m.made(np.full(100, np.nan), Verdict.NAN, 0, from_start=True, axis="epoch", every=1))
    assert "each point sums up an epoch, so it was lost within the first, at a step that was not logged" in text
    late = told(m.made(np.full(4, np.nan), Verdict.NAN, 0, from_start=True, step=np.arange(1, 5) * 100))
    assert "it was lost in the steps up to there, which were not logged" in late
    first = told(m.made(np.full(100, np.nan), Verdict.NAN, 0, from_start=True, every=1))
    assert "there is no before, so the reason lies in the setup" in first


def test_a_log_that_begins_late_does_not_say_that_its_first_point_was_the_first() -> None:
    step = np.arange(8, 12, dtype=np.int64)
    lost = m.made(np.full(4, np.nan), Verdict.NAN, 0, from_start=True, axis="epoch", step=step)
    text = told(lost)
    assert "The log begins at epoch 8" in text
    assert "there is no before" not in text


def test_a_decay_that_flattens_is_not_told_as_a_move() -> None:
    others = {("loss_main", Role.LOSS_COMPONENT): m.learning(seed=5)}
    text = told(m.made(m.exploding(), Verdict.EXPLODED, 320, others=others))
    assert "Also moved" not in text


def test_overfitting_tells_the_best_evaluation_and_the_training_loss_since() -> None:
    t = np.arange(60.0)
    val = 1.9 * np.exp(-t / 10) + 0.6 + 0.012 * np.maximum(0, t - 18)
    train = 1.8 * np.exp(-t / 12) + 0.2
    run = m.made(
        val,
        Verdict.OVERFIT,
        30,
        axis="epoch",
        every=1,
        others={("train/loss", Role.TRAIN_LOSS): train},
        tag="val/loss",
        role=Role.VAL_LOSS,
    )
    text = told(run)
    assert "val/loss was best at epoch 2" in text
    assert "went on falling" in text


def overfit(first: float) -> m.Made:
    """Validation that falls from its first value to 0.8 and leaves that, beside training that falls on."""
    t = np.arange(60.0)
    val = 0.8 + (first - 0.8) * np.exp(-t / 4) + 0.012 * np.maximum(0, t - 18)
    train = {("train/loss", Role.TRAIN_LOSS): 1.8 * np.exp(-t / 12) + 0.2}
    at = {"axis": "epoch", "every": 1, "tag": "val/loss", "role": Role.VAL_LOSS}
    return m.made(val, Verdict.OVERFIT, 30, others=train, **at)  # type: ignore[arg-type]


def test_samples_were_learned_only_where_validation_had_been_good_and_is_not_measured_wrong() -> None:
    good, never = overfit(2.0).facts(), overfit(0.82).facts()
    assert "learned the samples" in " ".join(why_then(good, "overfitting"))
    for facts, cause in ((good, "train-eval-mismatch"), (never, "overfitting")):
        text = " ".join(why_then(facts, cause))
        assert "went on falling, to" in text
        assert "learned the samples" not in text


def wild_norm(points: int = 400) -> m.Values:
    """A norm that shrinks to a tenth and whose noise spans more than a decade, as with tiny batches."""
    return m.noisy(np.exp(-np.arange(points) / 150.0), 1.4, seed=5)


def test_a_norm_that_towers_at_the_very_point_leads_and_needs_no_slow_reason() -> None:
    norm = wild_norm()
    norm[250] = 600.0
    made = m.made(m.spiking(width=0.3), Verdict.SPIKE_RECOVERED, 250, others={m.GRAD: norm})
    sentences = why_then(made.facts())
    assert "at the same point" in sentences[1]
    assert "shrinking" not in " ".join(sentences)
    assert "grad-norm-together" in m.names(made, "bad-batch", +1)


def test_a_high_norm_that_is_no_record_is_no_jump() -> None:
    norm = wild_norm()
    norm[250] = float(norm[:250].max())
    made = m.made(m.spiking(width=0.3), Verdict.SPIKE_RECOVERED, 250, others={m.GRAD: norm})
    assert "grad-norm-together" not in m.names(made, "bad-batch", +1)


def test_shrinking_gradients_explain_nothing_where_the_optimizer_is_plain_sgd() -> None:
    others = {m.GRAD: m.noisy(np.exp(-np.arange(400) / 150.0), 0.1, seed=5)}
    adam = m.made(m.exploding(), Verdict.EXPLODED, 320, others=others, settings={"optimizer": "adam"})
    plain = m.made(m.exploding(), Verdict.EXPLODED, 320, others=others, settings={"optimizer": "sgd"})
    assert "shrinking before" in told(adam)
    assert "shrinking before" not in told(plain)


def test_the_tail_of_minibatch_noise_is_no_warning_but_a_tall_spike_is() -> None:
    tails = m.learning() * np.where(m.rng(4).random(400) < 0.07, 3.0, 1.0)
    tails[320:] *= np.exp(np.arange(1, 81) / 8.0)
    made = m.made(tails, Verdict.EXPLODED, 320)
    loss = made.facts().loss
    assert loss is not None
    assert loss.spikes.before_onset > 0
    assert "not the first warning" not in told(made)
    assert "earlier-spikes" not in m.names(made, "exploding-gradients", +1)
    tall = m.exploding(tau=20.0)
    tall[[200, 260]] *= 8.0
    assert "had spiked 2 times before" in told(m.made(tall, Verdict.EXPLODED, 320))


def test_what_fell_with_the_loss_at_once_does_not_pass_for_unchanged() -> None:
    y = np.concatenate([m.learning(250, floor=0.1), m.noisy(np.full(150, 2.5), 0.01)])
    right = np.concatenate([np.linspace(0.3, 0.98, 250), np.full(150, 0.1)])
    others = {("train_acc", Role.ACCURACY): m.noisy(right, 0.005), ("val_acc", Role.VAL_ACCURACY): m.steady(400)}
    text = " ".join(m.made(y, Verdict.EXPLODED, 250, others=others).diagnose().why_then)
    assert "At the same point train_acc fell to 0.14× its level" in text
    assert "had a jump near the onset (val_acc)" in text


def test_a_sibling_that_was_the_same_run_until_then_is_told_with_what_was_changed() -> None:
    value = m.exploding()
    value[300:] = m.learning(seed=5)[300:]
    survivor = m.made(value, Verdict.HEALTHY, name="larger-eps", project="p")
    failed = m.made(m.exploding(), Verdict.EXPLODED, 320, name="run", project="p")
    (facts, _) = with_cohort([failed.facts(), survivor.facts()])
    (told,) = [s for s in why_then(facts) if "sibling" in s]
    assert "larger-eps logged the same values at least up to step" in told
    assert "with another epsilon" in told


def test_a_rate_that_still_warms_up_is_a_reason_that_can_be_seen() -> None:
    rising = np.linspace(1e-5, 1e-3, 400)
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: rising})
    assert "still being warmed up" in told(run)
    assert "no visible reason" not in told(run)


def test_earlier_spikes_are_not_called_harmless() -> None:
    y = m.exploding(600, 500, 15.0, start=2.4, floor=0.9)
    y[[200, 260, 320, 380]] *= 20
    text = told(m.made(y, Verdict.EXPLODED, 500, spe=1500.0))
    assert "without harm" not in text
    assert "a sample that hurts may be among them" in text


def test_a_training_loss_that_rose_is_not_said_to_have_fallen_on() -> None:
    t = np.arange(60.0)
    val = 1.9 * np.exp(-t / 10) + 0.6 + 0.012 * np.maximum(0, t - 18)
    train = np.where(t < 32, 1.8 * np.exp(-t / 12) + 0.2, 1.6)
    others = {("train/loss", Role.TRAIN_LOSS): m.noisy(train, 0.01, 1)}
    run = m.made(
        m.noisy(val, 0.01),
        Verdict.OVERFIT,
        20,
        axis="epoch",
        every=1,
        others=others,
        tag="val/loss",
        role=Role.VAL_LOSS,
    )
    assert "went on falling" not in told(run)
    assert "did not fall on" in told(run)


def test_a_restart_at_which_validation_turned_is_said_before_anything_else() -> None:
    t = np.arange(60.0)
    val = 1.9 * np.exp(-t / 10) + 0.6 + np.where(t < 30, 0.0, 0.3)
    others = {("train/loss", Role.TRAIN_LOSS): 1.8 * np.exp(-t / 12) + np.where(t < 30, 0.2, 0.5)}
    run = m.made(val, Verdict.OVERFIT, 30, others=others, tag="val/loss", role=Role.VAL_LOSS, segments=(30,))
    assert why_then(run.facts())[0].startswith("The job had started again at step 3,000")


def test_a_restart_within_a_wide_interval_is_said_though_the_likeliest_step_lies_well_after_it() -> None:
    y = m.exploding()
    near = m.made(y, Verdict.EXPLODED, 320, segments=(300,), uncertain=30)
    assert "started again at step 30,000 (new file), 20 logged points before the onset" in told(near)
    assert "started again" not in told(m.made(y, Verdict.EXPLODED, 320, segments=(300,), uncertain=3))


def test_what_was_logged_as_changed_comes_first_and_leaves_no_room_for_guesses() -> None:
    rate = m.constant()
    rate[319:] *= 50
    said = why_then(m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: rate}, spe=1500.0).facts())
    assert said[0].startswith("lr rose 50×")
    assert "seen" not in " ".join(said)
    still = why_then(m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: m.constant()}, spe=1500.0).facts())
    assert still[0].startswith("It happened at step 32,000")
    assert still[-1].startswith("Every sample had been seen 21 times by then without harm")


def test_passes_without_harm_are_not_told_beside_a_cause_that_lies_in_the_batch_of_the_moment() -> None:
    facts = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: m.constant()}, spe=1500.0).facts()
    assert "without harm" in " ".join(why_then(facts, "learning-rate-too-high"))
    for cause in ("bad-batch", "empty-targets", "nan-in-data", "data-shift"):
        assert "without harm" not in " ".join(why_then(facts, cause))


def noisier(floor: float, ramp: float) -> m.Values:
    """An explosion whose noise, as it is, grows by ``ramp`` towards the onset, around a course that falls to floor."""
    t = np.arange(400.0)
    width = 0.02 * ramp ** np.clip((t - 200) / 120, 0.0, 1.0)
    y = floor + 2.0 * np.exp(-t / 90) + width * m.rng(3).standard_normal(400)
    y[320:] *= np.exp(np.arange(1, 81) / 8.0)
    return y


def test_noise_grew_only_where_it_did_so_itself_and_not_as_a_share_of_a_loss_that_falls() -> None:
    assert "noise of train/loss had been growing" in told(m.made(noisier(0.5, 6.0), Verdict.EXPLODED, 320))
    falling = m.made(noisier(0.08, 1.0), Verdict.EXPLODED, 320)
    loss = falling.facts().loss
    assert loss is not None
    assert loss.noise_trend is not None
    assert loss.noise_trend > 1.5
    assert "had been growing" not in told(falling)


def test_growing_noise_is_no_reason_beside_a_logged_jump_of_the_rate() -> None:
    rate = m.constant()
    rate[319:] *= 50
    text = told(m.made(noisier(0.5, 6.0), Verdict.EXPLODED, 320, others={m.LR: rate}))
    assert "lr rose 50×" in text
    assert "noise" not in text


def test_spikes_are_higher_and_higher_only_where_the_values_they_reach_rise() -> None:
    mounting, sinking = (m.exploding(600, 500, 15.0, start=2.4, floor=0.9) for _ in range(2))
    places = [200, 240, 280, 320, 360, 400]
    mounting[places] = 8.0 * 1.4 ** np.arange(6)
    sinking[places] = 33.0 * 0.99 ** np.arange(6)
    assert "higher and higher" in told(m.made(mounting, Verdict.EXPLODED, 500))
    text = told(m.made(sinking, Verdict.EXPLODED, 500))
    assert "had spiked 6 times before" in text
    assert "higher" not in text


def test_the_term_that_moved_most_has_the_largest_number_at_the_peak_of_the_loss() -> None:
    main, ink = m.steady(400, 1.0, seed=2), m.steady(400, 0.5, seed=3)
    ink[320:323] *= [9000.0, 300.0, 10.0]
    main[320:] *= 16.0
    others = {("main", Role.LOSS_COMPONENT): main, ("ink", Role.LOSS_COMPONENT): ink}
    text = told(m.made(main + ink, Verdict.DIVERGED, 320, others=others))
    assert "ink rose most: at the peak of the loss (step 32,000)" in text
    found = re.search(r"it stood at ([\d,]+)× its level before, main at (\d+)×", text)
    assert found is not None
    ours, rest = found.groups()
    assert float(ours.replace(",", "")) > 5000 > float(rest)


def test_terms_that_rose_alike_are_not_set_against_each_other() -> None:
    one, two = m.steady(400, 1.0, 0.02, seed=2), m.steady(400, 0.5, 0.02, seed=3)
    one[320:] *= 20.0
    two[320:] *= 21.0
    others = {("one", Role.LOSS_COMPONENT): one, ("two", Role.LOSS_COMPONENT): two}
    assert "2 terms of the loss rose alike" in told(m.made(one + two, Verdict.DIVERGED, 320, others=others))


def test_a_lost_number_beside_a_validation_that_went_on_falling_leaves_the_model_whole() -> None:
    val = m.noisy(2.0 * np.exp(-np.arange(400) / 150) + 0.5, 0.002)
    lost = m.nan_from(m.learning(), 200)
    text = why_then(m.made(lost, Verdict.NAN, 200, others={m.VAL: val}).facts())
    assert text[0].startswith("The model is whole and nothing was lost: train/loss is not finite, but val/loss went on")
    worse = val.copy()
    worse[200:] = 2.5
    assert "whole" not in told(m.made(lost, Verdict.NAN, 200, others={m.VAL: worse}))


def test_a_change_of_the_batch_within_the_interval_is_named_though_the_likeliest_step_lies_before_it() -> None:
    batch = ("batch_size", Role.BATCH_SIZE)
    sizes = np.full(400, 32.0)
    sizes[335:] = 1.0
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, others={batch: sizes}, uncertain=20)
    assert why_then(run.facts())[0] == (
        "batch_size changed from 32 to 1 at step 33,500, 1,500 steps after the onset and within the interval in which "
        "the loss left its course."
    )
    assert "batch-changed" in m.names(run, "batch-size-change", +1)


def test_an_abrupt_fall_of_the_rate_within_the_interval_is_named_and_an_ordinary_decay_is_not() -> None:
    fell = m.constant()
    fell[321:] /= 100
    run = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: fell}, uncertain=3)
    assert why_then(run.facts())[0].startswith("lr fell 100× (from 0.001 to 1e-5) at step 32,100")
    steep = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: 0.6 ** np.arange(400.0)}, uncertain=3)
    assert "fell" not in told(steep)
    ends = m.made(
        m.exploding(), Verdict.EXPLODED, 320, others={m.LR: np.append(np.linspace(1e-3, 1e-6, 321), np.zeros(79))}
    )
    assert "fell" not in told(ends), "a schedule that comes to its end changes nothing"


def test_a_steep_first_fall_is_no_spike_that_came_back() -> None:
    y = 2.2 + 2.3 * np.exp(-np.arange(160) / 4.0)
    run = m.made(m.nan_from(m.noisy(y, 0.003), 87), Verdict.NAN, 87)
    loss = run.facts().loss
    assert loss is not None
    assert loss.spikes.before_onset == 0
    assert "not the first warning" not in told(run)


def test_a_term_moved_first_only_where_it_was_ahead_in_time() -> None:
    main, aux = m.learning(400), m.steady(400, 0.1)
    aux[300:] *= np.exp(np.arange(1, 101) / 12)
    main[300:] *= np.exp(np.arange(1, 101) / 40)
    others = {("loss_main", Role.LOSS_COMPONENT): main, ("loss_kl", Role.LOSS_COMPONENT): aux}
    text = told(m.made(main + aux, Verdict.EXPLODED, 300, others=others))
    parts = m.made(main + aux, Verdict.EXPLODED, 300, others=others).facts().components
    assert parts is not None
    assert ("rose first" in text) is (parts.lead_points is not None and parts.lead_points >= 0.5)
    assert "loss_kl rose" in text


def test_a_log_of_some_steps_is_told_in_steps_and_not_in_shares_alone() -> None:
    y = m.nan_from(m.learning(73, pace=0.1), 44)
    run = m.made(y, Verdict.NAN, 42, every=1, others={m.LR: m.constant(73, 0.25)})
    assert "where it had been for 42 steps (58 % of the run)" in told(run)


def test_workers_that_part_are_told_and_a_batch_that_was_set_to_another_size_is_told_once() -> None:
    size = m.constant(400, 64.0)
    size[305:] = 4.0
    others = {("loss [rank1]", Role.TRAIN_LOSS): m.learning(400, seed=3), ("batch_size", Role.BATCH_SIZE): size}
    said = m.made(m.jumping(400, at=320), Verdict.SHIFTED, 320, tag="loss", others=others).diagnose().why_then
    assert any("loss and loss [rank1] had gone together" in s for s in said)
    assert sum("batch_size" in s for s in said) == 1


def test_a_gradient_that_was_not_finite_long_before_and_was_survived_is_no_reason() -> None:
    for lead, told in ((5, True), (200, False)):
        gradient = m.steady(400)
        gradient[320 - lead] = np.inf
        lost = m.nan_from(m.learning(400), 320)
        said = m.made(lost, Verdict.NAN, 320, others={m.GRAD: gradient}).diagnose().why_then
        assert any("was not finite" in s for s in said) is told


def test_what_is_below_zero_moved_from_a_value_to_another_and_not_by_a_factor() -> None:
    reward = m.steady(400, -20.0, 0.05)
    reward[310:] = -1500.0
    others = {("rollout/ep_rew_mean", Role.REWARD): reward, ("train/value_loss", Role.LOSS_COMPONENT): m.steady()}
    text = told(m.made(m.exploding(), Verdict.EXPLODED, 320, others=others))
    assert "rollout/ep_rew_mean at step 31,000 (from -20" in text
    assert "to -1,500)" in text


def test_the_speed_of_the_job_is_no_news() -> None:
    fps = {("time/fps", Role.THROUGHPUT): np.where(np.arange(400) < 315, 6000.0, 300.0)}
    assert "fps" not in told(m.made(m.exploding(), Verdict.EXPLODED, 320, others=fps))


def test_a_batch_that_was_set_to_another_size_long_before_is_no_news() -> None:
    size = ("batch_size", Role.BATCH_SIZE)
    for at, said in ((40, False), (285, False), (312, True)):
        sizes = np.where(np.arange(400) < at, 32.0, 64.0)
        made = m.made(m.exploding(), Verdict.EXPLODED, 320, others={size: sizes})
        assert ("batch_size changed" in told(made)) is said
    sizes = np.where(np.arange(400) < 285, 32.0, 1024.0)
    assert "batch_size changed" in told(m.made(m.exploding(), Verdict.EXPLODED, 320, others={size: sizes}))


def test_data_are_not_cleared_where_the_loss_went_to_another_level_at_once() -> None:
    leaped = m.made(m.jumping(400, 320, 500.0), Verdict.EXPLODED, 320, spe=1500.0)
    assert "the data are not the reason" not in told(leaped)
    assert "without harm" in told(leaped)


def test_a_training_loss_that_fell_a_little_is_not_said_to_have_learned_the_samples() -> None:
    val = np.concatenate([np.linspace(0.9, 0.5, 15), np.linspace(0.5, 0.8, 25)])
    for floor, learned in ((0.485, False), (0.05, True)):
        train = np.concatenate([np.linspace(0.9, 0.5, 15), np.linspace(0.5, floor, 25)])
        others = {("train/loss", Role.TRAIN_LOSS): train}
        text = told(m.made(val, Verdict.OVERFIT, 16, others=others, tag="val/loss", role=Role.VAL_LOSS))
        assert ("it learned the samples" in text) is learned


def test_a_rate_far_above_its_first_value_is_no_moment_without_a_visible_reason() -> None:
    rate = np.minimum(1e-3 * 1.02 ** np.arange(400.0), 0.1)
    text = told(m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: rate}))
    assert "times its first value" in text or "× its first value" in text
    assert "no visible reason" not in text
    assert "where it had been" not in text


def test_a_log_that_begins_late_says_nothing_of_the_setup() -> None:
    lost = np.full(40, np.nan)
    late = m.made(lost, Verdict.NAN, 0, from_start=True, step=50_000 + np.arange(40))
    assert "begins at step 50,000" in told(late)
    assert "setup" not in told(late)
    assert "setup" in told(m.made(lost, Verdict.NAN, 0, from_start=True, every=1))
    assert not {"nan-from-first", "lost-at-once", "onset-early"} & m.names(late, "unscaled-data", +1)


def test_no_share_of_the_run_is_told_of_few_points_or_of_a_log_that_begins_late() -> None:
    few = told(m.made(m.nan_from(m.steady(6, 2.0, 0.01), 5), Verdict.NAN, 5))
    assert "It happened at step 500, the last that was logged." in few
    y = m.exploding(40, 20, 3.0)
    assert "into the run" in told(m.made(y, Verdict.EXPLODED, 20))
    late = m.made(y, Verdict.EXPLODED, 20, step=60_000 + 100 * np.arange(40))
    assert "into the run" not in told(late)
    for cause in late.diagnose().causes:
        assert not any("% of the run" in e.text for e in cause.evidence)


def test_the_same_course_has_the_same_causes_however_late_its_log_begins() -> None:
    y = np.array([2.1, 2.05, 1.98, 2.02, 9.5, 80.1, 900.3])
    others = {m.LR: m.constant(7, 0.1)}
    said = [
        m.made(y, Verdict.EXPLODED, 3, others=others, step=first + 100 * np.arange(7)).diagnose()
        for first in (1500, 6000, 50_000)
    ]
    for other in said[1:]:
        for mine, theirs in zip(said[0].causes[:5], other.causes[:5], strict=True):
            assert mine.id == theirs.id
            assert abs(mine.probability - theirs.probability) < 0.01


def test_rows_that_count_epochs_say_after_how_many_passes_the_log_begins() -> None:
    others = {("epoch", Role.EPOCH): 5.45 + 0.001 * np.arange(6.0)}
    lost = m.made(np.full(6, np.nan), Verdict.NAN, 0, from_start=True, axis="row", every=1, others=others)
    assert "begins at row 0, after 5.5 passes over the data" in told(lost) or "begins at row 0, after 5.4" in told(lost)


def test_one_pass_over_the_data_is_one() -> None:
    others = {("epoch", Role.EPOCH): 1.0 + 0.001 * np.arange(6.0)}
    lost = m.made(np.full(6, np.nan), Verdict.NAN, 0, from_start=True, axis="row", every=1, others=others)
    assert "begins at row 0, after 1 pass over the data" in told(lost)


def test_a_warm_up_that_has_just_ended_is_not_still_going_on() -> None:
    rising = np.concatenate([np.linspace(1e-5, 1e-3, 321), np.full(79, 1e-3)])
    text = told(m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: rising}))
    assert "100 % of its peak" not in text


def test_a_flat_piece_is_not_said_to_be_wrong() -> None:
    flat = m.steady(12, 0.12, 0.002)
    text = told(m.made(flat, Verdict.PLATEAU, 0, from_start=True, axis="epoch", step=np.arange(43, 55)))
    assert "wrong" not in text
    assert "The log begins at epoch 43, with the loss on the level that it ends on" in text


def test_a_loss_that_is_out_once_more_where_the_log_ends_is_not_left_at_its_level() -> None:
    y = m.learning(400, floor=0.01, start=2.0, pace=0.1)
    y[250:260] = np.geomspace(5.0, 0.02, 10)
    text = told(m.made(y, Verdict.SPIKE_RECOVERED, 250))
    assert "once more" not in text
    y[390:] = 6.0
    again = told(m.made(y, Verdict.SPIKE_RECOVERED, 250))
    assert "train/loss was out once more from step 39,000 on, up to the end of the log." in again
    assert "at the end," not in again


def test_an_evaluation_at_the_end_of_a_pass_is_of_that_pass() -> None:
    val = np.concatenate([np.linspace(1.0, 0.5, 5), np.linspace(0.6, 0.9, 5)])
    step = np.arange(1, 11, dtype=np.int64) * 600
    made = m.made(val, Verdict.OVERFIT, 5, step=step, spe=600.0, role=Role.VAL_LOSS, tag="val_loss")
    assert "That was pass 6 of 10 over the same data." in told(made)


def test_a_loss_that_does_not_fall_is_held_against_one_that_does() -> None:
    """The mean over the triplets that still count: it stays where it was while there are ever fewer of them."""
    flat = m.noisy(np.full(400, 0.187), 0.01)
    others = {("hard_loss", Role.LOSS_COMPONENT): np.geomspace(0.55, 0.16, 400)}
    text = told(m.made(flat, Verdict.PLATEAU, 0, from_start=True, others=others))
    assert "hard_loss fell from 0.55 to 0.16 meanwhile: something is learned, which train/loss does not show." in text
    others = {("hard_loss", Role.LOSS_COMPONENT): m.noisy(np.full(400, 0.5), 0.02)}
    assert "meanwhile" not in told(m.made(flat, Verdict.PLATEAU, 0, from_start=True, others=others))


def test_a_rate_that_is_0_throughout_was_printed_with_too_few_digits() -> None:
    zeros = {m.LR: np.zeros(400)}
    text = told(m.made(m.nan_from(m.learning(), 320), Verdict.NAN, 320, others=zeros))
    assert "is 0 at every point that was logged: printed with too few digits, or nothing is trained" in text
    assert "does not explain the moment" not in text
    start = told(m.made(np.full(400, np.nan), Verdict.NAN, 0, others=zeros, from_start=True))
    assert "began at 0" not in start


def test_a_rise_of_the_rate_behind_the_onset_did_not_lead_up_to_it() -> None:
    rate = np.concatenate([np.geomspace(1e-3, 1e-6, 320), [0.0], np.linspace(4e-4, 2.4e-3, 6), np.full(73, 2.4e-3)])
    made = m.made(m.jumping(400, 320, 5.0), Verdict.EXPLODED, 320, others={m.LR: rate})
    text = told(made)
    assert "up to the onset" not in text
    assert "at step 32,100, and went on rising until step 32,600" in text
    assert "rate-was-borne" not in m.names(made, "lr-schedule-jump", -1)


def test_a_log_that_begins_late_on_the_level_of_a_guess_shows_that_nothing_was_learned() -> None:
    flat = np.log(1000.0) + m.steady(12, 1e-3, 0.5)
    late = m.made(flat, Verdict.PLATEAU, 0, from_start=True, step=np.arange(101_383, 101_395), spe=10_000.0)
    text = told(late)
    assert "that of a uniform guess among 1,000, where it ends: nothing had been learned by then" in text
    assert "the start before this one" not in text


def test_training_is_held_against_its_value_at_the_best_evaluation() -> None:
    train = np.geomspace(6.0, 0.066, 50)
    val = np.concatenate([np.geomspace(6.0, 4.01, 6), [4.0], np.geomspace(4.05, 6.2, 43)])
    facts = m.made(
        val, Verdict.OVERFIT, 6, tag="val_loss", role=Role.VAL_LOSS, others={("train_loss", Role.TRAIN_LOSS): train}
    ).facts()
    assert facts.validation is not None
    assert facts.validation.train_fall is not None
    assert facts.validation.train_fall == pytest.approx(train[-2] / train[6])


def test_a_flat_piece_of_a_net_that_answers_right_had_learned_by_then() -> None:
    flat, step = m.steady(16, 1.75, 0.02), np.arange(4100, 5700, 100)
    scores = {("dev acc", Role.VAL_ACCURACY): np.full(16, 98.0), ("dev F1", Role.VAL_ACCURACY): np.full(16, 82.4)}
    text = told(m.made(flat, Verdict.PLATEAU, 0, from_start=True, step=step, others=scores))
    assert "It had learned by then: dev acc stood at 98 %." in text
    alone = {("dev acc", Role.VAL_ACCURACY): np.full(16, 98.0)}  # of one class in fifty nothing was learned
    assert "had learned" not in told(m.made(flat, Verdict.PLATEAU, 0, from_start=True, step=step, others=alone))


def test_a_norm_that_went_up_with_the_loss_is_told_by_where_it_lay_afterwards() -> None:
    y = m.noisy(np.where(np.arange(400) < 60, 0.1, 0.1 * np.exp((np.arange(400) - 60) / 190.0)), 0.3)
    norm = {("grad_norm", Role.GRAD_NORM): m.noisy(np.where(np.arange(400) < 60, 0.5, 0.5 * (y / 0.1)), 0.4, 5)}
    made = m.made(y, Verdict.DIVERGED, 60, others=norm, uncertain=40)
    text = told(made)
    assert "grad_norm" in text
    assert re.search(r"grad_norm went up with train/loss, not before: behind the onset it lay at [23]", text)
