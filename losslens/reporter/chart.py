"""The geometry of the charts on the page: curves and marks as fractions of a panel, before any markup.

Paths are drawn in a box of 1000 x 1000 that the page stretches, so that a chart fits any width without a script.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from losslens.model import Curve, RunReport
from losslens.reporter import levels, signals, story, titles, words
from losslens.reporter import scale as scales

#: A path is drawn with the extremes of at most so many columns: more cannot be seen.
COLUMNS = 700
#: Curves with at most so many points show each as a dot.
DOTTED = 80
#: Evidence is marked under the panels in at most so many rows.
LANES = 4
#: Percent of a chart's width that a letter of a label takes on a desktop.
LETTER = 0.75
#: … and that the badge of a piece of evidence takes.
BADGE = 2.4
BOX = 1000.0
#: Restarts that are named where they are marked.
LABELLED = 2


@dataclass(frozen=True, slots=True)
class Path:
    d: str
    old: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """``at`` in percent from the left or from the top."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """``left`` and ``width`` in percent; ``row`` is the lane; ``number`` the rank of the cause, 0 a precursor."""

    left: float
    width: float
    row: int
    number: int
    text: str
    speaks_for: bool


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    scale: str
    leading: bool
    paths: tuple[Path, ...]
    level: str
    """The path of the level over a curve that is a band; empty where there is none."""
    level_told: str
    dots: str
    ticks: tuple[Tick, ...]
    nonfinite: tuple[tuple[float, float], ...]
    marks: tuple[Span, ...]
    lanes: int
    finite: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A vertical line over all panels with its label; ``side`` says where the label finds room."""

    at: float
    text: str
    kind: str
    side: str
    row: int


@dataclass(frozen=True, slots=True)
class Chart:
    axis: str
    panels: tuple[Panel, ...]
    ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    band: tuple[float, float] | None
    label_rows: int
    first: int
    last: int


def chart(run: RunReport, curves: Sequence[Curve], *, tick_count: int = 7, marked: bool = True) -> Chart:
    """The leading curve, which comes first, and those below it on the same steps, with all that is marked on them."""
    first, last = signals.domain(list(curves))
    marks = [mark for mark in signals.marks(run) if marked and mark.number <= story.in_full(run)]
    panels = tuple(_panel(curve, first, last, marks, place == 0) for place, curve in enumerate(curves))
    ticks = tuple(
        Tick(_percent(round(tick), first, last), words.count(round(tick)))
        for tick in scales.Scale("linear", first, max(last, first + 1)).ticks(tick_count)
        if abs(tick - round(tick)) < 1e-6
    )
    lines = _lines(run, first, last)
    onset = run.onset
    band = None
    if onset is not None:
        left = _percent(onset.low, first, last)
        band = (left, max(0.0, _percent(onset.high, first, last) - left))
    rows = max((line.row for line in lines if line.text), default=-1) + 1
    return Chart(words.one(curves[0].axis), panels, ticks, lines, band, rows, first, last)


def closer(run: RunReport) -> Chart | None:
    """A closer look at the loss around the onset, or None where the whole run shows it."""
    curve = signals.loss_curve(run)
    window = None if curve is None else signals.around_onset(run, curve)
    if curve is None or window is None:
        return None
    return chart(run, [signals.cut(curve, *window)], marked=False)


def _percent(step: int, first: int, last: int) -> float:
    return round(min(100.0, max(0.0, 100.0 * (step - first) / max(1, last - first))), 3)


def _panel(curve: Curve, first: int, last: int, marks: list[signals.Mark], leading: bool) -> Panel:
    scale = scales.of(curve)
    paths, dots = [], []
    for branch in signals.branches(curve):
        places = [_place(step, value, first, last, scale) for step, value in branch.points]
        paths.append(Path(_path(places), branch.abandoned))
        shown = places if len(places) <= DOTTED else _alone(places)
        dots += [f"M{x:g} {y:g}h0" for x, y in filter(None, shown)]
    level = signals.level(curve)
    over = [] if level is None else zip(level.step, level.value, strict=True)
    spans = _spans(curve.tag, marks, first, last)
    nonfinite = tuple(
        (left, max(0.15, _percent(end, first, last) - left))
        for left, end in ((_percent(a, first, last), b) for a, b in signals.nonfinite_stretches(curve))
    )
    return Panel(
        title=story.curve_title(curve),
        scale="" if scale.kind == "linear" else scale.name,
        leading=leading,
        paths=tuple(path for path in paths if path.d),
        level_told="" if level is None else story.level_told(level),
        level=_path([_place(step, value, first, last, scale) for step, value in over]),
        dots="".join(dots),
        ticks=tuple(
            Tick(round(100 * (1 - scale.unit(t)), 2), words.number(t)) for t in scale.ticks(6 if leading else 3)
        ),
        nonfinite=nonfinite,
        marks=spans,
        lanes=max((span.row for span in spans), default=-1) + 1,
        finite=any(math.isfinite(v) for v in curve.value),
    )


