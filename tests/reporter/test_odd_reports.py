"""Whatever numbers a report holds, every format is written: NaN levels, huge steps, curves of one point, no curve."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from losslens.model import (
    Analysis,
    Cause,
    CauseGroup,
    Curve,
    Diagnosis,
    Episode,
    Evidence,
    Fix,
    Judgement,
    LossVerdict,
    NotChecked,
    Onset,
    Precursor,
    Role,
    RunReport,
    Spent,
    StepsPerEpoch,
    Verdict,
)
from losslens.reporter import render
from losslens.reporter.html import render_html
from losslens.reporter.json import from_json, render_json
from losslens.reporter.png import write_picture
from tests.reporter import make_analysis as make

T = TypeVar("T")
ODD = (0.0, -0.0, 1.0, -1.0, 5e-324, 1.7e308, -1.7e308, math.nan, math.inf, -math.inf)
TAGS = ("loss", "b", "c", "x" * 300)


class Odd:
    """A report with odd numbers in every field, always the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def number(self) -> float:
        return self.random.choice((*ODD, self.random.gauss(0, 1), 10 ** self.random.uniform(-300, 300)))

    def step(self) -> int:
        return self.random.choice((0, 1, -5, 2**62, -(2**62), self.random.randrange(1000)))

    def maybe(self, make_one: Callable[[], T]) -> T | None:
        return make_one() if self.random.random() < 0.6 else None

    def curve(self, tag: str) -> Curve:
        size = self.random.choice((0, 1, 2, 50, 400))
        steps = sorted(self.step() for _ in range(size)) if self.random.random() < 0.5 else list(range(size))
        values = [self.number() if self.random.random() < 0.5 else self.random.gauss(3, 1) for _ in range(size)]
        segments = sorted(self.random.randrange(3) for _ in range(size)) if self.random.random() < 0.3 else ()
        role, axis = self.random.choice(list(Role)), self.random.choice(("step", "epoch", "samples", ""))
        return Curve(tag, role, axis, tuple(steps), tuple(values), size, (), tuple(segments))

    def onset(self) -> Onset:
        low, middle, high = sorted(self.step() for _ in range(3))
        series, number = self.random.choice(TAGS), self.maybe(self.number)
        return Onset(middle, low, high, number, series, 0, self.maybe(self.number), self.maybe(self.number))

    def cause(self, name: str) -> Cause:
        evidence = Evidence(
            "s", self.number(), "text", self.random.choice(TAGS), self.maybe(self.step), self.maybe(self.step),
            self.number(), "u", self.number(),
        )  # fmt: skip
        return Cause(name, self.random.random(), "t", "setting", (evidence,), (NotChecked("a", "b"),), (Fix("f"),))

    def report(self) -> RunReport:
        verdict = self.random.choice(list(Verdict))
        leading = LossVerdict(
            "loss", Role.TRAIN_LOSS, verdict, self.maybe(self.onset), start_level=self.maybe(self.number),
            end_level=self.maybe(self.number), best_level=self.number(), also=Verdict.NAN,
        )  # fmt: skip
        judgement = Judgement(
            verdict, self.maybe(lambda: "loss"), (leading,), self.maybe(self.onset), self.maybe(self.step),
            self.maybe(self.step), (Precursor("b", Role.GRAD_NORM, self.step(), self.step(), None, None, None, "t"),),
            (Episode("spike", "b", self.step(), self.step(), self.number(), self.number()),), "reason", (leading,),
        )  # fmt: skip
        causes = tuple(self.cause(f"c{i}") for i in range(self.random.randrange(5)))
        groups = (CauseGroup(("c0", "c1"), self.random.random(), ()),)
        return make.report(
            "odd",
            judgement,
            tuple(self.curve(tag) for tag in self.random.sample(TAGS, self.random.randrange(5))),
            diagnosis=Diagnosis(causes, groups, self.random.random(), ("l",), ("w",)),
            first_step=self.maybe(self.step),
            log_interval=self.maybe(self.number),
            spent_after_onset=Spent(self.step(), self.maybe(self.number)),
            steps_per_epoch=StepsPerEpoch(self.number(), "x"),
        )


@pytest.mark.parametrize("seed", range(30))
def test_every_text_format_is_written(seed: int) -> None:
    analysis = Analysis((Odd(seed).report(),), (), "0.1.0")
    text = render_json(analysis)
    assert render_json(from_json(text)) == text
    for width in (40, 80):
        shown = render(analysis, "terminal", width=width, unicode=False)
        assert max(map(len, shown.split("\n"))) <= width
    assert render(analysis, "markdown")
    assert render_html(analysis).rstrip().endswith("</html>")


@pytest.mark.parametrize("seed", range(6))
def test_every_picture_is_drawn(seed: int, tmp_path: Path) -> None:
    write_picture(Odd(seed).report(), tmp_path / "odd.png")
    assert (tmp_path / "odd.png").stat().st_size > 1000
