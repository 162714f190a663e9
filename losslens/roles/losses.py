"""Which of the series named like a loss is *the* loss, and what the others are.

A run may log its total and the terms it is made of, the same loss per step and per epoch, raw and smoothed, on the
training and on the validation data, for one player or for several. Each candidate is taken apart into its words; what
is left when the words that only say how it was averaged are gone, its qualifier, tells a term from a total.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Role, RoleChoice
from losslens.patterns import compiled
from losslens.roles.names import (
    AUX_WORDS,
    BEST,
    GENERIC,
    MAIN_WORDS,
    PLAYERS,
    RL_PLAYERS,
    SMOOTHED,
    TERM_WORDS,
    WHOLE_MODELS,
    split_of,
    words,
    words_of,
)
from losslens.roles.players import players_of, plays
from losslens.roles.table import IS_LOSS, OBJECTIVES

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

#: Beside other losses these are penalties; alone each is a distance that is made small.
_DISTANCES = {("l1",), ("l2",)}
BESIDE = "a metric beside the loss"
COURSE = "names something that is minimised, of which the loss logged beside it is the mean"
SUM = "the mean, once an epoch, of what is logged many times beside it"
UNUSED = "the same number throughout, while validation moves"
UNKNOWN = "its name does not say what it is"
#: Fewer points than this cannot show a course.
FEW_POINTS = 5
#: What is logged so many times as often as another has a course where that has none.
MANY_TIMES = 5
#: LightGBM's metrics, as "training's l2": alone these words say too little.
_METRIC_OF_A_SPLIT = compiled(r"'s (?:l1|l2|rmse|mape|huber|fair|poisson|quantile|gamma|tweedie|cross_entropy)\b")
#: Values of so few digits were printed for people; a logger of numbers keeps at least single precision.
PRINTED_DIGITS = 5
#: How a series of the output is called where a log beside it holds one of the same name.
PRINTED = "printed/"
#: A series of full precision leads one of printed numbers that is at most this many times finer.
FINER = 4
#: One that is at most this many times finer says nothing that the exact one does not.
COARSER = 2
#: How the average that stands in brackets behind a number is called.
IN_BRACKETS = " (avg)"
AVERAGED = "the running average of a loss that is printed itself"
SMOOTH = "a loss averaged over time, and logged beside it as it was"
#: What is numbered where several processes train one model together.
WORKERS = words("rank gpu worker replica device proc process cuda")
RANKED = frozenset({Role.TRAIN_LOSS, Role.VAL_LOSS, Role.LOSS_COMPONENT, Role.VAL_COMPONENT})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A series that may be a loss, taken apart."""

    tag: str
    points: int
    named_loss: bool
    objective: bool
    """Named as something people minimise, without the word loss: nll, mse, perplexity."""
    split: str
    qualifier: tuple[str, ...]
    smoothed: bool
    best: bool
    constant: bool
    printed: bool = False
    """All its values have few digits: rounded when they were printed."""
    decimals: int = 0
    """Of the value that has most: numbers of one size in one output have as many, whatever their digits."""
    broken: bool = False
    """Has values that are no numbers."""

    @classmethod
    def of(cls, tag: str, step: IntArray, value: FloatArray) -> Candidate:
        words = words_of(tag)
        text = " ".join(words)
        finite = value[np.isfinite(value)]
        return cls(
            tag=tag,
            points=int(value.size),
            named_loss=bool(IS_LOSS.search(text)),
            objective=bool(OBJECTIVES.search(text) or _METRIC_OF_A_SPLIT.search(tag)) and not _is_raised(words, finite),
            split=split_of(tag),
            qualifier=qualifier(words),
            smoothed=any(w in SMOOTHED for w in words),
            best=any(w in BEST for w in words),
            constant=finite.size >= FEW_POINTS and finite.size == value.size and bool(np.all(finite == finite[0])),
            printed=bool(finite.size) and all(float(f"{v:.{PRINTED_DIGITS}g}") == v for v in finite[:50].tolist()),
            decimals=max((_decimals(v) for v in finite[:50].tolist()), default=0),
            broken=finite.size < value.size,
        )

    @property
    def player(self) -> str:
        return next((p for w in self.qualifier if (p := player(w))), "")


