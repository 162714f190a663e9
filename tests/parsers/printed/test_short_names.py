"""Printed lines of programs that people write themselves: short names, counts without a word, norms between bars."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from losslens.model import Log, Role
from losslens.parsers import parse, recognise
from losslens.roles import assign
from tests.parsers.printing import falling, printed

LINES = 30


def loss(n: int) -> float:
    return round(0.5 + 2.0 * 0.9**n, 4)


def read(tmp_path: Path, line: Callable[[int], str], *, lines: int = LINES, head: str = "") -> Log:
    path = tmp_path / "train.log"
    path.write_text(head + "".join(f"{line(n)}\n" for n in range(lines)))
    assert recognise(path) == "text"
    (log,) = parse(path)
    return log


COUNTED: dict[str, Callable[[int], str]] = {
    "a share of the whole": lambda n: f"[{n * 100 // 40:3d}%] {n * 5:5d}/200  loss {loss(n)}",
    "numbers in brackets": lambda n: f"{n * 5} [D loss: {loss(n)}] [G loss: 1.1, acc: 0.5]",
    "cells between bars": lambda n: f"| {n * 5:6d} | 2.0e-03 | loss {loss(n)} | ppl 22.1 |",
    "an update": lambda n: f"upd {n * 5:4d} | nll {loss(n)} | tok-acc 0.2 | |g| 0.71",
    "a transition": lambda n: f"transition {n * 5} mean_sq_error {loss(n)} max|V| 12",
    "any word": lambda n: f"draw {n * 5} | nll {loss(n)}",
    "nothing but a colon": lambda n: f"{n * 5}: {loss(n)} (|g|=3.1)",
}


@pytest.mark.parametrize("name", COUNTED)
def test_the_first_whole_number_of_a_line_that_goes_up_is_the_step(name: str, tmp_path: Path) -> None:
    log = read(tmp_path, COUNTED[name])
    (course,) = [s for s in log.series.values() if s.value.size == LINES and s.value[3] == loss(3)]
    assert course.axis == "step"
    assert course.step.tolist() == [5 * n for n in range(LINES)]


def test_a_word_before_a_number_that_does_not_go_up_counts_nothing(tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"member {n % 3} | loss {loss(n)}")
    assert log.series["loss"].axis == "row"


@pytest.mark.parametrize("size", ["|g| 0.5", "|grad| = 0.5", "(||g||=0.5)", "|∇L| 0.5"])
@pytest.mark.parametrize("mark", [" | ", " · ", "  "])
def test_the_size_of_a_gradient_between_bars_is_read_behind_any_mark(mark: str, size: str, tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"it {n}{mark}loss {loss(n)}{mark}{size}")
    name = "|" + size.strip("(").split("|")[1 if size[1] != "|" else 2] + "|"
    assert any(name in tag and np.all(series.value == 0.5) for tag, series in log.series.items())


def test_a_likelihood_with_a_minus_sign_is_what_is_minimised(tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"  iter {n:3d}   -logL/n = {loss(n)}   |grad| = 1.7e-01")
    assert log.series["-logL/n"].value[3] == loss(3)
    assert log.series["|grad|"].value[3] == 0.17


def test_a_cost_that_is_said_to_be_a_mean_is_read(tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"gen {n:03d}  cost(mean) {loss(n)}  pop best 0.5667  pop mean 0.6251")
    assert log.series["cost"].value[3] == loss(3)
    assert log.series["cost"].axis == "generation"


def test_a_divergence_is_read_under_its_name(tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"iteration: {n}, beta divergence: {loss(n)}")
    assert log.series["beta divergence"].value[3] == loss(3)


@pytest.mark.parametrize("written", ["eta={:.3e}", "η = {:.3e}"])
def test_the_letter_of_the_learning_rate_is_read(written: str, tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"[{n:6d}] xent={loss(n)} {written.format(2e-3 * 0.9**n)}")
    (rate,) = [s for tag, s in log.series.items() if tag in ("eta", "η")]
    assert rate.value[0] == 2e-3


@pytest.mark.parametrize("left", ["eta=0:12:01", "eta: 35s", "eta: 12"])
def test_what_is_left_of_the_time_is_not(left: str, tmp_path: Path) -> None:
    assert "eta" not in read(tmp_path, lambda n: f"[{n:6d}] xent={loss(n)} {left}").series


def test_the_rate_of_word2vec_is_read(tmp_path: Path) -> None:
    log = read(
        tmp_path,
        lambda n: (
            f"2026-02-03 08:11:01,311 : INFO : EPOCH 0 - PROGRESS: at {n}.00% examples, 88017 words/s, in_qsize 0,"
            f" out_qsize 0, alpha {0.2 - 0.001 * n:.5f}, loss {loss(n)}"
        ),
    )
    assert log.series["alpha"].value[10] == 0.19


def test_what_the_validation_of_scikit_learn_scored_stands_at_the_iteration(tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"Iteration {n + 1}, loss = {loss(n)}\nValidation score: {0.1 + 0.01 * n:.6f}")
    assert log.series["Validation score"].step.tolist() == list(range(1, LINES + 1))


def test_every_name_of_a_block_of_julia_is_kept(tmp_path: Path) -> None:
    log = read(
        tmp_path,
        lambda n: f"┌ Info: step {n * 8}\n│   train_loss = {loss(n)}\n│   gnorm = 7.5\n│   η = 1.0e-3\n└   beta = 0.25",
    )
    assert log.series.keys() == {"train_loss", "gnorm", "η", "beta"}
    assert log.series["gnorm"].step.tolist() == [8 * n for n in range(LINES)]


def test_a_block_of_julia_that_holds_words_stays_as_it_is(tmp_path: Path) -> None:
    text = "┌ Info: the data\n│ is read from disk\n└ @ Main train.jl:12\n"
    log = read(tmp_path, lambda n: f"step {n} loss {loss(n)}", head=text)
    assert log.series.keys() == {"loss"}


def test_the_table_of_variational_inference_in_stan_is_a_loss_that_falls(tmp_path: Path) -> None:
    head = "Chain 1: Begin stochastic gradient ascent.\nChain 1:   iter      ELBO   delta_ELBO_mean   delta_ELBO_med\n"
    log = read(tmp_path, lambda n: f"Chain 1:   {n * 100:4d}     -{100 * loss(n):.3f}     0.986     0.986", head=head)
    (course,) = log.series.values()
    assert course.step[3] == 300
    assert course.value[3] == pytest.approx(100 * loss(3), abs=1e-3)


def test_the_lines_of_a_classifier_of_darknet_are_read(tmp_path: Path) -> None:
    log = read(
        tmp_path,
        lambda n: (
            f"{n * 4 + 1}, {n * 0.085 + 0.021:.3f}: {loss(n)}, {loss(n)} avg, 0.020000 rate, 0.012000 seconds,"
            f" {32 * n} images"
        ),
    )
    assert log.series["loss"].step.tolist() == [4 * n + 1 for n in range(LINES)]
    assert log.series["learning_rate"].value[0] == 0.02


def test_a_drawn_table_may_have_two_columns(tmp_path: Path) -> None:
    head = "┏━━━━━━━━┳━━━━━━━━━┓\n┃  step  ┃   loss  ┃\n┡━━━━━━━━╇━━━━━━━━━┩\n"
    log = read(tmp_path, lambda n: f"│ {5 * n:6d} │ {loss(n):7.4f} │", head=head)
    assert log.series.keys() == {"loss"}
    assert log.series["loss"].step.tolist() == [5 * n for n in range(LINES)]


def test_the_bare_name_of_other_data_behind_a_number_of_the_training_is_the_same_number(tmp_path: Path) -> None:
    log = read(
        tmp_path,
        lambda n: f"=== EPOCH {n}/100 ===\nloss train: {loss(n)}  eval: {loss(n) + 1}\nacc train: 0.5  eval: 0.{n + 1}",
    )
    assert log.series["eval loss"].value.tolist() == [loss(n) + 1 for n in range(LINES)]
    assert log.series["eval acc"].value[-1] == float(f"0.{LINES}")


def test_a_split_alone_behind_a_training_loss_is_that_of_the_split(tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"Epoch {n}, train loss: {loss(n)}, val: {loss(n) + 1}")
    assert log.series.keys() == {"train loss", "val loss"}
    assert log.series["val loss"].value.tolist() == [loss(n) + 1 for n in range(LINES)]


STRAY = ["Test MSE: 0.013", "rmse: 0.5", "relative L2 error: 0.013", "Final loss: 0.013"]


@pytest.mark.parametrize("stray", STRAY)
def test_one_line_that_names_a_loss_takes_no_course_under_other_names_away(stray: str, tmp_path: Path) -> None:
    line = "[Adam] ep={:5d}  total={:.3e}  PDE={:.3e}".format
    log = read(tmp_path, lambda n: line(20 * n, loss(n), 0.4 * loss(n)) if n < LINES else stray, lines=LINES + 1)
    assert log.series["total"].step.tolist() == list(range(0, 20 * LINES, 20))
    (lead,) = (choice for choice in assign(log.series) if choice.role is Role.TRAIN_LOSS)
    assert lead.tag == "total"


def test_a_loss_that_is_printed_as_often_as_other_numbers_is_the_course(tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"iter {n} J={3 * loss(n):.4f}\nloss: {loss(n)}")
    assert list(log.series) == ["loss"]


QUOTED = ["    return call(*args)", "    import missing", "    for batch in loader:"]


@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize("above", ['  File "/a/x.py", line 3, in <module>', "/a/x.py:3: UserWarning: slow"])
def test_a_program_that_is_quoted_hides_no_course_under_short_names(above: str, quoted: str, tmp_path: Path) -> None:
    end = f"Traceback (most recent call last):\n{above}\n{quoted}\nRuntimeError: bad"
    log = read(tmp_path, lambda n: f"ep={20 * n} L={loss(n)} PDE={0.4 * loss(n):.4f}" if n < LINES else end, lines=31)
    assert len(log.series["L"].step) == LINES


@pytest.mark.parametrize("word", ["nan", "-nan", "inf", "NaN"])
@pytest.mark.parametrize("names", ["train val", "D G", "rec err", "policy value", "L_D L_G"])
@pytest.mark.parametrize("place", ["epoch {}", "{}", "[{}]", "step {}:"])
def test_a_number_that_is_none_is_no_part_of_the_name_behind_it(
    tmp_path: Path, place: str, names: str, word: str
) -> None:
    first, second = names.split()
    lines = [(falling(i), falling(i) + 0.5) if i < 20 else (word, word) for i in range(26)]
    text = "".join(f"{place.format(i)} {first} {a} {second} {b}\n" for i, (a, b) in enumerate(lines, 1))
    series = printed(tmp_path, text).series
    assert {tag.removesuffix(" loss") for tag in series} == {first, second}
    for one in series.values():
        assert one.value.size == 26
        assert not np.isfinite(one.value[20:]).any()
