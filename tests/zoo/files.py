"""Some runs of the zoo as files, written by the loggers that people use, and scored by the whole path."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import losslens
from tests.zoo.figures import has_onset, in_tolerance, share
from tests.zoo.zoo import Label, labels, series

COUNT = 36


def rows_of(label: Label) -> list[dict[str, Any]]:
    """The run as rows: one a segment and step, with what was logged there."""
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for tag, (step, value, segment) in series(label).items():
        for s, v, g in zip(step.tolist(), value.tolist(), segment.tolist(), strict=True):
            rows.setdefault((g, s), {"step": s})[tag] = v
    return [rows[k] for k in sorted(rows)]


def tensorboard(label: Label, folder: Path) -> Path:
    """Event files of a SummaryWriter, a new one after a resume."""
    from tensorboardX import SummaryWriter

    columns = series(label)
    for part in range(int(max(g.max(initial=0) for _, _, g in columns.values())) + 1):
        writer = SummaryWriter(str(folder), filename_suffix=f".{part}")
        points = []
        for tag, (step, value, segment) in columns.items():
            mine = segment == part
            points += [(s, tag, v) for s, v in zip(step[mine].tolist(), value[mine].tolist(), strict=True)]
        for s, tag, v in sorted(points, key=lambda p: p[0]):
            writer.add_scalar(tag, v, s, walltime=1.75e9 + s + 600 * part)
        writer.close()
    return folder


def lightning(label: Label, folder: Path) -> Path:
    """metrics.csv as Lightning's CSVLogger leaves it: validation on rows of its own, other cells empty."""
    path = folder / "metrics.csv"
    rows = rows_of(label)
    tags = sorted({t for r in rows for t in r} - {"step"})
    with path.open("w", newline="") as f:
        out = csv.DictWriter(f, ["epoch", "step", *tags])
        out.writeheader()
        for r in rows:
            epoch = r["step"] // label["steps_per_epoch"]
            val = {k: v for k, v in r.items() if "val" in k.lower() or k == "step"}
            train = {k: v for k, v in r.items() if k not in val or k == "step"}
            for part in (train, val):
                if len(part) > 1:
                    out.writerow({"epoch": epoch, **part})
    return path


def keras(label: Label, folder: Path) -> Path:
    """history.json: the dict of lists that ``History.history`` is; NaN as Python's json writes it."""
    path = folder / "history.json"
    columns = series(label)
    longest = max(len(v) for _, v, _ in columns.values())
    path.write_text(json.dumps({tag: v.tolist() for tag, (_, v, _) in columns.items() if len(v) == longest}))
    return path


def jsonl(label: Label, folder: Path) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows_of(label)))
    return path


WRITERS: dict[str, Callable[[Label, Path], Path]] = {
    "tensorboard": tensorboard,
    "lightning": lightning,
    "jsonl": jsonl,
    "keras": keras,
}


def selection(count: int = COUNT) -> list[tuple[str, Label]]:
    """Evenly spread runs outside the locked test, a writer each. A Keras history has no steps: its axis is epochs."""
    rows = [r for r in labels() if not r["locked"] and r["points"] >= 20]
    rows = rows[:: max(1, len(rows) // count)][:count]
    names = list(WRITERS)
    out = []
    for k, r in enumerate(rows):
        name = names[k % len(names)]
        uniform = r["first_step"] in (0, 1) and r["gap"] == 1 and len({n for _, _, n in r["series"].values()}) == 1
        out.append(("jsonl" if name == "keras" and not uniform else name, r))
    return out


def ask(name: str, label: Label, folder: Path) -> tuple[str, int | None]:
    """Verdict and onset that ``losslens.analyze`` gives for the file."""
    analysis = losslens.analyze([WRITERS[name](label, folder)])
    if not analysis.runs:
        return "inconclusive", None
    report = analysis.runs[0]
    return report.verdict.value, report.onset.step if report.onset else None


def print_table() -> None:
    hits, placed, asked = [], 0, 0
    for name, label in selection():
        with tempfile.TemporaryDirectory() as folder:
            verdict, step = ask(name, label, Path(folder))
        hits.append(verdict in label["words"])
        if has_onset(label) and name != "keras":
            asked += 1
            placed += step is not None and in_tolerance(label, step)
    print("\nas files of SummaryWriter, CSVLogger, JSON lines and Keras histories, through losslens.analyze")
    print(f"  verdict acceptable                {share(sum(hits), len(hits))}")
    print(f"  onset within tolerance            {share(placed, asked)}")
