"""Half precision overflows."""

from __future__ import annotations

import numpy as np

from losslens.model import Verdict
from tests.causes import make_runs as m

CAUSE = "mixed-precision-overflow"


def overflow(lead: int, precision: str = "fp16") -> m.Made:
    y = m.nan_from(m.learning(400), 300)
    scale = m.constant(400, 65536.0)
    begin = 300 - lead
    fall = np.exp2(-np.minimum(np.arange(400 - begin), 30))
    scale[begin:] *= fall
    others = {m.SCALE: scale, m.LR: m.constant(), m.GRAD: m.nan_from(m.steady(), 300)}
    return m.made(y, Verdict.NAN, 300, others=others, settings={"precision": precision})


def test_a_scale_that_falls_before_a_calm_loss_is_lost_is_an_overflow() -> None:
    assert m.place(overflow(12), CAUSE) == 0
    assert {"loss-scale-fell-first", "half-precision"} <= m.names(overflow(12), CAUSE, +1)


def test_a_scale_that_falls_after_loss_and_gradient_is_a_consequence() -> None:
    y = m.exploding(at=300, tau=4.0)
    scale = m.constant(400, 65536.0)
    scale[330:] *= np.exp2(-np.minimum(np.arange(70), 30))
    others = {m.SCALE: scale, m.GRAD: m.grown_signal(400, 300, 4.0, lead=4)}
    run = m.made(y, Verdict.EXPLODED, 300, others=others, settings={"precision": "fp16"})
    assert m.place(run, CAUSE) > 0
    assert "loss-scale-fell-after" in m.names(run, CAUSE, -1)
    assert any("loss-scale-collapse" in c for c in run.diagnose().causes[0].contributing)


def test_without_scale_and_precision_both_are_named_as_missing() -> None:
    bare = m.made(m.nan_from(m.learning(400), 300), Verdict.NAN, 300)
    assert set(m.unchecked(bare, CAUSE).values()) >= {"loss_scale", "precision"}


def test_bf16_in_the_settings_speaks_against_it() -> None:
    run = m.made(m.nan_from(m.learning(400), 300), Verdict.NAN, 300, settings={"bf16": True})
    assert "wide-range-precision" in m.names(run, CAUSE, -1)


def test_a_scale_that_was_just_doubled_to_its_highest_is_not_steady() -> None:
    y = m.nan_from(m.learning(400), 300)
    scale = 16384.0 * np.exp2(np.minimum(np.arange(400), 300) // 50)
    run = m.made(y, Verdict.NAN, 300, others={m.SCALE: scale})
    assert "loss-scale-at-record" in m.names(run, CAUSE, +1)
    assert "loss-scale-steady" not in m.names(run, CAUSE, -1)
    long_ago = 16384.0 * np.exp2(np.minimum(np.arange(400) // 50, 2))
    calm = m.made(y, Verdict.NAN, 300, others={m.SCALE: long_ago})
    assert "loss-scale-at-record" not in m.names(calm, CAUSE, +1)
    assert "loss-scale-steady" in m.names(calm, CAUSE, -1)


def test_a_loss_that_goes_on_after_its_gradient_broke_had_its_steps_skipped() -> None:
    y, g = m.nan_from(m.learning(400), 200), m.nan_from(m.steady(), 190)
    run = m.made(y, Verdict.NAN, 200, others={m.GRAD: g})
    assert "grad-nan-survived" in m.names(run, CAUSE, +1)
    assert "grad-nan-survived" in m.names(run, "numerical-instability", -1)
    at_once = m.made(y, Verdict.NAN, 200, others={m.GRAD: m.nan_from(m.steady(), 199)})
    assert "grad-nan-survived" not in m.names(at_once, CAUSE, +1)
