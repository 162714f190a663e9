"""From places as printed ("epoch 3, batch 120 of 391") to one step for every record of an output file."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice, pairwise
from typing import TYPE_CHECKING

from losslens.model import Warning
from losslens.parsers.printed.bars import name_held_back, without_repeats
from losslens.parsers.printed.evaluations import KIND as EVALUATION
from losslens.parsers.printed.evaluations import leave_results
from losslens.parsers.printed.keras import take_apart
from losslens.parsers.printed.lengths import forget_lengths
from losslens.parsers.printed.records import IS_LOSS, Record
from losslens.parsers.printed.stages import steps_of_stages
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray


_OWN_AXES = frozenset(["tokens", "episode", "generation", "timesteps"])
#: Share of the records that must print their step for the others to be placed by them.
FEWEST_PLACED = 0.1
#: … and so many of them, or of those that hold a loss where these are fewer.
FEW_TOLD = 3
#: What stands at the beginning of a line is a count when it rises from line to line this often.
COUNTS_UP = 0.75
#: Lines from which their first number, under a name of its own, is taken for a count.
LEAST_COUNTED = 5
#: A count of fewer places may go down by chance.
LEAST_DOWN = 10
#: Names of numbers that may go up from line to line, and count no steps.
NO_STEP = compiled(
    r"time|sec|elapsed|\beta\b|hour|min|mem|gpu|loss|err|acc|score|rew|lr|rate|norm|size|/s\b|\bper\b", re.IGNORECASE
)


@dataclass(frozen=True, eq=False)
class Placed:
    """Records with one step each: ``step`` (int64) and ``wall_time`` (s UTC) have shape ``(len(records),)``."""

    records: list[Record]
    step: IntArray
    wall_time: FloatArray
    axis: str
    warnings: tuple[Warning, ...] = ()
    kept: tuple[int, ...] = ()
    """For each record: how many of the records as read came up to it (progress bars are thinned)."""

    def step_before(self, read: int) -> int | None:
        """The step of the last record among the first ``read`` records as they were read; None before the first."""
        index = self.index_before(read)
        return None if index is None else int(self.step[index])

    @cached_property
    def starts(self) -> list[int]:
        """For each record: how often the steps had gone back to their beginning, as another training in a file does."""
        import numpy as np

        if not self.step.size:
            return []
        lowest = int(self.step.min()) + 1
        back = (self.step[1:] <= lowest) & (self.step[:-1] > lowest)
        return [0, *np.cumsum(back).tolist()]

    def index_before(self, read: int) -> int | None:
        """The position here of the last record among the first ``read`` as they were read; None before the first."""
        import bisect

        index = bisect.bisect_right(self.kept, read - 1) - 1
        return index if index >= 0 else None


def place_records(records: list[Record], steps_per_epoch: float | None = None) -> Placed:
    """Choose what the x counts (steps, epochs, samples or lines) and give every record its place on it.

    ``steps_per_epoch``, where the output says it, turns epochs that are fractions into steps.
    """
    import numpy as np

    warnings: list[Warning] = []
    if done := take_apart(records):
        warnings.append(Warning("running-means", done))
    name_held_back(records)
    if evaluated := leave_results(records):
        warnings.append(Warning("evaluation-only", evaluated))
    indices = without_repeats(records)
    kept = [records[i] for i in indices]
    _forget_idle_bars(kept)
    _forget_idle_steps(kept)
    forget_lengths(kept)
    _forget_idle_counts(kept)
    _forget_single_bar(kept)
    if len({r.step for r in kept if r.step is not None}) == 1 and len(kept) > 1 and not _is_one_block(kept):
        for record in kept:  # "n=60000" on every line is a size, not a place
            record.step = None
    _count_lone_evaluation(kept)
    _end_the_epoch_before(kept)
    explicit = sum(r.step is not None for r in kept)
    inner = sum(r.n is not None and r.kind != "keras" for r in kept)
    whole_epochs = [r.epoch for r in kept if r.epoch is not None]
    of_losses = (r for r in kept if any(map(IS_LOSS.search, r.values)))
    told = 0 if whole_epochs else len(list(islice(of_losses, FEW_TOLD)))
    enough = explicit >= min(FEW_TOLD, told or len(kept)) and explicit >= FEWEST_PLACED * len(kept)
    if explicit and enough and explicit >= 0.2 * (explicit + inner):
        kinds = Counter(r.kind for r in kept if r.step is not None)
        common = kinds.most_common(1)[0][0]
        steps, axis = _from_steps(kept, warnings), common if common in _OWN_AXES else "step"
    elif inner:
        samples = sum(r.kind == "samples" for r in kept) > 0.5 * inner
        steps, axis = _from_batches(kept, warnings), "samples" if samples else "step"
    elif steps_per_epoch and len(whole_epochs) == len(kept):
        steps, axis = [round(e * steps_per_epoch) for e in whole_epochs], "step"
    elif _often_an_epoch(kept):
        steps, axis = _counted(kept), "row"
        warnings.append(Warning("no-step", "the lines of an epoch do not say their step: they are counted instead"))
    elif whole_epochs and all(e == math.floor(e) for e in whole_epochs) and len(set(whole_epochs)) > (len(kept) > 1):
        steps, axis = _filled([int(r.epoch) if r.epoch is not None else None for r in kept]), "epoch"
    elif name := counting_name(kept):
        steps, axis = [int(r.values.pop(name)) for r in kept], "step"
        text = f"no line says its step by a name that losslens knows: {name} counts up and was taken for it"
        warnings.append(Warning("no-step", text))
    else:
        steps, axis = list(range(len(kept))), "row"
        warnings.append(Warning("no-step", f"{_unplaced(kept)}: lines are counted instead"))
    if axis in ("step", "row"):
        for record in kept:
            if record.epoch is not None:
                record.values.setdefault("epoch", record.epoch)
    wall = np.array([r.wall_time if r.wall_time is not None else math.nan for r in kept], dtype=np.float64)
    step = np.array(steps, dtype=np.int64)
    if _counts_down(step, wall):
        text = f"the {axis} counts down from {step.max()} to {step.min()} as time goes on: it was counted up"
        warnings.append(Warning("counts-down", text))
        step = step.max() - step
    return Placed(kept, step, wall, axis, tuple(warnings), tuple(indices))


def _counts_down(step: IntArray, wall: FloatArray) -> bool:
    """Whether a count only ever goes down to 0 or 1 while time goes on: what is left to do, no file turned over."""
    import numpy as np

    told = np.isfinite(wall)
    if step.min() not in (0, 1) or np.unique(step).size < LEAST_DOWN or not told.all():
        return False
    return bool(np.all(np.diff(step) <= 0) and np.all(np.diff(wall) >= 0) and wall[-1] > wall[0])


def _unplaced(records: Sequence[Record]) -> str:
    """Why the lines are counted."""
    epochs = {record.epoch for record in records if record.epoch is not None}
    if any(record.step is not None for record in records):
        return "too few lines say their step"
    if len(epochs) == 1:
        return f"no line says its step, and none another epoch than {next(iter(epochs)):g}"
    return "no line says its step" if epochs else "no line says its step or epoch"


def counting_name(records: Sequence[Record]) -> str | None:
    """The name that every line begins with and whose whole number goes up from line to line; None where there is none.

    A time or a size may do so too, and is no step.
    """
    name = next(iter(records[0].values), None) if records else None
    if name is None or NO_STEP.search(name) or any(next(iter(r.values), None) != name for r in records):
        return None
    at = [r.values[name] for r in records]
    rises = sum(b > a for a, b in pairwise(at))
    up = len(at) >= LEAST_COUNTED and rises >= COUNTS_UP * (len(at) - 1) and all(b >= a for a, b in pairwise(at))
    return name if up and all(number.is_integer() and number >= 0 for number in at) else None


def _often_an_epoch(records: list[Record]) -> bool:
    """Whether one statement prints several times an epoch and says no more of its place than the epoch."""
    statements = Counter(r.template for r in records if r.epoch is not None)
    if not statements:
        return False
    most, count = statements.most_common(1)[0]
    # Epochs that begin anew, as those of several trainings in one file do, are other epochs.
    epochs = [epoch for epoch, _ in groupby(r.epoch for r in records if r.template == most and r.epoch is not None)]
    return len({r.epoch for r in records if r.epoch is not None}) > 1 and count > 2 * len(epochs)


def _counted(records: list[Record]) -> list[int]:
    """The place of every record among the lines of the statement that prints most."""
    main = Counter(r.template for r in records if r.epoch is not None).most_common(1)[0][0]
    steps, at = [], -1
    first = last = next(r.epoch for r in records if r.template == main and r.epoch is not None)
    for record in records:
        if record.template == main and record.epoch is not None:
            # Back in the first epoch after several others: the job was started again.
            at = 0 if record.epoch == first and last > first + 1 else at + 1
            last = record.epoch
        steps.append(max(at, 0))
    return steps


def _forget_idle_bars(records: list[Record]) -> None:
    """Take the bar's count back from the lines around it when the bar hardly moves: it counts something else."""
    context = [r for r in records if r.kind == "bar-context"]
    if len({r.n for r in context}) <= 0.5 * len(context):
        for record in context:
            record.n = record.of = None


