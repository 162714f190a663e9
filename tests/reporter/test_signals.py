"""Which curves are shown, and where the marks are."""

from __future__ import annotations

import math
from dataclasses import replace

from losslens.model import Role
from losslens.reporter import signals
from tests.reporter import make_analysis as make


def test_the_loss_of_the_verdict_comes_first_then_what_the_evidence_names() -> None:
    tags = [curve.tag for curve in signals.panels(make.exploded(), 3)]
    assert tags == ["total_loss", "grad_norm", "weight_norm", "learning_rate"]


def test_without_evidence_the_rate_and_the_gradient_norm_come_before_the_rest() -> None:
    run = make.exploded()
    bare = replace(run, diagnosis=make.NOTHING, judgement=replace(run.judgement, precursors=()))
    assert [curve.tag for curve in signals.panels(bare, 2)] == ["total_loss", "learning_rate", "grad_norm"]


def test_a_series_without_a_role_is_shown_only_when_the_evidence_names_it() -> None:
    run = make.healthy()
    odd = make.curve("fps", Role.OTHER, [0, 10, 20, 30], [1.0, 2.0, 3.0, 4.0])
    assert [c.tag for c in signals.panels(replace(run, curves=(*run.curves, odd)), 5)] == ["train/loss"]


def test_a_second_validation_loss_waits_behind_the_rate() -> None:
    run = make.val_diverged()
    steps, flat = range(0, 3000, 10), [1.0] * 300
    more = (
        make.curve("test_loss", Role.VAL_LOSS, steps, flat),
        make.curve("lr", Role.LEARNING_RATE, steps, flat),
    )
    bare = replace(run, curves=(*run.curves, *more), diagnosis=make.NOTHING)
    assert [c.tag for c in signals.panels(bare, 9)] == ["val_loss", "loss", "lr", "test_loss"]


def test_evaluations_in_other_steps_are_cut_to_the_steps_of_the_loss() -> None:
    run = make.healthy()
    far = make.curve("val", Role.VAL_LOSS, [0, 1000, 2000, 4000, 900_000], [1.0] * 5)
    curves = signals.panels(replace(run, curves=(*run.curves, far)), 3)
    assert signals.domain(curves) == (0, 4990)
    assert curves[1].step == (0, 1000, 2000, 4000)


def test_a_branch_that_a_restart_left_is_kept_apart_from_the_current_one() -> None:
    curve = make.climb_to_nan().curves[0]
    found = list(signals.branches(curve))
    assert [branch.abandoned for branch in found] == [True, False]
    assert [step for step, _ in found[0].points] == list(range(599, 800))
    assert [step for step, _ in found[1].points] == list(range(2000))
    assert len(signals.current_points(curve)) == 2000


def test_stretches_of_nan_are_first_and_last_step_inclusive() -> None:
    nan, inf = math.nan, math.inf
    curve = make.curve("loss", Role.TRAIN_LOSS, [0, 1, 2, 3, 4, 5], [nan, 1.0, inf, nan, 1.0, nan])
    assert signals.nonfinite_stretches(curve) == [(0, 0), (2, 3), (5, 5)]


def test_the_closer_look_holds_the_interval_and_is_left_out_when_the_run_is_short() -> None:
    run = make.exploded()
    window = signals.around_onset(run, run.curves[0])
    assert window is not None
    assert window[0] < 49_900 < 50_300 < window[1]
    assert window[1] - window[0] < 20_000
    val = make.val_diverged()
    assert signals.around_onset(val, val.curves[0]) is None
    assert signals.around_onset(make.nan_from_start(), make.nan_from_start().curves[0]) is None


def test_the_return_of_an_agent_is_among_the_first_curves() -> None:
    run = make.exploded()
    steps = run.curves[0].step
    gained = make.curve("rollout/ep_rew_mean", Role.REWARD, steps, [1.0] * len(steps))
    bare = replace(
        run, curves=(*run.curves, gained), diagnosis=make.NOTHING, judgement=replace(run.judgement, precursors=())
    )
    assert [c.tag for c in signals.panels(bare, 2)] == ["total_loss", "rollout/ep_rew_mean", "learning_rate"]


def test_a_band_of_points_gets_its_level_and_a_line_does_not() -> None:
    band = make.band()
    assert signals.level(band) is band.level
    assert signals.level(replace(band, level=None)) is None
    narrow = tuple(1.0 if step < 1_000 else 2.0 for step in band.step)
    assert signals.level(replace(band, value=narrow)) is None, "the curve is its level"
    assert signals.level(signals.cut(band, 900, 1_100)) is None, "a closer look shows the points"
