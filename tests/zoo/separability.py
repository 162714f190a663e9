"""Which causes leave the same picture in a log, given what was logged: the acceptable causes of a run.

Each failing run is described by a few dozen numbers, in groups by the signal they need. A run's picture is what its own
logging view shows of them; every other failing run is looked at through the same view. A kernel density with each cause
weighted alike, the run's own family left out, says how likely each cause is to leave such a picture. Causes at least
half as likely as the true one are acceptable beside it. Nothing of losslens takes part in this, so the sets are fixed
before any ranking is fitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.zoo.views import PLAYERS

Floats = NDArray[np.float64]

WIDTH = 0.35
"""Of the kernel: of 0.35, 0.5, 0.7, 1 and 1.4 the one under which the true causes of the first four parts of the grid
were most likely, families left out. Kept since, as the sets are."""
AT_LEAST, HALF = 0.12, 0.5
TWO_PLAYERS = ("gan", "dqn", "ppo", "wgan", "sac", "values")
ATTENTIVE = ("chars", "finetune", "seq2seq", "recurrent", "lm", "curves", "textbag")
NEEDS = {"lr": "lr", "grad": "grad", "val": "val", "rich": "everything"}


def ratio(a: float, b: float) -> float:
    """log10 of a ratio, cut to ±6; 0 where it means nothing."""
    if not (np.isfinite(a) and np.isfinite(b)) or b == 0:
        return 0.0
    if a == 0:
        return -6.0
    return float(np.clip(np.log10(abs(a) / abs(b)), -6, 6))


def middle(a: Floats) -> float:
    a = a[np.isfinite(a)]
    return float(np.median(a)) if len(a) else float("nan")


def around(series: dict[str, Any] | None, step: float, gap: float) -> tuple[float, float, float, float, float, bool]:
    """A series around a step: first, before (long), just before, at, after; whether it was not finite at the step."""
    if series is None or not len(series["step"]):
        return (float("nan"),) * 5 + (False,)  # type: ignore[return-value]
    x, v = series["step"].astype(float), series["value"]
    at = (x >= step - 0.5 * gap) & (x <= step + 2.5 * gap)
    high = v[at][np.isfinite(v[at])]
    before = v[x < step - 0.5 * gap]
    last = before[-2:]
    return (
        middle(v[:3]),
        middle(before[-max(5, len(before) // 3) :]) if len(before) else middle(v[:3]),
        float(np.max(last[np.isfinite(last)], initial=-np.inf)) if np.isfinite(last).any() else float("nan"),
        float(np.max(high)) if len(high) else float("nan"),
        middle(v[x > step + 2.5 * gap]),
        bool((~np.isfinite(v[at])).any()),
    )


def loss_numbers(x: Floats, y: Floats, label: dict[str, Any]) -> list[float]:
    """Numbers that the loss alone shows."""
    onset = label["onset"]["step"] if label["onset"] else int(x[0])
    i = int(np.clip(np.searchsorted(x, onset), 0, len(y) - 1))
    finite = np.isfinite(y)
    if finite.any() and (y[finite] > 0).all():
        z = np.log(np.where(y > 0, y, np.nan))
    else:
        scale = np.nanmedian(np.abs(y[finite] - np.median(y[finite]))) + 1e-9 if finite.any() else 1.0
        z = np.arcsinh(y / (3 * scale))
    before = middle(z[max(0, i - 5) : i]) if i else middle(z[:2])
    after = z[i:][np.isfinite(z[i:])]
    peak, end = (float(after.max()), middle(z[-max(3, len(z) // 20) :])) if len(after) else (before, before)
    rise = peak - before if np.isfinite(peak - before) else 0.0
    fast = (
        int(np.flatnonzero(z[i:] >= before + 0.8 * rise)[0])
        if rise > 0 and len(after) and (z[i:] >= before + 0.8 * rise).any()
        else 0
    )
    step_noise = np.abs(np.diff(z))
    n0, n1 = middle(step_noise[: max(2, i)]), middle(step_noise[i + 1 :])
    high = np.flatnonzero(z - (np.nanmedian(z) if finite.any() else 0) > 8 * max(n0 if np.isfinite(n0) else 0.02, 0.02))
    gaps = np.diff(high)[np.diff(high) > 1]
    first, last = middle(y[:3]), middle(y[-5:])
    return [
        2.0 * (not finite[-1]),
        2.0 * bool(label["onset"] and label["onset"]["from_start"]) if label["onset"] else 1.0,
        2.0 * (i / max(1, len(y))),
        float(np.clip(np.log1p(max(rise, 0)), 0, 3)),
        float(np.log10(1 + fast) * 1.2),
        float(np.clip((peak - end) / rise, 0, 1.5)) * 1.5 if rise > 0.05 else 1.5,
        float(np.clip(np.log10(abs(first) + 1e-3) * 0.6, -1, 3)),
        float(np.clip(np.log1p(len(high)) * 0.4, 0, 2)),
        float(np.std(gaps) / np.mean(gaps)) if len(gaps) > 2 else 1.5,
        float(np.clip(ratio(n1, n0), -1.5, 1.5)),
        1.5 * (last < -2 * abs(first) if np.isfinite(last) and np.isfinite(first) else 0),
        2.0 * ("plateau" in label["words"]),
        1.5 * (label["leading"] != "" and label["series"][label["leading"]][0] == "val/loss"),
        1.0 * ((~finite[: len(y) - 1]).any() and bool(finite[-1])),
    ]


def either(full: dict[str, Any], key: str) -> dict[str, Any] | None:
    """A series, or that of the first of two players."""
    return next((full[k] for k in (key, key + "/d_loss", key + "/critic_loss") if k in full), None)


def picture(label: dict[str, Any], full: dict[str, Any]) -> dict[str, list[float]]:
    """The numbers of a failing run, by the signal they need. ``full``: its series as if everything had been logged."""
    name = label["series"][label["leading"]][0]
    loss = full[name]
    x, y = loss["step"].astype(float), loss["value"]
    onset = float(label["onset"]["step"]) if label["onset"] else float(x[0])
    gap = float(label["gap"])
    out = {"loss": loss_numbers(x, y, label)}
    restarted = loss["segment"].max(initial=0) > 0
    out["loss"].append(3.0 * restarted)
    first, before, near, at, after, _ = around(full.get("lr"), onset, gap)
    lr = full["lr"]["value"]
    top = float(np.max(lr))
    out["lr"] = [
        2 * ratio(at, before),
        ratio(after, before),
        0.7 * ratio(before, top) if top > 0 else -3.0,
        0.4 * float(np.clip(np.log10(top + 1e-9), -8, 4)),
        1.0 * bool(lr[0] < 0.5 * top),
    ]
    grad = either(full, "grad")
    first, before, near, at, after, lost = around(grad, onset, gap)
    out["grad"] = [ratio(near, before), ratio(at, before), ratio(after, before), 0.5 * ratio(before, first), 1.5 * lost,
                   0.5 * float(np.clip(np.log10(abs(first) + 1e-8), -6, 5)) if np.isfinite(first) else 3.0]  # fmt: skip
    val = full.get("val/loss")
    first, before, near, at, after, _ = around(val, onset, gap)
    train = full[name if not name.startswith("val/") else next(k for k in PLAYERS if k in full)]["value"]
    lowest = float(np.nanmin(val["value"])) if val and np.isfinite(val["value"]).any() else float("nan")
    out["val"] = [ratio(after, before), ratio(after, middle(train[-5:])), ratio(first, middle(train[:3])),
                  ratio(lowest, first)]  # fmt: skip
    rich: list[float] = []
    for key, scale in (("weight", 2.0), ("update", 1.0), ("logit", 1.0), ("scale", 1.0), ("batch_size", 2.0)):
        first, before, near, at, after, lost = around(either(full, key), onset, gap)
        rich += [scale * ratio(before, first), scale * ratio(at, before), 0.7 * scale * ratio(after, before)]
    parts = [s["value"] for k, s in full.items() if k.startswith("part/")]
    shares = [ratio(middle(np.abs(p[-5:])), middle(np.abs(p[:5]))) for p in parts]
    rich += [max(shares, default=0.0), max(shares, default=0.0) - min(shares, default=0.0)]
    out["rich"] = [float(np.clip(v, -3, 3)) for v in rich]
    return out


def shown(tier: str) -> list[str]:
    groups = ["loss"]
    return groups + [g for g, word in NEEDS.items() if tier == "everything" or word in tier]


FROM = ("cause", "words", "onset", "leading", "view", "twin_failed")
"""What the acceptable causes of a run hang on, of its label."""


def add(
    rows: list[dict[str, Any]],
    pictures: dict[str, dict[str, list[float]]],
    before: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Adds ``causes`` (acceptable, the true one first) to the label of each faulty run.

    ``before``: the labels as they were. A run that reads as it did keeps its causes: what is asked of the ranking does
    not change with the runs that are added to the zoo. A new run, or one that is labelled otherwise now, is compared
    with all.
    """
    for row in rows:
        if row["cause"] is not None:
            row["causes"] = [row["cause"]]
    there = {r["run"]: r for r in before if "causes" in r}
    known = [r for r in rows if r["run"] in pictures]
    if len(known) < 40:
        return
    cause = np.array([r["cause"] for r in known])
    family = np.array([r["family"] for r in known])
    names = sorted(set(cause))
    counts = {c: int((cause == c).sum()) for c in names}
    matrices = {
        g: np.nan_to_num(np.array([pictures[r["run"]][g] for r in known], float))
        for g in ("loss", "lr", "grad", "val", "rich")
    }
    for k, row in enumerate(known):
        old = there.get(row["run"])
        if old is not None and all(old[key] == row[key] for key in FROM):
            row["causes"] = list(old["causes"])
            continue
        p = density(k, shown(row["view"]["tier"]), matrices, cause, family, names)
        own = p[names.index(row["cause"])]
        p = p * np.array([possible(c, row) for c in names])
        alike = [
            c
            for c, v in sorted(zip(names, p, strict=True), key=lambda t: -t[1])
            if v >= max(AT_LEAST, HALF * own) and counts[c] >= 3
        ]
        row["causes"] = [row["cause"], *(c for c in alike[:5] if c != row["cause"])]


