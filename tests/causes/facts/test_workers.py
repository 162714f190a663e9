"""The losses of several workers, side by side."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import Role, Sign, Verdict
from tests.causes import make_runs as m


def pair(other: m.Values, *, read: str = "loss", beside: str = "loss [rank1]") -> m.Made:
    rows = {(beside, Role.TRAIN_LOSS): other}
    return m.made(m.jumping(400, at=320), Verdict.SHIFTED, 320, tag=read, others=rows)


@pytest.mark.parametrize(("read", "beside"), [("loss", "loss [rank1]"), ("loss_rank0", "loss_rank1")])
def test_two_workers_that_went_together_and_then_part_are_told_with_both_levels(read: str, beside: str) -> None:
    facts = pair(m.learning(400, seed=3), read=read, beside=beside).facts()
    assert facts.parting is not None
    assert (facts.parting.higher, facts.parting.lower) == (read, beside)
    assert abs(facts.parting.step - 32_000) <= 200
    (found,) = [s for s in m.tried(facts, "rank-desync") if s.name == "ranks-apart" and isinstance(s, Sign)]
    assert found.strength > 0.9
    assert f"{read} and {beside} had gone together" in found.text


def test_workers_that_leave_their_course_together_have_not_parted() -> None:
    assert pair(m.jumping(400, at=320, seed=5)).facts().parting is None


def test_workers_whose_losses_always_differed_have_not_parted() -> None:
    far = 3.0 * m.learning(400, seed=3)
    rows = {("loss [rank1]", Role.TRAIN_LOSS): far}
    assert m.made(m.learning(400), Verdict.SHIFTED, 320, tag="loss", others=rows).facts().parting is None


def test_noise_of_the_batches_of_each_worker_is_no_parting() -> None:
    for seed in range(20):
        rows = {("loss [rank1]", Role.TRAIN_LOSS): m.noisy(m.learning(400), 0.5, seed)}
        run = m.made(m.noisy(m.learning(400), 0.5, 100 + seed), Verdict.SHIFTED, 320, tag="loss", others=rows)
        assert run.facts().parting is None


def test_a_parting_long_before_the_onset_says_nothing_of_it() -> None:
    early = m.learning(400)
    early[100:] *= 4.0
    rows = {("loss [rank1]", Role.TRAIN_LOSS): np.asarray(early)}
    run = m.made(m.jumping(400, at=320), Verdict.SHIFTED, 320, tag="loss", others=rows)
    assert "ranks-apart" not in m.names(run, "rank-desync", +1)
