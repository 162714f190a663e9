"""Terms of a loss that is not logged itself: a detector's box, objectness and class losses."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from losslens.model import Judgement, Log, RawSeries, Verdict
from losslens.runs import build
from losslens.verdict import judge

N = 100
ROW = np.arange(N)


def noise(seed: int, size: float = 0.0005) -> NDArray[np.float64]:
    return np.asarray(size * np.random.default_rng(seed).standard_normal(N))


def falling(seed: int, high: float = 0.1, low: float = 0.03) -> NDArray[np.float64]:
    return low + (high - low) * np.exp(-ROW / 20.0) + noise(seed)


def rising(seed: int, by: float) -> NDArray[np.float64]:
    """Objectness that falls for a few epochs and then has ever more boxes to speak of."""
    return 0.02 + 0.01 * np.exp(-ROW / 4.0) + by * np.clip(ROW - 15, 0, None) / N + noise(seed, 0.0002)


def judged(**terms: NDArray[np.float64]) -> Judgement:
    series = {
        f"train/{name}_loss": RawSeries(f"train/{name}_loss", ROW[: v.size], v, np.full(v.size, np.nan), ROW[: v.size])
        for name, v in terms.items()
    }
    return judge(build([Log("results.csv", "csv", series, (), trainer="ultralytics")], name="run")[0])


def test_a_term_that_rises_while_the_sum_falls_is_no_failure_and_the_sum_is_told() -> None:
    alone = judged(obj=rising(2, 0.03), cls=rising(3, 0.03))
    assert alone.verdict in (Verdict.EXPLODED, Verdict.DIVERGED)
    found = judged(obj=rising(2, 0.03), box=falling(1), cls=falling(4))
    assert found.verdict is Verdict.HEALTHY
    (obj,) = [loss for loss in found.losses if loss.tag == "train/obj_loss"]
    assert obj.verdict is alone.verdict  # its own course is told all the same
    assert "train/obj_loss rose from" in found.reason
    assert "the sum of all 3 terms, itself not logged, fell from" in found.reason


def test_a_term_that_takes_the_sum_with_it_leads() -> None:
    found = judged(box=falling(1), obj=rising(2, 4.0), cls=falling(4))
    assert (found.verdict, found.loss) == (Verdict.EXPLODED, "train/obj_loss")


def test_a_term_that_is_not_finite_has_failed_whatever_the_others_did() -> None:
    lost = falling(1)
    lost[60:] = np.nan
    assert judged(box=lost, obj=falling(2), cls=falling(3)).verdict is Verdict.NAN


def test_terms_that_were_logged_at_other_steps_are_not_added_up() -> None:
    found = judged(box=falling(1), obj=np.r_[rising(2, 4.0)][:40])
    assert found.verdict is not Verdict.HEALTHY


@pytest.mark.parametrize(("factor", "word"), [(1.25, Verdict.DIVERGED), (3.0, Verdict.EXPLODED)])
def test_a_loss_that_began_near_its_best_has_diverged_before_it_has_exploded(factor: float, word: Verdict) -> None:
    tuned = 0.150 - 0.004 * (1.0 - np.exp(-ROW / 5.0)) + 0.146 * (factor - 1.0) * np.clip((ROW - 50) / 40, 0, 1)
    found = judged(total=tuned + noise(7, 0.0003))
    assert found.verdict is word
    assert found.leading is not None
    assert word is Verdict.EXPLODED or found.leading.also is Verdict.EXPLODED


def told_of(value: NDArray[np.float64], **others: NDArray[np.float64]) -> Judgement:
    columns = {"loss": value, **others}
    series = {
        tag: RawSeries(tag, ROW[: v.size], v, np.full(v.size, np.nan), ROW[: v.size]) for tag, v in columns.items()
    }
    return judge(build([Log("train.log", "text", series, ())], name="run")[0])


def test_a_total_that_is_not_finite_beside_finite_terms_is_told_with_them() -> None:
    total = falling(1)
    total[50:] = np.nan
    told = told_of(total, ctc_loss=falling(2))
    assert told.verdict is Verdict.NAN
    assert "all that is logged of its terms (ctc_loss) is finite there" in told.reason
    broken = falling(2)
    broken[50:] = np.nan
    assert "is finite there" not in told_of(total, ctc_loss=broken).reason


def test_a_gradient_norm_that_was_not_finite_shortly_before_the_loss_is_told() -> None:
    total, norm = falling(1), falling(2)
    total[50:] = np.nan
    norm[47] = np.inf
    assert "grad_norm was infinite already at step 47" in told_of(total, grad_norm=norm).reason
    early = falling(2)
    early[3] = np.inf  # mixed precision looks for its scale
    assert "grad_norm" not in told_of(total, grad_norm=early).reason


def test_a_term_that_cannot_be_judged_does_not_lead_before_the_loss() -> None:
    few = {tag: falling(1)[:3] for tag in ("valid_loss", "valid_nll_loss", "nll_loss")}
    assert told_of(falling(2)[:3], **few).loss == "loss"
