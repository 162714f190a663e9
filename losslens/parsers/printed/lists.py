"""Names in one list and their numbers in another: "train/val loss: 0.31/0.42", "loss (min, avg, max): (0.1, 0.2, 0.9)".

Or a name behind each number, or in brackets: "loss: 0.31 (train) 0.42 (val)", "nll(train)=0.31 nll(val)=0.42".

Told one by one, as most programs print them: "train loss: 0.31, val loss: 0.42".
"""

from __future__ import annotations

import re
from functools import partial

from losslens.parsers.printed.wholes import NUMBER, float_of
from losslens.patterns import compiled

_SPLIT = r"(?:train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev)"
_PARTING = r"\s*[/,|]\s*"
_AT_NUMBERS = rf"(?P<numbers>{NUMBER}(?:{_PARTING}{NUMBER})+)(?![\w.])"
_NUMBERS = rf"\s*[:=]?\s*[(\[]?\s*{_AT_NUMBERS}\s*[)\]]?"
#: The data in brackets, as "held out" and "val set" say it.
_DATA = rf"(?:on\s)?(?P<name>{_SPLIT}|(?:held|hold)[ _-]?out)(?:\s(?:set|data|split))?"
#: What a list may stand at, for a first look.
_MAYBE = compiled(
    rf"\([A-Za-z]\w*{_PARTING}[A-Za-z]|{_SPLIT}\s*/\s*{_SPLIT}\b|loss\s*[:-]\s*{_SPLIT}\b"
    rf"|\w\s?[(\[]{_DATA}[)\]]",
    re.I,
)
#: "nll(train)=0.31", "loss [val]: 0.42": the data in brackets behind the name.
_BRACKETED = compiled(rf"\b(?P<of>[A-Za-z][\w.-]*)\s?[(\[]{_DATA}[)\]](?=\s*[:=]?\s*{NUMBER})", re.I)
_LISTS = (
    compiled(
        rf"(?P<of>[A-Za-z_]\w*(?: [A-Za-z_]\w*)?) ?\((?P<names>[A-Za-z]\w*(?:{_PARTING}[A-Za-z]\w*)+)\){_NUMBERS}", re.I
    ),
    compiled(rf"\b(?P<names>{_SPLIT}(?:\s*/\s*{_SPLIT})+)[ _](?P<of>[A-Za-z_]\w*){_NUMBERS}", re.I),
    compiled(rf"\b(?P<of>\w*loss)\s*[:=]?\s*{_AT_NUMBERS}\s*\((?P<names>{_SPLIT}(?:{_PARTING}{_SPLIT})+)\)", re.I),
)
#: "Loss: train=0.31, val=0.42": what the numbers are stands ahead of them once.
_HEADED = compiled(
    rf"\b(?P<of>(?:[A-Za-z]\w* )?\w*loss)\s*[:-]\s*"
    rf"(?P<pairs>{_SPLIT}\s*[:=]?\s*{NUMBER}(?:{_PARTING}{_SPLIT}\s*[:=]?\s*{NUMBER})+)",
    re.I,
)
_BEHIND = compiled(
    rf"\b(?P<of>\w*loss)\s*[:=]?\s*(?P<pairs>{NUMBER}\s?\({_SPLIT}\)(?:[\s,;/|]+{NUMBER}\s?\({_SPLIT}\))+)", re.I
)
#: nnU-Net's "Pseudo dice [np.float32(0.81), np.float32(0.7)]": one for each class.
_EACH_CLASS = compiled(rf"\b(?P<of>(?:pseudo )?dice|iou)\s*[:=]?\s*\[(?P<numbers>{NUMBER}(?:,\s*{NUMBER})*)\]", re.I)
#: "loss: [0.53, 0.12]", "train_loss=(0.53, 0.12)", "Loss: tensor([0.53 0.12], device='cuda:0')": a loss in its parts.
_PARTS = compiled(
    rf"(?P<of>(?:[A-Za-z_][\w./]*[ _])?(?:[A-Za-z][\w./]*)?(?:loss|cost)(?:es|s)?)\s*[:=]\s*"
    rf"(?:[A-Za-z][\w.]*\()?\s*[\[(]{{1,2}}\s*"
    rf"(?P<numbers>{NUMBER}(?:(?:\s*[,;]\s*|\s+){NUMBER}){{0,7}})\s*[\])]{{1,2}}(?:,\s*[a-z_]+=[^()]*\)|\))?",
    re.IGNORECASE,
)
_OF_PARTS = compiled(r"(?:loss|losses|cost)\s*[:=]\s*(?:[A-Za-z][\w.]*\()?\s*[\[(]", re.IGNORECASE)
#: "train, round, loss, acc ===> 003, 0.82, 0.39": what the numbers behind an arrow are; the data may stand ahead of it.
_ARROWED = compiled(
    rf"\b(?P<names>[A-Za-z]\w*(?:, ?[A-Za-z]\w*)+) *[-=]+> *(?P<numbers>{NUMBER}(?:, ?{NUMBER})+),?$", re.IGNORECASE
)
#: "(i, loss(x, y)) = (1, 0.31 (tracked))", as Julia shows a tuple.
_SHOWN = compiled(r"\((?P<names>[A-Za-z].*)\) = \((?P<numbers>.*)\)$")
_ARGUMENTS = compiled(r"\([^()]*\)|\[[^\[\]]*\]")
_COUNTER = compiled(r"[a-z]|[a-z]*(?:step|iter|epoch|batch)[a-z]*", re.IGNORECASE)
_BETWEEN = compiled(r"\s*[,;]\s*|\s+")
_NUMPY = compiled(rf"\bnp\.float\d+\(\s*({NUMBER})\s*\)", re.I)
_NUMBER_AND_NAME = compiled(rf"(?P<number>{NUMBER})\s?\((?P<name>{_SPLIT})\)", re.I)
_PAIR = compiled(rf"(?P<name>{_SPLIT})\s*[:=]?\s*(?P<number>{NUMBER})", re.I)
#: A number of the training data, and bare names of data that may follow it on its line.
_OF_TRAINING = compiled(r"train(?:ing)?[ _](?P<behind>\w+)|(?P<ahead>\w+)[ _]train(?:ing)?", re.IGNORECASE)
_OTHER_SPLITS = frozenset(["val", "valid", "validation", "eval", "evaluation", "test", "dev"])


