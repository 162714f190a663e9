"""Event files that the processes of one job wrote beside each other: one run, unlike those of several jobs."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.model import Log
from losslens.runs.ranks import without_ranks_in_step
from tests.runs.make_logs import falling, log, series

N = 200


def events(pid: int, *, drift: float = 0.0, late: float = 0.0, n: int = N, seed: int = 1, name: str = "") -> Log:
    """A file of one process that logs every second; ``drift`` is the scatter of each second, ``late`` added to all."""
    jitter = np.random.default_rng(pid)
    wall = 1.7e9 + late + np.cumsum(1.0 + drift * jitter.standard_normal(n)) + 0.01 * jitter.random(n)
    losses = series("loss", falling(n, seed=seed), wall=wall)
    return log(f"job/events.out.tfevents.1700000000.node.{pid}.0{name}", losses, first_time=1.7e9)


def files(logs: list[Log]) -> list[int]:
    return [int(one.path.split(".")[5]) for one in logs]


def test_processes_that_wait_for_each_other_are_ranks_of_one_job() -> None:
    ranks = [events(11), events(12, late=0.3, seed=2), events(13, n=N - 2, seed=3)]
    (run,) = without_ranks_in_step(ranks)
    assert list(run.series) == ["loss"]
    assert files([run]) == [11]
    assert [w.code for w in run.warnings] == ["other-ranks"]


def test_the_process_that_logged_more_is_read() -> None:
    second = events(12)
    more = Log(second.path, "tensorboard", {**second.series, "val_loss": series("val_loss", [1.0], wall=[1.7e9])})
    assert files(without_ranks_in_step([events(11), more])) == [12]


def test_processes_that_drift_apart_are_jobs_of_their_own() -> None:
    assert files(without_ranks_in_step([events(11, drift=0.1), events(12, drift=0.1)])) == [11, 12]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(events(11, name=".val"), id="another writer of the process"),
        pytest.param(events(12, name=".val"), id="another suffix"),
        pytest.param(events(12, n=N // 2), id="ended long before"),
    ],
)
def test_what_else_was_written_in_step_stays(other: Log) -> None:
    assert len(without_ranks_in_step([events(11), other])) == 2


def test_a_few_seconds_do_not_tell_ranks_from_jobs() -> None:
    assert len(without_ranks_in_step([events(11, n=15), events(12, n=15)])) == 2


def test_the_loss_of_a_rank_that_parts_from_the_others_is_kept() -> None:
    away = events(12)
    out = away.series["loss"].value.copy()
    out[120:] *= 6.0
    parted = Log(away.path, "tensorboard", {"loss": series("loss", out, wall=away.series["loss"].wall_time)})
    (run,) = without_ranks_in_step([events(11), parted, events(13)])
    assert sorted(run.series) == ["loss", "loss [rank1]"]
    assert {w.code for w in run.warnings} == {"ranks-apart", "other-ranks"}
