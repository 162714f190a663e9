"""No warm-up before the full rate."""

from __future__ import annotations

import numpy as np

from losslens.model import Verdict
from tests.causes import make_runs as m

CAUSE = "missing-warmup"


def early(warm: bool, settings: dict[str, str] | None = None) -> m.Made:
    points = 400
    y = m.learning(points)
    y[8:] = m.steady(points - 8, 2.303, 0.02)
    rate = m.constant(points, 1e-3)
    if warm:
        rate[:40] = np.linspace(1e-6, 1e-3, 40)
    grad = m.steady(points)
    grad[:10] *= 20
    others = {m.LR: rate, m.GRAD: grad}
    return m.made(y, Verdict.EXPLODED, 8, others=others, settings=settings or {"optimizer": "adamw", "model": "gpt2"})


def test_a_collapse_in_the_first_steps_of_adam_at_full_rate_is_a_missing_warmup() -> None:
    assert m.place(early(False), CAUSE) == 0
    assert {"no-warmup", "onset-early", "grad-norm-largest-at-start"} <= m.names(early(False), CAUSE, +1)


def test_a_run_that_was_warmed_up_is_not_missing_it() -> None:
    assert m.place(early(True), CAUSE) > 0
    assert "warmed-up" in m.names(early(True), CAUSE, -1)
    assert "grad-norm-largest-at-start" not in m.names(early(True), CAUSE, +1)


def test_without_a_rate_the_warmup_cannot_be_seen() -> None:
    bare = m.made(m.exploding(at=8), Verdict.EXPLODED, 8)
    assert m.unchecked(bare, CAUSE)["no-warmup"] == "learning_rate"


def test_plain_sgd_speaks_against_it_even_in_a_short_log() -> None:
    short = early(False, {"optimizer": "SGD"})
    assert "plain-sgd" in m.names(short, CAUSE, -1)
    assert m.chance(short, CAUSE) < m.chance(early(False), CAUSE)


def test_a_plateau_above_the_first_value_was_thrown_there_and_never_was_too_slow() -> None:
    y = m.noisy(np.full(400, 1.6), 0.01)
    y[0] = 1.2
    run = m.made(y, Verdict.PLATEAU, 1, from_start=True)
    assert "stuck-above-start" in m.names(run, CAUSE, +1)
    assert "stuck-above-start" in m.names(run, "learning-rate-too-low", -1)
    level = m.made(m.noisy(np.full(400, 1.6), 0.01), Verdict.PLATEAU, 1, from_start=True)
    assert "stuck-above-start" not in m.names(level, CAUSE, +1)


def test_nan_before_the_first_update_clears_it_and_at_the_first_of_coarse_points_does_not() -> None:
    broken = np.full(60, np.nan)
    at_once = m.made(broken, Verdict.NAN, 0, every=1, from_start=True)
    from_zero = m.made(broken, Verdict.NAN, 0, every=50, from_start=True)
    coarse = m.made(broken, Verdict.NAN, 0, every=50, from_start=True, step=np.arange(1, 61, dtype=np.int64) * 50)
    maybe_epochs = m.made(broken[:20], Verdict.NAN, 0, every=1, from_start=True)
    for cause in (CAUSE, "learning-rate-too-high", "exploding-gradients"):
        assert "nan-before-update" in m.names(at_once, cause, -1)
        assert "nan-before-update" in m.names(from_zero, cause, -1)
        assert "nan-before-update" not in m.names(coarse, cause, -1)
        assert "nan-before-update" not in m.names(maybe_epochs, cause, -1)


def test_a_norm_that_peaks_far_higher_at_the_onset_is_not_largest_at_the_start() -> None:
    grad = m.steady()
    grad[:10] *= 20
    higher = grad.copy()
    higher[40:44] *= 1e6
    at_once = m.steady()
    at_once[1:4] *= 1e6
    for norm, at, seen in ((grad, 40, True), (higher, 40, False), (at_once, 1, False)):
        run = m.made(m.exploding(at=at), Verdict.EXPLODED, at, others={m.LR: m.constant(), m.GRAD: norm})
        assert ("grad-norm-largest-at-start" in m.names(run, CAUSE, +1)) is seen


def test_beside_a_gradient_that_died_its_first_values_are_not_large() -> None:
    dead = m.steady(400, 1e-9)
    dead[:2] = 0.4
    stuck = m.made(m.steady(400, 1.6, 0.01), Verdict.PLATEAU, 0, others={m.GRAD: dead}, from_start=True)
    assert "grad-norm-largest-at-start" not in m.names(stuck, CAUSE, +1)
    assert "grad-norm-dead" in m.names(stuck, "vanishing-gradients", +1)


def test_the_first_rate_of_a_log_that_begins_late_is_not_the_one_it_started_with() -> None:
    y = m.exploding(40, 20, 3.0)
    others = {m.LR: m.constant(40, 0.1)}
    whole = m.made(y, Verdict.EXPLODED, 20, others=others)
    late = m.made(y, Verdict.EXPLODED, 20, others=others, step=2300 + 100 * np.arange(40))
    assert "no-warmup" in m.names(whole, CAUSE, +1)
    assert "no-warmup" not in m.names(late, CAUSE, +1)


def test_a_loss_that_the_first_updates_threw_was_not_thrown_by_one_batch() -> None:
    y = np.concatenate([[105.0], 27_000.0 * 0.8 ** np.arange(59)])
    thrown = m.made(y, Verdict.SPIKE_RECOVERED, 1, every=1, uncertain=0)
    assert "thrown-at-first" in m.names(thrown, CAUSE, +1)
    assert "thrown-at-first" in m.names(thrown, "bad-batch", -1)
    y = m.learning(60)
    y[1] = 400.0
    one = m.made(y, Verdict.SPIKE_RECOVERED, 1, every=1, uncertain=0)
    assert "thrown-at-first" not in m.names(one, CAUSE, +1)
    late = m.made(np.concatenate([m.steady(40, 105.0), y]), Verdict.SPIKE_RECOVERED, 41, every=1)
    assert "thrown-at-first" not in m.names(late, CAUSE, +1)


def test_a_loss_that_stands_at_a_cap_was_not_too_slow() -> None:
    capped = m.made(np.full(6, np.exp(100.0)), Verdict.EXPLODED, 0, from_start=True, tag="ppl")
    for cause, direction in (("learning-rate-too-high", +1), (CAUSE, +1), ("vanishing-gradients", -1)):
        assert "held-at-cap" in m.names(capped, cause, direction)
    assert "huge-first-loss" not in m.names(capped, "unscaled-data", +1)