def one_by_one(text: str) -> str:
    """The line with each number of a list behind its name; as it is where their lengths differ."""
    if "[" in text and ("dice" in text or "iou" in text.lower()):
        text = _EACH_CLASS.sub(_mean, _NUMPY.sub(r"\1", text))
    if ("[" in text or "(" in text) and _OF_PARTS.search(text):
        text = _PARTS.sub(_each_part, text)
    if "> " in text:
        text = _ARROWED.sub(_in_turn, text)
    if text.startswith("(") and ") = (" in text:
        text = _SHOWN.sub(_shown, text)
    if _MAYBE.search(text) is None:
        return text
    for pattern in _LISTS:
        text = pattern.sub(_told, text)
    for pattern, pair in ((_HEADED, _PAIR), (_BEHIND, _NUMBER_AND_NAME)):
        text = pattern.sub(partial(_told_in_pairs, pair), text)
    return _BRACKETED.sub(r"\g<name> \g<of>", text)


def _in_turn(match: re.Match[str]) -> str:
    """Each number behind its name; a name more than there are numbers is that of the data, which stands first."""
    names, numbers = re.split(r", ?", match["names"]), re.split(r", ?", match["numbers"])
    data = f"{names.pop(0)} " if len(names) == len(numbers) + 1 and re.fullmatch(_SPLIT, names[0], re.I) else ""
    if len(names) != len(numbers) or not any("loss" in name.lower() for name in names):
        return match[0]
    count: list[str] = []
    told: list[str] = []
    for name, number in zip(names, numbers, strict=True):
        whole = number.isdigit()
        (count if whole else told).append(f"{name}: {number}" if whole else f"{data}{name}: {number}")
    return ", ".join([*count, *told])


def _shown(match: re.Match[str]) -> str:
    """A count and numbers by the names of what was shown, without what they were called with."""
    names, numbers = match["names"], match["numbers"]
    while (bare := _ARGUMENTS.sub("", names)) != names:
        names = bare
    told = [*zip(names.split(", "), _ARGUMENTS.sub("", numbers).split(", "), strict=False)]
    if len(told) != len(names.split(", ")) or not all(re.fullmatch(NUMBER, one.strip(), re.I) for _, one in told):
        return match[0]
    return ", ".join(
        f"{'step' if number.strip().isdigit() and _COUNTER.fullmatch(name) else name}: {number.strip()}"
        for name, number in told
    )


def _each_part(match: re.Match[str]) -> str:
    """The first part under the name of the loss, the others under it and their number; a whole first number counts."""
    numbers = _BETWEEN.split(match["numbers"])
    if numbers[0].isdigit() and not all(map(str.isdigit, numbers)):
        return match[0]
    return ", ".join(f"{match['of']}{f'/{n}' if n else ''}: {number}" for n, number in enumerate(numbers))


def _mean(match: re.Match[str]) -> str:
    """The classes that a batch holds none of have no number."""
    numbers = [n for n in map(float_of, re.split(r",\s*", match["numbers"])) if n == n]
    return f"{match['of']}: {sum(numbers) / len(numbers):.6g}" if numbers else f"{match['of']}: nan"


def _told_in_pairs(pair: re.Pattern[str], match: re.Match[str]) -> str:
    return ", ".join(f"{one['name']} {match['of']}: {one['number']}" for one in pair.finditer(match["pairs"]))


def _told(match: re.Match[str]) -> str:
    names, numbers = re.split(_PARTING, match["names"]), re.split(_PARTING, match["numbers"])
    if len(names) != len(numbers):
        return match[0]
    return ", ".join(f"{name} {match['of']}: {number}" for name, number in zip(names, numbers, strict=True))


def of_other_split(values: dict[str, float]) -> dict[str, float]:
    """ "loss train: 1.98  eval: 2.34": what stands under the bare name of a split is the same number of its data."""
    if not any(key.lower() in _OTHER_SPLITS for key in values):
        return values
    told: dict[str, float] = {}
    of = ""
    for key, value in values.items():
        if (trained := _OF_TRAINING.fullmatch(key)) is not None:
            of = trained["ahead"] or trained["behind"]
        told[f"{key} {of}" if of and key.lower() in _OTHER_SPLITS else key] = value
    return told
