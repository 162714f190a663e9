"""Read every event file or ``.log`` under a folder, all points kept: ``python -m tests.benchmarks.read FOLDER``.

With ``--by-position``, what a window of the only file costs in each quarter of it. With ``--supplied MIB``, what
reading costs where so much memory is in the process beforehand and the files are in the cache: CPU seconds.
"""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from time import thread_time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, before NumPy is imported

import numpy as np

from losslens.model import Log
from losslens.parsers import tensorboard
from losslens.parsers.event_files.records import RecordReader, Window
from losslens.parsers.event_files.scalars import Scalars


def main(*arguments: str) -> int:
    folder = Path(arguments[-1])
    if "--by-position" in arguments:
        (path,) = folder.rglob("*tfevents*")
        print(*by_position(path))
        return 0
    if "--supplied" in arguments:
        kept = supply(int(arguments[-2]))
        fetch(folder)
        before = resource.getrusage(resource.RUSAGE_SELF)
        read(folder)
        after = resource.getrusage(resource.RUSAGE_SELF)
        print(after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime)
        del kept
        return 0
    print(read(folder))
    return 0


def read(folder: Path) -> int:
    """How many points the event files and the printed logs of a folder hold."""
    points = sum(_points(tensorboard.parse(path)) for path in sorted(folder.rglob("*tfevents*")))
    if printed := sorted(folder.rglob("*.log")):
        from losslens.parsers import text  # its patterns cost memory and time that event files do not need

        points += sum(_points(text.parse(path)) for path in printed)
    return points


def _points(logs: Sequence[Log]) -> int:
    return sum(series.step.size for log in logs for series in log.series.values())


_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of the GNU C library's ``mallopt``: what goes back to the system, and what never comes from the heap."""


def supply(mib: int) -> object:
    """Have so much memory in the process's heap, every page of it touched, which stays there, free, as long as what is
    returned is kept."""
    library = ctypes.CDLL(None)
    if not (library.mallopt(_MMAP_MAX, 0) and library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)):
        raise RuntimeError("this C library keeps no free memory")
    held = [np.ones(1 << 17) for _ in range(mib)]
    top = np.ones(1 << 17)  # behind all of it, so that the heap does not shrink
    del held
    return top


def fetch(folder: Path) -> None:
    """Have the files in the system's cache, so that no disk is read afterwards."""
    block = bytearray(1 << 20)
    for path in folder.rglob("*tfevents*"):
        with open(path, "rb", buffering=0) as file:
            while file.readinto(block):
                pass


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