Place = tuple[float, float] | None


def _place(step: int, value: float, first: int, last: int, scale: scales.Scale) -> Place:
    if not math.isfinite(value):
        return None
    x = BOX * (step - first) / max(1, last - first)
    return round(x, 1), round(BOX * (1 - scale.unit(value)), 1)


def _alone(places: Sequence[Place]) -> list[Place]:
    """The points without a neighbour to draw a line to."""
    around = [None, *places, None]
    return [place for i, place in enumerate(places) if around[i] is None and around[i + 2] is None]


def _path(places: Sequence[Place]) -> str:
    """An SVG path with a gap at every None; within one column only first, lowest, highest and last are kept."""
    parts: list[str] = []
    piece: list[tuple[float, float]] = []
    for place in [*places, None]:
        if place is not None:
            piece.append(place)
        elif piece:
            kept = _thinned(piece)
            parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in kept) + ("h0" if len(kept) == 1 else ""))
            piece = []
    return "".join(parts)


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= 4 * COLUMNS // 2:
        return points
    columns: dict[int, list[tuple[float, float]]] = {}
    for point in points:
        columns.setdefault(int(point[0] * COLUMNS / BOX), []).append(point)
    out: list[tuple[float, float]] = []
    for column in columns.values():
        keep = {0, len(column) - 1}
        keep |= {
            min(range(len(column)), key=lambda i: column[i][1]),
            max(range(len(column)), key=lambda i: column[i][1]),
        }
        out += [column[i] for i in sorted(keep)]
    return out


def _spans(tag: str, marks: list[signals.Mark], first: int, last: int) -> tuple[Span, ...]:
    """Marks of one series in lanes so that none lies on another; the same place and text only once."""
    out: list[Span] = []
    ends: list[float] = []
    seen: set[tuple[int, int, str]] = set()
    for mark in marks:
        key = (mark.first_step, mark.last_step, mark.text)
        if mark.series != tag or key in seen:
            continue
        seen.add(key)
        left = _percent(mark.first_step, first, last)
        width = max(BADGE, _percent(mark.last_step, first, last) - left)
        left = min(left, 100 - BADGE)
        row = next((i for i, end in enumerate(ends) if left >= end), len(ends))
        if row >= LANES:
            continue
        ends[row : row + 1] = [left + width]
        out.append(Span(left, min(width, 100 - left), row, mark.number, mark.text, mark.speaks_for))
    return tuple(out)


def _lines(run: RunReport, first: int, last: int) -> tuple[Line, ...]:
    """Onset, point of no return, first non-finite step and restarts; labels stacked where they would touch."""
    found: list[tuple[int, str, str]] = []
    onset, judgement = run.onset, run.judgement
    if onset is not None:
        interval = "" if onset.low == onset.high else f" ({words.interval(onset.low, onset.high)})"
        found.append((onset.step, f"onset {words.count(onset.step)}{interval}", "onset"))
    if (back := levels.no_return(run)) is not None:
        found.append((back, f"{titles.NO_RETURN} {words.count(back)}", "back"))
    bad = judgement.first_nonfinite
    if bad is not None and (onset is None or bad > onset.step):
        found.append((bad, f"NaN or Inf from {words.count(bad)}", "nan"))
    again = signals.restarts(run)
    # Where there are many, lines without a label show where; the list of restarts has their steps.
    found += [(step, f"restart {words.count(step)}" if len(again) <= LABELLED else "", "restart") for step in again]
    out: list[Line] = []
    taken: list[tuple[int, float, float]] = []
    for step, text, kind in found:
        if not first <= step <= last:
            continue
        at = _percent(step, first, last)
        width = len(text) * LETTER
        room = {"left": at, "right": 100 - at}
        # The onset's label stands before its line and the later ones after theirs, so that they seldom meet.
        wish = ("left", "right") if kind == "onset" else ("right", "left")
        side = next((s for s in wish if room[s] >= width), max(room, key=room.__getitem__))
        start, end = (at - width, at) if side == "left" else (at, at + width)
        row = 0
        while text and any(r == row and start < b and a < end for r, a, b in taken):
            row += 1
        if text:
            taken.append((row, start, end))
        out.append(Line(at, text, kind, side, row))
    return tuple(out)
