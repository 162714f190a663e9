"""Other series beside the loss: its terms, the validation, and the signals of agents and adversarial pairs."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from losslens.causes.facts import held_out
from losslens.causes.facts.nouns import Extent, Start
from losslens.causes.facts.numerics import (
    Departure,
    departure,
    log_like,
    median,
    rank_correlation,
    ratio,
    scatter,
    smooth,
)
from losslens.causes.facts.signals import Components, Validation
from losslens.causes.facts.terms import COUNTS, at_peak_of, level_before
from losslens.model import Role, Run, Series
from losslens.patterns import compiled
from losslens.runs.epochs import epochs_done

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

WEIGHT_WORDS = compiled(
    r"(kl|beta|aux|adv|perc|reg|loss|lambda).*(weight|coef|coeff|beta|lambda|scale)|^(beta|lambda)", re.I
)
REACH = 5
"""Logging intervals behind the onset in which a term may still move with it."""

GREW = 1.5
"""Times its level to which a term that nothing shows to have moved must have grown to lead all the same."""

FAR_BEYOND = 20.0
"""Times the growth of the term that moved first from which the one that grew most leads instead."""

LEAST_SHARE = 1e-3
"""Of the usual total: a term smaller than this counts for so much, or its growth would be any number."""

OUTGROWN = 2.0
"""Times the growth of the term that grew most beyond which the total did not grow with its logged terms."""

MOST_EVALUATIONS = 5_000
"""Evaluations looked at; more are thinned evenly."""

FEW_BATCHES = 3
"""Fewer points before an evaluation are no level of the training loss where another was logged with it, …"""

TOLD_BESIDE = 0.9
"""… at this share of the evaluations."""

FELL_FAST = 0.85
"""Share of the median of the last evaluations before the onset below which the last of them, still falling, is the
level there."""

OTHER_SIZE = float(np.log(3.0))
"""Two training losses farther apart than this (log) at most evaluations are not of one size."""


def components_of(
    run: Run, total: Series | None, start: Start | None, extent: Extent, leading: Series | None = None
) -> Components | None:
    """Which term of the loss moved first, and what share of the total it had."""
    tags = [t for t in run.tags(Role.LOSS_COMPONENT) if total is None or t != total.tag][:40]
    if not tags or start is None:
        return None
    terms = {t: run.series[t].current() for t in tags}
    terms = {t: s for t, s in terms.items() if np.isfinite(s.value).sum() >= 3}
    if not terms:
        return None
    alone = len(terms) == 1
    outgrown = not alone and total is not None and _outgrown(total.current(), terms, start)
    if total is not None and (alone or outgrown):
        terms |= _rest(total.current(), list(terms.values()))
    reach = int(start.high + REACH * extent.interval)
    moved: dict[str, Departure] = {}
    for tag, s in terms.items():
        found = departure(s.step, s.value, start.step, reach, sign=1)
        if found is not None:
            moved[tag] = found
    order = sorted(moved, key=lambda t: (moved[t].step, -moved[t].move))
    whole = median(np.abs(total.value)) if total is not None else None
    growth = {t: _growth(s, start, LEAST_SHARE * (whole or 0.0)) for t, s in terms.items()}
    grown = sorted((t for t in growth if growth[t] is not None), key=lambda t: -(growth[t] or 0.0))
    leader = order[0] if order else (grown[0] if grown and (growth[grown[0]] or 0) > GREW else None)
    if outgrown:
        leader = grown[0] if grown else None
    if leader is not None and grown and (growth[grown[0]] or 0) > FAR_BEYOND * (growth.get(leader) or 1.0):
        leader = grown[0]
    told = {t: _growth(s, start, LEAST_SHARE * (whole or 0.0), floored=False) for t, s in terms.items()}
    rest = [told[t] for t in told if t != leader and told[t] is not None]
    interval = max(extent.interval, 1e-9)
    lead = (moved[order[1]].step - moved[order[0]].step) / interval if len(order) > 1 and leader == order[0] else None
    shares = _shares(terms, leader, start)
    judged = leading if total is None and leading is not None and leading.tag in terms else total
    peak, at_peak = at_peak_of(judged, terms, start, extent, LEAST_SHARE * (whole or 0.0))
    return Components(
        count=len(terms),
        first=leader,
        lead_points=lead,
        share_before=shares[0],
        share_after=shares[1],
        growth=(told.get(leader) or growth.get(leader)) if leader else None,
        others_growth=float(np.median(np.array(rest, dtype=np.float64))) if rest else None,
        nonfinite_first=_nonfinite_first(terms),
        weight_ramp=_weight_ramp(run, start),
        rest=(alone and len(terms) > 1) or outgrown,
        at_peak=at_peak,
        peak_step=peak,
    )


def _outgrown(total: Series, terms: dict[str, Series], start: Start) -> bool:
    """The total grew far more than any logged term: a sum with steady weights cannot, so a weight or another term did.

    False where some term is below zero: then terms cancel, and the total may grow by any factor.
    """
    most = [_growth(s, start) for s in terms.values()]
    whole = _growth(total, start)
    if whole is None or any(g is None for g in most) or any(np.nanmin(s.value) < 0 for s in terms.values()):
        return False
    return whole > OUTGROWN * max(1.0, *(g for g in most if g is not None))


def _rest(total: Series, terms: Sequence[Series]) -> dict[str, Series]:
    """What the logged terms leave of the total, where all were logged at the same steps; nothing where they are all."""
    shared = functools.reduce(np.intersect1d, [total.step, *(s.step for s in terms)])
    if shared.size < 5:
        return {}
    _, mine, _ = np.intersect1d(total.step, shared, return_indices=True)
    left = total.value[mine].copy()
    for s in terms:
        left -= s.value[np.intersect1d(s.step, shared, return_indices=True)[1]]
    size = median(np.abs(total.value[mine]))
    known = np.abs(left[np.isfinite(left)])
    if not size or known.size == 0 or float(np.percentile(known, 95)) < 1e-4 * size:
        return {}
    if (median(left) or 0.0) < 0 and all(np.nanmin(s.value) >= 0 for s in (total, *terms)):
        return {}  # the terms are weighed, or none of this total: what they leave of it is no term
    name = f"the rest of {total.tag}"
    return {
        name: Series(
            name, total.step[mine], left, total.wall_time[mine], total.row[mine], total.segment[mine], total.axis
        )
    }


def _growth(series: Series, start: Start, least: float = 0.0, *, floored: bool = True) -> float | None:
    """Level of the last third over that before the onset, which counts for no less than ``least``.

    Not ``floored``: the true factor, and None for a term that is next to nothing before and after.
    """
    after = series.value[series.step >= start.step]
    after = after[np.isfinite(after)]
    before = level_before(series, start)
    if before is None or after.size == 0:
        return None
    late = float(np.median(np.abs(after[-max(1, after.size // 3) :])))
    if floored:
        return ratio(late, max(before, least, 1e-12))
    return None if before < least and late < COUNTS * least else ratio(late, max(before, 1e-12))


def _shares(terms: dict[str, Series], leader: str | None, start: Start) -> tuple[float | None, float | None]:
    if leader is None or len(terms) < 2:
        return None, None
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    for tag, s in terms.items():
        past = level_before(s, start)
        late = s.value[s.step >= start.step]
        late = np.abs(late[np.isfinite(late)])
        if past is not None and late.size:
            before[tag], after[tag] = past, float(np.median(late[-max(1, late.size // 3) :]))
    if leader not in before or sum(before.values()) <= 0 or sum(after.values()) <= 0:
        return None, None
    return before[leader] / sum(before.values()), after[leader] / sum(after.values())


def _nonfinite_first(terms: dict[str, Series]) -> str | None:
    """The term that was NaN first, where the others still were finite."""
    first: dict[str, int] = {}
    for tag, s in terms.items():
        bad = np.flatnonzero(~np.isfinite(s.value))
        if bad.size:
            first[tag] = int(s.step[bad[0]])
    if not first:
        return None
    earliest = min(first.values())
    leaders = [t for t, at in first.items() if at == earliest]
    return leaders[0] if len(leaders) == 1 and len(terms) > 1 else None


def _weight_ramp(run: Run, start: Start) -> str | None:
    for choice in run.roles:
        if choice.role is not Role.OTHER or not WEIGHT_WORDS.search(choice.tag):
            continue
        s = run.series[choice.tag]
        past = s.value[s.step <= start.step]
        past = past[np.isfinite(past)]
        if past.size >= 3 and past[-1] > 1.2 * max(past[0], 1e-12):
            return choice.tag
    return None


def validation_of(
    run: Run, train: Series | None, start: Start | None, extent: Extent, leading: str | None
) -> Validation | None:
    """Validation against training: at the first evaluation, at its best, at the end."""
    series = run.series[leading] if leading in run.tags(Role.VAL_LOSS) and leading else run.first(Role.VAL_LOSS)
    series = series or _held_out(run, leading)
    if series is None or not len(series):
        return None
    series = series.current()
    good = np.isfinite(series.value)
    step, value = series.step[good], series.value[good]
    if value.size == 0:
        return None
    at = int(np.argmin(value))
    lowest, lowest_step, last = float(value[at]), int(step[at]), float(value[-1])
    before = int(np.searchsorted(step, start.step)) if start is not None else 0
    if value.size > MOST_EVALUATIONS:  # logged with every step: a share of it says the same
        every = int(np.ceil(value.size / MOST_EVALUATIONS))
        step, value = step[::every], value[::every]
    there = _train_at(train, step, _told_beside(run, train, step))
    course = smooth(value, 3) if value.size >= 8 else value
    low = int(np.argmin(course))
    tail = max(1, min(3, value.size // 5))
    best, end = float(course[low]), float(np.median(value[-tail:]))
    span = max(1, extent.last_step - extent.origin)
    moves = np.diff(log_like(value))
    after = moves[low:]
    train_end = median(there[-tail:]) if there is not None else None
    return Validation(
        tag=series.tag,
        points=int(value.size),
        points_before=before,
        first=float(value[0]),
        best=best,
        best_step=int(step[low]),
        best_fraction=float((step[low] - extent.origin) / span),
        end=end,
        train_first=float(there[0]) if there is not None and np.isfinite(there[0]) else None,
        ratio_first=ratio(float(value[0]), float(there[0])) if there is not None else None,
        passes_first=done if (done := epochs_done(run, int(step[0]))) is not None else extent.epochs_at(float(step[0])),
        ratio_best=ratio(best, float(there[low])) if there is not None else None,
        ratio_end=ratio(end, train_end),
        rise=ratio(end, best),
        train_fall=ratio(train_end, float(there[int(np.argmin(value))])) if there is not None else None,
        worst_jump=float(np.exp(min(50.0, float(np.abs(moves).max())))) if moves.size else None,
        roughness=_roughness(value, there),
        returns=_returns(value),
        monotone_after=float(np.mean(after > 0)) if after.size >= 3 else None,
        never_good=ratio(best, float(value[0])),
        tracks=rank_correlation(value, there) if there is not None else None,
        lowest=lowest,
        lowest_step=lowest_step,
        last=last,
        at_onset=_around(step, value, start),
        train_progress=_progress(there, train_end),
        train_accuracy_end=_train_accuracy_end(run),
        **held_out.steps_up(value),
        **held_out.accuracy_of(run),
        **_next(step, value, train, start, extent),
    )


SIDE = compiled(r"(?<![a-z])(train(ing)?|trn|tr|val(id(ation)?)?|vld|test|dev|eval(uation)?)(?![a-z])", re.I)


def _held_out(run: Run, leading: str | None) -> Series | None:
    """The validation term that is measured as the leading term of the training loss is: one name but for the side."""
    name = SIDE.sub("", (leading or "").replace("_", " "))
    if leading not in run.tags(Role.LOSS_COMPONENT) or name == (leading or "").replace("_", " "):
        return None
    return next(
        (run.series[t] for t in run.tags(Role.VAL_COMPONENT) if SIDE.sub("", t.replace("_", " ")) == name), None
    )


def _told_beside(run: Run, train: Series | None, steps: np.ndarray) -> Series | None:
    """Another training loss that was logged with the evaluations: "Train Loss 0.012 Val Loss 0.005" behind a bar."""
    if train is None:
        return None
    others = (run.series[tag].current() for tag in run.tags(Role.TRAIN_LOSS) if tag != train.tag)
    return next((o for o in others if o.axis == train.axis and np.isin(steps, o.step).mean() >= TOLD_BESIDE), None)


def _train_at(train: Series | None, steps: np.ndarray, beside: Series | None) -> FloatArray | None:
    """Training level at each evaluation: median of the points since the one before (at most 20).

    Fewer than ``FEW_BATCHES`` are single batches, for which the loss that was logged ``beside`` stands, if any; so it
    does throughout where the two are of different size: both it and the evaluation are means over many batches.
    """
    if train is None or len(train) == 0:
        return None
    current = train.current()
    stop = np.searchsorted(current.step, steps, side="right")
    out = np.full(steps.size, np.nan)
    single = np.zeros(steps.size, dtype=bool)
    for k, b in enumerate(stop[:20_000]):
        a = max(0, int(b) - 20, int(stop[k - 1]) if k else 0)
        part = current.value[a : int(b)] if b > a else current.value[max(0, int(b) - 1) : int(b)]
        part = part[np.isfinite(part)]
        single[k] = part.size < FEW_BATCHES
        if part.size:
            out[k] = float(np.median(part))
        elif k == 0 and current.step[0] - steps[0] <= 1:  # an untrained network is no match for what training left
            out[k] = float(current.value[0])
    if beside is not None:
        told = np.array([_value_at(beside, int(step)) for step in steps])
        known = np.isfinite(told)
        apart = median(np.abs(log_like(out)[known] - log_like(told)[known])) or 0.0
        instead = known & (single | (apart > OTHER_SIZE))
        out[instead] = told[instead]
    return out if np.isfinite(out).any() else None


def _value_at(series: Series, step: int) -> float:
    at = np.flatnonzero(series.step == step)
    return float(series.value[at[-1]]) if at.size else float("nan")


def _roughness(value: FloatArray, there: FloatArray | None) -> float | None:
    if value.size < 5 or there is None:
        return None
    own = scatter(np.diff(log_like(value)))
    other = scatter(np.diff(log_like(there)))
    return None if own is None or other is None else float(own / max(other, 1e-3))


def _returns(value: FloatArray) -> int:
    """Times the curve jumped by half or more and came back by as much within three evaluations."""
    count, k = 0, 1
    while k < value.size:
        base = float(value[k - 1])
        if base > 0 and value[k] > 1.5 * base:
            later = value[k + 1 : k + 4]
            if later.size and later.min() < value[k] / 1.5:
                count += 1
                k += 2
                continue
        k += 1
    return count


def _progress(there: FloatArray | None, end: float | None) -> float | None:
    """What is left of the training loss of the first evaluation; 0 where nothing is."""
    if there is None or end is None or not np.isfinite(there[0]) or there[0] <= 0 or end < 0:
        return None
    return float(end / there[0])


def _around(step: np.ndarray, value: FloatArray, start: Start | None) -> float | None:
    if start is None:
        return None
    past, after = value[step < start.step], value[step >= start.step]
    return ratio(median(after), median(past[-5:])) if past.size and after.size else None


def _next(
    step: IntArray, value: FloatArray, train: Series | None, start: Start | None, extent: Extent
) -> dict[str, float | None]:
    """How far validation had gone with the training loss by its first evaluation after the onset."""
    out: dict[str, float | None] = dict.fromkeys(("next_ratio", "next_points", "next_share", "later_ratio"))
    if start is None or train is None or start.from_start:
        return out
    at, past = int(np.searchsorted(step, start.step)), value[step < start.low][-3:]
    before = median(past)
    if before is not None and past.size > 1 and (np.diff(past) < 0).all() and past[-1] < FELL_FAST * before:
        before = float(past[-1])
    if before is None or before <= 0 or at >= value.size:
        return out
    current = train.current()
    first, stop = (int(i) for i in np.searchsorted(current.step, (start.step, step[at] + 1)))
    there = median(current.value[first : max(stop, first + 1)][-20:])
    was = median(current.value[current.step < start.low][-20:])
    out["next_ratio"] = ratio(float(value[at]), before)
    out["next_points"] = float(step[at] - start.step) / max(extent.interval, 1e-9)
    if there is not None and was is not None and was > 0 and there > 1.15 * was and value[at] > 0:
        out["next_share"] = float(np.log(value[at] / before) / np.log(there / was))
    later = value[at + 1 :]
    if later.size >= 2:
        halves = (median(later[: later.size // 2]), median(later[later.size // 2 :]))
        out["later_ratio"] = ratio(max(h for h in halves if h is not None), before)
    return out


def _train_accuracy_end(run: Run) -> float | None:
    seen = run.first(Role.ACCURACY)
    if seen is None or not np.isfinite(seen.value).any():
        return None
    return median(seen.value[-max(3, len(seen) // 20) :])
