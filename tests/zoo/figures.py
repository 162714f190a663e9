"""The figures of the table, each from a list of answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.zoo.predict import Said, asked

HARD = frozenset({"exploded", "nan", "diverged", "val-diverged"})
FAILED = frozenset({*HARD, "shifted", "overfit", "plateau", "spike-recovered"})


def share(hits: int, of: int) -> str:
    """A share with its 95 % interval (Wilson) and how many it rests on."""
    if of == 0:
        return "no runs"
    low, high = wilson(hits, of)
    return f"{hits / of:6.1%}  [{low:.1%}, {high:.1%}]  of {of}"


def wilson(hits: int, of: int) -> tuple[float, float]:
    z = 1.96
    p = hits / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * np.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def verdict_figures(said: Sequence[tuple[dict[str, Any], frozenset[str]]]) -> dict[str, tuple[int, int]]:
    """Hits and counts of the verdict figures from (label, words said); a tool's word may cover several of ours."""
    out = {}
    out["verdict acceptable"] = (sum(bool(w & set(r["words"])) for r, w in said), len(said))
    calm = [(r, w) for r, w in said if not HARD & set(r["words"]) and "healthy" in r["words"]]
    out["false alarms, hard"] = (sum(bool(w & HARD) for _, w in calm), len(calm))
    healthy = [(r, w) for r, w in said if r["words"] == ["healthy"]]
    out["false alarms, any"] = (sum("healthy" not in w for _, w in healthy), len(healthy))
    blown = [(r, w) for r, w in said if set(r["words"]) <= HARD]
    out["recall on runs that blew up"] = (sum(bool(w & HARD) for r, w in blown), len(blown))
    return out


@dataclass(frozen=True)
class OnsetFigures:
    asked: int
    found: int
    within: int
    gaps: tuple[float, float]
    shares: tuple[float, float]
    covered: dict[str, tuple[int, int]]
    width: float


def in_tolerance(label: dict[str, Any], step: float) -> bool:
    truth = true_onset(label, step)
    return bool(abs(step - truth["step"]) <= truth["tolerance"])


def true_onset(label: dict[str, Any], step: float) -> dict[str, Any]:
    """The onset that a said one is held against: of two failures of which either may lead, the nearer one."""
    both: list[dict[str, Any]] = [label["onset"]]
    if label.get("onset_of_validation") is not None:
        both.append(label["onset_of_validation"])
    return min(both, key=lambda onset: abs(step - onset["step"]))


def has_onset(label: dict[str, Any]) -> bool:
    """Runs whose onset is scored: they surely failed and did not do so gradually from the first step on.

    A faulty run whose twin failed as well has none: there is no healthy twin to part from.
    """
    if label["twin_failed"] and label["fault_step"] is not None:
        return False
    return label["onset"] is not None and "healthy" not in label["words"] and "plateau" not in label["words"]


def onset_figures(rows: Sequence[tuple[dict[str, Any], tuple[float, float, float] | None]]) -> OnsetFigures:
    """Error and coverage of the onset from (label, (step, low, high) or None)."""
    rows = [(r, o) for r, o in rows if has_onset(r)]
    got = [(r, o) for r, o in rows if o is not None]
    err = [abs(o[0] - true_onset(r, o[0])["step"]) for r, o in got]
    gaps = [e / r["gap"] for e, (r, _) in zip(err, got, strict=True)]
    run = [e / max(1, r["last_step"] - r["first_step"]) for e, (r, _) in zip(err, got, strict=True)]
    covered: dict[str, list[bool]] = defaultdict(list)
    widths = []
    for r, (step, low, high) in got:
        truth = true_onset(r, step)
        inside = low - 1e-9 <= truth["step"] <= high + 1e-9
        if high - low <= 1.5 * r["gap"]:
            covered["one gap wide"].append(inside)
        else:
            noise = r["noise"]
            covered["noise < 2 %" if noise < 0.02 else "noise 2-10 %" if noise < 0.1 else "noise > 10 %"].append(inside)
            widths.append((high - low) / max(1, r["last_step"] - r["first_step"]))
    q = (
        (lambda a: (float(np.median(a)), float(np.percentile(a, 90))))
        if got
        else (lambda a: (float("nan"), float("nan")))
    )
    return OnsetFigures(
        len(rows), len(got), sum(in_tolerance(r, o[0]) for r, o in got), q(gaps), q(run),
        {k: (sum(v), len(v)) for k, v in sorted(covered.items())}, float(np.median(widths)) if widths else float("nan"),
    )  # fmt: skip


@dataclass(frozen=True)
class CauseFigures:
    runs: int
    first: float
    three: float
    oracle_first: float
    oracle_three: float
    acceptable_first: float
    acceptable_by_cause: dict[str, tuple[int, int]]
    first_by_cause: dict[str, tuple[int, int]]
    group: float
    bits: float
    error: float
    interval: tuple[float, float]
    slope: float
    reliability: list[tuple[float, float, int]]


