"""Measure once what all causes look at.

``measure`` turns a run and its judgement into ``Facts``: numbers and small words, ``None`` where something was not
logged. ``with_cohort`` adds, across the runs of a project, what the siblings say.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from losslens.causes.facts.afar import from_afar
from losslens.causes.facts.agent import agent_of
from losslens.causes.facts.axes import on_one_axis
from losslens.causes.facts.beside import beside_of
from losslens.causes.facts.buildup import scale_of, trend_of
from losslens.causes.facts.changed import changed_of, settings_at
from losslens.causes.facts.cohort import with_cohort
from losslens.causes.facts.course import course_of, start_of
from losslens.causes.facts.gradient import gradient_of, layers_of
from losslens.causes.facts.guess import knows_more
from losslens.causes.facts.half import half_of
from losslens.causes.facts.logged import logged_of
from losslens.causes.facts.meanwhile import answers_of, learned_meanwhile
from losslens.causes.facts.moment import coincidences_of, switched_of
from losslens.causes.facts.nonfinite import nonfinite_of
from losslens.causes.facts.nouns import Extent, Facts
from losslens.causes.facts.others import others_of
from losslens.causes.facts.parts import components_of, validation_of
from losslens.causes.facts.penalty import penalty_of
from losslens.causes.facts.recipe import recipe_of
from losslens.causes.facts.restarts import batch_of, messages_of, restart_of
from losslens.causes.facts.retrace import retrace_of
from losslens.causes.facts.saturated import saturated_of
from losslens.causes.facts.schedule import rate_of
from losslens.causes.facts.signals import Recipe
from losslens.causes.facts.sums import sum_broke_of
from losslens.causes.facts.trace import trace_of
from losslens.causes.facts.workers import parting_of
from losslens.model import Judgement, LossVerdict, Role, Run, Series, Verdict
from losslens.patterns import compiled
from losslens.runs.ending import ending_of
from losslens.verdict.beginning import unseen_of
from losslens.verdict.holes import empty
from losslens.verdict.weighed import weighed_of

__all__ = ["Facts", "measure", "with_cohort"]

MOST_SETTINGS = 300
"""Settings kept for comparing siblings (a config dump can hold thousands)."""

MOST_TEXT = 80

MOST_TAGS = 300


def nothing_known() -> Facts:
    """The facts of a run of which nothing is known: its causes give their advice in general."""
    return Facts(
        run_id="",
        name="",
        project="",
        verdict=Verdict.INCONCLUSIVE,
        reason="",
        trainer=None,
        extent=None,
        onset=None,
        loss=None,
        train=None,
        nonfinite=None,
        rate=None,
        gradient=None,
        weights=None,
        updates=None,
        logits=None,
        scale=None,
        components=None,
        validation=None,
        agent=None,
        restart=None,
        batch=None,
        recipe=recipe_of({}),
        messages=(),
    )


def measure(run: Run, judgement: Judgement) -> Facts:
    """All facts of one run. Never raises for what is missing; a run without a loss gives facts without a course."""
    with np.errstate(all="ignore"):  # losses of 1e300 and Inf are what this is about; every result is checked
        return _measure(run, judgement)


def _measure(run: Run, judgement: Judgement) -> Facts:
    leading = run.series[judgement.loss].current() if judgement.loss in run.series and judgement.loss else None
    if leading is not None and not len(leading):
        leading = None
    recipe = recipe_of(run.settings)
    extent = _extent(run, leading, recipe)
    shown = dict(list({k: _short(s.value) for k, s in run.settings.items()}.items())[:MOST_SETTINGS])
    if leading is None or extent is None:
        return replace(
            nothing_known(),
            run_id=run.id,
            name=run.name,
            project=run.project,
            verdict=judgement.verdict,
            reason=judgement.reason,
            trainer=run.trainer,
            extent=extent,
            recipe=recipe,
            messages=messages_of(run.events, None, extent, run.first(Role.SKIPPED_STEPS)),
            settings=shown,
            format=run.format,
            tags=_tags(run),
            place=run.name,
        )
    return _measure_loss(run, judgement, leading, extent)


def _measure_loss(run: Run, judgement: Judgement, leading: Series, extent: Extent) -> Facts:
    whole = on_one_axis(run, leading)
    # What equals what, digit by digit, is asked of the points themselves.
    points = (whole.first(Role.TRAIN_LOSS) or leading).current()
    run, judgement, stretch = from_afar(whole, leading, judgement)
    if stretch > 1:
        leading = run.series[leading.tag]
        extent = replace(extent, points=len(leading), interval=stretch * extent.interval)
    judged = judgement.leading
    start = start_of(extent, judgement.onset, leading)
    recipe = recipe_of(settings_at(run, start))
    at = _index(leading, judgement)
    loss = course_of(leading, at, extent, judged)
    if loss is not None and (holes := int(empty(run, leading).sum())):
        dead = run.first(Role.GRAD_NORM, Role.GRAD_NORM_CLIPPED) is not None
        loss = replace(loss, empty=holes, empty_gradient=dead)
    train_series = run.first(Role.TRAIN_LOSS)
    role = judged.role if judged is not None else Role.TRAIN_LOSS
    train, beside = loss, None
    if train_series is not None and train_series.tag != leading.tag and role in (Role.VAL_LOSS, Role.VAL_COMPONENT):
        beside = beside_of(train_series, start, extent, judgement)
        train_series = train_series.current()
        where = None if start is None else int(np.searchsorted(train_series.step, start.step))
        train = course_of(train_series, where, extent, _verdict_on(judgement, train_series.tag))
    if loss is not None and loss.classes and knows_more(run, loss.classes):
        loss, train = (c and replace(c, classes=None) for c in (loss, train))
    gradient = gradient_of(run, leading, start, extent)
    scale = scale_of(run.first(Role.LOSS_SCALE), start, extent, gradient)
    others = others_of(run, leading, start, extent)
    return Facts(
        run_id=run.id,
        name=run.name,
        project=run.project,
        verdict=judgement.verdict,
        reason=judgement.reason,
        trainer=run.trainer,
        extent=extent,
        onset=start,
        loss=loss,
        train=train,
        nonfinite=None if loss is None else nonfinite_of(run, leading, loss, extent),
        rate=rate_of(
            run.first(Role.LEARNING_RATE), recipe, start, extent, leading, loss.growth.peak_step if loss else None
        ),
        gradient=gradient,
        weights=trend_of(run.first(Role.WEIGHT_NORM), start, extent, leading),
        updates=trend_of(run.first(Role.UPDATE_RATIO), start, extent, leading),
        logits=trend_of(run.first(Role.LOGIT_SCALE), start, extent, leading),
        scale=scale,
        components=components_of(run, run.first(Role.TRAIN_LOSS), start, extent, leading),
        validation=validation_of(run, run.first(Role.TRAIN_LOSS) or leading, start, extent, judgement.loss),
        agent=agent_of(run, start, extent),
        restart=restart_of(whole, whole.series[leading.tag], start, extent, scale),
        batch=batch_of(run, start, extent),
        changed=changed_of(run, start, extent),
        retrace=retrace_of(train_series.current() if train_series is not None else leading, start),
        recipe=recipe,
        messages=messages_of(run.events, start, extent, run.first(Role.SKIPPED_STEPS)),
        settings=dict(list({k: _short(s.value) for k, s in run.settings.items()}.items())[:MOST_SETTINGS]),
        roles=tuple(sorted({c.role.value for c in run.roles})),
        unchanged=others.still,
        moved=others.moved,
        moved_between=others.between,
        unasked=others.unasked,
        echoes=others.echoes,
        leading_role=role.value,
        beside=beside,
        also=judged.also if judged is not None else None,
        layers=layers_of(run, start, extent),
        format=run.format,
        tags=_tags(run),
        place=run.name,
        trace=trace_of(points),
        parting=parting_of(whole, start),
        penalty=penalty_of(whole, points),
        saturated=saturated_of(whole),
        answers=answers_of(run) if judgement.verdict is Verdict.PLATEAU else None,
        learned=learned_meanwhile(run, leading) if judgement.verdict is Verdict.PLATEAU else None,
        weighed=weighed_of(whole, whole.first(Role.TRAIN_LOSS), judgement.onset),
        logged=logged_of(run, leading, start, extent),
        coincidences=coincidences_of(run, start, extent),
        switched=switched_of(run, start, extent),
        sum_broke=sum_broke_of(whole, whole.first(Role.TRAIN_LOSS), start),
        half=half_of(points),
        stretch=stretch,
    )


def _tags(run: Run) -> frozenset[str]:
    return frozenset(sorted(run.series)[:MOST_TAGS])


def _short(value: str | int | float | bool | None) -> str | int | float | bool | None:
    return value[:MOST_TEXT] if isinstance(value, str) else value


def _extent(run: Run, leading: Series | None, recipe: Recipe) -> Extent | None:
    if leading is None or not len(leading):
        return None
    step = leading.step
    gaps = np.diff(step)
    gaps = gaps[gaps > 0]
    interval = float(np.median(gaps)) if gaps.size else 1.0
    epoch = run.steps_per_epoch.value if run.steps_per_epoch is not None else None
    first, last = int(step.min()), int(step.max())
    ran_to = ending_of(run, leading).step
    if epoch is None and "epoch" in run.axis.lower():
        epoch = 1.0
    return Extent(
        points=len(leading),
        first_step=first,
        last_step=last,
        axis=run.axis,
        interval=interval,
        steps_per_epoch=epoch,
        epochs=(last - min(first, run.epoch_zero)) / epoch if epoch else None,
        planned=_planned(run.axis, recipe, epoch, ran_to, _updates_per_step(run)),
        epoch_zero=run.epoch_zero,
        unseen=unseen_of(run, leading),
        ran_to=ran_to,
    )


COUNTS_UPDATES = compiled(r"(?:^|/)global_step$")
"""What a trainer calls its own steps, beside those that a tracker counts: a record of it each."""


def _updates_per_step(run: Run) -> float:
    """Steps of the trainer to one of the log, where it says its own; 1 where the two are one."""
    for tag, s in run.series.items():
        if COUNTS_UPDATES.search(tag) and s.axis == run.axis == "step" and len(s) > 1 and s.step[-1] > 0:
            each = float(s.value[-1]) / float(s.step[-1])
            return each if each > 0 and not 0.8 < each < 1.25 else 1.0
    return 1.0


def _planned(axis: str, recipe: Recipe, epoch: float | None, last: int, updates: float) -> float | None:
    """The planned length on the axis of the log; None where it would make the run longer than a thousandfold."""
    steps = recipe.steps / updates if recipe.steps is not None else None
    planned = recipe.epochs if "epoch" in axis.lower() else steps
    if planned is None and recipe.epochs is not None and epoch is not None:
        planned = recipe.epochs * epoch
    return planned if planned is not None and last <= planned <= 1000 * max(1, last) else None


def _index(series: Series, judgement: Judgement) -> int | None:
    """Index of the onset in the current branch; None for a run without one."""
    onset = judgement.onset
    if onset is None:
        return None
    if onset.series == series.tag and 0 <= onset.index < len(series) and int(series.step[onset.index]) == onset.step:
        return onset.index
    return int(np.searchsorted(series.step, onset.step))


def _verdict_on(judgement: Judgement, tag: str) -> LossVerdict | None:
    for verdict in judgement.losses:
        if verdict.tag == tag and verdict.verdict is not Verdict.HEALTHY:
            return verdict
    return None
