"""What is said, before any format."""

from __future__ import annotations

from dataclasses import replace

import pytest

from losslens.model import (
    CauseGroup,
    Curve,
    Damage,
    Episode,
    LogEvent,
    LossVerdict,
    Role,
    Setting,
    Skipped,
    StepsPerEpoch,
    Verdict,
)
from losslens.reporter import appendix, levels, story, words
from losslens.reporter.names import shortened, told_apart
from losslens.reporter.overview import overview
from tests.reporter import make_analysis as make


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_headline_with_the_loss_and_the_place(verdict: Verdict) -> None:
    run = make.exploded()
    told = story.headline(replace(run, judgement=replace(run.judgement, verdict=verdict)))
    assert "total_loss" in told
    if verdict not in (Verdict.HEALTHY, Verdict.INCONCLUSIVE):
        assert "step 50,100 (90 % interval 49,900–50,300)" in told or verdict is Verdict.PLATEAU


def test_a_climb_before_a_nan_names_both_places() -> None:
    assert story.headline(make.climb_to_nan()) == (
        "loss left its course at step 1,500 (90 % interval 1,488–1,511) and was not finite from step 1,701"
    )


def test_bad_from_the_start_says_so() -> None:
    assert story.headline(make.nan_from_start()) == "loss is not finite from the first logged epoch"


def test_a_healthy_run_whose_last_records_are_broken_is_not_healthy_to_the_end() -> None:
    run = make.healthy()
    assert run.last_step is not None
    broken = tuple(Damage("log.jsonl", n, n, "a broken record", 1, run.last_step) for n in range(10))
    told = story.headline(replace(run, damage=broken))
    assert told.endswith("until step 4,990, but the last 10 records could not be read: how it ended is not known")
    zeros = Damage("log.jsonl", 9, 99, "a zero-filled tail", None, run.last_step)
    assert "what was logged after it could not be read" in story.headline(replace(run, damage=(zeros,)))


def test_damage_in_the_middle_or_one_record_cut_off_by_a_kill_leaves_the_headline_alone() -> None:
    run = make.healthy()
    middle = tuple(Damage("log.jsonl", n, n, "a broken record", 1, 100) for n in range(10))
    cut = Damage("log.jsonl", 99, 99, "a record cut off", 1, run.last_step)
    tail = Damage("events.out", 99, 120, "cut off in the middle of a record", None, run.last_step)
    assert story.headline(replace(run, damage=(*middle, cut, tail))).endswith("stayed on its course to the end")


def test_the_neighbouring_word_is_named_near_a_boundary() -> None:
    run = make.exploded()
    leading = replace(run.judgement.losses[0], also=Verdict.DIVERGED)
    near = replace(run, judgement=replace(run.judgement, losses=(leading,)))
    assert story.reason(near).endswith("near the boundary to diverged: either word fits")


def test_a_run_without_a_checkpoint_is_told_that_none_was_found() -> None:
    facts = {fact.label: fact.text for fact in story.when(replace(make.exploded(), restart_from=None))}
    assert facts["restart from"] == "no checkpoint from before the onset was found beside the log"


def test_an_onset_inside_the_band_is_said_to_be_there() -> None:
    run = make.exploded()
    assert run.onset is not None
    same = replace(run, judgement=replace(run.judgement, point_of_no_return=run.onset.step))
    facts = {fact.label: fact.text for fact in story.when(same)}
    assert facts["point of no return"] == "step 50,100: the onset itself lies inside the band of before"


def test_after_the_point_of_no_return_single_points_may_lie_inside() -> None:
    facts = {fact.label: fact.text for fact in story.when(make.exploded())}
    assert facts["point of no return"] == (
        "step 50,600: after it at most scattered points lie inside the band of before"
    )


def test_checkpoints_that_the_log_speaks_of_are_told_where_none_lies_beside_it() -> None:
    saved = tuple(LogEvent("checkpoint", "saved", "train.log", step) for step in (45_000, 47_500, 50_000, 52_500))
    run = replace(make.exploded(), restart_from=None, events=saved)
    (text,) = [fact.text for fact in story.when(run) if fact.label == "restart from"]
    assert text == (
        "step 47,500, a checkpoint the log tells of (no file of it here). That of 50,000 lies in the "
        "interval of the onset"
    )
    late = replace(run, events=saved[3:])
    (text,) = [fact.text for fact in story.when(late) if fact.label == "restart from"]
    assert text == "no checkpoint from before the onset was found beside the log"


