"""What `losslens runs` and `losslens explain` print."""

from __future__ import annotations

import numpy as np

from losslens.model import (
    Checkpoint,
    Found,
    Listing,
    Role,
    RoleChoice,
    Run,
    Series,
    Setting,
    SettingChange,
    Skipped,
    StepsPerEpoch,
    Warning,
)
from losslens.reporter.listing import render_cause_list, render_cause_page, render_runs
from tests.reporter.make_analysis import HOSTILE

PAGE = """Adam became unstable.

What the log shows
    A long calm, then a rise
    over some tens of steps.

Sources
    One, https://one.example
    Two, https://two.example
"""


def series(tag: str, points: int = 5) -> Series:
    step = np.arange(points, dtype=np.int64)
    return Series(tag, step, step.astype(float), np.full(points, np.nan), step, np.zeros(points, np.int64))


def listing(name: str = "run") -> Listing:
    run = Run(
        id="run",
        name=name,
        path="logs/run",
        files=("logs/run/a.csv", "logs/run/b.csv"),
        format="csv",
        axis="step",
        series={"loss": series("loss", 1234), name: series(name)},
        roles=(
            RoleChoice("loss", Role.TRAIN_LOSS, "named as the training loss"),
            RoleChoice(name, Role.GRAD_NORM, "positive and close to the loss", sure=False),
        ),
        settings={"lr": Setting("lr", 0.1, "args.yaml")},
        setting_changes=(SettingChange("lr", 0.1, 0.01, 700, "args.yaml", "args_resume1.yaml"),),
        warnings=(Warning("x", "3 rows were ragged"),),
        checkpoints=(Checkpoint(100, "a"), Checkpoint(200, "b")),
        steps_per_epoch=StepsPerEpoch(1500.0, "the epoch column"),
    )
    return Listing((Found(run, "the only log in its folder"),), (Skipped("h.pkl", "unsafe", "a pickle runs code"),))


def test_each_series_is_shown_with_its_role_the_reason_and_its_points() -> None:
    text = render_runs(listing("norm"), width=100, colour=False, unicode=True)
    row = next(line for line in text.split("\n") if line.strip().startswith("loss "))
    assert row.split()[:3] == ["loss", "train_loss", "1,234"]
    assert "grad_norm?" in text
    assert "a guess: positive and close to the loss" in text


def test_files_settings_reasons_warnings_and_what_was_skipped_are_said() -> None:
    text = render_runs(listing("norm"), width=100, colour=False, unicode=True)
    for piece in (
        "logs/run/a.csv",
        "lr=0.1",
        "lr=0.01 from step 700 (before: 0.1)",
        "the only log in its folder",
        "3 rows were ragged",
        "100, 200",
        "1,500, the epoch column",
        "h.pkl: a pickle runs code",
        "--role ROLE=TAG",
    ):
        assert piece in text


def test_hostile_tags_are_shown_harmlessly_and_narrowly() -> None:
    text = render_runs(listing(HOSTILE), width=80, colour=False, unicode=False)
    assert text.isascii()
    assert all(len(line) <= 80 for line in text.split("\n"))
    assert "\x1b" not in text


def test_the_list_of_causes_has_each_id_with_its_title() -> None:
    text = render_cause_list([("a-cause", "A title"), ("b", "Another")], width=80, colour=False, unicode=True)
    assert "a-cause  A title" in text
    assert "losslens explain CAUSE" in text


def test_a_page_is_filled_to_the_width_and_keeps_its_headings_and_sources() -> None:
    lines = render_cause_page(PAGE, width=80, colour=False, unicode=True).split("\n")
    assert lines[0] == "Adam became unstable."
    assert "    A long calm, then a rise over some tens of steps." in lines
    assert "    Two, https://two.example" in lines
    coloured = render_cause_page(PAGE, width=80, colour=True, unicode=True)
    assert "\x1b[1mWhat the log shows\x1b[0m" in coloured
