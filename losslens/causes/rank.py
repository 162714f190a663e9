"""Signs, sizes and priors to probabilities, groups, and what to log next.

The model is additive in log-odds, so that every probability can be explained:

    score(cause) = log prior + how usual the verdict is for it + sum over its signs of size · direction · strength

and the probabilities are the softmax of the scores over the competing causes and ``none-of-these``, divided by a
temperature. Signs that say the same thing share one size: their contributions are added and cut to -1…1 first.
What could not be checked adds nothing. Sizes (``sizes.json``) and priors (``priors.json``) are data; a fit needs

- ``signs(facts)``: every cause's signs, and ``features(found)``: the same as numbers {(cause, key): -1…1},
- ``endings.endings(facts)``: the rows of the verdict table,
- ``score(found, rows, sizes, priors)``: the probabilities.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from losslens import causes
from losslens.causes import trees
from losslens.causes.advised import once
from losslens.causes.endings import HOW, endings, family
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import impossible, kind
from losslens.causes.signs.build import key_of, num
from losslens.causes.signs.same_fact import told_once
from losslens.causes.tell_apart import tell_apart
from losslens.causes.why_then import why_then
from losslens.model import Cause, CauseGroup, Diagnosis, Evidence, NotChecked, Sign, Verdict

NONE = "none-of-these"

SHOWN_FROM = 0.01
"""Causes below this probability are not listed."""

TURNED_BY = 0.4
"""Share of what the missing signals could add (nats) that counts when asking whether they could turn the order of two
causes: they will not all speak, nor at full strength."""

GROUP_FACTOR = 8.0
"""Beyond this factor two causes are never one group, whatever is missing."""

CLOSE_FACTOR = 1.5
"""Within this factor they belong together whatever was logged: the order would be made up."""

MANY = 4
"""Where more causes than this are one group, none stands out."""

GROUP_FROM = 0.04
"""Causes below this probability are in no group."""

LEADS_ALONE = 0.5
"""Probability below which no cause leads where one evaluation, batch by batch, tells more than any advice: of
validation that is not finite."""

LEADS_FROM = 0.25
"""A first cause less likely than this does not lead: it is ahead by a sign or two among many, and the order of
those …"""

UNLED_FACTOR = 3.0
"""… within this factor of it would be made up."""

SETTINGS = ("clip", "optimizer", "precision", "batch_size", "weight_decay")
"""What is asked for under the name that the settings have in the facts."""

SPLITS_FROM = 0.5
"""Size (nats) from which an unchecked sign is worth logging for."""

VERDICT_SAYS_FROM = 0.7
"""Nats from which the verdict itself is listed among the evidence."""

ASKS_FROM = 0.03
"""A cause below this probability asks for no signal: what to log next is for telling the likely ones apart."""

TELLS_FROM = 0.08
"""Nats, weighed with how likely the causes are, from which a signal would tell enough to be asked for …"""

MOST_ASKED = 4
"""… and of these so many at most."""

LEAST_SHOWN = 0.05
"""Nats below which a piece of evidence would be printed as nothing."""

PROOF_FOR_HARDWARE = ("log-says-hardware", "log-says-nccl", "replay-differs")
"""Curves alone never put a hardware fault first."""

SEEN_IN: Mapping[str, frozenset[str]] = {
    "aux-term-blowup": frozenset(
        {
            *("one-term-led", "term-took-over", "term-first-in-time", "term-weight-raised"),
            *("term-weight-rose", "sum-broke"),
        }
    ),
}
"""Causes that show in a signal of their own, and the signs that read it."""

COMMONEST = "learning-rate-too-high"

Found = Mapping[str, tuple[Sign | NotChecked, ...]]

LOG_NEXT: Mapping[str, str] = {
    "grad_norm": "the gradient norm, before clipping, every step",
    "learning_rate": "the learning rate",
    "val_loss": "a validation loss",
    "train_loss_in_eval_mode": "a piece of the training data, evaluated as the validation data are",
    "loss_scale": "the loss scale and the skipped steps",
    "precision": "the precision (fp16, bf16, fp32), with the settings",
    "optimizer": "the optimizer and its settings",
    "weight_norm": "the norm of the weights",
    "update_ratio": "the ratio of update to weight norm",
    "logit_scale": "the size of the logits (largest attention logit, log Z)",
    "loss_component": "each term of the loss by itself",
    "layer_grad_norm": "the gradient norm of each layer",
    "wall_time": "wall times",
    "batch_size": "the samples per step",
    "steps_per_epoch": "the steps per epoch, or the epoch with each step",
    "clip": "the clip value, with the settings",
    "accuracy": "the accuracy",
    "val_accuracy": "the accuracy on held-out data",
    "reward": "the return",
    "step_loss": "the loss of every step of the first epoch",
    "rank": "the loss of every rank",
    "replay": "the ids of the samples of each batch, so that a step can be replayed",
    "weight_decay": "the weight decay, with the settings",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the fit learned. ``signs``: key (group or name) to cause to nats; ``verdicts``: family likewise."""

    signs: Mapping[str, Mapping[str, float]]
    verdicts: Mapping[str, Mapping[str, float]]
    temperature: float
    unlisted: float
    """Size of a sign that the table does not hold yet."""

    def of(self, key: str, cause: str) -> float:
        return self.signs.get(key, {}).get(cause, self.unlisted)


