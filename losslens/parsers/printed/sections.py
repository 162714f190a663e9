"""Headings in turn above the numbers of the training and of its evaluation: "Training epoch: 3", "Eval epoch: 3".

The lines below such headings are printed by the same statements and do not say whose they are. One heading alone tells
little, as much is said only once ("Start training") and what follows an evaluation may have none of its own: looked at
is whether they came in turn, again and again, and whether the numbers below them began anew.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from losslens.parsers.printed.records import SPLIT_IN_KEY, Record
from losslens.patterns import compiled

#: Stretches of each kind with numbers in them that are taken for a habit of the program.
LEAST_STRETCHES = 2
#: A statement is also the evaluation's when below so large a share of its headings it began anew.
MOSTLY = 0.8
#: Without a place, it may print so many times the lines that it prints below a heading of the training.
MOST_LINES = 2
LONGEST = 70
_STAMP = compiled(r"^\[[^\]]*\d\d:\d\d:\d\d[^\]]*\]\s*")
_TRAIN = r"train(?:ing)?"
_HELD = r"val(?:id(?:at(?:ion|ing|e))?)?|eval(?:uat(?:ion|ing|e))?|test(?:ing)?|dev"
_OVER = r"finished|done|complete[d]?|end(?:s|ed)?|over|time"
#: Words that may stand beside the one that says the data.
_BESIDE = (
    r"phase|stage|mode|split|set|start(?:ing|s|ed)?|begin(?:ning|s)?|begun|run(?:ning)?|now|the|of|for|at|on|in|after"
    r"|to|data(?:set)?|model|network|net|loop|results?|metrics?|performance|summary|stats"
)
_PLACE = r"(?:epochs?|ep|steps?|iter(?:ation)?s?|rounds?)(?:\W{0,3}\d+(?:\s*(?:/|of)\s*\d+)?)?"
_HEADING = compiled(
    rf"\W*(?:(?:(?P<train>{_TRAIN})|(?P<held>{_HELD})|(?P<over>{_OVER})|{_PLACE}|{_BESIDE})(?![A-Za-z\d])\W*)+",
    re.IGNORECASE,
)
#: "Validating on dev-clean", "Training on ['train_100']": the work and the name of its data, which is no device.
_WORK_ON = compiled(
    r"\W*(?:(?P<train>train)|validat|evaluat|test)(?:ing|ion|ed) on (?:the )?\W*(?!(?:cuda|gpu|cpu|tpu|mps|npu|xpu)\b)"
    r"[A-Za-z][\w.-]*(?: (?:data)?set| data| split)?\W*",
    re.IGNORECASE,
)
#: No evaluation has one, wherever it is printed.
_OF_TRAINING = compiled(r"(?:lr|learning[ _]rate)(?![A-Za-z])", re.IGNORECASE)
_WORD = compiled(rf"(?<![A-Za-z])(?:{_TRAIN}|{_HELD})(?![A-Za-z])", re.IGNORECASE)


def announces(text: str) -> str | None:
    """Whose numbers follow a line that holds nothing but the work or the name of the data, and a place: "train", "val",
    "" (the end of either, as it says); None for any other line."""
    if len(text) > LONGEST or _WORD.search(text) is None:
        return None
    text = _STAMP.sub("", text)
    if (work := _WORK_ON.fullmatch(text)) is not None:
        return "train" if work["train"] else "val"
    match = _HEADING.fullmatch(text)
    if match is None or (match["train"] and match["held"]):
        return None
    if match["over"]:
        return ""
    return "val" if match["held"] else "train"


@dataclass
class Sections:
    """The headings of one output, in the order of their lines."""

    found: list[tuple[int, str]] = field(default_factory=list)
    """The line of a heading, and "val" where it is one of an evaluation."""

    def see(self, text: str, line: int) -> None:
        """A cleaned line."""
        if (whose := announces(text)) is not None:
            self.found.append((line, whose))

    def begin_epoch(self, line: int) -> None:
        """The heading of an epoch that is another than the one before: an evaluation is over."""
        if self.found and self.found[-1][0] != line:
            self.found.append((line, "train"))

    def name_evaluations(self, records: Sequence[Record], settings: Sequence[tuple[int, int]]) -> None:
        """Say in the names of numbers that they are the evaluation's, where the headings come in turn.

        ``settings`` are the first and last lines of printed configurations, which have such headings too.
        """
        self.found = [one for one in self.found if not any(first <= one[0] <= last for first, last in settings)]
        if sum(whose == "val" for _, whose in self.found) < LEAST_STRETCHES:
            return
        stretches = list(self._stretches(records))
        turns = [held for held, _ in stretches]
        if min(turns.count(True), turns.count(False)) < LEAST_STRETCHES:
            return
        by_statement: dict[tuple[str, ...], list[tuple[bool, list[Record]]]] = defaultdict(list)
        for held, stretch in stretches:
            mine: dict[tuple[str, ...], list[Record]] = defaultdict(list)
            for record in stretch:
                if any(SPLIT_IN_KEY.search(key) is None for key in record.values):
                    mine[record.template].append(record)
            for template, some in mine.items():
                by_statement[template].append((held, some))
        for printed in by_statement.values():
            if _begins_anew(printed):
                for held, some in printed:
                    if held:
                        _give_to_evaluation(some)

    def _stretches(self, records: Sequence[Record]) -> Iterator[tuple[bool, list[Record]]]:
        """The records below the headings one after the other, and whether those are of an evaluation."""
        lines = [line for line, _ in self.found]

        def is_held(record: Record) -> bool:
            at = bisect_right(lines, record.line) - 1
            return at >= 0 and self.found[at][1] == "val"

        for held, some in groupby(records, key=is_held):
            yield held, list(some)


def _begins_anew(printed: Sequence[tuple[bool, list[Record]]]) -> bool:
    """Whether what a statement printed below headings of an evaluation goes on from none of the training's."""
    if sum(held for held, _ in printed) < LEAST_STRETCHES:
        return False
    told = [_goes_back(mine[-1], then[0]) for (held, mine), (next_held, then) in pairwise(printed) if next_held > held]
    if not told:
        return True  # the evaluation alone prints it
    if sum(told) < MOSTLY * len(told):
        return False
    if any(record.step is not None or record.n is not None for _, some in printed for record in some):
        return True
    train, held = (sorted(len(some) for which, some in printed if which is whose) for whose in (False, True))
    return held[len(held) // 2] <= MOST_LINES * train[len(train) // 2]


def _goes_back(before: Record, behind: Record) -> bool:
    """Whether a record stands at no later place than one above it."""
    if before.step is not None and behind.step is not None:
        return behind.step <= before.step
    if before.n is not None and behind.n is not None:
        return behind.n <= before.n
    return before.epoch is None or behind.epoch is None or behind.epoch <= before.epoch


def _give_to_evaluation(records: Sequence[Record]) -> None:
    """Its numbers stand where the training is, whatever it counted itself."""
    for record in records:
        record.values = {
            k if SPLIT_IN_KEY.search(k) or _OF_TRAINING.match(k) else f"val/{k}": value
            for k, value in record.values.items()
        }
        if record.kind and not record.kind.startswith("keras"):
            record.kind, record.step, record.n, record.of = "evaluation", None, None, None
