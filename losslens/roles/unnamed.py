"""What is minimised where nothing is named so: what behaves like a loss, or is named after its data alone.

Every choice made here is a guess, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import RawSeries, Role, RoleChoice, Series
from losslens.patterns import compiled
from losslens.roles import losses, sums
from losslens.roles.bare import is_the_letter, names_held_back, under_its_letter, under_its_split, whole_beside_terms
from losslens.roles.names import TEST_WORDS, TRAIN_WORDS, VAL_WORDS, split_of, words, words_of
from losslens.roles.shapes import NEAR, counts, falls_with, may_be_accuracy, measures_like

if TYPE_CHECKING:
    from losslens.model import FloatArray


def objective(
    series: Mapping[str, RawSeries] | Mapping[str, Series],
    choices: Mapping[str, RoleChoice],
    told: Mapping[str, RoleChoice],
) -> dict[str, RoleChoice]:
    """When nothing is named like a loss: the one series that behaves like one, admitted as a guess.

    A few points under the name of a loss, such as the final error, are none beside a course.
    """
    most = max((series[tag].value.size for tag, c in choices.items() if c.why == losses.UNKNOWN), default=0)
    named = {tag: c for tag, c in choices.items() if c.role in _LOSSES}
    few = {
        tag: c for tag, c in named.items() if series[tag].value.size < min(losses.FEW_POINTS, FEW_OF_A_COURSE * most)
    }
    found = _objective(series, {tag: c for tag, c in choices.items() if tag not in few}, told)
    if not found:
        few = {} if told else _results(series, few, most)
    why = "named as a loss, but has only few points beside a course of many"
    mine = [c for c in few.values() if c.role is not Role.VAL_LOSS]
    return found | {c.tag: RoleChoice(c.tag, Role.OTHER, why, split=c.split) for c in mine}


def _results(
    series: Mapping[str, RawSeries] | Mapping[str, Series], few: Mapping[str, RoleChoice], most: int
) -> dict[str, RoleChoice]:
    """Those that are named as what came out in the end, one number each beside a long course: no course to judge."""
    if most < MANY_POINTS or any(series[tag].value.size > 1 for tag in few):
        return {}
    ended = {t: c for t, c in few.items() if np.isfinite(series[t].value).all()}
    return ended if any(_ENDED & set(words_of(tag)) for tag in ended) else {}


_ENDED = words("final best last end lowest min")
#: A course of that many points is one whatever it is called.
MANY_POINTS = 20
_LOSSES = frozenset([Role.TRAIN_LOSS, Role.VAL_LOSS, Role.LOSS_COMPONENT])
#: A loss by name with fewer points than this share of those of another series is no course beside it.
FEW_OF_A_COURSE = 0.2


def _objective(
    series: Mapping[str, RawSeries] | Mapping[str, Series],
    choices: Mapping[str, RoleChoice],
    told: Mapping[str, RoleChoice],
) -> dict[str, RoleChoice]:
    roles = {c.role for c in [*choices.values(), *told.values()]}
    if Role.TRAIN_LOSS not in roles and roles & {Role.VAL_LOSS, Role.LOSS_COMPONENT}:
        return _bare_total(series, choices)
    if not told and {Role.TRAIN_LOSS, Role.LOSS_COMPONENT} <= roles:
        return whole_beside_terms(series, choices)
    if roles & {Role.TRAIN_LOSS, Role.VAL_LOSS, Role.LOSS_COMPONENT, Role.REWARD}:
        return {}  # what is trained on rewards may log no loss at all
    by_row = all(s.axis == "row" for s in series.values())
    if by_row and len(series) > 1 and not roles - {Role.OTHER, Role.EPOCH, Role.SAMPLES, Role.STEP_TIME}:
        return {}  # any table of numbers looks like this
    open_tags = [tag for tag, c in choices.items() if c.role is Role.OTHER and c.why == losses.UNKNOWN]
    open_tags = [tag for tag in open_tags if _may_name_an_objective(tag)]
    if bare := _bare_names(series, open_tags, roles) or under_its_split(series, open_tags, roles):
        return bare
    if by_letter := under_its_letter(series, open_tags, roles):
        return by_letter
    least = _LEAST_MOVE if len(series) > 1 else _LEAST_MOVE_ALONE
    if roles & _OF_A_TRAINING:
        least = 0.0  # of a training it is known what falls, or ought to
    if open_tags and all(map(_NAMELESS.fullmatch, open_tags)) and _is_lost(series[open_tags[0]].value):
        why = "the lines name nothing; the first of their numbers is finite nowhere"
        return {open_tags[0]: RoleChoice(open_tags[0], Role.TRAIN_LOSS, why, sure=False)}
    falling = [tag for tag in open_tags if _behaves_like_a_loss(series[tag].value, least)]
    # "bpr" beside "val_bpr", "train-rmspe" beside "eval-rmspe" are one loss of two data sets.
    of_other_data = {tag: _measured(tag) for tag in open_tags if any(w in _HELD_BACK for w in words_of(tag)[:1])}
    mine = {_measured(tag) for tag in open_tags if tag not in of_other_data}
    falling = [tag for tag in falling if of_other_data.get(tag) not in mine]
    falling = [tag for tag in falling if tag not in of_other_data] or falling
    if len(falling) == 1:
        tag = falling[0]
        why = "nothing is named like a loss; this is the only series that falls like one (or ends in NaN)"
        found = {tag: RoleChoice(tag, Role.TRAIN_LOSS, why, sure=False, split=split_of(tag))}
        why = f"named like {tag}, of the data held back"
        twins = (t for t, rest in of_other_data.items() if t != tag and rest == _measured(tag))
        return found | {t: RoleChoice(t, Role.VAL_LOSS, why, sure=False, split=split_of(t)) for t in twins}
    if len(falling) > 1 and all(map(_NAMELESS.fullmatch, open_tags)):
        why = f"the lines name nothing; of {len(falling)} numbers that fall like a loss the first is taken"
        why += f" (--role loss='{falling[1]}' takes another)"
        return {falling[0]: RoleChoice(falling[0], Role.TRAIN_LOSS, why, sure=False)}
    if len(open_tags) == 1 and series[open_tags[0]].value.size >= losses.FEW_POINTS:
        tag = open_tags[0]
        value = series[tag].value
        lost = bool(_WRONGNESS & set(words_of(tag))) and not np.isfinite(value).any()
        stays = _stays(value, least) and not is_the_letter(tag)
        planned = not lost and (counts(value) or _smooth(value) or _advances(value) or stays)
        if planned or _climbs_to_one(value) or levels_off(value) or roles & {Role.ACCURACY, Role.VAL_ACCURACY}:
            return {}
        why = "nothing is named like a loss; this is the only series whose meaning is open"
        return {tag: RoleChoice(tag, Role.TRAIN_LOSS, why, sure=False, split=split_of(tag))}
    return {}


def may_be_minimised(tag: str, value: FloatArray) -> bool:
    """Whether a series of which nothing is known may be the loss: neither counted nor set, by its name and numbers."""
    return _may_name_an_objective(tag) and not counts(value)


def _is_lost(value: FloatArray) -> bool:
    return bool(value.size) and not bool(np.isfinite(value).any())


def _may_name_an_objective(tag: str) -> bool:
    return not _NO_OBJECTIVE & set(words_of(tag)) or bool(_WRONGNESS & set(words_of(tag)))


_HELD_BACK = VAL_WORDS | TEST_WORDS
#: What the numbers of a printed line are called that names none of them.
_NAMELESS = compiled(r"value(?: \d+)?")


def _measured(tag: str) -> tuple[str, ...]:
    """The words of a name behind that of its data: what is measured."""
    parts = words_of(tag)
    return parts[1:] if len(parts) > 1 and parts[0] in TRAIN_WORDS | _HELD_BACK else parts


def _bare_total(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """ "total" or "train" beside a validation loss or beside terms: the training loss, under the name of the whole."""
    open_tags = [t for t, c in choices.items() if c.role is Role.OTHER and c.why == losses.UNKNOWN]
    for words_of_it in (("total",), ("train", "total"), *((word,) for word in sorted(TRAIN_WORDS))):
        tag = next((t for t in open_tags if words_of(t) == words_of_it), None)
        if tag is not None and not may_be_accuracy(series[tag].value):
            why = "no training loss is named so; this is named the whole of it, and is no accuracy by its numbers"
            return {tag: RoleChoice(tag, Role.TRAIN_LOSS, why, sure=False, split=split_of(tag))}
    return {}


def _bare_names(
    series: Mapping[str, RawSeries] | Mapping[str, Series], open_tags: Sequence[str], roles: set[Role]
) -> dict[str, RoleChoice]:
    """ "train" beside "valid", or "total" beside its terms: with no loss by name, these are what is minimised."""
    by_words = {words_of(tag): tag for tag in open_tags if not may_be_accuracy(series[tag].value)}
    total = next((tag for parts, tag in by_words.items() if parts in (("total",), ("train", "total"))), None)
    if total is not None and len(open_tags) > 1:
        why = "nothing is named a loss; this is named the total of something"
        return {total: RoleChoice(total, Role.TRAIN_LOSS, why, sure=False, split=split_of(total))}
    measured = {tag: series[tag] for tag in open_tags if not counts(series[tag].value)}
    if (total := sums.whole_of(measured)) is not None:
        why = "nothing is named a loss; this is the sum of the others, as a loss is of its terms"
        return {total: RoleChoice(total, Role.TRAIN_LOSS, why, sure=False, split=split_of(total))}
    train = next((tag for parts, tag in by_words.items() if len(parts) == 1 and parts[0] in TRAIN_WORDS), None)
    if train is None:
        return {}
    held = [tag for tag in open_tags if names_held_back(tag) and measures_like(series[tag].value, series[train].value)]
    if not held or roles & {Role.ACCURACY, Role.VAL_ACCURACY}:
        return {}
    why = "nothing is named a loss; the data sets are named side by side, and it is no accuracy by its numbers"
    found = {train: RoleChoice(train, Role.TRAIN_LOSS, why, sure=False, split="train")}
    return found | {tag: RoleChoice(tag, Role.VAL_LOSS, why, sure=False, split=split_of(tag)) for tag in held}


def validation(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """ "Loss: 0.5, Val: 0.6": beside a training loss, what is named as the other data alone is the loss on them."""
    roles = {choice.role for choice in choices.values()}
    if Role.TRAIN_LOSS not in roles or roles & {Role.VAL_LOSS, Role.VAL_ACCURACY}:
        return {}
    bare = [t for t, c in choices.items() if c.role is Role.OTHER and c.why == losses.UNKNOWN and names_held_back(t)]
    bare = [t for t in bare if words_of(t)[0] not in TEST_WORDS] or bare
    train = next(t for t, c in choices.items() if c.role is Role.TRAIN_LOSS)
    if len(bare) != 1 or not _is_loss_beside(series[bare[0]].value, series[train].value):
        return {}
    why = "names the data held back beside a training loss, and it is no accuracy by its numbers"
    return {bare[0]: RoleChoice(bare[0], Role.VAL_LOSS, why, sure=False, split="val")}


#: The loss on data held back that rises from the first, near the training loss, comes to at most so many times where
#: it began: an accuracy in percent begins elsewhere, or goes on.
_RISES = 5.0


def _is_loss_beside(value: FloatArray, train: FloatArray) -> bool:
    """Whether what is named as data held back is a loss: no accuracy by its numbers, or one that can be none."""
    if not may_be_accuracy(value) or falls_with(value, train):
        return True
    finite, beside = value[np.isfinite(value)], train[np.isfinite(train)]
    if finite.size < losses.FEW_POINTS or not beside.size or counts(value) or finite.min() <= 0.0:
        return False
    near = 1.0 / NEAR <= float(finite[0] / np.median(beside[: losses.FEW_POINTS])) <= NEAR
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


#: What gets better gains at most this share as much in the second half of its course as in the first, and of that at
#: least these shares by its second tenth and by its third.
_MOST_LATER, _AT_ONCE, _SOON = 0.5, 0.1, 0.5


def levels_off(value: FloatArray) -> bool:
    """Whether numbers rise from the first one and level off, as an accuracy does.

    A loss that fails falls first, stays a while where it began, or rises the faster the later.
    """
    finite = value[np.isfinite(value)]
    if finite.size < max(value.size, losses.FEW_POINTS):
        return False
    blocks = [float(np.median(block)) for block in np.array_split(finite, min(10, finite.size))]
    half = len(blocks) // 2
    first, soon, gained = (blocks[i] - blocks[0] for i in (1, half // 2, half))
    if gained <= float(np.std(finite[finite.size // 2 :])):
        return False  # flat within its noise
    if min(blocks) < blocks[0] or finite[0] > blocks[0] or first < _AT_ONCE * gained or soon < _SOON * gained:
        return False
    return bool(blocks[-1] - blocks[half] <= _MOST_LATER * gained)


#: Words of what is counted, set, rewarded or wished to be large: never what a training brings down.
_NO_OBJECTIVE = words(
    "score scores fitness reward rewards return returns quality success win wins won hit hits correct likelihood",
    "similarity sim cos cosine corr correlation spearman pearson coherence helpfulness diversity novelty confidence",
    "count counts num number n len length size sizes id ids idx index rank pieces placed lines moves level stage lives",
    "dataset",
    "speed rate ratio fraction percent percentage pct progress",
    "throughput time seconds duration age power util usage utilization",
    "memory mem gpu cpu ram temp temperature epsilon beta lambda alpha gamma seed version",
    "layers layer hidden dim dims width height channels units chunk window capacity budget price volume",
    "coef coefficient weight weights threshold steps best top elbo r2 norm radius momentum left remaining took",
    "latency lat lon lng latitude longitude elevation altitude alt bearing",
    "angle angles deg degrees rad radians yaw pitch roll heading position pos velocity vel acceleration",
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


#: What advances evenly never goes on by more than so many times what it usually does.
_EVENLY = 3.0


def _advances(value: FloatArray) -> bool:
    """Whether a series goes up from each point to the next by about as much: a share of what is done, a time."""
    change = np.diff(value)
    if not np.isfinite(value).all() or change.size < losses.FEW_POINTS or change.min() < 0.0:
        return False
    return bool(change.max() <= _EVENLY * np.median(change))


def _behaves_like_a_loss(value: FloatArray, least: float) -> bool:
    """Falls from its first tenth to its lowest smoothed stretch, by such a share at least, or is a number no more."""
    if value.size < losses.FEW_POINTS or counts(value):
        return False
    finite = value[np.isfinite(value)]
    if finite.size < value.size and not np.isfinite(value[-1]):
        return True
    tenth = max(1, finite.size // 10)
    start = float(np.median(finite[:tenth]))
    blocks = [float(np.median(part)) for part in np.array_split(finite, 10) if part.size]
    spread = float(np.ptp(np.asarray(blocks)))
    return spread > 0 and start - min(blocks) >= max(0.6 * spread, least * abs(start))


#: What is taken for a loss by its numbers alone moves by this share of its level: of any quantity that hardly does,
#: such as a place on the map, nobody could tell, and that it did not get better would say nothing. What a file holds
#: alone, as losses are kept, need not move as far.
_LEAST_MOVE, _LEAST_MOVE_ALONE = 0.05, 0.01
#: What only a training logs.
_OF_A_TRAINING = {
    *(Role.LEARNING_RATE, Role.GRAD_NORM, Role.GRAD_NORM_CLIPPED, Role.WEIGHT_NORM, Role.LOSS_SCALE),
    *(Role.ACCURACY, Role.VAL_ACCURACY, Role.EPOCH),
}


def _stays(value: FloatArray, least: float) -> bool:
    """Whether a series keeps its level to such a share, wherever its single values go."""
    finite = value[np.isfinite(value)]
    if finite.size < value.size:
        return False
    blocks = [float(np.median(part)) for part in np.array_split(finite, 10) if part.size]
    return max(blocks) - min(blocks) < least * max(map(abs, blocks))
