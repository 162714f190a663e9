"""Other data from some step on."""

from __future__ import annotations

import numpy as np

from losslens.causes import data_shift
from losslens.model import Role, Verdict
from tests.causes import make_runs as m

CAUSE = "data-shift"


def shifted(slope: float = -0.2) -> m.Made:
    y = m.learning(400)
    t = np.arange(200)
    y[200:] = m.noisy(1.2 + slope * t / 200, seed=4)
    others = {m.LR: m.constant(), m.GRAD: m.steady()}
    others[m.GRAD][200:] *= 1.6
    return m.made(y, Verdict.SHIFTED, 200, others=others, spe=2000.0)


def test_one_step_up_that_is_relearned_slowly_is_a_change_of_data() -> None:
    assert m.place(shifted(), CAUSE) == 0
    assert "held-new-level" in m.names(shifted(), CAUSE, +1)


def test_growth_that_goes_on_is_not_a_change_of_data() -> None:
    grows = m.made(m.exploding(at=200, tau=60.0), Verdict.EXPLODED, 200, others={m.LR: m.constant()})
    assert m.place(grows, CAUSE) > 0
    assert "kept-growing" in m.names(grows, CAUSE, -1)


def test_without_a_logged_rate_a_jump_of_it_cannot_be_ruled_out() -> None:
    assert "rate-jumped" in m.unchecked(m.made(m.jumping(), Verdict.SHIFTED, 320), CAUSE)


def test_the_same_step_at_a_restart_is_left_to_the_resume() -> None:
    y = m.learning(400)
    y[200:] = m.noisy(np.full(200, 1.2), seed=4)
    resumed = m.made(y, Verdict.SHIFTED, 200, segments=(200,), others={m.LR: m.constant()})
    assert "restarted-at-onset" in m.names(resumed, CAUSE, -1)
    assert m.place(resumed, "bad-resume") == 0


def test_a_peak_that_settles_far_below_itself_is_no_change_of_data() -> None:
    y = m.jumping(at=200, to=2.3)
    y[200:203] = 300.0
    run = m.made(y, Verdict.EXPLODED, 200, others={m.LR: m.constant()})
    assert "overshot" in m.names(run, CAUSE, -1)
    assert "overshot" in m.names(run, "exploding-gradients", +1)


def test_a_loss_thrown_beyond_its_first_value_that_then_lies_at_chance_is_on_no_new_level() -> None:
    y = m.jumping(at=200, to=2.3)
    run = m.made(y, Verdict.EXPLODED, 200, others={m.LR: m.constant()})
    assert "held-new-level" in m.names(run, CAUSE, +1)
    y = y.copy()
    y[200:203] = 30.0
    thrown = m.made(y, Verdict.EXPLODED, 200, others={m.LR: m.constant()})
    assert "held-new-level" not in m.names(thrown, CAUSE, +1)


def test_training_that_relearns_while_validation_stays_bad_saw_other_data() -> None:
    val, train = m.learning(400), m.learning(400)
    val[200:] *= 4.0
    train[200:] *= 1.0 + 3.0 * np.exp(-np.arange(200) / 25.0)
    there = {("train/loss", Role.TRAIN_LOSS): train}
    run = m.made(val, Verdict.VAL_DIVERGED, 200, others=there, tag="val/loss", role=Role.VAL_LOSS)
    assert "training-relearned" in m.names(run, CAUSE, +1)
    assert "training-stepped-too" in m.names(run, "train-eval-mismatch", -1)
    assert "only-validation" not in m.names(run, "train-eval-mismatch", +1)
    quiet = m.made(
        val,
        Verdict.VAL_DIVERGED,
        200,
        others={("train/loss", Role.TRAIN_LOSS): m.learning(400)},
        tag="val/loss",
        role=Role.VAL_LOSS,
    )
    assert "training-relearned" not in m.names(quiet, CAUSE, +1)
    assert "only-validation" in m.names(quiet, "train-eval-mismatch", +1)


def test_a_rate_whose_warm_up_has_just_ended_is_not_steady() -> None:
    y = m.jumping(at=200, to=2.3)
    rate = m.constant()
    rate[:199] = np.linspace(0.0, 1e-3, 199)
    assert "rate-steady" not in m.names(m.made(y, Verdict.SHIFTED, 200, others={m.LR: rate}), CAUSE, +1)
    rate[:] = 1e-3
    rate[:100] = np.linspace(0.0, 1e-3, 100)
    assert "rate-steady" in m.names(m.made(y, Verdict.SHIFTED, 200, others={m.LR: rate}), CAUSE, +1)


def test_a_level_far_above_the_first_value_is_more_than_new_data_cost() -> None:
    assert "above-the-first-value" in m.names(m.made(m.jumping(to=20.0), Verdict.SHIFTED, 320), CAUSE, -1)
    assert "above-the-first-value" not in m.names(m.made(m.jumping(to=2.0), Verdict.SHIFTED, 320), CAUSE, -1)


def test_a_level_behind_one_giant_point_is_no_jump_of_the_data() -> None:
    y = m.learning(400)
    y[300:] = m.noisy(0.5 + 0.6 * np.exp(-np.arange(100) / 60.0))
    plain = m.made(y, Verdict.SHIFTED, 300)
    assert "relearned-after-step" in m.names(plain, CAUSE, +1)
    thrown = y.copy()
    thrown[300] = 3e4
    run = m.made(thrown, Verdict.SHIFTED, 300)
    assert "one-point-tower" in m.names(run, CAUSE, -1)
    assert not {"one-point-jump", "relearned-after-step"} & m.names(run, CAUSE, +1)


def test_weights_that_were_thrown_at_the_onset_are_not_the_work_of_other_data() -> None:
    norm = np.full(400, 10.0)
    norm[200:] = 100.0
    y = m.jumping(at=200)
    thrown = m.made(y, Verdict.EXPLODED, 200, others={m.WEIGHT: norm})
    assert "weight-norm-thrown" in m.names(thrown, CAUSE, -1)
    norm[200:] = 10.2
    assert "weight-norm-thrown" not in m.names(m.made(y, Verdict.EXPLODED, 200, others={m.WEIGHT: norm}), CAUSE, -1)


def test_a_stage_is_blended_in_over_a_part_of_a_run_that_has_few_steps() -> None:
    short = m.made(m.jumping(360, 300), Verdict.DIVERGED, 300, every=1).facts()
    long = m.made(m.jumping(360, 300), Verdict.DIVERGED, 300, every=100).facts()
    for facts, over in ((short, "a tenth of the run"), (long, "some thousand steps")):
        assert any(f"Blend a new stage in over {over}" in fix.text for fix in data_shift.fixes(facts))