def sizes_from(data: Mapping[str, object]) -> Sizes:
    """Sizes out of the parsed JSON."""
    signs, verdicts = data["signs"], data["verdicts"]
    temperature, unlisted = data["temperature"], data["unlisted"]
    assert isinstance(signs, dict)
    assert isinstance(verdicts, dict)
    assert isinstance(temperature, int | float)
    assert isinstance(unlisted, int | float)
    return Sizes(signs, verdicts, float(temperature), float(unlisted))


@functools.cache
def load_sizes(path: Path | None = None) -> Sizes:
    """The sizes that come with losslens, or those of another file."""
    source = path if path is not None else Path(__file__).with_name("sizes.json")
    return sizes_from(json.loads(source.read_text(encoding="utf-8")))


@functools.cache
def load_priors(path: Path | None = None) -> Mapping[str, float]:
    """Share of the users' failing runs that each cause is behind; adds up to 1, ``none-of-these`` included."""
    shares = _prior_data(path)["shares"]
    total = sum(shares.values())
    return {cause: share / total for cause, share in shares.items()}


@functools.cache
def _prior_data(path: Path | None = None) -> Mapping[str, Mapping[str, float]]:
    """The priors that come with losslens, or those of another file, as they were written."""
    source = path if path is not None else Path(__file__).with_name("priors.json")
    data: dict[str, dict[str, float]] = json.loads(source.read_text(encoding="utf-8"))
    return data


def priors_of(facts: Facts) -> dict[str, float]:
    """The users' priors for one run: a cause that needs a second player, attention, a term, several workers or data of
    any scale is rarer without a trace of it. They add up to 1."""
    traced: dict[str, float] = {
        "rl-or-gan-divergence": facts.agent is not None,
        "attention-logit-growth": kind.shows_attention(facts),
        "output-logit-drift": facts.logits is not None or not kind.regresses(facts),
        "aux-term-blowup": facts.components is not None,
        "rank-desync": kind.shows_workers(facts) or facts.parting is not None,
        "unscaled-data": kind.scale_matters(facts),
        "train-eval-mismatch": not trees.boosted(facts),
        "nan-in-data": not kind.of_tokens(facts),
    }
    rarer = _prior_data()["without_a_trace"]
    weighed = {
        cause: share * (rarer.get(cause, 1.0) + traced.get(cause, 1.0) * (1.0 - rarer.get(cause, 1.0)))
        for cause, share in load_priors().items()
    }
    total = sum(weighed.values())
    return {cause: share / total for cause, share in weighed.items()}