def _forget_single_bar(records: list[Record]) -> None:
    """The same for a bar that was drawn once, above or below all the other lines: it says where none of them is."""
    drawn = [r for r in records if r.n is not None]
    if len(drawn) == 1 and drawn[0].kind == "bar" and len(records) > LEAST_COUNTED:
        drawn[0].n = drawn[0].of = None


def _forget_idle_steps(records: list[Record]) -> None:
    """The same for steps that stand on lines of their own: one that stands above hundreds of numbers is not theirs."""
    context = [r for r in records if r.kind == "step-context"]
    most = Counter(r.template for r in context).most_common(1)  # a step may stand above a list of numbers, one a line
    if most and len({r.step for r in context}) <= 0.3 * most[0][1]:
        for record in context:
            record.step = None


def _forget_idle_counts(records: list[Record]) -> None:
    """The same for what stands at the beginning of a line when it does not count up: "fold 1/5", "correct 95/100"."""
    by_statement: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        if record.kind == "count":
            by_statement.setdefault(record.template, []).append(record)
    for alike in by_statement.values():
        at = [(r.n if r.step is None else r.step) or 0 for r in alike]
        rises = sum(b > a for a, b in pairwise(at))
        if len(alike) < 3 or rises < COUNTS_UP * (len(at) - 1):
            for record in alike:
                record.n = record.of = record.step = None


