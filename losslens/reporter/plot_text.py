"""A plot made of characters: braille dots, or plain ASCII where the terminal has no Unicode.

Returns rows of (text, style) pieces, so that the terminal report can colour them and a test can read them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from losslens.model import Curve
from losslens.reporter import scale as scales
from losslens.reporter import titles, words
from losslens.reporter.scale import Scale
from losslens.reporter.signals import branches, current_points, level, nonfinite_stretches

#: A piece of a row: what to print and the name of its style in ``page.STYLES``.
Piece = tuple[str, str]

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII_BLOCKS = "_.-=*#"


@dataclass(frozen=True, slots=True)
class Annotations:
    """What is marked on a plot, in steps."""

    onset: int | None = None
    low: int | None = None
    high: int | None = None
    no_return: int | None = None
    restarts: tuple[int, ...] = ()


def plot(
    curve: Curve,
    notes: Annotations,
    *,
    first: int,
    last: int,
    width: int,
    gutter: int,
    height: int,
    unicode: bool,
    labels: bool = True,
) -> list[list[Piece]]:
    """Rows of a plot ``width`` columns wide, tick labels in the first ``gutter``; ``labels`` adds the step axis and the
    ruler with the onset's interval."""
    scale = scale_of(curve)
    ticks = _tick_labels(scale, height)
    columns = max(8, width - gutter - 2)
    place = _Place(first, last, columns)
    dots, old, middle = _draw(curve, scale, place, height)
    ink = "noise" if any(map(any, middle)) else "line"
    onset = None if notes.onset is None else place.column(notes.onset)
    rows: list[list[Piece]] = []
    for row in range(height):
        label = ticks.get(row, "")
        edge = ("┤" if label else "│") if unicode else ("+" if label else "|")
        line: list[Piece] = [(f"{label:>{gutter}} {edge}", "axis")]
        line += [_cell(dots[row][c], old[row][c], middle[row][c], c == onset, unicode, ink) for c in range(columns)]
        rows.append(_merged(line))
    if labels:
        pad = " " * (gutter + 1)
        rows.append(_merged([(pad, ""), *_ruler(curve, notes, place, unicode)]))
        rows.append([(f"{pad} {_step_labels(place, curve.axis)}", "axis")])
    return rows


def scale_of(curve: Curve) -> Scale:
    return scales.of(curve)


def gutter_width(curve: Curve, height: int) -> int:
    """Columns that the tick labels of a plot of this height need."""
    return max((len(text) for text in _tick_labels(scale_of(curve), height).values()), default=1)


