"""What the shape of the loss says of the moment by itself, where no other signal tells it."""

from __future__ import annotations

import numpy as np

from losslens.causes.why_then import curve, why_then
from losslens.model import Sign, Verdict
from tests.causes import make_runs as m


def told(made: m.Made, *, one_batch: bool = True) -> str:
    return curve.told(made.facts(), one_batch=one_batch)


def runaway(points: int = 600, at: int = 500, factor: float = 150.0) -> m.Values:
    """Calm until each logged point is a multiple of the one before, and then not finite."""
    y = m.learning(points)
    t = np.arange(points - at)
    with np.errstate(over="ignore"):
        y[at:] *= factor ** (t + 1.0)
    y[at + 17 :] = np.nan
    return y


def test_a_rise_by_the_same_factor_at_every_point_is_no_single_batch_and_began_at_its_onset() -> None:
    made = m.made(runaway(), Verdict.NAN, 500)
    text = told(made)
    assert "from step 50,000 on train/loss was multiplied by the same factor" in text
    assert "A single bad batch does not do that" in text
    assert "too long for the curvature" in text
    assert "within about 200 steps of the onset, however calm the run was before" in text
    said = why_then(made.facts())
    assert said[1] == text
    assert "no visible reason" not in " ".join(said)


def test_a_slow_rise_says_for_how_long_it_can_have_been_under_way_unseen() -> None:
    text = told(m.made(m.exploding(600, 500, 12.0), Verdict.EXPLODED, 500))
    assert "e-fold every 1,2" in text
    assert "A single bad batch does not do that: such a rise feeds on itself" in text
    assert "can have been under way, unseen, from about step 41,7" in text


def test_a_rise_slower_than_the_run_may_have_been_there_all_the_time() -> None:
    text = told(m.made(m.exploding(400, 100, 60.0, floor=1.0), Verdict.EXPLODED, 100))
    assert "ever since the log began" in text


def test_nothing_is_said_against_a_batch_where_a_batch_is_the_likeliest_cause() -> None:
    made = m.made(runaway(), Verdict.NAN, 500)
    assert "bad batch" not in told(made, one_batch=False)
    assert "multiplied by the same factor" in told(made, one_batch=False)


def test_a_peak_that_is_learned_away_was_one_step() -> None:
    y = m.spiking(height=1000.0, width=6.0)
    text = told(m.made(y, Verdict.SPIKE_RECOVERED, 250, every=10))
    assert "from one logged point to the next and was back inside its old band only" in text
    assert "one batch or one step threw the weights" in text
    assert "not logged" not in text
    assert "What happened between the two was not logged" in told(m.made(y, Verdict.SPIKE_RECOVERED, 250, every=1000))


def test_a_peak_of_one_point_left_the_weights_as_they_were() -> None:
    y = m.learning()
    y[250] *= 30
    text = told(m.made(y, Verdict.SPIKE_RECOVERED, 250, every=10))
    assert "was back 1 logged point later" in text
    assert "nothing was lost" in text


def test_a_jump_that_holds_was_a_change_and_nothing_that_built_up() -> None:
    text = told(m.made(m.jumping(), Verdict.EXPLODED, 320, every=10))
    assert "ended at 4.99" in text
    assert "done at once and lasted" in text


def test_a_jump_that_came_most_of_the_way_back_threw_the_weights() -> None:
    y = m.learning()
    y[320:] *= 1.0 + 2000.0 * np.exp(-np.arange(80) / 1.0)
    y[325:] *= 3.0
    text = told(m.made(y, Verdict.DIVERGED, 320, every=10))
    assert "came down again, but only to 1.479" in text
    assert "2.9× the level before" in text


def test_a_spike_that_came_back_is_not_said_to_have_lost_its_way() -> None:
    y = m.learning()
    y[320:] *= 1.0 + 2000.0 * np.exp(-np.arange(80) / 1.0)
    y[325:] *= 1.3
    made = m.made(y, Verdict.SPIKE_RECOVERED, 320, every=10)
    text = told(made)
    assert "did not find" not in text
    assert "but only" not in text
    signs = m.tried(made.facts(), "exploding-gradients")
    assert "never came back" not in " ".join(s.text for s in signs if isinstance(s, Sign))


def test_an_epoch_is_not_a_step() -> None:
    text = told(m.made(m.nan_from(m.learning(), 200), Verdict.NAN, 200, axis="epoch", every=1))
    assert "within one logged point (1 epoch)" in text
    assert "tells little" in text


def test_a_jump_at_the_end_of_the_log_is_not_said_to_have_lasted() -> None:
    text = told(m.made(m.jumping()[:322], Verdict.EXPLODED, 320, every=10))
    assert "where the log ends: whether it would have come back cannot be seen" in text


def test_a_calm_loss_that_is_lost_at_once_needs_one_operation_only() -> None:
    lost = m.nan_from(m.learning(), 200)
    text = told(m.made(lost, Verdict.NAN, 200))
    assert "without a rise" in text
    assert "unless it fits between two logged points" in text
    assert "from one step to the next" in told(m.made(lost, Verdict.NAN, 200, every=1))


