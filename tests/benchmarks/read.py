"""Read every event file under a folder and keep every point: ``python -m tests.benchmarks.read FOLDER``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, before NumPy is imported

from losslens.parsers import tensorboard


def main(folder: str) -> int:
    points = 0
    for path in sorted(Path(folder).rglob("*tfevents*")):
        for log in tensorboard.parse(path):
            points += sum(series.step.size for series in log.series.values())
    print(points)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
