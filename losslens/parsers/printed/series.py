"""From placed records to series: which statement of the program a number of one name belongs to."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import replace
from math import isfinite, log
from pathlib import Path
from statistics import median

from losslens.model import RawSeries, Warning
from losslens.parsers.axes import is_known_name
from losslens.parsers.printed.places import Placed
from losslens.parsers.printed.records import BEST, IS_LOSS, NAMELESS
from losslens.parsers.printed.wholes import NEGATED
from losslens.parsers.printed.windows import LEAST_RECORDS
from losslens.patterns import compiled

#: Two statements that print one number with different digits differ by less than this share of it.
ROUNDED = 1e-3
#: Lines of another statement that stand between those of one that sums them up.
STRETCH = 3
#: Numbers of two statements that differ by more than this factor, in the middle, are no copies of each other.
APART = log(1.5)
#: Behind the name of what a second statement prints with other numbers.
SECOND = " (second statement)"
#: Share of them that must come so: where another phase of the training begins, it may not.
MOSTLY = 0.9
_WORD_OF_DATA = compiled(r"train(?:ing)?|val(?:id(?:ation)?)?|test|\b(?:global|current|batch|avg|average|mean|total)\b")


def series_of(placed: Placed) -> tuple[dict[str, RawSeries], list[Warning]]:
    """Points by tag. Where several statements print one tag, the fullest has the name."""
    import numpy as np

    statements: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, record in enumerate(placed.records):
        statements[record.template].append(index)
    points: dict[str, dict[tuple[str, ...], list[int]]] = defaultdict(dict)
    for template, rows in statements.items():
        for tag in placed.records[rows[0]].values:
            points[tag][template] = rows
    series: dict[str, RawSeries] = {}
    warnings: list[Warning] = []
    for tag, by_template in points.items():
        if tag == "epoch":  # a place: every statement that prints it tells the same
            rows, _ = _without_echo(tag, sorted(i for rows in by_template.values() for i in rows), placed)
            told = [(tag, rows)]
        else:
            told = _told_apart(tag, by_template, placed, warnings)
        for name, rows in told:
            at = np.array(rows, dtype=np.int64)
            values = np.array([placed.records[i].values[tag] for i in rows], dtype=np.float64)
            series[name] = RawSeries(name, placed.step[at], values, placed.wall_time[at], at, placed.axis)
    return series, warnings


def named_by_file(series: dict[str, RawSeries], path: Path) -> dict[str, RawSeries]:
    """A number that no line names is what the file is called, where that is a name of trainings: ``train_loss.txt``."""
    stem = path.name.split(".")[0]
    nameless = {t: f"{t.removesuffix(NAMELESS)}{stem}" for t in series if t.rpartition("/")[2] == NAMELESS}
    if not nameless or stem in series or not is_known_name(stem):
        return series
    return {nameless.get(t, t): replace(s, tag=nameless[t]) if t in nameless else s for t, s in series.items()}


def named_by_best(series: dict[str, RawSeries]) -> dict[str, RawSeries]:
    """CatBoost prints a loss as it prints an AUC; that its best only ever rises tells that it is no loss."""
    import numpy as np

    if BEST not in series or "learn loss" not in series:
        return series
    best = series[BEST].value
    told = {tag: one for tag, one in series.items() if tag != BEST}
    steps = np.diff(best[np.isfinite(best)])
    above = below = False
    if "test loss" in told and "test1 loss" not in told and len(told["test loss"].value) == len(best):
        away = told["test loss"].value - best
        above, below = bool((away > 0).any()), bool((away < 0).any())
    if above or (steps < 0).any() or not (below or (steps > 0).any()):
        return told
    return {
        name: replace(one, tag=name)
        for name, one in (
            (tag.removesuffix(" loss") + " score" * tag.endswith(" loss"), one) for tag, one in told.items()
        )
    }


#: Short for the objective; detectors print a term of this name beside others.
_SHORT = compiled(r"obj(?:[ _]?(?:val|value|fun))?", re.IGNORECASE)
_TERM_BESIDE = compiled(r"(?:g|c|d)?iou|(?:no_?|no )obj|cls|class|box|conf|xy|wh|coord|rect", re.IGNORECASE)


def named_objective(series: dict[str, RawSeries]) -> dict[str, RawSeries]:
    """ "obj" is the objective where nothing else is one, and no term of a detector stands beside it."""
    short = [tag for tag in series if _SHORT.fullmatch(tag)]
    if len(short) != 1 or any(IS_LOSS.search(tag) or _TERM_BESIDE.search(tag) for tag in series):
        return series
    return {(name := "objective" if tag in short else tag): replace(one, tag=name) for tag, one in series.items()}


#: What is to rise, as those say it who print no loss.
_RISES = compiled(
    r"(?:(?:train|training|val|valid|validation|eval|test|avg|average|mean|total|global|current|batch|data|marginal|pseudo)"
    r"[ _/-]?)*(?:objf|log[ _-]?(?:likelihood|lik)|pseudo[ _-](?:log[ _-])?likelihood|ll|mll|elbo|lower[ _-]?bound)"
    r"(?:[ _/-](?:train|training|val|valid|validation|eval|test|avg|mean|epoch|step))?",
    re.IGNORECASE,
)

#: "delta_ELBO_mean": by how much a number moved of late.
_OF_A_CHANGE = compiled(r"(?:delta|diff|change)[ _-]", re.IGNORECASE)


def told_to_fall(series: dict[str, RawSeries]) -> dict[str, RawSeries]:
    """A log-likelihood that is all a program prints of its objective, as the loss that falls when it rises.

    One that is above zero and falls has lost its minus sign in the name, and stays as it is.
    """
    import numpy as np

    rising = [tag for tag in series if _RISES.fullmatch(tag)]
    stems = {_WORD_OF_DATA.sub("", tag.lower()).strip(" _/-") for tag in rising}
    others = [tag for tag in series if tag not in rising and not _OF_A_CHANGE.match(tag)]
    if len(stems) != 1 or any(map(IS_LOSS.search, others)):
        return series
    value = max((series[tag].value for tag in rising), key=len)
    finite = value[np.isfinite(value)]
    half = finite.size // 2
    if half and finite.min() > 0.0 and np.median(finite[half:]) < np.median(finite[:half]):
        return series
    out: dict[str, RawSeries] = {}
    for tag, one in series.items():
        name = f"{tag} {NEGATED}" if tag in rising else tag
        out[name] = replace(one, tag=name, value=-one.value) if tag in rising else one
    return out


def _told_apart(
    tag: str, by_template: dict[tuple[str, ...], list[int]], placed: Placed, warnings: list[Warning]
) -> list[tuple[str, list[int]]]:
    """One tag printed by several statements: the same numbers twice, an epoch's summary, or one course in turns."""
    # A finished bar of Keras says last what stands on the bar that it was drawn over.
    ranked = sorted(by_template.values(), key=lambda at: (len(at), placed.records[at[0]].kind == "keras"), reverse=True)
    main, copies = _without_echo(tag, ranked[0], placed)
    others = ranked[1:]
    start = placed.starts if others else []
    steps = {(start[i], int(placed.step[i])) for i in main} if others else set()
    named: list[tuple[str, list[int]]] = []
    for rows in others:
        again = sum((start[i], int(placed.step[i])) in steps for i in rows)
        if len(rows) >= LEAST_RECORDS and (
            _sums_up_epochs(rows, main, placed) or _ends_stretches(tag, rows, main, placed)
        ):
            named.append((f"{tag} (per epoch)", rows))
        elif (
            again > 0.5 * len(rows)
            and _hides_no_nan(tag, rows, main, placed)
            and not _is_a_stage(tag, rows, main, placed)
        ):
            if len(rows) >= LEAST_RECORDS and _tells_else(tag, rows, main, placed):
                named.append((f"{tag}{SECOND}", rows))
            else:
                copies += len(rows)
        else:
            main.extend(rows)
            steps.update((start[i], int(placed.step[i])) for i in rows)
    if copies:
        warnings.append(Warning("printed-twice", f"'{tag}' is printed twice a step: {copies} copies left out"))
    taken: dict[str, list[int]] = {tag: sorted(main)}
    for name, rows in named:
        taken.setdefault(name, []).extend(rows)
    return [(name, sorted(rows)) for name, rows in taken.items()]


