"""Round steps, checkpoints and ends of passes at the onset, and how a cause comes late."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from losslens import causes
from losslens.causes import rank
from losslens.causes.why_then import why_then
from losslens.model import LogEvent, Role, Series, Verdict
from tests.causes import make_runs as m


def told(made: m.Made, cause: str = "", how_late: str = "") -> str:
    return " ".join(why_then(made.facts(), cause, {cause: how_late}))


def saved(every: int, last: int) -> list[LogEvent]:
    return [LogEvent("checkpoint", "saved", "train.log", step) for step in range(every, last, every)]


def test_an_onset_at_a_round_step_asks_what_the_schedule_does_there() -> None:
    text = told(m.made(m.exploding(600, 501, 15.0), Verdict.EXPLODED, 501, every=10))
    assert "holds the round step 5,000: by chance 1 onset in 33 lies so near a multiple of 1,000" in text


def test_an_interval_that_is_wide_against_round_steps_says_nothing_of_them() -> None:
    made = m.made(m.exploding(600, 501, 15.0), Verdict.EXPLODED, 501, every=10, uncertain=5)
    assert "round step" not in told(made)


def test_an_onset_off_the_round_steps_is_not_told_as_at_one() -> None:
    assert "round step" not in told(m.made(m.exploding(600, 517, 15.0), Verdict.EXPLODED, 517, every=10))


def test_a_checkpoint_at_the_onset_is_told_with_its_chance() -> None:
    made = m.made(m.exploding(600, 350, 15.0), Verdict.EXPLODED, 350, every=1, uncertain=0, events=saved(70, 600))
    assert "holds the checkpoint of step 350: by chance 1 onset in 70" in told(made)
    often = m.made(m.exploding(600, 350, 15.0), Verdict.EXPLODED, 350, every=1, uncertain=0, events=saved(7, 600))
    assert "checkpoint" not in told(often)


def test_a_checkpoint_at_a_round_step_adds_to_it() -> None:
    made = m.made(m.exploding(600, 501, 15.0), Verdict.EXPLODED, 501, every=10, events=saved(1000, 6000))
    assert "A checkpoint was saved there as well." in told(made)


def test_the_end_of_a_pass_is_told_only_where_passes_are_long_against_the_interval() -> None:
    y = m.exploding(600, 350, 15.0)
    assert "at the end of pass 3 over the data" in told(m.made(y, Verdict.EXPLODED, 350, every=3, spe=350.0))
    assert "at the end of pass" not in told(m.made(y, Verdict.EXPLODED, 350, every=3, spe=50.0))


@pytest.mark.parametrize("cause", [c.id for c in causes.competing() if c.late])
def test_what_a_cause_says_of_coming_late_reads_on_and_stands_on_its_page(cause: str) -> None:
    late = next(c.late for c in causes.competing() if c.id == cause)
    assert late[:1].islower() or late.startswith("Adam")
    assert not late.endswith(".")
    assert "\nHow it can come late\n" in causes.page(cause)


def test_the_first_cause_says_how_it_can_come_late_and_only_where_it_did() -> None:
    how = "nothing holds the weights"
    late = m.made(m.exploding(), Verdict.EXPLODED, 320)
    assert "How weight-growth can come so late: nothing holds the weights." in told(late, "weight-growth", how)
    early = m.made(m.exploding(400, 30, 12.0), Verdict.EXPLODED, 30)
    assert "so late" not in told(early, "weight-growth", how)
    rate = m.constant()
    rate[317:] *= 10
    named = m.made(m.exploding(), Verdict.EXPLODED, 320, others={m.LR: rate})
    assert "so late" not in told(named, "lr-schedule-jump", how)


def test_the_report_holds_it() -> None:
    diagnosis = m.made(m.exploding(600, 500, 15.0, start=2.4, floor=0.9), Verdict.EXPLODED, 500).diagnose()
    first = next(c for c in causes.competing() if c.id == diagnosis.causes[0].id)
    assert first.late
    assert any(first.late in sentence for sentence in diagnosis.why_then)


def test_a_second_cause_that_is_as_likely_says_so_too() -> None:
    said = rank.diagnose(m.made(m.exploding(600, 500, 15.0, start=2.4, floor=0.9), Verdict.EXPLODED, 500).facts())
    first, second = said.causes[:2]
    told = [sentence.split()[1] for sentence in said.why_then if " can come so late: " in sentence]
    near = [first.id, second.id] if second.probability * 1.5 >= first.probability else [first.id]
    late = {c.id: c.late for c in causes.competing()}
    assert told == [cause for cause in near if late[cause]]


def test_the_onset_is_not_told_again_where_there_is_nothing_to_add() -> None:
    few = m.made(np.array([2.0, 1.9, 1.8, 9.0, 30.0, 90.0]), Verdict.EXPLODED, 3, axis="epoch", every=1)
    text = told(few)
    assert "It happened" not in text
    assert text
    assert "It happened at step 32,000, 80 % into the run." in told(m.made(m.exploding(), Verdict.EXPLODED, 320))


def test_where_each_step_is_an_epoch_no_pass_is_told_beside_it() -> None:
    """Of folds that follow each other in one log it would be the pass of no training."""
    told = " ".join(why_then(m.made(m.exploding(), Verdict.EXPLODED, 320, every=1, spe=1.0).facts()))
    assert "in pass" not in told
    assert "in pass" in " ".join(why_then(m.made(m.exploding(), Verdict.EXPLODED, 320, every=1, spe=50.0).facts()))


def test_what_an_agent_played_had_not_been_seen_before() -> None:
    rewards = {("rollout/ep_rew_mean", Role.REWARD): m.steady(600, 100.0, 0.05)}
    made = m.made(m.exploding(600, 350, 15.0), Verdict.EXPLODED, 350, every=1, spe=1.0)
    assert "Every sample had been seen" in told(made)
    made = m.made(m.exploding(600, 350, 15.0), Verdict.EXPLODED, 350, every=1, spe=1.0, others=rewards)
    assert "Every sample" not in told(made)


def test_a_log_that_begins_late_among_epochs_tells_the_passes_that_are_sure() -> None:
    made = m.made(m.exploding(600, 350, 15.0), Verdict.EXPLODED, 350, every=1, axis="epoch")
    late = dataclasses.replace(made.run, series={t: later(s, 300) for t, s in made.run.series.items()})
    assert made.judgement.onset is not None
    onset = dataclasses.replace(made.judgement.onset, step=650, low=650, high=650, epoch=650.0)
    text = told(dataclasses.replace(made, run=late, judgement=dataclasses.replace(made.judgement, onset=onset)))
    assert "seen at least 649 times" in text


def later(series: Series, steps: int) -> Series:
    return dataclasses.replace(series, step=series.step + steps)


def test_what_was_over_at_the_next_point_had_not_been_building_up() -> None:
    how = "the balance drifts"
    alone = m.made(m.spiking(600, 350, 30.0, 0.01), Verdict.SPIKE_RECOVERED, 350)
    assert "can come so late" not in told(alone, "rl-or-gan-divergence", how)
    assert "can come so late" in told(alone, "bad-batch", how)
