"""The one thing to run first where no cause stands out."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes import rank
from losslens.causes.facts import measure
from losslens.causes.tell_apart import WATCHED, tell_apart
from losslens.causes.why_then.validation import whole
from losslens.model import Role, Verdict
from losslens.runs import build
from losslens.verdict import judge
from tests.causes import make_runs as m
from tests.runs.make_logs import log, series


def test_a_nan_out_of_the_blue_is_replayed_with_anomaly_detection() -> None:
    facts = m.made(m.nan_from(m.learning(), 320), Verdict.NAN, 320).facts()
    first = tell_apart(facts, (), ("grad_norm",))
    assert first is not None
    assert first.text.startswith("Replay up to step 32,")
    assert "from the last checkpoint at or before step 31,900, with anomaly detection" in first.text
    assert "set_detect_anomaly" in first.pytorch
    assert "enable_check_numerics" in first.keras


def test_a_rise_is_replayed_with_what_tells_most() -> None:
    facts = m.made(m.exploding(), Verdict.EXPLODED, 320).facts()
    first = tell_apart(facts, (), ("precision", "learning_rate", "weight_norm", "val_loss"))
    assert first is not None
    assert "print the learning rate and the norm of the weights at every step" in first.text
    assert "param_groups" in first.pytorch
    assert "trainable_variables" in first.keras


def test_the_samples_come_first_where_several_causes_lie_in_them() -> None:
    facts = m.made(m.spiking(), Verdict.SPIKE_RECOVERED, 250).facts()
    first = tell_apart(facts, ("recurring-bad-sample", "hardware-fault"), ("learning_rate", "grad_norm"))
    assert first is not None
    assert "print the ids of the samples, the learning rate and the gradient norm at every step" in first.text
    other = tell_apart(facts, ("weight-growth", "hardware-fault"), ("learning_rate",))
    assert other is not None
    assert "samples" not in other.text


def test_a_run_that_was_bad_from_its_start_needs_no_checkpoint() -> None:
    bad = m.made(m.steady(level=2.3, width=0.01), Verdict.PLATEAU, 0, from_start=True).facts()
    first = tell_apart(bad, (), ("grad_norm",))
    assert first is not None
    assert first.text.startswith("Run the first 100 steps once more, and print")
    assert "checkpoint" not in first.text


def test_a_single_epoch_is_not_counted() -> None:
    y = m.steady(level=2.3, width=0.01)
    run = m.made(y, Verdict.PLATEAU, 0, from_start=True, axis="epoch", every=1, uncertain=0)
    first = tell_apart(run.facts(), (), ("grad_norm",))
    assert first is not None
    assert first.text.startswith("Run the first epoch once more, and print")


@pytest.mark.parametrize("split_by", [(), ("precision",), ("val_loss", "optimizer")])
def test_what_one_short_run_cannot_show_is_not_asked_of_it(split_by: tuple[str, ...]) -> None:
    assert tell_apart(m.made(m.exploding(), Verdict.EXPLODED, 320).facts(), (), split_by) is None


def test_it_is_said_only_where_no_cause_stands_out() -> None:
    some = [
        m.made(m.nan_from(m.learning(), 320), Verdict.NAN, 320).diagnose(),
        m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: np.linspace(1e-4, 4.0, 400)}).diagnose(),
    ]
    for found in some:
        led = not any(len(g.ids) > rank.MANY or found.causes[0].probability < rank.LEADS_FROM for g in found.groups)
        assert found.tell_apart is None or not led
    assert any(found.tell_apart is not None for found in some)


def test_what_is_watched_can_split_causes() -> None:
    assert WATCHED.keys() <= rank.LOG_NEXT.keys() | {"sample_ids"}


@pytest.mark.parametrize(
    ("axis", "first", "said"),
    [
        ("epoch", 1, "Run the first epoch once more, and print"),
        ("row", 0, "Run it once more from its start, and print"),
        ("epoch", 43, "Train on for 100 steps from its last checkpoint, and print"),
        ("step", 0, "Run the first 100 steps once more, and print"),
    ],
)
def test_a_run_from_the_start_is_told_as_one_that_can_be_done(axis: str, first: int, said: str) -> None:
    flat = m.steady(8, level=2.3, width=0.01)
    steps = first + np.arange(8)
    bad = m.made(flat, Verdict.PLATEAU, 0, from_start=True, axis=axis, step=steps, uncertain=0)
    found = tell_apart(bad.facts(), (), ("grad_norm",))
    assert found is not None
    assert found.text.startswith(said)


def test_what_takes_too_long_is_not_counted() -> None:
    coarse = m.made(m.steady(8), Verdict.DIVERGED, 1, step=19_600 * np.arange(1, 9), uncertain=0)
    found = tell_apart(coarse.facts(), (), ("grad_norm",))
    assert found is not None
    assert found.text.startswith("Run it once more from its start, to step 58,800 at most")


def test_of_a_plateau_nothing_moves_first() -> None:
    flat = m.made(m.steady(level=2.3, width=0.01), Verdict.PLATEAU, 0, from_start=True).facts()
    for split_by, said in ((("grad_norm",), "whether it is"), (("grad_norm", "learning_rate"), "which of them is")):
        first = tell_apart(flat, ("label-noise", "empty-targets"), split_by)
        assert first is not None
        assert first.text.endswith(f"{said} next to nothing, or huge, says which it was")
        assert "samples" not in first.text


def test_what_was_lost_before_the_log_begins_is_not_replayed_up_to_its_first_points() -> None:
    steps = 36 + np.arange(10)
    lost = m.made(np.full(10, np.nan), Verdict.NAN, 0, axis="epoch", step=steps, uncertain=0).facts()
    first = tell_apart(lost, (), ("grad_norm", "learning_rate"))
    assert first is not None
    assert first.text.startswith("Find where it was lost in the log of what came before epoch 36, replay what leads up")
    rose = m.made(m.exploding(20, 15, 3.0), Verdict.EXPLODED, 15, axis="epoch", step=36 + np.arange(20)).facts()
    other = tell_apart(rose, (), ("grad_norm",))
    assert other is not None
    assert other.text.startswith("Replay up to epoch ")


def test_a_nan_of_validation_needs_no_training_to_be_replayed() -> None:
    others = {("train/loss", Role.TRAIN_LOSS): m.learning(40)}
    val = np.full(40, np.nan)
    run = m.made(val, Verdict.VAL_DIVERGED, 0, from_start=True, others=others, tag="val/loss", role=Role.VAL_LOSS)
    first = tell_apart(run.facts(), (), ("grad_norm",))
    assert first is not None
    assert first.text.startswith("Evaluate the last checkpoint once more")


def test_steps_that_are_epochs_are_not_run_by_the_hundred() -> None:
    flat = m.made(m.steady(60, level=2.3, width=0.01), Verdict.PLATEAU, 0, from_start=True, every=1, spe=1.0).facts()
    first = tell_apart(flat, (), ("grad_norm",))
    assert first is not None
    assert first.text.startswith("Run the first epoch once more")


def test_a_replay_ends_where_the_loss_was_lost_and_not_behind_the_end_of_the_log() -> None:
    lost = m.made(np.append(m.learning(99), np.nan), Verdict.NAN, 99, uncertain=1).facts()
    first = tell_apart(lost, (), ())
    assert first is not None
    assert "Replay up to step 9,900 from the last checkpoint at or before step 9,800" in first.text


def test_nothing_is_done_again_where_nothing_was_lost() -> None:
    y = m.learning(400, floor=0.2)
    y[320:323] = 3.0, 1.5, 0.5
    better = {m.VAL: m.learning(400, floor=0.1, pace=0.4)}
    spiked = m.made(y, Verdict.SPIKE_RECOVERED, 320, others=better).facts()
    assert whole(spiked)
    assert tell_apart(spiked, ("bad-batch", "data-shift"), ("grad_norm", "learning_rate")) is None


def test_a_log_that_begins_on_a_good_level_was_not_lost_before_it() -> None:
    """A job taken up again at 12,000: its first step is fine, the second is not."""
    y = np.array([0.166, 4.97, 5.32, 4.38, 4.54, 8.92, 5.22])
    (run,) = build([log("a.log", series("loss", y, step=12_001 + np.arange(7)))], name="run")
    first = tell_apart(measure(run, judge(run)), (), ("grad_norm",))
    assert first is not None
    assert first.text.startswith("Replay up to step 12,003 from the last checkpoint at or before step 12,001")


def test_validation_that_is_not_finite_is_evaluated_once_more_before_anything_else() -> None:
    train = {("train_loss", Role.TRAIN_LOSS): m.learning()}
    lost = m.made(
        np.full(400, np.inf),
        Verdict.VAL_DIVERGED,
        0,
        from_start=True,
        role=Role.VAL_LOSS,
        tag="val_loss",
        others=train,
        settings={"lr": 0.01, "optimizer": "adam"},
    )
    first = lost.diagnose().tell_apart
    assert first is not None
    assert first.text.startswith("Evaluate the last checkpoint once more, a batch at a time")


def test_a_log_of_one_good_point_and_then_nan_is_replayed_from_that_point() -> None:
    value = np.array([0.2445, np.nan, np.nan])
    (run,) = build([log("a.log", series("loss", value, step=308 + np.arange(3)))], name="run")
    first = tell_apart(measure(run, judge(run)), (), ("grad_norm",))
    assert first is not None
    assert "from the last checkpoint at or before step 308" in first.text


def test_a_small_spike_that_is_over_and_harmed_nothing_is_not_replayed() -> None:
    y = m.learning(400, floor=0.62, start=0.9)
    y[320:324] *= 1.08
    for val, again in ((m.learning(400, floor=0.81, start=0.9, seed=4), False), (m.learning(400, floor=0.81), True)):
        if again:
            val[320:] *= 1.2
        facts = m.made(y, Verdict.SPIKE_RECOVERED, 320, others={m.VAL: val}, uncertain=0).facts()
        assert (tell_apart(facts, ("bad-batch", "data-shift"), ("grad_norm", "learning_rate")) is not None) is again
