"""What speaks for two logs being of one job, and what against it: names, numbers, times, places and processes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from losslens import roles
from losslens.model import Log, RawSeries, Role
from losslens.roles.names import split_of
from losslens.runs.agreement import by_epoch, fates_differ, move_alike, other_numbers, same_numbers, sums_up
from losslens.runs.chains import SAME_TAGS
from losslens.runs.copies import spelling
from losslens.runs.formats import TEXT
from losslens.runs.grains import of_one_job
from losslens.runs.naming import EVENT_FILE, says_nothing
from losslens.runs.outputs import stream_of
from losslens.runs.peek import goes_on, leaps
from losslens.runs.rates import planned_otherwise
from losslens.runs.splits import without_split
from losslens.runs.terms import terms_of_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from losslens.model import FloatArray

#: Unknown; trackers, which go with any trainer; and a guess by the order of columns, which anybody may have written.
NO_OTHERS = frozenset(
    [
        None,
        "mlflow",
        "dvclive",
        "wandb",
        "swanlab",
        "comet",
        "clearml",
        "trackio",
        "neptune",
        "tensorboardx",
        "lightning",
    ]
)
#: Trainers built on one another: their files stand beside each other in one job.
FAMILIES = (frozenset(["hf", "llama-factory"]), frozenset(["mmengine", "mmcv"]))
#: Two logs with the same tags were written at once when they overlap by more than this share of the shorter.
AT_ONCE = 0.1
#: Steps that two logs must share before they can disagree, and the share of them at which they then agree at most.
SHARED, AGREED = 4, 0.2
#: Points compared of long series: enough to know.
MOST = 200
#: Two logs lie apart in time when this many times the longer of them, and so many seconds, pass between them.
FAR, FAR_S = 5.0, 20.0
#: Printed times name no time zone.
ZONES_S = 15 * 3600.0
#: Roles whose series are a job's own; rates, places and durations are planned or counted alike in many jobs.
OWN = (Role.TRAIN_LOSS, Role.LOSS_COMPONENT, Role.VAL_LOSS, Role.ACCURACY, Role.REWARD, Role.GRAD_NORM)
#: Series of a role that are compared.
FIRST = 6
#: What a log measured lies outside of what the other measured about the same time at more than this share of points.
OUTSIDE, BEFORE, AFTER, SLACK = 0.8, 0.15, 0.05, 0.1
#: Where two logs share less of the larger one's tags than this, their steps must say that one goes on with the other.
MORE_TAGS = 0.3
#: Logs of one training end at the same place; they differ by more than this factor when they do not.
ENDS = 1.5

#: Two logs reach the same place when what one reaches beyond the other is at most this share of the way.
TOGETHER = 0.1

#: A sum of these from which on two logs are one job whatever else is said; numbers that agree reach it alone.
SURE = 3.0


@dataclass(frozen=True)
class Part:
    """One log of a folder, and what is compared of it."""

    log: Log
    place: str
    """The subfolder it lies in, below the folder of the job; empty for the folder itself."""
    settings: str = ""
    """The file of settings that bears its name, and that of no other log of the folder."""

    @property
    def name(self) -> str:
        return PurePath(self.log.path).name

    @cached_property
    def tags(self) -> frozenset[str]:
        return frozenset(t for t, s in self.log.series.items() if s.step.size)

    @cached_property
    def span(self) -> tuple[float, float]:
        """First and last wall time, UTC seconds; NaN where none is known."""
        times = [s.wall_time for s in self.log.series.values() if s.wall_time.size]
        known = [(t[0], t[-1]) for t in times if np.isfinite(t[0]) and np.isfinite(t[-1])]
        return (float(min(a for a, _ in known)), float(max(b for _, b in known))) if known else (np.nan, np.nan)

    @cached_property
    def last_of_epochs(self) -> dict[str, RawSeries]:
        """What an output says last in each epoch of the series that a job has for itself."""
        own = {s.tag for role in OWN for s in self.by_role.get(role, ())[:FIRST]} if self.log.format == TEXT else set()
        return {tag: one for tag, one in by_epoch(self.log).items() if tag in own} if own else {}

    @property
    def length(self) -> float:
        first, last = self.span
        return float(last - first) if np.isfinite(last - first) else 0.0

    @cached_property
    def by_role(self) -> dict[Role, list[RawSeries]]:
        """The series of each role, best first."""
        found: dict[Role, list[RawSeries]] = {}
        for choice in roles.assign(self.log.series, trainer=self.log.trainer):
            found.setdefault(choice.role, []).append(self.log.series[choice.tag])
        return found

    @cached_property
    def loss(self) -> RawSeries | None:
        """The training loss it leads with; None where it has none."""
        found = [s for role in (Role.TRAIN_LOSS, Role.LOSS_COMPONENT) for s in self.by_role.get(role, ())]
        return next((s for s in found if s.step.size > 1), None)

    @cached_property
    def longest(self) -> RawSeries | None:
        return max(self.log.series.values(), key=lambda s: s.step.size, default=None)

    @cached_property
    def stem(self) -> str:
        """The name without its endings, where it says something."""
        name = self.name.split(".")[0]
        return "" if ".tfevents." in self.name or says_nothing(name) else name

    @cached_property
    def bare(self) -> str:
        """The name without the words of a split, where it has one."""
        return without_split(self.name.split(".")[0])

    @property
    def run(self) -> str:
        """The run that the log names; without the split, which TensorBoard's downloads of a curve each take for one."""
        hint = self.log.group_hint or ""
        if len(self.log.series) != 1 or self.log.trainer is not None or self.log.table is None:
            return hint
        return "_".join(part for part in re.split(r"[/_]", hint) if not (part.isalpha() and split_of(part)))


