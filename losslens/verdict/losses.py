"""One loss of a run -> its ``LossVerdict`` and its episodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.detector import Departure, Excursion, SeriesFit, examine
from losslens.detector.search import best_level
from losslens.model import Episode, LossVerdict, Onset, Role, Run, Series, Verdict
from losslens.runs.epochs import epochs_done
from losslens.verdict import spikes
from losslens.verdict.beginning import later_part
from losslens.verdict.flat import gained
from losslens.verdict.guess import never_learned, one_answer
from losslens.verdict.holes import holes
from losslens.verdict.plateau import never_fell, not_cleared
from losslens.verdict.schedule import explains, unexplained
from losslens.verdict.word import NEAR, Word, left_level, number
from losslens.verdict.words import BEYOND_REASON, decide, released

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

MIN_RATES = 8
"""A learning rate of fewer points does not say that nothing was learned."""

NOTHING_POINTS = 3
"""Points of a loss, and of a gradient norm, that are exactly 0 from which on there was nothing to learn."""

NOTHING_ALONE = 8
"""Points of a loss that are exactly 0, beside no gradient norm, from which on that is worth telling."""

FIRST_FEW = 3
"""The first values of a loss whose target moves are no level to have left: so many …"""

FIRST_SHARE = 0.05
"""… or this share of them."""

BY_ORDERS = 100.0
"""A loss that climbs to more than this many times its first value …"""

AT_ONCE = 0.5
"""… by less than this share of the way between any two points did not only begin there."""

ONLY_ROSE = 1.5
"""A rise by less than this factor does not say that there was something to lose."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A loss with everything known of it."""

    series: Series
    role: Role
    fit: SeriesFit
    word: Word
    verdict: LossVerdict


def judge_loss(run: Run, series: Series, role: Role, *, wanders: bool = False, plays: bool = False) -> Judged:
    """The verdict on one loss, seen alone. ``series``: one branch (current or abandoned).

    ``plays``: its target moves, so that its first value is no level to have left. ``wanders``: see ``decide``.
    """
    rounds = _passes(run, series)
    fit = examine(series.step, series.value, first_counts=not plays, rounds=rounds)
    if plays and fit.departure is not None and fit.departure.from_start and not _climbed_on(run, fit):
        fit = examine(series.step, _without_first(series.value), first_counts=False, rounds=rounds)
    fit = released(replace(fit, axis=run.axis or "step", begins_late=later_part(run, series)), wanders)
    if fit.excursions:
        fit = replace(fit, excursions=unexplained(run, fit))
    alone = role is Role.TRAIN_LOSS and len(run.tags(role)) == 1
    word = _nothing_learned(run, fit, alone=alone, plays=plays) or decide(fit, wanders=wanders)
    if word.departure is not None and word.verdict in (Verdict.SHIFTED, Verdict.DIVERGED):
        why = explains(run, fit, word.departure)
        if why is not None:
            word = Word(Verdict.HEALTHY, f"rose at {fit.place(word.departure.onset)}, but {why}", None, word.verdict)
    if word.verdict is Verdict.HEALTHY and word.also in (None, Verdict.PLATEAU) and _untouched(run, fit):
        text = f"went from {number(fit.start)} to {number(fit.end)}; its learning rate was logged as 0 throughout"
        word = Word(Verdict.PLATEAU, text, None, None)
    if not plays and _says_little(fit, word) and (why := never_learned(run, fit) or one_answer(run, fit)):
        also = Verdict.HEALTHY if word.verdict is Verdict.PLATEAU else word.verdict
        word = Word(Verdict.PLATEAU, f"went from {number(fit.start)} to {number(fit.end)}, but {why}", 1.0, also)
    if role is Role.TRAIN_LOSS and not plays and word.verdict is Verdict.HEALTHY and (why := never_fell(fit)):
        word = Word(Verdict.PLATEAU, why, 1.0, word.also or Verdict.HEALTHY)
    word = word if plays else not_cleared(fit, word)
    return Judged(series, role, fit, word, as_verdict(run, series, role, fit, word))


