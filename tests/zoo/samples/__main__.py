"""``python -m tests.zoo.samples [STORY ...]``: train the stories again into ``sample_logs/``."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from pathlib import Path

import tests.zoo.samples
from tests.zoo.samples.story import keep

OUT = Path(__file__).parents[3] / "sample_logs"
NOT_STORIES = {"__main__", "story"}


def stories() -> list[str]:
    """All stories, by name."""
    return sorted({m.name for m in pkgutil.iter_modules(tests.zoo.samples.__path__)} - NOT_STORIES)


def main(names: list[str]) -> int:
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    known = stories()
    if unknown := sorted(set(names) - set(known)):
        print(f"no such story: {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    for name in names or known:
        module = importlib.import_module(f"tests.zoo.samples.{name}")
        print(f"{name} …", file=sys.stderr)
        truths = module.make(OUT / module.FOLDER)
        keep(name, truths)
        for truth in truths:
            print(f"  {truth}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.samples", description=__doc__)
    parser.add_argument("story", nargs="*", help=f"of {', '.join(stories())}; without one, all")
    raise SystemExit(main(parser.parse_args().story))