@dataclass(frozen=True, slots=True)
class Kinship:
    """How strongly two logs belong together (positive) or do not (negative), and the strongest reason for each."""

    score: float
    together: str
    apart: str


def kinship(a: Part, b: Part) -> Kinship:
    """Weigh what is known of two logs of one folder."""
    if a.run and b.run:
        same = a.run == b.run
        return Kinship(
            SURE if same else -9.0,
            f"both name the run {a.run}" if same else "",
            "" if same else "they name different runs",
        )
    if a.place == b.place and terms_of_one(a.log, b.log):
        return Kinship(2 * SURE, f"{a.name} and {b.name} are named as parts of one loss and are equally long", "")
    if a.place == b.place and of_one_job(a.log, b.log):
        return Kinship(2 * SURE, f"{a.name} and {b.name} are kept by epoch and by batch of one job", "")
    together = [*_by_name(a, b), *_by_time(a, b), *_by_numbers(a, b)]
    apart = [*_other_trainers(a, b), *_other_numbers(a, b), *_other_times(a, b), *_other_settings(a, b)]
    score = sum(weight for weight, _ in together) - sum(weight for weight, _ in apart)
    best = max(together, default=(0.0, ""))[1]
    worst = max(apart, default=(0.0, ""))[1]
    return Kinship(score, best, worst)


Weighed = tuple[float, str]


def _by_name(a: Part, b: Part) -> list[Weighed]:
    found: list[Weighed] = []
    if a.place != b.place:
        found.append(
            (
                2.0,
                f"{a.place or b.place}/ belongs to the folder above"
                if not (a.place and b.place)
                else f"{a.place}/ and {b.place}/ belong to one folder",
            )
        )
    if a.stem and a.stem == b.stem:
        found.append((2.0, f"{a.name} and {b.name} have the same name"))
    elif a.bare and a.bare == b.bare and split_of(a.name) != split_of(b.name):
        found.append((2.5, f"{a.name} and {b.name} differ only in the split they name"))
    one, other = stream_of(a.name), stream_of(b.name)
    if a.log.format == b.log.format == TEXT and one[0] == other[0] and one[1] != other[1]:
        found.append((SURE, f"{a.name} and {b.name} are the two streams of one job"))
    mine, theirs = EVENT_FILE.search(a.name), EVENT_FILE.search(b.name)
    if mine and theirs and mine["n"] != theirs["n"] and mine.group("host", "pid") == theirs.group("host", "pid"):
        found.append((1.5, f"{a.name} and {b.name} were written by one process"))
    return found


def _by_time(a: Part, b: Part) -> list[Weighed]:
    shared = min(a.span[1], b.span[1]) - max(a.span[0], b.span[0])
    shorter = min(a.length, b.length)
    if shorter > 0 and np.isfinite(shared) and shared > 0.5 * shorter:
        return [(1.5, f"{a.name} and {b.name} were written at the same time")]
    return []