def _is_raised(words: Sequence[str], finite: FloatArray) -> bool:
    """Whether an "elbo" is the bound itself, which is to rise: it begins below zero and ends higher."""
    if "elbo" not in words or {"neg", "negative", "loss"} & set(words) or finite.size < FEW_POINTS or finite[0] >= 0.0:
        return False
    tenth = max(1, finite.size // 10)
    return float(np.median(finite[-tenth:])) > float(np.median(finite[:tenth]))


def _decimals(value: float) -> int:
    digits = f"{value:.17g}" if value != float(f"{value:.12g}") else f"{value:.12g}"
    return len(digits.partition("e")[0].partition(".")[2])


def player(word: str) -> str:
    """The player of a game that a word names ("d", "critic"), or nothing."""
    stem = word.rstrip("0123456789")
    return PLAYERS.get(word) or (PLAYERS.get(stem, "") if len(stem) > 1 else "")


def qualifier(words: Sequence[str]) -> tuple[str, ...]:
    """What is left of a name without its generic words: ``train/box_loss`` -> ``box``, ``train_loss_1`` -> nothing."""
    out = []
    for i, word in enumerate(words):
        stem = word.rstrip("0123456789")
        if stem in WORKERS and (stem != word or "".join(words[i + 1 : i + 2]).isdigit()):
            continue  # the same loss, as one of several workers sees it
        if stem in GENERIC or word in GENERIC or word in SMOOTHED or word in BEST or word.isdigit():
            continue
        if IS_LOSS.fullmatch(word) and stem in ("loss", "losses"):
            continue
        out.append(word)
    return tuple(out)


def choose(
    candidates: Mapping[str, Candidate], *, told: Sequence[RoleChoice] = (), trainer: str | None = None
) -> dict[str, RoleChoice]:
    """A choice for every candidate, best first within a role.

    ``told`` are the choices the user made: a role that was given is not guessed again.
    """
    given = {c.role for c in told}
    copies = {t: c for t, c in candidates.items() if _is_printed_copy(c, candidates)}
    why = "rounded when it was printed, and logged exactly beside it"
    out = {t: RoleChoice(t, Role.OTHER, why, split=c.split) for t, c in copies.items()}
    unused = _unused([c for t, c in candidates.items() if t not in copies])
    out.update({c.tag: RoleChoice(c.tag, Role.OTHER, UNUSED, split=c.split) for c in unused})
    candidates = {t: c for t, c in candidates.items() if t not in out}
    for val in (False, True):
        role = Role.VAL_LOSS if val else Role.TRAIN_LOSS
        mine = [c for c in candidates.values() if (c.split in ("val", "test")) is val]
        losses = [c for c in mine if c.named_loss]
        other = [c for c in mine if not c.named_loss and c.objective]
        if val and any(c.named_loss and c.split not in ("val", "test") for c in candidates.values()):
            other = [c for c in other if c.points >= FEW_POINTS]  # a guess of a few points is none beside a named loss
        if not val and role not in given and (course := _course_of_a_sum(losses, other)):
            out.update({c.tag: RoleChoice(c.tag, Role.OTHER, SUM, split=c.split) for c in losses})
            found = _objectives(course, val=val)
            out.update({t: replace(c, why=COURSE) if c.role is Role.TRAIN_LOSS else c for t, c in found.items()})
            losses, other = [], [c for c in other if c not in course]
        if not losses and other and role not in given:
            out.update(_objectives(other, val=val))
        else:
            out.update({c.tag: RoleChoice(c.tag, Role.OTHER, BESIDE, split=c.split) for c in other})
        if val:
            terms = {c.group for c in out.values() if c.role is Role.LOSS_COMPONENT}
            mains = {c.qualifier for t, c in candidates.items() if t in out and out[t].role is Role.TRAIN_LOSS}
            out.update(_validation(losses, terms, mains, given=role in given))
        else:
            out.update(_training(losses, given=role in given))
    for c in candidates.values():
        out.setdefault(c.tag, RoleChoice(c.tag, Role.OTHER, UNKNOWN, split=c.split))
    return out


def _course_of_a_sum(losses: Sequence[Candidate], other: Sequence[Candidate]) -> list[Candidate]:
    """What was logged many times under the name that a loss of a point or two ends with, or begins with: its course.

    "RMSE" every thousand batches and "TRAINING RMSE loss" once an epoch are one number, the latter its mean.
    """
    most = max((c.points for c in losses), default=0)
    names = [c.qualifier for c in losses]
    course = [c for c in other if c.points >= MANY_TIMES * most and c.qualifier and c.qualifier in names]
    return course if 0 < most < FEW_POINTS and not any(c.best or c.smoothed for c in course) else []


def _is_printed_copy(c: Candidate, candidates: Mapping[str, Candidate]) -> bool:
    exact = candidates.get(c.tag.removeprefix(PRINTED)) if c.tag.startswith(PRINTED) else None
    return exact is not None and not c.broken and c.points <= COARSER * exact.points


def _unused(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The losses of the training data where each is one number throughout, a default that nobody filled in, while one
    of validation moves."""
    train, val = ([c for c in candidates if (c.split in ("val", "test")) is held] for held in (False, True))
    named = [c for c in train if c.named_loss or c.objective]
    moves = any(not c.constant and c.points >= FEW_POINTS for c in val if c.named_loss or c.objective)
    return named if moves and all(c.constant for c in named) else []


def _objectives(candidates: Sequence[Candidate], *, val: bool) -> dict[str, RoleChoice]:
    """No series says "loss": the one named as something people minimise plays it."""
    ranked = sorted(candidates, key=lambda c: (c.smoothed or c.best, _objective_order(c), -c.points))
    first, rest = ranked[0], ranked[1:]
    role = Role.VAL_LOSS if val else Role.TRAIN_LOSS
    words = " ".join(words_of(first.tag))
    why = f"nothing is named a loss; {words!r} names something that is minimised"
    out = {first.tag: RoleChoice(first.tag, role, why, sure=len(rest) == 0, split=first.split)}
    for c in rest:
        out[c.tag] = RoleChoice(c.tag, Role.OTHER, f"a metric beside {first.tag!r}", split=c.split)
    return out


_OF_SOMETHING = compiled(r"\b(?:length|ratio|count|duration|size|age|depth|angle|position) (?:r?mse|mae)\b")


def _objective_order(c: Candidate) -> int:
    text = " ".join(words_of(c.tag))
    if _OF_SOMETHING.search(text):
        return 10  # behind a perplexity: "length ratio mse" is no objective of a translation
    for i, pattern in enumerate(
        ("objective", "nll|log likelihood", "elbo|bpd|bits|bpb|bpc", "entropy|xent|ce", "cost|ctc|mse|squared")
    ):
        if re.search(pattern, text):
            return i
    return 9


def _training(candidates: Sequence[Candidate], *, given: bool) -> dict[str, RoleChoice]:
    """The losses of the training data: totals, players, tasks, terms; averaged twins behind the raw ones."""
    raw = [c for c in candidates if not c.best and not c.constant] or list(candidates)
    out = {c.tag: RoleChoice(c.tag, Role.OTHER, _second_hand(c), split=c.split) for c in candidates if c not in raw}
    averages = [c for c in raw if _is_running_average(c, raw)]
    out.update({c.tag: RoleChoice(c.tag, Role.OTHER, AVERAGED, split=c.split) for c in averages})
    raw = [c for c in raw if c not in averages]
    players = players_of(raw)
    totals, groups, terms = _sort_out([c for c in raw if c.tag not in players])
    if players:
        # Beside players only a loss without any qualifier is a total; and a total makes actor and critic its terms.
        totals, groups, terms = (
            [c for c in totals if not c.qualifier],
            [],
            [*terms, *(c for c in totals if c.qualifier)],
        )
        if totals and set(players.values()) <= RL_PLAYERS:
            terms, players = [*terms, *(c for c in raw if c.tag in players)], {}
    if given:
        totals, terms = [], [*totals, *terms]
    again = [c for c in totals if _is_average_of_another(c, totals)]
    out.update({c.tag: RoleChoice(c.tag, Role.OTHER, SMOOTH, split=c.split) for c in again})
    totals = [c for c in totals if c not in again]
    most = max((c.points for c in totals), default=0)
    longest = max(c.points for c in raw) if raw else 0
    fewest = min((c.decimals for c in totals if c.printed), default=0)
    exact = max(
        (c.points for c in totals if not c.printed and not c.smoothed and c.decimals > fewest + 1),
        default=0,
    )
    for c in sorted(totals, key=lambda c: (c.printed and c.points <= FINER * exact, *_leads(c))):
        if c.printed and not c.broken and 0 < c.points <= COARSER * exact:
            why = "rounded when it was printed, and logged exactly beside it"
            out[c.tag] = RoleChoice(c.tag, Role.OTHER, why, split=c.split)
        elif c.points < FEW_POINTS <= most / (c.points or FEW_POINTS):
            why = f"named as a training loss, but has only {_count(c.points)} beside one that has {most}"
            out[c.tag] = RoleChoice(c.tag, Role.OTHER, why, split=c.split)
        else:
            out[c.tag] = RoleChoice(c.tag, Role.TRAIN_LOSS, _why_total(c, totals), split=c.split, group=plays(c))
    for tag, group in players.items():
        why = f"the loss of the {group}, which has an objective of its own"
        out[tag] = RoleChoice(tag, Role.TRAIN_LOSS, why, split=split_of(tag), group=group)
    for c, group in groups:
        out[c.tag] = RoleChoice(c.tag, Role.TRAIN_LOSS, f"the loss of {group!r}", split=c.split, group=group)
    what = (
        "a term of the loss" if totals or players or groups or given else "a term of a loss whose total was not logged"
    )
    for c in sorted(terms, key=_leads):
        group = " ".join(c.qualifier)
        if c.points == 1 and longest >= FEW_POINTS:
            out[c.tag] = RoleChoice(c.tag, Role.OTHER, "a single value, not a course", split=c.split)
            continue
        why = f"{what} ({group})" if group else what
        out[c.tag] = RoleChoice(c.tag, Role.LOSS_COMPONENT, why, split=c.split, group=group)
    return out


def _is_running_average(c: Candidate, candidates: Sequence[Candidate]) -> bool:
    """ "Loss 0.50 (0.61)": the average so far beside the number itself, at the same points."""
    if not c.tag.endswith(IN_BRACKETS):
        return False
    raw = next((o for o in candidates if o.tag == c.tag.removesuffix(IN_BRACKETS)), None)
    return raw is not None and not raw.constant and raw.points >= c.points


def _is_average_of_another(c: Candidate, totals: Sequence[Candidate]) -> bool:
    """``avg_loss`` beside ``loss``: the same curve, averaged, which says nothing that the other does not.

    ``smooth_loss`` may be that, and may be a term that keeps what is learned smooth.
    """
    averaged = (SMOOTHED | {"mean"}) - {"smooth"}
    raw = [o for o in totals if not o.smoothed and not averaged & set(words_of(o.tag)) and not o.constant]
    return bool(averaged & set(words_of(c.tag))) and any(o.points >= c.points for o in raw)


PERPLEXITY = frozenset(["ppl", "perplexity"])


def _validation(
    candidates: Sequence[Candidate], terms: set[str], mains: set[tuple[str, ...]], *, given: bool
) -> dict[str, RoleChoice]:
    """The losses of data held back: what has the name of a training term is one, other qualifiers name a data set.

    ``mains`` are the qualifiers of the training losses: "validation/lm loss" is that of a training by "lm loss".
    """
    raw = [c for c in candidates if not c.best] or list(candidates)
    out = {c.tag: RoleChoice(c.tag, Role.OTHER, _second_hand(c), split=c.split) for c in candidates if c not in raw}
    again = [c for c in raw if c.qualifier[-1:] and c.qualifier[-1] in PERPLEXITY]
    if len(again) < len(raw):  # "lm loss PPL" says the loss again
        out.update({c.tag: RoleChoice(c.tag, Role.OTHER, BESIDE, split=c.split) for c in again})
        raw = [c for c in raw if c not in again]
    totals = [c for c in raw if not c.qualifier or c.qualifier in mains]
    kinds = {c.qualifier for c in raw}
    for c in sorted(raw, key=lambda c: (c not in totals, bool(c.qualifier), *_leads(c))):
        name = " ".join(c.qualifier)
        if c.player:
            what = f"the validation loss of the {c.player}"
            choice = RoleChoice(c.tag, Role.VAL_LOSS, what, split=c.split, group=c.player)
        elif c in totals:
            what = "named as the loss on the test data" if c.split == "test" else "named as the validation loss"
            choice = RoleChoice(c.tag, Role.VAL_LOSS, what, split=c.split, group="test" if c.split == "test" else "")
        elif len(kinds) > 1 and (_ends_in(c, terms) or _known_term(c)):
            choice = RoleChoice(
                c.tag, Role.VAL_COMPONENT, f"a term of the validation loss ({name})", split=c.split, group=name
            )
        elif len(kinds) == 1:
            what = "the only loss on the test data" if c.split == "test" else "the only validation loss"
            choice = RoleChoice(c.tag, Role.VAL_LOSS, what, split=c.split, group="test" if c.split == "test" else "")
        else:
            choice = RoleChoice(c.tag, Role.VAL_LOSS, f"the loss on the data set {name!r}", split=c.split, group=name)
        if given and choice.role is Role.VAL_LOSS:
            choice = replace(choice, role=Role.VAL_COMPONENT)
        out[c.tag] = choice
    return out


def _ends_in(c: Candidate, terms: set[str]) -> bool:
    """Whether a name ends in a term of the training: "class_4/matched/loss_nis" is that term of a part of the data."""
    return any(" ".join(c.qualifier[i:]) in terms for i in range(len(c.qualifier)))


def _known_term(c: Candidate) -> bool:
    return all(w in MAIN_WORDS or w in AUX_WORDS or w in TERM_WORDS or bool(player(w)) for w in c.qualifier)


def _second_hand(c: Candidate) -> str:
    return "the best value so far or an extreme, not the loss itself" if c.best else "a loss that never changes"


def _sort_out(
    candidates: Sequence[Candidate],
) -> tuple[list[Candidate], list[tuple[Candidate, str]], list[Candidate]]:
    """Totals, losses of several tasks, and terms."""
    totals = [c for c in candidates if not c.qualifier]
    qualified = [c for c in candidates if c.qualifier]
    if totals:
        return totals, [], qualified
    if whole := _place_of_all(qualified):
        return whole, [], [c for c in qualified if c not in whole]
    wholes = [c for c in qualified if all(w in WHOLE_MODELS for w in c.qualifier)]
    if len(wholes) == 1 and any(_is_aux(c) for c in qualified):
        return wholes, [], [c for c in qualified if c is not wholes[0]]
    mains = [
        c
        for c in qualified
        if all(w in MAIN_WORDS for w in c.qualifier) and not any(w in AUX_WORDS for w in c.qualifier)
    ]
    kinds = {c.qualifier for c in qualified}
    if len({c.qualifier for c in mains}) == 1 and (
        len(kinds) == 1 or all(_is_aux(c) for c in qualified if c not in mains)
    ):
        return mains, [], [c for c in qualified if c not in mains]
    if len(kinds) == 1 and (not _is_aux(qualified[0]) or kinds <= _DISTANCES):
        return qualified, [], []
    tasks = _tasks(qualified)
    if tasks:
        return [], tasks, [c for c in qualified if all(c is not t for t, _ in tasks)]
    return [], [], qualified


def _place_of_all(qualified: Sequence[Candidate]) -> list[Candidate]:
    """``forget/it_train_loss`` beside ``forget/it_fine_loss`` and ``forget/it_coarse_loss``: what the names of all
    begin with is where they are kept, and what has nothing else to its name is the whole."""
    least = min((c.qualifier for c in qualified), key=len, default=())
    whole = [c for c in qualified if c.qualifier == least]
    terms = {c.qualifier for c in qualified if c.qualifier != least}
    within = len(terms) > 1 and all(q[: len(least)] == least for q in terms)
    return whole if within and not any(map(_is_aux, whole)) and not any(map(player, least)) else []


def _is_aux(c: Candidate) -> bool:
    return any(w in AUX_WORDS for w in c.qualifier)


def _tasks(candidates: Sequence[Candidate]) -> list[tuple[Candidate, str]]:
    """``task_a/loss``, ``task_b/loss``: a folder for each objective and the plain word loss in it."""
    out = []
    for c in candidates:
        head, _, leaf = c.tag.rpartition("/")
        if head and not qualifier(words_of(leaf)) and not _is_aux(c):
            out.append((c, " ".join(c.qualifier)))
    return out if len({g for _, g in out}) > 1 else []


def _leads(c: Candidate) -> tuple[bool, bool, bool, int, int]:
    """Validation before test, raw before smoothed, with a course before without, the finer, then the plainer name."""
    return (c.split == "test", c.smoothed, c.points < FEW_POINTS, -c.points, _plainness(c))


def _plainness(c: Candidate) -> int:
    words = words_of(c.tag)
    return 0 if "total" in words else len(words)


def _why_total(c: Candidate, totals: Sequence[Candidate]) -> str:
    if c.smoothed:
        return "named as the training loss, but averaged"
    if len(totals) > 1 and c is min(totals, key=lambda c: (c.printed, *_leads(c))):
        return f"named as the training loss; leads of {len(totals)} that are, with {c.points} points"
    return "named as the training loss"


def _count(points: int) -> str:
    return "1 point" if points == 1 else f"{points} points"