def _tick_labels(scale: Scale, height: int) -> dict[int, str]:
    """Row to label: a few round values."""
    return {_row_of(scale, tick, height): words.number(tick) for tick in scale.ticks(max(2, height // 2))}


def legend(curve: Curve, notes: Annotations, *, ruler: str, unicode: bool, width: int) -> list[str]:
    """What the signs on the ``ruler`` mean, those that are there, in lines of at most ``width`` where an entry fits."""
    onset, low, high, back, nan, old, again = "▲├┤◆×·↻" if unicode else "^[]Px,R"
    parts = []
    interval = ""
    if notes.low is not None and notes.high is not None and notes.low != notes.high:
        interval = words.interval(notes.low, notes.high)
    whole = low in ruler and high in ruler
    if notes.onset is not None:
        what = "onset and restart" if notes.onset in notes.restarts else "onset"
        parts.append(f"{onset} {what} {words.count(notes.onset)}{f' ({interval})' if interval and not whole else ''}")
    if interval and whole:
        parts.append(f"{low}{high} {interval}")
    if notes.no_return is not None and back in ruler:
        parts.append(f"{back} {titles.NO_RETURN} {words.count(notes.no_return)}")
    if nan in ruler:
        parts.append(f"{nan} NaN or Inf")
    if again in ruler:
        parts.append(
            f"{again} restart {words.count(notes.restarts[0])}" if len(notes.restarts) == 1 else f"{again} restarts"
        )
    if any(branch.abandoned for branch in branches(curve)):
        parts.append(f"{old * 3} left behind by a restart")
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 2 + len(part) <= width:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    return lines


@dataclass(frozen=True, slots=True)
class _Place:
    """Steps to columns."""

    first: int
    last: int
    columns: int

    def fine(self, step: int) -> int:
        """The half-column (0 … 2 * columns - 1) of a step."""
        span = max(1, self.last - self.first)
        return min(2 * self.columns - 1, max(0, (step - self.first) * (2 * self.columns - 1) // span))

    def column(self, step: int) -> int:
        return self.fine(step) // 2


def _row_of(scale: Scale, value: float, height: int) -> int:
    return height - 1 - min(height - 1, int(scale.unit(value) * height))


#: Braille dot masks, row by row and column by column.
_Grid = list[list[int]]


def _draw(curve: Curve, scale: Scale, place: _Place, height: int) -> tuple[_Grid, _Grid, _Grid]:
    """The current branch, the abandoned ones, and the level through the current one where it is a band."""
    current, left, middle = ([[0] * place.columns for _ in range(height)] for _ in range(3))
    for branch in branches(curve):
        _trace(left if branch.abandoned else current, branch.points, scale, place)
    if (through := level(curve)) is not None:
        _trace(middle, zip(through.step, through.value, strict=True), scale, place)
    return current, left, middle


def _trace(grid: _Grid, points: Iterable[tuple[int, float]], scale: Scale, place: _Place) -> None:
    """Draw these points, joined by lines where they are finite."""
    height = len(grid)
    previous: tuple[int, int] | None = None
    for step, value in points:
        if not math.isfinite(value):
            previous = None
            continue
        x = place.fine(step)
        y = 4 * height - 1 - min(4 * height - 1, int(scale.unit(value) * 4 * height))
        for dot_x, dot_y in _between(previous, (x, y)):
            grid[dot_y // 4][dot_x // 2] |= _DOTS[dot_y % 4][dot_x % 2]
        previous = (x, y)


def _between(start: tuple[int, int] | None, end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots of a straight line, its start left out."""
    if start is None:
        return [end]
    (x0, y0), (x1, y1) = start, end
    length = max(abs(x1 - x0), abs(y1 - y0), 1)
    return [(x0 + (x1 - x0) * i // length, y0 + round((y1 - y0) * i / length)) for i in range(1, length + 1)]


def _cell(dots: int, old: int, middle: int, at_onset: bool, unicode: bool, ink: str) -> Piece:
    if middle:
        return (chr(0x2800 + middle) if unicode else "=", "level")
    if dots:
        return (chr(0x2800 + dots) if unicode else _ascii_dot(dots), ink)
    if at_onset:
        return ("┊" if unicode else ":", "onset")
    if old:
        return ("·" if unicode else ",", "old")  # not as the curve is drawn, where colour does not tell them apart
    return (" ", "")


def _ascii_dot(dots: int) -> str:
    """One of ' . * by where in the cell the dots are."""
    top, bottom = dots & 0x1B, dots & 0xE4
    return "*" if top and bottom else ("'" if top else ".")


def _ruler(curve: Curve, notes: Annotations, place: _Place, unicode: bool) -> list[Piece]:
    """The axis line with the interval, the onset, the point of no return, NaN stretches and restarts on it."""
    corner, dash, onset, low, high, inside, back, nan, again = "└─▲├┤═◆×↻" if unicode else "+-^[]=PxR"
    cells: list[Piece] = [(dash, "axis")] * place.columns
    for step in notes.restarts:
        cells[place.column(step)] = (again, "old")
    for first, last in nonfinite_stretches(curve):
        for column in range(place.column(first), place.column(last) + 1):
            cells[column] = (nan, "nan")
    if notes.low is not None and notes.high is not None:
        left, right = place.column(notes.low), place.column(notes.high)
        for column in range(left, right + 1):
            cells[column] = (inside, "band")
        cells[left], cells[right] = (low, "band"), (high, "band")
    if notes.no_return is not None:
        # It never lies before the onset: where both fall into one column, it stands in the next.
        column = place.column(notes.no_return)
        hidden = notes.onset is not None and place.column(notes.onset) == column
        cells[min(column + hidden, place.columns - 1)] = (back, "back")
    if notes.onset is not None:
        cells[place.column(notes.onset)] = (onset, "onset")
    return [(corner, "axis"), *cells]


def _step_labels(place: _Place, axis: str) -> str:
    left, right = words.count(place.first), f"{words.count(place.last)} {words.one(axis)}s"
    gap = place.columns - len(left) - len(right)
    middle_step = place.first + (place.last - place.first) // 2
    middle = words.count(middle_step)
    before = place.column(middle_step) - len(left) - len(middle) // 2
    if before > 1 and gap - before - len(middle) > 1:
        return left + " " * before + middle + " " * (gap - before - len(middle)) + right
    return left + " " * max(1, gap) + right


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of one style joined."""
    out: list[Piece] = []
    for text, style in pieces:
        if out and out[-1][1] == style:
            out[-1] = (out[-1][0] + text, style)
        else:
            out.append((text, style))
    return out


def sparkline(curve: Curve | None, width: int, *, unicode: bool) -> str:
    """The current branch, or the level of a band, in ``width`` characters; NaN and Inf are "×" ("!" in ASCII)."""
    if curve is None or not curve.step:
        return ""
    points, through = current_points(curve), level(curve)
    shown = points if through is None else tuple(zip(through.step, through.value, strict=True))
    scale = scales.suited(v for _, v in shown)
    place = _Place(min(s for s, _ in points), max(s for s, _ in points), width)
    highest: list[float | None] = [None] * width
    broken = [False] * width
    for step, value in shown:
        column = place.column(step)
        before = highest[column]
        if math.isfinite(value):
            highest[column] = value if before is None else max(before, value)
    for step, value in points:
        broken[place.column(step)] |= not math.isfinite(value)
    blocks = _BLOCKS if unicode else _ASCII_BLOCKS
    out, last = [], " "
    for value_, bad in zip(highest, broken, strict=True):
        if bad:
            last = "×" if unicode else "!"
        elif value_ is not None:
            last = blocks[min(len(blocks) - 1, int(scale.unit(value_) * len(blocks)))]
        out.append(last)
    return "".join(out)
