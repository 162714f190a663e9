"""Runs of one project as evidence for each other: who survived, and with what changed."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import os
import re
from collections.abc import Sequence

from losslens.causes.facts.levers import LEVERS, PLAIN_WORDS, QUALIFIERS, lever_of, named_differences
from losslens.causes.facts.nouns import Cohort, Facts, Sibling, Sweep
from losslens.causes.facts.recipe import number, squeeze
from losslens.causes.facts.trace import agree_until, holds
from losslens.model import SettingValue, Verdict
from losslens.patterns import compiled

MOST_SIBLINGS = 60

IGNORED = compiled(
    r"(dir|path|name|file|host|time|date|user|version|uid|uuid|^id$|notes|tags|device|numworkers|logging|save|log$|interval"
    r"|outcome|verdict|label|cause)"
)
"""Settings that change nothing in the numbers."""

SAME_TAGS = 0.6
"""Share of all tags that both runs must have logged (a run that died early has no validation yet)."""

SAME_KEYS = 0.5
"""Share of all settings that both must have."""

SAME_VALUES = 0.5
"""Share of all settings that must be equal, of ``TELLING_SETTINGS`` or more."""

TELLING_SETTINGS = 6

FEW_CHANGES = 3
"""Differing settings up to which runs that begin alike are still attempts at one training."""

SAME_BEGIN = 3.0
"""Factor within which two losses begin alike."""

BETTER = 0.8
"""A run that survived ended below this share of the loss at which the failed one ended."""

HELPS = {"learning-rate": -1, "warmup": +1, "clip": -1, "beta2": -1, "eps": +1, "weight-decay": +1}
"""Which way a number must go to help, where knowledge says so: a longer warm-up, a smaller rate."""

LEAST_ALIKE = 2
"""Runs that failed, and runs that survived, from which a sweep says something."""

NUMERIC = HELPS.keys() | {"batch-size"}

STEM = 3
"""Letters that two names must share."""

SAME_STEP_POINTS = 1.5
"""Logged points within which two siblings failed at the same step."""


def with_cohort(all_facts: Sequence[Facts]) -> tuple[Facts, ...]:
    """Add to each run what the other runs of its project say. Runs without a project stand alone."""
    kinds: dict[tuple[str | None, ...], list[Facts]] = {}
    for facts in all_facts:
        if facts.project:
            kinds.setdefault(_kind(facts), []).append(facts)
    out: list[Facts] = []
    for facts in all_facts:
        all_of_kind = (p for p in kinds.get(_kind(facts), []) if p is not facts)
        others = (p for p in all_of_kind if one_training(facts, p) and not holds(facts.trace, p.trace))
        peers = list(itertools.islice(others, MOST_SIBLINGS))
        out.append(dataclasses.replace(facts, cohort=_cohort(facts, peers)) if peers else facts)
    return tuple(out)


def _kind(f: Facts) -> tuple[str | None, ...]:
    """What runs of one training have in common before anything is compared."""
    tag = f.train.tag if f.train is not None else (f.loss.tag if f.loss is not None else None)
    return f.project, f.format, f.trainer, f.extent.axis if f.extent is not None else None, tag


def _cohort(me: Facts, peers: Sequence[Facts]) -> Cohort | None:
    siblings = tuple(_sibling(me, p) for p in peers)
    cured: dict[str, str] = {}
    not_cured: dict[str, str] = {}
    same: str | None = None
    for s in sorted(siblings, key=_how_far):
        levers = [k for k in s.differs if k != "seed"]
        if s.verdict is Verdict.INCONCLUSIVE:
            continue
        known = bool(me.settings) or "seed" in s.differs  # without settings nobody knows that they were the same
        if not levers and s.survived and known:
            same = same or s.name
        if len(levers) == 1 and s.survived and _could_help(levers[0], s.differs[levers[0]]):
            cured.setdefault(levers[0], s.name)
        elif len(levers) == 1 and s.verdict.blew_up:
            not_cured.setdefault(levers[0], s.name)
    starts = [s.start_level for s in siblings if s.start_level is not None and s.start_level > 0]
    return Cohort(
        siblings=siblings,
        cured=cured,
        not_cured={k: v for k, v in not_cured.items() if k not in cured},
        same_setup_survived=same,
        same_step=_same_step(me, siblings),
        sweeps=_sweeps(me, siblings),
        start_level=max(starts) if starts else None,
    )


def _could_help(lever: str, change: tuple[str, str]) -> bool:
    """Whether the change went the way that helps; unknown values and levers without a way may."""
    here, there = (_value(text, lever) for text in change)
    if lever not in HELPS or here is None or there is None or here == there:
        return True
    return (there > here) == (HELPS[lever] > 0)


def _how_far(s: Sibling) -> float:
    """How far the first changed number is from this run's, in nats: the nearest survivor is the best advice."""
    here, there = next(iter(s.differs.values()), ("", ""))
    a, b = number(here), number(there)
    return abs(math.log(b / a)) if a and b and a > 0 and b > 0 else 0.0


