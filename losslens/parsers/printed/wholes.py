"""Printed lines that have a form of their own: their numbers stand before their names, or have none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from losslens.patterns import compiled

#: A number as programs write it; PaddleOCR cuts its numbers to a width and fills up what is shorter: "loss: nanxxx".
NUMBER = (
    r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+|(?=\s*(?:$|[|;])))|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?"
    r"|(?:nan|inf(?:inity)?)(?:(?=x{2,}\b)|(?![A-Za-z_])))"
)
#: A word of its own that is a number and no part of a name; "nan: 0" and "inf = 2" count how many there were.
NO_NUMBER = r"(?!(?:nan|inf(?:inity)?)(?:[,;|)\]]|\s+(?![\s:=])|\s*$))"
#: How long something took: "1h 2m 3s".
_LASTED = r"(?:\d+[dhm] )*\d+s"
#: Numbers between commas.
_LIST = rf"{NUMBER}(?:,\s*{NUMBER})*"
#: The columns of YOLO's results.txt behind the epoch and the memory in use, by the names of its later results.csv.
_YOLO = (
    *("train/box_loss", "train/obj_loss", "train/cls_loss", "train/total_loss", "labels", "img_size"),
    *("metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95"),
    *("val/box_loss", "val/obj_loss", "val/cls_loss"),
)
#: ``print(loss)`` of PyTorch and nothing beside it: "tensor(1.79, device='cuda:0', grad_fn=<NllLossBackward0>)".
#: PyTorch writes a point into each that is no count.
_LONE = compiled(
    # "3 tensor(0.31, grad_fn=<MeanBackward0>)", as print(step, loss) has it
    r"(?:(?P<step>\d{1,9})[\s,:]+)?tensor\(\s*(?P<num>-?(?:\d+\.\d*(?:e[-+]?\d+)?|nan|inf))(?:,\s*(?:device|dtype)=[^(),]+)*"
    r"(?:,\s*requires_grad=True)?(?P<learned>,\s*grad_fn=<\w+>)?\)"
)
LONE_TENSOR = "loss (a tensor printed without a name)"
#: How such a line is written when no gradient goes through the number, and when one does.
LONE_FORMS = ("tensor", "tensor with grad_fn")
#: An objective that rises to zero, told as the loss that falls to it.
NEGATED = "loss (objective, negated)"
#: Lines whose numbers stand before their names, or without any.
_WHOLE_LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    # voice cloning: "[4200, 9.99e-05]" is step and rate, above the line of the losses
    ("step", compiled(rf"(?:[\w.-]+:)?\[(?P<step>\d+), (?P<learning_rate>{NUMBER})\]$")),
    # the pair that enumerate gave, printed as one: "loss: (3, 1207.9)"
    (
        "step",
        compiled(rf"(?:train(?:ing)?[ _])?loss\s*[:=]\s*\((?P<step>\d+),\s*(?P<loss>{NUMBER})\)$", re.IGNORECASE),
    ),
    # darknet of today: " 120: loss=3.41, avg loss=3.62, rate=0.001, …"
    (
        "step",
        compiled(
            rf"\s*(?:\(next.*?\)\s*)?(?P<step>\d+): loss=(?P<loss>{NUMBER}), avg loss=(?P<avg_loss>{NUMBER}),"
            rf" rate=(?P<learning_rate>{NUMBER})",
            re.IGNORECASE,
        ),
    ),
    # darknet: "120: 3.41, 3.62 avg loss, 0.001 rate, 2.4 seconds, 7680 images"; its classifier: "120, 0.4: 3.41, …"
    (
        "step",
        compiled(
            rf"\s*(?:\(next.*?\)\s*)?(?P<step>\d+)(?:, \d+\.\d+)?:\s*(?P<loss>{NUMBER}),"
            rf"\s*(?P<avg_loss>{NUMBER}) avg(?: loss)?,"
            rf"\s*(?P<learning_rate>{NUMBER}) rate",
            re.IGNORECASE,
        ),
    ),
    # Kaldi: an objective, which is to rise, of the log of a probability; chain models add a regularizer's
    (
        "step",
        compiled(
            r"Average objective function for '(?P<output>[\w.-]+)' for minibatches (?P<first>\d+)-(?P<step>\d+) is "
            rf"(?:{NUMBER} \+ {NUMBER} = )?(?P<objective>{NUMBER}) over",
        ),
    ),
    # Eesen: the same of the labels of an utterance, after so many utterances
    (
        "step",
        compiled(
            r"(?:VLOG\d )?After (?P<step>\d+) sequences \([\d.]+Hr\): "
            rf"(?P<output>Obj)\(log\[Pzx\]\) = (?P<objective>{NUMBER})"
        ),
    ),
    # Stan's variational inference: the bound on the evidence, which is to rise, and by how much it moved of late
    (
        "step",
        compiled(
            rf"Chain \d+:\s*(?P<step>\d+)\s+(?P<objective>[-+]?\d+\.\d+)\s+{NUMBER}\s+{NUMBER}"
            r"(?=\s+M(?:EAN|EDIAN|AY BE)\b|(?<=\d)$)(?P<output>)",
            re.IGNORECASE,
        ),
    ),
    # architecture search codes: "train 050 2.331e+00 45.2 88.1" is step, loss, top-1, top-5
    (
        "step",
        compiled(
            rf"train (?P<step>\d{{2,6}}) (?P<train_loss>{NUMBER}) (?P<train_top1>\d+\.\d+) (?P<train_top5>\d+\.\d+)$",
            re.IGNORECASE,
        ),
    ),
    (
        "evaluation",
        compiled(
            rf"valid (?P<batch>\d{{2,6}}) (?P<valid_loss>{NUMBER}) (?P<valid_top1>\d+\.\d+) (?P<valid_top5>\d+\.\d+)$",
            re.IGNORECASE,
        ),
    ),
    # PyTorch's tutorials: "5000 5% (0m 12s) 2.4177 …" of names, "0m 27s (- 6m 52s) (5000 6%) 2.8558" of translation
    ("step", compiled(rf"(?P<step>\d+) \d+% \({_LASTED}\) (?P<loss>{NUMBER})(?=\s|$)", re.IGNORECASE)),
    (
        "step",
        compiled(
            rf"\[?{_LASTED}\s+(?:\(- {_LASTED}\)\s+)?\((?P<step>\d+) \d+%\)\s+(?P<loss>{NUMBER})\]?$",
            re.IGNORECASE,
        ),
    ),
    # results.txt of the YOLOs up to the seventh, which has no header
    (
        "epoch",
        compiled(
            rf"(?P<epoch>\d+)/\d+\s+[\d.]+G(?P<yolo>(?:\s+{NUMBER}){{{len(_YOLO)}}})$",
            re.IGNORECASE,
        ),
    ),
    # "12_0.4312", a line an epoch: the count and the number that the file is called after
    ("count", compiled(r"(?P<step>\d{1,7})_(?P<value>-?\d+\.\d+(?:e[-+]?\d+)?|nan|-?inf)$")),
    # DeepXDE: the terms of the loss on the points of the training and of the test, and the metrics
    (
        "step",
        compiled(
            rf"(?P<step>\d+)\s+\[(?P<train>{_LIST})\]\s+\[(?P<test>{_LIST})\]\s+\[(?P<metrics>(?:{_LIST})?)\]$",
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
    epoch: float | None = None
    batch: int | None = None
    """Of an evaluation, which has no other place of its own."""


def whole_line(text: str) -> Whole | None:
    """What a cleaned line of such a form says; None for any other."""
    for kind, pattern in _WHOLE_LINES:
        if match := pattern.match(text):
            return _said(kind, match.groupdict())
    return None


def lone_tensor(text: str) -> tuple[str, dict[str, float], int | None] | None:
    """How a line that holds a tensor of one number alone is written, the number and the count ahead of it, if any; None
    for any other line."""
    if (match := _LONE.fullmatch(text)) is None:
        return None
    return LONE_FORMS[match["learned"] is not None], {LONE_TENSOR: float_of(match["num"])}, int_of(match["step"])


def _said(kind: str, groups: dict[str, str]) -> Whole:
    step = int_of(groups.get("step"))
    if "objective" in groups:
        return Whole(kind, {f"{groups['output'] or 'ELBO'} {NEGATED}": -float_of(groups["objective"])}, step)
    if "yolo" in groups:
        values = dict(zip(_YOLO, map(float_of, groups["yolo"].split()), strict=True))
        return Whole(kind, values, None, float(groups["epoch"]))
    if "metrics" in groups:
        lists = {name: _numbers_of(groups[name]) for name in ("train", "test", "metrics")}
        return Whole(kind, _of_lists(**lists), step)
    values = {name: float_of(number) for name, number in groups.items() if name not in ("step", "batch")}
    return Whole(kind, values, step, batch=int_of(groups.get("batch")))


def _numbers_of(text: str) -> list[float]:
    return [float_of(number) for number in re.split(r",\s*", text) if number]


def _of_lists(train: list[float], test: list[float], metrics: list[float]) -> dict[str, float]:
    """What is trained on is the sum of the terms; a single one has no name of its own.

    A term that is 0 on the points of the test alone was not measured there, and their sum is no loss then.
    """
    values = {"train loss": sum(train)}
    if len(test) == len(train) and not any(there and not here for there, here in zip(train, test, strict=True)):
        values["test loss"] = sum(test)
    if len(train) > 1:
        values |= {f"train loss term {number}": term for number, term in enumerate(train, 1)}
    return values | {f"test metric {number}": metric for number, metric in enumerate(metrics, 1)}


def int_of(text: str | None) -> int | None:
    text = text.replace(",", "") if text else ""
    return int(text) if text.isdigit() and len(text) < 16 else None


def float_of(text: str) -> float:
    return float(text.replace(",", ""))
