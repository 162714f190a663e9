"""What the place of a log says of the series in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.model import Role
from losslens.runs import find, load


@pytest.mark.parametrize(("name", "role"), [("val_loss.csv", Role.VAL_LOSS), ("train_log.csv", Role.TRAIN_LOSS)])
def test_a_lone_file_that_names_validation_speaks_for_its_columns(tmp_path: Path, name: str, role: Role) -> None:
    rows = "".join(f"{i},{0.5 + 2.0 * 0.9**i:.6f}\n" for i in range(40))
    (tmp_path / name).write_text("epoch,total_loss\n" + rows)
    (job,) = find([tmp_path / name]).jobs
    (run,) = load(job)
    assert run.first(role) is not None
    assert [c.role for c in run.roles if "total_loss" in c.tag] == [role]


def test_a_file_of_evaluations_keeps_the_training_loss_that_it_names(tmp_path: Path) -> None:
    rows = "".join(f"{i},{0.5 + 2.0 * 0.9**i:.6f},{0.6 + 2.0 * 0.9**i:.6f}\n" for i in range(40))
    (tmp_path / "eval_measurements.csv").write_text("step,train/loss,validation/loss\n" + rows)
    (job,) = find([tmp_path / "eval_measurements.csv"]).jobs
    (run,) = load(job)
    assert {c.tag for c in run.roles} >= {"train/loss", "validation/loss"}


def test_the_columns_of_a_file_without_names_are_chosen_among_whatever_the_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "val_loss_norm.csv").write_text("".join(f"{i},{0.5 + 2.0 * 0.9**i:.6f},0.2{i}\n" for i in range(40)))
    (job,) = find([tmp_path / "val_loss_norm.csv"]).jobs
    (run,) = load(job)
    assert [c.tag for c in run.roles if c.role is Role.TRAIN_LOSS] == ["column_2"]
