# ruff: noqa: E501 - tables read better with one row a line
"""The same runs given to other tools and to change-point baselines, as they come.

Every run is written as a trainer_state.json, which all four tools read. Where a tool's word covers several of ours, any of them counts as
right; where it says nothing of the loss, that counts as healthy. Only findings of at least warning level count.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tests.zoo.figures import OnsetFigures, onset_figures, share, verdict_figures
from tests.zoo.predict import Said, usable
from tests.zoo.zoo import Label, series

HEALTHY = frozenset({"healthy"})
BLOWN = frozenset({"exploded", "diverged", "val-diverged", "shifted"})


@dataclass(frozen=True)
class Answer:
    words: frozenset[str]
    step: float | None = None
    cause: str | None = None
    """The cause it names first, in our words."""


CAUSE_WORDS = (
    ("learning-rate-too-high", ("lr too high", "learning rate too high", "lower the learning rate", "reduce the learning rate", "lower the lr", "lr is too high", "too-high learning")),
    ("missing-warmup", ("warmup", "warm-up")),
    ("exploding-gradients", ("exploding gradient", "gradient explosion", "no gradient clipping", "clip")),
    ("mixed-precision-overflow", ("fp16", "mixed precision", "overflow in half", "amp")),
    ("numerical-instability", ("log(0)", "division by zero", "log of zero", "sqrt")),
    ("bad-batch", ("bad batch", "outlier", "corrupt", "mislabel", "bad sample", "bad data")),
    ("overfitting", ("overfit", "memoriz", "memoris", "regulariz")),
    ("learning-rate-too-low", ("lr too low", "learning rate too low", "too low", "raise the learning")),
    ("data-shift", ("data order", "data source", "distribution")),
)  # fmt: skip


def named(text: str) -> str | None:
    """The first of our causes that a sentence of a tool names."""
    low = text.lower()
    found = [(low.find(w), cause) for cause, words in CAUSE_WORDS for w in words if w in low]
    return min(found)[1] if found else None


def write_state(label: Label, folder: Path) -> Path:
    """The run as the trainer_state.json of a Hugging Face Trainer."""
    rows: dict[int, dict[str, Any]] = {}
    evals: dict[int, dict[str, Any]] = {}
    names = {
        "loss": "loss",
        "d_loss": "loss",
        "lr": "learning_rate",
        "grad": "grad_norm",
        "clipped": "grad_norm",
        "grad/d_loss": "grad_norm",
    }
    columns = series(label)
    for tag, (name, _, _) in label["series"].items():
        step, value, _ = columns[tag]
        if name in names:
            for s, v in zip(step.tolist(), value.tolist(), strict=True):
                rows.setdefault(s, {"step": s, "epoch": s / label["steps_per_epoch"]}).setdefault(names[name], v)
        elif name == "val/loss":
            for s, v in zip(step.tolist(), value.tolist(), strict=True):
                evals[s] = {"step": s, "epoch": s / label["steps_per_epoch"], "eval_loss": v}
    history = [row for s in sorted({*rows, *evals}) for row in (rows.get(s), evals.get(s)) if row]
    path = folder / "trainer_state.json"
    path.write_text(
        json.dumps({"log_history": history, "global_step": label["last_step"], "max_steps": label["last_step"]})
    )
    return path


def quietly(main: Callable[..., Any], argv: list[str]) -> Any:
    """What a command line tool prints as JSON, whatever its exit code."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
        try:
            main(argv)
        except TypeError:  # a main that reads sys.argv itself
            kept, sys.argv = sys.argv, ["tool", *argv]
            try:
                main()
            finally:
                sys.argv = kept
    text = out.getvalue()
    begins = [i for i in (text.find("{"), text.find("[")) if i >= 0]
    return json.loads(text[min(begins) :]) if begins else None


def worst(answers: list[Answer]) -> Answer:
    order = ("nan", "exploded", "diverged", "val-diverged", "overfit", "spike-recovered", "plateau", "healthy")
    return min(answers, key=lambda a: min(order.index(w) for w in a.words if w in order), default=Answer(HEALTHY))


def runmedic(path: Path) -> Answer:
    from runmedic.cli import main

    words = {"non_finite": frozenset({"nan"}), "divergence": BLOWN, "loss_spikes": frozenset({"spike-recovered"}), "overfitting": frozenset({"overfit", "val-diverged"}), "no_learning": frozenset({"plateau"})}  # fmt: skip
    data = quietly(main, ["diagnose", str(path), "--json"]) or []
    found = []
    for f in (f for run in data for f in run["findings"]):
        if f["check"] in words and f["severity"] != "info":
            causes = [c for c in map(named, f["likely_causes"]) if c]
            found.append(Answer(words[f["check"]], f["step"], causes[0] if causes else None))
    return worst(found)


def trainspotter(path: Path) -> Answer:
    from trainspotter.cli import main

    words = {"divergence": BLOWN, "spikes": frozenset({"spike-recovered"}), "overfitting": frozenset({"overfit", "val-diverged"}), "plateau": frozenset({"plateau"})}  # fmt: skip
    data = quietly(main, ["analyze", str(path), "--output", "json"]) or {"findings": []}
    found = []
    for f in data["findings"]:
        if f["detector"] in words and f["severity"] != "info":
            lost = "finite" in (f["title"] + f["message"]).lower() or "nan" in f["title"].lower()
            causes = [c for c in map(named, f["fixes"]) if c]
            found.append(
                Answer(
                    frozenset({"nan"}) if lost else words[f["detector"]], f["step_start"], causes[0] if causes else None
                )
            )
    return worst(found)


