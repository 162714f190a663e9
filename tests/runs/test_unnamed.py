"""Tables of bare numbers: read where their meaning is clear, else skipped with what to say to have them read."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import losslens
from losslens.errors import NotALogError
from losslens.model import Role, Run
from losslens.roles.unnamed import levels_off
from losslens.runs import find, load, unnamed
from tests.runs.make_logs import falling

STEPS = np.arange(200)
LOSS = falling(200)
ACCURACY = 1 - np.exp(-STEPS / 50)
RATE = np.full(200, 0.1)


def only(path: Path) -> Run:
    (job,) = find([path]).jobs
    (run,) = load(job)
    return run


@pytest.mark.parametrize("name", ["loss.txt", "train_loss.dat", "losses.txt"])
def test_one_column_is_named_by_its_file(tmp_path: Path, name: str) -> None:
    np.savetxt(tmp_path / name, LOSS)
    run = only(tmp_path)
    (tag,) = run.tags(Role.TRAIN_LOSS)
    assert tag == name.split(".")[0]
    np.testing.assert_allclose(run.series[tag].value, LOSS)


@pytest.mark.parametrize(
    ("header", "delimiter", "comments"),
    [
        ("epoch loss acc", " ", "# "),
        ("epoch\tloss\tacc", "\t", "# "),
        ("epoch,loss,acc", ",", "# "),
        ("epoch loss acc", " ", ""),
        ("epoch loss acc", " ", "% "),
    ],
)
def test_a_header_of_savetxt_names_the_columns(tmp_path: Path, header: str, delimiter: str, comments: str) -> None:
    np.savetxt(
        tmp_path / "log.txt", np.c_[STEPS, LOSS, ACCURACY], header=header, delimiter=delimiter, comments=comments
    )
    run = only(tmp_path)
    assert run.axis == "epoch"
    assert run.tags(Role.TRAIN_LOSS) == ("loss",)
    np.testing.assert_allclose(run.series["loss"].value, LOSS)


def test_names_with_blanks_above_columns_of_numbers_are_told_by_wide_gaps(tmp_path: Path) -> None:
    rows = [f"{i:5d}    {v:10.5f}    {v + 0.1:8.5f}   0.1" for i, v in enumerate(LOSS)]
    (tmp_path / "log.txt").write_text("\n".join(["epoch    train loss    val loss   lr", *rows]) + "\n")
    run = only(tmp_path)
    assert run.tags(Role.TRAIN_LOSS) == ("train loss",)
    assert run.tags(Role.VAL_LOSS) == ("val loss",)
    assert len(run.series["train loss"]) == 200


@pytest.mark.parametrize("suffix", ["csv", "txt"])
def test_the_only_column_that_falls_is_taken_for_the_loss_and_the_doubt_is_said(tmp_path: Path, suffix: str) -> None:
    delimiter = "," if suffix == "csv" else " "
    np.savetxt(tmp_path / f"log.{suffix}", np.c_[STEPS, RATE, LOSS, ACCURACY], delimiter=delimiter, fmt="%.6g")
    run = only(tmp_path)
    (choice,) = [c for c in run.roles if c.role is Role.TRAIN_LOSS]
    assert choice.tag == "column_3"
    assert not choice.sure
    assert "--role loss=" in choice.why
    assert run.series["column_3"].step.tolist() == STEPS.tolist()


def test_a_table_without_names_counts_steps_where_its_first_column_counts(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "log.csv", np.c_[10 * STEPS, LOSS, ACCURACY], delimiter=",", fmt="%.6g")
    run = only(tmp_path)
    assert run.axis == "step"
    assert run.series["column_2"].step.tolist() == (10 * STEPS).tolist()


@pytest.mark.parametrize("every", [1, 10])
def test_a_loss_that_rises_is_the_column_behind_the_steps_and_the_doubt_is_said(tmp_path: Path, every: int) -> None:
    noisy = np.random.default_rng(0).normal(1.5, 0.1, 200) * np.where(STEPS < 100, 1.0, 3.0)
    np.savetxt(tmp_path / "loss.csv", np.c_[every * STEPS, noisy, 1.0 + 0 * noisy], delimiter=",", fmt="%.6g")
    (choice,) = [c for c in only(tmp_path).roles if c.role is Role.TRAIN_LOSS]
    assert choice.tag == "column_2"
    assert not choice.sure
    assert "no column falls like a loss" in choice.why
    assert "--role loss=column_3" in choice.why


@pytest.mark.parametrize("columns", [2, 3])
def test_a_numbered_data_set_of_bare_numbers_is_no_run(tmp_path: Path, columns: int) -> None:
    drawn = np.random.default_rng(0).normal(size=(300, columns))
    np.savetxt(tmp_path / "points.csv", np.c_[np.arange(1, 301), drawn], delimiter=",", fmt="%.4g")
    with pytest.raises(NotALogError, match="without names"):
        only(tmp_path)


def test_a_loss_that_fell_and_blew_up_is_still_taken_for_the_loss(tmp_path: Path) -> None:
    blown = np.where(STEPS < 150, LOSS, 50.0 + LOSS)
    np.savetxt(tmp_path / "log.txt", np.c_[STEPS, blown, ACCURACY], fmt="%.6g")
    assert only(tmp_path).tags(Role.TRAIN_LOSS) == ("column_2",)


def test_the_column_that_is_the_sum_of_the_others_is_the_loss(tmp_path: Path) -> None:
    terms = np.round([LOSS, 0.1 * LOSS[::-1] + 0.3 * LOSS], 6)
    np.savetxt(tmp_path / "loss.csv", np.c_[terms[1], terms.sum(axis=0), terms[0]], delimiter=",", fmt="%.6f")
    (choice,) = [c for c in only(tmp_path).roles if c.role is Role.TRAIN_LOSS]
    assert choice.tag == "column_2"
    assert "sum of the others" in choice.why


def test_the_column_whose_perplexity_stands_beside_it_is_the_loss(tmp_path: Path) -> None:
    rows = np.c_[np.arange(1, 31), LOSS[:30] + 3, np.exp(LOSS[:30] + 3), LOSS[:30] + 3.4]
    np.savetxt(tmp_path / "results.csv", rows, delimiter=",", fmt="%.6f")
    (choice,) = [c for c in only(tmp_path).roles if c.role is Role.TRAIN_LOSS]
    assert choice.tag == "column_2"
    assert "exp beside it" in choice.why


def test_columns_of_which_none_is_the_sum_are_asked_about(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "loss.csv", np.c_[LOSS, 0.5 * LOSS, 0.4 * LOSS], delimiter=",", fmt="%.6f")
    with pytest.raises(NotALogError, match="column_1, column_2, column_3 fall"):
        only(tmp_path)


def test_a_fall_by_decades_with_jumps_on_its_way_is_one(tmp_path: Path) -> None:
    value = 0.9 * np.exp(-np.arange(2000) / 250) * np.random.default_rng(0).lognormal(0, 0.1, 2000)
    value[[400, 900, 1300, 1301, 1700]] *= 100.0
    np.savetxt(tmp_path / "results.csv", np.c_[np.linspace(5, 9, 2000), value], delimiter=",", fmt="%.9g")
    assert only(tmp_path).tags(Role.TRAIN_LOSS) == ("column_2",)


def test_a_flat_loss_behind_a_count_is_one_where_the_file_is_named_so(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).normal(2.3, 0.1, 300)
    np.savetxt(tmp_path / "train_loss.csv", np.c_[np.arange(300), drawn], delimiter=",", fmt="%.4f")
    run = only(tmp_path)
    assert run.axis == "step"
    assert run.tags(Role.TRAIN_LOSS) == ("train_loss",)


def test_a_count_that_a_resume_set_back_is_never_the_loss(tmp_path: Path) -> None:
    steps = [*range(150, 200), *range(120)]
    np.savetxt(tmp_path / "log.csv", np.c_[steps, falling(170)], delimiter=",", fmt="%.6g")
    (job,) = find([tmp_path]).jobs
    assert {tag for run in load(job) for tag in run.tags(Role.TRAIN_LOSS)} == {"column_2"}


def test_of_two_columns_that_fall_alike_the_first_is_taken_and_the_other_named(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    np.savetxt(path, np.c_[LOSS, LOSS + 0.1], delimiter=",", fmt="%.6g")
    (job,) = find([path]).jobs
    (run,) = load(job)
    assert run.tags(Role.TRAIN_LOSS) == ("column_1",)
    assert "--role loss=column_2 takes the other" in str(run.roles)
    np.savetxt(path, np.c_[LOSS, 40 * LOSS], delimiter=",", fmt="%.6g")  # two things, nobody knows which
    assert not losslens.analyze(path).runs


def test_two_columns_that_fall_are_asked_about_and_the_answer_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    np.savetxt(path, np.c_[STEPS, LOSS, LOSS + 0.1, ACCURACY], delimiter=",", fmt="%.6g")
    analysis = losslens.analyze(path)
    assert not analysis.runs
    (skipped,) = analysis.skipped
    assert "column_2 and column_3 both fall like a loss" in skipped.reason
    assert "--role loss=column_2" in skipped.reason
    (report,) = losslens.analyze(path, roles={"loss": ["column_2"]}).runs
    assert report.verdict == "healthy"


@pytest.mark.parametrize("columns", [2, 8, 20])
def test_a_data_set_of_bare_numbers_is_no_run(tmp_path: Path, columns: int) -> None:
    np.savetxt(tmp_path / "points.dat", np.random.default_rng(0).normal(size=(300, columns)), fmt="%.4f")
    with pytest.raises(NotALogError, match="without names"):
        only(tmp_path)


@pytest.mark.parametrize("numbers", [np.arange(100), np.random.default_rng(0).integers(0, 10, 500)])
def test_a_list_of_whole_numbers_is_no_log(tmp_path: Path, numbers: np.ndarray) -> None:
    np.savetxt(tmp_path / "labels.txt", numbers, fmt="%d")
    assert not find([tmp_path]).jobs


@pytest.mark.parametrize("name", ["losses.json", "train_loss.txt"])
def test_a_bare_list_is_a_curve_where_the_file_is_named_after_a_loss(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps([*LOSS.tolist(), float("nan")]))
    run = only(tmp_path)
    assert run.axis == "row"
    (tag,) = run.tags(Role.TRAIN_LOSS)
    assert len(run.series[tag]) == 201
    assert any(w.code == "no-step" for w in run.warnings)


def test_a_bare_list_in_a_file_of_another_name_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text(json.dumps(LOSS.tolist()))
    assert not find([tmp_path]).jobs


def test_scores_that_rise_from_below_zero_are_no_loss(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    score = -2.0 + 40.0 * (1 - np.exp(-STEPS / 60)) + rng.standard_normal(200)
    rows = np.column_stack([STEPS, score, rng.integers(20, 500, 200), 1_755_339_958 + 7 * STEPS])
    np.savetxt(tmp_path / "results.csv", rows, delimiter=",", fmt=["%d", "%.4f", "%d", "%d"])
    with pytest.raises(NotALogError):
        only(tmp_path)


def printed(sizes: int, epochs: int) -> str:
    """The sizes of a network's cells, then what the training of it printed."""
    shapes = "".join(f"{48 * (1 + n % 4)} {192 * (1 + n % 2)} 48\n" for n in range(sizes))
    lines = [f"Epoch: [{n // 10}][{n % 10 * 10}/100]\tTime 0.4\tLoss {v:.4e}" for n, v in enumerate(falling(epochs))]
    return f"Use GPU: 4 for training\n{shapes}" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("sizes", [10, 300, 20_000])
