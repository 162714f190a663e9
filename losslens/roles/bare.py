"""What is minimised under the bare name of its data, "train" and "valid", or under the letter that papers give it, L.

Every choice made here is a guess, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import RawSeries, Role, RoleChoice, Series
from losslens.patterns import compiled
from losslens.roles import losses
from losslens.roles.names import TEST_WORDS, TRAIN_WORDS, VAL_WORDS, split_of, words_of
from losslens.roles.shapes import counts, is_counter, may_be_accuracy, measures_like

if TYPE_CHECKING:
    from losslens.model import FloatArray

#: What nothing but a training logs, beside an accuracy under its own name.
_MEANS = {Role.LEARNING_RATE, Role.GRAD_NORM, Role.GRAD_NORM_CLIPPED, Role.LOSS_SCALE}
_ACCURACIES = {Role.ACCURACY, Role.VAL_ACCURACY}
#: The letter of the loss, and with it the data: "L", "Lval", "Ltrain".
_LETTER = compiled(r"(?:.*/)?L(?P<data>tr|trn|train|va?|vl|val|valid|te|tst|test|dev|eval)?")
#: What is minimised, as others write it: "F", "F_val", "J_train".
_OTHER_LETTER = compiled(r"(?:.*/)?[JF](?:_?(?P<data>tr|trn|train|va?|vl|val|valid|te|tst|test|dev|eval))?")
#: A score ends at so many times where it began, or stays within 0…1.
_GAINED = 2.0


def names_held_back(tag: str) -> bool:
    """Named as the data that is not trained on, and nothing else: "dev", "test", "held-out"."""
    parts = words_of(tag)
    return len(parts) == 1 and parts[0] in VAL_WORDS | TEST_WORDS


def under_its_split(
    series: Mapping[str, RawSeries] | Mapping[str, Series], open_tags: Sequence[str], roles: set[Role]
) -> dict[str, RoleChoice]:
    """ "train: 2.31 | lr 0.1 | acc 0.2": what is measured of the training and has no name is what it minimises."""
    tag = next((t for t in open_tags if len(words_of(t)) == 1 and words_of(t)[0] in TRAIN_WORDS), None)
    if tag is None or not roles & (_MEANS | _ACCURACIES):
        return {}
    value = series[tag].value
    lost = value.size >= losses.FEW_POINTS and not np.isfinite(value).any() and bool(roles & _MEANS)
    other = counts(value) if roles & _ACCURACIES else may_be_accuracy(value)
    if other and not lost:
        return {}
    why = "nothing is named a loss; this is named after the training beside its rate or its accuracy, and is neither"
    found = {tag: RoleChoice(tag, Role.TRAIN_LOSS, why, sure=False, split="train")}
    why = f"measures like {tag}, and is named after the data held back"
    held = [t for t in open_tags if names_held_back(t) and measures_like(series[t].value, value)]
    return found | {t: RoleChoice(t, Role.VAL_LOSS, why, sure=False, split=split_of(t)) for t in held}


def under_its_letter(
    series: Mapping[str, RawSeries] | Mapping[str, Series], open_tags: Sequence[str], roles: set[Role]
) -> dict[str, RoleChoice]:
    """ "L=2.31  lr=0.1", "L=2.31  Lval=2.4": the loss, as papers write it, beside what only a training has.

    J and F are taken for it where there is no L, and where they do not rise as a score does.
    """
    of_data = {t: match["data"] or "" for t in open_tags if (match := _LETTER.fullmatch(t))}
    if not of_data:
        of_data = {t: match["data"] or "" for t in open_tags if (match := _OTHER_LETTER.fullmatch(t))}
    letters = {t.rpartition("/")[2][0] for t in of_data}
    mine = [t for t, data in of_data.items() if (split_of(data) or "train") == "train" and data[:1] != "v"]
    others = [t for t in series if t not in of_data and len(t) == 1 and t.isupper()]
    if len(mine) != 1 or len(letters) > 1 or others or not (len(of_data) > 1 or roles & (_MEANS | _ACCURACIES)):
        return {}
    (letter,) = letters
    value = series[mine[0]].value
    if letter != "L" and (roles & _ACCURACIES or _rises_as_a_score(value)):
        return {}
    if value.size < losses.FEW_POINTS or (counts(value) and bool(np.isfinite(value).any())):
        return {}
    why = f"nothing is named like a loss; {letter} is the letter that papers give it"
    found = {mine[0]: RoleChoice(mine[0], Role.TRAIN_LOSS, why, sure=False, split=split_of(of_data[mine[0]]))}
    held = [t for t in of_data if t != mine[0] and not is_counter(series[t].value)]
    data = {t: "test" if of_data[t][0] == "t" else "val" for t in held}
    return found | {t: RoleChoice(t, Role.VAL_LOSS, why, sure=False, split=data[t]) for t in held}


def _rises_as_a_score(value: FloatArray) -> bool:
    if not may_be_accuracy(value):
        return False
    finite = value[np.isfinite(value)]
    tenth = max(1, finite.size // 10)
    gained = finite.size > 0 and float(np.median(finite[-tenth:])) > _GAINED * float(np.median(finite[:tenth]))
    return gained or not finite.size or float(finite.max()) <= 1.0


def is_the_letter(tag: str) -> bool:
    """Whether a series has the letter of the loss for its name and nothing else."""
    return (match := _LETTER.fullmatch(tag)) is not None and not match["data"]


def whole_beside_terms(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """ "train: 0.3 | reg_loss 0.2 | cls_loss 0.1": where all losses by name are terms, the bare name is their whole."""
    named = [c for c in choices.values() if c.role in (Role.TRAIN_LOSS, Role.LOSS_COMPONENT)]
    chosen = [c for c in named if c.role is Role.TRAIN_LOSS]
    plain = any(not losses.qualifier(words_of(c.tag)) or (c.role is Role.TRAIN_LOSS and c.group) for c in named)
    if len(chosen) != 1 or plain:
        return {}
    open_tags = [t for t, c in choices.items() if c.role is Role.OTHER and c.why == losses.UNKNOWN]
    tag = next((t for t in open_tags if len(words_of(t)) == 1 and words_of(t)[0] in TRAIN_WORDS), None)
    if tag is None or may_be_accuracy(series[tag].value):
        return {}
    if series[tag].value.size != series[chosen[0].tag].value.size:
        return {}
    term = " ".join(losses.qualifier(words_of(chosen[0].tag)))
    why = "the losses by name are terms; this is named the whole of it, and is no accuracy by its numbers"
    return {
        tag: RoleChoice(tag, Role.TRAIN_LOSS, why, sure=False, split="train"),
        chosen[0].tag: replace(chosen[0], role=Role.LOSS_COMPONENT, why=f"a term of the loss ({term})", group=term),
    }
