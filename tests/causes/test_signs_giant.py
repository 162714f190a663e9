"""A gradient that is larger by orders."""

from __future__ import annotations

from losslens.model import Role, Sign, Verdict
from tests.causes import make_runs as m

CAUSE = "exploding-gradients"


def burst(factor: float) -> m.Made:
    gradient = m.spiked_signal(400, 320, factor)
    loss = m.exploding(at=320, tau=30.0)
    loss[320:] *= 40.0
    return m.made(loss, Verdict.EXPLODED, 320, others={m.GRAD: gradient, m.LR: m.constant()})


def strength(run: m.Made, cause: str, name: str) -> float:
    return max((s.strength for s in m.tried(run.facts(), cause) if isinstance(s, Sign) and s.name == name), default=0.0)


def test_a_norm_that_rises_by_orders_says_more_than_one_that_rises_tenfold() -> None:
    assert strength(burst(12.0), CAUSE, "grad-norm-exploded") == 0.0
    assert 0.1 < strength(burst(1e3), CAUSE, "grad-norm-exploded") < strength(burst(1e7), CAUSE, "grad-norm-exploded")
    assert m.chance(burst(1e7), CAUSE) > 2 * m.chance(burst(12.0), CAUSE)


def test_a_step_by_a_giant_gradient_is_no_change_of_the_batch_and_no_sign_against_an_explosion() -> None:
    assert "grad-norm-exploded" in m.names(burst(1e7), "batch-size-change", -1)
    assert "stepped-first" not in m.names(burst(1e7), "batch-size-change", +1)
    assert "stepped-first" not in m.names(burst(1e7), CAUSE, -1)
    assert "stepped-first" in m.names(burst(1.5), CAUSE, -1)


def test_a_norm_that_had_been_as_large_early_has_not_exploded() -> None:
    gradient = m.spiked_signal(400, 320, 1e4)
    gradient[:200] *= 1e4
    run = m.made(m.exploding(at=320), Verdict.EXPLODED, 320, others={m.GRAD: gradient})
    assert strength(run, CAUSE, "grad-norm-exploded") == 0.0


def test_without_a_norm_it_is_asked_for() -> None:
    assert m.unchecked(m.made(m.exploding(), Verdict.EXPLODED, 320), CAUSE)["grad-norm-exploded"] == "grad_norm"


def test_a_step_of_hundreds_is_beyond_what_a_sum_over_batches_makes() -> None:
    for factor, possible in ((8.0, True), (900.0, False)):
        loss = m.exploding(at=320, tau=60.0)
        loss[320:] *= factor
        names = m.names(m.made(loss, Verdict.EXPLODED, 320), "batch-size-change", +1)
        assert ("stepped-first" in names) is possible


def test_a_leap_is_no_sign_of_half_precision_where_nothing_speaks_of_it() -> None:
    loss = m.jumping(400, at=320, to=4000.0)
    plain = m.made(loss, Verdict.EXPLODED, 320)
    half = m.made(loss, Verdict.EXPLODED, 320, settings={"param_dtype": "bfloat16"})
    name = "leaped-by-orders"
    assert strength(plain, "low-precision-state", name) < 0.5 * strength(half, "low-precision-state", name)


def test_one_batch_is_an_unlikely_reason_of_what_lasts_unless_it_threw_the_weights() -> None:
    loss = m.jumping(400, at=320, to=40.0)
    assert "out-for-long" in m.names(m.made(loss, Verdict.EXPLODED, 320), "bad-batch", -1)
    thrown = {m.GRAD: m.spiked_signal(400, 320, 1e6)}
    assert "out-for-long" not in m.names(m.made(loss, Verdict.EXPLODED, 320, others=thrown), "bad-batch", -1)
    late = m.made(m.jumping(400, at=392, to=40.0), Verdict.EXPLODED, 392)
    assert "out-for-long" not in m.names(late, "bad-batch", -1)


def test_libraries_without_half_precision_speak_against_its_causes() -> None:
    lost = m.nan_from(m.learning(400), 300)
    for settings, full in (({"framework": "sklearn"}, True), ({"framework": "jax"}, False)):
        run = m.made(lost, Verdict.NAN, 300, settings=settings)
        assert ("wide-range-precision" in m.names(run, "mixed-precision-overflow", -1)) is full
        assert ("full-precision" in m.names(run, "low-precision-state", -1)) is full
    trees = m.made(lost, Verdict.NAN, 300, tag="train-rmse", role=Role.TRAIN_LOSS)
    assert "full-precision" in m.names(trees, "low-precision-state", -1)
    assert "wide-range-precision" not in m.names(trees, "numerical-instability", +1)
