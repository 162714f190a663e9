"""The programs that are measured beside losslens, each run as a whole process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Cost:
    """What one process took: CPU and wall seconds, peak resident MiB, pages it touched first."""

    user_s: float
    system_s: float
    wall_s: float
    peak_mib: float
    page_faults: int

    @property
    def cpu_s(self) -> float:
        return self.user_s + self.system_s


Program = Callable[[Path], Cost]


def losslens_reader(folder: Path) -> Cost:
    """Every point of every event file of a folder, both checksums of every record; of printed logs, every number."""
    return _python("-m", "tests.benchmarks.read", str(folder))


def losslens_by_position(folder: Path) -> list[float]:
    """CPU seconds a GB of a quick window in each quarter of a folder's one file."""
    return _numbers("--by-position", str(folder))


def losslens_supplied(folder: Path, mib: int) -> float:
    """CPU seconds of the reader in a process that has so many MiB at hand, with the files in the cache."""
    return sum(_numbers("--supplied", str(mib), str(folder)))


def losslens_analyze(folder: Path) -> Cost:
    """The whole way to a JSON report."""
    with tempfile.TemporaryDirectory() as scratch:
        return _python("-m", "losslens", "analyze", str(folder), "-o", f"{scratch}/report.json", accept=(0, 1, 2))


def losslens_analyze_in_terminal(folder: Path) -> Cost:
    return _python("-m", "losslens", "analyze", str(folder), accept=(0, 1, 2))


def losslens_help(folder: Path) -> Cost:
    return _python("-m", "losslens", "--help")


def numpy_import(folder: Path) -> Cost:
    return _python("-c", "import numpy")


def tbparse_reader(folder: Path) -> Cost:
    """tbparse as its front page shows it, with wall times."""
    lines = (
        "import sys",
        "from tbparse import SummaryReader",
        "r = SummaryReader(sys.argv[1], pivot=False, extra_columns={'wall_time', 'dir_name'})",
        "print(len(r.scalars) + len(r.tensors))",
    )
    return _python("-c", "\n".join(lines), str(folder))


def one_pattern(folder: Path) -> Cost:
    """What one writes to read a printed log: a pattern of names and numbers, and a list for each name."""
    lines = (
        "import re, sys",
        "from pathlib import Path",
        r"pair = re.compile(r'([A-Za-z][\w ]*)[\'\"]?[:=\s]\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)')",
        "for path in Path(sys.argv[1]).rglob('*.log'):",
        "    found = {}",
        "    for line in path.open():",
        "        for name, number in pair.findall(line):",
        "            found.setdefault(name, []).append(float(number))",
    )
    return _python("-c", "\n".join(lines), str(folder))


def rustboard(folder: Path, checksum: bool = False) -> Cost:
    """TensorBoard's data server, until it has loaded the folder once. It keeps one point for each step of a tag."""
    import tensorboard_data_server

    with tempfile.TemporaryDirectory() as scratch:
        command = [
            tensorboard_data_server.server_binary(),
            f"--logdir={folder}",
            "--port=0",
            f"--port-file={scratch}/port",
            "--reload=once",
            "--verbose",
            "--samples-per-plugin=scalars=all,images=0,histograms=0",
            *(["--checksum"] if checksum else []),
        ]
        begun = perf_counter()
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        for line in server.stderr:
            if "Finished load cycle" in line:
                break
        wall = perf_counter() - begun
        server.kill()
        cost = _wait(server, wall)
        server.stderr.close()
        return cost


def rustboard_checksum(folder: Path) -> Cost:
    return rustboard(folder, checksum=True)


def cat(folder: Path) -> Cost:
    """``cat`` into a pipe: the least that reading the bytes can cost."""
    files = sorted(str(path) for path in folder.rglob("*tfevents*"))
    begun = perf_counter()
    process = subprocess.Popen(["cat", *files], stdout=subprocess.PIPE)
    assert process.stdout is not None
    scratch = bytearray(1 << 20)
    while os.readv(process.stdout.fileno(), [scratch]):
        pass
    process.stdout.close()
    return _wait(process, perf_counter() - begun)


def _numbers(*arguments: str) -> list[float]:
    command = [sys.executable, "-m", "tests.benchmarks.read", *arguments]
    found = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    return [float(word) for word in found.stdout.split()]


def _python(*arguments: str, accept: tuple[int, ...] = (0,)) -> Cost:
    begun = perf_counter()
    quiet = subprocess.DEVNULL if accept != (0,) else None
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=quiet)
    cost = _wait(process, None)
    if process.returncode not in accept:
        raise RuntimeError(f"{' '.join(arguments)} ended with status {process.returncode}")
    return replace(cost, wall_s=perf_counter() - begun)


def _wait(process: subprocess.Popen[bytes] | subprocess.Popen[str], wall_s: float | None) -> Cost:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(usage.ru_utime, usage.ru_stime, wall_s or 0.0, usage.ru_maxrss / 1024, usage.ru_minflt)
