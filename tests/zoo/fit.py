"""``python -m tests.zoo.fit``: fits how much each sign says, and writes ``losslens/causes/sizes.json``.

Regularised maximum likelihood of the true cause over the failing runs outside the locked test, rare causes weighted up,
with the first sizes (set from knowledge) as the centre of the prior and no size allowed below zero, so
that a sign keeps the direction that knowledge gave it. The strength of the prior and the temperature are chosen on
tasks left out. ``--folds-only`` fits the cross-validation that the score uses and leaves the shipped sizes alone.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losslens import causes
from losslens.causes import rank
from tests.zoo.predict import Said, asked, everything, uniform
from tests.zoo.score import FOLDS, chosen
from tests.zoo.spec import VERSION
from tests.zoo.zoo import labels

Floats = NDArray[np.float64]
SIZES = Path(rank.__file__).with_name("sizes.json")
FIRST = Path(__file__).parent / "first_sizes.json"
"""The sizes set from knowledge: the centre of the prior."""

STRENGTHS = (0.3, 1.0, 3.0)
"""How firmly a size is held to its first value, in runs."""

FAMILIES = (
    "nan-from-start",
    "nan",
    "runaway-from-start",
    "runaway",
    "val-diverged",
    "shifted",
    "overfit",
    "plateau",
    "spike-recovered",
)


@dataclass(frozen=True)
class Table:
    """The runs as numbers: ``x`` (runs, parameters) per cause as sparse triples, the verdict rows, and the truth."""

    ids: list[str]
    keys: list[tuple[str, str]]
    """(cause, key) of each size."""
    cells: list[list[tuple[int, int, float]]]
    """Per run: (cause, parameter, value)."""
    kinds: NDArray[np.int64]
    truth: NDArray[np.int64]
    weight: Floats
    task: list[str]
    way: list[str]


def tabulate(said: list[Said]) -> Table:
    """Signs of every usable run that was called failing."""
    rows = [s for s in said if asked(s) and s.verdict not in ("healthy", "inconclusive")]
    ids = [*(m.id for m in causes.competing()), rank.NONE]
    place = {c: i for i, c in enumerate(ids)}
    keys: dict[tuple[str, str], int] = {}
    cells, kinds, truth = [], [], []
    for s in rows:
        found = rank.features(rank.signs(s.facts))
        cells.append([(place[c], keys.setdefault((c, k), len(keys)), v) for (c, k), v in found.items()])
        kind = rank.family(s.facts)
        kinds.append(FAMILIES.index(kind))
        truth.append(place[s.label["cause"]])
    truth_a = np.array(truth)
    counts = np.bincount(truth_a, minlength=len(ids))
    weight = 1.0 / np.sqrt(counts[truth_a])  # half way to "every cause alike": the rare ones are noisy
    views = Counter(s.label["run"].partition("~")[0] for s in rows)
    weight *= np.array([views[s.label["run"].partition("~")[0]] ** -0.5 for s in rows])  # views of one run are kin
    weight *= sum(v**0.5 for v in views.values()) / weight.sum()
    return Table(
        ids,
        list(keys),
        cells,
        np.array(kinds),
        truth_a,
        weight,
        [s.label["task"] for s in rows],
        [s.label["way"] for s in rows],
    )


def dense(t: Table) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Floats]:
    """The cells as arrays: run, cause, parameter, value."""
    flat = [(r, c, k, v) for r, row in enumerate(t.cells) for c, k, v in row]
    a = np.array(flat, float).reshape(-1, 4)
    return a[:, 0].astype(int), a[:, 1].astype(int), a[:, 2].astype(int), a[:, 3]


def centre(t: Table, first: rank.Sizes) -> Floats:
    """The first sizes as one vector: sizes of signs, then the verdict table."""
    sizes = [first.of(key, cause) for cause, key in t.keys]
    usual = [first.verdicts.get(f, {}).get(c, 0.0) for f in FAMILIES for c in t.ids]
    return np.array(sizes + usual)


def logits(theta: Floats, t: Table, cells: tuple[Any, ...], rows: NDArray[np.int64] | None = None) -> Floats:
    run, cause, param, value = cells
    k = len(t.ids)
    out = theta[len(t.keys) :].reshape(len(FAMILIES), k)[t.kinds].copy()
    np.add.at(out, (run, cause), theta[param] * value)
    priors = uniform()
    out += np.log([priors[c] for c in t.ids])
    return out if rows is None else out[rows]


def softmax(z: Floats) -> Floats:
    e = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True))


def fit(t: Table, first: rank.Sizes, keep: NDArray[np.bool_], strength: float) -> Floats:
    """Sizes and verdict table from the runs in ``keep``."""
    from scipy.optimize import minimize

    cells = dense(t)
    run, cause, param, value = cells
    start = centre(t, first)
    n_sizes = len(t.keys)
    hot = np.zeros((len(t.truth), len(t.ids)))
    hot[np.arange(len(t.truth)), t.truth] = 1
    w = np.where(keep, t.weight, 0.0)[:, None]
    tight = np.concatenate([np.full(n_sizes, strength), np.full(len(start) - n_sizes, 1.5 * strength)])

    def objective(theta: Floats) -> tuple[float, Floats]:
        p = softmax(logits(theta, t, cells))
        loss = -float((w * hot * np.log(p + 1e-12)).sum()) + 0.5 * float((tight * (theta - start) ** 2).sum())
        g = w * (p - hot)
        grad = tight * (theta - start)
        np.add.at(grad, param, g[run, cause] * value)
        table = np.zeros((len(FAMILIES), len(t.ids)))
        np.add.at(table, t.kinds, g)
        grad[n_sizes:] += table.ravel()
        return loss, grad

    bounds = [(0.0, 6.0)] * n_sizes + [(-5.0, 5.0)] * (len(start) - n_sizes)
    found = minimize(
        objective,
        np.clip(start, [b[0] for b in bounds], [b[1] for b in bounds]),
        jac=True,
        bounds=bounds,
        method="L-BFGS-B",
        options={"maxiter": 300},
    )
    return np.asarray(found.x)


def temperature(z: Floats, truth: NDArray[np.int64], weight: Floats) -> float:
    """The temperature under which left-out truths are most likely."""
    grid = np.geomspace(0.5, 4, 40)
    scores = [float((weight * np.log(softmax(z / g)[np.arange(len(truth)), truth] + 1e-12)).sum()) for g in grid]
    return float(grid[int(np.argmax(scores))])


def groups(t: Table, by: str) -> list[list[str]]:
    """Folds: one task each, or one way of injecting each."""
    names = sorted(set(t.task if by == "task" else t.way))
    return [[n] for n in names] if by == "task" else [names[k::10] for k in range(10)]


def cross(t: Table, first: rank.Sizes, strength: float, by: str) -> tuple[Floats, list[tuple[list[str], Floats]]]:
    """Left-out logits of every run, and the parameters of each fold."""
    labels = np.array(t.task if by == "task" else t.way)
    out = np.zeros((len(t.truth), len(t.ids)))
    folds = []
    for left in groups(t, by):
        away = np.isin(labels, left)
        theta = fit(t, first, ~away, strength)
        out[away] = logits(theta, t, dense(t))[away]
        folds.append((left, theta))
    return out, folds


def readable(t: Table, theta: Floats, temp: float, first: dict[str, Any], about: str) -> dict[str, Any]:
    """The parameters as the file a person can read; what no run showed keeps its first value."""
    signs = {k: dict(v) for k, v in first["signs"].items()}
    for (cause, key), value in zip(t.keys, theta, strict=False):
        signs.setdefault(key, {})[cause] = round(float(value), 2)
    usual = theta[len(t.keys) :].reshape(len(FAMILIES), len(t.ids))
    verdicts = {
        f: {c: round(float(usual[i, j]), 2) for j, c in enumerate(t.ids) if abs(usual[i, j]) >= 0.005}
        for i, f in enumerate(FAMILIES)
    }
    return {
        **first,
        "how_set": about,
        "temperature": round(temp, 3),
        "signs": signs,
        "verdicts": {**first["verdicts"], **verdicts},
    }


def measures(z: Floats, t: Table) -> str:
    p = softmax(z)
    order = np.argsort(-p, 1)
    first = np.array([np.mean(order[t.truth == c, 0] == c) for c in np.unique(t.truth)])
    three = np.array([np.mean((order[t.truth == c, :3] == c).any(1)) for c in np.unique(t.truth)])
    bits = np.log2(p[np.arange(len(t.truth)), t.truth] * 28 + 1e-9).mean()
    return f"true first {first.mean():.1%}, in three {three.mean():.1%}, bits {bits:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.fit", description=__doc__)
    parser.add_argument("--folds-only", action="store_true")
    args = parser.parse_args()
    if not json.loads(SIZES.read_text())["how_set"].startswith("Fitted"):
        FIRST.write_text(SIZES.read_text())
    first_data = json.loads(FIRST.read_text())
    first = rank.sizes_from(first_data)
    more = tuple(r for r in labels(file="more.jsonl") if not r["locked"])
    t = tabulate(everything((*chosen(False), *more), progress=True))
    print(f"{len(t.truth)} failing runs, {len(t.keys)} sizes, {len(set(t.truth.tolist()))} causes")
    print("first sizes:", measures(logits(centre(t, first), t, dense(t)) / first.temperature, t))
    best, pick = -np.inf, STRENGTHS[0]
    for strength in STRENGTHS:
        z, _ = cross(t, first, strength, "task")
        temp = temperature(z, t.truth, t.weight)
        p = softmax(z / temp)
        value = float((t.weight * np.log(p[np.arange(len(t.truth)), t.truth] + 1e-12)).mean())
        print(f"  held {strength}: {measures(z / temp, t)}, log-likelihood {value:.3f}, temperature {temp:.2f}")
        if value > best:
            best, pick = value, strength
    z, folds = cross(t, first, pick, "task")
    temp = temperature(z, t.truth, t.weight)
    print("left-out tasks:    ", measures(z / temp, t))
    z_way, _ = cross(t, first, pick, "way")
    print("left-out injectors:", measures(z_way / temp, t))
    about = (
        f"Fitted by python -m tests.zoo.fit on version {VERSION} of the zoo: {len(t.truth)} failing runs outside the "
        f"locked test, held {pick} runs strong to first values set from knowledge; the temperature on tasks left out."
    )
    rows = [{"left_out": left, **readable(t, theta, temp, first_data, about)} for left, theta in folds]
    FOLDS.write_text(
        json.dumps(
            {"about": "Sizes fitted without the tasks in left_out, for the score.", "folds": rows},
            separators=(",", ":"),
        )
        + "\n"
    )
    if not args.folds_only:
        theta = fit(t, first, np.ones(len(t.truth), bool), pick)
        SIZES.write_text(json.dumps(readable(t, theta, temp, first_data, about), indent=1) + "\n")
        print(f"wrote {SIZES.name}")


if __name__ == "__main__":
    main()
