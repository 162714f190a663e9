"""How the work is spread over processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from losslens.pipeline import RUN_COST_S, WORTH_SPREADING_S, _processes_for
from losslens.runs import Job, Source


def jobs(number: int, size: int = 1000) -> list[Job]:
    """So many jobs of one file of so many bytes."""
    names = [Path(f"run-{n}") / "metrics.csv" for n in range(number)]
    return [Job(path.parent.name, str(path), (Source(path, "csv", size),), "sweep", "") for path in names]


@pytest.fixture
def eight_of_128(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node of 128 processors of which this process was given eight."""
    monkeypatch.setattr(os, "cpu_count", lambda: 128)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(40, 48)), raising=False)


@pytest.mark.usefixtures("eight_of_128")
def test_no_more_processes_are_used_than_this_one_was_given() -> None:
    assert _processes_for(jobs(500)) == 8
    assert _processes_for(jobs(3, size=1 << 30)) == 3  # nor than there are jobs


@pytest.mark.usefixtures("eight_of_128")
def test_few_small_logs_are_not_worth_a_second_process() -> None:
    most = int(WORTH_SPREADING_S / RUN_COST_S) - 1
    assert _processes_for(jobs(most)) == 1
    assert _processes_for(jobs(2 * most)) == 8


def test_where_nothing_is_said_of_a_share_all_processors_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert _processes_for(jobs(500)) == 4
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert _processes_for(jobs(500)) == 1