def _apart(rows: list[int], main: list[int]) -> bool:
    """Whether all lines of one statement stand above all of another."""
    return max(rows) < min(main) or max(main) < min(rows)


def _is_a_stage(tag: str, rows: list[int], main: list[int], placed: Placed) -> bool:
    """Whether lines that stand apart from others say other numbers at their steps: no list of what was printed."""
    if len(rows) < LEAST_RECORDS or not _apart(rows, main):
        return False
    told = {int(placed.step[i]): placed.records[i].values[tag] for i in main}
    pairs = [(placed.records[i].values[tag], told.get(int(placed.step[i]))) for i in rows]
    other = sum(second is not None and not abs(one - second) <= ROUNDED * abs(second) for one, second in pairs)
    return other > MOSTLY * len(rows)


def _hides_no_nan(tag: str, rows: list[int], main: list[int], placed: Placed) -> bool:
    """Whether no NaN is lost with the lines of a statement: ``main`` has one at each step at which they have one."""
    broken = [i for i in rows if not isfinite(placed.records[i].values[tag])]
    if not broken:
        return True
    start = placed.starts
    told = {(start[i], int(placed.step[i])) for i in main if not isfinite(placed.records[i].values[tag])}
    return all((start[i], int(placed.step[i])) in told for i in broken)


