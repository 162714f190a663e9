"""Logs that end soon after the onset, as a person looks at them: the labelled runs cut a few points behind it.

Beside each stands a healthy sibling (the twin, or the other seed), cut at the same step. The truth is that of the
whole run: of some nothing can be seen yet, so that these shares cannot reach 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from losslens import verdict
from tests.zoo.figures import HARD, has_onset, share
from tests.zoo.predict import built
from tests.zoo.zoo import Label

AFTER = (5, 10, 20)
"""Logged points behind the end of the labelled onset at which a log is cut."""

LEAST_POINTS = 60
"""Runs of fewer points are not cut, …"""

LEAST_BEFORE = 15
"""… nor those with fewer points before the onset: there was no course to have left."""

TO_THE_END = 0.02
"""A cut this near to the end of the run is no cut."""


@dataclass(frozen=True)
class Cut:
    """What was said of one log cut at a step. ``after``: points behind the onset (of the sibling that failed)."""

    label: Label
    after: int
    step: int
    word: str


def gap(label: Label) -> float:
    """Steps between logged points."""
    return float(label["last_step"] - label["first_step"]) / max(int(label["points"]) - 1, 1)


def steps_of(label: Label) -> dict[int, int]:
    """Points behind the onset -> step at which a failing run is cut; empty where it is not."""
    if label["points"] < LEAST_POINTS or set(label["words"]) & {"healthy", "plateau", "nan"} or not has_onset(label):
        return {}
    onset = label["onset"]
    if onset["from_start"] or onset["high"] - label["first_step"] < LEAST_BEFORE * gap(label):
        return {}
    last = label["last_step"] - TO_THE_END * (label["last_step"] - label["first_step"])
    found = {after: int(onset["high"] + after * gap(label)) for after in AFTER}
    return {after: step for after, step in found.items() if step <= last}


def word_at(label: Label, step: int) -> str:
    return verdict.judge(built(label, step)).verdict.value


def siblings(rows: Sequence[Label]) -> dict[str, Label]:
    """Family -> its healthy twin, or else its other seed, where one is surely healthy."""
    found: dict[str, Label] = {}
    for row in sorted((r for r in rows if r["kind"] in ("twin", "seed")), key=lambda r: r["kind"] != "twin"):
        if row["words"] == ["healthy"]:
            found.setdefault(row["family"], row)
    return found


def everything(rows: Sequence[Label]) -> tuple[list[Cut], list[Cut]]:
    """What is said of the failing logs and of their healthy siblings, cut at the same steps."""
    calm, failing, healthy = siblings(rows), [], []
    for row in rows:
        for after, step in steps_of(row).items():
            failing.append(Cut(row, after, step, word_at(row, step)))
            other = calm.get(row["family"])  # which may have logged far more seldom
            if other is not None and step - other["first_step"] >= LEAST_BEFORE * gap(other):
                healthy.append(Cut(other, after, step, word_at(other, step)))
    return failing, healthy


def table(failing: Sequence[Cut], healthy: Sequence[Cut]) -> list[str]:
    """The rows of the score, for each number of points behind the onset."""
    out = []
    for after in AFTER:
        seen = [c for c in failing if c.after == after]
        blown = [c for c in seen if set(c.label["words"]) <= HARD]
        calm = [c for c in healthy if c.after == after]
        out += [
            f"  {after:2d} points after: not said healthy   {share(sum(c.word != 'healthy' for c in seen), len(seen))}",
            f"     recall on those that blew up    {share(sum(c.word in HARD for c in blown), len(blown))}",
            f"     hard false alarms, siblings     {share(sum(c.word in HARD for c in calm), len(calm))}",
        ]
    return out
