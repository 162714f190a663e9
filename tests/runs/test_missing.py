"""What is said where no loss was found."""

from __future__ import annotations

import numpy as np

from losslens.model import RawSeries, Series
from losslens.roles import assign
from losslens.runs.missing import without_a_loss, without_a_player
from tests.runs.make_logs import series


def made_of(raw: dict[str, RawSeries]) -> dict[str, Series]:
    return {
        tag: Series(tag, one.step, one.value, one.wall_time, one.row, np.zeros(one.step.size, dtype=np.int64))
        for tag, one in raw.items()
    }


def told(*written: RawSeries) -> str:
    raw = {one.tag: one for one in written}
    (warning,) = without_a_loss(assign(raw), made_of(raw))
    return warning.text


def test_neither_a_flag_nor_a_constant_is_proposed_for_the_loss() -> None:
    done, fixed = series("ray/tune/done", [0.0, 0.0, 1.0]), series("hp_metric", [-1.0])
    length, open_to_ask = series("sim/train/length", [12.5, 14.0, 13.2]), series("rollout/foo", [0.3, 0.5, 0.4])
    assert "--role loss='rollout/foo'" in told(done, fixed, length, open_to_ask)
    assert "--role loss='TAG'" in told(done, fixed, length)


def test_a_generator_whose_loss_is_zero_throughout_is_named() -> None:
    moving = series("d_loss", [66.7, 76.6, 61.8, 92.2, 77.9, 82.4])
    for still, said in (([0.0] * 6, 1), ([0.0] * 5 + [0.1], 0), ([1.0] * 6, 0)):
        raw = {"d_loss": moving, "g_loss": series("g_loss", still)}
        warnings = without_a_player(assign(raw), made_of(raw))
        assert len(warnings) == said
    raw = {"d_loss": moving, "g_loss": series("g_loss", [0.0] * 6)}
    (warning,) = without_a_player(assign(raw), made_of(raw))
    assert "'g_loss' is exactly 0 at all 6 points, while 'd_loss' moves" in warning.text


def test_a_penalty_of_zero_beside_a_loss_is_no_player() -> None:
    raw = {"loss": series("loss", [3.0, 2.0, 1.5, 1.2, 1.1]), "aux_loss": series("aux_loss", [0.0] * 5)}
    assert not without_a_player(assign(raw), made_of(raw))