def signs(facts: Facts) -> dict[str, tuple[Sign | NotChecked, ...]]:
    """Every competing cause with what it found in these facts."""
    return {module.id: module.look(facts) for module in causes.competing()}


def features(found: Found) -> dict[tuple[str, str], float]:
    """The signs as numbers: (cause, key) to -1…1, groups added and cut. Absent means 0: not seen or not checked."""
    out: dict[tuple[str, str], float] = {}
    for cause, items in found.items():
        for item in items:
            if isinstance(item, Sign):
                place = (cause, key_of(item.name))
                out[place] = out.get(place, 0.0) + item.direction * item.strength
    return {place: max(-1.0, min(1.0, x)) for place, x in out.items()}


def score(found: Found, rows: Mapping[str, float], sizes: Sizes, priors: Mapping[str, float]) -> dict[str, float]:
    """Probabilities of every cause and of ``none-of-these``; they add up to 1. ``rows`` are the ``endings``."""
    logits = {
        c: math.log(max(priors.get(c, 0.0), 1e-6)) + usual_for(c, found.get(c, ()), rows, sizes) for c in [*found, NONE]
    }
    for (cause, key), x in features(found).items():
        logits[cause] += sizes.of(key, cause) * x
    _hold_back_hardware(found, logits)
    top = max(logits.values())
    weights = {c: math.exp((v - top) / sizes.temperature) for c, v in logits.items()}
    total = sum(weights.values())
    return {c: w / total for c, w in weights.items()}


def usual_for(cause: str, found: Sequence[Sign | NotChecked], rows: Mapping[str, float], sizes: Sizes) -> float:
    """How usual the verdict is for a cause, in nats.

    A cause that shows in a signal of its own gets no more than the commonest cause of all where nothing is seen of it:
    that many of its runs end so says little then.
    """
    usual, commonest = (
        sum(share * sizes.verdicts.get(row, {}).get(c, 0.0) for row, share in rows.items()) for c in (cause, COMMONEST)
    )
    own = SEEN_IN.get(cause)
    if own is None or any(isinstance(s, Sign) and s.direction > 0 and s.name in own for s in found):
        return usual
    return min(usual, max(0.0, commonest))


def _hold_back_hardware(found: Found, logits: dict[str, float]) -> None:
    mine = found.get("hardware-fault")
    if mine is None or any(isinstance(s, Sign) and s.direction > 0 and s.name in PROOF_FOR_HARDWARE for s in mine):
        return
    others = [v for c, v in logits.items() if c != "hardware-fault"]
    logits["hardware-fault"] = min(logits["hardware-fault"], max(others) - 1.0)


def evidence(cause: str, found: Sequence[Sign | NotChecked], facts: Facts, sizes: Sizes) -> tuple[Evidence, ...]:
    """What speaks for and against one cause, with weights in nats; their sum is what they added to the score.

    What was measured comes first, heaviest first; how usual the verdict is comes last, because it was not read off this
    run. Signs that share a size make one line, in the words of the strongest; others that rest on one fact are marked.
    """
    raw: dict[str, float] = {}
    for s in found:
        if isinstance(s, Sign):
            raw[key_of(s.name)] = raw.get(key_of(s.name), 0.0) + s.direction * s.strength
    lines: dict[str, list[Evidence]] = {}
    for s in found:
        if not isinstance(s, Sign):
            continue
        key = key_of(s.name)
        cut = max(-1.0, min(1.0, raw[key])) / raw[key] if raw[key] else 0.0
        weight = sizes.of(key, cause) * s.direction * s.strength * cut
        told = Evidence(s.name, weight, s.text, s.series, s.first_step, s.last_step, s.value, s.unit, s.compared_to)
        lines.setdefault(f"{key} {s.series}", []).append(told)
    out = sorted((_as_one(same) for same in lines.values()), key=lambda e: -abs(e.weight))
    usual = usual_for(cause, found, endings(facts), sizes)
    if abs(usual) >= VERDICT_SAYS_FROM:
        often = "often" if usual > 0 else "seldom"
        so = facts.verdict.value + HOW.get(family(facts), "")
        text = f"before looking at the details: this cause {often} ends so ({so})"
        out.append(Evidence("verdict", usual, text))
    return tuple(told_once([e for e in out if abs(e.weight) >= LEAST_SHOWN]))


