"""Terms of a loss that is not logged itself: what each did counts as far as it shows in their sum.

Detectors log box, objectness and class losses and no total. One of them may rise for long while the others fall by
more, and that is what training on their sum is: objectness has more to say the more boxes are found.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Role, Run, Series, Verdict
from losslens.verdict.losses import Judged, as_verdict, judge_loss
from losslens.verdict.plateau import settled_at_once
from losslens.verdict.word import EXPLODED_FACTOR, Word, number

if TYPE_CHECKING:
    from losslens.detector import SeriesFit
    from losslens.model import IntArray

FEWEST_TERMS = 2
"""One term alone may be learned at once; so many, and no total beside them, are not."""

MOSTLY = 0.8
"""Terms are added up where all of them have so large a share of the steps that any has."""

SUM = "the sum of the terms"

TRIFLE = 0.01
"""A term of this share of the loss that training made small does not lead."""

BY_ORDERS = 100.0
"""A term that grew by this factor and still grows belongs to no loss that went on as if it were not there."""

STILL_GROWS = 1.5
"""One that ends less than this many times above the middle third of its rise has levelled out."""


def still_finite(run: Run, leading: Judged) -> str:
    """What to add to a total that is not finite while every term logged beside it is: none of these broke it."""
    first = leading.verdict.first_nonfinite
    if leading.role is not Role.TRAIN_LOSS or first is None:
        return ""
    terms = [run.series[tag].current() for tag in run.tags(Role.LOSS_COMPONENT)]
    late = {one.tag: one.value[one.step >= first] for one in terms if bool(np.any(one.step >= first))}
    if not late or not all(np.isfinite(value).all() for value in late.values()):
        return ""
    tags = list(late)
    named = ", ".join(tags[:3]) + ("" if len(tags) <= 3 else f" and {len(tags) - 3} more")
    return f"; all that is logged of its terms ({named}) is finite there"


def for_training(run: Run, parts: list[Judged]) -> list[Judged]:
    """The terms that speak for the loss that training made small: all, or where their sum is healthy those that are.

    A term that is not finite at its end has failed whatever the others did. What the others did alone is told.
    """
    together = _logged_together(parts)
    whole = _sum(together)
    failed = [j for j in together if j.word.verdict not in (Verdict.HEALTHY, Verdict.INCONCLUSIVE)]
    if whole is None or not failed or any(j.word.verdict is Verdict.NAN for j in parts):
        return parts
    said = judge_loss(run, whole, Role.TRAIN_LOSS).word
    if said.verdict is not Verdict.HEALTHY:
        return parts
    first = failed[0]
    fine = next((j for j in together if j.word.verdict is Verdict.HEALTHY), first)
    alone = first.word.reason if first is fine else f"{fine.word.reason}; {first.series.tag} {first.word.reason}"
    more = f" (as {len(failed) - 1} more did)" if len(failed) > 1 else ""
    text = f"{alone}{more}, but the sum of all {len(together)} terms, itself not logged, {said.reason}"
    word = Word(Verdict.HEALTHY, text, None, None)
    return [replace(fine, word=word, verdict=as_verdict(run, fine.series, fine.role, fine.fit, word))]


def towers(run: Run, part: Judged, train: list[Judged]) -> bool:
    """Whether a term of nobody's ran away above everything that the players of a run ever lost.

    Actor and critic are each trained on a loss of their own and on no sum: what a constraint, a cost or a second critic
    has to say stands in neither of them. Where a total was logged it knows what a term is worth.
    """
    groups = {c.tag: c.group for c in run.roles}
    if not train or any(not groups.get(one.series.tag) for one in train):
        return False
    fit, d = part.fit, part.fit.departure
    if part.word.verdict is not Verdict.EXPLODED or d is None or fit.transform.kind != "log":
        return False
    after = fit.value[d.onset :]
    third = after.size // 3
    if third == 0:
        return False
    grows = d.top >= BY_ORDERS * d.base and d.top >= STILL_GROWS * float(np.median(after[third : 2 * third]))
    highest = max((float(np.abs(one.fit.value).max()) for one in train if one.fit.n_finite), default=np.inf)
    return grows and d.top >= EXPLODED_FACTOR * highest


def _logged_together(parts: list[Judged]) -> list[Judged]:
    """The terms that were logged at the same steps as most others."""
    by_place: dict[tuple[str, int], list[Judged]] = defaultdict(list)
    for judged in parts:
        by_place[judged.series.axis, round(np.log2(max(len(judged.series), 1)))].append(judged)
    return max(by_place.values(), key=len, default=[])


def _sum(parts: list[Judged]) -> Series | None:
    """The sum of several terms at the steps that all of them have; None where they are too few."""
    if len(parts) < FEWEST_TERMS:
        return None
    places = [_by_step(judged.series) for judged in parts]
    common = places[0][0]
    for steps, _ in places[1:]:
        common = np.intersect1d(common, steps)
    if common.size < MOSTLY * max(steps.size for steps, _ in places):
        return None
    rows = [at[np.isin(steps, common)] for steps, at in places]
    value = np.sum([judged.series.value[row] for judged, row in zip(parts, rows, strict=True)], axis=0)
    first, row = parts[0].series, rows[0]
    return Series(SUM, first.step[row], value, first.wall_time[row], first.row[row], first.segment[row], first.axis)


def _by_step(series: Series) -> tuple[IntArray, IntArray]:
    """The steps of a series in their order, each once, and where the last value at each stands."""
    steps, back = np.unique(series.step[::-1], return_index=True)
    return steps, series.step.size - 1 - back


def unlearned(run: Run, parts: list[Judged]) -> list[Judged]:
    """The terms of a loss that is not logged itself, as plateaus where none of them learned after its second point."""
    calm = all(j.word.verdict is Verdict.HEALTHY and settled_at_once(j.fit) for j in parts)
    if len(parts) < FEWEST_TERMS or not calm:
        return parts
    out = []
    for judged in parts:
        fit = judged.fit
        first, level = number(float(fit.value[0])), number(float(np.median(fit.value[1:])))
        text = f"came down from {first} to {level} at once and no further, as all {len(parts)} terms of the loss"
        word = Word(Verdict.PLATEAU, text, 1.0, Verdict.HEALTHY)
        out.append(replace(judged, word=word, verdict=as_verdict(run, judged.series, judged.role, fit, word)))
    return out


def for_their_sum(parts: list[Judged], trained: Judged | None) -> list[Judged]:
    """The terms of a validation loss, itself not logged, that speak for it: those that blew up, or all that turned.

    One that is next to nothing of the training loss, wherever it rose, is next to nothing of their sum.
    """
    parts = [j for j in parts if trained is None or not _trifling(j, trained.fit)]
    blown = [j for j in parts if j.verdict.verdict is Verdict.VAL_DIVERGED]
    turned = [j for j in parts if j.verdict.verdict is Verdict.OVERFIT]
    return blown if len(blown) + len(turned) < len(parts) else parts


def _trifling(part: Judged, whole: SeriesFit) -> bool:
    """Whether a term never came to more than a trifle of where the loss ended."""
    if part.fit.ends_nonfinite or not part.fit.n_finite or whole.transform.kind != "log":
        return False
    return float(np.abs(part.fit.value).max()) <= TRIFLE * whole.end