def _passes(run: Run, series: Series) -> IntArray | None:
    """The pass over the data that each point of a series belongs to, where its steps are finer than the epochs."""
    per = run.steps_per_epoch
    if per is None or per.value <= 1.0 or run.axis == "epoch" or series.axis != run.axis:
        return None
    return ((series.step - run.epoch_zero) // per.value).astype(np.int64)


def _climbed_on(run: Run, fit: SeriesFit) -> bool:
    """Whether a loss rose by orders of magnitude, point after point, and no return tells what for: no first leap."""
    few = max(FIRST_FEW, int(FIRST_SHARE * fit.n_finite))
    if run.tags(Role.REWARD) or fit.transform.kind != "log" or fit.n_finite < 4 * few:
        return False
    first, level = float(fit.value[0]), float(np.median(fit.value[few : 2 * few]))
    leap = float(np.diff(fit.value[: 2 * few]).max())
    return level > BY_ORDERS * first and leap < AT_ONCE * (level - first)


def _without_first(value: FloatArray) -> FloatArray:
    """The values with the first few at the level of those after them: a policy's loss is zero by construction before
    its first update, and a critic has nothing to be wrong about yet."""
    few = max(FIRST_FEW, int(FIRST_SHARE * value.size))
    if value.size < 4 * few:
        return value
    out = value.copy()
    out[:few] = np.median(value[few : 2 * few])
    return out


def _says_little(fit: SeriesFit, word: Word) -> bool:
    """Whether nothing happened to a loss, or so little that it may have been on its first level all the time."""
    if word.verdict is Verdict.HEALTHY or (word.verdict is Verdict.PLATEAU and word.also is Verdict.HEALTHY):
        return True
    d = word.departure
    return word.verdict in (Verdict.DIVERGED, Verdict.SHIFTED) and d is not None and d.top < ONLY_ROSE * d.base


def _nothing_learned(run: Run, fit: SeriesFit, *, alone: bool, plays: bool) -> Word | None:
    """The word for a loss that is exactly 0 at every point: nothing asks for anything, or its digits were cut.

    ``alone``: it is the one training loss, so that no other says what there was to learn.
    """
    if fit.n_finite < NOTHING_POINTS or fit.n != fit.n_finite or bool(np.any(fit.value != 0.0)):
        return None
    for tag in run.tags(Role.GRAD_NORM):
        norm = run.series[tag].current().value
        if norm.size >= NOTHING_POINTS and bool(np.all(norm == 0.0)):
            text = f"was exactly 0 at all {fit.n_finite} points, and so was {tag}: there was nothing to learn"
            return Word(Verdict.PLATEAU, text, None, None)
    if not alone or fit.n_finite < NOTHING_ALONE or run.tags(Role.GRAD_NORM):
        return None
    text = f"was exactly 0 at all {fit.n_finite} points: there was nothing to learn, or too few digits were written"
    if plays:
        return Word(Verdict.INCONCLUSIVE, text)
    return Word(Verdict.PLATEAU, text, NEAR, Verdict.HEALTHY)


def _untouched(run: Run, fit: SeriesFit) -> bool:
    """Whether every learning rate of the run was logged as 0 all the time, and the loss got no better."""
    if fit.transform.kind != "log" or fit.n_finite < MIN_RATES or gained(fit.z):
        return False
    rates = [run.series[tag].current().value for tag in run.tags(Role.LEARNING_RATE)]
    return bool(rates) and all(r.size >= MIN_RATES and bool(np.all(r == 0.0)) for r in rates)


def as_verdict(run: Run, series: Series, role: Role, fit: SeriesFit, word: Word) -> LossVerdict:
    """The word with onset and levels, in the terms of the model."""
    onset = onset_of(run, series, fit, word)
    d = word.departure
    no_return = None
    if d is not None:
        no_return = fit.step_of(d.point_of_no_return)
    elif word.verdict is Verdict.NAN and fit.first_nonfinite is not None and fit.n_finite:
        before = fit.step[fit.step < fit.first_nonfinite]
        no_return = int(before[-1]) if before.size else None
    if onset is not None and onset.from_start:
        no_return = None  # there is no band of before
    if no_return is not None and no_return == fit.step[-1]:
        no_return = None  # it still came back there at the end
    end = float("nan") if word.verdict is Verdict.NAN else (d.top if d is not None else fit.end)
    known = fit.n_finite > 0
    return LossVerdict(
        tag=series.tag,
        role=role,
        verdict=word.verdict,
        onset=onset,
        first_nonfinite=fit.first_nonfinite,
        point_of_no_return=no_return,
        start_level=fit.start if known else None,
        best_level=_best_before(fit, onset, word) if known else None,
        end_level=end,
        noise=fit.noise_level if known else None,
        margin=word.margin,
        also=word.also,
        reason=word.reason + holes(run, series, fit, word),
    )


def _best_before(fit: SeriesFit, onset: Onset | None, word: Word) -> float:
    """The best smoothed level before the onset; of the whole loss where it left no course or turned at its best."""
    d = word.departure
    if onset is None or onset.from_start or word.verdict in (Verdict.OVERFIT, Verdict.PLATEAU):
        return fit.best
    if d is not None:
        return min(fit.best, left_level(fit, d)) if d is fit.departure else left_level(fit, d)
    before = fit.z[: int(np.searchsorted(fit.index, onset.index))]
    return fit.transform.back(best_level(before)) if before.size else fit.best


def onset_of(run: Run, series: Series, fit: SeriesFit, word: Word) -> Onset | None:
    """Where the loss left its course, for a verdict that has an onset."""
    d, verdict = word.departure, word.verdict
    if d is not None:
        return departure_onset(run, series, fit, d)
    if verdict is Verdict.NAN or (verdict is Verdict.VAL_DIVERGED and fit.ends_nonfinite):
        return _nan_onset(run, series, fit)
    if (verdict is Verdict.SPIKE_RECOVERED and fit.excursions) or word.spike is not None:
        return spike_onset(run, series, fit, word.spike)
    if verdict is Verdict.PLATEAU and fit.n_finite:
        return onset_at(run, series, fit, 0, 0, 0, fit.start, True)
    if verdict is Verdict.EXPLODED:
        first = int(series.step[0])
        return replace(onset_at(run, series, fit, 0, 0, 0, None, True), step=first, low=first, high=first, index=0)
    return None


def departure_onset(run: Run, series: Series, fit: SeriesFit, d: Departure) -> Onset:
    return onset_at(run, series, fit, d.onset, d.low, d.high, left_level(fit, d), d.from_start)


def spike_onset(run: Run, series: Series, fit: SeriesFit, told: Excursion | None = None) -> Onset:
    """Where the spike that was told of began, else the leading one of a series' excursions; it has one at least."""
    e = told or spikes.leading(fit, fit.excursions)
    first = spikes.begins(fit, e)
    return onset_at(run, series, fit, first, max(first - 1, 0), first, fit.transform.back(e.before), False)


def onset_at(
    run: Run, series: Series, fit: SeriesFit, at: int, low: int, high: int, level: float | None, from_start: bool
) -> Onset:
    if from_start:
        at, low = 0, 0
    position = int(fit.index[at])
    step = fit.step_of(at)
    return Onset(
        step=step,
        low=min(fit.step_of(low), step),  # where steps begin again, the point before may stand at a later one
        high=max(fit.step_of(max(high, at)), step),
        level=level,
        series=series.tag,
        index=position,
        epoch=epochs_at(run, step),
        wall_time=_time_at(series, position),
        from_start=from_start,
    )


def _nan_onset(run: Run, series: Series, fit: SeriesFit) -> Onset | None:
    """The first non-finite step; the interval opens at the last finite point before it."""
    if fit.first_nonfinite is None:
        return None
    position = int((series.step >= fit.first_nonfinite).argmax()) if len(series) else 0
    for first, _ in fit.nonfinite:
        if int(series.step[first]) == fit.first_nonfinite:
            position = first
    if position > 0 and bool(np.all(np.abs(series.value[:position]) > BEYOND_REASON)):
        # It was lost before the first line was written; that one of its values still fits a float changes nothing.
        return onset_at(run, series, fit, 0, 0, 0, None, True)
    before = position - 1
    return Onset(
        step=fit.first_nonfinite,
        low=int(series.step[before]) if before >= 0 else fit.first_nonfinite,
        high=fit.first_nonfinite,
        level=float(series.value[before]) if before >= 0 else None,
        series=series.tag,
        index=position,
        epoch=epochs_at(run, fit.first_nonfinite),
        wall_time=_time_at(series, position),
        from_start=position == 0,
    )


def epochs_at(run: Run, step: int) -> float | None:
    """Epochs completed at a step: as logged, or from the steps of an epoch; the step itself where it counts epochs."""
    if run.axis == "epoch":
        return float(max(step - _first_epoch(run), 0))
    if (logged := epochs_done(run, step)) is not None:
        return logged
    if run.steps_per_epoch is None or run.steps_per_epoch.value <= 0:
        return None
    return (step - run.epoch_zero) / run.steps_per_epoch.value


def _first_epoch(run: Run) -> int:
    """1 where epochs are counted from 1: at epoch 61 of such a log 60 are completed."""
    first = min((int(s.step[0]) for s in run.series.values() if s.axis == "epoch" and s.step.size), default=0)
    return 1 if first == 1 else 0


def _time_at(series: Series, position: int) -> float | None:
    if position >= series.wall_time.size:
        return None
    t = float(series.wall_time[position])
    return t if t == t else None


def episodes_of(judged: Judged) -> tuple[Episode, ...]:
    """What happened to this loss, in order of the steps."""
    fit, tag = judged.fit, judged.series.tag
    back = fit.transform.back
    out = [
        Episode(
            "spike",
            tag,
            fit.step_of(e.first),
            fit.step_of(e.last),
            level_before=back(e.before),
            peak=back(e.top),
            level_after=back(e.after),
            noise_widths=(e.top - e.before) / fit.noise,
            points=e.last - e.first + 1,
        )
        for e in fit.excursions
    ]
    d = judged.word.departure
    if d is not None:
        kind = "growth"
        if d.shape == "jump":
            kind = "shift" if d.holds else "growth"
        elif judged.word.verdict in (Verdict.DIVERGED, Verdict.OVERFIT) and d.widths < 20:
            kind = "drift"
        out.append(
            Episode(
                kind,
                tag,
                fit.step_of(d.onset),
                fit.step_of(fit.n_finite - 1),
                level_before=left_level(fit, d),
                peak=d.peak,
                level_after=d.top,
                noise_widths=d.widths,
                time_constant=_in_steps(fit, d.onset, d.time_constant),
                points=fit.n_finite - d.onset,
            )
        )
    steps = judged.series.step
    out += [Episode("non-finite", tag, int(steps[a]), int(steps[b]), points=b - a + 1) for a, b in fit.nonfinite[:100]]
    if judged.word.verdict is Verdict.PLATEAU:
        out.append(
            Episode("plateau", tag, int(fit.step[0]), int(fit.step[-1]), level_before=fit.start, points=fit.n_finite)
        )
    return tuple(sorted(out, key=lambda e: (e.first_step, e.last_step)))


def _in_steps(fit: SeriesFit, at: int, points: float | None) -> float | None:
    """A duration in points, in steps, by the logging interval after ``at``."""
    if points is None or fit.n_finite < 2:
        return None
    last = min(fit.n_finite - 1, at + max(int(points), 1))
    first = min(at, last - 1) if last else 0
    span = int(fit.step[last] - fit.step[first])
    return points * span / max(last - first, 1)