def test_of_a_log_of_few_points_only_what_they_show_is_said() -> None:
    steps = np.array([0, 100, 200, 300], dtype=np.int64)
    lost = m.made(np.array([2.0, np.nan, np.nan, np.nan]), Verdict.NAN, 1, step=steps)
    assert "one point was logged before step 100, from which no course can be told" in told(lost)
    steps = np.arange(6, dtype=np.int64) * 100
    lost = m.made(np.array([2.0, 1.9, *[np.nan] * 4]), Verdict.NAN, 2, step=steps)
    assert "was finite and had not risen up to the last point before step 200" in told(lost)
    grown = m.made(450.0 * 3.5 ** np.arange(12.0), Verdict.EXPLODED, 2, axis="epoch", every=1)
    text = told(grown)
    assert "multiplied by the same factor" in text
    assert "At this pace" not in text


def test_where_another_signal_tells_the_moment_the_curve_is_not_asked() -> None:
    others = {m.GRAD: m.grown_signal(600, 500, 6.0, lead=10)}
    made = m.made(runaway(), Verdict.NAN, 500, others=others)
    assert "curve itself" not in " ".join(why_then(made.facts()))


def test_a_plateau_and_a_validation_loss_have_no_such_shape() -> None:
    assert told(m.made(m.steady(), Verdict.PLATEAU, 0, from_start=True)) == ""
    assert told(m.made(m.jumping(), Verdict.VAL_DIVERGED, 320, role=m.Role.VAL_LOSS)) == ""


def test_a_rise_whose_height_is_one_spike_was_not_multiplied_by_one_factor_up_to_there() -> None:
    y = m.exploding(600, 300, 80.0)
    y[580] = 5e3
    text = told(m.made(y, Verdict.EXPLODED, 300))
    assert "10,000× in all" not in text
    faster = m.noisy(np.full(300, 0.5), 0.01)
    faster[200:] *= np.exp(np.linspace(0.0, 3.2, 100) ** 2)
    assert "the same factor" not in told(m.made(faster, Verdict.EXPLODED, 200))


def test_a_jump_is_told_with_what_it_reached_not_with_a_later_peak() -> None:
    """The point before a jump is seldom its level, and what comes up higher much later is another event."""
    y = m.learning(400, floor=0.5)
    y[320], y[321:360], y[390:393] = 40.0, np.linspace(4.0, 0.6, 39), 55.0
    text = " ".join(why_then(m.made(y, Verdict.SPIKE_RECOVERED, 320, every=1).facts(), "bad-batch"))
    assert any(f"rose to {n}× its level from one logged point to the next" in text for n in range(70, 90)), text


def test_a_loss_is_lost_within_the_gap_that_it_was_lost_in() -> None:
    step = np.array([13_696, 23_904, 24_992])
    made = m.made(np.array([2.9e8, 1.9e8, np.nan]), Verdict.NAN, 2, step=step)
    assert "lost within one logged point (1,088 steps)" in told(made)


def drift(leap: float, at: int = 450, points: int = 600) -> m.Values:
    """Calm up to 300, then up to twice its level by 450, where it leaps."""
    y = m.learning(points)
    y[300:] *= np.linspace(1.0, 2.0, points - 300).clip(max=1.5)
    y[at:] *= leap
    return y


def test_a_leap_that_a_drift_led_up_to_is_a_question_of_its_own() -> None:
    text = told(m.made(drift(10.0), Verdict.EXPLODED, 300))
    assert "drifted to" in text
    assert "at step 45,000 it leaped to" in text
    assert "is a question of its own" in text


def test_a_drift_alone_and_a_leap_at_the_onset_hold_no_later_leap() -> None:
    assert "leaped" not in told(m.made(drift(1.0), Verdict.DIVERGED, 300))
    assert "leaped" not in told(m.made(drift(10.0), Verdict.EXPLODED, 450))
    came_back = drift(10.0)
    came_back[455:] /= 10.0
    assert "leaped" not in told(m.made(came_back, Verdict.DIVERGED, 300))


def test_a_jump_that_had_been_as_high_shortly_before_was_not_the_first() -> None:
    y = m.spiking(height=1000.0, width=6.0)
    assert "Nothing had to build up for that" in told(m.made(y, Verdict.SPIKE_RECOVERED, 250, every=10))
    y[241] *= 1500.0
    again = told(m.made(y, Verdict.SPIKE_RECOVERED, 250, every=10))
    assert "Nothing had to build up" not in again
    assert "at step 2,410 already, though: look from there on" in again


def test_a_rise_of_which_one_move_made_the_most_is_not_said_to_be_of_no_single_point() -> None:
    y = m.learning(400, floor=0.45, pace=0.3)
    y[300:309] = [111.0, 298.0, 500.0, 879.0, 1500.0, 2200.0, 2900.0, 3500.0, 4070.0]
    y[309:] = 400.0
    assert "no single point did it" not in told(m.made(y, Verdict.EXPLODED, 300))