def possible(cause: str, row: dict[str, Any]) -> bool:
    """Whether a cause can be said of this run at all: what the task is and what was logged rule some out."""
    seen = {name for name, _, _ in row["series"].values()}
    if cause == "rl-or-gan-divergence":
        return row["task"] in TWO_PLAYERS
    if cause == "self-recovering-spike":
        return "spike-recovered" in row["words"]
    if cause in ("overfitting", "train-eval-mismatch"):
        return "val/loss" in seen
    if cause == "attention-logit-growth":
        return row["task"] in ATTENTIVE
    if cause == "aux-term-blowup":
        return any(name.startswith("part/") for name in seen) or len(seen) < 8
    return True


def density(
    k: int, groups: list[str], matrices: dict[str, Floats], cause: Any, family: Any, names: list[str]
) -> Floats:
    """How likely each cause is behind the picture of run ``k``, every cause weighted alike."""
    d2 = sum(((matrices[g] - matrices[g][k]) ** 2).sum(1) for g in groups)
    dims = sum(matrices[g].shape[1] for g in groups)
    # wider for more numbers, so that a richer log does not leave every run alone
    w = np.exp(-0.5 * (d2 - np.min(np.where(family != family[k], d2, np.inf))) / (WIDTH**2 * np.sqrt(dims)))
    w = np.where((family == family[k]) | np.char.startswith(family, "keras"), 0.0, w)
    p = np.array([w[cause == c].sum() / max(3, (cause == c).sum()) for c in names]) + 1e-9
    return np.asarray(p / p.sum())
