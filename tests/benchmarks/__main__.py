"""Measure reading beside other programs and print the table of targets: ``python -m tests.benchmarks``.

Every number is the CPU time of a whole process, start-up included. A and B run by turns, so that a busy machine hurts
both; a ratio is the median over the rounds. Needs tensorboard-data-server and tbparse.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import data, peers
from tests.benchmarks.peers import Cost, Program

MIB = 1 << 20


@dataclass(frozen=True)
class Row:
    """One line of the table: what was read, what was asked for, what was measured."""

    work: str
    target: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class Pair:
    """Costs of two programs on one data set, run by turns."""

    ours: list[Cost]
    theirs: list[Cost]

    @property
    def ratio(self) -> float:
        return statistics.median(a.cpu_s / b.cpu_s for a, b in zip(self.ours, self.theirs, strict=True))

    def __str__(self) -> str:
        ours, theirs = (statistics.median(cost.cpu_s for cost in costs) for costs in (self.ours, self.theirs))
        return f"{ours:.2f} s / {theirs:.2f} s"


def compare(program: Program, peer: Program, folder: Path, rounds: int) -> Pair:
    program(folder)  # once before, so that both find the file in the page cache
    costs = [(program(folder), peer(folder)) for _ in range(rounds)]
    return Pair([a for a, _ in costs], [b for _, b in costs])


def at_most(work: str, limit: float, pair: Pair) -> Row:
    return Row(work, f"≤ {limit:g} ×", f"{pair.ratio:.2f} × ({pair})", pair.ratio <= limit)


def times_cheaper(work: str, least: float, pair: Pair) -> Row:
    return Row(work, f"≥ {least:g} × cheaper", f"{1 / pair.ratio:.0f} × ({pair})", 1 / pair.ratio >= least)


def reading(rounds: int, with_slow_peers: bool) -> list[Row]:
    """The rows about event files."""
    reader = peers.losslens_reader
    against = [
        ("s1m", "1 M scalars, 50 tags; rustboard --checksum", 0.5),
        ("tf1m", "1 M TF2 tensor scalars; rustboard --checksum", 0.35),
        ("irr1m", "irregular tags, 5 % of 3 values; rustboard --checksum", 0.9),
        ("mixed1g", "1 GB, 50 k scalars; rustboard --checksum", 0.3),
        ("runs500", "500 runs of 2 000 scalars; rustboard --checksum", 1.3),
    ]
    rows = list[Row]()
    for name, work, limit in against:
        folder = data.make(name)
        pair = compare(reader, peers.rustboard_checksum, folder, rounds)
        rows.append(at_most(work, limit, pair))
        points = {"mixed1g": 50_000}.get(name, 1_000_000) if name != "runs500" else 2_000
        allowed = 60 + 100 * points / MIB
        peak = max(cost.peak_mib for cost in pair.ours)
        theirs = max(cost.peak_mib for cost in pair.theirs)
        measured = f"{peak:.0f} MiB (rustboard {theirs:.0f})"
        rows.append(Row(f"peak memory, {name}", f"≤ {allowed:.0f} MiB", measured, peak <= allowed))
    rows.append(at_most("1 GB, 50 k scalars; cat", 3, compare(reader, peers.cat, data.make("mixed1g"), rounds)))
    if with_slow_peers:
        rows.append(
            times_cheaper("1 M scalars; tbparse", 30, compare(reader, peers.tbparse_reader, data.make("s1m"), 1))
        )
        rows.append(times_cheaper("1 GB; tbparse", 80, compare(reader, peers.tbparse_reader, data.make("mixed1g"), 1)))
    return rows


def printed(rounds: int) -> list[Row]:
    """The row about a job's printed output."""
    folder = data.make("printed200k")
    pair = compare(peers.losslens_reader, peers.one_pattern, folder, rounds)
    work = "200 000 printed lines of five trainers; one pattern a line"
    peak = max(cost.peak_mib for cost in pair.ours)
    return [
        at_most(work, 3, pair),
        Row("peak memory, 40 000 printed lines at a time", "≤ 200 MiB", f"{peak:.0f} MiB", peak <= 200),
    ]


def whole_program(rounds: int) -> list[Row]:
    """The rows about the command line: what a user waits for."""
    csv = data.make("csv1k")
    pair = compare(peers.losslens_analyze_in_terminal, peers.numpy_import, csv, rounds)
    extra = statistics.median(a.cpu_s - b.cpu_s for a, b in zip(pair.ours, pair.theirs, strict=True))
    rows = [Row("analyze, CSV of 1 000 points; import numpy", "≤ 0.4 s more", f"{extra:.2f} s ({pair})", extra <= 0.4)]
    pair = compare(peers.losslens_analyze, peers.losslens_reader, data.make("s1m"), rounds)
    extra = statistics.median(a.cpu_s - b.cpu_s for a, b in zip(pair.ours, pair.theirs, strict=True))
    rows.append(Row("analyze, 1 M scalars, JSON; reading alone", "≤ 1 s more", f"{extra:.2f} s ({pair})", extra <= 1.0))
    start = statistics.median(peers.losslens_help(csv).cpu_s for _ in range(rounds))
    rows.append(Row("losslens --help", "no third-party import", f"{1000 * start:.0f} ms", start < 0.2))
    return rows


