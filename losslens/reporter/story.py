"""What a report says, as plain rows and sentences, before any format: so all formats say the same.

Every row comes from the analysis; nothing is judged here. Strings that come from a log are still raw: each format
makes them harmless in its own way (:mod:`losslens.reporter.text`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath

from losslens.model import Analysis, Cause, CauseGroup, Curve, Level, LogEvent, LossVerdict, Role, RunReport, Verdict
from losslens.reporter import appendix, levels, titles, words
from losslens.reporter.names import listed, shortened

#: At most so many causes are told in full, and of those after the first only the ones this likely or in its group.
MOST_IN_FULL, WORTH_TELLING = 3, 0.1
#: Settings that differ between runs are compared for so many at most.
MOST_SETTINGS = 12
#: A group of more causes than this leads nowhere: it is said that none stands out.
MOST_IN_GROUP = 4
#: A first cause so many times as likely as the next of its group is said to be likelier.
LIKELIER = 3.0
#: A loss ended at its best level within this share of it, its noise, or this share of its progress.
AT_ITS_BEST, TRIFLE = 0.05, 0.01
#: A healthy loss ended above its start or its best by this share of it, its noise, and this share of its progress.
ABOVE_BEST, OF_ITS_PROGRESS = 0.1, 0.1
#: Logged points from the onset on from which a loss can be said not to have come back.
LEAST_AFTER = 2
#: Finite points from which a loss is judged.
FEWEST_JUDGED = 4
#: Nor is a loss at its best that ends beyond its noise at so many times that level, however far it had fallen to it.
FAR_ABOVE = 3.0
#: More files that were skipped for one reason share a line.
MOST_ALIKE = 3
#: Steps from one point to the next, of those of an epoch, from which each point closes one.
A_POINT_AN_EPOCH = 0.95
#: Points up to which the gaps between them are looked at one by one, and share of an interval that is near it.
FEW_GAPS, NEAR_INTERVAL = 12, 0.25
#: Beyond this many failed runs, only the first are told in full: the overview names them all.
DETAILED_RUNS = 20
#: Points that would fill the span of a log at its interval, to those that are there, from which on it has holes.
HOLES = 2.0


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled line of "when"."""

    label: str
    text: str


def told_in_full(run: RunReport) -> bool:
    """Whether a run gets its whole story: healthy and unjudged runs stay short."""
    return run.verdict not in (Verdict.HEALTHY, Verdict.INCONCLUSIVE)


def group_of_first(run: RunReport) -> CauseGroup | None:
    """The causes that this log cannot tell from the first one, if there are any."""
    ids = run.causes[0].id if run.causes else ""
    return next((group for group in run.diagnosis.groups if ids in group.ids and len(group.ids) > 1), None)


def cause_title(cause: Cause) -> str:
    """The title of a cause, empty where it only repeats the id."""
    plain_words = re.sub(r"[^a-z0-9]+", " ", cause.title.lower()).strip()
    return "" if plain_words == cause.id.replace("-", " ") else cause.title


def bars(run: RunReport, most: int) -> list[tuple[str, str, float]]:
    """Rank, name and probability of the first ``most`` causes, of the others together, and of none of these."""
    shown = run.causes if len(run.causes) <= most + 1 else run.causes[:most]
    out = [(f"{rank}.", cause.id, cause.probability) for rank, cause in enumerate(shown, start=1)]
    if len(run.causes) > len(shown):
        rest = run.causes[len(shown) :]
        out.append(("", f"{len(rest)} others", sum(cause.probability for cause in rest)))
    if run.diagnosis.none_of_these > 0:
        out.append(("", "none of these", run.diagnosis.none_of_these))
    return out


def in_full(run: RunReport) -> int:
    """How many causes are told in full, from the first; the others get one line each."""
    if not run.causes:
        return 0
    first = run.causes[0].id
    beside = {id for group in run.diagnosis.groups if first in group.ids for id in group.ids}
    told = 1
    for cause in run.causes[1:MOST_IN_FULL]:
        if cause.probability < WORTH_TELLING and cause.id not in beside:
            break
        told += 1
    return told


