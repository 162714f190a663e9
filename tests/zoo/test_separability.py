"""The acceptable causes of a run, once fixed, do not move with what is added to the zoo."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.zoo import separability

Row = dict[str, Any]
GROUPS = ("loss", "lr", "grad", "val", "rich")


def zoo(runs: int, seed: int) -> tuple[list[Row], dict[str, dict[str, list[float]]]]:
    """Runs of two causes, each of a family of its own, whose pictures differ in one number."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    pictures = {}
    for k in range(runs):
        cause = ("bad-batch", "data-shift")[k % 2]
        name = f"{seed}-{k}"
        rows.append(
            {"run": name, "family": name, "task": "linear", "cause": cause, "words": ["diverged"], "onset": None,
             "leading": "loss", "twin_failed": False, "view": {"tier": "loss"}, "series": {"loss": ["loss", 0, 1]}}
        )  # fmt: skip
        pictures[name] = {g: [float(k % 2) + 0.1 * float(rng.normal())] for g in GROUPS}
    return rows, pictures


def judged(
    rows: list[Row], pictures: dict[str, dict[str, list[float]]], before: list[Row] | None = None
) -> dict[str, list[str]]:
    separability.add(rows, pictures, before or [])
    return {r["run"]: list(r["causes"]) for r in rows}


def alike(pictures: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, list[float]]]:
    """The same runs, their pictures one and the same."""
    return {run: {g: [0.0] for g in GROUPS} for run in pictures}


def test_two_causes_of_one_picture_are_both_acceptable_and_those_apart_are_not() -> None:
    rows, pictures = zoo(60, 1)
    assert all(len(c) == 1 for c in judged(rows, pictures).values())
    assert all(len(c) == 2 for c in judged(rows, alike(pictures)).values())


def test_runs_that_come_later_move_no_set_that_was_fixed_before() -> None:
    rows, pictures = zoo(60, 1)
    fixed = judged(rows, pictures)
    new, more = zoo(400, 2)
    found = judged([*(dict(r) for r in rows), *new], {**pictures, **alike(more)}, rows)
    assert {run: found[run] for run in fixed} == fixed
    assert {len(found[r["run"]]) for r in new} == {2}


def test_a_run_that_is_labelled_otherwise_now_is_compared_anew() -> None:
    rows, pictures = zoo(60, 1)
    judged(rows, pictures)
    again = [{**r, "words": ["exploded"]} for r in rows]
    assert all(len(c) == 2 for c in judged(again, alike(pictures), rows).values())
