"""The map of the house is true: its rooms, files and commands exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from tests.test_structure import FLOORS

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".github"
PAGE = (HOME / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_room_stands_in_the_table_below_those_that_it_may_import() -> None:
    cells = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE, re.M)
    rooms = [room for cell in cells for room in re.findall(r"`(\w+)`", cell)]
    assert sorted(rooms) == sorted(FLOORS.keys() - {"__main__"})
    assert [FLOORS[room] for room in rooms] == sorted(FLOORS[room] for room in rooms)


def test_the_files_and_folders_that_it_names_exist() -> None:
    named = {ROOT / path for path in re.findall(r"`((?:losslens|tests)/[\w./]*)`", PAGE)}
    links = {HOME / path for path in re.findall(r"\]\(([\w./]+)[#)]", PAGE)}
    assert named
    assert links
    for path in named | links:
        assert path.exists(), path


def test_the_commands_that_it_names_exist() -> None:
    modules = set(re.findall(r"`python -m ([\w.]+)", PAGE))
    assert modules
    for module in modules:
        assert importlib.util.find_spec(module) is not None, module
    for path in re.findall(r"`pytest [^`]*?(tests/[\w./]+)", PAGE):
        assert (ROOT / path).is_file(), path
