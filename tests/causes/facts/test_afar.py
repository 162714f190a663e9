"""Runs whose single points scatter as widely as the loss rose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from losslens import verdict
from losslens.causes import rank
from losslens.causes.facts import measure
from losslens.causes.facts.afar import RISES, from_afar
from losslens.causes.signs.rate import rate_rising
from losslens.causes.why_then import why_then
from losslens.model import Judgement, Role, Verdict
from tests.causes import make_runs as m

POINTS, AT = 12_000, 9_000


def single_batches(rise: float = 3.0, width: float = 1.0, **columns: np.ndarray) -> m.Made:
    """The loss of single samples: noise of a factor of e, over a level that steps up at point 9,000."""
    level = np.full(POINTS, 0.2)
    level[AT:] *= rise
    level[:500] += np.linspace(1.0, 0.0, 500)
    norm = np.full(POINTS, 2.0)
    norm[AT:] *= rise
    others = {m.GRAD: m.noisy(norm, 0.8, seed=5), m.LR: m.constant(POINTS)} | {
        (tag, Role.OTHER): values for tag, values in columns.items()
    }
    return m.made(m.noisy(level, width, seed=3), Verdict.DIVERGED, AT, every=1, others=others)


def judged(made: m.Made) -> Judgement:
    found = verdict.judge(made.run)
    assert found.verdict in RISES
    return found


def test_a_step_that_hides_in_the_noise_of_single_points_is_no_bad_batch() -> None:
    made = single_batches()
    facts = measure(made.run, judged(made))
    assert facts.stretch > 50
    assert facts.loss is not None
    assert not facts.loss.recovered
    assert facts.gradient is not None
    assert facts.gradient.moved
    assert facts.gradient.ratio == pytest.approx(3.0, rel=0.3)
    assert rank.diagnose(facts, sizes=m.KNOWN).causes[0].id not in ("bad-batch", "recurring-bad-sample")


def test_what_is_said_of_it_is_said_to_be_of_medians() -> None:
    made = single_batches()
    said = " ".join(why_then(measure(made.run, judged(made))))
    assert "was back" not in said
    assert "measured on medians of" in said


def test_where_single_points_show_the_rise_they_are_looked_at() -> None:
    plain = single_batches(rise=30.0, width=0.1)
    facts = measure(plain.run, judged(plain))
    assert facts.stretch == 1
    assert "medians" not in " ".join(why_then(facts))


def test_the_onset_begins_a_stretch_and_a_rate_keeps_the_values_it_was_set_to() -> None:
    made = single_batches()
    rate = np.where(np.arange(POINTS) < AT, 1e-3, 1e-2)
    made.run.series["lr"].value[:] = rate
    judgement = judged(made)
    leading = made.run.series["train/loss"]
    run, moved, points = from_afar(made.run, leading, judgement)
    assert judgement.onset is not None
    assert moved.onset is not None
    assert run.series["train/loss"].step[moved.onset.index] == judgement.onset.step
    assert np.all(np.diff(run.series["train/loss"].step[1:]) == points)
    assert run.series["lr"].value is made.run.series["lr"].value


def test_a_sparse_series_is_left_as_it_is_and_one_that_is_lost_stays_lost() -> None:
    lost = np.ones(POINTS)
    lost[AT + 1_000 :] = np.nan
    made = single_batches(lost=lost)
    few = made.run.series["grad_norm"].where(np.arange(POINTS) % 1_000 == 0)
    made.run.series["grad_norm"] = few  # type: ignore[index]
    run, _, points = from_afar(made.run, made.run.series["train/loss"], judged(made))
    assert points > 1
    assert run.series["grad_norm"].value is few.value
    assert np.isnan(run.series["lost"].value[-1])
    assert np.isfinite(run.series["lost"].value[0])


def test_a_batch_that_towers_over_all_before_shows_by_itself_what_threw_the_loss() -> None:
    made = single_batches(width=0.5)
    made.run.series["train/loss"].value[AT] = 90.0
    assert from_afar(made.run, made.run.series["train/loss"], judged(made))[2] == 1


def test_a_rate_that_never_changed_was_not_climbing() -> None:
    made = single_batches()
    facts = measure(made.run, judged(made))
    assert facts.rate is not None
    assert rate_rising(replace(facts, rate=replace(facts.rate, stable_ratio=None)), 1) is None
