"""Lines that write their names and numbers in signs of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens.parsers.printed.respelled import respelled
from tests.parsers.printing import falling, printed

LOSSES = np.array([falling(i) for i in range(30)])


def test_a_dash_below_may_stand_between_names_and_numbers(tmp_path: Path) -> None:
    text = "".join(f"step_{78540 + 20 * i}:\tloss_{-falling(i):.9f}\n" for i in range(30))
    loss = printed(tmp_path, text).series["loss"]
    np.testing.assert_array_equal(loss.step, 78540 + 20 * np.arange(30))
    np.testing.assert_allclose(loss.value, -LOSSES)


@pytest.mark.parametrize("place", ["epoch3-batch-{}", "epoch 3 batch {}", "epoch 3, batch {}"])
@pytest.mark.parametrize("of", ["of", "at"])
def test_epoch_and_batch_may_stand_in_the_name_of_a_loss(tmp_path: Path, of: str, place: str) -> None:
    text = "".join(f"The train loss {of} {place.format(50 * i)}:{falling(i)}\n" for i in range(30))
    loss = printed(tmp_path, text).series["train loss"]
    np.testing.assert_array_equal(loss.step, 50 * np.arange(30))
    np.testing.assert_allclose(loss.value, LOSSES)


def test_what_stands_between_its_extremes_is_the_loss(tmp_path: Path) -> None:
    line = "train: iter: {0:5d}, loss min|avg|max: {1:.3f}|{2}| {3:.3f}, batch-p@3: 16.15%, ETA: 2:26:17 (0.35s/it)\n"
    text = "".join(line.format(30 + i, falling(i) / 2, falling(i), 2 * falling(i)) for i in range(30))
    series = printed(tmp_path, text).series
    np.testing.assert_allclose(series["loss"].value, LOSSES)
    np.testing.assert_allclose(series["loss max"].value, 2 * LOSSES, atol=1e-3)


def test_counts_behind_one_name_on_one_line_say_which_loss_it_is(tmp_path: Path) -> None:
    text = "".join(f"step {i} Loss 1: {falling(i)}, Loss 2: {falling(i) + 1}\n" for i in range(30))
    series = printed(tmp_path, text).series
    np.testing.assert_allclose(series["Loss_1"].value, LOSSES)
    np.testing.assert_allclose(series["Loss_2"].value, LOSSES + 1)


def test_vse_calls_its_loss_by_two_letters(tmp_path: Path) -> None:
    line = "Epoch: [5][{0}/2266]\tEit {0}  lr 0.0002  Le {1} ({1})\tTime 0.900 (0.000)\tData 0.039 (0.000)\n"
    text = "".join(line.format(100 * i, falling(i)) for i in range(20))
    np.testing.assert_allclose(printed(tmp_path, text).series["Le loss"].value, LOSSES[:20])


def test_lerobot_counts_episodes_beside_the_passes_over_its_data(tmp_path: Path) -> None:
    line = (
        "INFO 2025-11-17 22:07:40 ot_train.py:351 step:{0} smpl:6K ep:{1} epch:{2:.2f} loss:{3} grdn:0.6 lr:2.5e-05\n"
    )
    text = "".join(line.format(200 * i, 9 * i, 0.03 * i, falling(i)) for i in range(30))
    series = printed(tmp_path, text).series
    np.testing.assert_allclose(series["epoch"].value, 0.03 * np.arange(30))
    np.testing.assert_allclose(series["episodes"].value, 9 * np.arange(30))


@pytest.mark.parametrize(
    "line",
    [
        "step 5 loss 0.5 min_lr 0.1",
        "time min/max: 0.5",
        "model_2 step_1: saved",
        "Loss 1: 0.53",
        "train loss 7 0.53, val loss 7 0.61",
    ],
)
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert respelled(line) == line


@pytest.mark.parametrize("name", ["Loss Change:", "loss change", "loss changed:"])
def test_the_loss_ahead_of_an_update_and_behind_it_is_the_loss(tmp_path: Path, name: str) -> None:
    text = "".join(f"step {i} {name} {falling(i)} -> {0.9 * falling(i):.4f}\n" for i in range(30))
    loss = printed(tmp_path, text + "final_loss: 0.0812\n").series["Loss" if "Loss" in name else "loss"]
    np.testing.assert_allclose(loss.value, LOSSES)


def test_what_lda_says_of_its_perplexity_is_read(tmp_path: Path) -> None:
    line = "2026-11-22 20:31:{0:02d},060:INFO:-6.884 per-word bound, {1} perplexity estimate based on a held-out corpus"
    text = "".join(f"{line.format(i, falling(i))} of 200 documents with 8000 words\n" for i in range(30))
    np.testing.assert_allclose(printed(tmp_path, text).series["perplexity"].value, LOSSES)


@pytest.mark.parametrize("more", ["", "act 9.0e+02 pre 8.0e+02 delta 1.0e+00 "])
def test_the_iterations_of_liblinear_are_read(tmp_path: Path, more: str) -> None:
    text = "".join(f"iter {i:2d} {more}f {falling(i):.3e} |g| 3.291e+02 CG   2\n" for i in range(30))
    series = printed(tmp_path, text).series
    np.testing.assert_array_equal(series["objective"].step, np.arange(30))
    np.testing.assert_allclose(series["objective"].value, LOSSES, rtol=1e-3)
    assert series["|g|"].value[0] == 329.1


def test_pairs_as_python_writes_them_are_names_and_numbers(tmp_path: Path) -> None:
    """PFRL's statistics."""
    text = "".join(
        f"INFO:pfrl:statistics:[('average_q', nan), ('average_loss', {falling(i)}), ('cumulative_steps', {10 * i})]\n"
        for i in range(30)
    )
    loss = printed(tmp_path, text).series["average_loss"]
    np.testing.assert_array_equal(loss.step, 10 * np.arange(30))
    np.testing.assert_allclose(loss.value, LOSSES)