def _by_numbers(a: Part, b: Part) -> list[Weighed]:
    if agree(a, b):
        return [(2 * SURE, f"{a.name} and {b.name} hold the same numbers")]
    found: list[Weighed] = []
    if moves_with(a, b):
        found.append((2.5, f"the losses of {a.name} and {b.name} rise and fall together"))
    if a.log.format == b.log.format != TEXT and a.place == b.place and _continues(a, b) and not _at_once(a, b):
        found.append((2.0, f"{a.name} and {b.name} hold the same tags and follow each other"))
    if not found and (weight := _same_places(a, b)):
        found.append((weight, f"{a.name} and {b.name} were logged at the same steps"))
    return found


def agree(a: Part, b: Part) -> bool:
    """Whether a loss, an accuracy or another measure of the one stands in the other."""
    printed, other = (a, b) if a.log.format == TEXT else (b, a)
    if any(
        same_numbers(one, two, in_order=printed.log.format == TEXT)
        for role in OWN
        for one in printed.by_role.get(role, ())[:FIRST]
        for two in other.by_role.get(role, ())[:FIRST]
    ):
        return True
    ends = printed.last_of_epochs
    return bool(ends) and any(sums_up(two, ends) for role in OWN for two in other.by_role.get(role, ())[:FIRST])


def moves_with(a: Part, b: Part) -> bool:
    """Whether what was printed rises and falls with what was logged."""
    if (a.log.format == TEXT) == (b.log.format == TEXT) or a.loss is None or b.loss is None:
        return False
    return move_alike(a.loss, b.loss)


def _same_places(a: Part, b: Part) -> float:
    """1 when two logs count steps that few jobs share, less when they are 1, 2, 3 and so on."""
    one, other = a.longest, b.longest
    if one is None or other is None or one.axis != other.axis:
        return 0.0
    small, large = sorted((np.unique(one.step), np.unique(other.step)), key=len)
    if small.size < SHARED or small[-1] != large[-1] or np.mean(np.isin(small, large)) < 0.8:
        return 0.0
    return 0.4 if large[-1] - large[0] == large.size - 1 else 1.0


def _other_trainers(a: Part, b: Part) -> list[Weighed]:
    trainers = {a.log.trainer, b.log.trainer}
    if len(trainers) == 2 and not trainers & NO_OTHERS and not any(trainers <= family for family in FAMILIES):
        names = " and ".join(sorted(str(t) for t in trainers))
        return [(5.0, f"{a.name} and {b.name} are of different trainers ({names})")]
    return []


def _other_settings(a: Part, b: Part) -> list[Weighed]:
    if a.settings and b.settings and a.settings != b.settings:
        return [(3.0, f"{a.name} and {b.name} have settings of their own ({a.settings}, {b.settings})")]
    return []


def _other_times(a: Part, b: Part) -> list[Weighed]:
    if a.place != b.place or len(a.tags & b.tags) >= SAME_TAGS * min(len(a.tags), len(b.tags)) or _evaluates(a, b):
        return []
    gap = max(a.span[0], b.span[0]) - min(a.span[1], b.span[1])
    least = FAR_S if TEXT not in (a.log.format, b.log.format) else ZONES_S
    if np.isfinite(gap) and gap > max(least, FAR * max(a.length, b.length)):
        return [(2.5, f"{a.name} and {b.name} were written at different times")]
    return []


def _evaluates(a: Part, b: Part) -> bool:
    """Whether one holds no training loss, and what it measured stands at steps of the other: an evaluation of it."""
    for one, other in ((a, b), (b, a)):
        if one.loss is None and other.loss is not None and one.longest is not None:
            step = other.loss.step
            return bool(step.min() <= one.longest.step.min() and one.longest.step.max() <= step.max())
    return False


