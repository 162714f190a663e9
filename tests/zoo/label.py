"""Labels and logged series of every finished run: ``data/labels.jsonl`` and one ``data/<task>.npz`` a task.

A run is labelled when its twin and the other healthy seed of its family are there as well. Nothing is left out for
how it turned out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.zoo import keras_part, separability
from tests.zoo import truth as tr
from tests.zoo.grid import specs
from tests.zoo.spec import FULL, VERSION, Spec
from tests.zoo.truth import Floats, Truth
from tests.zoo.views import PLAYERS, Record, View, logged, tag, view
from tests.zoo.zoo import labels

DATA = Path(__file__).parent / "data"
LOSSES = PLAYERS
SEVERITY = (
    "nan",
    "exploded",
    "diverged",
    "val-diverged",
    "shifted",
    "overfit",
    "plateau",
    "spike-recovered",
    "inconclusive",
    "healthy",
)
ALIKE = ("plateau", "overfit", "val-diverged")
"""Words of a run that say nothing about its fault when its twin has the same one."""
LOGGED_SETTINGS = (
    "optimizer",
    "batch",
    "clip",
    "precision",
    "wd",
    "beta2",
    "eps",
    "warmup",
    "schedule",
    "accum",
    "norm",
    "steps",
    "gamma",
)


def read(spec: Spec) -> Record | None:
    path = FULL / f"{spec.run}.npz"
    if not path.exists():
        return None
    with np.load(path) as f:
        return {k: f[k] for k in f.files}


def current(series: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Which points were not overwritten by a later segment."""
    step, segment = series["step"], series["segment"]
    keep = np.ones(len(step), bool)
    for s in range(1, int(segment.max(initial=0)) + 1):
        keep &= (segment >= s) | (step < step[segment == s].min(initial=1 << 60))
    return keep


def at_steps(series: dict[str, Any], steps: np.ndarray[Any, Any]) -> Floats:
    """The values of another run at these steps (its last value where it has none)."""
    keep = current(series)
    step, value = series["step"][keep], series["value"][keep]
    return np.asarray(value[np.clip(np.searchsorted(step, steps), 0, len(step) - 1)], np.float64)


def planned(spec: Spec) -> bool:
    """Whether the plan of the training itself makes the loss rise: restarts, ramps, a curriculum, a long warm-up."""
    hp = spec.hp
    return bool(
        hp.get("curriculum")
        or hp.get("kl_ramp")
        or hp.get("schedule") in ("restarts", "onecycle")
        or spec.task in tr.WANDER
    )


def judge(
    spec: Spec, log: dict[str, Any], twin: Record, other: Record, v: View, twin_failed: bool
) -> tuple[str, Truth, np.ndarray[Any, Any], tuple[Truth, np.ndarray[Any, Any]] | None]:
    """The leading loss of a run, its truth, and the steps of its current branch.

    Last, where the training loss came back and validation failed, truth and steps of that: either may lead.
    """
    healthy = spec.kind != "fault"
    names = [k for k in LOSSES if k in log]

    def begins(name: str, steps: np.ndarray[Any, Any], keep: np.ndarray[Any, Any]) -> int:
        """The logged point before which nothing was wrong."""
        if (again := log[name]["segment"][keep] > 0).any():
            return int(np.argmax(again))  # the fault of a resume begins with the steps that it repeats
        return int(np.searchsorted(steps, spec.at + v.first_step)) if spec.at else 0

    found: list[tuple[str, Truth, np.ndarray[Any, Any]]] = []
    for name in names:
        keep = current(log[name])
        steps, y = log[name]["step"][keep], log[name]["value"][keep]
        t, o = (at_steps(logged(r, v, (name,))[name], steps) for r in (twin, other))
        found.append(
            (
                name,
                tr.judge_train(
                    y,
                    t,
                    o,
                    min(begins(name, steps, keep), len(y) - 1),
                    healthy=healthy,
                    wander=spec.task in tr.WANDER,
                    twin_failed=twin_failed,
                    planned=planned(spec),
                ),
                steps,
            )
        )
    best = min(found, key=lambda f: SEVERITY.index(f[1].words[0]))
    if "val/loss" in log and best[1].words[0] in ("healthy", "plateau", "spike-recovered", "inconclusive"):
        keep = current(log["val/loss"])
        steps, y = log["val/loss"]["step"][keep], log["val/loss"]["value"][keep]
        t = at_steps(logged(twin, v, ("val/loss",))["val/loss"], steps)
        val = tr.judge_val(y, t, min(begins("val/loss", steps, keep), len(y) - 1))
        if val.words[0] != "healthy" and SEVERITY.index(val.words[0]) < SEVERITY.index(best[1].words[0]):
            if best[1].words[0] == "spike-recovered":
                return best[0], Truth((*best[1].words, *val.words), *best_place(best[1])), best[2], (val, steps)
            fine = best[1].words[0] != "plateau" or val.numbers[2] > 2 * val.numbers[1] > 0
            return ("val/loss", val, steps, None) if fine else (*best, None)
        if len(val.words) > 1:
            # that validation may be called fine does not make a training loss fine that is not
            words = tuple(dict.fromkeys((*best[1].words, *(w for w in val.words if w != "healthy"))))
            return best[0], Truth(words, *best_place(best[1])), best[2], None
    return *best, None