def test_the_trees_of_ydf_are_steps(tmp_path: Path) -> None:
    trees = [1, 2, 3, 50, 100, 200]
    text = "".join(f"Train tree {n}/200 train-loss:{falling(n)} valid-loss:{falling(n)} [total:0.01s]\n" for n in trees)
    assert printed(tmp_path, text).series["train-loss"].step.tolist() == trees


@pytest.mark.parametrize("line", ["train_batch_loss[ {} ]:  {}", "loss[ {}]: {}", "D_loss[ {} ] = {}"])
def test_a_step_in_brackets_behind_the_name_may_have_blanks(tmp_path: Path, line: str) -> None:
    said = [*map(falling, range(20)), *["nan"] * 5]
    log = printed(tmp_path, "".join(f"{line.format(10 * i, x)}\n" for i, x in enumerate(said)))
    (series,) = log.series.values()
    np.testing.assert_array_equal(series.value, np.array(said, dtype=float))
    np.testing.assert_array_equal(series.step, 10 * np.arange(25))


def test_the_divergence_of_an_embedding_is_read(tmp_path: Path) -> None:
    """openTSNE and FIt-SNE."""
    lines = [f"Iteration {50 * i:4d}, KL divergence {falling(i):7.4f}, 50 iterations in 2.1725 sec" for i in range(30)]
    series = printed(tmp_path, "TSNE(dof=1, verbose=True)\n" + "\n".join(lines) + "\n").series["KL divergence"]
    np.testing.assert_allclose(series.value, LOSSES)
    np.testing.assert_array_equal(series.step, 50 * np.arange(30))


def test_of_a_bar_that_counts_updates_the_batches_ahead_of_it_are_the_steps(tmp_path: Path) -> None:
    line = "Training Epoch: 1/3, step {n}/36 completed (loss: {v}):  33%|███▎      | {u}/9 [03:17<06:31, 65.28s/it]\n"
    text = "".join(line.format(n=i, v=falling(i), u=i // 4) for i in range(30))
    loss = printed(tmp_path, text).series["loss"]
    np.testing.assert_array_equal(loss.step, np.arange(30))
    np.testing.assert_allclose(loss.value, LOSSES)


def test_of_a_loss_ahead_of_an_update_and_behind_it_the_later_counts(tmp_path: Path) -> None:
    lines = [f"Epoch: {i} loss: {1 + falling(i)} -> {falling(i)} accuracy: 48.70% -> 30.98%\n" for i in range(30)]
    series = printed(tmp_path, "".join(lines)).series
    np.testing.assert_allclose(series["loss"].value, LOSSES)
    np.testing.assert_allclose(series["loss before"].value, 1 + LOSSES)
    assert set(series["accuracy"].value.tolist()) == {30.98}


def test_a_name_may_stand_between_rules(tmp_path: Path) -> None:
    text = "".join(
        f"-------loss-------:  tensor({falling(i)}, device='cuda:3', dtype=torch.float16)\n" for i in range(30)
    )
    np.testing.assert_allclose(printed(tmp_path, text).series["loss"].value, LOSSES)


def test_a_count_in_brackets_behind_the_process_is_the_step(tmp_path: Path) -> None:
    told = "[proc {p}][Train]({n}/40000) average loss: {v}\n[proc {p}][Train] 1000 steps take 11.7 seconds\n"
    text = "".join(told.format(p=p, n=1000 * i, v=falling(i) + p) for i in range(1, 30) for p in range(2))
    loss = printed(tmp_path, text).series["average loss"]
    np.testing.assert_array_equal(loss.step, 1000 * np.arange(1, 30))
    np.testing.assert_allclose(loss.value, LOSSES[1:])


@pytest.mark.parametrize(
    "line",
    [
        "('Epoch:', {i}, ' loss: ', {v})",
        "('epoch', {i}, 'loss', {v})",
        "After {i} training step(s), loss on training batch is {v}.",
        "After {i} iterations, the training loss is {v}",
        "Loss after {i} steps: {v}",
        "Epoch-{i}: Train loss {v}; dev F1 60.2",
        "{i} tensor({v}, device='cuda:0', grad_fn=<AddBackward0>)",
    ],
)
def test_a_count_and_a_loss_as_they_are_printed_by_hand(line: str, tmp_path: Path) -> None:
    text = "".join(line.format(i=i, v=falling(i)) + "\n" for i in range(30))
    (loss,) = (one for tag, one in printed(tmp_path, text).series.items() if "loss" in tag.lower())
    np.testing.assert_array_equal(loss.step, np.arange(30))
    np.testing.assert_allclose(loss.value, LOSSES)


@pytest.mark.parametrize("line", ["(0.5, 0.25)", "('a', 'b', x)", "After 3 days it is 5", "saved epoch-10.pth"])
def test_what_only_looks_like_one_of_them_stays(line: str) -> None:
    assert respelled(line) == line
