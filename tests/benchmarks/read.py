"""Read every event file under a folder and keep every point: ``python -m tests.benchmarks.read FOLDER``.

With ``--by-position``, what a window of the only file costs in each quarter of it.
"""

from __future__ import annotations

import os
import statistics
import sys
from itertools import pairwise
from pathlib import Path
from time import thread_time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, before NumPy is imported

from losslens.parsers import tensorboard
from losslens.parsers.event_files.records import RecordReader, Window
from losslens.parsers.event_files.scalars import Scalars


def main(*arguments: str) -> int:
    folder = Path(arguments[-1])
    if "--by-position" in arguments:
        (path,) = folder.rglob("*tfevents*")
        print(*by_position(path))
        return 0
    points = 0
    for path in sorted(folder.rglob("*tfevents*")):
        for log in tensorboard.parse(path):
            points += sum(series.step.size for series in log.series.values())
    print(points)
    return 0


def by_position(path: Path) -> list[float]:
    """CPU seconds a GB in each quarter of a large file: of the window that a tenth of them are cheaper than, so that
    what else runs on the machine shows little, and what grows in every window shows in full."""
    reached = list[tuple[int, float]]()
    with open(path, "rb", buffering=0) as file:
        reader = RecordReader(file)
        scalars = Scalars(reader.gaps, reader.size)
        for part in reader:
            if isinstance(part, Window) and (not reached or part.offset != reached[-1][0]):
                reached.append((part.offset, thread_time()))
            scalars.read(part)
    quarters: tuple[list[float], ...] = ([], [], [], [])
    for (first, begun), (last, ended) in pairwise(reached):
        quarters[4 * first // reader.size].append((ended - begun) / (last - first) * 1e9)
    return [statistics.quantiles(costs, n=10)[0] for costs in quarters]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