def test_an_epoch_axis_is_not_translated_into_epochs_again() -> None:
    assert "epoch" not in {fact.label for fact in story.when(make.nan_from_start())}


def test_likely_causes_and_those_in_the_group_of_the_first_are_told_in_full() -> None:
    run = make.exploded()
    assert story.in_full(run) == 3
    small = tuple(replace(cause, probability=0.05) for cause in run.causes[1:])
    lone = replace(run.diagnosis, causes=(run.causes[0], *small))
    assert story.in_full(replace(run, diagnosis=lone)) == 2
    assert story.in_full(replace(run, diagnosis=replace(lone, groups=()))) == 1
    assert story.in_full(make.healthy()) == 0


def test_of_what_was_not_checked_only_that_is_named_which_could_change_the_order_of_the_first_causes() -> None:
    run = make.exploded()
    said = "no update-to-weight ratio was logged"
    assert appendix.not_checked(run) == [f"{said}; 1 more would hardly change which causes come first"]
    shared = run.causes[0].not_checked
    causes = tuple(replace(cause, not_checked=shared) for cause in run.causes[:2])
    both = replace(run, diagnosis=replace(run.diagnosis, causes=causes))
    assert appendix.not_checked(both) == [said]
    ahead = replace(run, diagnosis=replace(run.diagnosis, groups=()))
    assert appendix.not_checked(ahead) == [
        "2 checks that this log does not allow would hardly change which causes come first"
    ]


def test_of_a_group_of_many_causes_it_is_said_that_none_stands_out_and_what_to_log() -> None:
    run = make.exploded()
    ids = ("bad-batch", "data-shift", "adam-instability", "weight-growth", "nan-in-data", "label-noise")
    many = replace(run.diagnosis, groups=(CauseGroup(ids, 0.67, ("clip", "grad_norm")),))
    (line,) = story.group_lines(replace(run, diagnosis=many))
    assert line == (
        "no cause stands out: 6 share 67 % between them; log the clipping setting and gradient norm next time"
    )


def test_of_a_group_whose_first_cause_is_far_ahead_it_is_said_that_it_is_likelier() -> None:
    run = make.exploded()
    causes = tuple(replace(c, probability=p) for c, p in zip(run.causes, (0.54, 0.07), strict=False))
    group = CauseGroup((causes[0].id, causes[1].id), 0.61, ("precision", "val_loss"))
    far = replace(run, diagnosis=replace(run.diagnosis, causes=causes, groups=(group,)))
    (line,) = story.group_lines(far)
    first, second = group.ids
    assert line == (f"{first} (54 %) is likelier than {second} (7 %); the precision or validation loss would settle it")
    near = (causes[0], replace(causes[1], probability=0.2))
    (line,) = story.group_lines(replace(far, diagnosis=replace(far.diagnosis, causes=near)))
    assert "cannot be told apart by this log" in line


def test_where_a_group_passes_over_likelier_causes_it_is_said_why() -> None:
    run = make.exploded()
    first, between = run.causes[:2]
    last = replace(between, id="label-noise", probability=0.04)
    causes = (replace(first, probability=0.31), replace(between, probability=0.07), last)
    group = CauseGroup((first.id, last.id), 0.35, ("grad_norm",))
    (line,) = story.group_lines(replace(run, diagnosis=replace(run.diagnosis, causes=causes, groups=(group,))))
    assert line == (
        f"{first.id} (31 %) is likelier than label-noise (4 %), which what was not logged could still put first, "
        "unlike those between; gradient norm would settle it"
    )


def test_the_overview_gives_the_first_cause_its_own_probability() -> None:
    (row,) = overview(make.analysis(make.exploded()))
    cause, *_ = make.exploded().causes
    assert row.first_cause == cause.id
    assert row.share == f"{cause.probability:.0%} (68% with another)".replace("%", " %")