def _sweeps(me: Facts, siblings: Sequence[Sibling]) -> dict[str, Sweep]:
    """The levers whose numbers divide the runs that blew up from those that survived."""
    found: dict[str, Sweep] = {}
    judged = [s for s in siblings if s.verdict.blew_up or s.survived]
    if not me.verdict.blew_up or sum(s.survived for s in judged) < LEAST_ALIKE:
        return found
    for lever in sorted({lever for s in judged for lever in s.differs} & NUMERIC):
        mine = next((_value(s.differs[lever][0], lever) for s in judged if lever in s.differs), None)
        rows = [(mine, True)]
        rows += [
            (_value(s.differs[lever][1], lever) if lever in s.differs else mine, s.verdict.blew_up) for s in judged
        ]
        bad = [value for value, failed in rows if failed and value is not None]
        fine = [value for value, failed in rows if not failed and value is not None]
        if len(bad) < LEAST_ALIKE or len(fine) < LEAST_ALIKE or len(bad) + len(fine) < len(rows):
            continue
        chance = 1.0 / math.comb(len(rows), len(bad))
        if min(bad) > max(fine):
            found[lever] = Sweep(True, len(bad), len(fine), min(bad), max(fine), chance)
        elif max(bad) < min(fine):
            found[lever] = Sweep(False, len(bad), len(fine), max(bad), min(fine), chance)
    return found


def _value(text: str, lever: str) -> float | None:
    """The number of a lever as it was shown. Not set means no limit to the gradient, no warm-up, else it is unknown."""
    if text in ("", "not set", "None", "no", "off"):
        return {"clip": math.inf, "warmup": 0.0}.get(lever)
    value = number(text)
    return math.inf if lever == "clip" and value == 0 else value


def one_training(me: Facts, other: Facts) -> bool:
    """Whether two runs of a folder are attempts at one training, by what speaks for it.

    Runs whose first values are the same to the last digit are one training that was changed on its way. Else a folder
    may hold anything, and a loss called "loss" means nothing: the same series must have been logged, and either the
    settings agree for the most part, or (where neither run has settings) the names belong together and the losses begin
    alike. A run without a finite loss has no beginning; there the names alone must say it.
    """
    if me.loss is None or other.loss is None or len(me.tags & other.tags) < SAME_TAGS * len(me.tags | other.tags):
        return False
    if agree_until(me.trace, other.trace) is not None:
        return True
    alike = _begin_alike(me, other)
    mine, theirs = ({k for k in f.settings if _counts(k)} for f in (me, other))
    if bool(mine) != bool(theirs):
        return False
    if not mine:
        return alike is not False and _related(me.place, other.place, strict=alike is None)
    every = mine | theirs
    if len(mine & theirs) < SAME_KEYS * len(every):
        return False
    agree = sum(_same(me.settings[k], other.settings[k]) for k in mine & theirs)
    if len(every) >= TELLING_SETTINGS and agree >= SAME_VALUES * len(every):
        return True
    return len(every) - agree <= FEW_CHANGES and alike is not False


@functools.lru_cache(maxsize=4096)
def _counts(setting: str) -> bool:
    """Whether a setting changes the numbers; asked of the same names for every pair of runs."""
    return not IGNORED.search(squeeze(setting))