def headline(run: RunReport) -> str:
    """The verdict in one sentence, with the place."""
    if run.judgement.loss is None:
        return "no loss could be judged"
    loss, onset, axis = shortened(run.judgement.loss), run.onset, run.axis
    place = "" if onset is None else words.onset_place(axis, onset)
    from_start = onset is not None and onset.from_start
    first_bad = run.judgement.first_nonfinite
    match run.verdict:
        case Verdict.NAN if from_start and (first_bad is None or onset is None or first_bad <= onset.step):
            return f"{loss} is not finite from the first logged {words.one(axis)}"
        case Verdict.NAN if from_start and first_bad is not None:
            return f"{loss} was off its course from the start and not finite from {words.at(axis, first_bad)}"
        case Verdict.NAN if onset is not None and first_bad is not None and first_bad > onset.step:
            return f"{loss} left its course at {place} and was not finite from {words.at(axis, first_bad)}"
        case Verdict.NAN:
            return f"{loss} was not finite from {place or 'some point'}"
        case Verdict.EXPLODED:
            return f"{loss} exploded {_at(place, from_start)}"
        case Verdict.DIVERGED if _just_left(run):
            return f"{loss} left its course {_at(place, from_start)}, where the log ends"
        case Verdict.DIVERGED:
            return f"{loss} left its course {_at(place, from_start)} and did not come back"
        case Verdict.VAL_DIVERGED if onset is not None and first_bad is not None and first_bad <= onset.step:
            return f"{loss} is not finite {_from(place, from_start)}, while the training loss is"
        case Verdict.VAL_DIVERGED:
            return f"{loss} ran away {_at(place, from_start)}{_while_training(run)}"
        case Verdict.OVERFIT:
            return f"{loss} turned {_at(place, from_start)} for good{_while_training(run)}"
        case Verdict.SHIFTED:
            return f"{loss} stepped to another level {_at(place, from_start)}"
        case Verdict.SPIKE_RECOVERED:
            return f"{loss} spiked {_at(place, from_start)} and came back"
        case Verdict.PLATEAU:
            return f"{loss} did not get better {_since(place, from_start)}"
        case Verdict.HEALTHY if (end := death(run)) is not None:
            until = "to the end" if end.step is None else f"until {words.at(axis, end.step)}"
            why = f"{words.died_of(end)}, {_said_in(end)}"
            return f"{loss} was healthy {until}; the job died of something else: {why}"
        case Verdict.HEALTHY if lost := unread_end(run):
            until = "the last point read" if run.last_step is None else words.at(axis, run.last_step)
            return f"{loss} stayed on its course until {until}, but {lost}: how it ended is not known"
        case Verdict.HEALTHY:
            return f"{loss} {_went_well(run.judgement.leading)}"
        case _:
            return f"{loss} could not be judged"


def _just_left(run: RunReport) -> bool:
    """Whether the log ends at the onset or a point behind it: what came back later cannot be told from what did not."""
    if run.onset is None or run.last_step is None or run.onset.from_start:
        return False
    return run.last_step - run.onset.step < LEAST_AFTER * max(run.log_interval or 0.0, 1.0)


def _went_well(loss: LossVerdict | None) -> str:
    """What a healthy loss did, in words that its levels bear out: some rise, and are excused or not sure."""
    on_course = "stayed on its course to the end"
    if loss is None or loss.end_level is None or loss.best_level is None or loss.start_level is None:
        return on_course
    end, best, start, noise = loss.end_level, loss.best_level, loss.start_level, loss.noise or 0.0
    if loss.also is Verdict.SPIKE_RECOVERED:
        return "was thrown up by its first updates and came back"
    if end > start + max(noise, ABOVE_BEST * abs(start)):
        return "ends higher than it began, and nothing shows that this was a failure"
    if loss.also is Verdict.PLATEAU and abs(start - end) <= noise:
        return "did not clearly fall: it moved within its noise"
    if _far_above(loss) or end - best > max(noise, ABOVE_BEST * abs(best), OF_ITS_PROGRESS * (start - best)):
        return "ends above its best level, without a rise that counts as a failure"
    return on_course


def _while_training(run: RunReport) -> str:
    """What training did meanwhile: said only where every training loss ended at its best."""
    known = [lv for lv in run.judgement.losses if lv.verdict is not Verdict.INCONCLUSIVE]
    mine = [lv for lv in known if lv.role is Role.TRAIN_LOSS]
    return ", while the training loss did not" if mine and all(_at_its_best(lv) for lv in mine) else ""


