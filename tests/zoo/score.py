"""``python -m tests.zoo.score``: one table of how right losslens is on the labelled trainings.

By default on the runs outside the locked test, with sizes of signs fitted without the task that is scored. ``--locked``
opens the locked test (and counts the opening), ``--rivals`` adds other tools, ``--misses`` lists what was wrong.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from losslens.causes import rank
from tests.zoo import cut
from tests.zoo.figures import cause_figures, has_onset, in_tolerance, onset_figures, share, verdict_figures
from tests.zoo.predict import Said, asked, everything, uniform
from tests.zoo.zoo import DATA, Label, labels

FOLDS = DATA / "folds.json"
OPENINGS = DATA / "openings.json"


def sizes_for() -> Callable[[Label], rank.Sizes]:
    """The sizes fitted without the task of a run; those that come with losslens where there was no fit."""
    shipped = rank.load_sizes()
    if not FOLDS.exists():
        return lambda label: shipped
    folds = {
        task: rank.sizes_from(data) for data in json.loads(FOLDS.read_text())["folds"] for task in data["left_out"]
    }
    return lambda label: folds.get(label["task"], shipped)


def chosen(locked: bool) -> tuple[Label, ...]:
    return tuple(r for r in labels() if bool(r["locked"]) == locked)


def opened() -> int:
    """Counts an opening of the locked test."""
    kept = json.loads(OPENINGS.read_text()) if OPENINGS.exists() else {"about": "How often the locked test was scored."}
    count = int(kept.get("openings", 0)) + 1
    OPENINGS.write_text(json.dumps({**kept, "openings": count}, indent=1) + "\n")
    return count


def causes_said(
    said: Sequence[Said], priors: dict[str, float] | None
) -> tuple[list[dict[str, float]], list[tuple[tuple[str, ...], ...]]]:
    pick = sizes_for()
    chances, groups = [], []
    for s in said:
        sizes = pick(s.label)
        chances.append(s.chances(sizes, priors) if asked(s) else {})
        found = rank.diagnose(s.facts, sizes=sizes, priors=priors).groups if asked(s) else ()
        groups.append(tuple(g.ids for g in found))
    return chances, groups


def print_verdicts(said: Sequence[Said]) -> None:
    print("\nverdict")
    for name, (hits, of) in verdict_figures([(s.label, frozenset({s.verdict})) for s in said]).items():
        print(f"  {name:34s}{share(hits, of)}")
    for tier in dict.fromkeys(s.label["view"]["tier"] for s in said):
        part = [s for s in said if s.label["view"]["tier"] == tier]
        print(f"    {tier:32s}{share(sum(s.verdict in s.label['words'] for s in part), len(part))}")
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for s in said:
        table[s.label["words"][0]][s.verdict] += 1
    print("  confusion (nominal word: words said)")
    for word, row in table.items():
        print(f"    {word:16s} " + ", ".join(f"{w} {n}" for w, n in row.most_common()))


def print_cuts(rows: Sequence[Label]) -> None:
    print("\nlogs cut soon after the onset, and a healthy sibling of each cut there")
    print("\n".join(cut.table(*cut.everything(rows))))


def print_onsets(said: Sequence[Said]) -> None:
    f = onset_figures([(s.label, s.onset) for s in said])
    print("\nonset (runs that surely failed and have one)")
    print(f"  within tolerance                  {share(f.within, f.asked)}; no onset said for {f.asked - f.found}")
    print(f"  error in logging intervals        median {f.gaps[0]:.2g}, 90th percentile {f.gaps[1]:.3g}")
    print(f"  error as a share of the run       median {f.shares[0]:.2%}, 90th percentile {f.shares[1]:.2%}")
    for name, (hits, of) in f.covered.items():
        print(f"  90 % interval holds it, {name:13s}{share(hits, of)}")
    print(f"  width of the wider intervals      median {f.width:.2%} of the run")


def print_causes(said: Sequence[Said]) -> None:
    for name, priors in (("uniform prior", uniform()), ("user prior", None)):
        chances, groups = causes_said(said, priors)
        f = cause_figures(said, chances, groups, None if priors else rank.load_priors())
        print(f"\ncauses, {name} ({f.runs} runs, averaged over {len(f.first_by_cause)} causes)")
        print(
            f"  true cause first / in three       {f.first:.1%} / {f.three:.1%}   "
            f"(oracle of the acceptable sets {f.oracle_first:.1%} / {f.oracle_three:.1%})"
        )
        print(f"  an acceptable cause first         {f.acceptable_first:.1%}")
        print(f"  groups, 1/k for k members         {f.group:.1%}")
        print(f"  bits gained over base rates       {f.bits:.2f} a run")
        print(
            f"  calibration: debiased error       {f.error:.3f}  "
            f"[{f.interval[0]:.3f}, {f.interval[1]:.3f}], slope {f.slope:.2f}"
        )
        if name == "uniform prior":
            print(
                "  stated, happened, pairs           " + "; ".join(f"{p:.2f} {h:.2f} {n}" for p, h, n in f.reliability)
            )
            print("  by cause: true first, acceptable first, of")
            for c, (hits, of) in f.first_by_cause.items():
                print(f"    {c:28s}{hits:3d} {f.acceptable_by_cause[c][0]:3d}  of {of}")


def print_misses(said: Sequence[Said]) -> None:
    print("\nmisses")
    chances, _ = causes_said(said, uniform())
    for s, p in zip(said, chances, strict=True):
        r = s.label
        notes = []
        if s.verdict not in r["words"]:
            notes.append(f"verdict {s.verdict} not in {'|'.join(r['words'])}")
        if has_onset(r) and (s.onset is None or not in_tolerance(r, s.onset[0])):
            notes.append(f"onset {s.onset} true {r['onset']['step']} ± {r['onset']['tolerance']}")
        if p:
            order = sorted(p, key=lambda c: -p[c])
            if order[0] not in r["causes"]:
                notes.append(f"cause {order[0]} {p[order[0]]:.2f} (true {r['cause']} {p.get(r['cause'], 0):.2f})")
        if notes:
            print(f"  {r['run']} ({r['points']} points, {r['view']['tier']}): " + "; ".join(notes))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.score", description=__doc__)
    parser.add_argument("--locked", action="store_true", help="score the locked test, once a release")
    parser.add_argument(
        "--rivals",
        action="store_true",
        help="add the other tools and the change-point baselines (needs the extra .[rivals])",
    )
    parser.add_argument("--files", action="store_true", help="score some runs as files of real loggers, end to end")
    parser.add_argument("--misses", action="store_true", help="list the runs that were judged wrong")
    args = parser.parse_args()
    rows = chosen(args.locked)
    print(
        f"{len(rows)} runs, {sum(r['kind'] == 'fault' for r in rows)} with a fault, "
        f"over {len({r['task'] for r in rows})} tasks"
    )
    if args.locked:
        print(f"locked test: opening number {opened()}")
    said = everything(rows, progress=True)
    print(f"cost: {np.mean([s.seconds for s in said]) * 1e3:.0f} ms of CPU a run")
    print_verdicts(said)
    print_onsets(said)
    print_cuts(rows)
    print_causes(said)
    if args.misses:
        print_misses(said)
    if args.files:
        from tests.zoo import files

        files.print_table()
    if args.rivals:
        from tests.zoo import rivals

        rivals.print_table(said)


if __name__ == "__main__":
    main()
