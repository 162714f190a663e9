"""How evaluations moved, and how many of their answers were right."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes.facts.signals import Validation
from losslens.model import Role, Sign, Verdict
from tests.causes import make_runs as m


def led(val: m.Values, at: int = 30, train: m.Values | None = None, **scores: m.Values) -> m.Made:
    falling = m.learning(val.size, 2.0, 0.1) if train is None else train
    others = {("train/loss", Role.TRAIN_LOSS): falling}
    others |= {(tag, Role.VAL_ACCURACY): value for tag, value in scores.items()}
    return m.made(val, Verdict.OVERFIT, at, others=others, tag="val/loss", role=Role.VAL_LOSS)


def seen(run: m.Made) -> Validation:
    facts = run.facts().validation
    assert facts is not None
    return facts


def said(run: m.Made, cause: str, name: str) -> str:
    return next((s.text for s in m.tried(run.facts(), cause) if isinstance(s, Sign) and s.name == name), "")


def test_a_step_is_told_between_the_two_evaluations_that_made_it() -> None:
    val = np.concatenate([np.geomspace(2.0, 0.157, 20), np.geomspace(24.1, 30.0, 20)])
    assert seen(led(val, 20)).stepped == (0.157, 24.1)
    text = said(led(val, 20), "train-eval-mismatch", "validation-jumped")
    assert "150× from one evaluation to the next (0.157 to 24.1), of 190×" in text


def test_moves_of_a_few_per_cent_are_told_in_per_cent() -> None:
    val = np.concatenate([np.geomspace(1.0, 0.5, 20), np.geomspace(0.5, 0.59, 20)])
    text = said(led(val, 20), "overfitting", "validation-climbs-gradually")
    assert "rose 17 % by small moves, never more than 0.87 % from one" in text
    assert "1× " not in text


def test_single_evaluations_that_jump_about_are_no_small_moves() -> None:
    val = np.concatenate([np.geomspace(1.0, 0.5, 30), np.geomspace(0.5, 0.9, 30)])
    val[35::7] *= 1.6
    text = said(led(val, 30), "overfitting", "validation-climbs-gradually")
    assert text.endswith("little by little")


def test_the_best_accuracy_is_not_below_the_last() -> None:
    rising = np.concatenate([np.linspace(0.3, 0.6, 39), [0.65]])
    accuracy = seen(led(m.learning(40), accuracy=rising)).accuracy
    assert accuracy is not None
    assert accuracy[1] >= accuracy[2]


@pytest.mark.parametrize(("tag", "score"), [("val_acc", None), ("val/top-1", None), ("val/Bleu_1", "val/Bleu_1")])
def test_a_score_that_is_no_share_of_right_answers_is_told_by_its_name(tag: str, score: str | None) -> None:
    fell = np.concatenate([np.linspace(5.0, 20.0, 30), np.full(30, 8.0)])
    val = np.concatenate([np.geomspace(2.0, 0.5, 30), np.geomspace(0.6, 2.0, 30)])
    run = led(val, 30, **{tag: fell})
    assert seen(run).score == score
    text = said(run, "overfitting", "held-out-accuracy-lost")
    assert text.startswith("the accuracy on held-out data fell" if score is None else "val/Bleu_1 fell")
    flat = led(np.geomspace(1.0, 3.0, 60), 5, **{tag: np.full(60, 19.0)})
    assert bool(said(flat, "overfitting", "held-out-accuracy-never-rose")) is (score is None)


def test_of_several_scores_the_accuracy_is_taken_and_one_that_was_not_computed_says_nothing() -> None:
    bleu = np.where(np.arange(60) % 5 == 0, 19.0, 0.0)
    assert seen(led(m.learning(60), bleu=bleu)).accuracy is None
    both = seen(led(m.learning(60), bleu=bleu, acc=np.full(60, 0.7)))
    assert both.accuracy == (0.7, 0.7, 0.7)
    assert both.score is None


def test_an_accuracy_that_rose_by_a_point_is_not_told_as_one_that_never_did() -> None:
    val = np.geomspace(1.0, 3.0, 60)
    for last, word in ((0.303, "never rose"), (0.31, "hardly rose"), (0.35, "hardly rose"), (0.5, "")):
        text = said(led(val, 5, accuracy=np.linspace(0.3, last, 60)), "overfitting", "held-out-accuracy-never-rose")
        assert word in text
        assert bool(text) is bool(word)


@pytest.mark.parametrize(
    ("end", "words"),
    [(1.02, "stayed where it began"), (1.15, "ended 15 % higher than its first"), (4.5, "ended 4.5× its first")],
)
def test_validation_stayed_where_it_began_only_where_it_did(end: float, words: str) -> None:
    val = np.concatenate([[1.0], np.full(9, 0.95), np.full(50, end)])
    assert words in said(led(val, 10), "label-noise", "memorised-not-learned")


def test_a_first_evaluation_that_was_best_is_told_once() -> None:
    val = np.linspace(4.211, 5.4, 50)
    text = said(led(val, 1), "label-noise", "validation-never-good")
    assert text == "val/loss was never better than at its first evaluation (4.211)"


@pytest.mark.parametrize("best", [0.6, 0.78, 0.82, 0.9])
def test_one_fact_does_not_speak_for_wrong_labels_and_against_them(best: float) -> None:
    val = np.concatenate([np.linspace(1.0, best, 30), np.linspace(best, 1.2, 30)])
    run = led(val, 30, np.linspace(2.0, 0.2, 60))
    names = {"validation-never-good", "memorised-not-learned"} & m.names(run, "label-noise", +1)
    against = {"validation-had-been-good"} & m.names(run, "label-noise", -1)
    assert not (names and against)


def test_validation_that_leapt_does_not_climb_by_and_by() -> None:
    val = np.concatenate([np.full(30, 0.157), [1.0, 24.0], np.geomspace(24.1, 40.0, 28)])
    alone = m.made(val, Verdict.EXPLODED, 30, tag="val/loss", role=Role.VAL_LOSS)
    assert not {"validation-alone", "validation-jumped"} <= m.names(alone, "overfitting", +1) | m.names(
        alone, "overfitting", -1
    )


def test_a_training_loss_that_rose_did_not_stay_on_its_course() -> None:
    val = np.concatenate([np.geomspace(1.0, 0.5, 30), np.geomspace(0.5, 2.0, 30)])
    train = np.concatenate([np.full(30, 128.7), np.geomspace(128.7, 151.7, 30)])
    text = said(led(val, 30, train), "overfitting", "only-validation")
    assert "stayed on its course" not in text
    assert text.startswith("train/loss rose ")