def _begin_alike(me: Facts, other: Facts) -> bool | None:
    """First levels within a small factor; None where one of them has none."""
    a, b = _begin(me), _begin(other)
    return None if a is None or b is None else 1 / SAME_BEGIN <= a / b <= SAME_BEGIN


def _begin(f: Facts) -> float | None:
    course = f.train if f.train is not None else f.loss
    level = course.start_level if course is not None else None
    return level if level is not None and 0 < level < float("inf") else None


def _related(name: str, other: str, *, strict: bool) -> bool:
    """Two names of attempts at one thing: a common stem ("rnn", "rnn2"), or words that name a lever, a seed, a number.

    ``strict``: each word in which they differ must be plain ("raw") or name a lever ("clipnorm").
    """
    name, other = (part.lower() for part in _own_parts(name, other))
    own, others = _words(name), _words(other)
    differ = [w for w in own if w not in others] + [w for w in others if w not in own]
    says = [lever_of(w) in LEVERS or lever_of(w) == "seed" for w in differ]
    plain = [w in PLAIN_WORDS or (w in QUALIFIERS and any(says)) or bool(re.fullmatch(r"v?[0-9.]+", w)) for w in differ]
    if all(a or b for a, b in zip(says, plain, strict=True)):
        return True
    if strict:
        return False
    return name[:STEM] == other[:STEM] or any(len(w) >= STEM for w in own if w in others)


def _own_parts(name: str, other: str) -> tuple[str, str]:
    """Two names without the folders that hold both."""
    a, b = name.split("/"), other.split("/")
    while len(a) > 1 and len(b) > 1 and a[0] == b[0]:
        a, b = a[1:], b[1:]
    return "/".join(a), "/".join(b)


def _words(name: str) -> list[str]:
    return [w for w in re.split(r"[^a-z0-9.]+", os.path.splitext(name)[0]) if w]


def _sibling(me: Facts, other: Facts) -> Sibling:
    return Sibling(
        name=other.name,
        verdict=other.verdict,
        differs=_differences(me, other),
        start_level=other.loss.first if other.loss is not None else None,
        onset_step=other.onset.step if other.onset is not None else None,
        lr=other.recipe.lr if other.recipe.lr is not None else (other.rate.peak if other.rate is not None else None),
        same_until=agree_until(me.trace, other.trace),
        last_step=other.extent.last_step if other.extent is not None else None,
        did_better=_did_better(me, other),
    )


def _did_better(me: Facts, other: Facts) -> bool:
    """Whether another run came out well below this one; what a failed run and a dead one end at is much the same.

    One of which the same is said did not, however low its training loss: both overfitted.
    """
    if other.verdict is me.verdict:
        return False
    mine, theirs = (None if f.train is None else f.train.end for f in (me, other))
    if mine is None or theirs is None or not math.isfinite(mine) or not math.isfinite(theirs):
        return True
    if mine <= 0 or theirs <= 0 or me.leading_role.startswith("val"):
        return True
    return theirs < BETTER * mine


def _differences(me: Facts, other: Facts) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for key in sorted(set(me.settings) | set(other.settings)):
        mine, theirs = me.settings.get(key), other.settings.get(key)
        if _same(mine, theirs) or not _counts(key):
            continue
        found.setdefault(lever_of(key), (_shown(mine), _shown(theirs)))
    if me.rate is not None and other.rate is not None and "learning-rate" not in found:
        a, b = me.rate.peak, other.rate.peak
        if a > 0 and b > 0 and not 1 / 1.2 < b / a < 1.2:
            found["learning-rate"] = (f"{a:.3g}", f"{b:.3g}")
    if not found or (not me.settings and not other.settings):
        told = named_differences(*_own_parts(me.place, other.place))
        sure = bool(me.settings or other.settings)  # settings were kept: a name then only counts where it names a lever
        found.update({k: v for k, v in told.items() if k not in found and (not sure or k in LEVERS or k == "seed")})
    return found


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
            and s.same_until is None  # else the two are one until they part, and what came of it says nothing new
            and abs(where - me.onset.step) <= SAME_STEP_POINTS * me.extent.interval
        ):
            return s.name
    return None