def _is_one_block(records: list[Record]) -> bool:
    """Whether an output is the numbers of a single step, each said once below the line that says it."""
    return all(r.kind == "step-context" for r in records) and len({r.template for r in records}) == len(records)


def _count_lone_evaluation(records: list[Record]) -> None:
    """An output of a single evaluation of an epoch and nothing else counts its batches, which rise."""
    batches = [r.batch for r in records if r.kind == EVALUATION and r.batch is not None and r.epoch is not None]
    if len(batches) == len(records) > 1 and all(a < b for a, b in pairwise(batches)):
        for record in records:
            record.n = record.batch


def _end_the_epoch_before(records: list[Record]) -> None:
    """Lines above the first heading of an epoch, where the output was cut within one, are of the epoch before it."""
    first = next((i for i, r in enumerate(records) if r.epoch is not None), 0)
    ahead, epoch = records[:first], records[first].epoch or 0.0
    if epoch < 1 or not epoch.is_integer() or any(r.template != records[first].template for r in ahead):
        return
    if any(r.step is not None or r.n is not None for r in ahead):
        return
    for record in ahead:
        record.epoch = epoch - 1


def _filled(steps: list[int | None]) -> list[int]:
    """Records without a step take that of the record before them (the first ones: of the one after)."""
    known = next((s for s in steps if s is not None), 0)
    filled: list[int] = []
    for step in steps:
        known = known if step is None else step
        filled.append(known)
    return filled


def _from_steps(records: list[Record], warnings: list[Warning]) -> list[int]:
    """Steps as printed, counted on where they start again with each epoch."""
    steps = _with_bars(records)
    falls = rises = both = 0
    last: tuple[int, float] | None = None
    for record in records:
        if record.step is None or record.epoch is None:
            continue
        if last is not None:
            fell, rose = record.step < last[0], record.epoch > last[1]
            falls, rises, both = falls + fell, rises + rose, both + (fell and rose)
        last = (record.step, record.epoch)
    if both and both >= 0.8 * falls and both >= 0.8 * rises:
        sizes = [r.of for r in records if r.of is not None and r.step is not None and r.step <= r.of]
        per_epoch = Counter(sizes).most_common(1)[0][0] if sizes else max(s for s in steps if s is not None) + 1
        first = _first_epoch([r.epoch for r in records if r.epoch is not None])
        steps = [
            s if s is None or r.epoch is None else s + int(r.epoch - first) * per_epoch
            for s, r in zip(steps, records, strict=True)
        ]
        text = f"the printed step starts again each epoch: counted on, {per_epoch} an epoch"
        warnings.append(Warning("steps-restart-each-epoch", text))
    return _filled(_with_first(records, steps_of_stages(records, steps)))


def _with_first(records: list[Record], steps: list[int | None]) -> list[int | None]:
    """The steps with one for the first line, where its statement says its step from the second line on."""
    alike = [i for i, r in enumerate(records) if r.template[1:] == records[0].template[1:]]
    if len(alike) < 3 or any(step is not None for step in steps[: alike[1]]):
        return steps
    first, second = (steps[i] for i in alike[1:3])
    if first is None or second is None or not 0 < second - first <= first:
        return steps
    return [2 * first - second, *steps[1:]]


def _with_bars(records: list[Record]) -> list[int | None]:
    """The steps as printed, and what bars count where each counts on between the steps around it: the same thing."""
    steps = [r.step for r in records]
    bars = [i for i, r in enumerate(records) if r.step is None and r.kind == "bar" and r.epoch is None and not r.aside]
    told = [r.n if i in set(bars) else r.step for i, r in enumerate(records)]
    known = [step for step in told if step is not None]
    return told if bars and all(a <= b for a, b in pairwise(known)) else steps