def _at_its_best(loss: LossVerdict) -> bool:
    end, best, start = loss.end_level, loss.best_level, loss.start_level
    if end is None or best is None or start is None:
        return False
    return not _far_above(loss) and end - best <= max(
        AT_ITS_BEST * abs(best), loss.noise or 0.0, TRIFLE * abs(start - best)
    )


def _far_above(loss: LossVerdict) -> bool:
    """Whether a loss that is positive ended at several times its best level, and beyond its noise."""
    end, best = loss.end_level, loss.best_level
    return end is not None and best is not None and 0.0 < FAR_ABOVE * best < end and end - best > (loss.noise or 0.0)


def unread_end(run: RunReport) -> str:
    """What of the end of the log could not be read; "" when all was, or no more than the record that a kill cut off."""
    hurt = [d for d in run.damage if run.last_step is not None and (d.after_step or -1) >= run.last_step]
    if any(d.records_lost is None and "cut" not in d.reason for d in hurt):
        return "what was logged after it could not be read"
    lost = sum(d.records_lost or 0 for d in hurt)
    return f"the last {lost:,} records could not be read" if lost > 1 else ""


def death(run: RunReport) -> LogEvent | None:
    """What ended the job for another reason than its loss: the last such message, when nothing was logged after it."""
    last = next((event for event in reversed(run.events) if event.kind in (*words.DEATHS, "finished")), None)
    if last is None or last.kind == "finished":
        return None
    if not _at_end(last, run):
        return None
    # A traceback often follows the line that says what it was, and a tracker's record of the end what was printed.
    said = [event for event in run.events if event.kind in words.DEATHS]
    same_end = [e for e in said if e.step == last.step or (last.step is None and _at_end(e, run))]
    return min(same_end, key=lambda event: words.DEATHS.index(event.kind))


def _at_end(event: LogEvent, run: RunReport) -> bool:
    """Whether nothing was logged after it."""
    return event.step is None or run.last_step is None or run.last_step - event.step <= (run.log_interval or 0)


def died(run: RunReport, end: LogEvent) -> str:
    return words.died_of(end) + ("" if end.step is None else f" at {words.at(run.axis, end.step)}")


def _said_in(event: LogEvent) -> str:
    return f"as {PurePath(event.source).name} says" if event.source else "as the log says"


def _since(place: str, from_start: bool) -> str:
    return "from the start" if from_start or not place else f"from {place}"


def _from(place: str, from_start: bool) -> str:
    return "at any point" if from_start else f"from {place} on"


def _at(place: str, from_start: bool) -> str:
    return "from the start" if from_start or not place else f"at {place}"


def when(run: RunReport) -> list[Fact]:
    """The answer to "when did it start?", line by line; only what is known."""
    onset, axis = run.onset, run.axis
    out: list[Fact] = []
    if onset is not None:
        place = words.onset_place(axis, onset) + (", the first that was logged" if onset.from_start else "")
        out.append(Fact("onset", place))
        counted = words.one(axis) == "epoch" or (run.steps_per_epoch is not None and run.steps_per_epoch.value == 1)
        if onset.epoch is not None and not counted:
            out.append(Fact("epoch", words.epoch(onset.epoch, at_its_end=_a_point_an_epoch(run))))
        moment = words.wall_time(onset.wall_time)
        if moment:
            out.append(Fact("wall time", moment))
    told = (
        ("loss, smoothed", levels.levels(run)),
        (titles.NO_RETURN, levels.of_no_return(run)),
        levels.not_finite(run),
    )
    out += [Fact(label, text) for label, text in told if text]
    if onset is not None and (run.restart_from is not None or run.verdict.blew_up):
        out.append(Fact("restart from", _restart(run)))
    spent = run.spent_after_onset
    if spent is not None:
        # Logs that were written at once say nothing of the time that training took.
        timed = spent.hours is not None and spent.hours * 3600 >= 1
        hours = f", {words.duration(spent.hours)}" if timed and spent.hours is not None else ""
        out.append(Fact("spent after onset", f"{words.many(axis, spent.steps)}{hours}"))
    return out