def _tells_else(tag: str, rows: list[int], main: list[int], placed: Placed) -> bool:
    """Whether a statement prints, in the later half of its lines, far other numbers than ``main`` at their steps.

    What is printed a second time differs by its rounding, or as the last batch does from the mean of an epoch.
    """
    start = placed.starts
    told = {(start[i], int(placed.step[i])): placed.records[i].values[tag] for i in main}
    pairs = [(placed.records[i].values[tag], told.get((start[i], int(placed.step[i])))) for i in rows[len(rows) // 2 :]]
    ratios = [log(one / other) for one, other in pairs if other is not None and isfinite(other) and one > 0.0 < other]
    return len(ratios) >= LEAST_RECORDS and abs(median(ratios)) > APART


def _without_echo(tag: str, rows: list[int], placed: Placed) -> tuple[list[int], int]:
    """The rows without those that repeat the step and, rounded otherwise, the number of the one before.

    All rows where this is so of a part of them only: a number that comes several times a step is near itself at times.
    """
    step = placed.step[rows]
    if placed.axis == "row" or not (step[1:] == step[:-1]).any():
        return list(rows), 0
    kept: list[int] = []
    others = near = 0
    for row in rows:
        if kept and placed.step[row] == placed.step[kept[-1]]:
            value, before = (placed.records[i].values[tag] for i in (row, kept[-1]))
            if value == before or abs(value - before) <= ROUNDED * abs(before):
                near += value != before
                continue
            others += 1
        kept.append(row)
    copies = len(rows) - len(kept)
    by_chance = others > copies and (copies > 1 or near)
    return (list(rows), 0) if by_chance else (kept, copies)


def _ends_stretches(tag: str, rows: list[int], main: list[int], placed: Placed) -> bool:
    """Whether a statement comes behind the last of several of another each time, at its step, with another number.

    "train_loss 1.83" behind "train 350 1.85" is the mean of an epoch that no line names.
    """
    before = [bisect_left(main, row) for row in rows]
    ends = [
        (placed.records[row].values[tag], placed.records[main[k - 1]].values[tag])
        for row, last, k in zip(rows, [0, *before], before, strict=False)
        if k - last >= STRETCH and placed.step[row] == placed.step[main[k - 1]]
    ]
    if len(ends) < MOSTLY * len(rows):
        return False
    # A NaN tells nothing of whether the mean of an epoch is its last number.
    told = [(mean, last) for mean, last in ends if isfinite(mean) or isfinite(last)]
    return sum(not abs(mean - last) <= ROUNDED * abs(last) for mean, last in told) > 0.5 * len(told)


def _sums_up_epochs(rows: list[int], main: list[int], placed: Placed) -> bool:
    """Whether a statement prints once an epoch what another prints often in it: an average, no point of its course."""
    one, other = placed.records[rows[0]], placed.records[main[0]]
    if _apart(rows, main):
        return False  # what sums up stands between what it sums up
    if one.kind == "epoch" != other.kind:
        return True
    if one.kind == other.kind and one.form == other.form and one.values.keys() >= other.values.keys():
        return False  # the same statement, which has more to say at the end of an epoch
    once, often = ([e for i in part if (e := placed.records[i].epoch) is not None] for part in (rows, main))
    return len(once) == len(rows) == len(set(once)) > 1 and len(often) >= 2 * len(set(often)) > 0
