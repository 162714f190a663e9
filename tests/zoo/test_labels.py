"""The committed labels and series hold together."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from losslens import causes
from losslens.model import Verdict
from tests.zoo.spec import LOCKED_TASKS
from tests.zoo.zoo import DATA, Label, labels, logs, series

CAUSES = {m.id for m in causes.competing()}


@pytest.fixture(scope="module")
def rows() -> tuple[Label, ...]:
    found = labels()
    assert found, "the zoo has no labels: run python -m tests.zoo.make"
    return found


def test_names_are_unique_and_words_and_causes_are_those_of_losslens(rows: tuple[Label, ...]) -> None:
    assert len({r["run"] for r in rows}) == len(rows)
    words = {v.value for v in Verdict}
    for r in rows:
        assert r["words"], r["run"]
        assert set(r["words"]) <= words, r["run"]
        assert r["cause"] is None or r["cause"] in CAUSES
        assert r["cause"] is None or r["causes"][0] == r["cause"]


def test_every_family_has_a_healthy_twin_and_another_seed(rows: tuple[Label, ...]) -> None:
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for r in rows:
        kinds[r["family"]][r["kind"]] += 1
    assert all(k["twin"] == 1 and k["seed"] == 1 for k in kinds.values())


def test_a_family_is_locked_as_a_whole_and_locked_tasks_always_are(rows: tuple[Label, ...]) -> None:
    locked: dict[str, set[bool]] = defaultdict(set)
    for r in rows:
        locked[r["family"]].add(r["locked"])
        assert r["locked"] or r["task"] not in LOCKED_TASKS
    assert all(len(v) == 1 for v in locked.values())


def test_no_onset_lies_before_its_fault_or_outside_the_log(rows: tuple[Label, ...]) -> None:
    for r in rows:
        if r["onset"] is None:
            continue
        assert r["first_step"] <= r["onset"]["step"] <= r["last_step"], r["run"]
        assert r["onset"]["tolerance"] >= 2 * r["gap"] - 0.1
        if r["words"][0] == "plateau":
            continue  # a plateau begins with the log, whatever happens later
        if r["cause"] == "bad-resume":
            continue  # a resume repeats steps: its fault begins with the first of them
        if r["fault_step"] and not r["twin_failed"]:
            assert r["onset"]["step"] >= r["fault_step"] - r["gap"] or "healthy" in r["words"], r["run"]


def test_the_series_of_every_run_are_there_and_steps_only_go_back_at_a_restart(rows: tuple[Label, ...]) -> None:
    for r in rows:
        columns = series(r)
        assert r["leading"] in columns, r["run"]
        for step, value, segment in columns.values():
            assert len(step) == len(value) == len(segment)
            back = np.diff(step) < 0
            assert (np.diff(segment)[back] > 0).all(), r["run"]


def test_a_resumed_run_comes_as_two_logs_when_it_wrote_two_files(rows: tuple[Label, ...]) -> None:
    resumed = [r for r in rows if r["kind"] == "resume" and r["view"]["two_files"]]
    assert resumed
    for r in resumed[:5]:
        last = max(int(g.max()) for _, _, g in series(r).values())
        assert len(logs(r)) == last + 1


def test_the_committed_part_stays_small() -> None:
    assert sum(p.stat().st_size for p in DATA.iterdir()) < 20e6


def test_twelve_runs_or_more_over_four_tasks_or_more_for_nearly_every_cause(rows: tuple[Label, ...]) -> None:
    runs: Counter[str] = Counter()
    tasks: dict[str, set[str]] = defaultdict(set)
    for r in rows:
        if r["cause"]:
            runs[r["cause"]] += 1
            tasks[r["cause"]].add(r["task"])
    thin = {c for c in CAUSES if runs[c] < 12 or len(tasks[c]) < 4}
    assert not thin
