"""The commands of the zoo say what they do, and its page counts what it holds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.zoo import outside

HERE = Path(__file__).parent
PAGE = (HERE / "README.md").read_text(encoding="utf-8")
COMMANDS = ["coverage", "fit", "keras_part", "make", "outside", "priors", "samples", "score"]


def test_every_command_stands_on_the_page() -> None:
    assert {"tests.zoo." + name for name in COMMANDS} == set(re.findall(r"\| `python -m (tests\.zoo\.\w+)` \|", PAGE))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_prints_help_and_does_nothing(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.zoo.{name}", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE.parents[1],
        env=os.environ | {"COLUMNS": "100"},
    )
    assert done.stdout.startswith(f"usage: python -m tests.zoo.{name} [-h]")
    assert done.stderr == ""


def test_the_page_counts_the_runs_of_the_outsiders_as_they_are_kept() -> None:
    kept = Counter(label["by"] for label in outside.labels())
    text = " ".join(PAGE.split())
    assert f"{kept.total()} labelled runs ({len(outside.failing())} failing ones with a cause)" in text
    first_four = ", ".join(str(kept[by]) for by in ("first", "second", "third"))
    assert f"{first_four} and {kept['fourth']} of the first four" in text
