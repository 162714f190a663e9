"""A run's roles, episodes, restarts and learning rate -> one word, the onset, and what led to it.

``judge(run)`` is the way in. Each loss is judged alone (``losses``, ``words``), then the leading one is chosen here:
a total before its components, training before validation, the worst of equals.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from losslens.model import Judgement, LossVerdict, Onset, Role, Run, Verdict
from losslens.verdict import annealing, harder, precursors
from losslens.verdict import terms as terms_of
from losslens.verdict.beginning import as_seen
from losslens.verdict.branches import abandoned_branches
from losslens.verdict.contest import Contest, contest_of, own_training
from losslens.verdict.downward import followed
from losslens.verdict.losses import Judged, as_verdict, episodes_of, judge_loss
from losslens.verdict.meeting import no_return, together
from losslens.verdict.validation import judge_validation, surely_failed
from losslens.verdict.word import Word, number

__all__ = ["judge"]

MOST_LOSSES = 64
"""Losses judged at most; a run that logs more has per-sample or per-layer terms."""

ONLY_BEST = "only-best"
"""The warning of a log that says of a loss only when it was better than ever."""

HARDLY = 1e-3
"""A step up by less than this share of all progress does not lead before a validation loss that failed earlier."""

MOST_OF_IT = 0.6
"""Validation that took this share of its rise between two evaluations, and training a spike there, were both thrown."""

THROWN_MOST = 0.4
"""A turn of validation that may lie anywhere in this share of its steps was not brought by a spike of training."""


def judge(run: Run) -> Judgement:
    """The verdict on one run: which loss leads, what happened to it, since when, and what came before."""
    contest = contest_of(run)
    train = [_judge(run, tag, Role.TRAIN_LOSS, contest) for tag in run.tags(Role.TRAIN_LOSS)[:MOST_LOSSES]]
    records_alone = any(warning.code == ONLY_BEST for warning in run.warnings)
    if records_alone:
        train = [_of_records_alone(run, judged) for judged in train]
    parts = [_judge(run, tag, Role.LOSS_COMPONENT, contest) for tag in run.tags(Role.LOSS_COMPONENT)[:MOST_LOSSES]]
    spoken_for = parts
    if not train and not contest.plays:
        parts = terms_of.unlearned(run, parts)
        spoken_for = terms_of.for_training(run, parts)
    lost = [part for part in parts if contest.lost(run, part) or terms_of.towers(run, part, train)]
    trained = _lead_of_training(train, spoken_for, contest.plays, lost)
    if trained is not None and trained not in train:
        parts = [trained if j.series.tag == trained.series.tag else j for j in parts]
    val_tags = run.tags(Role.VAL_LOSS)[:MOST_LOSSES]
    val = [
        judge_validation(
            run, run.series[tag].current(), Role.VAL_LOSS, own_training(run, tag, train) or trained, contest.wanders
        )
        for tag in val_tags
    ]
    if trained is not None and any(followed(trained.fit, trained.word, other.fit) for other in val):
        old, trained = trained, _followed_down(run, trained)
        train, parts = ([trained if j is old else j for j in losses] for losses in (train, parts))
    if trained is not None and not contest.plays:
        old, trained = trained, harder.acquitted(run, trained, val)
        train, parts = ([trained if j is old else j for j in losses] for losses in (train, parts))
    terms = [] if val else _terms_of_validation(run, trained, contest)
    if records_alone:
        val = [_of_records_alone(run, judged) for judged in val]
    leading = _lead(trained, val or terms_of.for_their_sum(terms, trained))
    if leading is None or leading.verdict.verdict is Verdict.INCONCLUSIVE:
        terms = terms or _terms_of_validation(run, trained, contest)
        worst = _worst(terms)
        if leading is None or (worst is not None and worst.verdict.verdict is not Verdict.INCONCLUSIVE):
            leading = worst
    if leading is None:
        return Judgement(
            Verdict.INCONCLUSIVE, None, (), None, None, None, (), (), "no series of this run was recognised as a loss"
        )
    everything = [*train, *parts, *val, *terms]
    verdict = leading.verdict
    onset = together(run, leading, val if trained is leading else [trained] if trained is not None else [])
    before = precursors.find(run, onset, verdict.tag) if onset and not onset.from_start else ()
    judgement = Judgement(
        verdict=verdict.verdict,
        loss=verdict.tag,
        losses=tuple(j.verdict for j in everything),
        onset=onset,
        first_nonfinite=verdict.first_nonfinite,
        point_of_no_return=no_return(leading, onset),
        precursors=before,
        episodes=tuple(e for j in everything for e in episodes_of(j)),
        reason=_reason(run, leading, onset, contest),
        abandoned=_abandoned(run, [j.verdict for j in everything], contest),
    )
    return as_seen(run, leading.series, judgement)


def _judge(run: Run, tag: str, role: Role, contest: Contest) -> Judged:
    series = run.series[tag].current()
    judged = judge_loss(run, series, role, wanders=contest.wanders, plays=contest.plays)
    if judged.word.verdict is Verdict.HEALTHY and contest.owns_up(judged.fit):
        judged = judge_loss(run, series, role, wanders=False, plays=contest.plays)
    why = contest.excuses(run, judged) or annealing.excuses(run, judged)
    if not why:
        return judged
    word = Word(Verdict.HEALTHY, f"{judged.word.reason}; but {why}", None, None)
    return Judged(series, role, judged.fit, word, as_verdict(run, series, role, judged.fit, word))


def _of_records_alone(run: Run, judged: Judged) -> Judged:
    """The same loss, of which nothing but its best values was logged: that these fall says nothing."""
    if judged.verdict.verdict is not Verdict.HEALTHY:
        return judged
    text = f"fell to {number(judged.fit.end)} at best; only its best values were logged, in which no rise can be seen"
    word = Word(Verdict.INCONCLUSIVE, text, None, None)
    return replace(judged, word=word, verdict=as_verdict(run, judged.series, judged.role, judged.fit, word))


def _followed_down(run: Run, judged: Judged) -> Judged:
    """The same loss, fine: validation fell below zero with it."""
    text = f"fell from {number(judged.fit.start)} to {number(judged.fit.end)}, and validation with it"
    word = Word(Verdict.HEALTHY, text, None, None)
    return replace(judged, word=word, verdict=as_verdict(run, judged.series, judged.role, judged.fit, word))


def _worst(judged: list[Judged]) -> Judged | None:
    """The worst word, inconclusive being none; of equals the first (the best choice for its role comes first)."""
    return min(
        judged, key=lambda j: (j.verdict.verdict is Verdict.INCONCLUSIVE, j.verdict.verdict.severity), default=None
    )


def _terms_of_validation(run: Run, trained: Judged | None, contest: Contest) -> list[Judged]:
    return [
        judge_validation(run, run.series[tag].current(), Role.VAL_COMPONENT, trained, contest.wanders)
        for tag in run.tags(Role.VAL_COMPONENT)[:MOST_LOSSES]
    ]


def _lead_of_training(train: list[Judged], parts: list[Judged], plays: bool, lost: list[Judged]) -> Judged | None:
    """A total leads its components, unless only a component stopped being finite, or was ``lost`` beside its players.

    One of too few points does not where a component can be judged, but for want of those that are not finite: which is
    what there is to say.
    """
    total, part = _worst(train), _worst(parts)
    total = total if plays else _first_out(train, total)
    if total is None:
        return part
    if lost and not total.verdict.verdict.blew_up:
        return _worst(lost)
    if part is not None and part.verdict.verdict is Verdict.NAN and total.verdict.verdict is not Verdict.NAN:
        return part
    judged = part is not None and part.verdict.verdict is not Verdict.INCONCLUSIVE
    return part if judged and total.verdict.verdict is Verdict.INCONCLUSIVE and not total.fit.nonfinite else total


def _first_out(train: list[Judged], worst: Judged | None) -> Judged | None:
    """Of losses that all blew up alike the one that was surely out before the worst: it took the others with it."""
    if worst is None or worst.verdict.onset is None or not worst.verdict.verdict.blew_up:
        return worst
    alike = [j for j in train if j.verdict.verdict is worst.verdict.verdict and j.series.axis == worst.series.axis]
    before = [j for j in alike if j.verdict.onset is not None and j.verdict.onset.high < worst.verdict.onset.low]
    return min(before, key=lambda j: j.verdict.onset.step if j.verdict.onset else 0, default=worst)


def _lead(trained: Judged | None, val: list[Judged]) -> Judged | None:
    """Training leads when it failed; else validation when it did; else training.

    One that barely failed does not lead before validation that surely did.
    """
    evaluated = _worst(val)
    if trained is None or evaluated is None:
        return trained or evaluated
    if trained.verdict.verdict is Verdict.INCONCLUSIVE:
        return trained if evaluated.verdict.verdict is Verdict.INCONCLUSIVE else evaluated
    if trained.verdict.verdict.blew_up or trained.verdict.verdict is Verdict.SHIFTED:
        barely = trained.verdict.verdict.blew_up and not surely_failed(trained)
        if _hardly_stepped(trained) and _failed_before(evaluated, trained):
            return evaluated
        return evaluated if barely and evaluated.verdict.verdict is Verdict.VAL_DIVERGED else trained
    if evaluated.verdict.verdict is Verdict.INCONCLUSIVE:
        return trained
    if _thrown_by(evaluated, trained):
        return trained
    worse = evaluated.verdict.verdict.severity < trained.verdict.verdict.severity
    return evaluated if worse else trained


def _hardly_stepped(trained: Judged) -> bool:
    """Whether a step up of the training loss is next to nothing of the way that it had come down."""
    ratio = trained.fit.ratio
    return trained.verdict.verdict is Verdict.SHIFTED and ratio is not None and ratio < HARDLY


def _failed_before(evaluated: Judged, trained: Judged) -> bool:
    """Whether validation had left its minimum for good before the training loss left its course."""
    first, second = evaluated.verdict.onset, trained.verdict.onset
    failed = evaluated.verdict.verdict in (Verdict.OVERFIT, Verdict.VAL_DIVERGED)
    return failed and first is not None and second is not None and first.step < second.step


def _thrown_by(evaluated: Judged, trained: Judged) -> bool:
    """Whether validation left its minimum where training was thrown out of its course: that is no overfitting."""
    if trained.verdict.verdict is not Verdict.SPIKE_RECOVERED or evaluated.verdict.verdict is not Verdict.OVERFIT:
        return False
    turned, spike = evaluated.verdict.onset, trained.verdict.onset
    if spike is not None and _jumped_at(evaluated, spike.step):
        return True
    if turned is None or spike is None or turned.high - turned.low > THROWN_MOST * int(np.ptp(evaluated.series.step)):
        return False
    gap = int(np.median(np.diff(evaluated.series.step)))
    return turned.low <= spike.step <= turned.high + gap


def _jumped_at(evaluated: Judged, step: int) -> bool:
    """Whether a validation loss took most of its rise from its last evaluation before a step to the next one."""
    fit, d = evaluated.fit, evaluated.word.departure
    i = int(np.searchsorted(fit.step, step))
    if d is None or not 0 < i < fit.n_finite:
        return False
    return float(fit.value[i] - fit.value[i - 1]) > max(MOST_OF_IT * (d.top - d.base), fit.noise_level)


def _reason(run: Run, leading: Judged, onset: Onset | None, contest: Contest) -> str:
    is_val = leading.role in (Role.VAL_LOSS, Role.VAL_COMPONENT)
    only_val = is_val and not run.tags(Role.TRAIN_LOSS, Role.LOSS_COMPONENT)
    prefix = "only validation was logged, it stands for the loss: " if only_val else ""
    since = ""
    if onset is not None and onset.series != leading.verdict.tag:
        since = f"; dated by {onset.series}, which left its course at the same time and more plainly"
    if contest.lost(run, leading):
        since += f"; {contest.told}"
    if leading.verdict.verdict is Verdict.HEALTHY and contest.collapsed:
        since = f"; but {contest.collapsed}: the loss may fall because there is nothing left to foretell"
    elif leading.verdict.verdict is Verdict.HEALTHY and contest.returns in ("fell", "sank"):
        since = f"; but {contest.told}"
    if leading.verdict.verdict is Verdict.NAN:
        since += precursors.broken_gradient(run, leading.verdict.first_nonfinite, leading.verdict.tag)
        since += terms_of.still_finite(run, leading)
    return f"{prefix}{leading.verdict.tag}: {leading.verdict.reason}{since}{_doubt(run, leading)}"


def _doubt(run: Run, leading: Judged) -> str:
    """That the loss is a guess, and why this one: a word on what may be none must not sound sure."""
    choice = next((c for c in run.roles if c.tag == leading.verdict.tag and c.role is leading.role), None)
    return "" if choice is None or choice.sure else f"; that this is the loss is a guess ({choice.why})"


def _abandoned(run: Run, losses: list[LossVerdict], contest: Contest) -> tuple[LossVerdict, ...]:
    """Failed verdicts on branches of the leading roles that a resume left behind."""
    out: list[LossVerdict] = []
    for loss in losses:
        for branch in abandoned_branches(run.series[loss.tag]):
            judged = judge_loss(run, branch, loss.role, wanders=contest.wanders, plays=contest.plays)
            if judged.verdict.verdict.blew_up:
                out.append(judged.verdict)
    return tuple(out)
