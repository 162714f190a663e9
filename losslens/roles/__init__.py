"""Which series plays which role.

The name decides where it can (``table.TABLE``); the numbers decide the rest: a learning rate is positive, an accuracy
lies in 0…1 or 0…100, the training loss is the finest raw series among those that may be it. Every series gets one
``RoleChoice`` with a reason a person understands, and a guess says that it is one (``sure=False``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.errors import UsageError
from losslens.model import RawSeries, Role, RoleChoice, Series
from losslens.roles import abbreviations, beside, losses, sums
from losslens.roles.names import TEST_WORDS, TRAIN_WORDS, VAL_WORDS, split_of, words, words_of
from losslens.roles.table import ACCURACY, IS_LOSS, TABLE

if TYPE_CHECKING:
    from losslens.model import FloatArray

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
    candidates = beside.as_since_last(beside.as_meters(beside.as_outputs(candidates)))
    candidates = abbreviations.as_a_game(abbreviations.as_values(candidates))
    candidates = abbreviations.as_splits(abbreviations.as_terms_of_a_detector(candidates), choices)
    choices.update(losses.choose(candidates, told=tuple(told.values()), trainer=trainer))
    choices.update(_seen_twice(series, choices))
    choices.update(_find_unnamed_objective(series, choices, told))
    choices.update(beside.scores_of_spacy(series, choices))
    choices.update(beside.divergence_alone(series, choices))
    choices.update(_bare_validation(series, choices))
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
        return cls(int(series.value.size), low, high, low == high, rising, powers)


#: CleanRL keeps what it watches of a policy in one folder with its losses.
_BESIDE_LOSSES = re.compile(r"(?:^|/)losses/(?:\w*approx_kl|entropy)$")


#: `|g|`, `||grad||`: a gradient between the bars of a norm.
_BETWEEN_BARS = re.compile(r"(?:^|[/ ._])\|{1,2}(?:d?g|grads?|gradient|dL|∇\w*)\|{1,2}$", re.IGNORECASE)


def _by_name(tag: str, numbers: _Numbers) -> RoleChoice | None:
    """The choice that the name makes, checked against the numbers; None for what may be a loss or anything."""
    parts = words_of(tag)
    text = " ".join(parts)
    is_loss = bool(IS_LOSS.search(text)) and not _BESIDE_LOSSES.search(tag)
    split = split_of(tag)
    if _BETWEEN_BARS.search(tag):
        return RoleChoice(tag, Role.GRAD_NORM, "written as the size of the gradient", split=split)
    for rule in TABLE:
        if is_loss and not rule.beside_loss:
            continue
        if rule.pattern.search(text):
            return _checked(RoleChoice(tag, rule.role, rule.why, split=split), parts, numbers)
    if not is_loss and ACCURACY.search(text):
        role = Role.VAL_ACCURACY if split in ("val", "test") else Role.ACCURACY
        if numbers.points and not (np.isnan(numbers.low) or (numbers.low >= -1.0 and numbers.high <= 100.0)):
            return RoleChoice(tag, Role.OTHER, "named like an accuracy, but its values leave 0…100", split=split)
        return RoleChoice(tag, role, "named as an accuracy and stays within 0…100", split=split)
    return None


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
_PLAIN_RATE = re.compile(
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


def _find_unnamed_objective(
    series: Mapping[str, RawSeries] | Mapping[str, Series],
    choices: Mapping[str, RoleChoice],
    told: Mapping[str, RoleChoice],
) -> dict[str, RoleChoice]:
    """When nothing is named like a loss: the one series that behaves like one, admitted as a guess."""
    roles = {c.role for c in [*choices.values(), *told.values()]}
    if Role.TRAIN_LOSS not in roles and roles & {Role.VAL_LOSS, Role.LOSS_COMPONENT}:
        return _bare_total(series, choices)
    if roles & {Role.TRAIN_LOSS, Role.VAL_LOSS, Role.LOSS_COMPONENT, Role.REWARD}:
        return {}  # what is trained on rewards may log no loss at all
    by_row = all(s.axis == "row" for s in series.values())
    if by_row and len(series) > 1 and not roles - {Role.OTHER, Role.EPOCH, Role.SAMPLES, Role.STEP_TIME}:
        return {}  # any table of numbers looks like this
    open_tags = [tag for tag, c in choices.items() if c.role is Role.OTHER and c.why == losses.UNKNOWN]
    open_tags = [tag for tag in open_tags if not _NO_OBJECTIVE & set(words_of(tag)) or _WRONGNESS & set(words_of(tag))]
    if bare := _bare_names(series, open_tags, roles):
        return bare
    falling = [tag for tag in open_tags if _behaves_like_a_loss(series[tag].value)]
    # "bpr" beside "val_bpr" are one loss of two data sets.
    of_other_data = {tag: words_of(tag)[1:] for tag in open_tags if any(w in VAL_WORDS for w in words_of(tag)[:1])}
    falling = [tag for tag in falling if tag not in of_other_data] or falling
    if len(falling) == 1:
        tag = falling[0]
        why = "nothing is named like a loss; this is the only series that falls like one (or ends in NaN)"
        found = {tag: RoleChoice(tag, Role.TRAIN_LOSS, why, sure=False, split=split_of(tag))}
        why = f"named like {tag}, of the data held back"
        twins = (t for t, rest in of_other_data.items() if t != tag and rest == words_of(tag))
        return found | {t: RoleChoice(t, Role.VAL_LOSS, why, sure=False, split=split_of(t)) for t in twins}
    if len(open_tags) == 1 and series[open_tags[0]].value.size >= losses.FEW_POINTS:
        tag = open_tags[0]
        planned = _counts(series[tag].value) or _smooth(series[tag].value)
        if planned or _climbs_to_one(series[tag].value) or roles & {Role.ACCURACY, Role.VAL_ACCURACY}:
            return {}
        why = "nothing is named like a loss; this is the only series whose meaning is open"
        return {tag: RoleChoice(tag, Role.TRAIN_LOSS, why, sure=False, split=split_of(tag))}
    return {}


def _bare_total(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """ "total" or "train" beside a validation loss or beside terms: the training loss, under the name of the whole."""
    open_tags = [t for t, c in choices.items() if c.role is Role.OTHER and c.why == losses.UNKNOWN]
    for words_of_it in (("total",), ("train", "total"), *((word,) for word in sorted(TRAIN_WORDS))):
        tag = next((t for t in open_tags if words_of(t) == words_of_it), None)
        if tag is not None and not _may_be_accuracy(series[tag].value):
            why = "no training loss is named so; this is named the whole of it, and is no accuracy by its numbers"
            return {tag: RoleChoice(tag, Role.TRAIN_LOSS, why, sure=False, split=split_of(tag))}
    return {}


def _bare_names(
    series: Mapping[str, RawSeries] | Mapping[str, Series], open_tags: Sequence[str], roles: set[Role]
) -> dict[str, RoleChoice]:
    """ "train" beside "valid", or "total" beside its terms: with no loss by name, these are what is minimised."""
    by_words = {words_of(tag): tag for tag in open_tags if not _may_be_accuracy(series[tag].value)}
    total = next((tag for parts, tag in by_words.items() if parts in (("total",), ("train", "total"))), None)
    if total is not None and len(open_tags) > 1:
        why = "nothing is named a loss; this is named the total of something"
        return {total: RoleChoice(total, Role.TRAIN_LOSS, why, sure=False, split=split_of(total))}
    measured = {tag: series[tag] for tag in open_tags if not _counts(series[tag].value)}
    if (total := sums.whole_of(measured)) is not None:
        why = "nothing is named a loss; this is the sum of the others, as a loss is of its terms"
        return {total: RoleChoice(total, Role.TRAIN_LOSS, why, sure=False, split=split_of(total))}
    train = next((tag for parts, tag in by_words.items() if len(parts) == 1 and parts[0] in TRAIN_WORDS), None)
    if train is None:
        return {}
    held = [
        tag for tag in open_tags if _names_held_back(tag) and _measures_like(series[tag].value, series[train].value)
    ]
    if not held or roles & {Role.ACCURACY, Role.VAL_ACCURACY}:
        return {}
    why = "nothing is named a loss; the data sets are named side by side, and it is no accuracy by its numbers"
    found = {train: RoleChoice(train, Role.TRAIN_LOSS, why, sure=False, split="train")}
    return found | {tag: RoleChoice(tag, Role.VAL_LOSS, why, sure=False, split=split_of(tag)) for tag in held}


def _bare_validation(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """ "Loss: 0.5, Val: 0.6": beside a training loss, what is named as the other data alone is the loss on them."""
    roles = {choice.role for choice in choices.values()}
    if Role.TRAIN_LOSS not in roles or roles & {Role.VAL_LOSS, Role.VAL_ACCURACY}:
        return {}
    bare = [t for t, c in choices.items() if c.role is Role.OTHER and c.why == losses.UNKNOWN and _names_held_back(t)]
    bare = [t for t in bare if words_of(t)[0] not in TEST_WORDS] or bare
    train = next(t for t, c in choices.items() if c.role is Role.TRAIN_LOSS)
    if len(bare) != 1 or not _is_loss_beside(series[bare[0]].value, series[train].value):
        return {}
    why = "names the data held back beside a training loss, and it is no accuracy by its numbers"
    return {bare[0]: RoleChoice(bare[0], Role.VAL_LOSS, why, sure=False, split="val")}


#: The loss on data held back that rises from the first has at most this many times the training loss where both
#: begin, and comes to at most so many times where it began: an accuracy in percent leaves one or the other.
_BEGINS_NEAR, _RISES = 2.0, 5.0


def _names_held_back(tag: str) -> bool:
    """Named as the data that is not trained on, and nothing else: "dev", "test", "held-out"."""
    parts = words_of(tag)
    return parts in (("held", "out"), ("hold", "out")) or (len(parts) == 1 and parts[0] in VAL_WORDS | TEST_WORDS)


def _measures_like(value: FloatArray, train: FloatArray) -> bool:
    """Whether "dev" measures what "train" beside it does, a loss by its numbers: no rise within 0…1."""
    if value.size < losses.FEW_POINTS or _counts(value):
        return False
    finite, beside = value[np.isfinite(value)], train[np.isfinite(train)]
    within = bool(finite.size) and finite.min() >= 0.0 and finite.max() <= 1.0
    return not (_may_be_accuracy(value) and within and beside.size and beside.max() > 1.0)


def _is_loss_beside(value: FloatArray, train: FloatArray) -> bool:
    """Whether what is named as data held back is a loss: no accuracy by its numbers, or one that can be none."""
    if not _may_be_accuracy(value):
        return True
    finite, beside = value[np.isfinite(value)], train[np.isfinite(train)]
    if finite.size < losses.FEW_POINTS or not beside.size or _counts(value) or finite.min() <= 0.0:
        return False
    near = 1.0 / _BEGINS_NEAR <= float(finite[0] / np.median(beside[: losses.FEW_POINTS])) <= _BEGINS_NEAR
    return bool(finite.min() > 1.0 and near and finite.max() <= _RISES * finite[0])


#: A share of what was right ends above the first of these, and at so many times where it began.
_MOSTLY, _MANY_TIMES = 0.5, 3.0


def _climbs_to_one(value: FloatArray) -> bool:
    """Within 0…1 throughout, low at the beginning and most of the way up at the end: a score."""
    finite = value[np.isfinite(value)]
    if finite.size < value.size or not finite.size or finite.min() < 0.0 or finite.max() > 1.0:
        return False
    end = float(np.median(finite[-max(1, finite.size // 10) :]))
    return end > max(_MOSTLY, _MANY_TIMES * float(finite[0]))


def _may_be_accuracy(value: FloatArray) -> bool:
    """Within 0…100 throughout and higher in its second half than in its first, or no course at all."""
    finite = value[np.isfinite(value)]
    if value.size < losses.FEW_POINTS or _counts(value):
        return True
    if finite.size < value.size or finite.min() < 0.0 or finite.max() > 100.0:
        return False
    half = finite.size // 2
    return bool(np.median(finite[half:]) > np.median(finite[:half]))


#: Words of what is counted, set, rewarded or wished to be large: never what a training brings down.
_NO_OBJECTIVE = words(
    "score scores fitness reward rewards return returns quality success win wins won hit hits correct likelihood",
    "similarity sim cos cosine corr correlation spearman pearson coherence helpfulness diversity novelty confidence",
    "count counts num number n len length size sizes id ids idx index rank pieces placed lines moves level stage lives",
    "speed rate ratio fraction percent pct throughput time seconds duration age power util usage utilization",
    "memory mem gpu cpu ram temp temperature epsilon beta lambda alpha gamma seed version",
    "layers layer hidden dim dims width height channels units chunk window capacity budget price volume",
    "coef coefficient weight weights threshold steps best top elbo r2 norm radius momentum left remaining took",
    "delta eta kappa mu nu omega phi psi rho sigma tau theta zeta",
)
#: What is to become less, whatever else the name says.
_WRONGNESS = words("err error cost residual")
#: Fewer of a series' bends than this share turn the other way than the one before: nothing of it was measured.
_TO_AND_FRO = 0.2


def _smooth(value: FloatArray) -> bool:
    """Whether a series runs along without any noise, as what is set by a schedule does."""
    bends = np.diff(value[np.isfinite(value)], 2)
    return bends.size >= losses.FEW_POINTS and float(np.mean(bends[1:] * bends[:-1] < 0)) < _TO_AND_FRO


def _counts(value: FloatArray) -> bool:
    """Whole numbers, or numbers that never change: a count, a choice, a size."""
    finite = value[np.isfinite(value)]
    return _is_counter(value) or bool(np.all(finite == np.floor(finite)))


def _is_counter(value: FloatArray) -> bool:
    finite = value[np.isfinite(value)]
    whole = bool(finite.size) and bool(np.all(finite == np.floor(finite)))
    return not finite.size or bool(np.all(finite == finite[0])) or (whole and bool(np.all(np.diff(finite) >= 0)))


def _behaves_like_a_loss(value: FloatArray) -> bool:
    """Falls from its first tenth to its lowest smoothed stretch, or stops being a number after having been one."""
    if value.size < losses.FEW_POINTS or _counts(value):
        return False
    finite = value[np.isfinite(value)]
    if finite.size < value.size and not np.isfinite(value[-1]):
        return True
    tenth = max(1, finite.size // 10)
    start = float(np.median(finite[:tenth]))
    blocks = [float(np.median(part)) for part in np.array_split(finite, 10) if part.size]
    spread = float(np.ptp(np.asarray(blocks)))
    return spread > 0 and start - min(blocks) >= 0.6 * spread