def test_rows_of_numbers_ahead_of_what_a_training_printed_do_not_make_it_a_table(tmp_path: Path, sizes: int) -> None:
    (tmp_path / "log.txt").write_text(printed(sizes, 600))
    run = only(tmp_path)
    assert run.format == "text"
    (tag,) = run.tags(Role.TRAIN_LOSS)
    assert len(run.series[tag]) == 600


def test_a_file_whose_table_is_refused_is_shown_to_the_next_format(tmp_path: Path) -> None:
    path = tmp_path / "log.txt.gz"  # of which no one sees the end before it is read
    path.write_bytes(gzip.compress(printed(10_000, 600).encode(), mtime=0))
    (job,) = find([path]).jobs
    assert [source.format for source in job.sources] == ["csv"]
    (run,) = load(job)
    assert run.format == "text"
    assert len(run.series[run.tags(Role.TRAIN_LOSS)[0]]) == 600


def test_the_column_that_is_a_weighted_sum_of_some_others_is_the_loss(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    terms = np.round([LOSS * rng.uniform(0.8, 1.2, len(LOSS)) + rng.uniform(0, 0.1, len(LOSS)) for _ in range(3)], 6)
    beside = np.round([0.5 + 0.1 * rng.normal(size=len(LOSS)), LOSS + 0.2], 6)
    whole = terms[0] + 0.1 * terms[1] + terms[2]
    np.savetxt(tmp_path / "loss.out", np.c_[100 * STEPS, whole, *terms, *beside], fmt="%.6f")
    (choice,) = [c for c in only(tmp_path).roles if c.role is Role.TRAIN_LOSS]
    assert choice.tag == "column_2"


def test_a_first_number_far_above_all_others_hides_no_fall(tmp_path: Path) -> None:
    begun = LOSS.copy()
    begun[0] = 40.0 * LOSS.max()
    np.savetxt(tmp_path / "losses.txt", np.c_[begun, ACCURACY], delimiter="\t", fmt="%.6f")
    assert only(tmp_path).tags(Role.TRAIN_LOSS) == ("column_1",)


RATES = {
    "line": 1e-3 * (1 - np.arange(30) / 30),
    "exponential": 1e-3 * 0.97 ** np.arange(30),
    "cosine": 5e-4 * (1 + np.cos(np.pi * np.arange(30) / 31)),
    "steps": np.repeat([0.1, 0.01, 0.001], 10),
    "long steps": np.repeat([1.1e-4, 1.0e-4, 9.9e-5], [4, 20, 6]),
}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("digits", ["%.6f", "%.3e", "%.8g"])
@pytest.mark.parametrize("ahead", [True, False])
def test_a_rate_that_a_schedule_brings_down_is_no_loss(tmp_path: Path, rate: str, digits: str, ahead: bool) -> None:
    noise = np.random.default_rng(3).normal(0, 0.05, 30)
    columns = [0.5 + noise, RATES[rate]]
    table = np.c_[np.arange(1, 31), *(columns[::-1] if ahead else columns), 0.7 + noise[::-1]]
    np.savetxt(tmp_path / "log.txt", table, fmt=["%d", *([digits] * 3)])
    run = only(tmp_path)
    (tag,) = run.tags(Role.TRAIN_LOSS)
    np.testing.assert_allclose(run.series[tag].value, 0.5 + noise, atol=1e-3)


def test_a_loss_that_falls_without_noise_is_no_rate(tmp_path: Path) -> None:
    loss = 0.08 / (1 + np.arange(40) / 7) + 0.01
    np.savetxt(tmp_path / "log.txt", np.c_[np.arange(40), loss, 0.5 + 0.01 * np.sin(np.arange(40.0) ** 2)])
    run = only(tmp_path)
    (tag,) = run.tags(Role.TRAIN_LOSS)
    np.testing.assert_allclose(run.series[tag].value, loss)


def test_a_column_that_came_down_at_its_second_point_is_no_course_and_warns_of_nothing(
    recwarn: pytest.WarningsRecorder,
) -> None:
    value = np.array([9.0, 1.0, 1.2, 1.1, 1.3, 1.2, 1.4, 1.2, 1.3, 1.5])
    assert not unnamed._falls(value)
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


@pytest.mark.parametrize("points", [12, 200])
@pytest.mark.parametrize("columns", [1, 2])
def test_a_column_that_rises_from_its_first_point_and_levels_off_is_no_loss(
    tmp_path: Path, points: int, columns: int
) -> None:
    at = np.arange(points)
    accuracy = 84.0 - 35.0 * np.exp(-6.0 * at / points) + np.random.default_rng(1).normal(0.0, 0.3, points)
    flat = np.random.default_rng(2).normal(1.0, 0.1, points)
    np.savetxt(tmp_path / "progress.csv", np.c_[at + 1, accuracy, flat][:, : 1 + columns], delimiter=",", fmt="%.4f")
    with contextlib.suppress(NotALogError):
        assert only(tmp_path).tags(Role.TRAIN_LOSS) != ("column_2",)


@pytest.mark.parametrize("late", [0.0, 0.2, 0.5])
def test_a_column_that_rises_after_a_while_or_without_an_end_may_be_the_loss(tmp_path: Path, late: float) -> None:
    way = np.clip(np.linspace(-late, 1.0 - late, 200), 0.0, None)
    rising = 1.0 + (way**2 if late == 0.0 else way > 0.0) + np.random.default_rng(3).normal(0.0, 0.05, 200)
    np.savetxt(tmp_path / "log.csv", np.c_[10 * STEPS, rising], delimiter=",", fmt="%.6g")
    assert only(tmp_path).tags(Role.TRAIN_LOSS) == ("column_2",)


def test_a_few_values_far_above_all_others_hide_no_fall(tmp_path: Path) -> None:
    loss = 0.28 * np.exp(-np.arange(4000) / 700.0) * np.random.default_rng(4).uniform(0.5, 1.5, 4000)
    loss[[2, 5, 11, 17, 26]] = 1.0, 6.0, 3.0, 2.0, 4.0
    np.savetxt(tmp_path / "table.txt", np.c_[np.arange(4000) // 400, np.arange(4000) % 400, loss], delimiter=",")
    assert only(tmp_path).tags(Role.TRAIN_LOSS) == ("column_3",)


def test_a_terminal_that_was_switched_before_the_first_row_hides_no_table(tmp_path: Path) -> None:
    rows = "".join(f"{0.002 * i:.6f}\t{loss:.5f}\n" for i, loss in enumerate(LOSS))
    (tmp_path / "slurm.out").write_text("\x1b[?1034h" + rows)
    assert only(tmp_path).tags(Role.TRAIN_LOSS) == ("column_2",)


def test_noise_on_one_level_levels_nothing_off() -> None:
    for seed in range(20):
        flat = np.random.default_rng(seed).normal(1.79, 0.03, 750).round(2)
        assert not levels_off(flat)