def _a_point_an_epoch(run: RunReport) -> bool:
    every, epoch = run.log_interval, run.steps_per_epoch
    return every is not None and epoch is not None and every >= A_POINT_AN_EPOCH * epoch.value


def _restart(run: RunReport) -> str:
    if run.restart_from is None and run.onset is not None and run.onset.from_start:
        judged = run.judgement.leading
        if judged is not None and judged.role is Role.VAL_LOSS and run.verdict is Verdict.VAL_DIVERGED:
            return "nothing: validation was bad from its first point"
        return "nothing: the run was off its course from the first point"
    if run.restart_from is None:
        return _printed_restart(run) or "no checkpoint from before the onset was found beside the log"
    return f"{words.at(run.axis, run.restart_from.step)}: {run.restart_from.path}"


def _printed_restart(run: RunReport) -> str:
    """The last checkpoint that the log speaks of from surely before the onset, and a later one that may be so too."""
    if run.onset is None:
        return ""
    saved = sorted(event.step for event in run.events if event.kind == "checkpoint" and event.step is not None)
    sure = [step for step in saved if step < run.onset.low]
    maybe = [step for step in saved if run.onset.low <= step < run.onset.step]
    if not sure:
        return ""
    text = f"{words.at(run.axis, sure[-1])}, a checkpoint the log tells of (no file of it here)"
    return f"{text}. That of {words.count(maybe[-1])} lies in the interval of the onset" if maybe else text


def reason(run: RunReport) -> str:
    """The numbers that decided, and the neighbouring word near a boundary."""
    text = run.judgement.reason
    leading = run.judgement.leading
    if leading is not None and leading.also is not None:
        text += f"{'; ' if text else ''}near the boundary to {leading.also.value}: either word fits"
    if run.verdict is Verdict.INCONCLUSIVE and (wanted := _wanted(run)):
        text += f"{'; ' if text else ''}{wanted}"
    return text


def _wanted(run: RunReport) -> str:
    """What it takes to judge a run that had too few points."""
    curve = next((curve for curve in run.curves if curve.tag == run.judgement.loss), None)
    if curve is None or sum(math.isfinite(value) for value in curve.value) >= FEWEST_JUDGED:
        return ""
    return f"it takes {FEWEST_JUDGED} at least: let it run longer, or log it more often"


def about(run: RunReport) -> str:
    """One line on what was read: format, points, span, interval."""
    parts = [run.format + (f" ({run.trainer})" if run.trainer and run.trainer != run.format else "")]
    if run.points:
        parts.append(words.plural(run.points, "point"))
    if run.first_step is not None and run.last_step is not None:
        parts.append(f"{words.one(run.axis)}s {words.interval(run.first_step, run.last_step)}")
    if run.log_interval is not None and run.log_interval > 1 and _evenly(run):
        parts.append(f"one every {words.number(run.log_interval)}{_holes(run)}")
    if run.steps_per_epoch is not None:
        value, few = run.steps_per_epoch.value, run.steps_per_epoch.value < 10
        length = f"{words.number(round(value, 1))} {words.one(run.axis)}s" if few else words.many(run.axis, value)
        per = f"{length} an epoch ({run.steps_per_epoch.source})"
        parts.append(f"each {words.one(run.axis)} an epoch" if run.steps_per_epoch.value == 1 else per)
    if len(run.segments) > 1:
        parts.append(f"{len(run.segments) - 1} restart{'s' if len(run.segments) > 2 else ''}")
    return ", ".join(parts)


def _evenly(run: RunReport) -> bool:
    """Whether an interval says how the loss was logged: of a few points, whether most gaps are near it."""
    curve = next((curve for curve in run.curves if curve.tag == run.judgement.loss), None)
    if curve is None or run.log_interval is None or not 2 < len(curve.step) <= FEW_GAPS:
        return True
    gaps = [later - earlier for earlier, later in pairwise(curve.step)]
    near = sum(abs(gap - run.log_interval) <= NEAR_INTERVAL * run.log_interval for gap in gaps)
    return 2 * near >= len(gaps)