def test_training_is_said_not_to_have_turned_with_validation_only_where_it_ended_at_its_best() -> None:
    run = make.exploded()
    leading = run.judgement.leading
    assert leading is not None

    def said(end: float) -> str:
        train = replace(leading, tag="train", verdict=Verdict.HEALTHY, best_level=1.0, end_level=end, noise=0.01)
        val = replace(leading, role=Role.VAL_LOSS, verdict=Verdict.OVERFIT)
        judged = replace(run.judgement, verdict=Verdict.OVERFIT, losses=(val, train))
        return story.headline(replace(run, judgement=judged))

    assert said(1.01).endswith("for good, while the training loss did not")
    assert said(1.3).endswith("for good")


def test_a_loss_that_ended_at_its_best_has_one_number_for_both() -> None:
    run = make.exploded()
    losses = tuple(replace(x, verdict=Verdict.HEALTHY, end_level=0.88, onset=None) for x in run.judgement.losses)
    told = story.when(replace(run, judgement=replace(run.judgement, losses=losses)))
    assert "start 4, end 0.88, which is its best" in [fact.text for fact in told]


def test_a_loss_that_left_its_course_with_the_last_points_is_not_said_not_to_have_come_back() -> None:
    run = make.climb_to_nan()
    judged = replace(run, judgement=replace(run.judgement, verdict=Verdict.DIVERGED))
    assert run.onset is not None
    assert story.headline(judged).endswith("and did not come back")
    for points, told in ((0, True), (1, True), (2, False)):
        last = run.onset.step + round(points * (run.log_interval or 1.0))
        said = story.headline(replace(judged, last_step=last))
        assert said.endswith("where the log ends") is told
        assert ("did not come back" in said) is not told


def test_a_run_that_was_lost_before_its_first_nan_is_told_to_be_bad_from_the_start() -> None:
    run = make.climb_to_nan()
    assert run.onset is not None
    lost = replace(run.judgement, onset=replace(run.onset, from_start=True))
    first = words.count(run.judgement.first_nonfinite or 0)
    said = story.headline(replace(run, judgement=lost))
    assert said.endswith(f"was off its course from the start and not finite from step {first}")


def test_many_files_that_were_skipped_for_one_reason_are_one_line() -> None:
    alike = tuple(Skipped(f"runs/{n}/config.yaml", "settings-only", "settings, but no log") for n in range(29))
    other = Skipped("notes.pkl", "unsafe", "a pickle")
    told = story.skipped(replace(make.analysis(), skipped=(*alike, other)))
    assert told == [("runs/0/config.yaml and 28 more", "settings, but no log"), ("notes.pkl", "a pickle")]
    assert len(story.skipped(replace(make.analysis(), skipped=alike[:3]))) == 3


def test_many_healthy_losses_of_one_role_share_a_line_and_a_failed_one_keeps_its_own() -> None:
    run = make.exploded()
    leading = run.judgement.leading
    assert leading is not None
    fine = replace(leading, verdict=Verdict.HEALTHY, onset=None, role=Role.LOSS_COMPONENT)
    terms = tuple(replace(fine, tag=f"loss_{n}") for n in range(6))
    failed = replace(terms[0], tag="loss_kl", verdict=Verdict.NAN)
    judged = replace(run.judgement, losses=(leading, *terms, failed), abandoned=())
    assert appendix.other_losses(replace(run, judgement=judged)) == [
        "loss_kl (loss term): nan",
        "loss_0, loss_1, loss_2 and 3 more (loss term): healthy",
    ]


def test_another_loss_that_climbed_before_it_was_nan_has_both_places() -> None:
    run = make.climb_to_nan()
    leading, onset = run.judgement.leading, run.onset
    assert leading is not None
    assert onset is not None
    climbed = replace(leading, tag="val_loss", role=Role.VAL_LOSS, onset=replace(onset, from_start=True))
    judged = replace(run.judgement, losses=(leading, climbed), abandoned=())
    (told,) = appendix.other_losses(replace(run, judgement=judged))
    first = words.count(climbed.first_nonfinite or 0)
    assert told == f"val_loss (validation loss): nan from step {first}, off its course from the start"