def _from_batches(records: list[Record], warnings: list[Warning]) -> list[int]:
    """Step from the batch within the epoch; an epoch that is not printed is counted by the batch falling back.

    How many batches an epoch has is what the lines say of it; else the last batch of one that another follows. Within
    a single epoch nothing tells it: the batch is the step there, whichever epoch it is.
    """
    inner = [r for r in records if r.n is not None]
    if _begins_anew_with_its_total(inner):
        return _of_each_training(records)
    main = _main_bar(inner)
    in_main = [r for r in inner if r.of == main or main is None]
    epochs = [r.epoch for r in in_main if r.epoch is not None]
    first = _first_epoch(epochs)
    # An epoch that is a fraction says where in the whole job a line stands; the bar then counts for the whole job.
    whole = bool(epochs) and all(e == math.floor(e) for e in epochs) and len(epochs) > 0.5 * len(in_main)
    whole = whole and not _counts_whole_job(in_main)
    if whole and main is None and len(set(epochs)) == 1:
        first = int(epochs[0])
        if first > 1:
            text = f"no line says how many batches an epoch has: the steps are the batches of epoch {first}"
            warnings.append(Warning("steps-within-epoch", text))
    # A bar says how many are done, lines which it is: those that begin with 0 end one below the size.
    from_zero = min((r.n or 0) for r in inner) == 0 and any(r.kind != "bar" for r in inner)
    size = main or max((r.n or 0) for r in inner) + from_zero
    steps: list[int | None] = []
    laps, last = 0, -1
    for record in records:
        if record.n is None or (main is not None and record.of != main):
            steps.append(None)
            continue
        if not whole and record.kind != "bar-context" and record.n < last:
            laps += 1
        last = record.n
        lap = int(record.epoch) - first if whole and record.epoch is not None else laps
        steps.append(lap * size + record.n)
    return _filled(steps)


def _begins_anew_with_its_total(inner: list[Record]) -> bool:
    """Whether one statement, which names no epoch, counts from the start again whenever its total is another: the lines
    of several trainings in one file. An evaluation takes turns with the training."""
    if any(r.epoch is not None or r.of is None or r.kind.startswith("bar") for r in inner):
        return False
    stretches = [list(alike) for _, alike in groupby(inner, key=lambda r: r.of)]
    totals = {r.of for r in inner}
    if len(totals) < 2 or len({r.template for r in inner}) > 1 or len(stretches) > len(totals) + 1:
        return False
    first = inner[0].n or 0
    return all((lines[0].n or 0) == first <= 1 and len(lines) >= LEAST_COUNTED for lines in stretches)


def _of_each_training(records: list[Record]) -> list[int]:
    """The count within each stretch of one total, which begins anew with the next. Where none of them counts through
    once alone, it is that of an epoch; else one that begins again under its own total is another training too."""
    laps: list[int] = []
    last: Record | None = None
    for record in (r for r in records if r.n is not None):
        if last is None or record.of != last.of:
            laps.append(0)
        else:
            laps[-1] += (record.n or 0) < (last.n or 0)
        last = record
    epochs = min(laps) > 0
    steps: list[int | None] = []
    lap, last = 0, None
    for record in records:
        if record.n is None or record.of is None:
            steps.append(None)
            continue
        again = last is not None and record.of == last.of
        lap = lap + (record.n < (last.n or 0)) if again and last is not None else 0
        last = record
        steps.append(lap * record.of * epochs + record.n)
    return _filled(steps)


def _first_epoch(epochs: list[float]) -> int:
    """The epoch that a job begins with, 0 or 1: an output that begins with a later one is that of a resumed job."""
    return min(1, math.floor(min(epochs, default=0)))


def _counts_whole_job(records: list[Record]) -> bool:
    """Whether the count goes on from epoch to epoch: one bar for all of them, however whole the epochs are."""
    told = [r for r in records if r.epoch is not None and r.n is not None]
    rises = [(a, b) for a, b in pairwise(told) if (b.epoch or 0.0) > (a.epoch or 0.0)]
    return bool(rises) and all((b.n or 0) > (a.n or 0) for a, b in rises)


def _main_bar(records: list[Record]) -> int | None:
    """The total that the training counts to: the most frequent one of its records; of equals the larger."""
    totals: Counter[int] = Counter()
    for record in records:
        if (
            record.of is not None
            and not record.aside
            and not any(
                key.split("/")[0] in ("val", "valid", "validation", "eval", "test", "dev") for key in record.values
            )
        ):
            totals[record.of] += 1
    if not totals:
        return None
    return max(totals, key=lambda total: (totals[total], total))
