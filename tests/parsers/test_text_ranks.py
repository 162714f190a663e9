"""What other ranks printed is compared with what the first one did."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from losslens.model import Log
from losslens.parsers import text


def printed(tmp_path: Path, parts_at: int | None) -> Log:
    rng = np.random.default_rng(1)
    lines = []
    for i in range(160):
        level = 2.3 * np.exp(-i / 25.0) + 0.01
        for rank in (0, 1, 2):
            out = parts_at is not None and rank == 1 and i >= parts_at
            loss = (0.6 if out else level) * np.exp(0.8 * rng.standard_normal())
            lines.append(f"[rank{rank}]: step {5 * i} loss {loss:.4f} lr 1.0e-01")
    path = tmp_path / "slurm-4411.out"
    path.write_text("\n".join(lines) + "\n")
    (log,) = text.parse(path)
    return log


def test_a_rank_whose_loss_parts_from_that_of_the_first_is_kept_and_told(tmp_path: Path) -> None:
    log = printed(tmp_path, 90)
    assert set(log.series) == {"loss", "loss [rank1]", "lr"}
    apart = log.series["loss [rank1]"]
    assert apart.step.tolist() == log.series["loss"].step.tolist()
    (told,) = [w.text for w in log.warnings if w.code == "ranks-apart"]
    at = int(told.split("at about step ")[1].split()[0])
    assert abs(at - 450) <= 50


def test_ranks_that_tell_one_training_again_are_left_out(tmp_path: Path) -> None:
    log = printed(tmp_path, None)
    assert set(log.series) == {"loss", "lr"}
    assert [w.code for w in log.warnings] == ["other-ranks"]