def test_a_format_that_is_its_own_trainer_is_named_once() -> None:
    run = replace(make.exploded(), format="dvclive", trainer="dvclive")
    assert story.about(run).startswith("dvclive, ")
    assert story.about(replace(run, trainer="lightning")).startswith("dvclive (lightning), ")


def test_steps_that_are_epochs_are_said_to_be_them() -> None:
    run = replace(make.healthy(), steps_per_epoch=StepsPerEpoch(1.0, "as epoch counts them"))
    assert f"each {story.words.one(run.axis)} an epoch" in story.about(run)
    assert "as epoch" not in story.about(run)
    more = replace(run, steps_per_epoch=StepsPerEpoch(80.0, "as epoch counts them"))
    assert "an epoch (as epoch counts them)" in story.about(more)


def test_healthy_runs_still_say_how_they_were_read() -> None:
    run = replace(make.healthy(), warnings=make.exploded().warnings)
    lines = story.unjudged(make.analysis(run, make.exploded()))
    assert lines == ["fine: 'total_loss' was taken as the training loss from its course alone"]


def test_a_title_that_repeats_the_id_is_not_printed_twice() -> None:
    cause = make.exploded().causes[1]
    assert story.cause_title(replace(cause, title="Exploding gradients.")) == ""
    assert story.cause_title(cause) == "A gradient many times its usual size threw the weights away"


def test_a_curve_is_named_with_its_role_only_where_the_tag_does_not_say_it() -> None:
    assert story.curve_title(make.curve("train/grad_norm", Role.GRAD_NORM, [0], [1.0])) == "train/grad_norm"
    assert story.curve_title(make.curve("gnorm", Role.GRAD_NORM, [0], [1.0])) == "gnorm (gradient norm)"


def test_long_names_lose_their_middle_and_keep_both_ends() -> None:
    assert shortened("abcdefghij", 7) == "abc…hij"
    assert shortened("abc", 7) == "abc"


def test_bars_beyond_the_first_ones_are_summed_so_that_they_add_up() -> None:
    run = make.exploded()
    many = tuple(replace(run.causes[0], id=f"c{i}", probability=0.09) for i in range(10))
    crowd = replace(run, diagnosis=replace(run.diagnosis, causes=many, none_of_these=0.1))
    bars = story.bars(crowd, 4)
    assert [name for _, name, _ in bars] == ["c0", "c1", "c2", "c3", "6 others", "none of these"]
    assert sum(share for *_, share in bars) == pytest.approx(1.0)
    assert len(story.bars(run, 3)) == 5


def test_only_settings_that_differ_between_runs_are_compared() -> None:
    def with_settings(name: str, **values: float | str) -> make.RunReport:
        return replace(make.healthy(name), settings={k: Setting(k, v, "args.yaml") for k, v in values.items()})

    runs = with_settings("a", lr=0.1, seed=1.0), with_settings("b", lr=0.3, seed=1.0, clip="on"), make.healthy("c")
    other = replace(with_settings("d", lr=7.0), project="elsewhere")
    tables = story.differing_settings(make.analysis(*runs, other))
    assert [table.names for table in tables] == [["lr"]]
    assert [(run.name, values) for run, values in tables[0].rows] == [("a", ["0.1"]), ("b", ["0.3"])]
    assert story.differing_settings(make.analysis(make.healthy())) == []


def test_long_names_of_many_runs_leave_out_what_they_share() -> None:
    names = [f"{net}_training_iter{k}" for net in ("DenseNet121", "InceptionResNetV2", "Xception") for k in range(3)]
    short = told_apart(names, 20)
    assert short[0] == "DenseNet121…iter0"
    assert all(len(name) <= 20 for name in short)
    assert len(set(short)) == len(names)
    assert told_apart(["a", "b"], 20) == ["a", "b"]