def _other_numbers(a: Part, b: Part) -> list[Weighed]:
    if _at_once(a, b):
        return [(5.0, f"{a.name} and {b.name} hold other numbers under the same tags, written at the same time")]
    printed = TEXT in (a.log.format, b.log.format)
    if a.log.format != b.log.format and (not printed or _one_trainer(a, b)) and _disagree(a, b):
        return [(5.0, f"{a.name} and {b.name} hold other numbers at the same steps")]
    one, other = a.loss, b.loss
    rates = [part.by_role.get(Role.LEARNING_RATE, ())[:FIRST] for part in (a, b)]
    if a.log.format != b.log.format and one is not None and other is not None and planned_otherwise(*rates):
        return [(2.5, f"{a.name} and {b.name} hold other learning rates at the same steps")]
    if one is None or other is None or (a.place != b.place and printed):
        return []
    found: list[Weighed] = []
    splits = a.bare and a.bare == b.bare and split_of(a.name) != split_of(b.name)
    if a.log.format == b.log.format and not _continues(a, b) and not splits and not agree(a, b):
        found.append((2.0, f"{a.name} and {b.name} each hold a training loss of their own"))
    if fates_differ(one, other):
        found.append((2.0, f"the loss of one of {a.name} and {b.name} failed, and that of the other did not"))
    if spelling(one.tag) == spelling(other.tag) and _levels_differ(one, other):
        found.append((1.5, f"the losses of {a.name} and {b.name} are of different size"))
    if one.axis == other.axis and _ends_differ(one, other) and not _continues(a, b):
        found.append((1.0, f"{a.name} and {b.name} end at different steps"))
    elif len({one.axis, other.axis} - _ANY_AXIS) == 2:
        found.append((1.0, f"{a.name} counts {one.axis}s and {b.name} {other.axis}s"))
    return found


#: Counts that a log may hold whatever the job counts itself.
_ANY_AXIS = frozenset(["step", "row", "iteration", "epoch"])


def _continues(a: Part, b: Part) -> bool:
    """Whether two logs of one kind hold the same tags: the parts of a job that was started again."""
    shared = len(a.tags & b.tags)
    if not shared or shared < SAME_TAGS * min(len(a.tags), len(b.tags)):
        return False
    if _called_otherwise(a, b) and _leap_between(a.loss, b.loss):
        return False
    if a.log.format == TEXT or shared < MORE_TAGS * max(len(a.tags), len(b.tags)):
        return shared == min(len(a.tags), len(b.tags)) and _goes_on(a.loss, b.loss)
    return True


def _called_otherwise(a: Part, b: Part) -> bool:
    """Whether more than numbers tells the names of two files apart; those of event files say a host and a process."""
    one, other = (re.sub(r"\d+", "", part.name.split(".")[0]) for part in (a, b))
    return one != other and not EVENT_FILE.search(a.name) and not EVENT_FILE.search(b.name)


def _leap_between(one: RawSeries | None, other: RawSeries | None) -> bool:
    """Whether the later of two losses begins far behind the end of the other: it goes on with something else."""
    if one is None or other is None or one.axis != other.axis:
        return False
    first, then = sorted((one, other), key=lambda s: int(s.step[0]))
    interval = max(float(np.median(np.diff(first.step))), 1.0)
    return leaps(float(first.step[0]), float(first.step[-1]), float(then.step[0]), interval)


def _goes_on(one: RawSeries | None, other: RawSeries | None) -> bool:
    """Whether the later of two losses begins behind the start of the other and no later than it ended."""
    if one is None or other is None or one.axis != other.axis:
        return False
    first, then = sorted((one, other), key=lambda s: int(s.step[0]))
    interval = float(np.median(np.diff(first.step)))
    return goes_on(float(first.step[0]), float(first.step[-1]), float(then.step[0]), max(interval, 1.0))


def _ends_differ(one: RawSeries, other: RawSeries) -> bool:
    low, high = sorted((abs(float(one.step.max())), abs(float(other.step.max()))))
    return high > ENDS * max(low, 1.0)


def end_together(a: Part, b: Part) -> bool:
    """Whether two logs reach the same place; a run that was forked from another shares its beginning only."""
    one, other = a.loss, b.loss
    if one is None or other is None or one.axis != other.axis:
        return True
    low, high = sorted((float(one.step.max()), float(other.step.max())))
    return high - low <= max(1.0, TOGETHER * abs(high))


def reach_together(a: Part, b: Part) -> bool:
    """The same of all that two logs hold: a tracker may leave out the losses that are not finite."""
    reached = [
        {s.axis: max(float(t.step.max()) for t in part.log.series.values() if t.axis == s.axis and t.step.size)}
        for part in (a, b)
        if (s := part.longest) is not None and s.step.size
    ]
    if len(reached) < 2 or reached[0].keys() != reached[1].keys():
        return True
    low, high = sorted(value for one in reached for value in one.values())
    return high - low <= max(1.0, TOGETHER * abs(high))


