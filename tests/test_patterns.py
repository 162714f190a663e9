"""Patterns that are compiled when they are first used: none is wrong, and few are needed for one log."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from pathlib import Path

from losslens.patterns import compiled, compiled_bytes

HERE = Path(__file__).parent

ALL = """
import importlib, pkgutil, re, sys
from losslens import patterns

made, begin = [], patterns._Pattern.__init__

def at_once(self, source, flags):
    begin(self, source, flags)
    re.compile(source, flags)
    made.append(source)

patterns._Pattern.__init__ = at_once
import losslens
for module in pkgutil.walk_packages(losslens.__path__, "losslens."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(len(made))
"""

COUNTED = """
import re, sys
from losslens import patterns
from losslens.cli import main

asked = patterns._Pattern.__getattr__
count = 0

def counting(self, name):
    global count
    count += not name.startswith("_")
    return asked(self, name)

patterns._Pattern.__getattr__ = counting
main(["analyze", sys.argv[1]])
print(count, file=sys.stderr)
"""


def test_every_pattern_of_losslens_compiles() -> None:
    done = subprocess.run([sys.executable, "-c", ALL], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 400


def test_a_small_log_needs_few_of_them(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("step,loss\n" + "".join(f"{step},{2.0 / (step + 1):.5f}\n" for step in range(300)))
    done = subprocess.run([sys.executable, "-c", COUNTED, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stderr) < 200


def test_a_pattern_is_what_re_makes_of_it() -> None:
    pattern = compiled(r"(?P<n>\d+) epochs", re.IGNORECASE)
    found = pattern.search("30 Epochs")
    assert found is not None
    assert found["n"] == "30"
    assert pattern.sub("-", "3 epochs") == "-"
    assert (pattern.pattern, pattern.groupindex["n"]) == (r"(?P<n>\d+) epochs", 1)
    assert compiled_bytes(rb"\d").findall(b"a1b2") == [b"1", b"2"]
    assert copy.deepcopy(pattern).fullmatch("3 EPOCHS") is not None