def onset_in_steps(t: Truth, steps: np.ndarray[Any, Any]) -> dict[str, Any] | None:
    """The onset of a truth in steps, with its tolerance; None where it has none."""
    if t.onset is None:
        return None
    gap = usual_gap(steps)
    at, low, high = (int(steps[min(len(steps) - 1, i if i is not None else t.onset)]) for i in (t.onset, t.low, t.high))
    return {
        "step": at,
        "low": low,
        "high": high,
        "tolerance": round(max(2 * gap, 0.01 * (at - int(steps[0])), (high - low) / 2), 1),
        "from_start": bool(t.onset <= max(1, len(steps) // 100)),
    }


def usual_gap(steps: np.ndarray[Any, Any]) -> float:
    """Steps between two points."""
    gaps = np.diff(steps)
    return float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else 1.0


def best_place(t: Truth) -> tuple[int | None, int | None, int | None, float, tuple[float, float, float]]:
    return t.onset, t.low, t.high, t.noise, t.numbers


def label(
    spec: Spec, record: Record, twin: Record, other: Record, *, twin_failed: bool = False, salt: str = ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The label of a run and its logged series."""
    v = view(spec, len(record["step"]), int(record["steps_per_epoch"]), salt)
    log = logged(record, v)
    leading, t, steps, beside = judge(spec, log, twin, other, v, twin_failed)
    words = list(t.words)
    if "healthy" not in words and spec.task == "gan" and leading == "val/loss":
        words.append("healthy")
    change = spec.hp.get("curriculum")
    if (
        change
        and words[0] in ("healthy", "shifted", "spike-recovered", "plateau", "diverged", "exploded")
        and spec.kind != "fault"
    ):
        words = list(dict.fromkeys([*words, "healthy", "shifted", "spike-recovered"]))
    elif change and "healthy" in words:
        words = list(dict.fromkeys([*words, "shifted", "spike-recovered"]))
    gap = usual_gap(steps)
    out: dict[str, Any] = {
        "run": spec.run, "family": spec.family, "task": spec.task, "kind": spec.kind, "locked": spec.locked,
        "way": spec.way, "cause": spec.cause, "level": spec.level, "strength": spec.strength,
        "fault_step": spec.at + v.first_step if spec.kind == "fault" else None,
        "words": words, "twin_failed": twin_failed or t.as_twin, "leading": tag(leading, v.style),
        "points": len(steps), "gap": gap,
        "first_step": int(steps[0]), "last_step": int(steps[-1]), "noise": round(float(t.noise), 5),
        "view": {k: getattr(v, k) for k in ("every", "kind", "tier", "style", "wall_time", "two_files")},
        "steps_per_epoch": int(record["steps_per_epoch"]),
        "settings": {k: spec.hp[k] for k in LOGGED_SETTINGS if spec.hp.get(k) is not None} if v.settings else {},
        "onset": onset_in_steps(t, steps),
    }  # fmt: skip
    if spec.cause == "self-recovering-spike" and "spike-recovered" not in words and "healthy" not in words:
        out["cause"] = "learning-rate-too-high"  # the same step size, but this one did not come back
    if beside is not None:
        out["onset_of_validation"] = onset_in_steps(*beside)
    if spec.kind == "fault":
        effective = view_of_settings(spec, v)
        out["settings"] = effective
    return out, log


def view_of_settings(spec: Spec, v: View) -> dict[str, Any]:
    """The settings that the faulty run really had, when its log shows settings."""
    if not v.settings:
        return {}
    from tests.zoo.grid import fault

    hp = dict(spec.hp)
    if spec.task.startswith("keras"):
        return {}
    fault(spec).settings(hp)
    return {k: hp[k] for k in LOGGED_SETTINGS if hp.get(k) is not None}


def compact(a: Floats) -> np.ndarray[Any, Any]:
    """float32 with 16 bits of mantissa kept: five digits."""
    bits = np.asarray(a, np.float32).view(np.uint32)
    finite = np.isfinite(np.asarray(a, np.float32))
    rounded = np.where(finite, (bits + np.uint32(0x40)) & np.uint32(0xFFFFFF80), bits)
    return rounded.view(np.float32)


SALTS = ("second ", "third ")
"""Other views of each failing run, for the fit alone: the same training, logged otherwise."""


@dataclass
class Collected:
    """What goes into the data folder: labels, pictures of failing runs, and arrays by the file they go to."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    more: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    store: dict[str, dict[str, list[Any]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def take(
        self, s: Spec, record: Record, twin: Record, other: Record, failed: bool, salt: str = ""
    ) -> dict[str, Any]:
        with np.errstate(all="ignore"):
            row, log = label(s, record, twin, other, twin_failed=failed, salt=salt)
            if salt:
                row["run"], row["store"] = f"{row['run']}~{SALTS.index(salt) + 2}", f"more-{s.task}"
            keep_series(self.store[row.get("store", s.task)], row, log)
            if row["cause"] is not None and row["words"][0] != "healthy" and not row["twin_failed"]:
                everything = view(s, len(record["step"]), int(record["steps_per_epoch"]), salt)
                full = logged(record, replace(everything, tier="everything"))
                self.pictures[row["run"]] = separability.picture(row, full)
        if not salt or row["words"][0] != "healthy":
            (self.more if salt else self.rows).append(row)
        return row


def collect() -> Collected:
    """Labels all finished families."""
    by_family: dict[str, list[Spec]] = defaultdict(list)
    for s in [*specs(), *keras_part.specs()]:
        by_family[s.family].append(s)
    out = Collected()
    for family in by_family.values():
        first, second = read(family[0]), read(family[1])
        if first is None or second is None:
            continue
        failed, same = False, set[str]()
        for s in family:
            record = first if s.kind == "twin" else second if s.kind == "seed" else read(s)
            if record is None:
                continue
            twin, other = (second, first) if s.kind == "seed" else (first, second)
            row = out.take(s, record, twin, other, failed and s.kind != "twin")
            if s.kind == "twin":
                failed = row["words"][0] in ("nan", "exploded", "diverged")
                same = {w for w in row["words"] if w == "plateau" or w == row["words"][0] in ALIKE}
            elif s.kind == "fault" and row["words"][0] in same and "healthy" not in row["words"]:
                row["twin_failed"] = True  # its twin ended in the same way: not by the fault
                out.pictures.pop(row["run"], None)
            if row["run"] in out.pictures and not s.task.startswith("keras") and not s.locked:
                for salt in SALTS:
                    out.take(s, record, twin, other, failed, salt)
    return out


def write(progress: bool = True) -> None:
    """Writes the data folder."""
    DATA.mkdir(exist_ok=True)
    found = collect()
    before = [row for file in ("labels.jsonl", "more.jsonl") for row in labels(DATA, file)]
    separability.add([*found.rows, *found.more], found.pictures, before)
    for name, parts in found.store.items():
        value = np.concatenate(parts["value"]).view(np.uint8).reshape(-1, 4).T.copy()
        np.savez_compressed(
            DATA / f"{name}.npz",
            step=np.concatenate(parts["step"]),
            value=value,
            segment=np.concatenate(parts["segment"]),
        )
    for file, rows in (("labels.jsonl", found.rows), ("more.jsonl", found.more)):
        with (DATA / file).open("w") as f:
            f.write(json.dumps({"version": VERSION, "runs": len(rows)}) + "\n")
            for row in rows:
                f.write(json.dumps(row, separators=(",", ":")) + "\n")
    if progress:
        print(f"{len(found.rows)} runs labelled, {len(found.more)} more views of failing ones")


def keep_series(parts: dict[str, list[Any]], row: dict[str, Any], log: dict[str, Any]) -> None:
    """Adds the series of a run to the arrays of its task, and where they lie to its label."""
    parts.setdefault("n", [0])
    row["series"] = {}
    for name, s in log.items():
        n = len(s["step"])
        assert n == len(s["value"]) == len(s["segment"]), (row["run"], name)
        row["series"][tag(name, row["view"]["style"])] = [name, parts["n"][0], n]
        parts["n"][0] += n
        parts["step"].append(np.diff(s["step"], prepend=0).astype(np.int32))
        parts["value"].append(compact(s["value"]))
        parts["segment"].append(s["segment"].astype(np.int8))
