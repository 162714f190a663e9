"""Printed lines that have a form of their own: their numbers stand before their names, or have none."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: A number as programs write it.
NUMBER = (
    r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+|(?=\s*(?:$|[|;])))|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?"
    r"|(?:nan|inf(?:inity)?)(?![A-Za-z_]))"
)
#: An objective that rises to zero, told as the loss that falls to it.
NEGATED = "loss (objective, negated)"
#: Lines whose numbers stand before their names, or without any.
_WHOLE_LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    # voice cloning: "[4200, 9.99e-05]" is step and rate, above the line of the losses
    ("step", re.compile(rf"(?:[\w.-]+:)?\[(?P<step>\d+), (?P<learning_rate>{NUMBER})\]$")),
    # darknet of today: " 120: loss=3.41, avg loss=3.62, rate=0.001, …"
    (
        "step",
        re.compile(
            rf"\s*(?:\(next.*?\)\s*)?(?P<step>\d+): loss=(?P<loss>{NUMBER}), avg loss=(?P<avg_loss>{NUMBER}),"
            rf" rate=(?P<learning_rate>{NUMBER})",
            re.IGNORECASE,
        ),
    ),
    # darknet: "120: 3.41, 3.62 avg loss, 0.001 rate, 2.4 seconds, 7680 images"
    (
        "step",
        re.compile(
            rf"\s*(?:\(next.*?\)\s*)?(?P<step>\d+):\s*(?P<loss>{NUMBER}),\s*(?P<avg_loss>{NUMBER}) avg(?: loss)?,"
            rf"\s*(?P<learning_rate>{NUMBER}) rate",
            re.IGNORECASE,
        ),
    ),
    # Kaldi: an objective, which is to rise, of the log of a probability; chain models add a regularizer's
    (
        "step",
        re.compile(
            r"Average objective function for '(?P<output>[\w.-]+)' for minibatches (?P<first>\d+)-(?P<step>\d+) is "
            rf"(?:{NUMBER} \+ {NUMBER} = )?(?P<objective>{NUMBER}) over",
        ),
    ),
    # Eesen: the same of the labels of an utterance, after so many utterances
    (
        "step",
        re.compile(
            rf"After (?P<step>\d+) sequences \([\d.]+Hr\): (?P<output>Obj)\(log\[Pzx\]\) = (?P<objective>{NUMBER})"
        ),
    ),
    # architecture search codes: "train 050 2.331e+00 45.2 88.1" is step, loss, top-1, top-5
    (
        "step",
        re.compile(
            rf"train (?P<step>\d{{2,6}}) (?P<train_loss>{NUMBER}) (?P<train_top1>\d+\.\d+) (?P<train_top5>\d+\.\d+)$",
            re.IGNORECASE,
        ),
    ),
    (
        "evaluation",
        re.compile(
            rf"valid (?P<place>\d{{2,6}}) (?P<valid_loss>{NUMBER}) (?P<valid_top1>\d+\.\d+) (?P<valid_top5>\d+\.\d+)$",
            re.IGNORECASE,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Whole:
    """What such a line says; ``kind`` is that of its place."""

    kind: str
    values: dict[str, float]
    step: int | None


def whole_line(text: str) -> Whole | None:
    """What a cleaned line of such a form says; None for any other."""
    for kind, pattern in _WHOLE_LINES:
        if match := pattern.match(text):
            return _said(kind, match.groupdict())
    return None


def _said(kind: str, groups: dict[str, str]) -> Whole:
    step = int_of(groups.get("step"))
    if "objective" in groups:
        return Whole(kind, {f"{groups['output']} {NEGATED}": -float_of(groups["objective"])}, step)
    values = {name: float_of(number) for name, number in groups.items() if name not in ("step", "place")}
    return Whole(kind, values, step)


def int_of(text: str | None) -> int | None:
    text = text.replace(",", "") if text else ""
    return int(text) if text.isdigit() and len(text) < 16 else None


def float_of(text: str) -> float:
    return float(text.replace(",", ""))
