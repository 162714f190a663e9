"""The last values that W&B prints when a run ends are no points."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.parsers.printed.summary import without_best_model, without_summary
from tests.parsers.printing import falling, printed

HISTORY = "{w}: \n{w}: Run history:\n{w}: global_step ▁▂▃▄▅▆▇█\n{w}:        loss █▅▃▂▁▁▁▁\n{w}: \n"
SUMMARY = "{w}: Run summary:\n{w}: global_step 61118\n{w}:        loss 8736.9\n{w}:  grad norm 0.5\n{w}: \n"
COURSE = [
    "step={n} loss={v}",
    "train: {n}%|##| {n}/40 [00:37<40:34, 1.2s/it][step={n}] episode={n}.0 global_step={m}.0 loss={v}",
    "step {n} loss {v}",
]


@pytest.mark.parametrize("name", ["wandb", "\x1b[34m\x1b[1mwandb\x1b[0m", "[rank0]: wandb"])
@pytest.mark.parametrize("line", COURSE)
def test_a_printed_summary_of_another_count_is_no_point(line: str, name: str, tmp_path: Path) -> None:
    text = "".join(line.format(n=n, m=30 * n, v=falling(n)) + "\n" for n in range(1, 41))

    log = printed(tmp_path, text + (HISTORY + SUMMARY).format(w=name))

    (loss,) = (series for tag, series in log.series.items() if tag == "loss")
    assert loss.step.tolist() == list(range(1, 41))
    assert loss.value.tolist() == [falling(n) for n in range(1, 41)]


@pytest.mark.parametrize(
    "line",
    [
        "wandb: \tlr: 0.01",
        "wandb: step 3 loss 0.5",
        "wandb: loss: 0.5",
        "see wandb.ai/a/b loss 0.5",
        "wandb: {'loss': 0.5}",
    ],
)
def test_lines_of_a_program_that_speak_of_wandb_are_left_alone(line: str) -> None:
    assert without_summary([line]) == [line]


def test_what_the_best_model_measured_is_no_job_that_was_started_again(tmp_path: Path) -> None:
    text = "Step      Train loss    Test loss     Test metric\n"
    text += "".join(f"{1000 * i:<10}[{5.47 if i < 2 else 'nan'}]    [6.44]    [1.0]\n" for i in range(6))
    told = "\nBest model at step 0:\n  train loss: 5.47e+00\n  test loss: 6.44e+00\n  test metric: [1.00e+00]\n"
    series = printed(tmp_path, text + told).series
    assert series["train loss"].step.tolist() == [1000 * i for i in range(6)]
    assert "\n" * 5 in without_best_model(text + told)