def cause_figures(
    said: Sequence[Said],
    chances: Sequence[dict[str, float]],
    groups: Sequence[tuple[tuple[str, ...], ...]],
    usual: Mapping[str, float] | None = None,
) -> CauseFigures:
    """How well causes were ranked, from probabilities (empty where the run was called healthy).

    ``usual`` is how often each cause comes among those whom the probabilities are for: calibration is asked of such a
    crowd, not of the zoo, in which all causes are about as common. None: as they come.
    """
    rows = [(s, p, g) for s, p, g in zip(said, chances, groups, strict=True) if asked(s)]
    first: dict[str, list[float]] = defaultdict(list)
    three: dict[str, list[float]] = defaultdict(list)
    o1: dict[str, list[float]] = defaultdict(list)
    o3: dict[str, list[float]] = defaultdict(list)
    fine: dict[str, list[bool]] = defaultdict(list)
    in_group, bits = [], []
    p_all: list[float] = []
    hit_all: list[float] = []
    weight_all: list[float] = []
    n_causes = 28.0
    common = Counter(s.label["cause"] for s, _, _ in rows)
    for s, p, g in rows:
        truth, ok = s.label["cause"], s.label["causes"]
        order = sorted((c for c in p if c != "none-of-these"), key=lambda c: -p[c])
        first[truth].append(float(bool(order) and order[0] == truth))
        three[truth].append(float(truth in order[:3]))
        fine[truth].append(bool(order) and order[0] in ok)
        o1[truth].append(1 / len(ok))
        o3[truth].append(min(1.0, 3 / len(ok)))
        members = next((ids for ids in g if truth in ids), None)
        in_group.append(
            1 / len(members) if members else first[truth][-1] if not g or (order and order[0] == truth) else 0.0
        )
        bits.append(np.log2(max(p.get(truth, 0.0), 1e-4) * n_causes) if p else 0.0)
        for c in order:
            p_all.append(p[c])
            hit_all.append(float(c == truth))
            weight_all.append(usual[truth] / common[truth] if usual else 1.0)
    error, interval, slope, table = calibration(np.array(p_all), np.array(hit_all), np.array(weight_all))

    def mean(d: dict[str, list[float]]) -> float:
        return float(np.mean([np.mean(v) for v in d.values()])) if d else float("nan")

    return CauseFigures(
        runs=len(rows),
        first=mean(first),
        three=mean(three),
        oracle_first=mean(o1),
        oracle_three=mean(o3),
        acceptable_first=average([float(x) for v in fine.values() for x in v]),
        acceptable_by_cause={c: (sum(v), len(v)) for c, v in sorted(fine.items())},
        first_by_cause={c: (int(sum(v)), len(v)) for c, v in sorted(first.items())},
        group=average(in_group),
        bits=average(bits),
        error=error,
        interval=interval,
        slope=slope,
        reliability=table,
    )


def average(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


Floats = NDArray[np.float64]


def calibration(
    p: Floats, hit: Floats, w: Floats, bins: int = 10
) -> tuple[float, tuple[float, float], float, list[tuple[float, float, int]]]:
    """Debiased calibration error over cause-run pairs above 1 %, its bootstrap interval, the slope, and the table."""
    keep = p > 0.01
    p, hit, w = p[keep], hit[keep], w[keep]
    if len(p) < 30:
        return float("nan"), (float("nan"), float("nan")), float("nan"), []
    edges = np.quantile(p, np.linspace(0, 1, bins + 1))
    which = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, bins - 1)

    def debiased(i: NDArray[np.int64]) -> float:
        total = 0.0
        for b in range(bins):
            m = i[which[i] == b]
            if len(m) > 1:
                stated, rate = np.average(p[m], weights=w[m]), np.average(hit[m], weights=w[m])
                alone = (w[m] ** 2).sum() / w[m].sum() ** 2  # 1 / n where all weigh alike
                total += w[m].sum() / w[i].sum() * ((stated - rate) ** 2 - rate * (1 - rate) * alone / (1 - alone))
        return float(np.sqrt(max(0.0, total)))

    rng = np.random.default_rng(0)
    everything = np.arange(len(p))
    boot = [debiased(rng.integers(0, len(p), len(p))) for _ in range(200)]
    table = [
        (
            float(np.average(p[which == b], weights=w[which == b])),
            float(np.average(hit[which == b], weights=w[which == b])),
            int((which == b).sum()),
        )
        for b in range(bins)
        if (which == b).any()
    ]
    x = np.log(p / (1 - np.clip(p, 0, 0.999999)))
    return (
        debiased(everything),
        (float(np.percentile(boot, 2.5)), float(np.percentile(boot, 97.5))),
        logistic_slope(x, hit, w),
        table,
    )


def logistic_slope(x: Floats, hit: Floats, w: Floats) -> float:
    """The slope of a logistic regression of hits on stated log-odds: 1 is calibrated, below is overconfident."""
    a, b = 0.0, 1.0
    for _ in range(50):
        q = 1 / (1 + np.exp(-(a + b * x)))
        v = w * (q * (1 - q) + 1e-9)
        g = np.array([(w * (hit - q)).sum(), (w * (hit - q) * x).sum()])
        h = np.array([[v.sum(), (v * x).sum()], [(v * x).sum(), (v * x * x).sum()]]) + 1e-6 * np.eye(2)
        da, db = np.linalg.solve(h, g)
        a, b = a + da, b + db
    return float(b)