def test_what_was_printed_says_of_what_a_job_died_and_the_trackers_code_only_where_nothing_does() -> None:
    fine = make.healthy()
    code = LogEvent("failed", "exit code 1", "run-1.wandb")
    assert "died of something else: an error (exit code 1), as run-1.wandb says" in story.headline(
        replace(fine, events=(code,))
    )
    for kind, text, told in (
        ("out-of-memory", "CUDA out of memory", "out of memory"),
        ("interrupted", "KeyboardInterrupt", "it was interrupted"),
        ("traceback", "KeyError: 'loss'", "an exception (KeyError)"),
    ):
        said = LogEvent(kind, text, "output.log", fine.last_step, None, 90)
        assert f"{told}, as output.log says" in story.headline(replace(fine, events=(said, code)))
    killed = LogEvent("killed", "exit code 137, SIGKILL", "run-1.wandb")
    assert "it was killed (exit code 137, SIGKILL)" in story.headline(replace(fine, events=(killed,)))
    long_before = LogEvent("out-of-memory", "CUDA out of memory", "output.log", 0, None, 90)
    assert "an error (exit code 1)" in story.headline(replace(fine, events=(long_before, code)))


def test_a_healthy_loss_whose_job_died_says_of_what_and_when() -> None:
    fine = make.healthy()
    last = fine.last_step
    assert last is not None
    memory = LogEvent("out-of-memory", "CUDA out of memory", "logs/output.log", last, None, 90)
    died = replace(fine, events=(memory, LogEvent("traceback", "RuntimeError", "logs/output.log", last, None, 91)))
    assert "out of memory, as output.log says" in story.headline(died)
    assert f"until {story.words.at(died.axis, last)}" in story.headline(died)
    (row,) = overview(make.analysis(died))
    assert row.onset.startswith("out of memory at")
    finished = LogEvent("finished", "done", "logs/output.log", last)
    assert "out of memory" not in story.headline(replace(died, events=(*died.events, finished)))
    went_on = replace(died, last_step=last + 100_000)
    assert "out of memory" not in story.headline(went_on)


def test_many_checkpoints_are_one_line() -> None:
    saved = tuple(LogEvent("checkpoint", f"saved {k}", "train.log", 100 * k) for k in range(1, 31))
    (line,) = appendix.events(replace(make.healthy(), events=saved))
    assert line == "30 checkpoints, at steps 100, 200, 300, 400, 500, 600, 700, …, 3,000"


def test_of_many_checkpoints_those_around_the_onset_are_told() -> None:
    saved = tuple(LogEvent("checkpoint", f"saved {k}", "train.log", 5_000 * k) for k in range(1, 21))
    (line,) = appendix.events(replace(make.exploded(), events=saved))
    assert line == ("20 checkpoints, at steps 5,000, …, 40,000, 45,000, 50,000, 55,000, 60,000, 65,000, …, 100,000")


def test_a_time_that_rounds_to_no_second_is_not_said_to_be_spent() -> None:
    run = make.exploded()
    assert run.spent_after_onset is not None
    at_once = replace(run, spent_after_onset=replace(run.spent_after_onset, hours=1e-5))
    assert [f.text for f in story.when(at_once) if f.label == "spent after onset"] == ["9,900 steps"]
    assert [f.text for f in story.when(run) if f.label == "spent after onset"] == ["9,900 steps, 1.2 h"]


def test_a_downward_run_tells_the_level_before_and_a_climb_no_best_above_its_start() -> None:
    run = make.exploded()
    leading, onset = run.judgement.leading, run.onset
    assert leading is not None
    assert onset is not None

    def levels(**changes: float) -> str:
        verdicts = tuple(replace(x, **changes) if x is leading else x for x in run.judgement.losses)
        told = story.when(replace(run, judgement=replace(run.judgement, losses=verdicts)))
        return next(fact.text for fact in told if fact.label == "loss, smoothed")

    assert levels() == "start 4, before 0.9, end 4,100"
    assert levels(end_level=-1e6, best_level=-1e6) == "start 4, before 0.9, end -1e6"
    assert "best" not in levels(start_level=1.0, best_level=1.2)


def test_a_spike_tells_the_level_that_it_left_and_no_best_of_later() -> None:
    run = make.exploded()
    verdicts = tuple(replace(x, verdict=Verdict.SPIKE_RECOVERED, end_level=0.5) for x in run.judgement.losses)
    told = story.when(replace(run, judgement=replace(run.judgement, losses=verdicts)))
    assert "start 4, before 0.9, end 0.5" in [fact.text for fact in told]


