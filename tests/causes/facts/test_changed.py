"""What a later start was set to otherwise, as facts and as signs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from losslens.causes.facts import Facts, measure
from losslens.causes.why_then import why_then
from losslens.model import Setting, SettingChange, SettingValue, Verdict
from tests.causes import make_runs as m


def started_again(
    name: str, before: SettingValue, after: SettingValue, *, step: int = 3200, at: int = 320, points: int = 400
) -> Facts:
    """A run whose loss jumps at point ``at`` (ten steps a point), restarted at ``step`` with one setting changed."""
    told = m.made(
        m.jumping(points, at), Verdict.SHIFTED, at, every=10, segments=(step // 10,), settings={name: before, "seed": 3}
    )
    change = SettingChange(name, before, after, step, "args.json", "args_resume1.json")
    return measure(replace(told.run, setting_changes=(change,)), told.judgement)


def test_a_batch_changed_by_the_restart_at_the_onset_is_said_and_leads_before_lost_state() -> None:
    facts = started_again("gradient_accumulation_steps", 2, 8)
    (one,) = facts.changed
    assert (one.lever, one.ratio, one.lag_points) == ("batch-size", 4.0, 0.0)
    assert "changed-batch-size" in m.names(facts, "batch-size-change", +1)
    assert m.place(facts, "batch-size-change") < m.place(facts, "bad-resume")
    assert "batch-changed" not in m.unchecked(facts, "batch-size-change")


def test_a_restart_that_changed_nothing_stays_a_resume_that_lost_state() -> None:
    told = m.made(m.jumping(400, 320), Verdict.SHIFTED, 320, every=10, segments=(320,), settings={"seed": 3})
    facts = measure(told.run, told.judgement)
    assert facts.changed == ()
    assert m.place(facts, "bad-resume") < m.place(facts, "batch-size-change")


def test_what_changed_long_before_the_onset_is_no_fact_of_it() -> None:
    assert started_again("batch_size", 32, 128, step=500).changed == ()


@pytest.mark.parametrize(
    ("name", "before", "after", "cause", "named"),
    [
        ("lr", 0.001, 0.01, "lr-schedule-jump", "changed-learning-rate"),
        ("lr", 0.001, 0.01, "learning-rate-too-high", "changed-learning-rate"),
        ("lr_scheduler_type", "cosine", "constant", "lr-schedule-jump", "changed-schedule"),
        ("max_grad_norm", 1.0, 0.0, "exploding-gradients", "changed-clip"),
        ("fp16", False, True, "mixed-precision-overflow", "changed-precision"),
        ("precision", "bf16", "fp16", "mixed-precision-overflow", "changed-precision"),
        ("dataset", "wiki", "books", "data-shift", "changed-data"),
        ("optimizer", "adamw", "sgd", "bad-resume", "changed-optimizer"),
    ],
)
def test_a_change_speaks_for_the_cause_that_it_may_be_behind(
    name: str, before: SettingValue, after: SettingValue, cause: str, named: str
) -> None:
    assert named in m.names(started_again(name, before, after), cause, +1)


@pytest.mark.parametrize(
    ("name", "before", "after", "cause"),
    [
        ("lr", 0.01, 0.001, "learning-rate-too-high"),
        ("max_grad_norm", 0.0, 1.0, "exploding-gradients"),
        ("fp16", True, False, "mixed-precision-overflow"),
        ("precision", "fp16", "bf16", "mixed-precision-overflow"),
    ],
)
def test_a_change_to_the_safe_side_speaks_for_nothing(
    name: str, before: SettingValue, after: SettingValue, cause: str
) -> None:
    found = m.names(started_again(name, before, after), cause, +1)
    assert not {n for n in found if n.startswith("changed-")}


def test_the_recipe_is_that_of_the_start_in_which_the_loss_left_its_course() -> None:
    assert started_again("batch_size", 32, 128).recipe.batch_size == 128
    assert started_again("batch_size", 32, 128, step=3900).recipe.batch_size == 32


def test_the_report_says_with_what_the_job_was_started_again() -> None:
    told = m.made(m.jumping(400, 320), Verdict.SHIFTED, 320, every=10, segments=(320,))
    change = SettingChange("lr", 0.1, "nan\x1b[31m", 3200, "a", "b")
    run = replace(told.run, settings={"lr": Setting("lr", 0.1, "a")}, setting_changes=(change,))
    sentences = why_then(measure(run, told.judgement))
    assert any("with lr nan" in sentence and "(0.1 before)" in sentence for sentence in sentences)