def _as_one(same: Sequence[Evidence]) -> Evidence:
    """The strongest of the signs that say one thing, with the weight of all of them."""
    total = sum(e.weight for e in same)
    return replace(max(same, key=lambda e: e.weight * (1 if total >= 0 else -1)), weight=total)


def diagnose(facts: Facts, *, sizes: Sizes | None = None, priors: Mapping[str, float] | None = None) -> Diagnosis:
    """Ranked causes with evidence, groups, what to log next, and why then. A healthy run has no causes."""
    if facts.verdict in (Verdict.HEALTHY, Verdict.INCONCLUSIVE):
        return Diagnosis((), (), 1.0, (), ())
    table = sizes if sizes is not None else load_sizes()
    found = signs(facts)
    chance = score(found, endings(facts), table, priors if priors is not None else priors_of(facts))
    order = sorted((m for m in causes.competing() if chance[m.id] >= SHOWN_FROM), key=lambda m: -chance[m.id])
    listed, grown = [], trees.boosted(facts)
    for place, module in enumerate(order):
        items = found[module.id]
        unchecked = tuple(s for s in items if isinstance(s, NotChecked))
        own = module.fixes(facts)
        listed.append(
            Cause(
                id=module.id,
                probability=chance[module.id],
                title=module.title,
                level=module.level,
                evidence=evidence(module.id, items, facts, table),
                not_checked=unchecked,
                fixes=(
                    *impossible.mended(facts, module.id),
                    *(trees.for_trees(facts, module.id, own) if grown else own),
                ),
                contributing=_contributing(facts, module.id) if place == 0 else (),
            )
        )
    groups = _groups(facts, found, chance, table)
    lead = LEADS_ALONE if facts.nonfinite is not None and facts.leading_role.startswith("val") else LEADS_FROM
    unled = not grown and any(len(group.ids) > MANY or chance[group.ids[0]] < lead for group in groups)
    return Diagnosis(
        causes=once(listed),
        groups=groups,
        tell_apart=tell_apart(facts, groups[0].ids, groups[0].split_by) if unled else None,
        none_of_these=chance[NONE],
        log_next=_log_next(facts, found, chance, table),
        why_then=why_then(facts, order[0].id, _how_late(order, chance)) if order else why_then(facts),
    )


def _how_late(order: Sequence[causes.CauseModule], chance: Mapping[str, float]) -> dict[str, str]:
    """How the first cause can come late, and the second where it is as likely."""
    near = [m for m in order[:2] if chance[m.id] * CLOSE_FACTOR >= chance[order[0].id]]
    return {m.id: m.late for m in near}


def _cured(items: Sequence[Sign | NotChecked]) -> bool:
    """Whether a sibling survived with this alone changed: what nobody logged would not turn that."""
    return any(isinstance(s, Sign) and s.direction > 0 and s.name.startswith("cured-by-") for s in items)


def _unchecked(found: Found, cause: str, sizes: Sizes) -> dict[str, float]:
    """Signal to what it could have told of this cause: the sizes of the signs it would have allowed, in nats."""
    keys = {(s.needs, key_of(s.name)) for s in found[cause] if isinstance(s, NotChecked) and s.needs}
    out: dict[str, float] = {}
    for signal, key in sorted(keys):
        out[signal] = out.get(signal, 0.0) + sizes.of(key, cause)
    return out