def losslint(path: Path) -> Answer:
    from losslint.cli import main

    data = quietly(main, ["check", str(path), "--format", "json"]) or {"findings": []}
    found = []
    for f in data["findings"]:
        if f["severity"] == "info":
            continue
        check, details = f["check"], f["details"]
        words = frozenset({"nan"}) if "nan" in check or "finite" in check else BLOWN if "diverg" in check else frozenset({"spike-recovered"}) if "spike" in check else frozenset({"overfit", "val-diverged"}) if "overfit" in check else None  # fmt: skip
        if words:
            step = next((v for k, v in details.items() if "step" in k and isinstance(v, int | float)), None)
            found.append(Answer(words, step, named(f["message"])))
    return worst(found)


def trainproof(path: Path) -> Answer:
    from trainproof.cli import main

    data = quietly(main, ["doctor", str(path), "--json"]) or {"reports": []}
    found = []
    for f in (f for r in data["reports"] for f in r["findings"]):
        if f["level"] == "PASS":
            continue
        code = f["id"]
        words = frozenset({"nan"}) if "NAN" in code or "FINITE" in code else BLOWN if "DIVERGE" in code else frozenset({"plateau"}) if "DEAD" in code or "FLAT" in code else frozenset({"overfit", "val-diverged"}) if "OVERFIT" in code else None  # fmt: skip
        if words:
            found.append(Answer(words, None, named(f["message"])))
    return worst(found)


TOOLS: dict[str, Callable[[Path], Answer]] = {
    "runmedic": runmedic,
    "trainspotter": trainspotter,
    "losslint": losslint,
    "trainproof": trainproof,
}


def last_rise(label: Label, model: str) -> float | None:
    """The last upward change point of the log-loss by PELT, on at most 400 points; a NaN is where the loss ends."""
    import ruptures

    step, value, _ = series(label)[label["leading"]]
    fine = np.isfinite(value)
    if not fine[-1] and fine.any():
        return float(step[int(np.flatnonzero(fine)[-1]) + 1])
    step, value = step[fine], value[fine]
    stride = max(1, len(step) // 400)
    step, value = step[::stride], value[::stride]
    if len(step) < 8:
        return None
    z = np.log(value) if (value > 0).all() else np.arcsinh(value / (np.median(np.abs(value)) + 1e-12))
    noise = float(np.median(np.abs(np.diff(z)))) / 0.95 + 1e-9
    penalty = 3 * np.log(len(z)) * (noise**2 if model == "l2" else noise)
    ends = ruptures.Pelt(model=model, min_size=3, jump=1).fit(z).predict(pen=penalty)
    bounds = [0, *ends]
    means = [float(np.mean(z[a:b])) for a, b in pairwise(bounds)]
    rises = [bounds[k] for k in range(1, len(means)) if means[k] > means[k - 1]]
    return float(step[rises[-1]]) if rises else None


def onset_line(name: str, f: OnsetFigures) -> str:
    return f"  {name:22s} within {share(f.within, f.asked)}; named {f.found}; median {f.shares[0]:.2%}, 90th {f.shares[1]:.2%} of the run"


def ask_all(rows: Sequence[Label]) -> dict[str, list[Answer]]:
    """The answers of every tool to every run; a crash counts as nothing found."""
    out: dict[str, list[Answer]] = {name: [] for name in TOOLS}
    with tempfile.TemporaryDirectory() as folder:
        for label in rows:
            path = write_state(label, Path(folder))
            for name, tool in TOOLS.items():
                try:
                    out[name].append(tool(path))
                except Exception:
                    out[name].append(Answer(HEALTHY))
    return out


def print_table(said: Sequence[Said]) -> None:
    """The rivals' figures on the same runs."""
    rows = [s.label for s in said]
    answers = ask_all(rows)
    print("\nbeside it (the same runs)")
    for name, got in answers.items():
        print(f" {name}")
        for figure, (hits, of) in verdict_figures([(r, a.words) for r, a in zip(rows, got, strict=True)]).items():
            print(f"  {figure:34s}{share(hits, of)}")
        print(
            onset_line(
                "onset",
                onset_figures(
                    [
                        (r, (a.step, a.step, a.step) if a.step is not None else None)
                        for r, a in zip(rows, got, strict=True)
                    ]
                ),
            )
        )
        failing = [(r, a) for r, a in zip(rows, got, strict=True) if usable(r)]
        print("  true cause first, averaged        " + averaged([(r, a.cause) for r, a in failing]))
    failing_rows = [r for r in rows if usable(r)]
    print(
        " always learning-rate-too-high\n  true cause first, averaged        "
        + averaged([(r, "learning-rate-too-high") for r in failing_rows])
    )
    for model in ("l2", "l1"):
        steps = [last_rise(r, model) if r["onset"] else None for r in rows]
        print(
            onset_line(
                f"PELT {model}, last rise",
                onset_figures([(r, (s, s, s) if s is not None else None) for r, s in zip(rows, steps, strict=True)]),
            )
        )


def averaged(pairs: Sequence[tuple[Label, str | None]]) -> str:
    by_cause: dict[str, list[tuple[bool, bool]]] = {}
    for r, cause in pairs:
        by_cause.setdefault(r["cause"], []).append((cause == r["cause"], cause in r["causes"]))
    if not by_cause:
        return "no runs"
    first = np.mean([np.mean([a for a, _ in v]) for v in by_cause.values()])
    fine = np.mean([b for v in by_cause.values() for _, b in v])
    return f"{first:6.1%}; an acceptable cause first {fine:.1%}"
