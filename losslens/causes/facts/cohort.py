"""Runs of one project as evidence for each other: who survived, and with what changed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

from losslens.causes.facts.nouns import Cohort, Facts, Sibling
from losslens.causes.facts.recipe import squeeze
from losslens.model import SettingValue, Verdict

MOST_SIBLINGS = 60

LEVERS: Mapping[str, tuple[str, ...]] = {
    "clip": ("clip", "maxgradnorm", "gradientclip"),
    "warmup": ("warmup",),
    "learning-rate": ("lr", "learningrate", "lr0", "baselr", "peaklr", "maxlr"),
    "schedule": ("scheduler", "lrscheduler", "schedule", "lrschedulertype"),
    "precision": ("precision", "fp16", "bf16", "amp", "dtype", "fp32", "half", "float32", "float16"),
    "data-scaling": ("normali", "standardi", "scaler", "scaling", "scaled", "unscaled", "zscore"),
    "batch-size": ("batchsize", "batch", "accumulation", "accum", "worldsize", "ngpus", "devices"),
    "beta2": ("beta2", "betas", "adambeta2"),
    "eps": ("eps", "epsilon"),
    "weight-decay": ("weightdecay", "wd"),
    "optimizer": ("optimizer", "optim", "sgd", "adam", "adamw"),
    "loss": ("criterion", "lossfn", "lossfunction", "huber", "fromlogits", "focal"),
    "regularisation": ("dropout", "augment", "labelsmoothing"),
    "normalisation-layer": ("batchnorm", "layernorm", "groupnorm", "qknorm"),
    "data": ("dataset", "datapath", "data", "shuffle"),
    "resume": ("resume", "checkpoint", "ckpt"),
}
"""Lever to the words that name it, in the order in which they are asked: "lr_warmup" is a warm-up."""

SEED_WORDS = ("seed", "randomseed", "rng", "seedeverything")

IGNORED = re.compile(
    r"(dir|path|name|file|host|time|date|user|version|uid|uuid|^id$|notes|tags|device|numworkers|logging|save|log$|interval"
    r"|outcome|verdict|label|cause)"
)
"""Settings that change nothing in the numbers."""

SAME_STEP_POINTS = 1.5
"""Logged points within which two siblings failed at the same step."""


def with_cohort(all_facts: Sequence[Facts]) -> tuple[Facts, ...]:
    """Add to each run what the other runs of its project say. Runs without a project stand alone."""
    projects: dict[str, list[Facts]] = {}
    for facts in all_facts:
        if facts.project:
            projects.setdefault(facts.project, []).append(facts)
    out: list[Facts] = []
    for facts in all_facts:
        peers = [p for p in projects.get(facts.project, []) if p.run_id != facts.run_id or p is not facts]
        peers = [p for p in peers if p is not facts][:MOST_SIBLINGS]
        out.append(dataclasses.replace(facts, cohort=_cohort(facts, peers)) if peers else facts)
    return tuple(out)


def _cohort(me: Facts, peers: Sequence[Facts]) -> Cohort | None:
    peers = [p for p in peers if _comparable(me, p)]
    if not peers:
        return None
    siblings = tuple(_sibling(me, p) for p in peers)
    cured: dict[str, str] = {}
    not_cured: dict[str, str] = {}
    same: str | None = None
    for s in siblings:
        levers = [k for k in s.differs if k != "seed"]
        if s.verdict is Verdict.INCONCLUSIVE:
            continue
        if not levers and s.survived and ("seed" in s.differs or not s.differs):
            same = same or s.name
        if len(levers) == 1 and s.survived:
            cured.setdefault(levers[0], s.name)
        elif len(levers) == 1 and s.verdict.blew_up:
            not_cured.setdefault(levers[0], s.name)
    starts = [s.start_level for s in siblings if s.start_level is not None and s.start_level > 0]
    own = me.loss.start_level if me.loss is not None else None
    middle = sorted(starts)[len(starts) // 2] if starts else None
    return Cohort(
        siblings=siblings,
        cured=cured,
        not_cured={k: v for k, v in not_cured.items() if k not in cured},
        same_setup_survived=same,
        same_step=_same_step(me, siblings),
        start_level=max(starts) if starts else None,
        start_ratio=own / middle if own is not None and middle and own > 0 else None,
    )


def _comparable(me: Facts, other: Facts) -> bool:
    """The same kind of loss was judged: one tag, or roles alike (a project folder may hold other trainings too)."""
    if me.loss is None or other.loss is None:
        return True
    return me.loss.tag == other.loss.tag or (
        me.train is not None and other.train is not None and me.train.tag == other.train.tag
    )


def _sibling(me: Facts, other: Facts) -> Sibling:
    return Sibling(
        name=other.name,
        verdict=other.verdict,
        differs=_differences(me, other),
        start_level=other.loss.first if other.loss is not None else None,
        first_nonfinite=other.nonfinite.first_step if other.nonfinite is not None else None,
        onset_step=other.onset.step if other.onset is not None else None,
        lr=other.recipe.lr if other.recipe.lr is not None else (other.rate.peak if other.rate is not None else None),
    )


def lever_of(name: str) -> str:
    """The lever a setting (or a word of a run's name) belongs to; the setting's own name where it is none of them."""
    short = squeeze(name)
    if short in SEED_WORDS or short.startswith("seed"):
        return "seed"
    for lever, words in LEVERS.items():
        for word in words:
            if (
                short == word
                or (len(word) > 3 and word in short)
                or (len(word) <= 3 and re.fullmatch(word + r"[0-9e.\-]*", short))
            ):
                return lever
    return short


def _differences(me: Facts, other: Facts) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for key in sorted(set(me.settings) | set(other.settings)):
        mine, theirs = me.settings.get(key), other.settings.get(key)
        if _same(mine, theirs) or IGNORED.search(squeeze(key)):
            continue
        found.setdefault(lever_of(key), (_shown(mine), _shown(theirs)))
    if me.rate is not None and other.rate is not None and "learning-rate" not in found:
        a, b = me.rate.peak, other.rate.peak
        if a > 0 and b > 0 and not 1 / 1.2 < b / a < 1.2:
            found["learning-rate"] = (f"{a:.3g}", f"{b:.3g}")
    if not found or (not me.settings and not other.settings):
        named = {lever_of(w): ("", w) for w in _name_words(other.name, me.name)}
        for word in _name_words(me.name, other.name):
            named.setdefault(lever_of(word), (word, ""))
        sure = bool(me.settings or other.settings)  # settings were kept: a name then only counts where it names a lever
        found.update({k: v for k, v in named.items() if not sure or k in LEVERS or k == "seed"})
    return found


PLAIN_WORDS = frozenset(
    (
        "raw",
        "base",
        "baseline",
        "run",
        "history",
        "log",
        "logs",
        "default",
        "json",
        "csv",
        "metrics",
        "train",
        "fit",
        "original",
        "plain",
        "v",
        "version",
        "trial",
        "the",
        "a",
        "fixed",
        "fix",
        "healthy",
        "twin",
        "survives",
        "survivor",
        "exp",
        "experiment",
        "test",
    )
)


def _name_words(name: str, other: str) -> list[str]:
    """Words of a run's name that the other does not have, plain ones and bare numbers left out."""
    own = [w for w in re.split(r"[^A-Za-z0-9.]+", name) if w]
    others = {w.lower() for w in re.split(r"[^A-Za-z0-9.]+", other)}
    words = [
        w
        for w in own
        if w.lower() not in others and w.lower() not in PLAIN_WORDS and not re.fullmatch(r"[0-9.]+|v[0-9]+", w)
    ]
    return words[:4]


def _same(a: SettingValue, b: SettingValue) -> bool:
    if a is None and b is None:
        return True
    if (
        isinstance(a, int | float)
        and isinstance(b, int | float)
        and not isinstance(a, bool)
        and not isinstance(b, bool)
    ):
        return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-300)
    return str(a).lower() == str(b).lower()


def _shown(value: SettingValue) -> str:
    if value is None:
        return "not set"
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:60]


def _same_step(me: Facts, siblings: Sequence[Sibling]) -> str | None:
    if me.onset is None or me.extent is None:
        return None
    for s in siblings:
        where = s.onset_step
        if (
            where is not None
            and s.verdict.blew_up
            and abs(where - me.onset.step) <= SAME_STEP_POINTS * me.extent.interval
        ):
            return s.name
    return None