def _groups(facts: Facts, found: Found, chance: Mapping[str, float], sizes: Sizes) -> tuple[CauseGroup, ...]:
    """The leading causes that this log cannot tell apart, and the signals that would."""
    rows = sorted((c for c in found if chance[c] >= GROUP_FROM), key=lambda c: -chance[c])
    if len(rows) < 2:
        return ()
    leader, members = rows[0], [rows[0]]
    proven = _cured(found[leader])
    close = CLOSE_FACTOR if chance[leader] >= LEADS_FROM else UNLED_FACTOR
    needs: dict[str, float] = {}
    for other in rows[1:]:
        apart = chance[leader] / chance[other]
        split = {**_unchecked(found, leader, sizes)}
        for signal, size in _unchecked(found, other, sizes).items():
            split[signal] = max(split.get(signal, 0.0), size)
        split = {k: v for k, v in split.items() if v >= SPLITS_FROM}
        turned = TURNED_BY * sum(split.values()) >= math.log(apart) * sizes.temperature
        if apart <= close or (apart <= GROUP_FACTOR and split and turned and not proven):
            members.append(other)
            for signal, size in split.items():
                needs[signal] = needs.get(signal, 0.0) + size * chance[other]
    if len(members) < 2:
        return ()
    best = sorted(needs.keys() - _known(facts), key=lambda k: (-needs[k], k))[:3] or [_splits_in_general(members)]
    return (CauseGroup(tuple(members), sum(chance[c] for c in members), tuple(best)),)


def _splits_in_general(members: Sequence[str]) -> str:
    """What would split causes of this kind when every signal that losslens asks for was there."""
    if {"train-eval-mismatch", "overfitting", "rank-desync"} & set(members):
        return "train_loss_in_eval_mode"
    if {"bad-batch", "recurring-bad-sample", "data-shift", "nan-in-data", "hardware-fault"} & set(members):
        return "sample_ids"
    return "layer_grad_norm"


def _log_next(facts: Facts, found: Found, chance: Mapping[str, float], sizes: Sizes) -> tuple[str, ...]:
    """What would have told most: missing signals by size, weighed with how likely the causes are that ask for them."""
    gain: dict[str, float] = {}
    for cause in found:
        if chance[cause] < ASKS_FROM:
            continue
        for signal, size in _unchecked(found, cause, sizes).items():
            gain[signal] = gain.get(signal, 0.0) + chance[cause] * size
    best = sorted(gain.keys() - _known(facts), key=lambda k: (-gain[k], k))
    return tuple(LOG_NEXT.get(k, k) for k in best[:MOST_ASKED] if gain[k] >= TELLS_FROM)


def _known(facts: Facts) -> frozenset[str]:
    """Signals that need not be asked for: what was logged and told nothing, settings that the log holds or in which a
    sibling is known to differ, and the rate of a run that was bad from its first step."""
    told = facts.rate is not None and facts.rate.source == "settings"
    known = {*facts.roles}
    if told and facts.onset is not None and facts.onset.from_start:
        known.add("learning_rate")
    c = facts.cohort
    levers = {lever for levers in (c.cured, c.not_cured, c.sweeps) for lever in levers} if c is not None else set()
    for setting in SETTINGS:
        if getattr(facts.recipe, setting) is not None or setting.replace("_", "-") in levers:
            known.add(setting)
    return frozenset(known)


def _contributing(facts: Facts, first: str) -> tuple[str, ...]:
    """Recorded settings and consequences worth a word beside the first cause."""
    out: list[str] = []
    if facts.recipe.clip == 0 and first != "exploding-gradients":
        out.append("gradient clipping was off")
    if facts.recipe.weight_decay == 0 and first == "adam-instability":
        out.append("weight decay was off")
    if facts.recipe.momentum is not None and facts.recipe.momentum >= 0.99 and first == "learning-rate-too-high":
        out.append(
            f"momentum {num(facts.recipe.momentum)} multiplies the step by "
            f"{num(round(1 / (1 - min(0.9999, facts.recipe.momentum))))}"
        )
    s = facts.scale
    if s is not None and s.collapsed and first != "mixed-precision-overflow":
        out.append("loss-scale-collapse, as a consequence: the scale fell after the loss had left its course")
    return tuple(out)
