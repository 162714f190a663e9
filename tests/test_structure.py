"""The house keeps its order: imports point down, nothing heavy loads early, every promise of a room is kept by all."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "losslens"

#: Who may import whom: a room may import those on a lower floor, and what ALLOWED says beside that.
FLOORS = {
    "errors": 0,
    "arguments": 1,
    "frameworks": 0,
    "languages": 0,
    "patterns": -1,
    "model": 1,
    "parsers": 2,
    "roles": 2,
    "runs": 2,
    "detector": 2,
    "reporter": 2,
    "verdict": 3,
    "saved": 3,
    "sketch": 3,
    "causes": 4,
    "pipeline": 5,
    "cli": 6,
    "__main__": 7,
}
ALLOWED = {("runs", "parsers"), ("runs", "roles")}
#: The notebook view is the one look upwards, made inside the method.
EXCEPTIONS = {("model", "reporter")}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "losslens" else [node.module]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("losslens.")}
    return rooms & ROOMS


MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")
ROOMS = {room_of(path) for path in MODULES}


def test_every_room_has_its_floor() -> None:
    assert FLOORS.keys() == ROOMS


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    for other in imported_rooms(path) - {room}:
        allowed = FLOORS[other] < FLOORS[room] or (room, other) in ALLOWED | EXCEPTIONS
        assert allowed, f"{path.relative_to(ROOT)} ({room}) may not import {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def modules_loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return {line.split(".")[0] for line in done.stderr.splitlines()}


def strangers_loaded_by(code: str) -> set[str]:
    """What is neither Python's own nor losslens, nor loaded by the environment before anything is imported."""
    return modules_loaded_by(code) - set(sys.stdlib_module_names) - modules_loaded_by("") - {"losslens"}


def test_what_others_wrote_is_told_from_the_standard_library() -> None:
    assert {"numpy", "yaml"} <= strangers_loaded_by("import json, numpy, yaml, losslens.model")
    assert not strangers_loaded_by("import json, sqlite3, asyncio")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["analyze", "--help"]])
def test_help_and_version_import_nothing_from_others(arguments: list[str]) -> None:
    code = f"from losslens.cli import main\ntry:\n    main({arguments!r})\nexcept SystemExit:\n    pass"
    assert not strangers_loaded_by(code)


def test_importing_the_package_imports_nothing_from_others() -> None:
    assert not strangers_loaded_by("import losslens")


def test_a_small_analysis_imports_only_what_it_uses(tmp_path: Path) -> None:
    log = tmp_path / "metrics.csv"
    rows = [f"{i},{2.0 / (i + 1) + 0.1 * ((i * 7919) % 13) / 13}" for i in range(1000)]
    log.write_text("step,loss\n" + "\n".join(rows) + "\n")
    code = f"from losslens.cli import main\nmain(['analyze', {str(log)!r}])"
    assert strangers_loaded_by(code) == {"numpy", "rich"}