@dataclass(frozen=True)
class Growth:
    """One size of a file and what reading it cost in each round."""

    data: data.Grown
    ours: list[Cost]
    supplied: list[float]
    """CPU seconds of reading with the memory for it at hand and the file in the cache."""

    def best(self, part: str) -> float:
        return min(float(getattr(cost, part)) for cost in self.ours)

    def __str__(self) -> str:
        return (
            f"{self.data.nbytes / MIB:.0f} MiB: user {self.best('user_s'):.2f} s, "
            f"system {self.best('system_s'):.2f} s, both {min(self.supplied):.2f} s with memory and file at hand, "
            f"{self.best('page_faults') / self.data.nbytes * MIB:.0f} page faults a MiB, "
            f"peak {self.best('peak_mib'):.0f} MiB"
        )


def growth(name: str, sizes_mib: Sequence[int], rounds: int) -> list[Row]:
    """CPU for each byte that a file grows by: all sizes in each round, of each the best round.

    What is judged is a process that has the memory for the points at hand and the file in the system's cache. As it
    comes, a page costs what the machine makes of it: the host of a virtual one may take free pages away, supplies the
    next few hundred MiB at once and those beyond several times slower, and may have to fetch the file again. What it
    came to is printed for each size, with the page faults and the peak memory, which must grow with the points alone.
    """
    found = [Growth(data.grown(name, size * MIB), [], []) for size in sizes_mib]
    for _ in range(rounds):
        for one in found:
            one.ours.append(peers.losslens_reader(one.data.folder))
            room = one.data.points * 40 // MIB + 100  # 32 bytes a point, made with some to spare, and a few windows
            one.supplied.append(peers.losslens_supplied(one.data.folder, room))
    largest = found[-1]
    windows = [peers.losslens_by_position(largest.data.folder) for _ in range(rounds)]
    for one in found:
        print(f"  {name}, {one}", flush=True)
        shutil.rmtree(one.data.folder)
    sizes = ", ".join(map(str, sizes_mib))
    rows = [_constant(f"{name} of {sizes} MiB", [min(one.supplied) for one in found], found)]
    quarters = [min(costs) for costs in zip(*windows, strict=True)]
    spread = max(quarters) / min(quarters) - 1
    measured = f"{100 * spread:.0f} % ({', '.join(f'{cost:.2f}' for cost in quarters)} s a GB)"
    work = f"{name} of {sizes_mib[-1]} MiB, a quick window of each quarter"
    rows.append(Row(work, "constant to 10 %", measured, spread <= 0.1))
    peak, allowed = largest.best("peak_mib"), 60 + 100 * largest.data.points / MIB
    work = f"peak memory, {name} of {sizes_mib[-1]} MiB"
    rows.append(Row(work, f"≤ {allowed:.0f} MiB", f"{peak:.0f} MiB", peak <= allowed))
    return rows


def _constant(work: str, costs: Sequence[float], found: Sequence[Growth]) -> Row:
    """What each byte beyond the smallest file costs, so that starting up is left out: at each larger size."""
    extra = [one.data.nbytes - found[0].data.nbytes for one in found]
    per_gb = [(cost - costs[0]) / nbytes * 1e9 for cost, nbytes in zip(costs[1:], extra[1:], strict=True)]
    spread = max(per_gb) / min(per_gb) - 1
    measured = f"{100 * spread:.0f} % ({', '.join(f'{cost:.2f}' for cost in per_gb)} s a GB)"
    return Row(work, "constant to 10 %", measured, spread <= 0.1)


def print_table(rows: Sequence[Row]) -> None:
    columns = [
        ("work", "target", "measured", ""),
        *((r.work, r.target, r.measured, "" if r.holds else "MISSED") for r in rows),
    ]
    widths = [max(len(row[i]) for row in columns) for i in range(4)]
    for row in columns:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program (default 5)")
    parser.add_argument("--fast", action="store_true", help="leave out tbparse, which takes minutes")
    parser.add_argument(
        "--growth", action="store_true", help="also read files of up to 4 GB (takes 9 GB of disk and 3 of memory)"
    )
    parser.add_argument("--only", choices=["reading", "printed", "program", "growth"], help="only these rows")
    parser.add_argument("--clean", action="store_true", help="delete the data afterwards")
    options = parser.parse_args()
    rows = list[Row]()
    if options.only in (None, "reading"):
        rows += reading(options.rounds, not options.fast)
    if options.only in (None, "printed"):
        rows += printed(options.rounds)
    if options.only in (None, "program"):
        rows += whole_program(options.rounds)
    if options.growth or options.only == "growth":
        for name in ("mixed100m", "s1m"):
            rows += growth(name, [100, 1400, 2700, 4000], options.rounds)
    print_table(rows)
    if options.clean:
        shutil.rmtree(data.BUILD)
    return 0


if __name__ == "__main__":
    sys.exit(main())
