"""``python -m tests.zoo.coverage``: what the zoo holds, by cause and by task."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict

from tests.zoo.predict import usable
from tests.zoo.zoo import Label, labels


def main() -> None:
    argparse.ArgumentParser(prog="python -m tests.zoo.coverage", description=__doc__).parse_args()
    rows = labels()
    faults = [r for r in rows if r["kind"] == "fault"]
    print(f"{len(rows)} runs of {len({r['task'] for r in rows})} tasks: {len(faults)} with a fault,", end=" ")
    print(f"{len(rows) - len(faults)} without; locked {sum(r['locked'] for r in rows)}")
    print(f"surely failed by their fault: {sum(map(usable, rows))}; may be called healthy: ", end="")
    print(f"{sum('healthy' in r['words'] for r in faults)} of those with a fault")
    print("\ncause                        runs  surely failed  outside the locked test  tasks  ways")
    by_cause: dict[str, list[Label]] = defaultdict(list)
    for r in faults:
        by_cause[r["cause"]].append(r)
    for cause, mine in sorted(by_cause.items()):
        failed = [r for r in mine if usable(r)]
        free = sum(not r["locked"] for r in failed)
        tasks, ways = len({r["task"] for r in mine}), len({r["way"] for r in mine})
        print(f"{cause:28s}{len(mine):5d}{len(failed):15d}{free:25d}{tasks:7d}{ways:6d}")
    print("\ntask            faults  surely failed  may be healthy  without  of these called failing")
    by_task: dict[str, list[Label]] = defaultdict(list)
    for r in rows:
        by_task[r["task"]].append(r)
    for task, mine in by_task.items():
        wrong = [r for r in mine if r["kind"] == "fault"]
        well = [r for r in mine if r["kind"] != "fault"]
        near = sum("healthy" in r["words"] for r in wrong)
        odd = sum("healthy" not in r["words"] for r in well)
        print(f"{task:16s}{len(wrong):6d}{sum(map(usable, wrong)):15d}{near:16d}{len(well):9d}{odd:25d}")
    print("\nnominal words: " + ", ".join(f"{w} {n}" for w, n in Counter(r["words"][0] for r in rows).most_common()))
    print("logged: " + ", ".join(f"{w} {n}" for w, n in Counter(r["view"]["tier"] for r in rows).most_common()))
    print("values: " + ", ".join(f"{w} {n}" for w, n in Counter(r["view"]["kind"] for r in rows).most_common()))
    points = sorted(r["points"] for r in rows)
    print(f"points: {points[0]} to {points[-1]}, median {points[len(points) // 2]}", end="; ")
    steps = sorted(r["last_step"] for r in rows)
    print(f"last steps: {steps[0]} to {steps[-1]}, median {steps[len(steps) // 2]}")


if __name__ == "__main__":
    main()