def _levels_differ(one: RawSeries, other: RawSeries) -> bool:
    """Whether the coarser of two series lies outside of what the other measured at about the same place."""
    if one.axis != other.axis or one.axis == "row":
        return False
    small, large = (one, other) if one.step.size <= other.step.size else (other, one)
    step, value = large.step, large.value
    reach = max(float(step.max()) - float(step.min()), 1.0)
    at = np.unique(np.linspace(0, small.step.size - 1, min(small.step.size, MOST)).astype(int))
    seen, outside = 0, 0
    for s, v in zip(small.step[at], small.value[at], strict=True):
        near: FloatArray = value[(step >= s - BEFORE * reach - 1) & (step <= s + AFTER * reach + 1)]
        near = near[np.isfinite(near)]
        if not near.size or not np.isfinite(v):
            continue
        slack = SLACK * float(np.abs(near).max())
        seen += 1
        outside += bool(v < near.min() - slack or v > near.max() + slack)
    return seen >= SHARED and outside > OUTSIDE * seen


def _at_once(a: Part, b: Part) -> bool:
    """Whether two logs with the same tags and different numbers were written at the same time: two jobs, one place."""
    if a.log.path == b.log.path or a.log.format != b.log.format or a.place != b.place:
        return False
    same = a.log.series.keys() & b.log.series.keys()
    shorter = min(a.length, b.length)
    shared = min(a.span[1], b.span[1]) - max(a.span[0], b.span[0])
    if not same or shorter <= 0 or not shared > AT_ONCE * shorter:
        return False
    return any(_differ(a.log.series[tag], b.log.series[tag]) for tag in sorted(same)[:MOST])


def _differ(one: RawSeries, other: RawSeries) -> bool:
    """Whether two series of one name hold other values at the steps that both have."""
    steps, mine, theirs = np.intersect1d(one.step, other.step, return_indices=True)
    return steps.size > 1 and not np.array_equal(one.value[mine], other.value[theirs], equal_nan=True)


def _one_trainer(a: Part, b: Part) -> bool:
    """Whether one trainer wrote both: it prints what it logs."""
    return a.log.trainer == b.log.trainer and a.log.trainer not in NO_OTHERS


def _disagree(a: Part, b: Part) -> bool:
    """Whether files of two formats, which one job would fill with the same numbers, hold others under one name.

    Rates and clocks are alike in many jobs. Printed epochs may be counted from 1 where logged ones are from 0.
    """
    shifts = (0, 1, -1) if TEXT in (a.log.format, b.log.format) else (0,)
    compared = list(_of_one_name(a, b))
    return bool(compared) and all(
        one.axis == other.axis and all(_other_values(one, other, shift) for shift in shifts) for one, other in compared
    )


def contradict(a: Part, b: Part) -> bool:
    """Whether two printed logs hold other numbers at the same steps under a name that both have."""
    return any(other_numbers(one, other) for one, other in _of_one_name(a, b))


def _of_one_name(a: Part, b: Part) -> Iterator[tuple[RawSeries, RawSeries]]:
    """What each of two logs measured under one name; of one trainer's, which has names for each format, the losses."""
    mine, theirs = ({s.tag: s for role in OWN for s in part.by_role.get(role, ())} for part in (a, b))
    same = sorted(mine.keys() & theirs.keys())
    yield from ((mine[tag], theirs[tag]) for tag in same[:FIRST])
    if not same and _one_trainer(a, b) and a.loss is not None and b.loss is not None:
        yield a.loss, b.loss


def _other_values(one: RawSeries, other: RawSeries, shift: int) -> bool:
    """Whether two series hold other values at most of their common steps; one that is not finite is another too."""
    lost = [s.step[~np.isfinite(s.value)] for s in (one, other)]
    shared = np.setdiff1d(np.intersect1d(one.step + shift, other.step), np.intersect1d(lost[0] + shift, lost[1]))
    if shared.size < SHARED:
        return False
    agree = sum(
        bool(
            np.isclose(
                one.value[one.step + shift == step][:, None], other.value[other.step == step], 1e-2, 1e-6, True
            ).any()
        )
        for step in shared[:MOST]
    )
    return agree <= AGREED * min(shared.size, MOST)
