"""What Kaldi keeps of a training: a file an iteration, the report of its plots, the lines of its first scheduler.

Written from memory of what ``nnet-diagnostics.cc``, ``steps/nnet3/report/generate_plots.py`` and
``steps/nnet/train_scheduler.sh`` print, not held against a real file.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from losslens import parsers

LOSS = [round(0.5 + 2 * 0.8**n, 4) for n in range(12)]
TOLD = "LOG (nnet3-compute-prob[5.1]:PrintTotalStats():nnet-diagnostics.cc:164) Overall "


def write(folder: Path, told: str, n: int, split: str) -> None:
    text = f"# nnet3-compute-prob exp/{n}.raw\n# Started at Mon May  1 10:00:00 UTC 2017\n{told}\n# Ended (code 0)\n"
    (folder / f"compute_prob_{split}.{n}.log").write_text(text)


@pytest.mark.parametrize("told", ["{}", "-0.5 + -0.01 = {}"])
def test_a_file_an_iteration_is_a_point(told: str, tmp_path: Path) -> None:
    for n, loss in enumerate(LOSS):
        for split, number in (("train", -loss), ("valid", -loss - 0.1)):
            what = f"{TOLD}log-likelihood for 'output' is {told.format(f'{number:.4f}')} per frame, over 20000 frames."
            accuracy = f"{TOLD}accuracy for 'output' is 0.61 per frame, over 20000 frames."
            write(tmp_path, f"{what}\n{accuracy}", n, split)
    (tmp_path / "train.0.1.log").write_text("LOG something\n")
    names = sorted(entry.name for entry in tmp_path.iterdir())
    assert parsers.claim_folder(tmp_path, names) == "kaldi"
    assert parsers.left_by("kaldi", tmp_path, names) == {"train.0.1.log"}
    (log,) = parsers.parse(tmp_path)
    course = log.series["train/output loss (objective, negated)"]
    assert (course.axis, course.step.tolist(), course.value.tolist()) == ("iteration", list(range(12)), LOSS)
    assert set(log.series["valid/output accuracy"].value) == {0.61}


def test_jobs_that_failed_are_counted_and_a_nan_is_a_point(tmp_path: Path) -> None:
    for n in range(4):
        number = "nan" if n == 3 else f"{-LOSS[n]:.4f}"
        told = (
            "ERROR out of memory"
            if n == 1
            else f"{TOLD}log-likelihood for 'output' is {number} per frame, over 9 frames."
        )
        write(tmp_path, told, n, "train")
    (log,) = parsers.parse(tmp_path, "kaldi")
    (course,) = log.series.values()
    assert course.step.tolist() == [0, 2, 3]
    assert math.isnan(course.value[2])
    assert "1 of 4 files" in log.warnings[0].text


def test_what_the_report_brings_up_is_read_with_its_sign_turned(tmp_path: Path) -> None:
    path = tmp_path / "accuracy.report"
    rows = "".join(f"{n}\t10.0\t{-loss:.4f}\t{-loss - 0.1:.4f}\t0.1\n" for n, loss in enumerate(LOSS))
    path.write_text("%Iter\tduration\ttrain_objective\tvalid_objective\tdifference\n" + rows)
    (log,) = parsers.parse(path)
    assert log.series["train loss (objective, negated)"].value.tolist() == LOSS


def test_a_line_of_the_scheduler_has_both_losses(tmp_path: Path) -> None:
    text = "CROSSVAL PRERUN AVG.LOSS 8.4100 (Xent),\n"
    for n, loss in enumerate(LOSS, 1):
        text += f"ITERATION {n:02d}: TRAIN AVG.LOSS {loss:.4f}, (lrate0.008), CROSSVAL AVG.LOSS {loss + 0.1:.4f}, "
        text += f"nnet accepted (nnet_iter{n:02d}_learnrate0.008_tr{loss:.4f}_cv{loss + 0.1:.4f})\n"
    (tmp_path / "train_nnet.log").write_text(text)
    (log,) = parsers.parse(tmp_path / "train_nnet.log")
    assert log.series["train loss"].value.tolist() == LOSS
    assert log.series["train loss"].step.tolist() == list(range(1, 13))
    assert log.series["val loss"].value.size == 12
