"""Lines with several statistics of one thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.model import Role
from losslens.parsers.printed.statistics import with_its_name
from losslens.roles import assign
from tests.parsers.printing import falling, printed


def test_statistics_behind_an_arrow_bear_the_name_ahead_of_it(tmp_path: Path) -> None:
    text = "".join(
        f"Update: {i}\n    Loss:  {falling(i)}, A: -3.2e-05\n\n"
        f"    Rewards          => Avg:  {i}.5, Min:  0.1, Max:  99.0\n"
        "    Values           => Avg:  0.0e+00, Min:  0.0e+00\n    Returns => Avg: 8.1e-05, σ: 1.0\n\n    FPS: 26861\n"
        for i in range(1, 30)
    )
    log = printed(tmp_path, text)
    assert log.series["Rewards_avg"].value.tolist() == [i + 0.5 for i in range(1, 30)]
    assert log.series["Rewards_avg"].step.tolist() == list(range(1, 30))
    roles = {choice.tag: choice.role for choice in assign(log.series)}
    assert roles["Rewards_avg"] is Role.REWARD
    assert roles["Loss"] is Role.TRAIN_LOSS


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Reward -> mean: 1.5, std: 0.2", "Reward_mean: 1.5, Reward_std: 0.2"),
        ("val loss => avg = 0.5 | max = 0.9", "val_loss_avg: 0.5, val_loss_max: 0.9"),
        ("Values => Avg: 0.5", "Values => Avg: 0.5"),
        ("Collect Rollouts => CPU: 1.033", "Collect Rollouts => CPU: 1.033"),
        ("loss => 0.5", "loss => 0.5"),
        ("model -> avg: 0.5", "model -> avg: 0.5"),
    ],
)
def test_only_statistics_of_a_metric_are_named_after_it(line: str, told: str) -> None:
    assert with_its_name(line) == told