def test_what_turned_from_its_best_is_told_its_best() -> None:
    run = make.exploded()
    verdicts = tuple(replace(x, verdict=Verdict.OVERFIT, end_level=1.5) for x in run.judgement.losses)
    told = story.when(replace(run, judgement=replace(run.judgement, losses=verdicts)))
    assert "start 4, best 0.88, end 1.5" in [fact.text for fact in told]


def nan_with(*stretches: tuple[int, int], verdict: Verdict = Verdict.NAN, first: int) -> str:
    run = make.exploded()
    episodes = tuple(Episode("non-finite", "total_loss", a, b) for a, b in stretches)
    judgement = replace(run.judgement, verdict=verdict, first_nonfinite=first, episodes=episodes)
    told = {fact.label: fact.text for fact in story.when(replace(run, judgement=judgement))}
    return next(f"{label} {text}" for label, text in told.items() if label.startswith("NaN"))


def test_a_value_that_was_not_finite_before_the_last_stretch_is_told_too() -> None:
    assert nan_with((1640, 3000), first=1640) == "NaN or Inf from step 1,640"
    assert nan_with((1440, 1440), (1640, 3000), first=1640) == "NaN or Inf from step 1,640 (also at step 1,440)"
    several = nan_with((1440, 1450), (1500, 1500), (1640, 3000), first=1640)
    assert several == "NaN or Inf from step 1,640 (also at steps 1,440–1,450 and 1 more)"


def test_a_loss_that_was_finite_again_is_not_said_to_be_nan_from_somewhere_on() -> None:
    there = nan_with((1440, 1440), verdict=Verdict.SPIKE_RECOVERED, first=1440)
    assert there == "NaN or Inf at step 1,440"


def test_a_point_of_no_return_before_the_onset_is_left_out() -> None:
    run = make.exploded()
    assert run.onset is not None
    later = replace(run, judgement=replace(run.judgement, point_of_no_return=run.onset.step + 500))
    before = replace(run, judgement=replace(run.judgement, point_of_no_return=run.onset.step - 100))
    assert levels.no_return(later) == run.onset.step + 500
    assert levels.no_return(before) is None
    assert "point of no return" not in [fact.label for fact in story.when(before)]


def test_a_validation_that_is_not_finite_is_not_said_to_have_run_away() -> None:
    run = make.val_diverged()
    assert run.onset is not None
    assert "ran away at step 1,600" in story.headline(run)
    lost = replace(run, judgement=replace(run.judgement, first_nonfinite=1600))
    assert story.headline(lost).startswith("val_loss is not finite from step 1,600")
    assert story.headline(lost).endswith("on, while the training loss is")


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ((2.0, 0.2, 0.21), "stayed on its course to the end"),
        ((0.08, 0.08, 0.74), "ends higher than it began, and nothing shows that this was a failure"),
        ((50.0, 0.1, 1.2), "ends above its best level, without a rise that counts as a failure"),
        ((0.43, 0.1, 0.26), "ends above its best level, without a rise that counts as a failure"),
        ((5.43, 1.15, 1.33), "stayed on its course to the end"),
    ],
)
def test_the_headline_of_a_healthy_loss_follows_its_levels(levels: tuple[float, float, float], said: str) -> None:
    run = make.healthy()
    leading = run.judgement.leading
    assert leading is not None
    start, best, end = levels
    told = replace(leading, start_level=start, best_level=best, end_level=end, noise=0.01)
    judged = replace(run.judgement, losses=(told,))
    assert story.headline(replace(run, judgement=judged)).endswith(said)


def test_a_run_of_too_few_points_is_told_how_many_it_takes_and_gets_no_level_of_them() -> None:
    from losslens.verdict.words import MIN_POINTS

    few = make.curve("loss", Role.TRAIN_LOSS, (10, 20), (1.64, 1.71))
    judged = make.judged(Verdict.INCONCLUSIVE, "loss", reason="2 finite points are too few to see a course")
    judged = replace(judged, losses=(replace(judged.losses[0], start_level=1.64, end_level=1.678, best_level=1.64),))
    run = make.report("short", judged, (few,))
    assert story.reason(run).endswith(f"; it takes {MIN_POINTS} at least: let it run longer, or log it more often")
    assert story.when(run) == []
    assert "it takes" not in story.reason(make.inconclusive())