def _holes(run: RunReport) -> str:
    """Words for a log that lacks a good part of the points that its interval would give its span."""
    if run.log_interval is None or run.first_step is None or run.last_step is None:
        return ""
    due = (run.last_step - run.first_step) / run.log_interval + 1
    return ", with holes between" if due >= HOLES * run.points else ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in which the runs of one project differ; ``rows`` holds their values, in the order of ``names``."""

    project: str
    names: list[str]
    rows: list[tuple[RunReport, list[str]]]


def differing_settings(analysis: Analysis) -> list[Settings]:
    """One table for each project with several runs that log settings, where any setting differs."""
    projects: dict[str, list[RunReport]] = {}
    for run in analysis.runs:
        if run.settings:
            projects.setdefault(run.project, []).append(run)
    tables = []
    for project, runs in projects.items():
        names = dict.fromkeys(name for run in runs for name in run.settings)
        differ = [n for n in names if len({str(run.settings[n].value) for run in runs if n in run.settings}) > 1]
        if differ:
            differ = differ[:MOST_SETTINGS]
            tables.append(Settings(project, differ, [(run, [_setting(run, name) for name in differ]) for run in runs]))
    return tables


def _setting(run: RunReport, name: str) -> str:
    if name not in run.settings:
        return ""
    value = run.settings[name].value
    return shortened(words.number(value) if isinstance(value, float) else str(value))


def unjudged(analysis: Analysis) -> list[str]:
    """What must not be silent about runs that are not told in full: why one was not judged, how others were read."""
    out = []
    for run in analysis.runs:
        if told_in_full(run):
            continue
        said = [reason(run)] if run.verdict is Verdict.INCONCLUSIVE else []
        said += appendix.reading(run)
        out += [f"{run.name}: {line}" for line in said if line]
    return out


def skipped(analysis: Analysis) -> list[tuple[str, str]]:
    """What was skipped and why; many files with one reason stand in one line, `losslens runs` lists each."""
    paths: dict[str, list[str]] = {}
    for item in analysis.skipped:
        paths.setdefault(item.reason, []).append(item.path)
    out = []
    for why, mine in paths.items():
        many = len(mine) > MOST_ALIKE
        out += [(f"{mine[0]} and {len(mine) - 1:,} more", why)] if many else [(path, why) for path in mine]
    return out


def group_lines(run: RunReport) -> list[str]:
    """Causes this log cannot tell apart, and what would; of many, only that none stands out."""
    out = []
    for group in run.diagnosis.groups:
        share, signals = words.probability(group.probability), [words.signal(s) for s in group.split_by]
        if len(group.ids) > MOST_IN_GROUP:
            line = f"no cause stands out: {len(group.ids)} share {share} between them"
            out.append(line + (f"; log {listed(signals, 'and')} next time" if signals else ""))
            continue
        chances = {cause.id: cause.probability for cause in run.causes}
        leading, *others = group.ids
        if chances.get(leading, 0.0) > LIKELIER * max((chances.get(id, 0.0) for id in others), default=1.0):
            told = [f"{id} ({words.probability(chances[id])})" if id in chances else id for id in group.ids]
            line = f"{told[0]} is likelier than {listed(told[1:], 'and')}"
            if _passes_over(run, group):
                line += ", which what was not logged could still put first, unlike those between"
            out.append(line + (f"; {listed(signals, 'or')} would settle it" if signals else ""))
            continue
        line = f"{listed(list(group.ids), 'and')} ({share} together) cannot be told apart by this log"
        out.append(line + (f"; {listed(signals, 'or')} would tell" if signals else ""))
    return out


def _passes_over(run: RunReport, group: CauseGroup) -> bool:
    """Whether a cause that is likelier than one of the group is not in it."""
    return {cause.id for cause in run.causes[: len(group.ids)]} != set(group.ids)


def level_told(level: Level) -> str:
    """What the line through a band of points is."""
    return f"line: median of {words.count(level.points)} points each"


def curve_title(curve: Curve) -> str:
    """The tag, with its role where the tag does not say it itself."""
    role = words.role(curve.role)
    spelled = re.sub(r"[^a-z]+", " ", curve.tag.lower())
    said = role in spelled or curve.role.value.replace("_", " ") in spelled or curve.role is Role.OTHER
    return shortened(curve.tag) if said else f"{shortened(curve.tag)} ({role})"
