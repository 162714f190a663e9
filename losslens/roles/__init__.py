"""Which series plays which role.

The name decides where it can (``table.TABLE``); the numbers decide the rest: a learning rate is positive, an accuracy
lies in 0…1 or 0…100, the training loss is the finest raw series among those that may be it. Every series gets one
``RoleChoice`` with a reason a person understands, and a guess says that it is one (``sure=False``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from losslens.errors import UsageError
from losslens.model import RawSeries, Role, RoleChoice, Series
from losslens.patterns import compiled
from losslens.roles import abbreviations, beside, counted, losses, sums, tallies, unnamed
from losslens.roles.names import split_of, words, words_of
from losslens.roles.table import ACCURACY, BELOW_A_LOSS, IN_A_FOLDER_OF_A_LOSS, IS_LOSS, SHORT_ACCURACY, TABLE

__all__ = ["assign", "role_named"]

#: Every optimiser's rate lies below this; a larger series under that name is something else (Source: rates in use).
LARGEST_RATE = 100.0
#: Loss scales begin at 2^7 and more (Source: defaults of Apex, PyTorch, DeepSpeed, fairseq); what is less scales else.
LARGE_SCALE = 128.0
_SYNONYMS = {"loss": Role.TRAIN_LOSS, "lr": Role.LEARNING_RATE, "val": Role.VAL_LOSS, "validation_loss": Role.VAL_LOSS}


def role_named(name: str) -> Role:
    """The role a user means by ``name`` ("loss" is the training loss; dashes and case do not matter).

    Raises ``UsageError`` that lists the nearest names.
    """
    import difflib

    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    if key in _SYNONYMS:
        return _SYNONYMS[key]
    try:
        return Role(key)
    except ValueError:
        known = ["loss", *(r.value for r in Role)]
        near = difflib.get_close_matches(key, known, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(known)}"
        raise UsageError(f"unknown role {name!r}; {hint}") from None


def assign(
    series: Mapping[str, RawSeries] | Mapping[str, Series],
    *,
    trainer: str | None = None,
    overrides: Mapping[str, Sequence[str]] | None = None,
) -> tuple[RoleChoice, ...]:
    """One choice for every series; within a role the best comes first.

    ``trainer`` is the writer where known ("sb3", "ultralytics"), ``overrides`` what the user said
    (``{"loss": ["my/tag"]}``); tags that this run does not have are left out. Raises ``UsageError`` for a role that
    does not exist.
    """
    named = {tag: role_named(role) for role, tags in (overrides or {}).items() for tag in tags if tag in series}
    order = [tag for tags in (overrides or {}).values() for tag in tags if tag in named]
    told = {tag: RoleChoice(tag, named[tag], "given by --role", split=_split_for(named[tag], tag)) for tag in order}
    candidates: dict[str, losses.Candidate] = {}
    choices: dict[str, RoleChoice] = {}
    for tag, one in series.items():
        if tag in told:
            continue
        numbers = _Numbers.of(one)
        choice = _by_name(tag, numbers)
        if choice is None:
            candidates[tag] = losses.Candidate.of(tag, one.step, one.value)
        else:
            choices[tag] = choice
    choices.update(beside.cost_of_a_batch(candidates, choices) | beside.closing_means(series, candidates))
    choices.update(tallies.sums_of_losses(series, candidates) | beside.metrics_beside(candidates))
    choices.update(counted.lost_games(series, candidates) | tallies.counters(series, candidates))
    candidates = {tag: one for tag, one in candidates.items() if tag not in choices}
    candidates = beside.as_since_last(beside.as_meters(beside.as_outputs(candidates)))
    candidates = beside.as_measured_on_both(candidates)
    candidates = abbreviations.as_a_game(abbreviations.as_values(candidates))
    candidates = abbreviations.as_splits(abbreviations.as_terms_of_a_detector(candidates), choices)
    choices.update(losses.choose(candidates, told=tuple(told.values()), trainer=trainer))
    choices.update(_seen_twice(series, choices))
    choices.update(unnamed.objective(series, choices, told))
    choices.update(beside.gradients_of_other_losses(choices))
    choices.update(beside.scores_of_spacy(series, choices))
    choices.update(beside.divergence_alone(series, choices))
    choices.update(beside.returns_beside_values(series, choices))
    choices.update(unnamed.validation(series, choices))
    choices.update(beside.accuracies_of_splits(series, choices))
    choices.update(beside.weights_of_a_linear_model(choices))
    choices.update(beside.rate_called_alpha(series, choices))
    choices.update(sums.parts_of_the_loss(series, choices))
    choices.update(sums.never_computed(series, choices))
    ranked = sorted(choices.values(), key=lambda c: _rank(c, series[c.tag]))
    return (*told.values(), *ranked)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The few numbers of a series that decide an ambiguous name."""

    points: int
    low: float
    high: float
    constant: bool
    rising: bool
    """Rises and never falls: a counter or a clock."""
    ends_higher: bool = False
    """Its last third lies above its first."""
    may_scale_a_loss: bool = False
    """Each is 2 to some whole power, as what mixed precision doubles and halves, and one of them is large."""

    @classmethod
    def of(cls, series: RawSeries | Series) -> _Numbers:
        value = series.value[np.isfinite(series.value)]
        if not value.size:
            return cls(int(series.value.size), float("nan"), float("nan"), False, False)
        low, high = float(value.min()), float(value.max())
        rising = low < high and bool(np.all(value[1:] >= value[:-1]))
        powers = low > 0.0 and high >= LARGE_SCALE and bool(np.all(np.frexp(value)[0] == 0.5))
        third = -(-value.size // 3)
        higher = bool(np.median(value[-third:]) > np.median(value[:third]))
        return cls(int(series.value.size), low, high, low == high, rising, higher, powers)


#: CleanRL keeps what it watches of a policy in one folder with its losses.
_BESIDE_LOSSES = compiled(r"(?:^|/)losses/(?:\w*approx_kl|entropy)$")


#: `|g|`, `||grad||`: a gradient between the bars of a norm.
_BETWEEN_BARS = compiled(r"(?:^|[/ ._])\|{1,2}(?:d?g|grads?|gradient|dL|∇\w*)\|{1,2}$", re.IGNORECASE)


def _by_name(tag: str, numbers: _Numbers) -> RoleChoice | None:
    """The choice that the name makes, checked against the numbers; None for what may be a loss or anything."""
    parts = words_of(tag)
    text = " ".join(parts)
    is_loss = bool(IS_LOSS.search(text)) and not _BESIDE_LOSSES.search(tag) and not _below_a_loss(tag, text, numbers)
    split = split_of(tag)
    counter: RoleChoice | None = None
    if _BETWEEN_BARS.search(tag):
        return RoleChoice(tag, Role.GRAD_NORM, "written as the size of the gradient", split=split)
    for rule in TABLE:
        if is_loss and not rule.beside_loss:
            continue
        if rule.pattern.search(text):
            choice = _checked(RoleChoice(tag, rule.role, rule.why, split=split), parts, numbers)
            if not rule.counts or (numbers.rising and numbers.high > 1.0):
                return choice
            counter = choice
    if not is_loss and ACCURACY.search(text):
        role = Role.VAL_ACCURACY if split in ("val", "test") else Role.ACCURACY
        if numbers.points and not (np.isnan(numbers.low) or (numbers.low >= -1.0 and numbers.high <= 100.0)):
            return RoleChoice(tag, Role.OTHER, "named like an accuracy, but its values leave 0…100", split=split)
        return RoleChoice(tag, role, "named as an accuracy and stays within 0…100", split=split)
    return counter


def _below_a_loss(tag: str, text: str, numbers: _Numbers) -> bool:
    """Whether a name with a loss in it is that of a measure at the output of this loss: the last part decides.

    `loss1/top-1` and `val/cls_loss/acc` are accuracies, `acc/loss` and `accuracy_loss` are losses.
    """
    if BELOW_A_LOSS.search(text):
        return True
    head, _, leaf = tag.rpartition("/")
    last = " ".join(words_of(leaf))
    if not head or IS_LOSS.search(last):
        return False
    if SHORT_ACCURACY.search(last):
        return numbers.ends_higher and numbers.low >= 0.0 and numbers.high <= 100.0
    return bool(IN_A_FOLDER_OF_A_LOSS.fullmatch(last))


def _checked(choice: RoleChoice, parts: tuple[str, ...], numbers: _Numbers) -> RoleChoice:
    if choice.role is Role.LEARNING_RATE:
        # What is called the rate and nothing else is the rate, however wrong it is: that may be the fault.
        if numbers.low < 0.0 or (numbers.high > LARGEST_RATE and not _PLAIN_RATE.fullmatch(" ".join(parts))):
            why = f"named like a learning rate, but its values run from {numbers.low:.3g} to {numbers.high:.3g}"
            return replace(choice, role=Role.OTHER, why=why)
        if numbers.high > LARGEST_RATE:
            return replace(choice, why=f"named as the learning rate, though it reaches {numbers.high:.3g}")
        return replace(choice, why="named as a learning rate; its values are positive and small")
    if choice.role is Role.OTHER and parts == ("eta",) and 0.0 <= numbers.low <= numbers.high <= 1.0 and numbers.high:
        why = "the letter of the learning rate in textbooks; its values are positive and small, as no time left is"
        return replace(choice, role=Role.LEARNING_RATE, why=why, sure=False)
    if choice.role is Role.OTHER and parts in (("time",), ("train", "time")) and not numbers.rising:
        return replace(choice, role=Role.STEP_TIME, why="named a time, and it does not add up: the time of a step")
    if choice.role is Role.GRAD_NORM and parts[-1:] in (("gn",), ("grad",)) and not numbers.low >= 0.0:
        return replace(choice, role=Role.OTHER, why="named like a gradient, but its values are no size")
    if choice.role is Role.GRAD_NORM:
        return _whole_or_layer(choice, parts)
    if choice.role is Role.LAYER_GRAD_NORM and numbers.low >= 0.0 and _names_the_whole(parts):
        whole = replace(choice, role=Role.GRAD_NORM, why="a gradient of the whole model; its values are a size")
        return _whole_or_layer(whole, parts)
    if choice.role is Role.LOSS_SCALE and parts in (("scale",), ("train", "scale")) and not numbers.may_scale_a_loss:
        return replace(choice, role=Role.OTHER, why="named a scale, but its values are not those of a loss scale")
    if choice.role is Role.LOGIT_SCALE and parts[-1:] in _BARE_LOGITS and not numbers.low >= 0.0:
        return replace(choice, role=Role.OTHER, why="named as logits, but its values are no size")
    if choice.role in (Role.LOSS_SCALE, Role.BATCH_SIZE) and numbers.low < 0.0:
        return replace(choice, role=Role.OTHER, why=f"{choice.why}, but has negative values")
    return choice


#: Logits under no name but their own.
_BARE_LOGITS = (("attn",), ("logit",), ("logits",))
#: Words of a gradient norm of the whole model; any other word names a layer or a player.
_WHOLE = words(
    "grad grads gradient gradients norm norms global total l1 l2 inf all overall model full of the train training",
    "optim optimizer log metric metrics debug stats learner info default policy before preclip pre clip clipping",
    "unclipped raw mean avg max abs absmax magnitude size rms scalars diagnostics trainer epoch step batch sample",
    "samples actor critic printed csv json jsonl log out err per gn",
)
#: Words that say of a gradient's size, without the word "norm", that it is the whole model's.
_ALL_OF_IT = words("total global all overall full model whole entire everything")
_GRADIENT = words("grad grads gradient gradients")


def _names_the_whole(parts: tuple[str, ...]) -> bool:
    """`grad/total` and `gradients_all_l2`, but neither `grad/total/layer0` nor `grad/all/max`."""
    rest = [w for w in parts if w not in _GRADIENT]
    known = all(w in _ALL_OF_IT or w in ("l1", "l2", "inf", "train") or losses.player(w) for w in rest)
    return known and any(w in _ALL_OF_IT for w in rest)


def _whole_or_layer(choice: RoleChoice, parts: tuple[str, ...]) -> RoleChoice:
    extra = [w for w in parts if w not in _WHOLE and not w.isdigit()]
    group = next((losses.player(w) for w in parts if losses.player(w)), "")
    if group and len(extra) <= 1:
        return replace(choice, group=group, why=f"{choice.why} of the {group}")
    if extra:
        return replace(choice, role=Role.LAYER_GRAD_NORM, why=f"a gradient norm of one part ({' '.join(extra[:4])})")
    return choice


def _split_for(role: Role, tag: str) -> str:
    if role in (Role.VAL_LOSS, Role.VAL_COMPONENT, Role.VAL_ACCURACY):
        return "val"
    return split_of(tag)


def _seen_twice(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """Losses of one role that hold the very same numbers: the one that counts like the training loss plays, once."""
    axis = next((series[c.tag].axis for c in choices.values() if c.role is Role.TRAIN_LOSS), None)
    found: dict[tuple[Role, int, float, float], list[str]] = {}
    out = {}
    ranked = [c for c in choices.values() if c.role in (Role.TRAIN_LOSS, Role.VAL_LOSS)]
    for choice in sorted(ranked, key=lambda c: series[c.tag].axis != axis):
        value = series[choice.tag].value
        if value.size < losses.FEW_POINTS or choice.group not in ("", "test"):
            continue
        alike = found.setdefault((choice.role, value.size, float(value[0]), float(value[value.size // 2])), [])
        first = next((t for t in alike if np.array_equal(series[t].value, value, equal_nan=True)), None)
        if first is None:
            alike.append(choice.tag)
        else:
            out[choice.tag] = replace(choice, role=Role.OTHER, why=f"the same numbers as {first}")
    return out


#: The name of the rate itself, whatever stands before it of its place.
_PLAIN_RATE = compiled(
    r"(?:train(?:ing)?|optim(?:izer)?|epoch|charts?|log|metrics?|trainer|printed)? ?(?:lr|learning rate)"
)
_ROLE_ORDER = {role: i for i, role in enumerate(Role)}


def _rank(choice: RoleChoice, series: RawSeries | Series) -> tuple[int, float, int, str]:
    """Roles in their order; within a role the plain name before the qualified one, then the finer series.

    Losses come ranked from ``losses.choose`` and keep that order (sorted is stable, so their keys are equal).
    """
    if choice.role in losses.RANKED:
        return (_ROLE_ORDER[choice.role], 0.0, 0, "")
    parts = words_of(choice.tag)
    second_hand = any(w in ("max", "abs", "absmax", "base", "clip", "ema", "avg", "min") for w in parts)
    plain = choice.role is not Role.LEARNING_RATE or bool(_PLAIN_RATE.fullmatch(" ".join(parts)))
    return (_ROLE_ORDER[choice.role], float(second_hand) + 0.5 * (not plain), -int(series.value.size > 0), "")
