"""What a report says of one cause: its evidence in lines, its fixes with their code. No format yet."""

from __future__ import annotations

from dataclasses import replace

from losslens.frameworks import Framework
from losslens.model import Cause, Evidence, Fix, RunReport
from losslens.reporter import story

#: The label of each kind of code that a fix holds, and of the code of Keras where TensorFlow runs it.
PYTORCH, KERAS, TENSORFLOW = "PyTorch", "Keras", "TF/Keras"


#: The sign under which a cause says how usual the verdict is for it.
BASE_RATE = "verdict"
#: Weight (nats) below which a line would be printed as nothing: what several signs say of one fact may cancel out.
LEAST_SHOWN = 0.05


def evidence(cause: Cause) -> list[Evidence]:
    """The lines of evidence: each fact once, with the weight of all signs that rest on it, heaviest first.

    What was not read off this run (how usual its end is) stays last.
    """
    heads = {e.sign for e in cause.evidence if not e.told_with}
    merged: dict[str, float] = {}
    for e in cause.evidence:
        if e.told_with in heads:
            merged[e.told_with] = merged.get(e.told_with, 0.0) + e.weight
    out = []
    for e in cause.evidence:
        if e.told_with in heads:
            continue
        more = merged.pop(e.sign, None)
        told = e if more is None else replace(e, weight=e.weight + more)
        if more is None or abs(told.weight) >= LEAST_SHOWN:
            out.append(told)
    return sorted(out, key=lambda e: (e.sign == BASE_RATE, -abs(e.weight)))


def code(run: RunReport, fix: Fix) -> list[tuple[str, str]]:
    """Label and code of one fix: of the run's own framework where that is known, else of both."""
    match run.framework:
        case Framework.PYTORCH:
            both = [(PYTORCH, fix.pytorch)]
        case Framework.KERAS:
            both = [(KERAS, fix.keras)]
        case Framework.TENSORFLOW:
            both = [(TENSORFLOW, fix.keras)]
        case _:
            both = [(PYTORCH, fix.pytorch), (KERAS, fix.keras)]
    return [(label, text) for label, text in both if text]


def whose_code(run: RunReport) -> str:
    """Whose code alone is shown, and where the other stands; "" where both are shown or there is none."""
    if run.framework is None or not any(code(run, fix) for c in run.causes[: story.in_full(run)] for fix in c.fixes):
        return ""
    mine, other = ("PyTorch", "Keras") if run.framework is Framework.PYTORCH else ("Keras", "PyTorch")
    if run.framework is Framework.TENSORFLOW:
        mine = "TensorFlow"
    return f"the log is one of {mine}, whose code alone is shown; `losslens explain CAUSE` has that of {other} too"
