"""The README is true: its commands run, and every option, exit status, verdict and cause is in it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from losslens.model import Verdict

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def command_after(marker: str) -> str:
    match = re.search(rf"<!-- {marker} -->\s*```\w*\n(.*?)\n```", README, re.S)
    assert match, f"README.md has no command marked {marker}"
    return match[1]


def test_it_opens_with_a_picture_that_exists() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    assert README.index(pictures[0]) < README.index("```")
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture


def test_two_commands_do_all_the_set_up_and_each_is_one_line() -> None:
    for marker in ("demo-command", "test-command"):
        command = command_after(marker)
        assert "\n" not in command
        assert command.startswith("python3 -m venv ")
    assert README.index("demo-command") < README.index("test-command")


def test_the_demo_runs_as_printed() -> None:
    last = command_after("demo-command").split("&&")[-1].strip()
    words = shlex.split(last)
    assert words[0].endswith("/losslens")
    done = subprocess.run(
        [sys.executable, "-m", "losslens", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "exploded" in done.stdout


@pytest.mark.skipif(not os.environ.get("CI"), reason="installs into a fresh environment: runs where CI is set")
def test_the_demo_command_installs_and_runs_on_a_fresh_checkout(tmp_path: Path) -> None:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        if name.startswith("tests/") or not (ROOT / name).is_file():
            continue
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command_after("demo-command")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "exploded" in done.stdout


def test_every_option_is_documented() -> None:
    for command in ("analyze", "runs", "explain"):
        done = subprocess.run(
            [sys.executable, "-m", "losslens", command, "--help"], capture_output=True, text=True, check=True
        )
        for option in set(re.findall(r"(?<!\w)--[a-z][a-z-]+", done.stdout)) - {"--help"}:
            assert option in README, f"{command} {option}"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_explained(verdict: Verdict) -> None:
    assert f"`{verdict}`" in README


def test_every_cause_is_named() -> None:
    from losslens import causes

    for cause in causes.titles():
        assert f"`{cause}`" in README, cause


def test_every_exit_status_is_explained() -> None:
    for status in (0, 1, 2):
        assert re.search(rf"\|\s*{status}\s*\|", README), status