@pytest.mark.parametrize(
    ("end", "said"),
    [(0.105, "did not clearly fall: it moved within its noise"), (0.05, "stayed on its course to the end")],
)
def test_a_healthy_loss_near_a_plateau_is_not_said_to_have_stayed_on_a_course(end: float, said: str) -> None:
    run = make.healthy()
    (leading,) = run.judgement.losses
    levels = replace(
        leading, also=Verdict.PLATEAU, start_level=0.126, best_level=min(end, 0.084), end_level=end, noise=0.05
    )
    assert story.headline(replace(run, judgement=replace(run.judgement, losses=(levels,)))) == f"train/loss {said}"


def test_a_log_with_holes_is_not_said_to_have_a_point_every_so_often() -> None:
    run = replace(make.exploded(), points=20, first_step=100, last_step=40_000, log_interval=10)
    assert "one every 10, with holes between" in story.about(run)
    assert "holes" not in story.about(replace(run, points=3_500))


def test_a_healthy_loss_far_above_training_or_logged_for_a_while_only_is_not_just_healthy() -> None:
    run = make.exploded()
    leading = LossVerdict("loss", Role.TRAIN_LOSS, Verdict.SPIKE_RECOVERED, end_level=7.0)
    val = LossVerdict("val_loss", Role.VAL_LOSS, Verdict.HEALTHY, end_level=154.0)
    early = LossVerdict("first_loss", Role.TRAIN_LOSS, Verdict.HEALTHY, end_level=1.0)
    judgement = replace(
        run.judgement, verdict=Verdict.SPIKE_RECOVERED, loss="loss", losses=(leading, val, early), abandoned=()
    )
    curve = Curve("first_loss", Role.TRAIN_LOSS, run.axis, (0, 99), (2.0, 1.0), 2)
    lines = appendix.other_losses(replace(run, judgement=judgement, curves=(curve,), last_step=71_000))
    assert lines == [
        "val_loss (validation loss): healthy, and at the end 22× the training loss",
        "first_loss (training loss): healthy up to step 99, where it was logged last",
    ]


def test_another_loss_is_placed_on_its_own_axis() -> None:
    run = make.exploded()
    assert run.onset is not None
    at = replace(run.onset, step=26, low=25, high=26, from_start=False)
    leading = LossVerdict("loss", Role.TRAIN_LOSS, Verdict.NAN)
    other = LossVerdict("epoch_loss", Role.TRAIN_LOSS, Verdict.NAN, at, 26)
    judgement = replace(run.judgement, loss="loss", losses=(leading, other), abandoned=())
    curve = Curve("epoch_loss", Role.TRAIN_LOSS, "epoch", (1, 26), (2.0, 1.0), 2)
    (line,) = appendix.other_losses(replace(run, judgement=judgement, curves=(curve,)))
    assert line == "epoch_loss (training loss): nan from epoch 26 (90 % interval 25–26)"


def test_an_interval_is_not_told_of_points_that_keep_none() -> None:
    run = make.exploded()
    few = Curve(run.judgement.loss or "", Role.TRAIN_LOSS, run.axis, (13_696, 23_904, 24_992), (3.0, 2.0, 1.0), 3)
    uneven = replace(run, curves=(few,), log_interval=5648.0)
    assert "one every" not in story.about(uneven)
    even = replace(few, step=(10_000, 20_000, 30_100))
    assert "one every 10,050" in story.about(replace(uneven, curves=(even,), log_interval=10_050.0))


def test_a_validation_that_was_bad_from_its_start_leaves_the_run_on_its_course() -> None:
    run = make.exploded()
    assert run.onset is not None
    (judged, *rest) = run.judgement.losses
    judged = replace(judged, role=Role.VAL_LOSS, verdict=Verdict.VAL_DIVERGED)
    onset = replace(run.onset, from_start=True)
    losses = (judged, *rest)
    judgement = replace(run.judgement, verdict=Verdict.VAL_DIVERGED, losses=losses, loss=judged.tag, onset=onset)
    bad = replace(run, judgement=judgement, restart_from=None)
    (text,) = [fact.text for fact in story.when(bad) if fact.label == "restart from"]
    assert text == "nothing: validation was bad from its first point"
